/* The newest values of the keys that the writer has looked at or written lately, in front of the
 * layers and LMDB: one look instead of three and a walk down a tree.  It holds what was published,
 * and that a key is not there, and it is told every publish, so it is never older than the layers.
 *
 * One thread's: the writer's.  Memory is a ring of fixed size, touched as it fills: what is new goes to
 * its head and pushes the oldest out; what is asked for when it has nearly reached the end begins
 * anew at the head.
 *
 * Slices that cache_get gave stay good until the next cache_turn, which comes with each batch: in
 * between, no more is taken in than what cannot reach them. */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

#include "store/overlay.h"

struct cache;

/* A ring of `bytes`, rounded up to 2 MiB; 0: it holds nothing.  CH_NOMEM. */
enum ch_status cache_create(uint64_t bytes, struct cache **out_cache);
void cache_free(struct cache *cache); /* NULL is fine */

/* A batch ends: its slices are dead, and there is room again. */
void cache_turn(struct cache *cache);

/* Starts the memory accesses that cache_get begins with; then, when these are through, those that it
 * goes on with. */
void cache_prefetch(const struct cache *cache, const struct overlay_key *key);
void cache_prefetch_value(const struct cache *cache, const struct overlay_key *key);

/* OVERLAY_ABSENT: not known here. */
enum overlay_answer cache_get(
	struct cache *cache, const struct overlay_key *key, struct slice *out_value);

/* What cache_get may say of the key from now on; a hint, which a full batch or a big value does not
 * take.  Only for a key that it does not know. */
void cache_keep(struct cache *cache, const struct overlay_key *key, enum overlay_answer answer,
	struct slice value);

/* The key has changed: no hint, what was known is replaced or forgotten.  Between two batches. */
void cache_change(struct cache *cache, const struct overlay_key *key, enum overlay_answer answer,
	struct slice value);

/* Forgets everything. */
void cache_clear(struct cache *cache);

/* Used of the ring. */
uint64_t cache_bytes(const struct cache *cache);

#endif
