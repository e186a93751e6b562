/* Memory for many small things that are forgotten together, named by 32-bit references instead of
 * pointers: half the size in an index.  It comes in chunks of 2 MiB, which a reset keeps, so a pool
 * that is used round after round allocates nothing.  What was handed out never moves.
 *
 * A reference counts granules of 8 bytes through the chunks; 0 is no reference. */
#ifndef STORE_POOL_H
#define STORE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define POOL_GRANULE        8u
#define POOL_CHUNK_BYTES    (2u * 1024u * 1024u)
#define POOL_CHUNK_GRANULES (POOL_CHUNK_BYTES / POOL_GRANULE)
#define POOL_CHUNKS_MAX     4096u

/* The first reference of a fresh pool: things of one size that divides 32 bytes are then found by
 * arithmetic, the n-th at (n + 1) * size. */
#define POOL_FIRST 4u

struct pool {
	uint32_t chunk_count; /* allocated */
	uint32_t chunk_now;   /* being filled */
	uint32_t granule_now; /* the first free one in it */
	uint32_t chunks_peak; /* used by the busiest of the recent rounds */
	bool huge;
	uint8_t *chunks[POOL_CHUNKS_MAX];
};

/* `huge`: it will hold tens of megabytes, ask for huge pages.  CH_NOMEM. */
enum ch_status pool_init(struct pool *pool, bool huge);
void pool_fini(struct pool *pool);

void pool_reset(struct pool *pool);

/* Allocates and touches memory for as much as the busiest recent round used and an eighth more,
 * so that later calls need not.  Slow on purpose: for a thread that may be. */
void pool_warm(struct pool *pool);

/* After it, blocks of `bytes` in sum, none over `block_max`, cannot fail.  CH_NOMEM. */
enum ch_status pool_reserve(struct pool *pool, uint64_t bytes, size_t block_max);

/* `bytes` in one piece, at most a chunk, not zeroed; 0 when memory runs out. */
uint32_t pool_alloc(struct pool *pool, size_t bytes);

static inline void *pool_at(const struct pool *pool, uint32_t reference)
{
	return pool->chunks[reference / POOL_CHUNK_GRANULES] +
	       (size_t)(reference % POOL_CHUNK_GRANULES) * POOL_GRANULE;
}

/* Used since the reset. */
static inline uint64_t pool_bytes(const struct pool *pool)
{
	return (uint64_t)pool->chunk_now * POOL_CHUNK_BYTES +
	       (uint64_t)pool->granule_now * POOL_GRANULE;
}

static inline size_t pool_round(size_t bytes)
{
	return (bytes + POOL_GRANULE - 1) & ~(size_t)(POOL_GRANULE - 1);
}

/* Zeroed memory for an index of many slots, in huge pages when it is big; free() frees it.  NULL
 * when memory runs out. */
void *pool_index(size_t bytes);

#endif
