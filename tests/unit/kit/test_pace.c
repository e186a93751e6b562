#include "support/unit.h"

#include "kit/pace.h"

/* How many come in so many microseconds when they are asked for every `step_us`. */
static unsigned count(struct pace *pace, int64_t from_us, int64_t for_us, int64_t step_us)
{
	unsigned taken = 0;
	for (int64_t now_us = from_us; now_us < from_us + for_us; now_us += step_us)
		taken += pace_take(pace, now_us);
	return taken;
}

static void test_so_many_a_second(void **state)
{
	struct pace pace;
	(void)state;
	pace_init(&pace, 50);
	assert_in_range(count(&pace, 1000000, 10000000, 1000), 500, 506);
	int64_t due_us = pace_due_us(&pace);
	assert_false(pace_take(&pace, due_us - 1));
	assert_true(pace_take(&pace, due_us));
}

static void test_what_was_not_used_is_gone(void **state)
{
	struct pace pace;
	(void)state;
	pace_init(&pace, 1000);
	assert_true(pace_take(&pace, 0));
	/* An hour later: a tenth of a second's worth at once, no more. */
	assert_in_range(count(&pace, INT64_C(3600000000), 1000, 1), 100, 102);
}

static void test_slow_and_unbounded(void **state)
{
	struct pace pace;
	(void)state;
	pace_init(&pace, 1);
	assert_in_range(count(&pace, 5000000, 10000000, 1000), 10, 11);
	pace_init(&pace, 0);
	assert_int_equal(count(&pace, 0, 1000, 1), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_so_many_a_second),
		cmocka_unit_test(test_what_was_not_used_is_gone),
		cmocka_unit_test(test_slow_and_unbounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
