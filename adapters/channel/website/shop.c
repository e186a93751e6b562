#include "channel/website/shop.h"

#include <stdio.h>

#include "base/limits.h"

void shop_add(struct shop_events *events, const struct reading *reading, const char *type,
	const void *message, const char *suffix, int64_t time_us)
{
	if (reading->status != CH_OK || message == NULL || events->count == SHOP_EVENTS)
		return;
	events->items[events->count++] = (struct shop_event){
		.type = type, .message = message, .suffix = suffix, .time_us = time_us};
}

void shop_add_retold(struct shop_events *events, struct reading *reading, const char *type,
	const void *message, const char *prefix, const char *id, int64_t time_us)
{
	size_t before = events->count;
	size_t len = strlen(prefix) + 1 + strlen(id) + 1;
	char *name = reading_alloc(reading, len);
	if (name == NULL)
		return;
	(void)snprintf(name, len, "%s/%s", prefix, id); /* fits */
	shop_add(events, reading, type, message, name, time_us);
	if (events->count > before)
		events->items[before].retold = true;
}

char *shop_text(struct reading *reading, const char *text)
{
	size_t len = strlen(text);
	char *copy = reading_alloc(reading, len + 1);
	if (copy != NULL)
		memcpy(copy, text, len);
	return copy;
}

void *shop_array(struct reading *reading, size_t count)
{
	return count > 0 ? reading_alloc(reading, count * sizeof(void *)) : NULL;
}

Carehub__V1__Money *shop_money_add(
	struct reading *reading, const Carehub__V1__Money *a, const Carehub__V1__Money *b)
{
	Carehub__V1__Money *sum = reading_new(reading, &carehub__v1__money__descriptor);
	if (sum == NULL)
		return NULL;
	int64_t left = a != NULL ? a->minor_units : 0;
	int64_t right = b != NULL ? b->minor_units : 0;
	if (__builtin_add_overflow(left, right, &sum->minor_units))
		reading_fail(reading, CH_TOO_LARGE, "", "amounts are too large");
	sum->currency = shop_text(reading, a != NULL ? a->currency : b != NULL ? b->currency : "");
	return sum;
}

static Carehub__V1__Contact **shop_contact(
	struct reading *reading, const char *value, bool verified, size_t *out_count)
{
	*out_count = 0;
	if (value[0] == 0)
		return NULL;
	Carehub__V1__Contact **list = shop_array(reading, 1);
	Carehub__V1__Contact *contact = reading_new(reading, &carehub__v1__contact__descriptor);
	if (list == NULL || contact == NULL)
		return NULL;
	contact->value = shop_text(reading, value);
	contact->assurance = verified ? CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED
				      : CAREHUB__V1__ASSURANCE__ASSURANCE_CLAIMED;
	list[0] = contact;
	*out_count = 1;
	return list;
}

static Carehub__V1__Name *shop_name(struct reading *reading, const struct shop_person *person)
{
	if (person->given[0] == 0 && person->family[0] == 0)
		return NULL;
	Carehub__V1__Name *name = reading_new(reading, &carehub__v1__name__descriptor);
	if (name == NULL)
		return NULL;
	name->given = shop_text(reading, person->given);
	name->family = shop_text(reading, person->family);
	return name;
}

Carehub__V1__Party *shop_party(struct reading *reading, const struct shop_person *person)
{
	Carehub__V1__Party *party = reading_new(reading, &carehub__v1__party__descriptor);
	if (party == NULL)
		return NULL;
	party->local_id = shop_text(reading, person->local_id);
	party->phones = shop_contact(reading, person->phone, false, &party->n_phones);
	party->emails =
		shop_contact(reading, person->email, person->email_verified, &party->n_emails);
	party->name = shop_name(reading, person);
	party->company = shop_text(reading, person->company);
	return party;
}

enum ch_status shop_event_id(
	const struct shop_event *event, struct slice id, struct slice topic, char *out_id)
{
	const char *between = event->suffix[0] != 0 ? "/" : "";
	int len = event->retold ? snprintf(out_id, LIMIT_ID_BYTES + 1, "%s", event->suffix)
				: snprintf(out_id, LIMIT_ID_BYTES + 1, "%.*s/%.*s%s%s", (int)id.len,
					  (const char *)id.data, (int)topic.len,
					  (const char *)topic.data, between, event->suffix);
	return len >= 0 && len <= (int)LIMIT_ID_BYTES ? CH_OK : CH_TOO_LARGE;
}
