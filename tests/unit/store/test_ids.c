#include "place.h"

#include "store/id_order.h"
#include "store/ids.h"

static struct id_record record_of(uint64_t number)
{
	struct id_record record = {.sequence = number + 1};
	fingerprint_of(number, record.fingerprint);
	store_le64(record.digest, number);
	return record;
}

static void test_an_id_is_put_and_found(void **unused)
{
	(void)unused;
	struct ids *ids;
	struct id_record record = record_of(1);
	assert_int_equal(ids_create(16, &ids), CH_OK);
	assert_null(ids_get(ids, record.fingerprint));
	assert_int_equal(ids_put(ids, &record), CH_OK);
	const struct id_record *found = ids_get(ids, record.fingerprint);
	assert_non_null(found);
	assert_int_equal(found->sequence, 2);
	ids_free(ids);
}

static void test_the_first_stays(void **unused)
{
	(void)unused;
	struct ids *ids;
	struct id_record record = record_of(1);
	assert_int_equal(ids_create(16, &ids), CH_OK);
	assert_int_equal(ids_put(ids, &record), CH_OK);
	record.sequence = 99;
	assert_int_equal(ids_put(ids, &record), CH_OK);
	assert_int_equal(ids_get(ids, record.fingerprint)->sequence, 2);
	assert_int_equal(ids_count(ids), 1);
	ids_free(ids);
}

/* Through several growths of the index, over chunks, and round after round. */
static void test_many_ids(void **unused)
{
	(void)unused;
	struct ids *batch;
	struct ids *all;
	assert_int_equal(ids_create(4, &batch), CH_OK);
	assert_int_equal(ids_create(4, &all), CH_OK);
	for (uint64_t i = 0; i < 150000; i++) {
		struct id_record record = record_of(i);
		assert_int_equal(ids_put(batch, &record), CH_OK);
		if (i % 512 == 511 || i == 149999) {
			assert_int_equal(ids_make_room(all, batch), CH_OK);
			ids_absorb(all, batch);
			ids_reset(batch);
		}
	}
	assert_int_equal(ids_count(all), 150000);
	for (uint64_t i = 0; i < 150000; i++) {
		struct id_record record = record_of(i);
		assert_memory_equal(ids_at(all, (uint32_t)i), &record, sizeof(record));
		assert_ptr_equal(ids_get(all, record.fingerprint), ids_at(all, (uint32_t)i));
		record = record_of(i + 150000);
		assert_null(ids_get(all, record.fingerprint));
	}
	ids_reset(all);
	ids_warm(all);
	assert_int_equal(ids_count(all), 0);
	struct id_record record = record_of(5);
	assert_null(ids_get(all, record.fingerprint));
	ids_free(all);
	ids_free(batch);
}

/* In order, each once; also when they have been made to fall together. */
static void test_ids_in_order(void **unused)
{
	(void)unused;
	static const uint64_t counts[] = {1, 2, 1000, 70000};
	for (size_t c = 0; c < 8; c++) {
		struct ids *ids;
		struct id_order_item *items;
		bool together = c >= 4;
		uint64_t count = counts[c % 4];
		assert_int_equal(ids_create(4, &ids), CH_OK);
		for (uint64_t i = 0; i < count; i++) {
			struct id_record record = record_of(i);
			if (together)
				memset(record.fingerprint, 7, i % 2 == 0 ? 8 : 3);
			assert_int_equal(ids_put(ids, &record), CH_OK);
		}
		assert_int_equal(id_order_create(ids, &items), CH_OK);
		for (uint64_t i = 1; i < count; i++)
			assert_true(
				memcmp(items[i - 1].record->fingerprint,
					items[i].record->fingerprint, ID_FINGERPRINT_BYTES) < 0);
		free(items);
		ids_free(ids);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_id_is_put_and_found),
		cmocka_unit_test(test_the_first_stays),
		cmocka_unit_test(test_many_ids),
		cmocka_unit_test(test_ids_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
