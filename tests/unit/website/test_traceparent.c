#include "channel/website/traceparent.h"
#include "support/unit.h"

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void test_read(void **state)
{
	struct slice parent;
	(void)state;
	assert_int_equal(traceparent_read(SLICE_LITERAL(" " PARENT "\t"), &parent), CH_OK);
	assert_slice_text(parent, PARENT);
	assert_int_equal(
		traceparent_read(
			SLICE_LITERAL(
				"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later"),
			&parent),
		CH_OK);
}

/* The W3C's own cases are in tests/samples/website.py. */
static void test_restarts(void **state)
{
	static const char *const cases[] = {
		"",
		PARENT "-more",
		PARENT ".",
		"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01later",
		"0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
	};
	struct slice parent;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(traceparent_read(slice_text(cases[i]), &parent), CH_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_restarts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
