/* Everything about segment files that is not writing or reading: spare segments are pre-written,
 * sealed segments are compressed into the archive, old history is removed.  Called from the keeper
 * thread, which may be slow and is never waited for. */
#ifndef JOURNAL_KEEPER_H
#define JOURNAL_KEEPER_H

#include <stdint.h>

#include "journal/journal.h"

struct retention {
	int64_t archive_after_us; /* a sealed segment's age when it is archived; 0: at once */
	uint64_t keep_bytes;      /* history beyond this is removed; 0: keep all            */
	int64_t keep_us;          /* history older than this is removed; 0: keep all        */
	uint64_t floor;           /* what an open need holds: it stays, and all behind it   */
};

/* One bounded step of work: prepares one spare segment, or archives one segment, or removes one.
 * CH_OK: something was done, call again; CH_END: nothing to do now; CH_FULL: there is work that
 * needs room on the disk, try again later; CH_IO, CH_NOMEM: a step failed, and what it was about
 * is as before.  A damaged segment is not archived but kept as it is, until repair_run has
 * mended it. */
enum ch_status keeper_step(
	struct journal *journal, const struct retention *retention, int64_t now_us);

/* Reads all that is kept and checks every CRC, sequence and the hash chain.  `progress` (may be
 * NULL) is called about every 64 MiB.  CH_CORRUPT: the first bad place in *out; the rest is read
 * all the same.  CH_IO, CH_NOMEM: not finished.  Any thread, also on a journal that is being
 * written: up to the head at the time of the call. */
struct verify_result {
	uint64_t entries; /* good ones */
	uint64_t bytes;
	uint64_t bad_first; /* first sequence that cannot be read or breaks the chain; 0: none */
	uint64_t bad_last;
	uint64_t bad_places; /* how many such stretches */
	char where[256];     /* file and offset of the first, for people */
};
enum ch_status keeper_verify(struct journal *journal,
	void (*progress)(void *context, uint64_t sequence, uint64_t head), void *context,
	struct verify_result *out_result);

#endif
