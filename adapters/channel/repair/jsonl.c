#include "channel/repair/jsonl.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "channel/repair/json_record.h"

struct jsonl_reader {
	struct input *input;
	bool accept_unterminated;
	bool begun; /* past the byte order mark */
	enum ch_status ended;
	size_t spent; /* of the window: the line given last, let go at the next call */
	uint64_t line;
	struct json_record *record;
	struct slice raw; /* of the object given last */
};

enum ch_status jsonl_open(
	struct input *input, bool accept_unterminated, struct jsonl_reader **out_reader)
{
	struct jsonl_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return CH_NOMEM;
	reader->input = input;
	reader->accept_unterminated = accept_unterminated;
	enum ch_status status = json_record_create(&reader->record);
	if (status == CH_OK) {
		*out_reader = reader;
		reader = NULL; /* the caller's now */
	}
	jsonl_close(reader);
	return status;
}

void jsonl_close(struct jsonl_reader *reader)
{
	if (reader == NULL)
		return;
	json_record_free(reader->record);
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
		*out_at = jsonl_place(reader, 0);
		status = json_record_parse(reader->record, line, *out_at, out_object, out_reject);
		if (status != CH_OK)
			return status;
		reader->raw = line;
		*out_raw = line;
		return CH_OK;
	}
}

enum ch_status jsonl_flatten(
	struct jsonl_reader *reader, struct row *out_row, struct repair_reject *out_reject)
{
	return json_record_flatten(reader->record, NULL, 0, reader->raw, out_row, out_reject);
}
