/* The keeper: spares, archive, retention, verify, and a disk that is full. */
#include "history.h"

#include <sys/mount.h>

#include "journal/archive.h"
#include "journal/inside.h"

static struct history_segment segment; /* large, so not on the stack */

static struct journal_stats stats_of(struct history *history)
{
	struct journal_stats stats;
	journal_stats(history->journal, &stats);
	return stats;
}

static void keeps_spares_ready(void **state)
{
	struct history *history = *state;
	struct retention retention = {.archive_after_us = INT64_MAX / 2};
	history_open(history);
	assert_int_equal(stats_of(history).spare_segments, 0);
	/* One thing a step. */
	assert_int_equal(keeper_step(history->journal, &retention, 0), CH_OK);
	assert_int_equal(stats_of(history).spare_segments, 1);
	assert_int_equal(keeper_step(history->journal, &retention, 0), CH_OK);
	assert_int_equal(stats_of(history).spare_segments, 2);
	assert_int_equal(keeper_step(history->journal, &retention, 0), CH_END);
	history_grow(history, 200);
	assert_int_equal(stats_of(history).spare_segments, 1);
	history_keep(history, &retention);
	assert_int_equal(stats_of(history).spare_segments, 2);
	history_reopen(history);
	assert_int_equal(stats_of(history).spare_segments, 2);
	history_check(history);
}

static void archives_what_is_sealed(void **state)
{
	struct history *history = *state;
	history_open(history);
	history_grow(history, 2000);
	uint64_t before = stats_of(history).segment_bytes_on_disk;
	history_keep(history, &(struct retention){0});
	struct journal_stats stats = stats_of(history);
	assert_int_equal(stats.segments, 1);
	assert_true(stats.archived_segments > 8);
	assert_int_equal(stats.damaged_segments, 0);
	assert_true(stats.archive_bytes < before);
	/* Recycled up to the number of spares, and the rest deleted. */
	assert_int_equal(stats.spare_segments, 2);
	assert_int_equal(history_count_files(history, ".", ".seg"), 3);
	assert_int_equal(history_count_files(history, "archive", ".zst"), stats.archived_segments);
	history_check(history);
	history_verify(history);
	history_reopen(history);
	history_check(history);
	history_verify(history);
	/* Half of it later: segments and archive are one history. */
	history_grow(history, 3000);
	history_check(history);
	history_verify(history);
}

static void waits_until_a_segment_is_old_enough(void **state)
{
	struct history *history = *state;
	struct retention retention = {.archive_after_us = 500000}; /* 1 000 entries */
	history_open(history);
	history_grow(history, 2000);
	history_keep(history, &retention);
	struct journal_stats stats = stats_of(history);
	assert_true(stats.archived_segments > 2);
	assert_true(stats.segments > 4);
	history_check(history);
}

/* History can be read without us. */
static void zstd_gives_the_segment_back(void **state)
{
	struct history *history = *state;
	char command[1200];
	char name[ARCHIVE_NAME_BYTES];
	size_t len;
	history_open(history);
	history_grow(history, 400);
	history_find_segment(history, 1, &segment);
	uint8_t *bytes = history_load(history, segment.name, &len);
	history_keep(history, &(struct retention){0});
	archive_name(1, segment.label.last, name);
	(void)snprintf(command, sizeof(command),
		"command -v zstd >/dev/null || exit 77; "
		"zstd -qdc %s/archive/%s >%s/raw",
		history->dir, name, history->dir);
	int status = system(command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		free(bytes);
		skip();
	}
	assert_int_equal(status, 0);
	size_t raw_len;
	uint8_t *raw = history_load(history, "raw", &raw_len);
	assert_true(raw_len == segment.label.end);
	assert_memory_equal(raw, bytes, raw_len);
	free(raw);
	free(bytes);
}

static void a_damaged_segment_is_kept_as_it_is(void **state)
{
	struct history *history = *state;
	history_open(history);
	history_grow(history, 1000);
	history_find_segment(history, 500, &segment);
	history_flip(history, segment.name, (long)segment.batches[1].at + 200);
	history_keep(history, &(struct retention){0});
	struct journal_stats stats = stats_of(history);
	assert_int_equal(stats.damaged_segments, 1);
	assert_int_equal(stats.segments, 2);
	history_flip(history, segment.name, (long)segment.batches[1].at + 200);
	history_check(history);
	history_reopen(history);
	history_check(history);
	history_keep(history, &(struct retention){0});
	assert_int_equal(stats_of(history).segments, 1);
}

/* ---- Retention ---- */

static void removes_by_size_from_the_old_end(void **state)
{
	struct history *history = *state;
	struct retention retention = {.keep_bytes = 400000, .floor = UINT64_MAX};
	history_open(history);
	history_grow(history, 3000);
	history_keep(history, &retention);
	uint64_t first = journal_first(history->journal);
	assert_true(first > 1);
	struct journal_stats stats = stats_of(history);
	assert_true(stats.archive_bytes + 65536 <= 400000);
	history_check(history);
	history_verify(history); /* the chain begins where history was cut */
	history_reopen(history);
	assert_true(journal_first(history->journal) == first);
	assert_true(history->recovery.first == first);
	assert_int_equal(history->recovery.damaged_first, 0);
	history_check(history);
	history_verify(history);
	/* All of it may go but the segment that is written. */
	retention.keep_bytes = 1;
	history_keep(history, &retention);
	assert_int_equal(stats_of(history).archived_segments, 0);
	assert_int_equal(stats_of(history).segments, 1);
	history_check(history);
	history_verify(history);
	history_reopen(history);
	history_verify(history);
}

static void removes_by_age(void **state)
{
	struct history *history = *state;
	struct retention retention = {.keep_us = 500000, .floor = UINT64_MAX};
	history_open(history);
	history_grow(history, 3000);
	history_keep(history, &retention);
	uint64_t first = journal_first(history->journal);
	uint64_t head = journal_head(history->journal);
	/* 500 ms are 1 000 entries: they are all there, and not a whole segment more. */
	assert_true(first + 1000 <= head && first + 1400 > head);
	history_check(history);
	history_verify(history);
}

static void removes_nothing_that_an_open_need_holds(void **state)
{
	struct history *history = *state;
	struct retention retention = {.keep_bytes = 1, .keep_us = 1, .floor = 700};
	history_open(history);
	history_grow(history, 3000);
	history_keep(history, &retention);
	assert_true(journal_first(history->journal) <= 700);
	assert_true(journal_first(history->journal) > 300);
	retention.floor = 0;
	history_keep(history, &retention);
	assert_true(journal_first(history->journal) <= 700);
}

/* Also of segments that never came to be archived. */
static void removes_segments_too(void **state)
{
	struct history *history = *state;
	struct retention retention = {
		.archive_after_us = INT64_MAX / 2, .keep_bytes = 200000, .floor = UINT64_MAX};
	history_open(history);
	history_grow(history, 2000);
	history_keep(history, &retention);
	assert_true(journal_first(history->journal) > 1);
	assert_int_equal(stats_of(history).archived_segments, 0);
	assert_true(stats_of(history).segments <= 3);
	history_check(history);
	history_reopen(history);
	history_check(history);
	history_verify(history);
}

/* ---- Interrupted ---- */

static void finds_history_twice_at_worst(void **state)
{
	struct history *history = *state;
	size_t len;
	history_open(history);
	history_grow(history, 1000);
	/* Archived, but not recycled yet: the file comes back under its old name. */
	history_find_segment(history, 300, &segment);
	uint8_t *bytes = history_load(history, segment.name, &len);
	history_keep(history, &(struct retention){0});
	history_close(history);
	history_store(history, segment.name, bytes, len);
	free(bytes);
	history_open(history);
	assert_int_equal(history->recovery.damaged_first, 0);
	assert_int_equal(stats_of(history).segments, 1);
	history_check(history);
	history_verify(history);
	history_reopen(history);
	history_check(history);
}

static void finishes_a_removal(void **state)
{
	struct history *history = *state;
	struct retention retention = {.keep_bytes = 1, .floor = 400};
	char name[ARCHIVE_NAME_BYTES];
	char path[128];
	struct volume volume;
	size_t len;
	history_open(history);
	history_grow(history, 1000);
	history_keep(history, &(struct retention){0});
	assert_int_equal(catalog_find(&history->journal->catalog, 1, &volume), CH_OK);
	archive_name(volume.first, volume.last, name);
	(void)snprintf(path, sizeof(path), "archive/%s", name);
	uint8_t *bytes = history_load(history, path, &len);
	history_keep(history, &retention);
	uint64_t first = journal_first(history->journal);
	assert_true(first > volume.last);
	history_close(history);
	/* The manifest says removed, the file is still there. */
	history_store(history, path, bytes, len);
	free(bytes);
	history_open(history);
	assert_true(journal_first(history->journal) == first);
	history_verify(history);
	assert_int_equal(history_count_files(history, "archive", name), 0);
}

/* ---- Verify ---- */

static uint64_t progress_head;

static void progress(void *context, uint64_t sequence, uint64_t head)
{
	(*(int *)context)++;
	assert_true(sequence <= head);
	progress_head = head;
}

static void verify_sees_a_forged_history(void **state)
{
	struct history *history = *state;
	struct verify_result result;
	struct buffer bytes = {0};
	struct batch_head head;
	struct journal_entry entry;
	struct chain *chain;
	size_t len;
	int calls = 0;
	history_open(history);
	history_grow(history, 200);
	history_close(history);
	history_find_segment(history, 50, &segment);
	/* Somebody who knows the salt changes a body and makes all CRCs and the batch's own hash
	 * right. */
	uint8_t *file = history_load(history, segment.name, &len);
	const struct history_batch *batch = &segment.batches[2];
	uint32_t key = batch_key(segment.label.epoch, segment.label.salt);
	assert_int_equal(batch_get_head(file + batch->at, segment.label.epoch, key, &head), CH_OK);
	buffer_append(&bytes, file + batch->at, BATCH_HEAD_BYTES);
	struct slice rest = slice_of(file + batch->at + BATCH_HEAD_BYTES, head.entries_bytes);
	for (uint64_t sequence = head.first; sequence <= batch_last(&head); sequence++) {
		assert_int_equal(batch_get_entry(rest, sequence, &entry, &len), CH_OK);
		uint8_t body[HISTORY_BODY_MAX];
		memcpy(body, entry.body.data, entry.body.len);
		body[0] ^= 1;
		struct slice part = slice_of(body, entry.body.len);
		batch_put_entry(&bytes, sequence, entry.arrival_us, &part, 1);
		rest = slice_sub(rest, len, rest.len);
	}
	memcpy(head.after, head.before, sizeof(head.after));
	assert_int_equal(chain_create(&chain), CH_OK);
	assert_int_equal(chain_link(chain, head.after,
				 slice_sub(buffer_slice(&bytes), BATCH_HEAD_BYTES, SIZE_MAX)),
		CH_OK);
	chain_free(chain);
	batch_put_head(bytes.data, &head, key);
	memcpy(file + batch->at, bytes.data, bytes.len);
	history_store(history, segment.name, file, (size_t)segment.label.file_bytes);
	free(file);
	buffer_fini(&bytes);
	history_open(history);
	assert_int_equal(keeper_verify(history->journal, progress, &calls, &result), CH_CORRUPT);
	assert_int_equal(result.bad_places, 1);
	/* The batch behind it does not continue the chain. */
	assert_int_equal(result.bad_first, segment.batches[3].first);
	assert_non_null(strstr(result.where, "chain"));
}

/* ---- A full disk ---- */

static void a_full_disk_refuses_and_recovers(void **state)
{
	struct history *history = *state;
	struct retention retention = {.archive_after_us = INT64_MAX / 2};
	enum ch_status status = CH_OK;
	char filler[512];
	if (mount("tmpfs", history->dir, "tmpfs", 0, "size=640k") != 0)
		skip(); /* not root, or no such thing here */
	history_open(history);
	history_keep(history, &retention);
	while (status == CH_OK)
		status = history_try_commit(history->journal, 20);
	assert_int_equal(status, CH_FULL);
	assert_int_equal(journal_status(history->journal), CH_OK); /* refused, not failed */
	uint64_t head = journal_head(history->journal);
	assert_true(head > 500);
	history_check(history);
	assert_int_equal(keeper_step(history->journal, &retention, 0), CH_FULL);
	/* A restart needs no room. */
	history_path(history, "filler", filler);
	int fd = open(filler, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	while (write(fd, filler, sizeof(filler)) > 0) {
	}
	(void)close(fd);
	history_reopen(history);
	assert_true(journal_head(history->journal) == head);
	history_check(history);
	assert_int_equal(unlink(filler), 0);
	/* Removing old history makes room, and the same journal goes on. */
	retention.keep_bytes = 200000;
	retention.floor = UINT64_MAX;
	history_keep(history, &retention);
	history_commit(history, 20);
	history_grow(history, head + 300);
	history_check(history);
	history_verify(history);
	history_close(history);
	assert_int_equal(umount(history->dir), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, history_setup, history_teardown)
	const struct CMUnitTest tests[] = {
		TEST(keeps_spares_ready),
		TEST(archives_what_is_sealed),
		TEST(waits_until_a_segment_is_old_enough),
		TEST(zstd_gives_the_segment_back),
		TEST(a_damaged_segment_is_kept_as_it_is),
		TEST(removes_by_size_from_the_old_end),
		TEST(removes_by_age),
		TEST(removes_nothing_that_an_open_need_holds),
		TEST(removes_segments_too),
		TEST(finds_history_twice_at_worst),
		TEST(finishes_a_removal),
		TEST(verify_sees_a_forged_history),
		TEST(a_full_disk_refuses_and_recovers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
