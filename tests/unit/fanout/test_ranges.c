#include "fanout/ranges.h"

#include <stdlib.h>

#include "support/unit.h"

static void check(const struct ranges *ranges, const struct span *wanted, size_t count)
{
	assert_int_equal(ranges->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(ranges->spans[i].first, wanted[i].first);
		assert_int_equal(ranges->spans[i].last, wanted[i].last);
	}
}

static void test_neighbours_melt_into_one(void **state)
{
	(void)state;
	struct ranges ranges;
	uint64_t last;
	ranges_init(&ranges);
	assert_int_equal(ranges_add(&ranges, 5, 5), CH_OK);
	assert_int_equal(ranges_add(&ranges, 9, 12), CH_OK);
	assert_int_equal(ranges_add(&ranges, 7, 7), CH_OK);
	check(&ranges, (struct span[]){{5, 5}, {7, 7}, {9, 12}}, 3);
	assert_int_equal(ranges_add(&ranges, 6, 6), CH_OK);
	check(&ranges, (struct span[]){{5, 7}, {9, 12}}, 2);
	assert_int_equal(ranges_add(&ranges, 1, 20), CH_OK);
	check(&ranges, (struct span[]){{1, 20}}, 1);
	assert_true(ranges_find(&ranges, 13, &last));
	assert_int_equal(last, 20);
	assert_false(ranges_find(&ranges, 21, &last));
	ranges_fini(&ranges);
}

static void test_the_last_numbers_melt_too(void **state)
{
	(void)state;
	struct ranges ranges;
	ranges_init(&ranges);
	assert_int_equal(ranges_add(&ranges, UINT64_MAX, UINT64_MAX), CH_OK);
	assert_int_equal(ranges_add(&ranges, UINT64_MAX, UINT64_MAX), CH_OK);
	assert_int_equal(ranges_add(&ranges, UINT64_MAX - 1, UINT64_MAX - 1), CH_OK);
	check(&ranges, (struct span[]){{UINT64_MAX - 1, UINT64_MAX}}, 1);
	ranges_fini(&ranges);
}

static void test_a_cut_forgets_what_lies_below(void **state)
{
	(void)state;
	struct ranges ranges;
	ranges_init(&ranges);
	assert_int_equal(ranges_add(&ranges, 5, 10), CH_OK);
	assert_int_equal(ranges_add(&ranges, 20, 30), CH_OK);
	ranges_cut(&ranges, 4);
	check(&ranges, (struct span[]){{5, 10}, {20, 30}}, 2);
	ranges_cut(&ranges, 7);
	check(&ranges, (struct span[]){{8, 10}, {20, 30}}, 2);
	ranges_cut(&ranges, 25);
	check(&ranges, (struct span[]){{26, 30}}, 1);
	ranges_cut(&ranges, 30);
	check(&ranges, NULL, 0);
	ranges_fini(&ranges);
}

/* Against one flag for each number. */
static void test_at_random_it_is_a_set(void **state)
{
	(void)state;
	enum { NUMBERS = 300 };
	srand(7);
	for (int round = 0; round < 300; round++) {
		struct ranges ranges;
		struct ranges again;
		struct buffer bytes = {0};
		bool in[NUMBERS + 2] = {false};
		ranges_init(&ranges);
		ranges_init(&again);
		for (int step = 0; step < 40; step++) {
			uint64_t first = 1 + (uint64_t)rand() % NUMBERS;
			uint64_t last = first + (uint64_t)rand() % 20;
			if (last > NUMBERS)
				last = NUMBERS;
			if (rand() % 10 == 0) {
				ranges_cut(&ranges, first);
				memset(in, 0, first + 1);
				continue;
			}
			assert_int_equal(ranges_add(&ranges, first, last), CH_OK);
			for (uint64_t i = first; i <= last; i++)
				in[i] = true;
		}
		for (uint64_t i = 1; i <= NUMBERS; i++) {
			uint64_t last;
			assert_int_equal(ranges_find(&ranges, i, &last), in[i]);
			if (in[i])
				assert_false(in[last + 1]);
		}
		ranges_encode(&ranges, 0, &bytes);
		assert_int_equal(ranges_decode(buffer_slice(&bytes), 0, &again), CH_OK);
		check(&again, ranges.spans, ranges.count);
		buffer_fini(&bytes);
		ranges_fini(&ranges);
		ranges_fini(&again);
	}
}

static void test_bad_bytes_are_told(void **state)
{
	(void)state;
	static const struct slice bad[] = {
		{(const uint8_t *)"", 0},
		{(const uint8_t *)"\x01", 1},
		{(const uint8_t *)"\x01\x05", 2},
		{(const uint8_t *)"\x01\x00\x05", 3},
		{(const uint8_t *)"\x01\x05\x05\x05", 4},
		{(const uint8_t *)"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x05", 12},
		/* Begins with the very last number, and goes on. */
		{(const uint8_t *)"\x01\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01\x05", 12},
	};
	struct ranges ranges;
	ranges_init(&ranges);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ranges_decode(bad[i], 100, &ranges), CH_CORRUPT);
	ranges_fini(&ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_neighbours_melt_into_one),
		cmocka_unit_test(test_the_last_numbers_melt_too),
		cmocka_unit_test(test_a_cut_forgets_what_lies_below),
		cmocka_unit_test(test_at_random_it_is_a_set),
		cmocka_unit_test(test_bad_bytes_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
