/* carehub new-adapter: a folder with all files, filled in; built and run by conform.skeleton. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/skeleton.h"
#include "support/scratch.h"

static char folder[SCRATCH_BYTES];

static int make(const char *name)
{
	struct cli cli = {.command = "new-adapter"};
	char *words[] = {(char *)(uintptr_t)name, (char *)(uintptr_t) "--dir", folder, NULL};
	return new_adapter_main(&cli, 3, words);
}

static void test_all_files_are_there_and_filled_in(void **state)
{
	struct buffer path = {0};
	struct buffer text = {0};
	(void)state;
	assert_int_equal(make("acme_2"), EXIT_FINE);
	for (size_t i = 0; i < skeleton_count; i++) {
		buffer_clear(&path);
		buffer_clear(&text);
		buffer_printf(&path, "%s/carehub-acme_2/", folder);
		skeleton_fill(slice_text(skeleton_files[i].path), "acme_2", &path);
		assert_int_equal(file_read_all(buffer_text(&path), 1 << 20, &text), CH_OK);
		assert_true(text.len > 0);
		assert_null(strstr(buffer_text(&text), "@name@"));
	}
	assert_int_equal(make("acme_2"), EXIT_CRITICAL); /* nothing is overwritten */
	buffer_fini(&text);
	buffer_fini(&path);
}

static void test_names_that_are_none(void **state)
{
	static const char *const names[] = {
		"", "Acme", "2acme", "a-b", "../x", "a b", "abcdefghijklmnopqrstuvwxyzabcdefg"};
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(make(names[i]), EXIT_USAGE);
}

static void test_every_name_is_replaced(void **state)
{
	struct buffer out = {0};
	(void)state;
	skeleton_fill(SLICE_LITERAL("@name@@.service @name @name@"), "a", &out);
	assert_string_equal(buffer_text(&out), "a@.service @name a");
	buffer_fini(&out);
}

static int set_up(void **state)
{
	(void)state;
	scratch_make(folder, "new-adapter");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_files_are_there_and_filled_in),
		cmocka_unit_test(test_names_that_are_none),
		cmocka_unit_test(test_every_name_is_replaced),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
