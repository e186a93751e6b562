/* A fast keyed hash for tables in memory (wyhash-like mixing of 128-bit products).  Never stored,
 * never sent: stored fingerprints are BLAKE2b. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_bytes(const void *data, size_t len, uint64_t seed)
{
	const uint8_t *p = data;
	uint64_t h =
		seed ^ hash_mix(len ^ UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xa0761d6478bd642f));
	uint64_t a;
	uint64_t b;
	for (; len >= 16; p += 16, len -= 16) {
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, 8);
		h = hash_mix(a ^ UINT64_C(0xe7037ed1a0b428db), b ^ h);
	}
	a = 0;
	b = 0;
	if (len >= 8) {
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, len - 8);
	} else if (len > 0) {
		memcpy(&a, p, len);
	}
	return hash_mix(
		h ^ a ^ UINT64_C(0x8ebc6af09c88c6e3), b ^ UINT64_C(0x589965cc75374cc3) ^ (h >> 32));
}

/* Random, once per process. */
uint64_t hash_seed(void);

#endif
