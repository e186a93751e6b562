#include <stdlib.h>

#include "bench/load/histogram.h"
#include "support/unit.h"

#define MEDIAN 500000
#define P99    990000
#define ALL    1000000

static struct histogram histogram;

static int fresh(void **state)
{
	(void)state;
	histogram_init(&histogram);
	return 0;
}

static void test_quantiles_of_a_hundred(void **state)
{
	(void)state;
	for (uint64_t value = 1; value <= 100; value++)
		histogram_record(&histogram, value, 1);
	assert_int_equal(histogram.total, 100);
	assert_int_equal(histogram_quantile(&histogram, MEDIAN), 50);
	assert_int_equal(histogram_quantile(&histogram, P99), 99);
	assert_int_equal(histogram_quantile(&histogram, ALL), 100);
	assert_int_equal(histogram_quantile(&histogram, 1), 1);
	assert_int_equal(histogram_quantile(&histogram, 0), 1);
}

static void test_nothing_recorded(void **state)
{
	(void)state;
	assert_int_equal(histogram_quantile(&histogram, MEDIAN), 0);
	assert_int_equal(histogram_quantile(&histogram, ALL), 0);
	histogram_record(&histogram, 7, 0);
	assert_int_equal(histogram.total, 0);
	assert_int_equal(histogram.max, 0);
}

/* Whatever the size: never below the value, at most one part in 128 above. */
static void test_error_is_bounded_and_one_sided(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		const uint64_t base = UINT64_C(1) << bit;
		const uint64_t values[] = {
			base - 1, base, base + 1, base + base / 3, base + base / 128};
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			histogram_init(&histogram);
			histogram_record(&histogram, values[i], 3);
			histogram_record(&histogram, UINT64_MAX, 1);
			uint64_t told = histogram_quantile(&histogram, MEDIAN);
			assert_true(told >= values[i]);
			assert_true(told - values[i] <= values[i] / 128);
		}
	}
	assert_true(histogram_quantile(&histogram, ALL) == UINT64_MAX);
}

static void test_order_is_kept_between_buckets(void **state)
{
	(void)state;
	uint64_t last = 0;
	for (uint64_t value = 1; value < UINT64_MAX / 3; value += value / 8 + 1) {
		histogram_init(&histogram);
		histogram_record(&histogram, value, 2);
		histogram_record(&histogram, UINT64_MAX, 1);
		uint64_t told = histogram_quantile(&histogram, MEDIAN);
		assert_true(told >= last);
		last = told;
	}
}

/* One stall among many must show where it stands and not before. */
static void test_rare_values_show_at_their_rank(void **state)
{
	(void)state;
	histogram_record(&histogram, 100, 9990);
	histogram_record(&histogram, 1000000, 10);
	assert_int_equal(histogram_quantile(&histogram, 999000), 100);
	assert_true(histogram_quantile(&histogram, 999001) >= 1000000);
}

static void test_counts_beyond_32_bits(void **state)
{
	(void)state;
	histogram_record(&histogram, 10, UINT64_C(3000000000000));
	histogram_record(&histogram, 20, UINT64_C(1000000000000));
	assert_int_equal(histogram_quantile(&histogram, 750000), 10);
	assert_int_equal(histogram_quantile(&histogram, 750001), 20);
}

static void test_merge(void **state)
{
	(void)state;
	static struct histogram other;
	histogram_init(&other);
	histogram_record(&histogram, 5, 1);
	histogram_record(&other, 5, 2);
	histogram_record(&other, 9000, 1);
	histogram_merge(&histogram, &other);
	assert_int_equal(histogram.total, 4);
	assert_int_equal(histogram_quantile(&histogram, 750000), 5);
	assert_int_equal(histogram_quantile(&histogram, ALL), 9000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_quantiles_of_a_hundred, fresh),
		cmocka_unit_test_setup(test_nothing_recorded, fresh),
		cmocka_unit_test_setup(test_error_is_bounded_and_one_sided, fresh),
		cmocka_unit_test_setup(test_order_is_kept_between_buckets, fresh),
		cmocka_unit_test_setup(test_rare_values_show_at_their_rank, fresh),
		cmocka_unit_test_setup(test_counts_beyond_32_bits, fresh),
		cmocka_unit_test_setup(test_merge, fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
