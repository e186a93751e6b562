#include "place.h"

#include <fcntl.h>

#include "store/env.h"
#include "store/pace.h"

static const char *const names[] = {"first", "second"};

static struct env *open_env(const struct place *place, uint64_t map_bytes)
{
	struct env *env;
	const struct env_options options = {
		.dir = place->dir, .tables = names, .table_count = 2, .map_bytes = map_bytes};
	assert_int_equal(env_open(&options, &env), CH_OK);
	return env;
}

static void put_one(struct env *env, uint32_t table, const char *key, const char *value)
{
	struct env_write *write;
	assert_int_equal(env_write_begin(env, &write), CH_OK);
	env_put(write, table, text(key), text(value));
	assert_int_equal(env_commit(write), CH_OK);
}

static void test_what_is_committed_is_read(void **unused)
{
	(void)unused;
	struct place place;
	struct slice value;
	struct env_read *read;
	struct env_write *write;
	place_make(&place);
	struct env *env = open_env(&place, 1 << 26);
	put_one(env, 0, "a", "1");
	put_one(env, 1, "a", "2");
	assert_int_equal(env_read_begin(env, &read), CH_OK);
	assert_int_equal(env_get(read, 0, text("a"), &value), CH_OK);
	assert_slice(value, "1");
	assert_int_equal(env_get(read, 1, text("a"), &value), CH_OK);
	assert_slice(value, "2");
	assert_int_equal(env_get(read, 0, text("b"), &value), CH_NOT_FOUND);

	/* A view stays; what was aborted never was. */
	put_one(env, 0, "a", "3");
	assert_int_equal(env_write_begin(env, &write), CH_OK);
	env_put(write, 0, text("a"), text("4"));
	env_abort(write);
	assert_int_equal(env_get(read, 0, text("a"), &value), CH_OK);
	assert_slice(value, "1");
	env_read_rest(read);
	assert_int_equal(env_read_renew(read), CH_OK);
	assert_int_equal(env_get(read, 0, text("a"), &value), CH_OK);
	assert_slice(value, "3");
	env_read_end(read);
	env_close(env);
	place_remove(&place);
}

static void test_a_cursor_walks_and_deletes_are_gone(void **unused)
{
	(void)unused;
	struct place place;
	struct slice key;
	struct slice value;
	struct env_read *read;
	struct env_cursor *cursor;
	struct env_write *write;
	char name[16];
	place_make(&place);
	struct env *env = open_env(&place, 1 << 26);
	assert_int_equal(env_write_begin(env, &write), CH_OK);
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "%05d", i);
		env_put(write, 0, text(name), text(name));
	}
	assert_int_equal(env_commit(write), CH_OK);
	assert_int_equal(env_write_begin(env, &write), CH_OK);
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "%05d", i);
		if (i % 3 == 0)
			env_delete(write, 0, text(name));
		else if (i % 3 == 1)
			env_put(write, 0, text(name), text("a value of another length"));
	}
	env_delete(write, 0, text("never there"));
	assert_int_equal(env_commit(write), CH_OK);
	assert_int_equal(env_read_begin(env, &read), CH_OK);
	assert_int_equal(env_cursor_open(read, 0, &cursor), CH_OK);
	enum ch_status status = env_seek(cursor, text(""), &key, &value);
	for (int i = 0; i < 3000; i++) {
		if (i % 3 == 0)
			continue;
		(void)snprintf(name, sizeof(name), "%05d", i);
		assert_int_equal(status, CH_OK);
		assert_slice(key, name);
		assert_slice(value, i % 3 == 1 ? "a value of another length" : name);
		status = env_next(cursor, &key, &value);
	}
	assert_int_equal(status, CH_END);
	assert_int_equal(env_seek(cursor, text("02999x"), &key, &value), CH_END);
	env_cursor_close(cursor);
	env_read_end(read);
	env_close(env);
	place_remove(&place);
}

static void test_a_full_map_says_so_and_grows(void **unused)
{
	(void)unused;
	static uint8_t bytes[100000];
	struct place place;
	struct slice value;
	struct env_read *read;
	struct env_write *write;
	place_make(&place);
	struct env *env = open_env(&place, 1 << 20);
	for (uint32_t grown = 0;; grown++) {
		assert_true(grown < 10);
		assert_int_equal(env_write_begin(env, &write), CH_OK);
		for (uint8_t i = 0; i < 100; i++)
			env_put(write, 0, slice_of(&i, 1), slice_of(bytes, sizeof(bytes)));
		enum ch_status status = env_commit(write);
		if (status == CH_OK) {
			assert_true(grown > 0);
			break;
		}
		assert_int_equal(status, CH_RETRY);
		assert_int_equal(env_grow(env, env_map_bytes(env) * 2), CH_OK);
	}
	assert_int_equal(env_read_begin(env, &read), CH_OK);
	for (uint8_t i = 0; i < 100; i++)
		assert_int_equal(env_get(read, 0, slice_of(&i, 1), &value), CH_OK);
	env_read_end(read);
	env_close(env);
	place_remove(&place);
}

static void flip_stored(const struct place *place, const char *needle)
{
	char path[300];
	static uint8_t bytes[1 << 20];
	uint32_t flipped = 0;
	(void)snprintf(path, sizeof(path), "%s/data.mdb", place->dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t len = pread(fd, bytes, sizeof(bytes), 0);
	for (ssize_t i = 0; i + (ssize_t)strlen(needle) <= len; i++) {
		if (memcmp(bytes + i, needle, strlen(needle)) != 0)
			continue;
		bytes[i] ^= 1;
		assert_int_equal(pwrite(fd, bytes + i, 1, i), 1);
		flipped++;
	}
	assert_true(flipped > 0);
	(void)close(fd);
}

static void test_a_damaged_value_is_noticed(void **unused)
{
	(void)unused;
	struct place place;
	struct slice key;
	struct slice value;
	struct env_read *read;
	struct env_cursor *cursor;
	place_make(&place);
	struct env *env = open_env(&place, 1 << 26);
	put_one(env, 0, "key one", "value of one");
	put_one(env, 0, "key two", "value of two");
	env_close(env);
	flip_stored(&place, "value of one");
	env = open_env(&place, 1 << 26);
	assert_int_equal(env_read_begin(env, &read), CH_OK);
	assert_int_equal(env_get(read, 0, text("key one"), &value), CH_CORRUPT);
	assert_int_equal(env_get(read, 0, text("key two"), &value), CH_OK);
	assert_int_equal(env_cursor_open(read, 0, &cursor), CH_OK);
	assert_int_equal(env_seek(cursor, text("key"), &key, &value), CH_CORRUPT);
	env_cursor_close(cursor);
	env_read_end(read);
	env_close(env);
	place_remove(&place);
}

static void test_a_cut_file_is_noticed_when_its_lost_part_is_read(void **unused)
{
	(void)unused;
	static uint8_t bytes[5000];
	char path[300];
	struct place place;
	struct slice value;
	struct env_read *read;
	struct env_write *write;
	uint32_t lost = 0;
	place_make(&place);
	struct env *env = open_env(&place, 1 << 26);
	assert_int_equal(env_write_begin(env, &write), CH_OK);
	for (uint8_t i = 0; i < 200; i++)
		env_put(write, 0, slice_of(&i, 1), slice_of(bytes, sizeof(bytes)));
	assert_int_equal(env_commit(write), CH_OK);
	env_close(env);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", place.dir);
	assert_int_equal(truncate(path, 1 << 19), 0);
	const struct env_options options = {
		.dir = place.dir, .tables = names, .table_count = 2, .map_bytes = 1 << 26};
	enum ch_status status = env_open(&options, &env);
	if (status == CH_OK) {
		assert_int_equal(env_read_begin(env, &read), CH_OK);
		for (uint8_t i = 0; i < 200; i++)
			lost += env_get(read, 0, slice_of(&i, 1), &value) == CH_CORRUPT;
		assert_true(lost > 0);
		env_read_end(read);
		env_close(env);
	} else {
		assert_int_equal(status, CH_CORRUPT);
	}
	place_remove(&place);
}

/* LMDB itself would make the table anew, and empty. */
static void test_a_damaged_list_of_tables_is_refused(void **unused)
{
	(void)unused;
	struct place place;
	place_make(&place);
	struct env *env = open_env(&place, 1 << 26);
	put_one(env, 0, "a", "1");
	put_one(env, 1, "a", "2");
	env_close(env);
	flip_stored(&place, "second"); /* now "recond" */
	const struct env_options options = {
		.dir = place.dir, .tables = names, .table_count = 2, .map_bytes = 1 << 26};
	assert_int_equal(env_open(&options, &env), CH_CORRUPT);
	place_remove(&place);
}

static void test_a_table_that_came_later_is_added(void **unused)
{
	(void)unused;
	static const char *const more[] = {"first", "second", "third"};
	struct place place;
	struct slice value;
	struct env_read *read;
	place_make(&place);
	struct env *env = open_env(&place, 1 << 26);
	put_one(env, 1, "a", "2");
	env_close(env);
	struct env_options options = {.dir = place.dir,
		.tables = more,
		.table_count = 3,
		.map_bytes = 1 << 26,
		.read_only = true};
	assert_int_equal(env_open(&options, &env), CH_CORRUPT);
	options.added = 1;
	assert_int_equal(env_open(&options, &env), CH_VERSION);
	options.read_only = false;
	assert_int_equal(env_open(&options, &env), CH_OK);
	put_one(env, 2, "a", "3");
	assert_int_equal(env_read_begin(env, &read), CH_OK);
	assert_int_equal(env_get(read, 1, text("a"), &value), CH_OK);
	assert_slice(value, "2");
	assert_int_equal(env_get(read, 2, text("a"), &value), CH_OK);
	env_read_end(read);
	env_close(env);
	options.read_only = true;
	assert_int_equal(env_open(&options, &env), CH_OK);
	env_close(env);
	place_remove(&place);
}

static void count_yield(void *context)
{
	++*(uint32_t *)context;
}

static void test_lmdbs_sync_is_paced_on_the_thread_that_asks(void **unused)
{
	(void)unused;
	struct place place;
	uint32_t yields = 0;
	const struct pace pace = {count_yield, &yields};
	place_make(&place);
	struct env *env = open_env(&place, 1 << 26);
	uint64_t before = pace_count();
	put_one(env, 0, "a", "1");
	assert_int_equal(pace_count(), before);
	pace_thread(&pace);
	put_one(env, 0, "a", "2");
	pace_thread(NULL);
	assert_true(pace_count() > before);
	assert_true(yields > 0);
	before = pace_count();
	put_one(env, 0, "a", "3");
	assert_int_equal(pace_count(), before);
	env_close(env);
	place_remove(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_committed_is_read),
		cmocka_unit_test(test_a_cursor_walks_and_deletes_are_gone),
		cmocka_unit_test(test_a_full_map_says_so_and_grows),
		cmocka_unit_test(test_a_damaged_value_is_noticed),
		cmocka_unit_test(test_a_cut_file_is_noticed_when_its_lost_part_is_read),
		cmocka_unit_test(test_a_damaged_list_of_tables_is_refused),
		cmocka_unit_test(test_a_table_that_came_later_is_added),
		cmocka_unit_test(test_lmdbs_sync_is_paced_on_the_thread_that_asks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
