#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "channel/callcenter/log_tail.h"
#include "log_place.h"

#define LONG                                                                                       \
	"a first line that is longer than what a file is known by, as those of an exchange mostly are\n"

/* As logrotate's copytruncate. */
static void copy_truncate(const char *from, const char *to)
{
	char text[4096];
	FILE *file = fopen(from, "r");
	assert_non_null(file);
	size_t len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = 0;
	(void)fclose(file); /* only read */
	put_file(to, text, "w");
	assert_int_equal(truncate(from, 0), 0);
}

/* All there is by now, with '#' where another file begins. */
static const char *read_all(struct log_tail *tail)
{
	static char text[4096];
	uint8_t piece[7];
	size_t at = 0;
	size_t len;
	bool other;
	enum ch_status status;
	do {
		len = 0;
		status = log_tail_read(tail, piece, sizeof(piece), &len, &other);
		assert_true(at + len + 2 < sizeof(text));
		if (other)
			text[at++] = '#';
		memcpy(text + at, piece, len);
		at += len;
	} while (status == CH_OK);
	assert_int_equal(status, CH_END);
	text[at] = 0;
	return text;
}

static void test_a_log_is_read_on_as_it_grows(void **state)
{
	struct log_place place;
	struct log_tail *tail = NULL;
	(void)state;
	log_place_make(&place);
	assert_int_equal(log_tail_create(place.log, 0, &tail), CH_OK);
	assert_string_equal(read_all(tail), ""); /* nothing there yet */
	put_file(place.log, "one\nhalf a l", "w");
	assert_string_equal(read_all(tail), "one\nhalf a l");
	assert_string_equal(read_all(tail), "");
	put_file(place.log, "ine\n", "a");
	assert_string_equal(read_all(tail), "ine\n");
	log_tail_free(tail);
	scratch_remove(place.folder);
}

/* In the order of their last writing, whatever the numbers mean; others' files are none of it. */
static void test_earlier_files_come_first(void **state)
{
	static const char *const strangers[] = {"queue_log.1.gz", "queue_log.old", "queue_log.",
		"queue_logs.1", "queue_log1", "x.1"};
	struct log_place place;
	struct log_tail *tail = NULL;
	char path[96];
	(void)state;
	log_place_make(&place);
	put_file(place.log, "now\n", "w");
	put_at(place.old, "yesterday\n", 3000);
	put_at(place.older, "the day before\n", 2000);
	(void)snprintf(path, sizeof(path), "%s/queue_log-20261120", place.folder);
	put_at(path, "long ago\n", 900);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", place.folder, strangers[i]);
		put_at(path, "no log\n", 2500);
	}
	(void)snprintf(path, sizeof(path), "%s/queue_log.3", place.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/queue_log.4", place.folder);
	assert_int_equal(symlink("queue_log.1.gz", path), 0);
	assert_int_equal(log_tail_create(place.log, INT64_C(1000000000), &tail), CH_OK);
	assert_string_equal(read_all(tail), "the day before\n#yesterday\n#now\n");
	log_tail_free(tail);
	assert_int_equal(log_tail_create(place.log, INT64_C(3000000000), &tail), CH_OK);
	assert_string_equal(read_all(tail), "now\n");
	log_tail_free(tail);
	assert_int_equal(log_tail_create(place.log, INT64_MIN, &tail), CH_OK);
	assert_string_equal(read_all(tail), "long ago\n#the day before\n#yesterday\n#now\n");
	log_tail_free(tail);
	scratch_remove(place.folder);
}

/* Until the exchange has opened its log anew it writes to the old one, be there a new one or not. */
static void test_a_renamed_file_is_read_until_the_next_has_bytes(void **state)
{
	struct log_place place;
	struct log_tail *tail = NULL;
	(void)state;
	log_place_make(&place);
	put_file(place.log, LONG, "w");
	assert_int_equal(log_tail_create(place.log, 0, &tail), CH_OK);
	assert_string_equal(read_all(tail), LONG);
	assert_int_equal(rename(place.log, place.old), 0);
	put_file(place.old, "behind the rename\n", "a");
	assert_string_equal(read_all(tail), "behind the rename\n");
	put_file(place.log, "", "w");
	put_file(place.old, "behind the creation\n", "a");
	assert_string_equal(read_all(tail), "behind the creation\n");
	put_file(place.old, "the last\n", "a");
	put_file(place.log, "the first\n", "a");
	assert_string_equal(read_all(tail), "the last\n#the first\n");
	put_file(place.log, "the second\n", "a");
	assert_string_equal(read_all(tail), "the second\n");
	log_tail_free(tail);
	scratch_remove(place.folder);
}

/* What nobody read lies in several files by then; the one that was under way may be gone. */
static void test_rotations_that_nobody_saw(void **state)
{
	struct log_place place;
	struct log_tail *tail = NULL;
	(void)state;
	log_place_make(&place);
	put_at(place.log, LONG, 1000);
	assert_int_equal(log_tail_create(place.log, 0, &tail), CH_OK);
	assert_string_equal(read_all(tail), LONG);
	put_file(place.log, "late\n", "a");
	assert_int_equal(unlink(place.log), 0); /* compressed, say */
	put_at(place.older, "the day before\n", time(NULL) + 100);
	put_at(place.old, "yesterday\n", time(NULL) + 200);
	put_file(place.log, "now\n", "w");
	assert_string_equal(read_all(tail), "late\n#the day before\n#yesterday\n#now\n");
	log_tail_free(tail);
	scratch_remove(place.folder);
}

/* The copy has what was written since; the file itself begins anew, also when it is the longer by now. */
static void test_a_copied_and_truncated_file_is_read_on_in_the_copy(void **state)
{
	static const char *const anew[] = {
		"", "short\n", "another first line, and more than before\n" LONG};
	(void)state;
	for (size_t i = 0; i < sizeof(anew) / sizeof(anew[0]); i++) {
		struct log_place place;
		struct log_tail *tail = NULL;
		char expected[1024];
		log_place_make(&place);
		put_at(place.older, "an older one\n", 1000);
		put_file(place.log, LONG "half a l", "w");
		assert_int_equal(log_tail_create(place.log, INT64_C(2000000000), &tail), CH_OK);
		assert_string_equal(read_all(tail), LONG "half a l");
		put_file(place.log, "ine\nmore\n", "a");
		copy_truncate(place.log, place.old);
		put_file(place.log, anew[i], "a");
		(void)snprintf(expected, sizeof(expected), "ine\nmore\n%s%s", anew[i][0] ? "#" : "",
			anew[i]);
		assert_string_equal(read_all(tail), expected);
		if (anew[i][0] == 0) {
			put_file(place.log, "anew\n", "a");
			assert_string_equal(read_all(tail), "#anew\n");
		}
		put_file(place.log, "and on\n", "a");
		assert_string_equal(read_all(tail), "and on\n");
		log_tail_free(tail);
		scratch_remove(place.folder);
	}
}

/* No copy was kept. */
static void test_a_truncated_file_is_read_anew(void **state)
{
	struct log_place place;
	struct log_tail *tail = NULL;
	(void)state;
	log_place_make(&place);
	put_file(place.log, LONG, "w");
	put_at(place.old, "another\n", 1000);
	assert_int_equal(log_tail_create(place.log, INT64_C(2000000000), &tail), CH_OK);
	assert_string_equal(read_all(tail), LONG);
	assert_int_equal(truncate(place.log, 0), 0);
	put_file(place.log, "anew\n", "a");
	assert_string_equal(read_all(tail), "#anew\n");
	log_tail_free(tail);
	scratch_remove(place.folder);
}

static void test_what_cannot_be_read_is_tried_again(void **state)
{
	struct log_place place;
	struct log_tail *tail = NULL;
	(void)state;
	log_place_make(&place);
	assert_int_equal(mkdir(place.log, 0700), 0);
	assert_int_equal(log_tail_create(place.log, 0, &tail), CH_OK);
	assert_string_equal(read_all(tail), "");
	assert_int_equal(rmdir(place.log), 0);
	put_file(place.log, "one\n", "w");
	assert_non_null(strstr(read_all(tail), "one\n"));
	log_tail_free(tail);
	assert_int_equal(log_tail_create("nowhere/at/all", 0, &tail), CH_OK);
	assert_string_equal(read_all(tail), "");
	log_tail_free(tail);
	scratch_remove(place.folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_log_is_read_on_as_it_grows),
		cmocka_unit_test(test_earlier_files_come_first),
		cmocka_unit_test(test_a_renamed_file_is_read_until_the_next_has_bytes),
		cmocka_unit_test(test_rotations_that_nobody_saw),
		cmocka_unit_test(test_a_copied_and_truncated_file_is_read_on_in_the_copy),
		cmocka_unit_test(test_a_truncated_file_is_read_anew),
		cmocka_unit_test(test_what_cannot_be_read_is_tried_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
