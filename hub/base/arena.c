#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define ARENA_BLOCK_BYTES (64u * 1024u)

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *arena)
{
	*arena = (struct arena){0};
}

void arena_fini(struct arena *arena)
{
	struct arena_block *block = arena->first;
	while (block != NULL) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
	*arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
	arena->now = arena->first;
	if (arena->now != NULL)
		arena->now->used = 0;
	arena->used_bytes = 0;
}

/* The next block with room: one kept from an earlier round, else a new one behind the current. */
static struct arena_block *arena_advance(struct arena *arena, size_t len)
{
	struct arena_block *kept = arena->now != NULL ? arena->now->next : NULL;
	if (kept != NULL && kept->size >= len) {
		kept->used = 0;
		return kept;
	}
	size_t size = len > ARENA_BLOCK_BYTES ? len : ARENA_BLOCK_BYTES;
	struct arena_block *block = malloc(sizeof(*block) + size);
	if (block == NULL)
		return NULL;
	block->used = 0;
	block->size = size;
	block->next = kept;
	if (arena->now != NULL)
		arena->now->next = block;
	else
		arena->first = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t len)
{
	if (len > SIZE_MAX / 2)
		return NULL;
	len = (len + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (arena->now == NULL || arena->now->size - arena->now->used < len) {
		struct arena_block *block = arena_advance(arena, len);
		if (block == NULL)
			return NULL;
		arena->now = block;
	}
	void *at = arena->now->bytes + arena->now->used;
	arena->now->used += len;
	arena->used_bytes += len;
	return at;
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
	if (s.len == 0)
		return (struct slice){NULL, 0};
	void *data = arena_alloc(arena, s.len);
	if (data == NULL)
		return (struct slice){NULL, 0};
	memcpy(data, s.data, s.len);
	return slice_of(data, s.len);
}
