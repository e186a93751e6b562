#include "journal/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/invariant.h"
#include "journal/batch.h"

/* Between two syncs of a prewrite: 4 MiB are some 10 ms of a disk, which an acknowledgement can
 * wait. */
#define SEGMENT_PORTION_BYTES (4u * 1024u * 1024u)

enum ch_status segment_create(uint64_t epoch, struct segment **out_segment)
{
	struct segment *segment = calloc(1, sizeof(*segment));
	if (segment == NULL)
		return CH_NOMEM;
	segment->epoch = epoch;
	segment->fd = -1;
	atomic_init(&segment->references, 1);
	*out_segment = segment;
	return CH_OK;
}

struct segment *segment_share(struct segment *segment)
{
	(void)atomic_fetch_add_explicit(&segment->references, 1, memory_order_relaxed);
	return segment;
}

void segment_release(struct segment *segment)
{
	if (segment == NULL ||
		atomic_fetch_sub_explicit(&segment->references, 1, memory_order_acq_rel) > 1)
		return;
	if (segment->fd >= 0)
		(void)close(segment->fd); /* everything that counts was synced */
	index_free(atomic_load_explicit(&segment->index, memory_order_relaxed));
	free(segment);
}

void segment_name(uint64_t epoch, char out_name[SEGMENT_NAME_BYTES])
{
	(void)snprintf(out_name, SEGMENT_NAME_BYTES, "%010" PRIu64 ".seg", epoch);
}

bool segment_fits(const struct segment *segment, uint64_t batch_length)
{
	uint64_t end = atomic_load_explicit(&segment->end, memory_order_relaxed);
	return batch_length <= segment->label.file_bytes - SEGMENT_PAGE_BYTES - end;
}

static enum ch_status segment_write_zeros(int fd, uint64_t bytes)
{
	static const uint8_t zeros[64 * 1024];
	/* One extent where the file system can, and no half-written file when there is no room.
	 * One that cannot reserve writes all the same. */
	if (fallocate(fd, 0, 0, (off_t)bytes) != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
		return file_status();
	for (uint64_t at = 0; at < bytes; at += sizeof(zeros)) {
		size_t len = bytes - at < sizeof(zeros) ? (size_t)(bytes - at) : sizeof(zeros);
		enum ch_status status = file_write_at(fd, zeros, len, at);
		if (status == CH_OK && (at + len) % SEGMENT_PORTION_BYTES == 0)
			status = file_sync(fd);
		if (status != CH_OK)
			return status;
	}
	return fsync(fd) == 0 ? CH_OK : CH_IO;
}

enum ch_status segment_prewrite(int dir_fd, const char *name, uint64_t bytes)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return file_status();
	enum ch_status status = file_fault("journal.spare.write");
	if (status == CH_OK)
		status = segment_write_zeros(fd, bytes);
	if (close(fd) != 0 && status == CH_OK)
		status = CH_IO;
	if (status != CH_OK)
		(void)unlinkat(dir_fd, name, 0); /* a leftover is replaced by the next attempt */
	return status;
}

static enum ch_status segment_read_label(
	int fd, uint64_t offset, uint64_t epoch, struct label *out_label)
{
	uint8_t bytes[LABEL_BYTES];
	struct label label;
	enum ch_status status = file_read_at(fd, bytes, sizeof(bytes), offset);
	if (status == CH_END)
		return CH_CORRUPT; /* a file cut short */
	if (status == CH_OK)
		status = label_get(bytes, &label);
	if (status == CH_OK && label.epoch != epoch)
		return CH_NOT_FOUND; /* of an earlier use */
	if (status == CH_OK)
		*out_label = label;
	return status;
}

/* Has a batch been stored under this epoch, whatever became of the labels? */
static bool segment_holds_batch(int fd, uint64_t epoch)
{
	uint8_t bytes[BATCH_HEAD_BYTES];
	return file_read_at(fd, bytes, sizeof(bytes), SEGMENT_PAGE_BYTES) == CH_OK &&
	       batch_claims(bytes, epoch);
}

enum ch_status segment_inspect(
	int fd, uint64_t epoch, enum segment_part *out_part, struct label *out_label)
{
	struct label front;
	struct label back;
	struct stat file;
	if (fstat(fd, &file) != 0)
		return CH_IO;
	uint64_t bytes = (uint64_t)file.st_size;
	enum ch_status front_status = segment_read_label(fd, 0, epoch, &front);
	enum ch_status back_status = CH_CORRUPT;
	if (bytes >= SEGMENT_BYTES_MIN)
		back_status = segment_read_label(fd, bytes - SEGMENT_PAGE_BYTES, epoch, &back);
	if (front_status == CH_IO || back_status == CH_IO)
		return CH_IO;
	if (back_status == CH_OK && (back.sealed || front_status != CH_OK)) {
		*out_part = SEGMENT_USED;
		*out_label = back;
	} else if (front_status == CH_OK) {
		*out_part = SEGMENT_USED;
		*out_label = front;
	} else if (front_status == CH_VERSION || back_status == CH_VERSION) {
		return CH_VERSION;
	} else {
		/* Labels are synced before the first batch: without a batch, at most the taking
		 * into use was torn, and nothing was stored here. */
		*out_part = segment_holds_batch(fd, epoch) ? SEGMENT_WRECK : SEGMENT_SPARE;
	}
	return CH_OK;
}

void segment_restore(struct segment *segment, const struct label *label)
{
	segment->label = *label;
	segment->seal = *label;
	segment->key = batch_key(label->epoch, label->salt);
	atomic_store_explicit(&segment->end,
		label->sealed ? label->end : label->file_bytes - SEGMENT_PAGE_BYTES,
		memory_order_relaxed);
}

static enum ch_status segment_write_label(
	const struct segment *segment, const struct label *label, uint64_t offset)
{
	uint8_t page[SEGMENT_PAGE_BYTES] = {0};
	label_put(page, label);
	return file_write_at(segment->fd, page, sizeof(page), offset);
}

enum ch_status segment_begin(struct segment *segment, const struct label *label)
{
	invariant(label->epoch == segment->epoch && !label->sealed);
	segment->label = *label;
	segment->key = batch_key(label->epoch, label->salt);
	atomic_store_explicit(&segment->end, SEGMENT_PAGE_BYTES, memory_order_relaxed);
	enum ch_status status = file_fault("journal.roll.begin");
	if (status == CH_OK)
		status = segment_rewrite_labels(segment);
	if (status == CH_OK)
		status = file_sync(segment->fd);
	if (status == CH_OK)
		status = file_fault("journal.roll.begun");
	return status;
}

enum ch_status segment_rewrite_labels(struct segment *segment)
{
	struct label front = segment->label;
	front.sealed = false;
	enum ch_status status = segment_write_label(segment, &front, 0);
	if (status == CH_OK)
		status = segment_write_label(
			segment, &segment->label, segment->label.file_bytes - SEGMENT_PAGE_BYTES);
	return status;
}

enum ch_status segment_seal(struct segment *segment, const struct label *sealed)
{
	invariant(sealed->epoch == segment->epoch && sealed->sealed);
	enum ch_status status = file_fault("journal.roll.seal");
	if (status == CH_OK)
		status = segment_write_label(
			segment, sealed, sealed->file_bytes - SEGMENT_PAGE_BYTES);
	if (status == CH_OK)
		status = file_sync(segment->fd);
	if (status == CH_OK)
		status = file_fault("journal.roll.sealed");
	return status;
}
