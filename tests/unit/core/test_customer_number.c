#include "core/customer_number.h"
#include "unit/draw.h"

static void numbers_are_given_out_in_order(void **state)
{
	(void)state;
	uint64_t first = customer_number_make(CUSTOMER_SERIAL_FIRST);
	uint64_t last = customer_number_make(CUSTOMER_SERIAL_LAST);
	assert_true(customer_number_is_valid(first) && customer_number_is_valid(last));
	assert_true(first / 100 == CUSTOMER_SERIAL_FIRST && last / 100 == CUSTOMER_SERIAL_LAST);
	assert_false(customer_number_is_valid(0));
	assert_false(customer_number_is_valid(first - 97));
	assert_false(customer_number_is_valid(UINT64_MAX));
}

/* Every mistake of one digit, and every two neighbours swapped, in a sample of numbers. */
static void typing_mistakes_are_caught(void **state)
{
	(void)state;
	uint64_t seed = 21;
	for (int i = 0; i < 2000; i++) {
		char digits[16];
		uint64_t number = customer_number_make(
			CUSTOMER_SERIAL_FIRST +
			draw(&seed, CUSTOMER_SERIAL_LAST - CUSTOMER_SERIAL_FIRST + 1));
		assert_true(customer_number_is_valid(number));
		(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
		assert_int_equal(strlen(digits), 12);
		for (size_t at = 0; at < 12; at++) {
			char right = digits[at];
			for (char wrong = '0'; wrong <= '9'; wrong++) {
				digits[at] = wrong;
				uint64_t typed = strtoull(digits, NULL, 10);
				assert_int_equal(customer_number_is_valid(typed), wrong == right);
			}
			digits[at] = right;
			if (at + 1 == 12 || right == digits[at + 1])
				continue;
			digits[at] = digits[at + 1];
			digits[at + 1] = right;
			assert_false(customer_number_is_valid(strtoull(digits, NULL, 10)));
			digits[at + 1] = digits[at];
			digits[at] = right;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_given_out_in_order),
		cmocka_unit_test(typing_mistakes_are_caught),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
