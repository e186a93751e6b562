#include "core/party.h"

#include "wire/pb.h"

/* Field numbers of common.proto; tests/lint holds them against the schema. */
enum {
	EVENT_CUSTOMER = 100,
	PARTY_LOCAL_ID = 1,
	PARTY_COMMON_ID = 2,
	PARTY_MEMBER_CARD = 3,
	PARTY_PHONES = 4,
	PARTY_EMAILS = 5,
	PARTY_NAME = 6,
	PARTY_ADDRESS = 7,
	PARTY_BIRTH_DATE = 8,
	PARTY_LANGUAGE = 9,
	PARTY_CUSTOMER_GROUP = 10,
	PARTY_COMPANY = 11,
	PARTY_IDENTIFIER = 12,
	PARTY_COMMON_ID_ASSURANCE = 13,
	PARTY_MEMBER_CARD_ASSURANCE = 14,
	PARTY_GENDER = 15,
	NAME_FORM_OF_ADDRESS = 4,
};

static void party_read_contact(
	struct slice bytes, struct party_contact contacts[PARTY_CONTACTS], uint32_t *count)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	struct party_contact contact = {0};
	while (pb_next(&reader, &field)) {
		if (field.number == 1)
			contact.value = field.bytes;
		else if (field.number == 2)
			contact.assurance = (uint8_t)field.integer;
		else if (field.number == 3)
			contact.kind = (uint8_t)field.integer;
	}
	if (contact.value.len > 0 && *count < PARTY_CONTACTS)
		contacts[(*count)++] = contact;
}

static void party_read_identifier(struct slice bytes, struct party *party)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	struct party_identifier identifier = {0};
	while (pb_next(&reader, &field)) {
		if (field.number == 1)
			identifier.scheme = field.bytes;
		else if (field.number == 2)
			identifier.value = field.bytes;
		else if (field.number == 3)
			identifier.assurance = (uint8_t)field.integer;
	}
	if (identifier.value.len > 0 && party->identifier_count < PARTY_IDENTIFIERS)
		party->identifiers[party->identifier_count++] = identifier;
}

static void party_read_name(struct slice bytes, struct party *party)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	party->name = bytes;
	while (pb_next(&reader, &field)) {
		if (field.number == NAME_FORM_OF_ADDRESS)
			party->form_of_address = field.bytes;
	}
}

static void party_read_field(const struct pb_field *field, struct party *party)
{
	switch (field->number) {
	case PARTY_LOCAL_ID:
		party->local_id = field->bytes;
		break;
	case PARTY_COMMON_ID:
		party->common_id = field->bytes;
		break;
	case PARTY_MEMBER_CARD:
		party->member_card = field->bytes;
		break;
	case PARTY_PHONES:
		party_read_contact(field->bytes, party->phones, &party->phone_count);
		break;
	case PARTY_EMAILS:
		party_read_contact(field->bytes, party->emails, &party->email_count);
		break;
	case PARTY_NAME:
		party_read_name(field->bytes, party);
		break;
	case PARTY_ADDRESS:
		party->address = field->bytes;
		break;
	case PARTY_BIRTH_DATE:
		party->birth_date = field->bytes;
		break;
	case PARTY_LANGUAGE:
		party->language = field->bytes;
		break;
	case PARTY_CUSTOMER_GROUP:
		party->customer_group = field->bytes;
		break;
	case PARTY_COMPANY:
		party->company = field->bytes;
		break;
	case PARTY_IDENTIFIER:
		party_read_identifier(field->bytes, party);
		break;
	case PARTY_COMMON_ID_ASSURANCE:
		party->common_id_assurance = (uint8_t)field->integer;
		break;
	case PARTY_MEMBER_CARD_ASSURANCE:
		party->member_card_assurance = (uint8_t)field->integer;
		break;
	case PARTY_GENDER:
		party->gender = field->bytes;
		break;
	default:
		break;
	}
}

void party_read(struct slice personal, struct party *out_party)
{
	struct pb_reader reader = pb_read(personal);
	struct pb_field field;
	*out_party = (struct party){0};
	while (pb_next(&reader, &field)) {
		if (field.number != EVENT_CUSTOMER || field.wire != PB_LEN)
			continue;
		struct pb_reader inner = pb_read(field.bytes);
		struct pb_field part;
		out_party->present = true;
		while (pb_next(&inner, &part))
			party_read_field(&part, out_party);
	}
}
