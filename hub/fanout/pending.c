#include "fanout/pending.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"

void pendings_init(struct pendings *pendings)
{
	*pendings = (struct pendings){0};
}

static void pending_free(struct pending *pending)
{
	free(pending->reason);
	free(pending);
}

void pendings_fini(struct pendings *pendings)
{
	for (size_t i = 0; i < pendings->count; i++)
		pending_free(pendings->items[i]);
	free(pendings->items);
	*pendings = (struct pendings){0};
}

size_t pendings_seek(const struct pendings *pendings, uint64_t sequence)
{
	size_t low = 0;
	size_t high = pendings->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (pendings->items[middle]->sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct pending *pendings_find(const struct pendings *pendings, uint64_t sequence)
{
	size_t at = pendings_seek(pendings, sequence);
	if (at == pendings->count || pendings->items[at]->sequence != sequence)
		return NULL;
	return pendings->items[at];
}

static bool pendings_grow(struct pendings *pendings)
{
	if (pendings->count < pendings->capacity)
		return true;
	size_t capacity = pendings->capacity == 0 ? 16 : 2 * pendings->capacity;
	struct pending **items = realloc(pendings->items, capacity * sizeof(struct pending *));
	if (items == NULL)
		return false;
	pendings->items = items;
	pendings->capacity = capacity;
	return true;
}

enum ch_status pendings_add(
	struct pendings *pendings, uint64_t sequence, struct pending **out_pending)
{
	size_t at = pendings_seek(pendings, sequence);
	if (at < pendings->count && pendings->items[at]->sequence == sequence)
		return CH_EXISTS;
	struct pending *pending = calloc(1, sizeof(*pending));
	if (pending == NULL || !pendings_grow(pendings)) {
		free(pending);
		return CH_NOMEM;
	}
	pending->sequence = sequence;
	pending->timer.tie = sequence;
	pending->timer.place = HEAP_OUT;
	memmove(&pendings->items[at + 1], &pendings->items[at],
		(pendings->count - at) * sizeof(struct pending *));
	pendings->items[at] = pending;
	pendings->count++;
	*out_pending = pending;
	return CH_OK;
}

void pendings_remove(struct pendings *pendings, struct pending *pending)
{
	size_t at = pendings_seek(pendings, pending->sequence);
	pendings->count--;
	memmove(&pendings->items[at], &pendings->items[at + 1],
		(pendings->count - at) * sizeof(struct pending *));
	pending_free(pending);
}

void pending_set_reason(struct pending *pending, struct slice reason)
{
	size_t len = reason.len;
	if (len > LIMIT_NACK_REASON_BYTES)
		len = text_utf8_prefix(slice_sub(reason, 0, LIMIT_NACK_REASON_BYTES));
	free(pending->reason);
	pending->reason = len > 0 ? strndup((const char *)reason.data, len) : NULL;
}

void pending_list_add(struct pending_list *list, struct pending *pending)
{
	pending->next = NULL;
	pending->previous = list->last;
	if (list->last != NULL)
		list->last->next = pending;
	else
		list->first = pending;
	list->last = pending;
}

void pending_list_remove(struct pending_list *list, struct pending *pending)
{
	if (pending->previous != NULL)
		pending->previous->next = pending->next;
	else
		list->first = pending->next;
	if (pending->next != NULL)
		pending->next->previous = pending->previous;
	else
		list->last = pending->previous;
	pending->next = NULL;
	pending->previous = NULL;
}
