/* A book from the inside: what its files share, and the only ones that know LMDB.
 *
 *     book_file.c   opening and closing: folder, form, tables, the file's length
 *     book.c        transactions, and one key
 *     book_walk.c   many keys */
#ifndef MODULE_KIT_BOOK_PARTS_H
#define MODULE_KIT_BOOK_PARTS_H

#include "module/kit/book.h"
#include "tree/tree.h"

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

/* One of the tables that are open. */
MDB_dbi book_table(const struct book_txn *txn, uint32_t table);

#endif
