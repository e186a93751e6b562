#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/timekeeper.h"

#define S     INT64_C(1000000)
#define DAY   (86400 * S)
#define START INT64_C(1772409600000000) /* 2026-03-02T00:00:00Z */

/* A machine whose clocks a test moves. */
static struct timekeeper_reading machine;
static bool machine_is_kept;

static struct timekeeper_reading read_machine(void *context)
{
	(void)context;
	return machine;
}

static bool is_kept(void *context)
{
	(void)context;
	return machine_is_kept;
}

static struct timekeeper *keeper(int64_t known_us)
{
	struct timekeeper_options options = {
		.jump_us = DAY, .known_us = known_us, .read = read_machine, .is_kept = is_kept};
	struct timekeeper *timekeeper;
	machine = (struct timekeeper_reading){START, 100 * S};
	assert_int_equal(timekeeper_create(&options, &timekeeper), CH_OK);
	return timekeeper;
}

/* So much time goes by. */
static void pass(int64_t us)
{
	machine.machine_us += us;
	machine.up_us += us;
}

/* How it is meant: time goes by, the clock jumps, an operator looks at it. */
static void holds_a_jump_until_it_is_accepted(void **state)
{
	(void)state;
	struct timekeeper *timekeeper = keeper(0);
	pass(3 * DAY); /* nobody has looked for three days: time has gone by all the same */
	assert_int_equal(timekeeper_now_us(timekeeper), START + 3 * DAY);

	machine.machine_us += 40 * DAY;
	pass(10 * S);
	assert_int_equal(timekeeper_now_us(timekeeper), START + 3 * DAY + 10 * S);
	pass(10 * S); /* time goes on, at its own pace */
	struct timekeeper_view view = timekeeper_view(timekeeper);
	assert_true(view.held);
	assert_int_equal(view.hub_us, START + 3 * DAY + 20 * S);
	assert_int_equal(view.machine_us, machine.machine_us);

	timekeeper_accept(timekeeper, view.machine_us);
	pass(10 * S);
	assert_false(timekeeper_view(timekeeper).held);
	assert_int_equal(timekeeper_now_us(timekeeper), machine.machine_us);
	timekeeper_free(timekeeper);
}

static void believes_what_is_within_the_bound(void **state)
{
	(void)state;
	struct timekeeper *timekeeper = keeper(0);
	machine.machine_us += DAY;
	assert_int_equal(timekeeper_now_us(timekeeper), START + DAY);
	machine.machine_us += DAY + 1;
	assert_int_equal(timekeeper_now_us(timekeeper), START + DAY);
	assert_true(timekeeper_view(timekeeper).held);
	timekeeper_free(timekeeper);
}

static void a_clock_that_comes_back_is_believed(void **state)
{
	(void)state;
	struct timekeeper *timekeeper = keeper(0);
	machine.machine_us += 400 * DAY;
	assert_true(timekeeper_view(timekeeper).held);
	pass(60 * S);
	machine.machine_us -= 400 * DAY;
	assert_false(timekeeper_view(timekeeper).held);
	assert_int_equal(timekeeper_now_us(timekeeper), START + 60 * S);
	timekeeper_free(timekeeper);
}

/* Set back and set right again: no jump, though it looks like one. */
static void a_clock_that_was_set_back_may_return(void **state)
{
	(void)state;
	struct timekeeper *timekeeper = keeper(0);
	machine.machine_us -= 30 * DAY;
	assert_int_equal(timekeeper_now_us(timekeeper), START - 30 * DAY);
	pass(60 * S);
	machine.machine_us += 30 * DAY;
	assert_false(timekeeper_view(timekeeper).held);
	assert_int_equal(timekeeper_now_us(timekeeper), START + 60 * S);
	timekeeper_free(timekeeper);
}

/* Over a restart nobody knows how long it was: what was right then is all there is. */
static void judges_a_start_by_what_was_right_before(void **state)
{
	(void)state;
	struct timekeeper *timekeeper = keeper(START - DAY);
	assert_false(timekeeper_view(timekeeper).held);
	timekeeper_free(timekeeper);
	timekeeper = keeper(START - 2 * DAY);
	assert_true(timekeeper_view(timekeeper).held);
	assert_int_equal(timekeeper_now_us(timekeeper), START - 2 * DAY);
	timekeeper_free(timekeeper);
	timekeeper = keeper(START + 400 * DAY); /* the clock is behind: nothing to hold */
	assert_int_equal(timekeeper_now_us(timekeeper), START);
	timekeeper_free(timekeeper);
}

/* With NTP it is known: a clock that it keeps is right, and the hub was away.  But not later. */
static void believes_a_kept_clock_at_a_start(void **state)
{
	(void)state;
	machine_is_kept = true;
	struct timekeeper *timekeeper = keeper(START - 30 * DAY);
	assert_int_equal(timekeeper_now_us(timekeeper), START);
	machine.machine_us += 30 * DAY;
	assert_true(timekeeper_view(timekeeper).held);
	timekeeper_free(timekeeper);

	machine_is_kept = false; /* NTP comes up after the hub */
	timekeeper = keeper(START - 30 * DAY);
	assert_true(timekeeper_view(timekeeper).held);
	machine_is_kept = true;
	assert_int_equal(timekeeper_now_us(timekeeper), START);
	timekeeper_free(timekeeper);
	machine_is_kept = false;
}

/* What was accepted is what the operator saw, not what it has become since. */
static void a_second_jump_needs_a_second_word(void **state)
{
	(void)state;
	struct timekeeper *timekeeper = keeper(0);
	machine.machine_us += 10 * DAY;
	int64_t seen_us = timekeeper_view(timekeeper).machine_us;
	machine.machine_us += 10 * DAY;
	timekeeper_accept(timekeeper, seen_us);
	assert_true(timekeeper_view(timekeeper).held);
	assert_int_equal(timekeeper_now_us(timekeeper), seen_us);
	timekeeper_free(timekeeper);
}

static void the_wall_clock_of_the_process_is_held_with_it(void **state)
{
	(void)state;
	struct timekeeper *timekeeper = keeper(0);
	machine.machine_us += 5 * DAY;
	(void)timekeeper_now_us(timekeeper);
	int64_t behind_us = clock_machine_us() - clock_wall_us();
	assert_true(behind_us > 5 * DAY - S && behind_us < 5 * DAY + S);
	timekeeper_free(timekeeper);
	assert_true(clock_machine_us() - clock_wall_us() < S);
}

static void without_one_the_machine_is_believed(void **state)
{
	(void)state;
	assert_true(timekeeper_now_us(NULL) - clock_machine_us() < S);
	assert_false(timekeeper_view(NULL).held);
	timekeeper_accept(NULL, 0);
	timekeeper_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_a_jump_until_it_is_accepted),
		cmocka_unit_test(believes_what_is_within_the_bound),
		cmocka_unit_test(a_clock_that_comes_back_is_believed),
		cmocka_unit_test(a_clock_that_was_set_back_may_return),
		cmocka_unit_test(judges_a_start_by_what_was_right_before),
		cmocka_unit_test(believes_a_kept_clock_at_a_start),
		cmocka_unit_test(a_second_jump_needs_a_second_word),
		cmocka_unit_test(the_wall_clock_of_the_process_is_held_with_it),
		cmocka_unit_test(without_one_the_machine_is_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
