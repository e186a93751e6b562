/* A radix sort over table and first 16 bytes, which decides nearly everything without looking at
 * the entries again: they lie all over memory, and each look is a cache miss.  Byte positions in
 * which all keys agree are skipped, and in real keys most do.  What is still equal then is
 * sorted by comparison. */
#include "store/order.h"

#include <stdlib.h>

#define POSITIONS 17u /* the table, then 16 bytes of the key */

struct order_counts {
	uint32_t of[POSITIONS][256];
};

/* Byte number `position` of what is sorted by, the most significant first. */
static uint8_t order_byte(const struct order_item *item, unsigned position)
{
	if (position == 0)
		return (uint8_t)item->table;
	if (position <= 8)
		return (uint8_t)(item->head >> (8 * (8 - position)));
	return (uint8_t)(item->more >> (8 * (16 - position)));
}

/* A key that ends early goes on with zeros; the comparison of equals puts it first. */
static uint64_t order_number(struct slice key, size_t from)
{
	uint64_t number = 0;
	for (size_t i = from; i < from + 8; i++)
		number = number << 8 | (i < key.len ? key.data[i] : 0);
	return number;
}

static size_t order_fill(
	const struct overlay *overlay, struct order_item *items, struct order_counts *counts)
{
	size_t count = 0;
	size_t at = 0;
	for (uint32_t reference = overlay_next(overlay, &at); reference != 0;
		reference = overlay_next(overlay, &at)) {
		struct overlay_item item = overlay_item(overlay, reference);
		struct order_item *to = &items[count++];
		*to = (struct order_item){order_number(item.key, 0), order_number(item.key, 8),
			reference, item.table};
		for (unsigned i = 0; i < POSITIONS; i++)
			counts->of[i][order_byte(to, i)]++;
	}
	return count;
}

static bool order_all_agree(const uint32_t counts[256], size_t count)
{
	for (unsigned i = 0; i < 256; i++) {
		if (counts[i] != 0)
			return counts[i] == count;
	}
	return true;
}

/* One pass: by one byte, keeping the order of equals. */
static void order_pass(const struct order_item *from, struct order_item *to, size_t count,
	unsigned position, const uint32_t counts[256])
{
	uint32_t place[256];
	uint32_t next = 0;
	for (unsigned i = 0; i < 256; i++) {
		place[i] = next;
		next += counts[i];
	}
	for (size_t i = 0; i < count; i++)
		to[place[order_byte(&from[i], position)]++] = from[i];
}

static int order_compare(const void *a, const void *b, void *context)
{
	const struct overlay *overlay = context;
	const struct order_item *x = a;
	const struct order_item *y = b;
	return slice_compare(
		overlay_item(overlay, x->reference).key, overlay_item(overlay, y->reference).key);
}

static bool order_same_head(const struct order_item *a, const struct order_item *b)
{
	return a->table == b->table && a->head == b->head && a->more == b->more;
}

/* Stretches that the first 16 bytes do not tell apart. */
static void order_finish(const struct overlay *overlay, struct order_item *items, size_t count)
{
	size_t end = 0;
	for (size_t start = 0; start < count; start = end) {
		end = start + 1;
		while (end < count && order_same_head(&items[start], &items[end]))
			end++;
		if (end - start > 1)
			qsort_r(items + start, end - start, sizeof(*items), order_compare,
				(void *)(uintptr_t)overlay);
	}
}

enum ch_status order_create(
	const struct overlay *overlay, struct order_item **out_items, size_t *out_count)
{
	enum ch_status status = CH_NOMEM;
	size_t capacity = overlay_keys(overlay) + 1;
	struct order_item *items = malloc(capacity * sizeof(*items));
	struct order_item *other = malloc(capacity * sizeof(*other));
	struct order_counts *counts = calloc(1, sizeof(*counts));
	if (items == NULL || other == NULL || counts == NULL)
		goto out;
	size_t count = order_fill(overlay, items, counts);
	for (unsigned i = POSITIONS; i-- > 0;) {
		if (order_all_agree(counts->of[i], count))
			continue;
		order_pass(items, other, count, i, counts->of[i]);
		struct order_item *sorted = other;
		other = items;
		items = sorted;
	}
	order_finish(overlay, items, count);
	*out_items = items;
	*out_count = count;
	items = NULL; /* the caller's now */
	status = CH_OK;
out:
	free(counts);
	free(other);
	free(items);
	return status;
}
