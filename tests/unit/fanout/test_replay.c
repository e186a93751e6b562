/* History once more, to one subscription, beside what is live. */
#include <stdlib.h>

#include "base/clock.h"
#include "fanout/tempo.h"
#include "session.h"
#include "stage_operations.h"

static int setup(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	stage_open(stage);
	*state = stage;
	return 0;
}

static int teardown(void **state)
{
	stage_close(*state);
	free(*state);
	return 0;
}

/* A subscriber who has had everything so far. */
static void attach(struct stage *stage, struct session *session, uint32_t credit)
{
	struct subscribe wish = {
		.handle = 1,
		.name = SLICE_LITERAL("a"),
		.start.from = FROM_NEW,
		.credit = credit,
		.max_attempts = 2,
	};
	session_open(session, stage, "p", false);
	assert_int_equal(session_subscribe(session, &wish), CH_OK);
	session_next_mark(session, MARK_CAUGHT_UP);
}

static void expect_replay(
	struct session *session, const char *job, uint64_t first, uint64_t last, uint32_t attempt)
{
	for (uint64_t sequence = first; sequence <= last; sequence++) {
		const struct got *got = session_next(session);
		assert_false(got->is_mark);
		assert_int_equal(got->sequence, sequence);
		assert_int_equal(got->mode, DELIVERY_REPLAY);
		assert_int_equal(got->attempt, attempt);
		assert_string_equal(got->text, job);
	}
}

static void test_a_stretch_comes_again_and_the_cursor_stays(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	stage_append(stage, NULL, 20);
	attach(stage, &session, 1000);
	struct seen_replay plan = stage_replay(stage, "a", "5:9", 0, true);
	assert_int_equal(plan.status, CH_OK);
	assert_int_equal(plan.total, 5);
	assert_int_equal(plan.matched, 5);
	assert_string_equal(plan.state, "planned");
	session_expect_silence(&session);

	struct seen_replay job = stage_replay(stage, "a", "5:9", 0, false);
	assert_int_equal(job.status, CH_OK);
	assert_string_equal(job.state, "running");
	expect_replay(&session, job.job, 5, 9, 1);
	const struct got *end = session_next_mark(&session, MARK_END);
	assert_string_equal(end->id, job.job);
	assert_string_equal(stage_replay_state(stage, job.job).state, "running");
	session_ack_job(&session, 1, job.job, 5, 9);
	stage_until(stage, strcmp(stage_replay_state(stage, job.job).state, "done") == 0);
	assert_int_equal(stage_replay_state(stage, job.job).delivered, 5);
	assert_int_equal(stage_consumer(stage, "a").info.cursor, 20);
	session_close(&session);
}

static void test_live_goes_on_beside_it(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	stage_append(stage, NULL, 1000);
	attach(stage, &session, 10);
	struct seen_replay job = stage_replay(stage, "a", "1:1000", 0, false);
	uint64_t replayed = 0;
	uint64_t live = 1000;
	/* The replay fills its half of the window; what is live has the other. */
	while (replayed < 5) {
		const struct got *got = session_next(&session);
		assert_int_equal(got->sequence, ++replayed);
	}
	session_expect_silence(&session);
	stage_append(stage, NULL, 5);
	session_expect_run(&session, 1001, 1005);
	session_ack_up_to(&session, 1, 1005);
	session_ack_job(&session, 1, job.job, 1, 5);
	live = 1005;
	while (replayed < 1000 || live < 1305) {
		if (live < 1305 && stage->head == live)
			stage_append(stage, NULL, 3);
		const struct got *got = session_next(&session);
		if (got->is_mark)
			continue;
		if (got->mode == DELIVERY_REPLAY) {
			session_ack_job(&session, 1, job.job, 1, got->sequence);
			assert_int_equal(got->sequence, ++replayed);
		} else {
			session_ack(&session, 1, got->sequence, got->sequence);
			assert_int_equal(got->sequence, ++live);
		}
	}
	stage_until(stage, strcmp(stage_replay_state(stage, job.job).state, "done") == 0);
	session_close(&session);
}

static void test_it_goes_on_after_a_restart(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	stage_append(stage, NULL, 100);
	attach(stage, &session, 20);
	struct seen_replay job = stage_replay(stage, "a", "11:60", 0, false);
	expect_replay(&session, job.job, 11, 20, 1);
	session_ack_job(&session, 1, job.job, 11, 15);
	stage_until(stage, stage_replay_state(stage, job.job).position == 15);
	session_close(&session);
	stage_restart(stage);
	assert_int_equal(stage_replay_state(stage, job.job).position, 15);
	struct subscribe wish = {.handle = 1, .name = SLICE_LITERAL("a"), .credit = 1000};
	wish.must_exist = true;
	session_attach(&session, stage, &wish);
	for (uint64_t sequence = 16; sequence <= 60; sequence++)
		assert_int_equal(session_next_delivery(&session)->sequence, sequence);
	session_ack_job(&session, 1, job.job, 16, 60);
	stage_until(stage, strcmp(stage_replay_state(stage, job.job).state, "done") == 0);
	session_close(&session);
}

static void test_it_is_paused_resumed_and_cancelled(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	stage_append(stage, NULL, 1000);
	attach(stage, &session, 8);
	struct seen_replay job = stage_replay(stage, "a", "1:1000", 0, false);
	expect_replay(&session, job.job, 1, 4, 1);
	assert_string_equal(stage_replay_control(stage, job.job, REPLAY_PAUSE).state, "paused");
	session_ack_job(&session, 1, job.job, 1, 4);
	session_expect_silence(&session);
	assert_string_equal(stage_replay_control(stage, job.job, REPLAY_RESUME).state, "running");
	expect_replay(&session, job.job, 5, 8, 1);
	assert_string_equal(stage_replay_control(stage, job.job, REPLAY_CANCEL).state, "cancelled");
	session_ack_job(&session, 1, job.job, 5, 8);
	session_expect_silence(&session);
	assert_int_equal(stage_replay_control(stage, job.job, REPLAY_RESUME).status, CH_INVALID);
	assert_int_equal(stage_replay_control(stage, "none", REPLAY_PAUSE).status, CH_NOT_FOUND);
	assert_int_equal(stage_consumer(stage, "a").info.in_flight, 0);
	session_close(&session);
}

static void test_it_keeps_its_pace(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	stage_append(stage, NULL, 100);
	attach(stage, &session, 1000);
	int64_t began_us = clock_steady_us();
	struct seen_replay job = stage_replay(stage, "a", "1:20", 100, false);
	expect_replay(&session, job.job, 1, 20, 1);
	int64_t took_us = clock_steady_us() - began_us;
	assert_true(took_us >= 180000);
	assert_true(took_us < 5000000);
	session_close(&session);
}

static void test_what_fails_in_it_dies_for_the_subscription(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct buffer frame = {0};
	const char *field;
	stage_append(stage, NULL, 3);
	attach(stage, &session, 1000);
	struct seen_replay job = stage_replay(stage, "a", "1:3", 0, false);
	expect_replay(&session, job.job, 1, 3, 1);
	ack_begin(&frame, 1, 0);
	ack_put_job(&frame, slice_text(job.job));
	ack_add_range(&frame, &(struct ack_range){1, 1});
	ack_add_range(&frame, &(struct ack_range){3, 3});
	ack_add_nack(&frame, &(struct nack){.sequence = 2, .delay_ms = 1});
	struct slice body = slice_sub(buffer_slice(&frame), FRAME_HEADER_BYTES, SIZE_MAX);
	assert_int_equal(consumer_message(session.consumer, FRAME_ACK, body, &field), CH_OK);
	const struct got *again = session_next_delivery(&session);
	assert_int_equal(again->sequence, 2);
	assert_int_equal(again->attempt, 2);
	buffer_clear(&frame);
	ack_begin(&frame, 1, 0);
	ack_put_job(&frame, slice_text(job.job));
	ack_add_nack(&frame, &(struct nack){.sequence = 2, .delay_ms = 1});
	body = slice_sub(buffer_slice(&frame), FRAME_HEADER_BYTES, SIZE_MAX);
	assert_int_equal(consumer_message(session.consumer, FRAME_ACK, body, &field), CH_OK);
	stage_until(stage, strcmp(stage_replay_state(stage, job.job).state, "done") == 0);
	assert_int_equal(stage_letters(stage, "a").total, 1);
	buffer_fini(&frame);
	session_close(&session);
}

static void test_what_cannot_be_replayed(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	stage_append(stage, NULL, 10);
	assert_int_equal(stage_replay(stage, "a", "1:5", 0, false).status, CH_NOT_FOUND);
	attach(stage, &session, 1000);
	assert_int_equal(stage_replay(stage, "a", "11:20", 0, false).status, CH_END);
	assert_int_equal(stage_replay(stage, "a", "5:2", 0, true).status, CH_INVALID);
	assert_int_equal(stage_replay(stage, "a", "1:5", -1, false).status, CH_INVALID);
	assert_int_equal(stage_replay_control(stage, "x", REPLAY_PAUSE).status, CH_NOT_FOUND);
	for (unsigned i = 0; i < LIMIT_REPLAYS_PER_SUB; i++)
		assert_int_equal(stage_replay(stage, "a", "1:5", 0, false).status, CH_OK);
	assert_int_equal(stage_replay(stage, "a", "1:5", 0, false).status, CH_FULL);
	session_close(&session);
}

static void test_the_tempo_of_old(void **state)
{
	(void)state;
	struct tempo tempo;
	tempo_init(&tempo, 0, 2.0);
	assert_int_equal(tempo_due_us(&tempo, 1000, 5000), 5000);
	assert_int_equal(tempo_due_us(&tempo, 21000, 5000), 15000);
	assert_int_equal(tempo_due_us(&tempo, 21000, 15000), 15000);
	/* After a second in which nothing could be sent it does not hurry. */
	assert_int_equal(tempo_due_us(&tempo, 31000, 1015000), 1015000);
	assert_int_equal(tempo_due_us(&tempo, 41000, 1015000), 1020000);
	tempo_restart(&tempo);
	assert_int_equal(tempo_due_us(&tempo, 99000, 2000000), 2000000);
	assert_true(tempo_valid(0, 0));
	assert_false(tempo_valid(-1, 0));
	assert_false(tempo_valid(0, 1.0 / 0.0));
}

static void test_the_tempo_of_a_rate(void **state)
{
	(void)state;
	struct tempo tempo;
	int64_t now_us = 1000000;
	tempo_init(&tempo, 1000, 0);
	for (int i = 0; i < 5000; i++) {
		int64_t due_us = tempo_due_us(&tempo, 0, now_us);
		now_us = due_us > now_us ? due_us : now_us;
		tempo_went(&tempo, now_us);
	}
	assert_int_equal(now_us, 1000000 + 4999000);
	/* A stall is made up for by a tenth of a second at most. */
	now_us += 10000000;
	int burst = 0;
	while (tempo_due_us(&tempo, 0, now_us) <= now_us) {
		tempo_went(&tempo, now_us);
		burst++;
	}
	assert_in_range(burst, 90, 110);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STAGE(test_a_stretch_comes_again_and_the_cursor_stays),
		ON_STAGE(test_live_goes_on_beside_it),
		ON_STAGE(test_it_goes_on_after_a_restart),
		ON_STAGE(test_it_is_paused_resumed_and_cancelled),
		ON_STAGE(test_it_keeps_its_pace),
		ON_STAGE(test_what_fails_in_it_dies_for_the_subscription),
		ON_STAGE(test_what_cannot_be_replayed),
		cmocka_unit_test(test_the_tempo_of_old),
		cmocka_unit_test(test_the_tempo_of_a_rate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
