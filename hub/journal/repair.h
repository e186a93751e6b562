/* Mends a damaged journal with a copy of it (backup.h), or with another folder of the same history.
 *
 * Batches are kept byte for byte wherever they go, so mending is putting the same bytes back
 * into their place: into a segment at the same offset, or as a whole archive file.  Nothing that
 * is good is touched, and nothing is put in that does not continue the hash chain. */
#ifndef JOURNAL_REPAIR_H
#define JOURNAL_REPAIR_H

#include "journal/journal.h"

struct repair_result {
	uint64_t mended;  /* damaged stretches that are good now */
	uint64_t damaged; /* those that are left */
	uint64_t first;   /* the first of these */
	uint64_t last;
};

/* Reads all history as keeper_verify does and mends what it can from `dir`, which nobody may be
 * writing.  Keeper thread; writer and readers go on.  CH_OK: look at out->damaged; CH_NOT_FOUND:
 * `dir` is no copy; CH_CORRUPT: it cannot be opened; CH_BUSY, CH_VERSION, CH_FULL, CH_IO,
 * CH_NOMEM. */
enum ch_status repair_run(
	struct journal *journal, const char *dir, struct repair_result *out_result);

#endif
