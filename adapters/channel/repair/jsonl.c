#include "channel/repair/jsonl.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"

struct jsonl_reader {
	struct input *input;
	bool accept_unterminated;
	bool begun; /* past the byte order mark */
	enum ch_status ended;
	size_t spent; /* of the window: the line given last, let go at the next call */
	uint64_t line;
	json_t *object;
	struct slice raw;
	struct arena arena; /* the cells of the object */
	struct buffer name;
	struct cell cells[LIMIT_ROW_COLUMNS];
	size_t cell_count;
};

enum ch_status jsonl_open(
	struct input *input, bool accept_unterminated, struct jsonl_reader **out_reader)
{
	struct jsonl_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return CH_NOMEM;
	reader->input = input;
	reader->accept_unterminated = accept_unterminated;
	arena_init(&reader->arena);
	*out_reader = reader;
	return CH_OK;
}

void jsonl_close(struct jsonl_reader *reader)
{
	if (reader == NULL)
		return;
	json_decref(reader->object);
	buffer_fini(&reader->name);
	arena_fini(&reader->arena);
	free(reader);
}

static struct place jsonl_place(const struct jsonl_reader *reader, size_t offset)
{
	return (struct place){
		.record = reader->line,
		.line = reader->line,
		.column = (uint32_t)offset + 1,
		.byte = input_offset(reader->input) + offset,
	};
}

static enum ch_status jsonl_refuse_rest(
	struct jsonl_reader *reader, enum ch_status status, struct repair_reject *out_reject)
{
	struct slice window = input_window(reader->input);
	if (status == CH_NOMEM || status == CH_IO)
		return status;
	reject_fill(out_reject, status, jsonl_place(reader, window.len), (struct slice){NULL, 0},
		"%s",
		status == CH_TOO_LARGE ? "the unpacked file is over its bound"
				       : "the gzip data is damaged or ends early");
	out_reject->fatal = true;
	input_consume(reader->input, window.len);
	reader->ended = CH_END;
	return out_reject->status;
}

/* Lets go of the rest of a line that is too long to be held. */
static enum ch_status jsonl_skip_line(struct jsonl_reader *reader)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK) {
		struct slice window = input_window(reader->input);
		const uint8_t *end = window.len > 0 ? memchr(window.data, '\n', window.len) : NULL;
		if (end != NULL) {
			input_consume(reader->input, (size_t)(end - window.data) + 1);
			return CH_OK;
		}
		input_consume(reader->input, window.len);
		status = input_fill(reader->input);
	}
	return status == CH_NOMEM || status == CH_IO ? status
						     : CH_OK; /* told when it is met again */
}

/* The file ends behind a line without end. */
static enum ch_status jsonl_last_line(
	struct jsonl_reader *reader, struct slice *out_line, struct repair_reject *out_reject)
{
	struct slice rest = input_window(reader->input);
	reader->ended = CH_END;
	if (text_trim(rest).len == 0)
		return CH_END;
	if (reader->accept_unterminated) {
		*out_line = rest;
		reader->spent = rest.len;
		return CH_OK;
	}
	reject_fill(out_reject, CH_FORMAT, jsonl_place(reader, 0), (struct slice){NULL, 0},
		"the last line has no end: it may still be written");
	out_reject->incomplete = true;
	input_consume(reader->input, rest.len);
	return CH_FORMAT;
}

static enum ch_status jsonl_read_line(
	struct jsonl_reader *reader, struct slice *out_line, struct repair_reject *out_reject)
{
	size_t seen = 0;
	for (;;) {
		struct slice window = input_window(reader->input);
		const uint8_t *end = window.len > seen
					     ? memchr(window.data + seen, '\n', window.len - seen)
					     : NULL;
		size_t len = end != NULL ? (size_t)(end - window.data) : window.len;
		if (len > LIMIT_ROW_BYTES) {
			reject_fill(out_reject, CH_TOO_LARGE, jsonl_place(reader, 0),
				(struct slice){NULL, 0}, "the line is longer than %u bytes",
				LIMIT_ROW_BYTES);
			enum ch_status status = jsonl_skip_line(reader);
			return status != CH_OK ? status : CH_TOO_LARGE;
		}
		if (end != NULL) {
			*out_line = slice_of(window.data, len);
			reader->spent = len + 1;
			return CH_OK;
		}
		seen = window.len;
		enum ch_status status = input_fill(reader->input);
		if (status == CH_END)
			return jsonl_last_line(reader, out_line, out_reject);
		if (status != CH_OK)
			return jsonl_refuse_rest(reader, status, out_reject);
	}
}

/* What is wrong with the line before anything is parsed; NULL: nothing. */
static const char *jsonl_fault(struct slice line, size_t *out_at)
{
	const uint8_t *nul = memchr(line.data, 0, line.len);
	size_t good = text_utf8_prefix(line);
	*out_at = nul != NULL ? (size_t)(nul - line.data) : good;
	if (nul != NULL && *out_at <= good)
		return "a NUL byte";
	*out_at = good;
	if (good < line.len)
		return "not UTF-8 text";
	*out_at = 0;
	if (slice_starts(line, SLICE_LITERAL("\xEF\xBB\xBF")))
		return "a byte order mark inside the file: were two files joined?";
	return NULL;
}

static enum ch_status jsonl_parse(
	struct jsonl_reader *reader, struct slice line, struct repair_reject *out_reject)
{
	json_error_t error;
	size_t at;
	const char *fault = jsonl_fault(line, &at);
	if (fault != NULL) {
		reject_fill(out_reject, CH_FORMAT, jsonl_place(reader, at), (struct slice){NULL, 0},
			"%s", fault);
		return CH_FORMAT;
	}
	reader->object = json_loadb((const char *)line.data, line.len,
		JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (json_is_object(reader->object))
		return CH_OK;
	if (reader->object == NULL && json_error_code(&error) == json_error_out_of_memory)
		return CH_NOMEM;
	at = reader->object == NULL && error.position > 0 ? (size_t)error.position : 0;
	/* jansson quotes what it stumbled over, which may be somebody's name: "... near 'X'". */
	char *quote = reader->object == NULL ? strstr(error.text, " near ") : NULL;
	if (quote != NULL)
		*quote = 0;
	reject_fill(out_reject, CH_FORMAT, jsonl_place(reader, at < line.len ? at : line.len),
		(struct slice){NULL, 0}, "%s",
		reader->object == NULL ? error.text : "a line must be one JSON object");
	return CH_FORMAT;
}

static enum ch_status jsonl_begin(struct jsonl_reader *reader)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && input_window(reader->input).len < 3)
		status = input_fill(reader->input);
	reader->begun = true;
	if (slice_starts(input_window(reader->input), SLICE_LITERAL("\xEF\xBB\xBF")))
		input_consume(reader->input, 3);
	return status == CH_NOMEM || status == CH_IO ? status : CH_OK; /* met again by reading */
}

enum ch_status jsonl_next(struct jsonl_reader *reader, json_t **out_object, struct slice *out_raw,
	struct place *out_at, struct repair_reject *out_reject)
{
	enum ch_status status = reader->begun ? CH_OK : jsonl_begin(reader);
	json_decref(reader->object);
	reader->object = NULL;
	for (;;) {
		struct slice line;
		input_consume(reader->input, reader->spent);
		reader->spent = 0;
		if (status == CH_OK)
			status = reader->ended;
		if (status != CH_OK)
			return status;
		reader->line++;
		status = jsonl_read_line(reader, &line, out_reject);
		if (status != CH_OK)
			return status;
		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		if (text_trim(line).len == 0)
			continue;
		status = jsonl_parse(reader, line, out_reject);
		if (status != CH_OK)
			return status;
		reader->raw = line;
		*out_object = reader->object;
		*out_raw = line;
		*out_at = jsonl_place(reader, 0);
		return CH_OK;
	}
}

/* ---- As a row ---- */

/* The shortest text that reads back as the same number: what any careful writer has written. */
static int jsonl_format_real(double value, char *text, size_t room)
{
	int len = 0;
	for (int digits = 15; digits <= 17; digits++) {
		len = snprintf(text, room, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return len;
}

static enum ch_status jsonl_add_cell(
	struct jsonl_reader *reader, struct slice text, struct repair_reject *out_reject)
{
	if (reader->cell_count == LIMIT_ROW_COLUMNS) {
		reject_fill(out_reject, CH_TOO_LARGE, jsonl_place(reader, 0),
			(struct slice){NULL, 0}, "too many members");
		return CH_TOO_LARGE;
	}
	struct slice name = arena_copy(&reader->arena, buffer_slice(&reader->name));
	struct slice kept = arena_copy(&reader->arena, text);
	if (name.data == NULL && reader->name.len > 0)
		return CH_NOMEM;
	if ((kept.data == NULL && text.len > 0) || reader->name.status != CH_OK)
		return CH_NOMEM;
	if (name.len > 0)
		reader->cells[reader->cell_count++] = (struct cell){
			.name = name, .text = row_trim(kept), .at = jsonl_place(reader, 0)};
	return CH_OK;
}

static enum ch_status jsonl_add_scalar(
	struct jsonl_reader *reader, const json_t *value, struct repair_reject *out_reject)
{
	char text[40];
	switch (json_typeof(value)) {
	case JSON_STRING:
		return jsonl_add_cell(reader,
			slice_of(json_string_value(value), json_string_length(value)), out_reject);
	case JSON_INTEGER:
		(void)snprintf(
			text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return jsonl_add_cell(reader, slice_text(text), out_reject);
	case JSON_REAL:
		(void)jsonl_format_real(json_real_value(value), text, sizeof(text));
		return jsonl_add_cell(reader, slice_text(text), out_reject);
	case JSON_TRUE:
		return jsonl_add_cell(reader, SLICE_LITERAL("true"), out_reject);
	case JSON_FALSE:
		return jsonl_add_cell(reader, SLICE_LITERAL("false"), out_reject);
	default:
		return CH_OK;
	}
}

static enum ch_status jsonl_add(struct jsonl_reader *reader, json_t *value, unsigned depth,
	struct repair_reject *out_reject)
{
	enum ch_status status = CH_OK;
	size_t len = reader->name.len;
	const char *key;
	json_t *member;
	size_t i;
	if (depth > LIMIT_JSON_DEPTH) {
		reject_fill(out_reject, CH_TOO_LARGE, jsonl_place(reader, 0),
			buffer_slice(&reader->name), "is nested too deep");
		return CH_TOO_LARGE;
	}
	if (json_is_object(value)) {
		json_object_foreach(value, key, member)
		{
			if (len > 0)
				buffer_append_byte(&reader->name, '.');
			buffer_append_text(&reader->name, key);
			if (status == CH_OK)
				status = jsonl_add(reader, member, depth + 1, out_reject);
			reader->name.len = len;
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, member)
		{
			buffer_printf(&reader->name, "[%zu]", i);
			if (status == CH_OK)
				status = jsonl_add(reader, member, depth + 1, out_reject);
			reader->name.len = len;
		}
	} else {
		status = jsonl_add_scalar(reader, value, out_reject);
	}
	return status;
}

enum ch_status jsonl_flatten(
	struct jsonl_reader *reader, struct row *out_row, struct repair_reject *out_reject)
{
	arena_reset(&reader->arena);
	buffer_clear(&reader->name);
	reader->cell_count = 0;
	enum ch_status status = jsonl_add(reader, reader->object, 0, out_reject);
	if (status == CH_OK)
		*out_row = (struct row){
			reader->cells, reader->cell_count, jsonl_place(reader, 0), reader->raw};
	return status;
}
