#include "channel/website/shop.h"

#include <stdio.h>

#include "base/limits.h"

/* ---- One delivery ---- */

enum ch_status shop_read(const struct shop_delivery *delivery, const struct shop_topic *topics,
	size_t count, struct arena *arena, struct shop_events *out_events,
	struct refusal *out_refusal)
{
	struct shop_events events = {.count = 0};
	struct shop shop = {.reading = {.arena = arena,
				    .refusal = out_refusal,
				    .zone = delivery->zone,
				    .currency = ""},
		.delivery = delivery,
		.body = delivery->body,
		.events = &events};
	if (!json_is_object(delivery->body))
		return refusal_set(out_refusal, CH_INVALID, "", "is no JSON object");
	shop.reading.currency = reading_text(&shop.reading, delivery->body, "currency");
	events.skipped = "a topic of which the hub keeps nothing";
	for (size_t i = 0; i < count; i++) {
		if (!slice_equal(delivery->topic, slice_text(topics[i].topic)))
			continue;
		if (topics[i].is_borne_out != NULL && !topics[i].is_borne_out(delivery->body))
			return refusal_set(out_refusal, CH_INVALID, "topic",
				"the body, which alone is signed, does not say so");
		events.skipped = NULL;
		topics[i].read(&shop);
		break;
	}
	if (shop.reading.status == CH_OK)
		*out_events = events;
	return shop.reading.status;
}

void shop_add(struct shop *shop, const char *type, const void *message, const char *suffix,
	int64_t time_us)
{
	struct shop_events *events = shop->events;
	if (shop->reading.status != CH_OK || message == NULL || events->count == SHOP_EVENTS)
		return;
	events->items[events->count++] = (struct shop_event){
		.type = type, .message = message, .suffix = suffix, .time_us = time_us};
}

void shop_add_retold(struct shop *shop, const char *type, const void *message, const char *prefix,
	const char *id, int64_t time_us)
{
	size_t before = shop->events->count;
	size_t len = strlen(prefix) + 1 + strlen(id) + 1;
	char *name = reading_alloc(&shop->reading, len);
	if (name == NULL)
		return;
	(void)snprintf(name, len, "%s/%s", prefix, id); /* fits */
	shop_add(shop, type, message, name, time_us);
	if (shop->events->count > before)
		shop->events->items[before].retold = true;
}

/* ---- Values ---- */

const json_t *shop_object(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_object(value) ? value : NULL;
}

Carehub__V1__Answer shop_answer(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_boolean(value))
		return CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED;
	return json_is_true(value) ? CAREHUB__V1__ANSWER__ANSWER_YES
				   : CAREHUB__V1__ANSWER__ANSWER_NO;
}

char *shop_first(
	struct shop *shop, const json_t *a, const char *a_name, const json_t *b, const char *b_name)
{
	char *text = reading_text(&shop->reading, a, a_name);
	return text[0] != 0 ? text : reading_text(&shop->reading, b, b_name);
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

void *shop_list(struct shop *shop, const json_t *object, const char *name,
	void *(*read)(struct shop *shop, const json_t *element), size_t *out_count)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(object, name);
	size_t count = reading_count(object, name);
	void **items = shop_array(reading, count);
	*out_count = 0;
	for (size_t i = 0; i < count && items != NULL && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *element = reading_enter(reading, list, name, i, &mark);
		void *item = read(shop, element);
		if (item != NULL)
			items[(*out_count)++] = item;
		reading_leave(reading, mark);
	}
	return items;
}

char *shop_method(struct shop *shop, const char *name)
{
	size_t mark;
	const json_t *list = json_object_get(shop->body, "shipping_lines");
	if (reading_count(shop->body, "shipping_lines") == 0)
		return reading_text(&shop->reading, NULL, "");
	const json_t *line = reading_enter(&shop->reading, list, "shipping_lines", 0, &mark);
	char *method = reading_text(&shop->reading, line, name);
	reading_leave(&shop->reading, mark);
	return method;
}

Carehub__V1__PaymentState shop_payment_state(
	const struct shop_payment *rows, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].word, word) == 0)
			return rows[i].state;
	}
	return CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_UNSPECIFIED;
}

/* ---- People ---- */

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

Carehub__V1__Address *shop_address(
	struct shop *shop, const json_t *object, const struct shop_address_names *names)
{
	struct reading *reading = &shop->reading;
	if (object == NULL)
		return NULL;
	Carehub__V1__Address *address = reading_new(reading, &carehub__v1__address__descriptor);
	if (address == NULL)
		return NULL;
	address->country = shop_first(shop, object, names->country, object, names->country_too);
	address->region = reading_text(reading, object, names->region);
	address->city = reading_text(reading, object, "city");
	address->postcode = reading_text(reading, object, names->postcode);
	address->lines = shop_array(reading, 2);
	for (size_t i = 0; i < 2 && address->lines != NULL; i++) {
		char *line = reading_text(reading, object, names->lines[i]);
		if (line[0] != 0)
			address->lines[address->n_lines++] = line;
	}
	return address;
}

Carehub__V1__Consignee *shop_consignee(
	struct shop *shop, const json_t *object, const struct shop_address_names *names)
{
	struct reading *reading = &shop->reading;
	const struct shop_person person = {
		.local_id = "",
		.phone = reading_text(reading, object, "phone"),
		.email = "",
		.given = reading_text(reading, object, "first_name"),
		.family = reading_text(reading, object, "last_name"),
		.company = "",
	};
	Carehub__V1__Consignee *consignee =
		reading_new(reading, &carehub__v1__consignee__descriptor);
	const Carehub__V1__Party *party = shop_party(reading, &person);
	if (consignee == NULL || party == NULL)
		return NULL;
	consignee->name = party->name;
	consignee->phone = party->n_phones > 0 ? party->phones[0] : NULL;
	consignee->company = reading_text(reading, object, "company");
	consignee->address = shop_address(shop, object, names);
	return consignee;
}

/* ---- Names of events ---- */

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
