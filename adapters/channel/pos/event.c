#include "channel/pos/event.h"

#include "base/limits.h"
#include "channel/pos/party.h"
#include "channel/pos/slot.h"
#include "wire/pb.h"

/* Field numbers of pos.proto and common.proto that no slot table has. */
enum {
	TAX_NAME = 1,
	TAX_CODE = 5,
	SALE_DISCOUNTS = 20,
	SALE_TAXES = 21,
	SALE_ORIGINAL = 23,
	LINE_NUMBER = 1, /* TaxLine, DiscountLine, RewardLine */
	LINE_CONTENT = 2,
	LINE_VOIDED = 3,
	RETAIL_LINES = 6,
	RETAIL_TENDERS = 7,
	RETAIL_TAXES = 8,
	RETAIL_DISCOUNTS = 9,
	RETAIL_REWARDS = 10,
	RETAIL_TOTALS = 11,
	RETAIL_LINKS = 17,
	TRANSACTION = 1, /* of all events about a RetailTransaction but an order */
	SALE_MEMBER_LEVEL = 2,
	UNDONE_ORIGINAL = 2, /* PosReturnCompleted, PosSaleVoided */
	UNDONE_REASON_CODE = 3,
	VOIDED_APPROVER_ID = 4,
	CANCELLED_REASON_CODE = 2,
	SUSPENDED_ACTION = 2,
	ORDER_ID = 1,
	ORDER_TRANSACTION = 2,
	ORDER_DEPOSIT = 3,
	ORDER_DELIVERY_DATE = 4,
	CUSTOMER = 100,
	REMARKS = 101,
	CONTROL_OPERATOR_NAME = 101,
	ORDER_DELIVERY_ADDRESS = 101,
	ORDER_REMARKS = 102,
};

/* ---- The parts of a RetailTransaction ---- */

static void put_tax(struct buffer *out, uint32_t number, const struct tax *tax)
{
	size_t mark = pb_begin(out, number);
	struct slice name = tax->name.len > 0 ? tax->name : tax->type;
	struct slice code = tax->code.len > 0 ? tax->code : tax->rule;
	pb_put_bytes(out, TAX_NAME, name.len > 0 ? name : tax->authority);
	slot_put(out, tax, SLOTS_TAX);
	pb_put_bytes(out, TAX_CODE, code.len > 0 ? code : tax->group);
	pb_end(out, mark);
}

static void put_sale(struct buffer *out, const struct sale_line *sale)
{
	size_t mark = pb_begin(out, RETAIL_LINES);
	slot_put(out, sale, SLOTS_SALE);
	slot_put(out, sale->line, SLOTS_SALE_LINE);
	for (const struct discount *d = sale->discounts; d != NULL; d = d->next)
		slot_put_message(out, SALE_DISCOUNTS, d, SLOTS_DISCOUNT);
	for (const struct tax *tax = sale->taxes; tax != NULL; tax = tax->next)
		put_tax(out, SALE_TAXES, tax);
	if (sale->link != NULL)
		slot_put_message(out, SALE_ORIGINAL, &sale->link->ref, SLOTS_REF);
	pb_end(out, mark);
}

static void put_tender(struct buffer *out, const struct tender *tender)
{
	size_t mark = pb_begin(out, RETAIL_TENDERS);
	slot_put(out, tender, SLOTS_TENDER);
	slot_put(out, tender->line, SLOTS_TENDER_LINE);
	pb_end(out, mark);
}

static void put_voided(struct buffer *out, bool voided)
{
	if (voided)
		pb_put_int(out, LINE_VOIDED, CAREHUB__V1__ANSWER__ANSWER_YES);
}

static void put_lines(struct buffer *out, const struct transaction *t)
{
	size_t mark;
	for (const struct sale_line *sale = t->sales; sale != NULL; sale = sale->next)
		put_sale(out, sale);
	for (const struct tender *tender = t->tenders; tender != NULL; tender = tender->next)
		put_tender(out, tender);
	for (const struct tax *tax = t->taxes; tax != NULL; tax = tax->next) {
		mark = pb_begin(out, RETAIL_TAXES);
		pb_put_uint(out, LINE_NUMBER, tax->line->number);
		put_tax(out, LINE_CONTENT, tax);
		put_voided(out, tax->voided);
		pb_end(out, mark);
	}
	for (const struct discount *d = t->discounts; d != NULL; d = d->next) {
		mark = pb_begin(out, RETAIL_DISCOUNTS);
		pb_put_uint(out, LINE_NUMBER, d->line->number);
		slot_put_message(out, LINE_CONTENT, d, SLOTS_DISCOUNT);
		put_voided(out, d->voided);
		pb_end(out, mark);
	}
	for (const struct reward *reward = t->rewards; reward != NULL; reward = reward->next) {
		mark = pb_begin(out, RETAIL_REWARDS);
		pb_put_uint(out, LINE_NUMBER, reward->line->number);
		slot_put(out, reward, SLOTS_REWARD);
		pb_end(out, mark);
	}
}

static void put_retail(struct buffer *out, uint32_t number, const struct transaction *t)
{
	size_t mark = pb_begin(out, number);
	slot_put(out, t, SLOTS_RETAIL);
	put_lines(out, t);
	slot_put_message(out, RETAIL_TOTALS, &t->totals, SLOTS_TOTALS);
	for (const struct link *link = t->links; link != NULL; link = link->next)
		slot_put_message(out, RETAIL_LINKS, &link->ref, SLOTS_REF);
	pb_end(out, mark);
}

/* The transaction that this one undoes: its own link, else that of its first line with one. */
static const struct link *original_link(const struct transaction *t)
{
	if (t->links != NULL)
		return t->links;
	for (const struct sale_line *sale = t->sales; sale != NULL; sale = sale->next) {
		if (sale->link != NULL)
			return sale->link;
	}
	return NULL;
}

static struct slice reason_of(const struct transaction *t)
{
	const struct link *link = original_link(t);
	if (t->reason_code.len > 0 || link == NULL)
		return t->reason_code;
	return link->reason_code;
}

/* ---- One function for each type of event ---- */

static void write_sale(struct event_writer *w, const struct transaction *t)
{
	put_retail(&w->data, TRANSACTION, t);
	pb_put_bytes(&w->data, SALE_MEMBER_LEVEL, t->loyalty.level);
	party_encode(t, CUSTOMER, &w->personal);
	pb_put_bytes(&w->personal, REMARKS, t->remarks);
}

static void write_undone(struct event_writer *w, const struct transaction *t, struct slice reason)
{
	const struct link *original = original_link(t);
	put_retail(&w->data, TRANSACTION, t);
	if (original != NULL)
		slot_put_message(&w->data, UNDONE_ORIGINAL, &original->ref, SLOTS_REF);
	pb_put_bytes(&w->data, UNDONE_REASON_CODE, reason);
	party_encode(t, CUSTOMER, &w->personal);
	pb_put_bytes(&w->personal, REMARKS, t->remarks);
}

/* A line says why it came back; its link only that it did. */
static void write_return(struct event_writer *w, const struct transaction *t)
{
	struct slice reason = t->reason_code;
	if (reason.len == 0 && t->sales != NULL)
		reason = t->sales->reason_code;
	write_undone(w, t, reason.len > 0 ? reason : reason_of(t));
}

static void write_voided(struct event_writer *w, const struct transaction *t)
{
	write_undone(w, t, reason_of(t));
	pb_put_bytes(&w->data, VOIDED_APPROVER_ID, t->approver_id);
}

static void write_cancelled(struct event_writer *w, const struct transaction *t)
{
	put_retail(&w->data, TRANSACTION, t);
	pb_put_bytes(&w->data, CANCELLED_REASON_CODE, t->reason_code);
	party_encode(t, CUSTOMER, &w->personal);
}

static void write_suspended(struct event_writer *w, const struct transaction *t)
{
	bool fetched = slice_equal(t->status, SLICE_LITERAL("SuspendedRetrieved"));
	put_retail(&w->data, TRANSACTION, t);
	pb_put_int(&w->data, SUSPENDED_ACTION,
		fetched ? CAREHUB__V1__SUSPEND_ACTION__SUSPEND_ACTION_RESUMED
			: CAREHUB__V1__SUSPEND_ACTION__SUSPEND_ACTION_SUSPENDED);
	party_encode(t, CUSTOMER, &w->personal);
}

static void write_training(struct event_writer *w, const struct transaction *t)
{
	put_retail(&w->data, TRANSACTION, t);
}

/* What is paid when an order is taken is paid on account: all of it, while it is of one currency. */
static struct amount deposit_of(const struct transaction *t)
{
	struct amount deposit = {.currency = t->currency};
	for (const struct tender *tender = t->tenders; tender != NULL; tender = tender->next) {
		if (tender->voided || !tender->amount.told)
			continue;
		deposit.told = slice_equal(tender->amount.currency, deposit.currency) &&
			       !__builtin_add_overflow(deposit.minor_units,
				       tender->amount.minor_units, &deposit.minor_units);
		if (!deposit.told)
			break;
	}
	return deposit;
}

static void write_order(struct event_writer *w, const struct transaction *t)
{
	struct amount deposit = deposit_of(t);
	pb_put_bytes(&w->data, ORDER_ID, t->order_id.len > 0 ? t->order_id : buffer_slice(&w->key));
	put_retail(&w->data, ORDER_TRANSACTION, t);
	if (deposit.told)
		slot_put_amount(&w->data, ORDER_DEPOSIT, &deposit);
	pb_put_bytes(&w->data, ORDER_DELIVERY_DATE, t->delivery_date);
	party_encode(t, CUSTOMER, &w->personal);
	address_encode(&t->delivery_address, ORDER_DELIVERY_ADDRESS, &w->personal);
	pb_put_bytes(&w->personal, ORDER_REMARKS, t->remarks);
}

static void write_control(struct event_writer *w, const struct transaction *t)
{
	slot_put(&w->data, t, SLOTS_CONTROL);
	pb_put_bytes(&w->personal, CONTROL_OPERATOR_NAME, t->operator_name);
}

static void write_cash(struct event_writer *w, const struct transaction *t, size_t index)
{
	struct movement movement = {.kind = CAREHUB__V1__CASH_KIND__CASH_KIND_OTHER};
	const struct movement *m = t->movements;
	for (; m != NULL && index > 0; index--)
		m = m->next;
	if (m != NULL)
		movement = *m;
	if (movement.reason_code.len == 0)
		movement.reason_code = t->reason_code;
	if (!movement.amount.told && (t->movements == NULL || t->movements->next == NULL))
		movement.amount = t->cash_total;
	slot_put(&w->data, t, SLOTS_CASH);
	slot_put(&w->data, &movement, SLOTS_MOVEMENT);
	slot_put(&w->data, t, SLOTS_CASH_END);
}

static void write_loyalty(struct event_writer *w, const struct transaction *t)
{
	struct loyalty loyalty = t->loyalty;
	struct decimal spent = loyalty.redeemed.value;
	spent.unscaled = spent.unscaled > 0 ? -spent.unscaled : spent.unscaled;
	/* Won less spent; when the two do not fit into one number, neither is told. */
	if (loyalty.redeemed.told)
		loyalty.earned.told =
			decimal_add(loyalty.earned.value, spent, &loyalty.earned.value) == CH_OK;
	slot_put_message(&w->data, TRANSACTION, &t->ref, SLOTS_REF);
	slot_put(&w->data, &loyalty, SLOTS_LOYALTY);
	party_encode(t, CUSTOMER, &w->personal);
}

static const struct {
	const char *type;
	void (*write)(struct event_writer *, const struct transaction *);
	bool loyalty; /* a loyalty account that was seen gives an event of its own */
} outcomes[] = {
	[OUTCOME_SALE] = {"pos.sale.completed", write_sale, true},
	[OUTCOME_RETURN] = {"pos.return.completed", write_return, true},
	[OUTCOME_VOIDED] = {"pos.sale.voided", write_voided, true},
	[OUTCOME_CANCELLED] = {"pos.sale.cancelled", write_cancelled, true},
	[OUTCOME_SUSPENDED] = {"pos.sale.suspended", write_suspended, true},
	[OUTCOME_TRAINING] = {"pos.training.completed", write_training, false},
	[OUTCOME_ORDER] = {"pos.order.placed", write_order, true},
	[OUTCOME_CONTROL] = {"pos.control.recorded", write_control, false},
	[OUTCOME_CASH] = {"pos.cash.moved", NULL, false},
};

/* ---- The envelope ---- */

void event_writer_init(struct event_writer *writer, struct slice source)
{
	*writer = (struct event_writer){
		.source = source.len > 0 ? source : SLICE_LITERAL("urn:pos:{store}")};
}

void event_writer_fini(struct event_writer *writer)
{
	buffer_fini(&writer->id);
	buffer_fini(&writer->main_id);
	buffer_fini(&writer->source_text);
	buffer_fini(&writer->key);
	buffer_fini(&writer->subject);
	buffer_fini(&writer->data);
	buffer_fini(&writer->personal);
}

static size_t main_count(const struct transaction *t)
{
	size_t count = 0;
	if (t->outcome == OUTCOME_NONE || t->outcome == OUTCOME_SKIPPED)
		return 0;
	for (const struct movement *m = t->movements; m != NULL; m = m->next)
		count++;
	return t->outcome == OUTCOME_CASH && count > 0 ? count : 1;
}

size_t event_count(const struct transaction *transaction)
{
	size_t count = main_count(transaction);
	return count > 0 && transaction->loyalty.seen && outcomes[transaction->outcome].loyalty
		       ? count + 1
		       : count;
}

/* A URN takes ASCII letters, digits and few signs as they are (RFC 8141). */
static void append_escaped(struct buffer *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			c == '-' || c == '.' || c == '_' || c == '~')
			buffer_append_byte(out, c);
		else
			buffer_printf(out, "%%%02X", c);
	}
}

static void write_source(struct event_writer *w, const struct transaction *t)
{
	static const char place[] = "{store}";
	struct slice source = w->source;
	const uint8_t *at = memmem(source.data, source.len, place, sizeof(place) - 1);
	size_t before = at != NULL ? (size_t)(at - source.data) : source.len;
	buffer_append_slice(&w->source_text, slice_sub(source, 0, before));
	if (at == NULL)
		return;
	append_escaped(&w->source_text, t->ref.store_id);
	buffer_append_slice(
		&w->source_text, slice_sub(source, before + sizeof(place) - 1, source.len));
}

/* "#" keeps the further events of a transaction apart from a TransactionID behind its key. */
static void write_ids(struct event_writer *w, const struct transaction *t, size_t index)
{
	transaction_key(&t->ref, &w->key);
	buffer_append_slice(&w->main_id, buffer_slice(&w->key));
	if (t->ref.transaction_id.len > 0) {
		buffer_append_byte(&w->main_id, '/');
		append_escaped(&w->main_id, t->ref.transaction_id);
	}
	buffer_append_slice(&w->id, buffer_slice(&w->main_id));
	if (index >= main_count(t))
		buffer_append_text(&w->id, "#loyalty");
	else if (index > 0)
		buffer_printf(&w->id, "#%zu", index + 1);
}

/* The business key, as the hub's registry of types makes it of the message. */
static void write_subject(struct event_writer *w, const struct transaction *t, bool loyalty)
{
	if (t->outcome != OUTCOME_ORDER || loyalty)
		buffer_append_slice(&w->subject, buffer_slice(&w->key));
	else
		transaction_key_part(
			t->order_id.len > 0 ? t->order_id : buffer_slice(&w->key), &w->subject);
}

static int64_t time_of(const struct transaction *t)
{
	const struct moment *moments[] = {&t->end, &t->receipt, &t->begin, &t->logged};
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		if (moments[i]->told)
			return moments[i]->time_us;
	}
	return 0;
}

enum ch_status event_write(struct event_writer *writer, const struct transaction *transaction,
	size_t index, struct envelope *out_envelope)
{
	struct event_writer *w = writer;
	const struct transaction *t = transaction;
	struct buffer *buffers[] = {
		&w->id, &w->main_id, &w->source_text, &w->key, &w->subject, &w->data, &w->personal};
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
		buffer_clear(buffers[i]);
	bool loyalty = index >= main_count(t);
	write_source(w, t);
	write_ids(w, t, index);
	write_subject(w, t, loyalty);
	if (loyalty)
		write_loyalty(w, t);
	else if (t->outcome == OUTCOME_CASH)
		write_cash(w, t, index);
	else
		outcomes[t->outcome].write(w, t);
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
		if (buffers[i]->status != CH_OK)
			return buffers[i]->status;
	}
	/* The envelope's own fields take less than one KiB. */
	if (w->data.len + w->personal.len > LIMIT_EVENT_BYTES - 1024u ||
		w->id.len > LIMIT_ID_BYTES || w->source_text.len > LIMIT_SOURCE_BYTES ||
		w->subject.len > LIMIT_SUBJECT_BYTES)
		return CH_TOO_LARGE;
	struct slice type = slice_text(loyalty ? "pos.loyalty.seen" : outcomes[t->outcome].type);
	*out_envelope = (struct envelope){.id = buffer_slice(&w->id),
		.source = buffer_slice(&w->source_text),
		.type = type,
		.subject = buffer_slice(&w->subject),
		.time_us = time_of(t),
		.sent_us = t->sent.told ? t->sent.time_us : 0,
		.digest = slice_of(t->digest, sizeof(t->digest)),
		.data = buffer_slice(&w->data),
		.personal = buffer_slice(&w->personal)};
	if (event_count(t) > 1)
		out_envelope->correlation_id = buffer_slice(&w->main_id);
	if (index > 0)
		out_envelope->causation_id = buffer_slice(&w->main_id);
	return CH_OK;
}
