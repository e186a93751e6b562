#include "channel/website/percent.h"
#include "support/unit.h"

static void check(const char *raw, const char *wanted)
{
	struct buffer out = {0};
	buffer_append_text(&out, "kept");
	enum ch_status status = percent_decode_header(slice_text(raw), &out);
	assert_int_equal(status, wanted != NULL ? CH_OK : CH_FORMAT);
	assert_memory_equal(buffer_text(&out), "kept", 4);
	assert_string_equal(buffer_text(&out) + 4, wanted != NULL ? wanted : "");
	buffer_fini(&out);
}

/* The examples of the HTTP protocol binding, 3.1.3.2. */
static void test_headers(void **state)
{
	(void)state;
	check("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀");
	check("\"Euro%20%E2%82%AC\"", "Euro €");
	check("\"a\\\"b\\\\c\"", "a\"b\\c");
	check("plain", "plain");
	check("a+b", "a+b");
}

/* One round: what was encoded twice stays encoded once. */
static void test_one_round(void **state)
{
	(void)state;
	check("%2541", "%41");
	check("%e2%82%ac", "€");
}

/* The JavaScript SDK encodes nothing. */
static void test_raw(void **state)
{
	(void)state;
	check("空格", "空格");
	check("100%", "100%");
	check("5%zz", "5%zz");
}

static void test_broken(void **state)
{
	(void)state;
	check("%C0%A0", NULL);    /* overlong */
	check("%ED%A0%80", NULL); /* half of a surrogate pair */
	check("%FF", NULL);
	check("\"open", NULL);
	check("\"", NULL);
	check("\"a\"b\"", NULL);
	check("\"a\\\"", NULL);
}

static void test_form(void **state)
{
	struct buffer out = {0};
	(void)state;
	assert_int_equal(percent_decode_form(SLICE_LITERAL("a+b%2B"), &out), CH_OK);
	assert_string_equal(buffer_text(&out), "a b+");
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_one_round),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
