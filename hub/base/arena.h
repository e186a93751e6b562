/* Memory that lives as long as something with a name (a batch, a frame) and is then forgotten at
 * once.  Not for threads to share. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *first; /* all blocks, kept by arena_reset */
	struct arena_block *now;
	unsigned char *at; /* what is left of it, in arena_alloc's measure */
	size_t left;
	size_t used_bytes; /* handed out since the last reset */
};

#define ARENA_ALIGN _Alignof(max_align_t)

void arena_init(struct arena *arena);
void arena_fini(struct arena *arena);

/* Forgets what was handed out, keeps the blocks for the next round. */
void arena_reset(struct arena *arena);

/* The same when the block at hand has no room. */
void *arena_alloc_more(struct arena *arena, size_t len);

/* `len` bytes, aligned for any type, not zeroed; NULL when memory runs out. */
static inline void *arena_alloc(struct arena *arena, size_t len)
{
	size_t bytes = (len + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	if (bytes > arena->left || bytes < len || bytes == 0)
		return arena_alloc_more(arena, len);
	void *room = arena->at;
	arena->at += bytes;
	arena->left -= bytes;
	arena->used_bytes += bytes;
	return room;
}

/* A copy of the slice; data is NULL when memory runs out (also for an empty one, which is fine). */
struct slice arena_copy(struct arena *arena, struct slice s);

#endif
