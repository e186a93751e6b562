/* A fresh folder for a test, and small numbers drawn the same way in every run. */
#ifndef TEST_STORE_PLACE_H
#define TEST_STORE_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/slice.h"
#include "support/scratch.h"

struct place {
	char dir[128];
};

static inline void place_make(struct place *place)
{
	scratch_make(place->dir, "store");
}

static inline void place_remove(const struct place *place)
{
	scratch_remove(place->dir);
}

static inline uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* A fingerprint that is as good as random, the same for the same number. */
static inline void fingerprint_of(uint64_t number, uint8_t out[16])
{
	uint64_t a = hash_mix(number ^ UINT64_C(0x2545f4914f6cdd1d), UINT64_C(0x9e3779b97f4a7c15));
	uint64_t b = hash_mix(a ^ number, UINT64_C(0xe7037ed1a0b428db));
	a = hash_mix(b ^ UINT64_C(0x8ebc6af09c88c6e3), number ^ UINT64_C(0x589965cc75374cc3));
	store_be64(out, a ^ b << 1);
	store_be64(out + 8, b ^ a);
}

static inline struct slice text(const char *s)
{
	return slice_text(s);
}

#define assert_slice(s, expected)                                                                  \
	do {                                                                                       \
		assert_int_equal((s).len, strlen(expected));                                       \
		assert_memory_equal((s).data, expected, (s).len);                                  \
	} while (0)

#endif
