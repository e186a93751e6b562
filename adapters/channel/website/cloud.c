#include "channel/website/cloud.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "channel/website/percent.h"
#include "wire/json.h"

#define CLOUD_EXTENSION_NAME 20u

struct cloud_reader {
	const struct http_message *message;
	enum cloud_mode mode;
	struct json_tape *tape; /* the caller's */
	struct json_ref root;   /* of a structured event or batch */
	struct json_walk walk;  /* of a batch */
	size_t count;
	size_t next;
	json_t *tree;        /* what the tape would not take */
	json_t *data;        /* JSON that stood in the body or in data_base64, and the same */
	struct buffer text;  /* attributes, decoded, and bytes of data_base64 */
	struct refusal *why; /* of the call under way */
};

/* Where each attribute goes, and what it must be. */
enum cloud_kind {
	CLOUD_TEXT,
	CLOUD_TRACE,
	CLOUD_REFERENCE,
	CLOUD_URI,
	CLOUD_TIME,
	CLOUD_HEX,
	CLOUD_VERSION
};

#define NAME(text) text, sizeof(text) - 1

static const struct cloud_attribute {
	const char *name;
	size_t len; /* of it */
	enum cloud_kind kind;
	bool required;
	size_t max;
	size_t at; /* of a slice or time in struct cloud_event */
} attributes[] = {
	{NAME("specversion"), CLOUD_VERSION, true, 16, 0},
	{NAME("id"), CLOUD_TEXT, true, LIMIT_ID_BYTES, offsetof(struct cloud_event, id)},
	{NAME("source"), CLOUD_REFERENCE, true, LIMIT_SOURCE_BYTES,
		offsetof(struct cloud_event, source)},
	{NAME("type"), CLOUD_TEXT, true, LIMIT_TYPE_BYTES, offsetof(struct cloud_event, type)},
	{NAME("subject"), CLOUD_TEXT, false, LIMIT_SUBJECT_BYTES,
		offsetof(struct cloud_event, subject)},
	{NAME("time"), CLOUD_TIME, false, 64, offsetof(struct cloud_event, time_us)},
	{NAME("senttime"), CLOUD_TIME, false, 64, offsetof(struct cloud_event, sent_us)},
	{NAME("dataschema"), CLOUD_URI, false, LIMIT_SOURCE_BYTES,
		offsetof(struct cloud_event, dataschema)},
	{NAME("datacontenttype"), CLOUD_TEXT, false, LIMIT_SUBJECT_BYTES,
		offsetof(struct cloud_event, datacontenttype)},
	{NAME("traceparent"), CLOUD_TRACE, false, SIZE_MAX,
		offsetof(struct cloud_event, traceparent)},
	{NAME("tracestate"), CLOUD_TRACE, false, SIZE_MAX,
		offsetof(struct cloud_event, tracestate)},
	{NAME("correlationid"), CLOUD_TEXT, false, LIMIT_ID_BYTES,
		offsetof(struct cloud_event, correlation_id)},
	{NAME("causationid"), CLOUD_TEXT, false, LIMIT_ID_BYTES,
		offsetof(struct cloud_event, causation_id)},
	{NAME("digest"), CLOUD_HEX, false, (size_t)CLOUD_DIGEST_BYTES * 2, 0},
};

#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

/* ---- What attributes must be ---- */

static bool cloud_has_controls(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < 0x20 || text.data[i] == 0x7f)
			return true;
	}
	return false;
}

/* RFC 3986's characters, and those above ASCII that a URI has decoded. */
static bool cloud_is_reference(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] <= 0x20 || text.data[i] == 0x7f ||
			strchr("<>\"{}|\\^`", text.data[i]) != NULL)
			return false;
	}
	return true;
}

/* An absolute one: scheme, colon, rest. */
static bool cloud_is_uri(struct slice text)
{
	struct slice rest = text;
	struct slice scheme;
	(void)text_split(&rest, ':', &scheme); /* it is not empty */
	for (size_t i = 0; i < scheme.len; i++) {
		uint8_t c = scheme.data[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		if (!letter && (i == 0 || strchr("+.-0123456789", c) == NULL))
			return false;
	}
	return scheme.len > 0 && rest.data != NULL && cloud_is_reference(text);
}

static enum ch_status cloud_place_digest(struct slice value, struct cloud_event *event)
{
	if (value.len % 2 != 0 || text_parse_hex(value, event->digest) != CH_OK)
		return CH_FORMAT;
	event->digest_len = value.len / 2;
	return CH_OK;
}

/* NULL when it is right and in its place. */
static const char *cloud_place(
	const struct cloud_attribute *attribute, struct slice value, struct cloud_event *event)
{
	void *at = (char *)event + attribute->at;
	if (attribute->kind == CLOUD_TRACE) {
		*(struct slice *)at = http_trace_value(value);
		return NULL;
	}
	if (value.len == 0)
		return "must not be empty";
	if (value.len > attribute->max)
		return "is too long";
	if (cloud_has_controls(value))
		return "has control characters";
	switch (attribute->kind) {
	case CLOUD_VERSION:
		return slice_equal(value, SLICE_LITERAL("1.0")) ? NULL : "must be 1.0";
	case CLOUD_REFERENCE:
		*(struct slice *)at = value;
		return cloud_is_reference(value) ? NULL : "is no URI reference";
	case CLOUD_URI:
		*(struct slice *)at = value;
		return cloud_is_uri(value) ? NULL : "is no URI";
	case CLOUD_TIME:
		return clock_parse(value, at) == CH_OK ? NULL : "is no date and time of RFC 3339";
	case CLOUD_HEX:
		return cloud_place_digest(value, event) == CH_OK ? NULL : "is not in hex";
	default:
		*(struct slice *)at = value;
		return NULL;
	}
}

static enum ch_status cloud_missing(struct cloud_reader *reader, const char *name)
{
	return refusal_set(reader->why, CH_MISSING, name, "is missing");
}

/* The trace goes on with the event's own context, else with that of the request. */
static void cloud_choose_trace(struct cloud_reader *reader, struct cloud_event *event)
{
	if (event->traceparent.len == 0)
		http_message_trace(reader->message, &event->traceparent, &event->tracestate);
}

/* ---- Data ---- */

bool cloud_is_json(struct slice media_type)
{
	struct slice rest = media_type;
	struct slice type = {NULL, 0};
	(void)text_split(&rest, ';', &type); /* none: it stays empty */
	type = text_trim(type);
	return type.len == 0 || http_text_equal(type, "application/json") ||
	       http_text_equal(type, "text/json") ||
	       (type.len > 5 && http_text_equal(slice_sub(type, type.len - 5, 5), "+json"));
}

json_t *cloud_load_json(struct slice text, const char *field, struct refusal *out_refusal)
{
	json_error_t error;
	if (text.len > LIMIT_JSON_BYTES) {
		(void)refusal_set(out_refusal, CH_TOO_LARGE, field, "is too long");
		return NULL;
	}
	json_t *root = json_loadb((const char *)text.data, text.len,
		JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (root == NULL)
		(void)refusal_set(out_refusal, CH_FORMAT, field, "is no JSON: line %d, column %d",
			error.line, error.column);
	return root;
}

/* By the tape if it is free and takes the text, else by jansson, which knows what is wrong with it. */
static enum ch_status cloud_parse(struct json_tape *tape, struct slice text, const char *field,
	json_t **out_tree, struct json_ref *out_ref, struct refusal *out_refusal)
{
	struct json_node node;
	if (tape != NULL && json_tape_read(tape, text, &node) == CH_OK) {
		*out_ref = (struct json_ref){&json_view_tape, node};
		return CH_OK;
	}
	*out_tree = cloud_load_json(text, field, out_refusal);
	*out_ref = json_ref_tree(*out_tree);
	return *out_tree != NULL ? CH_OK : out_refusal->status;
}

/* Bytes that say they are JSON. */
static enum ch_status cloud_data_bytes(
	struct cloud_reader *reader, struct slice bytes, struct cloud_event *event)
{
	struct json_tape *tape = reader->mode == CLOUD_BINARY ? reader->tape : NULL;
	event->bytes = bytes;
	if (bytes.len == 0 || !cloud_is_json(event->datacontenttype))
		return CH_OK;
	return cloud_parse(tape, bytes, "data", &reader->data, &event->json, reader->why);
}

static enum ch_status cloud_data_base64(
	struct cloud_reader *reader, const struct json_ref *base64, struct cloud_event *event)
{
	const char *end = NULL;
	struct json_value value;
	base64->view->look(base64->node, &value);
	bool told = value.kind == JSON_KIND_STRING;
	const char *text = told ? (const char *)value.text.data : NULL;
	size_t len = told ? value.text.len : 0;
	size_t written = 0;
	size_t start = reader->text.len;
	uint8_t *room = told ? buffer_reserve(&reader->text, len / 4 * 3 + 3) : NULL;
	if (told && room == NULL)
		return CH_NOMEM;
	if (!told ||
		sodium_base642bin(room, len / 4 * 3 + 3, text, len, NULL, &written, &end,
			sodium_base64_VARIANT_ORIGINAL) != 0 ||
		end != text + len)
		return refusal_set(reader->why, CH_FORMAT, "data_base64", "is no base64");
	reader->text.len = start + written;
	return cloud_data_bytes(reader, slice_of(room, written), event);
}

/* ---- Binary mode ---- */

static enum ch_status cloud_take_header(struct cloud_reader *reader,
	const struct cloud_attribute *attribute, struct cloud_event *event)
{
	char name[32];
	struct slice raw;
	size_t start = reader->text.len;
	(void)snprintf(name, sizeof(name), "ce-%s", attribute->name); /* fits */
	enum ch_status status = http_message_header(reader->message, name, &raw);
	if (status == CH_NOT_FOUND)
		return attribute->required ? cloud_missing(reader, name) : CH_OK;
	if (status == CH_EXISTS && attribute->kind != CLOUD_TRACE)
		return refusal_set(reader->why, CH_INVALID, name, "stands there twice");
	if (status == CH_OK)
		status = percent_decode_header(raw, &reader->text);
	if (status == CH_NOMEM)
		return status;
	if (status != CH_OK && attribute->kind == CLOUD_TRACE) {
		(void)cloud_place(attribute, HTTP_NO_TRACE, event); /* takes anything */
		return CH_OK;
	}
	if (status != CH_OK)
		return refusal_set(reader->why, status, name, "is not UTF-8 once it is decoded");
	const char *fault = cloud_place(
		attribute, slice_sub(buffer_slice(&reader->text), start, reader->text.len), event);
	return fault == NULL ? CH_OK : refusal_set(reader->why, CH_INVALID, name, "%s", fault);
}

static enum ch_status cloud_read_binary(struct cloud_reader *reader, struct cloud_event *event)
{
	enum ch_status status = CH_OK;
	size_t room = 0;
	for (size_t i = 0; i < reader->message->header_count; i++)
		room += reader->message->headers[i].value.len;
	/* At once, so that what stands in it does not move. */
	if (buffer_reserve(&reader->text, room) == NULL)
		return CH_NOMEM;
	reader->text.len = 0;
	for (size_t i = 0; i < ATTRIBUTES && status == CH_OK; i++)
		status = cloud_take_header(reader, &attributes[i], event);
	/* Here the content type is the body's own; without a body it says nothing. */
	if (reader->message->body.len > 0)
		event->datacontenttype = http_message_value(reader->message, "content-type");
	if (status == CH_OK)
		status = cloud_data_bytes(reader, reader->message->body, event);
	return status;
}

/* ---- Structured mode ---- */

/* What stands in the object; a member that is absent has no view. */
struct cloud_members {
	struct json_ref attributes[ATTRIBUTES];
	struct json_ref data;
	struct json_ref base64;
};

static bool cloud_is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
			return false;
	}
	return name.len > 0;
}

/* Checks an attribute's name and kind; those that are not known here are passed over. */
static enum ch_status cloud_note_member(struct cloud_reader *reader, struct slice name,
	const struct json_ref *value, struct cloud_members *members)
{
	const char *text = (const char *)name.data; /* a NUL stands behind it */
	struct json_value what;
	value->view->look(value->node, &what);
	if (!cloud_is_name(name))
		return refusal_set(reader->why, CH_INVALID, text,
			"is no name of an attribute: lower-case letters and digits");
	if (what.kind == JSON_KIND_REAL || what.kind == JSON_KIND_ARRAY ||
		what.kind == JSON_KIND_OBJECT)
		return refusal_set(
			reader->why, CH_INVALID, text, "must be a text, an integer or a boolean");
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		if (name.len == attributes[i].len &&
			memcmp(name.data, attributes[i].name, name.len) == 0)
			members->attributes[i] = *value;
	}
	return CH_OK;
}

static enum ch_status cloud_note_members(
	struct cloud_reader *reader, const struct json_ref *object, struct cloud_members *members)
{
	struct json_walk walk;
	struct json_ref value = *object;
	struct slice name;
	enum ch_status status = CH_OK;
	object->view->walk(object->node, &walk);
	while (status == CH_OK && object->view->next(&walk, &name, &value.node)) {
		if (slice_equal(name, SLICE_LITERAL("data")))
			members->data = value;
		else if (slice_equal(name, SLICE_LITERAL("data_base64")))
			members->base64 = value;
		else
			status = cloud_note_member(reader, name, &value, members);
	}
	return status;
}

static enum ch_status cloud_take_member(struct cloud_reader *reader,
	const struct cloud_attribute *attribute, const struct json_ref *told,
	struct cloud_event *event)
{
	struct json_value value = {.kind = JSON_KIND_NULL};
	if (told->view != NULL)
		told->view->look(told->node, &value);
	if (value.kind == JSON_KIND_NULL)
		return attribute->required ? cloud_missing(reader, attribute->name) : CH_OK;
	if (value.kind != JSON_KIND_STRING && attribute->kind == CLOUD_TRACE)
		value.text = HTTP_NO_TRACE;
	else if (value.kind != JSON_KIND_STRING)
		return refusal_set(reader->why, CH_INVALID, attribute->name, "must be a text");
	const char *fault = cloud_place(attribute, value.text, event);
	return fault == NULL ? CH_OK
			     : refusal_set(reader->why, CH_INVALID, attribute->name, "%s", fault);
}

static enum ch_status cloud_take_data(
	struct cloud_reader *reader, const struct cloud_members *members, struct cloud_event *event)
{
	bool base64 =
		members->base64.view != NULL && !json_ref_is(&members->base64, JSON_KIND_NULL);
	struct json_value value = {.kind = JSON_KIND_NULL};
	if (members->data.view != NULL && base64)
		return refusal_set(
			reader->why, CH_INVALID, "data", "and data_base64 exclude each other");
	if (base64)
		return cloud_data_base64(reader, &members->base64, event);
	if (members->data.view != NULL)
		members->data.view->look(members->data.node, &value);
	if (value.kind == JSON_KIND_STRING && !cloud_is_json(event->datacontenttype))
		event->bytes = value.text;
	else if (value.kind != JSON_KIND_NULL)
		event->json = members->data;
	return CH_OK;
}

static enum ch_status cloud_read_object(
	struct cloud_reader *reader, const struct json_ref *object, struct cloud_event *event)
{
	struct cloud_members members = {.data = {NULL, {NULL, 0}}};
	if (!json_ref_is(object, JSON_KIND_OBJECT))
		return refusal_set(reader->why, CH_INVALID, "", "is no JSON object");
	enum ch_status status = cloud_note_members(reader, object, &members);
	for (size_t i = 0; i < ATTRIBUTES && status == CH_OK; i++)
		status = cloud_take_member(reader, &attributes[i], &members.attributes[i], event);
	return status == CH_OK ? cloud_take_data(reader, &members, event) : status;
}

/* ---- The reader ---- */

enum cloud_mode cloud_mode(const struct http_message *message)
{
	struct slice type = http_message_media_type(message);
	if (http_text_starts(type, "application/cloudevents-batch"))
		return CLOUD_BATCH;
	if (http_text_starts(type, "application/cloudevents"))
		return CLOUD_STRUCTURED;
	return http_message_value(message, "ce-specversion").len > 0 ? CLOUD_BINARY : CLOUD_NONE;
}

/* JSON is the only format, and UTF-8 the only charset that it has. */
static bool cloud_is_readable(const struct http_message *message, enum cloud_mode mode)
{
	struct slice rest = http_message_value(message, "content-type");
	struct slice part;
	if (mode == CLOUD_NONE)
		return false;
	if (mode == CLOUD_BINARY)
		return true;
	(void)text_split(&rest, ';', &part); /* it is not empty */
	part = text_trim(part);
	if (!http_text_equal(part, mode == CLOUD_BATCH ? "application/cloudevents-batch+json"
						       : "application/cloudevents+json"))
		return false;
	while (text_split(&rest, ';', &part)) {
		part = text_trim(part);
		if (http_text_starts(part, "charset=") && !http_text_equal(part, "charset=utf-8") &&
			!http_text_equal(part, "charset=\"utf-8\""))
			return false;
	}
	return true;
}

static enum ch_status cloud_load(struct cloud_reader *reader, struct refusal *out_refusal)
{
	struct json_value value;
	reader->count = 1;
	if (reader->mode == CLOUD_BINARY)
		return CH_OK;
	enum ch_status status = cloud_parse(
		reader->tape, reader->message->body, "", &reader->tree, &reader->root, out_refusal);
	if (status != CH_OK || reader->mode == CLOUD_STRUCTURED)
		return status;
	reader->root.view->look(reader->root.node, &value);
	if (value.kind != JSON_KIND_ARRAY)
		return refusal_set(out_refusal, CH_INVALID, "", "a batch is a JSON array");
	if (value.count > LIMIT_EVENTS_PER_FRAME)
		return refusal_set(out_refusal, CH_TOO_LARGE, "", "more than %u events",
			LIMIT_EVENTS_PER_FRAME);
	reader->count = value.count;
	reader->root.view->walk(reader->root.node, &reader->walk);
	return CH_OK;
}

enum ch_status cloud_open(const struct http_message *message, struct json_tape *tape,
	struct cloud_reader **out_reader, struct refusal *out_refusal)
{
	enum ch_status status = CH_NOMEM;
	struct cloud_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		goto out;
	reader->message = message;
	reader->tape = tape;
	reader->mode = cloud_mode(message);
	status = cloud_is_readable(message, reader->mode)
			 ? cloud_load(reader, out_refusal)
			 : refusal_set(out_refusal, CH_UNSUPPORTED, "content-type",
				   "is no CloudEvent in JSON or in binary mode");
	if (status != CH_OK)
		goto out;
	*out_reader = reader;
	reader = NULL; /* the caller's now */
out:
	cloud_close(reader);
	return status;
}

void cloud_close(struct cloud_reader *reader)
{
	if (reader == NULL)
		return;
	json_decref(reader->tree);
	json_decref(reader->data);
	buffer_fini(&reader->text);
	free(reader);
}

size_t cloud_count(const struct cloud_reader *reader)
{
	return reader->count;
}

enum ch_status cloud_next(
	struct cloud_reader *reader, struct cloud_event *out_event, struct refusal *out_refusal)
{
	struct cloud_event event = {.time_us = 0};
	struct json_ref object = reader->root;
	struct slice unnamed;
	enum ch_status status;
	if (reader->next == reader->count)
		return CH_END;
	reader->next++;
	json_decref(reader->data);
	reader->data = NULL;
	reader->why = out_refusal;
	buffer_clear(&reader->text);
	if (reader->mode == CLOUD_BATCH)
		(void)object.view->next(&reader->walk, &unnamed, &object.node); /* it was counted */
	status = reader->mode == CLOUD_BINARY ? cloud_read_binary(reader, &event)
					      : cloud_read_object(reader, &object, &event);
	if (status == CH_OK)
		cloud_choose_trace(reader, &event);
	if (status == CH_OK)
		*out_event = event;
	return status;
}
