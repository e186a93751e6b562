/* A whole fan-out on a real journal, desk and store in a folder of its own, and sessions that note down
 * what they get.  Everything but the fan-out's own threads runs on the test's. */
#ifndef UNIT_FANOUT_STAGE_H
#define UNIT_FANOUT_STAGE_H

#include <pthread.h>

#include "base/clock.h"
#include "fanout/consumer.h"
#include "fanout/operation.h"
#include "support/unit.h"
#include "wire/ack.h"
#include "wire/deliver.h"
#include "wire/entry.h"
#include "wire/subscribe.h"

#define STAGE_SESSIONS 16 /* open at a time */

struct stage {
	char dir[256];
	struct journal *journal;
	struct state *state;
	struct desk *desk;
	struct fanout *fanout;
	struct fanout_options options; /* set before stage_open */
	uint64_t segment_bytes;        /* 0: 1 MiB */
	int64_t freeze_us;             /* 0: 20 ms */
	pthread_mutex_t lock;
	pthread_cond_t rung;
	bool ready;
	int failures;
	int64_t last_arrival_us;
	uint64_t head;
	struct consumer *open[STAGE_SESSIONS]; /* whose sessions are not closed; NULL: free */
};

/* Makes the folder and opens everything. */
void stage_open(struct stage *stage);

/* Closes everything, sessions that a failed test has left open, too, and removes the folder. */
void stage_close(struct stage *stage);

/* For cmocka: a stage of its own for each test. */
int stage_set_up(void **state);
int stage_tear_down(void **state);
#define ON_A_STAGE(test) cmocka_unit_test_setup_teardown(test, stage_set_up, stage_tear_down)

/* A durable subscription to all that there is, from its beginning. */
struct subscribe wish_named(const char *name, uint32_t handle);

/* Stops the hub and starts it again. */
void stage_restart(struct stage *stage);

/* The same, but nothing is written down any more: what the desk does not hold yet is lost. */
void stage_crash(struct stage *stage);

/* A new, empty journal in the place of the old one, and so many entries in it. */
void stage_replace_journal(struct stage *stage, uint64_t count);

/* ---- Entries ---- */

struct event {
	const char *type;   /* NULL: "pos.sale.completed" */
	const char *source; /* NULL: "/pos/shop-1" */
	uint64_t customer;
	const char *before; /* the type of a derived event ahead of the input; NULL: none */
	const char *after;  /* ... and behind it */
	bool quarantined;
	size_t bytes;         /* of its data */
	const char *language; /* what customer 7's record has from then on; NULL: nothing is said */
};

/* Appends them in one batch and wakes the fan-out; the last one's sequence. */
uint64_t stage_append(struct stage *stage, const struct event *event, uint64_t count);

/* The same in the middle of a round: the fan-out has looked at the head, and not at what is new. */
void stage_append_within_a_round(struct stage *stage, const struct event *event, uint64_t count);

/* ---- Sessions ---- */

struct got {
	uint64_t sequence;
	uint32_t part;
	uint32_t attempt;
	enum delivery_mode mode;
	bool last;
	bool is_mark;
	uint32_t handle;
	struct mark mark; /* its texts are below */
	char text[200];   /* job or table of a delivery, detail of a mark */
	char id[64];      /* of the event */
	uint64_t customer;
	size_t record_len;
	size_t personal_len;
};

struct session {
	struct stage *stage;
	struct consumer *consumer;
	struct got *got;
	size_t count;
	size_t capacity;
	size_t seen; /* those before were looked at by session_next */
	size_t deliveries;
	struct subscribed subscribed;
	enum ch_status refused;
	char detail[200];
	bool answered; /* SUBSCRIBED or REFUSED has come */
	bool blocked;  /* the socket takes nothing */
	bool forgets;  /* deliveries are counted, not kept */
	size_t frames;
	const char *topics; /* patterns with blanks between; NULL: all */
};

void session_open(struct session *session, struct stage *stage, const char *peer, bool is_operator);
void session_close(struct session *session); /* its connection is lost */

/* Says it and waits for the answer: CH_OK, or why it was refused. */
enum ch_status session_subscribe(struct session *session, const struct subscribe *wish);
void session_ack(struct session *session, uint32_t handle, uint64_t first, uint64_t last);
void session_ack_up_to(struct session *session, uint32_t handle, uint64_t up_to);
void session_nack(struct session *session, uint32_t handle, const struct nack *nack);
void session_ack_job(
	struct session *session, uint32_t handle, const char *job, uint64_t first, uint64_t last);
void session_grant(struct session *session, uint32_t handle, uint32_t deliveries);
void session_detach(struct session *session, const struct detach *detach);

/* ---- Waiting: at most ten seconds, then the test fails ---- */

/* Lets the loop's side run for a moment. */
void stage_pump(struct stage *stage);

/* The next delivery or mark. */
const struct got *session_next(struct session *session);

/* The next delivery, whatever marks lie before it. */
const struct got *session_next_delivery(struct session *session);

/* The next is this mark. */
const struct got *session_next_mark(struct session *session, enum mark_what what);

/* Nothing more comes in a while. */
void session_expect_silence(struct session *session);

/* Deliveries of sequences `first` to `last`, one part each, in order; marks but gaps are passed over. */
void session_expect_run(struct session *session, uint64_t first, uint64_t last);

/* Until it is so. */
#define stage_until(stage, condition)                                                              \
	do {                                                                                       \
		int64_t until_ = clock_steady_us() + 10000000;                                     \
		while (!(condition)) {                                                             \
			stage_pump(stage);                                                         \
			if (clock_steady_us() > until_)                                            \
				fail_msg("never: %s", #condition);                                 \
		}                                                                                  \
	} while (0)

/* ---- Operations, waited for ---- */

struct operation_result stage_seek(struct stage *stage, const char *name, const char *to, bool dry);
struct operation_result stage_delete(struct stage *stage, const char *name);
struct operation_result stage_settle(
	struct stage *stage, const char *name, uint64_t sequence, bool discard);

struct seen_consumer {
	struct consumer_info info; /* its texts are gone */
	char state[16];
	size_t found;
};
struct seen_consumer stage_consumer(struct stage *stage, const char *name);

struct seen_letters {
	size_t count;
	uint64_t total;
	uint64_t sequences[64];
	uint32_t attempts[64];
	char reason[200];
	char type[100];
};
struct seen_letters stage_letters(struct stage *stage, const char *name);

struct seen_replay {
	enum ch_status status;
	char job[65];
	char state[16];
	uint64_t total;
	uint64_t matched;
	uint64_t position;
	uint64_t delivered;
};
struct seen_replay stage_replay(
	struct stage *stage, const char *name, const char *range, double rate, bool dry);
struct seen_replay stage_replay_control(
	struct stage *stage, const char *job, enum replay_action action);
struct seen_replay stage_replay_state(struct stage *stage, const char *job);

#endif
