#include "fanout/flight.h"

#include "support/unit.h"

static void add(struct flight *flight, uint64_t sequence)
{
	assert_int_equal(flight_reserve(flight, 1), CH_OK);
	flight_add(flight, &(struct flight_slot){.sequence = sequence, .parts = 1, .out = true});
}

static void test_settled_slots_wait_for_those_before_them(void **state)
{
	(void)state;
	struct flight flight;
	struct flight_slot last;
	flight_init(&flight);
	add(&flight, 10);
	add(&flight, 20);
	add(&flight, 30);
	flight_at(&flight, 1)->out = false;
	assert_false(flight_drop(&flight, &last));
	flight_at(&flight, 0)->out = false;
	assert_true(flight_drop(&flight, &last));
	assert_int_equal(last.sequence, 20);
	assert_int_equal(flight.count, 1);
	assert_int_equal(flight_at(&flight, 0)->sequence, 30);
	flight_fini(&flight);
}

static void test_a_sequence_is_found_or_the_next_one(void **state)
{
	(void)state;
	struct flight flight;
	flight_init(&flight);
	assert_int_equal(flight_seek(&flight, 5), 0);
	for (uint64_t i = 1; i <= 1000; i++)
		add(&flight, 10 * i);
	assert_int_equal(flight_seek(&flight, 0), 0);
	assert_int_equal(flight_seek(&flight, 10), 0);
	assert_int_equal(flight_seek(&flight, 11), 1);
	assert_int_equal(flight_seek(&flight, 5000), 499);
	assert_int_equal(flight_seek(&flight, 10001), 1000);
	flight_fini(&flight);
}

static void test_it_goes_round_and_grows_up_to_its_bound(void **state)
{
	(void)state;
	struct flight flight;
	struct flight_slot last;
	uint64_t next = 1;
	flight_init(&flight);
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 50; i++)
			add(&flight, next++);
		for (uint32_t i = 0; i < 50; i++)
			flight_at(&flight, i)->out = false;
		assert_true(flight_drop(&flight, &last));
		assert_int_equal(last.sequence, next - 1);
	}
	assert_int_equal(flight.capacity, 64);
	while (flight_reserve(&flight, 1) == CH_OK)
		add(&flight, next++);
	assert_int_equal(flight_reserve(&flight, 1), CH_FULL);
	assert_int_equal(flight.count, LIMIT_INFLIGHT_PER_SUB);
	for (uint32_t i = 1; i < flight.count; i++)
		assert_int_equal(
			flight_at(&flight, i)->sequence, flight_at(&flight, i - 1)->sequence + 1);
	flight_fini(&flight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settled_slots_wait_for_those_before_them),
		cmocka_unit_test(test_a_sequence_is_found_or_the_next_one),
		cmocka_unit_test(test_it_goes_round_and_grows_up_to_its_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
