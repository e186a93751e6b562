#include "place.h"

#include "base/limits.h"
#include "store/desk.h"

static struct desk *open_desk(const struct place *place)
{
	struct desk *desk;
	assert_int_equal(desk_open(place->dir, &desk), CH_OK);
	return desk;
}

static bool join(void *context, struct slice key, struct slice value)
{
	char *out = context;
	size_t len = strlen(out);
	(void)snprintf(out + len, 200 - len, "%.*s=%.*s ", (int)key.len, (const char *)key.data,
		(int)value.len, (const char *)value.data);
	return len < 100;
}

static void expect_scan(
	struct desk *desk, enum desk_table table, const char *prefix, const char *expected)
{
	char got[200] = "";
	assert_int_equal(desk_scan(desk, table, text(prefix), join, got), CH_OK);
	assert_string_equal(got, expected);
}

static void test_a_batch_is_committed_and_found_again(void **unused)
{
	(void)unused;
	struct place place;
	struct slice value;
	place_make(&place);
	struct desk *desk = open_desk(&place);
	desk_begin(desk);
	desk_put(desk, DESK_CURSOR, text("marketing"), text("17"));
	desk_put(desk, DESK_CURSOR, text("quality"), text("9"));
	assert_int_equal(desk_get(desk, DESK_CURSOR, text("quality"), &value), CH_OK);
	assert_int_equal(desk_commit(desk), CH_OK);
	desk_close(desk);

	desk = open_desk(&place);
	assert_int_equal(desk_get(desk, DESK_CURSOR, text("marketing"), &value), CH_OK);
	assert_slice(value, "17");
	assert_int_equal(desk_get(desk, DESK_JOB, text("marketing"), &value), CH_NOT_FOUND);
	desk_close(desk);
	place_remove(&place);
}

static void test_reads_see_the_open_batch(void **unused)
{
	(void)unused;
	struct place place;
	struct slice value;
	place_make(&place);
	struct desk *desk = open_desk(&place);
	desk_begin(desk);
	desk_put(desk, DESK_DEAD, text("m/1"), text("a"));
	desk_put(desk, DESK_DEAD, text("m/2"), text("b"));
	desk_put(desk, DESK_DEAD, text("m/3"), text("c"));
	desk_put(desk, DESK_DEAD, text("n/1"), text("d"));
	assert_int_equal(desk_commit(desk), CH_OK);
	desk_begin(desk);
	desk_delete(desk, DESK_DEAD, text("m/2"));
	desk_put(desk, DESK_DEAD, text("m/3"), text("C"));
	desk_put(desk, DESK_DEAD, text("m/25"), text("x"));
	expect_scan(desk, DESK_DEAD, "m/", "m/1=a m/25=x m/3=C ");
	expect_scan(desk, DESK_DEAD, "", "m/1=a m/25=x m/3=C n/1=d ");
	assert_int_equal(desk_get(desk, DESK_DEAD, text("m/2"), &value), CH_NOT_FOUND);
	desk_abort(desk);
	expect_scan(desk, DESK_DEAD, "m/", "m/1=a m/2=b m/3=c ");
	desk_close(desk);
	place_remove(&place);
}

static void test_a_bad_put_spoils_the_batch(void **unused)
{
	(void)unused;
	static uint8_t bytes[LIMIT_VALUE_BYTES + 1];
	struct place place;
	struct slice value;
	place_make(&place);
	struct desk *desk = open_desk(&place);
	desk_begin(desk);
	desk_put(desk, DESK_JOB, text("fine"), text("x"));
	desk_put(desk, DESK_JOB, slice_of(bytes, LIMIT_KEY_BYTES + 1), text("x"));
	assert_int_equal(desk_commit(desk), CH_TOO_LARGE);
	assert_int_equal(desk_get(desk, DESK_JOB, text("fine"), &value), CH_NOT_FOUND);
	desk_begin(desk);
	desk_put(desk, DESK_JOB, text(""), text("x"));
	assert_int_equal(desk_commit(desk), CH_INVALID);
	desk_begin(desk);
	desk_put(desk, DESK_JOB, text("big"), slice_of(bytes, sizeof(bytes)));
	assert_int_equal(desk_commit(desk), CH_TOO_LARGE);
	desk_begin(desk);
	assert_int_equal(desk_commit(desk), CH_OK); /* nothing is fine */
	desk_close(desk);
	place_remove(&place);
}

static void test_one_process_has_it(void **unused)
{
	(void)unused;
	struct place place;
	struct desk *second;
	place_make(&place);
	struct desk *desk = open_desk(&place);
	assert_int_equal(desk_open(place.dir, &second), CH_BUSY);
	desk_close(desk);
	place_remove(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_batch_is_committed_and_found_again),
		cmocka_unit_test(test_reads_see_the_open_batch),
		cmocka_unit_test(test_a_bad_put_spoils_the_batch),
		cmocka_unit_test(test_one_process_has_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
