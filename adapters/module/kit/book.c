#include <stdlib.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/invariant.h"
#include "module/kit/book_inside.h"
#include "module/kit/book_parts.h"

#define LOOK_EVERY_US 10000000

/* ---- Transactions ---- */

/* Nobody may look at the map while it moves, and our own views are the only ones that we can know of; other
 * processes find out by themselves. */
static enum ch_status book_make_room(struct book *book)
{
	if (!book->full && book_used_bytes(book) <= book->map_bytes / 2)
		return CH_OK;
	if (book->open > 0)
		return book->full ? CH_BUSY : CH_OK;
	uint64_t bytes = book->map_bytes * 2;
	int code = mdb_env_set_mapsize(book->mdb, (size_t)bytes);
	if (code != 0)
		return book->full ? CH_FULL : CH_OK;
	book->map_bytes = bytes;
	book->full = false;
	return CH_OK;
}

/* The slots of readers whose process died: without this their pages stay for ever. */
static void book_look_for_readers(struct book *book)
{
	int dead;
	int64_t now_us = clock_steady_us();
	if (book->looked_us != 0 && now_us - book->looked_us < LOOK_EVERY_US)
		return;
	book->looked_us = now_us;
	(void)mdb_reader_check(book->mdb, &dead); /* tried again */
}

enum ch_status book_begin(struct book *book, bool writing, struct book_txn **out_txn)
{
	invariant(!writing || book->mode == BOOK_WRITE);
	if (writing) {
		book_look_for_readers(book);
		enum ch_status status = book_make_room(book);
		if (status != CH_OK)
			return status;
	}
	struct book_txn *txn = calloc(1, sizeof(*txn));
	if (txn == NULL)
		return CH_NOMEM;
	txn->book = book;
	txn->writing = writing;
	int code = mdb_txn_begin(book->mdb, NULL, writing ? 0 : MDB_RDONLY, &txn->mdb);
	/* Another process has made the map larger. */
	if (code == MDB_MAP_RESIZED && book->open == 0 && mdb_env_set_mapsize(book->mdb, 0) == 0)
		code = mdb_txn_begin(book->mdb, NULL, writing ? 0 : MDB_RDONLY, &txn->mdb);
	if (code != 0) {
		free(txn);
		return tree_status(code);
	}
	book->open++;
	*out_txn = txn;
	return CH_OK;
}

static void book_end(struct book_txn *txn)
{
	txn->book->full |= txn->status == CH_RETRY;
	txn->book->open--;
	free(txn);
}

enum ch_status book_commit(struct book_txn *txn)
{
	enum ch_status status = txn->status;
	if (status != CH_OK || !txn->writing) {
		mdb_txn_abort(txn->mdb);
	} else {
		status = txn->status = tree_status(mdb_txn_commit(txn->mdb)); /* it is gone */
		if (status == CH_OK)
			(void)tree_mend_length(txn->book->mdb, false); /* the next opening does */
	}
	book_end(txn);
	return status;
}

void book_abort(struct book_txn *txn)
{
	if (txn == NULL)
		return;
	mdb_txn_abort(txn->mdb);
	book_end(txn);
}

enum ch_status book_status(const struct book_txn *txn)
{
	return txn->status;
}

void book_fail(struct book_txn *txn, enum ch_status status)
{
	if (txn->status == CH_OK)
		txn->status = status;
}

/* ---- One key ---- */

MDB_dbi book_table(const struct book_txn *txn, uint32_t table)
{
	invariant(table < BOOK_TABLES_MAX && txn->book->in_use[table]);
	return txn->book->tables[table];
}

enum ch_status book_get(
	struct book_txn *txn, uint32_t table, struct slice key, struct slice *out_value)
{
	MDB_val found;
	MDB_val wanted = tree_val(key);
	if (txn->status != CH_OK)
		return txn->status;
	if (key.len == 0 || key.len > BOOK_KEY_BYTES)
		return CH_TOO_LARGE;
	enum ch_status status =
		tree_status(mdb_get(txn->mdb, book_table(txn, table), &wanted, &found));
	if (status == CH_OK)
		status = tree_check(table, key, &found, out_value);
	if (status != CH_OK && status != CH_NOT_FOUND)
		book_fail(txn, status);
	return status;
}

/* False: nothing may be changed, and why sticks. */
static bool book_may_change(struct book_txn *txn, struct slice key)
{
	invariant(txn->writing);
	if (key.len == 0 || key.len > BOOK_KEY_BYTES)
		book_fail(txn, CH_TOO_LARGE);
	return txn->status == CH_OK;
}

void book_put(struct book_txn *txn, uint32_t table, struct slice key, struct slice value)
{
	uint8_t sum[TREE_SUM_BYTES];
	struct buffer *copy = &txn->book->copy;
	if (!book_may_change(txn, key))
		return;
	store_le32(sum, tree_sum(table, key, value));
	buffer_clear(copy);
	buffer_append_slice(copy, key);
	buffer_append_slice(copy, value);
	buffer_append(copy, sum, sizeof(sum));
	if (copy->status != CH_OK) {
		book_fail(txn, CH_NOMEM);
		return;
	}
	MDB_val where = {key.len, copy->data};
	MDB_val stored = {value.len + TREE_SUM_BYTES, copy->data + key.len};
	book_fail(txn, tree_status(mdb_put(txn->mdb, book_table(txn, table), &where, &stored, 0)));
	txn->changes++;
}

void book_delete(struct book_txn *txn, uint32_t table, struct slice key)
{
	uint8_t copy[BOOK_KEY_BYTES];
	if (!book_may_change(txn, key))
		return;
	memcpy(copy, key.data, key.len);
	MDB_val where = {key.len, copy};
	enum ch_status status =
		tree_status(mdb_del(txn->mdb, book_table(txn, table), &where, NULL));
	if (status != CH_NOT_FOUND)
		book_fail(txn, status);
	txn->changes++;
}

void book_clear(struct book_txn *txn, uint32_t table)
{
	invariant(txn->writing);
	if (txn->status != CH_OK)
		return;
	book_fail(txn, tree_status(mdb_drop(txn->mdb, book_table(txn, table), 0)));
	txn->changes++;
}

void book_wipe(struct book_txn *txn)
{
	struct buffer form = {0};
	struct slice stored;
	if (book_get(txn, BOOK_STATE, SLICE_LITERAL("form"), &stored) == CH_OK)
		buffer_append_slice(&form, stored);
	for (uint32_t i = 0; i < BOOK_TABLES_MAX; i++) {
		if (txn->book->in_use[i] && i != BOOK_BEFORE)
			book_clear(txn, i);
	}
	book_put(txn, BOOK_STATE, SLICE_LITERAL("form"), buffer_slice(&form));
	book_fail(txn, form.status);
	buffer_fini(&form);
}

uint64_t book_count(struct book_txn *txn, uint32_t table)
{
	MDB_stat now = {0};
	book_fail(txn, tree_status(mdb_stat(txn->mdb, book_table(txn, table), &now)));
	return now.ms_entries;
}
