/* Sources with a descriptor, a thread or an event loop of their own. */
#include "desk.h"

#include <uv.h>

#include "base/clock.h"
#include "carehub/carehub.h"

#define DESK_EVENTS 1000

static void test_what_is_offered_goes_at_once_and_so_does_its_receipt(void **state)
{
	struct station station;
	struct desk desk;
	(void)state;
	desk_begin(&desk, &station);
	station_start(&station);
	desk_lay(&desk, 1);
	wait_until_settled(&desk, 1);
	int64_t began_us = clock_steady_us();
	for (unsigned i = 2; i <= 100; i++) {
		desk_lay(&desk, 1);
		wait_until_settled(&desk, i);
	}
	/* One that waited for a look from time to time would take a tenth of a second each. */
	assert_true(clock_steady_us() - began_us < 7000000);
	assert_int_equal(desk_last(&desk).status, CH_OK);
	assert_int_equal(desk_last(&desk).receipt.outcome, CH_OUTCOME_ACCEPTED);
	assert_int_equal(desk_last(&desk).receipt.sequence, 100);
	station_stop(&station);
	expect_in_order(&station, 100);
	desk_end(&desk, &station);
}

static void test_a_full_window_makes_the_source_wait_and_go_on(void **state)
{
	struct station station;
	struct desk desk;
	(void)state;
	desk_begin(&desk, &station);
	fake_hub_hold_receipts(station.bus, true);
	station_start(&station);
	desk_lay(&desk, DESK_EVENTS);
	assert_true(fake_hub_wait(
		station.bus, FAKE_STORED, 4, 10000)); /* a frame is not sent half full */
	assert_int_equal(desk.settled, 0);
	fake_hub_hold_receipts(station.bus, false);
	wait_until_settled(&desk, DESK_EVENTS);
	station_stop(&station);
	expect_in_order(&station, DESK_EVENTS);
	desk_end(&desk, &station);
}

static void test_an_idle_source_costs_nothing(void **state)
{
	struct station station;
	struct desk desk;
	(void)state;
	desk_begin(&desk, &station);
	station_start(&station);
	desk_lay(&desk, 1);
	wait_until_settled(&desk, 1);
	assert_int_equal(usleep(300000), 0);
	station_stop(&station);
	assert_true(desk.tended < 50);
	desk_end(&desk, &station);
}

/* ---- A source on a loop of libuv's ---- */

struct clerk {
	uv_loop_t loop;
	uv_timer_t timer; /* an event each time it rings */
	uv_async_t answer;
	struct desk desk;
	unsigned answered; /* what settle asked the loop to do was done */
};

static void clerk_ring(uv_timer_t *timer)
{
	struct clerk *clerk = timer->data;
	if (clerk->desk.seen == 10)
		(void)uv_timer_stop(timer);
	else
		clerk->desk.seen++;
}

static void clerk_answer(uv_async_t *async)
{
	struct clerk *clerk = async->data;
	clerk->answered++;
}

static enum ch_status clerk_tend(void *source, struct kit_wait *out_wait)
{
	struct clerk *clerk = source;
	(void)uv_run(&clerk->loop, UV_RUN_NOWAIT);
	*out_wait = (struct kit_wait){
		uv_backend_fd(&clerk->loop), POLLIN, uv_backend_timeout(&clerk->loop)};
	return CH_OK;
}

static enum ch_status clerk_next(void *source, struct kit_item *out_item)
{
	struct clerk *clerk = source;
	return desk_next(&clerk->desk, out_item);
}

static void clerk_settle(void *source, const struct kit_settled *settled)
{
	struct clerk *clerk = source;
	assert_int_equal(uv_async_send(&clerk->answer), 0);
	desk_settle(&clerk->desk, settled);
}

static void test_a_loop_runs_on_the_same_thread(void **state)
{
	struct station station;
	struct clerk clerk = {.desk.lock = PTHREAD_MUTEX_INITIALIZER};
	(void)state;
	station_begin(&station);
	station.source = &clerk;
	station.adapter = (struct kit_adapter){.program = "carehub-clerk",
		.tend = clerk_tend,
		.next = clerk_next,
		.settle = clerk_settle};
	assert_int_equal(uv_loop_init(&clerk.loop), 0);
	assert_int_equal(uv_timer_init(&clerk.loop, &clerk.timer), 0);
	assert_int_equal(uv_async_init(&clerk.loop, &clerk.answer, clerk_answer), 0);
	clerk.timer.data = &clerk;
	clerk.answer.data = &clerk;
	assert_int_equal(uv_timer_start(&clerk.timer, clerk_ring, 1, 5), 0);
	int64_t began_us = clock_steady_us();
	station_start(&station);
	wait_until_settled(&clerk.desk, 10);
	assert_true(clock_steady_us() - began_us < 5000000);
	station_stop(&station);
	assert_true(clerk.answered > 0);
	expect_in_order(&station, 10);
	uv_close((uv_handle_t *)&clerk.timer, NULL);
	uv_close((uv_handle_t *)&clerk.answer, NULL);
	(void)uv_run(&clerk.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&clerk.loop), 0);
	station_end(&station);
}

/* ---- What ends it ---- */

static enum ch_status broken_tend(void *source, struct kit_wait *out_wait)
{
	(void)source;
	(void)out_wait;
	return CH_IO;
}

static void test_a_source_that_fails_ends_it(void **state)
{
	struct station station;
	struct desk desk;
	(void)state;
	desk_begin(&desk, &station);
	station.adapter.tend = broken_tend;
	assert_int_equal(station_run(&station, false), CH_IO);
	desk_end(&desk, &station);
}

/* ---- What it does besides ---- */

/* A source that holds the kit's connection, and counts. */
struct listener {
	struct desk desk; /* first */
	struct ch_connection *connection;
	unsigned ended;
};

static enum ch_status listener_start(void *source, struct kit_hub *hub)
{
	struct listener *listener = source;
	listener->connection = kit_connection(hub);
	assert_non_null(listener->connection);
	return CH_OK;
}

static void listener_end(void *source)
{
	struct listener *listener = source;
	struct ch_stats stats;
	ch_connection_stats(listener->connection, &stats); /* it is still there */
	assert_int_equal(stats.accepted, 1);
	listener->connection = NULL;
	listener->ended++;
}

static void listener_count(void *source, struct metrics *metrics)
{
	const struct listener *listener = source;
	metric_set(metric_gauge(metrics, "desk_ended", "Whether it has ended.", NULL),
		listener->ended);
}

static void test_a_connection_is_there_until_the_end(void **state)
{
	struct station station;
	struct listener listener = {.ended = 0};
	(void)state;
	desk_begin(&listener.desk, &station);
	station.adapter.start = listener_start;
	station.adapter.end = listener_end;
	station.adapter.count = listener_count;
	station_start(&station);
	desk_lay(&listener.desk, 1);
	wait_until_settled(&listener.desk, 1);
	station_stop(&station);
	assert_int_equal(listener.ended, 1);
	assert_true(drop_says(&station.drop, ".metrics", "desk_ended 1\n"));
	desk_end(&listener.desk, &station);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_offered_goes_at_once_and_so_does_its_receipt),
		cmocka_unit_test(test_a_full_window_makes_the_source_wait_and_go_on),
		cmocka_unit_test(test_an_idle_source_costs_nothing),
		cmocka_unit_test(test_a_loop_runs_on_the_same_thread),
		cmocka_unit_test(test_a_source_that_fails_ends_it),
		cmocka_unit_test(test_a_connection_is_there_until_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
