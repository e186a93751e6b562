#include "module/marketing/campaign/addressee.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"

#define DAY_US INT64_C(86400000000)

#define FIELD(name)  CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_##name
#define ANSWER(name) CAREHUB__V1__ANSWER__ANSWER_##name

static bool value_is_verified(const Carehub__V1__FieldValue *value)
{
	return value->provenance != NULL &&
	       value->provenance->assurance == CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED;
}

/* As he wrote it, when that can be used. */
static bool value_mailbox(const Carehub__V1__FieldValue *value, char out[MAIL_ADDRESS_BYTES + 1])
{
	return mail_address_read(text_trim(slice_text(value->raw)), out) == NULL ||
	       mail_address_read(slice_text(value->value), out) == NULL;
}

/* Best first; one that was shown to be his comes before one that he said. */
static void addressee_contacts(struct addressee *addressee, const Carehub__V1__Customer *record)
{
	bool email_verified = false;
	bool phone_verified = false;
	for (size_t i = 0; i < record->n_values; i++) {
		const Carehub__V1__FieldValue *value = record->values[i];
		bool verified = value_is_verified(value);
		if (value->blocked == ANSWER(YES))
			continue;
		if (value->field == FIELD(EMAIL)) {
			bool better = addressee->email[0] == 0 || (verified && !email_verified);
			if (better && value_mailbox(value, addressee->email))
				email_verified = verified;
		} else if (value->field == FIELD(PHONE) && value->value[0] != 0 &&
			   value->kind != CAREHUB__V1__CONTACT_KIND__CONTACT_KIND_FAX) {
			if (addressee->phone.len == 0 || (verified && !phone_verified)) {
				addressee->phone = slice_text(value->value);
				phone_verified = verified;
			}
		}
	}
}

static void addressee_names(struct addressee *addressee, const Carehub__V1__Customer *record)
{
	struct slice *words = addressee->values.words;
	words[TEMPLATE_LEVEL] = slice_text(record->member_level);
	for (size_t i = 0; i < record->n_values; i++) {
		const Carehub__V1__FieldValue *value = record->values[i];
		if (value->field == FIELD(FORM_OF_ADDRESS))
			words[TEMPLATE_ADDRESSED] = slice_text(value->value);
		if (value->field != FIELD(NAME) || value->name == NULL)
			continue;
		const Carehub__V1__Name *name = value->name;
		words[TEMPLATE_FAMILY] = text_trim(slice_text(name->family));
		words[TEMPLATE_GIVEN] = text_trim(slice_text(name->given));
		words[TEMPLATE_NAME] = text_trim(slice_text(name->full));
		if (words[TEMPLATE_NAME].len == 0)
			words[TEMPLATE_NAME] = words[TEMPLATE_FAMILY];
		if (words[TEMPLATE_ADDRESSED].len == 0)
			words[TEMPLATE_ADDRESSED] = slice_text(name->form_of_address);
	}
}

enum ch_status addressee_read(struct slice reply, struct addressee *out_addressee)
{
	struct addressee addressee = {0};
	/* The hub checks depth and texts; the schema has no type that holds itself. */
	addressee.reply = carehub__v1__customer_reply__unpack(NULL, reply.len, reply.data);
	if (addressee.reply == NULL)
		return CH_FORMAT;
	if (addressee.reply->n_customers != 1 || addressee.reply->customers[0]->customer == NULL) {
		addressee_fini(&addressee);
		return CH_NOT_FOUND;
	}
	const Carehub__V1__Customer *record = addressee.reply->customers[0]->customer;
	addressee.number = record->customer_number;
	addressee.sequence = record->as_of_sequence;
	addressee_contacts(&addressee, record);
	addressee_names(&addressee, record);
	*out_addressee = addressee;
	return CH_OK;
}

void addressee_fini(struct addressee *addressee)
{
	if (addressee->reply != NULL)
		carehub__v1__customer_reply__free_unpacked(addressee->reply, NULL);
	*addressee = (struct addressee){0};
}

/* ---- Consent ---- */

static bool scope_covers(const Carehub__V1__ConsentScope *scope, int purpose, int channel)
{
	return scope != NULL && ((int)scope->purpose == purpose || scope->purpose == 0) &&
	       ((int)scope->channel == channel || scope->channel == 0);
}

static bool state_is_newer(
	const Carehub__V1__ConsentState *one, const Carehub__V1__ConsentState *other)
{
	int64_t one_us = one->provenance != NULL ? one->provenance->occurred_time_us : 0;
	int64_t other_us = other->provenance != NULL ? other->provenance->occurred_time_us : 0;
	uint64_t one_at = one->provenance != NULL ? one->provenance->sequence : 0;
	uint64_t other_at = other->provenance != NULL ? other->provenance->sequence : 0;
	return one_us != other_us ? one_us > other_us : one_at > other_at;
}

/* Its last day is over somewhere: days end first at UTC+14.  In doubt it has run out. */
static bool state_has_expired(const Carehub__V1__ConsentState *state, int64_t now_us)
{
	char midnight[40];
	int64_t last_us;
	if (state->expiry_date[0] == 0)
		return false;
	int len = snprintf(midnight, sizeof(midnight), "%.20sT00:00:00+14:00", state->expiry_date);
	if (clock_parse(slice_of(midnight, (size_t)len), &last_us) != CH_OK)
		return true;
	return now_us >= last_us + DAY_US;
}

static const char *addressee_consent(const Carehub__V1__Customer *record,
	const struct campaign *campaign, int64_t now_us, uint64_t *out_consent)
{
	const Carehub__V1__ConsentState *given = NULL;
	const Carehub__V1__ConsentState *withdrawn = NULL;
	for (size_t i = 0; i < record->n_consents; i++) {
		const Carehub__V1__ConsentState *state = record->consents[i];
		if (!scope_covers(state->scope, campaign->purpose, campaign->channel))
			continue;
		bool exact = state->scope->purpose != 0 && state->scope->channel != 0;
		if (state->granted != ANSWER(YES)) {
			if (withdrawn == NULL || state_is_newer(state, withdrawn))
				withdrawn = state;
		} else if (exact && (given == NULL || state_is_newer(state, given))) {
			given = state;
		}
	}
	if (withdrawn != NULL && (given == NULL || !state_is_newer(given, withdrawn)))
		return "withdrawn";
	if (given == NULL)
		return "no_consent";
	if (state_has_expired(given, now_us))
		return "expired";
	*out_consent = given->provenance != NULL ? given->provenance->sequence : 0;
	return NULL;
}

uint32_t addressee_recent(const struct addressee *addressee, int64_t from_us, bool *out_all)
{
	const Carehub__V1__CustomerView *view = addressee->reply->customers[0];
	uint32_t recent = 0;
	*out_all = view->n_timeline < ADDRESSEE_TIMELINE;
	for (size_t i = 0; i < view->n_timeline; i++) {
		const Carehub__V1__TimelineEntry *line = view->timeline[i];
		if (line->arrived_time_us < from_us)
			*out_all = true;
		else if (strcmp(line->event_type, "marketing.message.intended") == 0)
			recent++;
	}
	return recent;
}

const char *addressee_refusal(const struct addressee *addressee, const struct campaign *campaign,
	struct addressee_cap cap, uint32_t own, int64_t now_us, uint64_t *out_consent)
{
	const Carehub__V1__Customer *record = addressee->reply->customers[0]->customer;
	bool all = true;
	uint64_t consent = 0;
	if (record->state != CAREHUB__V1__CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE)
		return record->redirect_to != 0 ? "merged" : "no_record";
	const char *refusal = addressee_consent(record, campaign, now_us, &consent);
	if (refusal != NULL)
		return refusal;
	bool mail = campaign->channel == CAMPAIGN_CHANNEL(EMAIL);
	if (mail ? addressee->email[0] == 0 : addressee->phone.len == 0)
		return "no_address";
	uint32_t recent = addressee_recent(addressee, now_us - (int64_t)cap.days * DAY_US, &all);
	recent -= recent < own ? recent : own;
	if (cap.messages > 0 && (!all || recent >= cap.messages))
		return "too_often";
	*out_consent = consent;
	return NULL;
}
