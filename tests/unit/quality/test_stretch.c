#include "module/quality/manager/stretch.h"

#include "support/unit.h"

#include "base/clock.h"

#define BEIJING_US (INT64_C(8) * 3600 * 1000000)

/* "2026-02-28 to 2026-03-31 month whole": first and last day as clocks there show them. */
static const char *parsed(const char *text)
{
	static const char *const units[] = {"day", "week", "month"};
	static struct buffer out;
	char from[CLOCK_TEXT_BYTES];
	char until[CLOCK_TEXT_BYTES];
	struct stretch stretch;
	buffer_clear(&out);
	enum ch_status status = stretch_parse(slice_text(text), BEIJING_US, &stretch);
	if (status != CH_OK)
		return ch_status_name(status);
	clock_format(stretch.from_us + BEIJING_US, from);
	clock_format(stretch.until_us + BEIJING_US, until);
	assert_string_equal(from + 10, "T00:00:00.000000Z");
	assert_string_equal(until + 10, "T00:00:00.000000Z");
	buffer_printf(&out, "%.10s %.10s %s%s", from, until, units[stretch.unit],
		stretch.whole ? " whole" : "");
	return buffer_text(&out);
}

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(parsed("2026-03"), "2026-03-01 2026-04-01 month whole");
	assert_string_equal(parsed("2026-03-14"), "2026-03-14 2026-03-15 day whole");
	assert_string_equal(parsed("2026-W11"), "2026-03-09 2026-03-16 week whole");
	assert_string_equal(parsed("2026"), "2026-01-01 2027-01-01 month");
	assert_string_equal(parsed("2026-03-01:2026-03-14"), "2026-03-01 2026-03-15 day");
	assert_string_equal(parsed("2026-01:2026-03"), "2026-01-01 2026-04-01 week");
	assert_string_equal(parsed("2025:2026-03"), "2025-01-01 2026-04-01 month");
}

static void test_weeks_at_the_turn_of_the_year(void **state)
{
	(void)state;
	assert_string_equal(parsed("2026-W01"), "2025-12-29 2026-01-05 week whole");
	assert_string_equal(parsed("2026-W53"), "2026-12-28 2027-01-04 week whole");
	assert_string_equal(parsed("2025-W53"), "format"); /* that year has none */
	assert_string_equal(parsed("2026-W00"), "format");
	assert_string_equal(parsed("2026-W54"), "format");
}

static void test_mistakes(void **state)
{
	(void)state;
	static const char *const texts[] = {"", ":", "2026-13", "2026-02-30", "March", "2026-3",
		"2026-03:", ":2026-03", "2026-01:2026-02:2026-03", "2026-03-01T00:00"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_string_equal(parsed(texts[i]), "format");
	assert_string_equal(parsed("2026-03:2026-01"), "invalid");
}

static void test_history(void **state)
{
	(void)state;
	struct stretch march;
	struct stretch begin;
	assert_int_equal(stretch_parse(slice_text("2026-03"), BEIJING_US, &march), CH_OK);
	assert_int_equal(stretch_parse(slice_text("2025-03"), BEIJING_US, &begin), CH_OK);
	assert_int_equal(stretch_history(&march, BEIJING_US, 13), begin.from_us);
	assert_int_equal(stretch_history(&march, BEIJING_US, 1), march.from_us);
	struct stretch same = stretch_month(BEIJING_US, march.until_us - 1);
	assert_int_equal(same.from_us, march.from_us);
	assert_int_equal(same.until_us, march.until_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_weeks_at_the_turn_of_the_year),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_history),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
