#include "channel/pos/money.h"

#include "base/currency.h"

static bool money_names(struct slice currency)
{
	return currency.len > 0 && !slice_equal(currency, SLICE_LITERAL("XXX"));
}

static void amount_settle(struct transaction *t, struct amount *amount, const char *field)
{
	bool exact;
	if (!amount->told)
		return;
	if (!money_names(amount->currency))
		amount->currency = t->currency;
	if (amount->currency.len == 0) {
		transaction_fault(t, CH_MISSING, "CurrencyCode", "amounts without a currency");
		return;
	}
	if (!currency_is_code(amount->currency)) {
		transaction_fault(t, CH_INVALID, field, "currency is no ISO 4217 code");
		return;
	}
	if (currency_minor_units(amount->value, amount->currency, &amount->minor_units, &exact) !=
		CH_OK)
		transaction_fault(t, CH_TOO_LARGE, field, "amount is too large");
}

/* What the transaction's amounts are in: as told, as the totals or the lines have it, as configured. */
static struct slice money_currency(const struct transaction *t, struct slice otherwise)
{
	if (money_names(t->currency))
		return t->currency;
	if (money_names(t->totals.grand.currency))
		return t->totals.grand.currency;
	for (const struct tender *tender = t->tenders; tender != NULL; tender = tender->next) {
		if (money_names(tender->amount.currency))
			return tender->amount.currency;
	}
	for (const struct sale_line *sale = t->sales; sale != NULL; sale = sale->next) {
		if (money_names(sale->extended_amount.currency))
			return sale->extended_amount.currency;
	}
	for (const struct movement *movement = t->movements; movement != NULL;
		movement = movement->next) {
		if (money_names(movement->amount.currency))
			return movement->amount.currency;
	}
	return otherwise;
}

static void taxes_settle(struct transaction *t, struct tax *tax)
{
	for (; tax != NULL; tax = tax->next) {
		amount_settle(t, &tax->taxable, "Tax/TaxableAmount");
		amount_settle(t, &tax->amount, "Tax/Amount");
	}
}

static void discounts_settle(struct transaction *t, struct discount *discount)
{
	for (; discount != NULL; discount = discount->next)
		amount_settle(t, &discount->amount, "Discount/Amount");
}

static void tenders_settle(struct transaction *t)
{
	for (struct tender *tender = t->tenders; tender != NULL; tender = tender->next) {
		amount_settle(t, &tender->amount, "Tender/Amount");
		amount_settle(t, &tender->change, "Tender/TenderChange");
		amount_settle(t, &tender->cashback, "Tender/Cashback");
		amount_settle(t, &tender->rounding, "Tender/Rounding");
		if (money_names(tender->foreign_currency))
			tender->foreign.currency = tender->foreign_currency;
		amount_settle(t, &tender->foreign, "Tender/ForeignCurrency");
	}
}

static void totals_settle(struct transaction *t)
{
	amount_settle(t, &t->totals.net, "Total");
	amount_settle(t, &t->totals.tax, "Total");
	amount_settle(t, &t->totals.grand, "Total");
	amount_settle(t, &t->totals.rounding, "Total");
	amount_settle(t, &t->totals.discount, "Total");
	amount_settle(t, &t->totals.gross, "Total");
}

void money_settle(struct transaction *transaction, struct slice otherwise)
{
	struct transaction *t = transaction;
	t->currency = money_currency(t, otherwise);
	for (struct sale_line *sale = t->sales; sale != NULL; sale = sale->next) {
		amount_settle(t, &sale->extended_amount, "Sale/ExtendedAmount");
		amount_settle(t, &sale->discount_amount, "Sale/ExtendedDiscountAmount");
		discounts_settle(t, sale->discounts);
		taxes_settle(t, sale->taxes);
	}
	tenders_settle(t);
	taxes_settle(t, t->taxes);
	discounts_settle(t, t->discounts);
	for (struct reward *reward = t->rewards; reward != NULL; reward = reward->next) {
		/* What is no money is a count of offers, whatever its element is called. */
		if (reward->category.len > 0 &&
			!slice_equal(reward->category, SLICE_LITERAL("Monetary")))
			reward->amount = (struct amount){0};
		amount_settle(t, &reward->amount, "LoyaltyReward/Amount");
	}
	totals_settle(t);
	for (struct movement *movement = t->movements; movement != NULL;
		movement = movement->next) {
		amount_settle(t, &movement->amount, "TenderControlTransaction/Amount");
		amount_settle(t, &movement->expected, "TenderControlTransaction/ExpectedAmount");
	}
	amount_settle(t, &t->cash_total, "TenderControlTransaction/Totals");
}
