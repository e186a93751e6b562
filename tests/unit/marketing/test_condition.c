#include "module/marketing/segment/condition.h"

#include "unit/draw.h"

#include "base/limits.h"

static const struct condition_options yuan = {{(const uint8_t *)"CNY", 3}, true};

static struct condition *parse(const char *text)
{
	struct condition *condition = NULL;
	struct condition_error error = {0, 0, ""};
	enum ch_status status = condition_parse(slice_text(text), &yuan, &condition, &error);
	if (status != CH_OK)
		print_message("%s: %u:%u: %s\n", text, error.line, error.column, error.reason);
	assert_int_equal(status, CH_OK);
	return condition;
}

static const struct test *only_test(const struct condition *condition)
{
	assert_int_equal(condition_nodes(condition), 1);
	assert_int_equal(condition_node(condition, 0).kind, NODE_TEST);
	return condition_node(condition, 0).test;
}

static void assert_wrong(
	const char *text, enum ch_status wanted, uint32_t line, uint32_t column, const char *reason)
{
	struct condition *condition = NULL;
	struct condition_error error = {0, 0, ""};
	enum ch_status status = condition_parse(slice_text(text), &yuan, &condition, &error);
	if (status != wanted || error.line != line || error.column != column ||
		strstr(error.reason, reason) == NULL)
		print_message("%s: %s %u:%u: %s\n", text, ch_status_name(status), error.line,
			error.column, error.reason);
	assert_null(condition);
	assert_int_equal(status, wanted);
	assert_int_equal(error.line, line);
	assert_int_equal(error.column, column);
	assert_non_null(strstr(error.reason, reason));
}

static void test_usage(void **state)
{
	(void)state;
	struct condition *condition =
		parse("level >= 2 and bought(category \"TV\", 90d) >= 1\n"
		      "  and consent(email, marketing) and not open_complaint");
	uint16_t count = condition_nodes(condition);
	struct node_view root = condition_node(condition, (uint16_t)(count - 1));
	assert_int_equal(root.kind, NODE_AND);
	assert_int_equal(condition_node(condition, root.right).kind, NODE_NOT);
	const struct test *level = condition_node(condition, 0).test;
	assert_int_equal(level->term, TERM_LEVEL);
	assert_int_equal(level->relation, IS_AT_LEAST);
	assert_int_equal(level->number, 2);
	assert_slice_text(level->source, "level >= 2");
	const struct test *bought = condition_node(condition, 1).test;
	assert_int_equal(bought->term, TERM_BOUGHT);
	assert_int_equal(bought->selector, SELECT_CATEGORY);
	assert_slice_text(bought->name, "TV");
	assert_int_equal(bought->period_us, INT64_C(90) * 86400 * 1000000);
	assert_slice_text(bought->source, "bought(category \"TV\", 90d) >= 1");
	assert_int_equal(condition_reach_us(condition), bought->period_us);
	condition_free(condition);
}

static void test_values(void **state)
{
	(void)state;
	struct condition *condition = parse("monetary(52w) >= 99.9");
	assert_int_equal(only_test(condition)->number, 9990);
	assert_int_equal(only_test(condition)->period_us, INT64_C(364) * 86400 * 1000000);
	condition_free(condition);
	condition = parse("spent(product \"a \\\"b\\\\\", ever) < 1");
	assert_slice_text(only_test(condition)->name, "a \"b\\");
	assert_int_equal(condition_reach_us(condition), PERIOD_EVER);
	condition_free(condition);
	condition = parse("recency <= 36h");
	assert_int_equal(only_test(condition)->number, INT64_C(36) * 3600 * 1000000);
	assert_int_equal(condition_reach_us(condition), INT64_C(36) * 3600 * 1000000 + 1);
	condition_free(condition);
	condition = parse("recency > 30d");
	assert_int_equal(condition_reach_us(condition), PERIOD_EVER);
	condition_free(condition);
	condition = parse("group not in (\"new\", \"high-value\")");
	assert_int_equal(only_test(condition)->text_count, 2);
	assert_int_equal(only_test(condition)->relation, IS_OTHER);
	condition_free(condition);
	condition = parse("owns(anything) != 0");
	assert_int_equal(only_test(condition)->selector, SELECT_ANYTHING);
	condition_free(condition);
	condition = parse("consent(sms, research)");
	assert_int_equal(only_test(condition)->channel, 2);
	assert_int_equal(only_test(condition)->purpose, 2);
	condition_free(condition);
}

static void test_currency(void **state)
{
	(void)state;
	const struct condition_options yen = {SLICE_LITERAL("JPY"), true};
	struct condition *condition = NULL;
	struct condition_error error;
	assert_int_equal(
		condition_parse(SLICE_LITERAL("monetary(1d) > 5000"), &yen, &condition, &error),
		CH_OK);
	assert_int_equal(only_test(condition)->number, 5000);
	condition_free(condition);
	condition = NULL;
	assert_int_equal(
		condition_parse(SLICE_LITERAL("monetary(1d) > 0.5"), &yen, &condition, &error),
		CH_INVALID);
	assert_null(condition);
}

static void test_level_is_not_asked_for_itself(void **state)
{
	(void)state;
	const struct condition_options level = {SLICE_LITERAL("CNY"), false};
	struct condition *condition = NULL;
	struct condition_error error;
	assert_int_equal(condition_parse(SLICE_LITERAL("level >= 1"), &level, &condition, &error),
		CH_INVALID);
	assert_int_equal(error.column, 1);
}

static void test_mistakes_have_a_place(void **state)
{
	(void)state;
	assert_wrong("", CH_FORMAT, 1, 1, "ends where a condition");
	assert_wrong("level >= 2 and", CH_FORMAT, 1, 15, "ends where a condition");
	assert_wrong("level >= 2 and\n bogus", CH_INVALID, 2, 2, "'bogus' is nothing");
	assert_wrong("level > 90d", CH_FORMAT, 1, 9, "no whole number");
	assert_wrong("level", CH_FORMAT, 1, 6, "a comparison");
	assert_wrong("recency <= 30", CH_FORMAT, 1, 12, "no time such as");
	assert_wrong("recency <= 0d", CH_INVALID, 1, 12, "more than nothing");
	assert_wrong("recency <= 40000d", CH_INVALID, 1, 12, "at most 36500 days");
	assert_wrong("monetary(365d) > 1.234", CH_INVALID, 1, 18, "more digits than CNY");
	assert_wrong("monetary(365d) > x", CH_FORMAT, 1, 18, "an amount");
	assert_wrong("monetary(365d) > 1.2.3", CH_FORMAT, 1, 18, "no amount");
	assert_wrong("monetary() > 1", CH_FORMAT, 1, 10, "a period");
	assert_wrong("consent(pigeon, marketing)", CH_INVALID, 1, 9, "'pigeon' is not one of");
	assert_wrong("consent(email marketing)", CH_FORMAT, 1, 15, "','");
	assert_wrong("has(hair)", CH_INVALID, 1, 5, "'hair' is not one of");
	assert_wrong("bought(size \"XL\", 9d) > 0", CH_INVALID, 1, 8, "'size' is not one of");
	assert_wrong("bought(category TV, 9d) > 0", CH_FORMAT, 1, 17, "a text in quotes");
	assert_wrong("bought(category \"\", 9d) > 0", CH_INVALID, 1, 17, "names nothing");
	assert_wrong("group = \"new", CH_FORMAT, 1, 9, "no closing quote");
	assert_wrong("group < \"new\"", CH_FORMAT, 1, 9, "no order");
	assert_wrong("group in (\"new\" \"old\")", CH_FORMAT, 1, 17, "')'");
	assert_wrong("everybody or level = 1 and level = 2", CH_FORMAT, 1, 24, "parentheses");
	assert_wrong("(everybody", CH_FORMAT, 1, 11, "ends where ')'");
	assert_wrong("everybody)", CH_FORMAT, 1, 10, "'and', 'or' or the end");
	assert_wrong("everybody % 2", CH_FORMAT, 1, 11, "'%' is no part");
	assert_wrong("everybody \xe2\x89\xa5 2", CH_FORMAT, 1, 11, "is no part");
	assert_wrong("everybody \xff", CH_FORMAT, 1, 11, "is no UTF-8");
}

static void test_bounds(void **state)
{
	(void)state;
	struct buffer text = {0};
	struct condition *condition = NULL;
	struct condition_error error;
	for (unsigned i = 0; i < LIMIT_CONDITION_DEPTH + 1; i++)
		buffer_append_text(&text, "not ");
	buffer_append_text(&text, "everybody");
	assert_int_equal(
		condition_parse(buffer_slice(&text), &yuan, &condition, &error), CH_TOO_LARGE);
	buffer_clear(&text);
	for (unsigned i = 0; i < LIMIT_CONDITION_NODES / 2; i++)
		buffer_append_text(&text, "everybody and ");
	buffer_append_text(&text, "everybody");
	assert_int_equal(
		condition_parse(buffer_slice(&text), &yuan, &condition, &error), CH_TOO_LARGE);
	buffer_clear(&text);
	for (unsigned i = 0; i < LIMIT_CONDITION_TEXTS + 1; i++)
		buffer_append_text(&text, i == 0 ? "group in (\"a\"" : ", \"a\"");
	buffer_append_text(&text, ")");
	assert_int_equal(
		condition_parse(buffer_slice(&text), &yuan, &condition, &error), CH_TOO_LARGE);
	buffer_clear(&text);
	for (unsigned i = 0; i < LIMIT_CONDITION_BYTES; i++)
		buffer_append_text(&text, " ");
	buffer_append_text(&text, "everybody");
	assert_int_equal(
		condition_parse(buffer_slice(&text), &yuan, &condition, &error), CH_TOO_LARGE);
	assert_null(condition);
	buffer_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_currency),
		cmocka_unit_test(test_level_is_not_asked_for_itself),
		cmocka_unit_test(test_mistakes_have_a_place),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
