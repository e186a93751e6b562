/* A binary heap of items ordered by a time: the next thing due is on top.  Items know their place,
 * so one that is no longer wanted can be taken out.  Not for threads to share. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define HEAP_OUT SIZE_MAX

struct heap_item {
	int64_t due_us;
	uint64_t tie; /* order among equals, where that must not depend on the heap's history */
	size_t place; /* HEAP_OUT when in no heap */
};

struct heap {
	struct heap_item **items;
	size_t count;
	size_t capacity;
};

void heap_init(struct heap *heap);
void heap_fini(struct heap *heap); /* items are the caller's */

enum ch_status heap_push(struct heap *heap, struct heap_item *item); /* CH_NOMEM */
struct heap_item *heap_top(const struct heap *heap);                 /* NULL when empty */
struct heap_item *heap_pop(struct heap *heap);                       /* NULL when empty */
void heap_remove(struct heap *heap, struct heap_item *item);         /* fine when it is out */

#endif
