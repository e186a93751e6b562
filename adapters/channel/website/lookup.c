#include "channel/website/lookup.h"

#include <stdio.h>

#include "base/clock.h"
#include "channel/website/answer.h"
#include "channel/website/http_message.h"

/* ---- The question ---- */

static void lookup_digits(const char *text, char out[LOOKUP_TEXT_BYTES])
{
	size_t len = 0;
	for (size_t i = 0; text[i] != 0 && len + 1 < LOOKUP_TEXT_BYTES; i++) {
		if (text[i] >= '0' && text[i] <= '9')
			out[len++] = text[i];
	}
	out[len] = 0;
}

static void lookup_code(const char *text, char out[LOOKUP_TEXT_BYTES])
{
	size_t len = 0;
	for (size_t i = 0; text[i] != 0 && len + 1 < LOOKUP_TEXT_BYTES; i++) {
		char c = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
		if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			out[len++] = c;
	}
	out[len] = 0;
}

static void lookup_mailbox(const char *text, char out[LOOKUP_TEXT_BYTES])
{
	size_t len = 0;
	for (size_t i = 0; text[i] != 0 && len + 1 < LOOKUP_TEXT_BYTES; i++) {
		if (text[i] != ' ')
			out[len++] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a')
								      : text[i];
	}
	out[len] = 0;
}

static const struct {
	const char *name;
	enum lookup_proof proof;
	size_t least; /* characters that prove anything */
	void (*normalize)(const char *text, char out[LOOKUP_TEXT_BYTES]);
} proofs[] = {
	{"phone", LOOKUP_BY_PHONE, LOOKUP_PHONE_LEAST, lookup_digits},
	{"email", LOOKUP_BY_EMAIL, 5, lookup_mailbox},
	{"serial", LOOKUP_BY_SERIAL, 4, lookup_code},
};

/* CH_OK; CH_NOT_FOUND: it is not there; else *out_refusal. */
static enum ch_status lookup_parameter(
	struct slice query, const char *name, struct buffer *text, struct refusal *out_refusal)
{
	enum ch_status status = http_query_value(query, name, text);
	if (status == CH_OK && text->len == 0)
		return CH_NOT_FOUND;
	if (status == CH_OK &&
		(text->len >= LOOKUP_TEXT_BYTES || memchr(text->data, 0, text->len) != NULL))
		return refusal_set(out_refusal, CH_INVALID, name, "is too long, or no text");
	if (status != CH_OK && status != CH_NOT_FOUND && status != CH_NOMEM)
		return refusal_set(
			out_refusal, CH_INVALID, name, "stands there twice, or is no text");
	return status;
}

static enum ch_status lookup_read_id(
	struct slice query, struct lookup *lookup, struct buffer *text, struct refusal *out_refusal)
{
	lookup->kind = LOOKUP_REPAIR;
	enum ch_status status = lookup_parameter(query, "repair", text, out_refusal);
	if (status == CH_NOT_FOUND) {
		lookup->kind = LOOKUP_ORDER;
		status = lookup_parameter(query, "order", text, out_refusal);
	}
	if (status == CH_NOT_FOUND)
		return refusal_set(out_refusal, CH_MISSING, "repair", "or order must be given");
	if (status == CH_OK)
		(void)snprintf(lookup->id, sizeof(lookup->id), "%s", buffer_text(text)); /* fits */
	return status;
}

static enum ch_status lookup_read_proof(
	struct slice query, struct lookup *lookup, struct buffer *text, struct refusal *out_refusal)
{
	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++) {
		enum ch_status status = lookup_parameter(query, proofs[i].name, text, out_refusal);
		if (status == CH_NOT_FOUND)
			continue;
		if (status != CH_OK)
			return status;
		if (proofs[i].proof == LOOKUP_BY_SERIAL && lookup->kind == LOOKUP_ORDER)
			return refusal_set(out_refusal, CH_INVALID, "serial",
				"tells a repair, for an order give phone or email");
		proofs[i].normalize(buffer_text(text), lookup->value);
		lookup->proof = proofs[i].proof;
		if (strlen(lookup->value) < proofs[i].least)
			return refusal_set(out_refusal, CH_INVALID, proofs[i].name,
				"needs %zu characters at least", proofs[i].least);
		return CH_OK;
	}
	return refusal_set(out_refusal, CH_MISSING, "phone",
		"the end of the number, the e-mail "
		"address or the serial number is needed");
}

enum ch_status lookup_read(
	struct slice query, struct lookup *out_lookup, struct refusal *out_refusal)
{
	struct lookup lookup = {.kind = LOOKUP_REPAIR};
	struct buffer text = {0};
	enum ch_status status = lookup_read_id(query, &lookup, &text, out_refusal);
	if (status == CH_OK)
		status = lookup_read_proof(query, &lookup, &text, out_refusal);
	if (status == CH_OK)
		*out_lookup = lookup;
	buffer_fini(&text);
	return status;
}

/* ---- The proof ---- */

/* An extension behind the number is no part of it. */
static bool lookup_ends_with(const char *number, const char *end)
{
	char digits[LOOKUP_TEXT_BYTES];
	char plain[LOOKUP_TEXT_BYTES];
	(void)snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(number, ";"), number);
	lookup_digits(plain, digits);
	size_t len = strlen(digits);
	size_t end_len = strlen(end);
	/* "0138..." is how somebody writes what is stored as +86138...: the nought is no proof. */
	while (end_len > LOOKUP_PHONE_LEAST && end[0] == '0')
		end++, end_len--;
	return end_len >= LOOKUP_PHONE_LEAST && len >= end_len &&
	       strcmp(digits + len - end_len, end) == 0;
}

bool lookup_fits_customer(const struct lookup *lookup, const Carehub__V1__Customer *customer)
{
	char mailbox[LOOKUP_TEXT_BYTES];
	bool fits = false;
	for (size_t i = 0; i < customer->n_values; i++) {
		const Carehub__V1__FieldValue *value = customer->values[i];
		if (value->field == CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_PHONE &&
			lookup->proof == LOOKUP_BY_PHONE)
			fits = fits || lookup_ends_with(value->value, lookup->value);
		if (value->field == CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_EMAIL &&
			lookup->proof == LOOKUP_BY_EMAIL) {
			lookup_mailbox(value->value, mailbox);
			fits = fits || strcmp(mailbox, lookup->value) == 0;
		}
	}
	return fits;
}

bool lookup_fits_unit(const struct lookup *lookup, const Carehub__V1__RepairOrder *repair)
{
	char serial[LOOKUP_TEXT_BYTES];
	if (lookup->proof != LOOKUP_BY_SERIAL || repair->unit == NULL)
		return false;
	lookup_code(repair->unit->serial_number, serial);
	return strcmp(serial, lookup->value) == 0;
}

/* ---- The answer ---- */

/* REPAIR_STATE_WAITING_PART is "waiting_part" on the web. */
static void lookup_tell_state(
	const ProtobufCEnumDescriptor *type, int number, const char *prefix, struct buffer *out)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);
	const char *name = value != NULL ? value->name : "";
	size_t skip = strlen(prefix);
	buffer_append_text(out, ",\"state\":\"");
	if (strncmp(name, prefix, skip) == 0) {
		for (name += skip; *name != 0; name++)
			buffer_append_byte(
				out, (uint8_t)(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a'
									    : *name));
	}
	buffer_append_byte(out, '"');
}

static void lookup_tell_time(const char *name, int64_t time_us, struct buffer *out)
{
	char text[CLOCK_TEXT_BYTES];
	if (time_us != 0)
		buffer_printf(out, ",\"%s\":\"%s\"", name, clock_format(time_us, text));
}

static void lookup_tell_text(const char *name, const char *text, struct buffer *out)
{
	if (text[0] == 0)
		return;
	buffer_printf(out, ",\"%s\":", name);
	answer_append_text(out, text);
}

/* As the station directory has it, else as the station calls itself. */
static void lookup_tell_station(const Carehub__V1__RepairOrder *repair,
	const Carehub__V1__CustomerView *view, struct buffer *out)
{
	const Carehub__V1__ReferenceStationPublished *station = NULL;
	for (size_t i = 0; view != NULL && repair->station != NULL && i < view->n_stations; i++) {
		if (strcmp(view->stations[i]->station_id, repair->station->station_id) == 0)
			station = view->stations[i];
	}
	if (station == NULL) {
		if (repair->station != NULL)
			lookup_tell_text("station", repair->station->name, out);
		return;
	}
	lookup_tell_text("station", station->name, out);
	lookup_tell_text("stationStreet", station->street, out);
	lookup_tell_text("stationCity", station->city, out);
	lookup_tell_text("stationPostcode", station->postcode, out);
	lookup_tell_text("stationPhone", station->public_phone, out);
	lookup_tell_text("stationHours", station->opening_hours, out);
}

/* The hub has looked for it by number and model; of several products it is the unit's. */
static void lookup_tell_product(const Carehub__V1__RepairOrder *repair,
	const Carehub__V1__CustomerView *view, struct buffer *out)
{
	const Carehub__V1__ProductUnitRef *unit = repair->unit;
	char wanted[LOOKUP_TEXT_BYTES];
	char model[LOOKUP_TEXT_BYTES];
	if (unit == NULL || view == NULL)
		return;
	lookup_code(unit->model, wanted);
	for (size_t i = 0; i < view->n_products; i++) {
		const Carehub__V1__ReferenceProductPublished *product = view->products[i];
		lookup_code(product->model, model);
		if (strcmp(product->product_id, unit->product_id) != 0 &&
			(wanted[0] == 0 || strcmp(model, wanted) != 0))
			continue;
		lookup_tell_text("product",
			product->description[0] != 0 ? product->description : product->model, out);
		return;
	}
}

static void lookup_tell_promotions(const Carehub__V1__CustomerView *view, struct buffer *out)
{
	size_t count = view != NULL ? view->n_promotions : 0;
	for (size_t i = 0; i < count; i++) {
		buffer_append_text(out, i == 0 ? ",\"promotions\":[" : ",");
		answer_append_text(out, view->promotions[i]->title);
	}
	buffer_append_text(out, count > 0 ? "]" : "");
}

void lookup_tell_repair(const Carehub__V1__RepairOrder *repair,
	const Carehub__V1__CustomerView *view, struct buffer *out)
{
	buffer_append_text(out, "{\"found\":true,\"kind\":\"repair\"");
	lookup_tell_state(
		&carehub__v1__repair_state__descriptor, (int)repair->state, "REPAIR_STATE_", out);
	lookup_tell_time("receivedTime", repair->received_time_us, out);
	lookup_tell_time("repairedTime", repair->repaired_time_us, out);
	lookup_tell_time("returnedTime", repair->returned_time_us, out);
	lookup_tell_time("promisedTime", repair->promised_time_us, out);
	lookup_tell_product(repair, view, out);
	lookup_tell_station(repair, view, out);
	lookup_tell_promotions(view, out);
	buffer_append_text(out, "}\n");
}

void lookup_tell_order(const Carehub__V1__Order *order, struct buffer *out)
{
	buffer_append_text(out, "{\"found\":true,\"kind\":\"order\"");
	lookup_tell_state(
		&carehub__v1__order_state__descriptor, (int)order->state, "ORDER_STATE_", out);
	lookup_tell_time("placedTime", order->placed_time_us, out);
	lookup_tell_time("promisedTime", order->promised_time_us, out);
	lookup_tell_time("dispatchedTime", order->dispatched_time_us, out);
	lookup_tell_time("deliveredTime", order->delivered_time_us, out);
	for (size_t i = 0; i < order->n_tracking_numbers; i++) {
		buffer_append_text(out, i == 0 ? ",\"trackingNumbers\":[" : ",");
		answer_append_text(out, order->tracking_numbers[i]);
	}
	buffer_append_text(out, order->n_tracking_numbers > 0 ? "]}\n" : "}\n");
}
