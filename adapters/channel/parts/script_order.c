/* ORDERS and 850, and ORDCHG and 860 for what becomes of an order: it is amended, some lines or all of it are
 * cancelled. */
#include "channel/parts/script.h"
#include "channel/parts/trade.h"

/* What 004010 allows. */
#define ORDER_NUMBER_MAX 22u
#define CHANGE_COUNT_MAX 8u
#define CHANGE_ID_MAX    30u
#define LINE_ID_MAX      20u
#define PRICE_MAX        17u

static bool is_struck(const Carehub__V1__PartsOrderLine *line)
{
	return line->quantity != NULL && line->quantity->unscaled == 0;
}

/* ---- UN/EDIFACT's lines ---- */

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
	script_repair(w, line->repair_order_id);
	for (size_t i = 0; i < line->n_taxes; i++)
		write_tax(w, line->taxes[i]);
}

/* ---- X12's lines ---- */

/* What stands behind PO1 and POC alike. */
static void write_particulars(struct writing *w, const Carehub__V1__PartsOrderLine *line)
{
	script_description(w, line->item);
	script_repair(w, line->repair_order_id);
	writing_moment(w, "due_time_us", "002", line->due_time_us);
	writing_amount(w, "amount", "1", line->amount);
}

/* PO1*line*quantity*unit*price*basis*pairs */
static void write_po1(struct writing *w, const Carehub__V1__PartsOrderLine *line)
{
	w->line++;
	writing_segment(w, "PO1");
	writing_put(w, "line_id", 1, 1, slice_text(line->line_id), LINE_ID_MAX);
	script_measure(w, "quantity", 2, 15, line->quantity, line->unit);
	writing_number(w, "unit_price", 4, 1, line->unit_price, PRICE_MAX);
	script_pairs(w, 6, line->item);
	writing_end(w);
	write_particulars(w, line);
}

/* POC*line*action*quantity*left*unit*price*basis*pairs.  How much of it is left to come is asked for and nobody's to
 * know here: all of it, as long as nothing has. */
static void write_poc(struct writing *w, const Carehub__V1__PartsOrderLine *line)
{
	bool struck = is_struck(line);
	w->line++;
	writing_segment(w, "POC");
	writing_put(w, "line_id", 1, 1, slice_text(line->line_id), LINE_ID_MAX);
	writing_code(w, 2, 1, struck ? "DI" : "CA");
	if (!struck)
		writing_number(w, "quantity", 3, 1, line->quantity, 9);
	if (!struck)
		script_measure(w, "quantity", 4, 9, line->quantity, line->unit);
	else
		writing_put(w, "unit", 5, 1, slice_text(line->unit), 2);
	writing_number(w, "unit_price", 6, 1, line->unit_price, PRICE_MAX);
	script_pairs(w, 8, line->item);
	writing_end(w);
	write_particulars(w, line);
}

/* ---- ORDERS, 850 ---- */

static enum ch_status set_function(
	struct arena *arena, Carehub__V1__PartsOrderPlaced *order, const char *text)
{
	struct slice copy = arena_copy(arena, slice_of(text, strlen(text) + 1));
	order->document_function = (char *)(uintptr_t)copy.data; /* the arena's, and ours */
	return copy.data != NULL ? CH_OK : CH_NOMEM;
}

/* X12 has the functions of two digits, and its original is 00. */
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
	return set_function(arena, order, function);
}

/* A set has one currency; where the order names none, that of its amounts is it. */
static char *currency_of(const Carehub__V1__PartsOrderPlaced *order)
{
	if (order->currency[0] != 0 || order->total != NULL)
		return order->currency[0] != 0 ? order->currency : order->total->currency;
	for (size_t i = 0; i < order->n_lines; i++) {
		if (order->lines[i]->amount != NULL)
			return order->lines[i]->amount->currency;
	}
	return order->currency;
}

static enum ch_status settle_850(
	struct arena *arena, const struct script **script, ProtobufCMessage **document)
{
	Carehub__V1__PartsOrderPlaced *order = (void *)*document;
	char digits[3] = {'0', order->document_function[0], 0};
	bool one = digits[1] != 0 && order->document_function[1] == 0;
	(void)script;
	if (order->urgent == CAREHUB__V1__ANSWER__ANSWER_NO)
		order->urgent = CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED;
	order->currency = currency_of(order);
	if (digits[1] == 0 || (one && digits[1] == '9'))
		return set_function(arena, order, "00");
	return one ? set_function(arena, order, digits) : CH_OK;
}

static void write_parties(struct writing *w, const Carehub__V1__PartsOrderPlaced *order)
{
	script_parties(w, order->parties, order->n_parties);
	script_place(
		w, "station_id", order->station_id, order->parties, order->n_parties, "BY DP ST");
	if (order->station_id[0] == 0 &&
		trade_party_id(order->parties, order->n_parties, "BY")[0] == 0)
		script_place(w, "buyer_id", order->buyer_id, NULL, 0, "BY");
	script_place(
		w, "warehouse_id", order->warehouse_id, order->parties, order->n_parties, "WH SF");
}

static bool is_urgent(const Carehub__V1__PartsOrderPlaced *order)
{
	return order->urgent == CAREHUB__V1__ANSWER__ANSWER_YES;
}

static void write_order(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsOrderPlaced *order = (const void *)document;
	script_begin(w, is_urgent(order) ? "224" : "220", "parts_order_id", order->parts_order_id,
		order->document_function);
	script_date(w, order->order_date);
	writing_moment(w, "due_time_us", "2", order->due_time_us);
	script_remarks(w, order->remarks);
	script_references(w, order->references, order->n_references);
	write_parties(w, order);
	script_contact(w, order->contact_text);
	script_currency(w, order->currency, "9");
	for (size_t i = 0; i < order->n_lines; i++)
		write_line(w, order->lines[i], "");
	script_summary(w);
	writing_amount(w, "total", "86", order->total);
	script_line_count(w, order->n_lines);
}

/* BEG*function*type*order*release*date */
static void write_850(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsOrderPlaced *order = (const void *)document;
	writing_segment(w, "BEG");
	writing_put(w, "document_function", 1, 1, slice_text(order->document_function), 2);
	writing_code(w, 2, 1, is_urgent(order) ? "RO" : "SA");
	writing_put(w, "parts_order_id", 3, 1, slice_text(order->parts_order_id), ORDER_NUMBER_MAX);
	writing_date_of(w, "order_date", 5, order->order_date);
	writing_end(w);
	script_currency(w, order->currency, "BY");
	script_references(w, order->references, order->n_references);
	script_contact(w, order->contact_text);
	writing_moment(w, "due_time_us", "002", order->due_time_us);
	script_remarks(w, order->remarks);
	write_parties(w, order);
	for (size_t i = 0; i < order->n_lines; i++)
		write_po1(w, order->lines[i]);
	script_line_count(w, order->n_lines);
	writing_amount(w, "total", "TT", order->total);
}

const struct script script_order = {
	.event = "parts.order.placed",
	.message = &carehub__v1__parts_order_placed__descriptor,
	.faces =
		{
			[STANDARD_EDIFACT] = {"ORDERS", NULL, settle_order, write_order},
			[STANDARD_X12] = {"850", "PO", settle_850, write_850},
		},
};

/* ---- ORDCHG, 860 ---- */

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

/* BCH*purpose*type*order*release*count*order's date*request*contract*reference*type*date.  The order's date is asked
 * for and not known here: it is the change's own. */
static void write_bch(struct writing *w, const char *purpose, const char *order,
	const char *change_id, const char *day)
{
	bool is_short = strlen(change_id) <= CHANGE_COUNT_MAX;
	writing_segment(w, "BCH");
	writing_code(w, 1, 1, purpose);
	writing_code(w, 2, 1, "SA");
	writing_put(w, "parts_order_id", 3, 1, slice_text(order), ORDER_NUMBER_MAX);
	if (is_short)
		writing_put(w, "change_id", 5, 1, slice_text(change_id), CHANGE_COUNT_MAX);
	writing_date_of(w, "change_date", 6, day);
	if (!is_short)
		writing_put(w, "change_id", 9, 1, slice_text(change_id), CHANGE_ID_MAX);
	writing_date_of(w, "change_date", 11, day);
	writing_end(w);
}

static void write_860(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsOrderAmended *change = (const void *)document;
	write_bch(w, "04", change->parts_order_id, change->change_id, change->change_date);
	script_currency(w, change->currency, "BY");
	script_contact(w, change->contact_text);
	script_remarks(w, change->remarks);
	script_parties(w, change->parties, change->n_parties);
	for (size_t i = 0; i < change->n_lines; i++)
		write_poc(w, change->lines[i]);
	script_line_count(w, change->n_lines);
}

const struct script script_change = {
	.event = "parts.order.amended",
	.message = &carehub__v1__parts_order_amended__descriptor,
	.faces =
		{
			[STANDARD_EDIFACT] = {"ORDCHG", NULL, NULL, write_change},
			[STANDARD_X12] = {"860", "PC", NULL, write_860},
		},
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

/* What the seller cancels is said by his ORDRSP or 855. */
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

static void write_whole_860(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsOrderCancelled *order = (const void *)document;
	write_bch(w, "01", order->parts_order_id, "", "");
	script_remarks(w, order->remarks);
}

const struct script script_cancellation = {
	.event = "parts.order.cancelled",
	.message = &carehub__v1__parts_order_cancelled__descriptor,
	.faces =
		{
			[STANDARD_EDIFACT] = {"ORDCHG", NULL, settle_cancellation,
				write_cancellation},
			[STANDARD_X12] = {"860", "PC", settle_cancellation, write_whole_860},
		},
};
