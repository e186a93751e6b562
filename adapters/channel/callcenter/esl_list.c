#include "channel/callcenter/esl_list.h"

#include <jansson.h>

#include "base/text.h"

/* The cells of a line; 0: too many. */
static size_t split_row(struct slice line, struct slice cells[ESL_COLUMNS])
{
	size_t count = 0;
	struct slice cell;
	while (text_split(&line, '|', &cell)) {
		if (count == ESL_COLUMNS)
			return 0;
		cells[count++] = cell;
	}
	return count;
}

void esl_table_open(struct slice body, struct esl_table *out_table)
{
	struct slice line;
	*out_table = (struct esl_table){.rest = body};
	if (text_split(&out_table->rest, '\n', &line))
		out_table->count = split_row(text_trim(line), out_table->columns);
	if (out_table->count < 2)
		out_table->count = 0; /* "+OK", "-ERR ..." */
}

bool esl_table_next(struct esl_table *table)
{
	struct slice line;
	while (table->count > 0 && text_split(&table->rest, '\n', &line)) {
		if (split_row(line, table->cells) == table->count)
			return true;
	}
	return false;
}

struct slice esl_table_cell(const struct esl_table *table, const char *column)
{
	for (size_t i = 0; i < table->count; i++) {
		if (slice_equal(table->columns[i], slice_text(column)))
			return table->cells[i];
	}
	return (struct slice){NULL, 0};
}

struct slice esl_contact_user(struct slice contact)
{
	while (contact.len > 0 && (contact.data[0] == '[' || contact.data[0] == '{')) {
		const uint8_t *end =
			memchr(contact.data, contact.data[0] == '[' ? ']' : '}', contact.len);
		size_t len = end != NULL ? (size_t)(end - contact.data) + 1 : contact.len;
		contact = slice_sub(contact, len, SIZE_MAX);
	}
	return slice_starts(contact, SLICE_LITERAL("user/")) ? contact : (struct slice){NULL, 0};
}

bool esl_channels(struct slice body, void (*each)(void *context, struct slice uuid), void *context)
{
	json_t *list = json_loadb((const char *)body.data, body.len, 0, NULL);
	const json_t *rows = json_object_get(list, "rows");
	const json_t *told = json_object_get(list, "row_count");
	size_t count = 0;
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *uuid = json_object_get(json_array_get(rows, i), "uuid");
		if (!json_is_string(uuid))
			continue;
		count++;
		each(context, slice_of(json_string_value(uuid), json_string_length(uuid)));
	}
	bool whole = json_is_integer(told) && json_integer_value(told) == (json_int_t)count;
	json_decref(list);
	return whole;
}
