/* Fan-out: from the synced journal to subscribers.
 *
 *     loop thread:      a subscriber's messages -> commands        frames -> sockets
 *                                  |                                  ^
 *     fan-out thread:   subscriptions, cursors, credit  -> journal -> frames
 *                                  |
 *     clerk thread:     cursors, pending deliveries, dead letters -> desk, one sync for all
 *
 * A subscription is a cursor over the journal, never a queue: live, catch-up and replay are the same
 * reading at different places, and one that sleeps is a row in the desk.  What has just been written is
 * encoded once and copied to all who are live; who falls behind reads the journal for himself.
 *
 * Deliveries come at least once, in order of sequence apart from redeliveries, and none is skipped.
 * What was acknowledged does not come again, but for one case: acks of the last DESK_US (keeping.h)
 * before the hub itself was killed may not be written down yet, and what they were about comes again.
 *
 * The other files: consumer.h is a session's side of it; operation.h what administrators do. */
#ifndef FANOUT_FANOUT_H
#define FANOUT_FANOUT_H

#include <stdbool.h>

#include "base/slice.h"
#include "journal/journal.h"
#include "store/desk.h"
#include "store/state.h"

struct fanout;

/* One record of a snapshot. */
struct snapshot_record {
	struct buffer key;    /* in: the last one's, empty at first; out: this one's            */
	struct buffer record; /* out, cleared before: its message of customer.proto             */
	uint64_t customer;    /* out: whose it is; 0: nobody's                                  */
};

struct fanout_options {
	struct journal *journal;
	struct state *state; /* for snapshots; NULL: there are none */
	/* Nobody else uses it until fanout_stop, but through operation_desk. */
	struct desk *desk;

	/* The next record of a table: makes a message of what is stored.  CH_END behind the last; what
	 * snapshot_next gives.  The fan-out thread. */
	enum ch_status (*next_record)(void *context, struct snapshot *snapshot,
		enum store_table table, struct snapshot_record *record);
	/* Something waits for fanout_deliver on the loop thread.  Any thread. */
	void (*ready)(void *context);
	/* The desk failed: nothing more is kept, the hub must stop.  Once; the fan-out thread. */
	void (*failed)(void *context, enum ch_status status, const char *what);
	/* One event for the live port: a DELIVER frame of handle 0 with this one delivery, without its
	 * personal part.  NULL: none.  Called by fanout_deliver. */
	void (*live)(void *context, struct slice type, struct slice frame);
	void *context;

	/* What a subscription has that does not say; 0: the default that stands here. */
	uint32_t ack_wait_ms;    /* 30 000      */
	uint32_t max_attempts;   /* 10          */
	uint64_t max_lag_events; /* 100 000 000 */

	/* For tests; NULL: the clocks of base/clock.h. */
	int64_t (*steady_us)(void);
	int64_t (*wall_us)(void);
	int64_t sweep_us; /* for tests, too; 0: a second */
};

/* Takes up what the desk holds and starts the threads.  CH_CORRUPT, CH_NOMEM, CH_IO. */
enum ch_status fanout_start(const struct fanout_options *options, struct fanout **out_fanout);

/* Writes everything down, stops the threads and frees.  Every consumer was closed.  NULL is fine. */
void fanout_stop(struct fanout *fanout);

/* The journal's synced head has moved.  Any thread; one atomic exchange, unless the fan-out sleeps and
 * somebody waits for what is new. */
void fanout_wake(struct fanout *fanout);

/* Hands out frames and results through their callbacks, for a bounded time; `ready` is called again when
 * more is left.  Loop thread. */
void fanout_deliver(struct fanout *fanout);

/* Whether anybody listens on the live port.  Loop thread. */
void fanout_set_live(struct fanout *fanout, bool wanted);

/* The oldest sequence that an open need holds: an unsuspended subscription within its bound or a replay
 * that has not ended, as the desk has it.  UINT64_MAX: none.  Any thread. */
uint64_t fanout_floor(const struct fanout *fanout);

struct fanout_stats {
	uint64_t subscriptions;
	uint64_t attached;
	uint64_t live;
	uint64_t suspended;
	uint64_t jobs; /* that have not ended */
	uint64_t dead_letters;
	/* Since the start. */
	uint64_t deliveries; /* parts, all in all */
	uint64_t redeliveries;
	uint64_t snapshot_records;
	uint64_t acks; /* parts that were acknowledged */
	uint64_t failures;
	uint64_t buried;
	uint64_t frames;
	uint64_t bytes;
	uint64_t desk_commits;
	uint64_t live_lost; /* for the live port, dropped */
	uint64_t worst_lag; /* events, of all that are not suspended */
};

/* Any thread. */
void fanout_stats(struct fanout *fanout, struct fanout_stats *out_stats);

#endif
