/* The outbox by itself; with a hub: test_run.c. */
#include "shelf.h"

#include "carehub/v1/module.pb-c.h"
#include "module/kit/book_inside.h"
#include "module/kit/feed_state.h"
#include "module/kit/voice_inside.h"

static enum ch_status say(struct book_txn *txn, const char *id, int64_t time_us)
{
	Carehub__V1__QualityMeasurePublished said = CAREHUB__V1__QUALITY_MEASURE_PUBLISHED__INIT;
	said.measure = (char *)(uintptr_t) "r14";
	said.scope = (char *)(uintptr_t)id;
	return voice_say(txn, &(struct saying){.type = "quality.measure.published",
				      .id = slice_text(id),
				      .time_us = time_us,
				      .message = &said.base});
}

static enum voice_stage stage_of(struct book_txn *txn, const char *id)
{
	enum voice_stage stage = VOICE_UNSAID;
	assert_int_equal(voice_stage(txn, slice_text(id), &stage, NULL), CH_OK);
	return stage;
}

static void hear(struct book_txn *txn, const char *id, uint64_t sequence)
{
	const struct feed_event event = {.sequence = sequence, .head = {.id = slice_text(id)}};
	voice_hear(txn, &event);
}

static size_t due(struct book_txn *txn, int64_t now_us, struct arena *arena, struct utterance *out,
	int64_t *out_due_us)
{
	size_t count = 0;
	arena_reset(arena);
	assert_int_equal(voice_due(txn, now_us, arena, out, 8, &count, out_due_us), CH_OK);
	return count;
}

static void answer(struct book_txn *txn, const struct utterance *utterance, enum ch_outcome outcome,
	uint64_t sequence, int64_t now_us)
{
	const struct ch_receipt receipt = {.outcome = outcome,
		.reason = outcome == CH_OUTCOME_REFUSED ? CH_DENIED : CH_OK,
		.retry_after_ms = 500,
		.sequence = sequence};
	voice_answered(txn, utterance, ch_receipt_status(&receipt), &receipt, now_us);
}

static uint64_t refused(struct book_txn *txn)
{
	struct feed_state state;
	assert_int_equal(feed_state_read(txn, &state), CH_OK);
	return state.refused;
}

struct desk {
	struct shelf shelf;
	struct book *book;
	struct book_txn *txn;
	struct arena arena;
	struct utterance waiting[8];
	int64_t due_us;
};

static int set_up(void **state)
{
	static struct desk desk;
	desk = (struct desk){0};
	shelf_make(&desk.shelf);
	desk.book = shelf_open(&desk.shelf, NULL, 0, BOOK_WRITE);
	desk.txn = shelf_begin(desk.book, true);
	arena_init(&desk.arena);
	*state = &desk;
	return 0;
}

static int tear_down(void **state)
{
	struct desk *desk = *state;
	assert_int_equal(book_commit(desk->txn), CH_OK);
	book_close(desk->book);
	arena_fini(&desk->arena);
	shelf_remove(&desk->shelf);
	return 0;
}

/* ---- How it is used ---- */

static void test_what_is_said_waits_for_its_receipt(void **state)
{
	struct desk *desk = *state;
	uint64_t sequence = 0;
	enum voice_stage stage;
	assert_int_equal(say(desk->txn, "b", 5), CH_OK);
	assert_int_equal(say(desk->txn, "a", 6), CH_OK);
	assert_int_equal(say(desk->txn, "b", 7), CH_OK); /* it waits already */
	assert_int_equal(stage_of(desk->txn, "b"), VOICE_WAITING);
	assert_int_equal(due(desk->txn, 0, &desk->arena, desk->waiting, &desk->due_us), 2);
	assert_slice_text(desk->waiting[0].head.id, "b"); /* in the order in which they were said */
	assert_slice_text(desk->waiting[0].head.type, "quality.measure.published");
	assert_slice_text(desk->waiting[0].head.subject, "r14/b");
	assert_int_equal(desk->waiting[0].head.time_us, 5);
	answer(desk->txn, &desk->waiting[0], CH_OUTCOME_ACCEPTED, 100, 0);
	answer(desk->txn, &desk->waiting[1], CH_OUTCOME_DUPLICATE, 50, 0);
	assert_int_equal(due(desk->txn, 0, &desk->arena, desk->waiting, &desk->due_us), 0);
	assert_int_equal(voice_stage(desk->txn, slice_text("a"), &stage, &sequence), CH_OK);
	assert_int_equal(stage, VOICE_SAID);
	assert_int_equal(sequence, 50);
	assert_int_equal(say(desk->txn, "a", 6), CH_OK); /* and is not said again */
	assert_int_equal(due(desk->txn, 0, &desk->arena, desk->waiting, &desk->due_us), 0);
}

static bool any_waits(struct book_txn *txn, const char *what)
{
	bool any = false;
	assert_int_equal(voice_any_waits(txn, what, &any), CH_OK);
	return any;
}

static void test_one_of_a_kind_waits(void **state)
{
	struct desk *desk = *state;
	char id[VOICE_ID_BYTES];
	assert_false(any_waits(desk->txn, "breach"));
	voice_id("breaches", NULL, 0, id);
	assert_int_equal(say(desk->txn, id, 5), CH_OK);
	assert_int_equal(say(desk->txn, "a", 5), CH_OK);
	assert_false(any_waits(desk->txn, "breach"));
	voice_id("breach", NULL, 0, id);
	assert_int_equal(say(desk->txn, id, 5), CH_OK);
	assert_true(any_waits(desk->txn, "breach"));
	hear(desk->txn, id, 7);
	assert_false(any_waits(desk->txn, "breach"));
	assert_true(any_waits(desk->txn, "breaches"));
}

static void test_what_was_heard_is_not_said(void **state)
{
	struct desk *desk = *state;
	assert_int_equal(say(desk->txn, "a", 5), CH_OK);
	hear(desk->txn, "a", 9);
	hear(desk->txn, "b", 10); /* before the fold that leads to it */
	assert_int_equal(say(desk->txn, "b", 5), CH_OK);
	assert_int_equal(due(desk->txn, 0, &desk->arena, desk->waiting, &desk->due_us), 0);
	assert_int_equal(stage_of(desk->txn, "a"), VOICE_SAID);
	assert_int_equal(stage_of(desk->txn, "b"), VOICE_SAID);
}

static void test_taken_back_in_time(void **state)
{
	struct desk *desk = *state;
	assert_int_equal(say(desk->txn, "a", 5), CH_OK);
	voice_take_back(desk->txn, slice_text("a"));
	voice_take_back(desk->txn, slice_text("nobody"));
	assert_int_equal(stage_of(desk->txn, "a"), VOICE_UNSAID);
	assert_int_equal(due(desk->txn, 0, &desk->arena, desk->waiting, &desk->due_us), 0);
	assert_int_equal(say(desk->txn, "a", 5), CH_OK); /* so it was after all */
	assert_int_equal(stage_of(desk->txn, "a"), VOICE_WAITING);
}

static void test_a_restored_hub_does_not_make_it_unsaid(void **state)
{
	struct desk *desk = *state;
	bool said = true;
	assert_int_equal(say(desk->txn, "waits", 5), CH_OK);
	hear(desk->txn, "said", 9);
	voice_keep_ids(desk->txn);
	book_wipe(desk->txn);
	assert_int_equal(stage_of(desk->txn, "said"), VOICE_UNSAID);
	assert_int_equal(voice_was_said_before(desk->txn, slice_text("new"), &said), CH_OK);
	assert_false(said);
	assert_int_equal(voice_was_said_before(desk->txn, slice_text("said"), &said), CH_OK);
	assert_true(said);
	assert_int_equal(voice_was_said_before(desk->txn, slice_text("waits"), &said), CH_OK);
	assert_true(said);
	assert_int_equal(say(desk->txn, "said", 5), CH_OK); /* it may be said again */
	assert_int_equal(stage_of(desk->txn, "said"), VOICE_WAITING);
}

static void test_an_id_is_of_its_parts(void **state)
{
	char one[VOICE_ID_BYTES];
	char other[VOICE_ID_BYTES];
	(void)state;
	voice_id("breach", (struct slice[]){slice_text("S1"), slice_text("R1")}, 2, one);
	voice_id("breach", (struct slice[]){slice_text("S1"), slice_text("R1")}, 2, other);
	assert_string_equal(one, other);
	assert_memory_equal(one, "breach-", 7);
	voice_id("breach", (struct slice[]){slice_text("S1R"), slice_text("1")}, 2, other);
	assert_string_not_equal(one, other);
	voice_id("breach", NULL, 0, other);
	assert_string_not_equal(one, other);
}

/* ---- What breaks it ---- */

static void test_what_is_put_off_is_due_later(void **state)
{
	struct desk *desk = *state;
	assert_int_equal(say(desk->txn, "a", 5), CH_OK);
	assert_int_equal(due(desk->txn, 0, &desk->arena, desk->waiting, &desk->due_us), 1);
	answer(desk->txn, &desk->waiting[0], CH_OUTCOME_NONE, 0, 1000); /* the line was lost */
	assert_int_equal(due(desk->txn, 1000, &desk->arena, desk->waiting, &desk->due_us), 1);
	answer(desk->txn, &desk->waiting[0], CH_OUTCOME_RETRY_AFTER, 0, 1000);
	assert_int_equal(due(desk->txn, 1000, &desk->arena, desk->waiting, &desk->due_us), 0);
	assert_int_equal(desk->due_us, 501000);
	assert_int_equal(due(desk->txn, 501000, &desk->arena, desk->waiting, &desk->due_us), 1);
	assert_int_equal(refused(desk->txn), 0);
}

/* Put off by a clock that was ahead, and was set back. */
static void test_a_clock_that_is_set_back_puts_nothing_off(void **state)
{
	struct desk *desk = *state;
	const int64_t day_us = INT64_C(86400000000);
	assert_int_equal(say(desk->txn, "a", 5), CH_OK);
	assert_int_equal(due(desk->txn, day_us, &desk->arena, desk->waiting, &desk->due_us), 1);
	answer(desk->txn, &desk->waiting[0], CH_OUTCOME_RETRY_AFTER, 0, day_us);
	assert_int_equal(due(desk->txn, day_us, &desk->arena, desk->waiting, &desk->due_us), 0);
	assert_int_equal(due(desk->txn, 1000, &desk->arena, desk->waiting, &desk->due_us), 1);
}

static void test_refusals_are_counted_while_they_last(void **state)
{
	struct desk *desk = *state;
	const int64_t minute_us = 60000000;
	assert_int_equal(say(desk->txn, "a", 5), CH_OK);
	assert_int_equal(say(desk->txn, "b", 5), CH_OK);
	assert_int_equal(due(desk->txn, 0, &desk->arena, desk->waiting, &desk->due_us), 2);
	answer(desk->txn, &desk->waiting[0], CH_OUTCOME_REFUSED, 0, 0);
	answer(desk->txn, &desk->waiting[1], CH_OUTCOME_REFUSED, 77, 0);
	assert_int_equal(refused(desk->txn), 2);
	assert_int_equal(stage_of(desk->txn, "a"), VOICE_WAITING);
	assert_int_equal(stage_of(desk->txn, "b"), VOICE_REFUSED);
	/* The right was given; somebody corrected the other one. */
	assert_int_equal(due(desk->txn, minute_us, &desk->arena, desk->waiting, &desk->due_us), 1);
	assert_true(desk->waiting[0].refused);
	answer(desk->txn, &desk->waiting[0], CH_OUTCOME_REFUSED, 0, minute_us);
	assert_int_equal(refused(desk->txn), 2);
	answer(desk->txn, &desk->waiting[0], CH_OUTCOME_ACCEPTED, 78, minute_us);
	assert_int_equal(refused(desk->txn), 1);
	hear(desk->txn, "b", 79);
	assert_int_equal(refused(desk->txn), 0);
	assert_int_equal(stage_of(desk->txn, "b"), VOICE_SAID);
}

static void test_what_the_hub_would_not_take_is_not_said(void **state)
{
	struct desk *desk = *state;
	Carehub__V1__QualityMeasurePublished empty = CAREHUB__V1__QUALITY_MEASURE_PUBLISHED__INIT;
	struct saying saying = {
		.type = "quality.measure.published", .id = slice_text("a"), .message = &empty.base};
	assert_int_equal(voice_say(desk->txn, &saying), CH_MISSING);
	saying.type = "quality.nothing.known";
	assert_int_equal(voice_say(desk->txn, &saying), CH_UNKNOWN_TYPE);
	saying.type = "quality.rule.violated";
	assert_int_equal(voice_say(desk->txn, &saying), CH_INVALID);
	assert_int_equal(stage_of(desk->txn, "a"), VOICE_UNSAID);
	assert_int_equal(book_status(desk->txn), CH_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_what_is_said_waits_for_its_receipt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_of_a_kind_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_was_heard_is_not_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_taken_back_in_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_restored_hub_does_not_make_it_unsaid, set_up, tear_down),
		cmocka_unit_test(test_an_id_is_of_its_parts),
		cmocka_unit_test_setup_teardown(
			test_what_is_put_off_is_due_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_clock_that_is_set_back_puts_nothing_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_refusals_are_counted_while_they_last, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_the_hub_would_not_take_is_not_said, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
