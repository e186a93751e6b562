#include "channel/repair/json_record.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"

struct json_record {
	json_t *object;
	struct place at;
	struct arena arena; /* the texts of the cells */
	struct buffer name;
	struct cell cells[LIMIT_ROW_COLUMNS];
	size_t cell_count;
};

enum ch_status json_record_create(struct json_record **out_record)
{
	struct json_record *record = calloc(1, sizeof(*record));
	if (record == NULL)
		return CH_NOMEM;
	arena_init(&record->arena);
	*out_record = record;
	return CH_OK;
}

void json_record_free(struct json_record *record)
{
	if (record == NULL)
		return;
	json_decref(record->object);
	buffer_fini(&record->name);
	arena_fini(&record->arena);
	free(record);
}

static struct place json_record_place(const struct json_record *record, size_t offset)
{
	struct place at = record->at;
	at.column = (uint32_t)offset + 1;
	at.byte += offset;
	return at;
}

/* What is wrong with the bytes before anything is parsed; NULL: nothing. */
static const char *json_record_fault(struct slice bytes, size_t *out_at)
{
	const uint8_t *nul = bytes.len > 0 ? memchr(bytes.data, 0, bytes.len) : NULL;
	size_t good = text_utf8_prefix(bytes);
	*out_at = nul != NULL ? (size_t)(nul - bytes.data) : good;
	if (nul != NULL && *out_at <= good)
		return "a NUL byte";
	*out_at = good;
	if (good < bytes.len)
		return "not UTF-8 text";
	*out_at = 0;
	if (slice_starts(bytes, SLICE_LITERAL("\xEF\xBB\xBF")))
		return "a byte order mark inside the file: were two files joined?";
	return NULL;
}

enum ch_status json_record_parse(struct json_record *record, struct slice bytes, struct place at,
	json_t **out_object, struct repair_reject *out_reject)
{
	json_error_t error;
	size_t offset;
	const char *fault = json_record_fault(bytes, &offset);
	json_decref(record->object);
	record->object = NULL;
	record->at = at;
	if (fault != NULL) {
		reject_fill(out_reject, CH_FORMAT, json_record_place(record, offset),
			(struct slice){NULL, 0}, "%s", fault);
		return CH_FORMAT;
	}
	record->object = json_loadb((const char *)bytes.data, bytes.len,
		JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (json_is_object(record->object)) {
		*out_object = record->object;
		return CH_OK;
	}
	if (record->object == NULL && json_error_code(&error) == json_error_out_of_memory)
		return CH_NOMEM;
	offset = record->object == NULL && error.position > 0 ? (size_t)error.position : 0;
	/* jansson quotes what it stumbled over, which may be somebody's name: "... near 'X'". */
	char *quote = record->object == NULL ? strstr(error.text, " near ") : NULL;
	if (quote != NULL)
		*quote = 0;
	reject_fill(out_reject, CH_FORMAT,
		json_record_place(record, offset < bytes.len ? offset : bytes.len),
		(struct slice){NULL, 0}, "%s",
		record->object == NULL ? error.text : "must be one JSON object");
	return CH_FORMAT;
}

/* ---- As a row ---- */

/* The shortest text that reads back as the same number: what any careful writer has written. */
static int json_record_format_real(double value, char *text, size_t room)
{
	int len = 0;
	for (int digits = 15; digits <= 17; digits++) {
		len = snprintf(text, room, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return len;
}

static enum ch_status json_record_add_cell(
	struct json_record *record, struct slice text, struct repair_reject *out_reject)
{
	if (record->cell_count == LIMIT_ROW_COLUMNS) {
		reject_fill(out_reject, CH_TOO_LARGE, json_record_place(record, 0),
			(struct slice){NULL, 0}, "too many members");
		return CH_TOO_LARGE;
	}
	struct slice name = arena_copy(&record->arena, buffer_slice(&record->name));
	struct slice kept = arena_copy(&record->arena, text);
	if (name.data == NULL && record->name.len > 0)
		return CH_NOMEM;
	if ((kept.data == NULL && text.len > 0) || record->name.status != CH_OK)
		return CH_NOMEM;
	if (name.len > 0)
		record->cells[record->cell_count++] = (struct cell){
			.name = name, .text = row_trim(kept), .at = json_record_place(record, 0)};
	return CH_OK;
}

static enum ch_status json_record_add_scalar(
	struct json_record *record, const json_t *value, struct repair_reject *out_reject)
{
	char text[40];
	switch (json_typeof(value)) {
	case JSON_STRING:
		return json_record_add_cell(record,
			slice_of(json_string_value(value), json_string_length(value)), out_reject);
	case JSON_INTEGER:
		(void)snprintf(
			text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return json_record_add_cell(record, slice_text(text), out_reject);
	case JSON_REAL:
		(void)json_record_format_real(json_real_value(value), text, sizeof(text));
		return json_record_add_cell(record, slice_text(text), out_reject);
	case JSON_TRUE:
		return json_record_add_cell(record, SLICE_LITERAL("true"), out_reject);
	case JSON_FALSE:
		return json_record_add_cell(record, SLICE_LITERAL("false"), out_reject);
	default:
		return CH_OK;
	}
}

static enum ch_status json_record_add(
	struct json_record *record, json_t *value, unsigned depth, struct repair_reject *out_reject)
{
	enum ch_status status = CH_OK;
	size_t len = record->name.len;
	const char *key;
	json_t *member;
	size_t i;
	if (depth > LIMIT_JSON_DEPTH) {
		reject_fill(out_reject, CH_TOO_LARGE, json_record_place(record, 0),
			buffer_slice(&record->name), "is nested too deep");
		return CH_TOO_LARGE;
	}
	if (json_is_object(value)) {
		json_object_foreach(value, key, member)
		{
			if (len > 0)
				buffer_append_byte(&record->name, '.');
			buffer_append_text(&record->name, key);
			if (status == CH_OK)
				status = json_record_add(record, member, depth + 1, out_reject);
			record->name.len = len;
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, member)
		{
			buffer_printf(&record->name, "[%zu]", i);
			if (status == CH_OK)
				status = json_record_add(record, member, depth + 1, out_reject);
			record->name.len = len;
		}
	} else {
		status = json_record_add_scalar(record, value, out_reject);
	}
	return status;
}

enum ch_status json_record_flatten(struct json_record *record, const struct cell *context,
	size_t context_count, struct slice raw, struct row *out_row,
	struct repair_reject *out_reject)
{
	enum ch_status status = CH_OK;
	arena_reset(&record->arena);
	buffer_clear(&record->name);
	record->cell_count = 0;
	for (size_t i = 0; i < context_count && record->cell_count < LIMIT_ROW_COLUMNS; i++) {
		struct cell *cell = &record->cells[record->cell_count++];
		*cell = context[i];
		cell->at = json_record_place(record, 0);
		cell->context = true;
	}
	status = json_record_add(record, record->object, 0, out_reject);
	if (status == CH_OK)
		*out_row = (struct row){
			record->cells, record->cell_count, json_record_place(record, 0), raw};
	return status;
}
