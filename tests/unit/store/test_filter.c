#include "place.h"

#include "store/filter.h"

#define KEYS 60000u
#define SALT 17u

static uint8_t *filter_of(uint64_t keys, uint64_t blocks)
{
	uint8_t fingerprint[16];
	uint8_t *filter = calloc(blocks, FILTER_BLOCK_BYTES);
	assert_non_null(filter);
	for (uint64_t i = 0; i < keys; i++) {
		fingerprint_of(i, fingerprint);
		filter_add(filter + filter_block(fingerprint, blocks) * FILTER_BLOCK_BYTES,
			fingerprint);
	}
	for (uint64_t i = 0; i < blocks; i++)
		filter_seal(filter + i * FILTER_BLOCK_BYTES, SALT, i);
	return filter;
}

static enum filter_answer ask(const uint8_t *filter, uint64_t blocks, uint64_t number)
{
	uint8_t fingerprint[16];
	fingerprint_of(number, fingerprint);
	uint64_t block = filter_block(fingerprint, blocks);
	struct filter_mask mask;
	filter_mask_of(fingerprint, &mask);
	return filter_test(filter + block * FILTER_BLOCK_BYTES, SALT, block, &mask);
}

static void test_never_new_what_was_added_and_mostly_new_what_was_not(void **unused)
{
	(void)unused;
	uint64_t blocks = filter_blocks(KEYS);
	uint8_t *filter = filter_of(KEYS, blocks);
	uint32_t mistaken = 0;
	for (uint64_t i = 0; i < KEYS; i++)
		assert_int_equal(ask(filter, blocks, i), FILTER_MAYBE);
	for (uint64_t i = KEYS; i < KEYS * 10; i++)
		mistaken += ask(filter, blocks, i) == FILTER_MAYBE;
	/* 1 in 1 100 is expected, 490 of these; twice as many would be a broken filter. */
	assert_in_range(mistaken, 250, 900);
	free(filter);
}

static void test_every_flipped_bit_is_noticed(void **unused)
{
	(void)unused;
	uint8_t *filter = filter_of(20, 1);
	for (uint32_t bit = 0; bit < FILTER_BLOCK_BYTES * 8; bit++) {
		filter[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(ask(filter, 1, 5), FILTER_CORRUPT);
		filter[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(ask(filter, 1, 5), FILTER_MAYBE);
	free(filter);
}

static void test_a_block_in_the_wrong_place_is_noticed(void **unused)
{
	(void)unused;
	uint8_t fingerprint[16];
	uint8_t *filter = filter_of(1000, 40);
	fingerprint_of(3, fingerprint);
	uint64_t block = filter_block(fingerprint, 40);
	const uint8_t *bytes = filter + block * FILTER_BLOCK_BYTES;
	struct filter_mask mask;
	filter_mask_of(fingerprint, &mask);
	assert_int_equal(filter_test(bytes, SALT, block, &mask), FILTER_MAYBE);
	assert_int_equal(filter_test(bytes, SALT, block + 1, &mask), FILTER_CORRUPT);
	assert_int_equal(filter_test(bytes, SALT + 1, block, &mask), FILTER_CORRUPT);
	free(filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_new_what_was_added_and_mostly_new_what_was_not),
		cmocka_unit_test(test_every_flipped_bit_is_noticed),
		cmocka_unit_test(test_a_block_in_the_wrong_place_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
