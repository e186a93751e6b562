#include "module/marketing/basket/basket_file.h"

#include "support/unit.h"

#include "unit/marketing/baskets.h"

/* "{a b} {c}", or the refusal. */
static const char *read_with(const struct basket_file_options *options, const char *text)
{
	static struct buffer out;
	struct basket_store *store;
	struct refusal refusal;
	buffer_clear(&out);
	assert_int_equal(basket_store_create(&store), CH_OK);
	enum ch_status status = baskets_read(options, text, store, &refusal);
	if (status != CH_OK)
		buffer_printf(&out, "%s %d:%d %s", ch_status_name(status), (int)refusal.at.line,
			(int)refusal.at.column, refusal.reason);
	for (uint32_t i = 0; status == CH_OK && i < basket_store_baskets(store); i++) {
		struct numbers basket = basket_store_basket(store, i);
		buffer_append_text(&out, "{");
		for (size_t j = 0; j < basket.count; j++) {
			buffer_append_text(&out, j > 0 ? " " : "");
			buffer_append_slice(&out, basket_store_name(store, basket.items[j]));
		}
		buffer_append_text(&out, "}");
	}
	basket_store_free(store);
	return buffer_text(&out);
}

static const struct basket_file_options usual = {0};

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(read_with(&usual, "milk\nbread,milk ,tea\n"), "{milk}{milk bread tea}");
	assert_string_equal(
		read_with(&usual, "Date,Transaction,Item\nd,1,Bread\nd,2,Tea\nd,1,Tea\n"),
		"{Bread Tea}{Tea}");
}

static void test_forms(void **state)
{
	(void)state;
	const struct basket_file_options named = {.basket = "no", .item = "what"};
	const struct basket_file_options absent = {.basket = "no", .item = "which"};
	const struct basket_file_options ignored = {.ignored = {"NONE", "tea"}, .ignored_count = 2};
	assert_string_equal(read_with(&named, "no;what\n2;a\n1;b\n2;c\n"), "{a c}{b}");
	assert_string_equal(
		read_with(&absent, "no;what\n2;a\n"), "missing 1:0 there is no column which");
	assert_string_equal(read_with(&usual, "1 2 2\n2\n"), "{1 2}{2}");
	assert_string_equal(read_with(&usual, "a,,b,\n,\nc\n"), "{a b}{}{c}");
	/* A basket of nothing that counts is a basket. */
	assert_string_equal(read_with(&ignored, "order,product\n1,NONE\n2,a\n2,tea\n"), "{}{a}");
}

static void test_refusals(void **state)
{
	(void)state;
	assert_string_equal(read_with(&usual, ""), "invalid 0:0 there is no basket in it");
	assert_string_equal(
		read_with(&usual, "receipt,item\n"), "invalid 0:0 there is no basket in it");
	assert_string_equal(
		read_with(&usual, "receipt,item\n1,\n"), "missing 2:3 no item is named");
	assert_string_equal(
		read_with(&usual, "receipt,item\n,a\n"), "missing 2:1 no receipt is named");
	assert_string_equal(read_with(&usual, "receipt,item\n1,a\n1\n"),
		"format 3:0 1 fields where the header has 2");
	assert_string_equal(read_with(&usual, "a,\"b\n"), "format 1:3 a quote that is not closed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
