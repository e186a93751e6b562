/* Subscriptions over lost connections and another hub behind the same address: nothing twice, nothing lost. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "unit/client/subscriber.h"
#include "wire/frame.h"

static void test_a_lost_connection_brings_nothing_twice(void **state)
{
	struct fixture *f = *state;
	struct ch_delivery *kept[20];
	struct ch_stats stats;
	fake_hub_fill(f->bus, "e", 100);
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	for (int i = 0; i < 20; i++)
		assert_int_equal(ch_delivery_keep(next(subscription), &kept[i]), CH_OK);
	/* Some are acknowledged while there is nobody to hear it. */
	fake_hub_go_away(f->bus);
	for (int i = 0; i < 10; i++)
		assert_int_equal(ch_ack(subscription, kept[i]), CH_OK);
	fake_hub_come_back(f->bus);
	struct ch_subscription_info info;
	do {
		ch_subscription_info(subscription, &info);
	} while (info.generation < 2);
	for (uint64_t i = 21; i <= 100; i++) {
		const struct ch_delivery *delivery = next(subscription);
		assert_int_equal(delivery->sequence, i);
		assert_int_equal(ch_ack(subscription, delivery), CH_OK);
	}
	for (int i = 10; i < 20; i++)
		assert_int_equal(ch_ack(subscription, kept[i]), CH_OK);
	assert_true(fake_hub_wait(f->bus, FAKE_ACKED, 100, 5000));
	assert_int_equal(fake_hub_cursor(f->bus, "marketing"), 100);
	ch_connection_stats(f->connection, &stats);
	assert_int_equal(stats.suppressed, 20);
	for (int i = 0; i < 20; i++)
		ch_delivery_free(kept[i]);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

static void test_losses_while_nobody_takes(void **state)
{
	struct fixture *f = *state;
	struct ch_subscription_info info;
	fake_hub_fill(f->bus, "e", 1000);
	struct ch_subscription *subscription =
		subscribe(f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE, .name = "slow",
				     .from = CH_FROM_EARLIEST, .credit = 1000});
	assert_int_equal(next(subscription)->sequence, 1);
	for (uint64_t i = 1; i <= 5; i++) {
		assert_true(fake_hub_wait(f->bus, FAKE_DELIVERIES, i * 1000, 10000));
		fake_hub_drop(f->bus);
	}
	do {
		ch_subscription_info(subscription, &info);
	} while (info.generation < 6);
	assert_true(info.queued <= 2000);
	struct ch_stats stats;
	ch_connection_stats(f->connection, &stats);
	assert_int_equal(stats.connects, 6); /* and not more: the hub is not taken for mad */
	for (uint64_t i = 2; i <= 1000; i++)
		assert_int_equal(next(subscription)->sequence, i);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

static void test_an_ephemeral_one_goes_on_where_it_was(void **state)
{
	struct fixture *f = *state;
	struct ch_subscription *subscription =
		subscribe(f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE, .no_ack = true});
	fake_hub_fill(f->bus, "e", 10);
	for (uint64_t i = 1; i <= 5; i++)
		assert_int_equal(next(subscription)->sequence, i);
	fake_hub_go_away(f->bus);
	fake_hub_fill(f->bus, "missed", 10); /* not new when it comes back, but not seen either */
	fake_hub_come_back(f->bus);
	assert_true(fake_hub_wait(f->bus, FAKE_SUBSCRIBES, 2, 5000));
	for (uint64_t i = 6; i <= 20; i++)
		assert_int_equal(next(subscription)->sequence, i);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

static void test_an_end_stays_where_it_was(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "e", 10);
	struct ch_subscription *subscription = subscribe(
		f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE, .from = CH_FROM_EARLIEST,
			   .no_ack = true, .stop_at_head = true, .credit = 4});
	assert_int_equal(next(subscription)->sequence, 1);
	fake_hub_go_away(f->bus);
	fake_hub_fill(f->bus, "later", 10);
	fake_hub_come_back(f->bus);
	assert_true(fake_hub_wait(f->bus, FAKE_SUBSCRIBES, 2, 5000));
	uint64_t last = 1;
	const struct ch_delivery *delivery;
	while (ch_subscription_next(subscription, 5000, &delivery, NULL) == CH_OK)
		assert_int_equal(delivery->sequence, ++last);
	assert_int_equal(last, 10);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

static void test_what_was_deleted_meanwhile_is_not_made_anew(void **state)
{
	struct fixture *f = *state;
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	assert_int_equal(next_mark(subscription).what, CH_MARK_CAUGHT_UP);
	fake_hub_refuse_next(f->bus, FRAME_SUBSCRIBE, CH_NOT_FOUND, false);
	fake_hub_drop(f->bus);
	assert_int_equal(next_status(subscription, 5000), CH_NOT_FOUND);
	assert_string_equal(ch_error_detail(), "as the test wished");
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_NOT_FOUND);
}

/* The hub has no room for it at the moment, since it still has the one of the lost connection: that passes. */
static void test_a_hub_that_is_full_is_asked_again(void **state)
{
	struct fixture *f = *state;
	static const enum ch_status passing[] = {CH_FULL, CH_BUSY, CH_NOMEM};
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	assert_int_equal(next_mark(subscription).what, CH_MARK_CAUGHT_UP);
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		fake_hub_refuse_next(f->bus, FRAME_SUBSCRIBE, passing[i], false);
		fake_hub_drop(f->bus);
		assert_int_equal(next_mark(subscription).what, CH_MARK_CAUGHT_UP);
	}
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

static void test_an_operator_moves_the_cursor(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "e", 100);
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	for (int i = 0; i < 100; i++)
		assert_int_equal(ch_ack(subscription, next(subscription)), CH_OK);
	assert_true(fake_hub_wait(f->bus, FAKE_ACKED, 100, 5000));
	assert_int_equal(next_mark(subscription).what, CH_MARK_CAUGHT_UP);
	fake_hub_seek(f->bus, "marketing", 50);
	assert_int_equal(next_mark(subscription).what, CH_MARK_MOVED);
	for (uint64_t i = 51; i <= 100; i++) { /* it had them all, and gets them all */
		const struct ch_delivery *delivery = next(subscription);
		assert_int_equal(delivery->sequence, i);
		assert_int_equal(ch_ack(subscription, delivery), CH_OK);
	}
	assert_true(fake_hub_wait(f->bus, FAKE_ACKED, 150, 5000));
	/* While it is away, to beyond where it attached the last time. */
	fake_hub_go_away(f->bus);
	fake_hub_seek(f->bus, "marketing", 70);
	fake_hub_come_back(f->bus);
	assert_true(fake_hub_wait(f->bus, FAKE_SUBSCRIBES, 3, 5000));
	for (uint64_t i = 71; i <= 100; i++)
		assert_int_equal(next(subscription)->sequence, i);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

static void test_an_operator_deletes_the_subscription(void **state)
{
	struct fixture *f = *state;
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	assert_int_equal(next_mark(subscription).what, CH_MARK_CAUGHT_UP);
	fake_hub_mark(f->bus, &(struct mark){.what = MARK_DETACHED,
				      .detail = SLICE_LITERAL("deleted by an operator")});
	assert_int_equal(next_status(subscription, -1), CH_NOT_FOUND);
	assert_string_equal(ch_error_detail(), "deleted by an operator");
	assert_int_equal(next_status(subscription, -1), CH_NOT_FOUND);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_NOT_FOUND);
}

static void test_a_reset_voids_what_came_before(void **state)
{
	struct fixture *f = *state;
	struct ch_delivery *kept;
	fake_hub_fill(f->bus, "e", 10);
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	assert_int_equal(ch_delivery_keep(next(subscription), &kept), CH_OK);
	fake_hub_mark(f->bus, &(struct mark){.what = MARK_RESET, .first = 11});
	struct ch_mark mark = {0};
	const struct ch_delivery *delivery;
	while (mark.what != CH_MARK_RESET)
		assert_int_equal(ch_subscription_next(subscription, 5000, &delivery, &mark), CH_OK);
	assert_int_equal(ch_ack(subscription, kept), CH_OK); /* says nothing any more */
	ch_delivery_free(kept);
	fake_hub_fill(f->bus, "later", 1);
	delivery = next(subscription);
	assert_int_equal(delivery->sequence, 11);
	assert_int_equal(ch_ack(subscription, delivery), CH_OK);
	assert_true(fake_hub_wait(f->bus, FAKE_ACKED, 1, 5000));
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
	assert_int_equal(fake_hub_count(f->bus, FAKE_ACKED), 1);
}

/* The same sequences, other events: nothing may be taken for known, and no old ack may count. */
static void test_a_restored_hub_has_another_history(void **state)
{
	struct fixture *f = *state;
	struct ch_delivery *kept[10];
	struct ch_event *event = ch_event_create();
	fake_hub_fill(f->bus, "old", 10);
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	for (int i = 0; i < 10; i++)
		assert_int_equal(ch_delivery_keep(next(subscription), &kept[i]), CH_OK);
	fake_hub_restore(f->bus, 8);
	assert_true(fake_hub_wait(f->bus, FAKE_SUBSCRIBES, 2, 5000));
	fake_hub_fill(f->bus, "new", 10);
	const struct ch_delivery *delivery = next(subscription);
	assert_int_equal(delivery->sequence, 1);
	assert_int_equal(ch_event_read(event, delivery->event, delivery->personal), CH_OK);
	assert_true(ch_bytes_equal(ch_event_get(event, CH_ID), "new1"));
	for (int i = 0; i < 10; i++) {
		assert_int_equal(ch_ack(subscription, kept[i]), CH_OK);
		ch_delivery_free(kept[i]);
	}
	assert_int_equal(ch_ack(subscription, delivery), CH_OK);
	assert_true(fake_hub_wait(f->bus, FAKE_ACKED, 1, 5000));
	sleep_ms(10);
	assert_int_equal(fake_hub_cursor(f->bus, "marketing"), 1);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
	ch_event_free(event);
}

static void test_a_snapshot_that_was_cut_begins_anew(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "e", 10);
	fake_hub_set_snapshot(f->bus, 20);
	struct ch_subscription *subscription =
		subscribe(f, &(struct ch_subscribe_options){
				     CH_SUBSCRIBE_SIZE, .from = CH_FROM_SNAPSHOT, .credit = 8});
	assert_int_equal(next(subscription)->part, 0);
	fake_hub_drop(f->bus);
	assert_true(fake_hub_wait(f->bus, FAKE_SUBSCRIBES, 2, 5000));
	struct ch_mark mark = {0};
	const struct ch_delivery *delivery = NULL;
	while (mark.what != CH_MARK_SNAPSHOT_AGAIN)
		assert_int_equal(ch_subscription_next(subscription, 5000, &delivery, &mark), CH_OK);
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(next(subscription)->part, i);
	assert_int_equal(next_mark(subscription).what, CH_MARK_SNAPSHOT_END);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

static void test_a_closed_one_in_a_lost_connection(void **state)
{
	struct fixture *f = *state;
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	fake_hub_go_away(f->bus);
	enum ch_status status = ch_subscription_close(subscription, 5000);
	assert_int_equal(status, CH_CLOSED);
}

/* ---- All at once ---- */

enum { STORM_EVENTS = 5000, STORM_WORKERS = 3 };

struct storm {
	struct fixture *f;
	struct ch_subscription *subscription;
	pthread_mutex_t lock;
	struct ch_delivery *queue[STORM_EVENTS];
	size_t first;
	size_t last;
	bool done;
	unsigned seen[STORM_EVENTS + 1];
};

/* Acknowledges in another order than it was given, and refuses one in fifty. */
static void *work(void *context)
{
	struct storm *storm = context;
	unsigned seed = 1;
	for (;;) {
		(void)pthread_mutex_lock(&storm->lock);
		struct ch_delivery *delivery = NULL;
		if (storm->first < storm->last)
			delivery = storm->queue[storm->first++ % STORM_EVENTS];
		bool done = storm->done;
		(void)pthread_mutex_unlock(&storm->lock);
		if (delivery == NULL && done)
			return NULL;
		if (delivery == NULL) {
			sleep_ms(1);
			continue;
		}
		if (rand_r(&seed) % 50 == 0)
			(void)ch_nack(storm->subscription, delivery, 1, "again");
		else
			(void)ch_ack(storm->subscription, delivery);
		ch_delivery_free(delivery);
	}
}

static void *shake(void *context)
{
	struct storm *storm = context;
	for (int i = 0; i < 6; i++) {
		sleep_ms(20);
		fake_hub_drop(storm->f->bus);
	}
	return NULL;
}

/* Workers, refusals and lost connections: in the end the hub has every event acknowledged, and nothing
 * was ever taken twice but what had been refused. */
static void test_a_storm(void **state)
{
	struct fixture *f = *state;
	pthread_t workers[STORM_WORKERS];
	pthread_t shaker;
	struct storm *storm = calloc(1, sizeof(*storm));
	storm->f = f;
	(void)pthread_mutex_init(&storm->lock, NULL);
	fake_hub_fill(f->bus, "e", STORM_EVENTS);
	storm->subscription =
		subscribe(f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE, .name = "storm",
				     .from = CH_FROM_EARLIEST, .credit = 200});
	for (int i = 0; i < STORM_WORKERS; i++)
		assert_int_equal(pthread_create(&workers[i], NULL, work, storm), 0);
	assert_int_equal(pthread_create(&shaker, NULL, shake, storm), 0);
	int64_t until_us = clock_steady_us() + 60000000;
	while (fake_hub_cursor(f->bus, "storm") < STORM_EVENTS && clock_steady_us() < until_us) {
		const struct ch_delivery *delivery;
		struct ch_delivery *kept;
		if (ch_subscription_next(storm->subscription, 20, &delivery, NULL) != CH_OK)
			continue;
		storm->seen[delivery->sequence]++;
		assert_int_equal(ch_delivery_keep(delivery, &kept), CH_OK);
		(void)pthread_mutex_lock(&storm->lock);
		storm->queue[storm->last++ % STORM_EVENTS] = kept;
		(void)pthread_mutex_unlock(&storm->lock);
	}
	(void)pthread_mutex_lock(&storm->lock);
	storm->done = true;
	(void)pthread_mutex_unlock(&storm->lock);
	for (int i = 0; i < STORM_WORKERS; i++)
		assert_int_equal(pthread_join(workers[i], NULL), 0);
	assert_int_equal(pthread_join(shaker, NULL), 0);
	assert_int_equal(fake_hub_cursor(f->bus, "storm"), STORM_EVENTS);
	unsigned twice = 0;
	for (int i = 1; i <= STORM_EVENTS; i++) {
		assert_true(storm->seen[i] >= 1);
		twice += storm->seen[i] - 1;
	}
	assert_true(twice <= STORM_EVENTS / 50 * 3); /* refused ones, and those refused again */
	/* With the connection that the last shake has left. */
	assert_int_equal(ch_publish(f->connection, event(f, "calm"), 5000, NULL), CH_OK);
	assert_int_equal(ch_subscription_close(storm->subscription, 5000), CH_OK);
	(void)pthread_mutex_destroy(&storm->lock);
	free(storm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BUS(test_a_lost_connection_brings_nothing_twice),
		WITH_BUS(test_losses_while_nobody_takes),
		WITH_BUS(test_an_ephemeral_one_goes_on_where_it_was),
		WITH_BUS(test_an_end_stays_where_it_was),
		WITH_BUS(test_what_was_deleted_meanwhile_is_not_made_anew),
		WITH_BUS(test_a_hub_that_is_full_is_asked_again),
		WITH_BUS(test_an_operator_moves_the_cursor),
		WITH_BUS(test_an_operator_deletes_the_subscription),
		WITH_BUS(test_a_reset_voids_what_came_before),
		WITH_BUS(test_a_restored_hub_has_another_history),
		WITH_BUS(test_a_snapshot_that_was_cut_begins_anew),
		WITH_BUS(test_a_closed_one_in_a_lost_connection),
		WITH_BUS(test_a_storm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
