/* A call that is over, or has come so far, as an event of proto/carehub/v1/callcenter.proto, ready for the bus.
 *
 *     outcome          type                        id
 *     CALL_COMPLETED   callcenter.call.completed   cc01-1795290136.3/repair, and /2 for a second stay of
 *     CALL_ABANDONED   callcenter.call.abandoned     the same channel in the same queue
 *     CALL_EXITED      callcenter.call.timedout
 *     CALL_CUT         callcenter.call.logged; callcenter.call.completed when an agent had taken it
 *     CALL_PLAIN       callcenter.call.logged      cc01-1795290231.295, the call's
 *     CALL_QUEUED      callcenter.call.queued      cc01-1795290136.3/repair/queued: the stay's, and what
 *     CALL_CONNECTED   callcenter.call.connected     became of it
 *     CALL_SURVEYED    callcenter.survey.answered  cc01-1795290136.3/survey/hotline
 *
 * The digest is of the id and the outcome alone.  The exchange tells one call three times - in its events,
 * in queue_log, in Master.csv - and not in the same words: seconds are cut at other moments, one knows the
 * caller's name and another does not.  So the first account of a call that the hub gets is the event, the
 * others are duplicates, and only accounts that disagree on how it ended are a conflict.  A survey's is of its answers,
 * too: they are told once. */
#ifndef CALLCENTER_CALL_EVENT_H
#define CALLCENTER_CALL_EVENT_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/table.h"
#include "channel/callcenter/call.h"
#include "kit/seal.h"
#include "wire/envelope.h"

#define CALL_DIGEST_BYTES 32u

/* What the settings say; all must outlive the writer. */
struct call_names {
	struct slice source;        /* of the events */
	const struct table *groups; /* queue -> hotline group, const char *; NULL: none */
	const struct table *agents; /* MemberName -> staff number, const char *; NULL: none */
	bool caller_names;          /* also what the network calls the caller */
};

struct call_writer {
	struct call_names names;
	struct arena arena;
	struct buffer id;
	struct sealed sealed;
	uint8_t digest[CALL_DIGEST_BYTES];
};

struct call_event {
	struct envelope envelope;
	const ProtobufCMessage *message; /* the same as a whole */
};

void call_writer_init(struct call_writer *writer, const struct call_names *names);
void call_writer_fini(struct call_writer *writer);

/* Valid until the next call.  CH_TOO_LARGE: its id, or all of it; CH_MISSING, with *out_field what the hub
 * would ask for (constant text); CH_NOMEM. */
enum ch_status call_event_write(struct call_writer *writer, const struct call_record *call,
	struct call_event *out_event, const char **out_field);

/* Appends the id of the call's event. */
void call_event_id(const struct call_record *call, struct buffer *out);

/* The staff number of a member of a queue: as the settings say; else the device's name without technology
 * and context ("201" of "Local/201@agents/n"); else his name. */
struct slice call_agent_id(
	const struct call_names *names, struct slice name, struct slice interface);

#endif
