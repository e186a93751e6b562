/* A book from the inside: what its files share, and the only ones that know LMDB.
 *
 *     book_file.c   opening and closing: folder, form, tables, the file's length
 *     book.c        transactions, and one key
 *     book_walk.c   many keys */
#ifndef MODULE_KIT_BOOK_PARTS_H
#define MODULE_KIT_BOOK_PARTS_H

#include <lmdb.h>

#include "module/kit/book.h"

#define BOOK_SUM_BYTES 4u /* behind each value */

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

static inline MDB_val book_val(struct slice s)
{
	/* LMDB's type has no const; it does not write through keys. */
	return (MDB_val){s.len, (void *)(uintptr_t)s.data};
}

/* What LMDB or the system says, as a status of ours. */
enum ch_status book_status_of(int code);

/* One of the tables that are open. */
MDB_dbi book_table(const struct book_txn *txn, uint32_t table);

/* The value without its sum, which is right; else CH_CORRUPT. */
enum ch_status book_check(
	uint32_t table, struct slice key, const MDB_val *stored, struct slice *out_value);

/* Pages that a transaction took at the end of the file and gave back are counted and not written, so the file
 * may be shorter than its meta page says; so is one that was cut off.  A read behind the end would be a
 * SIGBUS.  Made long enough, what is missing is zeros, which LMDB and the sums tell from pages.  CH_CORRUPT (who
 * only reads), CH_FULL, CH_IO. */
enum ch_status book_mend_length(const struct book *book);

#endif
