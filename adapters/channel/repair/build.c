#include "channel/repair/build.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/decimal.h"
#include "base/text.h"
#include "carehub/v1/common.pb-c.h"
#include "channel/repair/contacts.h"
#include "channel/repair/moment.h"
#include "channel/repair/row.h"
#include "wire/reflect.h"

/* ---- Reaching the field ---- */

static void *build_at(ProtobufCMessage *message, size_t offset)
{
	return (uint8_t *)message + offset;
}

static ProtobufCMessage *build_new(struct build *build, const ProtobufCMessageDescriptor *type)
{
	ProtobufCMessage *message = arena_alloc(build->arena, type->sizeof_message);
	if (message != NULL)
		type->message_init(message);
	return message;
}

enum ch_status build_begin(struct build *build, const ProtobufCMessageDescriptor *type,
	struct arena *arena, const struct zone *zone)
{
	*build = (struct build){.arena = arena, .zone = zone};
	build->message = build_new(build, type);
	return build->message != NULL ? CH_OK : CH_NOMEM;
}

/* Room for the field's value: the place itself, or one more element at the end of a list. */
static void *build_room(
	struct build *build, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return build_at(message, field->offset);
	size_t bytes = reflect_element_bytes(field);
	size_t *count = build_at(message, field->quantifier_offset);
	uint8_t **elements = build_at(message, field->offset);
	/* The arena only grows: lists of a row are short, so each copy is left behind. */
	uint8_t *grown = arena_alloc(build->arena, (*count + 1) * bytes);
	if (grown == NULL)
		return NULL;
	if (*count > 0)
		memcpy(grown, *elements, *count * bytes);
	*elements = grown;
	return grown + (*count)++ * bytes;
}

/* The message under a step: NULL when it is not there and `find_only`, or memory runs out. */
static enum ch_status build_enter(struct build *build, const struct target_step *step,
	bool find_only, ProtobufCMessage **message)
{
	ProtobufCMessage *parent = *message;
	ProtobufCMessage **place;
	if (step->index < 0) {
		place = build_at(parent, step->field->offset);
		*message = *place;
		if (*message != NULL)
			return CH_OK;
	} else {
		for (size_t i = 0; i < build->element_count; i++) {
			*message = build->elements[i].element;
			if (build->elements[i].parent == parent &&
				build->elements[i].field == step->field &&
				build->elements[i].index == step->index)
				return CH_OK;
		}
		if (find_only)
			return CH_NOT_FOUND;
		if (build->element_count == BUILD_ELEMENTS_MAX)
			return CH_TOO_LARGE;
		place = build_room(build, parent, step->field);
		if (place == NULL)
			return CH_NOMEM;
	}
	*place = build_new(build, step->field->descriptor);
	*message = *place;
	if (*message == NULL)
		return CH_NOMEM;
	if (step->index >= 0) {
		size_t i = build->element_count++;
		build->elements[i].parent = parent;
		build->elements[i].field = step->field;
		build->elements[i].index = step->index;
		build->elements[i].element = *message;
	}
	return CH_OK;
}

static char *build_text(struct build *build, struct slice text)
{
	char *copy = arena_alloc(build->arena, text.len + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, text.data, text.len);
	copy[text.len] = 0;
	return copy;
}

/* ---- Values ---- */

__attribute__((format(printf, 3, 4))) static enum ch_status build_refuse(
	char reason[BUILD_REASON_BYTES], enum ch_status status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(reason, BUILD_REASON_BYTES, format, args); /* cut when long */
	va_end(args);
	return status;
}

static enum ch_status build_put_text(struct build *build, ProtobufCMessage *message,
	const ProtobufCFieldDescriptor *field, struct slice text)
{
	char **place = build_room(build, message, field);
	if (place == NULL)
		return CH_NOMEM;
	*place = build_text(build, text);
	return *place != NULL ? CH_OK : CH_NOMEM;
}

/* Length of the separator at `text`: one of the list's characters, which may be of several bytes. */
static size_t build_separator(struct slice text, struct slice separators)
{
	for (size_t at = 0; at < separators.len;) {
		size_t len = 1;
		while (at + len < separators.len && (separators.data[at + len] & 0xc0) == 0x80)
			len++;
		if (slice_starts(text, slice_sub(separators, at, len)))
			return len;
		at += len;
	}
	return 0;
}

static enum ch_status build_put_list(struct build *build, ProtobufCMessage *message,
	const ProtobufCFieldDescriptor *field, struct slice separators, struct slice text)
{
	size_t from = 0;
	for (size_t at = 0; at <= text.len; at++) {
		size_t len = at < text.len
				     ? build_separator(slice_sub(text, at, text.len), separators)
				     : 1;
		if (len == 0)
			continue;
		struct slice part = row_trim(slice_sub(text, from, at - from));
		from = at + len;
		at += len - 1;
		enum ch_status status =
			part.len > 0 ? build_put_text(build, message, field, part) : CH_OK;
		if (status != CH_OK)
			return status;
	}
	return CH_OK;
}

static enum ch_status build_put_integer(struct build *build, ProtobufCMessage *message,
	const ProtobufCFieldDescriptor *field, struct slice text, char reason[BUILD_REASON_BYTES])
{
	int64_t value = 0;
	uint64_t positive = 0;
	bool is_signed =
		field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_SINT64 ||
		field->type == PROTOBUF_C_TYPE_INT32 || field->type == PROTOBUF_C_TYPE_SINT32;
	bool wide = reflect_element_bytes(field) == sizeof(int64_t);
	enum ch_status status =
		is_signed ? text_parse_i64(text, &value)
			  : text_parse_u64(text, wide ? UINT64_MAX : UINT32_MAX, &positive);
	if (status == CH_OK && is_signed && !wide && (value < INT32_MIN || value > INT32_MAX))
		status = CH_INVALID;
	if (status != CH_OK)
		return build_refuse(reason, status,
			status == CH_INVALID ? "a number out of range" : "not a whole number");
	void *place = build_room(build, message, field);
	if (place == NULL)
		return CH_NOMEM;
	uint64_t bits = is_signed ? (uint64_t)value : positive;
	uint32_t low = (uint32_t)bits;
	memcpy(place, wide ? (const void *)&bits : (const void *)&low,
		reflect_element_bytes(field));
	return CH_OK;
}

static bool build_same_word(const char *name, struct slice text)
{
	size_t i = 0;
	for (; name[i] != 0 && i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c >= 'a' && c <= 'z')
			c = (uint8_t)(c - 'a' + 'A');
		if (c == ' ' || c == '-')
			c = '_';
		if (c != (uint8_t)name[i])
			return false;
	}
	return name[i] == 0 && i == text.len;
}

/* Names in full, or without what all of them begin with: "fixed" for REPAIR_VERDICT_FIXED. */
static bool build_find_enum(
	const ProtobufCEnumDescriptor *type, struct slice text, int32_t *out_value)
{
	const char *unspecified = strstr(type->values[0].name, "UNSPECIFIED");
	size_t prefix = unspecified != NULL ? (size_t)(unspecified - type->values[0].name) : 0;
	for (unsigned i = 0; i < type->n_values; i++) {
		const char *name = type->values[i].name;
		if (build_same_word(name, text) ||
			(strlen(name) > prefix && build_same_word(name + prefix, text))) {
			*out_value = type->values[i].value;
			return true;
		}
	}
	return false;
}

static bool build_find_answer(struct slice text, int32_t *out_value)
{
	static const struct {
		const char *word;
		bool yes;
	} words[] = {{"TRUE", true}, {"FALSE", false}, {"1", true}, {"0", false}, {"Y", true},
		{"N", false}, {"YES", true}, {"NO", false}, {"是", true}, {"否", false}};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (build_same_word(words[i].word, text)) {
			*out_value = words[i].yes ? CAREHUB__V1__ANSWER__ANSWER_YES
						  : CAREHUB__V1__ANSWER__ANSWER_NO;
			return true;
		}
	}
	return false;
}

static enum ch_status build_put_enum(struct build *build, ProtobufCMessage *message,
	const ProtobufCFieldDescriptor *field, struct slice text, char reason[BUILD_REASON_BYTES])
{
	const ProtobufCEnumDescriptor *type = field->descriptor;
	int32_t value;
	bool found = build_find_enum(type, text, &value) ||
		     (type == &carehub__v1__answer__descriptor && build_find_answer(text, &value));
	if (!found)
		return build_refuse(reason, CH_INVALID, "no value of %s", type->short_name);
	int32_t *place = build_room(build, message, field);
	if (place == NULL)
		return CH_NOMEM;
	*place = value;
	return CH_OK;
}

static enum ch_status build_put_bool(ProtobufCMessage *message,
	const ProtobufCFieldDescriptor *field, struct slice text, char reason[BUILD_REASON_BYTES])
{
	int32_t value;
	if (!build_find_answer(text, &value))
		return build_refuse(reason, CH_INVALID, "neither yes nor no");
	*(protobuf_c_boolean *)build_at(message, field->offset) =
		value == CAREHUB__V1__ANSWER__ANSWER_YES;
	return CH_OK;
}

static enum ch_status build_read_moment(const struct conversion *conversion, struct slice text,
	struct moment *out_moment, char reason[BUILD_REASON_BYTES])
{
	enum ch_status status = moment_parse(text, conversion->date, out_moment);
	if (status == CH_INVALID)
		return build_refuse(reason, status, "no day or time that exists");
	if (status != CH_OK)
		return build_refuse(reason, status, "not a date or time in a known form");
	return CH_OK;
}

static enum ch_status build_put_date(struct build *build, ProtobufCMessage *message,
	const ProtobufCFieldDescriptor *field, const struct conversion *conversion,
	struct slice text, char reason[BUILD_REASON_BYTES])
{
	struct moment moment;
	char date[MOMENT_DATE_BYTES];
	enum ch_status status = build_read_moment(conversion, text, &moment, reason);
	if (status != CH_OK)
		return status;
	return build_put_text(build, message, field, slice_text(moment_format_date(&moment, date)));
}

static enum ch_status build_put_time(struct build *build, ProtobufCMessage *message,
	const ProtobufCFieldDescriptor *field, const struct conversion *conversion,
	struct slice text, char reason[BUILD_REASON_BYTES])
{
	struct moment moment;
	enum ch_status status = build_read_moment(conversion, text, &moment, reason);
	if (status == CH_OK && moment.precision < MOMENT_DAY)
		status = build_refuse(reason, CH_INVALID, "no time without its day");
	if (status == CH_OK)
		*(int64_t *)build_at(message, field->offset) = moment_to_utc(&moment, build->zone);
	return status;
}

static enum ch_status build_put_duration(ProtobufCMessage *message,
	const ProtobufCFieldDescriptor *field, const struct conversion *conversion,
	struct slice text, char reason[BUILD_REASON_BYTES])
{
	struct decimal value;
	int64_t unit_ms = conversion->unit_ms > 0 ? conversion->unit_ms : 1;
	enum ch_status status = decimal_parse(text, &value);
	if (status == CH_OK && __builtin_mul_overflow(value.unscaled, unit_ms, &value.unscaled))
		status = CH_TOO_LARGE;
	/* 0.3333 hours: parts of a millisecond are nobody's. */
	for (; status == CH_OK && value.scale > 0; value.scale--)
		value.unscaled /= 10;
	if (status != CH_OK || value.unscaled < 0)
		return build_refuse(
			reason, status != CH_OK ? status : CH_INVALID, "not a length of time");
	*(int64_t *)build_at(message, field->offset) = value.unscaled;
	return CH_OK;
}

/* Without a currency sign and without commas between groups of three digits. */
static struct slice build_plain_amount(struct build *build, struct slice text)
{
	static const char *const signs[] = {"¥", "￥", "$", "€", "元", "RMB", "CNY"};
	struct buffer plain = {0};
	size_t groups = 0;
	text = row_trim(text);
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		struct slice sign = slice_text(signs[i]);
		if (slice_starts(text, sign))
			text = row_trim(slice_sub(text, sign.len, text.len));
		if (text.len > sign.len &&
			slice_equal(slice_sub(text, text.len - sign.len, sign.len), sign))
			text = row_trim(slice_sub(text, 0, text.len - sign.len));
	}
	for (size_t i = 0; i < text.len; i++) {
		bool grouped =
			text.data[i] == ',' && i > 0 && i + 3 < text.len &&
			text.data[i + 1] != ',' && text.data[i + 2] != ',' &&
			text.data[i + 3] != ',' &&
			(i + 4 == text.len || text.data[i + 4] == ',' || text.data[i + 4] == '.');
		groups += grouped;
		if (!grouped)
			buffer_append_byte(&plain, text.data[i]);
	}
	struct slice kept = groups > 0 ? arena_copy(build->arena, buffer_slice(&plain)) : text;
	buffer_fini(&plain);
	return kept;
}

/* ISO 4217's exponents that are not 2. */
static uint32_t build_exponent(struct slice currency)
{
	static const char *const none[] = {"JPY", "KRW", "VND", "CLP", "ISK", "PYG", "UGX", "XAF",
		"XOF", "XPF", "RWF", "KMF", "GNF", "DJF", "BIF", "VUV"};
	static const char *const three[] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		if (slice_equal(currency, slice_text(none[i])))
			return 0;
	}
	for (size_t i = 0; i < sizeof(three) / sizeof(*three); i++) {
		if (slice_equal(currency, slice_text(three[i])))
			return 3;
	}
	return 2;
}

static enum ch_status build_put_money(struct build *build, ProtobufCMessage **place,
	const struct conversion *conversion, struct slice text, char reason[BUILD_REASON_BYTES])
{
	struct decimal amount;
	struct slice currency = conversion->currency;
	enum ch_status status = decimal_parse(build_plain_amount(build, text), &amount);
	if (status != CH_OK)
		return build_refuse(reason, status, "not an amount");
	status = decimal_rescale(amount, build_exponent(currency), &amount);
	if (status != CH_OK)
		return build_refuse(reason, status, "not a whole number of %.*s's smallest unit",
			(int)currency.len, (const char *)currency.data);
	*place = build_new(build, &carehub__v1__money__descriptor);
	if (*place == NULL)
		return CH_NOMEM;
	Carehub__V1__Money *money = (Carehub__V1__Money *)*place;
	money->minor_units = amount.unscaled;
	money->currency = build_text(build, currency);
	return money->currency != NULL ? CH_OK : CH_NOMEM;
}

static enum ch_status build_put_decimal(struct build *build, ProtobufCMessage **place,
	struct slice text, char reason[BUILD_REASON_BYTES])
{
	struct decimal value;
	enum ch_status status = decimal_parse(text, &value);
	if (status != CH_OK)
		return build_refuse(reason, status,
			status == CH_TOO_LARGE ? "a number with too many digits" : "not a number");
	*place = build_new(build, &carehub__v1__decimal__descriptor);
	if (*place == NULL)
		return CH_NOMEM;
	Carehub__V1__Decimal *decimal = (Carehub__V1__Decimal *)*place;
	decimal->unscaled = value.unscaled;
	decimal->scale = value.scale;
	return CH_OK;
}

static enum ch_status build_put_contacts(struct build *build, ProtobufCMessage *message,
	const struct target *target, struct slice text)
{
	const ProtobufCFieldDescriptor *field = target->steps[target->depth - 1].field;
	struct slice parts[CONTACTS_MAX];
	bool mail = strcmp(field->name, "emails") == 0;
	size_t count =
		mail ? contacts_split_emails(text, parts) : contacts_split_phones(text, parts);
	for (size_t i = 0; i < count; i++) {
		ProtobufCMessage **place = build_room(build, message, field);
		if (place == NULL)
			return CH_NOMEM;
		*place = build_new(build, &carehub__v1__contact__descriptor);
		if (*place == NULL)
			return CH_NOMEM;
		Carehub__V1__Contact *contact = (Carehub__V1__Contact *)*place;
		contact->kind = (Carehub__V1__ContactKind)target->contact_kind;
		contact->value = build_text(build, parts[i]);
		if (contact->value == NULL)
			return CH_NOMEM;
	}
	return CH_OK;
}

/* An Identifier and an Attribute are alike: two texts, of which the first says what the second is. */
static enum ch_status build_put_pair(struct build *build, ProtobufCMessage *message,
	const ProtobufCFieldDescriptor *field, struct slice key, struct slice value)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;
	ProtobufCMessage **place = build_room(build, message, field);
	if (place == NULL)
		return CH_NOMEM;
	*place = build_new(build, type);
	if (*place == NULL)
		return CH_NOMEM;
	char *key_text = build_text(build, key);
	char *value_text = build_text(build, value);
	if (key_text == NULL || value_text == NULL)
		return CH_NOMEM;
	*(char **)build_at(*place, type->fields[0].offset) = key_text;
	*(char **)build_at(*place, type->fields[1].offset) = value_text;
	return CH_OK;
}

enum ch_status build_set(struct build *build, const struct target *target,
	const struct conversion *conversion, struct slice text, bool constant,
	char reason[BUILD_REASON_BYTES])
{
	ProtobufCMessage *message = build->message;
	const ProtobufCFieldDescriptor *field = target->steps[target->depth - 1].field;
	reason[0] = 0;
	for (size_t i = 0; i + 1 < target->depth; i++) {
		enum ch_status status = build_enter(build, &target->steps[i], constant, &message);
		if (status == CH_NOT_FOUND)
			return CH_OK;
		if (status != CH_OK)
			return build_refuse(reason, status, "too many elements");
	}
	ProtobufCMessage **place = NULL;
	if (target->kind == TARGET_MONEY || target->kind == TARGET_DECIMAL) {
		place = build_room(build, message, field);
		if (place == NULL)
			return CH_NOMEM;
	}
	switch (target->kind) {
	case TARGET_TEXT:
		return conversion->separators.len > 0
			       ? build_put_list(build, message, field, conversion->separators, text)
			       : build_put_text(build, message, field, text);
	case TARGET_DATE:
		return build_put_date(build, message, field, conversion, text, reason);
	case TARGET_TIME:
		return build_put_time(build, message, field, conversion, text, reason);
	case TARGET_DURATION:
		return build_put_duration(message, field, conversion, text, reason);
	case TARGET_INTEGER:
		return build_put_integer(build, message, field, text, reason);
	case TARGET_ENUM:
		return build_put_enum(build, message, field, text, reason);
	case TARGET_BOOL:
		return build_put_bool(message, field, text, reason);
	case TARGET_DECIMAL:
		return build_put_decimal(build, place, text, reason);
	case TARGET_MONEY:
		return build_put_money(build, place, conversion, text, reason);
	case TARGET_CONTACT:
		return build_put_contacts(build, message, target, text);
	case TARGET_IDENTIFIER:
	case TARGET_ATTRIBUTE:
		return build_put_pair(build, message, field, target->key, text);
	}
	return CH_INTERNAL;
}

enum ch_status build_add_attribute(struct build *build, struct slice name, struct slice value)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
		build->message->descriptor, "attributes");
	if (field == NULL || field->label != PROTOBUF_C_LABEL_REPEATED ||
		field->descriptor != &carehub__v1__attribute__descriptor)
		return CH_OK;
	return build_put_pair(build, build->message, field, name, value);
}
