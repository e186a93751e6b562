/* A journal in a temporary folder, and entries that can be told right from wrong by their sequence
 * alone. */
#ifndef TEST_JOURNAL_HISTORY_H
#define TEST_JOURNAL_HISTORY_H

#include "support/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/journal.h"
#include "journal/keeper.h"
#include "journal/reader.h"
#include "journal/scan.h"
#include "support/scratch.h"

#define HISTORY_SEGMENT_BYTES (64u * 1024u)
#define HISTORY_BODY_MAX      2000u
#define HISTORY_START_US      INT64_C(1772323200000000) /* 2026-03-01 */

struct history {
	char dir[256];
	struct journal *journal;
	struct journal_recovery recovery;
	uint64_t segment_bytes; /* 0: HISTORY_SEGMENT_BYTES */
};

/* ---- The folder ---- */

/* cmocka's setup and teardown: *state is a struct history with no journal open. */
static inline int history_setup(void **state)
{
	struct history *history = calloc(1, sizeof(*history));
	assert_non_null(history);
	scratch_make(history->dir, "journal");
	*state = history;
	return 0;
}

static inline int history_teardown(void **state)
{
	struct history *history = *state;
	journal_close(history->journal);
	scratch_remove(history->dir);
	free(history);
	return 0;
}

static inline enum ch_status history_try_open(struct history *history)
{
	struct journal_options options = {
		.dir = history->dir,
		.segment_bytes = history->segment_bytes != 0 ? history->segment_bytes
							     : HISTORY_SEGMENT_BYTES,
		.create = true,
	};
	return journal_open(&options, &history->journal, &history->recovery);
}

static inline void history_open(struct history *history)
{
	assert_int_equal(history_try_open(history), CH_OK);
}

static inline void history_close(struct history *history)
{
	journal_close(history->journal);
	history->journal = NULL;
}

static inline void history_reopen(struct history *history)
{
	history_close(history);
	history_open(history);
}

/* ---- Entries ---- */

/* Lengths that are nowhere regular, bytes that do not compress to nothing, and arrivals 1 ms
 * apart, in pairs. */
static inline size_t history_length(uint64_t sequence)
{
	return (size_t)((sequence * UINT64_C(2654435761)) >> 7) % 700;
}

static inline int64_t history_arrival_us(uint64_t sequence)
{
	return HISTORY_START_US + (int64_t)(sequence / 2) * 1000;
}

static inline void history_fill(uint64_t sequence, uint8_t *out, size_t len)
{
	uint64_t x = sequence * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		out[i] = (uint8_t)((x >> 32) & 0x3f);
	}
}

/* Appends one batch of `count` entries, in two parts each, and commits it. */
static inline enum ch_status history_try_commit(struct journal *journal, uint32_t count)
{
	uint8_t body[HISTORY_BODY_MAX];
	struct batch *batch = journal_begin(journal);
	uint64_t sequence = journal_head(journal) + 1;
	for (uint32_t i = 0; i < count; i++, sequence++) {
		size_t len = history_length(sequence);
		history_fill(sequence, body, len);
		struct slice parts[] = {
			slice_of(body, len / 3), slice_of(body + len / 3, len - len / 3)};
		uint64_t given = journal_append(batch, history_arrival_us(sequence), parts, 2);
		assert_true(given == sequence || journal_batch_status(batch) != CH_OK);
	}
	return journal_commit(batch);
}

static inline void history_commit(struct history *history, uint32_t count)
{
	assert_int_equal(history_try_commit(history->journal, count), CH_OK);
}

/* Batches of 1 to 40 until the head is at least `head`. */
static inline void history_grow(struct history *history, uint64_t head)
{
	while (journal_head(history->journal) < head)
		history_commit(history, 1 + (uint32_t)(journal_head(history->journal) % 40));
}

static inline void history_check_entry(const struct journal_entry *entry)
{
	uint8_t body[HISTORY_BODY_MAX];
	size_t len = history_length(entry->sequence);
	history_fill(entry->sequence, body, len);
	assert_int_equal(entry->body.len, len);
	assert_memory_equal(entry->body.data, body, len);
	assert_true(entry->arrival_us == history_arrival_us(entry->sequence));
}

/* Reads everything from `first` on; it must all be there, up to and with the head. */
static inline void history_check_from(struct history *history, uint64_t first)
{
	struct reader *reader;
	struct journal_entry entry;
	uint64_t head = journal_head(history->journal);
	assert_int_equal(reader_open(history->journal, &reader), CH_OK);
	assert_int_equal(reader_seek(reader, first), CH_OK);
	for (uint64_t sequence = first; sequence <= head; sequence++) {
		assert_int_equal(reader_next(reader, &entry), CH_OK);
		assert_true(entry.sequence == sequence);
		history_check_entry(&entry);
	}
	assert_int_equal(reader_next(reader, &entry), CH_END);
	reader_close(reader);
}

static inline void history_check(struct history *history)
{
	history_check_from(history, journal_first(history->journal));
}

static inline void history_verify(struct history *history)
{
	struct verify_result result;
	enum ch_status status = keeper_verify(history->journal, NULL, NULL, &result);
	if (status != CH_OK)
		print_error("verify: %s\n", result.where);
	assert_int_equal(status, CH_OK);
	assert_true(result.entries ==
		    journal_head(history->journal) + 1 - journal_first(history->journal));
}

/* All that the keeper has to do now. */
static inline void history_keep(struct history *history, const struct retention *retention)
{
	enum ch_status status;
	int64_t now_us = journal_head_arrival_us(history->journal);
	do {
		status = keeper_step(history->journal, retention, now_us);
		assert_true(status == CH_OK || status == CH_END);
	} while (status == CH_OK);
}

/* ---- Files ---- */

static inline void history_path(const struct history *history, const char *name, char out[512])
{
	(void)snprintf(out, 512, "%s/%s", history->dir, name);
}

/* How many names in the folder (below the journal's own) end so. */
static inline unsigned history_count_files(
	const struct history *history, const char *folder, const char *suffix)
{
	char path[512];
	unsigned count = 0;
	history_path(history, folder, path);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *file = readdir(dir); file != NULL; file = readdir(dir)) {
		size_t len = strlen(file->d_name);
		size_t end = strlen(suffix);
		count += len > end && strcmp(file->d_name + len - end, suffix) == 0;
	}
	(void)closedir(dir);
	return count;
}

/* The bytes of a file, which the caller frees. */
static inline uint8_t *history_load(
	const struct history *history, const char *name, size_t *out_len)
{
	char path[512];
	struct stat file;
	history_path(history, name, path);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &file), 0);
	uint8_t *bytes = malloc((size_t)file.st_size + 1);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, (size_t)file.st_size), file.st_size);
	(void)close(fd);
	*out_len = (size_t)file.st_size;
	return bytes;
}

static inline void history_store(
	const struct history *history, const char *name, const uint8_t *bytes, size_t len)
{
	char path[512];
	history_path(history, name, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	(void)close(fd);
}

/* Changes one bit on the disk. */
static inline void history_flip(const struct history *history, const char *name, long offset)
{
	char path[512];
	uint8_t byte;
	history_path(history, name, path);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= 0x40;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	(void)close(fd);
}

/* ---- What a segment file holds, as its label and scan tell ---- */

#define HISTORY_BATCHES_MAX 1000u

struct history_batch {
	uint64_t at;
	uint32_t length;
	uint64_t first;
	uint64_t last;
};

struct history_segment {
	char name[SEGMENT_NAME_BYTES];
	struct label label;
	struct history_batch batches[HISTORY_BATCHES_MAX];
	size_t count;
};

static inline bool history_read_segment(
	const struct history *history, uint64_t epoch, struct history_segment *out)
{
	char path[512];
	enum segment_part part;
	struct segment *segment;
	struct tape *tape;
	struct chain *chain;
	struct scan scan;
	segment_name(epoch, out->name);
	history_path(history, out->name, path);
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	assert_int_equal(segment_inspect(fd, epoch, &part, &out->label), CH_OK);
	(void)close(fd);
	if (part != SEGMENT_USED)
		return false;
	assert_int_equal(segment_create(epoch, &segment), CH_OK);
	segment_restore(segment, &out->label);
	int dir_fd = open(history->dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(tape_open_segment(dir_fd, segment, &segment->label, &tape), CH_OK);
	assert_int_equal(chain_create(&chain), CH_OK);
	scan_begin(&scan, tape, chain);
	out->count = 0;
	for (enum ch_status status = scan_next(&scan); status != CH_END;
		status = scan_next(&scan)) {
		if (status == CH_GAP)
			continue;
		assert_int_equal(status, CH_OK);
		assert_true(out->count < HISTORY_BATCHES_MAX);
		out->batches[out->count++] = (struct history_batch){
			scan.at, scan.head.length, scan.head.first, batch_last(&scan.head)};
	}
	chain_free(chain);
	tape_close(tape);
	segment_release(segment);
	(void)close(dir_fd);
	return true;
}

/* The segment that holds the sequence; the newest for UINT64_MAX. */
static inline void history_find_segment(
	const struct history *history, uint64_t sequence, struct history_segment *out)
{
	static struct history_segment candidate;
	bool found = false;
	for (uint64_t epoch = 1; epoch < 500; epoch++) {
		if (!history_read_segment(history, epoch, &candidate) ||
			candidate.label.base > sequence ||
			(found && candidate.label.base < out->label.base))
			continue;
		*out = candidate;
		found = true;
	}
	assert_true(found);
}

#endif
