/* progress: rate and time left. */
#include "support/unit.h"

#include "cli/progress.h"

static void test_text(void **state)
{
	const struct progress progress = {.began_us = 0, .began_at = 0};
	char text[PROGRESS_BYTES];
	(void)state;
	assert_string_equal(progress_text(&progress, 500, 2000, 5000000, text),
		"500 of 2 000, 25 %, 100/s, 15.0 s left");
	/* How much there will be is not known. */
	assert_string_equal(progress_text(&progress, 500, 0, 5000000, text), "500, 100/s");
}

static void test_edges(void **state)
{
	const struct progress resumed = {.began_us = 0, .began_at = 400};
	char text[PROGRESS_BYTES];
	(void)state;
	/* What was done before does not make it fast. */
	assert_string_equal(progress_text(&resumed, 500, 600, 10000000, text),
		"500 of 600, 83 %, 10/s, 10.0 s left");
	assert_string_equal(
		progress_text(&resumed, 400, 600, 0, text), "400 of 600, 66 %, 0/s, - left");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_edges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
