#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/vigil.h"

#define STEP_US 1000

static void test_listening_goes_as_the_clock_does(void **state)
{
	struct vigil vigil;
	(void)state;
	vigil_begin(&vigil, STEP_US, 5000000);
	assert_int_equal(vigil_look(&vigil, 5000000), 0);
	for (int64_t at = 1; at <= 10; at++)
		assert_int_equal(vigil_look(&vigil, 5000000 + at * STEP_US), at * STEP_US);
	assert_int_equal(vigil_look(&vigil, 5010001), 10001);
	assert_int_equal(vigil_look(&vigil, 5010001), 10001);
}

/* A debugger, a suspended machine, a processor that is somebody else's: whatever the clock says, it counts
 * for one step. */
static void test_who_was_not_there_has_heard_no_silence(void **state)
{
	struct vigil vigil;
	(void)state;
	vigil_begin(&vigil, STEP_US, 0);
	assert_int_equal(vigil_look(&vigil, 400), 400);
	assert_int_equal(vigil_look(&vigil, INT64_C(3600000000)), 400 + STEP_US);
	assert_int_equal(vigil_look(&vigil, INT64_C(3600000300)), 700 + STEP_US);
}

static void test_a_step_may_change(void **state)
{
	struct vigil vigil;
	(void)state;
	vigil_begin(&vigil, STEP_US, 0);
	assert_int_equal(vigil_look(&vigil, 10 * STEP_US), STEP_US);
	vigil.step_us = 5 * STEP_US;
	assert_int_equal(vigil_look(&vigil, 20 * STEP_US), 6 * STEP_US);
	assert_int_equal(vigil_look(&vigil, 22 * STEP_US), 8 * STEP_US);
}

/* Of who looks again in time, or as late as that, nothing is lost, however short the step is; silence is noticed when
 * it is due. */
static void test_looks_in_their_pace_lose_nothing(void **state)
{
	(void)state;
	for (int64_t step_us = 2; step_us < 10000000; step_us *= 3) {
		struct vigil vigil;
		int64_t now_us = 0;
		vigil_begin(&vigil, step_us, 0);
		for (int64_t late = 0; late < 20; late++) {
			int64_t pace_us = vigil_pace_us(&vigil);
			assert_true(pace_us > 0);
			now_us += pace_us + pace_us * (late % 3) / 2;
			assert_int_equal(vigil_look(&vigil, now_us), now_us);
		}
	}
}

static void test_a_clock_that_goes_back_stands_still(void **state)
{
	struct vigil vigil;
	(void)state;
	vigil_begin(&vigil, STEP_US, 100000);
	assert_int_equal(vigil_look(&vigil, 50000), 0);
	assert_int_equal(vigil_look(&vigil, 50500), 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listening_goes_as_the_clock_does),
		cmocka_unit_test(test_who_was_not_there_has_heard_no_silence),
		cmocka_unit_test(test_a_step_may_change),
		cmocka_unit_test(test_looks_in_their_pace_lose_nothing),
		cmocka_unit_test(test_a_clock_that_goes_back_stands_still),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
