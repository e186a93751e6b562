#include "channel/pos/totals.h"

#include "channel/pos/dialect.h"

/* Sums of up to LIMIT_POS_LINES 64-bit amounts: nothing overflows. */
typedef __int128_t sum;

struct account {
	struct slice currency;
	bool mixed; /* an amount in another currency counts */
	sum lines;
	sum line_discounts;
	sum discounts;
	sum taxes;
	sum paid;
	sum cashback;
	sum rounding;
};

static sum account_take(struct account *account, const struct amount *amount)
{
	if (!amount->told)
		return 0;
	if (!slice_equal(amount->currency, account->currency))
		account->mixed = true;
	return amount->minor_units;
}

static bool is_return(Carehub__V1__SaleAction action)
{
	return action == CAREHUB__V1__SALE_ACTION__SALE_ACTION_RETURN;
}

static sum absolute(sum value)
{
	return value < 0 ? -value : value;
}

static void account_sales(struct account *account, const struct transaction *t)
{
	sum line_taxes = 0;
	for (const struct sale_line *sale = t->sales; sale != NULL; sale = sale->next) {
		int sign = is_return(sale->action) ? -1 : 1;
		if (sale->voided || sale->ordered)
			continue;
		account->lines += sign * account_take(account, &sale->extended_amount);
		account->line_discounts += sign * account_take(account, &sale->discount_amount);
		for (const struct tax *tax = sale->taxes; tax != NULL; tax = tax->next)
			line_taxes += sign * account_take(account, &tax->amount);
	}
	for (const struct tax *tax = t->taxes; tax != NULL; tax = tax->next) {
		if (!tax->voided)
			account->taxes += account_take(account, &tax->amount);
	}
	if (t->taxes == NULL)
		account->taxes = line_taxes;
	if (t->taxes == NULL && line_taxes == 0)
		account->taxes = account_take(account, &t->totals.tax);
	for (const struct discount *discount = t->discounts; discount != NULL;
		discount = discount->next) {
		if (!discount->voided)
			account->discounts += account_take(account, &discount->amount);
	}
	for (const struct reward *reward = t->rewards; reward != NULL; reward = reward->next) {
		if (!reward->voided)
			account->discounts += account_take(account, &reward->amount);
	}
}

static void account_tenders(struct account *account, const struct transaction *t)
{
	account->rounding = account_take(account, &t->totals.rounding);
	for (const struct tender *tender = t->tenders; tender != NULL; tender = tender->next) {
		if (tender->voided)
			continue;
		sum amount = account_take(account, &tender->amount);
		/* Some tills write what they round away as a payment. */
		if (slice_equal(dialect_bare(tender->tender_type), SLICE_LITERAL("Rounding"))) {
			account->rounding = absolute(amount);
			continue;
		}
		account->paid += is_return(tender->action) ? -amount : amount;
		account->paid -= account_take(account, &tender->change);
		account->cashback += account_take(account, &tender->cashback);
	}
}

/* Either side may have been rounded, up or down. */
static bool account_meets(const struct account *account, sum told, sum reckoned)
{
	return told == reckoned || told == reckoned + account->rounding ||
	       told == reckoned - account->rounding;
}

static bool account_lines_fit(const struct account *account, sum grand)
{
	const sum discounts[] = {0, account->line_discounts, account->discounts,
		account->line_discounts + account->discounts};
	const sum taxes[] = {0, account->taxes};
	for (size_t i = 0; i < sizeof(discounts) / sizeof(discounts[0]); i++) {
		for (size_t j = 0; j < sizeof(taxes) / sizeof(taxes[0]); j++) {
			if (account_meets(account, grand, account->lines - discounts[i] + taxes[j]))
				return true;
		}
	}
	return false;
}

static bool account_tenders_fit(const struct account *account, sum grand)
{
	return account_meets(account, grand, account->paid) ||
	       account_meets(account, grand, account->paid - account->cashback);
}

Carehub__V1__Answer totals_check(const struct transaction *transaction)
{
	struct account account = {.currency = transaction->currency};
	if (!transaction->totals.grand.told)
		return CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED;
	account_sales(&account, transaction);
	account_tenders(&account, transaction);
	sum grand = account_take(&account, &transaction->totals.grand);
	if (account.mixed)
		return CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED;
	bool either_sign =
		transaction->outcome == OUTCOME_RETURN || transaction->outcome == OUTCOME_VOIDED;
	bool lines_fit = account_lines_fit(&account, grand) ||
			 (either_sign && account_lines_fit(&account, -grand));
	bool tenders_fit = account_tenders_fit(&account, grand) ||
			   (either_sign && account_tenders_fit(&account, -grand));
	return lines_fit && tenders_fit ? CAREHUB__V1__ANSWER__ANSWER_NO
					: CAREHUB__V1__ANSWER__ANSWER_YES;
}
