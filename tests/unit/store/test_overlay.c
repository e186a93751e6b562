#include "place.h"

#include "base/limits.h"
#include "store/order.h"
#include "store/overlay.h"

static struct overlay *create(uint32_t keys)
{
	struct overlay *overlay;
	assert_int_equal(overlay_create(store_tables, keys, &overlay), CH_OK);
	return overlay;
}

static void put(struct overlay *overlay, unsigned table, const char *key, const char *value)
{
	const struct overlay_key where = overlay_key(table, text(key));
	assert_int_equal(overlay_put(overlay, &where, text(value)), CH_OK);
}

static enum overlay_answer get(const struct overlay *overlay, unsigned table, const char *key,
	uint32_t version, struct slice *out_value)
{
	const struct overlay_key where = overlay_key(table, text(key));
	return overlay_get(overlay, &where, version, out_value);
}

static void test_a_batch_is_put_looked_up_and_absorbed(void **unused)
{
	(void)unused;
	struct slice value;
	struct overlay *batch = create(64);
	struct overlay *active = create(64);
	put(batch, TABLE_UNIT, "KDL-1", "sold");
	put(batch, TABLE_UNIT, "KDL-1", "in repair");
	const struct overlay_key gone = overlay_key(TABLE_UNIT, text("KDL-2"));
	assert_int_equal(overlay_delete(batch, &gone), CH_OK);

	assert_int_equal(get(batch, TABLE_UNIT, "KDL-1", OVERLAY_NEWEST, &value), OVERLAY_VALUE);
	assert_slice(value, "in repair");
	assert_int_equal(get(batch, TABLE_UNIT, "KDL-2", OVERLAY_NEWEST, &value), OVERLAY_DELETED);
	assert_int_equal(get(batch, TABLE_UNIT, "KDL-3", OVERLAY_NEWEST, &value), OVERLAY_ABSENT);
	assert_int_equal(get(batch, TABLE_ORDER, "KDL-1", OVERLAY_NEWEST, &value), OVERLAY_ABSENT);

	assert_int_equal(overlay_absorb(active, batch, 0), CH_OK);
	overlay_reset(batch);
	assert_int_equal(get(batch, TABLE_UNIT, "KDL-1", OVERLAY_NEWEST, &value), OVERLAY_ABSENT);
	assert_int_equal(get(active, TABLE_UNIT, "KDL-1", OVERLAY_NEWEST, &value), OVERLAY_VALUE);
	assert_slice(value, "in repair");
	assert_int_equal(get(active, TABLE_UNIT, "KDL-2", OVERLAY_NEWEST, &value), OVERLAY_DELETED);
	overlay_free(active);
	overlay_free(batch);
}

static void test_a_reader_keeps_its_view(void **unused)
{
	(void)unused;
	struct slice old;
	struct slice now;
	struct overlay *batch = create(64);
	struct overlay *active = create(64);
	put(batch, TABLE_UNIT, "a", "first");
	assert_int_equal(overlay_absorb(active, batch, 0), CH_OK);
	uint32_t seen = overlay_version(active);
	assert_int_equal(get(active, TABLE_UNIT, "a", seen, &old), OVERLAY_VALUE);

	/* Somebody looks at version `seen`: put after put leaves his value alone. */
	for (int i = 0; i < 50; i++) {
		char text_now[16];
		(void)snprintf(text_now, sizeof(text_now), "later %d", i);
		overlay_reset(batch);
		put(batch, TABLE_UNIT, "a", text_now);
		put(batch, TABLE_UNIT, "b", text_now);
		assert_int_equal(overlay_absorb(active, batch, seen), CH_OK);
	}
	assert_slice(old, "first");
	assert_int_equal(get(active, TABLE_UNIT, "a", seen, &now), OVERLAY_VALUE);
	assert_slice(now, "first");
	assert_int_equal(get(active, TABLE_UNIT, "b", seen, &now), OVERLAY_ABSENT);
	assert_int_equal(get(active, TABLE_UNIT, "a", OVERLAY_NEWEST, &now), OVERLAY_VALUE);
	assert_slice(now, "later 49");
	overlay_free(active);
	overlay_free(batch);
}

static void test_without_readers_space_is_used_again(void **unused)
{
	(void)unused;
	struct overlay *batch = create(64);
	struct overlay *active = create(64);
	put(batch, TABLE_UNIT, "a", "a value of some length");
	assert_int_equal(overlay_absorb(active, batch, 0), CH_OK);
	uint64_t bytes = overlay_bytes(active);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(overlay_absorb(active, batch, 0), CH_OK);
	assert_int_equal(overlay_bytes(active), bytes);
	assert_int_equal(overlay_keys(active), 1);
	overlay_free(active);
	overlay_free(batch);
}

static bool count_item(void *context, const struct overlay_item *item)
{
	(void)item;
	++*(int *)context;
	return true;
}

static void test_a_group_is_one_place(void **unused)
{
	(void)unused;
	int count = 0;
	struct overlay *overlay = create(64);
	put(overlay, TABLE_CUSTOMER, "00000001r", "record");
	put(overlay, TABLE_CUSTOMER, "00000001t1", "line");
	put(overlay, TABLE_CUSTOMER, "00000001t2", "line");
	put(overlay, TABLE_CUSTOMER, "00000002r", "record");
	put(overlay, TABLE_UNIT, "00000001r", "not of the group");
	assert_int_equal(overlay_places(overlay), 3);
	assert_int_equal(overlay_keys(overlay), 5);
	overlay_group(overlay, TABLE_CUSTOMER, text("00000001"), 1, count_item, &count);
	assert_int_equal(count, 3);
	count = 0;
	overlay_group(overlay, TABLE_CUSTOMER, text("00000001t"), 1, count_item, &count);
	assert_int_equal(count, 2);
	count = 0;
	overlay_group(overlay, TABLE_CUSTOMER, text("00000003"), 1, count_item, &count);
	assert_int_equal(count, 0);
	size_t at = 0;
	while (overlay_walk(overlay, TABLE_CUSTOMER, text("0000"), 1, &at, 2, count_item, &count))
		;
	assert_int_equal(count, 4);
	overlay_free(overlay);
}

/* Big values, growing ones, and so many keys that the index must grow. */
static void test_it_grows_and_forgets(void **unused)
{
	(void)unused;
	static uint8_t bytes[LIMIT_VALUE_BYTES];
	struct overlay *overlay = create(8);
	struct overlay *active = create(8);
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			uint8_t key[8];
			store_be64(key, i);
			const struct overlay_key where = overlay_key(TABLE_ORDER, slice_of(key, 8));
			memset(bytes, (int)i, i);
			assert_int_equal(overlay_put(overlay, &where, slice_of(bytes, i)), CH_OK);
		}
		const struct overlay_key big = overlay_key(TABLE_ORDER, text("big"));
		for (size_t len = 1; len <= LIMIT_VALUE_BYTES; len *= 2)
			assert_int_equal(overlay_put(overlay, &big, slice_of(bytes, len)), CH_OK);
		assert_int_equal(overlay_absorb(active, overlay, 0), CH_OK);
		for (uint32_t i = 0; i < 5000; i++) {
			uint8_t key[8];
			struct slice value;
			store_be64(key, i);
			const struct overlay_key where = overlay_key(TABLE_ORDER, slice_of(key, 8));
			assert_int_equal(
				overlay_get(active, &where, OVERLAY_NEWEST, &value), OVERLAY_VALUE);
			assert_int_equal(value.len, i);
			assert_true(i == 0 || (value.data[0] == (uint8_t)i &&
						      value.data[i - 1] == (uint8_t)i));
		}
		overlay_reset(overlay);
		overlay_warm(overlay);
		assert_int_equal(overlay_keys(overlay), 0);
	}
	overlay_free(active);
	overlay_free(overlay);
}

/* Random keys over shared prefixes of all lengths come out as a comparison sort would have them. */
static void test_the_order_is_lmdbs(void **unused)
{
	(void)unused;
	uint64_t seed = 7;
	struct overlay *overlay = create(64);
	for (int i = 0; i < 20000; i++) {
		uint8_t key[40] = "a prefix that is shared by all";
		size_t len = 1 + draw(&seed) % sizeof(key);
		for (size_t at = draw(&seed) % (len + 1); at < len; at++)
			key[at] = (uint8_t)(draw(&seed) % 3);
		unsigned table = draw(&seed) % 2 == 0 ? TABLE_KEY : TABLE_ORDER;
		const struct overlay_key where = overlay_key(table, slice_of(key, len));
		assert_int_equal(overlay_put(overlay, &where, text("x")), CH_OK);
	}
	struct order_item *order;
	size_t count;
	assert_int_equal(order_create(overlay, &order, &count), CH_OK);
	assert_int_equal(count, overlay_keys(overlay));
	for (size_t i = 1; i < count; i++) {
		struct overlay_item a = overlay_item(overlay, order[i - 1].reference);
		struct overlay_item b = overlay_item(overlay, order[i].reference);
		assert_true(a.table < b.table ||
			    (a.table == b.table && slice_compare(a.key, b.key) < 0));
	}
	free(order);
	overlay_free(overlay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_batch_is_put_looked_up_and_absorbed),
		cmocka_unit_test(test_a_reader_keeps_its_view),
		cmocka_unit_test(test_without_readers_space_is_used_again),
		cmocka_unit_test(test_a_group_is_one_place),
		cmocka_unit_test(test_it_grows_and_forgets),
		cmocka_unit_test(test_the_order_is_lmdbs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
