/* The sparse index: rows at least 64 KiB apart, found by sequence and by time. */
#include "support/unit.h"

#include "journal/index.h"

static void finds_the_row_before(void **state)
{
	struct index *index;
	(void)state;
	assert_int_equal(index_create(1024 * 1024, &index), CH_OK);
	assert_int_equal(index_find(index, 5), 0);
	assert_int_equal(index_find_time(index, 5), 0);
	for (uint64_t i = 0; i < 1000; i++) /* batches of 1 kB, ten entries each, 1 us apart */
		index_add(index, 1 + i * 10, (int64_t)i * 10, 4096 + i * 1024);
	assert_int_equal(index_find(index, 0), 0);
	assert_int_equal(index_find(index, 1), 4096);
	assert_int_equal(index_find(index, 640), 4096);
	assert_int_equal(index_find(index, 641), 4096 + 64 * 1024);
	assert_int_equal(index_find(index, 5000), 4096 + 7 * 64 * 1024);
	/* By time: the row before, since entries of that very time may stand in front of the
	 * row. */
	assert_int_equal(index_find_time(index, 0), 0);
	assert_int_equal(index_find_time(index, 640), 4096);
	assert_int_equal(index_find_time(index, 641), 4096 + 64 * 1024);
	assert_int_equal(index_find_time(index, INT64_MAX), 4096 + 15 * 64 * 1024);
	index_free(index);
}

static void never_overflows(void **state)
{
	struct index *index;
	(void)state;
	assert_int_equal(index_create(64 * 1024, &index), CH_OK);
	for (uint64_t i = 0; i < 10; i++)
		index_add(index, 1 + i, 0, i * 64 * 1024);
	assert_int_equal(index_find(index, 100), 64 * 1024);
	index_free(index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_row_before),
		cmocka_unit_test(never_overflows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
