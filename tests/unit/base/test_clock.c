#include "base/clock.h"
#include "unit/draw.h"

static int64_t parsed(const char *text)
{
	int64_t time_us;
	assert_int_equal(clock_parse(slice_text(text), &time_us), CH_OK);
	return time_us;
}

static void reads_and_writes_rfc_3339(void **state)
{
	(void)state;
	char text[CLOCK_TEXT_BYTES];
	int64_t time_us = parsed("2026-03-01T08:00:00.25+08:00");
	assert_string_equal(clock_format(time_us, text), "2026-03-01T00:00:00.250000Z");
	assert_int_equal(parsed(text), time_us);
}

static void knows_the_calendar(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t time_us;
	} known[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1969-12-31T23:59:59.999999Z", -1},
		{"1969-12-31T23:30:00-00:30", 0},
		{"1970-01-01t00:00:00.000001z", 1},
		{"1970-01-01 00:00:00.123456789Z", 123456},
		{"1970-01-01T05:45:00+05:45", 0},
		{"2000-02-29T00:00:00Z", INT64_C(951782400000000)},
		{"2016-12-31T23:59:60Z", INT64_C(1483228799000000)},
		{"0001-01-01T00:00:00Z", INT64_C(-62135596800000000)},
		{"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(parsed(known[i].text), known[i].time_us);
}

static void refuses_what_is_no_time(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "2026", "2026-03-01", "2026-03-01T08:00:00",
		"2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-00T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
		"2026-03-01T24:00:00Z", "2026-03-01T00:60:00Z", "2026-03-01T00:00:61Z",
		"2026-03-01T00:00:00.Z", "2026-03-01T00:00:00.1234567890Z",
		"2026-03-01T00:00:00+0800", "2026-03-01T00:00:00+24:00",
		"2026-03-01T00:00:00+08:60", "2026-03-01T00:00:00Z ", " 2026-03-01T00:00:00Z",
		"2026/03/01T00:00:00Z", "-026-03-01T00:00:00Z"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t time_us = 42;
		assert_int_equal(clock_parse(slice_text(bad[i]), &time_us), CH_FORMAT);
		assert_int_equal(time_us, 42);
	}
}

/* Every day of 800 years follows the one before it, and the way back agrees. */
static void days_follow_each_other(void **state)
{
	(void)state;
	int64_t first = clock_days_from_date(1600, 1, 1);
	int64_t last = clock_days_from_date(2400, 12, 31);
	int64_t year = 1599;
	unsigned month = 12;
	unsigned day = 31;
	for (int64_t days = first; days <= last; days++) {
		int64_t next_year;
		unsigned next_month;
		unsigned next_day;
		clock_date_from_days(days, &next_year, &next_month, &next_day);
		bool same_month = next_year == year && next_month == month && next_day == day + 1;
		bool new_month = next_day == 1 && day >= 28 &&
				 ((next_year == year && next_month == month + 1) ||
					 (next_year == year + 1 && next_month == 1 && month == 12));
		assert_true(same_month || new_month);
		assert_int_equal(clock_days_from_date(next_year, next_month, next_day), days);
		year = next_year;
		month = next_month;
		day = next_day;
	}
}

static void any_time_comes_back(void **state)
{
	(void)state;
	uint64_t seed = 3;
	char text[CLOCK_TEXT_BYTES];
	for (int i = 0; i < 20000; i++) {
		int64_t time_us = INT64_C(-62135596800000000) +
				  (int64_t)draw(&seed, UINT64_C(315537897600000000));
		assert_int_equal(parsed(clock_format(time_us, text)), time_us);
	}
	/* Beyond RFC 3339's years something is still written, and within its room. */
	assert_non_null(clock_format(INT64_MIN, text));
	assert_non_null(clock_format(INT64_MAX, text));
}

static void the_steady_clock_never_goes_back(void **state)
{
	(void)state;
	int64_t before = clock_steady_us();
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_steady_us();
		assert_true(now >= before);
		before = now;
	}
	assert_true(clock_wall_us() > parsed("2020-01-01T00:00:00Z"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_rfc_3339),
		cmocka_unit_test(knows_the_calendar),
		cmocka_unit_test(refuses_what_is_no_time),
		cmocka_unit_test(days_follow_each_other),
		cmocka_unit_test(any_time_comes_back),
		cmocka_unit_test(the_steady_clock_never_goes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
