/* RECADV, X12 861: parts arrived and were counted; the clock of supply stops.  A receipt over several orders
 * is an event for each. */
#include "channel/parts/trade.h"

/* Of one receipt. */
#define ORDERS_MAX 500u

struct receipt_state {
	Carehub__V1__PartsGoodsReceived *receipt;
	Carehub__V1__TradeParty **parties;
	size_t n_parties;
	Carehub__V1__ReceiptLine *line;
	struct flaw begin_at;
	struct flaw line_at;
	uint32_t flaws; /* when the line began */
};

static struct receipt_state *state_of(struct reading *r)
{
	return r->state;
}

static void receipt_begin(struct reading *r)
{
	struct receipt_state *state = state_of(r);
	state->receipt = reading_new(r, &carehub__v1__parts_goods_received__descriptor);
	state->begin_at = (struct flaw){.offset = r->message->offset, .segment = 1};
}

static void take_bgm(struct reading *r)
{
	state_of(r)->begin_at = segment_flaw(r->segment, FLAW_MISSING, 2, 0, NULL);
	state_of(r)->receipt->receipt_id = reading_text(r, 2, 1);
}

/* BRA*number*date*purpose*type*time */
static void take_bra(struct reading *r)
{
	state_of(r)->begin_at = segment_flaw(r->segment, FLAW_MISSING, 1, 0, NULL);
	state_of(r)->receipt->receipt_id = reading_text(r, 1, 1);
	r->dated = date_parse_pair(segment_get(r->segment, 2, 1), segment_get(r->segment, 5, 1),
			   &r->date) == CH_OK;
	if (!r->dated)
		reading_flaw(r, FLAW_DATE, 2, 0, NULL);
}

/* The moment of arrival stands before the date of the paper. */
static void take_date(struct reading *r)
{
	struct moment moment;
	if (state_of(r)->line != NULL)
		return;
	if (trade_date(r, "50", &moment) || trade_date(r, "35", &moment) ||
		trade_date(r, "050", &moment)) {
		r->date = moment;
		r->dated = true;
	} else if (!r->dated) {
		(void)trade_document_date(r); /* not there: none */
	}
}

static void take_reference(struct reading *r)
{
	struct receipt_state *state = state_of(r);
	const struct segment *s = r->segment;
	bool x12 = r->interchange->standard == STANDARD_X12;
	unsigned element = x12 ? 2 : 1;
	unsigned component = x12 ? 1 : 2;
	bool repair = (x12 && segment_says(s, 1, 1, "WO")) ||
		      (r->options->repair_reference.len > 0 &&
			      slice_equal(segment_get(s, 1, 1), r->options->repair_reference));
	bool order = segment_says(s, 1, 1, x12 ? "PO" : "ON");
	bool advice = segment_says(s, 1, 1, x12 ? "SI" : "AAK") ||
		      segment_says(s, 1, 1, x12 ? "PK" : "DQ");
	if (state->line == NULL && x12 && segment_says(s, 1, 1, "L1")) {
		reading_append(r, &state->receipt->remarks, segment_get(s, 3, 1), "\n");
	} else if (state->line == NULL && order) {
		READING_ADD(
			r, state->receipt, parts_order_ids, reading_text(r, element, component));
	} else if (state->line == NULL && advice) {
		reading_set(r, &state->receipt->dispatch_id, element, component);
	} else if (order) {
		reading_set(r, &state->line->parts_order_id, element, component);
		if (!x12)
			reading_set(r, &state->line->order_line_id, 1, 3);
	} else if (state->line != NULL && repair) {
		reading_set(r, &state->line->repair_order_id, element, component);
	} else if (state->line != NULL && x12 && segment_says(s, 1, 1, "SE") &&
		   segment_get(s, 2, 1).len > 0) {
		READING_ADD(r, state->line, serial_numbers, reading_text(r, 2, 1));
	}
}

/* PRF*order****line: for what follows, or for the line it stands in. */
static void take_prf(struct reading *r)
{
	struct receipt_state *state = state_of(r);
	if (state->line != NULL) {
		reading_set(r, &state->line->parts_order_id, 1, 1);
		reading_set(r, &state->line->order_line_id, 5, 1);
	} else {
		READING_ADD(r, state->receipt, parts_order_ids, reading_text(r, 1, 1));
	}
}

static void take_party(struct reading *r)
{
	struct receipt_state *state = state_of(r);
	if (state->line == NULL)
		reading_push(r, &state->parties, &state->n_parties, trade_party(r));
}

static void take_text(struct reading *r)
{
	trade_remarks(r, &state_of(r)->receipt->remarks);
}

/* ---- Lines ---- */

static void end_line(struct reading *r)
{
	struct receipt_state *state = state_of(r);
	if (state->line != NULL && state->line->received_quantity == NULL &&
		state->line->accepted_quantity == NULL && r->message->flaws.count == state->flaws)
		reading_flaw_at(r, state->line_at, FLAW_MISSING, "the line has no quantity");
	state->line = NULL;
	r->item = NULL;
}

static void begin_line(struct reading *r)
{
	struct receipt_state *state = state_of(r);
	end_line(r);
	state->line_at = segment_flaw(r->segment, FLAW_MISSING, 0, 0, NULL);
	state->flaws = r->message->flaws.count;
	state->line = reading_new(r, &carehub__v1__receipt_line__descriptor);
	if (state->line == NULL)
		return;
	r->item = &state->line->item;
	state->line->line_id = reading_text(r, 1, 1);
	READING_ADD(r, state->receipt, lines, state->line);
}

static void take_lin(struct reading *r)
{
	struct receipt_state *state = state_of(r);
	if (r->interchange->standard == STANDARD_X12) {
		if (state->line != NULL)
			trade_pairs(r, &state->line->item, 2);
		return;
	}
	begin_line(r);
	if (state->line != NULL)
		trade_line_item(r, &state->line->item);
}

/* RCD*line*received*unit*returned*unit*in question*unit*condition */
static void take_rcd(struct reading *r)
{
	struct receipt_state *state = state_of(r);
	begin_line(r);
	if (state->line == NULL)
		return;
	state->line->received_quantity = reading_number(r, 2, 1);
	state->line->unit = reading_text(r, 3, 1);
	state->line->damaged_quantity = reading_number(r, 6, 1);
	state->line->discrepancy_code = reading_text(r, 8, 1);
}

#define FIELD(name) offsetof(Carehub__V1__ReceiptLine, name)
static const struct quantity_row quantities[] = {
	{.edifact = {"48"}, .offset = FIELD(received_quantity)},
	{.edifact = {"194"}, .offset = FIELD(accepted_quantity)},
	{.edifact = {"124"}, .offset = FIELD(damaged_quantity)},
};
#undef FIELD

static void take_qty(struct reading *r)
{
	Carehub__V1__ReceiptLine *line = state_of(r)->line;
	if (line == NULL)
		return;
	Carehub__V1__Decimal **field = TRADE_QUANTITY(r, line, quantities);
	if (field == NULL)
		return;
	*field = reading_number(r, 1, 2);
	reading_set(r, &line->unit, 1, 3);
}

static void take_qvr(struct reading *r)
{
	Carehub__V1__ReceiptLine *line = state_of(r)->line;
	if (line != NULL)
		reading_set(r, &line->discrepancy_code, 2, 1);
}

static void take_gin(struct reading *r)
{
	Carehub__V1__ReceiptLine *line = state_of(r)->line;
	for (unsigned i = 2; i <= 6 && line != NULL; i++) {
		if (segment_get(r->segment, i, 1).len > 0 &&
			(segment_says(r->segment, 1, 1, "BN") ||
				segment_says(r->segment, 1, 1, "SN")))
			READING_ADD(r, line, serial_numbers, reading_text(r, i, 1));
	}
}

static void take_summary(struct reading *r)
{
	end_line(r);
}

/* ---- The events ---- */

/* A line is of the head's order when there is one and the line names none. */
static void settle_orders(Carehub__V1__PartsGoodsReceived *receipt)
{
	for (size_t i = 0; i < receipt->n_lines && receipt->n_parts_order_ids == 1; i++) {
		if (receipt->lines[i]->parts_order_id[0] == 0)
			receipt->lines[i]->parts_order_id = receipt->parts_order_ids[0];
	}
}

/* The event for an order, a new one when it is met for the first time; NULL when there are too many. */
static Carehub__V1__PartsGoodsReceived *event_of(struct reading *r,
	const Carehub__V1__PartsGoodsReceived *receipt, char *order,
	Carehub__V1__PartsGoodsReceived **events, size_t *count)
{
	for (size_t i = *count; i > 0; i--) { /* lines of an order mostly stand together */
		const Carehub__V1__PartsGoodsReceived *event = events[i - 1];
		if (strcmp(event->n_parts_order_ids > 0 ? event->parts_order_ids[0] : "", order) ==
			0)
			return events[i - 1];
	}
	if (*count == ORDERS_MAX)
		return NULL;
	Carehub__V1__PartsGoodsReceived *event =
		reading_new(r, &carehub__v1__parts_goods_received__descriptor);
	if (event == NULL)
		return NULL;
	*event = *receipt;
	event->lines = NULL;
	event->n_lines = 0;
	event->parts_order_ids = NULL;
	event->n_parts_order_ids = 0;
	if (order[0] != 0)
		READING_ADD(r, event, parts_order_ids, order);
	events[(*count)++] = event;
	return event;
}

/* Each order has a clock of its own, so each gets an event of its own. */
static void make_receipts(struct reading *r, Carehub__V1__PartsGoodsReceived *receipt)
{
	Carehub__V1__PartsGoodsReceived *events[ORDERS_MAX];
	size_t count = 0;
	settle_orders(receipt);
	for (size_t i = 0; i < receipt->n_lines && r->status == CH_OK; i++) {
		Carehub__V1__PartsGoodsReceived *event =
			event_of(r, receipt, receipt->lines[i]->parts_order_id, events, &count);
		if (event == NULL && r->status == CH_OK) {
			reading_flaw_at(
				r, state_of(r)->begin_at, FLAW_TOO_MANY, "orders in one receipt");
			return;
		}
		if (event != NULL)
			READING_ADD(r, event, lines, receipt->lines[i]);
	}
	for (size_t i = 0; i < count; i++)
		reading_make(r, "parts.goods.received", events[i], i > 0 ? "#order" : "",
			i > 0 ? (uint32_t)i + 1 : 0);
}

static void receipt_end(struct reading *r)
{
	struct receipt_state *state = state_of(r);
	Carehub__V1__PartsGoodsReceived *receipt = state->receipt;
	end_line(r);
	receipt->interchange = reading_origin(r);
	receipt->buyer_id = trade_buyer(r, true);
	if (receipt->receipt_id[0] == 0)
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "the receipt's number");
	if (receipt->n_lines == 0)
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "there is no line");
	receipt->warehouse_id = trade_party_id(state->parties, state->n_parties, "WH");
	receipt->station_id = trade_party_id(state->parties, state->n_parties, "DP ST BY OB");
	if (receipt->station_id[0] == 0 && receipt->warehouse_id[0] == 0)
		receipt->station_id = reading_copy(r, r->interchange->sender.id);
	make_receipts(r, receipt);
}

static const struct segment_rows edifact_rows = {
	SEGMENT_ROW('B', 'G', 'M', take_bgm),
	SEGMENT_ROW('D', 'T', 'M', take_date),
	SEGMENT_ROW('R', 'F', 'F', take_reference),
	SEGMENT_ROW('N', 'A', 'D', take_party),
	SEGMENT_ROW('F', 'T', 'X', take_text),
	SEGMENT_ROW('L', 'I', 'N', take_lin),
	SEGMENT_ROW('P', 'I', 'A', trade_pia),
	SEGMENT_ROW('I', 'M', 'D', trade_imd),
	SEGMENT_ROW('Q', 'T', 'Y', take_qty),
	SEGMENT_ROW('Q', 'V', 'R', take_qvr),
	SEGMENT_ROW('G', 'I', 'N', take_gin),
	SEGMENT_ROW('U', 'N', 'S', take_summary),
};

static const struct segment_rows x12_rows = {
	SEGMENT_ROW('B', 'R', 'A', take_bra),
	SEGMENT_ROW('D', 'T', 'M', take_date),
	SEGMENT_ROW('R', 'E', 'F', take_reference),
	SEGMENT_ROW('P', 'R', 'F', take_prf),
	SEGMENT_ROW('N', '1', 0, take_party),
	SEGMENT_ROW('R', 'C', 'D', take_rcd),
	SEGMENT_ROW('L', 'I', 'N', take_lin),
	SEGMENT_ROW('P', 'I', 'D', trade_imd),
	SEGMENT_ROW('C', 'T', 'T', take_summary),
};

const struct document document_receipt = {
	.edifact = &edifact_rows,
	.x12 = &x12_rows,
	.state_bytes = sizeof(struct receipt_state),
	.begin = receipt_begin,
	.end = receipt_end,
};
