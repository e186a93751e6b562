#include "place.h"

#include "base/file.h"
#include "store/merge.h"
#include "store/run.h"

/* Records with the numbers from..to-1 times step, in order. */
static int compare_records(const void *a, const void *b)
{
	return memcmp(a, b, ID_FINGERPRINT_BYTES);
}

static void write_run(const char *dir, uint64_t number, uint64_t from, uint64_t to)
{
	struct run_writer *writer;
	struct id_record *records = calloc(to - from, sizeof(*records));
	assert_non_null(records);
	for (uint64_t i = from; i < to; i++) {
		fingerprint_of(i, records[i - from].fingerprint);
		records[i - from].sequence = i + 1;
		store_le64(records[i - from].digest, i * 3);
	}
	qsort(records, to - from, sizeof(*records), compare_records);
	assert_int_equal(run_writer_create(dir, number, to - from + 9, &writer), CH_OK);
	for (uint64_t i = 0; i < to - from; i++) {
		run_writer_add(writer, &records[i]);
		run_writer_add(writer, &records[i]); /* the second is nothing */
	}
	assert_int_equal(run_writer_finish(writer), CH_OK);
	free(records);
}

static enum ch_status look(const struct run *run, uint64_t number, struct id_record *out_record)
{
	uint8_t fingerprint[16];
	fingerprint_of(number, fingerprint);
	run_prefetch(run, fingerprint);
	struct filter_mask mask;
	filter_mask_of(fingerprint, &mask);
	return run_get(run, fingerprint, &mask, out_record);
}

static void test_a_run_is_written_and_read(void **unused)
{
	(void)unused;
	struct place place;
	struct run *run;
	struct id_record record;
	place_make(&place);
	write_run(place.dir, 7, 0, 1000);
	assert_int_equal(run_open(place.dir, 7, &run), CH_OK);
	assert_int_equal(run_items(run), 1000);
	for (uint64_t i = 0; i < 1000; i++) {
		assert_int_equal(look(run, i, &record), CH_OK);
		assert_int_equal(record.sequence, i + 1);
		assert_int_equal(load_le64(record.digest), i * 3);
	}
	for (uint64_t i = 1000; i < 20000; i++)
		assert_int_equal(look(run, i, &record), CH_NOT_FOUND);
	run_release(run);
	place_remove(&place);
}

static void test_a_cursor_walks_in_order(void **unused)
{
	(void)unused;
	struct place place;
	struct run *run;
	place_make(&place);
	/* About the sizes at which blocks end. */
	for (uint64_t count = 1; count < 400; count += count < 130 ? 7 : 1) {
		uint8_t last[16] = {0};
		uint64_t seen = 0;
		struct id_record record;
		write_run(place.dir, count, 0, count);
		assert_int_equal(run_open(place.dir, count, &run), CH_OK);
		struct run_cursor cursor = {.run = run};
		while (run_next(&cursor, &record) == CH_OK) {
			assert_true(memcmp(last, record.fingerprint, 16) < 0);
			memcpy(last, record.fingerprint, 16);
			seen++;
		}
		assert_int_equal(seen, count);
		assert_int_equal(run_next(&cursor, &record), CH_END);
		run_release(run);
	}
	place_remove(&place);
}

static void test_runs_merge_into_one_series(void **unused)
{
	(void)unused;
	struct place place;
	struct run *runs[3];
	struct merge merge;
	struct id_record record;
	struct id_record last = {.sequence = 0};
	uint64_t count = 0;
	place_make(&place);
	write_run(place.dir, 1, 0, 500);
	write_run(place.dir, 2, 400, 900); /* shares a hundred */
	write_run(place.dir, 3, 900, 901);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(run_open(place.dir, i + 1, &runs[i]), CH_OK);
	assert_int_equal(merge_init(&merge, runs, 3), CH_OK);
	while (merge_next(&merge, &record) == CH_OK) {
		assert_true(memcmp(last.fingerprint, record.fingerprint, 16) <= 0);
		last = record;
		count++;
	}
	assert_int_equal(count, 1001);
	assert_int_equal(merge_next(&merge, &record), CH_END);
	merge_fini(&merge);
	for (int i = 0; i < 3; i++)
		run_release(runs[i]);
	place_remove(&place);
}

static void read_run(const struct place *place, uint64_t number, struct buffer *out)
{
	char path[300];
	char name[RUN_NAME_BYTES];
	(void)snprintf(path, sizeof(path), "%s/%s", place->dir, run_name(number, name));
	assert_int_equal(file_read_all(path, 1 << 24, out), CH_OK);
}

/* Whatever byte is damaged: never a wrong answer.  A look-up may still be right, for it needs
 * only some of the bytes. */
static void test_every_flipped_byte_is_noticed(void **unused)
{
	(void)unused;
	struct place place;
	struct buffer bytes = {0};
	uint32_t noticed = 0;
	place_make(&place);
	write_run(place.dir, 1, 0, 200);
	read_run(&place, 1, &bytes);
	for (size_t at = 0; at < bytes.len; at += at % 4096 < 128 ? 1 : 13) {
		struct run *run;
		struct id_record record;
		bytes.data[at] ^= 0x40;
		enum ch_status status = run_attach(buffer_slice(&bytes), 1, &run);
		noticed += status != CH_OK;
		if (status == CH_OK) {
			for (uint64_t i = 0; i < 200; i += 3) {
				status = look(run, i, &record);
				assert_true(status == CH_CORRUPT ||
					    (status == CH_OK && record.sequence == i + 1));
				noticed += status == CH_CORRUPT;
				status = look(run, i + 1000, &record);
				assert_true(status == CH_CORRUPT || status == CH_NOT_FOUND);
			}
			struct run_cursor cursor = {.run = run};
			do {
				status = run_next(&cursor, &record);
			} while (status == CH_OK);
			assert_true(status == CH_CORRUPT || status == CH_END);
			run_release(run);
		}
		bytes.data[at] ^= 0x40;
	}
	assert_true(noticed > 1000);
	buffer_fini(&bytes);
	place_remove(&place);
}

static void test_a_cut_or_misnamed_file_is_refused(void **unused)
{
	(void)unused;
	struct place place;
	struct run *run;
	struct buffer bytes = {0};
	place_make(&place);
	write_run(place.dir, 1, 0, 200);
	read_run(&place, 1, &bytes);
	for (size_t len = 0; len < bytes.len; len += 511)
		assert_int_equal(run_attach(slice_of(bytes.data, len), 1, &run), CH_CORRUPT);
	assert_int_equal(run_attach(buffer_slice(&bytes), 2, &run), CH_CORRUPT);
	assert_int_equal(run_open(place.dir, 2, &run), CH_NOT_FOUND);
	buffer_fini(&bytes);
	place_remove(&place);
}

static void test_an_aborted_run_leaves_nothing(void **unused)
{
	(void)unused;
	struct place place;
	struct run *run;
	struct run_writer *writer;
	struct id_record record = {.sequence = 1};
	place_make(&place);
	assert_int_equal(run_writer_create(place.dir, 5, 10, &writer), CH_OK);
	run_writer_add(writer, &record);
	run_writer_abort(writer);
	assert_int_equal(run_open(place.dir, 5, &run), CH_NOT_FOUND);
	place_remove(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_run_is_written_and_read),
		cmocka_unit_test(test_a_cursor_walks_in_order),
		cmocka_unit_test(test_runs_merge_into_one_series),
		cmocka_unit_test(test_every_flipped_byte_is_noticed),
		cmocka_unit_test(test_a_cut_or_misnamed_file_is_refused),
		cmocka_unit_test(test_an_aborted_run_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
