/* Makes archive files (archive.h) of segments. */
#ifndef JOURNAL_ARCHIVER_H
#define JOURNAL_ARCHIVER_H

#include "journal/catalog.h"
#include "journal/chain.h"
#include "journal/tape.h"

struct archiver_order {
	struct tape *tape;
	struct chain *chain;
	uint64_t last;    /* whole batches, until one ends at this sequence or behind it */
	bool damaged_too; /* keep damaged stretches as they are, instead of giving up */
};

/* Compresses what the order says into a file in the folder, checking every batch on the way, and
 * reads it back from the disk before it gets its name.  Durable when it returns; *out_volume
 * tells what it holds.  CH_CORRUPT: the segment is damaged; CH_END: there is no batch; CH_RETRY,
 * CH_FULL, CH_IO, CH_NOMEM. On failure no file is left. */
enum ch_status archiver_store(
	int dir_fd, const struct archiver_order *order, struct volume *out_volume);

#endif
