#include "channel/repair/message.h"

#include <stdlib.h>
#include <strings.h>

#include "base/limits.h"
#include "base/text.h"
#include "channel/repair/cloudevent.h"
#include "channel/repair/json_record.h"

#define BYTE_ORDER_MARK SLICE_LITERAL("\xEF\xBB\xBF")

struct message_reader {
	const struct mapping *mapping;
	struct json_record *record;
	struct event_maker *maker;             /* format = jsonl */
	struct cloudevent_reader *cloudevents; /* format = cloudevents */
	const struct message *message;         /* NULL: nothing is left of it */
	json_t *event;                         /* made of a binary one */
	struct buffer identity;                /* what its digest is taken of */
	struct row row;
	bool in_row; /* the maker has more of it */
};

enum ch_status message_reader_create(
	const struct mapping *mapping, struct message_reader **out_reader)
{
	struct message_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return CH_NOMEM;
	reader->mapping = mapping;
	enum ch_status status = json_record_create(&reader->record);
	if (status == CH_OK)
		status = mapping->format == MAPPING_CLOUDEVENTS
				 ? cloudevent_reader_create(mapping, &reader->cloudevents)
				 : event_maker_create(
					   mapping, (struct slice){NULL, 0}, &reader->maker);
	if (status == CH_OK) {
		*out_reader = reader;
		reader = NULL; /* the caller's now */
	}
	message_reader_free(reader);
	return status;
}

void message_reader_free(struct message_reader *reader)
{
	if (reader == NULL)
		return;
	cloudevent_reader_free(reader->cloudevents);
	event_maker_free(reader->maker);
	json_record_free(reader->record);
	json_decref(reader->event);
	buffer_fini(&reader->identity);
	free(reader);
}

void message_begin(struct message_reader *reader, const struct message *message)
{
	reader->message = message;
	reader->in_row = false;
}

/* ---- What its digest is taken of ---- */

static void message_identify(struct message_reader *reader, struct slice name, struct slice value)
{
	buffer_append_slice(&reader->identity, name);
	buffer_printf(&reader->identity, " %zu ", value.len);
	buffer_append_slice(&reader->identity, value);
	buffer_append_byte(&reader->identity, '\n');
}

/* The payload, and what says beside it which event it is; not the trace, which each sending has anew. */
static enum ch_status message_identity(struct message_reader *reader, bool binary)
{
	static const char *const telling[] = {"id", "source", "type", "subject", "time"};
	const struct message *message = reader->message;
	buffer_clear(&reader->identity);
	for (size_t n = 0; binary && n < sizeof(telling) / sizeof(telling[0]); n++) {
		struct slice name = slice_text(telling[n]);
		for (size_t i = 0; i < message->attribute_count; i++) {
			if (slice_equal(message->attributes[i].name, name))
				message_identify(reader, name, message->attributes[i].value);
		}
	}
	for (size_t i = 0; !binary && i < message->context_count; i++)
		message_identify(reader, message->context[i].name, message->context[i].text);
	buffer_append_slice(&reader->identity, message->payload);
	return reader->identity.status;
}

/* What a carrier says is a stranger's bytes like the payload.  NULL: nothing is wrong with them. */
static const char *message_text_fault(struct slice text)
{
	if (text_utf8_prefix(text) != text.len)
		return "is not UTF-8 text";
	return text.len > 0 && memchr(text.data, 0, text.len) != NULL ? "holds a NUL byte" : NULL;
}

static enum ch_status message_check_context(
	const struct message *message, struct place at, struct repair_reject *out_reject)
{
	for (size_t i = 0; i < message->context_count; i++) {
		const char *fault = message_text_fault(message->context[i].text);
		if (fault == NULL)
			continue;
		reject_fill(out_reject, CH_FORMAT, at, message->context[i].name, "%s", fault);
		return CH_FORMAT;
	}
	return CH_OK;
}

/* ---- CloudEvents ---- */

static enum ch_status message_add_attribute(struct message_reader *reader,
	const struct message_attribute *attribute, struct place at,
	struct repair_reject *out_reject)
{
	char name[32];
	enum ch_status status = CH_FORMAT;
	const char *reason = "is no name of an attribute";
	json_t *value = NULL;
	if (attribute->name.len == 0 || attribute->name.len >= sizeof(name))
		goto out;
	for (size_t i = 0; i < attribute->name.len; i++) {
		uint8_t c = attribute->name.data[i];
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
			goto out;
		name[i] = (char)c;
	}
	name[attribute->name.len] = 0;
	reason = "is no attribute: data is the payload";
	if (strcmp(name, "data") == 0)
		goto out;
	status = CH_INVALID;
	reason = "stands there twice";
	if (json_object_get(reader->event, name) != NULL)
		goto out;
	status = CH_FORMAT;
	reason = message_text_fault(attribute->value);
	if (reason != NULL)
		goto out;
	status = CH_NOMEM;
	value = json_stringn(attribute->value.len > 0 ? (const char *)attribute->value.data : "",
		attribute->value.len);
	if (value != NULL && json_object_set_new(reader->event, name, value) == 0)
		return CH_OK;
out:
	if (status != CH_NOMEM)
		reject_fill(out_reject, status, at, attribute->name, "%s", reason);
	return status;
}

/* Attributes and data as one object, which is read as one that came so. */
static enum ch_status message_join(struct message_reader *reader, json_t *data, struct place at,
	struct repair_reject *out_reject)
{
	const struct message *message = reader->message;
	enum ch_status status = CH_OK;
	json_decref(reader->event);
	reader->event = json_object();
	if (reader->event == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < message->attribute_count && status == CH_OK; i++)
		status = message_add_attribute(reader, &message->attributes[i], at, out_reject);
	if (status == CH_OK && json_object_set(reader->event, "data", data) != 0)
		status = CH_NOMEM;
	return status;
}

static enum ch_status message_read_event(
	struct message_reader *reader, json_t *object, struct place at, struct repair_item *item)
{
	struct slice raw = reader->message->payload;
	enum ch_status status = CH_OK;
	if (reader->message->binary || (reader->message->attribute_count > 0 &&
					       json_object_get(object, "specversion") == NULL)) {
		status = message_join(reader, object, at, &item->reject);
		if (status == CH_OK)
			status = message_identity(reader, true);
		object = reader->event;
		raw = buffer_slice(&reader->identity);
	}
	if (status == CH_OK)
		status = cloudevent_read(
			reader->cloudevents, object, raw, at, &item->event, &item->reject);
	return status;
}

/* ---- One message ---- */

/* CH_OK: item->event, or a row for the maker. */
static enum ch_status message_read(struct message_reader *reader, struct repair_item *item)
{
	struct place at = {.record = 0};
	struct slice payload = reader->message->payload;
	json_t *object;
	enum ch_status status = CH_TOO_LARGE;
	if (payload.len == 0 || payload.len > LIMIT_ROW_BYTES) {
		reject_fill(&item->reject, status, at, (struct slice){NULL, 0},
			"there is nothing in it, or more than %u bytes", LIMIT_ROW_BYTES);
		return status;
	}
	if (slice_starts(payload, BYTE_ORDER_MARK)) {
		at.byte = BYTE_ORDER_MARK.len;
		payload = slice_sub(payload, BYTE_ORDER_MARK.len, payload.len);
	}
	status = json_record_parse(reader->record, payload, at, &object, &item->reject);
	if (status == CH_OK && reader->cloudevents != NULL)
		return message_read_event(reader, object, at, item);
	if (status == CH_OK)
		status = message_check_context(reader->message, at, &item->reject);
	if (status == CH_OK)
		status = message_identity(reader, false);
	if (status == CH_OK)
		status = json_record_flatten(reader->record, reader->message->context,
			reader->message->context_count, buffer_slice(&reader->identity),
			&reader->row, &item->reject);
	return status;
}

enum ch_status message_next(struct message_reader *reader, struct repair_item *out_item)
{
	enum ch_status status = CH_OK;
	if (reader->message == NULL)
		return CH_END;
	out_item->what = REPAIR_EVENT;
	out_item->raw = reader->message->payload;
	if (!reader->in_row) {
		status = message_read(reader, out_item);
		if (status == CH_OK && reader->cloudevents == NULL) {
			event_maker_begin(reader->maker, &reader->row);
			reader->in_row = true;
		} else {
			reader->message = NULL;
		}
	}
	if (reader->in_row)
		status = event_maker_next(reader->maker, &out_item->event, &out_item->reject);
	if (status == CH_END)
		reader->message = NULL;
	if (status == CH_OK || status == CH_END || status == CH_NOMEM || status == CH_INTERNAL)
		return status;
	out_item->what = REPAIR_REJECT;
	return CH_OK;
}
