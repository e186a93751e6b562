/* Fingerprints are spread evenly: one pass by their first bits, about one bucket for each, puts all
 * nearly in place.  Ids made so that they fall together cost a sort by comparison. */
#include "store/id_order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define SPREAD_BITS_MAX 20u
#define INSERT_MAX      16u /* from more items on the comparison sort is worth its calls */

static int id_order_compare(const void *a, const void *b)
{
	const struct id_order_item *x = a;
	const struct id_order_item *y = b;
	if (x->head != y->head)
		return x->head < y->head ? -1 : 1;
	return memcmp(x->record->fingerprint, y->record->fingerprint, ID_FINGERPRINT_BYTES);
}

static unsigned id_order_spread_bits(uint32_t count)
{
	unsigned bits = 1;
	while (bits < SPREAD_BITS_MAX && (count >> bits) > 0)
		bits++;
	return bits;
}

static void id_order_sort_bucket(struct id_order_item *items, uint32_t count)
{
	if (count > INSERT_MAX) {
		qsort(items, count, sizeof(*items), id_order_compare);
		return;
	}
	for (uint32_t i = 1; i < count; i++) {
		struct id_order_item item = items[i];
		uint32_t at = i;
		for (; at > 0 && id_order_compare(&items[at - 1], &item) > 0; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

/* `starts`: zeroed, one more than there are buckets. */
static void id_order_spread(const struct ids *ids, unsigned bits, uint32_t *starts,
	struct id_order_item *items, uint32_t count)
{
	uint32_t buckets = 1u << bits;
	for (uint32_t i = 0; i < count; i++)
		starts[load_be64(ids_at(ids, i)->fingerprint) >> (64 - bits)]++;
	uint32_t next = 0;
	for (uint32_t i = 0; i <= buckets; i++) {
		next += starts[i];
		starts[i] = next; /* the end, until filling from behind makes it the start */
	}
	for (uint32_t i = count; i-- > 0;) {
		const struct id_record *record = ids_at(ids, i);
		uint64_t head = load_be64(record->fingerprint);
		items[--starts[head >> (64 - bits)]] = (struct id_order_item){head, record};
	}
	for (uint32_t i = 0; i < buckets; i++)
		id_order_sort_bucket(items + starts[i], starts[i + 1] - starts[i]);
}

enum ch_status id_order_create(const struct ids *ids, struct id_order_item **out_items)
{
	uint32_t count = ids_count(ids);
	unsigned bits = id_order_spread_bits(count);
	uint32_t *starts = calloc(((size_t)1 << bits) + 1, sizeof(*starts));
	struct id_order_item *items = malloc(count * sizeof(*items));
	bool ready = starts != NULL && items != NULL;
	if (ready) {
		id_order_spread(ids, bits, starts, items, count);
		*out_items = items;
		items = NULL; /* the caller's now */
	}
	free(items);
	free(starts);
	return ready ? CH_OK : CH_NOMEM;
}
