/* A cursor: one way through the journal, and what has become of everything on it.
 *
 *      settled         looked at: out, settled, refused          not looked at yet
 *     ------------|------------------------------------------|------------------------->
 *                base                                        next          [done] [done]
 *
 * - Everything up to `base` is settled (acknowledged, passed over by the filter, set aside), but for the
 *   pending deliveries below it.
 * - Between base and next the flight knows what is out.
 * - Behind next lie ranges that an earlier attachment settled out of turn; they are not sent again.
 *
 * A delivery fails when it is refused, or when for the time `ack_wait` it has been the longest out of all, or
 * something sent after it has been answered for that long.  So a subscriber that takes one event after
 * the other is not punished for those that wait in its queue, one that is hung gets one delivery again at
 * a time and not all of them, and one that loses a delivery among others gets it again.  After
 * `max_attempts` failures a delivery is buried as a dead letter and the rest flows.
 *
 * Bookkeeping only: it reads no journal and sends nothing.  The fan-out thread; in tests, any. */
#ifndef FANOUT_CURSOR_H
#define FANOUT_CURSOR_H

#include "fanout/flight.h"
#include "fanout/pending.h"
#include "fanout/ranges.h"
#include "wire/ack.h"

#define CURSOR_MARKS 5u

/* What the owner writes down.  Any may be NULL. */
struct cursor_events {
	/* The pending delivery is new or has changed. */
	void (*keep)(void *context, const struct pending *pending);
	/* It is settled. */
	void (*forget)(void *context, const struct pending *pending);
	/* It has failed for good.  False: no more dead letters are taken, it is tried on. */
	bool (*bury)(void *context, const struct pending *pending);
};

struct cursor_settings {
	int64_t ack_wait_us;
	uint32_t max_attempts;
	bool no_ack; /* what is sent is settled */
};

/* Since the cursor was made; a part is a delivery. */
struct cursor_counters {
	uint64_t delivered;
	uint64_t redelivered;
	uint64_t acked;
	uint64_t failed;
	uint64_t buried;
};

struct cursor {
	const struct cursor_events *events;
	void *context;
	struct cursor_settings settings;
	struct cursor_counters counters;
	struct cursor_counters *totals; /* of all cursors together; may be NULL */

	/* What outlives an attachment. */
	uint64_t base;
	int64_t base_arrival_us; /* of base or of an entry before it; 0: not known */
	uint64_t reached;        /* the highest that was ever sent */
	struct ranges done;
	struct pendings pendings;

	/* What does not. */
	uint64_t next;
	int64_t next_arrival_us; /* of the entry before next */
	struct flight flight;
	struct pending_list ready;
	struct pending_list out; /* in order of sending */
	struct heap *timers;     /* the owner's; NULL: nobody is attached */
	uint32_t out_parts;
	uint32_t serial;   /* of the last sending */
	uint32_t answered; /* the highest that was answered */
	uint32_t oldest;   /* the longest out, as of the last look; 0: none */
	int64_t oldest_us; /* since when */
	struct {
		int64_t at_us;
		uint32_t answered;
	} marks[CURSOR_MARKS]; /* what was answered when, oldest first */
};

void cursor_init(struct cursor *cursor, const struct cursor_events *events, void *context);

/* Nobody is attached. */
void cursor_fini(struct cursor *cursor);

/* ---- At rest ---- */

/* Everything up to `base` is settled and nothing else is known; pending deliveries are forgotten.  Also
 * while it is attached: what was out is void. */
void cursor_place(struct cursor *cursor, uint64_t base, int64_t arrival_us);

/* A pending delivery as it was kept.  CH_EXISTS, CH_NOMEM. */
enum ch_status cursor_restore(
	struct cursor *cursor, uint64_t sequence, struct pending **out_pending);

/* Up to here everything is settled and nothing is pending but late ones. */
uint64_t cursor_floor(const struct cursor *cursor);

/* Appends what is settled above `base`.  CH_NOMEM. */
enum ch_status cursor_done(const struct cursor *cursor, struct ranges *out_done);

/* ---- Attached ---- */

void cursor_attach(struct cursor *cursor, const struct cursor_settings *settings,
	struct heap *timers, int64_t now_us);

/* The connection was lost: the delivery that has been out longest has failed, and those behind it,
 * which only waited for it, have not.  Before cursor_rest. */
void cursor_lost(struct cursor *cursor, int64_t now_us);

/* Detaches: what is out will be sent again. */
void cursor_rest(struct cursor *cursor);

/* What to do with the entry at `next`. */
enum cursor_look {
	CURSOR_READ, /* look at it */
	CURSOR_SKIP, /* all up to *out_last are settled or pending: cursor_skip */
};
enum cursor_look cursor_look(const struct cursor *cursor, uint64_t *out_last);

/* Room for one more group; false: too much is pending, or no memory. */
bool cursor_make_room(struct cursor *cursor);

/* Each moves next behind what it is about.  Room was made. */
void cursor_skip(struct cursor *cursor, uint64_t last);
void cursor_pass(struct cursor *cursor, uint64_t sequence, int64_t arrival_us); /* not wanted */
void cursor_send(struct cursor *cursor, uint64_t sequence, int64_t arrival_us, uint16_t parts);

/* 1 for what was never sent before. */
uint32_t cursor_attempt(const struct cursor *cursor, uint64_t sequence);

/* The next delivery to be sent again; NULL.  It is then resent, or dropped when its entry is gone. */
struct pending *cursor_ready(const struct cursor *cursor);
uint32_t pending_attempt(const struct pending *pending);
void cursor_resend(struct cursor *cursor, struct pending *pending, uint16_t parts);
void cursor_drop(struct cursor *cursor, struct pending *pending);

/* A dead letter is to be tried again from the first attempt on.  CH_EXISTS: it is pending already;
 * CH_FULL; CH_NOMEM. */
enum ch_status cursor_revive(struct cursor *cursor, uint64_t sequence, int64_t arrival_us);

/* ---- Answers ---- */

/* Whatever is out between the two. */
void cursor_ack(struct cursor *cursor, uint64_t first, uint64_t last);

/* Everything that was looked at, up to here, also what waits for its redelivery. */
void cursor_ack_up_to(struct cursor *cursor, uint64_t sequence);

/* Nothing happens when it is not out. */
void cursor_nack(struct cursor *cursor, const struct nack *nack, int64_t now_us);

/* ---- Time ---- */

/* A timer of the heap is due and was taken out of it. */
void cursor_fire(struct cursor *cursor, struct pending *pending);

/* Looks for what was not answered in time: a few times a second while anything is out. */
void cursor_tick(struct cursor *cursor, int64_t now_us);

/* How long a delivery that has failed so often waits. */
int64_t cursor_backoff_us(uint32_t attempts);

#endif
