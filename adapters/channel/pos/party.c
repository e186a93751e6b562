#include "channel/pos/party.h"

#include "wire/pb.h"

/* Field numbers of common.proto. */
enum {
	PARTY_LOCAL_ID = 1,
	PARTY_MEMBER_CARD = 3,
	PARTY_PHONES = 4,
	PARTY_EMAILS = 5,
	PARTY_NAME = 6,
	PARTY_ADDRESS = 7,
	PARTY_BIRTH_DATE = 8,
	PARTY_LANGUAGE = 9,
	PARTY_CUSTOMER_GROUP = 10,
	PARTY_COMPANY = 11,
	PARTY_IDENTIFIERS = 12,
	PARTY_MEMBER_CARD_ASSURANCE = 14,
	PARTY_GENDER = 15,
	CONTACT_VALUE = 1,
	CONTACT_KIND = 3,
	IDENTIFIER_SCHEME = 1,
	IDENTIFIER_VALUE = 2,
	NAME_FULL = 1,
	NAME_FAMILY = 2,
	NAME_GIVEN = 3,
	NAME_FORM_OF_ADDRESS = 4,
	ADDRESS_COUNTRY = 1,
	ADDRESS_REGION = 2,
	ADDRESS_CITY = 3,
	ADDRESS_DISTRICT = 4,
	ADDRESS_LINES = 5,
	ADDRESS_POSTCODE = 6,
	ADDRESS_FULL = 7,
};

/* A message that turns out empty is taken back, tag and all. */
static size_t message_begin(struct buffer *out, uint32_t number, size_t *out_before)
{
	*out_before = out->len;
	return pb_begin(out, number);
}

static void message_end(struct buffer *out, size_t mark, size_t before)
{
	if (out->len == mark)
		out->len = before;
	else
		pb_end(out, mark);
}

void address_encode(const struct address *address, uint32_t number, struct buffer *out)
{
	size_t before;
	size_t mark = message_begin(out, number, &before);
	pb_put_bytes(out, ADDRESS_COUNTRY,
		address->country.len > 0 ? address->country : address->country_code);
	pb_put_bytes(out, ADDRESS_REGION, address->region);
	pb_put_bytes(out, ADDRESS_CITY, address->city);
	pb_put_bytes(out, ADDRESS_DISTRICT, address->district);
	for (const struct text_item *line = address->lines; line != NULL; line = line->next)
		pb_put_element(out, ADDRESS_LINES, line->text);
	pb_put_bytes(out, ADDRESS_POSTCODE, address->postcode);
	pb_put_bytes(out, ADDRESS_FULL, address->full);
	message_end(out, mark, before);
}

static void name_encode(const struct party *party, struct buffer *out)
{
	size_t before;
	size_t mark = message_begin(out, PARTY_NAME, &before);
	pb_put_bytes(
		out, NAME_FULL, party->name_full.len > 0 ? party->name_full : party->name_official);
	pb_put_bytes(out, NAME_FAMILY, party->name_family);
	pb_put_bytes(out, NAME_GIVEN, party->name_given);
	pb_put_bytes(out, NAME_FORM_OF_ADDRESS, party->form_of_address);
	message_end(out, mark, before);
}

static bool all_digits(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	return text.len > 0;
}

static void append_part(struct buffer *out, size_t from, const char *before, struct slice part)
{
	if (part.len == 0)
		return;
	if (out->len > from)
		buffer_append_text(out, before);
	buffer_append_slice(out, part);
}

/* As told in one piece; else its pieces, in order.  A country told by letters is left to the hub's
 * settings for the peer. */
static void phone_encode(const struct phone *phone, struct buffer *out)
{
	if (phone->full.len + phone->text.len + phone->local_number.len == 0)
		return;
	size_t mark = pb_begin(out, PARTY_PHONES);
	if (phone->full.len > 0 || phone->text.len > 0) {
		pb_put_bytes(out, CONTACT_VALUE, phone->full.len > 0 ? phone->full : phone->text);
	} else {
		size_t value = pb_begin(out, CONTACT_VALUE);
		if (all_digits(phone->country_code)) {
			buffer_append_byte(out, '+');
			buffer_append_slice(out, phone->country_code);
		}
		append_part(out, value, " ", phone->area_code);
		append_part(out, value, " ", phone->local_number);
		append_part(out, value, " ext. ", phone->extension);
		pb_end(out, value);
	}
	pb_put_int(out, CONTACT_KIND, phone->kind);
	pb_end(out, mark);
}

static struct slice without_zone(struct slice text)
{
	if (text.len > 0 && text.data[text.len - 1] == 'Z')
		text.len--;
	return text;
}

/* xs:gYear "1964Z" and xs:gMonthDay "--08-12Z" make a date again. */
static void birth_date_encode(const struct party *party, struct buffer *out)
{
	struct slice year = without_zone(party->birth_year);
	struct slice day = without_zone(party->birth_day_month);
	if (party->birth_date.len > 0 || (year.len == 0 && day.len == 0)) {
		pb_put_bytes(out, PARTY_BIRTH_DATE, party->birth_date);
		return;
	}
	size_t mark = pb_begin(out, PARTY_BIRTH_DATE);
	buffer_append_slice(out, year);
	buffer_append_slice(out, year.len > 0 ? slice_sub(day, 1, day.len) : day);
	pb_end(out, mark);
}

static Carehub__V1__Assurance card_assurance(const struct loyalty *loyalty)
{
	switch (loyalty->entry) {
	case CAREHUB__V1__ENTRY_METHOD__ENTRY_METHOD_SCANNED:
	case CAREHUB__V1__ENTRY_METHOD__ENTRY_METHOD_CARD:
		return CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED;
	case CAREHUB__V1__ENTRY_METHOD__ENTRY_METHOD_KEYED:
		return CAREHUB__V1__ASSURANCE__ASSURANCE_CLAIMED;
	default:
		return CAREHUB__V1__ASSURANCE__ASSURANCE_UNSPECIFIED;
	}
}

void party_encode(const struct transaction *transaction, uint32_t number, struct buffer *out)
{
	const struct party *party = &transaction->party;
	const struct loyalty *loyalty = &transaction->loyalty;
	size_t before;
	size_t mark = message_begin(out, number, &before);
	pb_put_bytes(out, PARTY_LOCAL_ID, party->customer_id);
	pb_put_bytes(out, PARTY_MEMBER_CARD, loyalty->card);
	for (const struct phone *phone = party->phones; phone != NULL; phone = phone->next)
		phone_encode(phone, out);
	for (const struct text_item *email = party->emails; email != NULL; email = email->next) {
		size_t contact = pb_begin(out, PARTY_EMAILS);
		pb_put_bytes(out, CONTACT_VALUE, email->text);
		pb_end(out, contact);
	}
	name_encode(party, out);
	address_encode(&party->address, PARTY_ADDRESS, out);
	birth_date_encode(party, out);
	pb_put_bytes(out, PARTY_LANGUAGE, party->language);
	pb_put_bytes(out, PARTY_CUSTOMER_GROUP, party->customer_group);
	if (party->name_full.len > 0) /* then it is the firm's */
		pb_put_bytes(out, PARTY_COMPANY, party->name_official);
	if (loyalty->household.len > 0) {
		size_t identifier = pb_begin(out, PARTY_IDENTIFIERS);
		pb_put_text(out, IDENTIFIER_SCHEME, "household");
		pb_put_bytes(out, IDENTIFIER_VALUE, loyalty->household);
		pb_end(out, identifier);
	}
	if (loyalty->card.len > 0)
		pb_put_int(out, PARTY_MEMBER_CARD_ASSURANCE, card_assurance(loyalty));
	pb_put_bytes(out, PARTY_GENDER, party->gender);
	message_end(out, mark, before);
}
