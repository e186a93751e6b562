#include "place.h"

#include "store/cache.h"

#define RING UINT64_C(2097152) /* the smallest */

static struct overlay_key key_of(uint64_t number, uint8_t bytes[8])
{
	store_be64(bytes, number);
	return overlay_key(TABLE_CUSTOMER, slice_of(bytes, 8));
}

static void test_what_is_kept_is_found(void **unused)
{
	(void)unused;
	uint8_t bytes[8];
	struct slice value;
	struct cache *cache;
	assert_int_equal(cache_create(RING, &cache), CH_OK);
	struct overlay_key key = key_of(1, bytes);
	assert_int_equal(cache_get(cache, &key, &value), OVERLAY_ABSENT);
	cache_keep(cache, &key, OVERLAY_VALUE, SLICE_LITERAL("one"));
	assert_int_equal(cache_get(cache, &key, &value), OVERLAY_VALUE);
	assert_true(slice_equal(value, SLICE_LITERAL("one")));
	cache_turn(cache);
	cache_change(cache, &key, OVERLAY_VALUE, SLICE_LITERAL("uno"));
	assert_int_equal(cache_get(cache, &key, &value), OVERLAY_VALUE);
	assert_true(slice_equal(value, SLICE_LITERAL("uno")));
	cache_change(cache, &key, OVERLAY_DELETED, (struct slice){NULL, 0});
	assert_int_equal(cache_get(cache, &key, &value), OVERLAY_DELETED);
	key = overlay_key(TABLE_KEY, slice_of(bytes, 8)); /* another table's is another key */
	assert_int_equal(cache_get(cache, &key, &value), OVERLAY_ABSENT);
	cache_free(cache);
}

/* The ring does not hold it, so the old value must not stay either. */
static void test_a_value_too_big_is_forgotten(void **unused)
{
	(void)unused;
	uint8_t bytes[8];
	static const uint8_t big[65536];
	struct slice value;
	struct cache *cache;
	assert_int_equal(cache_create(RING, &cache), CH_OK);
	struct overlay_key key = key_of(1, bytes);
	cache_keep(cache, &key, OVERLAY_VALUE, SLICE_LITERAL("one"));
	cache_turn(cache);
	cache_change(cache, &key, OVERLAY_VALUE, slice_of(big, sizeof(big)));
	assert_int_equal(cache_get(cache, &key, &value), OVERLAY_ABSENT);
	cache_free(cache);
}

static void test_of_no_size(void **unused)
{
	(void)unused;
	uint8_t bytes[8];
	struct slice value;
	struct cache *cache;
	assert_int_equal(cache_create(0, &cache), CH_OK);
	struct overlay_key key = key_of(1, bytes);
	cache_prefetch(cache, &key);
	cache_keep(cache, &key, OVERLAY_VALUE, SLICE_LITERAL("one"));
	cache_change(cache, &key, OVERLAY_VALUE, SLICE_LITERAL("two"));
	assert_int_equal(cache_get(cache, &key, &value), OVERLAY_ABSENT);
	cache_free(cache);
}

/* At random, many times round the ring, against an array: what the cache says is true, or it says
 * nothing; and every slice it gave is unchanged when the batch ends. */
#define KEYS      20000u
#define BATCHES   3000u
#define LOOKS     64u
#define CHANGES   16u
#define VALUE_MAX 2000u

struct truth {
	uint32_t version; /* 0: deleted */
	uint32_t len;
};

static void value_of(uint64_t number, const struct truth *truth, uint8_t *out)
{
	uint8_t first = (uint8_t)(number * 31 + truth->version);
	for (uint32_t i = 0; i < truth->len; i++)
		out[i] = (uint8_t)(first + i);
}

static bool value_is(uint64_t number, const struct truth *truth, struct slice value)
{
	uint8_t wanted[VALUE_MAX];
	value_of(number, truth, wanted);
	return slice_equal(value, slice_of(wanted, truth->len));
}

static uint64_t pick(void)
{
	uint64_t all = (uint64_t)rand() % KEYS;
	return rand() % 4 == 0 ? all : all % (KEYS / 20); /* a few are asked for often */
}

static void change_one(struct cache *cache, struct truth *truths)
{
	uint8_t bytes[8];
	uint8_t value[VALUE_MAX];
	uint64_t number = pick();
	struct truth *truth = &truths[number];
	struct overlay_key key = key_of(number, bytes);
	bool gone = rand() % 10 == 0;
	truth->version = gone ? 0 : truth->version + 1;
	truth->len = gone ? 0 : (uint32_t)rand() % VALUE_MAX;
	value_of(number, truth, value);
	cache_change(
		cache, &key, gone ? OVERLAY_DELETED : OVERLAY_VALUE, slice_of(value, truth->len));
}

static void test_it_never_lies(void **unused)
{
	(void)unused;
	struct cache *cache;
	struct truth *truths = calloc(KEYS, sizeof(*truths));
	uint64_t known = 0;
	assert_non_null(truths);
	assert_int_equal(cache_create(RING, &cache), CH_OK);
	for (unsigned batch = 0; batch < BATCHES; batch++) {
		uint64_t numbers[LOOKS];
		struct slice got[LOOKS];
		unsigned count = 0;
		cache_turn(cache);
		for (unsigned i = 0; i < LOOKS; i++) {
			uint8_t bytes[8];
			uint8_t value[VALUE_MAX];
			uint64_t number = pick();
			const struct truth *truth = &truths[number];
			struct overlay_key key = key_of(number, bytes);
			enum overlay_answer answer = cache_get(cache, &key, &got[count]);
			if (answer == OVERLAY_VALUE)
				numbers[count++] = number;
			else if (answer == OVERLAY_DELETED)
				assert_int_equal(truth->version, 0);
			known += answer != OVERLAY_ABSENT;
			if (answer != OVERLAY_ABSENT)
				continue;
			value_of(number, truth, value);
			cache_keep(cache, &key,
				truth->version == 0 ? OVERLAY_DELETED : OVERLAY_VALUE,
				slice_of(value, truth->len));
		}
		for (unsigned i = 0; i < count; i++)
			assert_true(value_is(numbers[i], &truths[numbers[i]], got[i]));
		cache_turn(cache);
		for (unsigned i = 0; i < CHANGES; i++)
			change_one(cache, truths);
		assert_in_range(cache_bytes(cache), 0, RING);
	}
	assert_true(known > (uint64_t)BATCHES * LOOKS / 4); /* or it is no cache */
	cache_free(cache);
	free(truths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_kept_is_found),
		cmocka_unit_test(test_a_value_too_big_is_forgotten),
		cmocka_unit_test(test_of_no_size),
		cmocka_unit_test(test_it_never_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
