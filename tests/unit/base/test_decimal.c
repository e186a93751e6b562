#include "base/decimal.h"
#include "unit/draw.h"

static struct decimal parsed(const char *text)
{
	struct decimal value;
	assert_int_equal(decimal_parse(slice_text(text), &value), CH_OK);
	return value;
}

static void keeps_every_digit(void **state)
{
	(void)state;
	char text[DECIMAL_TEXT_BYTES];
	struct decimal sum;
	struct decimal weight = parsed("0.420");
	assert_int_equal(weight.unscaled, 420);
	assert_int_equal(weight.scale, 3);
	assert_int_equal(decimal_add(weight, parsed("-1.5"), &sum), CH_OK);
	assert_string_equal(decimal_format(sum, text), "-1.080");
	assert_int_equal(decimal_compare(parsed("1.50"), parsed("1.5")), 0);
	assert_int_equal(decimal_compare(parsed("-2"), parsed("0.000001")), -1);
	assert_int_equal(
		decimal_compare(parsed("9223372036854775807"), parsed("0.000000000000000001")), 1);
}

static void reads_the_lexical_form_only(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "+", "-", ".", "-.", "1e3", "1,5", " 1", "1 ", "1.2.3", "--1", "0x1"};
	struct decimal value = {7, 7};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(decimal_parse(slice_text(bad[i]), &value), CH_FORMAT);
	assert_int_equal(decimal_parse(SLICE_LITERAL("9223372036854775808"), &value), CH_TOO_LARGE);
	assert_int_equal(
		decimal_parse(SLICE_LITERAL("0.0000000000000000001"), &value), CH_TOO_LARGE);
	assert_int_equal(value.unscaled, 7);
	assert_int_equal(parsed("+.5").unscaled, 5);
	assert_int_equal(parsed("12.").scale, 0);
}

static void rescales_without_loss_or_not_at_all(void **state)
{
	(void)state;
	struct decimal value = {7, 7};
	assert_int_equal(decimal_rescale(parsed("1.50"), 1, &value), CH_OK);
	assert_int_equal(value.unscaled, 15);
	assert_int_equal(decimal_rescale(parsed("1.55"), 1, &value), CH_INVALID);
	assert_int_equal(decimal_rescale(parsed("10"), 18, &value), CH_TOO_LARGE);
	assert_int_equal(decimal_rescale(parsed("1"), 19, &value), CH_TOO_LARGE);
	assert_int_equal(value.unscaled, 15);
	assert_int_equal(
		decimal_add((struct decimal){INT64_MAX, 0}, parsed("1"), &value), CH_TOO_LARGE);
	assert_int_equal(
		decimal_add((struct decimal){INT64_MIN, 0}, parsed("-1"), &value), CH_TOO_LARGE);
}

static void any_value_comes_back(void **state)
{
	(void)state;
	uint64_t seed = 5;
	char text[DECIMAL_TEXT_BYTES];
	for (int i = 0; i < 20000; i++) {
		int64_t unscaled = (int64_t)draw(&seed, UINT64_C(1) << (1 + draw(&seed, 62)));
		struct decimal value = {
			i % 2 ? unscaled : -unscaled, (uint32_t)draw(&seed, DECIMAL_SCALE_MAX + 1)};
		struct decimal back = parsed(decimal_format(value, text));
		assert_int_equal(back.unscaled, value.unscaled);
		assert_int_equal(back.scale, value.scale);
	}
	assert_string_equal(
		decimal_format((struct decimal){INT64_MIN, 18}, text), "-9.223372036854775808");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_every_digit),
		cmocka_unit_test(reads_the_lexical_form_only),
		cmocka_unit_test(rescales_without_loss_or_not_at_all),
		cmocka_unit_test(any_value_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
