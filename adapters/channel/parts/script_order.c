/* ORDERS, and ORDCHG for what becomes of an order: it is amended, some lines or all of it are cancelled. */
#include "channel/parts/script.h"
#include "channel/parts/trade.h"

/* ---- Lines ---- */

static void write_tax(struct writing *w, const Carehub__V1__Tax *tax)
{
	writing_segment(w, "TAX");
	writing_code(w, 1, 1, "7");
	writing_put(w, "taxes.name", 2, 1, slice_text(tax->name), 35);
	writing_number(w, "taxes.percent", 5, 4, tax->percent, 15);
	writing_put(w, "taxes.code", 6, 1, slice_text(tax->code), 3);
	writing_end(w);
	writing_amount(w, "taxes.amount", "124", tax->amount);
}

static void write_line(
	struct writing *w, const Carehub__V1__PartsOrderLine *line, const char *action)
{
	script_line(w, line->line_id, action, line->item);
	script_quantity(w, "quantity", "21", line->quantity, line->unit);
	writing_moment(w, "due_time_us", "2", line->due_time_us);
	writing_amount(w, "amount", "203", line->amount);
	script_price(w, line->unit_price);
	if (w->repair_reference.len > 0 && line->repair_order_id[0] != 0) {
		writing_segment(w, "RFF");
		writing_put(w, "repair_order_id", 1, 1, w->repair_reference, 3);
		writing_put(w, "repair_order_id", 1, 2, slice_text(line->repair_order_id), 35);
		writing_end(w);
	}
	for (size_t i = 0; i < line->n_taxes; i++)
		write_tax(w, line->taxes[i]);
}

/* ---- ORDERS ---- */

/* X12 has its functions of two digits. */
static enum ch_status settle_order(
	struct arena *arena, const struct script **script, ProtobufCMessage **document)
{
	Carehub__V1__PartsOrderPlaced *order = (void *)*document;
	const char *function = order->document_function;
	(void)script;
	if (order->urgent == CAREHUB__V1__ANSWER__ANSWER_NO)
		order->urgent = CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED;
	if (function[0] == 0 || strcmp(function, "00") == 0)
		function = "9";
	else if (function[0] == '0' && function[1] != 0)
		function++;
	struct slice copy = arena_copy(arena, slice_of(function, strlen(function) + 1));
	order->document_function = (char *)(uintptr_t)copy.data; /* the arena's, and ours */
	return copy.data != NULL ? CH_OK : CH_NOMEM;
}

static void write_order(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsOrderPlaced *order = (const void *)document;
	bool urgent = order->urgent == CAREHUB__V1__ANSWER__ANSWER_YES;
	script_begin(w, urgent ? "224" : "220", "parts_order_id", order->parts_order_id,
		order->document_function);
	script_date(w, order->order_date);
	writing_moment(w, "due_time_us", "2", order->due_time_us);
	script_remarks(w, order->remarks);
	script_references(w, order->references, order->n_references);
	script_parties(w, order->parties, order->n_parties);
	script_place(
		w, "station_id", order->station_id, order->parties, order->n_parties, "BY DP ST");
	if (order->station_id[0] == 0 &&
		trade_party_id(order->parties, order->n_parties, "BY")[0] == 0)
		script_place(w, "buyer_id", order->buyer_id, NULL, 0, "BY");
	script_place(
		w, "warehouse_id", order->warehouse_id, order->parties, order->n_parties, "WH SF");
	script_contact(w, order->contact_text);
	script_currency(w, order->currency, "9");
	for (size_t i = 0; i < order->n_lines; i++)
		write_line(w, order->lines[i], "");
	script_summary(w);
	writing_amount(w, "total", "86", order->total);
	script_line_count(w, order->n_lines);
}

const struct script script_order = {
	.event = "parts.order.placed",
	.name = "ORDERS",
	.message = &carehub__v1__parts_order_placed__descriptor,
	.settle = settle_order,
	.write = write_order,
};

/* ---- ORDCHG ---- */

static bool is_struck(const Carehub__V1__PartsOrderLine *line)
{
	return line->quantity != NULL && line->quantity->unscaled == 0;
}

static void write_change(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsOrderAmended *change = (const void *)document;
	script_begin(w, "230", "change_id", change->change_id, "4");
	script_date(w, change->change_date);
	script_remarks(w, change->remarks);
	script_reference(w, "parts_order_id", "ON", change->parts_order_id, "");
	script_parties(w, change->parties, change->n_parties);
	script_contact(w, change->contact_text);
	script_currency(w, change->currency, "9");
	for (size_t i = 0; i < change->n_lines; i++)
		write_line(w, change->lines[i], is_struck(change->lines[i]) ? "2" : "3");
	script_summary(w);
	script_line_count(w, change->n_lines);
}

const struct script script_change = {
	.event = "parts.order.amended",
	.name = "ORDCHG",
	.message = &carehub__v1__parts_order_amended__descriptor,
	.write = write_change,
};

/* The lines that are cancelled, as an amendment that strikes them off. */
static enum ch_status settle_lines(struct arena *arena,
	const Carehub__V1__PartsOrderCancelled *order, ProtobufCMessage **document)
{
	Carehub__V1__PartsOrderAmended *change = arena_alloc(arena, sizeof(*change));
	Carehub__V1__PartsOrderLine **lines =
		arena_alloc(arena, order->n_line_ids * sizeof(Carehub__V1__PartsOrderLine *));
	Carehub__V1__Decimal *none = arena_alloc(arena, sizeof(*none));
	if (change == NULL || lines == NULL || none == NULL)
		return CH_NOMEM;
	carehub__v1__parts_order_amended__init(change);
	carehub__v1__decimal__init(none);
	change->parts_order_id = order->parts_order_id;
	change->remarks = order->remarks;
	change->lines = lines;
	change->n_lines = order->n_line_ids;
	for (size_t i = 0; i < order->n_line_ids; i++) {
		lines[i] = arena_alloc(arena, sizeof(**lines));
		if (lines[i] == NULL)
			return CH_NOMEM;
		carehub__v1__parts_order_line__init(lines[i]);
		lines[i]->line_id = order->line_ids[i];
		lines[i]->quantity = none;
	}
	*document = &change->base;
	return CH_OK;
}

/* What the seller cancels is said by his ORDRSP. */
static enum ch_status settle_cancellation(
	struct arena *arena, const struct script **script, ProtobufCMessage **document)
{
	const Carehub__V1__PartsOrderCancelled *order = (const void *)*document;
	if (order->by_buyer != CAREHUB__V1__ANSWER__ANSWER_YES)
		return CH_UNSUPPORTED;
	if (order->n_line_ids == 0)
		return CH_OK;
	*script = &script_change;
	return settle_lines(arena, order, document);
}

static void write_cancellation(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsOrderCancelled *order = (const void *)document;
	script_begin(w, "230", "change_id", "", "1");
	writing_moment(w, "time", "137", w->time_us);
	script_remarks(w, order->remarks);
	script_reference(w, "parts_order_id", "ON", order->parts_order_id, "");
	script_summary(w);
}

const struct script script_cancellation = {
	.event = "parts.order.cancelled",
	.name = "ORDCHG",
	.message = &carehub__v1__parts_order_cancelled__descriptor,
	.settle = settle_cancellation,
	.write = write_cancellation,
};
