#include "client/event.h"

#include <protobuf-c/protobuf-c.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "client/error.h"
#include "wire/pb.h"

#define FIRST_PERSONAL 100u
#define DIGEST_BYTES   32u
#define TRACE_BYTES    512u

/* Attributes by their field number in event.proto. */
static const struct attribute {
	const char *name;
	size_t offset;
	uint32_t max_bytes;
	bool text;
	bool mandatory;
} attributes[] = {
	[CH_ID] = {"id", offsetof(struct envelope, id), LIMIT_ID_BYTES, true, true},
	[CH_SOURCE] = {"source", offsetof(struct envelope, source), LIMIT_SOURCE_BYTES, true, true},
	[CH_TYPE] = {"type", offsetof(struct envelope, type), LIMIT_TYPE_BYTES, true, true},
	[CH_SUBJECT] = {"subject", offsetof(struct envelope, subject), LIMIT_SUBJECT_BYTES, true,
		false},
	[CH_DATASCHEMA] = {"dataschema", offsetof(struct envelope, dataschema), LIMIT_SUBJECT_BYTES,
		true, false},
	[CH_TRACEPARENT] = {"traceparent", offsetof(struct envelope, traceparent), TRACE_BYTES,
		true, false},
	[CH_TRACESTATE] = {"tracestate", offsetof(struct envelope, tracestate), TRACE_BYTES, true,
		false},
	[CH_CORRELATION_ID] = {"correlation_id", offsetof(struct envelope, correlation_id),
		LIMIT_ID_BYTES, true, false},
	[CH_CAUSATION_ID] = {"causation_id", offsetof(struct envelope, causation_id),
		LIMIT_ID_BYTES, true, false},
	[CH_CHECKPOINT] = {"checkpoint", offsetof(struct envelope, checkpoint),
		LIMIT_CHECKPOINT_BYTES, false, false},
	[CH_DIGEST] = {"digest", offsetof(struct envelope, digest), DIGEST_BYTES, false, false},
	[CH_DATA] = {"data", offsetof(struct envelope, data), LIMIT_EVENT_BYTES, false, false},
	[CH_PERSONAL] = {"personal", offsetof(struct envelope, personal), LIMIT_EVENT_BYTES, false,
		false},
};

#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

static const struct attribute *event_attribute(enum ch_attribute attribute)
{
	if ((size_t)attribute >= ATTRIBUTES || attributes[attribute].name == NULL)
		return NULL;
	return &attributes[attribute];
}

static struct slice *event_place(struct envelope *envelope, const struct attribute *attribute)
{
	return (struct slice *)(void *)((char *)envelope + attribute->offset);
}

struct ch_event *ch_event_create(void)
{
	struct ch_event *event = calloc(1, sizeof(*event));
	if (event != NULL)
		arena_init(&event->arena);
	return event;
}

void ch_event_free(struct ch_event *event)
{
	if (event == NULL)
		return;
	buffer_fini(&event->scratch);
	arena_fini(&event->arena);
	free(event);
}

void ch_event_clear(struct ch_event *event)
{
	event->envelope = (struct envelope){0};
	event->status = CH_OK;
	event->field = NULL;
	arena_reset(&event->arena);
}

static void event_fail(struct ch_event *event, enum ch_status status, const char *field)
{
	if (event->status != CH_OK)
		return; /* the first one counts */
	event->status = status;
	event->field = field;
}

void ch_event_set(struct ch_event *event, enum ch_attribute attribute, struct ch_bytes value)
{
	const struct attribute *row = event_attribute(attribute);
	struct slice bytes = slice_of(value.data, value.len);
	if (row == NULL) {
		event_fail(event, CH_INVALID, "attribute");
	} else if (bytes.len > row->max_bytes) {
		event_fail(event, CH_TOO_LARGE, row->name);
	} else if (row->text && !text_is_utf8(bytes)) {
		event_fail(event, CH_FORMAT, row->name);
	} else if (bytes.len == 0) {
		*event_place(&event->envelope, row) = (struct slice){NULL, 0};
	} else {
		struct slice copy = arena_copy(&event->arena, bytes);
		if (copy.data == NULL)
			event_fail(event, CH_NOMEM, row->name);
		else
			*event_place(&event->envelope, row) = copy;
	}
}

void ch_event_set_time(struct ch_event *event, int64_t time_us, int64_t sent_us)
{
	event->envelope.time_us = time_us;
	event->envelope.sent_us = sent_us;
}

/* Copies the fields of one side of the line between open and personal. */
static enum ch_status event_copy_part(
	struct ch_event *event, struct slice packed, bool personal, struct slice *out_part)
{
	struct pb_reader reader = pb_read(packed);
	struct pb_field field;
	uint8_t *copy = arena_alloc(&event->arena, packed.len > 0 ? packed.len : 1);
	size_t len = 0;
	if (copy == NULL)
		return CH_NOMEM;
	while (pb_next(&reader, &field)) {
		size_t bytes = (size_t)(reader.at - field.start);
		if ((field.number >= FIRST_PERSONAL) != personal)
			continue;
		memcpy(copy + len, field.start, bytes);
		len += bytes;
	}
	*out_part = slice_of(len > 0 ? copy : NULL, len);
	return reader.status;
}

enum ch_status ch_event_set_message(struct ch_event *event, const struct ProtobufCMessage *message)
{
	struct slice data;
	struct slice personal;
	error_clear();
	size_t len = protobuf_c_message_get_packed_size(message);
	enum ch_status status = len <= LIMIT_EVENT_BYTES ? CH_OK : CH_TOO_LARGE;
	if (status != CH_OK)
		goto out;
	buffer_clear(&event->scratch);
	uint8_t *packed = buffer_reserve(&event->scratch, len);
	if (packed == NULL && len > 0) {
		status = CH_NOMEM;
		goto out;
	}
	(void)protobuf_c_message_pack(message, packed); /* exactly len bytes */
	status = event_copy_part(event, slice_of(packed, len), false, &data);
	if (status == CH_OK)
		status = event_copy_part(event, slice_of(packed, len), true, &personal);
	if (status == CH_OK) {
		event->envelope.data = data;
		event->envelope.personal = personal;
	}
out:
	if (status != CH_OK) {
		event_fail(event, status, "data");
		return error_set(status, "data: %s", ch_status_text(status));
	}
	return CH_OK;
}

enum ch_status ch_event_status(const struct ch_event *event)
{
	error_clear();
	if (event->status != CH_OK)
		return error_set(
			event->status, "%s: %s", event->field, ch_status_text(event->status));
	if (event->envelope.id.len == 0)
		return error_set(CH_MISSING, "id: %s", ch_status_text(CH_MISSING));
	if (event->envelope.source.len == 0)
		return error_set(CH_MISSING, "source: %s", ch_status_text(CH_MISSING));
	if (event->envelope.type.len == 0)
		return error_set(CH_MISSING, "type: %s", ch_status_text(CH_MISSING));
	return CH_OK;
}

/* ---- Reading ---- */

enum ch_status ch_event_read(
	struct ch_event *event, struct ch_bytes bytes, struct ch_bytes personal)
{
	const char *field = "event";
	struct envelope envelope;
	ch_event_clear(event);
	error_clear();
	enum ch_status status = envelope_parse(slice_of(bytes.data, bytes.len), &envelope, &field);
	if (status != CH_OK)
		return error_set(status, "%s: %s", field, ch_status_text(status));
	event->envelope = envelope;
	if (personal.len > 0)
		event->envelope.personal = slice_of(personal.data, personal.len);
	return CH_OK;
}

struct ch_bytes ch_event_get(const struct ch_event *event, enum ch_attribute attribute)
{
	const struct attribute *row = event_attribute(attribute);
	if (row == NULL)
		return (struct ch_bytes){NULL, 0};
	const struct slice *place =
		(const struct slice *)(const void *)((const char *)&event->envelope + row->offset);
	return (struct ch_bytes){place->data, place->len};
}

int64_t ch_event_time(const struct ch_event *event)
{
	return event->envelope.time_us;
}

int64_t ch_event_sent(const struct ch_event *event)
{
	return event->envelope.sent_us;
}

enum ch_status ch_event_get_message(struct ch_event *event,
	const struct ProtobufCMessageDescriptor *type, struct ProtobufCMessage **out_message)
{
	error_clear();
	buffer_clear(&event->scratch);
	buffer_append_slice(&event->scratch, event->envelope.data);
	buffer_append_slice(&event->scratch, event->envelope.personal);
	if (event->scratch.status != CH_OK)
		return event->scratch.status;
	static const uint8_t nothing;
	const uint8_t *bytes = event->scratch.len > 0 ? event->scratch.data : &nothing;
	ProtobufCMessage *message =
		protobuf_c_message_unpack(type, NULL, event->scratch.len, bytes);
	if (message == NULL)
		return error_set(CH_FORMAT, "the data is no %s", type->name);
	*out_message = message;
	return CH_OK;
}

enum ch_status ch_event_encode(struct ch_event *event, struct ch_bytes *out_bytes)
{
	enum ch_status status = ch_event_status(event);
	if (status != CH_OK)
		return status;
	buffer_clear(&event->scratch);
	envelope_encode(&event->envelope, &event->scratch);
	if (event->scratch.status != CH_OK)
		return event->scratch.status;
	*out_bytes = (struct ch_bytes){event->scratch.data, event->scratch.len};
	return CH_OK;
}
