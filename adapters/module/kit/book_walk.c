#include <stdlib.h>

#include "module/kit/book_parts.h"

struct book_walk {
	struct book_txn *txn;
	MDB_cursor *mdb;
	uint32_t table;
	uint64_t changes; /* of the transaction, as of the last step */
	bool begun;
	size_t prefix_len;
	size_t len;
	uint8_t at[BOOK_KEY_BYTES]; /* the last key; before the first step where to begin */
	uint8_t prefix[BOOK_KEY_BYTES];
};

enum ch_status book_walk_begin(struct book_txn *txn, uint32_t table, struct slice prefix,
	struct slice from, struct book_walk **out_walk)
{
	enum ch_status status = txn->status;
	struct book_walk *walk = NULL;
	if (status != CH_OK)
		goto out;
	status = CH_TOO_LARGE;
	if (prefix.len > BOOK_KEY_BYTES || from.len > BOOK_KEY_BYTES)
		goto out;
	status = CH_NOMEM;
	walk = calloc(1, sizeof(*walk));
	if (walk == NULL)
		goto out;
	struct slice first = slice_compare(from, prefix) > 0 ? from : prefix;
	walk->txn = txn;
	walk->table = table;
	walk->changes = txn->changes;
	walk->prefix_len = prefix.len;
	walk->len = first.len;
	if (prefix.len > 0)
		memcpy(walk->prefix, prefix.data, prefix.len);
	if (first.len > 0)
		memcpy(walk->at, first.data, first.len);
	status = tree_status(mdb_cursor_open(txn->mdb, book_table(txn, table), &walk->mdb));
	if (status != CH_OK)
		goto out;
	*out_walk = walk;
	walk = NULL; /* the caller's now */
out:
	book_walk_end(walk);
	return status;
}

/* To the first key that is not before the one the walk has kept. */
static int book_walk_seek(struct book_walk *walk, MDB_val *key, MDB_val *found)
{
	*key = (MDB_val){walk->len, walk->at};
	return mdb_cursor_get(walk->mdb, key, found, walk->len > 0 ? MDB_SET_RANGE : MDB_FIRST);
}

static int book_walk_step(struct book_walk *walk, MDB_val *key, MDB_val *found)
{
	if (!walk->begun)
		return book_walk_seek(walk, key, found);
	/* Changes may have moved what the cursor stands at. */
	if (walk->changes != walk->txn->changes) {
		int code = book_walk_seek(walk, key, found);
		if (code != 0 || key->mv_size != walk->len ||
			memcmp(key->mv_data, walk->at, walk->len) != 0)
			return code;
	}
	return mdb_cursor_get(walk->mdb, key, found, MDB_NEXT);
}

enum ch_status book_walk_next(
	struct book_walk *walk, struct slice *out_key, struct slice *out_value)
{
	MDB_val key;
	MDB_val found;
	struct slice value;
	if (walk->txn->status != CH_OK)
		return walk->txn->status;
	enum ch_status status = tree_status(book_walk_step(walk, &key, &found));
	walk->begun = true;
	walk->changes = walk->txn->changes;
	if (status == CH_NOT_FOUND)
		return CH_END;
	struct slice here = slice_of(key.mv_data, key.mv_size);
	if (status == CH_OK && !slice_starts(here, slice_of(walk->prefix, walk->prefix_len)))
		return CH_END;
	if (status == CH_OK)
		status = here.len <= BOOK_KEY_BYTES ? CH_OK : CH_CORRUPT;
	if (status == CH_OK)
		status = tree_check(walk->table, here, &found, &value);
	if (status != CH_OK) {
		book_fail(walk->txn, status);
		return status;
	}
	memcpy(walk->at, here.data, here.len);
	walk->len = here.len;
	*out_key = here;
	*out_value = value;
	return CH_OK;
}

void book_walk_end(struct book_walk *walk)
{
	if (walk == NULL)
		return;
	if (walk->mdb != NULL)
		mdb_cursor_close(walk->mdb);
	free(walk);
}

/* The first key behind all that begin with the prefix; false: there is none such. */
static bool book_behind(struct slice prefix, uint8_t out[BOOK_KEY_BYTES], size_t *out_len)
{
	size_t len = prefix.len;
	while (len > 0 && prefix.data[len - 1] == 0xff)
		len--;
	if (len == 0)
		return false;
	memcpy(out, prefix.data, len);
	out[len - 1]++;
	*out_len = len;
	return true;
}

/* Stands at the last key that is below `bound`, or not above it; of all when there is no bound. */
static int book_seek_last(
	MDB_cursor *cursor, struct slice bound, bool included, MDB_val *key, MDB_val *found)
{
	if (bound.len == 0)
		return mdb_cursor_get(cursor, key, found, MDB_LAST);
	*key = tree_val(bound);
	int code = mdb_cursor_get(cursor, key, found, MDB_SET_RANGE);
	if (code == MDB_NOTFOUND)
		return mdb_cursor_get(cursor, key, found, MDB_LAST);
	if (code == 0 && !(included && slice_equal(slice_of(key->mv_data, key->mv_size), bound)))
		code = mdb_cursor_get(cursor, key, found, MDB_PREV);
	return code;
}

enum ch_status book_last(struct book_txn *txn, uint32_t table, struct slice prefix,
	struct slice most, struct slice *out_key, struct slice *out_value)
{
	MDB_val key;
	MDB_val found;
	MDB_cursor *cursor = NULL;
	uint8_t behind[BOOK_KEY_BYTES];
	struct slice value;
	struct slice bound = most;
	if (txn->status != CH_OK)
		return txn->status;
	if (prefix.len > BOOK_KEY_BYTES || most.len > BOOK_KEY_BYTES)
		return CH_TOO_LARGE;
	if (most.len == 0) {
		size_t len = 0;
		bound = book_behind(prefix, behind, &len) ? slice_of(behind, len) : bound;
	}
	enum ch_status status =
		tree_status(mdb_cursor_open(txn->mdb, book_table(txn, table), &cursor));
	if (status == CH_OK)
		status = tree_status(book_seek_last(cursor, bound, most.len > 0, &key, &found));
	struct slice here =
		status == CH_OK ? slice_of(key.mv_data, key.mv_size) : (struct slice){NULL, 0};
	if (status == CH_OK && !slice_starts(here, prefix))
		status = CH_NOT_FOUND;
	if (status == CH_OK)
		status = tree_check(table, here, &found, &value);
	if (cursor != NULL)
		mdb_cursor_close(cursor);
	if (status == CH_OK) {
		*out_key = here;
		*out_value = value;
	} else if (status != CH_NOT_FOUND) {
		book_fail(txn, status);
	}
	return status;
}
