/* A disk that remembers what was synced: plays a record (record.h) up to a cut, then says what could be
 * there after the power failed at that moment.
 *
 * What a file system may do, and so what this one does:
 *
 *     - what was written and not synced is there, or not, or in part: in blocks of 512 or 4096 bytes,
 *       in any order, the file as long as it was or as it would have been
 *     - a name that was made, changed or removed is so on the disk once its folder is synced; before,
 *       it may be so or not, whatever the state of the file's bytes
 *     - a sync covers what was written before it began, once it has ended; a write on an O_DSYNC
 *       descriptor covers itself once it has returned */
#ifndef CRASH_DISK_H
#define CRASH_DISK_H

#include "base/slice.h"
#include "crash/record.h"

struct disk;

/* Of what is not synced. */
enum cut_mode {
	CUT_KEEP,     /* all is there                                                     */
	CUT_DROP,     /* nothing is                                                       */
	CUT_PREFIX,   /* of each file, what was written first                             */
	CUT_REORDER,  /* of each file, any writes                                         */
	CUT_TORN_512, /* all, but of the last write only the beginning or the end         */
	CUT_TORN_4096,
	CUT_SCATTER_512, /* any blocks of any writes                                         */
	CUT_SCATTER_4096,
	CUT_MODES,
};

extern const char *const cut_mode_names[CUT_MODES];

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

/* How much is not synced now: operations on files and on names. */
uint32_t disk_pending(const struct disk *disk);

/* Writes what could be there into `dir`, which must not exist.  `seed` draws.  CH_IO, CH_NOMEM. */
enum ch_status disk_image(
	const struct disk *disk, enum cut_mode mode, uint64_t seed, const char *dir);

#endif
