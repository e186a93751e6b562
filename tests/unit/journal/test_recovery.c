/* What opening finds after crashes and damage, and what it makes of it. */
#include "history.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "journal/manifest.h"

static struct history_segment newest; /* large, so not on the stack */

/* Reads everything; what is missing must be exactly first..last. */
static void check_gap(struct history *history, uint64_t first, uint64_t last)
{
	struct reader *reader;
	struct journal_entry entry;
	uint64_t gap_first;
	uint64_t gap_last;
	uint64_t head = journal_head(history->journal);
	assert_int_equal(reader_open(history->journal, &reader), CH_OK);
	for (uint64_t sequence = journal_first(history->journal); sequence <= head; sequence++) {
		enum ch_status status = reader_next(reader, &entry);
		if (sequence == first) {
			assert_int_equal(status, CH_GAP);
			reader_gap(reader, &gap_first, &gap_last);
			assert_int_equal(gap_first, first);
			assert_int_equal(gap_last, last);
			assert_int_equal(reader_position(reader), last + 1);
			sequence = last;
			continue;
		}
		assert_int_equal(status, CH_OK);
		assert_true(entry.sequence == sequence);
		history_check_entry(&entry);
	}
	assert_int_equal(reader_next(reader, &entry), CH_END);
	reader_close(reader);
}

/* ---- The tail ---- */

static void check_torn(struct history *history, uint64_t head)
{
	history_open(history);
	assert_int_equal(history->recovery.head, head);
	assert_int_equal(history->recovery.damaged_first, 0);
	history_check(history);
	history_verify(history);
	history_commit(history, 2);
	history_reopen(history);
	assert_int_equal(history->recovery.head, head + 2);
	history_check(history);
	history_close(history);
}

/* The last batch ends at any byte: with the zeros of a pre-written file behind it, with the
 * bytes of an earlier use, and in a file that is cut off there. */
static void a_torn_batch_is_cut(void **state)
{
	struct history *history = *state;
	size_t len;
	history_open(history);
	history_grow(history, 60);
	history_commit(history, 2);
	history_close(history);
	history_find_segment(history, UINT64_MAX, &newest);
	assert_true(newest.count >= 2);
	const struct history_batch *last = &newest.batches[newest.count - 1];
	uint8_t *whole = history_load(history, newest.name, &len);
	uint8_t *torn = malloc(len);
	assert_non_null(torn);
	for (size_t cut = 0; cut <= last->length; cut += cut < 200 ? 1 : 7) {
		for (int how = 0; how < 3; how++) {
			size_t file_len = len;
			memcpy(torn, whole, len);
			if (how == 0)
				memset(torn + last->at + cut, 0, last->length - cut);
			else if (how == 1)
				memset(torn + last->at + cut, 0xa5, last->length - cut);
			else
				file_len = last->at + cut;
			history_store(history, newest.name, torn, file_len);
			bool lost = how == 2 ? cut < last->length : memcmp(torn, whole, len) != 0;
			check_torn(history, lost ? last->first - 1 : last->last);
		}
	}
	free(torn);
	free(whole);
}

static void nothing_is_left_behind_the_head(void **state)
{
	struct history *history = *state;
	size_t len;
	history_open(history);
	history_commit(history, 3);
	history_commit(history, 30);
	history_close(history);
	history_find_segment(history, UINT64_MAX, &newest);
	history_flip(history, newest.name, (long)newest.batches[1].at + 50);
	history_open(history);
	assert_int_equal(history->recovery.head, 3);
	assert_int_equal(history->recovery.torn_bytes, BATCH_HEAD_BYTES);
	uint8_t *bytes = history_load(history, newest.name, &len);
	for (size_t i = newest.batches[1].at; i < len - SEGMENT_PAGE_BYTES; i++)
		assert_int_equal(bytes[i], 0);
	free(bytes);
}

static void torn_bytes_tell_what_was_in_flight(void **state)
{
	struct history *history = *state;
	history_open(history);
	history_commit(history, 3);
	history_commit(history, 30);
	history_close(history);
	history_find_segment(history, UINT64_MAX, &newest);
	history_flip(history, newest.name, (long)newest.batches[1].at + 500);
	history_open(history);
	assert_int_equal(history->recovery.head, 3);
	assert_int_equal(history->recovery.torn_bytes, newest.batches[1].length);
}

/* The file has been used before, and old batches lie behind the head, in just the same places. */
static void earlier_uses_of_a_file_are_not_history(void **state)
{
	struct history *history = *state;
	struct retention retention = {0};
	size_t len;
	history_open(history);
	for (int i = 0; i < 40; i++) {
		history_grow(history, journal_head(history->journal) + 150);
		history_keep(history, &retention); /* archives, and recycles the files */
		history_reopen(history);
		assert_int_equal(history->recovery.damaged_first, 0);
		assert_int_equal(history->recovery.torn_bytes, 0);
	}
	history_check(history);
	history_verify(history);
	history_close(history);
	history_find_segment(history, UINT64_MAX, &newest);
	uint8_t *bytes = history_load(history, newest.name, &len);
	assert_true(memmem(bytes, len, "CHba", 4) != NULL);
	free(bytes);
	assert_true(history_count_files(history, ".", ".seg") <= 4);
}

/* ---- Damage ---- */

static void damage_in_the_middle_is_named(void **state)
{
	struct history *history = *state;
	history_open(history);
	history_commit(history, 3);
	history_commit(history, 4);
	history_commit(history, 5);
	history_close(history);
	history_find_segment(history, UINT64_MAX, &newest);
	/* Its head: nobody can tell what was in it, but what follows says where it ended. */
	history_flip(history, newest.name, (long)newest.batches[1].at + 20);
	history_open(history);
	assert_int_equal(history->recovery.head, 12);
	assert_int_equal(history->recovery.damaged_first, 4);
	assert_int_equal(history->recovery.damaged_last, 7);
	assert_non_null(strstr(history->recovery.where, newest.name));
	check_gap(history, 4, 7);
	/* It stays named, and history goes on. */
	history_commit(history, 6);
	history_reopen(history);
	assert_int_equal(history->recovery.head, 18);
	assert_int_equal(history->recovery.damaged_first, 4);
	check_gap(history, 4, 7);
}

static void one_bad_entry_loses_one_entry(void **state)
{
	struct history *history = *state;
	struct verify_result result;
	size_t len;
	history_open(history);
	history_commit(history, 3);
	history_commit(history, 9);
	history_commit(history, 1);
	history_close(history);
	history_find_segment(history, UINT64_MAX, &newest);
	long entry = (long)newest.batches[1].at + BATCH_HEAD_BYTES;
	for (uint64_t sequence = 4; sequence < 7; sequence++)
		entry += (long)(BATCH_ENTRY_BYTES + history_length(sequence));
	history_flip(history, newest.name, entry + 18); /* in its arrival */
	history_open(history);
	check_gap(history, 7, 7);
	assert_int_equal(keeper_verify(history->journal, NULL, NULL, &result), CH_CORRUPT);
	assert_int_equal(result.bad_first, 4); /* verify trusts no batch in part */
	assert_int_equal(result.bad_last, 12);
	assert_int_equal(result.bad_places, 1);
	assert_int_equal(result.entries, 4);
	history_close(history);
	history_flip(history, newest.name, entry + 18);

	/* A length that leads nowhere takes the rest of the batch with it. */
	history_flip(history, newest.name, entry + 6);
	history_open(history);
	check_gap(history, 7, 12);
	history_close(history);
	history_flip(history, newest.name, entry + 6);

	/* The last entry of the batch. */
	uint8_t *bytes = history_load(history, newest.name, &len);
	for (uint64_t sequence = 7; sequence < 12; sequence++)
		entry += (long)(BATCH_ENTRY_BYTES + history_length(sequence));
	bytes[entry + 1] ^= 1;
	history_store(history, newest.name, bytes, len);
	free(bytes);
	history_open(history);
	check_gap(history, 12, 12);
}

static void damage_in_a_sealed_segment_is_found_by_readers(void **state)
{
	struct history *history = *state;
	struct verify_result result;
	history_open(history);
	history_grow(history, 600);
	history_close(history);
	history_find_segment(history, 300, &newest);
	assert_true(newest.label.sealed);
	const struct history_batch *batch = &newest.batches[newest.count / 2];
	history_flip(history, newest.name, (long)batch->at + 8);
	history_open(history);
	assert_int_equal(history->recovery.damaged_first, 0); /* only the newest is read through */
	check_gap(history, batch->first, batch->last);
	assert_int_equal(keeper_verify(history->journal, NULL, NULL, &result), CH_CORRUPT);
	assert_int_equal(result.bad_first, batch->first);
	assert_int_equal(result.bad_last, batch->last);
	assert_non_null(strstr(result.where, newest.name));
	/* The last batch of a sealed segment, with nothing good behind it: still no torn tail. */
	history_close(history);
	history_flip(history, newest.name, (long)batch->at + 8);
	batch = &newest.batches[newest.count - 1];
	history_flip(history, newest.name, (long)batch->at + 8);
	history_open(history);
	check_gap(history, batch->first, batch->last);
}

static void a_missing_file_is_a_gap(void **state)
{
	struct history *history = *state;
	char path[512];
	history_open(history);
	history_grow(history, 600);
	history_close(history);
	history_find_segment(history, 300, &newest);
	history_path(history, newest.name, path);
	assert_int_equal(unlink(path), 0);
	history_open(history);
	assert_int_equal(history->recovery.damaged_first, newest.label.base);
	assert_int_equal(history->recovery.damaged_last, newest.label.last);
	check_gap(history, newest.label.base, newest.label.last);
}

/* ---- Labels and rolling ---- */

static void one_good_label_is_enough(void **state)
{
	struct history *history = *state;
	size_t len;
	history_open(history);
	history_grow(history, 300);
	history_close(history);
	history_find_segment(history, UINT64_MAX, &newest);
	history_flip(history, newest.name, 30);
	history_open(history);
	assert_int_equal(history->recovery.damaged_first, 0);
	history_check(history);
	history_close(history);
	/* It was written again. */
	uint8_t *bytes = history_load(history, newest.name, &len);
	struct label label;
	assert_int_equal(label_get(bytes, &label), CH_OK);
	free(bytes);
	history_flip(history, newest.name, (long)len - 4096 + 30);
	history_open(history);
	history_check(history);
	history_close(history);
	/* The sealed label of an older one: its successor says where it ends. */
	history_find_segment(history, 100, &newest);
	assert_true(newest.label.sealed);
	history_flip(history, newest.name, (long)len - 4096 + 30);
	history_open(history);
	assert_int_equal(history->recovery.damaged_first, 0);
	history_check(history);
	history_verify(history);
}

/* Fills up to just after a roll; the file of the newest segment and its only batch are in
 * `newest`. */
static void roll(struct history *history)
{
	struct journal_stats stats = {0};
	uint64_t segments;
	history_open(history);
	history_grow(history, 100);
	journal_stats(history->journal, &stats);
	segments = stats.segments;
	while (stats.segments == segments) {
		history_commit(history, 10);
		journal_stats(history->journal, &stats);
	}
	history_close(history);
	history_find_segment(history, UINT64_MAX, &newest);
	assert_int_equal(newest.count, 1);
}

static void a_roll_that_was_interrupted_is_finished(void **state)
{
	struct history *history = *state;
	size_t len;
	roll(history);
	uint8_t *bytes = history_load(history, newest.name, &len);
	/* Sealed, and the next one still a spare: full of zeros, or with a torn label. */
	for (int how = 0; how < 2; how++) {
		memset(bytes, 0, len);
		if (how == 1)
			memset(bytes, 0x5a, 700);
		history_store(history, newest.name, bytes, len);
		history_open(history);
		assert_int_equal(history->recovery.head, newest.label.base - 1);
		assert_int_equal(history->recovery.damaged_first, 0);
		history_check(history);
		history_commit(history, 3);
		history_reopen(history);
		history_check(history);
		history_verify(history);
		assert_int_equal(journal_head(history->journal), newest.label.base + 2);
		history_close(history);
		history_find_segment(history, UINT64_MAX, &newest);
	}
	free(bytes);
}

static void a_lost_newest_segment_is_not_forgotten(void **state)
{
	struct history *history = *state;
	char path[512];
	size_t len;
	roll(history);
	uint8_t *bytes = history_load(history, newest.name, &len);
	/* Both labels gone, a batch there. */
	memset(bytes, 0, 4096);
	memset(bytes + len - 4096, 0, 4096);
	history_store(history, newest.name, bytes, len);
	assert_int_equal(history_try_open(history), CH_CORRUPT);
	assert_non_null(strstr(history->recovery.where, newest.name));
	/* The whole file gone. */
	history_path(history, newest.name, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(history_try_open(history), CH_CORRUPT);
	assert_non_null(strstr(history->recovery.where, newest.name));
	free(bytes);
}

/* The same when its predecessor's sealed label is gone too, or every segment, or all but
 * archived ones. */
static void nor_when_more_is_lost(void **state)
{
	struct history *history = *state;
	static struct history_segment before;
	char path[512];
	size_t len;
	roll(history);
	uint8_t *bytes = history_load(history, newest.name, &len);
	history_find_segment(history, newest.label.base - 1, &before);
	memset(bytes, 0, 4096);
	memset(bytes + len - 4096, 0, 4096);
	history_store(history, newest.name, bytes, len);
	history_flip(history, before.name, (long)len - 4096 + 30);
	assert_int_equal(history_try_open(history), CH_CORRUPT);
	assert_non_null(strstr(history->recovery.where, newest.name));
	free(bytes);
	history_flip(history, before.name, (long)len - 4096 + 30);
	history_path(history, newest.name, path);
	assert_int_equal(unlink(path), 0);
	for (uint64_t epoch = 1; epoch < before.label.epoch; epoch++) {
		segment_name(epoch, newest.name);
		history_path(history, newest.name, path);
		(void)unlink(path);
	}
	assert_int_equal(history_try_open(history), CH_CORRUPT);
	history_path(history, before.name, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(history_try_open(history), CH_CORRUPT);
	assert_non_null(strstr(history->recovery.where, "no segment"));
}

static void an_old_segment_does_not_pass_for_the_newest(void **state)
{
	struct history *history = *state;
	size_t len;
	history_open(history);
	history_commit(history, 5);
	history_find_segment(history, 1, &newest);
	uint8_t *old = history_load(history, newest.name, &len);
	history_grow(history, 700);
	history_keep(history, &(struct retention){0});
	history_close(history);
	static struct history_segment last;
	history_find_segment(history, UINT64_MAX, &last);
	char path[512];
	history_path(history, last.name, path);
	assert_int_equal(unlink(path), 0);
	history_store(history, newest.name, old, len); /* from some copy, five entries long */
	free(old);
	assert_int_equal(history_try_open(history), CH_CORRUPT);
	assert_non_null(strstr(history->recovery.where, "archive"));
}

/* ---- The manifest ---- */

static void history_without_a_manifest_is_not_thrown_away(void **state)
{
	struct history *history = *state;
	char path[512];
	history_open(history);
	history_commit(history, 3);
	history_close(history);
	history_path(history, "manifest", path);
	size_t len;
	uint8_t *bytes = history_load(history, "manifest", &len);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(history_try_open(history), CH_CORRUPT);
	assert_non_null(strstr(history->recovery.where, "manifest"));
	bytes[len - 3] ^= 1;
	history_store(history, "manifest", bytes, len);
	assert_int_equal(history_try_open(history), CH_CORRUPT);
	bytes[len - 3] ^= 1;
	history_store(history, "manifest", bytes, len);
	assert_int_equal(history_try_open(history), CH_OK);
	history_check(history);
	free(bytes);
}

static void making_a_journal_can_be_interrupted(void **state)
{
	struct history *history = *state;
	size_t len;
	history_open(history);
	uint64_t incarnation = journal_incarnation(history->journal);
	history_close(history);
	/* As it is before the last step: the first segment is there, the manifest says "new". */
	uint8_t *bytes = history_load(history, "manifest", &len);
	struct manifest manifest;
	assert_int_equal(manifest_parse(slice_of(bytes, len), &manifest), CH_OK);
	manifest.kind = MANIFEST_NEW;
	assert_int_equal(manifest_write(history->dir, &manifest), CH_OK);
	history_open(history);
	assert_true(history->recovery.created);
	assert_true(journal_incarnation(history->journal) == incarnation);
	history_commit(history, 3);
	history_reopen(history);
	history_check(history);
	history_reopen(history);
	assert_int_equal(history->recovery.head, 3);
	free(bytes);
}

static void a_later_format_is_refused(void **state)
{
	struct history *history = *state;
	size_t len;
	history_open(history);
	history_commit(history, 3);
	history_close(history);
	history_find_segment(history, UINT64_MAX, &newest);
	uint8_t *bytes = history_load(history, newest.name, &len);
	for (size_t at = 0; at < len; at += len - 4096) {
		store_le32(bytes + at + 12, LABEL_VERSION + 1);
		store_le32(bytes + at + 8, crc32c(0, bytes + at + 12, LABEL_BYTES - 12));
	}
	history_store(history, newest.name, bytes, len);
	assert_int_equal(history_try_open(history), CH_VERSION);
	free(bytes);
}

static void reading_only_changes_nothing(void **state)
{
	struct history *history = *state;
	struct journal_options options = {.dir = history->dir, .read_only = true};
	size_t len;
	size_t again_len;
	history_open(history);
	history_commit(history, 3);
	history_commit(history, 3);
	history_close(history);
	history_find_segment(history, UINT64_MAX, &newest);
	history_flip(history, newest.name, (long)newest.batches[1].at + 300);
	uint8_t *bytes = history_load(history, newest.name, &len);
	assert_int_equal(journal_open(&options, &history->journal, &history->recovery), CH_OK);
	assert_int_equal(history->recovery.head, 3);
	assert_true(history->recovery.torn_bytes > 0);
	history_check(history);
	history_verify(history);
	uint8_t *again = history_load(history, newest.name, &again_len);
	assert_int_equal(len, again_len);
	assert_memory_equal(bytes, again, len);
	free(again);
	free(bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, history_setup, history_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_torn_batch_is_cut),
		TEST(nothing_is_left_behind_the_head),
		TEST(torn_bytes_tell_what_was_in_flight),
		TEST(earlier_uses_of_a_file_are_not_history),
		TEST(damage_in_the_middle_is_named),
		TEST(one_bad_entry_loses_one_entry),
		TEST(damage_in_a_sealed_segment_is_found_by_readers),
		TEST(a_missing_file_is_a_gap),
		TEST(one_good_label_is_enough),
		TEST(a_roll_that_was_interrupted_is_finished),
		TEST(a_lost_newest_segment_is_not_forgotten),
		TEST(nor_when_more_is_lost),
		TEST(an_old_segment_does_not_pass_for_the_newest),
		TEST(history_without_a_manifest_is_not_thrown_away),
		TEST(making_a_journal_can_be_interrupted),
		TEST(a_later_format_is_refused),
		TEST(reading_only_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
