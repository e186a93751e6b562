/* cmocka with what its header needs, and numbers drawn the same way in every run. */
#ifndef UNIT_DRAW_H
#define UNIT_DRAW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

#define assert_slice_text(slice, text) assert_true(slice_equal((slice), slice_text(text)))

#endif
