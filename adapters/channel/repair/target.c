#include "channel/repair/target.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base/text.h"
#include "carehub/v1/common.pb-c.h"
#include "channel/repair/moment.h"
#include "wire/reflect.h"

/* ---- Reading a path ---- */

__attribute__((format(printf, 2, 3))) static const char *target_reason(
	struct arena *arena, const char *format, ...)
{
	char text[400];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut when long */
	va_end(args);
	struct slice kept = arena_copy(arena, slice_of(text, strlen(text) + 1));
	return kept.data != NULL ? (const char *)kept.data : "out of memory";
}

static bool target_name_ends(const ProtobufCFieldDescriptor *field, const char *end)
{
	size_t len = strlen(field->name);
	return len >= strlen(end) && strcmp(field->name + len - strlen(end), end) == 0;
}

/* "Money.minor_units, Money.currency": what could follow the path. */
static const char *target_list_fields(
	struct arena *arena, const ProtobufCMessageDescriptor *message)
{
	char text[300] = "";
	size_t len = 0;
	for (unsigned i = 0; i < message->n_fields && len < sizeof(text) - 64; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? ", " : "",
			message->fields[i].name);
	return target_reason(arena, "%s", text);
}

static bool target_message_kind(
	const ProtobufCMessageDescriptor *message, enum target_kind *out_kind)
{
	const struct {
		const ProtobufCMessageDescriptor *message;
		enum target_kind kind;
	} kinds[] = {
		{&carehub__v1__money__descriptor, TARGET_MONEY},
		{&carehub__v1__decimal__descriptor, TARGET_DECIMAL},
		{&carehub__v1__contact__descriptor, TARGET_CONTACT},
		{&carehub__v1__identifier__descriptor, TARGET_IDENTIFIER},
		{&carehub__v1__attribute__descriptor, TARGET_ATTRIBUTE},
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (kinds[i].message == message) {
			*out_kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

static bool target_field_kind(const ProtobufCFieldDescriptor *field, enum target_kind *out_kind)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		*out_kind = target_name_ends(field, "_date") ? TARGET_DATE : TARGET_TEXT;
		return true;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
		*out_kind = target_name_ends(field, "_us")   ? TARGET_TIME
			    : target_name_ends(field, "_ms") ? TARGET_DURATION
							     : TARGET_INTEGER;
		return true;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
		*out_kind = TARGET_INTEGER;
		return true;
	case PROTOBUF_C_TYPE_ENUM:
		*out_kind = TARGET_ENUM;
		return true;
	case PROTOBUF_C_TYPE_BOOL:
		*out_kind = TARGET_BOOL;
		return true;
	case PROTOBUF_C_TYPE_MESSAGE:
		return target_message_kind(field->descriptor, out_kind);
	default:
		return false;
	}
}

static enum ch_status target_parse_key(
	struct target *target, struct arena *arena, const char **out_reason)
{
	const ProtobufCEnumDescriptor *kinds = &carehub__v1__contact_kind__descriptor;
	if (target->kind == TARGET_CONTACT && target->key.len > 0) {
		char name[80];
		(void)snprintf(name, sizeof(name), "CONTACT_KIND_%.*s", (int)target->key.len,
			(const char *)target->key.data);
		for (unsigned i = 0; i < kinds->n_values; i++) {
			if (strcasecmp(kinds->values[i].name, name) == 0) {
				target->contact_kind = kinds->values[i].value;
				return CH_OK;
			}
		}
		*out_reason = target_reason(arena,
			"[%s] is no kind of contact: mobile, home, work, fax, other", name + 13);
		return CH_INVALID;
	}
	bool wants = target->kind == TARGET_IDENTIFIER || target->kind == TARGET_ATTRIBUTE;
	if (wants && target->key.len == 0) {
		*out_reason = "say in brackets what it is: attributes[colour]";
		return CH_INVALID;
	}
	if (!wants && target->kind != TARGET_CONTACT && target->key.len > 0) {
		*out_reason = "takes no brackets here";
		return CH_INVALID;
	}
	return CH_OK;
}

/* Cuts "name[key]" off the front of `rest`, with the dot behind it. */
static bool target_take_step(struct slice *rest, struct slice *out_name, struct slice *out_key)
{
	size_t len = 0;
	*out_key = (struct slice){NULL, 0};
	while (len < rest->len && rest->data[len] != '.' && rest->data[len] != '[')
		len++;
	*out_name = slice_sub(*rest, 0, len);
	*rest = slice_sub(*rest, len, rest->len);
	if (slice_starts(*rest, SLICE_LITERAL("["))) {
		const uint8_t *end = memchr(rest->data, ']', rest->len);
		if (end == NULL)
			return false;
		*out_key = slice_of(rest->data + 1, (size_t)(end - rest->data) - 1);
		*rest = slice_sub(*rest, out_key->len + 2, rest->len);
		if (out_key->len == 0)
			return false;
	}
	if (rest->len == 0)
		return out_name->len > 0;
	bool dot = rest->data[0] == '.' && rest->len > 1;
	*rest = slice_sub(*rest, 1, rest->len);
	return dot && out_name->len > 0;
}

/* The element that a path goes through: "[1]" of a repeated message, nothing of a single one. */
static const char *target_parse_index(
	const ProtobufCFieldDescriptor *field, struct slice key, int *out_index)
{
	uint64_t index;
	bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
	*out_index = -1;
	if (!repeated && key.len > 0)
		return "is no list: no brackets here";
	if (repeated &&
		(key.len == 0 || text_parse_u64(key, TARGET_INDEX_MAX - 1, &index) != CH_OK))
		return "is a list: say which element, as [0]";
	if (repeated)
		*out_index = (int)index;
	return NULL;
}

enum ch_status target_parse(struct slice path, const ProtobufCMessageDescriptor *message,
	struct arena *arena, struct target *out_target, const char **out_reason)
{
	struct target target = {.depth = 0};
	struct slice rest = path;
	struct slice name;
	*out_reason = "out of memory";
	for (;;) {
		struct slice key;
		if (target.depth == TARGET_DEPTH_MAX || !target_take_step(&rest, &name, &key)) {
			*out_reason = "is no path of names joined by dots";
			return CH_INVALID;
		}
		const ProtobufCFieldDescriptor *field = reflect_field(message, name);
		if (field == NULL) {
			*out_reason = target_reason(arena, "no field %.*s here; there are: %s",
				(int)name.len, (const char *)name.data,
				target_list_fields(arena, message));
			return target.depth == 0 ? CH_NOT_FOUND : CH_INVALID;
		}
		struct target_step *step = &target.steps[target.depth++];
		*step = (struct target_step){field, -1};
		if (rest.len == 0) {
			target.key = key;
			if (target_field_kind(field, &target.kind))
				return target_parse_key(&target, arena, out_reason) == CH_OK
					       ? (*out_target = target, CH_OK)
					       : CH_INVALID;
			*out_reason =
				field->type != PROTOBUF_C_TYPE_MESSAGE
					? "cannot be set by a mapping"
					: target_reason(arena, "go on to one of: %s",
						  target_list_fields(arena, field->descriptor));
			return CH_INVALID;
		}
		const char *wrong = target_parse_index(field, key, &step->index);
		if (wrong != NULL || field->type != PROTOBUF_C_TYPE_MESSAGE) {
			*out_reason = target_reason(arena, "%.*s %s", (int)name.len,
				(const char *)name.data, wrong != NULL ? wrong : "has no fields");
			return CH_INVALID;
		}
		message = field->descriptor;
	}
}

bool target_is_personal(const struct target *target)
{
	return target->steps[0].field->id >= 100;
}

const char *target_check(const struct target *target, const struct conversion *conversion)
{
	bool repeated = target->steps[target->depth - 1].field->label == PROTOBUF_C_LABEL_REPEATED;
	if (conversion->date.len > 0 && target->kind != TARGET_DATE && target->kind != TARGET_TIME)
		return "`-> date` is for dates and times";
	if (conversion->date.len > 0 && moment_check_pattern(conversion->date) != CH_OK)
		return "the date pattern cannot be read";
	if (conversion->currency.len > 0 && target->kind != TARGET_MONEY)
		return "`-> money` is for amounts";
	if (target->kind == TARGET_MONEY && conversion->currency.len == 0)
		return "an amount needs its currency: `-> money CNY`";
	if (conversion->unit_ms > 0 && target->kind != TARGET_DURATION)
		return "a unit of time is for durations";
	if (conversion->separators.len > 0 && (target->kind != TARGET_TEXT || !repeated))
		return "`-> list` is for lists of texts";
	return NULL;
}
