#include "place.h"

#include <dirent.h>

#include "store/inbox.h"

static struct inbox *open_inbox(const struct place *place, const uint64_t *numbers, uint32_t count)
{
	struct inbox *inbox;
	assert_int_equal(inbox_open(place->dir, numbers, count, 1, false, &inbox), CH_OK);
	return inbox;
}

/* The next `count` ids as one checkpoint would write them. */
static void add_ids(struct inbox *inbox, uint64_t *next, uint64_t count)
{
	struct ids *ids;
	struct runset *set;
	assert_int_equal(ids_create(64, &ids), CH_OK);
	for (uint64_t i = 0; i < count; i++) {
		struct id_record record = {.sequence = ++*next};
		fingerprint_of(*next, record.fingerprint);
		assert_int_equal(ids_put(ids, &record), CH_OK);
	}
	assert_int_equal(inbox_prepare(inbox, ids, *next, &set), CH_OK);
	inbox_commit(inbox);
	assert_ptr_equal(inbox_runs(inbox), set);
	ids_free(ids);
}

static void expect_ids(const struct inbox *inbox, uint64_t from, uint64_t to, enum ch_status status)
{
	uint8_t fingerprint[16];
	struct id_record record;
	for (uint64_t i = from; i < to; i++) {
		fingerprint_of(i, fingerprint);
		assert_int_equal(runset_get(inbox_runs(inbox), fingerprint, &record), status);
		if (status == CH_OK)
			assert_int_equal(record.sequence, i);
	}
}

static uint32_t count_files(const struct place *place)
{
	uint32_t count = 0;
	DIR *dir = opendir(place->dir);
	assert_non_null(dir);
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
		count += strncmp(entry->d_name, "run-", 4) == 0;
	(void)closedir(dir);
	return count;
}

static void test_ids_of_checkpoints_are_found_for_ever(void **unused)
{
	(void)unused;
	struct place place;
	uint64_t next = 0;
	place_make(&place);
	struct inbox *inbox = open_inbox(&place, NULL, 0);
	for (int i = 0; i < 5; i++)
		add_ids(inbox, &next, 1000);
	expect_ids(inbox, 1, 5001, CH_OK);
	expect_ids(inbox, 5001, 9000, CH_NOT_FOUND);
	assert_int_equal(inbox_runs(inbox)->items, 5000);
	inbox_close(inbox);
	place_remove(&place);
}

static void test_four_runs_become_one(void **unused)
{
	(void)unused;
	struct place place;
	uint64_t next = 0;
	place_make(&place);
	struct inbox *inbox = open_inbox(&place, NULL, 0);
	for (int i = 0; i < 4; i++)
		add_ids(inbox, &next, 100);
	struct runset *before = inbox_runs(inbox);
	runset_hold(before);
	/* In small pieces; while it lasts, and until the next manifest, the old runs serve. */
	uint32_t pieces = 0;
	while (inbox_merge(inbox, 50) == CH_OK)
		pieces++;
	assert_in_range(pieces, 8, 20);
	assert_int_equal(inbox_runs(inbox)->count, 4);
	add_ids(inbox, &next, 100);
	assert_int_equal(inbox_runs(inbox)->count, 2);
	assert_int_equal(count_files(&place), 2);
	expect_ids(inbox, 1, 501, CH_OK);
	/* A reader of the old set still finds everything in files that have no names any more. */
	inbox_sweep(inbox);
	uint8_t fingerprint[16];
	struct id_record record;
	fingerprint_of(3, fingerprint);
	assert_int_equal(runset_get(before, fingerprint, &record), CH_OK);
	runset_release(before);
	inbox_sweep(inbox);
	inbox_close(inbox);
	place_remove(&place);
}

static void test_what_the_manifest_does_not_name_is_removed(void **unused)
{
	(void)unused;
	struct place place;
	uint64_t next = 0;
	place_make(&place);
	struct inbox *inbox = open_inbox(&place, NULL, 0);
	for (int i = 0; i < 3; i++)
		add_ids(inbox, &next, 10);
	uint64_t kept = run_number(inbox_runs(inbox)->runs[1]);
	inbox_close(inbox);
	inbox = open_inbox(&place, &kept, 1);
	assert_int_equal(count_files(&place), 1);
	expect_ids(inbox, 11, 21, CH_OK);
	expect_ids(inbox, 1, 11, CH_NOT_FOUND);
	/* A number is never given twice, not even that of a removed file. */
	add_ids(inbox, &next, 1);
	assert_true(run_number(inbox_runs(inbox)->runs[1]) > kept + 1);
	inbox_close(inbox);
	uint64_t missing[] = {kept, 99};
	assert_int_equal(inbox_open(place.dir, missing, 2, 1, false, &inbox), CH_NOT_FOUND);
	place_remove(&place);
}

static void test_preparing_again_gives_the_same_set(void **unused)
{
	(void)unused;
	struct place place;
	struct ids *ids;
	struct runset *first;
	struct runset *second;
	struct id_record record = {.sequence = 4};
	place_make(&place);
	struct inbox *inbox = open_inbox(&place, NULL, 0);
	assert_int_equal(ids_create(4, &ids), CH_OK);
	assert_int_equal(ids_put(ids, &record), CH_OK);
	assert_int_equal(inbox_prepare(inbox, ids, 4, &first), CH_OK);
	assert_int_equal(inbox_prepare(inbox, ids, 4, &second), CH_OK);
	assert_ptr_equal(first, second);
	assert_int_equal(count_files(&place), 1);
	ids_free(ids);
	inbox_close(inbox);
	/* It was never committed, so nobody knows: the file is there for the next opening to
	 * judge. */
	assert_int_equal(count_files(&place), 1);
	place_remove(&place);
}

/* A million ids through many checkpoints with merging in between: each is found, nothing else
 * is. */
static void test_a_million_ids(void **unused)
{
	(void)unused;
	struct place place;
	uint64_t next = 0;
	uint64_t seed = 99;
	place_make(&place);
	struct inbox *inbox = open_inbox(&place, NULL, 0);
	while (next < 1000000) {
		uint64_t count = 1 + draw(&seed) % 20000;
		add_ids(inbox, &next, count);
		(void)inbox_merge(inbox, count * 2);
		inbox_sweep(inbox);
	}
	assert_int_equal(inbox_runs(inbox)->items, next);
	assert_in_range(inbox_runs(inbox)->count, 1, 40);
	for (int i = 0; i < 50000; i++) {
		uint64_t number = 1 + draw(&seed) % next;
		expect_ids(inbox, number, number + 1, CH_OK);
		number += next;
		expect_ids(inbox, number, number + 1, CH_NOT_FOUND);
	}
	inbox_close(inbox);
	place_remove(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_of_checkpoints_are_found_for_ever),
		cmocka_unit_test(test_four_runs_become_one),
		cmocka_unit_test(test_what_the_manifest_does_not_name_is_removed),
		cmocka_unit_test(test_preparing_again_gives_the_same_set),
		cmocka_unit_test(test_a_million_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
