#include "module/quality/fact/period.h"

#include "support/unit.h"

#include "base/clock.h"
#include "module/quality/fact/moment.h"

#define CHINA (INT64_C(8) * 3600 * 1000000)

static int64_t at(const char *text)
{
	int64_t time_us = 0;
	assert_int_equal(clock_parse(slice_text(text), &time_us), CH_OK);
	return time_us;
}

static const char *label(enum period_unit unit, int64_t offset_us, const char *text)
{
	static char name[PERIOD_LABEL_BYTES];
	return period_label(unit, offset_us, period_start(unit, offset_us, at(text)), name);
}

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(label(PERIOD_DAY, 0, "2026-02-28T23:59:59Z"), "2026-02-28");
	assert_string_equal(label(PERIOD_DAY, CHINA, "2026-02-28T23:59:59Z"), "2026-03-01");
	assert_string_equal(label(PERIOD_MONTH, CHINA, "2026-02-28T23:59:59Z"), "2026-03");
	assert_int_equal(period_start(PERIOD_MONTH, CHINA, at("2026-03-09T00:00:00Z")),
		at("2026-03-01T00:00:00+08:00"));
	assert_int_equal(period_hour(CHINA, at("2026-02-28T23:59:59Z")), 7);
	int64_t start = period_start(PERIOD_MONTH, CHINA, at("2026-12-31T00:00:00Z"));
	assert_int_equal(period_next(PERIOD_MONTH, CHINA, start), at("2027-01-01T00:00:00+08:00"));
}

/* ISO 8601: the first week of a year is that of its first Thursday. */
static void test_weeks(void **state)
{
	(void)state;
	assert_string_equal(label(PERIOD_WEEK, 0, "2026-01-01T00:00:00Z"), "2026-W01");
	assert_string_equal(label(PERIOD_WEEK, 0, "2027-01-01T00:00:00Z"), "2026-W53");
	assert_string_equal(label(PERIOD_WEEK, 0, "2027-01-04T00:00:00Z"), "2027-W01");
	assert_string_equal(label(PERIOD_WEEK, 0, "2024-12-30T00:00:00Z"), "2025-W01");
	assert_string_equal(label(PERIOD_WEEK, 0, "1969-12-31T00:00:00Z"), "1970-W01");
}

static void test_months_are_calendar_months(void **state)
{
	(void)state;
	assert_int_equal(
		period_add_months(0, at("2026-01-31T10:00:00Z"), 1), at("2026-02-28T10:00:00Z"));
	assert_int_equal(
		period_add_months(0, at("2024-01-31T10:00:00Z"), 1), at("2024-02-29T10:00:00Z"));
	assert_int_equal(
		period_add_months(0, at("2026-11-30T00:00:00Z"), 15), at("2028-02-29T00:00:00Z"));
	/* The day is that of the organisation's clocks. */
	assert_int_equal(period_add_months(CHINA, at("2026-01-30T20:00:00Z"), 1),
		at("2026-02-27T20:00:00Z"));
}

static void test_dates(void **state)
{
	int64_t time_us;
	(void)state;
	assert_true(period_of_date(slice_text("2026-03-14"), CHINA, &time_us));
	assert_int_equal(time_us, at("2026-03-14T00:00:00+08:00"));
	assert_true(period_after_date(slice_text("2026-02"), 0, &time_us));
	assert_int_equal(time_us, at("2026-03-01T00:00:00Z"));
	assert_true(period_after_date(slice_text("2026"), 0, &time_us));
	assert_int_equal(time_us, at("2027-01-01T00:00:00Z"));
	assert_false(period_of_date(slice_text(""), 0, &time_us));
	assert_false(period_of_date(slice_text("2026-02-30"), 0, &time_us));
	assert_false(period_of_date(slice_text("2026-13"), 0, &time_us));
	assert_false(period_of_date(slice_text("26-01-01"), 0, &time_us));
	assert_false(period_of_date(slice_text("2026-01-01-01"), 0, &time_us));
	assert_false(period_of_date(slice_text("today"), 0, &time_us));

	/* As of a day is as of its end there; as of a moment is as of it. */
	assert_true(period_as_of(slice_text("1970-01-02"), 3600, &time_us));
	assert_int_equal(time_us, 2 * DAY_US - 3600 - 1);
	assert_true(period_as_of(slice_text("1970-01-02T00:00:00Z"), 3600, &time_us));
	assert_int_equal(time_us, DAY_US);
	assert_false(period_as_of(slice_text("1970-02-30"), 0, &time_us));
	assert_int_equal(time_us, DAY_US);
}

static void test_moments(void **state)
{
	int64_t noon = at("2026-03-14T12:00:00Z");
	(void)state;
	/* A line that was down, a clock that is right. */
	assert_int_equal(moment_of(noon, 0, noon + 7 * DAY_US), noon);
	assert_int_equal(moment_of(noon, noon + 7 * DAY_US, noon + 7 * DAY_US + 900000), noon);
	/* A clock that is two hours ahead, and one a year behind. */
	assert_int_equal(moment_of(noon + 2 * 3600 * INT64_C(1000000),
				 noon + DAY_US + 2 * 3600 * INT64_C(1000000), noon + DAY_US),
		noon);
	assert_int_equal(moment_of(noon - 365 * DAY_US, noon - 364 * DAY_US, noon + DAY_US), noon);
	/* Nothing told, or nonsense. */
	assert_int_equal(moment_of(0, 0, noon), noon);
	assert_int_equal(moment_of(-5, 0, noon), noon);
	assert_int_equal(moment_of(noon + 1000 * DAY_US, 0, noon), noon);
	assert_int_equal(moment_of(INT64_MAX, INT64_MAX, noon), noon);
	assert_int_equal(moment_of(1, INT64_MAX, noon), noon);
	/* An old log is history. */
	assert_int_equal(moment_of(DAY_US, 0, noon), DAY_US);
	assert_true(moment_is_doubtful(DAY_US));
	assert_false(moment_is_doubtful(noon));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_weeks),
		cmocka_unit_test(test_months_are_calendar_months),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_moments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
