#include "support/unit.h"

#include "base/slice.h"
#include "module/kit/key.h"

static struct key of_text(const char *text)
{
	struct key key;
	key_start(&key);
	key_text(&key, slice_text(text));
	return key;
}

static void assert_before(const struct key *one, const struct key *other)
{
	assert_true(slice_compare(key_slice(one), key_slice(other)) < 0);
}

/* ---- How it is used ---- */

static void test_parts_come_back(void **state)
{
	(void)state;
	struct key key;
	struct buffer text = {0};
	uint8_t kind;
	uint32_t number;
	uint64_t sequence;
	int64_t time_us;
	key_start(&key);
	key_byte(&key, 7);
	key_text(&key, slice_text("S1"));
	key_time(&key, -5);
	key_u32(&key, 42);
	key_u64(&key, UINT64_MAX);
	struct slice rest = key_slice(&key);
	assert_true(key_take_byte(&rest, &kind));
	assert_true(key_take_text(&rest, &text));
	assert_true(key_take_i64(&rest, &time_us));
	assert_true(key_take_u32(&rest, &number));
	assert_true(key_take_u64(&rest, &sequence));
	assert_int_equal(rest.len, 0);
	assert_int_equal(kind, 7);
	assert_slice_text(buffer_slice(&text), "S1");
	assert_int_equal(time_us, -5);
	assert_int_equal(number, 42);
	assert_true(sequence == UINT64_MAX);
	assert_false(key_take_byte(&rest, &kind));
	assert_false(key_take_text(&rest, &text));
	assert_false(key_take_u32(&rest, &number));
	assert_false(key_take_i64(&rest, &time_us));
	buffer_fini(&text);
}

static void test_order_is_that_of_the_values(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "a", "a b", "ab", "b"};
	static const int64_t numbers[] = {INT64_MIN, -2, -1, 0, 1, 256, INT64_MAX};
	for (size_t i = 0; i + 1 < 5; i++) {
		struct key one = of_text(texts[i]);
		struct key other = of_text(texts[i + 1]);
		key_u64(&one, UINT64_MAX); /* what follows does not matter */
		assert_before(&one, &other);
	}
	for (size_t i = 0; i + 1 < 7; i++) {
		struct key one;
		struct key other;
		key_start(&one);
		key_i64(&one, numbers[i]);
		key_start(&other);
		key_i64(&other, numbers[i + 1]);
		assert_before(&one, &other);
	}
}

static void test_the_newer_stamp_wins_in_any_order(void **state)
{
	(void)state;
	struct stamp none = {{0}};
	struct stamp early = stamp_of(5, slice_text("s"), slice_text("2"));
	struct stamp late = stamp_of(6, slice_text("s"), slice_text("1"));
	struct stamp other = stamp_of(5, slice_text("s"), slice_text("3"));
	assert_true(stamp_is_newer(&early, &none));
	assert_true(stamp_is_newer(&late, &early));
	assert_false(stamp_is_newer(&early, &late));
	assert_false(stamp_is_newer(&early, &early));
	assert_true(stamp_is_newer(&early, &other) != stamp_is_newer(&other, &early));
	assert_int_equal(stamp_time(&late), 6);
	/* Source and id are two things. */
	struct stamp one = stamp_of(5, slice_text("ab"), slice_text("c"));
	struct stamp two = stamp_of(5, slice_text("a"), slice_text("bc"));
	assert_memory_not_equal(one.bytes, two.bytes, sizeof(one.bytes));
}

/* ---- What breaks it ---- */

static void test_long_texts_stay_different(void **state)
{
	(void)state;
	char text[201] = {0};
	struct buffer back = {0};
	memset(text, 'x', 200);
	struct key one = of_text(text);
	text[199] = 'y';
	struct key other = of_text(text);
	assert_int_equal(one.len, other.len);
	assert_memory_not_equal(one.bytes, other.bytes, one.len);
	struct slice rest = key_slice(&one);
	assert_true(key_take_text(&rest, &back));
	assert_int_equal(rest.len, 0);
	assert_in_range(back.len, 1, KEY_TEXT_BYTES);
	buffer_fini(&back);
}

static void test_a_nul_ends_no_text(void **state)
{
	(void)state;
	struct key one;
	struct key other;
	key_start(&one);
	key_text(&one, slice_of("a\0\1b", 4));
	key_start(&other);
	key_text(&other, slice_text("a"));
	assert_false(slice_starts(key_slice(&one), key_slice(&other)));
	struct buffer back = {0};
	struct slice rest = key_slice(&one);
	assert_true(key_take_text(&rest, &back));
	assert_int_equal(rest.len, 0);
	buffer_fini(&back);
}

static void test_four_texts_and_fourteen_numbers_fit(void **state)
{
	(void)state;
	char text[300];
	struct key key;
	for (size_t len = 90; len < 300; len += 3) {
		memset(text, 'x', len);
		key_start(&key);
		for (unsigned i = 0; i < 4; i++)
			key_text(&key, slice_of(text, len));
		for (unsigned i = 0; i < 14; i++)
			key_u64(&key, i);
		assert_false(key.full);
	}
	for (unsigned i = 0; i < 64; i++)
		key_u64(&key, i);
	assert_true(key.full);
	assert_int_equal(key_slice(&key).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_come_back),
		cmocka_unit_test(test_order_is_that_of_the_values),
		cmocka_unit_test(test_the_newer_stamp_wins_in_any_order),
		cmocka_unit_test(test_long_texts_stay_different),
		cmocka_unit_test(test_a_nul_ends_no_text),
		cmocka_unit_test(test_four_texts_and_fourteen_numbers_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
