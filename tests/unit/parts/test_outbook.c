#include <limits.h>

#include "../draw.h"

#include "base/file.h"
#include "channel/parts/logbook.h"
#include "channel/parts/outbook.h"
#include "support/scratch.h"

static char root[SCRATCH_BYTES];

static void folder_of(const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", root, name);
}

static struct outbook *open_again(struct outbook *outbook, const char *folder, int64_t now_us)
{
	struct outbook *fresh = NULL;
	outbook_close(outbook);
	assert_int_equal(outbook_open(folder, now_us, &fresh), CH_OK);
	return fresh;
}

static struct outbook_entry entry_of(const char *partner, uint8_t key, bool awaited)
{
	struct outbook_entry entry = {.time_us = 1000, .awaited = awaited, .message = "ORDERS"};
	(void)snprintf(entry.partner, sizeof(entry.partner), "%s", partner);
	memset(entry.key, key, sizeof(entry.key));
	return entry;
}

static void add(struct outbook *outbook, const char *partner, uint8_t key, bool awaited)
{
	const struct outbook_entry entry = entry_of(partner, key, awaited);
	assert_int_equal(outbook_add(outbook, &entry), CH_OK);
}

static void test_usage(void **state)
{
	char folder[PATH_MAX];
	const struct outbook_entry north = entry_of("north", 7, true);
	uint64_t at = 0;
	(void)state;
	folder_of("usage", folder);
	struct outbook *outbook = open_again(NULL, folder, 500);
	assert_null(outbook_find(outbook, "north", north.key));
	assert_int_equal(outbook_next(outbook), 1);
	assert_int_equal(outbook_add(outbook, &north), CH_OK);
	/* Another life knows it, under its number; another partner has not got it. */
	outbook = open_again(outbook, folder, 2000);
	assert_int_equal(outbook_began_us(outbook), 500);
	assert_int_equal(outbook_find(outbook, "north", north.key)->number, 1);
	assert_string_equal(outbook_get(outbook, 1)->message, "ORDERS");
	assert_null(outbook_find(outbook, "south", north.key));
	assert_int_equal(outbook_next(outbook), 2);
	/* Its answer is awaited, missed, and came after all. */
	assert_int_equal(outbook_awaited(outbook, &at)->number, 1);
	assert_null(outbook_awaited(outbook, &at));
	assert_int_equal(outbook_mark(outbook, 1, OUTBOOK_MISSING), CH_OK);
	outbook = open_again(outbook, folder, 3000);
	at = 0;
	assert_int_equal(outbook_awaited(outbook, &at)->state, OUTBOOK_MISSING);
	assert_int_equal(outbook_mark(outbook, 1, OUTBOOK_ACKNOWLEDGED), CH_OK);
	at = 0;
	assert_null(outbook_awaited(outbook, &at));
	outbook = open_again(outbook, folder, 4000);
	assert_int_equal(outbook_get(outbook, 1)->state, OUTBOOK_ACKNOWLEDGED);
	outbook_close(outbook);
}

static void test_awaited(void **state)
{
	char folder[PATH_MAX];
	uint64_t at = 0;
	(void)state;
	folder_of("awaited", folder);
	struct outbook *outbook = open_again(NULL, folder, 1);
	for (uint8_t i = 0; i < 10; i++)
		add(outbook, "north", i, i % 2 == 1);
	for (uint64_t number = 2; number <= 10; number += 2)
		assert_int_equal(outbook_awaited(outbook, &at)->number, number);
	assert_null(outbook_awaited(outbook, &at));
	assert_int_equal(outbook_mark(outbook, 2, OUTBOOK_REJECTED), CH_OK);
	at = 0;
	assert_int_equal(outbook_awaited(outbook, &at)->number, 4);
	outbook_close(outbook);
}

/* One process at a time. */
static void test_locked(void **state)
{
	char folder[PATH_MAX];
	struct outbook *second = NULL;
	(void)state;
	folder_of("locked", folder);
	struct outbook *outbook = open_again(NULL, folder, 1);
	assert_int_equal(outbook_open(folder, 1, &second), CH_BUSY);
	outbook_close(outbook);
}

/* A torn line is nobody's: the number is free again.  Damage before it is told. */
static void test_damage(void **state)
{
	char folder[PATH_MAX];
	char path[PATH_MAX + 16];
	struct buffer text = {0};
	struct outbook *outbook = NULL;
	(void)state;
	folder_of("damage", folder);
	(void)snprintf(path, sizeof(path), "%s/outbook", folder);
	outbook = open_again(NULL, folder, 1);
	add(outbook, "north", 1, false);
	add(outbook, "north", 2, false);
	outbook_close(outbook);
	assert_int_equal(file_read_all(path, 65536, &text), CH_OK);
	for (size_t cut = 1; cut < 40; cut++) {
		assert_int_equal(
			file_replace(path, slice_sub(buffer_slice(&text), 0, text.len - cut), 0600),
			CH_OK);
		outbook = open_again(NULL, folder, 1);
		assert_int_equal(outbook_next(outbook), 2);
		add(outbook, "south", 3, false);
		outbook = open_again(outbook, folder, 1);
		assert_int_equal(outbook_next(outbook), 3);
		assert_string_equal(outbook_get(outbook, 2)->partner, "south");
		outbook_close(outbook);
	}
	text.data[text.len / 2] ^= 1;
	assert_int_equal(file_replace(path, buffer_slice(&text), 0600), CH_OK);
	assert_int_equal(outbook_open(folder, 1, &outbook), CH_CORRUPT);
	buffer_fini(&text);
}

/* Lines with good checksums that make no sense: of a hand that meant well. */
static void test_nonsense(void **state)
{
	static const char *const lines[] = {"x", "1", "1 2", "1 5 written", "1 5 written north",
		"1 5 written north ORDERS 00 -", "1 gone", "99999999999 5 began",
		"1 5 written north ORDERSX 00000000000000000000000000000000 -"};
	char folder[PATH_MAX];
	char path[PATH_MAX + 16];
	(void)state;
	folder_of("nonsense", folder);
	(void)snprintf(path, sizeof(path), "%s/outbook", folder);
	struct outbook *outbook = open_again(NULL, folder, 1);
	outbook_close(outbook);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct buffer text = {0};
		logbook_put(&text, slice_text(lines[i]));
		logbook_put(&text, SLICE_LITERAL("0 7 began"));
		assert_int_equal(file_replace(path, buffer_slice(&text), 0600), CH_OK);
		assert_int_equal(outbook_open(folder, 1, &outbook), CH_CORRUPT);
		buffer_fini(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_awaited),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_nonsense),
	};
	scratch_make(root, "outbook");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_remove(root);
	return failed;
}
