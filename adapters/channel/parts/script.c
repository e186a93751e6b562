#include "channel/parts/script.h"

#include <stdio.h>

#include "channel/parts/trade.h"

/* What D.96A allows; later directories have more room for free text. */
#define NUMBER_MAX         35u
#define PARTY_MAX          35u
#define CODE_MAX           3u
#define NUMBER_OF_LINE_MAX 6u

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

void script_reference(struct writing *writing, const char *field, const char *qualifier,
	const char *number, const char *line)
{
	if (number[0] == 0 && line[0] == 0)
		return;
	writing_segment(writing, "RFF");
	writing_put(writing, field, 1, 1, slice_text(qualifier), CODE_MAX);
	writing_put(writing, field, 1, 2, slice_text(number), NUMBER_MAX);
	writing_put(writing, "order_line_id", 1, 3, slice_text(line), NUMBER_OF_LINE_MAX);
	writing_end(writing);
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
		writing_segment(writing, "RFF");
		writing_put(writing, "references", 1, 1, slice_of(references[i], len), CODE_MAX);
		writing_put(writing, "references", 1, 2, slice_text(colon + 1), NUMBER_MAX);
		writing_end(writing);
	}
}

/* A free text in `count` components, and whatever is left of it. */
static void put_pieces(struct writing *w, const char *field, unsigned element, unsigned first,
	unsigned count, unsigned max, struct slice *rest)
{
	struct slice piece;
	for (unsigned i = 0; i < count && writing_piece(rest, max, &piece); i++)
		writing_put(w, field, element, first + i, piece, max);
}

void script_parties(struct writing *writing, Carehub__V1__TradeParty *const *parties, size_t count)
{
	struct writing *w = writing;
	for (size_t i = 0; i < count && w->status == CH_OK; i++) {
		const Carehub__V1__TradeParty *party = parties[i];
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
		w->placed = true;
	}
}

void script_place(struct writing *writing, const char *field, const char *id,
	Carehub__V1__TradeParty *const *parties, size_t count, const char *roles)
{
	char role[CODE_MAX + 1] = "";
	size_t len = strcspn(roles, " ");
	if (id[0] == 0 || strcmp(trade_party_id(parties, count, roles), id) == 0)
		return;
	memcpy(role, roles, len < CODE_MAX ? len : CODE_MAX);
	writing_segment(writing, "NAD");
	writing_code(writing, 1, 1, role);
	writing_put(writing, field, 2, 1, slice_text(id), NUMBER_MAX);
	writing_end(writing);
	writing->placed = true;
}

/* The reader joins the parts by a comma, so they are cut where one stands. */
void script_contact(struct writing *writing, const char *contact)
{
	struct writing *w = writing;
	unsigned max = w->long_texts ? 256 : 35;
	struct slice rest = slice_text(contact);
	if (contact[0] == 0)
		return;
	if (!w->placed) {
		writing_obstacle(w, "contact_text", "belongs to a party, and none is named",
			"name the parties");
		return;
	}
	for (unsigned i = 0; rest.len > 0; i++) {
		const uint8_t *comma = memmem(rest.data, rest.len, ", ", 2);
		struct slice part =
			slice_sub(rest, 0, comma != NULL ? (size_t)(comma - rest.data) : rest.len);
		bool mail = part.len > 0 && memchr(part.data, '@', part.len) != NULL;
		rest = slice_sub(rest, part.len + 2, rest.len);
		writing_segment(w, i == 0 ? "CTA" : "COM");
		if (i == 0)
			writing_code(w, 1, 1, "IC");
		writing_put(w, "contact_text", i == 0 ? 2 : 1, i == 0 ? 2 : 1, part,
			i == 0 ? max : 512);
		if (i > 0)
			writing_code(w, 1, 2, mail ? "EM" : "TE");
		writing_end(w);
	}
}

void script_currency(struct writing *writing, const char *currency, const char *use)
{
	if (currency[0] == 0)
		return;
	writing_segment(writing, "CUX");
	writing_code(writing, 1, 1, "2");
	writing_put(writing, "currency", 1, 2, slice_text(currency), CODE_MAX);
	writing_code(writing, 1, 3, use);
	writing_end(writing);
	writing->currency = slice_text(currency);
}

/* A line of it begins a segment of its own, which holds five pieces. */
void script_remarks(struct writing *writing, const char *remarks)
{
	struct writing *w = writing;
	unsigned max = w->long_texts ? 512 : 70;
	struct slice rest = writing_words(w, remarks);
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

/* ---- Lines ---- */

/* The numbers of an item, the best first. */
static size_t item_numbers(
	const Carehub__V1__PartItem *item, struct slice numbers[3], const char *qualifiers[3])
{
	const struct {
		const char *number;
		const char *qualifier; /* 7143 */
	} all[] = {{item->gtin, "EN"}, {item->part_number, "SA"}, {item->buyer_part_number, "IN"}};
	size_t count = 0;
	for (size_t i = 0; i < 3; i++) {
		if (all[i].number[0] == 0)
			continue;
		numbers[count] = slice_text(all[i].number);
		qualifiers[count++] = all[i].qualifier;
	}
	return count;
}

static void put_items(struct writing *w, const char *use, const struct slice *numbers,
	const char *const *qualifiers, size_t count)
{
	if (count == 0)
		return;
	writing_segment(w, "PIA");
	writing_code(w, 1, 1, use);
	for (unsigned i = 0; i < count; i++) {
		writing_put(w, "item", 2 + i, 1, numbers[i], NUMBER_MAX);
		writing_code(w, 2 + i, 2, qualifiers[i]);
	}
	writing_end(w);
}

void script_more_items(struct writing *writing, const char *use, const Carehub__V1__PartItem *item)
{
	struct slice numbers[3];
	const char *qualifiers[3];
	if (item != NULL)
		put_items(
			writing, use, numbers, qualifiers, item_numbers(item, numbers, qualifiers));
}

void script_line(struct writing *writing, const char *line_id, const char *action,
	const Carehub__V1__PartItem *item)
{
	struct writing *w = writing;
	struct slice numbers[3];
	const char *qualifiers[3];
	size_t count = item != NULL ? item_numbers(item, numbers, qualifiers) : 0;
	struct slice rest = writing_words(w, item != NULL ? item->description : "");
	unsigned max = w->long_texts ? 256 : 35;
	w->line++;
	writing_segment(w, "LIN");
	writing_put(w, "line_id", 1, 1, slice_text(line_id), NUMBER_OF_LINE_MAX);
	writing_put(w, "action", 2, 1, slice_text(action), CODE_MAX);
	if (count > 0) {
		writing_put(w, "item", 3, 1, numbers[0], NUMBER_MAX);
		writing_code(w, 3, 2, qualifiers[0]);
	}
	writing_end(w);
	if (count > 1)
		put_items(w, "1", numbers + 1, qualifiers + 1, count - 1);
	struct slice look = rest;
	struct slice piece;
	while (writing_piece(&look, max, &piece) && w->status == CH_OK) {
		writing_segment(w, "IMD");
		writing_code(w, 1, 1, "F");
		put_pieces(w, "item.description", 3, 4, 2, max, &rest);
		writing_end(w);
		look = rest;
	}
}

void script_quantity(struct writing *writing, const char *field, const char *qualifier,
	const Carehub__V1__Decimal *quantity, const char *unit)
{
	if (quantity == NULL)
		return;
	writing_segment(writing, "QTY");
	writing_put(writing, field, 1, 1, slice_text(qualifier), CODE_MAX);
	writing_number(writing, field, 1, 2, quantity, 15);
	writing_put(writing, "unit", 1, 3, slice_text(unit), CODE_MAX);
	writing_end(writing);
}

void script_price(struct writing *writing, const Carehub__V1__Decimal *price)
{
	if (price == NULL)
		return;
	writing_segment(writing, "PRI");
	writing_code(writing, 1, 1, "AAA");
	writing_number(writing, "unit_price", 1, 2, price, 15);
	writing_end(writing);
}

void script_numbers(struct writing *writing, const char *field, const char *qualifier,
	char *const *numbers, size_t count)
{
	for (size_t i = 0; i < count; i += 5) {
		writing_segment(writing, "GIN");
		writing_code(writing, 1, 1, qualifier);
		for (size_t k = i; k < count && k < i + 5; k++)
			writing_put(writing, field, (unsigned)(2 + k - i), 1,
				slice_text(numbers[k]), NUMBER_MAX);
		writing_end(writing);
	}
}

/* ---- The end ---- */

void script_summary(struct writing *writing)
{
	writing->line = 0;
	writing_segment(writing, "UNS");
	writing_code(writing, 1, 1, "S");
	writing_end(writing);
}

void script_line_count(struct writing *writing, size_t lines)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%zu", lines); /* fits */
	writing->line = 0;
	writing_segment(writing, "CNT");
	writing_code(writing, 1, 1, "2");
	writing_put(writing, "lines", 1, 2, slice_text(text), 18);
	writing_end(writing);
}
