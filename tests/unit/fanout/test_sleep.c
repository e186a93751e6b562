/* What those cost who do nothing: a subscriber that sleeps, the live port without listeners, a hundred
 * that are not attached. */
#include <malloc.h>
#include <stdlib.h>

#include "base/clock.h"
#include "session.h"
#include "stage_operations.h"

static int setup(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	stage->segment_bytes = 64 << 20;
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

static size_t memory(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

/* A hundred thousand events here, a million in the bench: nothing of what is kept grows with them. */
static void test_a_sleeper_costs_less_than_a_megabyte_and_slows_nobody(void **state)
{
	struct stage *stage = *state;
	struct session sleeper = {0};
	struct session quick = {.forgets = true};
	struct subscribe wish = {
		.handle = 1,
		.name = SLICE_LITERAL("sleeper"),
		.credit = LIMIT_INFLIGHT_PER_SUB,
		.ack_wait_ms = 100,
	};
	session_open(&quick, stage, "q", false);
	assert_int_equal(
		session_subscribe(&quick,
			&(struct subscribe){.handle = 1, .no_ack = true, .credit = 1000000}),
		CH_OK);
	session_attach(&sleeper, stage, &wish);
	session_next_mark(&sleeper, MARK_CAUGHT_UP);
	/* Until everything has the size that it keeps. */
	for (uint64_t i = 1; i <= 20; i++) {
		stage_append(stage, NULL, 1000);
		stage_until(stage, quick.deliveries == i * 1000);
		session_expect_run(&sleeper, (i - 1) * 1000 + 1, i * 1000);
		session_ack_up_to(&sleeper, 1, i * 1000);
	}
	size_t before = memory();
	sleeper.blocked = true;
	for (int i = 0; i < 100; i++) {
		stage_append(stage, NULL, 1000);
		stage_until(stage, quick.deliveries == 20000 + (size_t)(i + 1) * 1000);
	}
	size_t during = memory();
	print_message("a sleeper: %zd bytes\n", (ssize_t)(during - before));
	assert_true(during < before + (1 << 20));

	/* And then it gets them all, in order. */
	sleeper.blocked = false;
	consumer_writable(sleeper.consumer);
	uint64_t next = 20001;
	while (next <= 120000) {
		const struct got *got = session_next_delivery(&sleeper);
		if (got->attempt > 1)
			continue; /* the oldest, while it slept */
		assert_int_equal(got->sequence, next);
		session_ack_up_to(&sleeper, 1, next++);
	}
	session_close(&sleeper);
	session_close(&quick);
}

struct tapped {
	struct stage *stage;
	uint64_t count;
	bool types;
};

static struct tapped tapped;

static void tap(void *context, struct slice type, struct slice frame)
{
	enum frame_kind kind;
	struct slice body;
	struct deliver deliver;
	struct delivery delivery;
	(void)context;
	tapped.count++;
	tapped.types = tapped.types && slice_equal(type, SLICE_LITERAL("pos.sale.completed"));
	assert_int_equal(frame_parse(frame, &kind, &body), CH_OK);
	assert_int_equal(kind, FRAME_DELIVER);
	assert_int_equal(deliver_parse(body, &deliver), CH_OK);
	assert_int_equal(deliver.handle, 0);
	assert_true(deliver_next(&deliver, &delivery));
	assert_true(delivery.sequence > 0 && delivery.last && delivery.event.len > 0);
	assert_int_equal(delivery.personal.len, 0);
	assert_false(deliver_next(&deliver, &delivery));
}

static void test_the_live_port_has_what_is_new_while_somebody_listens(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	(void)state;
	tapped = (struct tapped){.stage = stage, .types = true};
	stage->options.live = tap;
	stage_open(stage);
	stage_append(stage, NULL, 10);
	stage_pump(stage);
	assert_int_equal(tapped.count, 0);
	fanout_set_live(stage->fanout, true);
	struct fanout_stats stats;
	for (int i = 0; i < 10; i++)
		stage_pump(stage);
	stage_append(stage, NULL, 100);
	stage_until(stage, tapped.count >= 100);
	assert_true(tapped.types);
	fanout_set_live(stage->fanout, false);
	for (int i = 0; i < 10; i++)
		stage_pump(stage);
	uint64_t before = tapped.count;
	stage_append(stage, NULL, 100);
	for (int i = 0; i < 10; i++)
		stage_pump(stage);
	assert_int_equal(tapped.count, before);
	fanout_stats(stage->fanout, &stats);
	assert_int_equal(stats.live_lost, 0);
	stage_close(stage);
	free(stage);
}

static void test_figures_are_published(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct fanout_stats stats = {0};
	struct subscribe wish = {
		.handle = 1, .name = SLICE_LITERAL("a"), .start.from = FROM_EARLIEST, .credit = 10};
	stage_append(stage, NULL, 5);
	session_attach(&session, stage, &wish);
	session_expect_run(&session, 1, 5);
	session_ack(&session, 1, 2, 3);
	session_nack(&session, 1, &(struct nack){.sequence = 5, .park = true});
	while (stats.acks < 2) {
		stage_pump(stage);
		fanout_stats(stage->fanout, &stats);
	}
	assert_int_equal(stats.subscriptions, 1);
	assert_int_equal(stats.attached, 1);
	assert_int_equal(stats.live, 1);
	assert_int_equal(stats.deliveries, 5);
	assert_int_equal(stats.buried, 1);
	assert_int_equal(stats.dead_letters, 1);
	assert_int_equal(stats.worst_lag, 5);
	struct seen_consumer seen = stage_consumer(stage, "a");
	assert_int_equal(seen.info.lag_events, 5);
	assert_true(seen.info.lag_us > 0);
	assert_int_equal(seen.info.in_flight, 2);
	assert_int_equal(seen.info.credit, 8);
	session_close(&session);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	(void)mallopt(M_ARENA_MAX, 1); /* what is counted is all that there is */
	const struct CMUnitTest tests[] = {
		ON_STAGE(test_a_sleeper_costs_less_than_a_megabyte_and_slows_nobody),
		cmocka_unit_test(test_the_live_port_has_what_is_new_while_somebody_listens),
		ON_STAGE(test_figures_are_published),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
