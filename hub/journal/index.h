/* Where to begin reading a segment: one row about every 64 KiB, each naming a batch.  The writer
 * adds rows to the index of its segment while readers look things up, without a lock: rows never
 * move and are counted only when they are whole. */
#ifndef JOURNAL_INDEX_H
#define JOURNAL_INDEX_H

#include <stdint.h>

#include "base/status.h"

struct index;

/* Room for a segment of so many bytes.  CH_NOMEM. */
enum ch_status index_create(uint64_t segment_bytes, struct index **out_index);
void index_free(struct index *index);

/* The batch at `offset` begins with this entry.  Batches come in order; most get no row.  One
 * thread. */
void index_add(struct index *index, uint64_t sequence, int64_t arrival_us, uint64_t offset);

/* The offset of the last row at or before `sequence`; 0 when there is none.  Any thread. */
uint64_t index_find(const struct index *index, uint64_t sequence);

/* The offset of the last row that arrived before `arrival_us`; 0 when there is none.  Any
 * thread. */
uint64_t index_find_time(const struct index *index, int64_t arrival_us);

#endif
