/* What an earlier life left: every segment is read once, from end to end.
 *
 * Only the newest may end in the middle of a record.  How far it was synced is told by the cursor file,
 * by the records themselves, and by its own being there (its forerunner was synced before it was made).
 * What cannot be read below that mark is damage: it stays where it is, and spool_next will come upon it.
 * What cannot be read above it was being written: it is cut off, with all that stands behind it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "kit/spool_inside.h"

#define SEGMENT_READ_MOST (64u * 1024u * 1024u) /* also of a version with larger ones */
#define SEGMENTS_MOST     65536u

static bool opening_parse_hex(const char *text, int digits, uint64_t *out_number)
{
	uint64_t number = 0;
	for (int i = 0; i < digits; i++) {
		char c = text[i];
		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return false;
		number = number << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*out_number = number;
	return true;
}

/* 0000000000000001-5c1e9a07.spool */
static bool opening_parse_name(const char *name, struct spool_segment *out_segment)
{
	uint64_t first;
	uint64_t salt;
	if (strlen(name) != 31 || name[16] != '-' || strcmp(name + 25, ".spool") != 0 ||
		!opening_parse_hex(name, 16, &first) || !opening_parse_hex(name + 17, 8, &salt))
		return false;
	*out_segment = (struct spool_segment){.first = first, .salt = (uint32_t)salt};
	return first > 0;
}

/* Of two with the same first number one was begun and got no record. */
static int opening_order(const void *a, const void *b)
{
	const struct spool_segment *left = a;
	const struct spool_segment *right = b;
	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	return left->bytes < right->bytes ? -1 : left->bytes > right->bytes;
}

static enum ch_status opening_list(struct spool *spool)
{
	DIR *dir = opendir(spool->directory);
	enum ch_status status = CH_OK;
	if (dir == NULL)
		return file_status();
	for (struct dirent *item; status == CH_OK && (item = readdir(dir)) != NULL;) {
		struct spool_segment segment;
		struct stat info;
		if (!opening_parse_name(item->d_name, &segment))
			continue;
		if (fstatat(dirfd(dir), item->d_name, &info, 0) != 0)
			status = file_status();
		segment.bytes = status == CH_OK ? (uint64_t)info.st_size : 0;
		if (status == CH_OK)
			status = spool->count < SEGMENTS_MOST ? spool_add_segment(spool, &segment)
							      : CH_FULL;
	}
	(void)closedir(dir); /* read only */
	if (spool->count > 0)
		qsort(spool->segments, spool->count, sizeof(*spool->segments), opening_order);
	return status;
}

/* The room for both of its pages, once and for all. */
static enum ch_status opening_make_cursor(const struct spool *spool)
{
	static const uint8_t blank[SPOOL_CURSOR_BYTES];
	enum ch_status status = file_write_at(spool->cursor_fd, blank, sizeof(blank), 0);
	if (status == CH_OK && fsync(spool->cursor_fd) != 0)
		status = CH_IO;
	return status == CH_OK ? file_sync_dir(spool->directory) : status;
}

/* Without a cursor all that is here is sent once more: the hub knows it. */
static enum ch_status opening_read_cursor(struct spool *spool, struct spool_cursor *out_cursor)
{
	uint8_t bytes[SPOOL_CURSOR_BYTES];
	struct spool_cursor cursor = {.cursor = 1, .synced = 1};
	if (spool->count > 0)
		cursor.cursor = cursor.synced = spool->segments[0].first;
	enum ch_status status = file_read_at(spool->cursor_fd, bytes, sizeof(bytes), 0);
	if (status == CH_OK) {
		status = spool_file_read_cursor(slice_of(bytes, sizeof(bytes)), &cursor);
		spool->saved = status == CH_OK ? cursor.cursor : 0;
		spool->second = status == CH_OK && !cursor.second; /* the newer one stays */
	} else if (status == CH_END) {
		status = opening_make_cursor(spool);
	}
	spool->started_over = status == CH_CORRUPT;
	if (status == CH_END || status == CH_CORRUPT)
		status = CH_OK;
	if (status == CH_OK)
		*out_cursor = cursor;
	return status;
}

/* What one walk over a segment finds. */
struct opening_walk {
	size_t good_at;    /* behind the last record that is kept */
	uint64_t good_end; /* number behind it */
	uint64_t synced;   /* the newest word of how far */
	bool whole;        /* nothing was amiss before good_at */
};

/* Everything below `durable` was synced; a walk with `durable` 0 stops at the first thing amiss, one with
 * UINT64_MAX goes over all of it. */
static void opening_walk(struct spool *spool, struct slice file,
	const struct spool_segment *segment, uint64_t durable, struct opening_walk *out)
{
	struct spool_scan scan;
	struct spool_record record;
	spool_scan_begin(&scan, file, segment->first, segment->salt);
	*out = (struct opening_walk){scan.at, segment->first, 0, true};
	for (;;) {
		uint64_t expected = scan.number;
		enum ch_status status = spool_scan_next(&scan, &record);
		if (status == CH_END || status == CH_CORRUPT ||
			(status == CH_GAP && expected >= durable))
			break;
		if (status == CH_GAP) {
			out->whole = false;
			continue;
		}
		out->good_at = scan.at;
		out->good_end = scan.number;
		out->synced = record.synced;
		if (spool->oldest_us == 0 && record.number >= spool->cursor)
			spool->oldest_us = record.since_us;
	}
}

static enum ch_status opening_cut(struct spool *spool, struct spool_segment *segment, size_t at)
{
	char name[SPOOL_NAME_BYTES];
	char path[PATH_MAX];
	spool_segment_name(segment, ".spool", name);
	if (!spool_path(spool, name, path))
		return CH_TOO_LARGE;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return file_status();
	enum ch_status status = CH_OK;
	if (segment->bytes > at && ftruncate(fd, (off_t)at) != 0)
		status = file_status();
	/* What the page cache still holds of the earlier life is made sure of before it is served. */
	if (status == CH_OK && fsync(fd) != 0)
		status = CH_IO;
	if (status != CH_OK) {
		(void)close(fd); /* nothing of ours is in it */
		return status;
	}
	spool->torn_bytes = segment->bytes - at;
	segment->bytes = at;
	spool->fd = fd;
	return CH_OK;
}

/* The newest segment: where its tail ends, and whether it can be gone on with. */
static enum ch_status opening_take_newest(
	struct spool *spool, struct spool_segment *segment, struct slice file, uint64_t synced)
{
	struct opening_walk walk;
	uint64_t durable = synced > segment->first ? synced : segment->first;
	int64_t oldest_us = spool->oldest_us;
	opening_walk(spool, file, segment, UINT64_MAX, &walk);
	spool->oldest_us = oldest_us; /* of what may be cut off */
	if (walk.synced > durable)
		durable = walk.synced;
	opening_walk(spool, file, segment, durable, &walk);
	spool->next = walk.good_end;
	if (walk.good_end < durable) {
		/* Its end is gone.  The file stays as it is; what comes next goes into another. */
		segment->damaged = true;
		spool->next = durable;
		return CH_OK;
	}
	segment->damaged = segment->damaged || !walk.whole;
	return opening_cut(spool, segment, walk.good_at);
}

static enum ch_status opening_take(struct spool *spool, size_t index, uint64_t synced)
{
	char name[SPOOL_NAME_BYTES];
	char path[PATH_MAX];
	struct buffer file = {0};
	struct opening_walk walk;
	struct spool_head head = {0};
	struct spool_segment *segment = &spool->segments[index];
	spool_segment_name(segment, ".spool", name);
	enum ch_status status = spool_path(spool, name, path)
					? file_read_all(path, SEGMENT_READ_MOST, &file)
					: CH_TOO_LARGE;
	if (status != CH_OK)
		goto out;
	segment->bytes = file.len;
	bool newest = index + 1 == spool->count;
	status = spool_file_read_head(buffer_slice(&file), &head);
	if (status == CH_VERSION)
		goto out;
	segment->damaged =
		status != CH_OK || head.first != segment->first || head.salt != segment->salt;
	if (newest) {
		status = opening_take_newest(spool, segment, buffer_slice(&file), synced);
	} else {
		status = CH_OK;
		opening_walk(spool, buffer_slice(&file), segment, UINT64_MAX, &walk);
		if (!walk.whole || walk.good_at < file.len ||
			walk.good_end < spool->segments[index + 1].first)
			segment->damaged = true;
	}
	spool->bytes += segment->bytes;
out:
	buffer_fini(&file);
	return status;
}

/* A file that was begun and got no record, or not even its head. */
static void opening_drop_empty(struct spool *spool)
{
	char name[SPOOL_NAME_BYTES];
	char path[PATH_MAX];
	if (spool->count == 0 || spool->segments[spool->count - 1].first != spool->next)
		return;
	const struct spool_segment *newest = &spool->segments[--spool->count];
	spool->bytes -= newest->bytes;
	if (spool->fd >= 0)
		(void)close(spool->fd); /* nothing is in it */
	spool->fd = -1;
	spool_segment_name(newest, ".spool", name);
	if (spool_path(spool, name, path))
		(void)unlink(path); /* else the next one of this name truncates it */
}

enum ch_status spool_recover(struct spool *spool)
{
	struct spool_cursor cursor = {.cursor = 1, .synced = 1};
	enum ch_status status = opening_list(spool);
	if (status == CH_OK)
		status = opening_read_cursor(spool, &cursor);
	spool->cursor = cursor.cursor;
	spool->next = cursor.synced;
	for (size_t i = 0; i < spool->count && status == CH_OK; i++)
		status = opening_take(spool, i, cursor.synced);
	if (status != CH_OK)
		return status;
	if (spool->next < cursor.synced)
		spool->next = cursor.synced;
	opening_drop_empty(spool);
	spool->synced = spool->next;
	spool->handed = spool->cursor;
	if (spool->cursor == spool->next)
		spool->oldest_us = 0;
	(void)spool_trim(spool); /* what cannot be deleted now, can be later */
	return CH_OK;
}
