/* A set of sequences as ranges, rising and apart: what is settled ahead of where a cursor stands.
 * Small while acks come nearly in order. */
#ifndef FANOUT_RANGES_H
#define FANOUT_RANGES_H

#include <stdbool.h>

#include "base/slice.h"

struct span {
	uint64_t first;
	uint64_t last; /* included */
};

struct ranges {
	struct span *spans;
	size_t count;
	size_t capacity;
};

void ranges_init(struct ranges *ranges);
void ranges_fini(struct ranges *ranges);
void ranges_clear(struct ranges *ranges);

/* CH_NOMEM: nothing has changed. */
enum ch_status ranges_add(struct ranges *ranges, uint64_t first, uint64_t last);

/* Takes one out.  CH_NOMEM: nothing has changed. */
enum ch_status ranges_remove(struct ranges *ranges, uint64_t sequence);

/* Whether the sequence is in, and then how far the range reaches that it is in. */
bool ranges_find(const struct ranges *ranges, uint64_t sequence, uint64_t *out_last);

/* Forgets everything up to a sequence. */
void ranges_cut(struct ranges *ranges, uint64_t up_to);

/* The stored form, short for short gaps: varints, count first, then for each range the distance from
 * the end of the one before (from `base` for the first) and its length less one.  Every range lies above
 * `base`.  Reading: CH_CORRUPT; CH_NOMEM. */
void ranges_encode(const struct ranges *ranges, uint64_t base, struct buffer *out);
enum ch_status ranges_decode(struct slice bytes, uint64_t base, struct ranges *ranges);

#endif
