#include "station.h"

#include <signal.h>
#include <zmq.h>

static void test_files_become_events_once(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	put_many(&station, "a", 1, 100);
	drop_put(&station.drop, "b", "1\n2\n!line 3: torn\n");
	station_run_once(&station);
	assert_int_equal(station.counts.accepted, 100);
	assert_int_equal(station.counts.duplicates, 2);
	assert_int_equal(station.counts.rejected, 1);
	assert_int_equal(fake_hub_count(station.bus, FAKE_STORED), 100);
	assert_true(fake_hub_count(station.bus, FAKE_MOST_IN_FLIGHT) <= 16);
	assert_true(fake_hub_count(station.bus, FAKE_MOST_IN_A_FRAME) <= 4);
	assert_true(drop_has(&station.drop, "done/a"));
	assert_true(drop_says(&station.drop, "done/b.result.json", "\"duplicates\": 2"));
	station_end(&station);
}

/* One that is still being written is waited for, and not left to the next run. */
static void test_once_waits_for_files_to_come_to_rest(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	folder_close(station.drop.folder);
	drop_open_folder(&station.drop, 300);
	put_many(&station, "a", 1, 3);
	station_run_once(&station);
	assert_int_equal(station.counts.accepted, 3);
	assert_true(drop_has(&station.drop, "done/a"));
	station_end(&station);
}

/* Counted, and no reason to refuse what came with it. */
static void test_traces_that_are_none_are_dropped(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	drop_put(&station.drop, "a",
		"1\n2^00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n3^00-1\n4^x\n");
	station_run_once(&station);
	assert_int_equal(station.counts.accepted, 4);
	assert_int_equal(station.counts.traces_dropped, 2);
	assert_true(drop_says(&station.drop, ".metrics",
		"carehub_adapter_traces_dropped_total{adapter=\"carehub-station\"} 2\n"));
	station_end(&station);
}

static void test_refusals_and_conflicts_are_results(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	fake_hub_answer_next(station.bus, 1,
		&(struct receipt){.outcome = OUTCOME_REFUSED,
			.reason = CH_MISSING,
			.field = SLICE_LITERAL("customer.phones"),
			.detail = SLICE_LITERAL("is mandatory")});
	drop_put(&station.drop, "a", "1\n2\n");
	station_run_once(&station);
	assert_int_equal(station.counts.refused, 1);
	assert_int_equal(station.counts.accepted, 1);
	assert_true(
		drop_says(&station.drop, "done/a.rejects", "event 1: missing: customer.phones"));
	station_end(&station);
}

/* All of it in one file, with time, place and reason. */
static void test_what_was_no_event_is_written_down(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	station.settings.rejects = path_in(&station, ".rejects");
	fake_hub_answer_next(station.bus, 1,
		&(struct receipt){.outcome = OUTCOME_REFUSED,
			.reason = CH_MISSING,
			.field = SLICE_LITERAL("customer.phones"),
			.detail = SLICE_LITERAL("is mandatory")});
	drop_put(&station.drop, "a", "1\n!line 2: torn\n3\n");
	station_run_once(&station);
	assert_int_equal(station.counts.rejected, 1);
	assert_true(drop_says(&station.drop, ".rejects", "Z: line 2: torn\n"));
	assert_true(drop_says(&station.drop, ".rejects",
		" a: missing: customer.phones is mandatory\n")); /* the drop folder's own place */
	free(station.settings.rejects);
	station_end(&station);
}

static void test_a_refusal_for_now_is_waited_out(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	fake_hub_answer_next(station.bus, 3,
		&(struct receipt){.outcome = OUTCOME_RETRY_AFTER, .retry_after_ms = 20});
	put_many(&station, "a", 1, 5);
	station_run_once(&station);
	assert_int_equal(station.counts.accepted, 5);
	assert_int_equal(station.counts.refused, 0);
	assert_true(drop_has(&station.drop, "done/a"));
	station_end(&station);
}

static void test_a_lost_connection_loses_nothing(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	station.settings.batch =
		1; /* with many frames on their way, one that is not full is held back */
	fake_hub_hold_receipts(station.bus, true);
	put_many(&station, "a", 1, 10);
	station_start(&station);
	assert_true(fake_hub_wait(station.bus, FAKE_STORED, 10, 10000));
	fake_hub_go_away(station.bus);
	assert_true(drop_has(&station.drop, "a")); /* no receipt, no end */
	fake_hub_hold_receipts(station.bus, false);
	fake_hub_come_back(station.bus);
	wait_for(&station, "done/a");
	station_stop(&station);
	assert_int_equal(station.counts.duplicates, 10); /* the first try had arrived */
	assert_int_equal(fake_hub_count(station.bus, FAKE_STORED), 10);
	assert_true(drop_has(&station.drop, "done/a"));
	station_end(&station);
}

static void test_the_hub_may_come_later(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	fake_hub_go_away(station.bus);
	put_many(&station, "a", 1, 3);
	station_start(&station);
	fake_hub_come_back(station.bus);
	wait_for(&station, "done/a");
	station_stop(&station);
	assert_int_equal(station.counts.accepted, 3);
	station_end(&station);
}

/* As a program is stopped: by a signal, in the thread that looks. */
static atomic_int *stopped;

static void stop_on_signal(int number)
{
	(void)number;
	*stopped = 1;
}

static void test_a_stop_leaves_what_has_no_answer(void **state)
{
	struct sigaction action = {.sa_handler = stop_on_signal};
	struct station station;
	(void)state;
	station_begin(&station);
	station.settings.poll_ms = 3600000; /* noticed all the same */
	fake_hub_hold_receipts(station.bus, true);
	put_many(&station, "a", 1, 3);
	station_start(&station);
	assert_true(fake_hub_wait(station.bus, FAKE_STORED, 3, 10000));
	stopped = &station.stop;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(pthread_kill(station.thread, SIGUSR1), 0);
	assert_int_equal(pthread_join(station.thread, NULL), 0);
	assert_int_equal(station.status, CH_OK);
	assert_int_equal(station.counts.accepted, 0);
	assert_true(drop_has(&station.drop, "a"));
	assert_false(drop_has(&station.drop, "done/a"));

	/* The next life reads it again. */
	fake_hub_hold_receipts(station.bus, false);
	drop_again(&station.drop);
	station_run_once(&station);
	assert_int_equal(station.counts.duplicates, 3);
	assert_true(drop_has(&station.drop, "done/a"));
	station_end(&station);
}

static void test_a_key_that_cannot_be_used_ends_it(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	drop_put(&station.drop, ".secret", "not a key\n");
	assert_int_equal(station_run(&station, true), CH_FORMAT);
	assert_int_equal(unlink(station.settings.key_file), 0);
	assert_int_equal(station_run(&station, true), CH_NOT_FOUND);
	station_end(&station);
}

/* Nobody is there to let it in while it waits. */
static void test_once_ends_when_the_hub_refuses_the_key(void **state)
{
	struct station station;
	char public_key[41];
	char secret_key[41];
	(void)state;
	station_begin(&station);
	assert_int_equal(zmq_curve_keypair(public_key, secret_key), 0);
	drop_put(&station.drop, ".secret", secret_key);
	put_many(&station, "a", 1, 3);
	assert_int_equal(station_run(&station, true), CH_DENIED);
	assert_int_equal(station.counts.accepted, 0);
	assert_true(drop_has(&station.drop, "a"));

	/* As a service it goes on trying: the key may be made known to the hub any time. */
	station_start(&station);
	assert_int_equal(usleep(300000), 0);
	station_stop(&station);
	station_end(&station);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_become_events_once),
		cmocka_unit_test(test_once_waits_for_files_to_come_to_rest),
		cmocka_unit_test(test_traces_that_are_none_are_dropped),
		cmocka_unit_test(test_refusals_and_conflicts_are_results),
		cmocka_unit_test(test_what_was_no_event_is_written_down),
		cmocka_unit_test(test_a_refusal_for_now_is_waited_out),
		cmocka_unit_test(test_a_lost_connection_loses_nothing),
		cmocka_unit_test(test_the_hub_may_come_later),
		cmocka_unit_test(test_a_stop_leaves_what_has_no_answer),
		cmocka_unit_test(test_a_key_that_cannot_be_used_ends_it),
		cmocka_unit_test(test_once_ends_when_the_hub_refuses_the_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
