/* The way by spool, from a drop folder to the bus's double and back. */
#include "drop.h"

#include <pthread.h>

#include "base/clock.h"
#include "kit/runner.h"
#include "support/fake_bus.h"

struct station {
	struct drop drop;
	struct fake_bus *bus;
	struct kit_settings settings;
	struct kit_counts counts;
	enum ch_status status;
	atomic_int stop;
	pthread_t thread;
};

static enum ch_status station_next(void *source, struct kit_item *out_item)
{
	struct drop *drop = source;
	return folder_next(drop->folder, out_item);
}

static void station_settle(void *source, const struct kit_settled *settled)
{
	struct drop *drop = source;
	folder_settle(drop->folder, settled);
}

static enum ch_status station_late(
	void *source, struct slice origin, const struct ch_receipt *receipt)
{
	struct drop *drop = source;
	return folder_late(drop->folder, origin, receipt);
}

static const struct kit_adapter adapter = {.program = "carehub-station",
	.next = station_next,
	.settle = station_settle,
	.late = station_late};

static char *path_in(const struct station *station, const char *name)
{
	char path[DROP_PATH];
	(void)snprintf(path, sizeof(path), "%s/%s", station->drop.path, name);
	return strdup(path);
}

static void station_begin(struct station *station)
{
	*station = (struct station){.status = CH_OK};
	drop_begin(&station->drop);
	station->bus = fake_bus_start(NULL);
	assert_non_null(station->bus);
	station->settings = (struct kit_settings){
		.endpoint = strdup(fake_bus_endpoint(station->bus)),
		.server_key = strdup(fake_bus_server_key(station->bus)),
		.key_file = path_in(station, ".secret"),
		.window = 16,
		.batch = 4,
		.poll_ms = 10,
		.metrics = path_in(station, ".metrics"),
		.spool_directory = path_in(station, ".spool"),
		.spool_max_bytes = 1 << 20,
		.spool_drain_rate = 0,
		.spool_patience_ms = 50,
	};
	drop_put(&station->drop, ".secret", "");
	assert_int_equal(chmod(station->settings.key_file, 0600), 0);
	drop_put(&station->drop, ".secret", fake_bus_secret_key(station->bus));
}

static void station_end(struct station *station)
{
	assert_string_equal(fake_bus_violation(station->bus), "");
	fake_bus_stop(station->bus);
	free(station->settings.endpoint);
	free(station->settings.server_key);
	free(station->settings.key_file);
	free(station->settings.metrics);
	free(station->settings.spool_directory);
	drop_end(&station->drop);
}

static void *station_thread(void *context)
{
	struct station *station = context;
	station->status = runner_run(&adapter, &station->drop, &station->settings, false,
		&station->stop, &station->counts);
	return NULL;
}

static void station_start(struct station *station)
{
	station->stop = 0;
	assert_int_equal(pthread_create(&station->thread, NULL, station_thread, station), 0);
}

static void station_stop(struct station *station)
{
	station->stop = 1;
	assert_int_equal(pthread_join(station->thread, NULL), 0);
	assert_int_equal(station->status, CH_OK);
}

/* Until the source has nothing more and the hub has everything. */
static void station_run_once(struct station *station)
{
	station->stop = 0;
	assert_int_equal(runner_run(&adapter, &station->drop, &station->settings, true,
				 &station->stop, &station->counts),
		CH_OK);
}

static void wait_for(const struct station *station, const char *name)
{
	for (int i = 0; i < 1000 && !drop_has(&station->drop, name); i++)
		assert_int_equal(usleep(10000), 0);
	assert_true(drop_has(&station->drop, name));
}

/* Files appear by rename, so that a running adapter never sees half of one. */
static void put_many(struct station *station, const char *name, unsigned first, unsigned last)
{
	struct buffer text = {0};
	char *from = path_in(station, ".new");
	char *to = path_in(station, name);
	for (unsigned i = first; i <= last; i++)
		buffer_printf(&text, "%u\n", i);
	drop_put(&station->drop, ".new", buffer_text(&text));
	assert_int_equal(rename(from, to), 0);
	buffer_fini(&text);
	free(from);
	free(to);
}

/* The bus has the events "1" to "last", once each and in order. */
static void expect_in_order(struct station *station, unsigned last)
{
	assert_int_equal(fake_bus_count(station->bus, FAKE_STORED), last);
	for (unsigned i = 1; i <= last; i++) {
		char id[32];
		char wanted[32];
		(void)snprintf(wanted, sizeof(wanted), "%u", i);
		assert_true(fake_bus_id_at(station->bus, i, id, sizeof(id)));
		assert_string_equal(id, wanted);
	}
}

/* ---- How it is used ---- */

static void test_a_station_off_line_loses_nothing(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	fake_bus_go_away(station.bus);
	station_start(&station);
	put_many(&station, "a", 1, 100);
	wait_for(&station, "done/a"); /* its source is rid of it */
	assert_true(drop_says(&station.drop, "done/a.result.json", "\"spooled\": 100"));
	put_many(&station, "b", 101, 150);
	wait_for(&station, "done/b");
	assert_int_equal(fake_bus_count(station.bus, FAKE_STORED), 0);

	fake_bus_come_back(station.bus);
	assert_true(fake_bus_wait(station.bus, FAKE_STORED, 150, 10000));
	station_stop(&station);
	assert_int_equal(station.counts.spooled, 150);
	uint64_t answered = station.counts.accepted + station.counts.duplicates;
	/* What was stored, and not answered yet when it stopped, is sent again. */
	station_run_once(&station);
	answered += station.counts.accepted + station.counts.duplicates;
	assert_int_equal(answered, 150);
	expect_in_order(&station, 150);
	assert_true(fake_bus_count(station.bus, FAKE_MOST_IN_FLIGHT) <= 16);

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
	station_begin(&station);
	/* A hub that is there, has answered once, and then does not: so a busy machine, on which patience
	 * ends before there is a connection, is no other case. */
	put_many(&station, "w", 1, 1);
	station_run_once(&station);
	station_start(&station);
	put_many(&station, "x", 2, 2);
	assert_true(fake_bus_wait(station.bus, FAKE_STORED, 2, 10000));
	wait_for(&station, "done/x");
	fake_bus_hold_receipts(station.bus, true);
	put_many(&station, "a", 3, 42);
	wait_for(&station, "done/a");
	assert_true(fake_bus_wait(station.bus, FAKE_STORED, 3, 10000));
	assert_in_range(fake_bus_count(station.bus, FAKE_STORED), 3, 18); /* the window */
	fake_bus_hold_receipts(station.bus, false);
	assert_true(fake_bus_wait(station.bus, FAKE_STORED, 42, 10000));
	station_stop(&station);
	expect_in_order(&station, 42);
	assert_int_equal(fake_bus_count(station.bus, FAKE_EVENTS), 42); /* none was sent twice */
	station_end(&station);
}

static void test_lives_end_in_the_middle(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	fake_bus_go_away(station.bus);
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
	fake_bus_come_back(station.bus);
	station.settings.spool_drain_rate = 200;
	station_start(&station);
	assert_true(fake_bus_wait(station.bus, FAKE_STORED, 60, 10000));
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
	station_begin(&station);
	station.settings.spool_drain_rate = 100;
	fake_bus_go_away(station.bus);
	station_start(&station);
	put_many(&station, "a", 1, 120);
	wait_for(&station, "done/a");
	fake_bus_come_back(station.bus);
	assert_true(fake_bus_wait(station.bus, FAKE_STORED, 17, 10000)); /* 16 were under way */
	int64_t began_us = clock_steady_us();
	assert_true(fake_bus_wait(station.bus, FAKE_STORED, 120, 10000));
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
	station_begin(&station);
	fake_bus_go_away(station.bus);
	station_start(&station);
	put_many(&station, "a", 1, 3000);
	wait_for(&station, "done/a");
	put_many(&station, "b", 3001, 20000); /* more than a mebibyte */
	assert_int_equal(usleep(500000), 0);
	assert_false(drop_has(&station.drop, "done/b"));
	fake_bus_come_back(station.bus);
	assert_true(fake_bus_wait(station.bus, FAKE_STORED, 20000, 60000));
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
	fake_bus_answer_next(station->bus, events, &refusal);
}

static void test_a_late_refusal_finds_its_file(void **state)
{
	struct station station;
	(void)state;
	station_begin(&station);
	fake_bus_go_away(station.bus);
	station_start(&station);
	put_many(&station, "a", 1, 5);
	wait_for(&station, "done/a");
	station_stop(&station);
	assert_false(drop_has(&station.drop, "done/a.rejects"));

	/* Another life, which never saw the file. */
	drop_again(&station.drop);
	fake_bus_come_back(station.bus);
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
	station_begin(&station);
	fake_bus_go_away(station.bus);
	station_start(&station);
	put_many(&station, "a", 1, 5);
	wait_for(&station, "done/a");
	station_stop(&station);
	drop_put(&station.drop, "done/a", "another one\n");
	drop_again(&station.drop);
	fake_bus_come_back(station.bus);
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
	station_begin(&station);
	fake_bus_go_away(station.bus);
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
	fake_bus_come_back(station.bus);
	station_run_once(&station);
	assert_int_equal(station.counts.lost, 1);
	assert_int_equal(fake_bus_count(station.bus, FAKE_STORED), 9);
	assert_true(drop_says(&station.drop, ".spool/rejects", "1 events lost, numbers 1 to 1"));
	station_end(&station);
}

/* ---- What ends it ---- */

static void test_two_adapters_cannot_share_a_spool(void **state)
{
	struct station station;
	struct kit_counts counts;
	(void)state;
	station_begin(&station);
	station_start(&station);
	wait_for(&station, ".spool/cursor");
	assert_true(fake_bus_wait(station.bus, FAKE_HELLOS, 1, 10000));
	assert_int_equal(runner_run(&adapter, &station.drop, &station.settings, true, &station.stop,
				 &counts),
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
