#include "base/currency.h"

#include "support/unit.h"

static int64_t minor(const char *value, const char *code, bool *out_exact)
{
	struct decimal decimal;
	int64_t units = INT64_MIN;
	assert_int_equal(decimal_parse(slice_text(value), &decimal), CH_OK);
	assert_int_equal(currency_minor_units(decimal, slice_text(code), &units, out_exact), CH_OK);
	return units;
}

static void test_amounts_become_minor_units(void **state)
{
	(void)state;
	bool exact;
	assert_int_equal(minor("12.30", "CNY", &exact), 1230);
	assert_true(exact);
	assert_int_equal(minor("-1.07", "USD", &exact), -107);
	assert_int_equal(minor("21", "AED", &exact), 2100);
	assert_int_equal(minor("500", "JPY", &exact), 500);
	assert_int_equal(minor("1.5", "KWD", &exact), 1500);
	assert_int_equal(minor("26.990", "EUR", &exact), 2699);
	assert_true(exact);
}

static void test_finer_amounts_are_rounded_and_told(void **state)
{
	(void)state;
	bool exact;
	assert_int_equal(minor("0.005", "EUR", &exact), 1);
	assert_false(exact);
	assert_int_equal(minor("0.0049", "EUR", &exact), 0);
	assert_false(exact);
	assert_int_equal(minor("-0.005", "EUR", &exact), -1);
	assert_int_equal(minor("-0.0049", "EUR", &exact), 0);
	assert_int_equal(minor("99999999999999999.5", "JPY", &exact), INT64_C(100000000000000000));
	assert_int_equal(minor("0.999999999999999999", "JPY", &exact), 1);
	assert_int_equal(minor("0.400000000000000000", "JPY", &exact), 0);
}

static void test_too_large_is_refused(void **state)
{
	(void)state;
	struct decimal large = {INT64_MAX, 0};
	int64_t units = 7;
	bool exact;
	assert_int_equal(
		currency_minor_units(large, slice_text("CNY"), &units, &exact), CH_TOO_LARGE);
	assert_int_equal(units, 7);
}

static void test_codes(void **state)
{
	(void)state;
	assert_true(currency_is_code(slice_text("CNY")));
	assert_false(currency_is_code(slice_text("cny")));
	assert_false(currency_is_code(slice_text("RMB ")));
	assert_false(currency_is_code(slice_text("")));
	assert_int_equal(currency_exponent(slice_text("QQQ")), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_amounts_become_minor_units),
		cmocka_unit_test(test_finer_amounts_are_rounded_and_told),
		cmocka_unit_test(test_too_large_is_refused),
		cmocka_unit_test(test_codes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
