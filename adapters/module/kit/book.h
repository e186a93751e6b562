/* A module's book: what it has learnt from the journal, in tables of its own.
 *
 * A book holds nothing that the journal does not imply, so it may be deleted at any time and is then made
 * anew.  It is one LMDB environment in a folder of its own; the process that folds writes it, any number
 * of others (a report) read it at the same time, each as of one commit.
 *
 *     enum { REPAIRS, CALLS, TABLES };                       a table is its index
 *     static const char *const tables[TABLES] = {"repairs", "calls"};
 *     const struct book_form form = {.directory = path, .tables = tables, .table_count = TABLES,
 *             .version = 1};
 *     status = book_open(&form, BOOK_WRITE, &book);
 *     status = book_begin(book, true, &txn);
 *     book_put(txn, REPAIRS, key_slice(&key), value);        the status sticks
 *     status = book_get(txn, REPAIRS, key_slice(&key), &value);
 *     status = book_commit(txn);
 *
 * Keys are byte strings and stand in byte order; key.h makes them.  Every value is stored with a CRC-32C
 * of its table, key and bytes, and is checked whenever it is read: CH_CORRUPT is damage, and the remedy
 * is to make the book anew.
 *
 * A book belongs to one form: tables and version.  A module that folds otherwise than its last release
 * raises the version, and the old book is made anew.
 *
 * One thread at a time uses a book and its transactions. */
#ifndef MODULE_KIT_BOOK_H
#define MODULE_KIT_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct book;
struct book_txn;
struct book_walk;

/* A key that is longer is CH_TOO_LARGE; key.h never makes one. */
#define BOOK_KEY_BYTES  511u
#define BOOK_TABLES_MAX 96u

enum book_mode {
	BOOK_READ,  /* beside whoever writes it */
	BOOK_WRITE, /* one process at a time; folder and tables are made when absent */
};

struct book_form {
	const char *
		directory; /* its own; made for its owner alone (mode 700): it holds people's data */
	const char *const
		*tables; /* names, `[a-z.]+`, unique; what they point to outlives the book */
	uint32_t table_count;
	uint32_t version;   /* of the fold; from 1 */
	uint64_t map_bytes; /* address space to begin with, 0: 1 GiB; it grows by itself */
};

/* What the form looks at is not copied.  CH_NOT_FOUND (BOOK_READ): there is none yet; CH_BUSY (BOOK_WRITE): another
 * process writes it; CH_VERSION: it is of another form, see book_discard; CH_CORRUPT; CH_DENIED, CH_FULL, CH_IO,
 * CH_NOMEM. */
enum ch_status book_open(const struct book_form *form, enum book_mode mode, struct book **out_book);

/* No transaction is open.  NULL is fine. */
void book_close(struct book *book);

/* Removes a book that no process has open for writing, whatever its form or state: the next
 * book_open makes an empty one.  With `keep`, its file is left beside as `data.mdb.damaged` (the one before
 * it is gone).  Fine when there is none.  CH_BUSY, CH_IO. */
enum ch_status book_discard(const char *directory, bool keep);

/* ---- Transactions ---- */

/* A view as of the last commit; with `writing` one that may change it, of which there is one at a time in
 * the process.  The map is made larger here when it is more than half full.  CH_NOMEM, CH_BUSY (too many
 * readers), CH_IO, CH_CLOSED (an earlier commit failed in a way that ends all writing). */
enum ch_status book_begin(struct book *book, bool writing, struct book_txn **out_txn);

/* Durable when it returns CH_OK; else nothing has changed, but for CH_IO, after which nobody knows until the
 * book is opened again.  In any case the transaction is gone.  What stuck before is returned: CH_RETRY: the
 * map was full, do all of it once more; CH_FULL: the disk is.  A view just ends. */
enum ch_status book_commit(struct book_txn *txn);

/* Nothing has changed.  NULL is fine. */
void book_abort(struct book_txn *txn);

/* What stuck. */
enum ch_status book_status(const struct book_txn *txn);

/* Makes it bad, for a step of the caller's own that failed. */
void book_fail(struct book_txn *txn, enum ch_status status);

/* ---- One key ---- */

/* *out_value lives until the next change in this transaction, in a view until its end.  CH_NOT_FOUND; CH_TOO_LARGE (the
 * key); CH_CORRUPT, CH_IO: these stick; what stuck before. */
enum ch_status book_get(
	struct book_txn *txn, uint32_t table, struct slice key, struct slice *out_value);

/* Replaces.  Both are copied first, so they may look into the book.  The status sticks: CH_TOO_LARGE (the
 * key is empty or too long), CH_RETRY, CH_FULL, CH_IO, CH_NOMEM. */
void book_put(struct book_txn *txn, uint32_t table, struct slice key, struct slice value);

/* Fine when it is not there.  The status sticks. */
void book_delete(struct book_txn *txn, uint32_t table, struct slice key);

/* Empties a table. */
void book_clear(struct book_txn *txn, uint32_t table);

/* How many keys a table has. */
uint64_t book_count(struct book_txn *txn, uint32_t table);

/* ---- Many keys ---- */

/* Walks the keys that begin with `prefix` (empty: all), in order, from `from` on (empty: the first; else a
 * whole key, prefix included).  The walk ends before its transaction.  While it goes on the table may be
 * changed: keys behind the one it stands at are seen as they then are, and a slice it gave lives until
 * the next change.  CH_NOMEM, CH_TOO_LARGE, what stuck before. */
enum ch_status book_walk_begin(struct book_txn *txn, uint32_t table, struct slice prefix,
	struct slice from, struct book_walk **out_walk);

/* CH_OK: the next; CH_END; CH_CORRUPT, CH_IO. */
enum ch_status book_walk_next(
	struct book_walk *walk, struct slice *out_key, struct slice *out_value);
void book_walk_end(struct book_walk *walk); /* NULL is fine */

/* The last key that begins with `prefix` and is not above `most` (empty: the last of all with the prefix):
 * what was in force at a time.  CH_NOT_FOUND; as book_get. */
enum ch_status book_last(struct book_txn *txn, uint32_t table, struct slice prefix,
	struct slice most, struct slice *out_key, struct slice *out_value);

/* ---- What it takes ---- */

uint64_t book_used_bytes(const struct book *book);

#endif
