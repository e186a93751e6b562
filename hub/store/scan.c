#include "store/scan.h"

#include <stdlib.h>

void scan_init(struct scan *scan)
{
	scan->items = scan->small;
	scan->count = 0;
	scan->capacity = SCAN_SMALL;
	scan->layer = 0;
	scan->status = CH_OK;
}

void scan_fini(struct scan *scan)
{
	if (scan->items != scan->small)
		free(scan->items);
}

static enum ch_status scan_grow(struct scan *scan)
{
	size_t capacity = scan->capacity * 4;
	struct scan_item *items = malloc(capacity * sizeof(*items));
	if (items == NULL)
		return CH_NOMEM;
	memcpy(items, scan->items, scan->count * sizeof(*items));
	scan_fini(scan);
	scan->items = items;
	scan->capacity = capacity;
	return CH_OK;
}

bool scan_collect(void *context, const struct overlay_item *item)
{
	struct scan *scan = context;
	if (scan->count == scan->capacity && scan->status == CH_OK)
		scan->status = scan_grow(scan);
	if (scan->status != CH_OK)
		return false;
	scan->items[scan->count++] =
		(struct scan_item){item->key, item->value, scan->layer, item->deleted};
	return true;
}

void scan_next_layer(struct scan *scan)
{
	scan->layer++;
}

static int scan_compare(const void *a, const void *b)
{
	const struct scan_item *x = a;
	const struct scan_item *y = b;
	int order = slice_compare(x->key, y->key);
	if (order != 0)
		return order;
	return x->layer < y->layer ? -1 : x->layer > y->layer;
}

/* In key order, of each key only what the newest layer says. */
static void scan_sort(struct scan *scan)
{
	size_t kept = 0;
	qsort(scan->items, scan->count, sizeof(*scan->items), scan_compare);
	for (size_t i = 0; i < scan->count; i++) {
		if (kept > 0 && slice_equal(scan->items[kept - 1].key, scan->items[i].key))
			continue;
		scan->items[kept++] = scan->items[i];
	}
	scan->count = kept;
}

/* One step of the merge of changes and stored keys; false when the visitor has had enough. */
static bool scan_item_step(const struct scan_item *item, scan_visit visit, void *context)
{
	return item->deleted || visit(context, item->key, item->value);
}

enum ch_status scan_run(struct scan *scan, const struct env_read *read, uint32_t table,
	struct slice prefix, scan_visit visit, void *context)
{
	struct env_cursor *cursor = NULL;
	struct slice key = {NULL, 0};
	struct slice value = {NULL, 0};
	size_t at = 0;
	bool more = true;
	if (scan->status != CH_OK)
		return scan->status;
	scan_sort(scan);
	enum ch_status status = env_cursor_open(read, table, &cursor);
	if (status != CH_OK)
		return status;
	status = env_seek(cursor, prefix, &key, &value);
	while (more && status == CH_OK && slice_starts(key, prefix)) {
		int order = at == scan->count ? -1 : slice_compare(key, scan->items[at].key);
		if (order < 0)
			more = visit(context, key, value);
		else
			more = scan_item_step(&scan->items[at++], visit, context);
		if (more && order <= 0)
			status = env_next(cursor, &key, &value);
	}
	env_cursor_close(cursor);
	if (status != CH_OK && status != CH_END)
		return status;
	while (more && at < scan->count)
		more = scan_item_step(&scan->items[at++], visit, context);
	return CH_OK;
}
