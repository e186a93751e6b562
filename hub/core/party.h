/* The customer as one event tells him: Party of common.proto, read in place. */
#ifndef CORE_PARTY_H
#define CORE_PARTY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* More than these are no person: the surplus is not read, and the event says so no less. */
#define PARTY_CONTACTS    8u
#define PARTY_IDENTIFIERS 4u

enum assurance { ASSURANCE_DEFAULT = 0, ASSURANCE_CLAIMED = 1, ASSURANCE_VERIFIED = 2 };

struct party_contact {
	struct slice value;
	uint8_t assurance;
	uint8_t kind;
};

struct party_identifier {
	struct slice scheme;
	struct slice value;
	uint8_t assurance;
};

struct party {
	bool present;
	struct slice local_id;
	struct slice common_id;
	struct slice member_card;
	uint8_t common_id_assurance;
	uint8_t member_card_assurance;
	struct party_contact phones[PARTY_CONTACTS];
	uint32_t phone_count;
	struct party_contact emails[PARTY_CONTACTS];
	uint32_t email_count;
	struct party_identifier identifiers[PARTY_IDENTIFIERS];
	uint32_t identifier_count;
	struct slice name;    /* encoded Name */
	struct slice address; /* encoded Address */
	struct slice form_of_address;
	struct slice birth_date;
	struct slice language;
	struct slice customer_group;
	struct slice company;
	struct slice gender;
};

/* `personal` is the personal part of an event that has passed check_message. */
void party_read(struct slice personal, struct party *out_party);

#endif
