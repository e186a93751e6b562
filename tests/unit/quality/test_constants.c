#include "module/quality/chart/constants.h"

#include "support/unit.h"

#include <math.h>

#define PI 3.14159265358979323846264338327950288L

static void assert_near(long double got, long double want, long double error)
{
	if (fabsl(got - want) > error)
		fail_msg("got %.20Lg, want %.20Lg", got, want);
}

static void test_usage(void **state)
{
	(void)state;
	const struct constants *five = constants_of(5);
	assert_near(five->a2, 0.577L, 5e-4L);
	assert_near(five->d2, 2.326L, 5e-4L);
	assert_near(five->d4, 2.114L, 6e-4L);
	assert_true(five->d3_low == 0);
}

/* What can be written down without an integral. */
static void test_closed_forms(void **state)
{
	(void)state;
	const long double error = 2e-18L;
	assert_near(constants_of(2)->d2, 2 / sqrtl(PI), error);
	assert_near(constants_of(3)->d2, 3 / sqrtl(PI), error);
	assert_near(constants_of(4)->d2, 12 / powl(PI, 1.5L) * atanl(sqrtl(2)), error);
	assert_near(constants_of(5)->d2,
		5 / (2 * sqrtl(PI)) + 15 / powl(PI, 1.5L) * asinl(1.0L / 3), error);
	assert_near(constants_of(2)->d3, sqrtl(2 - 4 / PI), error);
	assert_near(constants_of(3)->d3, sqrtl(2 + 3 * sqrtl(3) / PI - 9 / PI), error);
	assert_near(constants_of(2)->c4, sqrtl(2 / PI), error);
	assert_near(constants_of(3)->c4, sqrtl(PI) / 2, error);
}

/* The gamma function of the C library is another way to c4. */
static void test_c4_by_lgamma(void **state)
{
	(void)state;
	for (unsigned n = CONSTANTS_SIZE_MIN; n <= CONSTANTS_SIZE_MAX; n++) {
		long double half = n / 2.0L;
		assert_near(constants_of(n)->c4,
			sqrtl(2.0L / (n - 1)) * expl(lgammal(half) - lgammal(half - 0.5L)), 1e-17L);
	}
}

/* The method's error, as constants.h has it. */
static void test_halved_steps(void **state)
{
	(void)state;
	for (unsigned n = CONSTANTS_SIZE_MIN; n <= CONSTANTS_SIZE_MAX; n++) {
		long double mean;
		long double deviation;
		constants_range_moments(n, 2, &mean, &deviation);
		assert_near(constants_of(n)->d2, mean, 2e-18L);
		assert_near(constants_of(n)->d3, deviation, 2e-18L);
	}
}

/* The tables that are printed everywhere (ASTM E2587, ISO 7870-2), to their last digit. */
static void test_published_tables(void **state)
{
	(void)state;
	static const struct {
		unsigned n;
		double d2, d3, c4, a2, a3, b3, b4, low, high;
	} rows[] = {
		{2, 1.128, 0.853, 0.7979, 1.880, 2.659, 0, 3.267, 0, 3.267},
		{3, 1.693, 0.888, 0.8862, 1.023, 1.954, 0, 2.568, 0, 2.575},
		{4, 2.059, 0.880, 0.9213, 0.729, 1.628, 0, 2.266, 0, 2.282},
		{5, 2.326, 0.864, 0.9400, 0.577, 1.427, 0, 2.089, 0, 2.114},
		{6, 2.534, 0.848, 0.9515, 0.483, 1.287, 0.030, 1.970, 0, 2.004},
		{7, 2.704, 0.833, 0.9594, 0.419, 1.182, 0.118, 1.882, 0.076, 1.924},
		{8, 2.847, 0.820, 0.9650, 0.373, 1.099, 0.185, 1.815, 0.136, 1.864},
		{9, 2.970, 0.808, 0.9693, 0.337, 1.032, 0.239, 1.761, 0.184, 1.816},
		{10, 3.078, 0.797, 0.9727, 0.308, 0.975, 0.284, 1.716, 0.223, 1.777},
		{15, 3.472, 0.756, 0.9823, 0.223, 0.789, 0.428, 1.572, 0.347, 1.653},
		{20, 3.735, 0.729, 0.9869, 0.180, 0.680, 0.510, 1.490, 0.415, 1.585},
		{25, 3.931, 0.708, 0.9896, 0.153, 0.606, 0.565, 1.435, 0.459, 1.541},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct constants *got = constants_of(rows[i].n);
		const long double half = 5.1e-4L;
		assert_near(got->d2, rows[i].d2, half);
		assert_near(got->d3, rows[i].d3, half);
		assert_near(got->c4, rows[i].c4, half / 10);
		assert_near(got->a2, rows[i].a2, half);
		assert_near(got->a3, rows[i].a3, half);
		assert_near(got->b3, rows[i].b3, half);
		assert_near(got->b4, rows[i].b4, half);
		assert_near(got->d3_low, rows[i].low, half);
		assert_near(got->d4, rows[i].high, half);
	}
}

/* Another program's: limits follow from them, the rest stays ours. */
static void test_given(void **state)
{
	(void)state;
	struct constants given;
	constants_given(5, 2.326L, 0.864L, &given);
	assert_near(given.a2, 3 / (2.326L * sqrtl(5)), 1e-18L);
	assert_near(given.d4, 1 + 3 * 0.864L / 2.326L, 1e-18L);
	assert_true(given.d3_low == 0);
	assert_true(given.c4 == constants_of(5)->c4 && given.b4 == constants_of(5)->b4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_closed_forms),
		cmocka_unit_test(test_c4_by_lgamma),
		cmocka_unit_test(test_halved_steps),
		cmocka_unit_test(test_published_tables),
		cmocka_unit_test(test_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
