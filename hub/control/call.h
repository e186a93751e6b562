/* One request on its way through control, as the operations see it.
 *
 * A step reads `ask`, appends the reply's message to `reply` and says how it goes on.  It runs
 * on the lane's thread and has the call to itself. */
#ifndef CONTROL_CALL_H
#define CONTROL_CALL_H

#include <protobuf-c/protobuf-c.h>

#include "base/mailbox.h"
#include "base/range.h"
#include "control/control.h"
#include "journal/reader.h"

enum call_lane { LANE_LOOP, LANE_QUICK, LANE_LONG, LANES };

enum call_turn {
	CALL_DONE, /* `status`, `detail` and `reply` are the last word */
	CALL_MORE, /* `reply` is sent if it holds anything; then the next step, on `lane` */
	CALL_WAIT, /* call_resume goes on with the next step */
};

struct call;

struct operation {
	const char *name;
	uint32_t roles; /* any of these; 0: everybody */
	enum call_lane lane;
	const ProtobufCMessageDescriptor *ask;
	enum call_turn (*step)(struct call *call);
};

enum call_place { PLACE_LOOP, PLACE_LANE, PLACE_BLOCKED, PLACE_WAITING };

struct call {
	struct mailbox_node node; /* first: a node is its call */
	struct control *control;
	const struct operation *operation;
	const struct control_options *hub;
	struct peer *peer; /* who asks; a reference */
	ProtobufCMessage *ask;
	enum call_lane lane;
	enum ch_status status;
	char detail[256];
	struct buffer reply; /* the body of the next REPLY */
	uint32_t steps;      /* that have run */
	bool owed;           /* call_resume comes in any case, also after control has stopped */
	void *work;          /* the operation's own, between steps */
	void (*work_free)(void *work);

	/* control.c's. */
	struct call *next;
	enum call_turn turn;
	enum call_place place;
	uint64_t session;
	uint64_t request;
	struct buffer frame;
	bool abandoned; /* the session is gone; the loop thread's */
};

/* Ends the call with this status and a sentence for people. */
enum call_turn call_fail(struct call *call, enum ch_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether the asker may be told of the record that has this key at the hub.  Who has a `scope` speaks of his own
 * numbers alone, when he asks as when he publishes: what does not stand under it is not there for him.  An
 * operator may be told of all. */
bool call_may_see(const struct call *call, struct slice key);

/* Ends it with this message as its reply. */
enum call_turn call_answer(struct call *call, const ProtobufCMessage *message);

/* Appends a message to the reply; CH_NOMEM sticks in the buffer. */
void call_put(struct call *call, const ProtobufCMessage *message);

/* CALL_DONE, or the failure that stuck in the reply. */
enum call_turn call_finish(struct call *call);

/* Memory for the operation between its steps, zeroed, freed with the call; NULL: out of memory.
 * `fini` lets go of what it holds and may be NULL. */
void *call_work(struct call *call, size_t bytes, void (*work_free)(void *work));

/* The call that waits, or is about to, goes on; once for each wait.  Any thread; once control has
 * stopped, the loop thread. */
void call_resume(struct call *call);

/* The entries that a range means.  On failure the call has been failed, and *out_turn says so. */
bool call_range(struct call *call, const char *text, uint64_t *out_first, uint64_t *out_last,
	enum call_turn *out_turn);

/* One entry, from wherever it lies.  CH_NOT_FOUND: not there or no longer.  `body` is appended
 * to. */
enum ch_status call_entry(
	struct call *call, uint64_t sequence, struct journal_entry *out_entry, struct buffer *body);

/* ---- The operations, one file a group; the table is in operations.c ---- */

extern const struct operation operations[];
extern const size_t operation_count;

/* status.c */
enum call_turn status_step(struct call *call);
enum call_turn sessions_step(struct call *call);

/* clock.c */
enum call_turn clock_step(struct call *call);

/* lookup.c */
enum call_turn get_step(struct call *call);
enum call_turn find_step(struct call *call);

/* customer.c */
enum call_turn customer_step(struct call *call);
enum call_turn record_step(struct call *call);
enum call_turn deadlines_step(struct call *call);
enum call_turn reviews_step(struct call *call);

/* cases.c */
enum call_turn cases_step(struct call *call);

/* reference.c */
enum call_turn reference_step(struct call *call);

/* consumers.c */
enum call_turn consumers_step(struct call *call);
enum call_turn seek_step(struct call *call);
enum call_turn delete_consumer_step(struct call *call);
enum call_turn dead_letters_step(struct call *call);
enum call_turn settle_dead_letters_step(struct call *call);

/* replay.c */
enum call_turn replay_step(struct call *call);
enum call_turn replays_step(struct call *call);
enum call_turn replay_control_step(struct call *call);

/* quarantine.c */
enum call_turn quarantine_step(struct call *call);
enum call_turn resubmit_step(struct call *call);
enum call_turn discard_step(struct call *call);

/* keeping.c */
enum call_turn backup_step(struct call *call);
enum call_turn checkpoint_step(struct call *call);
enum call_turn settings_step(struct call *call);
enum call_turn reload_step(struct call *call);

#endif
