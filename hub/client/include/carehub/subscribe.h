/* Subscribing: events in order, each with the events that the hub derived from it.
 *
 * A durable subscription has a name, and the hub keeps its cursor: the last sequence that is
 * acknowledged without a hole.  An ephemeral one has no name and is forgotten when it ends; while it
 * lives, a lost connection is bridged from here.
 *
 *     struct ch_subscribe_options wish = {CH_SUBSCRIBE_SIZE, .name = "marketing"};
 *     struct ch_subscription *subscription;
 *     enum ch_status status = ch_subscribe(connection, &wish, 5000, &subscription);
 *     const struct ch_delivery *delivery;
 *     struct ch_mark mark;
 *     while ((status = ch_subscription_next(subscription, -1, &delivery, &mark)) == CH_OK)
 *             if (delivery != NULL && handle(delivery))
 *                     ch_ack(subscription, delivery);
 *
 * What each way out does to the durable cursor:
 *
 *     ch_subscription_drain    nothing; no new deliveries, those that are here can be acknowledged
 *     ch_subscription_close    stays where the acks brought it; the name can be attached to again
 *     ch_subscription_delete   is forgotten for ever, with the subscription
 *     ch_close, a crash        as close, but acks of the last instants may be lost: those deliveries
 *                              come again
 *
 * Deliveries come at least once.  Within one life of this process a lost connection brings none twice
 * that was taken before and is still to be acknowledged or was: the library remembers them.
 *
 * One thread at a time calls ch_subscription_next; acks may come from any. */
#ifndef CAREHUB_SUBSCRIBE_H
#define CAREHUB_SUBSCRIBE_H

#include <carehub/connection.h>
#include <carehub/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ch_subscription;

enum ch_from {
	CH_FROM_NEW = 0,      /* events after the moment of subscribing */
	CH_FROM_EARLIEST = 1, /* the oldest that is kept */
	CH_FROM_SEQUENCE = 2, /* `from_sequence` itself, and on */
	CH_FROM_TIME = 3,     /* arrived at `from_time_us` or later */
	CH_FROM_SNAPSHOT = 4, /* all records as of some sequence, then the events after it */
};

/* Everything that is not set is 0 and means: none, all, or the hub's default. */
struct ch_subscribe_options {
	size_t size; /* CH_SUBSCRIBE_SIZE */

	const char *name; /* NULL or empty: ephemeral */

	/* Patterns of event types: `*` is one part between dots, `>` the rest. */
	const char *const *types;
	size_t type_count;
	const char *const *sources; /* exact */
	size_t source_count;
	const uint64_t *customers; /* judged as known now */
	size_t customer_count;

	/* Where a subscription starts the first time; a durable one that exists goes on at its cursor. */
	enum ch_from from;
	uint64_t from_sequence;
	int64_t from_time_us;
	const char *const *snapshot; /* which records, "customers", "units" ...; none: customers */
	size_t snapshot_count;

	/* The caller keeps its own position, the last sequence it is done with: it wins over the hub's
	 * cursor.  The incarnation comes from ch_connection_info; 0: not checked. */
	uint64_t position;
	uint64_t position_incarnation;

	/* An end: this sequence, or the newest at the time of subscribing.  Then CH_MARK_END, CH_END. */
	uint64_t stop_sequence;
	bool stop_at_head;

	bool update;     /* filter and limits of a durable one that exists may change to these */
	bool must_exist; /* CH_NOT_FOUND in the place of making a new one */
	bool no_ack;     /* only look: nothing is acknowledged, nothing comes again */

	uint32_t credit;       /* deliveries that may be here unacknowledged; 0: 1024 */
	uint32_t ack_wait_ms;  /* without an answer for so long, a delivery comes again */
	uint32_t max_attempts; /* then it becomes a dead letter */
	uint64_t max_lag_events;
};
#define CH_SUBSCRIBE_SIZE sizeof(struct ch_subscribe_options)

/* Attaches; `options` may be NULL: ephemeral, all that is new.  Everything is copied.
 * Waits for the hub's answer, over lost connections, up to `timeout_ms`.  CH_INVALID: an option is
 * not allowed, or called from a callback; CH_TOO_LARGE: a name, pattern or list over its bound;
 * CH_DENIED, CH_NOT_FOUND, CH_CONFLICT (the filter differs and `update` is not set), CH_RESET (the
 * position is of another incarnation), CH_GAP, CH_TIMEOUT, CH_CLOSED, CH_NOMEM. */
CH_PUBLIC enum ch_status ch_subscribe(struct ch_connection *connection,
	const struct ch_subscribe_options *options, int64_t timeout_ms,
	struct ch_subscription **out_subscription);

enum ch_mode {
	CH_LIVE = 0,
	CH_CATCH_UP = 1,
	CH_REPLAY = 2,          /* part of the replay `job`; acks move the job, not the cursor */
	CH_SNAPSHOT_RECORD = 3, /* no event: `table` and `record`; needs no ack */
};

/* One delivery.  Only the library makes these; fields are added at the end. */
struct ch_delivery {
	uint64_t sequence;
	uint32_t part;    /* place in the group of that sequence, from 0 on */
	bool last;        /* of its group; acknowledging it acknowledges the group */
	uint32_t attempt; /* 1 for the first time */
	enum ch_mode mode;
	int64_t arrival_us;
	uint64_t customer;     /* as filed; 0: nobody */
	uint64_t customer_now; /* as known now */
	struct ch_bytes event; /* ch_event_read(event, delivery->event, delivery->personal) */
	struct ch_bytes personal;
	struct ch_bytes peer; /* who published it */
	struct ch_bytes job;
	struct ch_bytes table;
	struct ch_bytes record;
	const void *reserved;
	uint64_t reserved_number;
};

enum ch_mark_what {
	CH_MARK_NONE = 0,
	CH_MARK_CAUGHT_UP = 1, /* all that was behind has been delivered; from here on it is live */
	CH_MARK_FELL_BEHIND = 2, /* reading from disk again; nothing is lost */
	CH_MARK_GAP = 3,         /* `first` to `last` are gone */
	CH_MARK_RESET = 4,  /* deliveries go on at `first`, another history or an operator's move;
	                            acks of what came before mean nothing any more */
	CH_MARK_END = 5,    /* a bounded subscription or job is done; CH_END follows the former */
	CH_MARK_FENCED = 6, /* another instance has attached; CH_FENCED follows */
	CH_MARK_SNAPSHOT_END =
		7,             /* complete: acknowledge `first` with ch_ack_up_to; events follow */
	CH_MARK_SUSPENDED = 8, /* lagged beyond its bound; CH_END follows: start from a snapshot */
	CH_MARK_MOVED = 11,    /* an operator moved the cursor: what was taken may come again */
	/* The snapshot was broken off before its end (here also: the connection was lost) and begins
	 * anew. */
	CH_MARK_SNAPSHOT_AGAIN = 12,
};

struct ch_mark {
	enum ch_mark_what what;
	uint64_t first;
	uint64_t last;
	char job[CH_NAME_BYTES]; /* the replay job that it is about; "": the subscription itself */
	char detail[256];
};

/* The next delivery, or the next mark: then *out_delivery is NULL and *out_mark set (out_mark may be
 * NULL: marks are passed over).  A delivery looks into the received message, nothing is copied; it is
 * valid until the next call on this subscription, or longer with ch_delivery_keep.
 * CH_TIMEOUT: none came; CH_END: none will come any more; CH_FENCED: another instance has it now;
 * CH_CLOSED; after a lost connection what ch_subscribe may say; CH_INVALID: from a callback. */
CH_PUBLIC enum ch_status ch_subscription_next(struct ch_subscription *subscription,
	int64_t timeout_ms, const struct ch_delivery **out_delivery, struct ch_mark *out_mark);

/* A delivery of one's own, valid until it is freed, whatever becomes of the subscription; still
 * without copying its bytes.  CH_NOMEM.  Any thread that holds the delivery. */
CH_PUBLIC enum ch_status ch_delivery_keep(
	const struct ch_delivery *delivery, struct ch_delivery **out_kept);
CH_PUBLIC void ch_delivery_free(struct ch_delivery *kept);

/* Done with it.  Acks are by group: that of a part which is not the last does nothing, so that a loop
 * may acknowledge every part.  Returns at once; acks travel together, within a millisecond.
 * CH_CLOSED, CH_NOMEM; CH_INVALID: the subscription takes no acks. */
CH_PUBLIC enum ch_status ch_ack(
	struct ch_subscription *subscription, const struct ch_delivery *delivery);

/* Done with everything up to this sequence; also with a snapshot, whose end mark names it. */
CH_PUBLIC enum ch_status ch_ack_up_to(struct ch_subscription *subscription, uint64_t sequence);

/* Not done: deliver it again after `delay_ms` (0: the subscription's back-off).  `reason` is for
 * people, may be NULL, and is kept with a dead letter. */
CH_PUBLIC enum ch_status ch_nack(struct ch_subscription *subscription,
	const struct ch_delivery *delivery, uint32_t delay_ms, const char *reason);

/* Never to be done here: straight to the dead letters, others flow on. */
CH_PUBLIC enum ch_status ch_park(struct ch_subscription *subscription,
	const struct ch_delivery *delivery, const char *reason);

struct ch_subscription_info {
	uint64_t generation; /* rises with every attach */
	uint64_t cursor;     /* as of the last attach */
	uint64_t head;
	uint64_t position; /* up to here all was taken, and acknowledged where that is needed */
	uint64_t unacknowledged; /* groups taken and not answered */
	uint64_t queued;         /* deliveries received and not taken */
};
CH_PUBLIC void ch_subscription_info(
	struct ch_subscription *subscription, struct ch_subscription_info *out_info);

/* No new deliveries; ch_subscription_next gives what is already here, then CH_END.  Returns at once.
 * CH_CLOSED. */
CH_PUBLIC enum ch_status ch_subscription_drain(struct ch_subscription *subscription);

/* Sends the acks that are still here, detaches, waits for the hub's word and frees the subscription,
 * whatever comes back; NULL is fine.  Unacknowledged deliveries come again to whoever attaches next.
 * CH_TIMEOUT, CH_CLOSED: the hub did not answer; it detaches by itself when the session ends.
 * No other thread may be in a call on it.  Not from a callback. */
CH_PUBLIC enum ch_status ch_subscription_close(
	struct ch_subscription *subscription, int64_t timeout_ms);

/* The same, and the hub forgets the subscription and its cursor for ever.  CH_TIMEOUT, CH_CLOSED: it
 * may have, or not. */
CH_PUBLIC enum ch_status ch_subscription_delete(
	struct ch_subscription *subscription, int64_t timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
