/* Who may listen to screen pops: tokens, and whose they are. */
#include "passes.h"

static void test_usage(void **state)
{
	struct passes *passes = passes_of("everybody\n", "# agents of the day shift\r\n\n"
							 "201 = 0123456789abcdef\n"
							 "Agent Wang=fedcba9876543210=\n"
							 "  201 =  another-one-for-201\r\n");
	struct pass pass;
	(void)state;
	assert_true(passes_find(passes, SLICE_LITERAL("everybody"), &pass));
	assert_string_equal(pass.agent, "");
	assert_true(passes_has(passes, &pass));
	assert_true(passes_find(passes, SLICE_LITERAL("0123456789abcdef"), &pass));
	assert_string_equal(pass.agent, "201");
	assert_true(passes_find(passes, SLICE_LITERAL("another-one-for-201"), &pass));
	assert_string_equal(pass.agent, "201");
	assert_true(passes_find(passes, SLICE_LITERAL("fedcba9876543210="), &pass));
	assert_string_equal(pass.agent, "Agent Wang");
	assert_false(passes_find(passes, SLICE_LITERAL(""), &pass));
	assert_false(passes_find(passes, SLICE_LITERAL("0123456789abcde"), &pass));
	assert_false(passes_find(passes, SLICE_LITERAL("201"), &pass));
	passes_free(passes);
}

/* A pass is a token and whose it is: given to somebody else it is another. */
static void test_what_is_still_good(void **state)
{
	struct passes *one = passes_of("all", "1 = 0123456789abcdef\n2 = fedcba9876543210\n");
	struct passes *same = passes_of("all", "2 = fedcba9876543210\n1 = 0123456789abcdef\n");
	struct passes *other = passes_of("all", "2 = 0123456789abcdef\n1 = 0123456789abcdeg\n");
	struct pass pass;
	(void)state;
	assert_true(passes_same(one, same));
	assert_false(passes_same(one, other));
	assert_true(passes_find(one, SLICE_LITERAL("0123456789abcdef"), &pass));
	assert_true(passes_has(same, &pass));
	assert_false(passes_has(other, &pass));
	passes_free(one);
	passes_free(same);
	passes_free(other);
}

/* All mistakes in one pass, and no token among them. */
static void test_mistakes(void **state)
{
	struct problems problems = {0};
	struct buffer text = {0};
	struct passes_place place;
	struct passes *passes = NULL;
	char expected[2048];
	char longer[600];
	(void)state;
	passes_place(&place);
	memset(longer, 'x', sizeof(longer));
	int len = snprintf(longer, sizeof(longer), "201\n= 0123456789abcdef\n202 = short\n");
	longer[len] = '2';
	(void)snprintf(longer + 300, sizeof(longer) - 300,
		"\n1=0123456789abcdef\n2=0123456789abcdef\n3=0123456789 abcdef\n4=the-same-for-all\n");
	longer[len + 1] = '=';
	passes_put(place.token, "the-same-for-all", 0600);
	passes_put(place.agents, longer, 0600);
	assert_int_equal(passes_read(place.token, place.agents, &problems, &passes), CH_INVALID);
	problems_print(&problems, &text);
	(void)snprintf(expected, sizeof(expected),
		"%s:1: is not of the form AGENT = TOKEN\n"
		"%s:2: names no agent\n"
		"%s:3: has a token of fewer than 16 characters: openssl rand -hex 16\n"
		"%s:4: has a token that is too long, or not of visible ASCII alone\n"
		"%s:6: has a token that is given out already\n"
		"%s:7: has a token that is too long, or not of visible ASCII alone\n"
		"%s:8: has a token that is given out already\n",
		place.agents, place.agents, place.agents, place.agents, place.agents, place.agents,
		place.agents);
	assert_string_equal(buffer_text(&text), expected);
	passes_free(passes);
	buffer_fini(&text);
	problems_fini(&problems);
	passes_place_end(&place);
}

static void test_files_that_are_no_secrets(void **state)
{
	struct problems problems = {0};
	struct buffer text = {0};
	struct passes_place place;
	struct passes *passes = NULL;
	(void)state;
	passes_place(&place);
	passes_put(place.agents, "201 = 0123456789abcdef\n", 0640);
	assert_int_equal(passes_read(place.token, place.agents, &problems, &passes), CH_INVALID);
	problems_print(&problems, &text);
	assert_non_null(strstr(buffer_text(&text), "pop.token_file: "));
	assert_non_null(strstr(buffer_text(&text), "No such file"));
	assert_non_null(strstr(buffer_text(&text), "pop.agent_tokens_file: "));
	assert_non_null(strstr(buffer_text(&text), "chmod 600"));
	struct pass pass;
	assert_false(passes_find(passes, SLICE_LITERAL("0123456789abcdef"), &pass));
	passes_free(passes);
	assert_int_equal(passes_read(NULL, NULL, &problems, &passes), CH_OK); /* nobody may */
	assert_false(passes_find(passes, SLICE_LITERAL("0123456789abcdef"), &pass));
	passes_free(passes);
	buffer_fini(&text);
	problems_fini(&problems);
	passes_place_end(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_what_is_still_good),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_files_that_are_no_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
