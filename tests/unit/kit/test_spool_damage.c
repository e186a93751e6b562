/* Bytes that are not what was written. */
#include "spool_place.h"

#include "base/crc32c.h"
#include "base/file.h"

static void test_a_torn_tail_is_cut_at_every_byte(void **state)
{
	struct place place;
	char names[64][NAME_BYTES];
	(void)state;
	place_begin(&place);
	put_many(&place, 1, 3);
	assert_int_equal(segments(&place, names), 1);
	int64_t good = size_of(&place, names[0]);
	assert_int_equal(put(&place, "was being written"), CH_OK); /* and not synced */
	spool_close(place.spool);
	int64_t all = size_of(&place, names[0]);
	for (int64_t size = all - 1; size > good; size--) {
		cut(&place, names[0], size);
		place_open(&place);
		assert_int_equal(look(&place).torn_bytes, size - good);
		assert_int_equal(look(&place).records, 3);
		assert_int_equal(size_of(&place, names[0]), good);
		spool_close(place.spool);
		cut(&place, names[0], all); /* as with noughts at its end */
		place_open(&place);
		assert_int_equal(look(&place).records, 3);
		spool_close(place.spool);
	}
	place_open(&place);
	take_many(&place, 1, 3);
	expect_end(&place);
	place_end(&place);
}

/* The disk wrote the second of two records and not the first: neither was synced, so nothing is lost. */
static void test_unsynced_records_in_the_wrong_order_are_torn(void **state)
{
	struct place place;
	char names[64][NAME_BYTES];
	(void)state;
	place_begin(&place);
	put_many(&place, 1, 2);
	assert_int_equal(segments(&place, names), 1);
	int64_t good = size_of(&place, names[0]);
	assert_int_equal(put(&place, "3"), CH_OK);
	assert_int_equal(put(&place, "4"), CH_OK);
	spool_close(place.spool);
	flip(&place, names[0], good + 20);
	place_open(&place);
	assert_int_equal(look(&place).records, 2);
	assert_true(look(&place).torn_bytes > 0);
	put_many(&place, 5, 5);
	take_many(&place, 1, 2);
	take_many(&place, 5, 5);
	expect_end(&place);
	place_end(&place);
}

static void test_a_flipped_byte_is_damage_and_is_told_once(void **state)
{
	struct place place;
	char names[64][NAME_BYTES];
	struct spool_record record;
	struct spool_damage damage;
	uint64_t number;
	(void)state;
	place_begin(&place);
	put_many(&place, 1, 1);
	assert_int_equal(segments(&place, names), 1);
	int64_t at = size_of(&place, names[0]);
	put_many(&place, 2, 3);
	put_many(&place, 4, 4);
	spool_close(place.spool);
	flip(&place, names[0], at + 30);

	place_open(&place);
	assert_int_equal(look(&place).torn_bytes, 0);
	expect(&place, 1, &number);
	/* Not before its turn: what is under way may still have to come again. */
	assert_int_equal(spool_next(place.spool, &record, &damage), CH_END);
	assert_int_equal(spool_next(place.spool, &record, &damage), CH_END);
	assert_int_equal(spool_done(place.spool, number), CH_OK);
	assert_int_equal(spool_next(place.spool, &record, &damage), CH_GAP);
	assert_int_equal(damage.first, 2);
	assert_int_equal(damage.last, 2);
	assert_int_equal(damage.offset, at);
	take_many(&place, 3, 4);
	expect_end(&place);
	assert_true(size_of(&place, damage.file) > 0); /* kept for people */
	assert_int_equal(segments(&place, names), 0);
	place_end(&place);
}

/* The last record was synced, and the one proof of that is the cursor. */
static void test_a_synced_tail_that_is_gone_is_damage(void **state)
{
	struct place place;
	char names[64][NAME_BYTES];
	struct spool_record record;
	struct spool_damage damage;
	(void)state;
	place_begin(&place);
	put_many(&place, 1, 3);
	assert_int_equal(segments(&place, names), 1);
	int64_t good = size_of(&place, names[0]);
	put_many(&place, 4, 5);
	take_many(&place, 1, 1);
	spool_close(place.spool); /* writes the cursor */
	cut(&place, names[0], good);
	place_open(&place);
	put_many(&place, 6, 6);
	take_many(&place, 2, 3);
	assert_int_equal(spool_next(place.spool, &record, &damage), CH_GAP);
	assert_int_equal(damage.first, 4);
	assert_int_equal(damage.last, 5);
	take_many(&place, 6, 6);
	expect_end(&place);
	place_end(&place);
}

static void test_damage_in_an_older_segment(void **state)
{
	struct place place;
	char names[64][NAME_BYTES];
	struct spool_record record;
	struct spool_damage damage = {0};
	unsigned long long first = 0;
	unsigned long long second = 0;
	(void)state;
	place_begin(&place);
	put_many(&place, 1, 6000);
	assert_true(segments(&place, names) > 3);
	assert_int_equal(sscanf(names[1], "%16llx", &first), 1);
	assert_int_equal(sscanf(names[2], "%16llx", &second), 1);
	spool_close(place.spool);
	cut(&place, names[1], size_of(&place, names[1]) - 3); /* its last record */
	flip(&place, names[2], 3);                            /* its head */
	place_open(&place);
	take_many(&place, 1, (unsigned)second - 2);
	assert_int_equal(spool_next(place.spool, &record, &damage), CH_GAP);
	assert_int_equal(damage.first, second - 1);
	assert_int_equal(damage.last, second - 1);
	take_many(&place, (unsigned)second, 6000); /* a head holds nothing that its name does not */
	expect_end(&place);
	assert_true(size_of(&place, damage.file) > 0);

	put_many(&place, 6001, 12000);
	assert_true(segments(&place, names) > 3);
	assert_int_equal(sscanf(names[1], "%16llx", &first), 1);
	assert_int_equal(sscanf(names[2], "%16llx", &second), 1);
	spool_close(place.spool);
	char path[PATH_BYTES];
	path_of(&place, names[1], path);
	assert_int_equal(unlink(path), 0);
	place_open(&place);
	take_many(&place, 6001, (unsigned)first - 1);
	assert_int_equal(spool_next(place.spool, &record, &damage), CH_GAP);
	assert_int_equal(damage.first, first);
	assert_int_equal(damage.last, second - 1);
	take_many(&place, (unsigned)second, 12000);
	place_end(&place);
}

static void test_a_lost_cursor_sends_all_once_more(void **state)
{
	struct place place;
	char path[PATH_BYTES];
	(void)state;
	place_begin(&place);
	put_many(&place, 1, 5);
	take_many(&place, 1, 2);
	assert_int_equal(spool_save(place.spool), CH_OK);
	spool_close(place.spool);
	path_of(&place, "cursor", path);
	flip(&place, "cursor", 9); /* the one page that was written */
	place_open(&place);
	assert_true(look(&place).started_over);
	take_many(&place, 1, 3);
	assert_int_equal(spool_save(place.spool), CH_OK);
	take_many(&place, 4, 4);
	spool_close(place.spool);
	flip(&place, "cursor", SPOOL_CURSOR_PAGE + 9); /* the newer of two */
	place_open(&place);
	assert_false(look(&place).started_over);
	take_many(&place, 4, 5); /* 4 again */
	place_end(&place);
}

static void test_another_version_is_left_alone(void **state)
{
	struct place place;
	struct buffer head = {0};
	struct spool *spool = NULL;
	char names[64][NAME_BYTES];
	char path[PATH_BYTES];
	(void)state;
	place_begin(&place);
	put_many(&place, 1, 1);
	spool_close(place.spool);
	place.spool = NULL;
	assert_int_equal(segments(&place, names), 1);
	path_of(&place, names[0], path);
	assert_int_equal(file_read_all(path, 4096, &head), CH_OK);
	head.data[7] = '2';
	uint32_t crc = crc32c(0, head.data, 28);
	for (unsigned i = 0; i < 4; i++)
		head.data[28 + i] = (uint8_t)(crc >> (8 * i));
	assert_int_equal(file_replace(path, buffer_slice(&head), 0600), CH_OK);
	buffer_fini(&head);
	const struct spool_options options = {place.path, place.max_bytes};
	assert_int_equal(spool_open(&options, &spool), CH_VERSION);
	assert_true(size_of(&place, names[0]) > 32);
	place_end(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_torn_tail_is_cut_at_every_byte),
		cmocka_unit_test(test_unsynced_records_in_the_wrong_order_are_torn),
		cmocka_unit_test(test_a_flipped_byte_is_damage_and_is_told_once),
		cmocka_unit_test(test_a_synced_tail_that_is_gone_is_damage),
		cmocka_unit_test(test_damage_in_an_older_segment),
		cmocka_unit_test(test_a_lost_cursor_sends_all_once_more),
		cmocka_unit_test(test_another_version_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
