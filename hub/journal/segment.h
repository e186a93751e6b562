/* One segment file.  It is written full of zeros and synced before it is ever used, so that a batch
 * changes data only: fdatasync on such a file has no file system metadata to commit.  A file is
 * used again and again; each use has its own epoch, and the epoch is the file's name.
 *
 *     0            label, written when the use begins; with zeros to 4096
 *     4096         batches, each at a multiple of 64, up to label.end
 *                  old batches of earlier uses, or zeros
 *     size - 4096  label again; sealed when the next segment goes on
 *
 * So a file's part in the journal can be read off: a label with the epoch of the name is a
 * segment in use or sealed, an older label or none is a spare that waits. */
#ifndef JOURNAL_SEGMENT_H
#define JOURNAL_SEGMENT_H

#include <stdatomic.h>

#include "base/status.h"
#include "journal/index.h"
#include "journal/label.h"

#define SEGMENT_NAME_BYTES 32

/* Counted, because readers look at a segment while the keeper gives its file a new use.  What is
 * not atomic is set before others see the segment, or under the catalog's lock. */
struct segment {
	uint64_t epoch;
	struct label label;   /* as it was begun, or found; never changed afterwards */
	struct label seal;    /* as it was sealed; set before the catalog says that it is */
	uint32_t key;         /* of the heads' CRC */
	int fd;               /* spare and active segments, for writing; else -1 */
	_Atomic uint64_t end; /* what lies before it is synced and may be read */
	_Atomic bool retired; /* what is read after this is seen set may be another use's */
	_Atomic(struct index *) index; /* NULL: nobody needed it yet */
	_Atomic unsigned references;
	bool damaged; /* found so by the keeper: kept as it is, not archived */
};

/* One reference.  CH_NOMEM. */
enum ch_status segment_create(uint64_t epoch, struct segment **out_segment);
struct segment *segment_share(struct segment *segment);
void segment_release(struct segment *segment); /* NULL is fine */

void segment_name(uint64_t epoch, char out_name[SEGMENT_NAME_BYTES]);

/* True for a batch of this length behind the last one. */
bool segment_fits(const struct segment *segment, uint64_t batch_length);

/* Writes and syncs a new file of zeros; any leftover of that name is replaced.  In small
 * portions: the journal's own syncs wait behind what stands in the device's queue.  CH_FULL,
 * CH_IO; the file is gone then. */
enum ch_status segment_prewrite(int dir_fd, const char *name, uint64_t bytes);

enum segment_part {
	SEGMENT_SPARE, /* not used under this name */
	SEGMENT_USED,
	SEGMENT_WRECK, /* was used, but no label is left that tells how to read it */
};

/* What part an open file plays, and its label when it is used: the sealed one if there is.
 * CH_VERSION, CH_IO. */
enum ch_status segment_inspect(
	int fd, uint64_t epoch, enum segment_part *out_part, struct label *out_label);

/* Makes the segment what its label, found on disk, says. */
void segment_restore(struct segment *segment, const struct label *label);

/* Takes a spare into use: both labels, synced.  segment->fd is open.  CH_FULL, CH_IO: the file's
 * state is unknown. */
enum ch_status segment_begin(struct segment *segment, const struct label *label);

/* Writes both labels as they are, without syncing: recovery does not trust what it only read. */
enum ch_status segment_rewrite_labels(struct segment *segment);

/* The label at the end becomes sealed, synced; the one in front stays, so that a torn write
 * leaves one of the two.  CH_FULL, CH_IO. */
enum ch_status segment_seal(struct segment *segment, const struct label *sealed);

#endif
