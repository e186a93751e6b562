#include "channel/callcenter/esl.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"

/* Offsets into `decoded`, whose bytes move while they grow. */
struct esl_mark {
	size_t name;
	size_t name_len;
	size_t value;
	size_t value_len;
};

struct esl_reader {
	struct buffer bytes;
	size_t first;     /* where the message under way begins */
	size_t looked;    /* lines before this are no end of the headers */
	size_t body;      /* where its body begins; 0: not known yet */
	size_t body_len;  /* of it */
	uint64_t start;   /* of the stream: offset of bytes[0] */
	uint64_t to_skip; /* bytes of a body over the bound */
	bool broken;
	struct buffer decoded;
	struct esl_mark *marks;
	struct ami_field *fields;
	size_t count;
};

struct slice esl_get(const struct esl_message *message, const char *name)
{
	const struct ami_message fields = {.fields = message->fields, .count = message->count};
	return ami_get(&fields, name);
}

enum ch_status esl_reader_create(struct esl_reader **out_reader)
{
	enum ch_status status = CH_NOMEM;
	struct esl_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		goto out;
	/* Not zeroed: what is below count has been written. */
	reader->marks = malloc(LIMIT_AMI_FIELDS * sizeof(*reader->marks));
	reader->fields = malloc(LIMIT_AMI_FIELDS * sizeof(*reader->fields));
	if (reader->marks == NULL || reader->fields == NULL)
		goto out;
	status = CH_OK;
	*out_reader = reader;
	reader = NULL; /* the caller's now */
out:
	esl_reader_free(reader);
	return status;
}

void esl_reader_free(struct esl_reader *reader)
{
	if (reader == NULL)
		return;
	free(reader->marks);
	free(reader->fields);
	buffer_fini(&reader->decoded);
	buffer_fini(&reader->bytes);
	free(reader);
}

enum ch_status esl_reader_feed(struct esl_reader *reader, struct slice bytes)
{
	size_t len = reader->first;
	if (len > 0) {
		memmove(reader->bytes.data, reader->bytes.data + len, reader->bytes.len - len);
		reader->bytes.len -= len;
		reader->start += len;
		reader->looked -= len;
		reader->body -= reader->body > 0 ? len : 0;
		reader->first = 0;
	}
	if (reader->to_skip > 0) { /* nothing is held then */
		size_t skip = reader->to_skip < bytes.len ? (size_t)reader->to_skip : bytes.len;
		reader->to_skip -= skip;
		reader->start += skip;
		bytes = slice_sub(bytes, skip, SIZE_MAX);
	}
	buffer_append_slice(&reader->bytes, bytes);
	return reader->bytes.status;
}

bool esl_reader_is_within(const struct esl_reader *reader)
{
	return reader->to_skip > 0 || reader->bytes.len > reader->first;
}

/* ---- Headers ---- */

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One round of percent-decoding, appended. */
static void put_decoded(struct buffer *out, struct slice text)
{
	while (text.len > 0) {
		const uint8_t *sign = memchr(text.data, '%', text.len);
		size_t plain = sign != NULL ? (size_t)(sign - text.data) : text.len;
		buffer_append_slice(out, slice_sub(text, 0, plain));
		text = slice_sub(text, plain, SIZE_MAX);
		if (text.len == 0)
			return;
		int high = text.len > 2 ? hex_digit(text.data[1]) : -1;
		int low = text.len > 2 ? hex_digit(text.data[2]) : -1;
		bool coded = high >= 0 && low >= 0;
		buffer_append_byte(out, coded ? (uint8_t)(high * 16 + low) : '%');
		text = slice_sub(text, coded ? 3 : 1, SIZE_MAX);
	}
}

/* CH_TOO_LARGE: one too many. */
static enum ch_status reader_add(
	struct esl_reader *reader, struct slice name, struct slice value, bool decode)
{
	struct buffer *out = &reader->decoded;
	struct esl_mark mark = {.name = out->len, .name_len = name.len};
	if (reader->count == LIMIT_AMI_FIELDS)
		return CH_TOO_LARGE;
	buffer_append_slice(out, name);
	mark.value = out->len;
	if (decode)
		put_decoded(out, value);
	else
		buffer_append_slice(out, value);
	mark.value_len = out->len - mark.value;
	reader->marks[reader->count++] = mark;
	return out->status;
}

static struct slice take_line(struct slice *rest)
{
	struct slice line;
	if (!text_split(rest, '\n', &line))
		return (struct slice){NULL, 0};
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Lines up to an empty one; *rest is what follows that. */
static enum ch_status reader_add_lines(struct esl_reader *reader, struct slice *rest, bool decode)
{
	enum ch_status status = CH_OK;
	while (rest->data != NULL && status == CH_OK) {
		struct slice line = take_line(rest);
		struct slice value = line;
		struct slice name;
		if (line.len == 0)
			break;
		(void)text_split(&value, ':', &name); /* there is something */
		if (value.len > 0 && value.data[0] == ' ')
			value = slice_sub(value, 1, SIZE_MAX);
		status = reader_add(reader, name, value, decode);
	}
	return status;
}

static void reader_forget(struct esl_reader *reader)
{
	reader->count = 0;
	buffer_clear(&reader->decoded);
}

/* The marks as fields, when no more will be added. */
static void reader_show(struct esl_reader *reader, struct esl_message *message)
{
	/* Without a byte in all of them there is nothing to point into. */
	const uint8_t *data = reader->decoded.len > 0 ? reader->decoded.data : (const uint8_t *)"";
	for (size_t i = 0; i < reader->count; i++) {
		const struct esl_mark *mark = &reader->marks[i];
		reader->fields[i].key = slice_of(data + mark->name, mark->name_len);
		reader->fields[i].value = slice_of(data + mark->value, mark->value_len);
	}
	message->fields = reader->fields;
	message->count = reader->count;
}

/* ---- Events as JSON ---- */

static struct slice json_text(const json_t *value)
{
	return slice_of(json_string_value(value), json_string_length(value));
}

static enum ch_status reader_add_list(struct esl_reader *reader, struct slice name, json_t *list)
{
	struct buffer joined = {0};
	json_t *item;
	size_t i;
	json_array_foreach(list, i, item)
	{
		buffer_append_text(&joined, i == 0 ? "ARRAY::" : "|:");
		if (json_is_string(item))
			buffer_append_slice(&joined, json_text(item));
	}
	enum ch_status status = joined.status;
	if (status == CH_OK)
		status = reader_add(reader, name, buffer_slice(&joined), false);
	buffer_fini(&joined);
	return status;
}

/* What is neither text nor list says nothing. */
static enum ch_status reader_add_json(struct esl_reader *reader, struct slice body)
{
	enum ch_status status = CH_OK;
	const char *name;
	json_t *value;
	json_error_t error;
	json_t *object = json_loadb((const char *)body.data, body.len, 0, &error);
	if (object == NULL)
		return json_error_code(&error) == json_error_out_of_memory ? CH_NOMEM : CH_OK;
	json_object_foreach(object, name, value)
	{
		if (status == CH_OK && json_is_string(value))
			status = reader_add(reader, slice_text(name), json_text(value), false);
		else if (status == CH_OK && json_is_array(value))
			status = reader_add_list(reader, slice_text(name), value);
	}
	json_decref(object);
	return status;
}

/* ---- Messages ---- */

static const struct {
	const char *type;
	enum esl_kind kind;
} types[] = {
	{"auth/request", ESL_AUTH},
	{"command/reply", ESL_REPLY},
	{"api/response", ESL_ANSWER},
	{"text/event-plain", ESL_EVENT},
	{"text/event-json", ESL_EVENT},
	{"text/disconnect-notice", ESL_BYE},
	{"text/rude-rejection", ESL_DENIED},
};

static enum esl_kind kind_of(struct slice type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (ami_is(type, types[i].type))
			return types[i].kind;
	}
	return ESL_OTHER;
}

/* What stands in the body of an event takes the place of what stood before it. */
static enum ch_status reader_open_event(
	struct esl_reader *reader, struct slice type, struct esl_message *message)
{
	struct slice rest = message->body;
	bool json = ami_is(type, "text/event-json"); /* looked at before it is forgotten */
	reader_forget(reader);
	enum ch_status status =
		json ? reader_add_json(reader, rest) : reader_add_lines(reader, &rest, true);
	if (status != CH_OK)
		return status;
	reader_show(reader, message);
	uint64_t len = 0;
	struct slice own = json ? esl_get(message, "_body") : rest;
	if (!json && text_parse_u64(esl_get(message, "Content-Length"), UINT32_MAX, &len) != CH_OK)
		len = 0;
	message->body = json ? own : slice_sub(own, 0, (size_t)len);
	message->name = esl_get(message, "Event-Name");
	return CH_OK;
}

/* All of it is there. */
static enum ch_status reader_finish(struct esl_reader *reader, struct esl_message *out_message)
{
	const uint8_t *data = reader->bytes.data;
	struct slice head = slice_of(data + reader->first, reader->body - reader->first);
	struct esl_message message = {
		.offset = reader->start + reader->first,
		.body = slice_of(data + reader->body, reader->body_len),
	};
	reader_forget(reader);
	enum ch_status status = reader_add_lines(reader, &head, false);
	reader->first = reader->looked = reader->body + reader->body_len;
	reader->body = 0;
	if (status != CH_OK)
		return status;
	reader_show(reader, &message);
	struct slice type = esl_get(&message, "Content-Type");
	message.kind = kind_of(type);
	if (message.kind == ESL_REPLY)
		message.name = esl_get(&message, "Reply-Text");
	if (message.kind == ESL_EVENT)
		status = reader_open_event(reader, type, &message);
	if (status == CH_OK)
		*out_message = message;
	return status;
}

/* Looks for the end of the headers.  CH_OK: `body` is set; CH_END. */
static enum ch_status reader_find_body(struct esl_reader *reader)
{
	while (reader->looked < reader->bytes.len) {
		const uint8_t *line = reader->bytes.data + reader->looked;
		size_t rest = reader->bytes.len - reader->looked;
		const uint8_t *end = memchr(line, '\n', rest);
		size_t len = end != NULL ? (size_t)(end - line) : rest;
		if (reader->looked - reader->first + len > LIMIT_ESL_HEAD_BYTES)
			return CH_FORMAT;
		if (end == NULL)
			return CH_END;
		bool empty = len == 0 || (len == 1 && line[0] == '\r');
		bool before = empty && reader->looked == reader->first;
		reader->looked += len + 1;
		if (before)
			reader->first = reader->looked;
		else if (empty) {
			reader->body = reader->looked;
			return CH_OK;
		}
	}
	return CH_END;
}

/* How long the body is: without a length there is none. */
static enum ch_status reader_measure(struct esl_reader *reader)
{
	const uint8_t *data = reader->bytes.data;
	struct slice head = slice_of(data + reader->first, reader->body - reader->first);
	struct esl_message message = {.kind = ESL_OTHER};
	uint64_t len = 0;
	reader_forget(reader);
	enum ch_status status = reader_add_lines(reader, &head, false);
	if (status == CH_NOMEM)
		return status;
	reader_show(reader, &message); /* as far as there is room: then it is no such stream */
	struct slice told = text_trim(esl_get(&message, "Content-Length"));
	if (status != CH_OK || esl_get(&message, "Content-Type").len == 0 ||
		(told.len > 0 && text_parse_u64(told, UINT32_MAX, &len) != CH_OK))
		return CH_FORMAT;
	reader->body_len = (size_t)len;
	return CH_OK;
}

/* Lets the body under way go, what there is of it now and the rest as it comes. */
static void reader_skip(struct esl_reader *reader)
{
	size_t there = reader->bytes.len - reader->body;
	size_t skip = reader->body_len < there ? reader->body_len : there;
	reader->to_skip = reader->body_len - skip;
	reader->first = reader->looked = reader->body + skip;
	reader->body = 0;
}

enum ch_status esl_reader_next(struct esl_reader *reader, struct esl_message *out_message)
{
	enum ch_status status = CH_OK;
	if (reader->broken)
		return CH_FORMAT;
	if (reader->to_skip > 0)
		return CH_END;
	if (reader->body == 0) {
		status = reader_find_body(reader);
		if (status == CH_OK)
			status = reader_measure(reader);
	}
	reader->broken = status == CH_FORMAT;
	if (status != CH_OK)
		return status;
	if (reader->body_len > LIMIT_ESL_BODY_BYTES) {
		reader_skip(reader);
		return CH_TOO_LARGE;
	}
	if (reader->bytes.len - reader->body < reader->body_len)
		return CH_END;
	return reader_finish(reader, out_message);
}
