/* DESADV, X12 856: what was sent, how it is packed, and for which order. */
#include "base/table.h"
#include "base/text.h"
#include "channel/parts/trade.h"

/* What an HL of X12 has handed down to those below it. */
struct level {
	Carehub__V1__PartsPackage *package;
	char *order_id;
};

struct dispatch_state {
	Carehub__V1__PartsDispatchAdvised *advice;
	Carehub__V1__TradeParty *party;
	Carehub__V1__PartsPackage *package;
	Carehub__V1__DispatchLine *line;
	char *order_id;        /* X12: of the order level that the items stand below */
	struct level **levels; /* X12: HL, as long as they are counted from 1 on */
	size_t n_levels;
	bool uncounted; /* they are not: each is below the one before it */
	struct flaw begin_at;
	struct flaw line_at;
	uint32_t flaws; /* when the line began */
};

static struct dispatch_state *state_of(struct reading *r)
{
	return r->state;
}

static void dispatch_begin(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	state->advice = reading_new(r, &carehub__v1__parts_dispatch_advised__descriptor);
	state->order_id = reading_copy(r, (struct slice){NULL, 0});
	state->begin_at = (struct flaw){.offset = r->message->offset, .segment = 1};
}

/* ---- The head ---- */

static void take_bgm(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	state->begin_at = segment_flaw(r->segment, FLAW_MISSING, 2, 0, NULL);
	state->advice->dispatch_id = reading_text(r, 2, 1);
}

/* BSN*purpose*number*date*time */
static void take_bsn(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	state->begin_at = segment_flaw(r->segment, FLAW_MISSING, 2, 0, NULL);
	state->advice->dispatch_id = reading_text(r, 2, 1);
	r->dated = date_parse_pair(segment_get(r->segment, 3, 1), segment_get(r->segment, 4, 1),
			   &r->date) == CH_OK;
	if (!r->dated)
		reading_flaw(r, FLAW_DATE, 3, 0, NULL);
}

static void take_date(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	struct moment moment;
	if (state->line != NULL) {
		if (trade_date(r, "361", &moment) || trade_date(r, "36", &moment) ||
			trade_date(r, "036", &moment))
			state->line->expiry_date = reading_day(r, &moment);
		return;
	}
	if (trade_document_date(r))
		return;
	if (trade_date(r, "11", &moment) || trade_date(r, "011", &moment)) {
		state->advice->dispatch_date = reading_day(r, &moment);
		if (moment.has_time)
			state->advice->dispatch_time_us = reading_utc(r, &moment);
	} else if (trade_date(r, "17", &moment) || trade_date(r, "132", &moment) ||
		   trade_date(r, "017", &moment)) {
		state->advice->expected_time_us = reading_utc(r, &moment);
	}
}

static void head_reference(struct reading *r, struct dispatch_state *state)
{
	Carehub__V1__PartsDispatchAdvised *advice = state->advice;
	bool x12 = r->interchange->standard == STANDARD_X12;
	if (x12 && segment_says(r->segment, 1, 1, "L1"))
		reading_append(r, &advice->remarks, segment_get(r->segment, 3, 1), "\n");
	else if (!x12 && segment_says(r->segment, 1, 1, "ON"))
		READING_ADD(r, advice, parts_order_ids, reading_text(r, 1, 2));
	else if (segment_says(r->segment, 1, 1, "CN"))
		READING_ADD(r, advice, tracking_numbers, reading_text(r, x12 ? 2 : 1, x12 ? 1 : 2));
	else
		READING_ADD(r, advice, references, trade_reference(r));
}

static void take_reference(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	const struct segment *s = r->segment;
	bool x12 = r->interchange->standard == STANDARD_X12;
	if (state->line == NULL) {
		if (!r->inside || x12)
			head_reference(r, state);
		return;
	}
	if (x12) {
		if (segment_says(s, 1, 1, "WO"))
			reading_set(r, &state->line->repair_order_id, 2, 1);
		else if (segment_says(s, 1, 1, "SE") && segment_get(s, 2, 1).len > 0)
			READING_ADD(r, state->line, serial_numbers, reading_text(r, 2, 1));
	} else if (segment_says(s, 1, 1, "ON")) {
		reading_set(r, &state->line->parts_order_id, 1, 2);
		reading_set(r, &state->line->order_line_id, 1, 3);
	} else if (segment_says(s, 1, 1, "LI")) {
		reading_set(
			r, &state->line->order_line_id, 1, segment_get(s, 1, 3).len > 0 ? 3 : 2);
	} else if (r->options->repair_reference.len > 0 &&
		   slice_equal(segment_get(s, 1, 1), r->options->repair_reference)) {
		reading_set(r, &state->line->repair_order_id, 1, 2);
	}
}

static void take_party(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	if (state->line != NULL)
		return;
	state->party = trade_party(r);
	READING_ADD(r, state->advice, parties, state->party);
}

static void take_place(struct reading *r)
{
	if (state_of(r)->line == NULL)
		trade_party_place(r, state_of(r)->party);
}

/* TDT+20++30+31+carrier, C040: code, list, agency, name; TD5*..*qualifier*code. */
static void take_carrier(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	char **carrier = &state->advice->carrier;
	if (r->interchange->standard == STANDARD_X12) {
		reading_set(r, carrier, 5, 1);
		reading_set(r, carrier, 3, 1);
	} else {
		reading_set(r, carrier, 5, 4);
		reading_set(r, carrier, 5, 1);
	}
}

static void take_text(struct reading *r)
{
	trade_remarks(r, &state_of(r)->advice->remarks);
}

/* ---- Packing ---- */

static void end_line(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	if (state->line != NULL && state->line->quantity == NULL &&
		r->message->flaws.count == state->flaws)
		reading_flaw_at(r, state->line_at, FLAW_MISSING, "the line has no quantity");
	state->line = NULL;
	r->item = NULL;
}

static void begin_package(struct reading *r, char *parent_id)
{
	struct dispatch_state *state = state_of(r);
	state->package = reading_new(r, &carehub__v1__parts_package__descriptor);
	if (state->package == NULL)
		return;
	state->package->package_id = reading_text(r, 1, 1);
	state->package->parent_id = parent_id;
	READING_ADD(r, state->advice, packages, state->package);
}

static void take_cps(struct reading *r)
{
	end_line(r);
	r->inside = true;
	begin_package(r, reading_text(r, 2, 1));
}

static void take_pac(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	if (state->package != NULL && state->line == NULL)
		reading_set(r, &state->package->packaging, 3, 1);
}

/* MEA+PD+AAB+KGM:12.5: gross weight. */
static void take_mea(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	if (state->package != NULL && state->line == NULL &&
		segment_says(r->segment, 3, 1, "KGM") &&
		(segment_says(r->segment, 2, 1, "AAB") || segment_says(r->segment, 2, 1, "G")))
		state->package->weight_kg = reading_number(r, 3, 2);
}

/* GIN+BJ+from:to+...: shipping containers of the packing, serial numbers of the line. */
static void take_gin(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	bool serial = segment_says(r->segment, 1, 1, "BN") || segment_says(r->segment, 1, 1, "SN");
	for (unsigned i = 2; i <= 6; i++) {
		if (segment_get(r->segment, i, 1).len == 0)
			continue;
		if (serial && state->line != NULL)
			READING_ADD(r, state->line, serial_numbers, reading_text(r, i, 1));
		else if (segment_says(r->segment, 1, 1, "BJ") && state->package != NULL)
			reading_set(r, &state->package->sscc, i, 1);
	}
}

/* TD1*kind*count****G*weight*KG, of a package */
static void take_td1(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	if (state->package == NULL || state->line != NULL)
		return;
	reading_set(r, &state->package->packaging, 1, 1);
	if (segment_says(r->segment, 6, 1, "G") && segment_says(r->segment, 8, 1, "KG"))
		state->package->weight_kg = reading_number(r, 7, 1);
}

/* MAN*GM*container */
static void take_man(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	if (state->package != NULL && segment_says(r->segment, 1, 1, "GM"))
		reading_set(r, &state->package->sscc, 2, 1);
}

/* ---- Lines ---- */

static void begin_line(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	end_line(r);
	r->inside = true;
	state->line_at = segment_flaw(r->segment, FLAW_MISSING, 0, 0, NULL);
	state->flaws = r->message->flaws.count;
	state->line = reading_new(r, &carehub__v1__dispatch_line__descriptor);
	if (state->line == NULL)
		return;
	r->item = &state->line->item;
	state->line->parts_order_id = state->order_id;
	if (state->package != NULL)
		state->line->package_id = state->package->package_id;
	READING_ADD(r, state->advice, lines, state->line);
}

static void take_lin(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	if (r->interchange->standard == STANDARD_X12) {
		if (state->line == NULL)
			begin_line(r);
		if (state->line == NULL)
			return;
		reading_set(r, &state->line->line_id, 1, 1);
		trade_pairs(r, &state->line->item, 2);
		return;
	}
	begin_line(r);
	if (state->line == NULL)
		return;
	state->line->line_id = reading_text(r, 1, 1);
	trade_line_item(r, &state->line->item);
}

/* The number of a level, HL01 or HL02; 0: it is none. */
static uint64_t level_number(struct reading *r, unsigned element)
{
	uint64_t number = 0;
	(void)text_parse_u64(segment_get(r->segment, element, 1), UINT32_MAX, &number);
	return number;
}

/* What the level above hands down.  Where levels are not counted it is the level before. */
static void inherit(struct reading *r, struct dispatch_state *state)
{
	uint64_t parent = level_number(r, 2);
	if (level_number(r, 1) != state->n_levels + 1)
		state->uncounted = true;
	if (state->uncounted)
		return;
	const struct level *above = parent > 0 && parent <= state->n_levels
					    ? state->levels[parent - 1]
					    : &(struct level){.package = NULL};
	state->package = above->package;
	state->order_id = above->order_id != NULL ? above->order_id
						  : reading_constant(protobuf_c_empty_string);
}

/* For those below. */
static void hand_down(struct reading *r, struct dispatch_state *state)
{
	struct level *level = state->uncounted ? NULL : arena_alloc(r->arena, sizeof(*level));
	if (state->uncounted)
		return;
	if (level == NULL) {
		r->status = CH_NOMEM;
		return;
	}
	*level = (struct level){state->package, state->order_id};
	reading_push(r, &state->levels, &state->n_levels, level);
}

/* HL*number*parent*level: shipment, order, tare, pack, item. */
static void take_hl(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	struct slice level = segment_get(r->segment, 3, 1);
	end_line(r);
	inherit(r, state);
	if (slice_equal(level, SLICE_LITERAL("I")))
		begin_line(r);
	else if (slice_equal(level, SLICE_LITERAL("O")) && state->uncounted)
		state->package = NULL;
	else if (slice_equal(level, SLICE_LITERAL("P")) || slice_equal(level, SLICE_LITERAL("T")))
		begin_package(r, state->uncounted || state->package == NULL
					 ? reading_constant(protobuf_c_empty_string)
					 : state->package->package_id);
	hand_down(r, state);
}

/* PRF*order */
static void take_prf(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	state->order_id = reading_text(r, 1, 1);
	if (!state->uncounted && state->n_levels > 0)
		state->levels[state->n_levels - 1]->order_id = state->order_id;
	READING_ADD(r, state->advice, parts_order_ids, state->order_id);
}

/* SN1*line*shipped*unit*so far*ordered*unit */
static void take_sn1(struct reading *r)
{
	Carehub__V1__DispatchLine *line = state_of(r)->line;
	if (line == NULL)
		return;
	reading_set(r, &line->order_line_id, 1, 1);
	line->quantity = reading_number(r, 2, 1);
	line->unit = reading_text(r, 3, 1);
	line->ordered_quantity = reading_number(r, 5, 1);
}

static void take_qty(struct reading *r)
{
	Carehub__V1__DispatchLine *line = state_of(r)->line;
	if (line == NULL)
		return;
	if (segment_says(r->segment, 1, 1, "12")) {
		line->quantity = reading_number(r, 1, 2);
		reading_set(r, &line->unit, 1, 3);
	} else if (segment_says(r->segment, 1, 1, "21")) {
		line->ordered_quantity = reading_number(r, 1, 2);
	}
}

/* QVR+-5:21+why */
static void take_qvr(struct reading *r)
{
	Carehub__V1__DispatchLine *line = state_of(r)->line;
	if (line == NULL)
		return;
	line->variance = reading_number(r, 1, 1);
	reading_set(r, &line->variance_code, 2, 1);
}

static void take_summary(struct reading *r)
{
	end_line(r);
}

/* ---- The event ---- */

/* An order whose lines are in several packages has a level in each. */
static void name_orders_once(struct reading *r, Carehub__V1__PartsDispatchAdvised *advice)
{
	struct table known;
	size_t count = 0;
	enum ch_status status = CH_OK;
	table_init(&known);
	for (size_t i = 0; i < advice->n_parts_order_ids && status != CH_NOMEM; i++) {
		char *order_id = advice->parts_order_ids[i];
		status = order_id[0] != 0 ? table_put(&known, slice_text(order_id), order_id)
					  : CH_EXISTS;
		if (status == CH_OK)
			advice->parts_order_ids[count++] = order_id;
	}
	table_fini(&known);
	advice->n_parts_order_ids = count;
	if (status == CH_NOMEM)
		r->status = status;
}

static void dispatch_end(struct reading *r)
{
	struct dispatch_state *state = state_of(r);
	Carehub__V1__PartsDispatchAdvised *advice = state->advice;
	end_line(r);
	if (advice->dispatch_id[0] == 0)
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "the advice's number");
	if (advice->n_lines == 0)
		reading_flaw_at(r,
			(struct flaw){.offset = r->message->end,
				.segment = r->message->segments,
				.tag = "LIN"},
			FLAW_MISSING, "there is no line");
	if (r->interchange->standard == STANDARD_X12)
		name_orders_once(r, advice);
	/* A line is of the head's order when there is one and the line names none. */
	for (size_t i = 0; i < advice->n_lines && advice->n_parts_order_ids == 1; i++) {
		if (advice->lines[i]->parts_order_id[0] == 0)
			advice->lines[i]->parts_order_id = advice->parts_order_ids[0];
	}
	advice->interchange = reading_origin(r);
	advice->station_id = trade_party_id(advice->parties, advice->n_parties, "DP ST CN BY OB");
	advice->warehouse_id = trade_party_id(advice->parties, advice->n_parties, "WH SF SH SU");
	reading_make(r, "parts.dispatch.advised", advice, "", 0);
}

static const struct segment_rows edifact_rows = {
	SEGMENT_ROW('B', 'G', 'M', take_bgm),
	SEGMENT_ROW('D', 'T', 'M', take_date),
	SEGMENT_ROW('R', 'F', 'F', take_reference),
	SEGMENT_ROW('N', 'A', 'D', take_party),
	SEGMENT_ROW('T', 'D', 'T', take_carrier),
	SEGMENT_ROW('F', 'T', 'X', take_text),
	SEGMENT_ROW('C', 'P', 'S', take_cps),
	SEGMENT_ROW('P', 'A', 'C', take_pac),
	SEGMENT_ROW('M', 'E', 'A', take_mea),
	SEGMENT_ROW('G', 'I', 'N', take_gin),
	SEGMENT_ROW('L', 'I', 'N', take_lin),
	SEGMENT_ROW('P', 'I', 'A', trade_pia),
	SEGMENT_ROW('I', 'M', 'D', trade_imd),
	SEGMENT_ROW('Q', 'T', 'Y', take_qty),
	SEGMENT_ROW('Q', 'V', 'R', take_qvr),
	SEGMENT_ROW('U', 'N', 'S', take_summary),
};

static const struct segment_rows x12_rows = {
	SEGMENT_ROW('B', 'S', 'N', take_bsn),
	SEGMENT_ROW('D', 'T', 'M', take_date),
	SEGMENT_ROW('H', 'L', 0, take_hl),
	SEGMENT_ROW('R', 'E', 'F', take_reference),
	SEGMENT_ROW('T', 'D', '1', take_td1),
	SEGMENT_ROW('T', 'D', '5', take_carrier),
	SEGMENT_ROW('N', '1', 0, take_party),
	SEGMENT_ROW('N', '4', 0, take_place),
	SEGMENT_ROW('P', 'R', 'F', take_prf),
	SEGMENT_ROW('M', 'A', 'N', take_man),
	SEGMENT_ROW('L', 'I', 'N', take_lin),
	SEGMENT_ROW('S', 'N', '1', take_sn1),
	SEGMENT_ROW('P', 'I', 'D', trade_imd),
	SEGMENT_ROW('C', 'T', 'T', take_summary),
};

const struct document document_dispatch = {
	.edifact = &edifact_rows,
	.x12 = &x12_rows,
	.state_bytes = sizeof(struct dispatch_state),
	.begin = dispatch_begin,
	.end = dispatch_end,
};
