/* What a FreeSWITCH exchange writes on its event socket (mod_event_socket), made into messages.
 *
 *     Content-Type: auth/request                        a message: headers, then an empty line
 *
 *     Content-Length: 552                               one with a body of so many bytes, which for
 *     Content-Type: text/event-plain                      an event is headers again,
 *
 *     Event-Name: CUSTOM
 *     Event-Subclass: callcenter%3A%3Ainfo                their values percent-encoded,
 *     CC-Member-CID-Name: %E7%8E%8B%E8%8A%B3                UTF-8 below that
 *
 * Bytes go in as they come from the socket, cut anywhere; messages come out.  The wire as it really is:
 *
 *   - Lines end with LF; a CR before it is taken off, and empty lines between messages belong to none.
 *   - Header names are told apart whatever their case; the first of a name counts.
 *   - Values within events are decoded once.  A '%' without two hex digits stands for itself, a '+' too.
 *   - text/event-json is an object of texts; a list of texts becomes "ARRAY::a|:b", as the plain form has it.
 *   - Only bodies tell where the next message begins: without a length that can be read there is no next one.
 *
 * A body over the bound is passed over by its length and told as CH_TOO_LARGE; what follows is read. */
#ifndef CALLCENTER_ESL_H
#define CALLCENTER_ESL_H

#include "channel/callcenter/ami.h"

enum esl_kind {
	ESL_AUTH,   /* it wants to know who is there */
	ESL_REPLY,  /* to a command; name: its Reply-Text, "+OK accepted" */
	ESL_ANSWER, /* to an api command: the body */
	ESL_EVENT,  /* name: Event-Name */
	ESL_BYE,    /* text/disconnect-notice */
	ESL_DENIED, /* text/rude-rejection: this address may not */
	ESL_OTHER,
};

struct esl_message {
	enum esl_kind kind;
	struct slice name;
	const struct ami_field *fields; /* of an event its own; else those before the body */
	size_t count;
	struct slice body; /* an event's own, if it has one */
	uint64_t offset;   /* of its first byte in the stream */
};

/* The first value under the name, whatever its case; empty when there is none. */
struct slice esl_get(const struct esl_message *message, const char *name);

struct esl_reader;

enum ch_status esl_reader_create(struct esl_reader **out_reader); /* CH_NOMEM */
void esl_reader_free(struct esl_reader *reader);

/* More bytes of the stream, copied.  CH_NOMEM.  Whoever calls esl_reader_next to CH_END in between never
 * has more held than one message. */
enum ch_status esl_reader_feed(struct esl_reader *reader, struct slice bytes);

/* CH_OK: *out_message, valid until the next call of either.  CH_END: more bytes are needed.
 * CH_TOO_LARGE: a message over LIMIT_ESL_BODY_BYTES or LIMIT_AMI_FIELDS was passed over; go on.
 * CH_FORMAT: this is no such stream, or headers over LIMIT_ESL_HEAD_BYTES, or a length that is none: nothing
 * can be read any more.  CH_NOMEM. */
enum ch_status esl_reader_next(struct esl_reader *reader, struct esl_message *out_message);

/* The stream has ended inside a message. */
bool esl_reader_is_within(const struct esl_reader *reader);

#endif
