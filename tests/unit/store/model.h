/* A reference for the state: what a plain array would hold after the same puts and deletes. */
#ifndef TEST_STORE_MODEL_H
#define TEST_STORE_MODEL_H

#include "place.h"

#include "store/state.h"

#define MODEL_KEYS 700u

/* A value is told by its number: length and bytes follow from it; 0: not there. */
struct model {
	uint64_t values[MODEL_KEYS];
	uint64_t ids; /* those of 1 to so many are known, each with its number as sequence */
};

static inline enum store_table model_table(uint32_t key)
{
	static const enum store_table tables[] = {
		TABLE_CUSTOMER, TABLE_CUSTOMER, TABLE_CUSTOMER, TABLE_UNIT, TABLE_DUE, TABLE_META};
	return tables[key % (sizeof(tables) / sizeof(tables[0]))];
}

/* Groups of some twenty keys in the tables that have groups. */
static inline struct slice model_key(uint32_t key, uint8_t bytes[32])
{
	memset(bytes, 0, 32);
	if (model_table(key) == TABLE_CUSTOMER) {
		store_be64(bytes, 100000000000u + key / 40 * 97);
		bytes[8] = key % 40 == 0 ? 'r' : 't';
		store_be64(bytes + 9, key);
		return slice_of(bytes, key % 40 == 0 ? 9 : 17);
	}
	if (model_table(key) == TABLE_DUE) {
		store_be64(bytes, UINT64_C(1772409600000000) + ((uint64_t)(key / 90) << 24) + key);
		return slice_of(bytes, 8 + key % 3);
	}
	store_be32(bytes, key);
	return slice_of(bytes, 4 + key % 5);
}

static inline size_t model_len(uint64_t value)
{
	size_t len = (size_t)(value * 2654435761u % 500);
	return value % 211 == 0 ? len * 150 : len;
}

static inline struct slice model_value(uint64_t value, uint8_t *bytes)
{
	size_t len = model_len(value);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(value + i * 7);
	return slice_of(bytes, len);
}

static inline void model_expect(uint64_t value, enum ch_status status, struct slice got)
{
	if (value == 0) {
		assert_int_equal(status, CH_NOT_FOUND);
		return;
	}
	assert_int_equal(status, CH_OK);
	assert_int_equal(got.len, model_len(value));
	for (size_t i = 0; i < got.len; i += 1 + got.len / 16)
		assert_int_equal(got.data[i], (uint8_t)(value + i * 7));
}

/* What a scan gave, against the model: every key of the table with the prefix, in order. */
struct model_scan {
	const struct model *model;
	enum store_table table;
	struct slice prefix;
	uint8_t last[32];
	size_t last_len;
	uint32_t count;
};

static inline bool model_visit(void *context, struct slice key, struct slice value)
{
	struct model_scan *scan = context;
	uint8_t bytes[32];
	assert_true(slice_starts(key, scan->prefix));
	assert_true(
		scan->count == 0 || slice_compare(slice_of(scan->last, scan->last_len), key) < 0);
	memcpy(scan->last, key.data, key.len);
	scan->last_len = key.len;
	scan->count++;
	for (uint32_t i = 0; i < MODEL_KEYS; i++) {
		if (model_table(i) != scan->table || !slice_equal(model_key(i, bytes), key))
			continue;
		assert_true(scan->model->values[i] != 0);
		model_expect(scan->model->values[i], CH_OK, value);
		return true;
	}
	fail_msg("a key that was never put");
	return false;
}

static inline uint32_t model_count(
	const struct model *model, enum store_table table, struct slice prefix)
{
	uint32_t count = 0;
	uint8_t bytes[32];
	for (uint32_t i = 0; i < MODEL_KEYS; i++)
		count += model->values[i] != 0 && model_table(i) == table &&
			 slice_starts(model_key(i, bytes), prefix);
	return count;
}

/* All of it, as a reader sees it. */
static inline void model_check_rtxn(const struct model *model, struct rtxn *rtxn)
{
	uint8_t bytes[32];
	uint8_t fingerprint[16];
	struct slice value = {NULL, 0};
	struct inbox_item item;
	for (uint32_t i = 0; i < MODEL_KEYS; i++) {
		enum ch_status status = rtxn_get(rtxn, model_table(i), model_key(i, bytes), &value);
		model_expect(model->values[i], status, value);
	}
	static const enum store_table tables[] = {
		TABLE_CUSTOMER, TABLE_UNIT, TABLE_DUE, TABLE_ORDER};
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct model_scan scan = {.model = model, .table = tables[i]};
		assert_int_equal(
			rtxn_scan(rtxn, tables[i], scan.prefix, model_visit, &scan), CH_OK);
		assert_int_equal(scan.count, model_count(model, tables[i], scan.prefix));
	}
	for (uint64_t i = model->ids > 50 ? model->ids - 50 : 1; i <= model->ids; i++) {
		fingerprint_of(i, fingerprint);
		assert_int_equal(rtxn_inbox_get(rtxn, fingerprint, &item), CH_OK);
		assert_int_equal(item.sequence, i);
	}
	for (uint64_t i = model->ids + 1; i < model->ids + 50; i++) {
		fingerprint_of(i, fingerprint);
		assert_int_equal(rtxn_inbox_get(rtxn, fingerprint, &item), CH_NOT_FOUND);
	}
}

static inline bool model_count_id(
	void *context, const uint8_t fingerprint[16], const struct inbox_item *item)
{
	uint8_t expected[16];
	fingerprint_of(item->sequence, expected);
	assert_memory_equal(fingerprint, expected, 16);
	++*(uint64_t *)context;
	return true;
}

/* All of it, as it lies in LMDB and the runs. */
static inline void model_check_snapshot(const struct model *model, struct snapshot *snapshot)
{
	static uint8_t after[32];
	uint64_t ids = 0;
	for (int table = 0; table < TABLE_COUNT; table++) {
		struct slice key = {NULL, 0};
		struct slice value;
		struct model_scan scan = {.model = model, .table = (enum store_table)table};
		if (table == TABLE_MANIFEST)
			continue;
		while (snapshot_next(snapshot, scan.table, key, &key, &value) == CH_OK) {
			assert_true(model_visit(&scan, key, value));
			/* Now and then somewhere else in between, and back to where it stood. */
			if (scan.count % 5 != 0)
				continue;
			memcpy(after, key.data, key.len);
			size_t len = key.len;
			(void)snapshot_next(snapshot, TABLE_UNIT, slice_of("x", 1), &key, &value);
			key = slice_of(after, len);
		}
		assert_int_equal(scan.count, model_count(model, scan.table, scan.prefix));
	}
	assert_int_equal(snapshot_inbox(snapshot, model_count_id, &ids), CH_OK);
	assert_int_equal(ids, model->ids);
}

/* One batch of random puts, deletes and new ids, checked while it is open; the model is changed
 * too. */
static inline void model_change(struct model *model, struct change *change, uint64_t *seed)
{
	static uint8_t large[80000];
	uint8_t bytes[32];
	uint8_t fingerprint[16];
	struct slice value = {NULL, 0};
	uint32_t operations = 1 + (uint32_t)(draw(seed) % 30);
	for (uint32_t i = 0; i < operations; i++) {
		uint32_t key = (uint32_t)(draw(seed) % MODEL_KEYS);
		enum store_table table = model_table(key);
		struct slice where = model_key(key, bytes);
		model_expect(model->values[key], change_get(change, table, where, &value), value);
		if (draw(seed) % 4 == 0) {
			change_delete(change, table, where);
			model->values[key] = 0;
		} else {
			uint64_t number = 1 + draw(seed) % 1000000;
			change_put(change, table, where, model_value(number, large));
			model->values[key] = number;
		}
		model_expect(model->values[key], change_get(change, table, where, &value), value);
		if (store_tables[table].group_bytes > 0) {
			struct model_scan scan = {.model = model,
				.table = table,
				.prefix = slice_sub(where, 0,
					store_tables[table].group_bytes + draw(seed) % 2)};
			assert_int_equal(
				change_scan(change, table, scan.prefix, model_visit, &scan), CH_OK);
			assert_int_equal(scan.count, model_count(model, table, scan.prefix));
		}
		struct inbox_item item = {.sequence = model->ids + 1};
		fingerprint_of(item.sequence, fingerprint);
		assert_int_equal(change_inbox_get(change, fingerprint, &item), CH_NOT_FOUND);
		change_inbox_put(change, fingerprint, &item);
		model->ids++;
		fingerprint_of(1 + draw(seed) % model->ids, fingerprint);
		assert_int_equal(change_inbox_get(change, fingerprint, &item), CH_OK);
	}
	assert_int_equal(change_status(change), CH_OK);
}

#endif
