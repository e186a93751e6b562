/* The manifest: text that is read back as it was written, or not at all. */
#include "history.h"

#include "journal/manifest.h"

static const struct manifest sample = {
	.kind = MANIFEST_JOURNAL,
	.incarnation = UINT64_C(0x5f0c61d2a9b3e874),
	.removed = 120000,
	.removed_hash = {0x1f, 0x60},
	.parent = 1,
	.parent_last = 99,
};

static void reads_what_it_wrote(void **state)
{
	struct history *history = *state;
	struct manifest found;
	assert_int_equal(manifest_read(history->dir, &found), CH_NOT_FOUND);
	assert_int_equal(manifest_write(history->dir, &sample), CH_OK);
	assert_int_equal(manifest_read(history->dir, &found), CH_OK);
	assert_int_equal(found.kind, MANIFEST_JOURNAL);
	assert_true(found.incarnation == sample.incarnation);
	assert_int_equal(found.removed, 120000);
	assert_memory_equal(found.removed_hash, sample.removed_hash, JOURNAL_HASH_BYTES);
	assert_int_equal(found.parent, 1);
	assert_int_equal(found.parent_last, 99);
}

static void is_a_text_that_people_can_read(void **state)
{
	struct buffer text = {0};
	(void)state;
	manifest_print(&sample, &text);
	const char *start = "carehub-journal 1\nkind journal\nincarnation 5f0c61d2a9b3e874\n"
			    "removed 120000\nremoved-hash 1f6000";
	assert_true(text.len > strlen(start));
	assert_memory_equal(text.data, start, strlen(start));
	buffer_fini(&text);
}

static void any_change_is_seen(void **state)
{
	struct buffer text = {0};
	struct manifest found;
	(void)state;
	manifest_print(&sample, &text);
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] ^= 1;
		assert_true(manifest_parse(buffer_slice(&text), &found) != CH_OK);
		text.data[i] ^= 1;
		assert_true(manifest_parse(slice_of(text.data, i), &found) != CH_OK);
	}
	buffer_append_text(&text, "more\n");
	assert_int_equal(manifest_parse(buffer_slice(&text), &found), CH_CORRUPT);
	buffer_fini(&text);
}

static void a_later_version_is_told_apart(void **state)
{
	struct manifest found;
	(void)state;
	assert_int_equal(manifest_parse(SLICE_LITERAL("carehub-journal 2\nshape round\n"), &found),
		CH_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			reads_what_it_wrote, history_setup, history_teardown),
		cmocka_unit_test(is_a_text_that_people_can_read),
		cmocka_unit_test(any_change_is_seen),
		cmocka_unit_test(a_later_version_is_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
