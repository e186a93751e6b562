#include "base/heap.h"

#include <stdlib.h>

#include "base/invariant.h"

void heap_init(struct heap *heap)
{
	*heap = (struct heap){0};
}

void heap_fini(struct heap *heap)
{
	free(heap->items);
	*heap = (struct heap){0};
}

static void heap_place(struct heap *heap, size_t at, struct heap_item *item)
{
	heap->items[at] = item;
	item->place = at;
}

static int heap_later(const struct heap_item *a, const struct heap_item *b)
{
	return a->due_us > b->due_us || (a->due_us == b->due_us && a->tie > b->tie);
}

static void heap_up(struct heap *heap, size_t at)
{
	struct heap_item *item = heap->items[at];
	while (at > 0 && heap_later(heap->items[(at - 1) / 2], item)) {
		heap_place(heap, at, heap->items[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_place(heap, at, item);
}

static void heap_down(struct heap *heap, size_t at)
{
	struct heap_item *item = heap->items[at];
	for (size_t child = 2 * at + 1; child < heap->count; child = 2 * at + 1) {
		if (child + 1 < heap->count &&
			heap_later(heap->items[child], heap->items[child + 1]))
			child++;
		if (!heap_later(item, heap->items[child]))
			break;
		heap_place(heap, at, heap->items[child]);
		at = child;
	}
	heap_place(heap, at, item);
}

enum ch_status heap_push(struct heap *heap, struct heap_item *item)
{
	if (heap->count == heap->capacity) {
		size_t capacity = heap->capacity < 16 ? 16 : heap->capacity * 2;
		struct heap_item **items =
			realloc(heap->items, capacity * sizeof(struct heap_item *));
		if (items == NULL)
			return CH_NOMEM;
		heap->items = items;
		heap->capacity = capacity;
	}
	heap_place(heap, heap->count++, item);
	heap_up(heap, item->place);
	return CH_OK;
}

struct heap_item *heap_top(const struct heap *heap)
{
	return heap->count > 0 ? heap->items[0] : NULL;
}

struct heap_item *heap_pop(struct heap *heap)
{
	struct heap_item *item = heap_top(heap);
	if (item != NULL)
		heap_remove(heap, item);
	return item;
}

void heap_remove(struct heap *heap, struct heap_item *item)
{
	size_t at = item->place;
	if (at == HEAP_OUT)
		return;
	invariant(at < heap->count && heap->items[at] == item);
	item->place = HEAP_OUT;
	struct heap_item *last = heap->items[--heap->count];
	if (last == item)
		return;
	heap_place(heap, at, last);
	heap_up(heap, at);
	heap_down(heap, last->place);
}
