/* ORDRSP, X12 855: the seller says which lines of an order will come, when, and which will not.
 *
 * Besides the answer itself, what concerns the clock of supply is said by an event of its own: lines that
 * will come later, and an order of which nothing will come. */
#include "channel/parts/trade.h"

#define ANSWER(name) CAREHUB__V1__PARTS_ANSWER__PARTS_ANSWER_##name

struct response_state {
	Carehub__V1__PartsOrderAnswered *answer;
	Carehub__V1__TradeParty *party;
	Carehub__V1__PartsAnswerLine *line;
	struct flaw begin_at;
};

static const struct answer_row {
	struct short_code code; /* "": there are no more */
	Carehub__V1__PartsAnswer answer;
} functions[] =
	{
		/* 1225 */
		{{"4"}, ANSWER(CHANGED)},
		{{"12"}, ANSWER(UNSPECIFIED)},
		{{"27"}, ANSWER(REJECTED)},
		{{"29"}, ANSWER(ACCEPTED)},
		/* 4343 */
		{{"AP"}, ANSWER(ACCEPTED)},
		{{"AC"}, ANSWER(CHANGED)},
		{{"RE"}, ANSWER(REJECTED)},
		{{""}, ANSWER(UNSPECIFIED)},
},
  actions[] =
	  {
		  /* 1229 of LIN */
		  {{"1"}, ANSWER(ADDED)},
		  {{"2"}, ANSWER(DELETED)},
		  {{"3"}, ANSWER(CHANGED)},
		  {{"5"}, ANSWER(ACCEPTED)},
		  {{"6"}, ANSWER(CHANGED)},
		  {{"7"}, ANSWER(REJECTED)},
		  {{"24"}, ANSWER(CHANGED)},
		  {{""}, ANSWER(UNSPECIFIED)},
},
  types[] =
	  {
		  /* X12 587, of BAK */
		  {{"AC"}, ANSWER(CHANGED)},
		  {{"AD"}, ANSWER(ACCEPTED)},
		  {{"AE"}, ANSWER(CHANGED)},
		  {{"AK"}, ANSWER(ACCEPTED)},
		  {{"AP"}, ANSWER(ACCEPTED)},
		  {{"RD"}, ANSWER(REJECTED)},
		  {{"RF"}, ANSWER(REJECTED)},
		  {{"RJ"}, ANSWER(REJECTED)},
		  {{""}, ANSWER(UNSPECIFIED)},
},
  statuses[] = {
	  /* X12 668, of ACK */
	  {{"IA"}, ANSWER(ACCEPTED)},
	  {{"IB"}, ANSWER(BACKORDERED)},
	  {{"IC"}, ANSWER(CHANGED)},
	  {{"ID"}, ANSWER(DELETED)},
	  {{"IH"}, ANSWER(BACKORDERED)},
	  {{"IP"}, ANSWER(CHANGED)},
	  {{"IQ"}, ANSWER(CHANGED)},
	  {{"IR"}, ANSWER(REJECTED)},
	  {{"IS"}, ANSWER(CHANGED)},
	  {{"R1"}, ANSWER(REJECTED)},
	  {{"R2"}, ANSWER(REJECTED)},
	  {{"R3"}, ANSWER(REJECTED)},
	  {{""}, ANSWER(UNSPECIFIED)},
};

static Carehub__V1__PartsAnswer answer_of(const struct answer_row *rows, struct slice code)
{
	struct short_code wanted = short_code_of(code);
	for (; rows->code.text[0] != 0; rows++) {
		if (short_code_equal(rows->code, wanted))
			return rows->answer;
	}
	return ANSWER(UNSPECIFIED);
}

static struct response_state *state_of(struct reading *r)
{
	return r->state;
}

static void response_begin(struct reading *r)
{
	struct response_state *state = state_of(r);
	state->answer = reading_new(r, &carehub__v1__parts_order_answered__descriptor);
	state->begin_at = (struct flaw){.offset = r->message->offset, .segment = 1};
}

/* ---- The head ---- */

static void take_bgm(struct reading *r)
{
	struct response_state *state = state_of(r);
	state->begin_at = segment_flaw(r->segment, FLAW_MISSING, 0, 0, NULL);
	state->answer->response_id = reading_text(r, 2, 1);
	state->answer->answer = answer_of(functions, segment_get(r->segment, 3, 1));
	if (state->answer->answer == ANSWER(UNSPECIFIED))
		state->answer->answer = answer_of(functions, segment_get(r->segment, 4, 1));
}

/* BAK*purpose*type*order*order's date*release*request*contract*reference*date; some leave the last one out. */
static void take_bak(struct reading *r)
{
	struct response_state *state = state_of(r);
	state->begin_at = segment_flaw(r->segment, FLAW_MISSING, 3, 0, NULL);
	state->answer->answer = answer_of(types, segment_get(r->segment, 2, 1));
	state->answer->parts_order_id = reading_text(r, 3, 1);
	state->answer->response_id = reading_text(r, 8, 1);
	unsigned date = segment_get(r->segment, 9, 1).len > 0 ? 9 : 4;
	if (segment_get(r->segment, date, 1).len == 0)
		return;
	r->dated = date_parse_pair(segment_get(r->segment, date, 1), (struct slice){NULL, 0},
			   &r->date) == CH_OK;
	if (!r->dated)
		reading_flaw(r, FLAW_DATE, date, 0, NULL);
}

static void take_date(struct reading *r)
{
	struct response_state *state = state_of(r);
	struct moment moment;
	if (!r->inside && trade_document_date(r))
		return;
	if (state->line == NULL)
		return;
	if (trade_date(r, "2", &moment) || trade_date(r, "67", &moment) ||
		trade_date(r, "69", &moment) || trade_date(r, "068", &moment) ||
		trade_date(r, "067", &moment) || trade_date(r, "017", &moment))
		state->line->expected_time_us = reading_utc(r, &moment);
}

static void take_reference(struct reading *r)
{
	struct response_state *state = state_of(r);
	if (state->line != NULL && segment_says(r->segment, 1, 1, "LI")) {
		/* The order's own number of the line, in either of two places. */
		struct slice line = segment_get(r->segment, 1, 3);
		state->line->line_id =
			reading_copy(r, line.len > 0 ? line : segment_get(r->segment, 1, 2));
	} else if (segment_says(r->segment, 1, 1, "ON")) {
		reading_set(r, &state->answer->parts_order_id, 1, 2);
	}
}

static void take_party(struct reading *r)
{
	struct response_state *state = state_of(r);
	if (r->inside)
		return;
	state->party = trade_party(r);
	READING_ADD(r, state->answer, parties, state->party);
}

static void take_place(struct reading *r)
{
	if (!r->inside)
		trade_party_place(r, state_of(r)->party);
}

static void take_contact(struct reading *r)
{
	if (!r->inside)
		trade_contact(r, &state_of(r)->answer->contact_text);
}

static void take_currency(struct reading *r)
{
	trade_currency(r, &state_of(r)->answer->currency);
}

static void take_text(struct reading *r)
{
	trade_remarks(r, &state_of(r)->answer->remarks);
}

/* ---- Lines ---- */

static bool is_some(const Carehub__V1__Decimal *number)
{
	return number != NULL && number->unscaled > 0;
}

/* What is not said outright follows from the quantities. */
static void end_line(struct reading *r)
{
	struct response_state *state = state_of(r);
	Carehub__V1__PartsAnswerLine *line = state->line;
	if (line != NULL && is_some(line->backordered_quantity) &&
		(line->answer == ANSWER(UNSPECIFIED) || !is_some(line->confirmed_quantity)))
		line->answer =
			is_some(line->confirmed_quantity) ? ANSWER(CHANGED) : ANSWER(BACKORDERED);
	state->line = NULL;
	r->item = NULL;
}

static void begin_line(struct reading *r)
{
	struct response_state *state = state_of(r);
	end_line(r);
	r->inside = true;
	state->line = reading_new(r, &carehub__v1__parts_answer_line__descriptor);
	if (state->line == NULL)
		return;
	r->item = &state->line->item;
	state->line->line_id = reading_text(r, 1, 1);
	READING_ADD(r, state->answer, lines, state->line);
}

static void take_lin(struct reading *r)
{
	struct response_state *state = state_of(r);
	begin_line(r);
	if (state->line == NULL)
		return;
	state->line->answer = answer_of(actions, segment_get(r->segment, 2, 1));
	trade_line_item(r, &state->line->item);
}

/* PO1*line*quantity*unit*price*basis*pairs */
static void take_po1(struct reading *r)
{
	struct response_state *state = state_of(r);
	begin_line(r);
	if (state->line == NULL)
		return;
	state->line->ordered_quantity = reading_number(r, 2, 1);
	state->line->unit = reading_text(r, 3, 1);
	state->line->unit_price = reading_number(r, 4, 1);
	trade_pairs(r, &state->line->item, 6);
}

/* ACK*status*quantity*unit*qualifier*date*request*pairs of a substitute; several for a line that comes in parts. */
static void take_ack(struct reading *r)
{
	Carehub__V1__PartsAnswerLine *line = state_of(r)->line;
	struct moment moment;
	if (line == NULL)
		return;
	Carehub__V1__PartsAnswer answer = answer_of(statuses, segment_get(r->segment, 1, 1));
	bool refused = answer == ANSWER(REJECTED) || answer == ANSWER(DELETED);
	if (answer == ANSWER(BACKORDERED))
		line->backordered_quantity = reading_number(r, 2, 1);
	else if (!refused && line->confirmed_quantity == NULL)
		line->confirmed_quantity = reading_number(r, 2, 1);
	if (line->answer != ANSWER(UNSPECIFIED) && line->answer != answer)
		answer = ANSWER(CHANGED);
	line->answer = answer;
	reading_set(r, &line->unit, 3, 1);
	if (segment_says(r->segment, 1, 1, "IS"))
		trade_pairs(r, &line->substitute, 7);
	if (segment_get(r->segment, 5, 1).len == 0)
		return;
	if (date_parse_pair(segment_get(r->segment, 5, 1), (struct slice){NULL, 0}, &moment) ==
		CH_OK)
		line->expected_time_us = reading_utc(r, &moment);
	else
		reading_flaw(r, FLAW_DATE, 5, 0, NULL);
}

/* PIA+3 and PIA+4 name what comes in the place of the article; the others are its further numbers. */
static void take_pia(struct reading *r)
{
	Carehub__V1__PartsAnswerLine *line = state_of(r)->line;
	if (line == NULL)
		return;
	bool instead = segment_says(r->segment, 1, 1, "3") || segment_says(r->segment, 1, 1, "4");
	trade_more_items(r, instead ? &line->substitute : &line->item);
}

#define FIELD(name) offsetof(Carehub__V1__PartsAnswerLine, name)
static const struct quantity_row quantities[] = {
	{.edifact = {"21"}, .offset = FIELD(ordered_quantity)},
	{.edifact = {"12"}, .offset = FIELD(confirmed_quantity)},
	{.edifact = {"113"}, .offset = FIELD(confirmed_quantity)},
	{.edifact = {"194"}, .offset = FIELD(confirmed_quantity)},
	{.edifact = {"83"}, .offset = FIELD(backordered_quantity)},
};
#undef FIELD

static void take_qty(struct reading *r)
{
	Carehub__V1__PartsAnswerLine *line = state_of(r)->line;
	if (line == NULL)
		return;
	Carehub__V1__Decimal **field = TRADE_QUANTITY(r, line, quantities);
	if (field == NULL)
		return;
	*field = reading_number(r, 1, 2);
	reading_set(r, &line->unit, 1, 3);
}

static void take_pri(struct reading *r)
{
	Carehub__V1__PartsAnswerLine *line = state_of(r)->line;
	if (line != NULL && segment_says(r->segment, 1, 1, "AAA"))
		line->unit_price = trade_price_of_one(r);
}

static void take_qvr(struct reading *r)
{
	Carehub__V1__PartsAnswerLine *line = state_of(r)->line;
	if (line != NULL)
		reading_set(r, &line->reason_code, 2, 1);
}

static void take_summary(struct reading *r)
{
	end_line(r);
}

/* ---- The events ---- */

static void make_backordered(struct reading *r, const Carehub__V1__PartsOrderAnswered *answer)
{
	Carehub__V1__PartsOrderBackordered *event = NULL;
	for (size_t i = 0; i < answer->n_lines; i++) {
		Carehub__V1__PartsAnswerLine *line = answer->lines[i];
		if (line->answer != ANSWER(BACKORDERED) && !is_some(line->backordered_quantity))
			continue;
		if (event == NULL)
			event = reading_new(r, &carehub__v1__parts_order_backordered__descriptor);
		if (event != NULL)
			READING_ADD(r, event, lines, line);
	}
	if (event == NULL)
		return;
	event->parts_order_id = answer->parts_order_id;
	event->buyer_id = answer->buyer_id;
	event->interchange = answer->interchange;
	event->warehouse_id = trade_party_id(answer->parties, answer->n_parties, "WH SF SU");
	reading_make(r, "parts.order.backordered", event, "#backordered", 0);
}

static bool is_refused(const Carehub__V1__PartsAnswerLine *line)
{
	return line->answer == ANSWER(REJECTED) || line->answer == ANSWER(DELETED);
}

/* The order is refused as a whole, or line by line where lines have no numbers to be named by. */
static bool nothing_comes(const Carehub__V1__PartsOrderAnswered *answer)
{
	for (size_t i = 0; i < answer->n_lines && answer->answer != ANSWER(REJECTED); i++) {
		if (!is_refused(answer->lines[i]) || answer->lines[i]->line_id[0] != 0)
			return false;
	}
	return answer->n_lines > 0 || answer->answer == ANSWER(REJECTED);
}

/* The lines that the seller refuses; without a number of its own a line cannot be named. */
static void make_cancelled(
	struct reading *r, const Carehub__V1__PartsOrderAnswered *answer, bool all)
{
	Carehub__V1__PartsOrderCancelled *event = NULL;
	for (size_t i = 0; i < answer->n_lines && !all; i++) {
		if (!is_refused(answer->lines[i]) || answer->lines[i]->line_id[0] == 0)
			continue;
		if (event == NULL)
			event = reading_new(r, &carehub__v1__parts_order_cancelled__descriptor);
		if (event != NULL)
			READING_ADD(r, event, line_ids, answer->lines[i]->line_id);
	}
	if (all)
		event = reading_new(r, &carehub__v1__parts_order_cancelled__descriptor);
	if (event == NULL)
		return;
	event->buyer_id = answer->buyer_id;
	event->parts_order_id = answer->parts_order_id;
	event->interchange = answer->interchange;
	event->by_buyer = CAREHUB__V1__ANSWER__ANSWER_NO;
	reading_make(r, "parts.order.cancelled", event, "#cancelled", 0);
}

static void response_end(struct reading *r)
{
	struct response_state *state = state_of(r);
	Carehub__V1__PartsOrderAnswered *answer = state->answer;
	end_line(r);
	answer->interchange = reading_origin(r);
	answer->buyer_id = trade_buyer(r, false);
	if (answer->parts_order_id[0] == 0)
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "the order that is answered");
	if (answer->n_lines == 0 && answer->answer == ANSWER(UNSPECIFIED))
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "it says neither yes nor no");
	if (r->dated)
		answer->response_date = reading_day(r, &r->date);
	reading_make(r, "parts.order.answered", answer, "", 0);
	bool nothing = nothing_comes(answer);
	make_cancelled(r, answer, nothing);
	if (!nothing)
		make_backordered(r, answer);
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
	SEGMENT_ROW('P', 'I', 'A', take_pia),
	SEGMENT_ROW('I', 'M', 'D', trade_imd),
	SEGMENT_ROW('Q', 'T', 'Y', take_qty),
	SEGMENT_ROW('Q', 'V', 'R', take_qvr),
	SEGMENT_ROW('P', 'R', 'I', take_pri),
	SEGMENT_ROW('U', 'N', 'S', take_summary),
};

static const struct segment_rows x12_rows = {
	SEGMENT_ROW('B', 'A', 'K', take_bak),
	SEGMENT_ROW('C', 'U', 'R', take_currency),
	SEGMENT_ROW('D', 'T', 'M', take_date),
	SEGMENT_ROW('P', 'E', 'R', take_contact),
	SEGMENT_ROW('N', '1', 0, take_party),
	SEGMENT_ROW('N', '4', 0, take_place),
	SEGMENT_ROW('M', 'S', 'G', take_text),
	SEGMENT_ROW('P', 'O', '1', take_po1),
	SEGMENT_ROW('P', 'I', 'D', trade_imd),
	SEGMENT_ROW('A', 'C', 'K', take_ack),
	SEGMENT_ROW('C', 'T', 'T', take_summary),
};

const struct document document_response = {
	.edifact = &edifact_rows,
	.x12 = &x12_rows,
	.state_bytes = sizeof(struct response_state),
	.begin = response_begin,
	.end = response_end,
};
