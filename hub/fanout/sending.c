#include "fanout/sending.h"

#include <stdlib.h>

/* Frames of deliveries that may wait for a session's socket: with SENDING_ROOM, 416 KiB. */
#define WAITING_MOST 8u

static void sending_run(struct task *task);

struct sending *sending_create(struct consumer *consumer, size_t room)
{
	struct sending *sending = calloc(1, sizeof(*sending));
	if (sending == NULL)
		return NULL;
	sending->task.run = sending_run;
	sending->consumer = consumer;
	if (buffer_reserve(&sending->bytes, room) == NULL) {
		free(sending);
		return NULL;
	}
	sending->bytes.len = 0;
	return sending;
}

void sending_free(struct sending *sending)
{
	if (sending == NULL)
		return;
	buffer_fini(&sending->bytes);
	free(sending);
}

void sending_post(struct sending *sending)
{
	struct consumer *consumer = sending->consumer;
	struct buffer *bytes = &sending->bytes;
	/* Most frames are smaller than the room that was made; to give it back cannot fail. */
	uint8_t *data = bytes->len < bytes->capacity / 2 ? realloc(bytes->data, bytes->len) : NULL;
	if (data != NULL) {
		bytes->data = data;
		bytes->capacity = bytes->len;
	}
	consumer->fanout->stats.frames++;
	consumer->fanout->stats.bytes += bytes->len;
	atomic_fetch_add(&consumer->outstanding, 1);
	fanout_post(consumer->fanout, &sending->task);
}

bool sending_has_room(struct consumer *consumer)
{
	if (atomic_load(&consumer->outstanding) < WAITING_MOST)
		return true;
	/* Said first and looked again: the frame that makes room may leave in between. */
	atomic_store(&consumer->starved, true);
	return atomic_load(&consumer->outstanding) < WAITING_MOST;
}

static enum ch_status sending_small(struct sending *sending)
{
	if (sending == NULL || sending->bytes.status != CH_OK) {
		sending_free(sending);
		return CH_NOMEM;
	}
	sending_post(sending);
	return CH_OK;
}

enum ch_status sending_mark(struct consumer *consumer, const struct mark *mark)
{
	struct sending *sending = sending_create(consumer, 128);
	if (sending != NULL)
		mark_encode(mark, &sending->bytes);
	return sending_small(sending);
}

enum ch_status sending_subscribed(struct consumer *consumer, const struct subscribed *subscribed)
{
	struct sending *sending = sending_create(consumer, 64);
	if (sending != NULL)
		subscribed_encode(subscribed, &sending->bytes);
	return sending_small(sending);
}

enum ch_status sending_refused(struct consumer *consumer, const struct refused *refused)
{
	struct sending *sending = sending_create(consumer, 128);
	if (sending != NULL)
		refused_encode(refused, &sending->bytes);
	return sending_small(sending);
}

/* ---- The loop thread ---- */

static void sending_gone(struct sending *sending)
{
	struct consumer *consumer = sending->consumer;
	unsigned left = atomic_fetch_sub(&consumer->outstanding, 1) - 1;
	sending_free(sending);
	if (consumer->closed || left > WAITING_MOST / 2 ||
		!atomic_exchange(&consumer->starved, false))
		return;
	if (!atomic_exchange(&consumer->told, true))
		(void)mailbox_post(&consumer->fanout->inbox, &consumer->room.node);
}

void sending_flush(struct consumer *consumer)
{
	struct sending *sending;
	while ((sending = consumer->unsent) != NULL) {
		if (!consumer->options.send(consumer->options.context, &sending->bytes))
			return;
		consumer->unsent = sending->next;
		if (consumer->unsent == NULL)
			consumer->unsent_last = &consumer->unsent;
		sending_gone(sending);
	}
}

void sending_drop(struct consumer *consumer)
{
	struct sending *sending;
	while ((sending = consumer->unsent) != NULL) {
		consumer->unsent = sending->next;
		sending_gone(sending);
	}
	consumer->unsent_last = &consumer->unsent;
}

static void sending_run(struct task *task)
{
	struct sending *sending = (struct sending *)(void *)task;
	struct consumer *consumer = sending->consumer;
	if (consumer->closed) {
		sending_gone(sending);
		return;
	}
	*consumer->unsent_last = sending;
	consumer->unsent_last = &sending->next;
	if (consumer->unsent == sending)
		sending_flush(consumer);
}
