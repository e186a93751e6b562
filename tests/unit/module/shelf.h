/* A folder for one book, and the steps that most tests of books begin with. */
#ifndef TEST_MODULE_SHELF_H
#define TEST_MODULE_SHELF_H

#include "support/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "module/kit/book.h"
#include "support/scratch.h"

struct shelf {
	char directory[64];
};

static inline void shelf_make(struct shelf *shelf)
{
	scratch_make(shelf->directory, "book");
}

static inline void shelf_path(const struct shelf *shelf, const char *name, char *out, size_t size)
{
	assert_true((size_t)snprintf(out, size, "%s/%s", shelf->directory, name) < size);
}

static inline void shelf_remove(const struct shelf *shelf)
{
	scratch_remove(shelf->directory);
}

static inline struct book *shelf_open(
	const struct shelf *shelf, const char *const *tables, uint32_t count, enum book_mode mode)
{
	struct book *book = NULL;
	const struct book_form form = {.directory = shelf->directory,
		.tables = tables,
		.table_count = count,
		.version = 1,
		.map_bytes = 1 << 20};
	assert_int_equal(book_open(&form, mode, &book), CH_OK);
	return book;
}

static inline struct book_txn *shelf_begin(struct book *book, bool writing)
{
	struct book_txn *txn = NULL;
	assert_int_equal(book_begin(book, writing, &txn), CH_OK);
	return txn;
}

#endif
