/* The first test shows a subscription's whole life; the next ones go through what a subscriber is
 * promised, one by one. */
#include "fanout/fanout.h"

#include <stdlib.h>

#include "base/clock.h"
#include "session.h"
#include "stage_operations.h"

static void test_a_subscription_from_its_beginning_to_its_end(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("quality", 7);
	stage_append(stage, NULL, 3);
	session_open(&session, stage, "module-1", false);

	/* What was there, then the mark, then what comes. */
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	assert_int_equal(session.subscribed.cursor, 0);
	assert_int_equal(session.subscribed.head, 3);
	for (uint64_t i = 1; i <= 3; i++) {
		const struct got *got = session_next(&session);
		assert_false(got->is_mark);
		assert_int_equal(got->sequence, i);
		assert_int_equal(got->mode, DELIVERY_CATCH_UP);
		assert_int_equal(got->attempt, 1);
	}
	assert_int_equal(session_next_mark(&session, MARK_CAUGHT_UP)->mark.first, 3);
	stage_append(stage, NULL, 1);
	const struct got *live = session_next(&session);
	assert_int_equal(live->sequence, 4);
	assert_int_equal(live->mode, DELIVERY_LIVE);
	assert_string_equal(live->id, "e-4");

	/* Two are done; the session ends; the next one goes on there. */
	session_ack(&session, 7, 1, 2);
	session_detach(&session, &(struct detach){.handle = 7});
	assert_int_equal(session_next_mark(&session, MARK_DETACHED)->mark.first, 2);
	session_close(&session);
	stage_append(stage, NULL, 1);
	session_open(&session, stage, "module-1", false);
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	assert_int_equal(session.subscribed.cursor, 2);
	assert_int_equal(session.subscribed.generation, 2);
	session_expect_run(&session, 3, 5);
	session_next_mark(&session, MARK_CAUGHT_UP);

	/* And it is forgotten. */
	session_detach(&session, &(struct detach){.handle = 7, .delete = true});
	session_next_mark(&session, MARK_DETACHED);
	assert_int_equal(stage_consumer(stage, "quality").found, 0);
	session_close(&session);
}

static void test_what_comes_again_says_so(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	stage_append(stage, NULL, 2);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 2);
	session_close(&session);
	session_attach(&session, stage, &wish);
	stage_append(stage, NULL, 1);
	const struct got *first = session_next_delivery(&session);
	assert_int_equal(first->sequence, 1);
	assert_int_equal(first->attempt, 2);
	assert_int_equal(session_next_delivery(&session)->attempt, 2);
	assert_int_equal(session_next_delivery(&session)->attempt, 1);
	session_close(&session);
}

static void test_a_group_comes_in_its_order(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	static const char *const ids[] = {"1.0", "e-1", "1.2"};
	stage_append(stage,
		&(struct event){.before = "customer.record.created",
			.after = "customer.record.updated",
			.customer = 42},
		1);
	stage_append(
		stage, &(struct event){.quarantined = true, .after = "hub.event.quarantined"}, 1);
	session_attach(&session, stage, &wish);
	for (uint32_t part = 0; part < 3; part++) {
		const struct got *got = session_next(&session);
		assert_int_equal(got->sequence, 1);
		assert_int_equal(got->part, part);
		assert_int_equal(got->last, part == 2);
		assert_int_equal(got->customer, 42);
		assert_string_equal(got->id, ids[part]);
	}
	const struct got *refused = session_next(&session);
	assert_string_equal(refused->id, "2.0");
	assert_true(refused->last);
	session_close(&session);
}

static void test_a_filter_leaves_parts_out_and_numbers_them_as_they_are(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	wish.filter.types[wish.filter.type_count++] = SLICE_LITERAL("customer.record.updated");
	wish.filter.types[wish.filter.type_count++] = SLICE_LITERAL("repair.>");
	stage_append(stage, NULL, 3);
	stage_append(stage,
		&(struct event){
			.before = "customer.record.created", .after = "customer.record.updated"},
		1);
	stage_append(stage, &(struct event){.type = "repair.order.received"}, 1);
	session_attach(&session, stage, &wish);
	const struct got *got = session_next(&session);
	assert_int_equal(got->sequence, 4);
	assert_int_equal(got->part, 2);
	assert_true(got->last);
	assert_int_equal(session_next(&session)->sequence, 5);
	session_next_mark(&session, MARK_CAUGHT_UP);
	session_ack_up_to(&session, 1, 5);
	stage_append(stage, NULL, 3);
	stage_until(stage, stage_consumer(stage, "a").info.cursor == 8);
	session_close(&session);
}

static void test_sources_and_customers_are_filters(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe by_source = wish_named("s", 1);
	struct subscribe by_customer = wish_named("c", 2);
	by_source.filter.sources[by_source.filter.source_count++] = SLICE_LITERAL("/pos/shop-2");
	by_source.filter.sources[by_source.filter.source_count++] = SLICE_LITERAL("/web/*");
	by_customer.filter.customers[by_customer.filter.customer_count++] = 7;
	by_customer.filter.customers[by_customer.filter.customer_count++] = 5;
	session_attach(&session, stage, &by_source);
	session_next_mark(&session, MARK_CAUGHT_UP);
	stage_append(stage, &(struct event){.after = "customer.record.updated"}, 1);
	stage_append(stage, &(struct event){.source = "/pos/shop-2"}, 1);
	stage_append(stage, &(struct event){.source = "/web/shop", .customer = 5}, 1);
	stage_append(stage, &(struct event){.customer = 7}, 1);
	stage_append(stage, &(struct event){.customer = 6}, 1);
	session_expect_run(&session, 2, 3);
	session_expect_silence(&session);
	assert_int_equal(session_subscribe(&session, &by_customer), CH_OK);
	/* The first entry is nobody's, what the hub derived from it is about customer 7. */
	assert_string_equal(session_next(&session)->id, "1.1");
	assert_int_equal(session_next(&session)->sequence, 3);
	assert_int_equal(session_next(&session)->sequence, 4);
	session_next_mark(&session, MARK_CAUGHT_UP);
	session_close(&session);
}

static void test_credit_bounds_what_is_out(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	wish.credit = 2;
	stage_append(stage, NULL, 10);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 2);
	session_expect_silence(&session);
	session_ack(&session, 1, 1, 1);
	session_expect_run(&session, 3, 3);
	session_expect_silence(&session);
	session_grant(&session, 1, 2);
	session_expect_run(&session, 4, 5);
	session_expect_silence(&session);
	session_close(&session);
}

static void test_who_only_looks_is_paced_by_grants(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("", 1);
	wish.no_ack = true;
	wish.credit = 3;
	stage_append(stage, NULL, 10);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 3);
	session_expect_silence(&session);
	session_ack(&session, 1, 1, 3); /* means nothing */
	session_expect_silence(&session);
	session_grant(&session, 1, 100);
	session_expect_run(&session, 4, 10);
	session_next_mark(&session, MARK_CAUGHT_UP);
	session_close(&session);
}

static void test_a_bounded_one_ends(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("", 1);
	wish.no_ack = true;
	wish.stop_at_head = true;
	stage_append(stage, NULL, 5);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 5);
	session_next_mark(&session, MARK_END);
	stage_append(stage, NULL, 5);
	session_expect_silence(&session);
	session_detach(&session, &(struct detach){.handle = 1});
	session_next_mark(&session, MARK_DETACHED);
	wish.stop_at_head = false;
	wish.stop_sequence = 7;
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	session_expect_run(&session, 1, 7);
	session_next_mark(&session, MARK_END);
	session_close(&session);
}

static void test_what_may_not_be_asked_for(void **state)
{
	struct stage *stage = *state;
	struct session session = {.topics = "pos.>"};
	struct subscribe wish = wish_named("a", 1);
	session_open(&session, stage, "p", false);
	wish.name = SLICE_LITERAL("a b");
	assert_int_equal(session_subscribe(&session, &wish), CH_INVALID);
	wish = wish_named("a", 1);
	wish.filter.types[wish.filter.type_count++] = SLICE_LITERAL("pos..x");
	assert_int_equal(session_subscribe(&session, &wish), CH_INVALID);
	wish.filter.types[0] = SLICE_LITERAL("no.such.type");
	assert_int_equal(session_subscribe(&session, &wish), CH_UNKNOWN_TYPE);
	wish.filter.types[0] = SLICE_LITERAL("repair.>");
	assert_int_equal(session_subscribe(&session, &wish), CH_DENIED);
	wish = wish_named("a", 1);
	wish.must_exist = true;
	assert_int_equal(session_subscribe(&session, &wish), CH_NOT_FOUND);
	wish = wish_named("a", 1);
	wish.credit = LIMIT_INFLIGHT_PER_SUB + 1;
	assert_int_equal(session_subscribe(&session, &wish), CH_TOO_LARGE);
	wish = wish_named("a", 1);
	wish.no_ack = true;
	assert_int_equal(session_subscribe(&session, &wish), CH_INVALID);
	wish = wish_named("a", 1);
	wish.start.from = FROM_SNAPSHOT;
	assert_int_equal(session_subscribe(&session, &wish), CH_DENIED);
	assert_int_equal(stage_consumer(stage, "").found, 0);
	/* Rights cut the filter down. */
	wish = wish_named("a", 1);
	stage_append(stage, &(struct event){.type = "repair.order.received"}, 1);
	stage_append(stage, NULL, 1);
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	assert_int_equal(session_next(&session)->sequence, 2);
	assert_int_equal(session_subscribe(&session, &wish), CH_EXISTS);
	session_close(&session);
}

static void test_draining_ends_what_is_new(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	stage_append(stage, NULL, 3);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 3);
	session_next_mark(&session, MARK_CAUGHT_UP);
	session_detach(&session, &(struct detach){.handle = 1, .drain = true});
	session_next_mark(&session, MARK_DRAINED);
	stage_append(stage, NULL, 3);
	session_expect_silence(&session);
	session_ack_up_to(&session, 1, 3);
	session_detach(&session, &(struct detach){.handle = 1});
	assert_int_equal(session_next_mark(&session, MARK_DETACHED)->mark.first, 3);
	session_close(&session);
}

static void test_a_full_socket_holds_up_nobody_else(void **state)
{
	struct stage *stage = *state;
	struct session slow = {0};
	struct session quick = {0};
	struct subscribe wish = wish_named("slow", 1);
	session_open(&slow, stage, "p", false);
	session_open(&quick, stage, "q", false);
	wish.credit = LIMIT_INFLIGHT_PER_SUB;
	slow.blocked = false;
	assert_int_equal(session_subscribe(&slow, &wish), CH_OK);
	slow.blocked = true;
	wish.name = SLICE_LITERAL("quick");
	assert_int_equal(session_subscribe(&quick, &wish), CH_OK);
	uint64_t sent = 0;
	for (int i = 0; i < 20; i++) {
		sent = stage_append(stage, &(struct event){.bytes = 1000}, 500);
		session_expect_run(&quick, sent - 499, sent);
		session_ack_up_to(&quick, 1, sent);
	}
	slow.blocked = false;
	consumer_writable(slow.consumer);
	session_expect_run(&slow, 1, sent);
	session_close(&slow);
	session_close(&quick);
}

/* Live, then out of the newest, then live again: not one is missing. */
static void test_who_sleeps_gets_everything_in_order(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	wish.credit = 10;
	session_attach(&session, stage, &wish);
	session_next_mark(&session, MARK_CAUGHT_UP);
	for (int i = 0; i < 40; i++)
		stage_append(stage, NULL, 500);
	session_expect_run(&session, 1, 10);
	session_next_mark(&session, MARK_FELL_BEHIND);
	for (uint64_t i = 1; i <= 20000; i += 10) {
		session_ack_up_to(&session, 1, i + 9);
		if (i + 19 <= 20000)
			session_expect_run(&session, i + 10, i + 19);
	}
	session_next_mark(&session, MARK_CAUGHT_UP);
	stage_append(stage, NULL, 1);
	assert_int_equal(session_next(&session)->mode, DELIVERY_LIVE);
	session_close(&session);
}

struct appender {
	struct stage *stage;
	uint32_t delay; /* in looks at the clock */
};

static void *append_one(void *context)
{
	const struct appender *appender = context;
	for (uint32_t i = 0; i < appender->delay; i++)
		(void)clock_steady_us();
	stage_append(appender->stage, NULL, 1);
	return NULL;
}

static int set_up_without_sweeps(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	assert_non_null(stage);
	stage->options.sweep_us = 3600000000;
	stage_open(stage);
	*state = stage;
	return 0;
}

/* While nobody follows, the writer wakes nobody: who joins in that very moment misses nothing, and does not
 * wait for the next sweep to find it either: here there is none. */
static void test_who_joins_as_something_comes_gets_it(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	session_open(&session, stage, "p", false);
	for (uint32_t handle = 1; handle <= 300; handle++) {
		const struct subscribe wish = {.handle = handle,
			.start = {.from = FROM_SEQUENCE, .sequence = stage->head + 1},
			.credit = 16};
		struct appender appender = {stage, handle % 100 * 100};
		pthread_t thread;
		assert_int_equal(pthread_create(&thread, NULL, append_one, &appender), 0);
		assert_int_equal(session_subscribe(&session, &wish), CH_OK);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(session_next_delivery(&session)->sequence, stage->head);
		session_detach(&session, &(struct detach){.handle = handle});
		while (session_next(&session)->mark.what != MARK_DETACHED) {
			/* that it had caught up */
		}
	}
	session_close(&session);
}

static void test_what_comes_within_a_round_comes_with_the_next(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	const struct subscribe wish = wish_named("a", 1);
	session_attach(&session, stage, &wish);
	session_next_mark(&session, MARK_CAUGHT_UP);
	for (uint64_t next = 1; next <= 30; next += 3) {
		stage_append_within_a_round(stage, NULL, 3);
		session_expect_run(&session, next, next + 2);
	}
	session_close(&session);
}

static void test_a_refused_delivery_comes_again_and_dies(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	wish.max_attempts = 3;
	stage_append(stage, NULL, 3);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 3);
	session_next_mark(&session, MARK_CAUGHT_UP);
	for (uint32_t attempt = 2; attempt <= 3; attempt++) {
		session_nack(&session, 1,
			&(struct nack){.sequence = 2,
				.delay_ms = 1,
				.reason = SLICE_LITERAL("no such article")});
		const struct got *again = session_next(&session);
		assert_int_equal(again->sequence, 2);
		assert_int_equal(again->attempt, attempt);
	}
	session_nack(&session, 1,
		&(struct nack){.sequence = 2, .reason = SLICE_LITERAL("no such article")});
	session_ack(&session, 1, 1, 3);
	stage_until(stage, stage_consumer(stage, "a").info.cursor == 3);
	struct seen_letters letters = stage_letters(stage, "a");
	assert_int_equal(letters.total, 1);
	assert_int_equal(letters.count, 1);
	assert_int_equal(letters.sequences[0], 2);
	assert_int_equal(letters.attempts[0], 3);
	assert_string_equal(letters.reason, "no such article");
	assert_string_equal(letters.type, "pos.sale.completed");

	/* It survives a restart, is tried again, and is done. */
	session_close(&session);
	stage_restart(stage);
	session_open(&session, stage, "p", false);
	assert_int_equal(stage_settle(stage, "a", 2, false).affected, 1);
	assert_int_equal(stage_letters(stage, "a").total, 0);
	assert_int_equal(stage_consumer(stage, "a").info.cursor, 3);
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	assert_int_equal(session_next_delivery(&session)->sequence, 2);
	session_ack(&session, 1, 2, 2);
	stage_until(stage, stage_consumer(stage, "a").info.pending == 0);
	session_close(&session);
}

static void test_letters_are_parked_and_thrown_away(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	stage_append(stage, NULL, 20);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 20);
	for (uint64_t i = 1; i <= 20; i += 2)
		session_nack(&session, 1, &(struct nack){.sequence = i, .park = true});
	stage_until(stage, stage_letters(stage, "a").total == 10);
	assert_int_equal(stage_settle(stage, "a", 5, true).affected, 1);
	assert_int_equal(stage_settle(stage, "a", 5, true).affected, 0);
	assert_int_equal(stage_letters(stage, "a").count, 9);
	struct operation_result all = stage_settle(stage, "a", 0, true);
	assert_int_equal(all.affected, 9);
	assert_true(all.done);
	assert_int_equal(stage_letters(stage, "a").count, 0);
	assert_int_equal(stage_settle(stage, "nobody", 0, true).status, CH_NOT_FOUND);
	session_close(&session);
	stage_restart(stage);
	assert_int_equal(stage_letters(stage, "a").count, 0);
}

static void test_a_time_out_brings_it_again(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	wish.ack_wait_ms = 300;
	wish.max_attempts = 2;
	stage_append(stage, NULL, 2);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 2);
	session_ack(&session, 1, 2, 2);
	const struct got *again = session_next_delivery(&session);
	assert_int_equal(again->sequence, 1);
	assert_int_equal(again->attempt, 2);
	stage_until(stage, stage_letters(stage, "a").total == 1);
	assert_string_equal(stage_letters(stage, "a").reason, "not answered in time");
	session_close(&session);
}

/* From the journal and from what is kept of the newest, at once and again: the same to each. */
static void test_values_are_told_to_who_may_have_them(void **state)
{
	struct stage *stage = *state;
	struct session all = {.topics = "customer.record.* values.language values.group"};
	struct session none = {.topics = "customer.record.* values.phone"};
	struct subscribe wish_all = wish_named("all", 1);
	struct subscribe wish_none = wish_named("none", 1);
	const struct event event = {
		.after = "customer.record.updated", .customer = 7, .language = "zh"};
	const size_t told = 9; /* field 101, a FieldChange of 6 bytes */
	stage_append(stage, &event, 1);
	session_open(&all, stage, "a", false);
	session_open(&none, stage, "n", false);
	assert_int_equal(session_subscribe(&all, &wish_all), CH_OK);
	assert_int_equal(session_subscribe(&none, &wish_none), CH_OK);
	assert_int_equal(session_next(&all)->personal_len, told);
	assert_int_equal(session_next(&none)->personal_len, 0);
	session_next_mark(&all, MARK_CAUGHT_UP);
	session_next_mark(&none, MARK_CAUGHT_UP);
	stage_append(stage, &event, 1);
	assert_int_equal(session_next(&all)->personal_len, told);
	assert_int_equal(session_next(&none)->personal_len, 0);
	session_nack(&all, 1, &(struct nack){.sequence = 2});
	const struct got *again = session_next(&all);
	assert_int_equal(again->attempt, 2);
	assert_int_equal(again->personal_len, told);
	/* A right that is taken away, or given, holds from the next one on. */
	all.topics = "customer.record.*";
	none.topics = "customer.record.* values.>";
	assert_int_equal(consumer_recheck(all.consumer), CH_OK);
	assert_int_equal(consumer_recheck(none.consumer), CH_OK);
	stage_append(stage, &event, 1);
	assert_int_equal(session_next(&all)->personal_len, 0);
	assert_int_equal(session_next(&none)->personal_len, told);
	session_close(&all);
	session_close(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_STAGE(test_a_subscription_from_its_beginning_to_its_end),
		ON_A_STAGE(test_what_comes_again_says_so),
		ON_A_STAGE(test_a_group_comes_in_its_order),
		ON_A_STAGE(test_a_filter_leaves_parts_out_and_numbers_them_as_they_are),
		ON_A_STAGE(test_sources_and_customers_are_filters),
		ON_A_STAGE(test_credit_bounds_what_is_out),
		ON_A_STAGE(test_who_only_looks_is_paced_by_grants),
		ON_A_STAGE(test_a_bounded_one_ends),
		ON_A_STAGE(test_what_may_not_be_asked_for),
		ON_A_STAGE(test_draining_ends_what_is_new),
		ON_A_STAGE(test_a_full_socket_holds_up_nobody_else),
		ON_A_STAGE(test_who_sleeps_gets_everything_in_order),
		cmocka_unit_test_setup_teardown(test_who_joins_as_something_comes_gets_it,
			set_up_without_sweeps, stage_tear_down),
		ON_A_STAGE(test_what_comes_within_a_round_comes_with_the_next),
		ON_A_STAGE(test_a_refused_delivery_comes_again_and_dies),
		ON_A_STAGE(test_letters_are_parked_and_thrown_away),
		ON_A_STAGE(test_a_time_out_brings_it_again),
		ON_A_STAGE(test_values_are_told_to_who_may_have_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
