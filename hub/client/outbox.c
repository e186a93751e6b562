#include "client/outbox.h"

#include "base/invariant.h"
#include "client/wait.h"

/* Emptied batches that are kept for the next events. */
#define SPARE_BATCHES 32u

void outbox_init(struct outbox *outbox, uint32_t window_events, size_t window_bytes,
	uint32_t batch_events, struct bell *bell)
{
	*outbox = (struct outbox){.bell = bell,
		.window_events = window_events,
		.window_bytes = window_bytes,
		.batch_events = batch_events,
		.first_live = UINT64_MAX,
		.event_bytes = LIMIT_EVENT_BYTES,
		.frame_bytes = LIMIT_FRAME_BYTES - OUTBOX_HEAD_BYTES,
		.most_events = LIMIT_EVENTS_PER_FRAME,
		.frame_events = batch_events};
	invariant(pthread_mutex_init(&outbox->lock, NULL) == 0);
	wait_init(&outbox->roomy);
	wait_init(&outbox->through);
}

void outbox_fini(struct outbox *outbox)
{
	batch_free(outbox->open);
	batch_list_free(&outbox->sealed);
	batch_list_free(&outbox->spare);
	(void)pthread_cond_destroy(&outbox->through);
	(void)pthread_cond_destroy(&outbox->roomy);
	(void)pthread_mutex_destroy(&outbox->lock);
}

/* ---- Putting in ---- */

static void outbox_seal(struct outbox *outbox)
{
	if (outbox->open == NULL || outbox->open->count == 0)
		return;
	batch_list_append(&outbox->sealed, outbox->open);
	outbox->open = NULL;
}

static struct batch *outbox_new_batch(struct outbox *outbox)
{
	struct batch *batch = batch_list_take(&outbox->spare);
	if (batch == NULL)
		batch = batch_create();
	return batch;
}

static enum ch_status outbox_open(struct outbox *outbox)
{
	if (outbox->open != NULL)
		return CH_OK;
	outbox->open = outbox_new_batch(outbox);
	if (outbox->open == NULL)
		return CH_NOMEM;
	outbox->open->serial = ++outbox->last_serial;
	return CH_OK;
}

static enum ch_status outbox_add(struct outbox *outbox, const struct outbox_item *item)
{
	enum ch_status status = CH_OK;
	if (outbox->open != NULL && outbox->open->count >= outbox->frame_events)
		outbox_seal(outbox);
	for (int tries = 0; tries < 2; tries++) {
		status = outbox_open(outbox);
		if (status != CH_OK)
			return status;
		status = batch_add(outbox->open, item->event, outbox->event_bytes,
			outbox->frame_bytes, item->callback, item->context);
		if (status != CH_FULL)
			break;
		outbox_seal(outbox);
	}
	if (status != CH_OK)
		return status;
	outbox->pending_events++;
	outbox->pending_bytes += batch_bytes_of(outbox->open, outbox->open->count - 1);
	outbox->published++;
	return CH_OK;
}

static bool outbox_has_room(const struct outbox *outbox, uint32_t count)
{
	if (outbox->pending_events == 0)
		return true; /* even what is larger than the whole window */
	return outbox->pending_events + count <= outbox->window_events &&
	       outbox->pending_bytes < outbox->window_bytes;
}

static enum ch_status outbox_wait_for_room(
	struct outbox *outbox, uint32_t count, int64_t timeout_ms)
{
	if (outbox->shut)
		return CH_CLOSED;
	if (outbox_has_room(outbox, count))
		return CH_OK;
	if (timeout_ms == 0)
		return CH_FULL;
	int64_t until_us = wait_until(timeout_ms);
	bool more = true;
	outbox->room_waiters++;
	while (!outbox->shut && !outbox_has_room(outbox, count) && more)
		more = wait_for(&outbox->roomy, &outbox->lock, until_us);
	outbox->room_waiters--;
	if (outbox->shut)
		return CH_CLOSED;
	return outbox_has_room(outbox, count) ? CH_OK : CH_FULL;
}

enum ch_status outbox_put(struct outbox *outbox, const struct envelope *event, int64_t timeout_ms,
	ch_publish_callback *callback, void *context)
{
	const struct outbox_item item = {event, callback, context};
	bool ring = false;
	(void)pthread_mutex_lock(&outbox->lock);
	enum ch_status status = outbox_wait_for_room(outbox, 1, timeout_ms);
	if (status == CH_OK)
		status = outbox_add(outbox, &item);
	/* A frame's first event may find the I/O thread asleep; so may its last, when frames in
	 * flight let only full ones go. */
	if (status == CH_OK) {
		uint32_t count = outbox->open->count;
		ring = count == 1 || count >= outbox->frame_events;
	}
	(void)pthread_mutex_unlock(&outbox->lock);
	if (ring)
		bell_ring(outbox->bell);
	return status;
}

/* Takes back what put_all has added: it stands in the open batch and at the end of the sealed ones. */
static void outbox_take_back(struct outbox *outbox, uint32_t count)
{
	for (; count > 0; count--) {
		while (outbox->open == NULL || outbox->open->count == 0) {
			struct batch *last = outbox->sealed.last;
			if (outbox->open != NULL)
				batch_free(outbox->open);
			batch_list_remove(&outbox->sealed, last);
			outbox->open = last;
		}
		struct batch *open = outbox->open;
		outbox->pending_bytes -= batch_bytes_of(open, open->count - 1);
		outbox->pending_events--;
		outbox->published--;
		batch_drop_last(open);
	}
}

enum ch_status outbox_put_all(
	struct outbox *outbox, const struct outbox_item *items, uint32_t count, int64_t timeout_ms)
{
	uint32_t added = 0;
	(void)pthread_mutex_lock(&outbox->lock);
	uint32_t usual = outbox->frame_events;
	enum ch_status status = outbox_wait_for_room(outbox, count, timeout_ms);
	if (status == CH_OK) {
		outbox_seal(outbox);
		outbox->frame_events = outbox->most_events;
		while (added < count && (status = outbox_add(outbox, &items[added])) == CH_OK)
			added++;
		outbox->frame_events = usual;
		if (status != CH_OK)
			outbox_take_back(outbox, added);
		outbox_seal(outbox);
	}
	(void)pthread_mutex_unlock(&outbox->lock);
	if (status == CH_OK)
		bell_ring(outbox->bell);
	return status;
}

static bool outbox_is_through(const struct outbox *outbox, uint64_t serial)
{
	if (outbox->first_live <= serial)
		return false;
	if (outbox->sealed.first != NULL && outbox->sealed.first->serial <= serial)
		return false;
	return outbox->open == NULL || outbox->open->count == 0 || outbox->open->serial > serial;
}

enum ch_status outbox_flush(struct outbox *outbox, int64_t timeout_ms)
{
	int64_t until_us = wait_until(timeout_ms);
	(void)pthread_mutex_lock(&outbox->lock);
	outbox_seal(outbox); /* later events must not prolong the wait */
	uint64_t serial = outbox->last_serial;
	(void)pthread_mutex_unlock(&outbox->lock);
	bell_ring(outbox->bell);
	(void)pthread_mutex_lock(&outbox->lock);
	bool more = true;
	while (!outbox_is_through(outbox, serial) && more)
		more = wait_for(&outbox->through, &outbox->lock, until_us);
	enum ch_status status = outbox_is_through(outbox, serial) ? CH_OK : CH_TIMEOUT;
	(void)pthread_mutex_unlock(&outbox->lock);
	return status;
}

void outbox_shut(struct outbox *outbox)
{
	(void)pthread_mutex_lock(&outbox->lock);
	outbox->shut = true;
	(void)pthread_cond_broadcast(&outbox->roomy);
	(void)pthread_mutex_unlock(&outbox->lock);
}

void outbox_count(struct outbox *outbox, uint64_t *out_published, uint64_t *out_pending)
{
	(void)pthread_mutex_lock(&outbox->lock);
	*out_published = outbox->published;
	*out_pending = outbox->pending_events;
	(void)pthread_mutex_unlock(&outbox->lock);
}

/* ---- The I/O thread ---- */

void outbox_set_bounds(
	struct outbox *outbox, size_t event_bytes, size_t frame_bytes, uint32_t frame_events)
{
	(void)pthread_mutex_lock(&outbox->lock);
	outbox->event_bytes = event_bytes;
	outbox->frame_bytes = frame_bytes - OUTBOX_HEAD_BYTES;
	outbox->most_events = frame_events;
	outbox->frame_events =
		frame_events < outbox->batch_events ? frame_events : outbox->batch_events;
	(void)pthread_mutex_unlock(&outbox->lock);
}

/* Under the lock: events of the open frame, if it may go. */
static uint32_t outbox_open_events(const struct outbox *outbox, bool partial)
{
	const struct batch *open = outbox->open;
	if (open == NULL || (!partial && open->count < outbox->frame_events))
		return 0;
	return open->count;
}

uint32_t outbox_peek(struct outbox *outbox, bool partial)
{
	(void)pthread_mutex_lock(&outbox->lock);
	uint32_t events = outbox->sealed.first != NULL ? outbox->sealed.first->count
						       : outbox_open_events(outbox, partial);
	(void)pthread_mutex_unlock(&outbox->lock);
	return events;
}

void outbox_fetch(struct outbox *outbox, uint32_t most, bool partial, struct batch_list *to)
{
	struct batch *batch;
	(void)pthread_mutex_lock(&outbox->lock);
	while ((batch = batch_list_take(&outbox->sealed)) != NULL)
		batch_list_append(to, batch);
	uint32_t open_events = outbox_open_events(outbox, partial);
	if (to->count == 0 && open_events > 0 && open_events <= most) {
		batch_list_append(to, outbox->open);
		outbox->open = NULL;
	}
	if (outbox->first_live == UINT64_MAX && to->first != NULL)
		outbox->first_live = to->first->serial;
	(void)pthread_mutex_unlock(&outbox->lock);
}

/* Publishers that wait are woken when a quarter of the window is free, not for every frame: a switch of
 * threads costs more than the frame. */
void outbox_release(struct outbox *outbox, uint32_t events, size_t bytes, uint64_t first_live,
	struct batch *spare)
{
	(void)pthread_mutex_lock(&outbox->lock);
	outbox->pending_events -= events;
	outbox->pending_bytes -= bytes;
	bool moved = first_live != outbox->first_live;
	outbox->first_live = first_live;
	if (spare != NULL && outbox->spare.count < SPARE_BATCHES) {
		batch_list_append(&outbox->spare, spare);
		spare = NULL;
	}
	bool roomy = outbox->pending_events <= outbox->window_events / 4 * 3 &&
		     outbox->pending_bytes <= outbox->window_bytes / 4 * 3;
	if (outbox->room_waiters > 0 && roomy)
		(void)pthread_cond_broadcast(&outbox->roomy);
	if (moved)
		(void)pthread_cond_broadcast(&outbox->through);
	(void)pthread_mutex_unlock(&outbox->lock);
	batch_free(spare);
}
