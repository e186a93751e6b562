/* The open end of history: the segment that was being written when the journal was last closed,
 * or died. */
#ifndef JOURNAL_TAIL_H
#define JOURNAL_TAIL_H

#include "journal/inside.h"

struct tail {
	uint64_t head;      /* the last good entry; base - 1 when there is none */
	int64_t arrival_us; /* its arrival, or that of the entry before the base */
	uint8_t hash[JOURNAL_HASH_BYTES];
	uint64_t end;        /* the offset behind the last good batch */
	uint64_t last_at;    /* where that batch begins; `end` when there is none */
	uint64_t torn_bytes; /* see journal_recovery */

	uint64_t damaged_first; /* the first damage; 0: none */
	uint64_t damaged_last;
	uint64_t damaged_at;
	const char *damage; /* what it is, for people */
};

/* Reads the whole segment, batch by batch, and finds where history ends.  Fills the segment's index
 * and sets its end; changes nothing on disk.  CH_IO, CH_NOMEM. */
enum ch_status tail_read(struct journal *journal, struct segment *segment, struct tail *out_tail);

/* Puts on the disk what was read, and nothing else behind it; synced.  segment->fd is open.
 * CH_FULL, CH_IO. */
enum ch_status tail_make_good(struct segment *segment, const struct tail *tail);

#endif
