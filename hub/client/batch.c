#include "client/batch.h"

#include <stdlib.h>

#include "wire/pb.h"

enum { PUBLISH_EVENTS = 2 };

/* A batch that once held large events gives the memory back. */
#define KEPT_BYTES (256u * 1024u)

struct batch *batch_create(void)
{
	struct batch *batch = malloc(sizeof(*batch)); /* the entries need no zeros */
	if (batch == NULL)
		return NULL;
	buffer_init(&batch->events);
	batch_clear(batch);
	return batch;
}

void batch_free(struct batch *batch)
{
	if (batch == NULL)
		return;
	buffer_fini(&batch->events);
	free(batch);
}

void batch_clear(struct batch *batch)
{
	batch->next = NULL;
	batch->serial = 0;
	batch->offset = 0;
	batch->frame = 0;
	batch->count = 0;
	batch->answered = 0;
	batch->again = 0;
	if (batch->events.capacity > KEPT_BYTES)
		buffer_fini(&batch->events);
	buffer_clear(&batch->events);
}

enum ch_status batch_add(struct batch *batch, const struct envelope *event, size_t event_bytes,
	size_t frame_bytes, ch_publish_callback *callback, void *context)
{
	size_t before = batch->events.len;
	size_t mark = pb_begin(&batch->events, PUBLISH_EVENTS);
	envelope_encode(event, &batch->events);
	pb_end(&batch->events, mark);
	enum ch_status status = batch->events.status;
	if (status == CH_OK && batch->events.len - mark > event_bytes)
		status = CH_TOO_LARGE;
	else if (status == CH_OK && batch->count > 0 && batch->events.len > frame_bytes)
		status = CH_FULL;
	if (status != CH_OK) {
		batch->events.len = before;
		batch->events.status = CH_OK; /* what was there is whole */
		return status;
	}
	batch->entries[batch->count++] = (struct batch_entry){
		.callback = callback, .context = context, .end = (uint32_t)batch->events.len};
	return CH_OK;
}

static size_t batch_begin_of(const struct batch *batch, uint32_t index)
{
	return index > 0 ? batch->entries[index - 1].end : 0;
}

size_t batch_bytes_of(const struct batch *batch, uint32_t index)
{
	return batch->entries[index].end - batch_begin_of(batch, index);
}

void batch_drop_last(struct batch *batch)
{
	batch->count--;
	batch->events.len = batch_begin_of(batch, batch->count);
}

uint32_t batch_fit(const struct batch *batch, uint32_t events, size_t bytes)
{
	uint32_t fit = 1;
	while (fit < batch->count && fit < events && batch->entries[fit].end <= bytes)
		fit++;
	return fit;
}

enum ch_status batch_split(struct batch *batch, uint32_t first, struct batch *rest)
{
	size_t from = batch_begin_of(batch, first);
	buffer_append(&rest->events, batch->events.data + from, batch->events.len - from);
	if (rest->events.status != CH_OK) {
		buffer_clear(&rest->events);
		return CH_NOMEM;
	}
	for (uint32_t i = first; i < batch->count; i++) {
		rest->entries[rest->count] = batch->entries[i];
		rest->entries[rest->count++].end -= (uint32_t)from;
	}
	rest->serial = batch->serial;
	rest->offset = batch->offset + first;
	batch->events.len = from;
	batch->count = first;
	return CH_OK;
}

void batch_compact(struct batch *batch)
{
	uint32_t kept = 0;
	size_t at = 0;
	size_t from = 0;
	for (uint32_t i = 0; i < batch->count; i++) {
		struct batch_entry entry = batch->entries[i];
		size_t len = entry.end - from;
		if (!entry.answered || entry.again) {
			memmove(batch->events.data + at, batch->events.data + from, len);
			at += len;
			batch->entries[kept++] = (struct batch_entry){.callback = entry.callback,
				.context = entry.context,
				.end = (uint32_t)at};
		}
		from += len;
	}
	batch->events.len = at;
	batch->count = kept;
	batch->answered = 0;
	batch->again = 0;
	batch->frame = 0;
}

bool batch_precedes(const struct batch *a, const struct batch *b)
{
	return a->serial != b->serial ? a->serial < b->serial : a->offset < b->offset;
}

size_t batch_settled(const struct batch *batch, uint32_t *out_count)
{
	size_t bytes = 0;
	*out_count = 0;
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct batch_entry *entry = &batch->entries[i];
		if (entry->answered && !entry->again) {
			bytes += batch_bytes_of(batch, i);
			(*out_count)++;
		}
	}
	return bytes;
}

/* ---- Lists ---- */

void batch_list_append(struct batch_list *list, struct batch *batch)
{
	batch->next = NULL;
	if (list->last != NULL)
		list->last->next = batch;
	else
		list->first = batch;
	list->last = batch;
	list->count++;
}

struct batch *batch_list_take(struct batch_list *list)
{
	struct batch *batch = list->first;
	if (batch == NULL)
		return NULL;
	list->first = batch->next;
	if (list->first == NULL)
		list->last = NULL;
	list->count--;
	batch->next = NULL;
	return batch;
}

void batch_list_remove(struct batch_list *list, struct batch *batch)
{
	struct batch **at = &list->first;
	struct batch *before = NULL;
	for (; *at != batch; at = &(*at)->next)
		before = *at;
	*at = batch->next;
	if (list->last == batch)
		list->last = before;
	list->count--;
	batch->next = NULL;
}

void batch_list_insert(struct batch_list *list, struct batch *batch)
{
	struct batch **at = &list->first;
	while (*at != NULL && batch_precedes(*at, batch))
		at = &(*at)->next;
	batch->next = *at;
	*at = batch;
	if (batch->next == NULL)
		list->last = batch;
	list->count++;
}

void batch_list_free(struct batch_list *list)
{
	struct batch *batch;
	while ((batch = batch_list_take(list)) != NULL)
		batch_free(batch);
}
