#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "unit/client/subscriber.h"
#include "wire/frame.h"

/* ---- Use ---- */

static void test_a_durable_subscription_gets_everything_once(void **state)
{
	struct fixture *f = *state;
	struct ch_event *event = ch_event_create();
	struct ch_subscription_info info;
	char id[32];
	fake_hub_fill(f->bus, "e", 300);
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	for (uint64_t i = 1; i <= 300; i++) {
		const struct ch_delivery *delivery = next(subscription);
		assert_int_equal(delivery->sequence, i);
		assert_int_equal(delivery->part, 0);
		assert_true(delivery->last);
		assert_int_equal(delivery->attempt, 1);
		assert_int_equal(delivery->mode, CH_CATCH_UP);
		assert_int_equal(delivery->customer, 100 + i);
		assert_int_equal(delivery->customer_now, 100 + i);
		assert_true(ch_bytes_equal(delivery->peer, "tester"));
		assert_int_equal(ch_event_read(event, delivery->event, delivery->personal), CH_OK);
		(void)snprintf(id, sizeof(id), "e%d", (int)i);
		assert_true(ch_bytes_equal(ch_event_get(event, CH_ID), id));
		assert_int_equal(ch_event_get(event, CH_PERSONAL).len, 3);
		assert_int_equal(ch_ack(subscription, delivery), CH_OK);
	}
	assert_int_equal(next_mark(subscription).what, CH_MARK_CAUGHT_UP);
	assert_int_equal(next_status(subscription, 10), CH_TIMEOUT);
	fake_hub_fill(f->bus, "live", 1);
	const struct ch_delivery *live = next(subscription);
	assert_int_equal(live->mode, CH_LIVE);
	assert_int_equal(ch_ack(subscription, live), CH_OK);
	assert_true(fake_hub_wait(f->bus, FAKE_ACKED, 301, 5000));
	assert_int_equal(fake_hub_cursor(f->bus, "marketing"), 301);
	assert_true(fake_hub_count(f->bus, FAKE_ACKS) < 100); /* they travel together */
	ch_subscription_info(subscription, &info);
	assert_int_equal(info.generation, 1);
	assert_int_equal(info.position, 301);
	assert_int_equal(info.unacknowledged, 0);
	assert_int_equal(info.queued, 1); /* the parcel of the last one is still held */
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
	ch_event_free(event);
}

static void test_the_cursor_stays_where_the_acks_brought_it(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "e", 10);
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	for (int i = 1; i <= 5; i++) {
		const struct ch_delivery *delivery = next(subscription);
		if (i != 4)
			assert_int_equal(ch_ack(subscription, delivery), CH_OK);
	}
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
	assert_int_equal(fake_hub_count(f->bus, FAKE_DETACHES), 1);
	assert_int_equal(fake_hub_count(f->bus, FAKE_ACKED), 4); /* sent before the detach */
	assert_int_equal(fake_hub_cursor(f->bus, "marketing"), 3);

	subscription = subscribe(f, &from_earliest);
	struct ch_subscription_info info;
	ch_subscription_info(subscription, &info);
	assert_int_equal(info.cursor, 3);
	assert_int_equal(info.generation, 2);
	const struct ch_delivery *delivery = next(subscription);
	assert_int_equal(delivery->sequence, 4);
	assert_int_equal(delivery->attempt, 2);
	assert_int_equal(next(subscription)->sequence, 6);
	assert_int_equal(ch_subscription_delete(subscription, 5000), CH_OK);
	assert_int_equal(fake_hub_count(f->bus, FAKE_DELETES), 1);
	assert_true(fake_hub_cursor(f->bus, "marketing") == UINT64_MAX);
}

static void test_an_ephemeral_one_sees_what_is_new(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "old", 10);
	struct ch_subscription *subscription = subscribe(f, NULL);
	fake_hub_fill(f->bus, "new", 1);
	assert_int_equal(next(subscription)->sequence, 11);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

static void test_a_filter_and_an_end(void **state)
{
	struct fixture *f = *state;
	const char *types[] = {"repair.>"};
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, NULL), CH_OK);
	ch_event_set_text(event(f, "2"), CH_TYPE, "repair.order.received");
	assert_int_equal(ch_publish(f->connection, f->event, 5000, NULL), CH_OK);
	assert_int_equal(ch_publish(f->connection, event(f, "3"), 5000, NULL), CH_OK);
	struct ch_subscription *subscription = subscribe(
		f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE, .types = types,
			   .type_count = 1, .from = CH_FROM_EARLIEST, .stop_at_head = true});
	assert_int_equal(ch_publish(f->connection, event(f, "4"), 5000, NULL), CH_OK);
	const struct ch_delivery *delivery = next(subscription);
	assert_int_equal(delivery->sequence, 2);
	assert_int_equal(next_mark(subscription).what, CH_MARK_END);
	assert_int_equal(next_status(subscription, 5000), CH_END);
	assert_int_equal(next_status(subscription, 5000), CH_END);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

static void test_marks_come_in_order_with_deliveries(void **state)
{
	struct fixture *f = *state;
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	assert_int_equal(next_mark(subscription).what, CH_MARK_CAUGHT_UP);
	fake_hub_mark(f->bus, &(struct mark){.what = MARK_GAP,
				      .first = 5,
				      .last = 9,
				      .detail = SLICE_LITERAL("retention")});
	fake_hub_fill(f->bus, "e", 1);
	struct ch_mark mark = next_mark(subscription);
	assert_int_equal(mark.what, CH_MARK_GAP);
	assert_int_equal(mark.first, 5);
	assert_int_equal(mark.last, 9);
	assert_string_equal(mark.detail, "retention");
	assert_int_equal(next(subscription)->sequence, 1);
	fake_hub_mark(f->bus, &(struct mark){.what = MARK_SUSPENDED});
	assert_int_equal(next_mark(subscription).what, CH_MARK_SUSPENDED);
	assert_int_equal(next_status(subscription, 1000), CH_END);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

/* ---- Flow ---- */

static void test_no_more_than_the_credit_is_here(void **state)
{
	struct fixture *f = *state;
	struct ch_subscription_info info;
	fake_hub_fill(f->bus, "e", 500);
	struct ch_subscription *subscription =
		subscribe(f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE, .name = "slow",
				     .from = CH_FROM_EARLIEST, .credit = 10});
	assert_true(fake_hub_wait(f->bus, FAKE_DELIVERIES, 10, 5000));
	sleep_ms(20);
	assert_int_equal(fake_hub_count(f->bus, FAKE_DELIVERIES), 10);
	for (int i = 0; i < 10; i++)
		(void)next(subscription);
	assert_int_equal(next_status(subscription, 10), CH_TIMEOUT); /* nothing acknowledged */
	ch_subscription_info(subscription, &info);
	assert_int_equal(info.unacknowledged, 10);
	assert_int_equal(ch_ack_up_to(subscription, 10), CH_OK);
	for (uint64_t i = 11; i <= 500; i++) {
		const struct ch_delivery *delivery = next(subscription);
		assert_int_equal(delivery->sequence, i);
		assert_int_equal(ch_ack(subscription, delivery), CH_OK);
	}
	assert_true(fake_hub_wait(f->bus, FAKE_ACKED, 500, 5000));
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

static void test_credit_flows_without_acks(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "e", 1000);
	struct ch_subscription *subscription =
		subscribe(f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE,
				     .from = CH_FROM_EARLIEST, .no_ack = true, .credit = 7});
	for (uint64_t i = 1; i <= 1000; i++) {
		const struct ch_delivery *delivery = next(subscription);
		assert_int_equal(delivery->sequence, i);
		assert_int_equal(ch_ack(subscription, delivery), CH_INVALID);
	}
	assert_int_equal(fake_hub_count(f->bus, FAKE_ACKS), 0);
	assert_true(fake_hub_count(f->bus, FAKE_GRANTS) > 100);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

/* ---- Refusing ---- */

static void test_a_refused_delivery_comes_again(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "e", 3);
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	const struct ch_delivery *delivery = next(subscription);
	assert_int_equal(ch_nack(subscription, delivery, 30, "no stock"), CH_OK);
	int64_t began_us = clock_steady_us();
	assert_int_equal(ch_park(subscription, next(subscription), "poison"), CH_OK);
	assert_int_equal(ch_ack(subscription, next(subscription)), CH_OK);
	delivery = next(subscription);
	assert_true(clock_steady_us() - began_us >= 29000);
	assert_int_equal(delivery->sequence, 1);
	assert_int_equal(delivery->attempt, 2);
	assert_int_equal(ch_ack(subscription, delivery), CH_OK);
	assert_true(fake_hub_wait(f->bus, FAKE_ACKED, 3, 5000));
	assert_int_equal(fake_hub_count(f->bus, FAKE_NACKS), 1);
	assert_int_equal(fake_hub_count(f->bus, FAKE_PARKED), 1);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

static void test_groups_are_answered_as_one(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(&(struct fake_hub_options){.parts = 3});
	fixture_connect(f);
	fake_hub_fill(f->bus, "e", 40);
	struct ch_subscription *subscription =
		subscribe(f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE, .name = "groups",
				     .from = CH_FROM_EARLIEST, .credit = 4});
	for (uint64_t i = 0; i < 30; i++) {
		const struct ch_delivery *delivery = next(subscription);
		assert_int_equal(delivery->sequence, 1 + i / 3);
		assert_int_equal(delivery->part, i % 3);
		assert_int_equal(delivery->last, i % 3 == 2);
		assert_int_equal(ch_ack(subscription, delivery), CH_OK); /* all the same */
	}
	assert_true(fake_hub_wait(f->bus, FAKE_ACKED, 10, 5000));
	/* Refused in its middle: the rest of the group is not seen. */
	const struct ch_delivery *delivery = next(subscription);
	assert_int_equal(delivery->sequence, 11);
	delivery = next(subscription);
	assert_int_equal(delivery->part, 1);
	assert_int_equal(ch_nack(subscription, delivery, 0, NULL), CH_OK);
	delivery = next(subscription);
	assert_int_equal(delivery->sequence, 12);
	assert_int_equal(delivery->part, 0);
	assert_int_equal(next(subscription)->part, 1);
	assert_int_equal(ch_ack(subscription, next(subscription)), CH_OK);
	delivery = next(subscription);
	assert_int_equal(delivery->sequence, 11); /* from its first part on */
	assert_int_equal(delivery->part, 0);
	assert_int_equal(delivery->attempt, 2);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
	fixture_free(f);
}

/* ---- Keeping ---- */

static void test_kept_deliveries_outlive_everything(void **state)
{
	struct fixture *f = *state;
	struct ch_delivery *kept[100];
	struct ch_event *event = ch_event_create();
	fake_hub_fill(f->bus, "e", 100);
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	for (int i = 0; i < 100; i++)
		assert_int_equal(ch_delivery_keep(next(subscription), &kept[i]), CH_OK);
	for (int i = 99; i >= 50; i--)
		assert_int_equal(ch_ack(subscription, kept[i]), CH_OK);
	assert_true(fake_hub_wait(f->bus, FAKE_ACKED, 50, 5000));
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
	ch_close(f->connection);
	f->connection = NULL;
	for (int i = 0; i < 100; i++) {
		char id[32];
		(void)snprintf(id, sizeof(id), "e%d", i + 1);
		assert_int_equal(ch_event_read(event, kept[i]->event, kept[i]->personal), CH_OK);
		assert_true(ch_bytes_equal(ch_event_get(event, CH_ID), id));
		ch_delivery_free(kept[i]);
	}
	ch_delivery_free(NULL);
	ch_event_free(event);
}

/* ---- Snapshots ---- */

static void test_a_snapshot_comes_before_the_events(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "e", 10);
	fake_hub_set_snapshot(f->bus, 100);
	struct ch_subscription *subscription =
		subscribe(f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE, .name = "pool",
				     .from = CH_FROM_SNAPSHOT, .credit = 8});
	for (uint32_t i = 0; i < 100; i++) {
		const struct ch_delivery *delivery = next(subscription);
		assert_int_equal(delivery->mode, CH_SNAPSHOT_RECORD);
		assert_int_equal(delivery->part, i);
		assert_true(ch_bytes_equal(delivery->table, "customers"));
		assert_int_equal(delivery->record.len, 2);
		assert_int_equal(ch_ack(subscription, delivery), CH_OK); /* needs none */
	}
	struct ch_mark mark = next_mark(subscription);
	assert_int_equal(mark.what, CH_MARK_SNAPSHOT_END);
	assert_int_equal(ch_ack_up_to(subscription, mark.first), CH_OK);
	fake_hub_fill(f->bus, "after", 1);
	assert_int_equal(next(subscription)->sequence, 11);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

/* ---- Replay ---- */

static void test_a_replay_has_its_own_acks(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "e", 10);
	struct ch_subscription *subscription = subscribe(f, &from_earliest);
	for (int i = 0; i < 10; i++)
		(void)next(subscription); /* none acknowledged */
	assert_int_equal(next_mark(subscription).what, CH_MARK_CAUGHT_UP);
	fake_hub_replay(f->bus, "nightly", 3, 6);
	fake_hub_fill(f->bus, "kick", 1);
	for (uint64_t i = 3; i <= 6; i++) {
		const struct ch_delivery *delivery = next(subscription);
		assert_int_equal(delivery->mode, CH_REPLAY);
		assert_int_equal(delivery->sequence, i);
		assert_true(ch_bytes_equal(delivery->job, "nightly"));
		assert_int_equal(ch_ack(subscription, delivery), CH_OK);
	}
	struct ch_mark mark = next_mark(subscription);
	assert_int_equal(mark.what, CH_MARK_END);
	assert_string_equal(mark.job, "nightly");
	assert_true(fake_hub_wait(f->bus, FAKE_JOB_ACKED, 4, 5000));
	assert_int_equal(fake_hub_cursor(f->bus, "marketing"), 0); /* not moved by it */
	assert_int_equal(next(subscription)->sequence, 11);        /* and not ended by it */
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

/* ---- Ends ---- */

static void test_the_newer_instance_wins(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "e", 200);
	struct ch_subscription *older = subscribe(f, &from_earliest);
	const struct ch_delivery *delivery = next(older);
	struct ch_delivery *kept;
	assert_int_equal(ch_delivery_keep(delivery, &kept), CH_OK);
	struct ch_subscription *newer = subscribe(f, &from_earliest);
	assert_int_equal(next(newer)->sequence, 1);
	struct ch_mark mark = {0};
	enum ch_status status = CH_OK;
	while (status == CH_OK && mark.what != CH_MARK_FENCED)
		status = ch_subscription_next(older, 5000, &delivery, &mark);
	assert_int_equal(mark.what, CH_MARK_FENCED);
	assert_int_equal(next_status(older, 5000), CH_FENCED);
	assert_int_equal(ch_ack(older, kept), CH_FENCED);
	ch_delivery_free(kept);
	assert_int_equal(ch_subscription_close(older, 5000), CH_OK);
	assert_int_equal(ch_subscription_close(newer, 5000), CH_OK);
}

static void test_draining_gives_what_is_here(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "e", 100);
	struct ch_subscription *subscription =
		subscribe(f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE, .name = "marketing",
				     .from = CH_FROM_EARLIEST, .credit = 30});
	assert_true(fake_hub_wait(f->bus, FAKE_DELIVERIES, 30, 5000));
	assert_int_equal(next(subscription)->sequence, 1);
	assert_int_equal(ch_subscription_drain(subscription), CH_OK);
	assert_int_equal(ch_subscription_drain(subscription), CH_OK);
	assert_int_equal(ch_ack_up_to(subscription, 1), CH_OK);
	const struct ch_delivery *delivery;
	uint64_t last = 1;
	while (ch_subscription_next(subscription, 5000, &delivery, NULL) == CH_OK) {
		assert_int_equal(delivery->sequence, ++last);
		assert_int_equal(ch_ack(subscription, delivery), CH_OK);
	}
	assert_int_equal(last, 30);
	assert_int_equal(next_status(subscription, 1000), CH_END);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
	assert_int_equal(fake_hub_cursor(f->bus, "marketing"), 30);
}

static void *take_all(void *context)
{
	struct ch_subscription *subscription = context;
	const struct ch_delivery *delivery;
	uintptr_t count = 0;
	while (ch_subscription_next(subscription, 5000, &delivery, NULL) == CH_OK) {
		count++;
		(void)ch_ack(subscription, delivery);
	}
	return (void *)count;
}

static void test_draining_the_connection_waits_for_its_takers(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[2];
	void *count;
	struct ch_subscription *subscriptions[2];
	fake_hub_fill(f->bus, "e", 3000);
	for (int i = 0; i < 2; i++)
		subscriptions[i] = subscribe(
			f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE,
				   .name = i == 0 ? "one" : "two", .from = CH_FROM_EARLIEST});
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_all, subscriptions[i]), 0);
	assert_true(fake_hub_wait(f->bus, FAKE_DELIVERIES, 100, 5000));
	assert_int_equal(ch_drain(f->connection, 10000), CH_OK);
	uint64_t delivered = fake_hub_count(f->bus, FAKE_DELIVERIES);
	uint64_t taken = 0;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &count), 0);
		taken += (uintptr_t)count;
	}
	assert_int_equal(taken, delivered);
	assert_true(fake_hub_wait(f->bus, FAKE_ACKED, delivered, 5000));
	for (int i = 0; i < 2; i++)
		assert_int_equal(ch_subscription_close(subscriptions[i], 5000), CH_OK);
}

static void *wait_for_ever(void *context)
{
	const struct ch_delivery *delivery;
	return (void *)(uintptr_t)ch_subscription_next(context, -1, &delivery, NULL);
}

static void test_closing_the_connection_wakes_its_takers(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(NULL);
	pthread_t thread;
	void *status;
	fixture_connect(f);
	struct ch_subscription *subscription = subscribe(f, NULL);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, subscription), 0);
	sleep_ms(20);
	ch_close(f->connection);
	f->connection = NULL;
	assert_int_equal(pthread_join(thread, &status), 0);
	assert_int_equal((uintptr_t)status, CH_CLOSED);
	assert_int_equal(next_status(subscription, 0), CH_CLOSED);
	assert_int_equal(ch_ack_up_to(subscription, 1), CH_CLOSED);
	assert_int_equal(ch_subscription_drain(subscription), CH_CLOSED);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_CLOSED);
	fixture_free(f);
}

static void test_closing_does_not_wait_for_ever(void **state)
{
	struct fixture *f = *state;
	struct ch_subscription *subscription = subscribe(f, NULL);
	fake_hub_keep_detaches(f->bus, true);
	assert_int_equal(ch_subscription_close(subscription, 30), CH_TIMEOUT);
	assert_int_equal(ch_subscription_close(NULL, 30), CH_OK);
	fake_hub_fill(f->bus, "e", 10); /* deliveries to nobody are passed over */
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, NULL), CH_OK);
}

/* ---- Refused at the door ---- */

static void test_what_cannot_be_subscribed(void **state)
{
	struct fixture *f = *state;
	struct ch_subscription *subscription = NULL;
	const char *types[] = {"pos.>"};
	const char *empty[] = {""};
	char name[80];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	const struct {
		struct ch_subscribe_options options;
		enum ch_status status;
	} cases[] = {
		{{0}, CH_INVALID},
		{{CH_SUBSCRIBE_SIZE, .name = name}, CH_TOO_LARGE},
		{{CH_SUBSCRIBE_SIZE, .types = types, .type_count = 65}, CH_TOO_LARGE},
		{{CH_SUBSCRIBE_SIZE, .types = empty, .type_count = 1}, CH_INVALID},
		{{CH_SUBSCRIBE_SIZE, .credit = 100000}, CH_TOO_LARGE},
		{{CH_SUBSCRIBE_SIZE, .from = (enum ch_from)9}, CH_INVALID},
		{{CH_SUBSCRIBE_SIZE, .name = "none", .must_exist = true}, CH_NOT_FOUND},
		{{CH_SUBSCRIBE_SIZE, .position = 5, .position_incarnation = 99}, CH_RESET},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			ch_subscribe(f->connection, &cases[i].options, 5000, &subscription),
			cases[i].status);
	assert_null(subscription);
	fake_hub_fall_silent(f->bus, true);
	assert_int_equal(ch_subscribe(f->connection, NULL, 30, &subscription), CH_TIMEOUT);
	fake_hub_fall_silent(f->bus, false);
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, NULL), CH_OK);
}

static void test_a_position_of_ones_own_wins(void **state)
{
	struct fixture *f = *state;
	fake_hub_fill(f->bus, "e", 10);
	struct ch_subscription *subscription = subscribe(
		f, &(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE, .name = "own",
			   .from = CH_FROM_EARLIEST, .position = 7, .position_incarnation = 7});
	assert_int_equal(next(subscription)->sequence, 8);
	assert_int_equal(ch_subscription_close(subscription, 5000), CH_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BUS(test_a_durable_subscription_gets_everything_once),
		WITH_BUS(test_the_cursor_stays_where_the_acks_brought_it),
		WITH_BUS(test_an_ephemeral_one_sees_what_is_new),
		WITH_BUS(test_a_filter_and_an_end),
		WITH_BUS(test_marks_come_in_order_with_deliveries),
		WITH_BUS(test_no_more_than_the_credit_is_here),
		WITH_BUS(test_credit_flows_without_acks),
		WITH_BUS(test_a_refused_delivery_comes_again),
		cmocka_unit_test(test_groups_are_answered_as_one),
		WITH_BUS(test_kept_deliveries_outlive_everything),
		WITH_BUS(test_a_snapshot_comes_before_the_events),
		WITH_BUS(test_a_replay_has_its_own_acks),
		WITH_BUS(test_the_newer_instance_wins),
		WITH_BUS(test_draining_gives_what_is_here),
		WITH_BUS(test_draining_the_connection_waits_for_its_takers),
		cmocka_unit_test(test_closing_the_connection_wakes_its_takers),
		WITH_BUS(test_closing_does_not_wait_for_ever),
		WITH_BUS(test_what_cannot_be_subscribed),
		WITH_BUS(test_a_position_of_ones_own_wins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
