#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/invariant.h"
#include "module/kit/book_inside.h"
#include "module/kit/book_parts.h"

#define MAP_BYTES    (UINT64_C(1) << 30)
#define READERS      126u
#define FORM_BYTES   12u /* layout, version, sum of the tables' names */
#define BOOK_LAYOUT  1u  /* of what the kit keeps */
#define DATA_FILE    "data.mdb"
#define LOCK_FILE    "lock.mdb"
#define DAMAGED_FILE "data.mdb.damaged"
#define WRITER_FILE  "writer.lock"

static const char *const own_tables[] = {"kit.state", "kit.gaps", "kit.rejects", "kit.outbox",
	"kit.waiting", "kit.said", "kit.people", "kit.moved", "kit.erased", "kit.before"};

_Static_assert(sizeof(own_tables) / sizeof(*own_tables) == BOOK_OWN_END - BOOK_OWN_FIRST,
	"a name for each of the kit's tables");
_Static_assert(BOOK_OWN_END <= BOOK_TABLES_MAX, "and room for them");

static enum ch_status book_path(const char *directory, const char *name, char out[PATH_MAX])
{
	int len = snprintf(out, PATH_MAX, "%s/%s", directory, name);
	return len > 0 && len < PATH_MAX ? CH_OK : CH_TOO_LARGE;
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
		return tree_status(code);
	}
	bool fresh = now.ms_entries == 0;
	enum ch_status status = fresh && !txn.writing ? CH_NOT_FOUND : CH_OK;
	/* The form first: a book of another one has other tables, and is not damaged. */
	if (status == CH_OK) {
		status = tree_status(book_open_table(book, txn.mdb, form, BOOK_STATE, fresh));
		if (status == CH_NOT_FOUND)
			status = CH_CORRUPT;
	}
	if (status == CH_OK && !fresh)
		status = book_check_form(&txn, form);
	for (uint32_t i = 0; i < BOOK_OWN_END && status == CH_OK; i++) {
		if (i == form->table_count)
			i = BOOK_OWN_FIRST;
		status = tree_status(book_open_table(book, txn.mdb, form, i, fresh));
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
		return tree_status(mdb_txn_commit(txn.mdb));
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
	const struct tree_options tree = {.dir = form->directory,
		.tables = BOOK_TABLES_MAX,
		.readers = READERS,
		/* Who only reads takes the map as large as the writer has made it. */
		.map_bytes = mode == BOOK_READ     ? 0
			     : form->map_bytes > 0 ? form->map_bytes
						   : MAP_BYTES,
		.read_only = mode == BOOK_READ};
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
	status = tree_open(&tree, &book->mdb, &book->map_bytes);
	if (status != CH_OK)
		goto out;
	status = book_open_tables(book, form);
	if (status != CH_OK)
		goto out;
	/* LMDB never syncs the folder that its files were made in. */
	status = mode == BOOK_WRITE ? file_sync_dir(form->directory) : CH_OK;
	if (status != CH_OK)
		goto out;
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

uint64_t book_used_bytes(const struct book *book)
{
	return tree_used_bytes(book->mdb);
}
