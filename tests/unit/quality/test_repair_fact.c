#include "module/quality/fact/repair_fact.h"

#include "teller.h"

/* A repair's life at an hour each; days after the epoch of the test. */
static const int64_t base = INT64_C(1772323200) * 1000000; /* 2026-03-01 */

static void received(struct teller *teller, int64_t day, const char *id, const char *station)
{
	Carehub__V1__RepairOrderReceived message = CAREHUB__V1__REPAIR_ORDER_RECEIVED__INIT;
	Carehub__V1__StationRef where = CAREHUB__V1__STATION_REF__INIT;
	Carehub__V1__ProductUnitRef unit = CAREHUB__V1__PRODUCT_UNIT_REF__INIT;
	message.repair_order_id = TEXT("R1");
	where.station_id = TEXT(station);
	unit.model = TEXT("KDL-46");
	unit.serial_number = TEXT("SN 1");
	message.station = &where;
	message.unit = &unit;
	tell(teller, "repair.order.received", &message.base, base + day * DAY_US, id, 10000001);
}

static void repaired(struct teller *teller, int64_t day, const char *id)
{
	Carehub__V1__RepairOrderRepaired message = CAREHUB__V1__REPAIR_ORDER_REPAIRED__INIT;
	char *defects[] = {TEXT("E5"), TEXT("E5"), TEXT("E6")};
	message.repair_order_id = TEXT("R1");
	message.defect_codes = defects;
	message.n_defect_codes = 3;
	tell(teller, "repair.order.repaired", &message.base, base + day * DAY_US, id, 0);
}

static void checked(struct teller *teller, int64_t day, const char *id, bool passed)
{
	Carehub__V1__RepairOrderChecked message = CAREHUB__V1__REPAIR_ORDER_CHECKED__INIT;
	message.repair_order_id = TEXT("R1");
	message.passed = passed ? CAREHUB__V1__ANSWER__ANSWER_YES : CAREHUB__V1__ANSWER__ANSWER_NO;
	tell(teller, "repair.order.checked", &message.base, base + day * DAY_US, id, 0);
}

static void returned(struct teller *teller, int64_t day, const char *id)
{
	Carehub__V1__RepairOrderReturned message = CAREHUB__V1__REPAIR_ORDER_RETURNED__INIT;
	message.repair_order_id = TEXT("R1");
	tell(teller, "repair.order.returned", &message.base, base + day * DAY_US, id, 0);
}

static void reopened(struct teller *teller, int64_t day, const char *id)
{
	Carehub__V1__RepairOrderReopened message = CAREHUB__V1__REPAIR_ORDER_REOPENED__INIT;
	message.repair_order_id = TEXT("R1");
	tell(teller, "repair.order.reopened", &message.base, base + day * DAY_US, id, 0);
}

static void waits(struct teller *teller, int64_t from, int64_t until,
	Carehub__V1__WaitReason reason, const char *from_id, const char *until_id)
{
	Carehub__V1__RepairWaitStarted start = CAREHUB__V1__REPAIR_WAIT_STARTED__INIT;
	Carehub__V1__RepairWaitEnded end = CAREHUB__V1__REPAIR_WAIT_ENDED__INIT;
	start.repair_order_id = TEXT("R1");
	start.reason = reason;
	end.repair_order_id = TEXT("R1");
	end.reason = reason;
	tell(teller, "repair.wait.started", &start.base, base + from * DAY_US, from_id, 0);
	if (until > 0)
		tell(teller, "repair.wait.ended", &end.base, base + until * DAY_US, until_id, 0);
}

struct seen {
	struct repair_fact facts[4];
	struct slice repaired_by[4]; /* marks live no longer than the call, their texts do */
	size_t count;
};

static enum ch_status see(void *context, const struct repair_fact *fact, const struct marks *marks)
{
	struct seen *seen = context;
	(void)marks;
	assert_true(seen->count < 4);
	if (fact->repaired.mark != NULL)
		seen->repaired_by[seen->count] = fact->repaired.mark->id;
	seen->facts[seen->count++] = *fact;
	return CH_OK;
}

static struct seen facts(struct teller *teller, int64_t as_of_day)
{
	struct seen seen = {0};
	assert_int_equal(repair_walk(teller->txn, base + as_of_day * DAY_US, see, &seen), CH_OK);
	return seen;
}

static void test_usage(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	/* As they may come: the last first. */
	returned(&teller, 5, "e5");
	checked(&teller, 4, "e4", true);
	repaired(&teller, 3, "e3");
	checked(&teller, 2, "e2", false);
	repaired(&teller, 1, "e1");
	received(&teller, 0, "e0", "S1");
	struct seen seen = facts(&teller, 100);
	assert_int_equal(seen.count, 1);
	const struct repair_fact *fact = &seen.facts[0];
	assert_slice_text(fact->station, "S1");
	assert_slice_text(fact->model, "KDL-46");
	assert_int_equal(fact->begun.moment_us, base);
	assert_int_equal(fact->repaired.moment_us, base + 3 * DAY_US);
	assert_int_equal(fact->ended.moment_us, base + 5 * DAY_US);
	assert_int_equal(fact->outcome, OUTCOME_FIXED);
	assert_int_equal(fact->attempts, 2);
	assert_int_equal(fact->defect_count, 2);
	assert_int_equal(fact->customer, 10000001);
	assert_false(fact->faulty);
	assert_slice_text(seen.repaired_by[0], "e3");
	assert_int_equal(repair_span(fact, base, base + 5 * DAY_US), 5 * DAY_US);
	/* As it stood on the second day. */
	seen = facts(&teller, 2);
	assert_int_equal(seen.facts[0].outcome, OUTCOME_NOT_FIXED);
	assert_null(seen.facts[0].ended.mark);
	teller_remove(&teller);
}

static void test_only_waiting_for_the_customer_stops_the_clock(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	received(&teller, 0, "a", "S1");
	waits(&teller, 1, 3, CAREHUB__V1__WAIT_REASON__WAIT_REASON_CUSTOMER, "b", "c");
	waits(&teller, 2, 4, CAREHUB__V1__WAIT_REASON__WAIT_REASON_PART, "d", "e");
	/* One ends and the next begins in the same moment. */
	waits(&teller, 5, 6, CAREHUB__V1__WAIT_REASON__WAIT_REASON_CUSTOMER, "f", "g");
	waits(&teller, 6, 8, CAREHUB__V1__WAIT_REASON__WAIT_REASON_CUSTOMER, "h", "i");
	/* Nothing at all. */
	waits(&teller, 9, 9, CAREHUB__V1__WAIT_REASON__WAIT_REASON_CUSTOMER, "j", "k");
	returned(&teller, 10, "l");
	struct seen seen = facts(&teller, 100);
	assert_int_equal(
		repair_span(&seen.facts[0], base, base + 10 * DAY_US), (10 - 2 - 1 - 2) * DAY_US);
	/* A wait that nobody ended lasts, and never makes a time negative. */
	waits(&teller, 0, 0, CAREHUB__V1__WAIT_REASON__WAIT_REASON_CUSTOMER, "m", "n");
	seen = facts(&teller, 0);
	assert_int_equal(seen.facts[0].pause_count, 1);
	assert_int_equal(repair_span(&seen.facts[0], base, base + DAY_US), 0);
	teller_remove(&teller);
}

static void test_a_quote_waits_for_its_answer(void **state)
{
	struct teller teller;
	Carehub__V1__RepairQuoteMade made = CAREHUB__V1__REPAIR_QUOTE_MADE__INIT;
	Carehub__V1__RepairQuoteApproved approved = CAREHUB__V1__REPAIR_QUOTE_APPROVED__INIT;
	(void)state;
	made.repair_order_id = TEXT("R1");
	approved.repair_order_id = TEXT("R1");
	teller_make(&teller);
	received(&teller, 0, "a", "S1");
	tell(&teller, "repair.quote.made", &made.base, base + DAY_US, "b", 0);
	tell(&teller, "repair.quote.approved", &approved.base, base + 3 * DAY_US, "c", 0);
	tell(&teller, "repair.quote.made", &made.base, base + 4 * DAY_US, "d", 0);
	repaired(&teller, 6, "e"); /* without a word: he had agreed at the desk */
	returned(&teller, 8, "f");
	struct seen seen = facts(&teller, 100);
	assert_int_equal(repair_span(&seen.facts[0], base, base + 8 * DAY_US), 4 * DAY_US);
	teller_remove(&teller);
}

static void test_opened_again_is_another_repair(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	received(&teller, 0, "a", "S1");
	repaired(&teller, 1, "b");
	returned(&teller, 2, "c");
	reopened(&teller, 10, "d");
	repaired(&teller, 11, "e");
	struct seen seen = facts(&teller, 100);
	assert_int_equal(seen.count, 2);
	assert_false(seen.facts[0].reopened);
	assert_true(seen.facts[1].reopened);
	assert_null(seen.facts[1].ended.mark);
	assert_slice_text(seen.facts[1].model, "KDL-46");
	assert_slice_text(seen.facts[1].serial, "SN 1");
	returned(&teller, 12, "f");
	returned(&teller, 13, "g"); /* the station corrects itself */
	seen = facts(&teller, 100);
	assert_int_equal(seen.facts[0].ended.moment_us, base + 2 * DAY_US);
	assert_int_equal(seen.facts[1].ended.moment_us, base + 13 * DAY_US);
	teller_remove(&teller);
}

static void test_bad_input(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	/* Returned before it was received. */
	returned(&teller, 1, "a");
	assert_int_equal(facts(&teller, 100).count, 0);
	received(&teller, 3, "b", "S1");
	struct seen seen = facts(&teller, 100);
	assert_int_equal(seen.count, 1);
	assert_true(seen.facts[0].faulty);
	assert_non_null(seen.facts[0].ended.mark);
	/* Received again while it is there: the clock is not set back, the rest is news. */
	received(&teller, 4, "c", "S2");
	seen = facts(&teller, 100);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.facts[0].begun.moment_us, base + 3 * DAY_US);
	assert_slice_text(seen.facts[0].station, "S2");
	/* A return that makes sense of it. */
	returned(&teller, 6, "d");
	seen = facts(&teller, 100);
	assert_false(seen.facts[0].faulty);
	/* Clocks half a century apart. */
	returned(&teller, 20000, "e");
	seen = facts(&teller, 100000);
	assert_true(seen.facts[0].faulty);
	teller_remove(&teller);
}

static void test_names_have_bounds(void **state)
{
	struct teller teller;
	char longer[400];
	Carehub__V1__RepairOrderClosed message = CAREHUB__V1__REPAIR_ORDER_CLOSED__INIT;
	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	teller_make(&teller);
	struct told told = {.type = "repair.order.closed",
		.message = &message.base,
		.id = "a",
		.time_us = base};
	assert_int_equal(tell_event(&teller, &told), CH_MISSING);
	message.repair_order_id = longer;
	assert_int_equal(tell_event(&teller, &told), CH_TOO_LARGE);
	longer[LIMIT_FACT_NAME_BYTES] = 0;
	assert_int_equal(tell_event(&teller, &told), CH_OK);
	assert_int_equal(book_count(teller.txn, FACT_REPAIRS), 1);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_only_waiting_for_the_customer_stops_the_clock),
		cmocka_unit_test(test_a_quote_waits_for_its_answer),
		cmocka_unit_test(test_opened_again_is_another_repair),
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_names_have_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
