/* Where a subscription stands: where it begins, who has it, what moves it, and what it comes to when the hub
 * or its journal is another. */
#include <stdlib.h>

#include "fanout/fanout.h"
#include "session.h"
#include "stage_operations.h"

static void test_where_it_starts(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("", 1);
	stage_append(stage, NULL, 5);
	int64_t time_us = stage->last_arrival_us;
	stage_append(stage, NULL, 5);
	session_open(&session, stage, "p", false);
	wish.start.from = FROM_NEW;
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	session_next_mark(&session, MARK_CAUGHT_UP);
	stage_append(stage, NULL, 1);
	session_expect_run(&session, 11, 11);
	wish.handle = 2;
	wish.start = (struct subscribe_start){.from = FROM_SEQUENCE, .sequence = 9};
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	session_expect_run(&session, 9, 11);
	session_next_mark(&session, MARK_CAUGHT_UP);
	wish.handle = 3;
	wish.start = (struct subscribe_start){.from = FROM_TIME, .time_us = time_us};
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	session_expect_run(&session, 5, 11);
	wish.handle = 4;
	wish.start = (struct subscribe_start){.from = FROM_SEQUENCE, .sequence = 99};
	assert_int_equal(session_subscribe(&session, &wish), CH_INVALID);
	wish.start.incarnation = 1;
	assert_int_equal(session_subscribe(&session, &wish), CH_RESET);
	wish.start = (struct subscribe_start){.from = FROM_NEW};
	wish.handle = 0;
	assert_int_equal(session_subscribe(&session, &wish), CH_INVALID);
	session_close(&session);
}

static void test_a_position_of_the_subscribers_own_wins(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	stage_append(stage, NULL, 10);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 10);
	session_close(&session);
	session_open(&session, stage, "p", false);
	wish.position = 7;
	wish.position_incarnation = journal_incarnation(stage->journal);
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	session_expect_run(&session, 8, 10);
	session_close(&session);
	/* Of another journal, or of a time to come: the subscriber has to decide. */
	session_open(&session, stage, "p", false);
	wish.position_incarnation++;
	assert_int_equal(session_subscribe(&session, &wish), CH_RESET);
	wish.position_incarnation = 0;
	wish.position = 11;
	assert_int_equal(session_subscribe(&session, &wish), CH_RESET);
	wish.position = 10;
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	session_next_mark(&session, MARK_CAUGHT_UP);
	session_close(&session);
}

static void test_the_second_fences_the_first(void **state)
{
	struct stage *stage = *state;
	struct session first = {0};
	struct session second = {0};
	struct session stranger = {0};
	struct subscribe wish = wish_named("a", 1);
	stage_append(stage, NULL, 2);
	session_open(&first, stage, "p", false);
	session_open(&second, stage, "p", false);
	session_open(&stranger, stage, "q", false);
	assert_int_equal(session_subscribe(&first, &wish), CH_OK);
	session_expect_run(&first, 1, 2);
	session_next_mark(&first, MARK_CAUGHT_UP);
	assert_int_equal(session_subscribe(&stranger, &wish), CH_DENIED);
	assert_int_equal(session_subscribe(&second, &wish), CH_OK);
	assert_int_equal(second.subscribed.generation, 2);
	session_next_mark(&first, MARK_FENCED);
	session_ack(&first, 1, 1, 2); /* of no effect */
	session_expect_run(&second, 1, 2);
	stage_append(stage, NULL, 1);
	session_expect_run(&second, 3, 3);
	session_expect_silence(&first);
	assert_int_equal(stage_consumer(stage, "a").info.cursor, 0);
	session_close(&stranger);
	session_open(&stranger, stage, "ops", true);
	assert_int_equal(session_subscribe(&stranger, &wish), CH_OK);
	session_next_mark(&second, MARK_FENCED);
	session_close(&first);
	session_close(&second);
	session_close(&stranger);
}

static void test_what_was_agreed_is_changed_on_purpose(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	wish.filter.types[wish.filter.type_count++] = SLICE_LITERAL("pos.>");
	wish.filter.types[wish.filter.type_count++] = SLICE_LITERAL("repair.>");
	session_attach(&session, stage, &wish);
	struct subscribe other = wish;
	other.handle = 2;
	other.filter.types[0] = SLICE_LITERAL("repair.>");
	other.filter.types[1] = SLICE_LITERAL("pos.>"); /* the same in another order */
	assert_int_equal(session_subscribe(&session, &other), CH_OK);
	other.handle = 3;
	other.filter.type_count = 1;
	assert_int_equal(session_subscribe(&session, &other), CH_CONFLICT);
	other.update = true;
	assert_int_equal(session_subscribe(&session, &other), CH_OK);
	session_close(&session);
	stage_restart(stage);
	session_open(&session, stage, "p", false);
	assert_int_equal(session_subscribe(&session, &wish), CH_CONFLICT);
	struct subscribe as_it_is = wish_named("a", 1);
	as_it_is.must_exist = true;
	assert_int_equal(session_subscribe(&session, &as_it_is), CH_OK);
	stage_append(stage, NULL, 1);
	stage_append(stage, &(struct event){.type = "repair.order.received"}, 1);
	assert_int_equal(session_next_delivery(&session)->sequence, 2);
	session_close(&session);
}

static void test_acks_survive_a_restart_and_most_of_them_a_crash(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	stage_append(stage, NULL, 10);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 10);
	session_ack(&session, 1, 1, 3);
	session_ack(&session, 1, 7, 8);
	session_close(&session);
	stage_restart(stage);
	session_attach(&session, stage, &wish);
	assert_int_equal(session.subscribed.cursor, 3);
	session_expect_run(&session, 4, 6);
	session_expect_run(&session, 9, 10);
	session_next_mark(&session, MARK_CAUGHT_UP);
	/* Written down within a while; what follows is lost with the hub. */
	session_ack(&session, 1, 4, 4);
	stage_until(stage, fanout_floor(stage->fanout) == 5);
	session_ack(&session, 1, 5, 5);
	(void)stage_consumer(stage, "a"); /* it has been heard */
	session_close(&session);
	stage_crash(stage);
	session_attach(&session, stage, &wish);
	assert_int_equal(session_next(&session)->sequence, 5);
	assert_int_equal(session_next(&session)->sequence, 6);
	assert_int_equal(session_next(&session)->sequence, 9);
	session_close(&session);
}

static void test_an_operator_moves_the_cursor(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	stage_append(stage, NULL, 10);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 10);
	session_ack_up_to(&session, 1, 8);
	session_next_mark(&session, MARK_CAUGHT_UP);
	(void)stage_consumer(stage, "a");
	struct operation_result plan = stage_seek(stage, "a", "4", true);
	assert_int_equal(plan.old_cursor, 8);
	assert_int_equal(plan.new_cursor, 3);
	assert_int_equal(plan.change, 5);
	assert_false(plan.done);
	assert_true(stage_seek(stage, "a", "4", false).done);
	assert_int_equal(session_next_mark(&session, MARK_MOVED)->mark.first, 3);
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	assert_int_equal(session.subscribed.moves, 1);
	session_expect_run(&session, 4, 10);
	session_close(&session);
	assert_int_equal(stage_seek(stage, "a", "end", false).new_cursor, 10);
	stage_restart(stage);
	session_attach(&session, stage, &wish);
	session_next_mark(&session, MARK_CAUGHT_UP);
	assert_int_equal(stage_seek(stage, "nobody", "end", false).status, CH_NOT_FOUND);
	assert_true(stage_delete(stage, "a").done);
	session_next_mark(&session, MARK_DETACHED);
	assert_int_equal(stage_delete(stage, "a").status, CH_NOT_FOUND);
	session_close(&session);
}

static void test_beyond_its_bound_it_is_suspended(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	wish.credit = 5;
	wish.max_lag_events = 100;
	session_attach(&session, stage, &wish);
	session_next_mark(&session, MARK_CAUGHT_UP);
	stage_append(stage, NULL, 100);
	session_expect_run(&session, 1, 5);
	stage_until(stage, fanout_floor(stage->fanout) == 1);
	stage_append(stage, NULL, 10);
	const struct got *mark = session_next(&session);
	while (mark->mark.what == MARK_FELL_BEHIND)
		mark = session_next(&session);
	assert_int_equal(mark->mark.what, MARK_SUSPENDED);
	stage_until(stage, fanout_floor(stage->fanout) == UINT64_MAX);
	assert_string_equal(stage_consumer(stage, "a").state, "suspended");
	session_detach(&session, &(struct detach){.handle = 1});
	session_next_mark(&session, MARK_DETACHED);
	/* Nothing was removed meanwhile: it goes on, and may fall behind by its bound from there. */
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	session_expect_run(&session, 1, 5);
	assert_string_equal(stage_consumer(stage, "a").state, "catch-up");
	session_close(&session);
}

static void test_another_journal_resets(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = wish_named("a", 1);
	stage_append(stage, NULL, 10);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 10);
	session_ack_up_to(&session, 1, 10);
	session_close(&session);
	/* All in it arrived after what was acknowledged: all of it is new. */
	stage_replace_journal(stage, 4);
	session_attach(&session, stage, &wish);
	assert_int_equal(session_next_mark(&session, MARK_RESET)->mark.first, 1);
	session_expect_run(&session, 1, 4);
	session_next_mark(&session, MARK_CAUGHT_UP);
	session_close(&session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_STAGE(test_where_it_starts),
		ON_A_STAGE(test_a_position_of_the_subscribers_own_wins),
		ON_A_STAGE(test_the_second_fences_the_first),
		ON_A_STAGE(test_what_was_agreed_is_changed_on_purpose),
		ON_A_STAGE(test_acks_survive_a_restart_and_most_of_them_a_crash),
		ON_A_STAGE(test_an_operator_moves_the_cursor),
		ON_A_STAGE(test_beyond_its_bound_it_is_suspended),
		ON_A_STAGE(test_another_journal_resets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
