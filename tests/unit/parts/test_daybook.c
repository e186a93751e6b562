#include <limits.h>

#include "../draw.h"

#include "base/file.h"
#include "channel/parts/daybook.h"
#include "support/scratch.h"

static char root[SCRATCH_BYTES];

static void place_of(const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", root, name);
}

static struct daybook_interchange named(const char *key, const char *place)
{
	struct daybook_interchange interchange = {
		.key = slice_text(key), .place = slice_text(place)};
	memset(interchange.digest, 7, sizeof(interchange.digest));
	return interchange;
}

static struct daybook *open_again(struct daybook *daybook, const char *folder)
{
	struct daybook *fresh = NULL;
	daybook_close(daybook);
	assert_int_equal(daybook_open(folder, &fresh), CH_OK);
	return fresh;
}

static void test_usage(void **state)
{
	char folder[PATH_MAX];
	struct daybook_claim first;
	struct daybook_claim again;
	struct buffer answer = {0};
	(void)state;
	place_of("usage", folder);
	struct daybook *daybook = open_again(NULL, folder);
	struct daybook_interchange a = named("S/R/261122/REF1", "7-1@0");
	assert_int_equal(daybook_take(daybook, &a, 1000, &first), CH_OK);
	assert_int_equal(first.number, 1);
	/* Killed: the same file is read again, with the same number and time. */
	daybook = open_again(daybook, folder);
	assert_int_equal(daybook_take(daybook, &a, 2000, &again), CH_OK);
	assert_int_equal(again.number, 1);
	assert_int_equal(again.time_us, 1000);
	assert_false(again.ended);
	assert_int_equal(daybook_answer(daybook, 1, &answer), CH_NOT_FOUND);
	assert_int_equal(daybook_keep(daybook, 1, SLICE_LITERAL("UNB")), CH_OK);
	assert_int_equal(daybook_end(daybook, 1, true), CH_OK);
	daybook = open_again(daybook, folder);
	assert_int_equal(daybook_take(daybook, &a, 3000, &again), CH_OK);
	assert_true(again.ended);
	assert_int_equal(daybook_answer(daybook, 1, &answer), CH_OK);
	assert_slice_text(buffer_slice(&answer), "UNB");
	/* Another file is another delivery. */
	struct daybook_interchange b = named("S/R/261122/REF1", "8-1@0");
	assert_int_equal(daybook_take(daybook, &b, 4000, &again), CH_DUPLICATE);
	assert_int_equal(again.number, 2);
	daybook = open_again(daybook, folder);
	assert_int_equal(daybook_take(daybook, &b, 5000, &again), CH_DUPLICATE);
	assert_int_equal(again.number, 2);
	assert_int_equal(again.time_us, 4000);
	daybook_close(daybook);
	buffer_fini(&answer);
}

static void test_what_was_refused_may_come_again(void **state)
{
	char folder[PATH_MAX];
	struct daybook_claim claim;
	(void)state;
	place_of("refused", folder);
	struct daybook *daybook = open_again(NULL, folder);
	struct daybook_interchange a = named("K", "1");
	struct daybook_interchange b = named("K", "2");
	struct daybook_interchange c = named("K", "3");
	assert_int_equal(daybook_take(daybook, &a, 1, &claim), CH_OK);
	/* Under way, it is in the way. */
	assert_int_equal(daybook_take(daybook, &c, 1, &claim), CH_DUPLICATE);
	assert_int_equal(daybook_end(daybook, 2, false), CH_OK);
	assert_int_equal(daybook_end(daybook, 1, false), CH_OK);
	assert_int_equal(daybook_take(daybook, &b, 1, &claim), CH_OK);
	assert_int_equal(claim.number, 3);
	assert_int_equal(daybook_end(daybook, 3, true), CH_OK);
	daybook = open_again(daybook, folder);
	struct daybook_interchange d = named("K", "4");
	assert_int_equal(daybook_take(daybook, &d, 1, &claim), CH_DUPLICATE);
	daybook_close(daybook);
}

static void test_a_file_that_went_away_is_not_in_the_way(void **state)
{
	char folder[PATH_MAX];
	struct daybook_claim claim;
	(void)state;
	place_of("away", folder);
	struct daybook *daybook = open_again(NULL, folder);
	struct daybook_interchange a = named("K", "1");
	struct daybook_interchange b = named("K", "2");
	assert_int_equal(daybook_take(daybook, &a, 1, &claim), CH_OK);
	daybook = open_again(daybook, folder);
	assert_int_equal(daybook_take(daybook, &b, 1, &claim), CH_OK);
	daybook_close(daybook);
}

static void test_a_name_stays_used_up_however_often_it_comes_again(void **state)
{
	char folder[PATH_MAX];
	char place[32];
	struct daybook_claim claim;
	(void)state;
	place_of("often", folder);
	struct daybook *daybook = open_again(NULL, folder);
	struct daybook_interchange first = named("K", "1");
	assert_int_equal(daybook_take(daybook, &first, 1, &claim), CH_OK);
	assert_int_equal(daybook_end(daybook, claim.number, true), CH_OK);
	for (int i = 2; i < 200; i++) {
		(void)snprintf(place, sizeof(place), "%d", i);
		struct daybook_interchange again = named("K", place);
		assert_int_equal(daybook_take(daybook, &again, i, &claim), CH_DUPLICATE);
		if (i == 150)
			daybook = open_again(daybook, folder);
	}
	daybook_close(daybook);
}

static void test_one_process_at_a_time(void **state)
{
	char folder[PATH_MAX];
	struct daybook *second = NULL;
	(void)state;
	place_of("lock", folder);
	struct daybook *daybook = open_again(NULL, folder);
	assert_int_equal(daybook_open(folder, &second), CH_BUSY);
	daybook_close(daybook);
}

static void test_a_torn_tail_is_cut_off_and_damage_is_told(void **state)
{
	char folder[PATH_MAX];
	char path[PATH_MAX + 16];
	struct daybook_claim claim;
	struct buffer text = {0};
	struct daybook *daybook = NULL;
	(void)state;
	place_of("torn", folder);
	(void)snprintf(path, sizeof(path), "%s/daybook", folder);
	daybook = open_again(NULL, folder);
	for (int i = 0; i < 5; i++) {
		char key[16];
		(void)snprintf(key, sizeof(key), "K%d", i);
		struct daybook_interchange a = named(key, "1");
		assert_int_equal(daybook_take(daybook, &a, i, &claim), CH_OK);
	}
	daybook_close(daybook);
	assert_int_equal(file_read_all(path, 1u << 20, &text), CH_OK);
	size_t line = text.len / 5;
	for (size_t cut = text.len - line; cut < text.len; cut++) {
		assert_int_equal(file_replace(path, slice_of(text.data, cut), 0600), CH_OK);
		daybook = open_again(NULL, folder);
		struct daybook_interchange a = named("K9", "1");
		assert_int_equal(daybook_take(daybook, &a, 0, &claim), CH_OK);
		assert_int_equal(claim.number, 5);
		daybook_close(daybook);
	}
	text.data[line + 12] ^= 1;
	assert_int_equal(file_replace(path, buffer_slice(&text), 0600), CH_OK);
	assert_int_equal(daybook_open(folder, &daybook), CH_CORRUPT);
	buffer_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_what_was_refused_may_come_again),
		cmocka_unit_test(test_a_file_that_went_away_is_not_in_the_way),
		cmocka_unit_test(test_a_name_stays_used_up_however_often_it_comes_again),
		cmocka_unit_test(test_one_process_at_a_time),
		cmocka_unit_test(test_a_torn_tail_is_cut_off_and_damage_is_told),
	};
	scratch_make(root, "daybook");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_remove(root);
	return failed;
}
