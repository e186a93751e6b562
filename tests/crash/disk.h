/* A disk that remembers what was synced: plays a record (record.h) up to a cut.  What could be on it when
 * the power fails then is image.h's.
 *
 * A sync covers what was written before it began, once it has ended; a write on an O_DSYNC descriptor
 * covers itself once it has returned; a name is on the disk once its folder is synced, whatever the
 * state of the file. */
#ifndef CRASH_DISK_H
#define CRASH_DISK_H

#include "base/slice.h"
#include "crash/node.h"

struct disk;

/* Whose syncs do nothing: a disk that lies.  For negative controls. */
enum disk_lie {
	LIE_NONE,
	LIE_SEGMENTS, /* journal/ *.seg  */
	LIE_STORE,    /* store/data.mdb  */
	LIE_RUNS,     /* what else is in store/ */
	LIE_NAMES,    /* folders         */
	LIE_ARCHIVE,
	LIES,
};

extern const char *const disk_lie_names[LIES];

/* `record` stays the caller's and must outlive the disk.  CH_FORMAT, CH_NOMEM. */
enum ch_status disk_create(struct slice record, enum disk_lie lie, struct disk **out_disk);
void disk_free(struct disk *disk); /* NULL is fine */

/* Number of records; the one at that place. */
uint32_t disk_count(const struct disk *disk);
const struct record *disk_record(const struct disk *disk, uint32_t at);

/* Plays on until `cut` records have been played; never back.  CH_FORMAT: the record makes no
 * sense; CH_NOMEM. */
enum ch_status disk_play(struct disk *disk, uint32_t cut);

/* Every node that there ever was, and the data folder; NULL when nothing has been played. */
const struct node *disk_nodes(const struct disk *disk);
const struct node *disk_root(const struct disk *disk);

#endif
