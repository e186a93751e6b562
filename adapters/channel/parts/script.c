#include "channel/parts/script.h"

#include <stdio.h>

#include "channel/parts/trade.h"

/* What D.96A allows, and 004010; later directories have more room for free text. */
#define NUMBER_MAX         35u
#define PARTY_MAX          35u
#define CODE_MAX           3u
#define NUMBER_OF_LINE_MAX 6u
#define REF_MAX            30u
#define N1_NAME_MAX        60u
#define N1_ID_MAX          80u
#define N4_CITY_MAX        30u
#define PER_NAME_MAX       60u
#define PER_NUMBER_MAX     80u
#define MSG_MAX            264u
#define NOTE_MAX           80u

const struct script *const scripts[] = {
	&script_order,
	&script_change,
	&script_cancellation,
	&script_response,
	&script_dispatch,
	&script_receipt,
	&script_inventory,
	&script_prices,
};
const size_t script_count = sizeof(scripts) / sizeof(*scripts);

const struct script *script_of(struct slice event)
{
	for (size_t i = 0; i < script_count; i++) {
		if (slice_equal(event, slice_text(scripts[i]->event)))
			return scripts[i];
	}
	return NULL;
}

bool script_knows(enum standard standard, struct slice name)
{
	for (size_t i = 0; i < script_count; i++) {
		const char *known = scripts[i]->faces[standard].name;
		if (known != NULL && slice_equal(name, slice_text(known)))
			return true;
	}
	return false;
}

bool script_travels(const ProtobufCMessageDescriptor *message,
	const ProtobufCFieldDescriptor *field, bool repairs)
{
	static const struct {
		const char *message; /* NULL: any */
		const char *field;
	} stay[] = {
		{NULL, "interchange"}, /* the one that it came in */
		{NULL, "page"},        /* each page goes as a message of its own */
		{NULL, "pages"},
		{NULL, "complete"},
		{NULL, "agent"},
		{NULL, "buyer_id"},         /* a message says it by who sends it, and by NAD+BY */
		{"PartItem", "product_id"}, /* a number of this house */
		{"PriceLine", "kind"},
		{"PartsOrderCancelled", "reason_code"},
		{"Tax", "taxable"},
	};
	if (!repairs && strcmp(field->name, "repair_order_id") == 0)
		return false;
	for (size_t i = 0; i < sizeof(stay) / sizeof(*stay); i++) {
		if (strcmp(stay[i].field, field->name) == 0 &&
			(stay[i].message == NULL ||
				strcmp(stay[i].message, message->short_name) == 0))
			return false;
	}
	return true;
}

/* ---- The head ---- */

void script_begin(struct writing *writing, const char *code, const char *field, const char *number,
	const char *function)
{
	writing_segment(writing, "BGM");
	writing_code(writing, 1, 1, code);
	writing_put(writing, field, 2, 1, slice_text(number), NUMBER_MAX);
	writing_put(writing, "document_function", 3, 1, slice_text(function), CODE_MAX);
	writing_end(writing);
}

void script_date(struct writing *writing, const char *day)
{
	if (day[0] != 0)
		writing_day(writing, "date", "137", day);
	else
		writing_day_of(writing, "time", "137", writing->time_us);
}

static bool is_x12(const struct writing *w)
{
	return w->standard == STANDARD_X12;
}

static void put_reference(struct writing *w, const char *field, struct slice qualifier,
	struct slice number, const char *line)
{
	bool x12 = is_x12(w);
	writing_segment(w, x12 ? "REF" : "RFF");
	writing_least(w, field, qualifier, x12 ? 2 : 1);
	writing_put(w, field, 1, 1, qualifier, CODE_MAX);
	writing_put(w, field, x12 ? 2 : 1, x12 ? 1 : 2, number, x12 ? REF_MAX : NUMBER_MAX);
	if (!x12)
		writing_put(w, "order_line_id", 1, 3, slice_text(line), NUMBER_OF_LINE_MAX);
	writing_end(w);
}

void script_reference(struct writing *writing, const char *field, const char *qualifier,
	const char *number, const char *line)
{
	if (number[0] != 0 || line[0] != 0)
		put_reference(writing, field, slice_text(qualifier), slice_text(number), line);
}

void script_references(struct writing *writing, char *const *references, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *colon = strchr(references[i], ':');
		if (colon == NULL) {
			writing_obstacle(writing, "references", "has no qualifier",
				"write it as qualifier:number");
			return;
		}
		size_t len = (size_t)(colon - references[i]);
		put_reference(writing, "references", slice_of(references[i], len),
			slice_text(colon + 1), "");
	}
}

void script_repair(struct writing *writing, const char *repair_order_id)
{
	struct slice qualifier = is_x12(writing) ? SLICE_LITERAL("WO") : writing->repair_reference;
	if (qualifier.len > 0 && repair_order_id[0] != 0)
		put_reference(
			writing, "repair_order_id", qualifier, slice_text(repair_order_id), "");
}

/* ---- Parties ---- */

/* A free text in `count` components, and whatever is left of it. */
static void put_pieces(struct writing *w, const char *field, unsigned element, unsigned first,
	unsigned count, unsigned max, struct slice *rest)
{
	struct slice piece;
	for (unsigned i = 0; i < count && writing_piece(rest, max, &piece); i++)
		writing_put(w, field, element, first + i, piece, max);
}

static void put_nad(struct writing *w, const Carehub__V1__TradeParty *party)
{
	struct slice name = writing_words(w, party->name);
	struct slice piece;
	writing_segment(w, "NAD");
	writing_put(w, "parties.role", 1, 1, slice_text(party->role), CODE_MAX);
	writing_put(w, "parties.party_id", 2, 1, slice_text(party->party_id), NUMBER_MAX);
	writing_put(w, "parties.id_agency", 2, 3, slice_text(party->id_agency), CODE_MAX);
	put_pieces(w, "parties.name", 4, 1, 5, PARTY_MAX, &name);
	if (writing_piece(&name, PARTY_MAX, &piece))
		writing_obstacle(w, "parties.name", "is longer than five lines of 35",
			"the message has no room for more");
	writing_put(w, "parties.city", 6, 1, slice_text(party->city), PARTY_MAX);
	writing_put(w, "parties.country", 9, 1, slice_text(party->country), CODE_MAX);
	writing_end(w);
}

/* The words of a text, whatever lines they stood in. */
static struct slice one_line(struct writing *w, const char *text)
{
	struct slice words = writing_words(w, text);
	for (size_t i = 0; i < w->words.len; i++) {
		if (w->words.data[i] == '\n')
			w->words.data[i] = ' ';
	}
	return words;
}

/* N1*role*name*agency*number, N4*city***country.  A number needs an agency: without one it is by agreement. */
static void put_n1(struct writing *w, const Carehub__V1__TradeParty *party)
{
	struct slice id = slice_text(party->party_id);
	struct slice name = one_line(w, party->name);
	writing_segment(w, "N1");
	if (party->role[0] == 0)
		writing_obstacle(w, "parties.role", "is missing", "say what the party does");
	writing_least(w, "parties.role", slice_text(party->role), 2);
	writing_put(w, "parties.role", 1, 1, slice_text(party->role), CODE_MAX);
	writing_put(w, "parties.name", 2, 1, name, N1_NAME_MAX);
	writing_least(w, "parties.party_id", id, 2);
	if (id.len > 0)
		writing_put(w, "parties.id_agency", 3, 1,
			slice_text(party->id_agency[0] != 0 ? party->id_agency : "ZZ"), 2);
	else if (name.len == 0)
		writing_obstacle(
			w, "parties.party_id", "is missing, and so is the name", "say who it is");
	writing_put(w, "parties.party_id", 4, 1, id, N1_ID_MAX);
	writing_end(w);
	if (party->city[0] == 0 && party->country[0] == 0)
		return;
	writing_segment(w, "N4");
	writing_least(w, "parties.city", slice_text(party->city), 2);
	writing_put(w, "parties.city", 1, 1, slice_text(party->city), N4_CITY_MAX);
	writing_least(w, "parties.country", slice_text(party->country), 2);
	writing_put(w, "parties.country", 4, 1, slice_text(party->country), CODE_MAX);
	writing_end(w);
}

void script_parties(struct writing *writing, Carehub__V1__TradeParty *const *parties, size_t count)
{
	for (size_t i = 0; i < count && writing->status == CH_OK; i++) {
		if (is_x12(writing))
			put_n1(writing, parties[i]);
		else
			put_nad(writing, parties[i]);
		writing->placed = true;
	}
}

void script_place(struct writing *writing, const char *field, const char *id,
	Carehub__V1__TradeParty *const *parties, size_t count, const char *roles)
{
	struct writing *w = writing;
	char role[CODE_MAX + 1] = "";
	size_t len = strcspn(roles, " ");
	if (id[0] == 0 || strcmp(trade_party_id(parties, count, roles), id) == 0)
		return;
	memcpy(role, roles, len < CODE_MAX ? len : CODE_MAX);
	writing_segment(w, is_x12(w) ? "N1" : "NAD");
	writing_code(w, 1, 1, role);
	if (is_x12(w)) {
		writing_least(w, field, slice_text(id), 2);
		writing_code(w, 3, 1, "ZZ");
		writing_put(w, field, 4, 1, slice_text(id), N1_ID_MAX);
	} else {
		writing_put(w, field, 2, 1, slice_text(id), NUMBER_MAX);
	}
	writing_end(w);
	w->placed = true;
}

/* ---- Contact, currency, remarks ---- */

/* The next part of a contact: readers join them by a comma, so they are cut where one stands. */
static bool next_part(struct slice *rest, struct slice *out_part)
{
	if (rest->len == 0)
		return false;
	const uint8_t *comma = memmem(rest->data, rest->len, ", ", 2);
	*out_part = slice_sub(*rest, 0, comma != NULL ? (size_t)(comma - rest->data) : rest->len);
	*rest = slice_sub(*rest, out_part->len + 2, rest->len);
	return true;
}

static const char *kind_of_part(struct slice part)
{
	return part.len > 0 && memchr(part.data, '@', part.len) != NULL ? "EM" : "TE";
}

/* CTA+IC+:name, COM+number:TE ... */
static void put_cta(struct writing *w, struct slice rest)
{
	unsigned max = w->long_texts ? 256 : 35;
	struct slice part;
	for (bool name = true; next_part(&rest, &part); name = false) {
		writing_segment(w, name ? "CTA" : "COM");
		if (name)
			writing_code(w, 1, 1, "IC");
		writing_put(w, "contact_text", name ? 2 : 1, name ? 2 : 1, part, name ? max : 512);
		if (!name)
			writing_code(w, 1, 2, kind_of_part(part));
		writing_end(w);
	}
}

/* PER*IC*name*TE*number*EM*number, and PER*IC**TE*number for what is left. */
static void put_per(struct writing *w, struct slice rest)
{
	struct slice part;
	for (bool name = true; rest.len > 0 && w->status == CH_OK; name = false) {
		writing_segment(w, "PER");
		writing_code(w, 1, 1, "IC");
		if (name && next_part(&rest, &part))
			writing_put(w, "contact_text", 2, 1, part, PER_NAME_MAX);
		for (unsigned i = 3; i <= 5 && next_part(&rest, &part); i += 2) {
			if (part.len == 0) /* a kind has its number: the comparison will miss it */
				continue;
			writing_code(w, i, 1, kind_of_part(part));
			writing_put(w, "contact_text", i + 1, 1, part, PER_NUMBER_MAX);
		}
		writing_end(w);
	}
}

void script_contact(struct writing *writing, const char *contact)
{
	if (contact[0] == 0)
		return;
	if (is_x12(writing))
		put_per(writing, slice_text(contact));
	else if (writing->placed)
		put_cta(writing, slice_text(contact));
	else
		writing_obstacle(writing, "contact_text", "belongs to a party, and none is named",
			"name the parties");
}

void script_currency(struct writing *writing, const char *currency, const char *use)
{
	bool x12 = is_x12(writing);
	if (currency[0] == 0)
		return;
	writing_segment(writing, x12 ? "CUR" : "CUX");
	writing_code(writing, 1, 1, x12 ? use : "2");
	writing_least(writing, "currency", slice_text(currency), 3);
	writing_put(writing, "currency", x12 ? 2 : 1, x12 ? 1 : 2, slice_text(currency), CODE_MAX);
	if (!x12)
		writing_code(writing, 1, 3, use);
	writing_end(writing);
	writing->currency = slice_text(currency);
}

/* A line of it begins a segment of its own, which holds five pieces. */
static void put_ftx(struct writing *w, struct slice rest)
{
	unsigned max = w->long_texts ? 512 : 70;
	struct slice piece;
	bool more = writing_piece(&rest, max, &piece);
	while (more && w->status == CH_OK) {
		bool same_line = true;
		writing_segment(w, "FTX");
		writing_code(w, 1, 1, "AAI");
		for (unsigned i = 1; i <= 5 && more && same_line; i++) {
			writing_put(w, "remarks", 4, i, piece, max);
			same_line = rest.len > 0 && rest.data[0] != '\n';
			more = writing_piece(&rest, max, &piece);
		}
		writing_end(w);
	}
}

/* Messages stand behind a reference to them. */
static void put_msg(struct writing *w, struct slice rest)
{
	struct slice piece;
	if (rest.len == 0)
		return;
	writing_segment(w, "N9");
	writing_code(w, 1, 1, "L1");
	writing_code(w, 2, 1, "REMARKS");
	writing_end(w);
	while (w->status == CH_OK && writing_piece(&rest, MSG_MAX, &piece)) {
		writing_segment(w, "MSG");
		writing_put(w, "remarks", 1, 1, piece, MSG_MAX);
		writing_end(w);
	}
}

void script_remarks(struct writing *writing, const char *remarks)
{
	if (is_x12(writing))
		put_msg(writing, writing_words(writing, remarks));
	else
		put_ftx(writing, writing_words(writing, remarks));
}

void script_notes(struct writing *writing, const char *notes)
{
	struct slice rest = writing_words(writing, notes);
	struct slice piece;
	while (writing->status == CH_OK && writing_piece(&rest, NOTE_MAX, &piece)) {
		writing_segment(writing, "REF");
		writing_code(writing, 1, 1, "L1");
		writing_put(writing, "remarks", 3, 1, piece, NOTE_MAX);
		writing_end(writing);
	}
}
