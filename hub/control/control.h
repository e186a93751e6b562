/* The control bus: queries and operations (proto/carehub/v1/control.proto), asked with REQUEST and
 * answered with REPLY.
 *
 *     REQUEST -> operation's row: who may, on which lane -> steps, each one reply -> REPLY ...
 *
 * The loop thread never waits for a disk: what reads or writes runs on one of two threads of
 * control, the quick lane for questions, the long lane for what may take minutes (backup,
 * checkpoint).  A call belongs to one thread at a time and is handed on after each step; the next
 * step begins only when the reply of the last one has left.  So a slow asker slows nobody but
 * himself, questions take turns, and a call whose session has closed ends at its next step.
 *
 * What the hub as a whole knows is asked through the hooks. */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "base/problem.h"
#include "base/timekeeper.h"
#include "control/hub_facts.h"
#include "fanout/fanout.h"
#include "ingest/ingest.h"
#include "journal/journal.h"
#include "net/loop.h"
#include "net/message.h"
#include "net/peer.h"
#include "store/state.h"

struct control;

/* All on the loop thread. */
struct control_hooks {
	/* One encoded REPLY.  CH_FULL: control_writable follows; CH_CLOSED: the session is
	 * gone.  The buffer is empty when it was taken. */
	enum ch_status (*send)(void *context, uint64_t session, struct buffer *frame);
	/* A REQUEST that has no number to answer. */
	void (*refuse)(void *context, uint64_t session, enum ch_status reason, const char *detail);
	void (*facts)(void *context, struct hub_facts *out_facts);
	/* Walks the sessions: start with *at = 0; false at the end. */
	bool (*next_session)(void *context, size_t *at, struct hub_session *out_session);
	/* Reads the peers' files and rules.conf again, all or nothing. */
	enum ch_status (*reload)(
		void *context, struct problems *problems, struct hub_reload *out_reload);
	void *context;
};

struct control_options {
	struct loop *loop;
	struct journal *journal;
	struct state *state;
	struct ingest *ingest;
	struct timekeeper *clock; /* NULL: the machine's clock is believed */
	struct fanout *fanout;
	const char *rules_path; /* rules.conf */
	struct control_hooks hooks;
};

/* Starts the lanes.  CH_NOMEM. */
enum ch_status control_start(const struct control_options *options, struct control **out_control);

/* Waits for the steps that run, gives up the calls, frees.  Before journal, state, ingest, fan-out and
 * loop go; what the fan-out was still asked it answers in fanout_stop, to nobody.  Not from within a
 * callback.  NULL is fine. */
void control_stop(struct control *control);

/* A session's REQUEST.  The message is control's. */
void control_request(struct control *control, uint64_t session, struct peer *peer,
	struct message *message, struct slice body);

/* The session takes messages again; is gone. */
void control_writable(struct control *control, uint64_t session);
void control_closed(struct control *control, uint64_t session);

#endif
