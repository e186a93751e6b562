#include <carehub/carehub.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "support/bus_client.h"
#include "support/unit.h"
#include "wire/frame.h"

static void test_one_confirmed_publish(void **state)
{
	struct fixture *f = *state;
	struct ch_receipt receipt;
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, &receipt), CH_OK);
	assert_int_equal(receipt.outcome, CH_OUTCOME_ACCEPTED);
	assert_int_equal(receipt.sequence, 1);
	assert_int_equal(receipt.customer, UINT64_C(100000000001));
	assert_int_equal(receipt.durability, CH_SYNCED);
	/* The same again is no mistake; other bytes under the same id are. */
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, &receipt), CH_OK);
	assert_int_equal(receipt.outcome, CH_OUTCOME_DUPLICATE);
	assert_int_equal(receipt.sequence, 1);
	ch_event_set(event(f, "1"), CH_DATA, ch_bytes_of("\x08\x02", 2));
	assert_int_equal(ch_publish(f->connection, f->event, 5000, &receipt), CH_CONFLICT);
	assert_int_equal(receipt.outcome, CH_OUTCOME_CONFLICT);
	assert_int_equal(ch_publish(f->connection, event(f, "2"), 5000, NULL), CH_OK);
}

static void test_a_refusal_names_reason_and_field(void **state)
{
	struct fixture *f = *state;
	struct ch_receipt receipt;
	fake_hub_answer_next(f->bus, 1,
		&(struct receipt){.outcome = OUTCOME_REFUSED,
			.reason = CH_MISSING,
			.sequence = 17,
			.field = SLICE_LITERAL("customer.phones"),
			.detail = SLICE_LITERAL("is mandatory")});
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, &receipt), CH_MISSING);
	assert_int_equal(receipt.outcome, CH_OUTCOME_REFUSED);
	assert_int_equal(receipt.sequence, 17); /* in quarantine */
	assert_string_equal(receipt.field, "customer.phones");
	assert_string_equal(receipt.detail, "is mandatory");
	assert_string_equal(ch_error_detail(), "customer.phones: is mandatory");
}

static void test_what_cannot_be_sent_is_told_at_once(void **state)
{
	struct fixture *f = *state;
	ch_event_set_text(event(f, "1"), CH_TYPE, "");
	assert_int_equal(ch_publish(f->connection, f->event, 5000, NULL), CH_MISSING);
	assert_int_equal(ch_publish_async(f->connection, f->event, 0, NULL, NULL), CH_MISSING);
	uint8_t *large = calloc(1, LIMIT_EVENT_BYTES);
	ch_event_set(event(f, "1"), CH_DATA, ch_bytes_of(large, LIMIT_EVENT_BYTES));
	assert_int_equal(ch_publish(f->connection, f->event, 5000, NULL), CH_TOO_LARGE);
	free(large);
	assert_int_equal(ch_publish(f->connection, event(f, "2"), 5000, NULL), CH_OK);
	assert_int_equal(fake_hub_count(f->bus, FAKE_EVENTS), 1);
}

/* ---- Callbacks ---- */

struct tally {
	atomic_uint called;
	atomic_uint good;
	atomic_uint closed;
	uint64_t last_sequence;
	bool in_order;
};

static void count(void *context, enum ch_status status, const struct ch_receipt *receipt)
{
	struct tally *tally = context;
	tally->called++;
	if (status == CH_OK)
		tally->good++;
	if (status == CH_CLOSED)
		tally->closed++;
	if (receipt->sequence <= tally->last_sequence)
		tally->in_order = false;
	tally->last_sequence = receipt->sequence;
}

static void publish_numbers(struct fixture *f, uint64_t first, uint64_t last, struct tally *tally)
{
	for (uint64_t i = first; i <= last; i++)
		assert_int_equal(
			ch_publish_async(f->connection, event_number(f, i), 10000, count, tally),
			CH_OK);
}

/* In the log stand 1, 2, 3 ... each once, in that order. */
static void assert_log_is_exact(struct fixture *f, uint64_t events)
{
	char id[64];
	char want[32];
	assert_int_equal(fake_hub_count(f->bus, FAKE_STORED), events);
	for (uint64_t i = 1; i <= events; i++) {
		assert_true(fake_hub_id_at(f->bus, i, id, sizeof(id)));
		(void)snprintf(want, sizeof(want), "%llu", (unsigned long long)i);
		assert_string_equal(id, want);
	}
}

static void test_many_travel_in_few_frames_and_in_order(void **state)
{
	struct fixture *f = *state;
	struct tally tally = {.in_order = true};
	struct ch_stats stats;
	publish_numbers(f, 1, 2000, &tally);
	assert_int_equal(ch_publish_flush(f->connection, 10000), CH_OK);
	assert_int_equal(tally.called, 2000); /* flush waits for callbacks too */
	assert_int_equal(tally.good, 2000);
	assert_true(tally.in_order);
	assert_log_is_exact(f, 2000);
	assert_true(fake_hub_count(f->bus, FAKE_MOST_IN_FLIGHT) <= 1024);
	assert_true(fake_hub_count(f->bus, FAKE_MOST_IN_A_FRAME) <= 64);
	ch_connection_stats(f->connection, &stats);
	assert_int_equal(stats.published, 2000);
	assert_int_equal(stats.accepted, 2000);
	assert_int_equal(stats.waiting, 0);
	assert_int_equal(stats.in_flight, 0);
	assert_int_equal(stats.credit, 1024);
}

static void test_frames_fill_while_the_window_is_closed(void **state)
{
	struct fixture *f = *state;
	struct tally tally = {.in_order = true};
	fake_hub_set_credit(f->bus, 0);
	struct ch_stats stats;
	do {
		ch_connection_stats(f->connection, &stats);
	} while (stats.credit != 0);
	publish_numbers(f, 1, 640, &tally);
	sleep_ms(20);
	assert_int_equal(fake_hub_count(f->bus, FAKE_EVENTS), 0);
	fake_hub_set_credit(f->bus, 1024);
	assert_int_equal(ch_publish_flush(f->connection, 10000), CH_OK);
	assert_int_equal(fake_hub_count(f->bus, FAKE_PUBLISHES), 10);
	assert_log_is_exact(f, 640);
}

static void test_the_window_is_never_passed(void **state)
{
	struct fixture *f = *state;
	struct tally tally = {.in_order = true};
	fake_hub_set_credit(f->bus, 7); /* less than a frame: frames are cut */
	struct ch_stats stats;
	do {
		ch_connection_stats(f->connection, &stats);
	} while (stats.credit != 7);
	fake_hub_hold_receipts(f->bus, true);
	publish_numbers(f, 1, 100, &tally);
	assert_true(fake_hub_wait(f->bus, FAKE_EVENTS, 1, 5000));
	sleep_ms(20);
	assert_true(fake_hub_count(f->bus, FAKE_EVENTS) <= 7);
	fake_hub_hold_receipts(f->bus, false);
	assert_int_equal(ch_publish_flush(f->connection, 10000), CH_OK);
	assert_true(fake_hub_count(f->bus, FAKE_MOST_IN_FLIGHT) <= 7);
	assert_log_is_exact(f, 100);
	assert_true(tally.in_order);
}

static void *publish_one_more(void *context)
{
	struct fixture *f = context;
	struct ch_event *mine = ch_event_create();
	ch_event_set_text(mine, CH_ID, "11");
	ch_event_set_text(mine, CH_SOURCE, "/pos/shop-1");
	ch_event_set_text(mine, CH_TYPE, "pos.sale.completed");
	enum ch_status status = ch_publish_async(f->connection, mine, 10000, NULL, NULL);
	ch_event_free(mine);
	return status == CH_OK ? f : NULL;
}

static void test_publishing_waits_for_room(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(NULL);
	struct tally tally = {.in_order = true};
	pthread_t thread;
	void *result;
	ch_options_set_window(f->options, 10, 1 << 20);
	fixture_connect(f);
	fake_hub_hold_receipts(f->bus, true);
	publish_numbers(f, 1, 10, &tally);
	assert_int_equal(ch_publish_async(f->connection, event(f, "x"), 0, NULL, NULL), CH_FULL);
	assert_int_equal(ch_publish_async(f->connection, event(f, "x"), 20, NULL, NULL), CH_FULL);
	assert_int_equal(ch_publish(f->connection, event(f, "x"), 20, NULL), CH_TIMEOUT);
	assert_int_equal(ch_publish_flush(f->connection, 20), CH_TIMEOUT);
	assert_int_equal(pthread_create(&thread, NULL, publish_one_more, f), 0);
	fake_hub_hold_receipts(f->bus, false);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_non_null(result);
	assert_int_equal(ch_publish_flush(f->connection, 10000), CH_OK);
	assert_log_is_exact(f, 11);
	fixture_free(f);
}

static void test_a_timeout_leaves_the_event_on_its_way(void **state)
{
	struct fixture *f = *state;
	struct ch_receipt receipt;
	fake_hub_hold_receipts(f->bus, true);
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 20, NULL), CH_TIMEOUT);
	fake_hub_hold_receipts(f->bus, false);
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, &receipt), CH_OK);
	assert_int_equal(receipt.outcome, CH_OUTCOME_DUPLICATE);
}

static void test_futures(void **state)
{
	struct fixture *f = *state;
	struct ch_future *first;
	struct ch_future *second;
	struct ch_future *third;
	struct ch_receipt receipt;
	fake_hub_hold_receipts(f->bus, true);
	assert_int_equal(ch_publish_future(f->connection, event(f, "1"), 0, &first), CH_OK);
	assert_int_equal(ch_publish_future(f->connection, event(f, "2"), 0, &second), CH_OK);
	assert_int_equal(ch_publish_future(f->connection, event(f, "3"), 0, &third), CH_OK);
	assert_int_equal(ch_future_wait(first, 10, &receipt), CH_TIMEOUT);
	ch_future_free(third); /* without having waited */
	fake_hub_hold_receipts(f->bus, false);
	assert_int_equal(ch_future_wait(second, 5000, &receipt), CH_OK);
	assert_int_equal(receipt.sequence, 2);
	assert_int_equal(ch_future_wait(first, 5000, &receipt), CH_OK);
	assert_int_equal(ch_future_wait(first, 0, &receipt), CH_OK); /* as often as one likes */
	assert_int_equal(receipt.sequence, 1);
	ch_future_free(second);
	ch_future_free(first);
	ch_future_free(NULL);
}

/* ---- Batches ---- */

static void test_a_batch_is_one_frame(void **state)
{
	struct fixture *f = *state;
	struct ch_event *events[CH_BATCH_EVENTS + 1];
	struct ch_receipt receipts[CH_BATCH_EVENTS];
	char id[32];
	for (int i = 0; i <= CH_BATCH_EVENTS; i++) {
		events[i] = ch_event_create();
		(void)snprintf(id, sizeof(id), "%d", i + 1);
		ch_event_set_text(events[i], CH_ID, id);
		ch_event_set_text(events[i], CH_SOURCE, "/pos/shop-1");
		ch_event_set_text(events[i], CH_TYPE, "pos.sale.completed");
	}
	assert_int_equal(
		ch_publish_batch(f->connection, events, CH_BATCH_EVENTS, 5000, receipts), CH_OK);
	assert_int_equal(fake_hub_count(f->bus, FAKE_PUBLISHES), 1);
	assert_log_is_exact(f, 256);
	for (uint64_t i = 0; i < CH_BATCH_EVENTS; i++)
		assert_int_equal(receipts[i].sequence, i + 1);
	assert_int_equal(ch_publish_batch(f->connection, events, CH_BATCH_EVENTS + 1, 5000, NULL),
		CH_TOO_LARGE);
	assert_int_equal(ch_publish_batch(f->connection, events, 0, 5000, NULL), CH_OK);

	/* One bad one does not hold up the others. */
	fake_hub_answer_next(
		f->bus, 1, &(struct receipt){.outcome = OUTCOME_REFUSED, .reason = CH_INVALID});
	assert_int_equal(ch_publish_batch(f->connection, events, 3, 5000, receipts), CH_INVALID);
	assert_int_equal(receipts[0].outcome, CH_OUTCOME_REFUSED);
	assert_int_equal(receipts[2].outcome, CH_OUTCOME_DUPLICATE);

	fake_hub_hold_receipts(f->bus, true);
	assert_int_equal(ch_publish_batch(f->connection, events, 2, 10, receipts), CH_TIMEOUT);
	assert_int_equal(receipts[1].outcome, CH_OUTCOME_NONE);
	fake_hub_hold_receipts(f->bus, false);
	for (int i = 0; i <= CH_BATCH_EVENTS; i++)
		ch_event_free(events[i]);
}

static void test_large_events_keep_frames_within_their_bound(void **state)
{
	struct fixture *f = *state;
	struct tally tally = {.in_order = true};
	size_t len = 200000;
	uint8_t *large = malloc(len);
	/* One field of bytes that is as long as the event. */
	memset(large, 'x', len);
	memcpy(large, "\x0a\xbc\x9a\x0c", 4); /* field 1, length 199 996 */
	fake_hub_hold_receipts(f->bus, true);
	for (uint64_t i = 1; i <= 20; i++) {
		ch_event_set(event_number(f, i), CH_DATA, ch_bytes_of(large, len));
		assert_int_equal(
			ch_publish_async(f->connection, f->event, 5000, count, &tally), CH_OK);
	}
	fake_hub_hold_receipts(f->bus, false);
	assert_int_equal(ch_publish_flush(f->connection, 10000), CH_OK);
	assert_int_equal(tally.good, 20);
	assert_log_is_exact(f, 20);
	free(large);
}

static void test_the_hub_may_take_less_in_a_frame(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(&(struct fake_hub_options){.events_per_frame = 5});
	struct tally tally = {.in_order = true};
	ch_options_set_lazy(f->options, true);
	fake_hub_go_away(f->bus);
	fixture_connect(f);
	publish_numbers(f, 1, 100, &tally); /* gathered before anybody could know */
	fake_hub_come_back(f->bus);
	assert_int_equal(ch_publish_flush(f->connection, 10000), CH_OK);
	assert_true(fake_hub_count(f->bus, FAKE_MOST_IN_A_FRAME) <= 5);
	assert_log_is_exact(f, 100);
	fixture_free(f);
}

/* ---- Refused for now ---- */

static void test_put_off_events_are_sent_again(void **state)
{
	struct fixture *f = *state;
	struct tally tally = {.in_order = true};
	struct ch_stats stats;
	fake_hub_answer_next(
		f->bus, 3, &(struct receipt){.outcome = OUTCOME_RETRY_AFTER, .retry_after_ms = 30});
	int64_t began_us = clock_steady_us();
	publish_numbers(f, 1, 50, &tally);
	assert_int_equal(ch_publish_flush(f->connection, 10000), CH_OK);
	assert_true(clock_steady_us() - began_us >= 30000);
	assert_int_equal(tally.good, 50);
	assert_int_equal(fake_hub_count(f->bus, FAKE_STORED), 50);
	ch_connection_stats(f->connection, &stats);
	assert_int_equal(stats.retried, 3);
	assert_int_equal(stats.accepted, 50);
}

static void test_or_handed_to_the_publisher(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(NULL);
	struct ch_receipt receipt;
	ch_options_set_retry(f->options, false);
	fixture_connect(f);
	fake_hub_answer_next(
		f->bus, 1, &(struct receipt){.outcome = OUTCOME_RETRY_AFTER, .retry_after_ms = 30});
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, &receipt), CH_RETRY);
	assert_int_equal(receipt.outcome, CH_OUTCOME_RETRY_AFTER);
	assert_int_equal(receipt.retry_after_ms, 30);
	fixture_free(f);
}

static void test_a_refused_frame_settles_its_events(void **state)
{
	struct fixture *f = *state;
	fake_hub_refuse_next(f->bus, FRAME_PUBLISH, CH_DENIED, false);
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, NULL), CH_DENIED);
	/* What is about the hub and not about the frame passes: it is sent again. */
	static const enum ch_status passing[] = {CH_FULL, CH_RETRY, CH_BUSY, CH_NOMEM};
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		fake_hub_refuse_next(f->bus, FRAME_PUBLISH, passing[i], false);
		assert_int_equal(
			ch_publish(f->connection, event_number(f, 2 + i), 10000, NULL), CH_OK);
	}
}

/* ---- Lost connections ---- */

static void test_unanswered_events_are_sent_again_in_order(void **state)
{
	struct fixture *f = *state;
	struct tally tally = {.in_order = true};
	struct ch_stats stats;
	fake_hub_hold_receipts(f->bus, true);
	publish_numbers(f, 1, 300, &tally);
	assert_true(fake_hub_wait(f->bus, FAKE_EVENTS, 65, 5000));
	fake_hub_drop(f->bus); /* stored, but nobody was told */
	fake_hub_hold_receipts(f->bus, false);
	assert_int_equal(ch_publish_flush(f->connection, 10000), CH_OK);
	assert_int_equal(tally.good, 300);
	assert_true(tally.in_order);
	assert_log_is_exact(f, 300);
	ch_connection_stats(f->connection, &stats);
	assert_true(stats.duplicates >= 65);
	assert_true(stats.resent >= fake_hub_count(f->bus, FAKE_EVENTS) - 300);
	assert_int_equal(stats.connects, 2);
	assert_int_equal(fake_hub_count(f->bus, FAKE_RESUMES), 1);
}

static void test_frames_that_never_arrived(void **state)
{
	struct fixture *f = *state;
	struct tally tally = {.in_order = true};
	fake_hub_lose_publishes(f->bus, 1);
	publish_numbers(f, 1, 1, &tally);
	sleep_ms(20);
	fake_hub_drop(f->bus);
	publish_numbers(f, 2, 10, &tally);
	assert_int_equal(ch_publish_flush(f->connection, 10000), CH_OK);
	assert_int_equal(tally.good, 10);
	assert_log_is_exact(f, 10);
}

static void *drop_now_and_then(void *context)
{
	struct fixture *f = context;
	for (int i = 0; i < 8; i++) {
		sleep_ms(15);
		fake_hub_hold_receipts(f->bus, true);
		sleep_ms(5);
		fake_hub_drop(f->bus);
		fake_hub_hold_receipts(f->bus, false);
	}
	return NULL;
}

static void test_exactly_once_over_many_losses(void **state)
{
	struct fixture *f = *state;
	struct tally tally = {.in_order = true};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, drop_now_and_then, f), 0);
	publish_numbers(f, 1, 4000, &tally);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(ch_publish_flush(f->connection, 30000), CH_OK);
	assert_int_equal(tally.called, 4000);
	assert_int_equal(tally.good, 4000);
	assert_log_is_exact(f, 4000);
}

static void test_closing_ends_what_has_no_answer(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(NULL);
	struct tally tally = {.in_order = true};
	struct ch_future *future;
	fixture_connect(f);
	fake_hub_hold_receipts(f->bus, true);
	publish_numbers(f, 1, 200, &tally);
	assert_int_equal(ch_publish_future(f->connection, event(f, "x"), 0, &future), CH_OK);
	ch_close(f->connection);
	f->connection = NULL;
	assert_int_equal(tally.called, 200);
	assert_int_equal(tally.closed, 200);
	assert_int_equal(ch_future_wait(future, 0, NULL), CH_CLOSED);
	ch_future_free(future);
	fixture_free(f);
}

/* ---- Threads and callbacks ---- */

static void *publish_hundreds(void *context)
{
	struct fixture *f = context;
	static atomic_uint threads;
	unsigned me = threads++;
	struct ch_event *mine = ch_event_create();
	char id[32];
	uintptr_t good = 0;
	for (int i = 0; i < 500; i++) {
		ch_event_clear(mine);
		(void)snprintf(id, sizeof(id), "%u.%d", me, i);
		ch_event_set_text(mine, CH_ID, id);
		ch_event_set_text(mine, CH_SOURCE, "/pos/shop-1");
		ch_event_set_text(mine, CH_TYPE, "pos.sale.completed");
		good += i % 50 == 0
				? ch_publish(f->connection, mine, 10000, NULL) == CH_OK
				: ch_publish_async(f->connection, mine, 10000, NULL, NULL) == CH_OK;
	}
	ch_event_free(mine);
	return (void *)good;
}

static void test_several_threads_publish(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[4];
	void *good;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, publish_hundreds, f), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &good), 0);
		assert_int_equal((uintptr_t)good, 500);
	}
	assert_int_equal(ch_publish_flush(f->connection, 10000), CH_OK);
	assert_int_equal(fake_hub_count(f->bus, FAKE_STORED), 2000);
}

struct inside {
	struct fixture *f;
	struct ch_event *event;
	enum ch_status blocking;
	enum ch_status flushing;
	enum ch_status async;
	atomic_uint called;
};

static void publish_from_inside(
	void *context, enum ch_status status, const struct ch_receipt *receipt)
{
	struct inside *inside = context;
	(void)receipt;
	assert_int_equal(status, CH_OK);
	if (inside->called++ == 0) {
		inside->blocking = ch_publish(inside->f->connection, inside->event, 5000, NULL);
		inside->flushing = ch_publish_flush(inside->f->connection, 5000);
		inside->async = ch_publish_async(
			inside->f->connection, inside->event, 5000, publish_from_inside, inside);
	}
}

static void test_a_callback_may_publish_but_not_wait(void **state)
{
	struct fixture *f = *state;
	struct inside inside = {.f = f, .event = ch_event_create()};
	ch_event_set_text(inside.event, CH_ID, "inner");
	ch_event_set_text(inside.event, CH_SOURCE, "/pos/shop-1");
	ch_event_set_text(inside.event, CH_TYPE, "pos.sale.completed");
	assert_int_equal(
		ch_publish_async(f->connection, event(f, "outer"), 0, publish_from_inside, &inside),
		CH_OK);
	WAIT_UNTIL(inside.called == 2);
	assert_int_equal(inside.blocking, CH_INVALID);
	assert_int_equal(inside.flushing, CH_INVALID);
	assert_int_equal(inside.async, CH_OK);
	assert_int_equal(fake_hub_count(f->bus, FAKE_STORED), 2);
	ch_event_free(inside.event);
}

/* No timer stands between a publish and its frame: the bound is far above any round trip of a machine
 * that works, and far below 300 times what a timer would be. */
static void test_one_event_waits_for_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t began_us = clock_steady_us();
	for (uint64_t i = 1; i <= 300; i++)
		assert_int_equal(ch_publish(f->connection, event_number(f, i), 5000, NULL), CH_OK);
	assert_true(clock_steady_us() - began_us < 3000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BUS(test_one_confirmed_publish),
		WITH_BUS(test_a_refusal_names_reason_and_field),
		WITH_BUS(test_what_cannot_be_sent_is_told_at_once),
		WITH_BUS(test_many_travel_in_few_frames_and_in_order),
		WITH_BUS(test_frames_fill_while_the_window_is_closed),
		WITH_BUS(test_the_window_is_never_passed),
		cmocka_unit_test(test_publishing_waits_for_room),
		WITH_BUS(test_a_timeout_leaves_the_event_on_its_way),
		WITH_BUS(test_futures),
		WITH_BUS(test_a_batch_is_one_frame),
		WITH_BUS(test_large_events_keep_frames_within_their_bound),
		cmocka_unit_test(test_the_hub_may_take_less_in_a_frame),
		WITH_BUS(test_put_off_events_are_sent_again),
		cmocka_unit_test(test_or_handed_to_the_publisher),
		WITH_BUS(test_a_refused_frame_settles_its_events),
		WITH_BUS(test_unanswered_events_are_sent_again_in_order),
		WITH_BUS(test_frames_that_never_arrived),
		WITH_BUS(test_exactly_once_over_many_losses),
		cmocka_unit_test(test_closing_ends_what_has_no_answer),
		WITH_BUS(test_several_threads_publish),
		WITH_BUS(test_a_callback_may_publish_but_not_wait),
		WITH_BUS(test_one_event_waits_for_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
