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
	size_t used_bytes; /* handed out since the last reset */
};

void arena_init(struct arena *arena);
void arena_fini(struct arena *arena);

/* Forgets what was handed out, keeps the blocks for the next round. */
void arena_reset(struct arena *arena);

/* `len` bytes, aligned for any type, not zeroed; NULL when memory runs out. */
void *arena_alloc(struct arena *arena, size_t len);

/* A copy of the slice; data is NULL when memory runs out (also for an empty one, which is fine). */
struct slice arena_copy(struct arena *arena, struct slice s);

#endif
