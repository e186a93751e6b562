#include "shelf.h"

#include "module/kit/book_inside.h"
#include "module/kit/key.h"

enum { REPAIRS, CALLS, TABLES };
static const char *const tables[TABLES] = {"repairs", "calls"};

static struct slice text(const char *value)
{
	return slice_text(value);
}

static void put_one(struct book *book, uint32_t table, const char *key, const char *value)
{
	struct book_txn *txn = shelf_begin(book, true);
	book_put(txn, table, text(key), text(value));
	assert_int_equal(book_commit(txn), CH_OK);
}

static void assert_walk(
	struct book_txn *txn, const char *prefix, const char *from, const char *keys)
{
	char seen[200] = "";
	struct slice key;
	struct slice value;
	struct book_walk *walk;
	assert_int_equal(book_walk_begin(txn, REPAIRS, text(prefix), text(from), &walk), CH_OK);
	while (book_walk_next(walk, &key, &value) == CH_OK)
		(void)snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%.*s ",
			(int)key.len, (const char *)key.data);
	book_walk_end(walk);
	assert_string_equal(seen, keys);
}

/* ---- How it is used ---- */

static void test_what_is_committed_is_read(void **state)
{
	(void)state;
	struct shelf shelf;
	struct slice value;
	shelf_make(&shelf);
	struct book *book = shelf_open(&shelf, tables, TABLES, BOOK_WRITE);
	put_one(book, REPAIRS, "a", "1");
	put_one(book, CALLS, "a", "2");

	struct book_txn *view = shelf_begin(book, false);
	struct book_txn *txn = shelf_begin(book, true);
	book_put(txn, REPAIRS, text("a"), text("3"));
	book_put(txn, REPAIRS, text("b"), text(""));
	book_delete(txn, CALLS, text("a"));
	book_delete(txn, CALLS, text("nobody"));
	assert_int_equal(book_get(txn, REPAIRS, text("a"), &value), CH_OK);
	assert_slice_text(value, "3"); /* a change is seen by who made it */
	assert_int_equal(book_get(view, REPAIRS, text("a"), &value), CH_OK);
	assert_slice_text(value, "1"); /* and a view stays as it was */
	assert_int_equal(book_commit(txn), CH_OK);
	book_abort(view);
	book_close(book);

	book = shelf_open(&shelf, tables, TABLES, BOOK_READ);
	view = shelf_begin(book, false);
	assert_int_equal(book_count(view, REPAIRS), 2);
	assert_int_equal(book_get(view, REPAIRS, text("b"), &value), CH_OK);
	assert_int_equal(value.len, 0);
	assert_int_equal(book_get(view, CALLS, text("a"), &value), CH_NOT_FOUND);
	assert_int_equal(book_commit(view), CH_OK);
	book_close(book);
	shelf_remove(&shelf);
}

static void test_walks_and_the_last_before(void **state)
{
	(void)state;
	struct shelf shelf;
	struct slice key;
	struct slice value;
	shelf_make(&shelf);
	struct book *book = shelf_open(&shelf, tables, TABLES, BOOK_WRITE);
	struct book_txn *txn = shelf_begin(book, true);
	static const char *const keys[] = {"a1", "b1", "b3", "b5", "c", "\xff\xff"};
	for (size_t i = 0; i < 6; i++)
		book_put(txn, REPAIRS, text(keys[i]), text(keys[i]));
	assert_walk(txn, "b", "", "b1 b3 b5 ");
	assert_walk(txn, "b", "b3", "b3 b5 ");
	assert_walk(txn, "b", "b4", "b5 ");
	assert_walk(txn, "b", "a", "b1 b3 b5 ");
	assert_walk(txn, "b", "c", "");
	assert_walk(txn, "", "c", "c \xff\xff ");
	assert_walk(txn, "x", "", "");

	assert_int_equal(book_last(txn, REPAIRS, text("b"), text("b4"), &key, &value), CH_OK);
	assert_slice_text(key, "b3");
	assert_int_equal(book_last(txn, REPAIRS, text("b"), text("b3"), &key, &value), CH_OK);
	assert_slice_text(key, "b3");
	assert_int_equal(book_last(txn, REPAIRS, text("b"), text("b9"), &key, &value), CH_OK);
	assert_slice_text(key, "b5");
	assert_int_equal(book_last(txn, REPAIRS, text("b"), text(""), &key, &value), CH_OK);
	assert_slice_text(key, "b5");
	assert_int_equal(book_last(txn, REPAIRS, text(""), text(""), &key, &value), CH_OK);
	assert_slice_text(key, "\xff\xff");
	assert_int_equal(book_last(txn, REPAIRS, text("\xff"), text(""), &key, &value), CH_OK);
	assert_int_equal(
		book_last(txn, REPAIRS, text("b"), text("b0"), &key, &value), CH_NOT_FOUND);
	assert_int_equal(book_last(txn, CALLS, text(""), text(""), &key, &value), CH_NOT_FOUND);
	assert_int_equal(book_commit(txn), CH_OK);
	book_close(book);
	shelf_remove(&shelf);
}

static void test_a_walk_goes_on_over_changes(void **state)
{
	(void)state;
	struct shelf shelf;
	struct slice key;
	struct slice value;
	struct book_walk *walk;
	char name[16];
	unsigned seen = 0;
	shelf_make(&shelf);
	struct book *book = shelf_open(&shelf, tables, TABLES, BOOK_WRITE);
	struct book_txn *txn = shelf_begin(book, true);
	for (unsigned i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name), "%06u", 2 * i);
		book_put(txn, REPAIRS, text(name), text("even"));
	}
	/* Each one is removed as it is seen, and one that is put right behind it is seen next. */
	assert_int_equal(book_walk_begin(txn, REPAIRS, text(""), text(""), &walk), CH_OK);
	while (book_walk_next(walk, &key, &value) == CH_OK) {
		unsigned number = (unsigned)strtoul((const char *)key.data, NULL, 10);
		bool even = value.len == 4;
		assert_int_equal(number, seen++);
		book_delete(txn, REPAIRS, key);
		(void)snprintf(name, sizeof(name), "%06u", number + 1);
		if (even)
			book_put(txn, REPAIRS, text(name), text("odd"));
	}
	book_walk_end(walk);
	assert_int_equal(seen, 4000);
	assert_int_equal(book_count(txn, REPAIRS), 0);
	assert_int_equal(book_commit(txn), CH_OK);
	book_close(book);
	shelf_remove(&shelf);
}

/* ---- What breaks it ---- */

static void test_a_value_may_stand_in_the_book(void **state)
{
	(void)state;
	struct shelf shelf;
	struct slice value;
	struct slice key;
	shelf_make(&shelf);
	struct book *book = shelf_open(&shelf, tables, TABLES, BOOK_WRITE);
	put_one(book, REPAIRS, "a", "a value that is copied");
	struct book_txn *txn = shelf_begin(book, true);
	assert_int_equal(book_get(txn, REPAIRS, text("a"), &value), CH_OK);
	book_put(txn, REPAIRS, text("a"), slice_sub(value, 2, 5));
	assert_int_equal(book_last(txn, REPAIRS, text(""), text(""), &key, &value), CH_OK);
	book_put(txn, CALLS, key, value);
	book_delete(txn, REPAIRS, key);
	assert_int_equal(book_get(txn, CALLS, text("a"), &value), CH_OK);
	assert_slice_text(value, "value");
	assert_int_equal(book_commit(txn), CH_OK);
	book_close(book);
	shelf_remove(&shelf);
}

static void test_the_map_grows_and_nothing_is_lost(void **state)
{
	(void)state;
	struct shelf shelf;
	struct slice value;
	char name[16];
	uint8_t bytes[3000];
	unsigned again = 0;
	shelf_make(&shelf);
	struct book *book = shelf_open(&shelf, tables, TABLES, BOOK_WRITE); /* a map of 1 MiB */
	memset(bytes, 7, sizeof(bytes));
	for (unsigned batch = 0; batch < 4; batch++) {
		enum ch_status status = CH_RETRY;
		while (status == CH_RETRY) {
			struct book_txn *txn = shelf_begin(book, true);
			for (unsigned i = 0; i < 1000; i++) {
				(void)snprintf(name, sizeof(name), "%u-%u", batch, i);
				book_put(txn, REPAIRS, text(name), slice_of(bytes, sizeof(bytes)));
			}
			status = book_commit(txn);
			assert_true(status == CH_OK || status == CH_RETRY);
			again += status == CH_RETRY;
		}
	}
	assert_in_range(again, 1, 4);
	struct book_txn *view = shelf_begin(book, false);
	assert_int_equal(book_count(view, REPAIRS), 4000);
	assert_int_equal(book_get(view, REPAIRS, text("3-999"), &value), CH_OK);
	assert_int_equal(value.len, sizeof(bytes));
	book_abort(view);
	assert_true(book_used_bytes(book) > 12000000);
	book_close(book);
	shelf_remove(&shelf);
}

static void test_another_form_is_another_book(void **state)
{
	(void)state;
	struct shelf shelf;
	struct book *book = NULL;
	static const char *const others[] = {"repairs", "cases"};
	shelf_make(&shelf);
	struct book_form form = {
		.directory = shelf.directory, .tables = tables, .table_count = 2, .version = 1};
	assert_int_equal(book_open(&form, BOOK_READ, &book), CH_NOT_FOUND);
	book_close(shelf_open(&shelf, tables, TABLES, BOOK_WRITE));
	form.version = 2;
	assert_int_equal(book_open(&form, BOOK_WRITE, &book), CH_VERSION);
	assert_int_equal(book_open(&form, BOOK_READ, &book), CH_VERSION);
	form.version = 1;
	form.tables = others;
	assert_int_equal(book_open(&form, BOOK_WRITE, &book), CH_VERSION);
	assert_int_equal(book_discard(shelf.directory, false), CH_OK);
	assert_int_equal(book_open(&form, BOOK_READ, &book), CH_NOT_FOUND);
	assert_int_equal(book_open(&form, BOOK_WRITE, &book), CH_OK);
	book_close(book);
	shelf_remove(&shelf);
}

static void test_one_writes_and_others_read(void **state)
{
	(void)state;
	struct shelf shelf;
	struct book *second = NULL;
	shelf_make(&shelf);
	struct book *book = shelf_open(&shelf, tables, TABLES, BOOK_WRITE);
	const struct book_form form = {
		.directory = shelf.directory, .tables = tables, .table_count = 2, .version = 1};
	assert_int_equal(book_open(&form, BOOK_WRITE, &second), CH_BUSY);
	assert_int_equal(book_discard(shelf.directory, false), CH_BUSY);
	book_close(book);
	assert_int_equal(book_discard("/nonexistent/book", false), CH_OK);
	shelf_remove(&shelf);
}

static void test_a_changed_byte_is_found(void **state)
{
	(void)state;
	struct shelf shelf;
	struct slice value;
	struct slice key;
	struct book_walk *walk;
	char path[128];
	char file[65536];
	shelf_make(&shelf);
	struct book *book = shelf_open(&shelf, tables, TABLES, BOOK_WRITE);
	put_one(book, REPAIRS, "a", "a value to be found in the file");
	book_close(book);
	shelf_path(&shelf, "data.mdb", path, sizeof(path));
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t len = pread(fd, file, sizeof(file), 0);
	assert_true(len > 0);
	for (ssize_t at = 0; at < len - 31; at++) {
		if (memcmp(file + at, "a value to be", 13) == 0)
			assert_int_equal(pwrite(fd, "A", 1, at), 1);
	}
	assert_int_equal(close(fd), 0);

	book = shelf_open(&shelf, tables, TABLES, BOOK_WRITE);
	struct book_txn *txn = shelf_begin(book, true);
	assert_int_equal(book_get(txn, REPAIRS, text("a"), &value), CH_CORRUPT);
	assert_int_equal(book_commit(txn), CH_CORRUPT);
	txn = shelf_begin(book, false);
	assert_int_equal(book_walk_begin(txn, REPAIRS, text(""), text(""), &walk), CH_OK);
	assert_int_equal(book_walk_next(walk, &key, &value), CH_CORRUPT);
	book_walk_end(walk);
	book_abort(txn);
	book_close(book);
	assert_int_equal(book_discard(shelf.directory, true), CH_OK);
	shelf_path(&shelf, "data.mdb.damaged", path, sizeof(path));
	assert_int_equal(access(path, R_OK), 0);
	shelf_remove(&shelf);
}

static void test_no_book_at_all(void **state)
{
	(void)state;
	struct shelf shelf;
	struct book *book = NULL;
	char path[128];
	shelf_make(&shelf);
	shelf_path(&shelf, "data.mdb", path, sizeof(path));
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(write(fd, "this is no book ", 16), 16);
	assert_int_equal(close(fd), 0);
	const struct book_form form = {
		.directory = shelf.directory, .tables = tables, .table_count = 2, .version = 1};
	assert_int_equal(book_open(&form, BOOK_WRITE, &book), CH_CORRUPT);
	assert_int_equal(book_discard(shelf.directory, true), CH_OK);
	assert_int_equal(book_open(&form, BOOK_WRITE, &book), CH_OK);
	book_close(book);
	shelf_remove(&shelf);
}

static void test_what_sticks_ends_it(void **state)
{
	(void)state;
	struct shelf shelf;
	struct slice value;
	uint8_t wide[BOOK_KEY_BYTES + 1];
	shelf_make(&shelf);
	memset(wide, 'k', sizeof(wide));
	struct book *book = shelf_open(&shelf, tables, TABLES, BOOK_WRITE);
	struct book_txn *txn = shelf_begin(book, true);
	book_put(txn, REPAIRS, slice_of(wide, BOOK_KEY_BYTES), text("just fits"));
	assert_int_equal(book_status(txn), CH_OK);
	book_put(txn, REPAIRS, slice_of(wide, sizeof(wide)), text(""));
	book_put(txn, REPAIRS, text("a"), text("1"));
	assert_int_equal(book_get(txn, REPAIRS, text("a"), &value), CH_TOO_LARGE);
	assert_int_equal(book_commit(txn), CH_TOO_LARGE);
	txn = shelf_begin(book, true);
	book_put(txn, REPAIRS, text(""), text(""));
	assert_int_equal(book_status(txn), CH_TOO_LARGE);
	book_abort(txn);
	txn = shelf_begin(book, true);
	book_fail(txn, CH_NOMEM);
	book_fail(txn, CH_IO);
	assert_int_equal(book_commit(txn), CH_NOMEM);
	txn = shelf_begin(book, false);
	assert_int_equal(book_count(txn, REPAIRS), 0);
	book_abort(txn);
	book_close(book);
	shelf_remove(&shelf);
}

static void test_a_wiped_book_is_the_same_book(void **state)
{
	(void)state;
	struct shelf shelf;
	shelf_make(&shelf);
	struct book *book = shelf_open(&shelf, tables, TABLES, BOOK_WRITE);
	put_one(book, REPAIRS, "a", "1");
	put_one(book, BOOK_SAID, "a", "1");
	struct book_txn *txn = shelf_begin(book, true);
	book_wipe(txn);
	assert_int_equal(book_commit(txn), CH_OK);
	book_close(book);
	book = shelf_open(&shelf, tables, TABLES, BOOK_WRITE);
	txn = shelf_begin(book, false);
	assert_int_equal(book_count(txn, REPAIRS) + book_count(txn, BOOK_SAID), 0);
	book_abort(txn);
	book_close(book);
	shelf_remove(&shelf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_committed_is_read),
		cmocka_unit_test(test_walks_and_the_last_before),
		cmocka_unit_test(test_a_walk_goes_on_over_changes),
		cmocka_unit_test(test_a_value_may_stand_in_the_book),
		cmocka_unit_test(test_the_map_grows_and_nothing_is_lost),
		cmocka_unit_test(test_another_form_is_another_book),
		cmocka_unit_test(test_one_writes_and_others_read),
		cmocka_unit_test(test_a_changed_byte_is_found),
		cmocka_unit_test(test_no_book_at_all),
		cmocka_unit_test(test_what_sticks_ends_it),
		cmocka_unit_test(test_a_wiped_book_is_the_same_book),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
