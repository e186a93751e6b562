#include "journal/tape.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/archive.h"
#include "journal/batch.h"

/* Large enough that a call into the kernel costs nothing per entry, small enough for a thousand
 * readers. */
#define TAPE_WINDOW_BYTES (256u * 1024u)

struct tape_source {
	uint64_t (*end)(const struct tape *tape);
	/* Puts at least these bytes into the window. */
	enum ch_status (*fill)(struct tape *tape, uint64_t offset, size_t len);
	uint64_t (*skip)(const struct tape *tape, uint64_t offset);
	enum ch_status (*find)(struct tape *tape, uint64_t sequence, uint64_t *out_offset);
	enum ch_status (*find_time)(struct tape *tape, int64_t arrival_us, uint64_t *out_offset);
};

struct tape {
	const struct tape_source *source;
	struct label label;
	uint32_t key;
	const uint8_t *window; /* the bytes from window_start to window_end */
	uint64_t window_start;
	uint64_t window_end;
	struct buffer buffer;    /* behind the window, but for memory */
	struct segment *segment; /* of a segment file, its descriptor and its size */
	int fd;
	uint64_t file_bytes;
	struct archive *archive; /* of an archive file */
};

static enum ch_status tape_create(const struct tape_source *source, struct tape **out_tape)
{
	struct tape *tape = calloc(1, sizeof(*tape));
	if (tape == NULL)
		return CH_NOMEM;
	tape->source = source;
	tape->fd = -1;
	*out_tape = tape;
	return CH_OK;
}

static void tape_set_label(struct tape *tape, const struct label *label)
{
	tape->label = *label;
	tape->key = batch_key(label->epoch, label->salt);
}

static void tape_set_window(struct tape *tape, const uint8_t *bytes, uint64_t start, size_t len)
{
	tape->window = bytes;
	tape->window_start = start;
	tape->window_end = start + len;
}

void tape_close(struct tape *tape)
{
	if (tape == NULL)
		return;
	if (tape->fd >= 0)
		(void)close(tape->fd); /* read only */
	segment_release(tape->segment);
	archive_close(tape->archive);
	buffer_fini(&tape->buffer);
	free(tape);
}

/* ---- A segment file ---- */

static uint64_t tape_segment_end(const struct tape *tape)
{
	uint64_t end = atomic_load_explicit(&tape->segment->end, memory_order_acquire);
	return end < tape->file_bytes ? end : tape->file_bytes; /* somebody may have cut it short */
}

static enum ch_status tape_segment_fill(struct tape *tape, uint64_t offset, size_t len)
{
	uint64_t left = tape_segment_end(tape) - offset;
	size_t want = left < TAPE_WINDOW_BYTES ? (size_t)left : TAPE_WINDOW_BYTES;
	if (want < len)
		want = len;
	tape_set_window(tape, NULL, 0, 0); /* the buffer is written over */
	buffer_clear(&tape->buffer);
	uint8_t *bytes = buffer_reserve(&tape->buffer, want);
	if (bytes == NULL)
		return CH_NOMEM;
	enum ch_status status = file_read_at(tape->fd, bytes, want, offset);
	if (status != CH_OK)
		return status;
	/* The keeper sets the mark before it touches the file, so what was read before the mark
	 * could be seen is this segment's. */
	if (atomic_load_explicit(&tape->segment->retired, memory_order_acquire))
		return CH_RETRY;
	tape_set_window(tape, bytes, offset, want);
	return CH_OK;
}

static uint64_t tape_segment_skip(const struct tape *tape, uint64_t offset)
{
	(void)offset;
	return tape_segment_end(tape); /* nothing follows where the file ends */
}

/* One hop a batch from head to head; what lies behind a broken one goes without rows, which costs
 * time and nothing else. */
static enum ch_status tape_segment_index(struct tape *tape, struct index **out_index)
{
	struct index *index = NULL;
	struct index *known = NULL;
	struct batch_head head;
	struct slice bytes;
	uint64_t offset = SEGMENT_PAGE_BYTES;
	enum ch_status status = index_create(tape->label.file_bytes, &index);
	while (status == CH_OK) {
		status = tape_view(tape, offset, BATCH_HEAD_BYTES, &bytes);
		if (status == CH_OK)
			status = batch_get_head(bytes.data, tape->label.epoch, tape->key, &head);
		if (status != CH_OK)
			break;
		index_add(index, head.first, head.first_arrival_us, offset);
		offset += head.length;
	}
	if (status != CH_END && status != CH_CORRUPT) {
		index_free(index);
		return status;
	}
	/* Another reader may have been quicker; then his serves as well. */
	if (!atomic_compare_exchange_strong(&tape->segment->index, &known, index)) {
		index_free(index);
		index = known;
	}
	*out_index = index;
	return CH_OK;
}

static enum ch_status tape_segment_indexed(struct tape *tape, struct index **out_index)
{
	*out_index = atomic_load_explicit(&tape->segment->index, memory_order_acquire);
	return *out_index != NULL ? CH_OK : tape_segment_index(tape, out_index);
}

static uint64_t tape_first_batch(uint64_t offset)
{
	return offset == 0 ? SEGMENT_PAGE_BYTES : offset;
}

static enum ch_status tape_segment_find(struct tape *tape, uint64_t sequence, uint64_t *out_offset)
{
	struct index *index;
	enum ch_status status = tape_segment_indexed(tape, &index);
	if (status == CH_OK)
		*out_offset = tape_first_batch(index_find(index, sequence));
	return status;
}

static enum ch_status tape_segment_find_time(
	struct tape *tape, int64_t arrival_us, uint64_t *out_offset)
{
	struct index *index;
	enum ch_status status = tape_segment_indexed(tape, &index);
	if (status == CH_OK)
		*out_offset = tape_first_batch(index_find_time(index, arrival_us));
	return status;
}

static const struct tape_source tape_segment_source = {
	tape_segment_end,
	tape_segment_fill,
	tape_segment_skip,
	tape_segment_find,
	tape_segment_find_time,
};

enum ch_status tape_open_segment(
	int dir_fd, struct segment *segment, const struct label *label, struct tape **out_tape)
{
	char name[SEGMENT_NAME_BYTES];
	struct stat file;
	struct tape *tape = NULL;
	enum ch_status status = tape_create(&tape_segment_source, &tape);
	if (status != CH_OK)
		goto out;
	tape->segment = segment_share(segment);
	tape_set_label(tape, label);
	segment_name(segment->epoch, name);
	tape->fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (tape->fd < 0 || fstat(tape->fd, &file) != 0) {
		status = file_status();
		goto out;
	}
	tape->file_bytes = (uint64_t)file.st_size;
	*out_tape = tape;
	tape = NULL; /* the caller's now */
out:
	tape_close(tape);
	return status;
}

/* ---- An archive file ---- */

static uint64_t tape_archive_end(const struct tape *tape)
{
	return tape->label.end;
}

static enum ch_status tape_archive_fill(struct tape *tape, uint64_t offset, size_t len)
{
	uint32_t row = archive_find_offset(tape->archive, offset);
	const struct archive_row *block = archive_row(tape->archive, row);
	tape_set_window(tape, NULL, 0, 0); /* the buffer is written over */
	if (offset < block->raw_offset || len > block->raw_offset + block->raw_length - offset)
		return CH_CORRUPT; /* no batch goes over the edge of a block */
	enum ch_status status = archive_read(tape->archive, row, &tape->buffer);
	if (status == CH_OK)
		tape_set_window(tape, tape->buffer.data, block->raw_offset, block->raw_length);
	return status;
}

static uint64_t tape_archive_skip(const struct tape *tape, uint64_t offset)
{
	uint32_t row = archive_find_offset(tape->archive, offset);
	const struct archive_row *block = archive_row(tape->archive, row);
	return block->raw_offset + block->raw_length;
}

static enum ch_status tape_archive_find(struct tape *tape, uint64_t sequence, uint64_t *out_offset)
{
	uint32_t row = archive_find(tape->archive, sequence);
	*out_offset = archive_row(tape->archive, row)->raw_offset;
	return CH_OK;
}

static enum ch_status tape_archive_find_time(
	struct tape *tape, int64_t arrival_us, uint64_t *out_offset)
{
	uint32_t row = archive_find_time(tape->archive, arrival_us);
	*out_offset = archive_row(tape->archive, row)->raw_offset;
	return CH_OK;
}

static const struct tape_source tape_archive_source = {
	tape_archive_end,
	tape_archive_fill,
	tape_archive_skip,
	tape_archive_find,
	tape_archive_find_time,
};

enum ch_status tape_open_archive(int fd, struct tape **out_tape)
{
	struct tape *tape = NULL;
	enum ch_status status = tape_create(&tape_archive_source, &tape);
	if (status != CH_OK) {
		(void)close(fd); /* read only */
		return status;
	}
	status = archive_open(fd, &tape->archive);
	if (status != CH_OK)
		goto out;
	tape_set_label(tape, archive_label(tape->archive));
	*out_tape = tape;
	tape = NULL; /* the caller's now */
out:
	tape_close(tape);
	return status;
}

/* ---- Memory ---- */

static uint64_t tape_memory_end(const struct tape *tape)
{
	return tape->window_end;
}

static enum ch_status tape_memory_fill(struct tape *tape, uint64_t offset, size_t len)
{
	(void)tape;
	(void)offset;
	(void)len;
	return CH_END; /* all there is, is in the window */
}

static enum ch_status tape_memory_find(struct tape *tape, uint64_t sequence, uint64_t *out_offset)
{
	(void)tape;
	(void)sequence;
	*out_offset = SEGMENT_PAGE_BYTES;
	return CH_OK;
}

static enum ch_status tape_memory_find_time(
	struct tape *tape, int64_t arrival_us, uint64_t *out_offset)
{
	(void)tape;
	(void)arrival_us;
	*out_offset = SEGMENT_PAGE_BYTES;
	return CH_OK;
}

static uint64_t tape_memory_skip(const struct tape *tape, uint64_t offset)
{
	(void)offset;
	return tape->window_end;
}

static const struct tape_source tape_memory_source = {
	tape_memory_end,
	tape_memory_fill,
	tape_memory_skip,
	tape_memory_find,
	tape_memory_find_time,
};

enum ch_status tape_open_memory(
	const struct label *label, struct slice bytes, struct tape **out_tape)
{
	struct tape *tape = NULL;
	enum ch_status status = tape_create(&tape_memory_source, &tape);
	if (status != CH_OK)
		return status;
	tape_set_label(tape, label);
	tape_set_window(tape, bytes.data, 0, bytes.len);
	*out_tape = tape;
	return CH_OK;
}

/* ---- All alike ---- */

const struct label *tape_label(const struct tape *tape)
{
	return &tape->label;
}

uint32_t tape_key(const struct tape *tape)
{
	return tape->key;
}

uint64_t tape_end(const struct tape *tape)
{
	return tape->source->end(tape);
}

enum ch_status tape_view(struct tape *tape, uint64_t offset, size_t len, struct slice *out_bytes)
{
	if (offset < tape->window_start || offset > tape->window_end ||
		len > tape->window_end - offset) {
		uint64_t end = tape_end(tape);
		if (offset > end || len > end - offset)
			return CH_END;
		enum ch_status status = tape->source->fill(tape, offset, len);
		if (status != CH_OK)
			return status;
	}
	*out_bytes = slice_of(tape->window + (offset - tape->window_start), len);
	return CH_OK;
}

uint64_t tape_skip(const struct tape *tape, uint64_t offset)
{
	return tape->source->skip(tape, offset);
}

enum ch_status tape_find(struct tape *tape, uint64_t sequence, uint64_t *out_offset)
{
	return tape->source->find(tape, sequence, out_offset);
}

enum ch_status tape_find_time(struct tape *tape, int64_t arrival_us, uint64_t *out_offset)
{
	return tape->source->find_time(tape, arrival_us, out_offset);
}
