/* A whole fan-out on a real journal, desk and store in a folder of its own.  Everything but the fan-out's own
 * threads runs on the test's.  Who stands on it: session.h; what operators do to it: stage_operations.h. */
#ifndef UNIT_FANOUT_STAGE_H
#define UNIT_FANOUT_STAGE_H

#include <pthread.h>

#include "base/clock.h"
#include "fanout/consumer.h"
#include "support/unit.h"

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

/* ---- Waiting: at most ten seconds, then the test fails ---- */

/* Lets the loop's side run for a moment. */
void stage_pump(struct stage *stage);

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

#endif
