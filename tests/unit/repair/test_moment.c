#include "channel/repair/moment.h"

#include "support/unit.h"

#include "base/clock.h"

/* The moment in UTC, or the status' name. */
static const char *read_as(const char *text, const char *pattern, const char *zone_name)
{
	static char out[CLOCK_TEXT_BYTES];
	struct zone *zone;
	struct moment moment;
	enum ch_status status = moment_parse(slice_text(text), slice_text(pattern), &moment);
	if (status != CH_OK)
		return ch_status_name(status);
	assert_int_equal(zone_open(slice_text(zone_name), &zone), CH_OK);
	clock_format(moment_to_utc(&moment, zone), out);
	zone_free(zone);
	return out;
}

static void test_usual_forms(void **state)
{
	static const char *const forms[] = {
		"2026-03-02T08:30:00",
		"2026-03-02 08:30:00",
		"2026-03-02T08:30:00.000",
		"2026-03-02 8:30",
		"2026/3/2 8:30:00",
		"2026/03/02 08:30",
		"2026.03.02 08:30",
		"2026年3月2日 8:30",
		"2026年03月02日 08时30分00秒",
		"2026年3月2日8时30分",
		"20260302083000",
		"2026-03-02T00:30:00Z",
		"2026-03-02T01:30:00+01:00",
		"2026-03-01T21:00:00-0330",
		"  2026-03-02　08:30:00　",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		assert_string_equal(
			read_as(forms[i], "", "Asia/Shanghai"), "2026-03-02T00:30:00.000000Z");
	assert_string_equal(read_as("2026-03-02", "", "+08:00"), "2026-03-01T16:00:00.000000Z");
	assert_string_equal(read_as("20260302", "", "+08:00"), "2026-03-01T16:00:00.000000Z");
	assert_string_equal(read_as("2026-03-02 24:00:00", "", "Z"), "2026-03-03T00:00:00.000000Z");
	assert_string_equal(
		read_as("2026-03-02T08:30:00.1234567", "", "Z"), "2026-03-02T08:30:00.123456Z");
}

static void test_patterns(void **state)
{
	(void)state;
	assert_string_equal(
		read_as("02/03/2026 14:05", "%d/%m/%Y %H:%M", "Z"), "2026-03-02T14:05:00.000000Z");
	assert_string_equal(read_as("3/2/26 2:05:09 PM", "%m/%d/%y %I:%M:%S %p", "Z"),
		"2026-03-02T14:05:09.000000Z");
	assert_string_equal(read_as("2026/3/2 上午 12:05", "%Y/%m/%d %p %I:%M", "Z"),
		"2026-03-02T00:05:00.000000Z");
	assert_string_equal(read_as("2026/3/2 下午12:05", "%Y/%m/%d %p %I:%M", "Z"),
		"2026-03-02T12:05:00.000000Z");
	assert_string_equal(read_as("1772409600", "%s", "+08:00"), "2026-03-02T00:00:00.000000Z");
	assert_string_equal(
		read_as("1772409600123", "%Q", "+08:00"), "2026-03-02T00:00:00.123000Z");
	assert_int_equal(moment_check_pattern(SLICE_LITERAL("%d.%m.%Y")), CH_OK);
	assert_int_equal(moment_check_pattern(SLICE_LITERAL("%d.%m.%k")), CH_INVALID);
	assert_int_equal(moment_check_pattern(SLICE_LITERAL("DD/MM/YYYY")), CH_INVALID);
	assert_int_equal(moment_check_pattern(SLICE_LITERAL("%Y%")), CH_INVALID);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *status;
	} cases[] = {
		{"2026-02-30", "invalid"},
		{"2025-02-29 10:00", "invalid"},
		{"2026-13-01", "invalid"},
		{"2026-03-02 25:00", "invalid"},
		{"2026-03-02 10:60", "invalid"},
		{"2026-03-02 24:01", "invalid"},
		{"0000-00-00 00:00:00", "invalid"},
		{"20261341", "invalid"},
		{"02/03/2026", "format"},
		{"yesterday", "format"},
		{"2026-03-02T08:30:00+8", "format"},
		{"2026-03-02T08:30:00.", "format"},
		{"2026-03-02 10:00 x", "format"},
		{"46083", "format"},
		{"", "format"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(read_as(cases[i].text, "", "Z"), cases[i].status);
}

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		const char *date;
	} cases[] = {{"2026", "2026"}, {"2026-03", "2026-03"}, {"2026年3月", "2026-03"},
		{"2026/3/2", "2026-03-02"}, {"2026-03-02 23:59:59", "2026-03-02"}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct moment moment;
		char text[MOMENT_DATE_BYTES];
		assert_int_equal(
			moment_parse(slice_text(cases[i].text), SLICE_LITERAL(""), &moment), CH_OK);
		assert_string_equal(moment_format_date(&moment, text), cases[i].date);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual_forms),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_dates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
