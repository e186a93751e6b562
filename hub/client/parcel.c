#include "client/parcel.h"

#include <stdlib.h>

struct parcel *parcel_of_frame(zmq_msg_t *message, const struct deliver *deliver, uint32_t epoch)
{
	const uint8_t *before = zmq_msg_data(message);
	struct parcel *parcel = malloc(sizeof(*parcel));
	if (parcel == NULL)
		return NULL;
	*parcel = (struct parcel){.epoch = epoch, .deliver = *deliver};
	atomic_init(&parcel->references, 1);
	(void)zmq_msg_init(&parcel->message);
	(void)zmq_msg_move(&parcel->message, message); /* cannot fail on messages of ours */
	/* A short message lives in the struct itself, and has moved with it. */
	const uint8_t *now = zmq_msg_data(&parcel->message);
	parcel->deliver.rest.at = now + (deliver->rest.at - before);
	parcel->deliver.rest.end = now + (deliver->rest.end - before);
	return parcel;
}

static void parcel_copy_text(char *to, size_t size, struct slice text)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;
	if (len > 0)
		memcpy(to, text.data, len);
	to[len] = 0;
}

struct parcel *parcel_of_mark(const struct mark *mark, enum ch_status after, uint32_t epoch)
{
	struct {
		struct parcel parcel;
		struct ch_mark mark;
	} *both = calloc(1, sizeof(*both));
	if (both == NULL)
		return NULL;
	struct parcel *parcel = &both->parcel;
	atomic_init(&parcel->references, 1);
	(void)zmq_msg_init(&parcel->message);
	parcel->epoch = epoch;
	parcel->after = after;
	parcel->mark = &both->mark;
	parcel->mark->what = (enum ch_mark_what)mark->what;
	parcel->mark->first = mark->first;
	parcel->mark->last = mark->last;
	parcel_copy_text(parcel->mark->job, sizeof(parcel->mark->job), mark->job);
	parcel_copy_text(parcel->mark->detail, sizeof(parcel->mark->detail), mark->detail);
	return parcel;
}

void parcel_ref(struct parcel *parcel)
{
	(void)atomic_fetch_add_explicit(&parcel->references, 1, memory_order_relaxed);
}

void parcel_unref(struct parcel *parcel)
{
	if (parcel == NULL || atomic_fetch_sub(&parcel->references, 1) > 1)
		return;
	(void)zmq_msg_close(&parcel->message);
	free(parcel);
}
