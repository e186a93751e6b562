#include "module/report/cell.h"

#include "support/unit.h"

#include <math.h>

#define HOUR_US INT64_C(3600000000)

static const char *shown(struct cell cell, unsigned digits)
{
	static struct buffer out;
	buffer_clear(&out);
	cell_show(&cell, digits, 8 * HOUR_US, &out);
	return buffer_text(&out);
}

static const char *written(struct cell cell)
{
	static struct buffer out;
	buffer_clear(&out);
	cell_write(&cell, &out);
	return buffer_text(&out);
}

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(shown(cell_share(1204, 1265), 1), "95.2 %");
	assert_string_equal(shown(cell_rate(7, 4), 2), "1.75");
	assert_string_equal(shown(cell_count(1284113), 0), "1,284,113");
	assert_string_equal(shown(cell_duration(52 * HOUR_US), 0), "2.2 d");
	assert_string_equal(shown(cell_money(129900, slice_text("CNY")), 0), "CNY 1,299.00");
	assert_string_equal(shown(cell_money(1299, slice_text("JPY")), 0), "JPY 1,299");
	assert_string_equal(shown(cell_number((struct decimal){709833, 4}), 1), "71.0");
	assert_string_equal(shown(cell_time(0), 0), "1970-01-01 08:00");
	assert_string_equal(shown(cell_none(), 0), "\xe2\x80\x93");
}

static void test_halves_go_away_from_nought(void **state)
{
	(void)state;
	assert_string_equal(shown(cell_share(1, 8), 0), "13 %");
	assert_string_equal(shown(cell_share(1, 2000), 1), "0.1 %");
	assert_string_equal(shown(cell_share(-1, 8), 0), "-13 %");
	assert_string_equal(shown(cell_share(-1, 100000), 1), "0.0 %"); /* no "-0.0" */
	assert_string_equal(shown(cell_number((struct decimal){-25, 1}), 0), "-3");
	assert_string_equal(shown(cell_number((struct decimal){7, 0}), 3), "7");
	assert_string_equal(shown(cell_share(INT64_MAX, INT64_MAX), 6), "100.000000 %");
	assert_string_equal(shown(cell_count(INT64_MIN), 0), "-9,223,372,036,854,775,808");
}

static void test_durations_choose_their_unit(void **state)
{
	(void)state;
	assert_string_equal(shown(cell_duration(0), 0), "0.0 s");
	assert_string_equal(shown(cell_duration(119 * 1000000), 0), "119.0 s");
	assert_string_equal(shown(cell_duration(120 * 1000000), 0), "2.0 min");
	assert_string_equal(shown(cell_duration(47 * HOUR_US), 0), "47.0 h");
	assert_string_equal(shown(cell_duration(-48 * HOUR_US), 0), "-2.0 d");
}

static void test_nothing_is_not_divided(void **state)
{
	(void)state;
	assert_string_equal(shown(cell_share(0, 0), 1), "\xe2\x80\x93");
	assert_string_equal(written(cell_share(0, 0)), "");
	assert_true(isnan(cell_real(&(struct cell){.kind = CELL_SHARE})));
}

static void test_for_programs(void **state)
{
	(void)state;
	assert_string_equal(written(cell_share(3, 400)), "0.0075");
	assert_string_equal(written(cell_duration(1500000)), "1.500000");
	assert_string_equal(written(cell_money(129900, slice_text("CNY"))), "1299.00");
	assert_string_equal(written(cell_time(0)), "1970-01-01T00:00:00.000000Z");
	assert_string_equal(written(cell_count(-5)), "-5");
}

static void test_for_figures(void **state)
{
	(void)state;
	const struct cell share = cell_share(1, 4);
	const struct cell duration = cell_duration(1500000);
	const struct cell number = cell_number((struct decimal){709833, 4});
	assert_true(cell_real(&share) == 25.0);
	assert_true(cell_real(&duration) == 1.5);
	assert_true(cell_real(&number) == 70.9833);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_halves_go_away_from_nought),
		cmocka_unit_test(test_durations_choose_their_unit),
		cmocka_unit_test(test_nothing_is_not_divided),
		cmocka_unit_test(test_for_programs),
		cmocka_unit_test(test_for_figures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
