/* The driver against a server made of a queue: it answers at once, unless a test makes it misbehave. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/driver.h"
#include "support/unit.h"

#define SLOTS    1000u
#define STALL_NS INT64_C(300000000)

static struct {
	struct driver *driver;
	uint32_t slots[SLOTS]; /* waiting for their answer */
	uint32_t waiting;
	uint32_t most_waiting;
	uint32_t largest_request;
	uint64_t events;
	int64_t opened_ns;
	/* How it misbehaves. */
	int64_t stall_after_ns; /* once, for STALL_NS; 0: never */
	bool forgets;           /* stores one event fewer than it answers */
	bool invents;           /* answers what was never asked */
	bool refuses;
} server;

static enum ch_status fake_open(
	const struct options *options, struct driver *driver, void **out_peer)
{
	(void)options;
	server.driver = driver;
	server.opened_ns = driver_now_ns();
	*out_peer = &server;
	return CH_OK;
}

static enum ch_status fake_send(
	void *peer, uint32_t connection, uint32_t slot, const struct event *events, uint32_t count)
{
	(void)peer;
	(void)connection;
	(void)events;
	assert_true(server.waiting < SLOTS);
	server.slots[server.waiting++] = slot;
	server.events += count;
	if (server.waiting > server.most_waiting)
		server.most_waiting = server.waiting;
	if (count > server.largest_request)
		server.largest_request = count;
	return server.refuses ? CH_DENIED : CH_OK;
}

static void sleep_ns(int64_t ns)
{
	struct timespec time = {ns / 1000000000, ns % 1000000000};
	nanosleep(&time, NULL);
}

static enum ch_status fake_wait(void *peer, int64_t timeout_ns)
{
	(void)peer;
	if (server.stall_after_ns > 0 &&
		driver_now_ns() - server.opened_ns > server.stall_after_ns) {
		server.stall_after_ns = 0;
		sleep_ns(STALL_NS);
	}
	if (server.invents)
		driver_acked(server.driver, SLOTS - 1);
	/* An answer takes 20 us, which also keeps the test from spinning. */
	sleep_ns(server.waiting > 0 || timeout_ns > 20000 ? 20000 : timeout_ns);
	while (server.waiting > 0)
		driver_acked(server.driver, server.slots[--server.waiting]);
	return CH_OK;
}

static enum ch_status fake_stored(void *peer, uint64_t *out_events)
{
	(void)peer;
	*out_events = server.forgets && server.events > 0 ? server.events - 1 : server.events;
	return CH_OK;
}

static void fake_close(void *peer)
{
	(void)peer;
	server.driver = NULL;
}

static struct driver_peer peer = {
	.name = "fake",
	.open = fake_open,
	.send = fake_send,
	.wait = fake_wait,
	.stored = fake_stored,
	.close = fake_close,
};

/* Run the program with these words and keep what it printed. */
static char printed[4096];

static int run(const char *mode, const char *rate, const char *batch)
{
	char *words[] = {(char[]){"bench_fake"}, (char[]){"--mode"}, strdup(mode),
		(char[]){"--rate"}, strdup(rate), (char[]){"--batch"}, strdup(batch),
		(char[]){"--seconds"}, (char[]){"1"}};
	FILE *kept = tmpfile();
	assert_non_null(kept);
	(void)fflush(stdout);
	int terminal = dup(STDOUT_FILENO);
	assert_true(dup2(fileno(kept), STDOUT_FILENO) >= 0);
	int status = driver_main(9, words, &peer);
	(void)fflush(stdout);
	assert_true(dup2(terminal, STDOUT_FILENO) >= 0);
	close(terminal);
	rewind(kept);
	size_t n = fread(printed, 1, sizeof(printed) - 1, kept);
	printed[n] = '\0';
	(void)fclose(kept);
	free(words[2]);
	free(words[4]);
	free(words[6]);
	assert_null(server.driver); /* closed whatever happened */
	return status;
}

static double metric(const char *name)
{
	char line[64];
	(void)snprintf(line, sizeof(line), "%s\t", name);
	const char *at = strstr(printed, line);
	assert_non_null(at);
	return strtod(at + strlen(line), NULL);
}

static int fresh(void **state)
{
	(void)state;
	memset(&server, 0, sizeof(server));
	peer.batch_max = 0;
	peer.depth_max = 0;
	return 0;
}

static void test_saturate_fills_the_window(void **state)
{
	(void)state;
	assert_int_equal(run("saturate", "1", "10"), 0);
	assert_int_equal(server.most_waiting, 100); /* of 10 events each */
	assert_int_equal(server.largest_request, 10);
	assert_true(metric("throughput") > 1000);
	assert_true(metric("ack.p50") >= 20);
	assert_true(metric("ack.p50") <= metric("ack.p99.9"));
	assert_int_equal((uint64_t)metric("acknowledged"), server.events);
	assert_int_equal((uint64_t)metric("stored"), server.events);
}

static void test_low_load_has_one_in_flight(void **state)
{
	(void)state;
	assert_int_equal(run("lowload", "1", "10"), 0);
	assert_int_equal(server.most_waiting, 1);
	assert_int_equal(server.largest_request, 1);
}

static void test_open_loop_keeps_its_timetable(void **state)
{
	(void)state;
	assert_int_equal(run("openloop", "1000", "1"), 0);
	assert_int_equal(server.events, 1000);
	assert_in_range((uint64_t)metric("throughput"), 900, 1000);
}

/* The reason for an open loop: three hundred events were due while the server slept for 300 ms of the
 * 800 measured, and each one waited.  A closed loop sees a single late answer. */
static void test_a_stall_is_charged_to_all_it_delayed(void **state)
{
	(void)state;
	server.stall_after_ns = 500000000;
	assert_int_equal(run("openloop", "1000", "1"), 0);
	assert_true(metric("ack.max") >= 290000);
	assert_true(metric("ack.p90") >= 150000);
	fresh(NULL);
	server.stall_after_ns = 500000000;
	assert_int_equal(run("lowload", "1", "1"), 0);
	assert_true(metric("ack.max") >= 290000);
	assert_true(metric("ack.p90") < 100000);
}

/* What falls due while a connection may send nothing leaves as one request. */
static void test_depth_gathers_what_is_due(void **state)
{
	(void)state;
	peer.depth_max = 1;
	server.stall_after_ns = 500000000;
	assert_int_equal(run("openloop", "1000", "1000"), 0);
	assert_int_equal(server.most_waiting, 1);
	assert_true(server.largest_request >= 250);
	assert_int_equal(server.events, 1000);
}

static void test_servers_that_cannot_be_believed(void **state)
{
	(void)state;
	server.forgets = true;
	assert_int_equal(run("saturate", "1", "1"), 1);
	fresh(NULL);
	server.invents = true;
	assert_int_equal(run("lowload", "1", "1"), 1);
	fresh(NULL);
	server.refuses = true;
	assert_int_equal(run("saturate", "1", "1"), 1);
	fresh(NULL);
	peer.batch_max = 1;
	assert_int_equal(run("saturate", "1", "2"), 1);
}

static void test_usage(void **state)
{
	(void)state;
	assert_int_equal(run("sideways", "1", "1"), 64);
	assert_int_equal(run("prepare", "1", "1"), 0);
	assert_int_equal(server.events, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_saturate_fills_the_window, fresh),
		cmocka_unit_test_setup(test_low_load_has_one_in_flight, fresh),
		cmocka_unit_test_setup(test_open_loop_keeps_its_timetable, fresh),
		cmocka_unit_test_setup(test_a_stall_is_charged_to_all_it_delayed, fresh),
		cmocka_unit_test_setup(test_depth_gathers_what_is_due, fresh),
		cmocka_unit_test_setup(test_servers_that_cannot_be_believed, fresh),
		cmocka_unit_test_setup(test_usage, fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
