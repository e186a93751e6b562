/* More things than memory should hold, in order: they go in as they come, and come out sorted.
 *
 *     status = sorter_create(sizeof(struct visit), visit_order, LIMIT_SORTER_BYTES, &sorter);
 *     status = sorter_add(sorter, &visit);              as often as there are visits
 *     status = sorter_sort(sorter);
 *     while ((status = sorter_next(sorter, &visit)) == CH_OK)
 *
 * What does not fit goes to a file without a name in $TMPDIR, else /var/tmp, sorted piece by piece, and the
 * pieces are merged while they are read: the memory is the same whether a million come or a billion.  The file is
 * gone with the process, however it ends. */
#ifndef QUALITY_SORTER_H
#define QUALITY_SORTER_H

#include <stddef.h>

#include "base/status.h"

struct sorter;

/* As qsort's: < 0, 0, > 0.  What must come out alike whatever the order it came in tells all items apart. */
typedef int sorter_order(const void *a, const void *b);

/* `memory_bytes` is what it may hold of the items; at least some thousands of them.  CH_NOMEM. */
enum ch_status sorter_create(
	size_t item_size, sorter_order *order, size_t memory_bytes, struct sorter **out_sorter);
void sorter_free(struct sorter *sorter); /* NULL is fine */

/* Copies one item, of which every byte is written, padding too.  CH_NOMEM; CH_FULL, CH_IO: the file. */
enum ch_status sorter_add(struct sorter *sorter, const void *item);

/* All were added.  The same. */
enum ch_status sorter_sort(struct sorter *sorter);

/* The next, copied to *out_item; CH_END; CH_IO. */
enum ch_status sorter_next(struct sorter *sorter, void *out_item);

#endif
