#include "store/env.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "tree/tree.h"

#define TABLES_MAX 32u

struct env {
	MDB_env *mdb;
	uint32_t table_count;
	uint64_t map_bytes;
	bool lost; /* the map could not be moved and is gone */
	MDB_dbi tables[TABLES_MAX];
};

struct env_read {
	struct env *env;
	MDB_txn *txn;
	bool resting;
};

struct env_cursor {
	const struct env *env;
	MDB_cursor *mdb;
	uint32_t table;
};

struct env_write {
	struct env *env;
	MDB_txn *txn;
	enum ch_status status;
	MDB_cursor *cursors[TABLES_MAX]; /* opened at a table's first put */
};

/* ---- Opening ---- */

/* Opens the tables and, in a new environment, makes them: all in one transaction, so an environment
 * has all of them or none.  One that is missing from a list of others is damage (LMDB would make it
 * anew, empty, and in a damaged list at a place where it does not find it again). */
static enum ch_status env_open_tables(struct env *env, const struct env_options *options)
{
	MDB_dbi list;
	MDB_stat stat_now = {0};
	MDB_txn *txn = NULL;
	int code = mdb_txn_begin(env->mdb, NULL, options->read_only ? MDB_RDONLY : 0, &txn);
	if (code == 0)
		code = mdb_dbi_open(txn, NULL, 0, &list);
	if (code == 0)
		code = mdb_stat(txn, list, &stat_now);
	bool fresh = stat_now.ms_entries == 0;
	bool older = false;
	for (uint32_t i = 0; i < options->table_count && code == 0; i++) {
		bool added = i >= options->table_count - options->added;
		bool made = (fresh || added) && !options->read_only;
		code = mdb_dbi_open(
			txn, options->tables[i], made ? MDB_CREATE : 0, &env->tables[i]);
		older = code == MDB_NOTFOUND && added && !fresh;
	}
	if (code == 0)
		code = mdb_txn_commit(txn);
	else
		mdb_txn_abort(txn);
	if (older)
		return CH_VERSION;
	return code == MDB_NOTFOUND && !fresh ? CH_CORRUPT : tree_status(code);
}

enum ch_status env_open(const struct env_options *options, struct env **out_env)
{
	const struct tree_options tree = {.dir = options->dir,
		.tables = TABLES_MAX,
		.readers = LIMIT_STORE_READERS,
		.map_bytes = options->map_bytes > 0 ? options->map_bytes : TREE_MAP_BYTES_MIN,
		.read_only = options->read_only};
	enum ch_status status = CH_NOMEM;
	invariant(options->table_count <= TABLES_MAX);
	struct env *env = calloc(1, sizeof(*env));
	if (env == NULL)
		goto out;
	env->table_count = options->table_count;
	status = options->read_only ? CH_OK : file_make_dirs(options->dir, 0700);
	if (status != CH_OK)
		goto out;
	status = tree_open(&tree, &env->mdb, &env->map_bytes);
	if (status != CH_OK)
		goto out;
	status = env_open_tables(env, options);
	if (status != CH_OK)
		goto out;
	/* LMDB never syncs the folder that its files were made in. */
	if (!options->read_only)
		status = file_sync_dir(options->dir);
	if (status != CH_OK)
		goto out;
	*out_env = env;
	env = NULL; /* the caller's now */
out:
	env_close(env);
	return status;
}

void env_close(struct env *env)
{
	if (env == NULL)
		return;
	if (env->mdb != NULL)
		mdb_env_close(env->mdb);
	free(env);
}

/* ---- Reading ---- */

enum ch_status env_read_begin(struct env *env, struct env_read **out_read)
{
	struct env_read *read = env->lost ? NULL : calloc(1, sizeof(*read));
	if (read == NULL)
		return CH_NOMEM;
	read->env = env;
	enum ch_status status = tree_status(mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &read->txn));
	if (status == CH_OK)
		*out_read = read;
	else
		free(read);
	return status;
}

void env_read_rest(struct env_read *read)
{
	if (!read->resting)
		mdb_txn_reset(read->txn);
	read->resting = true;
}

enum ch_status env_read_renew(struct env_read *read)
{
	invariant(read->resting);
	if (read->env->lost)
		return CH_NOMEM;
	enum ch_status status = tree_status(mdb_txn_renew(read->txn));
	if (status == CH_OK)
		read->resting = false;
	return status;
}

void env_read_end(struct env_read *read)
{
	if (read == NULL)
		return;
	mdb_txn_abort(read->txn);
	free(read);
}

enum ch_status env_get(
	const struct env_read *read, uint32_t table, struct slice key, struct slice *out_value)
{
	MDB_val found;
	MDB_val wanted = tree_val(key);
	enum ch_status status =
		tree_status(mdb_get(read->txn, read->env->tables[table], &wanted, &found));
	return status == CH_OK ? tree_check(table, key, &found, out_value) : status;
}

enum ch_status env_cursor_open(
	const struct env_read *read, uint32_t table, struct env_cursor **out_cursor)
{
	struct env_cursor *cursor = malloc(sizeof(*cursor));
	if (cursor == NULL)
		return CH_NOMEM;
	cursor->env = read->env;
	cursor->table = table;
	enum ch_status status =
		tree_status(mdb_cursor_open(read->txn, read->env->tables[table], &cursor->mdb));
	if (status == CH_OK)
		*out_cursor = cursor;
	else
		free(cursor);
	return status;
}

void env_cursor_close(struct env_cursor *cursor)
{
	if (cursor == NULL)
		return;
	mdb_cursor_close(cursor->mdb);
	free(cursor);
}

static enum ch_status env_move(struct env_cursor *cursor, MDB_val *key, MDB_cursor_op op,
	struct slice *out_key, struct slice *out_value)
{
	MDB_val found;
	struct slice value;
	enum ch_status status = tree_status(mdb_cursor_get(cursor->mdb, key, &found, op));
	if (status == CH_NOT_FOUND)
		return CH_END;
	struct slice here = slice_of(key->mv_data, key->mv_size);
	if (status == CH_OK)
		status = tree_check(cursor->table, here, &found, &value);
	if (status == CH_OK) {
		*out_key = here;
		*out_value = value;
	}
	return status;
}

enum ch_status env_seek(
	struct env_cursor *cursor, struct slice key, struct slice *out_key, struct slice *out_value)
{
	MDB_val at = tree_val(key);
	return env_move(cursor, &at, key.len == 0 ? MDB_FIRST : MDB_SET_RANGE, out_key, out_value);
}

enum ch_status env_next(struct env_cursor *cursor, struct slice *out_key, struct slice *out_value)
{
	MDB_val at = {0, NULL};
	return env_move(cursor, &at, MDB_NEXT, out_key, out_value);
}

/* ---- Writing ---- */

enum ch_status env_write_begin(struct env *env, struct env_write **out_write)
{
	struct env_write *write = env->lost ? NULL : calloc(1, sizeof(*write));
	if (write == NULL)
		return CH_NOMEM;
	write->env = env;
	enum ch_status status = tree_status(mdb_txn_begin(env->mdb, NULL, 0, &write->txn));
	if (status == CH_OK)
		*out_write = write;
	else
		free(write);
	return status;
}

/* A cursor that stays where the last key went finds the next one of a sorted series in the same
 * page without coming down the tree again. */
static MDB_cursor *env_write_cursor(struct env_write *write, uint32_t table)
{
	MDB_cursor **cursor = &write->cursors[table];
	if (*cursor == NULL && write->status == CH_OK)
		write->status =
			tree_status(mdb_cursor_open(write->txn, write->env->tables[table], cursor));
	return *cursor;
}

void env_put(struct env_write *write, uint32_t table, struct slice key, struct slice value)
{
	if (write->status != CH_OK)
		return;
	MDB_val where = tree_val(key);
	MDB_val stored = {value.len + TREE_SUM_BYTES, NULL};
	MDB_cursor *cursor = env_write_cursor(write, table);
	if (write->status == CH_OK)
		write->status = tree_status(mdb_cursor_put(cursor, &where, &stored, MDB_RESERVE));
	if (write->status != CH_OK)
		return;
	uint8_t *at = stored.mv_data;
	if (value.len > 0)
		memcpy(at, value.data, value.len);
	store_le32(at + value.len, tree_sum(table, key, value));
}

void env_delete(struct env_write *write, uint32_t table, struct slice key)
{
	if (write->status != CH_OK)
		return;
	MDB_val found;
	MDB_val where = tree_val(key);
	MDB_cursor *cursor = env_write_cursor(write, table);
	if (write->status != CH_OK)
		return;
	enum ch_status status = tree_status(mdb_cursor_get(cursor, &where, &found, MDB_SET));
	if (status == CH_OK)
		status = tree_status(mdb_cursor_del(cursor, 0));
	if (status != CH_NOT_FOUND)
		write->status = status;
}

void env_fail(struct env_write *write, enum ch_status status)
{
	if (write->status == CH_OK)
		write->status = status;
}

enum ch_status env_write_status(const struct env_write *write)
{
	return write->status;
}

enum ch_status env_commit(struct env_write *write)
{
	enum ch_status status = write->status;
	if (status == CH_OK) {
		/* Ends the transaction and closes its cursors in every case. */
		status = tree_status(mdb_txn_commit(write->txn));
		write->txn = NULL;
		if (status == CH_OK)
			(void)tree_mend_length(write->env->mdb, false); /* the next opening does */
	}
	env_abort(write);
	return status;
}

void env_abort(struct env_write *write)
{
	if (write == NULL)
		return;
	if (write->txn != NULL)
		mdb_txn_abort(write->txn);
	free(write);
}

/* ---- Keeping ---- */

enum ch_status env_grow(struct env *env, uint64_t bytes)
{
	enum ch_status status = tree_status(mdb_env_set_mapsize(env->mdb, (size_t)bytes));
	if (status == CH_OK)
		env->map_bytes = bytes;
	else
		env->lost = true;
	return status;
}

uint64_t env_map_bytes(const struct env *env)
{
	return env->map_bytes;
}

uint64_t env_used_bytes(const struct env *env)
{
	return tree_used_bytes(env->mdb);
}

void env_check_readers(struct env *env)
{
	int dead = 0;
	(void)mdb_reader_check(env->mdb, &dead); /* tried again in ten seconds */
}
