#include "store/pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/invariant.h"

static enum ch_status pool_add_chunk(struct pool *pool)
{
	if (pool->chunk_count == POOL_CHUNKS_MAX)
		return CH_NOMEM;
	uint8_t *chunk = aligned_alloc(POOL_CHUNK_BYTES, POOL_CHUNK_BYTES);
	if (chunk == NULL)
		return CH_NOMEM;
	if (pool->huge)
		(void)madvise(chunk, POOL_CHUNK_BYTES, MADV_HUGEPAGE); /* a hint */
	pool->chunks[pool->chunk_count++] = chunk;
	return CH_OK;
}

enum ch_status pool_init(struct pool *pool, bool huge)
{
	*pool = (struct pool){.huge = huge, .granule_now = POOL_FIRST};
	return pool_add_chunk(pool);
}

void pool_fini(struct pool *pool)
{
	while (pool->chunk_count > 0)
		free(pool->chunks[--pool->chunk_count]);
}

void pool_reset(struct pool *pool)
{
	/* What the recent rounds needed is kept; one huge round is forgotten bit by bit. */
	uint32_t used = pool->chunk_now + 1;
	uint32_t faded = pool->chunks_peak - pool->chunks_peak / 8;
	pool->chunks_peak = used > faded ? used : faded;
	while (pool->chunk_count > pool->chunks_peak + pool->chunks_peak / 8 + 1)
		free(pool->chunks[--pool->chunk_count]);
	pool->chunk_now = 0;
	pool->granule_now = POOL_FIRST;
}

void pool_warm(struct pool *pool)
{
	uint32_t wanted = pool->chunks_peak + pool->chunks_peak / 8;
	while (pool->chunk_count < wanted && pool_add_chunk(pool) == CH_OK) {
		volatile uint8_t *chunk = pool->chunks[pool->chunk_count - 1];
		for (size_t at = 0; at < POOL_CHUNK_BYTES; at += 4096)
			chunk[at] = 0;
	}
}

enum ch_status pool_reserve(struct pool *pool, uint64_t bytes, size_t block_max)
{
	/* The end of each chunk can waste a block. */
	uint64_t more = bytes / (POOL_CHUNK_BYTES - block_max) + 1;
	while (pool->chunk_now + more >= pool->chunk_count) {
		enum ch_status status = pool_add_chunk(pool);
		if (status != CH_OK)
			return status;
	}
	return CH_OK;
}

uint32_t pool_alloc(struct pool *pool, size_t bytes)
{
	uint32_t granules = (uint32_t)(pool_round(bytes) / POOL_GRANULE);
	invariant(bytes <= POOL_CHUNK_BYTES - POOL_FIRST * POOL_GRANULE);
	if (pool->granule_now + granules > POOL_CHUNK_GRANULES) {
		if (pool->chunk_now + 1 == pool->chunk_count && pool_add_chunk(pool) != CH_OK)
			return 0;
		pool->chunk_now++;
		pool->granule_now = 0;
	}
	uint32_t reference = pool->chunk_now * POOL_CHUNK_GRANULES + pool->granule_now;
	pool->granule_now += granules;
	return reference;
}

void *pool_index(size_t bytes)
{
	if (bytes < POOL_CHUNK_BYTES)
		return calloc(1, bytes);
	bytes = (bytes + POOL_CHUNK_BYTES - 1) / POOL_CHUNK_BYTES * POOL_CHUNK_BYTES;
	void *index = aligned_alloc(POOL_CHUNK_BYTES, bytes);
	if (index != NULL) {
		(void)madvise(index, bytes, MADV_HUGEPAGE); /* a hint */
		memset(index, 0, bytes);
	}
	return index;
}
