/* The way by spool, from a drop folder to the fake hub and back. */
#include "station.h"

#include "base/clock.h"

/* ---- How it is used ---- */

static void test_a_station_off_line_loses_nothing(void **state)
{
	struct station station;
	(void)state;
	station_begin_with_spool(&station);
	fake_hub_go_away(station.bus);
	station_start(&station);
	put_many(&station, "a", 1, 100);
	wait_for(&station, "done/a"); /* its source is rid of it */
	assert_true(drop_says(&station.drop, "done/a.result.json", "\"spooled\": 100"));
	put_many(&station, "b", 101, 150);
	wait_for(&station, "done/b");
	assert_int_equal(fake_hub_count(station.bus, FAKE_STORED), 0);

	fake_hub_come_back(station.bus);
	assert_true(fake_hub_wait(station.bus, FAKE_STORED, 150, 10000));
	station_stop(&station);
	assert_int_equal(station.counts.spooled, 150);
	uint64_t answered = station.counts.accepted + station.counts.duplicates;
	/* What was stored, and not answered yet when it stopped, is sent again. */
	station_run_once(&station);
	answered += station.counts.accepted + station.counts.duplicates;
	assert_int_equal(answered, 150);
	expect_in_order(&station, 150);
	assert_true(fake_hub_count(station.bus, FAKE_MOST_IN_FLIGHT) <= 16);

	/* Nothing is left, and the next file goes straight on. */
	put_many(&station, "c", 151, 160);
	station_run_once(&station);
	assert_int_equal(station.counts.spooled, 0);
	assert_int_equal(station.counts.accepted, 10);
	assert_true(drop_says(&station.drop, ".metrics", "carehub_adapter_spool_events"));
	station_end(&station);
}

static void test_what_is_under_way_goes_first(void **state)
{
	struct station station;
	(void)state;
	station_begin_with_spool(&station);
	/* A hub that is there, has answered once, and then does not: so a busy machine, on which patience
	 * ends before there is a connection, is no other case. */
	put_many(&station, "w", 1, 1);
	station_run_once(&station);
	station_start(&station);
	put_many(&station, "x", 2, 2);
	assert_true(fake_hub_wait(station.bus, FAKE_STORED, 2, 10000));
	wait_for(&station, "done/x");
	fake_hub_hold_receipts(station.bus, true);
	put_many(&station, "a", 3, 42);
	wait_for(&station, "done/a");
	assert_true(fake_hub_wait(station.bus, FAKE_STORED, 3, 10000));
	assert_in_range(fake_hub_count(station.bus, FAKE_STORED), 3, 18); /* the window */
	fake_hub_hold_receipts(station.bus, false);
	assert_true(fake_hub_wait(station.bus, FAKE_STORED, 42, 10000));
	station_stop(&station);
	expect_in_order(&station, 42);
	assert_int_equal(fake_hub_count(station.bus, FAKE_EVENTS), 42); /* none was sent twice */
	station_end(&station);
}

static void test_lives_end_in_the_middle(void **state)
{
	struct station station;
	(void)state;
	station_begin_with_spool(&station);
	fake_hub_go_away(station.bus);
	for (unsigned life = 0; life < 3; life++) {
		char name[8];
		char done[16];
		(void)snprintf(name, sizeof(name), "f%u", life);
		(void)snprintf(done, sizeof(done), "done/f%u", life);
		station_start(&station);
		put_many(&station, name, life * 50 + 1, life * 50 + 50);
		wait_for(&station, done);
		station_stop(&station);
		drop_again(&station.drop);
	}
	/* Back, and stopped again before all of it is there. */
	fake_hub_come_back(station.bus);
	station.settings.spool_drain_rate = 200;
	station_start(&station);
	assert_true(fake_hub_wait(station.bus, FAKE_STORED, 60, 10000));
	station_stop(&station);
	drop_again(&station.drop);
	station.settings.spool_drain_rate = 0;
	put_many(&station, "f9", 151, 170);
	station_run_once(&station);
	expect_in_order(&station, 170);
	station_end(&station);
}

static void test_it_comes_back_at_its_pace(void **state)
{
	struct station station;
	(void)state;
	station_begin_with_spool(&station);
	station.settings.spool_drain_rate = 100;
	fake_hub_go_away(station.bus);
	station_start(&station);
	put_many(&station, "a", 1, 120);
	wait_for(&station, "done/a");
	fake_hub_come_back(station.bus);
	assert_true(fake_hub_wait(station.bus, FAKE_STORED, 17, 10000)); /* 16 were under way */
	int64_t began_us = clock_steady_us();
	assert_true(fake_hub_wait(station.bus, FAKE_STORED, 120, 10000));
	/* 103 more at 100 a second, and a tenth of a second's worth may be at once. */
	assert_true(clock_steady_us() - began_us > 850000);
	station_stop(&station);
	expect_in_order(&station, 120);
	station_end(&station);
}

static void test_a_full_spool_makes_the_source_wait(void **state)
{
	struct station station;
	(void)state;
	station_begin_with_spool(&station);
	fake_hub_go_away(station.bus);
	station_start(&station);
	put_many(&station, "a", 1, 3000);
	wait_for(&station, "done/a");
	put_many(&station, "b", 3001, 20000); /* more than a mebibyte */
	assert_int_equal(usleep(500000), 0);
	assert_false(drop_has(&station.drop, "done/b"));
	fake_hub_come_back(station.bus);
	assert_true(fake_hub_wait(station.bus, FAKE_STORED, 20000, 60000));
	wait_for(&station, "done/b");
	station_stop(&station);
	expect_in_order(&station, 20000);
	station_end(&station);
}

/* ---- Refusals that come late ---- */

static void refuse_next(struct station *station, uint32_t events)
{
	const struct receipt refusal = {.outcome = OUTCOME_REFUSED,
		.reason = CH_MISSING,
		.field = SLICE_LITERAL("customer.phones"),
		.detail = SLICE_LITERAL("is mandatory")};
	fake_hub_answer_next(station->bus, events, &refusal);
}

static void test_a_late_refusal_finds_its_file(void **state)
{
	struct station station;
	(void)state;
	station_begin_with_spool(&station);
	fake_hub_go_away(station.bus);
	station_start(&station);
	put_many(&station, "a", 1, 5);
	wait_for(&station, "done/a");
	station_stop(&station);
	assert_false(drop_has(&station.drop, "done/a.rejects"));

	/* Another life, which never saw the file. */
	drop_again(&station.drop);
	fake_hub_come_back(station.bus);
	refuse_next(&station, 2);
	station_run_once(&station);
	assert_int_equal(station.counts.refused, 2);
	assert_int_equal(station.counts.accepted, 3);
	assert_true(drop_says(&station.drop, "done/a.rejects",
		"event 1: missing: customer.phones is mandatory\nevent 2: missing:"));
	assert_true(drop_says(&station.drop, "done/a.receipts", "5\tspooled\t0\n1\trefused\t0\n"));
	station_end(&station);
}

static void test_a_late_refusal_of_a_file_that_is_gone(void **state)
{
	struct station station;
	(void)state;
	station_begin_with_spool(&station);
	fake_hub_go_away(station.bus);
	station_start(&station);
	put_many(&station, "a", 1, 5);
	wait_for(&station, "done/a");
	station_stop(&station);
	drop_put(&station.drop, "done/a", "another one\n");
	drop_again(&station.drop);
	fake_hub_come_back(station.bus);
	refuse_next(&station, 1);
	station_run_once(&station);
	assert_false(drop_has(&station.drop, "done/a.rejects"));
	assert_true(drop_says(&station.drop, ".spool/rejects", " a: missing: customer.phones is"));
	station_end(&station);
}

static void test_damage_is_told_and_the_rest_arrives(void **state)
{
	struct station station;
	char command[DROP_PATH];
	(void)state;
	station_begin_with_spool(&station);
	fake_hub_go_away(station.bus);
	station_start(&station);
	put_many(&station, "a", 1, 5);
	wait_for(&station, "done/a");
	put_many(&station, "b", 6, 10);
	wait_for(&station, "done/b");
	station_stop(&station);
	(void)snprintf(command, sizeof(command),
		"f=$(ls '%s'/.spool/*.spool) && printf X | dd of=\"$f\" bs=1 seek=70 conv=notrunc 2>/dev/null",
		station.drop.path);
	assert_int_equal(system(command), 0);
	fake_hub_come_back(station.bus);
	station_run_once(&station);
	assert_int_equal(station.counts.lost, 1);
	assert_int_equal(fake_hub_count(station.bus, FAKE_STORED), 9);
	assert_true(drop_says(&station.drop, ".spool/rejects", "1 events lost, numbers 1 to 1"));
	station_end(&station);
}

/* ---- What ends it ---- */

static void test_two_adapters_cannot_share_a_spool(void **state)
{
	struct station station;
	struct kit_counts counts = {0};
	(void)state;
	station_begin_with_spool(&station);
	station_start(&station);
	wait_for(&station, ".spool/cursor");
	assert_true(fake_hub_wait(station.bus, FAKE_HELLOS, 1, 10000));
	const struct run_life life = {.once = true, .stop = &station.stop};
	assert_int_equal(
		runner_run(&station.adapter, station.source, &station.settings, &life, &counts),
		CH_BUSY);
	station_stop(&station);
	station_end(&station);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_station_off_line_loses_nothing),
		cmocka_unit_test(test_what_is_under_way_goes_first),
		cmocka_unit_test(test_lives_end_in_the_middle),
		cmocka_unit_test(test_it_comes_back_at_its_pace),
		cmocka_unit_test(test_a_full_spool_makes_the_source_wait),
		cmocka_unit_test(test_a_late_refusal_finds_its_file),
		cmocka_unit_test(test_a_late_refusal_of_a_file_that_is_gone),
		cmocka_unit_test(test_damage_is_told_and_the_rest_arrives),
		cmocka_unit_test(test_two_adapters_cannot_share_a_spool),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
