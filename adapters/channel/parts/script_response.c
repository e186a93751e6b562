/* ORDRSP and 855: what the seller says to an order and its lines. */
#include "channel/parts/script.h"

/* What 004010 allows. */
#define ORDER_NUMBER_MAX 22u
#define RESPONSE_ID_MAX  30u
#define LINE_ID_MAX      20u
#define PRICE_MAX        17u

#define ANSWER(name) CAREHUB__V1__PARTS_ANSWER__PARTS_ANSWER_##name

struct answer_code {
	Carehub__V1__PartsAnswer answer;
	const char *code;
};

static const char *code_of(
	const struct answer_code *codes, size_t count, Carehub__V1__PartsAnswer answer)
{
	for (size_t i = 0; i < count; i++) {
		if (codes[i].answer == answer)
			return codes[i].code;
	}
	return "";
}

/* 1225 of BGM. */
static const char *function_of(Carehub__V1__PartsAnswer answer)
{
	static const struct answer_code codes[] = {
		{ANSWER(UNSPECIFIED), "9"},
		{ANSWER(ACCEPTED), "29"},
		{ANSWER(CHANGED), "4"},
		{ANSWER(REJECTED), "27"},
	};
	return code_of(codes, sizeof(codes) / sizeof(*codes), answer);
}

/* 1229 of LIN.  There is none for what comes later: QTY+83 says it. */
static const char *action_of(Carehub__V1__PartsAnswer answer)
{
	static const struct answer_code codes[] = {
		{ANSWER(ADDED), "1"},
		{ANSWER(DELETED), "2"},
		{ANSWER(CHANGED), "3"},
		{ANSWER(BACKORDERED), "3"},
		{ANSWER(ACCEPTED), "5"},
		{ANSWER(REJECTED), "7"},
	};
	return code_of(codes, sizeof(codes) / sizeof(*codes), answer);
}

/* What is back-ordered without a quantity is so as a whole; a substitute goes by its numbers. */
static enum ch_status settle_response(
	struct arena *arena, const struct script **script, ProtobufCMessage **document)
{
	const Carehub__V1__PartsOrderAnswered *response = (const void *)*document;
	(void)arena;
	(void)script;
	for (size_t i = 0; i < response->n_lines; i++) {
		Carehub__V1__PartsAnswerLine *line = response->lines[i];
		if (line->answer == ANSWER(BACKORDERED) && line->backordered_quantity == NULL)
			line->backordered_quantity = line->ordered_quantity;
		if (line->substitute != NULL)
			line->substitute->description = script_empty();
	}
	return CH_OK;
}

/* ---- ORDRSP ---- */

static void write_line(struct writing *w, const Carehub__V1__PartsAnswerLine *line)
{
	script_line(w, line->line_id, action_of(line->answer), line->item);
	script_more_items(w, "3", line->substitute);
	script_quantity(w, "ordered_quantity", "21", line->ordered_quantity, line->unit);
	script_quantity(w, "confirmed_quantity", "113", line->confirmed_quantity, line->unit);
	script_quantity(w, "backordered_quantity", "83", line->backordered_quantity, line->unit);
	writing_moment(w, "expected_time_us", "67", line->expected_time_us);
	if (line->reason_code[0] != 0) {
		writing_segment(w, "QVR");
		writing_put(w, "reason_code", 2, 1, slice_text(line->reason_code), 3);
		writing_end(w);
	}
	script_price(w, line->unit_price);
}

static void write_response(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsOrderAnswered *response = (const void *)document;
	script_begin(w, "231", "response_id", response->response_id, function_of(response->answer));
	script_date(w, response->response_date);
	script_remarks(w, response->remarks);
	script_reference(w, "parts_order_id", "ON", response->parts_order_id, "");
	script_parties(w, response->parties, response->n_parties);
	script_contact(w, response->contact_text);
	script_currency(w, response->currency, "9");
	for (size_t i = 0; i < response->n_lines; i++)
		write_line(w, response->lines[i]);
	script_summary(w);
	script_line_count(w, response->n_lines);
}

/* ---- 855 ---- */

/* A quantity of none says nothing, and in a line that is refused nothing can be confirmed. */
static enum ch_status settle_855(
	struct arena *arena, const struct script **script, ProtobufCMessage **document)
{
	const Carehub__V1__PartsOrderAnswered *response = (const void *)*document;
	(void)settle_response(arena, script, document); /* cannot fail */
	for (size_t i = 0; i < response->n_lines; i++) {
		Carehub__V1__PartsAnswerLine *line = response->lines[i];
		bool refused = line->answer == ANSWER(REJECTED) || line->answer == ANSWER(DELETED);
		if (line->backordered_quantity != NULL && line->backordered_quantity->unscaled == 0)
			line->backordered_quantity = NULL;
		if (refused && line->confirmed_quantity != NULL &&
			line->confirmed_quantity->unscaled == 0)
			line->confirmed_quantity = NULL;
	}
	return CH_OK;
}

/* What the lines say together, where the seller does not say it for all of them. */
static Carehub__V1__PartsAnswer answer_of(const Carehub__V1__PartsOrderAnswered *response)
{
	if (response->answer != ANSWER(UNSPECIFIED) || response->n_lines == 0)
		return response->answer;
	for (size_t i = 0; i < response->n_lines; i++) {
		if (response->lines[i]->answer != ANSWER(ACCEPTED))
			return ANSWER(CHANGED);
	}
	return ANSWER(ACCEPTED);
}

/* X12 587: with the lines' particulars, and without. */
static const char *type_of(const Carehub__V1__PartsOrderAnswered *response)
{
	static const struct answer_code with[] = {
		{ANSWER(ACCEPTED), "AD"},
		{ANSWER(CHANGED), "AC"},
		{ANSWER(REJECTED), "RD"},
	};
	static const struct answer_code without[] = {
		{ANSWER(ACCEPTED), "AK"},
		{ANSWER(CHANGED), "AC"},
		{ANSWER(REJECTED), "RJ"},
	};
	return code_of(response->n_lines > 0 ? with : without, 3, answer_of(response));
}

/* X12 668.  Of a line that says nothing outright the quantities do. */
static const char *status_of(const Carehub__V1__PartsAnswerLine *line)
{
	static const struct answer_code codes[] = {
		{ANSWER(ACCEPTED), "IA"}, {ANSWER(CHANGED), "IC"}, {ANSWER(DELETED), "ID"},
		{ANSWER(REJECTED), "IR"},
		{ANSWER(BACKORDERED), "IC"}, /* what comes of it now; IB is for the rest */
	};
	const Carehub__V1__Decimal *ordered = line->ordered_quantity;
	const Carehub__V1__Decimal *confirmed = line->confirmed_quantity;
	if (line->substitute != NULL)
		return "IS";
	if (line->answer != ANSWER(UNSPECIFIED))
		return code_of(codes, sizeof(codes) / sizeof(*codes), line->answer);
	return ordered != NULL && confirmed != NULL && ordered->unscaled == confirmed->unscaled &&
			       ordered->scale == confirmed->scale
		       ? "IA"
		       : "IC";
}

/* ACK*status*quantity*unit*qualifier*date*request*pairs of what comes in its place */
static void write_ack(struct writing *w, const Carehub__V1__PartsAnswerLine *line,
	const char *status, const Carehub__V1__Decimal *quantity)
{
	writing_segment(w, "ACK");
	writing_code(w, 1, 1, status);
	script_measure(w, "quantity", 2, 15, quantity, line->unit);
	if (strcmp(status, "IS") == 0)
		script_pairs(w, 7, line->substitute);
	writing_end(w);
}

/* PO1*line*quantity*unit*price*basis*pairs */
static void write_po1(struct writing *w, const Carehub__V1__PartsAnswerLine *line)
{
	bool now = line->confirmed_quantity != NULL || line->substitute != NULL;
	w->line++;
	writing_segment(w, "PO1");
	writing_put(w, "line_id", 1, 1, slice_text(line->line_id), LINE_ID_MAX);
	script_measure(w, "ordered_quantity", 2, 15, line->ordered_quantity, line->unit);
	writing_number(w, "unit_price", 4, 1, line->unit_price, PRICE_MAX);
	script_pairs(w, 6, line->item);
	writing_end(w);
	script_description(w, line->item);
	if (now || (line->answer != ANSWER(UNSPECIFIED) && line->answer != ANSWER(BACKORDERED)))
		write_ack(w, line, status_of(line), line->confirmed_quantity);
	if (line->backordered_quantity != NULL)
		write_ack(w, line, "IB", line->backordered_quantity);
	writing_moment(w, "expected_time_us", "067", line->expected_time_us);
}

/* BAK*purpose*type*order*order's date*release*request*contract*reference*date.  The order's date is asked for and not
 * known here: it is the answer's own. */
static void write_855(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsOrderAnswered *response = (const void *)document;
	if (answer_of(response) == ANSWER(UNSPECIFIED))
		writing_obstacle(w, "answer", "is missing, and there is no line", "say what it is");
	writing_segment(w, "BAK");
	writing_code(w, 1, 1, "00");
	writing_code(w, 2, 1, type_of(response));
	writing_put(
		w, "parts_order_id", 3, 1, slice_text(response->parts_order_id), ORDER_NUMBER_MAX);
	writing_date_of(w, "response_date", 4, response->response_date);
	writing_put(w, "response_id", 8, 1, slice_text(response->response_id), RESPONSE_ID_MAX);
	writing_date_of(w, "response_date", 9, response->response_date);
	writing_end(w);
	script_currency(w, response->currency, "SE");
	script_contact(w, response->contact_text);
	script_remarks(w, response->remarks);
	script_parties(w, response->parties, response->n_parties);
	for (size_t i = 0; i < response->n_lines; i++)
		write_po1(w, response->lines[i]);
	script_line_count(w, response->n_lines);
}

const struct script script_response = {
	.event = "parts.order.answered",
	.message = &carehub__v1__parts_order_answered__descriptor,
	.faces =
		{
			[STANDARD_EDIFACT] = {"ORDRSP", NULL, settle_response, write_response},
			[STANDARD_X12] = {"855", "PR", settle_855, write_855},
		},
};
