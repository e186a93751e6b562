#include "journal/tail.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/scan.h"

#define TAIL_CHUNK_BYTES (64u * 1024u)

/* ---- Reading ---- */

static void tail_damage(
	struct tail *tail, uint64_t first, uint64_t last, uint64_t at, const char *damage)
{
	if (tail->damage != NULL)
		return; /* the first one is told; verify finds all */
	tail->damaged_first = first;
	tail->damaged_last = last;
	tail->damaged_at = at;
	tail->damage = damage;
}

/* How much was to be written of the batch that was in flight, as far as it can be told. */
static uint64_t tail_torn_bytes(struct tape *tape, uint64_t offset)
{
	const struct label *label = tape_label(tape);
	struct batch_head head;
	struct slice bytes;
	if (tape_view(tape, offset, BATCH_HEAD_BYTES, &bytes) != CH_OK ||
		!batch_claims(bytes.data, label->epoch))
		return 0;
	if (batch_get_head(bytes.data, label->epoch, tape_key(tape), &head) != CH_OK)
		return BATCH_HEAD_BYTES;
	return head.length;
}

static enum ch_status tail_scan(struct scan *scan, struct index *index, struct tail *tail)
{
	for (;;) {
		enum ch_status status = scan_next(scan);
		if (status == CH_END)
			return CH_OK;
		if (status == CH_GAP) {
			tail_damage(tail, scan->gap_first, scan->gap_last, scan->at, "damaged");
			continue;
		}
		if (status != CH_OK)
			return status;
		if (scan->unlinked)
			tail_damage(tail, scan->head.first, batch_last(&scan->head), scan->at,
				"does not continue the hash chain");
		index_add(index, scan->head.first, scan->head.first_arrival_us, scan->at);
		tail->last_at = scan->at;
	}
}

enum ch_status tail_read(struct journal *journal, struct segment *segment, struct tail *out_tail)
{
	struct tail tail = {.last_at = SEGMENT_PAGE_BYTES};
	struct tape *tape = NULL;
	struct index *index = NULL;
	struct scan scan;
	enum ch_status status = index_create(segment->label.file_bytes, &index);
	if (status == CH_OK)
		status = tape_open_segment(journal->dir_fd, segment, &segment->label, &tape);
	if (status != CH_OK)
		goto out;
	scan_begin(&scan, tape, journal->chain);
	status = tail_scan(&scan, index, &tail);
	if (status != CH_OK)
		goto out;
	tail.head = scan.sequence - 1;
	tail.arrival_us = scan.arrival_us;
	memcpy(tail.hash, scan.hash, sizeof(tail.hash));
	tail.end = scan.offset;
	tail.torn_bytes = tail_torn_bytes(tape, scan.offset);
	atomic_store_explicit(&segment->end, scan.offset, memory_order_relaxed);
	atomic_store_explicit(&segment->index, index, memory_order_release);
	index = NULL; /* the segment's now */
	*out_tail = tail;
out:
	index_free(index);
	tape_close(tape);
	return status;
}

/* ---- Writing ---- */

static size_t tail_chunk(uint64_t at, uint64_t to)
{
	return to - at < TAIL_CHUNK_BYTES ? (size_t)(to - at) : TAIL_CHUNK_BYTES;
}

static enum ch_status tail_rewrite(int fd, uint64_t from, uint64_t to)
{
	uint8_t bytes[TAIL_CHUNK_BYTES];
	for (uint64_t at = from; at < to; at += TAIL_CHUNK_BYTES) {
		enum ch_status status = file_read_at(fd, bytes, tail_chunk(at, to), at);
		if (status == CH_OK)
			status = file_write_at(fd, bytes, tail_chunk(at, to), at);
		if (status != CH_OK)
			return status == CH_END ? CH_IO : status;
	}
	return CH_OK;
}

static bool tail_is_zero(const uint8_t *bytes, size_t len)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

/* Zeros wherever there is something else, or nothing.  Reading first saves a flash disk eight
 * megabytes at every start. */
static enum ch_status tail_zero(int fd, uint64_t from, uint64_t to)
{
	static const uint8_t zeros[TAIL_CHUNK_BYTES];
	uint8_t found[TAIL_CHUNK_BYTES];
	for (uint64_t at = from; at < to; at += TAIL_CHUNK_BYTES) {
		size_t len = tail_chunk(at, to);
		enum ch_status status = file_read_at(fd, found, len, at);
		if (status == CH_END || (status == CH_OK && !tail_is_zero(found, len)))
			status = file_write_at(fd, zeros, len, at);
		if (status != CH_OK)
			return status;
	}
	return CH_OK;
}

enum ch_status tail_make_good(struct segment *segment, const struct tail *tail)
{
	struct stat file;
	int fd = segment->fd;
	uint64_t limit = segment->label.file_bytes - SEGMENT_PAGE_BYTES;
	enum ch_status status = file_fault("journal.recover.rewrite");
	if (status == CH_OK && fstat(fd, &file) != 0)
		status = CH_IO;
	/* A copy that was cut short grows to its size again, by zeros that are really written. */
	if (status == CH_OK && (uint64_t)file.st_size < segment->label.file_bytes)
		status = tail_zero(fd, (uint64_t)file.st_size, segment->label.file_bytes);
	if (status == CH_OK)
		status = segment_rewrite_labels(segment);
	if (status == CH_OK)
		status = tail_rewrite(
			fd, tail->last_at - tail->last_at % SEGMENT_PAGE_BYTES, tail->end);
	if (status == CH_OK)
		status = tail_zero(fd, tail->end,
			limit - tail->end < LIMIT_BATCH_BYTES ? limit
							      : tail->end + LIMIT_BATCH_BYTES);
	if (status == CH_OK)
		status = file_fault("journal.recover.sync");
	if (status == CH_OK && fsync(fd) != 0) /* not fdatasync: it may have grown */
		status = CH_IO;
	return status;
}
