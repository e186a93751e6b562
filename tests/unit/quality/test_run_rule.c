#include "module/quality/chart/run_rule.h"

#include "support/unit.h"

#include <math.h>
#include <stdio.h>

#define POINTS_MAX 40

/* Every rule that holds, "point:rule" in order, for points given in sigmas. */
static const char *told(const struct run_rule_set *set, const double *sigmas, size_t count)
{
	static char out[1000];
	struct run_mark marks[POINTS_MAX];
	struct violation violation;
	size_t len = 0;
	out[0] = 0;
	for (size_t i = 0; i < count; i++) {
		double off = fabs(sigmas[i]);
		marks[i] = (struct run_mark){sigmas[i], (int8_t)((sigmas[i] > 0) - (sigmas[i] < 0)),
			(uint8_t)((off > 1) + (off > 2) + (off > 3))};
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t r = 0; r < set->count; r++) {
			if (!run_rule_holds(&set->rules[r], marks, i, &violation))
				continue;
			assert_int_equal(violation.points[violation.count - 1], i);
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%zu:%s",
				len > 0 ? " " : "", i + 1, set->rules[r].name);
		}
	}
	return out;
}

#define TOLD(set, ...)                                                                             \
	told(set, (const double[]){__VA_ARGS__},                                                   \
		sizeof((const double[]){__VA_ARGS__}) / sizeof(double))
#define WE     &run_rule_western_electric
#define NELSON &run_rule_nelson

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(TOLD(WE, 0, 3.1, 0, -3.1), "2:r1 4:r1");
	assert_string_equal(TOLD(WE, 2.1, 0, 2.1), "3:r2");
	assert_string_equal(TOLD(WE, 1.1, 1.2, 1.3, 0, 1.4), "5:r3");
	assert_string_equal(TOLD(WE, .1, .2, .3, .4, .5, .6, .7, .8), "8:r4");
	assert_ptr_equal(run_rule_set_find("nelson"), NELSON);
	assert_null(run_rule_set_find("Nelson"));
}

/* The last groups of the pistonrings sample, as sigmas: the worked case of the run rules. */
static void test_every_rule_is_told(void **state)
{
	(void)state;
	assert_string_equal(TOLD(WE, 1.38, 1.01, -.77, 2.29, 2.61, .65, 3.52, 4.21, 5.08, 2.66),
		"5:r2 5:r3 7:r1 7:r2 8:r1 8:r2 8:r3 9:r1 9:r2 9:r3 10:r2 10:r3");
}

static void test_edges(void **state)
{
	(void)state;
	/* On the line is not beyond it; on the center ends a run; the other side does not count. */
	assert_string_equal(TOLD(WE, 3, -3), "");
	assert_string_equal(TOLD(WE, 1, 1, 1, 0, 1, 1, 1, 1), "");
	assert_string_equal(TOLD(WE, 2.5, -2.5, -.5, 2.5), "");
	/* The point itself takes part: after two beyond 2 sigma a quiet one is no violation. */
	assert_string_equal(TOLD(WE, 2.5, 2.5, .5), "2:r2");
	/* Windows that the chart's beginning cuts. */
	assert_string_equal(TOLD(WE, -1.5, -1.5, -1.5, -1.5), "4:r3");
}

static void test_nelson(void **state)
{
	(void)state;
	assert_string_equal(TOLD(NELSON, 3.1), "1:n1");
	assert_string_equal(TOLD(NELSON, .5, .4, .5, .4, .5, .5, .4, .5, .4), "9:n2");
	assert_string_equal(TOLD(NELSON, -.5, -.4, -.3, .1, .2, .3), "6:n3");
	assert_string_equal(TOLD(NELSON, .5, .4, .3, -.1, -.2, -.3), "6:n3");
	assert_string_equal(TOLD(NELSON, -.5, -.4, -.3, -.3, .2, .3), "");
	assert_string_equal(
		TOLD(NELSON, .5, -.5, .5, -.5, .5, -.5, .5, -.5, .5, -.5, .5, -.5, .5, -.5),
		"14:n4");
	assert_string_equal(
		TOLD(NELSON, .5, -.5, .5, -.5, .5, -.5, .5, -.5, .5, -.5, .5, -.5, .5, .5), "");
	assert_string_equal(
		TOLD(NELSON, 0, .1, 0, 0, .1, 0, 0, .1, 0, 0, .1, 0, 0, .1, 0), "15:n7");
	assert_string_equal(TOLD(NELSON, 1.5, -1.5, 1.5, -1.5, 1.5, 1.2, -1.5, -1.5), "8:n8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_every_rule_is_told),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_nelson),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
