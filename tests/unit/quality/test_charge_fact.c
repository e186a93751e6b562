#include "module/quality/fact/charge_fact.h"

#include "teller.h"

#include "module/kit/voice.h"

static const int64_t base = INT64_C(1772294400) * 1000000; /* 2026-03-01 00:00 +08:00 */

static int64_t day(int64_t days)
{
	return base + days * DAY_US;
}

struct price_told {
	const char *list;
	int64_t minor;
	const char *from;
	const char *until;
	bool retired;
	bool taxed;
	int64_t basis;
};

static void price(
	struct teller *teller, const char *id, const struct price_told *told, int64_t at_us)
{
	Carehub__V1__ReferencePricePublished message = CAREHUB__V1__REFERENCE_PRICE_PUBLISHED__INIT;
	Carehub__V1__Money money = CAREHUB__V1__MONEY__INIT;
	Carehub__V1__Decimal basis = CAREHUB__V1__DECIMAL__INIT;
	message.price_list_id = TEXT(told->list);
	message.item_code = TEXT("P1");
	money.minor_units = told->minor;
	money.currency = TEXT("CNY");
	message.price = &money;
	message.valid_from_date = TEXT(told->from != NULL ? told->from : "");
	message.valid_until_date = TEXT(told->until != NULL ? told->until : "");
	message.retired = told->retired ? CAREHUB__V1__ANSWER__ANSWER_YES : 0;
	message.tax_included = told->taxed ? CAREHUB__V1__ANSWER__ANSWER_YES : 0;
	basis.unscaled = told->basis;
	if (told->basis != 0)
		message.basis = &basis;
	tell(teller, "reference.price.published", &message.base, at_us, id, 0);
}

/* The verdict on one charge by all prices of its item; `unit` or `amount` < 0: not told. */
static struct charge_judgement judged(struct teller *teller, int64_t unit, int64_t amount,
	int64_t quantity, Carehub__V1__Coverage coverage, int64_t at_us)
{
	static struct marks prices;
	struct charge_judgement judgement;
	Carehub__V1__Charge charge = CAREHUB__V1__CHARGE__INIT;
	Carehub__V1__Money unit_price = CAREHUB__V1__MONEY__INIT;
	Carehub__V1__Money line = CAREHUB__V1__MONEY__INIT;
	Carehub__V1__Decimal pieces = CAREHUB__V1__DECIMAL__INIT;
	struct mark mark = {.moment_us = at_us};
	struct key key;
	charge.item_code = TEXT("P1");
	charge.coverage = coverage;
	charge.kind = CAREHUB__V1__ITEM_KIND__ITEM_KIND_PART;
	unit_price.currency = line.currency = TEXT("CNY");
	unit_price.minor_units = unit;
	line.minor_units = amount;
	pieces.unscaled = quantity;
	charge.quantity = quantity != 0 ? &pieces : NULL;
	charge.unit_price = unit >= 0 ? &unit_price : NULL;
	charge.amount = amount >= 0 ? &line : NULL;
	charge_mark_fill(&mark, &charge);
	key_start(&key);
	key_text(&key, slice_text("P1"));
	assert_int_equal(
		fact_get(teller->txn, FACT_PRICES, key_slice(&key), INT64_MAX, &prices), CH_OK);
	charge_judge(&mark, prices.items, prices.count, &teller->settings,
		quality_offset_us(&teller->settings), &judgement);
	return judgement;
}

static enum charge_verdict at_price(struct teller *teller, int64_t amount, int64_t at_us)
{
	return judged(teller, -1, amount, 0, 0, at_us).verdict;
}

static void test_usage(void **state)
{
	struct teller teller;
	const struct price_told first = {.list = "retail", .minor = 10000};
	const struct price_told april = {.list = "retail", .minor = 12000, .from = "2026-04-01"};
	(void)state;
	teller_make(&teller);
	price(&teller, "a", &first, day(0));
	price(&teller, "b", &april, day(10));
	assert_int_equal(at_price(&teller, 10000, day(-1)), CHARGE_NOT_LISTED);
	assert_int_equal(at_price(&teller, 10000, day(20)), CHARGE_LISTED);
	assert_int_equal(at_price(&teller, 12000, day(31) - 1), CHARGE_OVER);
	assert_int_equal(at_price(&teller, 12000, day(31)), CHARGE_LISTED);
	assert_int_equal(at_price(&teller, 10000, day(31)), CHARGE_UNDER);
	struct charge_judgement judgement = judged(&teller, 11000, 33000, 3, 0, day(1));
	assert_int_equal(judgement.verdict, CHARGE_OVER);
	assert_int_equal(judgement.charged_minor, 33000);
	assert_int_equal(judgement.difference_minor, 3000);
	assert_slice_text(judgement.list, "retail");
	/* Of three, of which only the price of one is told: what all three are over. */
	judgement = judged(&teller, 11000, -1, 3, 0, day(1));
	assert_int_equal(judgement.verdict, CHARGE_OVER);
	assert_int_equal(judgement.charged_minor, 11000);
	assert_int_equal(judgement.difference_minor, 3000);
	judgement = judged(&teller, 9000, -1, 3, 0, day(1));
	assert_int_equal(judgement.verdict, CHARGE_UNDER);
	assert_int_equal(judgement.difference_minor, -3000);
	teller_remove(&teller);
}

static void test_lists_that_come_late(void **state)
{
	struct teller teller;
	const struct price_told first = {.list = "retail", .minor = 10000, .until = "2026-03-10"};
	const struct price_told mended = {.list = "retail", .minor = 9000, .from = "2026-03-05"};
	const struct price_told gone = {.list = "retail", .minor = 0, .retired = true};
	(void)state;
	teller_make(&teller);
	price(&teller, "a", &first, day(0));
	assert_int_equal(at_price(&teller, 10000, day(6)), CHARGE_LISTED);
	assert_int_equal(at_price(&teller, 10000, day(10) - 1), CHARGE_LISTED);
	assert_int_equal(at_price(&teller, 10000, day(10)), CHARGE_NOT_LISTED);
	price(&teller, "b", &mended, day(20));
	assert_int_equal(at_price(&teller, 10000, day(3)), CHARGE_LISTED);
	assert_int_equal(at_price(&teller, 10000, day(6)), CHARGE_OVER);
	price(&teller, "c", &gone, day(30));
	assert_int_equal(at_price(&teller, 9000, day(29)), CHARGE_LISTED);
	assert_int_equal(at_price(&teller, 9000, day(30)), CHARGE_NOT_LISTED);
	teller_remove(&teller);
}

/* A list that comes every night, for longer than its nights are kept: the newest price is judged by. */
static void test_a_list_every_night(void **state)
{
	struct teller teller;
	const struct price_told usual = {.list = "retail", .minor = 10000};
	const struct price_told dearer = {.list = "retail", .minor = 12000};
	(void)state;
	teller_make(&teller);
	for (int64_t night = 0; night < LIMIT_FACT_MARKS + 90; night++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "n%d", (int)night);
		price(&teller, id, night < LIMIT_FACT_MARKS + 60 ? &usual : &dearer, day(night));
	}
	assert_int_equal(at_price(&teller, 10000, day(LIMIT_FACT_MARKS)), CHARGE_LISTED);
	assert_int_equal(at_price(&teller, 12000, day(LIMIT_FACT_MARKS + 70)), CHARGE_LISTED);
	assert_int_equal(at_price(&teller, 10000, day(LIMIT_FACT_MARKS + 70)), CHARGE_UNDER);
	teller_remove(&teller);
}

static void test_what_is_no_deviation(void **state)
{
	struct teller teller;
	const struct price_told pair = {.list = "retail", .minor = 10001, .basis = 2};
	const struct price_told dealer = {.list = "dealer", .minor = 3000, .taxed = true};
	(void)state;
	teller_make(&teller);
	price(&teller, "a", &pair, day(0));
	/* The price is of two; half a fen is rounded up. */
	assert_int_equal(judged(&teller, 5001, -1, 0, 0, day(1)).verdict, CHARGE_LISTED);
	assert_int_equal(judged(&teller, -1, 20002, 4, 0, day(1)).verdict, CHARGE_LISTED);
	/* A discount on the line, its price being told. */
	assert_int_equal(judged(&teller, 5001, 4000, 0, 0, day(1)).verdict, CHARGE_LISTED);
	/* Under cover there is nothing to pay. */
	assert_int_equal(
		judged(&teller, -1, 0, 0, CAREHUB__V1__COVERAGE__COVERAGE_IN_WARRANTY, day(1))
			.verdict,
		CHARGE_UNJUDGED);
	assert_int_equal(judged(&teller, -1, 0, 0, 0, day(1)).verdict, CHARGE_UNDER);
	assert_int_equal(judged(&teller, -1, -1, 0, 0, day(1)).verdict, CHARGE_UNJUDGED);
	/* Any list will do, unless one is named; one with tax bounds from above. */
	price(&teller, "b", &dealer, day(0));
	assert_int_equal(at_price(&teller, 2900, day(1)), CHARGE_LISTED);
	assert_int_equal(at_price(&teller, 3100, day(1)), CHARGE_OVER);
	char *lists[] = {TEXT("retail")};
	struct option_list kept = teller.settings.price_lists;
	teller.settings.price_lists = (struct option_list){lists, 1};
	assert_int_equal(at_price(&teller, 2900, day(1)), CHARGE_UNDER);
	teller.settings.price_lists = kept;
	teller_remove(&teller);
}

/* ---- What is said ---- */

static void give_back(
	struct teller *teller, const char *order, const char *id, int64_t amount, int64_t at_us)
{
	Carehub__V1__RepairOrderReceived received = CAREHUB__V1__REPAIR_ORDER_RECEIVED__INIT;
	Carehub__V1__RepairOrderReturned message = CAREHUB__V1__REPAIR_ORDER_RETURNED__INIT;
	Carehub__V1__Charge charge = CAREHUB__V1__CHARGE__INIT;
	Carehub__V1__Charge *charges[] = {&charge};
	Carehub__V1__Money money = CAREHUB__V1__MONEY__INIT;
	charge.item_code = TEXT("P1");
	charge.amount = &money;
	money.minor_units = amount;
	money.currency = TEXT("CNY");
	received.repair_order_id = message.repair_order_id = TEXT(order);
	message.charges = charges;
	message.n_charges = 1;
	tell(teller, "repair.order.received", &received.base, at_us - DAY_US, order, 0);
	tell(teller, "repair.order.returned", &message.base, at_us, id, 0);
}

/* Lets the part act at that time; the transaction of the test is committed for it. */
static void tend(struct teller *teller, int64_t now_us)
{
	void *self;
	struct module_turn turn = {.book = teller->book, .now_us = now_us};
	assert_int_equal(charge_part.open(&teller->settings, NULL, NULL, &self), CH_OK);
	assert_int_equal(book_commit(teller->txn), CH_OK);
	teller->txn = NULL;
	for (int i = 0; i < 100 && (i == 0 || turn.again_ms == 0); i++)
		assert_int_equal(charge_part.tend(self, &turn), CH_OK);
	teller->txn = shelf_begin(teller->book, true);
	charge_part.close(self);
}

static uint64_t waiting(struct teller *teller)
{
	struct feed_state state;
	assert_int_equal(feed_state_read(teller->txn, &state), CH_OK);
	return state.waiting;
}

static void test_said_once_and_not_too_soon(void **state)
{
	struct teller teller;
	const struct price_told list = {.list = "retail", .minor = 10000};
	const struct price_told late = {.list = "retail", .minor = 8000, .from = "2026-03-01"};
	(void)state;
	teller_make(&teller);
	price(&teller, "a", &list, day(0));
	give_back(&teller, "R1", "r1", 10000, day(5));
	give_back(&teller, "R2", "r2", 9000, day(5));
	tend(&teller, day(5) + HOUR_US);
	assert_int_equal(waiting(&teller), 0);
	tend(&teller, day(6));
	assert_int_equal(waiting(&teller), 1);
	tend(&teller, day(9));
	assert_int_equal(waiting(&teller), 1);
	assert_int_equal(book_count(teller.txn, FACT_CHARGES_DUE), 0);
	/* A list that comes late judges both anew: R1 is off it as well, R2 was said. */
	price(&teller, "b", &late, day(10));
	tend(&teller, day(11));
	assert_int_equal(waiting(&teller), 2);
	struct measures *m = report(&teller, day(0), day(31), day(31));
	assert_ratio(m->price[CUT_ALL].rows[0].off_list, 2, 2);
	assert_int_equal(m->price[CUT_ALL].rows[0].over_minor, 3000);
	assert_int_equal(m->off_list_total, 2);
	assert_slice_text(m->off_list[0].event_id, "r1");
	measures_free(m);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_lists_that_come_late),
		cmocka_unit_test(test_a_list_every_night),
		cmocka_unit_test(test_what_is_no_deviation),
		cmocka_unit_test(test_said_once_and_not_too_soon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
