/* Copies: made while the journal lives, verified, brought up to date, restored. */
#include "history.h"

#include "journal/backup.h"
#include "journal/inside.h"

static char copy_dir[300];

static const char *copy(struct history *history)
{
	(void)snprintf(copy_dir, sizeof(copy_dir), "%s/copy", history->dir);
	return copy_dir;
}

/* Opens the copy read-only, checks all of it, and gives its head. */
static uint64_t check_copy(const char *dir)
{
	struct history copied = {0};
	struct journal_options options = {.dir = dir, .read_only = true};
	(void)snprintf(copied.dir, sizeof(copied.dir), "%.250s", dir);
	assert_int_equal(journal_open(&options, &copied.journal, &copied.recovery), CH_OK);
	assert_int_equal(copied.recovery.damaged_first, 0);
	history_check(&copied);
	history_verify(&copied);
	uint64_t head = journal_head(copied.journal);
	journal_close(copied.journal);
	return head;
}

static void a_copy_is_read_and_verified_like_a_journal(void **state)
{
	struct history *history = *state;
	struct journal *journal = NULL;
	struct journal_recovery recovery;
	uint64_t head;
	history_open(history);
	history_grow(history, 700);
	history_keep(history, &(struct retention){0});
	history_grow(history, 1000);
	assert_int_equal(backup_export(history->journal, 0, copy(history), &head), CH_OK);
	assert_true(head == journal_head(history->journal));
	assert_true(check_copy(copy(history)) == head);
	/* But it is not written to. */
	struct journal_options options = {.dir = copy(history), .create = true};
	assert_int_equal(journal_open(&options, &journal, &recovery), CH_INVALID);
	assert_non_null(strstr(recovery.where, "adopt"));
	assert_null(journal);
}

static void goes_up_to_where_it_was_told(void **state)
{
	struct history *history = *state;
	uint64_t head;
	history_open(history);
	history_grow(history, 700);
	history_keep(history, &(struct retention){0});
	history_grow(history, 1000);
	/* In an archive file, at the end of one, in a segment. */
	struct volume volume;
	assert_int_equal(catalog_find(&history->journal->catalog, 300, &volume), CH_OK);
	const uint64_t upto[] = {30, 300, volume.last, 800, 999};
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(
			backup_export(history->journal, upto[i], copy(history), &head), CH_OK);
		assert_true(head >= upto[i] && head < upto[i] + 40);
		assert_true(check_copy(copy(history)) == head);
	}
}

static void is_brought_up_to_date(void **state)
{
	struct history *history = *state;
	uint64_t head;
	history_open(history);
	for (int i = 0; i < 6; i++) {
		history_grow(history, journal_head(history->journal) + 260);
		if (i % 2 == 1)
			history_keep(history, &(struct retention){0});
		assert_int_equal(backup_export(history->journal, 0, copy(history), &head), CH_OK);
		assert_true(head == journal_head(history->journal));
		assert_true(check_copy(copy(history)) == head);
		/* A segment that went on since leaves no shorter file behind. */
		struct journal_stats stats;
		journal_stats(history->journal, &stats);
		assert_int_equal(history_count_files(history, "copy/archive", ".zst"),
			stats.archived_segments + stats.segments);
	}
	/* Twice the same: nothing to do. */
	assert_int_equal(backup_export(history->journal, 0, copy(history), &head), CH_OK);
}

static void keeps_its_hands_off_other_folders(void **state)
{
	struct history *history = *state;
	struct history other = {0};
	uint64_t head;
	history_open(history);
	history_grow(history, 50);
	assert_int_equal(backup_export(history->journal, 0, history->dir, &head), CH_BUSY);
	(void)snprintf(other.dir, sizeof(other.dir), "%.240s/other", history->dir);
	history_open(&other);
	history_commit(&other, 5);
	history_close(&other);
	assert_int_equal(backup_export(history->journal, 0, other.dir, &head), CH_EXISTS);
	history_open(&other);
	assert_int_equal(journal_head(other.journal), 5);
	assert_int_equal(backup_export(other.journal, 0, copy(history), &head), CH_OK);
	assert_int_equal(backup_export(history->journal, 0, copy(history), &head), CH_EXISTS);
	history_close(&other);
}

static void a_restored_journal_is_another_incarnation(void **state)
{
	struct history *history = *state;
	struct history restored = {0};
	uint8_t hash[JOURNAL_HASH_BYTES];
	uint8_t again[JOURNAL_HASH_BYTES];
	uint64_t head;
	history_open(history);
	history_grow(history, 1000);
	uint64_t incarnation = journal_incarnation(history->journal);
	(void)journal_chain(history->journal, hash);
	assert_int_equal(backup_export(history->journal, 0, copy(history), &head), CH_OK);
	history_grow(history, 1100); /* what is lost by going back */

	(void)snprintf(restored.dir, sizeof(restored.dir), "%.240s/restored", history->dir);
	assert_int_equal(backup_restore(copy(history), restored.dir), CH_OK);
	history_open(&restored);
	assert_true(journal_head(restored.journal) == head);
	assert_true(journal_incarnation(restored.journal) != incarnation);
	assert_true(journal_chain(restored.journal, again) == head);
	assert_memory_equal(hash, again, sizeof(hash));
	assert_true(restored.journal->manifest.parent == incarnation);
	assert_true(restored.journal->manifest.parent_last == head);
	history_check(&restored);
	history_verify(&restored);
	/* It lives: it is written, archived, copied. */
	history_grow(&restored, 1500);
	history_keep(&restored, &(struct retention){0});
	history_reopen(&restored);
	history_check(&restored);
	history_verify(&restored);
	history_close(&restored);
	/* The copy is as it was, and a second restore does not overwrite the first. */
	assert_true(check_copy(copy(history)) == head);
	assert_int_equal(backup_restore(copy(history), restored.dir), CH_EXISTS);
}

static void a_folder_of_a_stopped_journal_is_a_copy_too(void **state)
{
	struct history *history = *state;
	struct history restored = {0};
	history_open(history);
	history_grow(history, 700);
	history_keep(history, &(struct retention){0});
	history_grow(history, 1000);
	uint64_t head = journal_head(history->journal);
	(void)snprintf(restored.dir, sizeof(restored.dir), "%.240s/restored", history->dir);
	assert_int_equal(backup_restore(history->dir, restored.dir), CH_BUSY);
	history_close(history);
	assert_int_equal(backup_restore(history->dir, restored.dir), CH_OK);
	history_open(&restored);
	assert_true(journal_head(restored.journal) == head);
	history_check(&restored);
	history_close(&restored);
}

static void an_empty_journal_can_be_copied(void **state)
{
	struct history *history = *state;
	struct history restored = {0};
	uint64_t head = 99;
	history_open(history);
	assert_int_equal(backup_export(history->journal, 0, copy(history), &head), CH_OK);
	assert_int_equal(head, 0);
	assert_int_equal(check_copy(copy(history)), 0);
	(void)snprintf(restored.dir, sizeof(restored.dir), "%.240s/restored", history->dir);
	assert_int_equal(backup_restore(copy(history), restored.dir), CH_OK);
	history_open(&restored);
	history_commit(&restored, 3);
	history_check(&restored);
	history_close(&restored);
}

static void damage_comes_along_as_it_is(void **state)
{
	struct history *history = *state;
	static struct history_segment segment;
	struct journal_options options = {.read_only = true};
	struct journal *copied = NULL;
	struct verify_result here;
	struct verify_result there;
	uint64_t head;
	history_open(history);
	history_grow(history, 700);
	history_find_segment(history, 200, &segment);
	history_flip(history, segment.name, (long)segment.batches[1].at + 4);
	/* And the end of a sealed segment. */
	history_find_segment(history, 450, &segment);
	assert_true(segment.label.sealed);
	history_flip(history, segment.name, (long)segment.batches[segment.count - 1].at + 4);
	assert_int_equal(backup_export(history->journal, 0, copy(history), &head), CH_OK);
	assert_true(head == journal_head(history->journal));
	options.dir = copy(history);
	assert_int_equal(journal_open(&options, &copied, NULL), CH_OK);
	assert_int_equal(keeper_verify(history->journal, NULL, NULL, &here), CH_CORRUPT);
	assert_int_equal(keeper_verify(copied, NULL, NULL, &there), CH_CORRUPT);
	assert_true(here.entries == there.entries);
	assert_int_equal(here.bad_places, 2);
	assert_int_equal(there.bad_places, 2);
	assert_true(here.bad_first == there.bad_first && here.bad_last == there.bad_last);
	journal_close(copied);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, history_setup, history_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_copy_is_read_and_verified_like_a_journal),
		TEST(goes_up_to_where_it_was_told),
		TEST(is_brought_up_to_date),
		TEST(keeps_its_hands_off_other_folders),
		TEST(a_restored_journal_is_another_incarnation),
		TEST(a_folder_of_a_stopped_journal_is_a_copy_too),
		TEST(an_empty_journal_can_be_copied),
		TEST(damage_comes_along_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
