/* cmocka with what its header needs, and numbers drawn the same way in every run. */
#ifndef UNIT_DRAW_H
#define UNIT_DRAW_H

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/slice.h"

/* The next number below `below`. */
static inline uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed += UINT64_C(0x9e3779b97f4a7c15);
	return hash_mix(*seed, UINT64_C(0xe7037ed1a0b428db)) % below;
}

static inline void draw_bytes(uint64_t *seed, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)draw(seed, 256);
}

#endif
