#include "unit/marketing/fact_history.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "carehub/v1/callcenter.pb-c.h"
#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/hub.pb-c.h"
#include "carehub/v1/pos.pb-c.h"
#include "carehub/v1/reference.pb-c.h"
#include "carehub/v1/website.pb-c.h"
#include "module/kit/people_inside.h"
#include "support/unit.h"

/* The next number below `below`. */
static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed += UINT64_C(0x9e3779b97f4a7c15);
	return hash_mix(*seed, UINT64_C(0xe7037ed1a0b428db)) % below;
}

/* ---- As events ---- */

struct told {
	char texts[40][24];
	unsigned text_count;
	Carehub__V1__SaleLine sale_lines[3];
	Carehub__V1__SaleLine *sale_list[3];
	Carehub__V1__OrderLine order_lines[3];
	Carehub__V1__OrderLine *order_list[3];
	Carehub__V1__OrderLinePart part;
	Carehub__V1__OrderLinePart *part_list[1];
	Carehub__V1__Decimal quantities[3];
	Carehub__V1__Money moneys[4];
	Carehub__V1__TransactionRef ref;
	Carehub__V1__TransactionRef original;
	Carehub__V1__RetailTransaction transaction;
	Carehub__V1__ConsentScope scope;
	Carehub__V1__ConsentScope *scope_list[1];
	Carehub__V1__ProductUnitRef unit;
	uint64_t moved[1];
	union {
		Carehub__V1__PosSaleCompleted sale;
		Carehub__V1__PosReturnCompleted returned;
		Carehub__V1__PosSaleVoided voided;
		Carehub__V1__WebsiteOrderPlaced placed;
		Carehub__V1__WebsiteOrderAmended amended;
		Carehub__V1__WebsiteOrderCancelled cancelled;
		Carehub__V1__WebsiteRefundIssued refund;
		Carehub__V1__ConsentGiven given;
		Carehub__V1__ConsentWithdrawn withdrawn;
		Carehub__V1__ComplaintFiled complaint;
		Carehub__V1__CallcenterCaseClosed closed;
		Carehub__V1__CallcenterCaseReopened reopened;
		Carehub__V1__ReferenceProductPublished published;
		Carehub__V1__WebsiteWarrantyRegistered registered;
		Carehub__V1__CustomerRecordMerged merged;
		Carehub__V1__CustomerRecordUnmerged unmerged;
		Carehub__V1__CustomerRecordErased erased;
	} message;
};

static char *text(struct told *told, const char *before, unsigned number)
{
	char *out = told->texts[told->text_count++];
	(void)snprintf(out, sizeof(told->texts[0]), "%s%u", before, number);
	return out;
}

static Carehub__V1__Money *money(struct told *told, unsigned at, unsigned amount)
{
	static char currency[] = "CNY";
	carehub__v1__money__init(&told->moneys[at]);
	told->moneys[at].minor_units = amount;
	told->moneys[at].currency = currency;
	return &told->moneys[at];
}

static Carehub__V1__Decimal *quantity(struct told *told, unsigned at, unsigned pieces)
{
	carehub__v1__decimal__init(&told->quantities[at]);
	told->quantities[at].unscaled = pieces;
	return &told->quantities[at];
}

static void tell_ref(struct told *told, Carehub__V1__TransactionRef *ref, unsigned receipt)
{
	carehub__v1__transaction_ref__init(ref);
	ref->store_id = text(told, "S", 1);
	ref->workstation_id = text(told, "", 3);
	ref->business_date = text(told, "2026-01-1", 1);
	ref->sequence_number = text(told, "", receipt);
	ref->transaction_id = text(told, "T", receipt);
}

static Carehub__V1__TransactionRef *tell_original(struct told *told, const struct fact *fact)
{
	static char nothing[] = "";
	tell_ref(told, &told->original, fact->other);
	if (fact->by_twin)
		told->original.sequence_number = nothing;
	else
		told->original.transaction_id = nothing;
	return &told->original;
}

static Carehub__V1__RetailTransaction *tell_receipt(struct told *told, const struct fact *fact)
{
	static char currency[] = "CNY";
	tell_ref(told, &told->ref, fact->number);
	carehub__v1__retail_transaction__init(&told->transaction);
	told->transaction.ref = &told->ref;
	told->transaction.currency = currency;
	for (unsigned i = 0; i < fact->line_count; i++) {
		Carehub__V1__SaleLine *line = &told->sale_lines[i];
		carehub__v1__sale_line__init(line);
		line->item_id = text(told, "P", fact->lines[i].product);
		line->quantity = quantity(told, i, fact->lines[i].quantity);
		line->extended_amount = money(told, i, fact->lines[i].money);
		line->department = text(told, "till", 0);
		if (i == 0 && fact->serial != 0)
			line->serial_number = text(told, "sn-", fact->serial);
		told->sale_list[i] = line;
	}
	told->transaction.lines = told->sale_list;
	told->transaction.n_lines = fact->line_count;
	return &told->transaction;
}

static void tell_order(struct told *told, const struct fact *fact)
{
	for (unsigned i = 0; i < fact->line_count; i++) {
		Carehub__V1__OrderLine *line = &told->order_lines[i];
		carehub__v1__order_line__init(line);
		line->line_id = text(told, "L", fact->lines[i].product);
		line->product_id = text(told, "P", fact->lines[i].product);
		line->quantity = quantity(told, i, fact->lines[i].quantity);
		line->amount = money(told, i, fact->lines[i].money);
		told->order_list[i] = line;
	}
}

#define TELL(member, type)                                                                         \
	carehub__v1__##type##__init(&told->message.member);                                        \
	message = &told->message.member.base

static const char *tell(struct told *told, const struct fact *fact, ProtobufCMessage **out_message)
{
	ProtobufCMessage *message = NULL;
	const char *type = "";
	told->text_count = 0;
	carehub__v1__consent_scope__init(&told->scope);
	told->scope_list[0] = &told->scope;
	told->scope.purpose = (Carehub__V1__ConsentPurpose)fact->purpose;
	told->scope.channel = (Carehub__V1__ContactChannel)fact->channel;
	switch (fact->kind) {
	case SALE:
		TELL(sale, pos_sale_completed);
		told->message.sale.transaction = tell_receipt(told, fact);
		type = "pos.sale.completed";
		break;
	case RETURNED:
		TELL(returned, pos_return_completed);
		told->message.returned.transaction = tell_receipt(told, fact);
		if (fact->linked)
			told->message.returned.original = tell_original(told, fact);
		type = "pos.return.completed";
		break;
	case VOIDED:
		TELL(voided, pos_sale_voided);
		told->message.voided.transaction = tell_receipt(told, fact);
		told->message.voided.original = tell_original(told, fact);
		type = "pos.sale.voided";
		break;
	case PLACED:
		TELL(placed, website_order_placed);
		tell_order(told, fact);
		told->message.placed.order_id = text(told, "", fact->number);
		told->message.placed.lines = told->order_list;
		told->message.placed.n_lines = fact->line_count;
		type = "website.order.placed";
		break;
	case AMENDED:
		TELL(amended, website_order_amended);
		tell_order(told, fact);
		told->message.amended.order_id = text(told, "", fact->number);
		told->message.amended.lines = told->order_list;
		told->message.amended.n_lines = fact->line_count;
		type = "website.order.amended";
		break;
	case CANCELLED:
		TELL(cancelled, website_order_cancelled);
		told->message.cancelled.order_id = text(told, "", fact->number);
		type = "website.order.cancelled";
		break;
	case REFUNDED:
		TELL(refund, website_refund_issued);
		told->message.refund.order_id = text(told, "", fact->number);
		told->message.refund.refund_id = text(told, "R", (unsigned)fact->sequence);
		told->message.refund.amount = money(told, 3, fact->lines[0].money);
		if (fact->linked) {
			carehub__v1__order_line_part__init(&told->part);
			told->part.line_id = text(told, "L", fact->lines[0].product);
			told->part.quantity = quantity(told, 0, fact->lines[0].quantity);
			told->part.amount = money(told, 0, fact->lines[0].money);
			told->part_list[0] = &told->part;
			told->message.refund.lines = told->part_list;
			told->message.refund.n_lines = 1;
		}
		type = "website.refund.issued";
		break;
	case CONSENTED:
		if (fact->given) {
			TELL(given, consent_given);
			told->message.given.scopes = told->scope_list;
			told->message.given.n_scopes = 1;
			type = "website.consent.given";
		} else {
			TELL(withdrawn, consent_withdrawn);
			told->message.withdrawn.scopes = told->scope_list;
			told->message.withdrawn.n_scopes = fact->linked;
			type = "pos.consent.withdrawn";
		}
		break;
	case COMPLAINED:
		TELL(complaint, complaint_filed);
		told->message.complaint.complaint_id = text(told, "C", fact->number);
		type = "website.complaint.filed";
		break;
	case CLOSED:
		TELL(closed, callcenter_case_closed);
		told->message.closed.case_id = text(told, "C", fact->number);
		type = "callcenter.case.closed";
		break;
	case REOPENED:
		TELL(reopened, callcenter_case_reopened);
		told->message.reopened.case_id = text(told, "C", fact->number);
		type = "callcenter.case.reopened";
		break;
	case PUBLISHED:
		TELL(published, reference_product_published);
		told->message.published.product_id = text(told, "P", fact->product);
		told->message.published.category = text(told, "K", fact->category);
		type = "reference.product.published";
		break;
	case REGISTERED:
		TELL(registered, website_warranty_registered);
		carehub__v1__product_unit_ref__init(&told->unit);
		told->unit.serial_number = text(told, "SN", fact->serial);
		told->unit.product_id = text(told, "P", fact->product);
		told->message.registered.unit = &told->unit;
		type = "website.warranty.registered";
		break;
	case MERGED:
		TELL(merged, customer_record_merged);
		told->message.merged.customer_number = fact->customer_to;
		told->message.merged.retired_number = fact->customer;
		type = "customer.record.merged";
		break;
	case UNMERGED:
		TELL(unmerged, customer_record_unmerged);
		told->message.unmerged.customer_number = fact->customer_to;
		told->message.unmerged.restored_number = fact->customer;
		told->moved[0] = fact->moved;
		told->message.unmerged.moved_sequences = told->moved;
		told->message.unmerged.n_moved_sequences = fact->moved != 0;
		type = "customer.record.unmerged";
		break;
	case ERASED:
		TELL(erased, customer_record_erased);
		told->message.erased.customer_number = fact->customer;
		type = "customer.record.erased";
		break;
	case KINDS:
		break;
	}
	*out_message = message;
	return type;
}

void fact_fold(struct facts *facts, struct book_txn *txn, const struct fact *fact)
{
	struct told told;
	ProtobufCMessage *message = NULL;
	bool hub = fact->kind > KINDS;
	const char *type = tell(&told, fact, &message);
	const struct feed_event event = {
		.sequence = fact->sequence,
		.occurred_us = fact->time_us,
		.stamp = fact->stamp,
		.customer = hub ? 0 : fact->customer,
		.head = {.source = SLICE_LITERAL("shop"), .type = slice_text(type)},
		.message = message,
	};
	people_fold(txn, &event);
	assert_int_equal(facts_fold(facts, txn, &event), CH_OK);
}

/* ---- A history ---- */

static void draw_lines(uint64_t *seed, struct fact *fact)
{
	unsigned first = (unsigned)draw(seed, PRODUCTS);
	fact->line_count = 1 + (unsigned)draw(seed, 3);
	for (unsigned i = 0; i < fact->line_count; i++)
		fact->lines[i] = (struct line){(first + i) % PRODUCTS, 1 + (unsigned)draw(seed, 3),
			10 + (unsigned)draw(seed, 90)};
}

static void draw_fact(uint64_t *seed, struct fact *fact, unsigned *receipts)
{
	static const enum kind often[] = {
		SALE, SALE, RETURNED, VOIDED, PLACED, REFUNDED, CONSENTED};
	fact->kind = draw(seed, 2) == 0 ? often[draw(seed, 7)] : (enum kind)draw(seed, KINDS);
	fact->customer = draw(seed, 8) == 0 ? 0 : 100 + draw(seed, CUSTOMERS);
	fact->linked = draw(seed, 3) > 0;
	fact->by_twin = draw(seed, 3) == 0;
	fact->given = draw(seed, 2) == 0;
	fact->purpose = (unsigned)draw(seed, 3);
	fact->channel = (unsigned)draw(seed, 3);
	fact->product = (unsigned)draw(seed, PRODUCTS);
	fact->category = (unsigned)draw(seed, 3);
	fact->serial = draw(seed, 2) == 0 ? 1 + (unsigned)draw(seed, 3) : 0;
	fact->other = (unsigned)draw(seed, RECEIPTS);
	draw_lines(seed, fact);
	if (fact->kind == SALE || fact->kind == RETURNED || fact->kind == VOIDED)
		fact->number = (*receipts)++;
	else
		fact->number = (unsigned)draw(seed, ORDERS);
	if (fact->kind == RETURNED || fact->kind == VOIDED)
		fact->serial = 0;
	if (fact->kind == REGISTERED && fact->serial == 0)
		fact->serial = 1;
}

/* Orders are placed once; the hub takes no second one. */
static bool is_double(const struct history *history, const struct fact *fact)
{
	for (unsigned i = 0; i < history->count; i++) {
		if (fact->kind == PLACED && history->facts[i].kind == PLACED &&
			history->facts[i].number == fact->number)
			return true;
	}
	return false;
}

void history_draw(uint64_t *seed, struct history *history)
{
	unsigned receipts = 0;
	uint64_t merged[CUSTOMERS] = {0};
	history->count = 0;
	while (history->count < EVENTS) {
		struct fact *fact = &history->facts[history->count];
		char id[16];
		*fact = (struct fact){0};
		draw_fact(seed, fact, &receipts);
		if (is_double(history, fact))
			continue;
		unsigned one = (unsigned)draw(seed, CUSTOMERS);
		unsigned other = (unsigned)draw(seed, CUSTOMERS);
		uint64_t what = draw(seed, 40);
		if (what < 3 && one != other && merged[one] == 0 && merged[other] == 0) {
			bool leads = false; /* somebody was merged into it */
			for (unsigned i = 0; i < CUSTOMERS; i++)
				leads = leads || merged[i] == 100 + one;
			if (!leads || what == 0) {
				*fact = (struct fact){.kind = MERGED,
					.customer = 100 + one,
					.customer_to = 100 + other};
				merged[one] = 100 + other;
			}
		} else if (what < 6 && merged[one] != 0 && merged[one] != UINT64_MAX) {
			*fact = (struct fact){.kind = UNMERGED,
				.customer = 100 + one,
				.customer_to = merged[one]};
			/* Something that came in for both of them while they were one. */
			const struct fact *some = &history->facts[draw(seed, history->count)];
			if (some->kind < KINDS && some->customer == fact->customer_to)
				fact->moved = some->sequence;
			merged[one] = 0;
		}
		fact->sequence = history->count + 1;
		fact->time_us = KIT_BASE + (int64_t)draw(seed, 1000000) * 1000 + history->count;
		(void)snprintf(id, sizeof(id), "%u", history->count);
		fact->stamp = stamp_of(fact->time_us, SLICE_LITERAL("shop"), slice_text(id));
		history->count++;
	}
	/* Somebody is erased at the end of all merging. */
	unsigned gone = (unsigned)draw(seed, 3 * CUSTOMERS);
	if (gone < CUSTOMERS && merged[gone] == 0)
		history->facts[EVENTS - 1] = (struct fact){.kind = ERASED,
			.customer = 100 + gone,
			.sequence = EVENTS,
			.time_us = KIT_BASE};
}

void history_shuffle(uint64_t *seed, const struct history *history, unsigned *out_order)
{
	struct {
		unsigned at;
		uint64_t place;
	} places[EVENTS];
	uint64_t last = 0;
	for (unsigned i = 0; i < history->count; i++) {
		places[i].at = i;
		places[i].place = 1 + draw(seed, 1 << 20);
		if (history->facts[i].kind > KINDS) {
			places[i].place =
				last + 1 +
				draw(seed, last < 1 << 20 ? ((1 << 20) - last) / 4 + 1 : 1);
			last = places[i].place;
		}
	}
	for (unsigned i = 1; i < history->count; i++) {
		for (unsigned j = i; j > 0 && places[j - 1].place > places[j].place; j--) {
			struct {
				unsigned at;
				uint64_t place;
			} swapped;
			memcpy(&swapped, &places[j], sizeof(swapped));
			places[j] = places[j - 1];
			memcpy(&places[j - 1], &swapped, sizeof(swapped));
		}
	}
	for (unsigned i = 0; i < history->count; i++)
		out_order[i] = places[i].at;
}
