/* A filter that says "surely new": a blocked Bloom filter, read in place from a file.
 *
 * A key looks at one block of 64 bytes, so at one cache line: 480 bits and their CRC-32C, checked
 * at every look.  A flipped bit would turn "seen" into "surely new" and let a duplicate in, so a
 * filter that is not checked must not be trusted; checked in place, it need not be read at start.
 *
 * The block is chosen by the first bytes of the fingerprint as a fraction of the whole range, not
 * by a hash: fingerprints are uniform anyway, and when they come in order, blocks are filled in
 * order, so a filter for any number of keys is written as a stream.
 *
 * 30 keys a block, 17 bits a key: about one in 1 100 new keys is not recognised as new. */
#ifndef STORE_FILTER_H
#define STORE_FILTER_H

#include <stdint.h>

#include "base/bytes.h"

#define FILTER_BLOCK_BYTES    64u
#define FILTER_KEYS_PER_BLOCK 30u

enum filter_answer {
	FILTER_NEW,     /* surely never added */
	FILTER_MAYBE,   /* look it up */
	FILTER_CORRUPT, /* the block fails its check */
};

/* Blocks for so many keys; at least 1. */
uint64_t filter_blocks(uint64_t keys);

/* The block of a fingerprint, below `blocks`. */
static inline uint64_t filter_block(const uint8_t fingerprint[16], uint64_t blocks)
{
	return (uint64_t)(((__uint128_t)load_be64(fingerprint) * blocks) >> 64);
}

/* Into a block that began as zeros. */
void filter_add(uint8_t block[FILTER_BLOCK_BYTES], const uint8_t fingerprint[16]);

/* Once all keys of block number `number` are in.  `salt` tells one file's blocks from another's. */
void filter_seal(uint8_t block[FILTER_BLOCK_BYTES], uint64_t salt, uint64_t number);

/* The bits of a key, the same in every block of every filter: made once for all that are asked. */
struct filter_mask {
	uint64_t words[FILTER_BLOCK_BYTES / 8];
};

void filter_mask_of(const uint8_t fingerprint[16], struct filter_mask *out_mask);

enum filter_answer filter_test(const uint8_t block[FILTER_BLOCK_BYTES], uint64_t salt,
	uint64_t number, const struct filter_mask *mask);

#endif
