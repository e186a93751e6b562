#include "cli/cloudevent.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "wire/check.h"
#include "wire/envelope.h"
#include "wire/json.h"
#include "wire/types.h"

enum member_kind { MEMBER_TEXT, MEMBER_BASE64, MEMBER_TIME, MEMBER_SENT, MEMBER_IGNORED };

/* In the order in which they are written. */
static const struct member {
	const char *name;
	enum member_kind kind;
	enum ch_attribute attribute;
	bool required;
} members[] = {
	{"specversion", MEMBER_IGNORED, 0, false},
	{"id", MEMBER_TEXT, CH_ID, true},
	{"source", MEMBER_TEXT, CH_SOURCE, true},
	{"type", MEMBER_TEXT, CH_TYPE, true},
	{"subject", MEMBER_TEXT, CH_SUBJECT, false},
	{"time", MEMBER_TIME, 0, false},
	{"sent", MEMBER_SENT, 0, false},
	{"dataschema", MEMBER_TEXT, CH_DATASCHEMA, false},
	{"traceparent", MEMBER_TEXT, CH_TRACEPARENT, false},
	{"tracestate", MEMBER_TEXT, CH_TRACESTATE, false},
	{"correlationid", MEMBER_TEXT, CH_CORRELATION_ID, false},
	{"causationid", MEMBER_TEXT, CH_CAUSATION_ID, false},
	{"checkpoint64", MEMBER_BASE64, CH_CHECKPOINT, false},
	{"digest64", MEMBER_BASE64, CH_DIGEST, false},
	{"datacontenttype", MEMBER_IGNORED, 0, false},
	{"data", MEMBER_IGNORED, 0, false},
	/* What the hub adds when it writes; of no meaning when it is read back. */
	{"sequence", MEMBER_IGNORED, 0, false},
	{"customer", MEMBER_IGNORED, 0, false},
	{"arrival", MEMBER_IGNORED, 0, false},
	{"part", MEMBER_IGNORED, 0, false},
	{"peer", MEMBER_IGNORED, 0, false},
	{"mode", MEMBER_IGNORED, 0, false},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

/* ---- Reading ---- */

struct reading {
	struct ch_event *event;
	int64_t time_us;
	int64_t sent_us;
	char *why;
};

static enum ch_status cloudevent_wrong(
	char *why, enum ch_status status, const char *where, const char *what)
{
	(void)snprintf(why, CLOUDEVENT_WHY, "%s: %s", where, what);
	return status;
}

static enum ch_status cloudevent_base64(
	struct reading *reading, const struct member *member, const char *text)
{
	uint8_t bytes[LIMIT_CHECKPOINT_BYTES];
	size_t len = 0;
	if (sodium_base642bin(bytes, sizeof(bytes), text, strlen(text), NULL, &len, NULL,
		    sodium_base64_VARIANT_ORIGINAL) != 0)
		return cloudevent_wrong(reading->why, CH_INVALID, member->name, "is no base64");
	ch_event_set(reading->event, member->attribute, ch_bytes_of(bytes, len));
	return CH_OK;
}

static enum ch_status cloudevent_member(
	struct reading *reading, const struct member *member, json_t *value)
{
	if (member->kind == MEMBER_IGNORED)
		return CH_OK;
	if (!json_is_string(value))
		return cloudevent_wrong(reading->why, CH_INVALID, member->name, "is no text");
	const char *text = json_string_value(value);
	switch (member->kind) {
	case MEMBER_TEXT:
		ch_event_set(reading->event, member->attribute,
			ch_bytes_of(text, json_string_length(value)));
		return CH_OK;
	case MEMBER_BASE64:
		return cloudevent_base64(reading, member, text);
	default:
		if (clock_parse(slice_text(text),
			    member->kind == MEMBER_TIME ? &reading->time_us : &reading->sent_us) !=
			CH_OK)
			return cloudevent_wrong(reading->why, CH_INVALID, member->name,
				"is no RFC 3339 time with its offset");
		return CH_OK;
	}
}

static enum ch_status cloudevent_attributes(struct reading *reading, json_t *object)
{
	const char *name;
	json_t *value;
	json_object_foreach(object, name, value)
	{
		const struct member *member = NULL;
		for (size_t i = 0; i < MEMBERS; i++) {
			if (strcmp(members[i].name, name) == 0)
				member = &members[i];
		}
		if (member == NULL)
			return cloudevent_wrong(
				reading->why, CH_INVALID, name, "is no attribute of our events");
		enum ch_status status = cloudevent_member(reading, member, value);
		if (status != CH_OK)
			return status;
	}
	for (size_t i = 0; i < MEMBERS; i++) {
		if (members[i].required && json_object_get(object, members[i].name) == NULL)
			return cloudevent_wrong(
				reading->why, CH_MISSING, members[i].name, "is missing");
	}
	return CH_OK;
}

static enum ch_status cloudevent_data(struct reading *reading, json_t *object)
{
	json_t *data = json_object_get(object, "data");
	const char *name = json_string_value(json_object_get(object, "type"));
	const struct event_type *type = types_find(slice_text(name));
	ProtobufCMessage *message = NULL;
	struct json_error error;
	if (type == NULL)
		return cloudevent_wrong(
			reading->why, CH_UNKNOWN_TYPE, "type", "is none that this version knows");
	if (data == NULL)
		return cloudevent_wrong(reading->why, CH_MISSING, "data", "is missing");
	enum ch_status status = json_decode_value(data, type->message, 0, &message, &error);
	if (status != CH_OK) {
		(void)snprintf(reading->why, CLOUDEVENT_WHY, "data%s%.200s: %.80s",
			error.path.text[0] != 0 ? "." : "", error.path.text, error.reason);
		return status;
	}
	status = ch_event_set_message(reading->event, message);
	protobuf_c_message_free_unpacked(message, NULL);
	return status == CH_OK
		       ? CH_OK
		       : cloudevent_wrong(reading->why, status, "data", ch_status_text(status));
}

enum ch_status cloudevent_read(struct slice line, struct ch_event *event, char why[CLOUDEVENT_WHY])
{
	struct reading reading = {.event = event, .why = why};
	json_error_t error;
	why[0] = 0;
	ch_event_clear(event);
	if (line.len > LIMIT_JSON_BYTES)
		return cloudevent_wrong(why, CH_TOO_LARGE, "line", "is too long");
	json_t *object =
		json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(object)) {
		(void)snprintf(why, CLOUDEVENT_WHY, "column %d: %s", error.column,
			object == NULL ? error.text : "no JSON object");
		json_decref(object);
		return CH_FORMAT;
	}
	enum ch_status status = cloudevent_attributes(&reading, object);
	if (status == CH_OK)
		status = cloudevent_data(&reading, object);
	if (status == CH_OK) {
		ch_event_set_time(event, reading.time_us, reading.sent_us);
		status = ch_event_status(event);
		if (status != CH_OK)
			(void)cloudevent_wrong(
				why, status, ch_error_detail(), ch_status_text(status));
	}
	json_decref(object);
	return status;
}

enum ch_status cloudevent_check(struct ch_event *event, char why[CLOUDEVENT_WHY])
{
	struct ch_bytes bytes;
	struct envelope envelope;
	const char *field = "";
	why[0] = 0;
	enum ch_status status = ch_event_encode(event, &bytes);
	if (status == CH_OK && bytes.len > LIMIT_EVENT_BYTES)
		return cloudevent_wrong(why, CH_TOO_LARGE, "event", "is over 256 KiB");
	if (status == CH_OK)
		status = envelope_parse(slice_of(bytes.data, bytes.len), &envelope, &field);
	if (status != CH_OK)
		return cloudevent_wrong(why, status, field, ch_status_text(status));
	const struct event_type *type = types_find(envelope.type);
	if (type == NULL || (type->flags & TYPE_DERIVED) != 0)
		return cloudevent_wrong(why, type == NULL ? CH_UNKNOWN_TYPE : CH_DENIED, "type",
			type == NULL ? "is not known" : "is written by the hub alone");
	struct message_parts parts = {envelope.data, envelope.personal};
	status = types_check_mandatory(type, &parts, &field);
	if (status != CH_OK)
		return cloudevent_wrong(why, status, field, "is mandatory");
	return CH_OK;
}

/* ---- Writing ---- */

static struct slice cloudevent_slice(struct ch_bytes bytes)
{
	return slice_of(bytes.data, bytes.len);
}

static void cloudevent_put_base64(struct buffer *out, struct slice bytes)
{
	size_t len = sodium_base64_ENCODED_LEN(bytes.len, sodium_base64_VARIANT_ORIGINAL);
	buffer_append_byte(out, '"');
	char *room = (char *)buffer_reserve(out, len);
	if (room == NULL)
		return; /* the buffer's status says so */
	(void)sodium_bin2base64(room, len, bytes.data, bytes.len, sodium_base64_VARIANT_ORIGINAL);
	out->len--; /* its NUL */
	buffer_append_byte(out, '"');
}

static void cloudevent_put_time(struct buffer *out, const char *name, int64_t time_us)
{
	char text[CLOCK_TEXT_BYTES];
	if (time_us != 0)
		buffer_printf(out, ",\"%s\":\"%s\"", name, clock_format(time_us, text));
}

static void cloudevent_put_member(
	struct buffer *out, const struct ch_event *event, const struct member *member)
{
	struct slice value = {NULL, 0};
	if (member->kind == MEMBER_TIME || member->kind == MEMBER_SENT)
		cloudevent_put_time(out, member->name,
			member->kind == MEMBER_TIME ? ch_event_time(event) : ch_event_sent(event));
	if (member->kind == MEMBER_TEXT || member->kind == MEMBER_BASE64)
		value = cloudevent_slice(ch_event_get(event, member->attribute));
	if (value.len == 0)
		return;
	buffer_printf(out, ",\"%s\":", member->name);
	if (member->kind == MEMBER_BASE64 || json_append_string(out, value) != CH_OK)
		cloudevent_put_base64(out, value);
}

/* The typed message; false when it cannot be read as one. */
static bool cloudevent_put_data(struct buffer *out, struct ch_event *event)
{
	const struct event_type *type = types_find(cloudevent_slice(ch_event_get(event, CH_TYPE)));
	struct slice data = cloudevent_slice(ch_event_get(event, CH_DATA));
	struct slice personal = cloudevent_slice(ch_event_get(event, CH_PERSONAL));
	char path[CHECK_PATH_BYTES];
	ProtobufCMessage *message = NULL;
	struct json_error error;
	size_t mark = out->len;
	/* Its depth and form are checked before it is unpacked. */
	if (type == NULL || check_message(type->message, data, path) != CH_OK ||
		check_message(type->message, personal, path) != CH_OK ||
		ch_event_get_message(event, type->message, &message) != CH_OK)
		return false;
	buffer_append_text(out, ",\"data\":");
	bool written = json_encode(message, 0, out, &error) == CH_OK;
	protobuf_c_message_free_unpacked(message, NULL);
	if (!written)
		out->len = mark;
	return written;
}

enum ch_status cloudevent_write(struct ch_event *event, struct buffer *out)
{
	buffer_append_text(out, "{\"specversion\":\"1.0\"");
	for (size_t i = 0; i < MEMBERS; i++)
		cloudevent_put_member(out, event, &members[i]);
	if (!cloudevent_put_data(out, event)) {
		struct buffer both = {0};
		buffer_append_slice(&both, cloudevent_slice(ch_event_get(event, CH_DATA)));
		buffer_append_slice(&both, cloudevent_slice(ch_event_get(event, CH_PERSONAL)));
		buffer_append_text(out, ",\"data_base64\":");
		cloudevent_put_base64(out, buffer_slice(&both));
		buffer_fini(&both);
	}
	buffer_append_text(out, "}");
	return out->status;
}

enum ch_status cloudevent_write_bytes(
	struct ch_bytes bytes, struct ch_bytes personal, struct buffer *out)
{
	struct ch_event *event = ch_event_create();
	enum ch_status status = event != NULL ? CH_OK : CH_NOMEM;
	if (status == CH_OK)
		status = ch_event_read(event, bytes, personal);
	if (status == CH_OK) {
		status = cloudevent_write(event, out);
	} else if (status != CH_NOMEM) {
		/* Not even an envelope: what is there, so that nothing is hidden. */
		buffer_append_text(out, "{\"specversion\":\"1.0\",\"event_base64\":");
		cloudevent_put_base64(out, cloudevent_slice(bytes));
		buffer_append_text(out, "}");
		status = out->status;
	}
	ch_event_free(event);
	return status;
}
