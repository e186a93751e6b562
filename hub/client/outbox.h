/* Events on their way to the hub, the half that publishers see: gathered into frames, kept until there
 * is room in the window, counted until they are answered.
 *
 *     publishers ->  open frame -> sealed | -> unsent -> in flight -> receipts, callbacks
 *                    (here, under a lock) |    (window.h, the I/O thread alone)
 *
 * There is no timer.  The I/O thread takes the open frame, however few events it holds, as soon as it
 * has nothing else to send and the window has room; what comes while it is busy, or while the window is
 * closed, gathers in the next one.  So one event travels at once and a hundred thousand travel
 * together. */
#ifndef CLIENT_OUTBOX_H
#define CLIENT_OUTBOX_H

#include <carehub/publish.h>
#include <pthread.h>

#include "base/bell.h"
#include "client/batch.h"
#include "wire/envelope.h"

struct outbox {
	struct bell *bell;
	uint32_t window_events;
	size_t window_bytes;
	uint32_t batch_events;

	/* Guarded by lock. */
	pthread_mutex_t lock;
	pthread_cond_t roomy;   /* there is room again */
	pthread_cond_t through; /* first_live has moved */
	struct batch *open;     /* may be NULL */
	struct batch_list sealed;
	struct batch_list spare;
	uint64_t last_serial;
	uint64_t first_live; /* lowest serial that the I/O thread holds, MAX: none */
	uint32_t pending_events;
	size_t pending_bytes;
	uint32_t room_waiters;
	uint64_t published;
	size_t event_bytes; /* the hub's bounds */
	size_t frame_bytes;
	uint32_t most_events;
	uint32_t frame_events; /* at which the open frame is sealed */
	bool shut;
};

/* What a frame holds beside its events. */
#define OUTBOX_HEAD_BYTES 16

/* `window_*` bound what is handed over and not answered, `batch_events` a frame. */
void outbox_init(struct outbox *outbox, uint32_t window_events, size_t window_bytes,
	uint32_t batch_events, struct bell *bell);
void outbox_fini(struct outbox *outbox);

/* ---- Any thread ---- */

/* Encodes one event into the open frame; its callback (may be NULL) is then called exactly once, on the
 * I/O thread.  Waits up to `timeout_ms` for room.  CH_FULL, CH_TOO_LARGE, CH_CLOSED, CH_NOMEM. */
enum ch_status outbox_put(struct outbox *outbox, const struct envelope *event, int64_t timeout_ms,
	ch_publish_callback *callback, void *context);

struct outbox_item {
	const struct envelope *event;
	ch_publish_callback *callback;
	void *context;
};

/* The same for several that belong in one frame: all or none. */
enum ch_status outbox_put_all(
	struct outbox *outbox, const struct outbox_item *items, uint32_t count, int64_t timeout_ms);

/* Waits until all that was put before is answered.  CH_TIMEOUT. */
enum ch_status outbox_flush(struct outbox *outbox, int64_t timeout_ms);

/* From now on every put says CH_CLOSED. */
void outbox_shut(struct outbox *outbox);

/* Events handed over, and those of them without an answer. */
void outbox_count(struct outbox *outbox, uint64_t *out_published, uint64_t *out_pending);

/* ---- The I/O thread ---- */

/* The hub's bounds. */
void outbox_set_bounds(
	struct outbox *outbox, size_t event_bytes, size_t frame_bytes, uint32_t frame_events);

/* Events of the batch that fetch would give first, 0: none.  `partial`: a frame that is not full will do
 * as well. */
uint32_t outbox_peek(struct outbox *outbox, bool partial);

/* Moves all sealed batches behind `to`; when that leaves it empty, the open one as well, if it is full
 * or `partial` and has at most `most` events. */
void outbox_fetch(struct outbox *outbox, uint32_t most, bool partial, struct batch_list *to);

/* So much has been answered; `first_live` is the lowest serial that is left, and `spare` (may be NULL)
 * is given back. */
void outbox_release(struct outbox *outbox, uint32_t events, size_t bytes, uint64_t first_live,
	struct batch *spare);

#endif
