#include "module/marketing/basket/basket_store.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "base/table.h"

/* In the place of a removed basket's first item. */
#define STORE_REMOVED UINT32_MAX

/* Up to here a basket is sorted by inserting. */
#define STORE_SMALL 32u

struct vector {
	uint32_t *items;
	size_t count;
	size_t capacity;
};

struct item {
	uint32_t number;
	struct slice name;
	struct vector baskets;
};

struct basket_store {
	struct arena arena; /* items and their names */
	struct table by_name;
	struct item **items;
	size_t item_count;
	size_t item_capacity;
	size_t *ends; /* of each basket in `contents` */
	size_t basket_count;
	size_t basket_capacity;
	size_t removed;
	struct vector contents;
	uint32_t *sorted; /* LIMIT_BASKET_ITEMS: the basket being added */
};

static enum ch_status vector_reserve(struct vector *vector, size_t more)
{
	if (more <= vector->capacity - vector->count)
		return CH_OK;
	size_t capacity = vector->capacity + vector->capacity / 2 + more;
	uint32_t *items = realloc(vector->items, capacity * sizeof(*items));
	if (items == NULL)
		return CH_NOMEM;
	vector->items = items;
	vector->capacity = capacity;
	return CH_OK;
}

enum ch_status basket_store_create(struct basket_store **out_store)
{
	enum ch_status status = CH_NOMEM;
	struct basket_store *store = calloc(1, sizeof(*store));
	if (store == NULL)
		goto out;
	arena_init(&store->arena);
	table_init(&store->by_name);
	store->sorted = malloc(LIMIT_BASKET_ITEMS * sizeof(*store->sorted));
	if (store->sorted == NULL)
		goto out;
	*out_store = store;
	store = NULL; /* the caller's now */
	status = CH_OK;
out:
	basket_store_free(store);
	return status;
}

void basket_store_free(struct basket_store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < store->item_count; i++)
		free(store->items[i]->baskets.items);
	free(store->items);
	free(store->ends);
	free(store->contents.items);
	free(store->sorted);
	table_fini(&store->by_name);
	arena_fini(&store->arena);
	free(store);
}

static enum ch_status store_new_item(
	struct basket_store *store, struct slice name, uint32_t *out_item)
{
	if (store->item_count == LIMIT_ITEMS)
		return CH_TOO_LARGE;
	if (store->item_count == store->item_capacity) {
		size_t capacity = store->item_capacity == 0 ? 64 : store->item_capacity * 2;
		struct item **items = realloc(store->items, capacity * sizeof(struct item *));
		if (items == NULL)
			return CH_NOMEM;
		store->items = items;
		store->item_capacity = capacity;
	}
	struct item *item = arena_alloc(&store->arena, sizeof(*item));
	struct slice copy = arena_copy(&store->arena, name);
	if (item == NULL || (copy.data == NULL && name.len > 0))
		return CH_NOMEM;
	*item = (struct item){.number = (uint32_t)store->item_count, .name = copy};
	enum ch_status status = table_put(&store->by_name, copy, item);
	if (status != CH_OK)
		return status;
	store->items[store->item_count++] = item;
	*out_item = item->number;
	return CH_OK;
}

enum ch_status basket_store_item(struct basket_store *store, struct slice name, uint32_t *out_item)
{
	const struct item *item = table_get(&store->by_name, name);
	if (item == NULL)
		return store_new_item(store, name, out_item);
	*out_item = item->number;
	return CH_OK;
}

static int store_compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;
	return (a > b) - (a < b);
}

/* Nearly all baskets are small. */
static void store_insert(uint32_t *sorted, const uint32_t *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = i;
		for (; at > 0 && sorted[at - 1] > items[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = items[i];
	}
}

/* The basket in store->sorted, each item once; how many. */
static size_t store_sort(struct basket_store *store, const uint32_t *items, size_t count)
{
	size_t kept = 0;
	if (count == 0)
		return 0;
	if (count <= STORE_SMALL) {
		store_insert(store->sorted, items, count);
	} else {
		memcpy(store->sorted, items, count * sizeof(*items));
		qsort(store->sorted, count, sizeof(*items), store_compare);
	}
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || store->sorted[kept - 1] != store->sorted[i])
			store->sorted[kept++] = store->sorted[i];
	}
	return kept;
}

/* All memory that the basket takes, before anything changes. */
static enum ch_status store_reserve(struct basket_store *store, size_t count)
{
	if (store->basket_count == store->basket_capacity) {
		size_t capacity = store->basket_capacity + store->basket_capacity / 2 + 64;
		size_t *ends = realloc(store->ends, capacity * sizeof(*ends));
		if (ends == NULL)
			return CH_NOMEM;
		store->ends = ends;
		store->basket_capacity = capacity;
	}
	enum ch_status status = vector_reserve(&store->contents, count);
	for (size_t i = 0; i < count && status == CH_OK; i++)
		status = vector_reserve(&store->items[store->sorted[i]]->baskets, 1);
	return status;
}

enum ch_status basket_store_add(struct basket_store *store, const uint32_t *items, size_t count)
{
	if (count > LIMIT_BASKET_ITEMS || store->basket_count == LIMIT_BASKETS)
		return CH_TOO_LARGE;
	size_t kept = store_sort(store, items, count);
	enum ch_status status = store_reserve(store, kept);
	if (status != CH_OK)
		return status;
	for (size_t i = 0; i < kept; i++) {
		struct vector *baskets = &store->items[store->sorted[i]]->baskets;
		store->contents.items[store->contents.count++] = store->sorted[i];
		baskets->items[baskets->count++] = (uint32_t)store->basket_count;
	}
	store->ends[store->basket_count++] = store->contents.count;
	return CH_OK;
}

static void vector_take(struct vector *vector, uint32_t number)
{
	size_t low = 0;
	size_t high = vector->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (vector->items[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	invariant(low < vector->count && vector->items[low] == number);
	vector->count--;
	memmove(vector->items + low, vector->items + low + 1,
		(vector->count - low) * sizeof(*vector->items));
}

void basket_store_remove(struct basket_store *store, uint32_t basket)
{
	struct numbers items = basket_store_basket(store, basket);
	for (size_t i = 0; i < items.count; i++)
		vector_take(&store->items[items.items[i]]->baskets, basket);
	if (items.count > 0)
		store->contents.items[store->ends[basket] - items.count] = STORE_REMOVED;
	store->removed++;
}

uint32_t basket_store_live(const struct basket_store *store)
{
	return (uint32_t)(store->basket_count - store->removed);
}

uint32_t basket_store_baskets(const struct basket_store *store)
{
	return (uint32_t)store->basket_count;
}

uint32_t basket_store_items(const struct basket_store *store)
{
	return (uint32_t)store->item_count;
}

struct slice basket_store_name(const struct basket_store *store, uint32_t item)
{
	return store->items[item]->name;
}

struct numbers basket_store_basket(const struct basket_store *store, uint32_t basket)
{
	size_t from = basket > 0 ? store->ends[basket - 1] : 0;
	size_t count = store->ends[basket] - from;
	if (count > 0 && store->contents.items[from] == STORE_REMOVED)
		count = 0;
	/* No arithmetic on the NULL of a store that holds only empty baskets. */
	return (struct numbers){count > 0 ? store->contents.items + from : NULL, count};
}

struct numbers basket_store_having(const struct basket_store *store, uint32_t item)
{
	const struct vector *baskets = &store->items[item]->baskets;
	return (struct numbers){baskets->items, baskets->count};
}
