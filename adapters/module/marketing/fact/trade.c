#include "module/marketing/fact/trade.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "carehub/v1/pos.pb-c.h"
#include "carehub/v1/website.pb-c.h"

#define ANSWER_YES CAREHUB__V1__ANSWER__ANSWER_YES
#define LABEL_MOST 160u

struct trade {
	const struct feed_event *event;
	struct arena *arena;
	trade_take *take;
	void *context;
};

/* ---- Names ---- */

static struct purchase_id id_of(char kind, const char *const *names, size_t count)
{
	struct purchase_id id;
	crypto_generichash_state state;
	(void)crypto_generichash_init(&state, NULL, 0, sizeof(id.bytes));
	(void)crypto_generichash_update(&state, (const uint8_t *)&kind, 1);
	for (size_t i = 0; i < count; i++) /* with the NUL, so that no two run into each other */
		(void)crypto_generichash_update(
			&state, (const uint8_t *)names[i], strlen(names[i]) + 1);
	(void)crypto_generichash_final(&state, id.bytes, sizeof(id.bytes));
	return id;
}

static struct purchase_id receipt_id(const Carehub__V1__TransactionRef *ref)
{
	const char *names[] = {
		ref->store_id, ref->workstation_id, ref->business_date, ref->sequence_number};
	return id_of('p', names, 4);
}

static struct purchase_id twin_id(const Carehub__V1__TransactionRef *ref)
{
	const char *names[] = {ref->store_id, ref->transaction_id};
	return id_of('t', names, 2);
}

static struct slice trade_label(struct trade *trade, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static struct slice trade_label(struct trade *trade, const char *format, ...)
{
	va_list arguments;
	char *text = arena_alloc(trade->arena, LABEL_MOST);
	if (text == NULL)
		return (struct slice){NULL, 0};
	va_start(arguments, format);
	int len = vsnprintf(text, LABEL_MOST, format, arguments);
	va_end(arguments);
	if (len < 0)
		return (struct slice){NULL, 0};
	return slice_of(text, (size_t)len < LABEL_MOST ? (size_t)len : LABEL_MOST - 1);
}

static const char *told(const char *own, const char *otherwise)
{
	return own != NULL && own[0] != 0 ? own : otherwise;
}

/* The purchase that a void or return names: by its number, or by the till's own.  False: it names none. */
static bool original_id(const Carehub__V1__TransactionRef *original,
	const Carehub__V1__TransactionRef *own, struct purchase_id *out_id)
{
	if (original == NULL ||
		(original->sequence_number[0] == 0 && original->transaction_id[0] == 0))
		return false;
	Carehub__V1__TransactionRef ref = *original;
	static char nothing[1] = "";
	const char *store = told(ref.store_id, own->store_id);
	if (ref.sequence_number[0] == 0) {
		const char *names[] = {store, ref.transaction_id};
		*out_id = id_of('t', names, 2);
	} else {
		const char *names[] = {store, told(ref.workstation_id, own->workstation_id),
			told(ref.business_date, told(own->business_date, nothing)),
			ref.sequence_number};
		*out_id = id_of('p', names, 4);
	}
	return true;
}

/* ---- Values ---- */

struct slice trade_article(
	struct slice product, struct slice item, struct slice scanned, struct slice printed)
{
	if (product.len > 0)
		return product;
	if (item.len > 0)
		return item;
	return scanned.len > 0 ? scanned : printed;
}

/* In millionths; more digits are cut, one piece when nothing is told. */
static int64_t quantity_of(const Carehub__V1__Decimal *decimal)
{
	if (decimal == NULL)
		return QUANTITY_ONE;
	__int128_t value = decimal->unscaled;
	for (uint32_t i = decimal->scale; i < 6; i++)
		value *= 10;
	for (uint32_t i = 6; i < decimal->scale && i < 24; i++)
		value /= 10;
	value = value < 0 ? -value : value;
	return value > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)value;
}

static int64_t money_of(const Carehub__V1__Money *money)
{
	if (money == NULL || money->minor_units == INT64_MIN)
		return 0;
	return money->minor_units < 0 ? -money->minor_units : money->minor_units;
}

static struct slice currency_of(const Carehub__V1__Money *money, struct slice otherwise)
{
	return money != NULL && money->currency[0] != 0 ? slice_text(money->currency) : otherwise;
}

static struct purchase_part part_of(const struct trade *trade, enum part_kind kind)
{
	return (struct purchase_part){
		.kind = kind,
		.stamp = trade->event->stamp,
		.filed = trade->event->customer,
		.sequence = trade->event->sequence,
		.time_us = trade->event->occurred_us,
	};
}

/* ---- Tills ---- */

static struct purchase_line line_of(const Carehub__V1__SaleLine *from)
{
	return (struct purchase_line){
		.product = trade_article(slice_text(from->product_id), slice_text(from->item_id),
			slice_text(from->pos_item_id), slice_text(from->description)),
		.category = slice_text(from->department),
		.brand = slice_text(from->brand),
		.serial = slice_text(from->serial_number),
		.quantity = quantity_of(from->quantity),
		.money = money_of(from->extended_amount),
	};
}

static bool line_counts(const Carehub__V1__SaleLine *line)
{
	return line->voided != ANSWER_YES && line->voids_line == 0;
}

static bool line_is_return(const Carehub__V1__SaleLine *line, bool all_are)
{
	return all_are || line->action == CAREHUB__V1__SALE_ACTION__SALE_ACTION_RETURN;
}

/* Goods that came back, and the purchase that they were bought with. */
struct returned {
	struct purchase_id from;
	struct purchase_line line;
	bool given;
};

/* Gives the lines of one purchase back to it, and notes here that this receipt did. */
static enum ch_status take_back(struct trade *trade, const struct trade_piece *own,
	struct returned *first, const struct returned *end)
{
	struct trade_piece piece = {.id = first->from, .part = part_of(trade, PART_BACK)};
	piece.part.taker = own->id;
	piece.part.lines =
		arena_alloc(trade->arena, (size_t)(end - first) * sizeof(*piece.part.lines));
	if (piece.part.lines == NULL)
		return CH_NOMEM;
	for (struct returned *it = first; it != end; it++) {
		if (it->given || memcmp(&it->from, &piece.id, sizeof(piece.id)) != 0)
			continue;
		piece.part.lines[piece.part.line_count++] = it->line;
		it->given = true;
	}
	enum ch_status status = trade->take(trade->context, &piece);
	if (status != CH_OK)
		return status;
	struct purchase_id original = piece.id;
	piece = *own;
	piece.part = part_of(trade, PART_LINK);
	piece.part.taker = original;
	return trade->take(trade->context, &piece);
}

static enum ch_status take_all_back(
	struct trade *trade, const struct trade_piece *own, struct returned *lines, size_t count)
{
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		if (!lines[i].given)
			status = take_back(trade, own, &lines[i], lines + count);
	}
	return status;
}

/* What the lines came to as printed; where the till prints no net sum, what they add up to. */
static int64_t discount_of(
	const Carehub__V1__RetailTransaction *transaction, struct slice currency, bool all_are)
{
	__int128_t lines = 0;
	const Carehub__V1__Money *net =
		transaction->totals != NULL ? transaction->totals->net : NULL;
	if (net == NULL || all_are || !slice_equal(currency_of(net, currency), currency))
		return 0;
	for (size_t i = 0; i < transaction->n_lines; i++) {
		const Carehub__V1__SaleLine *line = transaction->lines[i];
		if (line_counts(line))
			lines += line_is_return(line, false) ? -money_of(line->extended_amount)
							     : money_of(line->extended_amount);
	}
	lines -= net->minor_units;
	return lines > INT64_MAX || lines < INT64_MIN ? 0 : (int64_t)lines;
}

static bool receipt_has_returns(const Carehub__V1__RetailTransaction *transaction)
{
	for (size_t i = 0; i < transaction->n_lines; i++) {
		if (line_is_return(transaction->lines[i], false))
			return true;
	}
	return false;
}

/* A sale or a return.  `original`: of all returned lines that name none themselves. */
static enum ch_status trade_receipt(struct trade *trade,
	const Carehub__V1__RetailTransaction *transaction,
	const Carehub__V1__TransactionRef *original, bool all_are)
{
	struct returned *returned;
	size_t returned_count = 0;
	if (transaction == NULL || transaction->ref == NULL)
		return CH_OK;
	/* Most receipts name nobody and bring nothing back: they are nothing here, and should cost as much. */
	if (trade->event->customer == 0 && !all_are && !receipt_has_returns(transaction))
		return CH_OK;
	if (transaction->n_lines > LIMIT_PURCHASE_LINES)
		return CH_TOO_LARGE;
	struct trade_piece piece = {
		.id = receipt_id(transaction->ref),
		.label = trade_label(trade, "pos %.30s/%.30s/%.30s/%.30s",
			transaction->ref->store_id, transaction->ref->workstation_id,
			transaction->ref->business_date, transaction->ref->sequence_number),
		.has_twin = transaction->ref->transaction_id[0] != 0,
		.part = part_of(trade, PART_SALE),
	};
	if (piece.has_twin)
		piece.twin = twin_id(transaction->ref);
	struct purchase_part *part = &piece.part;
	part->lines = arena_alloc(trade->arena, (transaction->n_lines + 1) * sizeof(*part->lines));
	returned = arena_alloc(trade->arena, (transaction->n_lines + 1) * sizeof(*returned));
	if (part->lines == NULL || returned == NULL || piece.label.data == NULL)
		return CH_NOMEM;
	part->currency = slice_text(transaction->currency);
	for (size_t i = 0; i < transaction->n_lines; i++) {
		const Carehub__V1__SaleLine *line = transaction->lines[i];
		struct returned *back = &returned[returned_count];
		if (!line_counts(line))
			continue;
		*back = (struct returned){.line = line_of(line)};
		back->line.back = line_is_return(line, all_are);
		if (part->currency.len == 0)
			part->currency = currency_of(line->extended_amount, part->currency);
		if (back->line.back &&
			(original_id(line->original, transaction->ref, &back->from) ||
				original_id(original, transaction->ref, &back->from)))
			returned_count++;
		else
			part->lines[part->line_count++] = back->line;
	}
	part->discount = discount_of(transaction, part->currency, all_are);
	enum ch_status status = take_all_back(trade, &piece, returned, returned_count);
	/* A receipt that names nobody counts for nobody: most do. */
	if (status != CH_OK || trade->event->customer == 0 || part->line_count == 0)
		return status;
	return trade->take(trade->context, &piece);
}

static enum ch_status trade_void(struct trade *trade, const Carehub__V1__PosSaleVoided *voided)
{
	struct trade_piece piece = {.part = part_of(trade, PART_GONE)};
	static const Carehub__V1__TransactionRef nothing = CAREHUB__V1__TRANSACTION_REF__INIT;
	const Carehub__V1__TransactionRef *own = &nothing;
	if (voided->transaction != NULL && voided->transaction->ref != NULL)
		own = voided->transaction->ref;
	if (!original_id(voided->original, own, &piece.id))
		return CH_OK;
	piece.part.taker = receipt_id(own);
	return trade->take(trade->context, &piece);
}

/* ---- Shops ---- */

static struct purchase_id order_id(
	struct trade *trade, char kind, const char *shop, const char *number)
{
	/* The source has no NUL behind it. */
	struct slice source = trade->event->head.source;
	char text[LIMIT_SOURCE_BYTES + 1];
	size_t len = source.len < LIMIT_SOURCE_BYTES ? source.len : LIMIT_SOURCE_BYTES;
	if (len > 0)
		memcpy(text, source.data, len);
	text[len] = 0;
	const char *names[] = {told(shop, text), number};
	return id_of(kind, names, 2);
}

/* What stands of a line; part of it may have been struck off since. */
static struct purchase_line order_line(const Carehub__V1__OrderLine *from)
{
	int64_t ordered = quantity_of(from->quantity);
	int64_t cancelled =
		from->cancelled_quantity != NULL ? quantity_of(from->cancelled_quantity) : 0;
	struct purchase_line line = {
		.id = slice_text(from->line_id),
		.product = slice_text(told(from->product_id, from->description)),
		.serial = slice_text(from->serial_number),
		.quantity = cancelled < ordered ? ordered - cancelled : 0,
		.money = money_of(from->amount),
	};
	if (cancelled > 0 && ordered > 0)
		line.money = (int64_t)((__int128_t)line.money * line.quantity / ordered);
	return line;
}

static enum ch_status trade_order(struct trade *trade, enum part_kind kind, const char *shop,
	const char *number, Carehub__V1__OrderLine *const *lines, size_t count,
	const Carehub__V1__OrderTotals *totals)
{
	if (count > LIMIT_PURCHASE_LINES)
		return CH_TOO_LARGE;
	struct trade_piece piece = {
		.id = order_id(trade, 'w', shop, number),
		.label = trade_label(trade, "order %.60s/%.60s", shop, number),
		.part = part_of(trade, kind),
	};
	struct purchase_part *part = &piece.part;
	part->lines = arena_alloc(trade->arena, (count + 1) * sizeof(*part->lines));
	if (part->lines == NULL || piece.label.data == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < count; i++) {
		part->currency = currency_of(lines[i]->amount, part->currency);
		part->lines[part->line_count++] = order_line(lines[i]);
	}
	if (totals != NULL) {
		part->currency = currency_of(totals->lines, part->currency);
		part->discount = money_of(totals->discount);
	}
	return trade->take(trade->context, &piece);
}

static enum ch_status trade_refund(
	struct trade *trade, const Carehub__V1__WebsiteRefundIssued *refund)
{
	if (refund->n_lines > LIMIT_PURCHASE_LINES)
		return CH_TOO_LARGE;
	struct trade_piece piece = {
		.id = order_id(trade, 'w', refund->shop_id, refund->order_id),
		.part = part_of(trade, PART_BACK),
	};
	struct purchase_part *part = &piece.part;
	part->taker = order_id(trade, 'f', refund->shop_id, refund->refund_id);
	part->currency = currency_of(refund->amount, part->currency);
	part->money_back = money_of(refund->amount);
	part->lines = arena_alloc(trade->arena, (refund->n_lines + 1) * sizeof(*part->lines));
	if (part->lines == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < refund->n_lines; i++) {
		const Carehub__V1__OrderLinePart *line = refund->lines[i];
		part->lines[part->line_count++] = (struct purchase_line){
			.id = slice_text(line->line_id),
			.product = slice_text(line->product_id),
			.serial = slice_text(line->serial_number),
			.quantity = line->quantity != NULL ? quantity_of(line->quantity) : 0,
			.money = money_of(line->amount),
		};
	}
	return trade->take(trade->context, &piece);
}

static enum ch_status trade_cancel(struct trade *trade, const char *shop, const char *number)
{
	struct trade_piece piece = {
		.id = order_id(trade, 'w', shop, number),
		.part = part_of(trade, PART_GONE),
	};
	piece.part.taker = piece.id;
	return trade->take(trade->context, &piece);
}

/* ---- The events ---- */

static enum ch_status read_sale(struct trade *trade, const void *message)
{
	const Carehub__V1__PosSaleCompleted *sale = message;
	return trade_receipt(trade, sale->transaction, NULL, false);
}

static enum ch_status read_return(struct trade *trade, const void *message)
{
	const Carehub__V1__PosReturnCompleted *returned = message;
	return trade_receipt(trade, returned->transaction, returned->original, true);
}

static enum ch_status read_void(struct trade *trade, const void *message)
{
	return trade_void(trade, message);
}

static enum ch_status read_placed(struct trade *trade, const void *message)
{
	const Carehub__V1__WebsiteOrderPlaced *order = message;
	if (order->test == ANSWER_YES) /* nor are its amendments any */
		return trade_cancel(trade, order->shop_id, order->order_id);
	return trade_order(trade, PART_SALE, order->shop_id, order->order_id, order->lines,
		order->n_lines, order->totals);
}

static enum ch_status read_amended(struct trade *trade, const void *message)
{
	const Carehub__V1__WebsiteOrderAmended *order = message;
	return trade_order(trade, PART_AMENDED, order->shop_id, order->order_id, order->lines,
		order->n_lines, order->totals);
}

static enum ch_status read_cancelled(struct trade *trade, const void *message)
{
	const Carehub__V1__WebsiteOrderCancelled *order = message;
	return trade_cancel(trade, order->shop_id, order->order_id);
}

static enum ch_status read_refund(struct trade *trade, const void *message)
{
	return trade_refund(trade, message);
}

static const struct {
	const ProtobufCMessageDescriptor *type;
	enum ch_status (*read)(struct trade *trade, const void *message);
} readers[] = {
	{&carehub__v1__pos_sale_completed__descriptor, read_sale},
	{&carehub__v1__pos_return_completed__descriptor, read_return},
	{&carehub__v1__pos_sale_voided__descriptor, read_void},
	{&carehub__v1__website_order_placed__descriptor, read_placed},
	{&carehub__v1__website_order_amended__descriptor, read_amended},
	{&carehub__v1__website_order_cancelled__descriptor, read_cancelled},
	{&carehub__v1__website_refund_issued__descriptor, read_refund},
};

enum ch_status trade_read(
	const struct feed_event *event, struct arena *arena, trade_take *take, void *context)
{
	struct trade trade = {event, arena, take, context};
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		if (event->message->descriptor == readers[i].type)
			return readers[i].read(&trade, event->message);
	}
	return CH_OK;
}
