/* Walks a segment batch by batch and trusts nothing: every CRC, sequence and link of the chain is
 * checked.  Recovery, verify, archiver and repair are loops around scan_next.
 *
 * What is not a good batch is either damage or the end.  The journal keeps at most one batch
 * that is not synced, so any good batch *behind* a bad place proves that the bad place had been
 * synced: that is damage, and scan_next tells which sequences it swallowed.  A bad place with
 * nothing good behind it is the end: zeros, leftovers of an earlier use, or the one batch that a
 * crash tore. */
#ifndef JOURNAL_SCAN_H
#define JOURNAL_SCAN_H

#include "journal/batch.h"
#include "journal/tape.h"

struct scan {
	struct tape *tape;
	struct chain *chain;
	uint64_t offset;                  /* where the next batch should begin */
	uint64_t sequence;                /* which sequence it should begin with */
	int64_t arrival_us;               /* it arrived at or after this */
	uint8_t hash[JOURNAL_HASH_BYTES]; /* the chain so far */

	/* After CH_OK: the batch.  `bytes` is valid until the next call. */
	uint64_t at;
	struct batch_head head;
	struct slice bytes;
	bool unlinked; /* good in itself, but no continuation of the chain: a changed history */

	/* After CH_GAP: the damage, from `at` up to `offset`. */
	uint64_t gap_first;
	uint64_t gap_last;
};

/* From the segment's first batch on.  Tape and chain are borrowed. */
void scan_begin(struct scan *scan, struct tape *tape, struct chain *chain);

/* CH_OK: the next batch.  CH_GAP: a damaged stretch; the next call gives the good batch behind it.
 * CH_END: no good batch behind scan->offset.  CH_RETRY, CH_IO, CH_NOMEM: of the tape. */
enum ch_status scan_next(struct scan *scan);

/* The first head at or behind `offset` (a multiple of 64) whose batch ends at `sequence` or
 * later.  With a chain the whole batch must be good, without one only the head, and its bytes
 * must be there.  CH_END: there is none.  CH_RETRY, CH_IO, CH_NOMEM. */
enum ch_status scan_find(struct tape *tape, struct chain *chain, uint64_t offset, uint64_t sequence,
	uint64_t *out_offset, struct batch_head *out_head);

#endif
