#include "module/marketing/basket/line_pool.h"

#include <stdlib.h>

#define CHUNK_LINES 1024u

/* The first line of a chunk; the others are given out. */
struct line_chunk {
	struct line_chunk *next;
};

/* In the first bytes of a block that was given back. */
struct free_block {
	struct free_block *next;
};

void line_pool_fini(struct line_pool *pool)
{
	struct line_chunk *chunk = pool->chunks;
	while (chunk != NULL) {
		struct line_chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
	*pool = (struct line_pool){0};
}

static int line_pool_grow(struct line_pool *pool)
{
	struct line_chunk *chunk = aligned_alloc(LINE_BYTES, CHUNK_LINES * LINE_BYTES);
	if (chunk == NULL)
		return -1;
	/* What is left of the last one is a block of its own. */
	while (pool->left > 0) {
		size_t lines = pool->left < LINE_POOL_MOST ? pool->left : LINE_POOL_MOST;
		line_pool_give(pool, pool->at, lines);
		pool->at += lines * LINE_BYTES;
		pool->left -= lines;
	}
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	pool->at = (uint8_t *)chunk + LINE_BYTES;
	pool->left = CHUNK_LINES - 1;
	return 0;
}

void *line_pool_take(struct line_pool *pool, size_t lines)
{
	if (lines > LINE_POOL_MOST)
		return aligned_alloc(LINE_BYTES, lines * LINE_BYTES);
	struct free_block *block = pool->given_back[lines - 1];
	if (block != NULL) {
		pool->given_back[lines - 1] = block->next;
		return block;
	}
	if (pool->left < lines && line_pool_grow(pool) != 0)
		return NULL;
	void *taken = pool->at;
	pool->at += lines * LINE_BYTES;
	pool->left -= lines;
	return taken;
}

void line_pool_give(struct line_pool *pool, void *block, size_t lines)
{
	if (block == NULL)
		return;
	if (lines > LINE_POOL_MOST) {
		free(block);
		return;
	}
	struct free_block *given = block;
	given->next = pool->given_back[lines - 1];
	pool->given_back[lines - 1] = given;
}
