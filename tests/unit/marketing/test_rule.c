#include "module/marketing/basket/rule.h"

#include "support/unit.h"

#include <math.h>

#include "unit/marketing/baskets.h"

static const char shop[] = "bread,milk\nbread,milk,tea\nbread\nmilk\nbread,milk,tea\n";

/* "left => right n(Xy)/n(X)" a line. */
static const char *rules_of(const char *text, const char *support, const char *confidence)
{
	static struct buffer out;
	struct basket_store *store = baskets_of(text);
	struct support least = {.baskets = 1};
	struct decimal share;
	struct item_sets sets;
	struct rules rules;
	buffer_clear(&out);
	assert_int_equal(share_parse(slice_text(support), &least.share), CH_OK);
	assert_int_equal(share_parse(slice_text(confidence), &share), CH_OK);
	assert_int_equal(item_sets_mine(store, least, &sets), CH_OK);
	assert_int_equal(rules_make(&sets, share, &rules), CH_OK);
	for (size_t i = 0; i < rules.count; i++) {
		const struct rule *rule = &rules.items[i];
		for (uint32_t j = 0; j < rule->left->length; j++) {
			uint32_t rank = sets.ranks[rule->left->first + j];
			buffer_append_slice(&out, basket_store_name(store, sets.by_rank[rank]));
			buffer_append_text(&out, " ");
		}
		buffer_append_text(&out, "=> ");
		buffer_append_slice(&out, basket_store_name(store, sets.by_rank[rule->right]));
		buffer_printf(&out, " %u/%u\n", rule->count, rule->left_count);
	}
	rules_fini(&rules);
	item_sets_fini(&sets);
	basket_store_free(store);
	return buffer_text(&out);
}

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(rules_of(shop, "0.4", "0.75"),
		"tea => bread 2/2\ntea => milk 2/2\nbread tea => milk 2/2\nmilk tea => bread 2/2\n"
		"bread => milk 3/4\nmilk => bread 3/4\n");
}

/* 3/4 is 0.75 and not a hair less; 3 of 5 is 0.6, which no double is. */
static void test_thresholds_are_exact(void **state)
{
	(void)state;
	assert_string_equal(
		rules_of(shop, "0.6", "0.75"), "bread => milk 3/4\nmilk => bread 3/4\n");
	assert_string_equal(rules_of(shop, "0.6", "0.750000000000000001"), "");
	assert_string_equal(rules_of(shop, "0.600000000000000001", "0.1"), "");
	assert_string_equal(rules_of(shop, "1", "1"), "");
	struct decimal share = {3, 1};
	assert_true(share_reached(3, 10, share));
	assert_false(share_reached(299999999, 1000000000, share));
	assert_int_equal(share_least(10, share), 3);
	assert_int_equal(share_least(11, share), 4);
	assert_int_equal(share_least(0, share), 1);
	assert_int_equal(share_least(9835, (struct decimal){1, 3}), 10);
}

static void test_shares(void **state)
{
	(void)state;
	struct decimal share;
	assert_int_equal(share_parse(slice_text("1.0"), &share), CH_OK);
	assert_int_equal(share_parse(slice_text("0"), &share), CH_INVALID);
	assert_int_equal(share_parse(slice_text("-0.5"), &share), CH_INVALID);
	assert_int_equal(share_parse(slice_text("1.001"), &share), CH_INVALID);
	assert_int_equal(share_parse(slice_text("1e-3"), &share), CH_FORMAT);
	assert_int_equal(share_parse(slice_text(""), &share), CH_FORMAT);
}

static void test_measures(void **state)
{
	(void)state;
	const struct rule rule = {.count = 3, .left_count = 4, .right_count = 4};
	const struct rule always = {.count = 4, .left_count = 4, .right_count = 5};
	struct rule_measures measures = rule_measure(&rule, 5);
	assert_true(measures.support == 3.0L / 5);
	assert_true(measures.confidence == 0.75L);
	assert_true(measures.lift == 15.0L / 16);
	assert_true(measures.leverage == -1.0L / 25);
	assert_true(measures.conviction == 4.0L / 5);
	assert_true(isinf(rule_measure(&always, 10).conviction));
	assert_true(rule_measure(&always, 10).lift == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_thresholds_are_exact),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_measures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
