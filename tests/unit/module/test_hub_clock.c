/* Times here are in seconds; the unit does not care. */
#include "support/unit.h"

#include "module/kit/hub_clock.h"

#define DAY 86400

static int64_t now(struct hub_clock *clock, int64_t wall, int64_t steady, int64_t offset)
{
	return hub_clock_now(clock, &(struct hub_clock_sight){wall, steady, offset, 0});
}

static void test_usage(void **state)
{
	struct hub_clock clock = {0};
	(void)state;
	assert_int_equal(now(&clock, 1000000, 50, 0), 1000000); /* nobody has welcomed us yet */
	assert_int_equal(now(&clock, 1000010, 60, 7), 1000017);
	assert_int_equal(now(&clock, 1000020, 70, 7), 1000027);
}

static void test_the_time_of_day_may_be_set(void **state)
{
	struct hub_clock clock = {0};
	(void)state;
	assert_int_equal(now(&clock, 1000000, 50, 7), 1000007);
	assert_int_equal(now(&clock, 1000010 + 30 * DAY, 60, 7), 1000017);
	assert_int_equal(now(&clock, 1000020 - 30 * DAY, 70, 7), 1000027);
	/* The next welcome says how wrong it is now. */
	assert_int_equal(now(&clock, 1000030 - 30 * DAY, 80, 30 * DAY + 8), 1000038);
}

static void test_no_event_is_of_the_future(void **state)
{
	struct hub_clock clock = {0};
	struct hub_clock_sight sight = {.wall_us = 1000000, .steady_us = 50};
	(void)state;
	assert_int_equal(hub_clock_now(&clock, &sight), 1000000);
	sight.arrival_us = 1000000 + DAY; /* the hub's clock was set */
	assert_int_equal(hub_clock_now(&clock, &sight), 1000000 + DAY);
	sight.steady_us += 5;
	assert_int_equal(hub_clock_now(&clock, &sight), 1000005 + DAY);
	sight.arrival_us = 1000000; /* another journal */
	assert_int_equal(hub_clock_now(&clock, &sight), 1000005 + DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_the_time_of_day_may_be_set),
		cmocka_unit_test(test_no_event_is_of_the_future),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
