/* The inside of the relay, for relay.c and for the way out of the spool. */
#ifndef KIT_RELAY_INSIDE_H
#define KIT_RELAY_INSIDE_H

#include "kit/courier.h"
#include "kit/pace.h"
#include "kit/relay.h"
#include "kit/spool.h"
#include "kit/watermark.h"

#define RELAY_SYNC_EVENTS   256u
#define RELAY_SPARE_FLIGHTS 1024u

struct relay {
	const struct kit_adapter *adapter;
	void *source;
	const struct kit_settings *settings;
	struct kit_counts *counts;
	struct courier *courier;
	struct watermark *watermark; /* NULL: the adapter has no checkpoints */

	struct spool *spool; /* NULL: none */
	bool by_spool;
	bool full;                            /* as it was told last */
	uint64_t unsynced[RELAY_SYNC_EVENTS]; /* tokens of what was appended since the last sync */
	uint32_t unsynced_count;
	int64_t unsynced_since_us;
	int64_t saved_us;
	bool rejects_full; /* and told */
	uint64_t settled;  /* calls of the adapter's settle */
	uint64_t drained;  /* since it began to go by spool */

	/* Flights that have landed, for those to come: malloc would take them apart and put them together. */
	struct flight *spare; /* by `newer` */
	uint32_t spare_count;

	/* Out of the spool. */
	struct pace pace;
	struct flight *held; /* handed out by the spool, not yet taken by the courier */
	uint64_t draining;   /* under way, or held */
};

/* As flight_create and flight_free. */
struct flight *relay_flight(struct relay *relay);
void relay_flight_free(struct relay *relay, struct flight *flight);

/* An event that libcarehub will never take (too large, malformed) is refused here. */
enum ch_status relay_settle_unsent(
	struct relay *relay, struct flight *flight, enum ch_status status);

/* A status of courier_send that says "not now". */
bool relay_is_for_now(enum ch_status status);

/* How long ago that was; 0: nobody knows. */
int64_t relay_waited_us(int64_t since_us);

/* Calls the adapter's settle. */
void relay_tell(struct relay *relay, const struct kit_settled *settled);

/* Hands it to the courier.  A status "not now": nothing has happened; others as relay_put. */
enum ch_status relay_put_straight(struct relay *relay, const struct kit_item *item);

/* ---- relay_rejects.c: that a line could not be written has been logged ---- */

/* A line for the spool's own rejects. */
enum ch_status relay_append_reject(struct relay *relay, struct buffer *line);

/* A refusal for which the source has no place any more goes there. */
enum ch_status relay_reject_spooled(struct relay *relay, const struct flight *flight);

/* What the hub refused, whichever way it took, goes to `adapter.rejects`. */
void relay_note_refusal(struct relay *relay, const struct flight *flight);

/* Where an event stood: in the source's words; when it has none, and hears of none, source and id. */
void relay_put_origin(const struct relay *relay, const struct kit_item *item, struct buffer *out);

/* ---- relay_prompt.c ---- */

/* As relay_put, and never CH_FULL. */
enum ch_status relay_put_prompt(struct relay *relay, const struct kit_item *item);

/* Settles what has been under way too long; and when the next will have been. */
void relay_give_up(struct relay *relay);
int64_t relay_give_up_due_us(const struct relay *relay);

/* ---- relay_drain.c ---- */

/* Hands the courier what the spool has, as far as pace, window and hub allow.  CH_IO, CH_NOMEM ... */
enum ch_status relay_drain(struct relay *relay);

/* When it can go on without any receipt; INT64_MAX: not by itself. */
int64_t relay_drain_due_us(const struct relay *relay);

#endif
