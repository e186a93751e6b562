/* The way of every event from its source to the hub: straight on, or by way of the spool.
 *
 * Without a spool (`spool.directory` is not set) all goes straight on.  While the hub cannot be reached the
 * window fills, and then the source waits.  Nothing is lost; but the source must be able to wait.
 *
 * With one, there are two states:
 *
 *     straight     each event is handed to libcarehub, and let go of at its source on its receipt
 *     by spool     each event is appended to the spool, and let go of at its source when that is synced;
 *                  while the hub is there, what the spool has is handed to libcarehub, in order, at no
 *                  more than `spool.drain_rate` events a second
 *
 * It goes by spool from the start when an earlier life left something there.  Else it begins to when an
 * event has been under way for `spool.patience` and no answer to any came in that time, whatever the
 * reason: no connection, a silent hub, one that asks for patience because its disk is full.  A hub that
 * starts anew in less costs nothing.  What is under way at that moment goes into the spool first, so the
 * order stays that of the source.  It goes straight on again when the spool is empty: the hub has given
 * a receipt for everything in it, so nothing can be overtaken.
 *
 * Nothing counts twice: an event that was under way and went into the spool, or that was sent and had no
 * receipt before a crash, is sent again under its id with the same digest, and the hub says duplicate.
 *
 * No flood: of what comes from the spool never more than a second's worth, or the window if that is less,
 * is under way, so there is no burst after a pause either; the hub's credit and its retry-after are
 * libcarehub's business and hold beside that.
 *
 * An adapter that answers whoever sends (kit_adapter.prompt) has no spool, and nothing waits: what cannot go
 * to the hub now, or has no receipt after `adapter.patience`, is settled as CH_RETRY.  One that was under
 * way may be stored all the same; when its receipt comes, it only counts.
 *
 * No room: when the spool or its disk is full the source waits, as without a spool, until the hub has
 * taken some of it.  That is told once in the log (spool.full, spool.room) and by a gauge.
 *
 * One thread. */
#ifndef KIT_RELAY_H
#define KIT_RELAY_H

#include "base/bell.h"
#include "kit/adapter.h"
#include "kit/settings.h"

struct relay;

struct kit_counts {
	/* By outcome; of events that went by spool, too. */
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t conflicts;
	uint64_t refused;
	uint64_t rejected;       /* by the source */
	uint64_t spooled;        /* let go of at the source before they had a receipt */
	uint64_t lost;           /* damaged in the spool */
	uint64_t unwritten;      /* for the rejects, where there was no room */
	uint64_t put_off;        /* settled as CH_RETRY */
	uint64_t traces_dropped; /* trace contexts that were none; their events were not */
	int64_t last_receipt_us; /* when, by the wall clock; 0: not yet */
};

/* `adapter`, `source`, `settings`, `counts`, which are added to, and `bell` must outlive the relay.  As
 * courier_open and spool_open; what is wrong has been logged. */
enum ch_status relay_open(const struct kit_adapter *adapter, void *source,
	const struct kit_settings *settings, struct kit_counts *counts, struct bell *bell,
	struct relay **out_relay);

/* Ends the connection.  What was appended to the spool is synced and settled; what is under way without
 * being there is settled as CH_CLOSED, and the source gives it again in another life. */
void relay_end(struct relay *relay);
void relay_close(struct relay *relay); /* ends it, too; NULL is fine */

/* Counts a KIT_REJECT, and notes it in `adapter.rejects`. */
void relay_reject(struct relay *relay, const struct kit_item *item);

/* Takes a KIT_EVENT.  CH_OK: it will be settled.  CH_FULL: not now: give the same again after
 * relay_tend.  Others: the adapter stops. */
enum ch_status relay_put(struct relay *relay, const struct kit_item *item);

/* All that must be done from time to time, what has landed is settled first; does not wait.  CH_IO,
 * CH_NOMEM ...: the adapter stops. */
enum ch_status relay_tend(struct relay *relay);

/* Whether it has something to settle now; and when it has something to do in any case, by the steady clock,
 * `latest_us` at the latest. */
bool relay_has_landed(struct relay *relay);
int64_t relay_due_us(const struct relay *relay, int64_t latest_us);

/* For questions. */
struct courier *relay_courier(const struct relay *relay);

/* How often the adapter's settle was called. */
uint64_t relay_settled(const struct relay *relay);

/* Everything that was put is settled, with a receipt from the hub. */
bool relay_is_idle(const struct relay *relay);

/* As courier_verdict. */
enum ch_status relay_verdict(const struct relay *relay);

struct relay_state {
	bool up;
	bool by_spool;
	bool full;
	uint64_t under_way;
	uint64_t spool_records; /* without a receipt */
	uint64_t spool_bytes;
	int64_t spool_oldest_us; /* how long the oldest has waited */
};

void relay_look(const struct relay *relay, struct relay_state *out_state);

#endif
