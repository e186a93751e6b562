#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define ARENA_BLOCK_BYTES (64u * 1024u)

struct arena_block {
	struct arena_block *next;
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

static void arena_take(struct arena *arena, struct arena_block *block)
{
	arena->now = block;
	arena->at = block != NULL ? block->bytes : NULL;
	arena->left = block != NULL ? block->size : 0;
}

void arena_reset(struct arena *arena)
{
	arena_take(arena, arena->first);
	arena->used_bytes = 0;
}

/* The next block with room: one kept from an earlier round, else a new one behind the current. */
static struct arena_block *arena_advance(struct arena *arena, size_t len)
{
	struct arena_block *kept = arena->now != NULL ? arena->now->next : NULL;
	if (kept != NULL && kept->size >= len)
		return kept;
	size_t size = len > ARENA_BLOCK_BYTES ? len : ARENA_BLOCK_BYTES;
	struct arena_block *block = malloc(sizeof(*block) + size);
	if (block == NULL)
		return NULL;
	block->size = size;
	block->next = kept;
	if (arena->now != NULL)
		arena->now->next = block;
	else
		arena->first = block;
	return block;
}

void *arena_alloc_more(struct arena *arena, size_t len)
{
	if (len > SIZE_MAX / 2)
		return NULL;
	if (len == 0)
		len = 1; /* so that it is a place of its own */
	len = (len + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	if (arena->left < len) {
		struct arena_block *block = arena_advance(arena, len);
		if (block == NULL)
			return NULL;
		arena_take(arena, block);
	}
	void *room = arena->at;
	arena->at += len;
	arena->left -= len;
	arena->used_bytes += len;
	return room;
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
