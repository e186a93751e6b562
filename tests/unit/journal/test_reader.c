/* Readers: where they go, what they skip, and what happens under them. */
#include "history.h"

#include "journal/archive.h"
#include "journal/inside.h"

static struct history_segment segment; /* large, so not on the stack */

static void expect(struct reader *reader, uint64_t sequence)
{
	struct journal_entry entry;
	assert_int_equal(reader_next(reader, &entry), CH_OK);
	assert_true(entry.sequence == sequence);
	history_check_entry(&entry);
}

static void seeks_by_sequence(void **state)
{
	struct history *history = *state;
	struct reader *reader;
	struct journal_entry entry;
	history_open(history);
	history_grow(history, 3000);
	uint64_t head = journal_head(history->journal);
	assert_int_equal(reader_open(history->journal, &reader), CH_OK);
	for (uint64_t i = 0; i < 3000; i++) {
		uint64_t sequence = 1 + (i * 7919) % head;
		assert_int_equal(reader_seek(reader, sequence), CH_OK);
		assert_true(reader_position(reader) == sequence);
		expect(reader, sequence);
		if (sequence < head)
			expect(reader, sequence + 1);
		if (i % 5 == 0)
			reader_rest(reader); /* the position stays */
		if (sequence + 1 < head)
			expect(reader, sequence + 2);
	}
	/* 0 is the beginning; above the head it waits. */
	assert_int_equal(reader_seek(reader, 0), CH_OK);
	expect(reader, 1);
	assert_int_equal(reader_seek(reader, head + 3), CH_OK);
	assert_int_equal(reader_next(reader, &entry), CH_END);
	history_commit(history, 2);
	assert_int_equal(reader_next(reader, &entry), CH_END);
	history_commit(history, 2);
	expect(reader, head + 3);
	expect(reader, head + 4);
	assert_int_equal(reader_next(reader, &entry), CH_END);
	reader_close(reader);
}

static void check_time(struct reader *reader, int64_t arrival_us, uint64_t head)
{
	/* Arrivals: sequence / 2 ms after the start, so the first at or after is an even one, or
	 * 1. */
	int64_t since_us = arrival_us - HISTORY_START_US;
	uint64_t want = since_us <= 0 ? 1 : (uint64_t)((since_us + 999) / 1000) * 2;
	if (want > head)
		want = head + 1;
	assert_int_equal(reader_seek_time(reader, arrival_us), CH_OK);
	assert_true(reader_position(reader) == want);
	if (want <= head)
		expect(reader, want);
}

static void seeks_by_time(void **state)
{
	struct history *history = *state;
	struct retention retention = {.archive_after_us = 800000};
	struct reader *reader;
	history_open(history);
	assert_int_equal(reader_open(history->journal, &reader), CH_OK);
	assert_int_equal(reader_seek_time(reader, HISTORY_START_US), CH_OK);
	assert_int_equal(reader_position(reader), 1);
	history_grow(history, 3000);
	uint64_t head = journal_head(history->journal);
	for (int round = 0; round < 3; round++) {
		check_time(reader, -1, head);
		check_time(reader, 0, head);
		check_time(reader, HISTORY_START_US, head);
		for (int64_t us = 1; us < 1600000; us += 3777)
			check_time(reader, HISTORY_START_US + us, head);
		check_time(reader, HISTORY_START_US * 2, head);
		if (round == 0)
			history_keep(history, &retention); /* one half is in the archive now */
		else
			history_keep(history, &(struct retention){0});
	}
	reader_close(reader);
}

static void follows_the_writer(void **state)
{
	struct history *history = *state;
	struct reader *reader;
	struct journal_entry entry;
	history_open(history);
	assert_int_equal(reader_open(history->journal, &reader), CH_OK);
	for (uint64_t sequence = 1; sequence < 2000;) {
		assert_int_equal(reader_next(reader, &entry), CH_END);
		history_commit(history, 1 + (uint32_t)(sequence % 7));
		while (sequence <= journal_head(history->journal))
			expect(reader, sequence++);
	}
	reader_close(reader);
}

/* The file that a reader is in the middle of is archived and written over. */
static void notices_that_its_file_has_another_use(void **state)
{
	struct history *history = *state;
	struct retention retention = {0};
	struct reader *readers[3];
	struct journal_stats stats;
	history->segment_bytes = 1024 * 1024; /* more than a reader holds in its buffer */
	history_open(history);
	history_grow(history, 9000);
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(reader_open(history->journal, &readers[i]), CH_OK);
		assert_int_equal(reader_seek(readers[i], 10 + i * 2500), CH_OK);
		expect(readers[i], 10 + i * 2500);
	}
	for (int i = 0; i < 4; i++) {
		history_keep(history, &retention);
		history_grow(history, journal_head(history->journal) + 3000);
	}
	journal_stats(history->journal, &stats);
	assert_true(stats.archived_segments > 3);
	assert_int_equal(history_count_files(history, ".", ".seg"), 3); /* all was recycled */
	for (uint64_t i = 0; i < 3; i++) {
		for (uint64_t at = 11 + i * 2500; at <= journal_head(history->journal); at++)
			expect(readers[i], at);
		reader_close(readers[i]);
	}
}

static void tells_what_retention_took(void **state)
{
	struct history *history = *state;
	struct retention retention = {.keep_bytes = 150000, .floor = UINT64_MAX};
	struct reader *reader;
	struct reader *slow;
	struct journal_entry entry;
	uint64_t first;
	uint64_t last;
	history_open(history);
	history_grow(history, 1500);
	assert_int_equal(reader_open(history->journal, &slow), CH_OK);
	history_keep(history, &retention);
	uint64_t oldest = journal_first(history->journal);
	assert_true(oldest > 1);
	assert_int_equal(reader_open(history->journal, &reader), CH_OK);
	assert_true(reader_position(reader) == oldest);
	/* Seeking further back: told at once. */
	assert_int_equal(reader_seek(reader, 5), CH_GAP);
	reader_gap(reader, &first, &last);
	assert_int_equal(first, 5);
	assert_true(last == oldest - 1);
	expect(reader, oldest);
	/* A reader that stood there: told when it goes on. */
	assert_int_equal(reader_next(slow, &entry), CH_GAP);
	reader_gap(slow, &first, &last);
	assert_int_equal(first, 1);
	assert_true(last == oldest - 1);
	expect(slow, oldest);
	reader_close(slow);
	reader_close(reader);
}

static void damage_under_the_head_does_not_stop_it(void **state)
{
	struct history *history = *state;
	struct reader *reader;
	struct journal_entry entry;
	uint64_t first;
	uint64_t last;
	history_open(history);
	for (int i = 0; i < 4; i++)
		history_commit(history, 5);
	history_find_segment(history, UINT64_MAX, &segment);
	/* The last batch, while the journal is open: nothing good stands behind it. */
	history_flip(history, segment.name, (long)segment.batches[3].at + 10);
	assert_int_equal(reader_open(history->journal, &reader), CH_OK);
	for (uint64_t sequence = 1; sequence <= 15; sequence++)
		expect(reader, sequence);
	assert_int_equal(reader_next(reader, &entry), CH_GAP);
	reader_gap(reader, &first, &last);
	assert_int_equal(first, 16);
	assert_int_equal(last, 20);
	assert_int_equal(reader_next(reader, &entry), CH_END);
	history_commit(history, 5);
	for (uint64_t sequence = 21; sequence <= 25; sequence++)
		expect(reader, sequence);
	assert_int_equal(reader_next(reader, &entry), CH_END);
	/* Seeking into the damage, and behind it. */
	assert_int_equal(reader_seek(reader, 18), CH_OK);
	assert_int_equal(reader_next(reader, &entry), CH_GAP);
	reader_gap(reader, &first, &last);
	assert_int_equal(first, 18);
	assert_int_equal(last, 20);
	expect(reader, 21);
	assert_int_equal(reader_seek(reader, 23), CH_OK);
	expect(reader, 23);
	reader_close(reader);
}

static void damage_in_the_archive_loses_one_block(void **state)
{
	struct history *history = *state;
	struct journal_options options = {
		.dir = history->dir, .create = true, .segment_bytes = 8 * 1024 * 1024};
	struct reader *reader;
	struct journal_entry entry;
	char name[ARCHIVE_NAME_BYTES];
	char path[128];
	uint64_t first;
	uint64_t last;
	assert_int_equal(journal_open(&options, &history->journal, NULL), CH_OK);
	struct journal_stats stats = {0};
	while (stats.segments < 2) {
		history_commit(history, 1000);
		journal_stats(history->journal, &stats);
	}
	history_keep(history, &(struct retention){0});
	uint64_t sealed = 0;
	struct volume volume;
	assert_int_equal(catalog_find(&history->journal->catalog, 1, &volume), CH_OK);
	assert_null(volume.segment);
	sealed = volume.last;
	archive_name(1, sealed, name);
	(void)snprintf(path, sizeof(path), "archive/%s", name);
	history_flip(history, path, (long)volume.bytes / 2);
	assert_int_equal(reader_open(history->journal, &reader), CH_OK);
	uint64_t sequence = 1;
	while (reader_next(reader, &entry) == CH_OK) {
		assert_true(entry.sequence == sequence++);
		history_check_entry(&entry);
	}
	reader_gap(reader, &first, &last);
	assert_true(first == sequence && last < sealed);
	assert_true(last - first < 5000); /* about a megabyte */
	for (sequence = last + 1; sequence <= journal_head(history->journal); sequence++)
		expect(reader, sequence);
	assert_int_equal(reader_next(reader, &entry), CH_END);
	/* Into the middle of it, and by time. */
	assert_int_equal(reader_seek(reader, first + 10), CH_OK);
	assert_int_equal(reader_next(reader, &entry), CH_GAP);
	expect(reader, last + 1);
	assert_int_equal(reader_seek_time(reader, history_arrival_us(last + 50)), CH_OK);
	assert_true(reader_position(reader) / 2 == (last + 50) / 2);
	reader_close(reader);
	/* The whole table gone: the whole file is one gap. */
	history_flip(history, path, (long)volume.bytes - 20);
	assert_int_equal(reader_open(history->journal, &reader), CH_OK);
	assert_int_equal(reader_next(reader, &entry), CH_GAP);
	reader_gap(reader, &first, &last);
	assert_int_equal(first, 1);
	assert_true(last == sealed);
	expect(reader, sealed + 1);
	assert_int_equal(reader_seek_time(reader, history_arrival_us(sealed + 50)), CH_OK);
	assert_true(reader_position(reader) / 2 == (sealed + 50) / 2);
	reader_close(reader);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, history_setup, history_teardown)
	const struct CMUnitTest tests[] = {
		TEST(seeks_by_sequence),
		TEST(seeks_by_time),
		TEST(follows_the_writer),
		TEST(notices_that_its_file_has_another_use),
		TEST(tells_what_retention_took),
		TEST(damage_under_the_head_does_not_stop_it),
		TEST(damage_in_the_archive_loses_one_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
