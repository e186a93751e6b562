/* Publishing.  Every event is answered by a receipt once it is on stable storage, and not before.
 *
 * Events go out in the order in which they were handed over, over all ways below, many to a frame when
 * there are many, alone and at once when there is one.  After a lost connection everything without a
 * receipt is sent again in that order; the id makes the hub take it once, and the receipt says
 * CH_OUTCOME_DUPLICATE when the first try had arrived.  Only an event that the hub put off (see
 * ch_options_set_retry) may be overtaken by those that were already under way behind it.
 *
 * Handing over copies the event.  When the window of ch_options_set_window is full it waits. */
#ifndef CAREHUB_PUBLISH_H
#define CAREHUB_PUBLISH_H

#include <carehub/connection.h>
#include <carehub/event.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ch_outcome {
	CH_OUTCOME_NONE = 0,        /* no receipt came */
	CH_OUTCOME_ACCEPTED = 1,    /* stored, applied, findable */
	CH_OUTCOME_DUPLICATE = 2,   /* taken before with the same bytes; `sequence` is the first */
	CH_OUTCOME_CONFLICT = 3,    /* taken before with other bytes; `sequence` is the first */
	CH_OUTCOME_REFUSED = 4,     /* in quarantine under `sequence`, or not admitted (0) */
	CH_OUTCOME_RETRY_AFTER = 5, /* not taken, for now */
};

enum ch_durability {
	CH_SYNCED = 0,     /* on stable storage of the hub's disk */
	CH_REPLICATED = 1, /* and of a majority of its peers */
	CH_UNSYNCED = 2,   /* the hub was told not to sync */
};

struct ch_receipt {
	enum ch_outcome outcome;
	enum ch_status reason; /* of a refusal */
	enum ch_durability durability;
	uint32_t retry_after_ms;
	uint64_t sequence;
	uint64_t customer; /* filed under; 0: nobody */
	char field[160];   /* at fault: "customer.phones[0].value"; longer ones are cut */
	char detail[256];  /* for people */
};

/* How one receipt reads as a status: CH_OK for accepted and for duplicate (the event is stored, once),
 * CH_CONFLICT, the reason of a refusal, CH_RETRY. */
CH_PUBLIC enum ch_status ch_receipt_status(const struct ch_receipt *receipt);

/* Publishes one event and waits for its receipt; no timer stands in the way.  Returns as
 * ch_receipt_status, or without a receipt: what ch_event_status says, CH_CLOSED, CH_NOMEM, CH_INVALID
 * (from a callback), CH_TIMEOUT: no answer yet.  The event is then still on its way and may be stored;
 * publishing it again under the same id does no harm.  `out_receipt` may be NULL. */
CH_PUBLIC enum ch_status ch_publish(struct ch_connection *connection, struct ch_event *event,
	int64_t timeout_ms, struct ch_receipt *out_receipt);

/* Called once for every event handed over, on the library's thread, in order of receipts.  `status` as
 * from ch_publish; `receipt` lives as long as the call. */
typedef void ch_publish_callback(
	void *context, enum ch_status status, const struct ch_receipt *receipt);

/* Hands one event over and returns.  Waits up to `timeout_ms` while the window is full: CH_FULL then,
 * and in a callback at once.  As ch_event_status, CH_CLOSED, CH_NOMEM: then the callback is not
 * called.  `callback` may be NULL: ch_connection_stats counts. */
CH_PUBLIC enum ch_status ch_publish_async(struct ch_connection *connection, struct ch_event *event,
	int64_t timeout_ms, ch_publish_callback *callback, void *context);

/* The same with a future in the place of a callback. */
struct ch_future;
CH_PUBLIC enum ch_status ch_publish_future(struct ch_connection *connection, struct ch_event *event,
	int64_t timeout_ms, struct ch_future **out_future);

/* Waits for the receipt; as ch_publish.  May be called again, and by several threads.
 * `out_receipt` may be NULL. */
CH_PUBLIC enum ch_status ch_future_wait(
	struct ch_future *future, int64_t timeout_ms, struct ch_receipt *out_receipt);

/* Also before the receipt is there. */
CH_PUBLIC void ch_future_free(struct ch_future *future);

#define CH_BATCH_EVENTS 256

/* Publishes up to 256 events as one frame (more, when their bytes need it) and waits for all receipts.
 * The hub decides them in order, each for itself: it is no transaction.  CH_OK when all were accepted
 * or duplicates, else the status of the first that was not; out_receipts (`count` of them, may be
 * NULL) has each.  CH_TOO_LARGE: more than 256; otherwise as ch_publish, and after CH_TIMEOUT those
 * without an answer say CH_OUTCOME_NONE. */
CH_PUBLIC enum ch_status ch_publish_batch(struct ch_connection *connection,
	struct ch_event *const *events, size_t count, int64_t timeout_ms,
	struct ch_receipt *out_receipts);

/* Waits until all that this or other threads handed over before has its receipt and its callback has
 * returned.  CH_TIMEOUT, CH_CLOSED, CH_INVALID (from a callback). */
CH_PUBLIC enum ch_status ch_publish_flush(struct ch_connection *connection, int64_t timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
