#include "cli/lines.h"

#include "support/unit.h"

#include <stdio.h>
#include <unistd.h>

static bool never(void)
{
	return false;
}

static bool always(void)
{
	return true;
}

static void expect(struct lines *lines, const char *wanted)
{
	struct slice line;
	assert_int_equal(lines_next(lines, never, &line), CH_OK);
	assert_slice_text(line, wanted);
}

static void test_usage(void **state)
{
	static struct lines lines;
	struct slice line;
	int ends[2];
	(void)state;
	assert_int_equal(pipe(ends), 0);
	lines_init(&lines, ends[0], 16);
	/* There as soon as it is complete, whoever holds the other end. */
	assert_int_equal(write(ends[1], "one\ntw", 6), 6);
	expect(&lines, "one");
	assert_int_equal(write(ends[1], "o\n\n4", 4), 4);
	expect(&lines, "two");
	expect(&lines, "");
	assert_int_equal(close(ends[1]), 0);
	expect(&lines, "4"); /* without an end */
	assert_int_equal(lines.number, 4);
	assert_int_equal(lines_next(&lines, never, &line), CH_END);
	assert_int_equal(lines_next(&lines, never, &line), CH_END);
	lines_fini(&lines);
	assert_int_equal(close(ends[0]), 0);
}

/* What is over the bound is cut and passed over, and what follows is whole. */
static void test_a_line_that_is_too_long(void **state)
{
	static struct lines lines;
	FILE *file = tmpfile();
	(void)state;
	assert_non_null(file);
	for (int i = 0; i < 300000; i++)
		assert_int_equal(fputc('x', file), 'x');
	assert_true(fputs("\n0123456789abcdef\n0123456789abcdefg\nnext\n", file) >= 0);
	assert_int_equal(fflush(file), 0);
	assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
	lines_init(&lines, fileno(file), 16);
	expect(&lines, "xxxxxxxxxxxxxxxx");
	assert_true(lines.cut);
	expect(&lines, "0123456789abcdef");
	assert_false(lines.cut);
	expect(&lines, "0123456789abcdef");
	assert_true(lines.cut);
	expect(&lines, "next");
	assert_int_equal(lines.number, 4);
	lines_fini(&lines);
	assert_int_equal(fclose(file), 0);
}

static void test_what_ends_it(void **state)
{
	static struct lines lines;
	struct slice line;
	(void)state;
	lines_init(&lines, -1, 16);
	assert_int_equal(lines_next(&lines, always, &line), CH_CLOSED);
	assert_int_equal(lines_next(&lines, never, &line), CH_IO);
	lines_fini(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_a_line_that_is_too_long),
		cmocka_unit_test(test_what_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
