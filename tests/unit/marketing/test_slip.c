/* A receipt read as it travels, against the unpacked one. */
#include "support/unit.h"

#include "module/marketing/fact/slip.h"

struct rig {
	Carehub__V1__TransactionRef ref;
	Carehub__V1__SaleLine lines[4];
	Carehub__V1__SaleLine *list[4];
	Carehub__V1__RetailTransaction transaction;
	Carehub__V1__PosSaleCompleted sale;
	uint8_t bytes[2048];
	size_t len;
	struct slip slip;
};

static char *text(const char *literal)
{
	return (char *)(uintptr_t)literal;
}

static int setup(void **state)
{
	static struct rig rig;
	rig = (struct rig){0};
	carehub__v1__transaction_ref__init(&rig.ref);
	carehub__v1__retail_transaction__init(&rig.transaction);
	carehub__v1__pos_sale_completed__init(&rig.sale);
	rig.ref.store_id = text("S1");
	rig.ref.workstation_id = text("3");
	rig.ref.business_date = text("2026-03-01");
	rig.ref.sequence_number = text("517");
	for (size_t i = 0; i < 4; i++) {
		carehub__v1__sale_line__init(&rig.lines[i]);
		rig.list[i] = &rig.lines[i];
	}
	rig.transaction.ref = &rig.ref;
	rig.transaction.lines = rig.list;
	rig.transaction.n_lines = 4;
	rig.sale.transaction = &rig.transaction;
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;
	slip_fini(&rig->slip);
	return 0;
}

static enum ch_status read_sale(struct rig *rig)
{
	assert_true(carehub__v1__pos_sale_completed__get_packed_size(&rig->sale) <=
		    sizeof(rig->bytes) / 2);
	rig->len = carehub__v1__pos_sale_completed__pack(&rig->sale, rig->bytes);
	return slip_read(&rig->slip, slice_of(rig->bytes, rig->len), (struct slice){NULL, 0});
}

static void assert_text(struct slice is, const char *wanted)
{
	assert_true(slice_equal(is, slice_text(wanted)));
}

static void test_usage(void **state)
{
	struct rig *rig = *state;
	rig->lines[0].product_id = text("KDL-46");
	rig->lines[0].description = text("television");
	rig->lines[1].pos_item_id = text("6901234567892");
	rig->lines[2].item_id = text("cable");
	rig->lines[2].voided = CAREHUB__V1__ANSWER__ANSWER_YES;
	rig->lines[3].item_id = text("cable");
	rig->lines[3].voids_line = 3;
	assert_int_equal(read_sale(rig), CH_OK);
	assert_true(rig->slip.told);
	assert_false(rig->slip.back);
	assert_int_equal(rig->slip.count, 2);
	assert_text(rig->slip.articles[0], "KDL-46");
	assert_text(rig->slip.articles[1], "6901234567892");
	assert_text(rig->slip.name.store, "S1");
	assert_text(rig->slip.name.till, "3");
	assert_text(rig->slip.name.date, "2026-03-01");
	assert_text(rig->slip.name.number, "517");
	assert_text(rig->slip.name.own_number, "");
}

static void test_goods_that_came_back(void **state)
{
	struct rig *rig = *state;
	rig->lines[0].item_id = text("a");
	rig->lines[1].item_id = text("b");
	rig->lines[1].action = CAREHUB__V1__SALE_ACTION__SALE_ACTION_RETURN;
	assert_int_equal(read_sale(rig), CH_OK);
	assert_true(rig->slip.back);
	assert_int_equal(rig->slip.count, 1);
	/* Nothing of the one before is left. */
	rig->lines[1].action = CAREHUB__V1__SALE_ACTION__SALE_ACTION_SALE;
	rig->transaction.ref = NULL;
	assert_int_equal(read_sale(rig), CH_OK);
	assert_false(rig->slip.back || rig->slip.told);
	assert_int_equal(rig->slip.count, 2);
	assert_int_equal(rig->slip.name.number.len, 0);
}

/* A sale in two pieces is one, which only unpacking puts together. */
static void test_pieces_are_left_to_others(void **state)
{
	struct rig *rig = *state;
	rig->lines[0].item_id = text("a");
	assert_int_equal(read_sale(rig), CH_OK);
	memcpy(rig->bytes + rig->len, rig->bytes, rig->len);
	struct slice twice = slice_of(rig->bytes, 2 * rig->len);
	struct slice once = slice_of(rig->bytes, rig->len);
	assert_int_equal(slip_read(&rig->slip, twice, (struct slice){NULL, 0}), CH_UNSUPPORTED);
	assert_int_equal(slip_read(&rig->slip, once, once), CH_UNSUPPORTED);
	assert_int_equal(
		slip_read(&rig->slip, slice_sub(once, 0, rig->len - 1), (struct slice){NULL, 0}),
		CH_UNSUPPORTED);
	assert_int_equal(slip_read(&rig->slip, once, (struct slice){NULL, 0}), CH_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_usage),
		TEST(test_goods_that_came_back),
		TEST(test_pieces_are_left_to_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
