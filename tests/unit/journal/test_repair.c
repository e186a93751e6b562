/* Mending a journal with a copy of it. */
#include "history.h"

#include "journal/archive.h"
#include "journal/backup.h"
#include "journal/inside.h"
#include "journal/repair.h"

static struct history_segment segment; /* large, so not on the stack */

struct setting {
	struct history *history;
	char copy[300];
};

/* A journal of segments and archive files, and a copy of all of it. */
static struct setting begin(void **state)
{
	struct setting setting = {.history = *state};
	uint64_t head;
	(void)snprintf(setting.copy, sizeof(setting.copy), "%s/copy", setting.history->dir);
	history_open(setting.history);
	history_grow(setting.history, 600);
	history_keep(setting.history, &(struct retention){0});
	history_grow(setting.history, 1200);
	assert_int_equal(backup_export(setting.history->journal, 0, setting.copy, &head), CH_OK);
	return setting;
}

static struct repair_result mend(struct setting *setting)
{
	struct repair_result result;
	assert_int_equal(repair_run(setting->history->journal, setting->copy, &result), CH_OK);
	return result;
}

static void check_mended(struct setting *setting, uint64_t stretches)
{
	struct repair_result result = mend(setting);
	assert_int_equal(result.mended, stretches);
	assert_int_equal(result.damaged, 0);
	history_check(setting->history);
	history_verify(setting->history);
	history_reopen(setting->history);
	assert_int_equal(setting->history->recovery.damaged_first, 0);
	history_check(setting->history);
	history_keep(setting->history, &(struct retention){0});
	history_check(setting->history);
	history_verify(setting->history);
}

static void nothing_to_mend(void **state)
{
	struct setting setting = begin(state);
	check_mended(&setting, 0);
}

static void batches_in_segments(void **state)
{
	struct setting setting = begin(state);
	history_find_segment(setting.history, 800, &segment);
	history_flip(setting.history, segment.name, (long)segment.batches[1].at + 4);
	history_flip(setting.history, segment.name, (long)segment.batches[2].at + 150);
	history_find_segment(setting.history, 1000, &segment);
	assert_true(segment.label.sealed);
	history_flip(
		setting.history, segment.name, (long)segment.batches[segment.count - 1].at + 4);
	history_find_segment(setting.history, UINT64_MAX, &segment);
	history_flip(setting.history, segment.name, (long)segment.batches[0].at + 4);
	history_keep(setting.history, &(struct retention){0}); /* finds two of them damaged */
	struct journal_stats stats;
	journal_stats(setting.history->journal, &stats);
	assert_int_equal(stats.damaged_segments, 2);
	check_mended(&setting, 3); /* two batches in a row are one stretch */
	journal_stats(setting.history->journal, &stats);
	assert_int_equal(stats.segments, 1); /* archived after all */
}

static void archive_files(void **state)
{
	struct setting setting = begin(state);
	struct volume volume;
	char name[ARCHIVE_NAME_BYTES];
	char path[512];
	char below[128];
	struct catalog *catalog = &setting.history->journal->catalog;
	/* A bad block in one, a missing file, another with a bad table. */
	assert_int_equal(catalog_find(catalog, 1, &volume), CH_OK);
	archive_name(volume.first, volume.last, name);
	(void)snprintf(below, sizeof(below), "archive/%s", name);
	history_flip(setting.history, below, (long)volume.bytes / 2);
	assert_int_equal(catalog_find(catalog, volume.last + 1, &volume), CH_OK);
	assert_null(volume.segment);
	archive_name(volume.first, volume.last, name);
	(void)snprintf(below, sizeof(below), "archive/%s", name);
	history_path(setting.history, below, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(catalog_find(catalog, volume.last + 1, &volume), CH_OK);
	assert_null(volume.segment);
	archive_name(volume.first, volume.last, name);
	(void)snprintf(below, sizeof(below), "archive/%s", name);
	history_flip(setting.history, below, (long)volume.bytes - 50);
	check_mended(&setting, 3);
}

/* The same after a restart, when the catalog does not know the missing file any more. */
static void a_hole_in_history(void **state)
{
	struct setting setting = begin(state);
	struct verify_result verified;
	char name[ARCHIVE_NAME_BYTES];
	char path[512];
	char below[128];
	struct volume volume;
	assert_int_equal(catalog_find(&setting.history->journal->catalog, 200, &volume), CH_OK);
	archive_name(volume.first, volume.last, name);
	(void)snprintf(below, sizeof(below), "archive/%s", name);
	history_path(setting.history, below, path);
	assert_int_equal(unlink(path), 0);
	history_reopen(setting.history);
	assert_true(setting.history->recovery.damaged_first == volume.first);
	assert_true(setting.history->recovery.damaged_last == volume.last);
	check_mended(&setting, 1);
	/* The very first one. */
	archive_name(1, volume.first - 1, name);
	assert_int_equal(catalog_find(&setting.history->journal->catalog, 1, &volume), CH_OK);
	archive_name(volume.first, volume.last, name);
	(void)snprintf(below, sizeof(below), "archive/%s", name);
	history_path(setting.history, below, path);
	assert_int_equal(unlink(path), 0);
	history_reopen(setting.history);
	assert_true(journal_first(setting.history->journal) == volume.last + 1);
	assert_int_equal(
		keeper_verify(setting.history->journal, NULL, NULL, &verified), CH_CORRUPT);
	assert_int_equal(verified.bad_first, 1);
	assert_true(verified.bad_last == volume.last);
	check_mended(&setting, 1);
	assert_int_equal(journal_first(setting.history->journal), 1);
}

static void what_the_copy_lacks_stays_damaged(void **state)
{
	struct setting setting = begin(state);
	struct verify_result verified;
	history_grow(setting.history, 1400);
	history_find_segment(setting.history, 1300, &segment);
	size_t i = 0;
	while (segment.batches[i].first < 1250)
		i++;
	history_flip(setting.history, segment.name, (long)segment.batches[i].at + 4);
	struct repair_result result = mend(&setting);
	assert_int_equal(result.mended, 0);
	assert_int_equal(result.damaged, 1);
	assert_true(result.first == segment.batches[i].first);
	assert_true(result.last == segment.batches[i].last);
	assert_int_equal(
		keeper_verify(setting.history->journal, NULL, NULL, &verified), CH_CORRUPT);
	assert_true(verified.bad_first == result.first);
}

/* Another journal's history, sequence for sequence, does not get in. */
static void a_stranger_mends_nothing(void **state)
{
	struct setting setting = begin(state);
	struct history other = {0};
	struct repair_result result;
	(void)snprintf(other.dir, sizeof(other.dir), "%.240s/other", setting.history->dir);
	history_open(&other);
	history_grow(&other, 1200);
	history_close(&other);
	history_find_segment(setting.history, 800, &segment);
	history_flip(setting.history, segment.name, (long)segment.batches[1].at + 4);
	assert_int_equal(repair_run(setting.history->journal, other.dir, &result), CH_OK);
	assert_int_equal(result.mended, 0);
	assert_int_equal(result.damaged, 1);
	assert_int_equal(
		repair_run(setting.history->journal, "/nonexistent", &result), CH_NOT_FOUND);
	check_mended(&setting, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, history_setup, history_teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing_to_mend),
		TEST(batches_in_segments),
		TEST(archive_files),
		TEST(a_hole_in_history),
		TEST(what_the_copy_lacks_stays_damaged),
		TEST(a_stranger_mends_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
