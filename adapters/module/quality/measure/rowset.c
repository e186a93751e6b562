#include "module/quality/measure/rowset.h"

#include <stdlib.h>

#include "base/bytes.h"

/* What stands before a row in memory. */
struct rowset_item {
	struct slice id; /* see rowset_id */
	max_align_t row[];
};

void rowset_init(struct rowset *rowset, struct arena *arena, size_t row_size)
{
	*rowset = (struct rowset){.arena = arena, .row_size = row_size};
	table_init(&rowset->rows);
}

void rowset_fini(struct rowset *rowset)
{
	table_fini(&rowset->rows);
}

/* An id sorts as name, period, hour, more: every text with an end that no text holds before it. */
static size_t rowset_id_len(
	const struct measure_key *key, const struct slice *more, size_t more_count)
{
	size_t len = key->name.len + 1 + sizeof(uint64_t) + sizeof(uint32_t);
	for (size_t i = 0; i < more_count; i++)
		len += more[i].len + 1;
	return len;
}

static uint8_t *rowset_id_text(uint8_t *out, struct slice text)
{
	if (text.len > 0)
		memcpy(out, text.data, text.len);
	out[text.len] = 0;
	return out + text.len + 1;
}

static void rowset_id(
	uint8_t *out, const struct measure_key *key, const struct slice *more, size_t more_count)
{
	out = rowset_id_text(out, key->name);
	/* Times before 1970 come first. */
	store_be64(out, (uint64_t)key->period_us ^ (UINT64_C(1) << 63));
	store_be32(out + sizeof(uint64_t), key->hour);
	out += sizeof(uint64_t) + sizeof(uint32_t);
	for (size_t i = 0; i < more_count; i++)
		out = rowset_id_text(out, more[i]);
}

static struct rowset_item *rowset_make(
	struct rowset *rowset, struct slice id, const struct measure_key *key)
{
	struct rowset_item *item = arena_alloc(rowset->arena, sizeof(*item) + rowset->row_size);
	struct slice kept = arena_copy(rowset->arena, id);
	if (item == NULL || kept.data == NULL || table_put(&rowset->rows, kept, item) != CH_OK) {
		rowset->status = CH_NOMEM;
		return NULL;
	}
	struct measure_key *row_key = (struct measure_key *)(void *)item->row;
	item->id = kept;
	memset(item->row, 0, rowset->row_size);
	*row_key = *key;
	row_key->name = slice_of(kept.data, key->name.len);
	return item;
}

void *rowset_row(struct rowset *rowset, const struct measure_key *key, const struct slice *more,
	size_t more_count, bool *out_new)
{
	uint8_t near[256]; /* most are short, and looked up millions of times */
	uint8_t *id = near;
	size_t len = rowset_id_len(key, more, more_count);
	struct rowset_item *item = NULL;
	bool made = false;
	if (len > sizeof(near))
		id = malloc(len);
	if (id == NULL) {
		rowset->status = CH_NOMEM;
		goto out;
	}
	rowset_id(id, key, more, more_count);
	item = table_get(&rowset->rows, slice_of(id, len));
	made = item == NULL;
	if (made)
		item = rowset_make(rowset, slice_of(id, len), key);
out:
	if (out_new != NULL)
		*out_new = made && item != NULL;
	if (id != near)
		free(id);
	return item != NULL ? item->row : NULL;
}

static int rowset_order(const void *a, const void *b)
{
	const struct rowset_item *const *one = a;
	const struct rowset_item *const *other = b;
	return slice_compare((*one)->id, (*other)->id);
}

enum ch_status rowset_finish(struct rowset *rowset, void **out_rows, size_t *out_count)
{
	struct rowset_item **items = NULL;
	struct rowset_item *item;
	uint8_t *rows = NULL;
	size_t count = rowset->rows.count;
	size_t at = 0;
	enum ch_status status = rowset->status;
	if (status != CH_OK || count == 0)
		goto out;
	status = CH_NOMEM;
	items = calloc(count, sizeof(struct rowset_item *));
	rows = arena_alloc(rowset->arena, count * rowset->row_size);
	if (items == NULL || rows == NULL)
		goto out;
	for (size_t i = 0; (item = table_next(&rowset->rows, &at)) != NULL; i++)
		items[i] = item;
	qsort(items, count, sizeof(struct rowset_item *), rowset_order);
	for (size_t i = 0; i < count; i++)
		memcpy(rows + i * rowset->row_size, items[i]->row, rowset->row_size);
	status = CH_OK;
out:
	free(items);
	if (status == CH_OK) {
		*out_rows = rows;
		*out_count = count;
	}
	return status;
}
