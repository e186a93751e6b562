/* Events on their way to the hub, the half of the I/O thread: sent within the hub's window, matched with
 * their receipts, sent again after a lost connection.
 *
 * Beyond a few frames in flight only full ones go: a receipt will come and take the rest along.  Frames
 * keep the order in which events were handed over.  After a lost connection all that has no receipt
 * goes back to the head of the unsent ones and gets new numbers. */
#ifndef CLIENT_WINDOW_H
#define CLIENT_WINDOW_H

#include "client/outbox.h"
#include "wire/receipt.h"

struct window {
	struct outbox *outbox;
	bool retry;    /* what the hub puts off is sent again */
	uint64_t seed; /* of what spreads clients out */
	struct batch_list unsent;
	struct batch_list in_flight;
	uint64_t last_frame;
	uint32_t credit;
	uint32_t in_flight_events;
	uint32_t most_events; /* in a frame */
	size_t frame_bytes;
	int64_t paused_until_us; /* the hub asked for patience; 0: it did not */
	struct ch_receipt receipt;

	/* Written by the I/O thread, read by any. */
	_Atomic uint32_t credit_now;
	_Atomic uint32_t in_flight_now;
	_Atomic uint64_t accepted;
	_Atomic uint64_t duplicates;
	_Atomic uint64_t conflicts;
	_Atomic uint64_t refused;
	_Atomic uint64_t retried;
	_Atomic uint64_t resent;
};

void window_init(struct window *window, struct outbox *outbox, bool retry);

/* Any thread. */
void window_count(const struct window *window, struct ch_stats *out_stats);

/* ---- The I/O thread ---- */

/* A connection is up; nothing of an older one is in flight any more. */
void window_open(struct window *window, uint32_t credit, size_t event_bytes, size_t frame_bytes,
	uint32_t frame_events);
void window_close(struct window *window);
void window_set_credit(struct window *window, uint32_t credit);

/* The next frame that may be sent now: its head (header and number, in `head`) and its events, valid
 * until the next call.  It counts as sent.  False: none. */
bool window_next(struct window *window, int64_t now_us, uint8_t head[OUTBOX_HEAD_BYTES],
	struct slice *out_head, struct slice *out_events);

/* Whether window_next would give one: looked at before going to sleep. */
bool window_ready(struct window *window, int64_t now_us);

/* When a pause ends; INT64_MAX: there is none. */
int64_t window_due_us(struct window *window, int64_t now_us);

/* Receipts arrived: callbacks run.  Those that nobody waits for are passed over. */
void window_answer(struct window *window, const struct receipts *receipts, int64_t now_us);

/* The hub refused a frame as a whole; 0: all that are in flight. */
void window_refuse(struct window *window, uint64_t frame, enum ch_status reason,
	struct slice detail, int64_t now_us);

/* Shuts the outbox and ends everything without an answer with this status. */
void window_abandon(struct window *window, enum ch_status status);

#endif
