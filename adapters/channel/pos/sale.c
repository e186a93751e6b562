#include "channel/pos/sale.h"

#include "base/limits.h"
#include "channel/pos/dialect.h"
#include "channel/pos/money.h"
#include "channel/pos/totals.h"

#define SALE   CAREHUB__V1__SALE_ACTION__SALE_ACTION_SALE
#define RETURN CAREHUB__V1__SALE_ACTION__SALE_ACTION_RETURN

/* ---- Identity ---- */

static void identity_settle(struct transaction *t)
{
	struct transaction_ref *ref = &t->ref;
	/* Without a business day the day by the till's clock tells two runs of its numbers apart. */
	if (ref->business_date.len == 0)
		ref->business_date = t->civil_date;
	const struct {
		struct slice value;
		const char *field;
	} parts[] = {
		{ref->store_id, "RetailStoreID|BusinessUnit/UnitID"},
		{ref->workstation_id, "WorkstationID"},
		{ref->sequence_number, "SequenceNumber"},
		{ref->business_date, "BusinessDayDate"},
	};
	size_t len = ref->transaction_id.len;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].value.len == 0)
			transaction_fault(
				t, CH_MISSING, parts[i].field, "identity is not complete");
		len += parts[i].value.len;
	}
	/* Room for separators, escapes and what event.h puts behind it. */
	if (len > LIMIT_ID_BYTES / 2)
		transaction_fault(t, CH_TOO_LARGE, "SequenceNumber", "identity is too long");
}

/* ---- Signs ---- */

static bool number_negative(const struct number *number)
{
	return number->told && number->value.unscaled < 0;
}

static bool amount_negative(const struct amount *amount)
{
	return amount->told && amount->minor_units < 0;
}

/* Amounts come from decimals below 2^63 in size, so their opposites exist; INT64_MIN is none of them. */
static void number_turn(struct number *number)
{
	if (number_negative(number))
		number->value.unscaled = -number->value.unscaled;
}

static void amount_turn(struct amount *amount)
{
	if (amount_negative(amount))
		amount->minor_units = -amount->minor_units;
}

static bool sale_negative(const struct sale_line *sale)
{
	return number_negative(&sale->quantity) ||
	       (!sale->quantity.told && amount_negative(&sale->extended_amount));
}

static void sale_turn(struct sale_line *sale)
{
	number_turn(&sale->quantity);
	number_turn(&sale->units);
	amount_turn(&sale->extended_amount);
	amount_turn(&sale->discount_amount);
	for (struct tax *tax = sale->taxes; tax != NULL; tax = tax->next) {
		amount_turn(&tax->amount);
		amount_turn(&tax->taxable);
	}
}

/* ---- Voids ---- */

static uint32_t link_of(uint32_t own, const struct line *line)
{
	return own != 0 ? own : line->item_link;
}

static bool sale_same_article(const struct sale_line *a, const struct sale_line *b)
{
	return slice_equal(a->item_id, b->item_id) && slice_equal(a->pos_item_id, b->pos_item_id) &&
	       a->action == b->action;
}

static bool number_opposite(const struct number *a, const struct number *b)
{
	struct decimal opposite = {-b->value.unscaled, b->value.scale};
	return a->told == b->told && (!a->told || decimal_compare(a->value, opposite) == 0);
}

static const struct {
	const char *text;
	Carehub__V1__ItemKind kind;
} item_kinds[] = {
	{"Stock", CAREHUB__V1__ITEM_KIND__ITEM_KIND_PRODUCT},
	{"Part", CAREHUB__V1__ITEM_KIND__ITEM_KIND_PART},
	{"Service", CAREHUB__V1__ITEM_KIND__ITEM_KIND_SERVICE},
	{"Repair", CAREHUB__V1__ITEM_KIND__ITEM_KIND_SERVICE},
	{"Warranty", CAREHUB__V1__ITEM_KIND__ITEM_KIND_CONTRACT},
	{"ServiceContract", CAREHUB__V1__ITEM_KIND__ITEM_KIND_CONTRACT},
	{"Shipping", CAREHUB__V1__ITEM_KIND__ITEM_KIND_SHIPPING},
	{"Deposit", CAREHUB__V1__ITEM_KIND__ITEM_KIND_FEE},
	{"DepositRefund", CAREHUB__V1__ITEM_KIND__ITEM_KIND_FEE},
	{"Fee", CAREHUB__V1__ITEM_KIND__ITEM_KIND_FEE},
};

static Carehub__V1__ItemKind item_kind(struct slice item_type)
{
	for (size_t i = 0; i < sizeof(item_kinds) / sizeof(item_kinds[0]); i++) {
		if (slice_equal(item_type, slice_text(item_kinds[i].text)))
			return item_kinds[i].kind;
	}
	return CAREHUB__V1__ITEM_KIND__ITEM_KIND_UNSPECIFIED;
}

static bool sale_countable(const struct sale_line *sale)
{
	return !sale->voided && !sale->line->void_flag && !sale->line->cancel_flag;
}

/* The line that `voider` names, wherever it stands. */
static struct sale_line *sale_linked(const struct transaction *t, const struct sale_line *voider)
{
	uint32_t number = link_of(voider->item_link, voider->line);
	for (struct sale_line *sale = t->sales; number != 0 && sale != NULL; sale = sale->next) {
		if (sale->line->number == number && sale != voider && sale_countable(sale))
			return sale;
	}
	return NULL;
}

/* The newest earlier line of the same article: of the same size, else one that is larger. */
static struct sale_line *sale_earlier(
	const struct transaction *t, const struct sale_line *voider, bool *out_whole)
{
	struct sale_line *same = NULL;
	struct sale_line *larger = NULL;
	for (struct sale_line *sale = t->sales; sale != voider; sale = sale->next) {
		if (!sale_countable(sale) || !sale_same_article(sale, voider))
			continue;
		int64_t left =
			sale->extended_amount.minor_units + voider->extended_amount.minor_units;
		if (left == 0 && number_opposite(&sale->quantity, &voider->quantity))
			same = sale;
		else if (left > 0)
			larger = sale;
	}
	*out_whole = same != NULL;
	return same != NULL ? same : larger;
}

static void sale_void(const struct transaction *t, struct sale_line *voider)
{
	bool whole = true;
	struct sale_line *target = sale_linked(t, voider);
	if (target == NULL && sale_negative(voider))
		target = sale_earlier(t, voider, &whole);
	voider->voided = whole || target == NULL;
	if (target == NULL)
		return;
	voider->voids_line = target->line->number;
	if (whole)
		target->voided = true;
	else
		voider->action = voider->action == RETURN ? SALE : RETURN;
}

static void sales_settle(struct transaction *t)
{
	for (struct sale_line *sale = t->sales; sale != NULL; sale = sale->next) {
		if (sale->line->void_flag)
			sale_void(t, sale);
		else if (sale->line->cancel_flag)
			sale->voided = true;
	}
	for (struct sale_line *sale = t->sales; sale != NULL; sale = sale->next) {
		sale->kind = item_kind(sale->item_type);
		if (sale->reason_code.len == 0)
			sale->reason_code = sale->line->reason_code;
		bool back = sale->action == RETURN || sale->line->void_flag;
		if (!back && sale_negative(sale))
			sale->action = RETURN;
		if (back || sale->action == RETURN)
			sale_turn(sale);
	}
}

/* ---- Payments ---- */

static bool tender_countable(const struct tender *tender)
{
	return !tender->voided && !tender->line->void_flag && !tender->line->cancel_flag;
}

static void tender_void(const struct transaction *t, struct tender *voider)
{
	uint32_t number = link_of(voider->item_link, voider->line);
	struct tender *target = NULL;
	for (struct tender *tender = t->tenders; tender != NULL; tender = tender->next) {
		if (tender == voider || !tender_countable(tender))
			continue;
		if (number != 0 && tender->line->number == number)
			target = tender;
		if (number == 0 && amount_negative(&voider->amount) &&
			slice_equal(tender->tender_type, voider->tender_type) &&
			tender->amount.minor_units == -voider->amount.minor_units)
			target = tender;
	}
	voider->voided = true;
	if (target == NULL)
		return;
	target->voided = true;
	voider->voids_line = target->line->number;
}

static void tender_settle(struct tender *tender)
{
	struct slice type = dialect_bare(tender->type_code);
	bool refund = slice_equal(type, SLICE_LITERAL("Refund")) ||
		      slice_equal(type, SLICE_LITERAL("Return"));
	amount_turn(&tender->change);
	amount_turn(&tender->cashback);
	tender->action = SALE;
	if (amount_negative(&tender->amount) && tender->change.told &&
		tender->amount.minor_units == -tender->change.minor_units) {
		tender->amount = (struct amount){0};
	} else if (refund || amount_negative(&tender->amount)) {
		tender->action = RETURN;
		amount_turn(&tender->amount);
	}
	if (tender->card_brand.len == 0)
		tender->card_brand = tender->card_type;
}

static void tenders_settle(struct transaction *t)
{
	for (struct tender *tender = t->tenders; tender != NULL; tender = tender->next) {
		if (tender->line->void_flag)
			tender_void(t, tender);
		else if (tender->line->cancel_flag)
			tender->voided = true;
	}
	for (struct tender *tender = t->tenders; tender != NULL; tender = tender->next)
		tender_settle(tender);
}

/* ---- The rest of the lines ---- */

static bool line_out(const struct line *line)
{
	return line->void_flag || line->cancel_flag;
}

static void discount_settle(struct discount *discount)
{
	struct slice action = discount->action;
	if (slice_equal(action, SLICE_LITERAL("Replace"))) {
		discount->amount = (struct amount){0}; /* a new price, no discount */
	} else if (slice_equal(action, SLICE_LITERAL("Add"))) {
		amount_turn(&discount->amount);
		discount->amount.minor_units = -discount->amount.minor_units;
	} else {
		amount_turn(&discount->amount);
	}
}

static void discounts_settle(struct transaction *t)
{
	for (struct sale_line *sale = t->sales; sale != NULL; sale = sale->next) {
		for (struct discount *d = sale->discounts; d != NULL; d = d->next)
			discount_settle(d);
	}
	for (struct discount *d = t->discounts; d != NULL; d = d->next) {
		discount_settle(d);
		d->voided = line_out(d->line);
	}
	for (struct tax *tax = t->taxes; tax != NULL; tax = tax->next)
		tax->voided = line_out(tax->line);
}

static void reward_points(struct reward *reward)
{
	struct decimal spent = reward->points_redeemed.value;
	spent.unscaled = spent.unscaled > 0 ? -spent.unscaled : spent.unscaled;
	reward->points.told =
		(reward->points_awarded.told || reward->points_redeemed.told) &&
		decimal_add(reward->points_awarded.value, spent, &reward->points.value) == CH_OK;
}

static void rewards_settle(struct transaction *t)
{
	for (struct reward *reward = t->rewards; reward != NULL; reward = reward->next) {
		/* NCR writes what it takes off the total, so with the other sign. */
		if (reward->category.len > 0)
			reward->amount.minor_units = -reward->amount.minor_units;
		reward->voided = line_out(reward->line) || (reward->summary && !reward->detailed);
		reward_points(reward);
		if (reward->operator_sequence == 0)
			continue;
		for (struct sale_line *sale = t->sales; sale != NULL; sale = sale->next) {
			if (sale->operator_sequence == reward->operator_sequence)
				reward->item_line = sale->line->number;
		}
	}
}

static void loyalty_settle(struct transaction *t)
{
	struct loyalty *loyalty = &t->loyalty;
	/* A number that may be the programme's, not the member's, is taken only for want of all others. */
	if (loyalty->card.len == 0)
		loyalty->card = loyalty->account_id;
	if (loyalty->card.len == 0)
		loyalty->card = loyalty->customer_id;
	if (loyalty->card.len == 0 && t->party.customer_id.len == 0)
		loyalty->card = loyalty->program_account;
	loyalty->seen = loyalty->card.len > 0 || loyalty->household.len > 0;
	if (loyalty->entry == CAREHUB__V1__ENTRY_METHOD__ENTRY_METHOD_UNSPECIFIED)
		loyalty->entry = loyalty->line != NULL ? loyalty->line->entry : t->party.entry;
}

/* ---- What became of it ---- */

struct status_word {
	const char *text;
	enum outcome outcome;
};

static const struct status_word statuses[] = {
	{"PostVoided", OUTCOME_VOIDED},
	{"Voided", OUTCOME_VOIDED},
	{"Suspended", OUTCOME_SUSPENDED},
	{"SuspendedRetrieved", OUTCOME_SUSPENDED},
	{"SuspendedDeleted", OUTCOME_CANCELLED},
	{"SuspendedCancelled", OUTCOME_CANCELLED},
	{"Cancelled", OUTCOME_CANCELLED},
	{"Failed", OUTCOME_CANCELLED},
};

static enum outcome outcome_of_status(struct slice status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (slice_equal(dialect_bare(status), slice_text(statuses[i].text)))
			return statuses[i].outcome;
	}
	return OUTCOME_NONE;
}

/* Returns and nothing else that counts. */
static bool only_returns(const struct transaction *t)
{
	bool returns = false;
	for (const struct sale_line *sale = t->sales; sale != NULL; sale = sale->next) {
		if (sale->voided)
			continue;
		if (sale->action != RETURN)
			return false;
		returns = true;
	}
	return returns;
}

/* What makes it no sale comes first: nobody shall count one by mistake. */
static enum outcome outcome_of_sale(const struct transaction *t)
{
	enum outcome status = outcome_of_status(t->status);
	if (t->training)
		return OUTCOME_TRAINING;
	if (t->cancelled)
		return OUTCOME_CANCELLED;
	if (status != OUTCOME_NONE)
		return status;
	if (t->suspended)
		return OUTCOME_SUSPENDED;
	if (t->post_void)
		return OUTCOME_VOIDED;
	if (t->body == BODY_ORDER)
		return OUTCOME_ORDER;
	/* Opened and closed again. */
	if (t->sales == NULL && t->tenders == NULL)
		return OUTCOME_CANCELLED;
	return only_returns(t) ? OUTCOME_RETURN : OUTCOME_SALE;
}

static enum outcome outcome_of(const struct transaction *t)
{
	if (t->body == BODY_CONTROL)
		return OUTCOME_CONTROL;
	return t->body == BODY_CASH ? OUTCOME_CASH : outcome_of_sale(t);
}

/* A control transaction of a kind that has no element of its own has a code. */
static void control_settle(struct transaction *t)
{
	if (t->control == CAREHUB__V1__CONTROL_KIND__CONTROL_KIND_UNSPECIFIED)
		t->control = CAREHUB__V1__CONTROL_KIND__CONTROL_KIND_OTHER;
	if (t->control_name.len == 0)
		t->control_name = t->status;
}

void sale_settle(struct transaction *transaction, struct slice currency)
{
	struct transaction *t = transaction;
	t->outcome = OUTCOME_SKIPPED;
	if (t->body == BODY_NONE && t->other.len > 0)
		return;
	if (t->body == BODY_NONE)
		transaction_fault(
			t, CH_MISSING, "RetailTransaction", "holds no transaction of any kind");
	identity_settle(t);
	money_settle(t, currency);
	if (t->fault.status != CH_OK)
		return;
	sales_settle(t);
	tenders_settle(t);
	discounts_settle(t);
	rewards_settle(t);
	loyalty_settle(t);
	control_settle(t);
	t->outcome = outcome_of(t);
	if (t->outcome == OUTCOME_SALE || t->outcome == OUTCOME_RETURN ||
		t->outcome == OUTCOME_VOIDED)
		t->totals_differ = totals_check(t);
}
