#include "store/env.h"

#include <errno.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/invariant.h"
#include "base/limits.h"

#define SUM_BYTES     4u
#define TABLES_MAX    32u
#define MAP_BYTES_MIN (UINT64_C(1) << 20)

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

static enum ch_status env_status(int code)
{
	switch (code) {
	case MDB_SUCCESS:
		return CH_OK;
	case MDB_NOTFOUND:
		return CH_NOT_FOUND;
	case MDB_MAP_FULL:
	case MDB_MAP_RESIZED:
		return CH_RETRY;
	case MDB_READERS_FULL:
		return CH_BUSY;
	case MDB_TXN_FULL:
		return CH_TOO_LARGE;
	case MDB_VERSION_MISMATCH:
		return CH_VERSION;
	case MDB_PANIC: /* a meta page could not be written: nothing goes any more */
		return CH_CLOSED;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_INCOMPATIBLE:
		return CH_CORRUPT;
	case ENOMEM:
		return CH_NOMEM;
	case ENOSPC:
	case EDQUOT:
		return CH_FULL;
	case ENOENT:
		return CH_NOT_FOUND;
	default:
		return CH_IO; /* EIO, and what we do not know */
	}
}

static MDB_val env_val(struct slice s)
{
	/* LMDB's type has no const; it does not write through keys. */
	return (MDB_val){s.len, (void *)(uintptr_t)s.data};
}

/* ---- Opening ---- */

/* Reading ahead helps a file that fits into memory to get there and hurts one that does not. */
static unsigned env_read_ahead_flag(const char *dir)
{
	char path[PATH_MAX];
	struct stat stat_now;
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	if ((size_t)snprintf(path, sizeof(path), "%s/data.mdb", dir) >= sizeof(path) ||
		stat(path, &stat_now) != 0)
		return 0;
	return (uint64_t)stat_now.st_size > memory / 2 ? MDB_NORDAHEAD : 0;
}

static int env_open_mdb(struct env *env, const struct env_options *options, uint64_t map_bytes)
{
	unsigned flags = MDB_NOTLS | env_read_ahead_flag(options->dir);
	if (options->read_only)
		flags |= MDB_RDONLY;
	int code = mdb_env_create(&env->mdb);
	if (code != 0)
		return code;
	code = mdb_env_set_maxdbs(env->mdb, TABLES_MAX);
	if (code == 0)
		code = mdb_env_set_maxreaders(env->mdb, LIMIT_STORE_READERS);
	if (code == 0)
		code = mdb_env_set_mapsize(env->mdb, (size_t)map_bytes);
	if (code == 0)
		code = mdb_env_open(env->mdb, options->dir, flags, 0600);
	if (code != 0) {
		mdb_env_close(env->mdb);
		env->mdb = NULL;
	}
	return code;
}

/* The address space may be limited: asks for less and less of it. */
static enum ch_status env_open_map(struct env *env, const struct env_options *options)
{
	uint64_t bytes = options->map_bytes > MAP_BYTES_MIN ? options->map_bytes : MAP_BYTES_MIN;
	int code = env_open_mdb(env, options, bytes);
	while (code == ENOMEM && bytes > MAP_BYTES_MIN * 64) {
		bytes /= 4;
		code = env_open_mdb(env, options, bytes);
	}
	return env_status(code);
}

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
	return code == MDB_NOTFOUND && !fresh ? CH_CORRUPT : env_status(code);
}

/* Pages that a transaction took at the end of the file and gave back are counted and not
 * written, so the file may be a little shorter than its meta page says; so is one that was cut
 * off.  A read behind the end would be a SIGBUS.  Made long enough, the lost pages are zeros,
 * which LMDB and the sums tell from pages.  A file that must not be changed is refused instead. */
static enum ch_status env_mend_length(const struct env *env, bool read_only)
{
	int fd = -1;
	struct stat stat_now;
	uint64_t bytes = env_used_bytes(env);
	if (mdb_env_get_fd(env->mdb, &fd) != 0 || fstat(fd, &stat_now) != 0)
		return CH_IO;
	if ((uint64_t)stat_now.st_size >= bytes)
		return CH_OK;
	if (read_only)
		return CH_CORRUPT;
	return ftruncate(fd, (off_t)bytes) == 0 ? CH_OK : file_status();
}

enum ch_status env_open(const struct env_options *options, struct env **out_env)
{
	MDB_envinfo info;
	enum ch_status status = CH_NOMEM;
	invariant(options->table_count <= TABLES_MAX);
	struct env *env = calloc(1, sizeof(*env));
	if (env == NULL)
		goto out;
	env->table_count = options->table_count;
	status = options->read_only ? CH_OK : file_make_dirs(options->dir, 0700);
	if (status != CH_OK)
		goto out;
	status = env_open_map(env, options);
	if (status != CH_OK)
		goto out;
	status = env_mend_length(env, options->read_only);
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
	status = env_status(mdb_env_info(env->mdb, &info));
	if (status != CH_OK)
		goto out;
	env->map_bytes = info.me_mapsize;
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

/* ---- Values and their sums ---- */

static uint32_t env_sum(uint32_t table, struct slice key, const void *data, size_t len)
{
	uint8_t number = (uint8_t)table;
	uint32_t sum = crc32c(0, &number, 1);
	sum = crc32c(sum, key.data, key.len);
	return crc32c(sum, data, len);
}

/* The value without its sum, which is right. */
static enum ch_status env_check(
	uint32_t table, struct slice key, const MDB_val *stored, struct slice *out_value)
{
	const uint8_t *data = stored->mv_data;
	if (stored->mv_size < SUM_BYTES)
		return CH_CORRUPT;
	size_t len = stored->mv_size - SUM_BYTES;
	if (load_le32(data + len) != env_sum(table, key, data, len))
		return CH_CORRUPT;
	*out_value = slice_of(data, len);
	return CH_OK;
}

/* ---- Reading ---- */

enum ch_status env_read_begin(struct env *env, struct env_read **out_read)
{
	struct env_read *read = env->lost ? NULL : calloc(1, sizeof(*read));
	if (read == NULL)
		return CH_NOMEM;
	read->env = env;
	enum ch_status status = env_status(mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &read->txn));
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
	enum ch_status status = env_status(mdb_txn_renew(read->txn));
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
	MDB_val wanted = env_val(key);
	enum ch_status status =
		env_status(mdb_get(read->txn, read->env->tables[table], &wanted, &found));
	return status == CH_OK ? env_check(table, key, &found, out_value) : status;
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
		env_status(mdb_cursor_open(read->txn, read->env->tables[table], &cursor->mdb));
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
	enum ch_status status = env_status(mdb_cursor_get(cursor->mdb, key, &found, op));
	if (status == CH_NOT_FOUND)
		return CH_END;
	struct slice here = slice_of(key->mv_data, key->mv_size);
	if (status == CH_OK)
		status = env_check(cursor->table, here, &found, &value);
	if (status == CH_OK) {
		*out_key = here;
		*out_value = value;
	}
	return status;
}

enum ch_status env_seek(
	struct env_cursor *cursor, struct slice key, struct slice *out_key, struct slice *out_value)
{
	MDB_val at = env_val(key);
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
	enum ch_status status = env_status(mdb_txn_begin(env->mdb, NULL, 0, &write->txn));
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
			env_status(mdb_cursor_open(write->txn, write->env->tables[table], cursor));
	return *cursor;
}

void env_put(struct env_write *write, uint32_t table, struct slice key, struct slice value)
{
	if (write->status != CH_OK)
		return;
	MDB_val where = env_val(key);
	MDB_val stored = {value.len + SUM_BYTES, NULL};
	MDB_cursor *cursor = env_write_cursor(write, table);
	if (write->status == CH_OK)
		write->status = env_status(mdb_cursor_put(cursor, &where, &stored, MDB_RESERVE));
	if (write->status != CH_OK)
		return;
	uint8_t *at = stored.mv_data;
	if (value.len > 0)
		memcpy(at, value.data, value.len);
	store_le32(at + value.len, env_sum(table, key, value.data, value.len));
}

void env_delete(struct env_write *write, uint32_t table, struct slice key)
{
	if (write->status != CH_OK)
		return;
	MDB_val found;
	MDB_val where = env_val(key);
	MDB_cursor *cursor = env_write_cursor(write, table);
	if (write->status != CH_OK)
		return;
	enum ch_status status = env_status(mdb_cursor_get(cursor, &where, &found, MDB_SET));
	if (status == CH_OK)
		status = env_status(mdb_cursor_del(cursor, 0));
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
		status = env_status(mdb_txn_commit(write->txn));
		write->txn = NULL;
		if (status == CH_OK)
			(void)env_mend_length(write->env, false); /* the next opening does */
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
	enum ch_status status = env_status(mdb_env_set_mapsize(env->mdb, (size_t)bytes));
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
	MDB_stat stat;
	MDB_envinfo info;
	(void)mdb_env_stat(env->mdb, &stat); /* neither fails on an open environment */
	(void)mdb_env_info(env->mdb, &info);
	return (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize;
}

void env_check_readers(struct env *env)
{
	int dead = 0;
	(void)mdb_reader_check(env->mdb, &dead); /* tried again in ten seconds */
}
