/* Memory in whole cache lines, for many small things of which each should touch as few lines as it can.  Blocks are
 * cut from chunks, and those that were given back are given out again by their size; large ones are malloc's. */
#ifndef MARKETING_LINE_POOL_H
#define MARKETING_LINE_POOL_H

#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES 64u
/* Blocks of more lines are no part of the pool. */
#define LINE_POOL_MOST 16u

struct line_chunk;

/* Zeroed it is an empty one. */
struct line_pool {
	struct line_chunk *chunks;
	uint8_t *at;
	size_t left;                      /* lines of the newest chunk */
	void *given_back[LINE_POOL_MOST]; /* by lines, less one */
};

/* All blocks go with the pool, but for those of more than LINE_POOL_MOST lines, which are given back first. */
void line_pool_fini(struct line_pool *pool);

/* `lines` from 1 on, aligned to a line, not zeroed; NULL when memory runs out. */
void *line_pool_take(struct line_pool *pool, size_t lines);

/* As many as were taken.  NULL is fine. */
void line_pool_give(struct line_pool *pool, void *block, size_t lines);

#endif
