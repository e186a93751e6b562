#include "module/quality/measure/shortlist.h"

#include <stdlib.h>
#include <string.h>

#include "module/quality/measure/measure.h"

void shortlist_init(struct shortlist *list, size_t item_size, shortlist_order *order)
{
	*list = (struct shortlist){.item_size = item_size, .order = order};
}

void shortlist_fini(struct shortlist *list)
{
	free(list->items);
	*list = (struct shortlist){0};
}

static bool shortlist_grow(struct shortlist *list)
{
	size_t capacity = list->capacity == 0 ? 32 : 2 * list->capacity;
	if (capacity > MEASURE_LIST_MAX)
		capacity = MEASURE_LIST_MAX;
	unsigned char *items = realloc(list->items, capacity * list->item_size);
	if (items == NULL)
		return false;
	list->items = items;
	list->capacity = capacity;
	return true;
}

/* Where it belongs: behind those that are alike. */
static size_t shortlist_find(const struct shortlist *list, const void *candidate)
{
	size_t low = 0;
	size_t high = list->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list->order(list->items + middle * list->item_size, candidate) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void *shortlist_place(struct shortlist *list, const void *candidate)
{
	size_t at = shortlist_find(list, candidate);
	list->total++;
	if (at == MEASURE_LIST_MAX)
		return NULL;
	if (list->count == list->capacity && list->capacity < MEASURE_LIST_MAX &&
		!shortlist_grow(list)) {
		list->status = CH_NOMEM;
		return NULL;
	}
	if (list->count < MEASURE_LIST_MAX)
		list->count++;
	unsigned char *place = list->items + at * list->item_size;
	memmove(place + list->item_size, place, (list->count - 1 - at) * list->item_size);
	memcpy(place, candidate, list->item_size);
	return place;
}

enum ch_status shortlist_finish(const struct shortlist *list, struct arena *arena, void *out_items,
	size_t *out_count, int64_t *out_total)
{
	void *items = NULL;
	if (list->status != CH_OK)
		return list->status;
	if (list->count > 0) {
		items = arena_alloc(arena, list->count * list->item_size);
		if (items == NULL)
			return CH_NOMEM;
		memcpy(items, list->items, list->count * list->item_size);
	}
	memcpy(out_items, &items, sizeof(items));
	*out_count = list->count;
	*out_total = list->total;
	return CH_OK;
}
