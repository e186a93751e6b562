/* ORDERS and ORDCHG, X12 850 and 860: an order is placed, changed or cancelled. */
#include "base/text.h"
#include "channel/parts/trade.h"

enum purpose { PURPOSE_PLACE, PURPOSE_AMEND, PURPOSE_CANCEL };

struct order_state {
	Carehub__V1__PartsOrderPlaced *order;
	Carehub__V1__TradeParty *party;
	Carehub__V1__PartsOrderLine *line; /* the open one */
	Carehub__V1__Tax *tax;
	struct flaw line_at;
	struct flaw begin_at;
	enum purpose purpose;
	char *document_id; /* where it is not the order's number */
	bool struck;       /* the line strikes one off: it needs no quantity */
	uint32_t flaws;    /* when the line began */
};

static struct order_state *state_of(struct reading *r)
{
	return r->state;
}

static void order_begin(struct reading *r)
{
	struct order_state *state = state_of(r);
	state->order = reading_new(r, &carehub__v1__parts_order_placed__descriptor);
	state->document_id = reading_copy(r, (struct slice){NULL, 0});
	state->purpose = r->message->kind == MESSAGE_ORDER_CHANGE ? PURPOSE_AMEND : PURPOSE_PLACE;
	state->begin_at = (struct flaw){.offset = r->message->offset, .segment = 2};
}

/* ---- The head ---- */

static void order_purpose(struct order_state *state, struct slice function)
{
	static const struct {
		const char *function; /* 1225; X12 353 has the same with a nought */
		enum purpose purpose;
	} purposes[] = {
		{"1", PURPOSE_CANCEL},
		{"3", PURPOSE_CANCEL},
		{"4", PURPOSE_AMEND},
		{"5", PURPOSE_AMEND},
	};
	if (function.len == 2 && function.data[0] == '0')
		function = slice_sub(function, 1, 1);
	for (size_t i = 0; i < sizeof(purposes) / sizeof(*purposes); i++) {
		if (slice_equal(function, slice_text(purposes[i].function)))
			state->purpose = purposes[i].purpose;
	}
}

static void take_bgm(struct reading *r)
{
	struct order_state *state = state_of(r);
	state->begin_at = segment_flaw(r->segment, FLAW_MISSING, 2, 0, NULL);
	state->document_id = reading_text(r, 2, 1);
	state->order->document_function = reading_text(r, 3, 1);
	order_purpose(state, segment_get(r->segment, 3, 1));
	/* A change has a number of its own, and names the order by RFF+ON. */
	if (r->message->kind == MESSAGE_ORDER)
		state->order->parts_order_id = state->document_id;
	if (segment_says(r->segment, 1, 1, "224"))
		state->order->urgent = CAREHUB__V1__ANSWER__ANSWER_YES;
}

/* BEG*00*SA*order*release*date, BCH*04*SA*order*release*count*order's date***change**date. */
static void take_beg(struct reading *r)
{
	struct order_state *state = state_of(r);
	bool change = segment_is(r->segment, "BCH");
	unsigned date = change ? 6 : 5;
	if (change && segment_get(r->segment, 11, 1).len > 0)
		date = 11;
	state->begin_at = segment_flaw(r->segment, FLAW_MISSING, 3, 0, NULL);
	state->order->document_function = reading_text(r, 1, 1);
	order_purpose(state, segment_get(r->segment, 1, 1));
	state->order->parts_order_id = reading_text(r, 3, 1);
	state->document_id = change ? reading_text(r, 5, 1) : reading_text(r, 4, 1);
	if (change)
		reading_set(r, &state->document_id, 9, 1);
	if (segment_says(r->segment, 2, 1, "RO"))
		state->order->urgent = CAREHUB__V1__ANSWER__ANSWER_YES;
	if (segment_get(r->segment, date, 1).len == 0)
		return;
	r->dated = date_parse_pair(segment_get(r->segment, date, 1), (struct slice){NULL, 0},
			   &r->date) == CH_OK;
	if (!r->dated)
		reading_flaw(r, FLAW_DATE, date, 0, NULL);
}

static void take_date(struct reading *r)
{
	struct order_state *state = state_of(r);
	struct moment moment;
	if (!r->inside && trade_document_date(r))
		return;
	if (!trade_date(r, "2", &moment) && !trade_date(r, "002", &moment))
		return;
	int64_t *due = state->line != NULL ? &state->line->due_time_us : &state->order->due_time_us;
	if (*due == 0)
		*due = reading_utc(r, &moment);
}

static void take_reference(struct reading *r)
{
	struct order_state *state = state_of(r);
	const struct segment *s = r->segment;
	bool x12 = r->interchange->standard == STANDARD_X12;
	struct slice qualifier = segment_get(s, 1, 1);
	unsigned element = x12 ? 2 : 1;
	unsigned component = x12 ? 1 : 2;
	bool repair = slice_equal(qualifier, SLICE_LITERAL("WO")) && x12;
	if (r->options->repair_reference.len > 0 &&
		slice_equal(qualifier, r->options->repair_reference))
		repair = true;
	if (state->line != NULL) {
		if (repair)
			reading_set(r, &state->line->repair_order_id, element, component);
		return;
	}
	if (!x12 && r->message->kind == MESSAGE_ORDER_CHANGE && segment_says(s, 1, 1, "ON"))
		reading_set(r, &state->order->parts_order_id, 1, 2);
	if (!r->inside)
		READING_ADD(r, state->order, references, trade_reference(r));
}

static void take_party(struct reading *r)
{
	struct order_state *state = state_of(r);
	if (r->inside)
		return; /* places within a line */
	state->party = trade_party(r);
	READING_ADD(r, state->order, parties, state->party);
}

static void take_place(struct reading *r)
{
	if (!r->inside)
		trade_party_place(r, state_of(r)->party);
}

static void take_contact(struct reading *r)
{
	if (!r->inside)
		trade_contact(r, &state_of(r)->order->contact_text);
}

static void take_currency(struct reading *r)
{
	trade_currency(r, &state_of(r)->order->currency);
}

/* Free text of a line that has no other name is its name. */
static void take_text(struct reading *r)
{
	struct order_state *state = state_of(r);
	if (state->line == NULL || state->line->item == NULL ||
		r->interchange->standard == STANDARD_X12) {
		trade_remarks(r, &state->order->remarks);
		return;
	}
	if (state->line->item->description[0] == 0)
		state->line->item->description = reading_text(r, 4, 1);
	else
		trade_remarks(r, &state->order->remarks);
}

/* ---- Lines ---- */

static void end_line(struct reading *r)
{
	struct order_state *state = state_of(r);
	if (state->line != NULL && state->line->quantity == NULL && !state->struck &&
		state->purpose != PURPOSE_CANCEL && r->message->flaws.count == state->flaws)
		reading_flaw_at(r, state->line_at, FLAW_MISSING, "the line has no quantity");
	state->line = NULL;
	r->item = NULL;
	state->tax = NULL;
	state->struck = false;
}

static void begin_line(struct reading *r)
{
	struct order_state *state = state_of(r);
	end_line(r);
	r->inside = true;
	state->line_at = segment_flaw(r->segment, FLAW_MISSING, 0, 0, NULL);
	state->flaws = r->message->flaws.count;
	state->line = reading_new(r, &carehub__v1__parts_order_line__descriptor);
	if (state->line == NULL)
		return;
	r->item = &state->line->item;
	state->line->line_id = reading_text(r, 1, 1);
	READING_ADD(r, state->order, lines, state->line);
}

static void take_lin(struct reading *r)
{
	struct order_state *state = state_of(r);
	begin_line(r);
	state->struck = segment_says(r->segment, 2, 1, "2");
	if (state->line == NULL)
		return;
	trade_line_item(r, &state->line->item);
	if (state->struck)
		state->line->quantity = reading_decimal(r, (struct decimal){0, 0});
}

/* PO1*line*quantity*unit*price*basis*pairs; POC*line*action*quantity*left*unit*price*basis*pairs. */
static void take_po1(struct reading *r)
{
	struct order_state *state = state_of(r);
	bool change = segment_is(r->segment, "POC");
	begin_line(r);
	if (state->line == NULL)
		return;
	state->struck = change && segment_says(r->segment, 2, 1, "DI");
	state->line->quantity = state->struck ? reading_decimal(r, (struct decimal){0, 0})
					      : reading_number(r, change ? 3 : 2, 1);
	state->line->unit = reading_text(r, change ? 5 : 3, 1);
	state->line->unit_price = reading_number(r, change ? 6 : 4, 1);
	trade_pairs(r, &state->line->item, change ? 8 : 6);
}

static void take_qty(struct reading *r)
{
	Carehub__V1__PartsOrderLine *line = state_of(r)->line;
	if (line == NULL || line->quantity != NULL ||
		!(segment_says(r->segment, 1, 1, "21") || segment_says(r->segment, 1, 1, "1")))
		return;
	line->quantity = reading_number(r, 1, 2);
	reading_set(r, &line->unit, 1, 3);
	if (line->quantity == NULL && segment_get(r->segment, 1, 2).len == 0)
		reading_flaw(r, FLAW_MISSING, 1, 2, NULL);
}

static void take_pri(struct reading *r)
{
	Carehub__V1__PartsOrderLine *line = state_of(r)->line;
	if (line != NULL && segment_says(r->segment, 1, 1, "AAA"))
		line->unit_price = trade_price_of_one(r);
}

static void take_moa(struct reading *r)
{
	struct order_state *state = state_of(r);
	struct slice currency = segment_get(r->segment, 1, 3);
	if (state->line == NULL) {
		bool sum = segment_says(r->segment, 1, 1, "86");
		if (sum || (segment_says(r->segment, 1, 1, "79") && state->order->total == NULL))
			state->order->total = reading_money(r, 1, 2, currency);
	} else if (segment_says(r->segment, 1, 1, "203")) {
		state->line->amount = reading_money(r, 1, 2, currency);
	} else if (segment_says(r->segment, 1, 1, "124") && state->tax != NULL) {
		state->tax->amount = reading_money(r, 1, 2, currency);
	}
}

static void take_amt(struct reading *r)
{
	struct order_state *state = state_of(r);
	bool one = segment_says(r->segment, 1, 1, "1");
	if (state->line != NULL && one)
		state->line->amount = reading_money(r, 2, 1, (struct slice){NULL, 0});
	else if (segment_says(r->segment, 1, 1, "TT") || one)
		state->order->total = reading_money(r, 2, 1, (struct slice){NULL, 0});
}

static void take_tax(struct reading *r)
{
	struct order_state *state = state_of(r);
	if (state->line == NULL)
		return;
	state->tax = reading_new(r, &carehub__v1__tax__descriptor);
	if (state->tax == NULL)
		return;
	state->tax->name = reading_text(r, 2, 1);
	state->tax->percent = reading_number(r, 5, 4);
	state->tax->code = reading_text(r, 6, 1);
	READING_ADD(r, state->line, taxes, state->tax);
}

static void take_summary(struct reading *r)
{
	end_line(r);
}

/* ---- The event ---- */

static void make_amended(struct reading *r, const struct order_state *state)
{
	const Carehub__V1__PartsOrderPlaced *order = state->order;
	Carehub__V1__PartsOrderAmended *event =
		reading_new(r, &carehub__v1__parts_order_amended__descriptor);
	if (event == NULL)
		return;
	event->parts_order_id = order->parts_order_id;
	event->buyer_id = order->buyer_id;
	event->interchange = order->interchange;
	event->n_parties = order->n_parties;
	event->parties = order->parties;
	event->n_lines = order->n_lines;
	event->lines = order->lines;
	if (r->message->kind == MESSAGE_ORDER_CHANGE)
		event->change_id = state->document_id;
	event->change_date = order->order_date;
	event->currency = order->currency;
	event->contact_text = order->contact_text;
	event->remarks = order->remarks;
	reading_make(r, "parts.order.amended", event, "", 0);
}

/* All of it, whichever lines are repeated: a line by itself is struck off by an amendment. */
static void make_cancelled(struct reading *r, const struct order_state *state)
{
	Carehub__V1__PartsOrderCancelled *event =
		reading_new(r, &carehub__v1__parts_order_cancelled__descriptor);
	if (event == NULL)
		return;
	event->parts_order_id = state->order->parts_order_id;
	event->buyer_id = state->order->buyer_id;
	event->interchange = state->order->interchange;
	event->by_buyer = CAREHUB__V1__ANSWER__ANSWER_YES;
	event->remarks = state->order->remarks;
	reading_make(r, "parts.order.cancelled", event, "", 0);
}

static void order_end(struct reading *r)
{
	struct order_state *state = state_of(r);
	Carehub__V1__PartsOrderPlaced *order = state->order;
	end_line(r);
	if (order->parts_order_id[0] == 0)
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "the order's number");
	if (order->n_lines == 0 && state->purpose != PURPOSE_CANCEL)
		reading_flaw_at(r,
			(struct flaw){.offset = r->message->end,
				.segment = r->message->segments,
				.tag = "LIN"},
			FLAW_MISSING, "there is no line");
	order->interchange = reading_origin(r);
	order->buyer_id = trade_buyer(r, true);
	order->station_id = trade_party_id(order->parties, order->n_parties, "BY DP ST");
	order->warehouse_id = trade_party_id(order->parties, order->n_parties, "WH SF");
	if (r->dated)
		order->order_date = reading_day(r, &r->date);
	if (state->purpose == PURPOSE_AMEND)
		make_amended(r, state);
	else if (state->purpose == PURPOSE_CANCEL)
		make_cancelled(r, state);
	else
		reading_make(r, "parts.order.placed", order, "", 0);
}

static const struct segment_rows edifact_rows = {
	SEGMENT_ROW('B', 'G', 'M', take_bgm),
	SEGMENT_ROW('D', 'T', 'M', take_date),
	SEGMENT_ROW('R', 'F', 'F', take_reference),
	SEGMENT_ROW('N', 'A', 'D', take_party),
	SEGMENT_ROW('C', 'T', 'A', take_contact),
	SEGMENT_ROW('C', 'O', 'M', take_contact),
	SEGMENT_ROW('C', 'U', 'X', take_currency),
	SEGMENT_ROW('F', 'T', 'X', take_text),
	SEGMENT_ROW('L', 'I', 'N', take_lin),
	SEGMENT_ROW('P', 'I', 'A', trade_pia),
	SEGMENT_ROW('I', 'M', 'D', trade_imd),
	SEGMENT_ROW('Q', 'T', 'Y', take_qty),
	SEGMENT_ROW('P', 'R', 'I', take_pri),
	SEGMENT_ROW('M', 'O', 'A', take_moa),
	SEGMENT_ROW('T', 'A', 'X', take_tax),
	SEGMENT_ROW('U', 'N', 'S', take_summary),
};

static const struct segment_rows x12_rows = {
	SEGMENT_ROW('B', 'E', 'G', take_beg),
	SEGMENT_ROW('B', 'C', 'H', take_beg),
	SEGMENT_ROW('C', 'U', 'R', take_currency),
	SEGMENT_ROW('D', 'T', 'M', take_date),
	SEGMENT_ROW('R', 'E', 'F', take_reference),
	SEGMENT_ROW('P', 'E', 'R', take_contact),
	SEGMENT_ROW('N', '1', 0, take_party),
	SEGMENT_ROW('N', '4', 0, take_place),
	SEGMENT_ROW('M', 'S', 'G', take_text),
	SEGMENT_ROW('P', 'O', '1', take_po1),
	SEGMENT_ROW('P', 'O', 'C', take_po1),
	SEGMENT_ROW('P', 'I', 'D', trade_imd),
	SEGMENT_ROW('C', 'T', 'T', take_summary),
	SEGMENT_ROW('A', 'M', 'T', take_amt),
};

const struct document document_order = {
	.edifact = &edifact_rows,
	.x12 = &x12_rows,
	.state_bytes = sizeof(struct order_state),
	.begin = order_begin,
	.end = order_end,
};
