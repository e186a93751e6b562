#include "module/quality/measure/measure.h"

#include "orders.h"

#include "module/kit/people_inside.h"

/* ---- Customer groups ---- */

static void level(struct teller *teller, uint64_t customer, const char *name, int64_t time_us)
{
	Carehub__V1__MarketingLevelChanged message = CAREHUB__V1__MARKETING_LEVEL_CHANGED__INIT;
	message.customer_number = customer;
	message.new_level = TEXT(name);
	tell(teller, "marketing.level.changed", &message.base, time_us, event_id(), customer);
}

static void test_groups(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A1", day(0), 10000001);
	receive(&teller, "R2", "S1", "A1", day(364), 10000001);
	receive(&teller, "R3", "S1", "A1", day(365), 10000001);
	level(&teller, 10000001, "gold", day(366));
	receive(&teller, "R4", "S1", "A1", day(367), 10000001);
	level(&teller, 10000001, "silver", day(368));
	receive(&teller, "R5", "S1", "A1", day(369), 10000001);
	struct measures *m = report(&teller, day(0), day(400), day(400));
	assert_int_equal(repair_row(m, CUT_GROUP, "new")->received, 2);
	assert_int_equal(repair_row(m, CUT_GROUP, "long-standing")->received, 2);
	assert_int_equal(repair_row(m, CUT_GROUP, "high-value")->received, 1);
	measures_free(m);
	teller_remove(&teller);
}

/* Two numbers turn out to be one person: his facts were filed as they were, and count as his. */
static void test_merged_customers(void **state)
{
	struct teller teller;
	Carehub__V1__CustomerRecordMerged merged = CAREHUB__V1__CUSTOMER_RECORD_MERGED__INIT;
	Carehub__V1__CustomerRecordErased erased = CAREHUB__V1__CUSTOMER_RECORD_ERASED__INIT;
	struct feed_event event = {.sequence = 100, .message = &merged.base};
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A1", day(0), 10000001);
	give_back(&teller, "R1", day(0));
	receive(&teller, "R2", "S1", "A2", day(400), 10000002);
	callback_done(&teller, "C1", day(61), 10000002);
	struct measures *m = report(&teller, day(0), day(500), day(500));
	assert_int_equal(m->callback[CUT_ALL].rows[0].done, 0);
	assert_int_equal(repair_row(m, CUT_GROUP, "new")->received, 2);
	measures_free(m);
	merged.customer_number = 10000001;
	merged.retired_number = 10000002;
	people_fold(teller.txn, &event);
	m = report(&teller, day(0), day(500), day(500));
	assert_int_equal(m->callback[CUT_ALL].rows[0].done, 1);
	assert_int_equal(repair_row(m, CUT_GROUP, "long-standing")->received, 1);
	measures_free(m);
	/* Erased: his repairs stay, and are nobody's. */
	erased.customer_number = 10000001;
	event.message = &erased.base;
	people_fold(teller.txn, &event);
	m = report(&teller, day(0), day(500), day(500));
	assert_int_equal(repair_row(m, CUT_GROUP, "unknown")->received, 2);
	assert_int_equal(m->callback[CUT_ALL].count, 0);
	assert_int_equal(m->notes.customers_erased > 0, 1);
	measures_free(m);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_merged_customers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
