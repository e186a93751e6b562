#include "store/filter.h"

#include "base/crc32c.h"

#define BLOCK_BITS  480u
#define BLOCK_BYTES (BLOCK_BITS / 8)
#define KEY_BITS    8u

uint64_t filter_blocks(uint64_t keys)
{
	return keys / FILTER_KEYS_PER_BLOCK + 1;
}

/* Eight places from 96 bits of the fingerprint, twelve for each; the first 32 bits, which choose
 * the block, are not among them. */
static void filter_places(const uint8_t fingerprint[16], uint32_t places[KEY_BITS])
{
	uint64_t high = load_be64(fingerprint) & UINT32_MAX;
	uint64_t low = load_be64(fingerprint + 8);
	uint64_t pool = high << 16 | low >> 48;
	for (uint32_t i = 0; i < KEY_BITS; i++) {
		if (i == 4)
			pool = low;
		places[i] = (uint32_t)((pool & 0xfff) * BLOCK_BITS >> 12);
		pool >>= 12;
	}
}

static uint32_t filter_sum(const uint8_t block[FILTER_BLOCK_BYTES], uint64_t salt, uint64_t number)
{
	return crc32c((uint32_t)(salt * UINT64_C(0x9e3779b1) + number), block, BLOCK_BYTES);
}

void filter_add(uint8_t block[FILTER_BLOCK_BYTES], const uint8_t fingerprint[16])
{
	uint32_t places[KEY_BITS];
	filter_places(fingerprint, places);
	for (uint32_t i = 0; i < KEY_BITS; i++)
		block[places[i] / 8] |= (uint8_t)(1u << (places[i] % 8));
}

void filter_seal(uint8_t block[FILTER_BLOCK_BYTES], uint64_t salt, uint64_t number)
{
	store_le32(block + BLOCK_BYTES, filter_sum(block, salt, number));
}

void filter_mask_of(const uint8_t fingerprint[16], struct filter_mask *out_mask)
{
	uint32_t places[KEY_BITS];
	*out_mask = (struct filter_mask){0};
	filter_places(fingerprint, places);
	for (uint32_t i = 0; i < KEY_BITS; i++)
		out_mask->words[places[i] / 64] |= UINT64_C(1) << (places[i] % 64);
}

enum filter_answer filter_test(const uint8_t block[FILTER_BLOCK_BYTES], uint64_t salt,
	uint64_t number, const struct filter_mask *mask)
{
	uint64_t missing = 0;
	if (load_le32(block + BLOCK_BYTES) != filter_sum(block, salt, number))
		return FILTER_CORRUPT;
	/* The last word is half the sum, of which no mask has a bit. */
	for (uint32_t i = 0; i < FILTER_BLOCK_BYTES / 8; i++)
		missing |= mask->words[i] & ~load_le64(block + (size_t)i * 8);
	return missing == 0 ? FILTER_MAYBE : FILTER_NEW;
}
