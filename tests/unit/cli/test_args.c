/* args: options anywhere among the words. */
#include "support/unit.h"

#include "cli/args.h"

struct wish {
	bool yes;
	const char *to;
	uint64_t limit;
	double rate;
	struct flag_list types;
};

static bool take(struct wish *wish, int *argc, char **argv)
{
	const struct flag flags[] = {
		{"--yes", FLAG_BOOL, &wish->yes},
		{"--to", FLAG_TEXT, &wish->to},
		{"--limit", FLAG_NUMBER, &wish->limit},
		{"--rate", FLAG_REAL, &wish->rate},
		{"--type", FLAG_LIST, &wish->types},
		{0},
	};
	*wish = (struct wish){0};
	return args_take(flags, argc, argv);
}

#define TAKE(wish, ...)                                                                            \
	char *argv[] = {__VA_ARGS__};                                                              \
	int argc = (int)(sizeof(argv) / sizeof(argv[0]));                                          \
	bool taken = take(wish, &argc, argv)

static char w_yes[] = "--yes", w_to[] = "--to", w_name[] = "marketing", w_range[] = "-1h:end";
static char w_limit[] = "--limit=12", w_rate[] = "--rate", w_half[] = "0.5", w_end[] = "--";
static char w_type[] = "--type", w_a[] = "repair.>", w_b[] = "pos.>", w_odd[] = "--odd";

static void test_take(void **state)
{
	struct wish wish;
	(void)state;
	TAKE(&wish, w_range, w_to, w_name, w_limit, w_yes, w_type, w_a, w_type, w_b, w_rate,
		w_half);
	assert_true(taken);
	assert_int_equal(argc, 1); /* a range may begin with a hyphen */
	assert_string_equal(argv[0], "-1h:end");
	assert_true(wish.yes);
	assert_string_equal(wish.to, "marketing");
	assert_int_equal(wish.limit, 12);
	assert_true(wish.rate > 0.49 && wish.rate < 0.51);
	assert_int_equal(wish.types.count, 2);
	assert_string_equal(wish.types.items[1], "pos.>");
}

static void test_end_of_options(void **state)
{
	struct wish wish;
	(void)state;
	TAKE(&wish, w_yes, w_end, w_to);
	assert_true(taken);
	assert_int_equal(argc, 1);
	assert_string_equal(argv[0], "--to");
}

static void test_refuses(void **state)
{
	struct wish wish;
	static char yes_no[] = "--yes=no", limit_x[] = "--limit=x", rate_0[] = "--rate=0";
	static char rate_nan[] = "--rate=nan", rate_inf[] = "--rate=inf";
	(void)state;
	{
		TAKE(&wish, w_odd);
		assert_false(taken);
	}
	{
		TAKE(&wish, w_to);
		assert_false(taken);
	}
	{
		TAKE(&wish, yes_no);
		assert_false(taken);
	}
	{
		TAKE(&wish, limit_x);
		assert_false(taken);
	}
	{
		TAKE(&wish, rate_0);
		assert_false(taken);
	}
	{
		TAKE(&wish, rate_nan);
		assert_false(taken);
	}
	{
		TAKE(&wish, rate_inf);
		assert_false(taken);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_end_of_options),
		cmocka_unit_test(test_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
