#include "journal/spare.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

/* Renames a file to the name of its next use, and adds it. */
static enum ch_status spare_enroll(
	struct journal *journal, const char *old_name, uint64_t file_bytes)
{
	char name[SEGMENT_NAME_BYTES];
	struct segment *spare = NULL;
	enum ch_status status = segment_create(catalog_draw_epoch(&journal->catalog), &spare);
	if (status != CH_OK)
		goto out;
	spare->label.file_bytes = file_bytes;
	segment_name(spare->epoch, name);
	status = file_fault("journal.spare.rename");
	if (status != CH_OK)
		goto out;
	if (renameat(journal->dir_fd, old_name, journal->dir_fd, name) != 0 ||
		fsync(journal->dir_fd) != 0) {
		status = CH_IO;
		goto out;
	}
	spare->fd = openat(journal->dir_fd, name, O_RDWR | O_CLOEXEC);
	if (spare->fd < 0)
		status = file_status();
	else if (catalog_put_spare(&journal->catalog, spare))
		spare = NULL; /* the catalog's now */
out:
	segment_release(spare);
	return status;
}

enum ch_status spare_prepare(struct journal *journal)
{
	/* Writer and keeper may both be at it, so the name is drawn like an epoch. */
	char name[SEGMENT_NAME_BYTES];
	(void)snprintf(
		name, sizeof(name), "%010" PRIu64 ".new", catalog_draw_epoch(&journal->catalog));
	enum ch_status status = segment_prewrite(journal->dir_fd, name, journal->segment_bytes);
	if (status == CH_OK)
		status = spare_enroll(journal, name, journal->segment_bytes);
	return status;
}

enum ch_status spare_recycle(struct journal *journal, struct segment *segment)
{
	char name[SEGMENT_NAME_BYTES];
	enum ch_status status = CH_OK;
	uint64_t file_bytes = segment->label.file_bytes;
	segment_name(segment->epoch, name);
	/* From here on readers do not believe what they read from this file. */
	atomic_store_explicit(&segment->retired, true, memory_order_seq_cst);
	segment_release(segment);
	status = file_fault("journal.recycle");
	if (status != CH_OK)
		return status;
	if (file_bytes == journal->segment_bytes &&
		catalog_spares(&journal->catalog) < journal->spare_segments)
		return spare_enroll(journal, name, file_bytes);
	if (unlinkat(journal->dir_fd, name, 0) != 0 || fsync(journal->dir_fd) != 0)
		return CH_IO;
	return CH_OK;
}
