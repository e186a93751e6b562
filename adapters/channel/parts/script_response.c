/* ORDRSP: what the seller says to an order and its lines. */
#include "channel/parts/script.h"

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

const struct script script_response = {
	.event = "parts.order.answered",
	.name = "ORDRSP",
	.message = &carehub__v1__parts_order_answered__descriptor,
	.settle = settle_response,
	.write = write_response,
};
