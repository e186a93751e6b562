#include "cli/cloudevent.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "wire/check.h"
#include "wire/cloud_attribute.h"
#include "wire/json.h"
#include "wire/types.h"

/* What else may stand in a line: said in another place, or added by the hub when it writes, and of no meaning
 * when it is read back. */
static const char *const passed_over[] = {"specversion", "datacontenttype", "data", "sequence",
	"customer", "arrival", "part", "peer", "mode"};

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

static enum ch_status cloudevent_hex(
	struct reading *reading, const struct cloud_attribute *attribute, struct slice text)
{
	uint8_t bytes[LIMIT_CHECKPOINT_BYTES];
	if (text.len > attribute->max_bytes * 2)
		return cloudevent_wrong(reading->why, CH_TOO_LARGE, attribute->name, "is too long");
	if (text_parse_hex(text, bytes) != CH_OK)
		return cloudevent_wrong(reading->why, CH_INVALID, attribute->name, "is not in hex");
	ch_event_set(reading->event, (enum ch_attribute)attribute->field,
		ch_bytes_of(bytes, text.len / 2));
	return CH_OK;
}

static enum ch_status cloudevent_attribute(
	struct reading *reading, const struct cloud_attribute *attribute, json_t *value)
{
	if (!json_is_string(value))
		return cloudevent_wrong(reading->why, CH_INVALID, attribute->name, "is no text");
	struct slice text = slice_of(json_string_value(value), json_string_length(value));
	int64_t *time_us = attribute->at == offsetof(struct envelope, time_us) ? &reading->time_us
									       : &reading->sent_us;
	switch (attribute->form) {
	case CLOUD_FORM_TEXT:
		ch_event_set(reading->event, (enum ch_attribute)attribute->field,
			ch_bytes_of(text.data, text.len));
		return CH_OK;
	case CLOUD_FORM_HEX:
		return cloudevent_hex(reading, attribute, text);
	case CLOUD_FORM_TIME:
		break;
	}
	return clock_parse(text, time_us) == CH_OK
		       ? CH_OK
		       : cloudevent_wrong(reading->why, CH_INVALID, attribute->name,
				 "is no RFC 3339 time with its offset");
}

static bool cloudevent_is_passed_over(const char *name)
{
	for (size_t i = 0; i < sizeof(passed_over) / sizeof(*passed_over); i++) {
		if (strcmp(passed_over[i], name) == 0)
			return true;
	}
	return false;
}

static enum ch_status cloudevent_attributes(struct reading *reading, json_t *object)
{
	const char *name;
	json_t *value;
	json_object_foreach(object, name, value)
	{
		const struct cloud_attribute *attribute = cloud_attribute_find(slice_text(name));
		enum ch_status status = CH_OK;
		if (attribute != NULL)
			status = cloudevent_attribute(reading, attribute, value);
		else if (!cloudevent_is_passed_over(name))
			status = cloudevent_wrong(
				reading->why, CH_INVALID, name, "is no attribute of our events");
		if (status != CH_OK)
			return status;
	}
	value = json_object_get(object, "specversion");
	if (value != NULL &&
		(!json_is_string(value) || strcmp(json_string_value(value), "1.0") != 0))
		return cloudevent_wrong(
			reading->why, CH_VERSION, "specversion", "only CloudEvents 1.0 is read");
	for (size_t i = 0; i < cloud_attribute_count; i++) {
		if (cloud_attributes[i].required &&
			json_object_get(object, cloud_attributes[i].name) == NULL)
			return cloudevent_wrong(
				reading->why, CH_MISSING, cloud_attributes[i].name, "is missing");
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

/* Its attributes as an envelope has them. */
static void cloudevent_envelope(const struct ch_event *event, struct envelope *out_envelope)
{
	*out_envelope =
		(struct envelope){.time_us = ch_event_time(event), .sent_us = ch_event_sent(event)};
	for (size_t i = 0; i < cloud_attribute_count; i++) {
		const struct cloud_attribute *attribute = &cloud_attributes[i];
		char *at = (char *)out_envelope + attribute->at;
		if (attribute->form != CLOUD_FORM_TIME)
			*(struct slice *)(void *)at = cloudevent_slice(
				ch_event_get(event, (enum ch_attribute)attribute->field));
	}
}

/* What is no text is shown all the same. */
static void cloudevent_put_attributes(struct buffer *out, const struct ch_event *event)
{
	struct envelope envelope;
	struct buffer value = {0};
	cloudevent_envelope(event, &envelope);
	for (size_t i = 0; i < cloud_attribute_count; i++) {
		buffer_clear(&value);
		cloud_attribute_write(&cloud_attributes[i], &envelope, &value);
		if (value.len == 0)
			continue;
		buffer_printf(out, ",\"%s\":", cloud_attributes[i].name);
		if (json_append_string(out, buffer_slice(&value)) != CH_OK)
			cloudevent_put_base64(out, buffer_slice(&value));
	}
	if (value.status != CH_OK)
		out->status = value.status;
	buffer_fini(&value);
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
	cloudevent_put_attributes(out, event);
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
