#include "kit/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/invariant.h"
#include "kit/spool_inside.h"

/* Small, so that room comes back soon; large, so that few files lie about. */
#define SEGMENT_PARTS 16u
#define SEGMENT_MOST  (4u * 1024u * 1024u)

bool spool_path(const struct spool *spool, const char *name, char out[PATH_MAX])
{
	return (size_t)snprintf(out, PATH_MAX, "%s/%s", spool->directory, name) < PATH_MAX;
}

void spool_segment_name(
	const struct spool_segment *segment, const char *suffix, char out[SPOOL_NAME_BYTES])
{
	(void)snprintf(out, SPOOL_NAME_BYTES, "%016llx-%08x%s", (unsigned long long)segment->first,
		(unsigned)segment->salt, suffix); /* fits */
}

static bool segment_path(const struct spool *spool, const struct spool_segment *segment,
	const char *suffix, char out[PATH_MAX])
{
	char name[SPOOL_NAME_BYTES];
	spool_segment_name(segment, suffix, name);
	return spool_path(spool, name, out);
}

/* A file that may not grow is a full disk, and nothing was broken by it. */
static enum ch_status spool_write(int fd, const void *data, size_t len, uint64_t offset)
{
	enum ch_status status = file_fault("spool.write");
	if (status == CH_OK)
		status = file_write_at(fd, data, len, offset);
	return status == CH_IO && errno == EFBIG ? CH_FULL : status;
}

/* After a failed write or sync nobody knows what is on the disk. */
static enum ch_status spool_note(struct spool *spool, enum ch_status status)
{
	if (status == CH_IO)
		spool->broken = status;
	return status;
}

/* ---- Segments ---- */

enum ch_status spool_add_segment(struct spool *spool, const struct spool_segment *segment)
{
	if (spool->count == spool->capacity) {
		size_t capacity = spool->capacity > 0 ? spool->capacity * 2 : 16;
		struct spool_segment *more = realloc(spool->segments, capacity * sizeof(*more));
		if (more == NULL)
			return CH_NOMEM;
		spool->segments = more;
		spool->capacity = capacity;
	}
	spool->segments[spool->count++] = *segment;
	return CH_OK;
}

uint64_t spool_segment_end(const struct spool *spool, size_t index)
{
	return index + 1 < spool->count ? spool->segments[index + 1].first : spool->next;
}

static enum ch_status segment_delete(struct spool *spool, const struct spool_segment *segment)
{
	char path[PATH_MAX];
	char kept[PATH_MAX];
	if (!segment_path(spool, segment, ".spool", path) ||
		!segment_path(spool, segment, ".damaged", kept))
		return CH_TOO_LARGE;
	if ((segment->damaged ? rename(path, kept) : unlink(path)) != 0 && errno != ENOENT)
		return file_status();
	return CH_OK;
}

enum ch_status spool_trim(struct spool *spool)
{
	while (spool->count > 0 && spool_segment_end(spool, 0) <= spool->cursor) {
		/* First the cursor: without it a missing file would be a loss. */
		enum ch_status status = spool_save(spool);
		if (status == CH_OK)
			status = segment_delete(spool, &spool->segments[0]);
		if (status != CH_OK)
			return status;
		if (spool->count == 1 && spool->fd >= 0) {
			(void)close(spool->fd); /* of a file that is no more */
			spool->fd = -1;
		}
		if (spool->page_of.first == spool->segments[0].first)
			spool->reading = false;
		spool->bytes -= spool->segments[0].bytes;
		spool->count--;
		memmove(spool->segments, spool->segments + 1,
			spool->count * sizeof(*spool->segments));
	}
	return CH_OK;
}

static enum ch_status segment_begin(struct spool *spool)
{
	char path[PATH_MAX];
	struct buffer head = {0};
	int fd = -1;
	const struct spool_segment segment = {
		.first = spool->next, .salt = spool->salt, .bytes = SPOOL_HEAD_BYTES};
	enum ch_status status = spool_sync(spool);
	if (status != CH_OK)
		return status;
	if (!segment_path(spool, &segment, ".spool", path))
		return CH_TOO_LARGE;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return file_status();
	spool_file_put_head(
		&head, &(struct spool_head){segment.first, clock_wall_us(), segment.salt});
	status = head.status;
	if (status == CH_OK)
		status = spool_write(fd, head.data, head.len, 0);
	if (status == CH_OK)
		status = file_sync(fd);
	if (status == CH_OK)
		status = file_sync_dir(spool->directory);
	if (status == CH_OK)
		status = spool_add_segment(spool, &segment);
	if (status != CH_OK) {
		(void)unlink(
			path); /* a leftover without records is cleared away at the next start */
		goto out;
	}
	if (spool->fd >= 0)
		(void)close(spool->fd); /* synced above */
	spool->fd = fd;
	fd = -1; /* the spool's now */
	spool->bytes += SPOOL_HEAD_BYTES;
out:
	if (fd >= 0)
		(void)close(fd); /* of a file that is no more */
	buffer_fini(&head);
	return spool_note(spool, status);
}

/* ---- In ---- */

/* The next record's bytes, as they stand in the newest segment, or in the next one. */
static enum ch_status spool_encode(struct spool *spool, const struct spool_record *record)
{
	struct spool_record filled = *record;
	filled.number = spool->next;
	filled.synced = spool->synced;
	filled.origin = slice_sub(filled.origin, 0, LIMIT_ORIGIN_BYTES);
	buffer_clear(&spool->frame);
	spool_file_put_record(&spool->frame,
		spool->fd >= 0 ? spool->segments[spool->count - 1].salt : spool->salt, &filled);
	return spool->frame.status;
}

enum ch_status spool_append(
	struct spool *spool, const struct spool_record *record, uint64_t *out_number)
{
	enum ch_status status = spool->broken;
	if (status == CH_OK)
		status = spool_encode(spool, record);
	if (status != CH_OK)
		return status;
	size_t len = spool->frame.len;
	if (len > SPOOL_RECORD_MAX)
		return CH_TOO_LARGE;
	bool fits = spool->fd >= 0 &&
		    spool->segments[spool->count - 1].bytes + len <= spool->segment_bytes;
	if (spool->bytes + len + (fits ? 0 : SPOOL_HEAD_BYTES) > spool->max_bytes)
		return CH_FULL;
	if (!fits)
		status = segment_begin(spool);
	if (!fits && status == CH_OK)
		status = spool_encode(spool, record); /* with the new one's salt */
	if (status != CH_OK)
		return status;
	struct spool_segment *newest = &spool->segments[spool->count - 1];
	status = spool_write(spool->fd, spool->frame.data, len, newest->bytes);
	if (status != CH_OK) /* full: what was written of it the next one writes over */
		return spool_note(spool, status);
	newest->bytes += len;
	spool->bytes += len;
	if (spool->oldest_us == 0)
		spool->oldest_us = record->since_us;
	*out_number = spool->next++;
	return CH_OK;
}

enum ch_status spool_sync(struct spool *spool)
{
	if (spool->broken != CH_OK)
		return spool->broken;
	if (spool->synced == spool->next)
		return CH_OK;
	enum ch_status status = file_fault("spool.sync");
	if (status == CH_OK)
		status = file_sync(spool->fd);
	if (status == CH_OK)
		spool->synced = spool->next;
	return spool_note(spool, status);
}

/* ---- Out ---- */

/* Reads what the page's file has beyond the bytes that are here.  A file that is gone has nothing. */
static enum ch_status page_read(struct spool *spool, uint64_t bytes)
{
	char path[PATH_MAX];
	size_t have = spool->page.len;
	if (!segment_path(spool, &spool->page_of, ".spool", path))
		return CH_TOO_LARGE;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? CH_OK : file_status();
	enum ch_status status = CH_NOMEM;
	uint8_t *room = buffer_reserve(&spool->page, (size_t)bytes - have);
	if (room != NULL)
		status = file_read_at(fd, room, (size_t)bytes - have, have);
	(void)close(fd); /* read only */
	if (status != CH_OK)
		spool->page.len = have;
	spool->scan.file = buffer_slice(&spool->page);
	return status == CH_END ? CH_OK : status; /* cut short by somebody: as if it were gone */
}

/* The segment that holds `handed`, or the first one behind it; `count`: there is none. */
static size_t page_segment(const struct spool *spool)
{
	size_t index = 0;
	while (index < spool->count && spool_segment_end(spool, index) <= spool->handed)
		index++;
	return index;
}

static enum ch_status page_open(struct spool *spool, size_t index)
{
	const struct spool_segment *segment = &spool->segments[index];
	if (spool->reading && spool->page_of.first == segment->first)
		return CH_OK;
	spool->page_of = *segment;
	buffer_clear(&spool->page);
	enum ch_status status = page_read(spool, segment->bytes);
	if (status != CH_OK)
		return status;
	spool_scan_begin(&spool->scan, buffer_slice(&spool->page), segment->first, segment->salt);
	spool->reading = true;
	return CH_OK;
}

/* Looks for the first record of the page that was not handed out; the scan stands behind it then.
 * CH_END: there is none, and *scan stands where that became known. */
static enum ch_status page_find(
	struct spool *spool, size_t index, struct spool_scan *scan, struct spool_record *out_record)
{
	enum ch_status status;
	*scan = spool->scan;
	do {
		status = spool_scan_next(scan, out_record);
		if ((status == CH_END || status == CH_CORRUPT) &&
			spool->page.len < spool->segments[index].bytes) {
			size_t before = spool->page.len;
			status = page_read(spool, spool->segments[index].bytes);
			if (status != CH_OK)
				return status;
			scan->file = buffer_slice(&spool->page);
			status = spool->page.len > before ? CH_GAP : CH_END; /* again, or in vain */
		}
	} while (status == CH_GAP || (status == CH_OK && out_record->number < spool->handed));
	return status == CH_CORRUPT ? CH_END : status;
}

/* The records from `handed` on and before `to` cannot be read.  That is told when all before them are done
 * with, so that the cursor can pass over them. */
static enum ch_status spool_pass_over(struct spool *spool, size_t index, uint64_t to,
	uint64_t offset, struct spool_damage *out_damage)
{
	struct spool_damage damage = {.first = spool->handed, .last = to - 1, .offset = offset};
	if (spool->cursor < spool->handed)
		return CH_END;
	bool there = index < spool->count && spool->segments[index].first <= spool->handed;
	if (there) {
		spool->segments[index].damaged = true;
		spool_segment_name(&spool->segments[index], ".damaged", damage.file);
	}
	spool->handed = to;
	spool->cursor = to;
	*out_damage = damage;
	(void)spool_trim(spool); /* what cannot be deleted now, can be later */
	return CH_GAP;
}

enum ch_status spool_next(
	struct spool *spool, struct spool_record *out_record, struct spool_damage *out_damage)
{
	struct spool_scan scan = {.at = 0};
	struct spool_record record;
	if (spool->broken != CH_OK)
		return spool->broken;
	if (spool->handed == spool->synced || spool->handed - spool->cursor >= SPOOL_WINDOW)
		return CH_END;
	size_t index = page_segment(spool);
	if (index == spool->count) /* all files are gone */
		return spool_pass_over(spool, index, spool->synced, 0, out_damage);
	enum ch_status status = page_open(spool, index);
	if (status == CH_OK)
		status = page_find(spool, index, &scan, &record);
	if (status != CH_OK && status != CH_END)
		return status;
	uint64_t end = spool_segment_end(spool, index);
	uint64_t reach = status == CH_OK && record.number < end ? record.number : end;
	if (reach > spool->synced)
		reach = spool->synced;
	if (reach > spool->handed)
		return spool_pass_over(spool, index, reach, spool->scan.at, out_damage);
	spool->scan = scan;
	spool->handed++;
	spool->oldest_us = record.since_us;
	*out_record = record;
	return CH_OK;
}

void spool_skip(struct spool *spool)
{
	invariant(spool->next - spool->cursor <= SPOOL_WINDOW);
	spool->handed = spool->synced;
}

enum ch_status spool_done(struct spool *spool, uint64_t number)
{
	invariant(number >= spool->cursor && number < spool->handed);
	spool->done[number % SPOOL_WINDOW / 64] |= UINT64_C(1) << (number % 64);
	for (;;) {
		uint64_t *word = &spool->done[spool->cursor % SPOOL_WINDOW / 64];
		uint64_t bit = UINT64_C(1) << (spool->cursor % 64);
		if (spool->cursor == spool->handed || (*word & bit) == 0)
			break;
		*word &= ~bit;
		spool->cursor++;
	}
	if (spool->cursor == spool->next)
		spool->oldest_us = 0;
	return spool_trim(spool);
}

/* In place, over bytes that are there: on a full disk, too, room can be made. */
enum ch_status spool_save(struct spool *spool)
{
	struct buffer bytes = {0};
	if (spool->broken != CH_OK || spool->cursor == spool->saved)
		return spool->broken;
	spool_file_put_cursor(
		&bytes, &(struct spool_cursor){.cursor = spool->cursor, .synced = spool->synced});
	enum ch_status status = bytes.status;
	if (status == CH_OK)
		status = spool_write(spool->cursor_fd, bytes.data, bytes.len,
			spool->second ? SPOOL_CURSOR_PAGE : 0);
	if (status == CH_OK)
		status = file_sync(spool->cursor_fd);
	if (status == CH_OK) {
		spool->saved = spool->cursor;
		spool->second = !spool->second;
	}
	buffer_fini(&bytes);
	return spool_note(spool, status);
}

/* ---- Opening and closing ---- */

static enum ch_status spool_attach(struct spool *spool, const struct spool_options *options)
{
	char path[PATH_MAX];
	if (strlen(options->directory) >= sizeof(spool->directory))
		return CH_TOO_LARGE;
	(void)strcpy(spool->directory, options->directory);
	spool->max_bytes =
		options->max_bytes < SPOOL_LEAST_BYTES ? SPOOL_LEAST_BYTES : options->max_bytes;
	spool->segment_bytes = spool->max_bytes / SEGMENT_PARTS;
	if (spool->segment_bytes > SEGMENT_MOST)
		spool->segment_bytes = SEGMENT_MOST;
	enum ch_status status = file_make_dirs(spool->directory, 0700);
	if (status == CH_OK)
		status = spool_path(spool, "cursor", path) ? file_lock(path, &spool->cursor_fd)
							   : CH_TOO_LARGE;
	if (status == CH_OK)
		status = spool_recover(spool);
	return status;
}

enum ch_status spool_open(const struct spool_options *options, struct spool **out_spool)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	if (spool == NULL)
		return CH_NOMEM;
	spool->cursor_fd = -1;
	spool->salt = (uint32_t)hash_seed();
	spool->fd = -1;
	enum ch_status status = spool_attach(spool, options);
	if (status != CH_OK) {
		spool->broken = status; /* nothing is written down */
		spool_close(spool);
		return status;
	}
	*out_spool = spool;
	return CH_OK;
}

void spool_close(struct spool *spool)
{
	if (spool == NULL)
		return;
	if (spool->broken == CH_OK)
		(void)spool_save(spool); /* else records come again, as duplicates */
	if (spool->fd >= 0)
		(void)close(spool->fd); /* what matters was synced */
	if (spool->cursor_fd >= 0)
		(void)close(spool->cursor_fd); /* synced by each save */
	buffer_fini(&spool->frame);
	buffer_fini(&spool->page);
	free(spool->segments);
	free(spool);
}

void spool_look(const struct spool *spool, struct spool_state *out_state)
{
	*out_state = (struct spool_state){
		.records = spool->next - spool->cursor,
		.bytes = spool->bytes,
		.oldest_us = spool->oldest_us,
		.torn_bytes = spool->torn_bytes,
		.started_over = spool->started_over,
	};
}
