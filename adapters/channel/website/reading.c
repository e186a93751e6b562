#include "channel/website/reading.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/currency.h"

#define READING_TEXT_BYTES 8192u /* one value; over it, the body is none of a shop */

void reading_fail(
	struct reading *reading, enum ch_status status, const char *name, const char *reason)
{
	if (reading->status != CH_OK)
		return;
	size_t mark = reading->path.len;
	if (name[0] != 0)
		(void)reflect_path_push(&reading->path, slice_text(name), -1);
	reading->status = refusal_set(reading->refusal, status, reading->path.text, "%s", reason);
	reflect_path_pop(&reading->path, mark);
}

void *reading_alloc(struct reading *reading, size_t bytes)
{
	void *room = reading->status == CH_OK ? arena_alloc(reading->arena, bytes) : NULL;
	if (room != NULL)
		memset(room, 0, bytes);
	else if (reading->status == CH_OK)
		reading->status = CH_NOMEM;
	return room;
}

void *reading_new(struct reading *reading, const ProtobufCMessageDescriptor *type)
{
	void *message = reading_alloc(reading, type->sizeof_message);
	if (message != NULL)
		protobuf_c_message_init(type, message);
	return message;
}

static char *reading_empty(void)
{
	/* protobuf-c compares against this very address, and never writes to it. */
	union {
		const char *constant;
		char *text;
	} empty = {protobuf_c_empty_string};
	return empty.text;
}

static char *reading_copy(struct reading *reading, struct slice text)
{
	char *copy = text.len > 0 ? reading_alloc(reading, text.len + 1) : NULL;
	if (copy == NULL)
		return reading_empty();
	memcpy(copy, text.data, text.len);
	return copy;
}

char *reading_text(struct reading *reading, const json_t *object, const char *name)
{
	char digits[32];
	const json_t *value = json_object_get(object, name);
	if (json_is_integer(value)) {
		(void)snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT,
			json_integer_value(value)); /* fits */
		return reading_copy(reading, slice_text(digits));
	}
	if (!json_is_string(value))
		return reading_empty();
	struct slice text = slice_of(json_string_value(value), json_string_length(value));
	if (text.len > READING_TEXT_BYTES) {
		reading_fail(reading, CH_TOO_LARGE, name, "is too long");
		return reading_empty();
	}
	return reading_copy(reading, text);
}

char *reading_id(struct reading *reading, const json_t *object, const char *name)
{
	char *text = reading_text(reading, object, name);
	if (text[0] == 0)
		reading_fail(reading, CH_MISSING, name, "is missing");
	return text;
}

/* A number's text.  jansson reads fractions as doubles: twelve digits are more than a rate or a quantity has,
 * and fewer than show what a double cannot hold.  Money comes as text from every shop. */
static bool reading_decimal_text(const json_t *value, char text[64])
{
	int len = -1;
	if (json_is_string(value) && json_string_length(value) < 63)
		len = snprintf(text, 64, "%s", json_string_value(value));
	else if (json_is_integer(value))
		len = snprintf(text, 64, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		len = snprintf(text, 64, "%.12g", json_real_value(value));
	return len > 0 && len < 64;
}

/* False: absent, or an error that sticks. */
static bool reading_number(
	struct reading *reading, const json_t *object, const char *name, struct decimal *out_value)
{
	char text[64];
	const json_t *value = json_object_get(object, name);
	if (value == NULL || json_is_null(value) ||
		(json_is_string(value) && json_string_length(value) == 0))
		return false;
	enum ch_status status = reading_decimal_text(value, text)
					? decimal_parse(slice_text(text), out_value)
					: CH_FORMAT;
	if (status != CH_OK) {
		reading_fail(reading, status, name,
			status == CH_TOO_LARGE ? "is too large" : "is no decimal number");
		return false;
	}
	return true;
}

Carehub__V1__Money *reading_money(struct reading *reading, const json_t *object, const char *name)
{
	struct decimal value;
	int64_t minor_units;
	bool exact;
	if (!reading_number(reading, object, name, &value))
		return NULL;
	if (!currency_is_code(slice_text(reading->currency))) {
		reading_fail(reading, CH_INVALID, name, "has no currency of ISO 4217");
		return NULL;
	}
	if (currency_minor_units(value, slice_text(reading->currency), &minor_units, &exact) !=
		CH_OK) {
		reading_fail(reading, CH_TOO_LARGE, name, "is too large");
		return NULL;
	}
	Carehub__V1__Money *money = reading_new(reading, &carehub__v1__money__descriptor);
	if (money == NULL)
		return NULL;
	money->minor_units = minor_units;
	money->currency = reading_copy(reading, slice_text(reading->currency));
	return money;
}

Carehub__V1__Decimal *reading_decimal(
	struct reading *reading, const json_t *object, const char *name)
{
	struct decimal value;
	if (!reading_number(reading, object, name, &value))
		return NULL;
	Carehub__V1__Decimal *decimal = reading_new(reading, &carehub__v1__decimal__descriptor);
	if (decimal == NULL)
		return NULL;
	decimal->unscaled = value.unscaled;
	decimal->scale = value.scale;
	return decimal;
}

static int64_t reading_moment(
	struct reading *reading, const json_t *object, const char *name, bool utc)
{
	char text[64];
	int64_t time_us = 0;
	const json_t *value = json_object_get(object, name);
	if (!json_is_string(value) || json_string_length(value) == 0)
		return 0;
	size_t len = json_string_length(value);
	if (len >= sizeof(text) - 1) {
		reading_fail(reading, CH_FORMAT, name, "is no date and time");
		return 0;
	}
	memcpy(text, json_string_value(value), len + 1);
	if (clock_parse(slice_of(text, len), &time_us) == CH_OK)
		return time_us;
	text[len] = 'Z'; /* without an offset it is no RFC 3339 */
	if ((!utc && reading->zone == NULL) ||
		clock_parse(slice_of(text, len + 1), &time_us) != CH_OK) {
		reading_fail(reading, CH_FORMAT, name, "is no date and time");
		return 0;
	}
	return utc ? time_us : zone_to_utc(reading->zone, time_us);
}

int64_t reading_time(struct reading *reading, const json_t *object, const char *name)
{
	return reading_moment(reading, object, name, false);
}

int64_t reading_time_utc(struct reading *reading, const json_t *object, const char *name)
{
	return reading_moment(reading, object, name, true);
}

size_t reading_count(const json_t *object, const char *name)
{
	const json_t *array = json_object_get(object, name);
	return json_is_array(array) ? json_array_size(array) : 0;
}

const json_t *reading_enter(
	struct reading *reading, const json_t *array, const char *name, size_t i, size_t *out_mark)
{
	const json_t *element = json_array_get(array, i);
	*out_mark = reflect_path_push(&reading->path, slice_text(name), (ptrdiff_t)i);
	if (!json_is_object(element))
		reading_fail(reading, CH_INVALID, "", "must be an object");
	return element;
}

void reading_leave(struct reading *reading, size_t mark)
{
	reflect_path_pop(&reading->path, mark);
}
