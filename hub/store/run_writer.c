/* Writes a run as two streams into one file: filter blocks at the front, record blocks behind
 * them. Both are filled in the order of the fingerprints, so nothing but the fences is kept in
 * memory.  The header comes last: a file that was left half written has none. */
#include "store/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/invariant.h"
#include "store/filter.h"
#include "store/pace.h"
#include "store/run_format.h"

#define STREAM_BYTES (256u * 1024u)

/* One of the two streams: bytes that are collected and written at `offset`. */
struct stream {
	uint64_t offset;
	size_t used;
	uint8_t bytes[STREAM_BYTES];
};

struct run_writer {
	char path[PATH_MAX];
	int fd;
	enum ch_status status;
	uint64_t number;
	uint64_t bound;
	uint64_t items;
	uint64_t filter_blocks;
	uint64_t filter_block; /* being filled, at the end of its stream */
	uint64_t block;
	uint32_t block_count; /* records in the block being filled */
	uint64_t first_sequence;
	uint64_t last_sequence;
	struct id_record last;
	struct buffer fences;
	struct stream filter;
	struct stream blocks;
};

enum ch_status run_writer_create(
	const char *dir, uint64_t number, uint64_t bound, struct run_writer **out_writer)
{
	char name[RUN_NAME_BYTES];
	enum ch_status status = CH_TOO_LARGE;
	struct run_writer *writer = calloc(1, sizeof(*writer));
	if (writer == NULL)
		return CH_NOMEM;
	writer->fd = -1;
	writer->number = number;
	writer->bound = bound;
	writer->filter_blocks = filter_blocks(bound);
	writer->filter.offset = RUN_FILTER_OFFSET;
	writer->blocks.offset = run_layout(bound, writer->filter_blocks).blocks_offset;
	if ((size_t)snprintf(writer->path, sizeof(writer->path), "%s/%s", dir,
		    run_name(number, name)) >= sizeof(writer->path))
		goto out;
	writer->fd = open(writer->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	status = writer->fd < 0 ? file_status() : CH_OK;
	if (status != CH_OK)
		goto out;
	*out_writer = writer;
	writer = NULL; /* the caller's now */
out:
	run_writer_abort(writer);
	return status;
}

static void stream_flush(struct run_writer *writer, struct stream *stream)
{
	if (writer->status == CH_OK)
		writer->status =
			file_write_at(writer->fd, stream->bytes, stream->used, stream->offset);
	if (writer->status == CH_OK)
		writer->status = pace_range(writer->fd, stream->offset, stream->used);
	stream->offset += stream->used;
	stream->used = 0;
}

/* `len` zeroed bytes at the end of the stream; `len` divides STREAM_BYTES. */
static uint8_t *stream_reserve(struct run_writer *writer, struct stream *stream, size_t len)
{
	if (stream->used == STREAM_BYTES)
		stream_flush(writer, stream);
	uint8_t *at = stream->bytes + stream->used;
	memset(at, 0, len);
	stream->used += len;
	return at;
}

/* Seals filter blocks until number `block` is the one being filled. */
static void run_writer_filter_to(struct run_writer *writer, uint64_t block)
{
	struct stream *stream = &writer->filter;
	if (stream->used == 0 && writer->filter_block == 0)
		(void)stream_reserve(writer, stream, FILTER_BLOCK_BYTES); /* the very first */
	while (writer->filter_block < block) {
		filter_seal(stream->bytes + stream->used - FILTER_BLOCK_BYTES, writer->number,
			writer->filter_block);
		(void)stream_reserve(writer, stream, FILTER_BLOCK_BYTES); /* at its end now */
		writer->filter_block++;
	}
}

static void run_writer_seal_block(struct run_writer *writer)
{
	uint8_t *block = writer->blocks.bytes + writer->blocks.used - RUN_BLOCK_BYTES;
	run_block_seal(block, writer->number, writer->block, writer->block_count);
	writer->block++;
	writer->block_count = 0;
}

void run_writer_add(struct run_writer *writer, const struct id_record *record)
{
	if (writer->status != CH_OK)
		return;
	if (writer->items > 0) {
		int order =
			memcmp(writer->last.fingerprint, record->fingerprint, ID_FINGERPRINT_BYTES);
		invariant(order <= 0);
		if (order == 0)
			return;
	}
	invariant(writer->items < writer->bound && record->sequence != 0);
	if (writer->block_count == RUN_BLOCK_RECORDS)
		run_writer_seal_block(writer);
	if (writer->block_count == 0) {
		(void)stream_reserve(writer, &writer->blocks, RUN_BLOCK_BYTES); /* at its end */
		buffer_append(&writer->fences, record->fingerprint, RUN_FENCE_BYTES);
	}
	uint8_t *block = writer->blocks.bytes + writer->blocks.used - RUN_BLOCK_BYTES;
	run_record_encode(record, block + writer->block_count * RUN_RECORD_BYTES);
	writer->block_count++;
	run_writer_filter_to(writer, filter_block(record->fingerprint, writer->filter_blocks));
	filter_add(writer->filter.bytes + writer->filter.used - FILTER_BLOCK_BYTES,
		record->fingerprint);
	if (writer->items == 0 || record->sequence < writer->first_sequence)
		writer->first_sequence = record->sequence;
	if (record->sequence > writer->last_sequence)
		writer->last_sequence = record->sequence;
	writer->last = *record;
	writer->items++;
}

enum ch_status run_writer_status(const struct run_writer *writer)
{
	return writer->status;
}

/* What stands behind the last record: both streams' ends, fences, header. */
static enum ch_status run_writer_complete(struct run_writer *writer)
{
	uint8_t page[RUN_BLOCK_BYTES];
	run_writer_seal_block(writer);
	run_writer_filter_to(writer, writer->filter_blocks - 1);
	filter_seal(writer->filter.bytes + writer->filter.used - FILTER_BLOCK_BYTES, writer->number,
		writer->filter_block);
	stream_flush(writer, &writer->filter);
	stream_flush(writer, &writer->blocks);
	if (writer->status == CH_OK)
		writer->status = writer->fences.status;
	if (writer->status != CH_OK)
		return writer->status;
	struct run_header header = {
		.layout = run_layout(writer->items, writer->filter_blocks),
		.first_sequence = writer->first_sequence,
		.last_sequence = writer->last_sequence,
		.fences_sum = crc32c(0, writer->fences.data, writer->fences.len),
	};
	run_header_encode(&header, writer->number, page);
	enum ch_status status = file_write_at(
		writer->fd, writer->fences.data, writer->fences.len, header.layout.fences_offset);
	if (status == CH_OK)
		status = file_write_at(writer->fd, page, sizeof(page), 0);
	return status;
}

enum ch_status run_writer_finish(struct run_writer *writer)
{
	invariant(writer->items > 0);
	enum ch_status status = run_writer_complete(writer);
	int error = fault_at("inbox.run");
	if (status == CH_OK && error != 0)
		status = error == ENOSPC ? CH_FULL : CH_IO;
	if (status == CH_OK)
		status = file_sync(writer->fd);
	if (status == CH_OK) {
		status = close(writer->fd) == 0 ? CH_OK : CH_IO;
		writer->fd = -1;
		if (status == CH_OK)
			writer->path[0] = 0; /* it stays */
	}
	run_writer_abort(writer);
	return status;
}

void run_writer_abort(struct run_writer *writer)
{
	if (writer == NULL)
		return;
	if (writer->fd >= 0)
		(void)close(writer->fd); /* forgotten anyway */
	if (writer->path[0] != 0)
		(void)unlink(writer->path); /* else opening the inbox removes it */
	buffer_fini(&writer->fences);
	free(writer);
}
