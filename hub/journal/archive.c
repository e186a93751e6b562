#include "journal/archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/invariant.h"

static const uint8_t archive_magic[8] = {'C', 'H', 'a', 'r', 'c', 't', 'b', 'l'};

struct archive {
	int fd;
	uint64_t bytes;
	struct label label;
	uint32_t count; /* at least 1 */
	struct archive_row *rows;
	ZSTD_DCtx *zstd;
	struct buffer stored; /* the compressed bytes of the last block */
};

void archive_name(uint64_t first, uint64_t last, char out_name[ARCHIVE_NAME_BYTES])
{
	(void)snprintf(
		out_name, ARCHIVE_NAME_BYTES, "%020" PRIu64 "-%020" PRIu64 ".zst", first, last);
}

bool archive_parse_name(const char *name, uint64_t *out_first, uint64_t *out_last)
{
	char again[ARCHIVE_NAME_BYTES];
	uint64_t first;
	uint64_t last;
	if (sscanf(name, "%20" SCNu64 "-%20" SCNu64, &first, &last) != 2)
		return false;
	archive_name(first, last, again);
	if (strcmp(name, again) != 0 || first == 0 || first > last || last == UINT64_MAX)
		return false;
	*out_first = first;
	*out_last = last;
	return true;
}

/* ---- The table ---- */

void archive_put_row(uint8_t out[ARCHIVE_ROW_BYTES], const struct archive_row *row)
{
	memset(out, 0, ARCHIVE_ROW_BYTES);
	store_le64(out, row->offset);
	store_le32(out + 8, row->length);
	store_le32(out + 12, row->crc);
	store_le64(out + 16, row->raw_offset);
	store_le32(out + 24, row->raw_length);
	store_le64(out + 32, row->first);
	store_le64(out + 40, (uint64_t)row->first_arrival_us);
}

static struct archive_row archive_get_row(const uint8_t bytes[ARCHIVE_ROW_BYTES])
{
	return (struct archive_row){
		.offset = load_le64(bytes),
		.length = load_le32(bytes + 8),
		.crc = load_le32(bytes + 12),
		.raw_offset = load_le64(bytes + 16),
		.raw_length = load_le32(bytes + 24),
		.first = load_le64(bytes + 32),
		.first_arrival_us = (int64_t)load_le64(bytes + 40),
	};
}

void archive_put_trailer(struct buffer *table, uint64_t offset, uint32_t count)
{
	uint8_t *trailer = buffer_reserve(table, ARCHIVE_TRAILER_BYTES);
	if (trailer == NULL)
		return;
	memset(trailer, 0, ARCHIVE_TRAILER_BYTES);
	store_le64(trailer, offset);
	store_le32(trailer + 8, count);
	store_le32(trailer + 12, ARCHIVE_VERSION);
	store_le32(trailer + 16, crc32c(0, table->data, (size_t)(trailer + 16 - table->data)));
	memcpy(trailer + 24, archive_magic, sizeof(archive_magic));
}

/* Blocks follow one another in the file and in the segment, from its first page to its end. */
static bool archive_rows_agree(const struct archive *archive, uint64_t table_offset)
{
	const struct label *label = &archive->label;
	uint64_t raw_offset = SEGMENT_PAGE_BYTES;
	uint64_t offset = 0;
	for (uint32_t i = 0; i < archive->count; i++) {
		const struct archive_row *row = &archive->rows[i];
		if (row->offset < offset || row->offset > table_offset || row->length == 0 ||
			row->length > table_offset - row->offset || row->raw_offset != raw_offset ||
			row->raw_length == 0 || row->raw_length > ARCHIVE_BLOCK_BYTES_MAX ||
			row->first > label->last ||
			row->first < (i == 0 ? label->base : archive->rows[i - 1].first))
			return false;
		offset = row->offset + row->length;
		raw_offset += row->raw_length;
	}
	return label->sealed && raw_offset == label->end;
}

static enum ch_status archive_read_table(
	struct archive *archive, uint64_t offset, uint32_t count, struct buffer *table)
{
	size_t rows_bytes = (size_t)count * ARCHIVE_ROW_BYTES;
	size_t length = LABEL_BYTES + rows_bytes + ARCHIVE_TRAILER_BYTES;
	uint8_t *bytes = buffer_reserve(table, length);
	archive->rows = calloc(count, sizeof(*archive->rows));
	if (bytes == NULL || archive->rows == NULL)
		return CH_NOMEM;
	enum ch_status status =
		file_read_at(archive->fd, bytes, length, offset + ARCHIVE_SKIP_BYTES);
	if (status != CH_OK)
		return status == CH_END ? CH_CORRUPT : status;
	const uint8_t *trailer = bytes + LABEL_BYTES + rows_bytes;
	if (load_le32(trailer + 16) != crc32c(0, bytes, LABEL_BYTES + rows_bytes + 16))
		return CH_CORRUPT;
	status = label_get(bytes, &archive->label);
	if (status != CH_OK)
		return status;
	archive->count = count;
	for (uint32_t i = 0; i < count; i++)
		archive->rows[i] =
			archive_get_row(bytes + LABEL_BYTES + (size_t)i * ARCHIVE_ROW_BYTES);
	return archive_rows_agree(archive, offset) ? CH_OK : CH_CORRUPT;
}

static enum ch_status archive_load(struct archive *archive)
{
	uint8_t trailer[ARCHIVE_TRAILER_BYTES];
	struct buffer table = {0};
	struct stat file;
	if (fstat(archive->fd, &file) != 0)
		return CH_IO;
	archive->bytes = (uint64_t)file.st_size;
	if (archive->bytes < sizeof(trailer))
		return CH_CORRUPT;
	enum ch_status status = file_read_at(
		archive->fd, trailer, sizeof(trailer), archive->bytes - sizeof(trailer));
	if (status != CH_OK)
		return status == CH_END ? CH_CORRUPT : status;
	if (memcmp(trailer + 24, archive_magic, sizeof(archive_magic)) != 0)
		return CH_CORRUPT;
	if (load_le32(trailer + 12) > ARCHIVE_VERSION)
		return CH_VERSION;
	uint64_t offset = load_le64(trailer);
	uint32_t count = load_le32(trailer + 8);
	/* The file's own size bounds what a made-up count could ask for. */
	if (count == 0 || offset > archive->bytes ||
		archive->bytes - offset != ARCHIVE_SKIP_BYTES + LABEL_BYTES +
						   (uint64_t)count * ARCHIVE_ROW_BYTES +
						   ARCHIVE_TRAILER_BYTES)
		return CH_CORRUPT;
	status = archive_read_table(archive, offset, count, &table);
	buffer_fini(&table);
	return status;
}

enum ch_status archive_open(int fd, struct archive **out_archive)
{
	enum ch_status status = CH_NOMEM;
	struct archive *archive = calloc(1, sizeof(*archive));
	if (archive == NULL) {
		(void)close(fd); /* read only */
		return CH_NOMEM;
	}
	archive->fd = fd;
	archive->zstd = ZSTD_createDCtx();
	if (archive->zstd == NULL)
		goto out;
	status = archive_load(archive);
	if (status != CH_OK)
		goto out;
	*out_archive = archive;
	archive = NULL; /* the caller's now */
out:
	archive_close(archive);
	return status;
}

void archive_close(struct archive *archive)
{
	if (archive == NULL)
		return;
	(void)close(archive->fd); /* read only */
	(void)ZSTD_freeDCtx(archive->zstd);
	buffer_fini(&archive->stored);
	free(archive->rows);
	free(archive);
}

const struct label *archive_label(const struct archive *archive)
{
	return &archive->label;
}

uint64_t archive_bytes(const struct archive *archive)
{
	return archive->bytes;
}

uint32_t archive_count(const struct archive *archive)
{
	return archive->count;
}

const struct archive_row *archive_row(const struct archive *archive, uint32_t row)
{
	invariant(row < archive->count);
	return &archive->rows[row];
}

/* ---- Where things are ---- */

static bool archive_row_is_at_offset(const struct archive_row *row, int64_t offset)
{
	return row->raw_offset <= (uint64_t)offset;
}

static bool archive_row_is_at_sequence(const struct archive_row *row, int64_t sequence)
{
	return row->first <= (uint64_t)sequence;
}

static bool archive_row_is_before_time(const struct archive_row *row, int64_t arrival_us)
{
	return row->first_arrival_us < arrival_us;
}

/* The last row for which `before` holds; it holds for the first ones only. */
static uint32_t archive_search(const struct archive *archive,
	bool (*before)(const struct archive_row *row, int64_t key), int64_t key)
{
	uint32_t low = 0;
	uint32_t high = archive->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (before(&archive->rows[middle], key))
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? 0 : low - 1;
}

uint32_t archive_find_offset(const struct archive *archive, uint64_t raw_offset)
{
	return archive_search(archive, archive_row_is_at_offset, (int64_t)raw_offset);
}

uint32_t archive_find(const struct archive *archive, uint64_t sequence)
{
	return archive_search(archive, archive_row_is_at_sequence, (int64_t)sequence);
}

uint32_t archive_find_time(const struct archive *archive, int64_t arrival_us)
{
	return archive_search(archive, archive_row_is_before_time, arrival_us);
}

/* ---- Blocks ---- */

enum ch_status archive_read(struct archive *archive, uint32_t row, struct buffer *out)
{
	const struct archive_row *block = archive_row(archive, row);
	buffer_clear(&archive->stored);
	buffer_clear(out);
	uint8_t *stored = buffer_reserve(&archive->stored, block->length);
	uint8_t *raw = buffer_reserve(out, block->raw_length);
	if (stored == NULL || raw == NULL)
		return CH_NOMEM;
	enum ch_status status = file_read_at(archive->fd, stored, block->length, block->offset);
	if (status == CH_OK && crc32c(0, stored, block->length) != block->crc)
		status = CH_CORRUPT;
	/* The frame's own length is not believed: the room is what the table says. */
	if (status == CH_OK && ZSTD_decompressDCtx(archive->zstd, raw, block->raw_length, stored,
				       block->length) != block->raw_length)
		status = CH_CORRUPT;
	if (status != CH_OK)
		buffer_clear(out);
	return status == CH_END ? CH_CORRUPT : status;
}
