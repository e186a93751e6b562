#include "channel/parts/trade.h"

#include <stdio.h>

/* ---- Parties ---- */

enum { NAD_ID = 2, NAD_TEXT = 3, NAD_NAME = 4, NAD_CITY = 6, NAD_COUNTRY = 9 };
enum { N1_NAME = 2, N1_AGENCY = 3, N1_ID = 4, N4_CITY = 1, N4_COUNTRY = 4 };

static void party_name(struct reading *r, Carehub__V1__TradeParty *party)
{
	unsigned count = segment_count(r->segment, NAD_NAME);
	for (unsigned i = 1; i <= count && i <= 5; i++)
		reading_append(r, &party->name, segment_get(r->segment, NAD_NAME, i), " ");
	/* Name and address in one, unstructured: the first line is the name. */
	if (party->name[0] == 0 && segment_get(r->segment, NAD_TEXT, 1).len > 4)
		reading_set(r, &party->name, NAD_TEXT, 1);
}

Carehub__V1__TradeParty *trade_party(struct reading *reading)
{
	struct reading *r = reading;
	Carehub__V1__TradeParty *party = reading_new(r, &carehub__v1__trade_party__descriptor);
	if (party == NULL)
		return NULL;
	party->role = reading_text(r, 1, 1);
	if (r->interchange->standard == STANDARD_X12) {
		party->name = reading_text(r, N1_NAME, 1);
		party->id_agency = reading_text(r, N1_AGENCY, 1);
		party->party_id = reading_text(r, N1_ID, 1);
		return party;
	}
	party->party_id = reading_text(r, NAD_ID, 1);
	party->id_agency = reading_text(r, NAD_ID, 3);
	party_name(r, party);
	party->city = reading_text(r, NAD_CITY, 1);
	party->country = reading_text(r, NAD_COUNTRY, 1);
	return party;
}

void trade_party_place(struct reading *reading, Carehub__V1__TradeParty *party)
{
	if (party == NULL)
		return;
	reading_set(reading, &party->city, N4_CITY, 1);
	reading_set(reading, &party->country, N4_COUNTRY, 1);
}

char *trade_party_id(Carehub__V1__TradeParty *const *parties, size_t count, const char *roles)
{
	for (const char *role = roles; role[0] != 0; role += role[2] == ' ' ? 3 : 2) {
		for (size_t i = 0; i < count; i++) {
			const char *played = parties[i]->role;
			if (played[0] == role[0] && played[1] == role[1] && played[2] == 0 &&
				parties[i]->party_id[0] != 0)
				return parties[i]->party_id;
		}
	}
	return reading_constant(protobuf_c_empty_string);
}

char *trade_buyer(struct reading *reading, bool sender)
{
	const struct interchange *x = reading->interchange;
	return reading_copy(reading, sender ? x->sender.id : x->recipient.id);
}

/* ---- Articles ---- */

enum number_kind { NUMBER_PART, NUMBER_GTIN, NUMBER_BUYER, NUMBER_OTHER };

/* UN/EDIFACT 7143 and X12 235; what is in neither list is taken where no better number is told. */
static enum number_kind number_kind_of(enum standard standard, struct slice qualifier)
{
	static const struct {
		struct short_code edifact;
		struct short_code x12;
		enum number_kind kind;
	} known[] = {
		{{"SA"}, {"VP"}, NUMBER_PART},
		{{"VP"}, {"VN"}, NUMBER_PART},
		{{"VN"}, {"VA"}, NUMBER_PART},
		{{"MF"}, {"MG"}, NUMBER_PART},
		{{"MP"}, {"MF"}, NUMBER_PART},
		{{"EN"}, {"EN"}, NUMBER_GTIN},
		{{"SRV"}, {"UP"}, NUMBER_GTIN},
		{{"UP"}, {"UK"}, NUMBER_GTIN},
		{{"SRS"}, {"UI"}, NUMBER_GTIN},
		{{"IN"}, {"BP"}, NUMBER_BUYER},
		{{"BP"}, {"IN"}, NUMBER_BUYER},
		{{"BO"}, {"CB"}, NUMBER_BUYER},
		{{"SK"}, {"SK"}, NUMBER_BUYER},
	};
	struct short_code code = short_code_of(qualifier);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (short_code_equal(
			    code, standard == STANDARD_EDIFACT ? known[i].edifact : known[i].x12))
			return known[i].kind;
	}
	return NUMBER_OTHER;
}

/* GS1's check digit. */
static bool is_gtin(struct slice text)
{
	unsigned sum = 0;
	if (text.len != 8 && text.len != 12 && text.len != 13 && text.len != 14)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		sum += (unsigned)(text.data[i] - '0') * ((text.len - i) % 2 == 0 ? 3 : 1);
	}
	return sum % 10 == 0;
}

static void item_number(struct reading *r, Carehub__V1__PartItem **item, struct slice number,
	struct slice qualifier)
{
	if (number.len == 0)
		return;
	if (*item == NULL)
		*item = reading_new(r, &carehub__v1__part_item__descriptor);
	if (*item == NULL)
		return;
	char **fields[] = {[NUMBER_PART] = &(*item)->part_number,
		[NUMBER_GTIN] = &(*item)->gtin,
		[NUMBER_BUYER] = &(*item)->buyer_part_number,
		[NUMBER_OTHER] = &(*item)->part_number};
	enum number_kind kind = number_kind_of(r->interchange->standard, qualifier);
	if (kind == NUMBER_OTHER && qualifier.len == 0 && is_gtin(number))
		kind = NUMBER_GTIN;
	/* A number that says what it is takes the place of one that did not. */
	if ((*fields[kind])[0] == 0)
		*fields[kind] = reading_copy(r, number);
}

void trade_line_item(struct reading *reading, Carehub__V1__PartItem **item)
{
	item_number(reading, item, segment_get(reading->segment, 3, 1),
		segment_get(reading->segment, 3, 2));
}

void trade_more_items(struct reading *reading, Carehub__V1__PartItem **item)
{
	for (unsigned i = 2; i <= 6; i++)
		item_number(reading, item, segment_get(reading->segment, i, 1),
			segment_get(reading->segment, i, 2));
}

void trade_pairs(struct reading *reading, Carehub__V1__PartItem **item, unsigned first)
{
	/* Known kinds first, so that a stranger does not take the part number's place. */
	for (int others = 0; others < 2; others++) {
		for (unsigned i = first; i < first + 20; i += 2) {
			struct slice qualifier = segment_get(reading->segment, i, 1);
			bool other = number_kind_of(STANDARD_X12, qualifier) == NUMBER_OTHER;
			if (qualifier.len > 0 && other == (others == 1))
				item_number(reading, item, segment_get(reading->segment, i + 1, 1),
					qualifier);
		}
	}
}

void trade_pia(struct reading *reading)
{
	if (reading->item != NULL)
		trade_more_items(reading, reading->item);
}

void trade_imd(struct reading *reading)
{
	const struct segment *s = reading->segment;
	Carehub__V1__PartItem **item = reading->item;
	bool x12 = reading->interchange->standard == STANDARD_X12;
	struct slice first = x12 ? segment_get(s, 5, 1) : segment_get(s, 3, 4);
	struct slice second = x12 ? (struct slice){NULL, 0} : segment_get(s, 3, 5);
	if (item == NULL || first.len + second.len == 0)
		return;
	if (*item == NULL)
		*item = reading_new(reading, &carehub__v1__part_item__descriptor);
	if (*item == NULL)
		return;
	reading_append(reading, &(*item)->description, first, " ");
	reading_append(reading, &(*item)->description, second, " ");
}

const char *trade_item_code(const Carehub__V1__PartItem *item)
{
	if (item == NULL)
		return "";
	if (item->part_number[0] != 0)
		return item->part_number;
	return item->gtin[0] != 0 ? item->gtin : item->buyer_part_number;
}

/* ---- The head ---- */

char *trade_reference(struct reading *reading)
{
	const struct segment *s = reading->segment;
	bool x12 = reading->interchange->standard == STANDARD_X12;
	struct slice number = x12 ? segment_get(s, 2, 1) : segment_get(s, 1, 2);
	if (number.len == 0)
		return NULL;
	char *text = reading_text(reading, 1, 1);
	reading_append(reading, &text, SLICE_LITERAL(":"), "");
	reading_append(reading, &text, number, "");
	return text;
}

bool trade_date_here(struct reading *reading, struct moment *out_moment)
{
	const struct segment *s = reading->segment;
	if (reading->interchange->standard == STANDARD_EDIFACT)
		return reading_date(
			reading, segment_get(s, 1, 2), segment_get(s, 1, 3), 1, 2, out_moment);
	if (segment_get(s, 2, 1).len == 0)
		return false;
	if (date_parse_pair(segment_get(s, 2, 1), segment_get(s, 3, 1), out_moment) == CH_OK)
		return true;
	reading_flaw(reading, FLAW_DATE, 2, 0, NULL);
	return false;
}

bool trade_document_date(struct reading *reading)
{
	struct moment moment;
	if (!trade_date(reading, "137", &moment))
		return false;
	reading->date = moment;
	reading->dated = true;
	return true;
}

/* CUX+2:EUR:9 is the currency of the document's amounts; one of another use counts only without. */
void trade_currency(struct reading *reading, char **field)
{
	bool x12 = reading->interchange->standard == STANDARD_X12;
	struct slice code = segment_get(reading->segment, x12 ? 2 : 1, x12 ? 1 : 2);
	if (code.len == 0 || (*field)[0] != 0)
		return;
	*field = reading_copy(reading, code);
	reading->currency = slice_text(*field);
}

void trade_contact(struct reading *reading, char **field)
{
	const struct segment *s = reading->segment;
	const char *between = (*field)[0] != 0 ? ", " : "";
	if (segment_is(s, "CTA")) {
		reading_append(reading, field, segment_get(s, 2, 2), between);
		if (segment_get(s, 2, 2).len == 0)
			reading_append(reading, field, segment_get(s, 2, 1), between);
	} else if (segment_is(s, "COM")) {
		for (unsigned i = 0; i < 3; i++)
			reading_append(reading, field, segment_get_again(s, 1, i, 1), ", ");
	} else {
		reading_append(reading, field, segment_get(s, 2, 1), between);
		reading_append(reading, field, segment_get(s, 4, 1), ", ");
		reading_append(reading, field, segment_get(s, 6, 1), ", ");
	}
}

void trade_remarks(struct reading *reading, char **field)
{
	const struct segment *s = reading->segment;
	if (reading->interchange->standard == STANDARD_X12) {
		reading_append(reading, field, segment_get(s, 1, 1), "\n");
		return;
	}
	for (unsigned i = 1; i <= 5; i++)
		reading_append(reading, field, segment_get(s, 4, i), i == 1 ? "\n" : " ");
}

/* ---- Quantities and prices ---- */

Carehub__V1__Decimal **trade_quantity_field(
	struct reading *reading, void *line, const struct quantity_row *rows, size_t count)
{
	bool edifact = reading->interchange->standard == STANDARD_EDIFACT;
	struct short_code code = short_code_of(segment_get(reading->segment, 1, 1));
	for (size_t i = 0; i < count; i++) {
		if (short_code_equal(code, edifact ? rows[i].edifact : rows[i].x12)) {
			void *field = (char *)line + rows[i].offset;
			return field;
		}
	}
	return NULL;
}

Carehub__V1__Decimal *trade_price_of_one(struct reading *reading)
{
	Carehub__V1__Decimal *price = reading_number(reading, 1, 2);
	Carehub__V1__Decimal *basis = reading_number(reading, 1, 5);
	if (price == NULL || basis == NULL)
		return price;
	struct decimal left = reading_value(basis);
	while (left.scale > 0 && left.unscaled % 10 == 0) {
		left.unscaled /= 10;
		left.scale--;
	}
	if (left.scale > 0 || left.unscaled <= 0)
		return NULL;
	for (; left.unscaled > 1; left.unscaled /= 10) {
		if (left.unscaled % 10 != 0 || price->scale == DECIMAL_SCALE_MAX)
			return NULL; /* not to be told exactly */
		price->scale++;
	}
	return price;
}
