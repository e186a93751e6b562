#include "channel/repair/cloudevent.h"

#include <stdlib.h>
#include <strings.h>

#include "base/limits.h"
#include "base/text.h"
#include "channel/repair/moment.h"
#include "kit/seal.h"
#include "kit/trace.h"
#include "wire/cloud_attribute.h"
#include "wire/json.h"

struct cloudevent_reader {
	const struct mapping *mapping;
	ProtobufCMessage *message;
	struct sealed sealed;
	uint8_t digest[EVENT_DIGEST_BYTES];
};

enum ch_status cloudevent_reader_create(
	const struct mapping *mapping, struct cloudevent_reader **out_reader)
{
	struct cloudevent_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return CH_NOMEM;
	reader->mapping = mapping;
	*out_reader = reader;
	return CH_OK;
}

void cloudevent_reader_free(struct cloudevent_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->message != NULL)
		protobuf_c_message_free_unpacked(reader->message, NULL);
	sealed_fini(&reader->sealed);
	free(reader);
}

/* A text member; absent and null are the same, empty is not allowed for any (CloudEvents 3.1). */
static enum ch_status cloudevent_take(json_t *object, const char *name, bool needed, size_t max,
	struct place at, struct slice *out_value, struct repair_reject *out_reject)
{
	const json_t *value = json_object_get(object, name);
	*out_value = (struct slice){NULL, 0};
	if (value == NULL || json_is_null(value)) {
		if (!needed)
			return CH_OK;
		reject_fill(out_reject, CH_MISSING, at, slice_text(name), "is missing");
		return CH_MISSING;
	}
	struct slice text = {NULL, 0};
	if (json_is_string(value))
		text = slice_of(json_string_value(value), json_string_length(value));
	if (text.len == 0 || text.len > max) {
		enum ch_status status = text.len > max ? CH_TOO_LARGE : CH_INVALID;
		reject_fill(out_reject, status, at, slice_text(name),
			text.len > max ? "is too long" : "must be a text that is not empty");
		return status;
	}
	*out_value = text;
	return CH_OK;
}

static enum ch_status cloudevent_take_time(struct cloudevent_reader *reader, json_t *object,
	const char *name, struct place at, int64_t *out_us, struct repair_reject *out_reject)
{
	struct slice text;
	struct moment moment;
	enum ch_status status =
		cloudevent_take(object, name, false, LIMIT_ID_BYTES, at, &text, out_reject);
	if (status != CH_OK || text.len == 0)
		return status;
	status = moment_parse(text, (struct slice){NULL, 0}, &moment);
	if (status == CH_OK && moment.precision == MOMENT_TIME) {
		*out_us = moment_to_utc(&moment, reader->mapping->zone);
		return CH_OK;
	}
	reject_fill(out_reject, status == CH_OK ? CH_FORMAT : status, at, slice_text(name), "%s",
		status == CH_INVALID ? "there is no such day or time"
				     : "is no date and time of RFC 3339");
	return out_reject->status;
}

/* What is not of the event, but of how it is written. */
static enum ch_status cloudevent_check_form(
	json_t *object, struct place at, struct repair_reject *out_reject)
{
	struct slice version;
	struct slice content;
	enum ch_status status =
		cloudevent_take(object, "specversion", true, 16, at, &version, out_reject);
	if (status == CH_OK)
		status = cloudevent_take(
			object, "datacontenttype", false, 100, at, &content, out_reject);
	if (status != CH_OK)
		return status;
	if (!slice_equal(version, SLICE_LITERAL("1.0"))) {
		reject_fill(out_reject, CH_VERSION, at, SLICE_LITERAL("specversion"),
			"only CloudEvents 1.0 is read");
		return CH_VERSION;
	}
	if (content.len > 0 && (content.len < 16 || strncasecmp((const char *)content.data,
							    "application/json", 16) != 0)) {
		reject_fill(out_reject, CH_UNSUPPORTED, at, SLICE_LITERAL("datacontenttype"),
			"only application/json is read");
		return CH_UNSUPPORTED;
	}
	return CH_OK;
}

/* Dropped by the kit when it is none, and nobody is refused for it: so are those that are no text or too long for
 * any. */
static struct slice cloudevent_trace(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_string(value) || json_string_length(value) > TRACE_BYTES)
		return (struct slice){NULL, 0};
	return slice_of(json_string_value(value), json_string_length(value));
}

/* All but the digest, of which there is one in any case, and the checkpoint, which is ours alone. */
static enum ch_status cloudevent_take_envelope(struct cloudevent_reader *reader, json_t *object,
	struct place at, struct envelope *out, struct repair_reject *out_reject)
{
	struct slice source = reader->mapping->source;
	enum ch_status status = cloudevent_check_form(object, at, out_reject);
	for (size_t i = 0; i < cloud_attribute_count && status == CH_OK; i++) {
		const struct cloud_attribute *attribute = &cloud_attributes[i];
		void *place = (char *)out + attribute->at;
		bool needed = attribute->required && (place != &out->source || source.len == 0);
		if (place == &out->traceparent || place == &out->tracestate)
			*(struct slice *)place = cloudevent_trace(object, attribute->name);
		else if (attribute->form == CLOUD_FORM_TEXT)
			status = cloudevent_take(object, attribute->name, needed,
				attribute->max_bytes, at, place, out_reject);
		else if (attribute->form == CLOUD_FORM_TIME)
			status = cloudevent_take_time(
				reader, object, attribute->name, at, place, out_reject);
	}
	if (out->source.len == 0)
		out->source = source;
	return status;
}

/* The digest that came along, or one of the line. */
static enum ch_status cloudevent_take_digest(struct cloudevent_reader *reader, json_t *object,
	struct slice raw, struct place at, struct envelope *out, struct repair_reject *out_reject)
{
	struct slice hex;
	enum ch_status status = cloudevent_take(
		object, "digest", false, (size_t)EVENT_DIGEST_BYTES * 2, at, &hex, out_reject);
	if (status != CH_OK)
		return status;
	if (hex.len == 0) {
		event_digest(raw, reader->digest);
		hex.len = sizeof(reader->digest) * 2;
	} else if (text_parse_hex(hex, reader->digest) != CH_OK) {
		reject_fill(out_reject, CH_FORMAT, at, SLICE_LITERAL("digest"), "is not in hex");
		return CH_FORMAT;
	}
	out->digest = slice_of(reader->digest, hex.len / 2);
	return CH_OK;
}

static enum ch_status cloudevent_take_data(struct cloudevent_reader *reader, json_t *object,
	const struct event_type *type, struct place at, struct repair_reject *out_reject)
{
	struct json_error error;
	char field[REFLECT_PATH_BYTES + 8];
	json_t *data = json_object_get(object, "data");
	if (!json_is_object(data)) {
		bool base64 = json_object_get(object, "data_base64") != NULL;
		reject_fill(out_reject, CH_MISSING, at, SLICE_LITERAL("data"), "%s",
			base64 ? "must stand as JSON, not in base64" : "must be an object");
		return CH_MISSING;
	}
	if (reader->message != NULL)
		protobuf_c_message_free_unpacked(reader->message, NULL);
	reader->message = NULL;
	enum ch_status status = json_decode_value(data, type->message, 0, &reader->message, &error);
	if (status == CH_OK || status == CH_NOMEM)
		return status;
	(void)snprintf(field, sizeof(field), "data%s%s", error.path.text[0] != 0 ? "." : "",
		error.path.text); /* fits */
	reject_fill(out_reject, status, at, slice_text(field), "%s", error.reason);
	return status;
}

enum ch_status cloudevent_read(struct cloudevent_reader *reader, json_t *object, struct slice raw,
	struct place at, struct repair_event *out_event, struct repair_reject *out_reject)
{
	struct envelope envelope = {.time_us = 0};
	struct seal_fault fault;
	enum ch_status status = cloudevent_take_envelope(reader, object, at, &envelope, out_reject);
	if (status != CH_OK)
		return status;
	const struct event_type *type = types_find(envelope.type);
	if (type == NULL || (type->flags & TYPE_DERIVED) != 0) {
		status = type == NULL ? CH_UNKNOWN_TYPE : CH_DENIED;
		reject_fill(out_reject, status, at, SLICE_LITERAL("type"), "%s",
			type == NULL ? "is no event type" : "is written by the hub alone");
		return status;
	}
	status = cloudevent_take_data(reader, object, type, at, out_reject);
	if (status == CH_OK)
		status = cloudevent_take_digest(reader, object, raw, at, &envelope, out_reject);
	if (status != CH_OK)
		return status;
	status = seal_event(type->name, reader->message, &reader->sealed, &envelope, &fault);
	if (status != CH_OK && status != CH_NOMEM)
		reject_fill(out_reject, status, at, slice_text(fault.field), "%s", fault.reason);
	if (status == CH_OK)
		*out_event = (struct repair_event){envelope, type, reader->message, at};
	return status;
}
