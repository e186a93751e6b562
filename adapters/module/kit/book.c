#include "module/kit/book.h"

#include <errno.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/invariant.h"
#include "module/kit/book_inside.h"

#define MAP_BYTES     (UINT64_C(1) << 30)
#define MAP_BYTES_MIN (UINT64_C(1) << 20)
#define READERS       126u
#define SUM_BYTES     4u
#define LOOK_EVERY_US 10000000
#define FORM_BYTES    12u /* layout, version, sum of the tables' names */
#define BOOK_LAYOUT   1u  /* of what the kit keeps */
#define DATA_FILE     "data.mdb"
#define LOCK_FILE     "lock.mdb"
#define DAMAGED_FILE  "data.mdb.damaged"
#define WRITER_FILE   "writer.lock"

static const char *const own_tables[] = {"kit.state", "kit.gaps", "kit.rejects", "kit.outbox",
	"kit.waiting", "kit.said", "kit.people", "kit.moved", "kit.erased", "kit.before"};

_Static_assert(sizeof(own_tables) / sizeof(*own_tables) == BOOK_OWN_END - BOOK_OWN_FIRST,
	"a name for each of the kit's tables");
_Static_assert(BOOK_OWN_END <= BOOK_TABLES_MAX, "and room for them");

struct book {
	MDB_env *mdb;
	enum book_mode mode;
	int writer_lock; /* -1: not ours */
	uint32_t table_count;
	bool in_use[BOOK_TABLES_MAX];
	MDB_dbi tables[BOOK_TABLES_MAX];
	uint64_t map_bytes;
	uint32_t open;      /* transactions */
	bool full;          /* the map has to grow before anything else is written */
	int64_t looked_us;  /* for readers whose process died */
	struct buffer copy; /* of what is put: it may stand in the book itself */
};

struct book_txn {
	struct book *book;
	MDB_txn *mdb;
	bool writing;
	enum ch_status status;
	uint64_t changes;
};

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

static enum ch_status book_status_of(int code)
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
	case EACCES:
	case EPERM:
		return CH_DENIED;
	default:
		return CH_IO; /* EIO, and what we do not know */
	}
}

static MDB_val book_val(struct slice s)
{
	/* LMDB's type has no const; it does not write through keys. */
	return (MDB_val){s.len, (void *)(uintptr_t)s.data};
}

static enum ch_status book_path(const char *directory, const char *name, char out[PATH_MAX])
{
	int len = snprintf(out, PATH_MAX, "%s/%s", directory, name);
	return len > 0 && len < PATH_MAX ? CH_OK : CH_TOO_LARGE;
}

/* ---- Opening ---- */

static int book_open_mdb(struct book *book, const char *directory, uint64_t map_bytes)
{
	unsigned flags = MDB_NOTLS | (book->mode == BOOK_READ ? MDB_RDONLY : 0);
	int code = mdb_env_create(&book->mdb);
	if (code != 0)
		return code;
	code = mdb_env_set_maxdbs(book->mdb, BOOK_TABLES_MAX);
	if (code == 0)
		code = mdb_env_set_maxreaders(book->mdb, READERS);
	/* Who only reads takes the map as large as the writer has made it. */
	if (code == 0 && book->mode == BOOK_WRITE)
		code = mdb_env_set_mapsize(book->mdb, (size_t)map_bytes);
	if (code == 0)
		code = mdb_env_open(book->mdb, directory, flags, 0600);
	if (code != 0) {
		mdb_env_close(book->mdb);
		book->mdb = NULL;
	}
	return code;
}

/* The address space may be limited: asks for less and less of it. */
static enum ch_status book_open_map(struct book *book, const struct book_form *form)
{
	uint64_t bytes = form->map_bytes > 0 ? form->map_bytes : MAP_BYTES;
	int code = book_open_mdb(book, form->directory, bytes);
	while (code == ENOMEM && bytes > MAP_BYTES_MIN * 64) {
		bytes /= 4;
		code = book_open_mdb(book, form->directory, bytes);
	}
	return book_status_of(code);
}

/* Pages that a transaction took at the end of the file and gave back are counted and not written, so the file
 * may be shorter than its meta page says; so is one that was cut off.  A read behind the end would be a
 * SIGBUS.  Made long enough, what is missing is zeros, which LMDB and the sums tell from pages. */
static enum ch_status book_mend_length(const struct book *book)
{
	int fd = -1;
	struct stat now;
	uint64_t bytes = book_used_bytes(book);
	if (mdb_env_get_fd(book->mdb, &fd) != 0 || fstat(fd, &now) != 0)
		return CH_IO;
	if ((uint64_t)now.st_size >= bytes)
		return CH_OK;
	if (book->mode == BOOK_READ)
		return CH_CORRUPT;
	return ftruncate(fd, (off_t)bytes) == 0 ? CH_OK : file_status();
}

static const char *book_table_name(const struct book_form *form, uint32_t table)
{
	return table >= BOOK_OWN_FIRST ? own_tables[table - BOOK_OWN_FIRST] : form->tables[table];
}

static void book_form_bytes(const struct book_form *form, uint8_t out[FORM_BYTES])
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < form->table_count; i++)
		sum = crc32c(sum, form->tables[i], strlen(form->tables[i]) + 1);
	store_le32(out, BOOK_LAYOUT);
	store_le32(out + 4, form->version);
	store_le32(out + 8, sum);
}

/* The form that is written down in the book, against ours. */
static enum ch_status book_check_form(struct book_txn *txn, const struct book_form *form)
{
	struct slice stored;
	uint8_t ours[FORM_BYTES];
	book_form_bytes(form, ours);
	enum ch_status status = book_get(txn, BOOK_STATE, SLICE_LITERAL("form"), &stored);
	if (status == CH_NOT_FOUND)
		return CH_CORRUPT;
	if (status == CH_OK && !slice_equal(stored, slice_of(ours, sizeof(ours))))
		return CH_VERSION;
	return status;
}

static int book_open_table(
	struct book *book, MDB_txn *mdb, const struct book_form *form, uint32_t table, bool make)
{
	int code = mdb_dbi_open(
		mdb, book_table_name(form, table), make ? MDB_CREATE : 0, &book->tables[table]);
	book->in_use[table] = code == 0;
	return code;
}

/* Opens the tables, and in a new book makes them: all in one transaction, so a book has all of them or none.
 * One that is missing from a list of others is damage. */
static enum ch_status book_open_tables(struct book *book, const struct book_form *form)
{
	MDB_dbi list;
	MDB_stat now = {0};
	struct book_txn txn = {.book = book, .writing = book->mode == BOOK_WRITE};
	int code = mdb_txn_begin(book->mdb, NULL, txn.writing ? 0 : MDB_RDONLY, &txn.mdb);
	if (code == 0)
		code = mdb_dbi_open(txn.mdb, NULL, 0, &list);
	if (code == 0)
		code = mdb_stat(txn.mdb, list, &now);
	if (code != 0) {
		if (txn.mdb != NULL)
			mdb_txn_abort(txn.mdb);
		return book_status_of(code);
	}
	bool fresh = now.ms_entries == 0;
	enum ch_status status = fresh && !txn.writing ? CH_NOT_FOUND : CH_OK;
	/* The form first: a book of another one has other tables, and is not damaged. */
	if (status == CH_OK) {
		status = book_status_of(book_open_table(book, txn.mdb, form, BOOK_STATE, fresh));
		if (status == CH_NOT_FOUND)
			status = CH_CORRUPT;
	}
	if (status == CH_OK && !fresh)
		status = book_check_form(&txn, form);
	for (uint32_t i = 0; i < BOOK_OWN_END && status == CH_OK; i++) {
		if (i == form->table_count)
			i = BOOK_OWN_FIRST;
		status = book_status_of(book_open_table(book, txn.mdb, form, i, fresh));
		if (status == CH_NOT_FOUND)
			status = CH_CORRUPT;
	}
	if (status == CH_OK && fresh) {
		uint8_t ours[FORM_BYTES];
		book_form_bytes(form, ours);
		book_put(&txn, BOOK_STATE, SLICE_LITERAL("form"), slice_of(ours, sizeof(ours)));
		status = txn.status;
	}
	if (status == CH_OK)
		return book_status_of(mdb_txn_commit(txn.mdb));
	mdb_txn_abort(txn.mdb);
	return status;
}

static enum ch_status book_take_lock(struct book *book, const char *directory)
{
	char path[PATH_MAX];
	enum ch_status status = file_make_dirs(directory, 0700);
	if (status == CH_OK)
		status = book_path(directory, WRITER_FILE, path);
	return status == CH_OK ? file_lock(path, &book->writer_lock) : status;
}

enum ch_status book_open(const struct book_form *form, enum book_mode mode, struct book **out_book)
{
	MDB_envinfo info;
	enum ch_status status = CH_NOMEM;
	invariant(form->table_count < BOOK_OWN_FIRST);
	struct book *book = calloc(1, sizeof(*book));
	if (book == NULL)
		goto out;
	book->mode = mode;
	book->writer_lock = -1;
	book->table_count = form->table_count;
	status = mode == BOOK_WRITE ? book_take_lock(book, form->directory) : CH_OK;
	if (status != CH_OK)
		goto out;
	status = book_open_map(book, form);
	if (status != CH_OK)
		goto out;
	status = book_mend_length(book);
	if (status != CH_OK)
		goto out;
	status = book_open_tables(book, form);
	if (status != CH_OK)
		goto out;
	/* LMDB never syncs the folder that its files were made in. */
	status = mode == BOOK_WRITE ? file_sync_dir(form->directory) : CH_OK;
	if (status != CH_OK)
		goto out;
	status = book_status_of(mdb_env_info(book->mdb, &info));
	if (status != CH_OK)
		goto out;
	book->map_bytes = info.me_mapsize;
	*out_book = book;
	book = NULL; /* the caller's now */
out:
	book_close(book);
	return status;
}

void book_close(struct book *book)
{
	if (book == NULL)
		return;
	invariant(book->open == 0);
	if (book->mdb != NULL)
		mdb_env_close(book->mdb);
	if (book->writer_lock >= 0)
		(void)close(book->writer_lock); /* and with it the lock */
	buffer_fini(&book->copy);
	free(book);
}

enum ch_status book_discard(const char *directory, bool keep)
{
	char data[PATH_MAX];
	char path[PATH_MAX];
	struct stat now;
	struct book book = {.writer_lock = -1};
	if (stat(directory, &now) != 0)
		return errno == ENOENT ? CH_OK : file_status();
	enum ch_status status = book_take_lock(&book, directory);
	if (status != CH_OK)
		return status;
	status = book_path(directory, DATA_FILE, data);
	if (status == CH_OK)
		status = book_path(directory, DAMAGED_FILE, path);
	if (status == CH_OK && (keep ? rename(data, path) : unlink(data)) != 0 && errno != ENOENT)
		status = file_status();
	if (status == CH_OK)
		status = book_path(directory, LOCK_FILE, path);
	if (status == CH_OK && unlink(path) != 0 && errno != ENOENT)
		status = file_status();
	if (status == CH_OK)
		status = file_sync_dir(directory);
	(void)close(book.writer_lock);
	return status;
}

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
		return book_status_of(code);
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
		status = txn->status = book_status_of(mdb_txn_commit(txn->mdb)); /* it is gone */
		if (status == CH_OK)
			(void)book_mend_length(txn->book); /* the next opening does */
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

static MDB_dbi book_table(const struct book_txn *txn, uint32_t table)
{
	invariant(table < BOOK_TABLES_MAX && txn->book->in_use[table]);
	return txn->book->tables[table];
}

static uint32_t book_sum(uint32_t table, struct slice key, struct slice value)
{
	uint8_t number = (uint8_t)table;
	uint32_t sum = crc32c(0, &number, 1);
	sum = crc32c(sum, key.data, key.len);
	return crc32c(sum, value.data, value.len);
}

/* The value without its sum, which is right. */
static enum ch_status book_check(
	uint32_t table, struct slice key, const MDB_val *stored, struct slice *out_value)
{
	if (stored->mv_size < SUM_BYTES)
		return CH_CORRUPT;
	struct slice value = slice_of(stored->mv_data, stored->mv_size - SUM_BYTES);
	if (load_le32(value.data + value.len) != book_sum(table, key, value))
		return CH_CORRUPT;
	*out_value = value;
	return CH_OK;
}

enum ch_status book_get(
	struct book_txn *txn, uint32_t table, struct slice key, struct slice *out_value)
{
	MDB_val found;
	MDB_val wanted = book_val(key);
	if (txn->status != CH_OK)
		return txn->status;
	if (key.len == 0 || key.len > BOOK_KEY_BYTES)
		return CH_TOO_LARGE;
	enum ch_status status =
		book_status_of(mdb_get(txn->mdb, book_table(txn, table), &wanted, &found));
	if (status == CH_OK)
		status = book_check(table, key, &found, out_value);
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
	uint8_t sum[SUM_BYTES];
	struct buffer *copy = &txn->book->copy;
	if (!book_may_change(txn, key))
		return;
	store_le32(sum, book_sum(table, key, value));
	buffer_clear(copy);
	buffer_append_slice(copy, key);
	buffer_append_slice(copy, value);
	buffer_append(copy, sum, sizeof(sum));
	if (copy->status != CH_OK) {
		book_fail(txn, CH_NOMEM);
		return;
	}
	MDB_val where = {key.len, copy->data};
	MDB_val stored = {value.len + SUM_BYTES, copy->data + key.len};
	book_fail(
		txn, book_status_of(mdb_put(txn->mdb, book_table(txn, table), &where, &stored, 0)));
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
		book_status_of(mdb_del(txn->mdb, book_table(txn, table), &where, NULL));
	if (status != CH_NOT_FOUND)
		book_fail(txn, status);
	txn->changes++;
}

void book_clear(struct book_txn *txn, uint32_t table)
{
	invariant(txn->writing);
	if (txn->status != CH_OK)
		return;
	book_fail(txn, book_status_of(mdb_drop(txn->mdb, book_table(txn, table), 0)));
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
	book_fail(txn, book_status_of(mdb_stat(txn->mdb, book_table(txn, table), &now)));
	return now.ms_entries;
}

/* ---- Many keys ---- */

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
	status = book_status_of(mdb_cursor_open(txn->mdb, book_table(txn, table), &walk->mdb));
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
	enum ch_status status = book_status_of(book_walk_step(walk, &key, &found));
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
		status = book_check(walk->table, here, &found, &value);
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
	*key = book_val(bound);
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
		book_status_of(mdb_cursor_open(txn->mdb, book_table(txn, table), &cursor));
	if (status == CH_OK)
		status = book_status_of(book_seek_last(cursor, bound, most.len > 0, &key, &found));
	struct slice here =
		status == CH_OK ? slice_of(key.mv_data, key.mv_size) : (struct slice){NULL, 0};
	if (status == CH_OK && !slice_starts(here, prefix))
		status = CH_NOT_FOUND;
	if (status == CH_OK)
		status = book_check(table, here, &found, &value);
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

/* ---- What it takes ---- */

uint64_t book_used_bytes(const struct book *book)
{
	MDB_stat now;
	MDB_envinfo info;
	(void)mdb_env_stat(book->mdb, &now); /* neither fails on an open environment */
	(void)mdb_env_info(book->mdb, &info);
	return (uint64_t)(info.me_last_pgno + 1) * now.ms_psize;
}
