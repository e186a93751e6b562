#include "module/marketing/basket/miner.h"

#include "unit/draw.h"

#include "base/limits.h"

static struct basket_store *new_store(uint32_t items)
{
	struct basket_store *store;
	char name[16];
	uint32_t item;
	assert_int_equal(basket_store_create(&store), CH_OK);
	for (uint32_t i = 0; i < items; i++) {
		/* Names in another order than numbers. */
		(void)snprintf(name, sizeof(name), "item %u", (unsigned)(i * 7 % 1000));
		assert_int_equal(basket_store_item(store, slice_text(name), &item), CH_OK);
	}
	return store;
}

static void assert_same(const struct item_sets *a, const struct item_sets *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->baskets, b->baskets);
	assert_int_equal(a->least, b->least);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(a->sets[i].length, b->sets[i].length);
		assert_int_equal(a->sets[i].count, b->sets[i].count);
		assert_memory_equal(a->ranks + a->sets[i].first, b->ranks + b->sets[i].first,
			a->sets[i].length * sizeof(*a->ranks));
	}
}

/* What the miner has is what mining everything gives now. */
static size_t check(const struct basket_store *store, struct miner *miner, struct support support)
{
	struct item_sets batch;
	struct item_sets kept;
	assert_int_equal(miner_update(miner), CH_OK);
	assert_int_equal(miner_sets(miner, &kept), CH_OK);
	assert_int_equal(item_sets_mine(store, support, &batch), CH_OK);
	assert_same(&kept, &batch);
	size_t count = batch.count;
	item_sets_fini(&kept);
	item_sets_fini(&batch);
	return count;
}

static void test_usage(void **state)
{
	(void)state;
	const struct support support = {{5, 1}, 1};
	const uint32_t baskets[][3] = {{0, 1, 2}, {0, 1, 0}, {1, 2, 1}, {2, 0, 1}};
	struct basket_store *store = new_store(3);
	struct miner *miner;
	assert_int_equal(miner_create(store, support, &miner), CH_OK);
	assert_int_equal(check(store, miner, support), 0);
	assert_int_equal(basket_store_add(store, baskets[0], 3), CH_OK);
	assert_int_equal(check(store, miner, support), 7);
	assert_int_equal(basket_store_add(store, baskets[1], 3), CH_OK);
	assert_int_equal(basket_store_add(store, baskets[2], 3), CH_OK);
	assert_int_equal(check(store, miner, support), 5);
	assert_int_equal(basket_store_add(store, baskets[3], 3), CH_OK);
	assert_int_equal(check(store, miner, support), 7);
	miner_free(miner);
	basket_store_free(store);
}

/* A basket whose items hang together by the day, so that sets rise above the support and sink again. */
static size_t draw_basket(uint64_t *seed, uint64_t day, uint32_t items, uint32_t *out)
{
	size_t count = draw(seed, 7);
	uint32_t theme = (uint32_t)(day * 5 % items);
	for (size_t i = 0; i < count; i++)
		out[i] = draw(seed, 3) > 0 ? (theme + (uint32_t)draw(seed, 4)) % items
					   : (uint32_t)draw(seed, items);
	return count;
}

static void run_random(
	uint64_t seed, struct support support, uint32_t items, size_t baskets, uint64_t step)
{
	struct basket_store *store = new_store(items);
	struct miner *miner;
	uint32_t basket[8];
	assert_int_equal(miner_create(store, support, &miner), CH_OK);
	for (size_t i = 0; i < baskets; i++) {
		size_t count = draw_basket(&seed, i / 40, items, basket);
		assert_int_equal(basket_store_add(store, basket, count), CH_OK);
		if (draw(&seed, step) == 0)
			(void)check(store, miner, support);
	}
	(void)check(store, miner, support);
	miner_free(miner);
	basket_store_free(store);
}

/* The property: whatever comes, in steps of one or of many, incremental equals batch. */
static void test_equals_batch(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		uint64_t knobs = seed * 977;
		const struct support support = {
			{(int64_t)draw(&knobs, 300) + 5, 3}, (uint32_t)draw(&knobs, 4) + 1};
		run_random(seed, support, (uint32_t)draw(&knobs, 40) + 3,
			(size_t)draw(&knobs, 300) + 10, draw(&knobs, 30) + 1);
	}
}

/* New items in the middle, which change the ranks of the old ones. */
static void test_items_that_come_late(void **state)
{
	(void)state;
	const struct support support = {{1, 1}, 2};
	struct basket_store *store;
	struct miner *miner;
	uint64_t seed = 5;
	assert_int_equal(basket_store_create(&store), CH_OK);
	assert_int_equal(miner_create(store, support, &miner), CH_OK);
	for (uint32_t i = 0; i < 200; i++) {
		uint32_t basket[4];
		char name[8];
		for (size_t j = 0; j < 4; j++) {
			(void)snprintf(name, sizeof(name), "%c%u", 'z' - (int)(i / 20),
				(unsigned)draw(&seed, 3));
			assert_int_equal(
				basket_store_item(store, slice_text(name), &basket[j]), CH_OK);
		}
		assert_int_equal(basket_store_add(store, basket, 4), CH_OK);
		(void)check(store, miner, support);
	}
	miner_free(miner);
	basket_store_free(store);
}

/* A hundred days of changing fashions: what fell behind is dropped, and comes back right. */
static void test_memory_is_given_back(void **state)
{
	(void)state;
	const struct support support = {{2, 3}, 8};
	const uint32_t items = 400;
	struct basket_store *store = new_store(items);
	struct miner *miner;
	uint64_t seed = 11;
	size_t before = 0;
	bool shrank = false;
	assert_int_equal(miner_create(store, support, &miner), CH_OK);
	for (uint64_t i = 0; i < 12000; i++) {
		uint32_t basket[9];
		uint32_t theme = (uint32_t)(i / 300 * 37 % items);
		for (size_t j = 0; j < 9; j++)
			basket[j] = (theme + (uint32_t)draw(&seed, 12)) % items;
		assert_int_equal(basket_store_add(store, basket, 9), CH_OK);
		assert_int_equal(miner_update(miner), CH_OK);
		size_t counted = miner_figures(miner).counted;
		shrank = shrank || counted < before;
		before = counted;
		if (i % 1000 == 999)
			(void)check(store, miner, support);
	}
	assert_true(miner_figures(miner).cleared > 0);
	assert_true(shrank);
	miner_free(miner);
	basket_store_free(store);
}

/* One basket of 40 items and every set of it frequent: 2^40 sets.  Refused by both, and over with the next
 * thousand baskets. */
static void test_too_low_a_support(void **state)
{
	(void)state;
	const struct support support = {{1, 1}, 1};
	struct basket_store *store = new_store(40);
	struct miner *miner;
	struct item_sets sets;
	uint32_t basket[40];
	for (uint32_t i = 0; i < 40; i++)
		basket[i] = i;
	assert_int_equal(miner_create(store, support, &miner), CH_OK);
	assert_int_equal(basket_store_add(store, basket, 40), CH_OK);
	assert_int_equal(item_sets_mine(store, support, &sets), CH_TOO_LARGE);
	assert_int_equal(miner_update(miner), CH_TOO_LARGE);
	assert_int_equal(miner_sets(miner, &sets), CH_OK);
	assert_int_equal(sets.count, 0);
	item_sets_fini(&sets);
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(basket_store_add(store, basket + i, 2), CH_OK);
	(void)check(store, miner, support);
	miner_free(miner);
	basket_store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_equals_batch),
		cmocka_unit_test(test_items_that_come_late),
		cmocka_unit_test(test_memory_is_given_back),
		cmocka_unit_test(test_too_low_a_support),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
