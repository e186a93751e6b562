/* term: columns of a screen, and text that cannot move its cursor. */
#include "support/unit.h"

#include "cli/term.h"

static void expect_fitted(const char *text, size_t columns, bool right, const char *expected)
{
	struct buffer out = {0};
	term_append_fitted(&out, slice_text(text), columns, right);
	assert_string_equal(buffer_text(&out), expected);
	buffer_fini(&out);
}

static void expect_safe(const char *text, const char *expected)
{
	struct buffer out = {0};
	term_append(&out, slice_text(text));
	assert_string_equal(buffer_text(&out), expected);
	buffer_fini(&out);
}

static void test_align(void **state)
{
	(void)state;
	assert_int_equal(term_width(slice_text("王芳")), 4);
	assert_int_equal(term_width(slice_text("Wang")), 4);
	expect_fitted("王芳", 6, false, "王芳  ");
	expect_fitted("42", 6, true, "    42");
	expect_fitted("Wang Fang", 6, false, "Wang …");
}

/* A wide character that would be cut in half is left out whole. */
static void test_cut_wide(void **state)
{
	(void)state;
	expect_fitted("王芳王芳", 4, false, "王… ");
	expect_fitted("王芳王芳", 1, false, "…");
	expect_fitted("王", 0, false, "");
	expect_fitted("e\xcc\x81", 3, false, "e\xcc\x81  "); /* a combining accent takes none */
}

static void test_hostile(void **state)
{
	(void)state;
	expect_safe("\033[2Jgone", "\\x1b[2Jgone");
	expect_safe("a\r\nb\tc", "a\\x0d b c");
	expect_safe("\xc2\x9b"
		    "31m",
		"\\x9b31m"); /* CSI in one character */
	expect_safe("\xe2\x80\xae"
		    "evil",
		"\\x202eevil"); /* writes from right to left */
	expect_safe("\xff\xfe", "??");
	expect_safe("\x7f", "\\x7f");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_align),
		cmocka_unit_test(test_cut_wide),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
