/* The journal as its users see it: append, read, reopen. */
#include "history.h"

#include "base/limits.h"

static void append_read_reopen(void **state)
{
	struct history *history = *state;
	struct reader *reader;
	struct journal_entry entry;
	history_open(history);
	assert_true(history->recovery.created);
	assert_int_equal(journal_head(history->journal), 0);
	assert_int_equal(journal_first(history->journal), 1);

	/* A batch is all or nothing, and durable when commit returns. */
	struct batch *batch = journal_begin(history->journal);
	struct slice parts[] = {SLICE_LITERAL("repair.received "), SLICE_LITERAL("R-1009")};
	assert_int_equal(journal_append(batch, HISTORY_START_US, parts, 2), 1);
	assert_int_equal(journal_append(batch, HISTORY_START_US + 7, parts, 1), 2);
	assert_int_equal(journal_batch_count(batch), 2);
	assert_int_equal(journal_head(history->journal), 0);
	assert_int_equal(journal_commit(batch), CH_OK);
	assert_int_equal(journal_head(history->journal), 2);
	assert_true(journal_head_arrival_us(history->journal) == HISTORY_START_US + 7);

	/* A reader goes up to the head and waits there. */
	assert_int_equal(reader_open(history->journal, &reader), CH_OK);
	assert_int_equal(reader_next(reader, &entry), CH_OK);
	assert_int_equal(entry.sequence, 1);
	assert_true(slice_equal(entry.body, SLICE_LITERAL("repair.received R-1009")));
	assert_int_equal(reader_next(reader, &entry), CH_OK);
	assert_true(entry.arrival_us == HISTORY_START_US + 7);
	assert_int_equal(reader_next(reader, &entry), CH_END);
	assert_int_equal(reader_position(reader), 3);
	reader_close(reader);

	uint64_t incarnation = journal_incarnation(history->journal);
	history_reopen(history);
	assert_false(history->recovery.created);
	assert_int_equal(history->recovery.head, 2);
	assert_int_equal(history->recovery.torn_bytes, 0);
	assert_int_equal(journal_head(history->journal), 2);
	assert_true(journal_head_arrival_us(history->journal) == HISTORY_START_US + 7);
	assert_true(journal_incarnation(history->journal) == incarnation);
}

static void goes_on_over_many_segments(void **state)
{
	struct history *history = *state;
	uint8_t hash[JOURNAL_HASH_BYTES];
	uint8_t again[JOURNAL_HASH_BYTES];
	history_open(history);
	history_grow(history, 2000); /* some 700 kB: eleven segments */
	assert_true(history_count_files(history, ".", ".seg") > 10);
	history_check(history);
	history_verify(history);
	assert_true(journal_chain(history->journal, hash) >= 2000);
	history_reopen(history);
	assert_true(journal_chain(history->journal, again) >= 2000);
	assert_memory_equal(hash, again, sizeof(hash));
	history_check(history);
	history_verify(history);
	history_grow(history, 2500);
	history_check(history);
}

static void refuses_before_it_writes(void **state)
{
	struct history *history = *state;
	uint8_t *large = calloc(1, LIMIT_ENTRY_BYTES + 1);
	struct slice part = slice_of(large, LIMIT_ENTRY_BYTES + 1);
	assert_non_null(large);
	history_open(history);
	history_commit(history, 3);
	struct batch *batch = journal_begin(history->journal);
	assert_int_equal(journal_append(batch, HISTORY_START_US * 2, &part, 1), 0);
	assert_int_equal(journal_batch_status(batch), CH_TOO_LARGE);
	part.len = 1;
	assert_int_equal(journal_append(batch, HISTORY_START_US * 2, &part, 1), 0);
	assert_int_equal(journal_commit(batch), CH_TOO_LARGE);
	assert_int_equal(journal_status(history->journal), CH_OK);
	assert_int_equal(journal_head(history->journal), 3);

	/* A batch takes just what journal_batch_room says. */
	batch = journal_begin(history->journal);
	part.len = journal_batch_room(batch) + 1;
	assert_int_equal(journal_append(batch, HISTORY_START_US * 2, &part, 1), 0);
	journal_abort(batch);
	batch = journal_begin(history->journal);
	part.len = journal_batch_room(batch);
	assert_true(part.len > HISTORY_SEGMENT_BYTES - 10000);
	assert_int_equal(journal_append(batch, HISTORY_START_US * 2, &part, 1), 4);
	assert_int_equal(journal_batch_room(batch), 0);
	part.len = 1;
	assert_int_equal(journal_commit(batch), CH_OK);
	assert_int_equal(journal_head(history->journal), 4);
	history_reopen(history);
	assert_int_equal(journal_head(history->journal), 4);
	free(large);
}

static void an_empty_or_aborted_batch_leaves_no_trace(void **state)
{
	struct history *history = *state;
	struct journal_stats stats;
	struct slice part = SLICE_LITERAL("never");
	history_open(history);
	assert_int_equal(journal_commit(journal_begin(history->journal)), CH_OK);
	struct batch *batch = journal_begin(history->journal);
	assert_int_equal(journal_append(batch, HISTORY_START_US, &part, 1), 1);
	journal_abort(batch);
	journal_stats(history->journal, &stats);
	assert_int_equal(stats.syncs, 0);
	history_commit(history, 5);
	history_check(history);
	journal_stats(history->journal, &stats);
	assert_int_equal(stats.syncs, 1);
	assert_int_equal(stats.entries, 5);
	assert_int_equal(stats.segments, 1);
}

static void one_process_at_a_time(void **state)
{
	struct history *history = *state;
	struct journal_options options = {.dir = history->dir, .read_only = true};
	struct journal *second = NULL;
	struct journal *third = NULL;
	assert_int_equal(journal_open(&options, &second, NULL), CH_NOT_FOUND);
	history_open(history);
	history_commit(history, 3);
	assert_int_equal(journal_open(&options, &second, NULL), CH_BUSY);
	history_close(history);
	/* Any number may read what nobody writes. */
	assert_int_equal(journal_open(&options, &second, NULL), CH_OK);
	assert_int_equal(journal_open(&options, &third, NULL), CH_OK);
	assert_int_equal(journal_head(third), 3);
	assert_int_equal(history_try_open(history), CH_BUSY);
	journal_close(second);
	journal_close(third);
}

static void options_are_checked(void **state)
{
	struct history *history = *state;
	struct journal *journal = NULL;
	const struct journal_options bad[] = {
		{.dir = history->dir, .create = true, .segment_bytes = 4096},
		{.dir = history->dir, .create = true, .segment_bytes = 65537},
		{.dir = history->dir, .create = true, .spare_segments = 64},
		{.dir = history->dir, .create = true, .read_only = true},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(journal_open(&bad[i], &journal, NULL), CH_INVALID);
	const struct journal_options absent = {.dir = history->dir};
	assert_int_equal(journal_open(&absent, &journal, NULL), CH_NOT_FOUND);
	assert_null(journal);
}

/* The size of segments is a setting: what is there keeps its own. */
static void segments_may_change_their_size(void **state)
{
	struct history *history = *state;
	struct journal_options options = {.dir = history->dir};
	const uint64_t sizes[] = {256 * 1024, 64 * 1024, 1024 * 1024};
	struct retention retention = {.archive_after_us = INT64_MAX / 2};
	history_open(history);
	for (size_t i = 0; i < 3; i++) {
		history_grow(history, journal_head(history->journal) + 700);
		history_keep(history, &retention);
		history_close(history);
		options.segment_bytes = sizes[i];
		assert_int_equal(
			journal_open(&options, &history->journal, &history->recovery), CH_OK);
		history_check(history);
	}
	history_grow(history, journal_head(history->journal) + 700);
	history_check(history);
	history_verify(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			append_read_reopen, history_setup, history_teardown),
		cmocka_unit_test_setup_teardown(
			goes_on_over_many_segments, history_setup, history_teardown),
		cmocka_unit_test_setup_teardown(
			refuses_before_it_writes, history_setup, history_teardown),
		cmocka_unit_test_setup_teardown(
			an_empty_or_aborted_batch_leaves_no_trace, history_setup, history_teardown),
		cmocka_unit_test_setup_teardown(
			one_process_at_a_time, history_setup, history_teardown),
		cmocka_unit_test_setup_teardown(
			options_are_checked, history_setup, history_teardown),
		cmocka_unit_test_setup_teardown(
			segments_may_change_their_size, history_setup, history_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
