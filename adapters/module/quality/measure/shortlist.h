/* The first MEASURE_LIST_MAX of many by some order, and how many there were: what a report lists, in memory that
 * does not depend on how many there are. */
#ifndef QUALITY_SHORTLIST_H
#define QUALITY_SHORTLIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

typedef int shortlist_order(const void *a, const void *b);

struct shortlist {
	size_t item_size;
	shortlist_order *order;
	unsigned char *items; /* in order */
	size_t count;
	size_t capacity;
	int64_t total;
	enum ch_status status; /* sticks: CH_NOMEM */
};

/* All zeros but for these. */
void shortlist_init(struct shortlist *list, size_t item_size, shortlist_order *order);
void shortlist_fini(struct shortlist *list);

/* Counts the candidate and, when it is among the first, keeps a copy: its place, where the caller puts copies of
 * its texts, of the same content; good until the next call.  NULL: it is not, or memory has run out. */
void *shortlist_place(struct shortlist *list, const void *candidate);

/* The items in order, in the arena.  What stuck; CH_NOMEM. */
enum ch_status shortlist_finish(const struct shortlist *list, struct arena *arena, void *out_items,
	size_t *out_count, int64_t *out_total);

#endif
