#include "module/marketing/basket/line_pool.h"

#include "support/unit.h"

#include <string.h>

#include "base/hash.h"

static void test_usage(void **state)
{
	struct line_pool pool = {0};
	(void)state;
	uint8_t *one = line_pool_take(&pool, 1);
	uint8_t *three = line_pool_take(&pool, 3);
	uint8_t *large = line_pool_take(&pool, LINE_POOL_MOST + 1);
	assert_true(one != NULL && three != NULL && large != NULL);
	assert_int_equal((uintptr_t)one % LINE_BYTES, 0);
	assert_int_equal((uintptr_t)three % LINE_BYTES, 0);
	assert_int_equal((uintptr_t)large % LINE_BYTES, 0);
	line_pool_give(&pool, three, 3);
	assert_ptr_equal(line_pool_take(&pool, 3), three);
	line_pool_give(&pool, large, LINE_POOL_MOST + 1);
	line_pool_give(&pool, NULL, 1);
	line_pool_fini(&pool); /* one and three, too */
}

/* No two blocks overlap, whatever comes and goes. */
static void test_random_blocks(void **state)
{
	enum { BLOCKS = 400, ROUNDS = 40000 };
	static struct {
		uint8_t *at;
		size_t lines;
		uint8_t mark;
	} blocks[BLOCKS];
	struct line_pool pool = {0};
	uint64_t seed = 5;
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		seed = hash_mix(seed + round, UINT64_C(0x9e3779b97f4a7c15));
		size_t which = seed % BLOCKS;
		size_t bytes = blocks[which].lines * LINE_BYTES;
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(blocks[which].at[i], blocks[which].mark);
		if (bytes > 0)
			line_pool_give(&pool, blocks[which].at, blocks[which].lines);
		blocks[which].lines = (seed >> 32) % (LINE_POOL_MOST + 4);
		if (blocks[which].lines == 0)
			continue;
		blocks[which].at = line_pool_take(&pool, blocks[which].lines);
		assert_non_null(blocks[which].at);
		blocks[which].mark = (uint8_t)(seed >> 24);
		memset(blocks[which].at, blocks[which].mark, blocks[which].lines * LINE_BYTES);
	}
	for (size_t i = 0; i < BLOCKS; i++) {
		if (blocks[i].lines > 0)
			line_pool_give(&pool, blocks[i].at, blocks[i].lines);
	}
	line_pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_random_blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
