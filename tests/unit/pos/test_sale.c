#include "unit/pos/till.h"

#include <stdio.h>

#define SALE_ACTION   CAREHUB__V1__SALE_ACTION__SALE_ACTION_SALE
#define RETURN_ACTION CAREHUB__V1__SALE_ACTION__SALE_ACTION_RETURN
#define YES           CAREHUB__V1__ANSWER__ANSWER_YES
#define NO            CAREHUB__V1__ANSWER__ANSWER_NO
#define UNTOLD        CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED

static void test_usage(void **state)
{
	(void)state;
	struct till till;
	struct transaction *t = till_settled(&till, LOG(PLAIN_SALE("161")));
	assert_int_equal(t->outcome, OUTCOME_SALE);
	assert_int_equal(t->totals_differ, NO);
	assert_int_equal(t->sales->extended_amount.minor_units, 1250);
	assert_slice_text(t->sales->extended_amount.currency, "CNY");
	assert_int_equal(t->tenders->action, SALE_ACTION);
	till_close(&till);
}

/* ---- What became of it ---- */

static void assert_outcome(const char *text, enum outcome outcome)
{
	struct till till;
	assert_int_equal(till_settled(&till, text)->outcome, outcome);
	till_close(&till);
}

#define FLAGGED(flag, inside) "<Transaction " flag "='true'>" HEAD("1") inside "</Transaction>"
#define RETURN_LINE(number, amount)                                                                \
	LINE(number, "<Return><ItemID>A1</ItemID><ExtendedAmount>" amount                          \
		     "</ExtendedAmount><Quantity>1</Quantity></Return>")
#define STATUS(status, inside)                                                                     \
	"<RetailTransaction TransactionStatus='" status "'>" inside "</RetailTransaction>"

static void test_what_is_no_sale_is_none(void **state)
{
	(void)state;

#define SOLD LINE("1", SALE("A1", "1", "12.50"))
	assert_outcome(LOG(FLAGGED("TrainingModeFlag", RETAIL(SOLD))), OUTCOME_TRAINING);
	assert_outcome(LOG(FLAGGED("CancelFlag", RETAIL(SOLD))), OUTCOME_CANCELLED);
	assert_outcome(LOG(TRANSACTION("1", STATUS("Suspended", SOLD))), OUTCOME_SUSPENDED);
	assert_outcome(LOG(TRANSACTION("1", STATUS("PostVoided", SOLD))), OUTCOME_VOIDED);
	assert_outcome(LOG(TRANSACTION("1", STATUS("Totaled", SOLD))), OUTCOME_SALE);
	assert_outcome(LOG(TRANSACTION("1", RETAIL(RETURN_LINE("1", "12.50")))), OUTCOME_RETURN);
	assert_outcome(LOG(TRANSACTION("1", RETAIL(""))), OUTCOME_CANCELLED);
	assert_outcome(LOG(TRANSACTION("1",
			       "<CustomerOrderTransaction>" SOLD "</CustomerOrderTransaction>")),
		OUTCOME_ORDER);
	assert_outcome(LOG(TRANSACTION("1", "<ControlTransaction><NoSale/></ControlTransaction>")),
		OUTCOME_CONTROL);
	assert_outcome(
		LOG(TRANSACTION(
			"1", "<TenderControlTransaction><TenderLoan/></TenderControlTransaction>")),
		OUTCOME_CASH);
	assert_outcome(
		LOG("<Transaction><InventoryControlTransaction/></Transaction>"), OUTCOME_SKIPPED);
	/* Training that was cancelled is training. */
	assert_outcome(LOG("<Transaction CancelFlag='1' TrainingModeFlag='True'>" HEAD("1")
				       RETAIL(SOLD) "</Transaction>"),
		OUTCOME_TRAINING);
	/* An exchange is a sale. */
	assert_outcome(LOG(TRANSACTION("1", RETAIL(SOLD RETURN_LINE("2", "12.50")))), OUTCOME_SALE);
#undef SOLD
}

static void test_control_transactions_have_kind_and_name(void **state)
{
	(void)state;
	struct till till;
	struct transaction *t = till_settled(&till,
		LOG(TRANSACTION("1",
			"<ControlTransaction><ReasonCode>R</ReasonCode><x:DrawerKick xmlns:x='http://x/'/>"
			"</ControlTransaction>")));
	assert_int_equal(t->control, CAREHUB__V1__CONTROL_KIND__CONTROL_KIND_OTHER);
	assert_slice_text(t->control_name, "DrawerKick");
	till_close(&till);
	t = till_settled(&till,
		LOG(TRANSACTION("1",
			"<ControlTransaction><TypeCode>Lock</TypeCode></ControlTransaction>")));
	assert_int_equal(t->control, CAREHUB__V1__CONTROL_KIND__CONTROL_KIND_OTHER);
	assert_slice_text(t->control_name, "Lock");
	till_close(&till);
}

/* ---- Identity ---- */

static void assert_refused(const char *text, enum ch_status status, const char *field)
{
	struct till till;
	assert_int_equal(till_open(&till, text), CH_OK);
	assert_int_equal(till_next(&till), CH_OK);
	sale_settle(till.transaction, (struct slice){NULL, 0});
	assert_int_equal(till.transaction->fault.status, status);
	assert_string_equal(till.transaction->fault.field, field);
	till_close(&till);
}

static void test_identity_must_be_whole(void **state)
{
	(void)state;
	assert_refused(LOG("<Transaction>" RETAIL("") "</Transaction>"), CH_MISSING,
		"RetailStoreID|BusinessUnit/UnitID");
	assert_refused(
		LOG("<Transaction><RetailStoreID>1</RetailStoreID>" RETAIL("") "</Transaction>"),
		CH_MISSING, "WorkstationID");
	assert_refused(LOG("<Transaction><RetailStoreID>1</RetailStoreID><WorkstationID> "
			   "</WorkstationID><SequenceNumber>1</SequenceNumber>" RETAIL(
				   "") "</Transaction>"),
		CH_MISSING, "WorkstationID");
	assert_refused(LOG("<Transaction><RetailStoreID>1</RetailStoreID><WorkstationID>1"
			   "</WorkstationID><SequenceNumber>1</SequenceNumber>" RETAIL(
				   "") "</Transaction>"),
		CH_MISSING, "BusinessDayDate");
	assert_refused(
		LOG("<Transaction>" HEAD("1") "</Transaction>"), CH_MISSING, "RetailTransaction");
}

/* 6.x in the field leaves the business day out: the day by the till's own clock stands in. */
static void test_business_day_from_the_clock(void **state)
{
	(void)state;
	struct till till;
	struct transaction *t = till_settled(&till,
		LOG("<Transaction><RetailStoreID>1</RetailStoreID><WorkstationID>2</WorkstationID>"
		    "<SequenceNumber>3</SequenceNumber>" RETAIL(
			    "") "<EndDateTime>2026-03-02T00:10:00+08:00</EndDateTime></Transaction>"));
	assert_slice_text(t->ref.business_date, "2026-03-02");
	till_close(&till);
}

/* ---- Voids ---- */

struct line_out {
	bool voided;
	uint32_t voids_line;
	Carehub__V1__SaleAction action;
	int64_t minor_units;
	const char *quantity;
};

static void assert_lines(
	const char *text, const struct line_out *lines, size_t count, Carehub__V1__Answer differ)
{
	struct till till;
	struct transaction *t = till_settled(&till, text);
	const struct sale_line *sale = t->sales;
	for (size_t i = 0; i < count; i++, sale = sale->next) {
		char quantity[DECIMAL_TEXT_BYTES];
		assert_non_null(sale);
		assert_int_equal(sale->voided, lines[i].voided);
		assert_int_equal(sale->voids_line, lines[i].voids_line);
		assert_int_equal(sale->action, lines[i].action);
		assert_int_equal(sale->extended_amount.minor_units, lines[i].minor_units);
		assert_string_equal(
			decimal_format(sale->quantity.value, quantity), lines[i].quantity);
	}
	assert_null(sale);
	assert_int_equal(t->totals_differ, differ);
	till_close(&till);
}

static void test_a_void_line_cancels_the_line_it_names(void **state)
{
	(void)state;
	const struct line_out lines[] = {
		{true, 0, SALE_ACTION, 2100, "1"},
		{true, 3, SALE_ACTION, 2100, "1"},
		{false, 0, SALE_ACTION, 500, "1"},
	};
	assert_lines(
		LOG(TRANSACTION("1",
			RETAIL(LINE("3",
				SALE("A", "1",
					"21")) "<LineItem VoidFlag='true'><SequenceNumber>4</SequenceNumber><Sale>"
					       "<ItemID>A</ItemID><ExtendedAmount>21</ExtendedAmount><Quantity>1"
					       "</Quantity><ItemLink>3</ItemLink></Sale></LineItem>" LINE(
						       "5", SALE("B", "1", "5"))
						       LINE("6", CASH("5")) GRAND("5")))),
		lines, 3, NO);
}

/* NCR: no link, but the opposite amounts. */
static void test_a_negative_void_line_cancels_the_newest_of_its_size(void **state)
{
	(void)state;
	const struct line_out lines[] = {
		{false, 0, SALE_ACTION, 440, "1.47"},
		{true, 0, SALE_ACTION, 440, "1.47"},
		{false, 0, SALE_ACTION, 587, "1.47"},
		{true, 8, SALE_ACTION, 440, "1.47"},
	};
	assert_lines(LOG(TRANSACTION("1",
			     RETAIL(LINE("7", SALE("P", "1.47", "4.40")) LINE("8",
				     SALE("P", "1.47", "4.40")) LINE("9", SALE("Q", "1.47", "5.87"))
					     VOID_LINE("10", SALE("P", "-1.47", "-4.40"))
						     LINE("11", CASH("10.27")) GRAND("10.27")))),
		lines, 4, NO);
}

static void test_a_negative_void_line_may_take_back_a_part(void **state)
{
	(void)state;
	const struct line_out lines[] = {
		{false, 0, SALE_ACTION, 900, "3"},
		{false, 1, RETURN_ACTION, 300, "1"},
	};
	assert_lines(LOG(TRANSACTION("1", RETAIL(LINE("1", SALE("P", "3", "9.00")) VOID_LINE(
						  "2", SALE("P", "-1", "-3.00"))
							  LINE("3", CASH("6.00")) GRAND("6.00")))),
		lines, 2, NO);
}

static void test_a_void_line_without_a_partner_is_void_itself(void **state)
{
	(void)state;
	const struct line_out lines[] = {
		{true, 0, SALE_ACTION, 300, "1"},
		{false, 0, SALE_ACTION, 200, "1"},
	};
	assert_lines(LOG(TRANSACTION("1", RETAIL(VOID_LINE("1", SALE("P", "1", "3.00")) LINE(
						  "2", SALE("Q", "1", "2.00"))
							  LINE("3", CASH("2.00")) GRAND("2.00")))),
		lines, 2, NO);
	/* A link to a line that is not there changes nothing. */
	assert_lines(LOG(TRANSACTION("1",
			     RETAIL("<LineItem VoidFlag='true'><SequenceNumber>1</SequenceNumber>"
				    "<ItemLink>99</ItemLink>" SALE("P", "1",
					    "3.00") "</LineItem>" LINE("2", SALE("Q", "1", "2.00"))
					     LINE("3", CASH("2.00")) GRAND("2.00")))),
		lines, 2, NO);
}

static void test_two_voids_of_one_line_take_one_each(void **state)
{
	(void)state;
	const struct line_out lines[] = {
		{true, 0, SALE_ACTION, 300, "1"},
		{true, 0, SALE_ACTION, 300, "1"},
		{true, 2, SALE_ACTION, 300, "1"},
		{true, 1, SALE_ACTION, 300, "1"},
	};
	assert_lines(
		LOG(TRANSACTION("1",
			RETAIL(LINE("1", SALE("P", "1", "3.00")) LINE("2", SALE("P", "1", "3.00"))
					VOID_LINE("3", SALE("P", "-1", "-3.00")) VOID_LINE(
						"4", SALE("P", "-1", "-3.00")) GRAND("0")))),
		lines, 4, NO);
}

static void test_a_linked_line_without_a_void_flag_counts(void **state)
{
	(void)state;
	const struct line_out lines[] = {
		{false, 0, SALE_ACTION, 300, "1"},
		{false, 0, SALE_ACTION, 25, "1"},
	};
	/* A deposit that hangs on its bottle. */
	assert_lines(
		LOG(TRANSACTION("1",
			RETAIL(LINE("1", SALE("P", "1", "3.00")) "<LineItem><SequenceNumber>2</SequenceNumber><ItemLink>1</ItemLink>" SALE(
				"D", "1", "0.25") "</LineItem>" LINE("3", CASH("3.25"))
					GRAND("3.25")))),
		lines, 2, NO);
}

static void test_a_sale_of_less_than_nothing_is_a_return(void **state)
{
	(void)state;
	const struct line_out lines[] = {{false, 0, RETURN_ACTION, 129, "1.0000"}};
	assert_lines(LOG(TRANSACTION("1",
			     RETAIL(LINE("1", SALE("A", "-1.0000", "1.290")) LINE("4",
				     "<Tender TenderType='Cash' TypeCode='Refund'><Amount>1.290"
				     "</Amount></Tender>") GRAND("-1.290")))),
		lines, 1, NO);
}

/* ---- Payments ---- */

static void test_change_in_all_its_forms(void **state)
{
	(void)state;
	static const char *const forms[] = {
		/* in the payment */
		LINE("2",
			"<Tender TenderType='Cash'><Amount>20.00</Amount><TenderChange><Amount>2.62"
			"</Amount></TenderChange></Tender>"),
		/* a payment of its own, twice negative: NCR */
		LINE("2", CASH("20.00")) LINE("3",
			"<Tender TenderType='Cash'><Amount>-2.62</Amount><TenderChange><Amount>-2.62"
			"</Amount></TenderChange></Tender>"),
		/* a line of its own: 6.x */
		LINE("2", CASH("20.00")) LINE("3",
			"<TenderChange TypeCode='Refund'><TenderChange TenderType='Cash'><Amount>2.62"
			"</Amount></TenderChange></TenderChange>"),
		LINE("2", CASH("20.00")) LINE("3",
			"<TenderChange TenderType='Cash'><Amount>2.62</Amount></TenderChange>"),
		/* a payment of nought: Retalix */
		LINE("2", CASH("20.00")) LINE("3",
			"<Tender TenderType='Cash'><Amount>0</Amount><TenderChange><Amount>2.62"
			"</Amount></TenderChange></Tender>"),
		/* a payment back */
		LINE("2", CASH("20.00")) LINE("3",
			"<Tender TenderType='Cash' TypeCode='Refund'><Amount>2.62</Amount></Tender>"),
		LINE("2", CASH("20.00")) LINE("3", CASH("-2.62")),
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char text[2048];
		struct till till;
		int64_t back = 0;
		int len = snprintf(text, sizeof(text), "%s%s%s",
			"<POSLog xmlns='" ARTS "'><Transaction>" HEAD(
				"1") "<RetailTransaction>" LINE("1", SALE("A", "1", "17.38")),
			forms[i], GRAND("17.38") "</RetailTransaction></Transaction></POSLog>");
		assert_true(len > 0 && (size_t)len < sizeof(text));
		struct transaction *t = till_settled(&till, text);
		assert_int_equal(t->totals_differ, NO);
		for (struct tender *tender = t->tenders; tender != NULL; tender = tender->next) {
			back += tender->change.minor_units;
			back += tender->action == RETURN_ACTION ? tender->amount.minor_units : 0;
			assert_true(tender->change.minor_units >= 0);
			assert_true(tender->amount.minor_units >= 0);
		}
		assert_int_equal(back, 262);
		till_close(&till);
	}
}

static void test_a_voided_payment_does_not_count(void **state)
{
	(void)state;
	struct till till;
	struct transaction *t = till_settled(&till,
		LOG(TRANSACTION("1",
			RETAIL(LINE("1", SALE("A", "1", "5.00")) LINE("2",
				"<Tender TenderType='CreditDebit'><Amount>5.00</Amount></Tender>")
					VOID_LINE("3",
						"<Tender TenderType='CreditDebit'><Amount>-5.00"
						"</Amount></Tender>") LINE("4", CASH("5.00"))
						GRAND("5.00")))));
	assert_true(t->tenders->voided);
	assert_true(t->tenders->next->voided);
	assert_int_equal(t->tenders->next->voids_line, 2);
	assert_false(t->tenders->next->next->voided);
	assert_int_equal(t->totals_differ, NO);
	till_close(&till);
}

/* ---- Does it add up ---- */

static Carehub__V1__Answer differ_of(const char *inside)
{
	char text[4096];
	struct till till;
	int len = snprintf(text, sizeof(text),
		"<POSLog xmlns='" ARTS
		"'><Transaction>" HEAD("1") "<RetailTransaction>%s"
					    "</RetailTransaction></Transaction></POSLog>",
		inside);
	assert_true(len > 0 && (size_t)len < sizeof(text));
	Carehub__V1__Answer differ = till_settled(&till, text)->totals_differ;
	till_close(&till);
	return differ;
}

#define TAX(number, amount) LINE(number, "<Tax><Amount>" amount "</Amount></Tax>")

static void test_receipts_that_add_up(void **state)
{
	(void)state;
	/* tax on top */
	assert_int_equal(differ_of(LINE("1", SALE("A", "1", "8.99")) TAX("2", "0.91")
					 LINE("3", CASH("9.90")) GRAND("9.90")),
		NO);
	/* tax in the price */
	assert_int_equal(differ_of(LINE("1", SALE("A", "1", "9.90")) TAX("2", "0.91")
					 LINE("3", CASH("9.90")) GRAND("9.90")),
		NO);
	/* a discount of the line, not yet taken off */
	assert_int_equal(
		differ_of(LINE("1",
			"<Sale><ExtendedAmount>169.00</ExtendedAmount><ExtendedDiscountAmount>28.75"
			"</ExtendedDiscountAmount></Sale>") LINE("3", CASH("140.25"))
				GRAND("140.25")),
		NO);
	/* and already taken off */
	assert_int_equal(
		differ_of(LINE("1",
			"<Sale><ExtendedAmount>30.00</ExtendedAmount><ExtendedDiscountAmount>24.0"
			"</ExtendedDiscountAmount></Sale>") LINE("3", CASH("30.00"))
				GRAND("30.00")),
		NO);
	/* a discount of the receipt */
	assert_int_equal(differ_of(LINE("1", SALE("A", "1", "10.00"))
					 LINE("2", "<Discount><Amount>1.00</Amount></Discount>")
						 LINE("3", CASH("9.00")) GRAND("9.00")),
		NO);
	/* rounded to what coins there are */
	assert_int_equal(differ_of(LINE("1", SALE("A", "1", "9.98")) LINE("3", CASH("10.00")) GRAND(
				 "9.98") "<Total TotalType='RoundingAmount'>0.02</Total>"),
		NO);
	/* cash back on a card */
	assert_int_equal(
		differ_of(LINE("1", SALE("A", "1", "30.00")) LINE("3",
			"<Tender TenderType='CreditDebit'><Amount>50.00</Amount><Cashback>20.00</Cashback>"
			"</Tender>") GRAND("30.00")),
		NO);
}

static void test_receipts_that_do_not(void **state)
{
	(void)state;
	assert_int_equal(
		differ_of(LINE("1", SALE("A", "1", "8.99")) LINE("3", CASH("9.90")) GRAND("9.90")),
		YES);
	assert_int_equal(
		differ_of(LINE("1", SALE("A", "1", "9.90")) LINE("3", CASH("9.00")) GRAND("9.90")),
		YES);
	assert_int_equal(differ_of(LINE("1", SALE("A", "1", "9.90")) GRAND("9.90")), YES);
	assert_int_equal(
		differ_of(LINE("1", SALE("A", "1", "9.90")) LINE("2", CASH("9.90"))), UNTOLD);
	/* amounts in two currencies cannot be added */
	assert_int_equal(
		differ_of(LINE("1", SALE("A", "1", "9.90")) LINE("2",
			"<Tender><Amount Currency='EUR'>1.20</Amount></Tender>") GRAND("9.90")),
		UNTOLD);
}

/* ---- Money ---- */

static void test_where_the_currency_stands(void **state)
{
	(void)state;
#define NO_CURRENCY                                                                                \
	"<RetailStoreID>9</RetailStoreID><WorkstationID>3</WorkstationID>"                         \
	"<SequenceNumber>1</SequenceNumber><BusinessDayDate>2026-03-02</BusinessDayDate>"
	struct till till;
	struct transaction *t = till_settled(&till,
		LOG("<Transaction>" NO_CURRENCY RETAIL(LINE("1",
			"<Sale><ExtendedAmount Currency='JPY'>500</ExtendedAmount>"
			"<ExtendedDiscountAmount Currency='XXX'>0</ExtendedDiscountAmount></Sale>") "<Total TotalType='TransactionGrandAmount' CurrencyCode='JPY'>500</Total>") "</Transaction>"));
	assert_slice_text(t->currency, "JPY");
	assert_slice_text(t->sales->discount_amount.currency, "JPY");
	assert_int_equal(t->sales->extended_amount.minor_units, 500);
	till_close(&till);

	const char *nowhere = LOG("<Transaction>" NO_CURRENCY RETAIL(
		LINE("1", SALE("A", "1", "5.00"))) "</Transaction>");
	assert_refused(nowhere, CH_MISSING, "CurrencyCode");
	assert_int_equal(till_open(&till, nowhere), CH_OK);
	assert_int_equal(till_next(&till), CH_OK);
	sale_settle(till.transaction, slice_text("EUR"));
	assert_int_equal(till.transaction->fault.status, CH_OK);
	assert_slice_text(till.transaction->sales->extended_amount.currency, "EUR");
	till_close(&till);

	assert_refused(LOG("<Transaction>" NO_CURRENCY "<CurrencyCode>yuan</CurrencyCode>" RETAIL(
			       LINE("1", SALE("A", "1", "5.00"))) "</Transaction>"),
		CH_INVALID, "Sale/ExtendedAmount");
	assert_refused(
		LOG(TRANSACTION("1", RETAIL(LINE("1", SALE("A", "1", "999999999999999999"))))),
		CH_TOO_LARGE, "Sale/ExtendedAmount");
}

/* ---- Rewards and members ---- */

static void test_rewards_of_ncr(void **state)
{
	(void)state;
	struct till till;
	struct transaction *t = till_settled(&till,
		"<POSLog xmlns='" ARTS
		"' xmlns:acs='http://www.ncr.com/rsd/acs/tlog/markup/poslog/2.1'>"
		"<Transaction>" HEAD("1") RETAIL(LINE("1",
			"<Sale><ItemID>A</ItemID><ExtendedAmount>1.26</ExtendedAmount>"
			"<acs:OperatorSequence>2</acs:OperatorSequence></Sale>") LINE("2",
			"<LoyaltyReward acs:detailedData='true'><acs:RewardCategory>Monetary"
			"</acs:RewardCategory><acs:ExtendedRewardAmount>-0.19"
			"</acs:ExtendedRewardAmount><acs:OperatorSequenceReference>2"
			"</acs:OperatorSequenceReference></LoyaltyReward>") LINE("3",
			"<LoyaltyReward acs:summarizedActivity='true'><acs:RewardCategory>Monetary"
			"</acs:RewardCategory><acs:ExtendedRewardAmount>-0.19"
			"</acs:ExtendedRewardAmount></LoyaltyReward>") LINE("4",
			"<LoyaltyReward acs:detailedData='true'><acs:RewardCategory>CustomOffer"
			"</acs:RewardCategory><acs:ExtendedRewardAmount>1"
			"</acs:ExtendedRewardAmount></LoyaltyReward>") LINE("5",
			"<acs:LoyaltyMembership><acs:LoyaltyID>00040066677</acs:LoyaltyID>"
			"<acs:HouseholdID>00000</acs:HouseholdID></acs:LoyaltyMembership>")
				LINE("6", CASH("1.07")) GRAND("1.07")) "</Transaction></POSLog>");
	const struct reward *reward = t->rewards;
	assert_int_equal(reward->amount.minor_units, 19);
	assert_int_equal(reward->item_line, 1);
	assert_false(reward->voided);
	assert_true(reward->next->voided);
	assert_false(reward->next->next->amount.told);
	assert_int_equal(t->totals_differ, NO);
	assert_true(t->loyalty.seen);
	assert_slice_text(t->loyalty.card, "00040066677");
	assert_int_equal(t->loyalty.household.len, 0);
	till_close(&till);
}

static void test_which_loyalty_number_is_believed(void **state)
{
	(void)state;
	struct till till;
	struct transaction *t = till_settled(&till,
		LOG(TRANSACTION("1",
			RETAIL("<LoyaltyAccount><LoyaltyProgram><LoyaltyAccountID>4</LoyaltyAccountID>"
			       "<Points Type='Balance'>3597.000</Points></LoyaltyProgram>"
			       "<CustomerID>C7</CustomerID></LoyaltyAccount>"
			       "<LoyaltyAccount><LoyaltyCard><PrimaryAccountNumber>T22"
			       "</PrimaryAccountNumber></LoyaltyCard></LoyaltyAccount>"))));
	assert_slice_text(t->loyalty.card, "T22");
	assert_int_equal(t->loyalty.balance.value.unscaled, 3597000);
	till_close(&till);
	/* The programme's own number says nothing about a customer who has one of his own. */
	t = till_settled(&till,
		LOG(TRANSACTION("1",
			RETAIL("<Customer><CustomerID>C8</CustomerID></Customer><LoyaltyAccount>"
			       "<LoyaltyProgram><LoyaltyAccountID>4</LoyaltyAccountID></LoyaltyProgram>"
			       "</LoyaltyAccount>"))));
	assert_int_equal(t->loyalty.card.len, 0);
	assert_false(t->loyalty.seen);
	till_close(&till);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_what_is_no_sale_is_none),
		cmocka_unit_test(test_control_transactions_have_kind_and_name),
		cmocka_unit_test(test_identity_must_be_whole),
		cmocka_unit_test(test_business_day_from_the_clock),
		cmocka_unit_test(test_a_void_line_cancels_the_line_it_names),
		cmocka_unit_test(test_a_negative_void_line_cancels_the_newest_of_its_size),
		cmocka_unit_test(test_a_negative_void_line_may_take_back_a_part),
		cmocka_unit_test(test_a_void_line_without_a_partner_is_void_itself),
		cmocka_unit_test(test_two_voids_of_one_line_take_one_each),
		cmocka_unit_test(test_a_linked_line_without_a_void_flag_counts),
		cmocka_unit_test(test_a_sale_of_less_than_nothing_is_a_return),
		cmocka_unit_test(test_change_in_all_its_forms),
		cmocka_unit_test(test_a_voided_payment_does_not_count),
		cmocka_unit_test(test_receipts_that_add_up),
		cmocka_unit_test(test_receipts_that_do_not),
		cmocka_unit_test(test_where_the_currency_stands),
		cmocka_unit_test(test_rewards_of_ncr),
		cmocka_unit_test(test_which_loyalty_number_is_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
