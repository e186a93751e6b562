/* What could be on a disk after the power failed.  What a file system may do with what is not synced,
 * and so what is done here:
 *
 *     - written bytes are there, or not, or in part: in blocks of 512 or 4096, in any order, the file as
 *       long as it was or as it would have been
 *     - a name that was made, changed or removed is so or not, whatever the state of the file's bytes */
#ifndef CRASH_IMAGE_H
#define CRASH_IMAGE_H

#include "crash/disk.h"

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

struct cut {
	uint32_t at; /* records that had been played */
	enum cut_mode mode;
	uint64_t seed;
	uint32_t number; /* of the image, for people */
};

/* Writes what could be there into `dir`, which must not exist.  The disk has been played to cut->at.
 * CH_IO, CH_NOMEM. */
enum ch_status image_make(const struct disk *disk, const struct cut *cut, const char *dir);

#endif
