#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pattern.h"

static bool covers(const char *pattern, const char *wanted)
{
	return pattern_covers(slice_text(pattern), slice_text(wanted));
}

/* How it is used: a peer's right against an event's type, and against a wanted subscription. */
static void test_right_covers_types_and_patterns(void **state)
{
	(void)state;
	assert_null(pattern_fault(slice_text("repair.*.received")));
	assert_true(covers("repair.>", "repair.order.received"));
	assert_true(covers("repair.*.received", "repair.order.received"));
	assert_true(covers("repair.>", "repair.*.received"));
	assert_false(covers("repair.*.received", "repair.>"));
}

static void test_each_pair(void **state)
{
	static const struct {
		const char *pattern;
		const char *wanted;
		bool covered;
	} pairs[] = {
		{">", "a", true},
		{">", "a.b.c", true},
		{">", ">", true},
		{">", "*", true},
		{"*", "a", true},
		{"*", "*", true},
		{"*", ">", false},
		{"*", "a.b", false},
		{"a", "a", true},
		{"a", "*", false},
		{"a", "a.b", false},
		{"a.b", "a", false},
		{"a.>", "a", false},
		{"a.>", "a.*", true},
		{"a.>", "a.>", true},
		{"a.>", "*.b", false},
		{"a.*", "a.>", false},
		{"*.*", "a.b", true},
		{"*.b", "a.b", true},
		{"*.b", "a.*", false},
		{"*.>", "a.b.c", true},
		{"*.>", "a", false},
		{"ab", "a", false},
		{"", "a", false},
		{"", "", false},
		{"a", "", false},
		{">", "", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (covers(pairs[i].pattern, pairs[i].wanted) != pairs[i].covered)
			fail_msg("'%s' over '%s'", pairs[i].pattern, pairs[i].wanted);
	}
}

static void test_malformed_patterns_are_told(void **state)
{
	static const char *const bad[] = {"", ".", "a.", ".a", "a..b", ">.a", "a.>.b", "a*", "*a.b",
		"a.b>", "a b", "a\x01", "\xc3\xa4"};
	static const char *const good[] = {"a", "a.b-c.d_e", "*", ">", "*.>", "A1.*.z"};
	char longest[260];
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (pattern_fault(slice_text(bad[i])) == NULL)
			fail_msg("'%s' was taken", bad[i]);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_null(pattern_fault(slice_text(good[i])));
	memset(longest, 'a', sizeof(longest));
	assert_null(pattern_fault(slice_of(longest, 200)));
	assert_string_equal(pattern_fault(slice_of(longest, 201)), "is too long");
}

static void test_sources(void **state)
{
	struct slice till = slice_text("urn:store:12:till:3");
	(void)state;
	assert_true(pattern_source_covers(slice_text("urn:store:12:*"), till));
	assert_true(pattern_source_covers(slice_text("*"), till));
	assert_true(pattern_source_covers(slice_text("urn:store:12:till:3"), till));
	assert_false(pattern_source_covers(slice_text("urn:store:12"), till));
	assert_false(pattern_source_covers(slice_text("urn:store:13:*"), till));
	assert_false(pattern_source_covers(slice_text(""), till));
	assert_null(pattern_source_fault(slice_text("/shop/beijing*")));
	assert_null(pattern_source_fault(slice_text("urn:\xe5\xba\x97")));
	assert_non_null(pattern_source_fault(slice_text("")));
	assert_non_null(pattern_source_fault(slice_text("a*b")));
	assert_non_null(pattern_source_fault(slice_text("**")));
	assert_non_null(pattern_source_fault(slice_text("a b")));
	assert_non_null(pattern_source_fault(slice_text("a\xff")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_covers_types_and_patterns),
		cmocka_unit_test(test_each_pair),
		cmocka_unit_test(test_malformed_patterns_are_told),
		cmocka_unit_test(test_sources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
