/* Adapters that answer whoever sends. */
#include "desk.h"

#include "base/clock.h"

static void counter_begin(struct desk *desk, struct station *station)
{
	desk_begin(desk, station);
	station->adapter.prompt = true;
	station->settings.patience_ms = 200;
}

/* Lays one and waits for what becomes of it. */
static struct kit_settled lay(struct desk *desk)
{
	desk_lay(desk, 1);
	wait_until_settled(desk, desk->laid);
	return desk_last(desk);
}

static void test_the_receipt_is_the_answer(void **state)
{
	struct station station;
	struct desk desk;
	struct kit_settled answer;
	(void)state;
	counter_begin(&desk, &station);
	station_start(&station);
	assert_true(fake_hub_wait(station.bus, FAKE_HELLOS, 1, 10000));
	do /* the first may come before the welcome has */
		answer = lay(&desk);
	while (answer.status == CH_RETRY);
	assert_int_equal(answer.status, CH_OK);
	assert_int_equal(answer.receipt.outcome, CH_OUTCOME_ACCEPTED);
	fake_hub_answer_next(station.bus, 1,
		&(struct receipt){.outcome = OUTCOME_REFUSED,
			.reason = CH_MISSING,
			.field = SLICE_LITERAL("customer.phones"),
			.detail = SLICE_LITERAL("is mandatory")});
	answer = lay(&desk);
	assert_int_equal(answer.status, CH_MISSING);
	assert_string_equal(answer.receipt.field, "customer.phones");
	assert_string_equal(answer.receipt.detail, "is mandatory");
	fake_hub_answer_next(station.bus, 1,
		&(struct receipt){.outcome = OUTCOME_DUPLICATE, .sequence = 7, .customer = 42});
	answer = lay(&desk);
	assert_int_equal(answer.status, CH_OK);
	assert_int_equal(answer.receipt.outcome, CH_OUTCOME_DUPLICATE);
	assert_int_equal(answer.receipt.sequence, 7);
	assert_int_equal(answer.receipt.customer, 42);
	station_stop(&station);
	desk_end(&desk, &station);
}

static void test_a_hub_that_is_away_is_told_at_once(void **state)
{
	struct station station;
	struct desk desk;
	(void)state;
	counter_begin(&desk, &station);
	station.settings.patience_ms = 3600000;
	fake_hub_go_away(station.bus);
	station_start(&station);
	struct kit_settled answer = lay(&desk);
	assert_int_equal(answer.status, CH_RETRY);
	assert_int_equal(answer.receipt.outcome, CH_OUTCOME_RETRY_AFTER);
	assert_int_equal(answer.receipt.reason, CH_CLOSED);
	assert_true(answer.receipt.retry_after_ms > 0);
	assert_string_equal(answer.receipt.detail, "the hub cannot be reached");
	station_stop(&station);
	assert_true(station.counts.put_off >= 1);
	desk_end(&desk, &station);
}

static void wait_until_up(struct desk *desk)
{
	while (lay(desk).status == CH_RETRY)
		assert_int_equal(usleep(1000), 0);
}

static void test_what_the_hub_puts_off_is_told_with_its_time(void **state)
{
	struct station station;
	struct desk desk;
	(void)state;
	counter_begin(&desk, &station);
	station.settings.patience_ms = 3600000;
	station_start(&station);
	wait_until_up(&desk);
	fake_hub_answer_next(station.bus, 1,
		&(struct receipt){.outcome = OUTCOME_RETRY_AFTER,
			.reason = CH_FULL,
			.retry_after_ms = 30000});
	struct kit_settled answer = lay(&desk);
	assert_int_equal(answer.status, CH_RETRY);
	assert_int_equal(answer.receipt.retry_after_ms, 30000);
	station_stop(&station);
	desk_end(&desk, &station);
}

static void test_a_silent_hub_is_given_up(void **state)
{
	struct station station;
	struct desk desk;
	(void)state;
	counter_begin(&desk, &station);
	station_start(&station);
	wait_until_up(&desk);
	fake_hub_hold_receipts(station.bus, true);
	int64_t began_us = clock_steady_us();
	struct kit_settled answer = lay(&desk);
	assert_true(clock_steady_us() - began_us >= 200000);
	assert_int_equal(answer.status, CH_RETRY);
	assert_int_equal(answer.receipt.reason, CH_TIMEOUT);

	/* Settled once: the receipt that comes after all only counts. */
	uint64_t stored = fake_hub_count(station.bus, FAKE_STORED);
	fake_hub_hold_receipts(station.bus, false);
	while (lay(&desk).status == CH_RETRY)
		;
	assert_true(fake_hub_count(station.bus, FAKE_STORED) > stored);
	assert_int_equal(desk.settled, desk.laid);
	station_stop(&station);
	assert_true(station.counts.accepted + station.counts.put_off > desk.laid);
	desk_end(&desk, &station);
}

/* More than may be under way: the rest is told to come again, nothing waits. */
static void test_too_much_at_once(void **state)
{
	struct station station;
	struct desk desk;
	(void)state;
	counter_begin(&desk, &station);
	station.settings.patience_ms = 3600000;
	station_start(&station);
	wait_until_up(&desk);
	unsigned before = desk.settled;
	fake_hub_hold_receipts(station.bus, true);
	desk_lay(&desk, 20); /* the window is 16 */
	for (int i = 0; i < 100000 && desk.settled < before + 4; i++)
		assert_int_equal(usleep(100), 0);
	/* The place of the one before may still be on its way back. */
	assert_in_range(desk.settled, before + 4, before + 5);
	assert_int_equal(desk_last(&desk).status, CH_RETRY);
	assert_int_equal(desk_last(&desk).receipt.reason, CH_FULL);
	fake_hub_hold_receipts(station.bus, false);
	wait_until_settled(&desk, before + 20);
	station_stop(&station);
	desk_end(&desk, &station);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_receipt_is_the_answer),
		cmocka_unit_test(test_a_hub_that_is_away_is_told_at_once),
		cmocka_unit_test(test_what_the_hub_puts_off_is_told_with_its_time),
		cmocka_unit_test(test_a_silent_hub_is_given_up),
		cmocka_unit_test(test_too_much_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
