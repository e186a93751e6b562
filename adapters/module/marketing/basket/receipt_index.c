#include "module/marketing/basket/receipt_index.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/table.h"
#include "module/kit/key.h"
#include "module/marketing/book_tables.h"

#define SLOT_WHOLE  100u
#define SLOTS       101u
#define SLOT_VOIDED 0x80u
#define SLOT_BYTES  5u

/* Rows that stay in memory from one batch to the next, some 10 MB; with more all go. */
#define ROWS_KEPT 16384u

enum slot_state {
	SLOT_EMPTY,
	SLOT_COUNTS,
	SLOT_GONE, /* voided */
};

struct receipt_row {
	struct slice key; /* as in the book */
	bool changed;
	uint8_t states[SLOTS];
	uint32_t baskets[SLOTS];
};

struct receipt_index {
	struct arena arena; /* rows and their keys */
	struct table rows;
	struct receipt_row **changed; /* since the last settle */
	size_t changed_count;
	size_t changed_capacity;
};

/* ---- Life ---- */

enum ch_status receipt_index_create(struct receipt_index **out_index)
{
	struct receipt_index *index = calloc(1, sizeof(*index));
	if (index == NULL)
		return CH_NOMEM;
	arena_init(&index->arena);
	table_init(&index->rows);
	*out_index = index;
	return CH_OK;
}

void receipt_index_free(struct receipt_index *index)
{
	if (index == NULL)
		return;
	free(index->changed);
	table_fini(&index->rows);
	arena_fini(&index->arena);
	free(index);
}

void receipt_index_forget(struct receipt_index *index)
{
	table_clear(&index->rows);
	arena_reset(&index->arena);
	index->changed_count = 0;
}

/* ---- Rows as they are stored ---- */

static enum ch_status row_read(struct receipt_row *row, struct slice value)
{
	uint32_t next = 0;
	memset(row->states, SLOT_EMPTY, sizeof(row->states));
	for (; value.len >= SLOT_BYTES; value = slice_sub(value, SLOT_BYTES, value.len)) {
		uint32_t slot = value.data[0] & ~SLOT_VOIDED;
		if (slot < next || slot >= SLOTS)
			return CH_CORRUPT;
		row->states[slot] = (value.data[0] & SLOT_VOIDED) != 0 ? SLOT_GONE : SLOT_COUNTS;
		row->baskets[slot] = load_le32(value.data + 1);
		next = slot + 1;
	}
	return value.len == 0 ? CH_OK : CH_CORRUPT;
}

static void row_write(const struct receipt_row *row, struct book_txn *txn)
{
	uint8_t value[SLOTS * SLOT_BYTES];
	size_t len = 0;
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		if (row->states[slot] == SLOT_EMPTY)
			continue;
		value[len] = (uint8_t)(slot | (row->states[slot] == SLOT_GONE ? SLOT_VOIDED : 0));
		store_le32(value + len + 1, row->baskets[slot]);
		len += SLOT_BYTES;
	}
	if (len > 0)
		book_put(txn, TABLE_RECEIPTS, row->key, slice_of(value, len));
	else
		book_delete(txn, TABLE_RECEIPTS, row->key);
}

/* ---- Finding ---- */

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* Cuts the slot off the number. */
static uint32_t slot_of(struct slice *number)
{
	size_t len = number->len;
	if (len < 2 || !is_digit(number->data[len - 1]) || !is_digit(number->data[len - 2]))
		return SLOT_WHOLE;
	number->len = len - 2;
	return (uint32_t)(number->data[len - 2] - '0') * 10 +
	       (uint32_t)(number->data[len - 1] - '0');
}

/* By date first: what is put side by side was sold side by side. */
static uint32_t row_key(struct key *key, enum receipt_name by, const struct slip_name *name)
{
	struct slice stem = by == RECEIPT_BY_NUMBER ? name->number : name->own_number;
	uint32_t slot = slot_of(&stem);
	key_start(key);
	key_byte(key, (uint8_t)by);
	key_text(key, name->date);
	key_text(key, name->store);
	if (by == RECEIPT_BY_NUMBER)
		key_text(key, name->till);
	key_text(key, stem);
	return slot;
}

static enum ch_status row_load(struct receipt_index *index, struct book_txn *txn, struct slice key,
	struct receipt_row **out_row)
{
	struct slice value = {NULL, 0};
	enum ch_status status = book_get(txn, TABLE_RECEIPTS, key, &value);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	struct receipt_row *row = arena_alloc(&index->arena, sizeof(*row));
	if (row == NULL)
		return CH_NOMEM;
	row->key = arena_copy(&index->arena, key);
	row->changed = false;
	if (row->key.data == NULL)
		return CH_NOMEM;
	status = row_read(row, value);
	if (status != CH_OK) {
		book_fail(txn, status);
		return status;
	}
	status = table_put(&index->rows, row->key, row);
	if (status == CH_OK)
		*out_row = row;
	return status;
}

enum ch_status receipt_index_find(struct receipt_index *index, struct book_txn *txn,
	enum receipt_name by, const struct slip_name *name, struct receipt_spot *out_spot)
{
	struct key key;
	uint32_t slot = row_key(&key, by, name);
	struct receipt_row *row = table_get(&index->rows, key_slice(&key));
	enum ch_status status = row != NULL ? CH_OK : row_load(index, txn, key_slice(&key), &row);
	if (status == CH_OK)
		*out_spot = (struct receipt_spot){row, slot};
	return status;
}

struct receipt receipt_index_get(const struct receipt_spot *spot)
{
	uint8_t state = spot->row->states[spot->slot];
	return (struct receipt){state != SLOT_EMPTY ? spot->row->baskets[spot->slot] : RECEIPT_NONE,
		state == SLOT_GONE};
}

/* ---- Changes ---- */

static enum ch_status row_note(struct receipt_index *index, struct receipt_row *row)
{
	if (row->changed)
		return CH_OK;
	if (index->changed_count == index->changed_capacity) {
		size_t capacity = index->changed_capacity * 2 + 256;
		struct receipt_row **changed =
			realloc(index->changed, capacity * sizeof(struct receipt_row *));
		if (changed == NULL)
			return CH_NOMEM;
		index->changed = changed;
		index->changed_capacity = capacity;
	}
	row->changed = true;
	index->changed[index->changed_count++] = row;
	return CH_OK;
}

enum ch_status receipt_index_put(
	struct receipt_index *index, const struct receipt_spot *spot, struct receipt receipt)
{
	enum ch_status status = row_note(index, spot->row);
	if (status != CH_OK)
		return status;
	spot->row->states[spot->slot] = receipt.voided ? SLOT_GONE : SLOT_COUNTS;
	spot->row->baskets[spot->slot] = receipt.basket;
	return CH_OK;
}

static int row_compare(const void *left, const void *right)
{
	const struct receipt_row *const *a = left;
	const struct receipt_row *const *b = right;
	return slice_compare((*a)->key, (*b)->key);
}

/* In the order of their keys: neighbours share pages of the book. */
void receipt_index_settle(struct receipt_index *index, struct book_txn *txn)
{
	if (index->changed_count > 1)
		qsort(index->changed, index->changed_count, sizeof(struct receipt_row *),
			row_compare);
	for (size_t i = 0; i < index->changed_count; i++) {
		row_write(index->changed[i], txn);
		index->changed[i]->changed = false;
	}
	index->changed_count = 0;
	if (index->rows.count > ROWS_KEPT)
		receipt_index_forget(index);
}

/* ---- Old receipts ---- */

static enum ch_status row_trim(
	struct book_txn *txn, struct slice key, struct slice value, uint32_t first)
{
	struct receipt_row row;
	struct key copy = {.len = key.len};
	bool changed = false;
	enum ch_status status = key.len <= KEY_BYTES ? row_read(&row, value) : CH_CORRUPT;
	if (status != CH_OK)
		return status;
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		if (row.states[slot] == SLOT_EMPTY || row.baskets[slot] == RECEIPT_NONE ||
			row.baskets[slot] >= first)
			continue;
		row.states[slot] = SLOT_EMPTY;
		changed = true;
	}
	if (!changed)
		return CH_OK;
	memcpy(copy.bytes, key.data, key.len);
	row.key = key_slice(&copy);
	row_write(&row, txn);
	return book_status(txn);
}

enum ch_status receipt_index_trim(struct receipt_index *index, struct book_txn *txn, uint32_t first)
{
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	const struct slice all = {NULL, 0};
	receipt_index_forget(index);
	enum ch_status status = book_walk_begin(txn, TABLE_RECEIPTS, all, all, &walk);
	while (status == CH_OK) {
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK)
			status = row_trim(txn, key, value, first);
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}
