#include "module/data/number.h"

#include "support/unit.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"

static const char *parsed(const char *text)
{
	static char printed[DECIMAL_TEXT_BYTES + 16];
	struct decimal value;
	enum ch_status status = number_parse(slice_text(text), &value);
	if (status != CH_OK)
		return ch_status_name(status);
	return decimal_format(value, printed);
}

static const char *printed(long double value)
{
	static struct buffer out;
	buffer_clear(&out);
	number_append(&out, value);
	return buffer_text(&out);
}

static void test_parse(void **state)
{
	(void)state;
	assert_string_equal(parsed("74.030"), "74.03");
	assert_string_equal(parsed("-1.5E2"), "-150");
	assert_string_equal(parsed("+.5"), "0.5");
	assert_string_equal(parsed("25e-4"), "0.0025");
	assert_string_equal(parsed("0e999999"), "0");
}

static void test_parse_refuses(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "-", ".", "nan", "inf", "0x10", "1,5", "1e", "1e+",
		"1 ", "1.2.3", "--1", "e5", "1_000"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_string_equal(parsed(bad[i]), "format");
	assert_string_equal(parsed("1e19"), "too_large");
	assert_string_equal(parsed("1e-19"), "too_large");
	assert_string_equal(parsed("1e99999999999999999999"), "too_large");
	assert_string_equal(parsed("99999999999999999999"), "too_large");
}

static void test_print(void **state)
{
	(void)state;
	assert_string_equal(printed(74.001176L), "74.001176");
	assert_string_equal(printed(1.0L / 3), "0.3333333333333333");
	assert_string_equal(printed(0.1L + 0.2L), "0.3");
	assert_string_equal(printed(-0.0L), "0");
	assert_string_equal(printed(HUGE_VALL), "null");
	assert_string_equal(printed(1e300L * 1e300L), "null");
}

static void test_print_reads_back(void **state)
{
	(void)state;
	for (uint64_t i = 1; i < 20000; i++) {
		uint64_t bits = hash_mix(i * UINT64_C(0x9e3779b97f4a7c15), 0x1234567);
		double value;
		memcpy(&value, &bits, sizeof(value));
		if (isfinite(value))
			assert_true(strtod(printed((long double)value), NULL) == value);
	}
}

static void test_string(void **state)
{
	(void)state;
	struct buffer out = {0};
	number_append_string(&out, slice_text("a\"b\\c\n\xe7\x8e\x8b"));
	assert_string_equal(buffer_text(&out), "\"a\\\"b\\\\c\\u000a\xe7\x8e\x8b\"");
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_print_reads_back),
		cmocka_unit_test(test_string),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
