#include "channel/repair/table_reader.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/limits.h"

#define TABLE_STEP_BYTES (16u * 1024u)

/* A field as libcsv gives it: its bytes in reader->bytes, and where it began in the record. */
struct table_field {
	size_t start;
	size_t from;
	size_t len;
};

struct table_reader {
	struct input *input;
	struct table_options options;
	struct charset_decoder *decoder;
	struct csv_parser parser;
	bool parser_ready;

	struct arena names_arena; /* as long as the file */
	struct slice *names;
	size_t name_count;
	bool names_known;
	bool begun; /* past the byte order mark */
	enum ch_status ended;

	/* The record being read: it begins at the window's start. */
	size_t at;          /* the byte that the parser has now */
	size_t field_start; /* of the field being read */
	bool row_done;
	bool too_many;
	bool out_of_memory;
	struct table_field fields[LIMIT_ROW_COLUMNS];
	size_t field_count;
	struct buffer bytes; /* the fields, unquoted, in the file's charset */
	struct buffer text;  /* the same in UTF-8 */
	struct cell cells[LIMIT_ROW_COLUMNS];

	size_t spent; /* of the window: the record given last, let go at the next call */
	uint64_t record;
	uint64_t line; /* of the window's start, from 1 */
	bool after_cr;
};

static void table_on_field(void *data, size_t len, void *context)
{
	struct table_reader *reader = context;
	if (reader->field_count == LIMIT_ROW_COLUMNS) {
		reader->too_many = true;
		return;
	}
	reader->fields[reader->field_count++] =
		(struct table_field){reader->field_start, reader->bytes.len, len};
	buffer_append(&reader->bytes, data, len);
	reader->field_start = reader->at + 1;
}

static void table_on_row(int terminator, void *context)
{
	struct table_reader *reader = context;
	(void)terminator;
	reader->row_done = true;
}

static enum ch_status table_reset_parser(struct table_reader *reader)
{
	unsigned char flags = CSV_STRICT | CSV_STRICT_FINI;
	if (reader->parser_ready)
		csv_free(&reader->parser);
	reader->parser_ready = false;
	if (csv_init(&reader->parser, reader->options.lenient_quotes ? 0 : flags) != 0)
		return CH_NOMEM;
	/* Its own step of 128 bytes makes a long field quadratic. */
	csv_set_blk_size(&reader->parser, TABLE_STEP_BYTES);
	csv_set_delim(&reader->parser, (unsigned char)reader->options.delimiter);
	reader->parser_ready = true;
	return CH_OK;
}

enum ch_status table_reader_open(
	struct input *input, const struct table_options *options, struct table_reader **out_reader)
{
	enum ch_status status = CH_NOMEM;
	struct table_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		goto out;
	arena_init(&reader->names_arena);
	buffer_init(&reader->bytes);
	buffer_init(&reader->text);
	reader->input = input;
	reader->options = *options;
	reader->line = 1;
	status = table_reset_parser(reader);
	if (status == CH_OK)
		status = charset_open(options->charset, &reader->decoder);
	if (status != CH_OK)
		goto out;
	*out_reader = reader;
	reader = NULL; /* the caller's now */
out:
	table_reader_close(reader);
	return status;
}

void table_reader_close(struct table_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->parser_ready)
		csv_free(&reader->parser);
	charset_close(reader->decoder);
	buffer_fini(&reader->bytes);
	buffer_fini(&reader->text);
	arena_fini(&reader->names_arena);
	free(reader);
}

/* ---- Where things stand ---- */

/* Lines begun by these bytes: CRLF, CR and LF end one each. */
static uint64_t table_count_lines(struct slice bytes, bool *after_cr)
{
	uint64_t lines = 0;
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = bytes.data[i];
		lines += byte == '\r' || (byte == '\n' && !*after_cr);
		*after_cr = byte == '\r';
	}
	return lines;
}

static void table_consume(struct table_reader *reader, size_t len)
{
	struct slice bytes = slice_sub(input_window(reader->input), 0, len);
	reader->line += table_count_lines(bytes, &reader->after_cr);
	input_consume(reader->input, len);
}

static struct place table_place(const struct table_reader *reader, size_t offset, size_t field)
{
	bool after_cr = reader->after_cr;
	struct slice before = slice_sub(input_window(reader->input), 0, offset);
	return (struct place){
		.record = reader->record,
		.line = reader->line + table_count_lines(before, &after_cr),
		.column = (uint32_t)field,
		.byte = input_offset(reader->input) + offset,
	};
}

static struct slice table_name(const struct table_reader *reader, size_t field)
{
	return field > 0 && field <= reader->name_count ? reader->names[field - 1]
							: (struct slice){NULL, 0};
}

/* ---- Passing over ---- */

/* Lets go of everything up to and with the next line end. */
static enum ch_status table_skip_line(struct table_reader *reader)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK) {
		struct slice window = input_window(reader->input);
		for (size_t i = 0; i < window.len; i++) {
			if (window.data[i] == '\n' || window.data[i] == '\r') {
				table_consume(reader, i + 1);
				return CH_OK;
			}
		}
		table_consume(reader, window.len);
		status = input_fill(reader->input);
	}
	return status == CH_NOMEM || status == CH_IO ? status
						     : CH_OK; /* told when it is met again */
}

static enum ch_status table_pass_over(struct table_reader *reader)
{
	enum ch_status status = table_reset_parser(reader);
	return status == CH_OK ? table_skip_line(reader) : status;
}

/* Refuses the record that stands at the window's start and goes on behind its first line. */
static enum ch_status table_refuse_line(
	struct table_reader *reader, const struct repair_reject *reject)
{
	enum ch_status status = table_pass_over(reader);
	return status != CH_OK ? status : reject->status;
}

/* The input ended in a bad way: everything before it has been given. */
static enum ch_status table_refuse_rest(
	struct table_reader *reader, enum ch_status status, struct repair_reject *out_reject)
{
	struct slice window = input_window(reader->input);
	if (status == CH_NOMEM || status == CH_IO)
		return status;
	reject_fill(out_reject, status, table_place(reader, window.len, 0), (struct slice){NULL, 0},
		"%s",
		status == CH_TOO_LARGE ? "the unpacked file is over its bound"
				       : "the gzip data is damaged or ends early");
	out_reject->fatal = true;
	table_consume(reader, window.len);
	reader->ended = CH_END;
	return out_reject->status;
}

/* ---- One record ---- */

/* Line ends before the record; the rest of a CRLF is one of them. */
static enum ch_status table_skip_blank_lines(struct table_reader *reader)
{
	for (;;) {
		struct slice window = input_window(reader->input);
		size_t len = 0;
		while (len < window.len && (window.data[len] == '\r' || window.data[len] == '\n'))
			len++;
		table_consume(reader, len);
		if (len < window.len)
			return CH_OK;
		enum ch_status status = input_fill(reader->input);
		if (status != CH_OK)
			return status;
	}
}

static bool table_only_blanks(struct slice bytes)
{
	return row_trim(bytes).len == 0;
}

/* The file ends behind `at` bytes of a record. */
static enum ch_status table_end_of_file(
	struct table_reader *reader, struct repair_reject *out_reject)
{
	struct slice rest = input_window(reader->input);
	if (table_only_blanks(rest)) {
		reader->ended = CH_END;
		return CH_END;
	}
	if (reader->options.accept_unterminated) {
		if (csv_fini(&reader->parser, table_on_field, table_on_row, reader) == 0) {
			reader->row_done = true;
			return CH_OK;
		}
		reject_fill(out_reject, CH_FORMAT, table_place(reader, reader->field_start, 0),
			(struct slice){NULL, 0}, "the file ends inside quotes");
		return table_refuse_line(reader, out_reject);
	}
	reject_fill(out_reject, CH_FORMAT, table_place(reader, 0, 0), (struct slice){NULL, 0},
		rest.data[rest.len - 1] == '\n' || rest.data[rest.len - 1] == '\r'
			? "the file ends inside quotes: the record may still be written"
			: "the last record has no line end: it may still be written");
	out_reject->incomplete = true;
	table_consume(reader, rest.len);
	reader->ended = CH_END;
	return out_reject->status;
}

static enum ch_status table_refuse_quotes(
	struct table_reader *reader, struct repair_reject *out_reject)
{
	struct place met = table_place(reader, reader->at, 0);
	reject_fill(out_reject, CH_FORMAT,
		table_place(reader, reader->field_start, reader->field_count + 1),
		table_name(reader, reader->field_count + 1),
		"its quotes do not match, seen at line %llu, byte %llu",
		(unsigned long long)met.line, (unsigned long long)met.byte);
	return table_refuse_line(reader, out_reject);
}

/* Feeds the parser until a record is done.  Byte by byte: so the place of each field is known. */
static enum ch_status table_split(struct table_reader *reader, struct repair_reject *out_reject)
{
	reader->at = 0;
	reader->field_start = 0;
	reader->field_count = 0;
	reader->row_done = false;
	reader->too_many = false;
	buffer_clear(&reader->bytes);
	while (!reader->row_done) {
		struct slice window = input_window(reader->input);
		while (reader->at < window.len && !reader->row_done) {
			if (csv_parse(&reader->parser, window.data + reader->at, 1, table_on_field,
				    table_on_row, reader) != 1)
				return csv_error(&reader->parser) == CSV_ENOMEM
					       ? CH_NOMEM
					       : table_refuse_quotes(reader, out_reject);
			reader->at += !reader->row_done;
		}
		if (reader->at > LIMIT_ROW_BYTES) {
			reject_fill(out_reject, CH_TOO_LARGE, table_place(reader, 0, 0),
				(struct slice){NULL, 0}, "the record is longer than %u bytes",
				LIMIT_ROW_BYTES);
			return table_refuse_line(reader, out_reject);
		}
		if (reader->row_done)
			break;
		enum ch_status status = input_fill(reader->input);
		if (status == CH_END)
			status = table_end_of_file(reader, out_reject);
		else if (status != CH_OK)
			status = table_refuse_rest(reader, status, out_reject);
		if (status != CH_OK)
			return status;
	}
	return reader->bytes.status;
}

/* ---- Its text ---- */

/* The first byte of `raw` that is not text in the file's charset, and the field that it stands in. */
static enum ch_status table_refuse_charset(struct table_reader *reader, struct slice raw,
	size_t field, struct repair_reject *out_reject)
{
	size_t bad = reader->fields[field].start;
	buffer_clear(&reader->text);
	if (charset_decode(reader->decoder, raw, &reader->text, &bad) == CH_NOMEM)
		return CH_NOMEM;
	reject_fill(out_reject, CH_FORMAT, table_place(reader, bad, field + 1),
		table_name(reader, field + 1), "byte 0x%02x is not %s text", raw.data[bad],
		charset_name(reader->options.charset));
	return CH_FORMAT;
}

static size_t table_field_at(const struct table_reader *reader, size_t offset)
{
	size_t field = 0;
	while (field + 1 < reader->field_count && reader->fields[field + 1].start <= offset)
		field++;
	return field + 1;
}

/* What is wrong with the record as a whole, before any field is looked at. */
static const char *table_fault(const struct table_reader *reader, struct slice raw, size_t *out_at)
{
	const uint8_t *nul = memchr(raw.data, 0, raw.len);
	*out_at = nul != NULL ? (size_t)(nul - raw.data) : 0;
	if (nul != NULL)
		return "a NUL byte";
	if (slice_starts(raw, SLICE_LITERAL("\xEF\xBB\xBF")))
		return "a byte order mark inside the file: were two files joined?";
	if (reader->options.charset == CHARSET_GB18030 && charset_is_utf8_after_all(raw))
		return "declared GB18030, but this is UTF-8";
	if (reader->too_many)
		return "too many fields";
	return NULL;
}

/* Only when the text no longer moves can cells look at it; `ends` says where each ends in it. */
static void table_fill_cells(struct table_reader *reader, struct slice raw, const size_t *ends)
{
	struct place at = table_place(reader, 0, 0);
	bool after_cr = false;
	size_t start = 0;
	size_t from = 0;
	for (size_t i = 0; i < reader->field_count; i++) {
		size_t next = reader->fields[i].start;
		at.line += table_count_lines(slice_sub(raw, start, next - start), &after_cr);
		at.byte += next - start;
		at.column = (uint32_t)i + 1;
		start = next;
		struct slice text = slice_sub(buffer_slice(&reader->text), from, ends[i] - from);
		from = ends[i];
		reader->cells[i].text = row_trim(text);
		reader->cells[i].at = at;
	}
}

static enum ch_status table_decode(
	struct table_reader *reader, struct slice raw, struct repair_reject *out_reject)
{
	size_t at;
	const char *fault = table_fault(reader, raw, &at);
	if (fault != NULL) {
		size_t field = at > 0 ? table_field_at(reader, at) : 0;
		reject_fill(out_reject, CH_FORMAT, table_place(reader, at, field),
			table_name(reader, field), "%s", fault);
		return CH_FORMAT;
	}
	buffer_clear(&reader->text);
	size_t ends[LIMIT_ROW_COLUMNS];
	for (size_t i = 0; i < reader->field_count; i++) {
		const struct table_field *field = &reader->fields[i];
		struct slice bytes =
			slice_sub(buffer_slice(&reader->bytes), field->from, field->len);
		enum ch_status status = charset_decode(reader->decoder, bytes, &reader->text, &at);
		if (status == CH_FORMAT)
			return table_refuse_charset(reader, raw, i, out_reject);
		if (status != CH_OK)
			return status;
		ends[i] = reader->text.len;
	}
	table_fill_cells(reader, raw, ends);
	return CH_OK;
}

/* Splits and decodes the next record that is not blank.  `raw` is good until the next call. */
static enum ch_status table_read(
	struct table_reader *reader, struct slice *out_raw, struct repair_reject *out_reject)
{
	table_consume(reader, reader->spent);
	reader->spent = 0;
	if (reader->ended != CH_OK)
		return reader->ended;
	enum ch_status status = table_skip_blank_lines(reader);
	if (status == CH_END)
		reader->ended = CH_END;
	if (status == CH_END || status == CH_NOMEM || status == CH_IO)
		return status;
	if (status != CH_OK)
		return table_refuse_rest(reader, status, out_reject);
	reader->record++;
	status = table_split(reader, out_reject);
	if (status != CH_OK)
		return status;
	struct slice raw = slice_sub(input_window(reader->input), 0, reader->at);
	/* The line end goes with it, unless the file had none. */
	reader->spent = raw.len < input_window(reader->input).len ? raw.len + 1 : raw.len;
	status = table_decode(reader, raw, out_reject);
	if (status == CH_OK)
		*out_raw = raw;
	return status;
}

/* ---- Names ---- */

static enum ch_status table_keep_names(
	struct table_reader *reader, const struct slice *names, size_t count)
{
	reader->names = arena_alloc(&reader->names_arena, (count + 1) * sizeof(*reader->names));
	if (reader->names == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < count; i++) {
		char number[16];
		struct slice name = names != NULL ? names[i] : (struct slice){NULL, 0};
		if (name.len == 0) {
			(void)snprintf(number, sizeof(number), "#%u", (unsigned)i + 1);
			name = slice_text(number);
		}
		reader->names[i] = arena_copy(&reader->names_arena, name);
		if (reader->names[i].data == NULL)
			return CH_NOMEM;
	}
	reader->name_count = count;
	return CH_OK;
}

static enum ch_status table_read_header(
	struct table_reader *reader, struct repair_reject *out_reject)
{
	struct slice raw;
	struct slice names[LIMIT_ROW_COLUMNS];
	enum ch_status status = table_read(reader, &raw, out_reject);
	if (status != CH_OK) {
		out_reject->fatal = true;
		return status;
	}
	for (size_t i = 0; i < reader->field_count; i++)
		names[i] = reader->cells[i].text;
	return table_keep_names(reader, names, reader->field_count);
}

/* Bytes of a byte order mark to be skipped; when it contradicts the declaration, `reason` says how. */
static size_t table_mark(const struct table_reader *reader, char *reason, size_t size)
{
	enum charset declared = reader->options.charset;
	enum charset marked = declared;
	size_t len = 0;
	if (!charset_mark(input_window(reader->input), &marked, &len) || marked == declared)
		return len;
	if (marked == CHARSET_UTF16LE || marked == CHARSET_UTF16BE)
		(void)snprintf(reason, size, "begins with the mark of UTF-16, which is not read");
	else
		(void)snprintf(reason, size, "begins with the mark of %s but is declared %s",
			charset_name(marked), charset_name(declared));
	return len;
}

/* Skips the byte order mark; a file in another charset is refused as a whole. */
static enum ch_status table_begin(struct table_reader *reader, struct repair_reject *out_reject)
{
	char reason[100] = "";
	enum ch_status status = CH_OK;
	while (status == CH_OK && input_window(reader->input).len < 4)
		status = input_fill(reader->input);
	if (status == CH_NOMEM || status == CH_IO)
		return status;
	reader->begun = true;
	size_t mark = table_mark(reader, reason, sizeof(reason));
	if (reason[0] != 0) {
		reject_fill(out_reject, CH_FORMAT, (struct place){.record = 1, .line = 1},
			(struct slice){NULL, 0}, "the file %s", reason);
		out_reject->fatal = true;
		reader->ended = CH_END;
		return CH_FORMAT;
	}
	table_consume(reader, mark);
	return CH_OK;
}

enum ch_status table_reader_names(struct table_reader *reader, const struct slice **out_names,
	size_t *out_count, struct repair_reject *out_reject)
{
	enum ch_status status = CH_OK;
	if (!reader->begun)
		status = table_begin(reader, out_reject);
	if (status == CH_OK && !reader->names_known) {
		if (reader->options.header)
			status = table_read_header(reader, out_reject);
		else
			status = table_keep_names(
				reader, reader->options.names, reader->options.name_count);
		reader->names_known = status == CH_OK;
	}
	if (status != CH_OK) {
		reader->ended = CH_END;
		return status;
	}
	*out_names = reader->names;
	*out_count = reader->name_count;
	return CH_OK;
}

enum ch_status table_reader_next(
	struct table_reader *reader, struct row *out_row, struct repair_reject *out_reject)
{
	const struct slice *names;
	size_t count;
	struct slice raw;
	enum ch_status status = CH_OK;
	if (!reader->names_known && reader->ended == CH_OK)
		status = table_reader_names(reader, &names, &count, out_reject);
	if (status == CH_OK)
		status = table_read(reader, &raw, out_reject);
	if (status != CH_OK)
		return status;
	/* Without a header or names the first record says how many columns there are. */
	if (reader->name_count == 0)
		status = table_keep_names(reader, NULL, reader->field_count);
	if (status != CH_OK)
		return status;
	if (reader->field_count != reader->name_count) {
		reject_fill(out_reject, CH_FORMAT, table_place(reader, 0, 0),
			(struct slice){NULL, 0}, "%zu fields where %s %zu", reader->field_count,
			reader->options.header ? "the header has" : "there should be",
			reader->name_count);
		return CH_FORMAT;
	}
	for (size_t i = 0; i < reader->field_count; i++)
		reader->cells[i].name = reader->names[i];
	*out_row = (struct row){reader->cells, reader->field_count, table_place(reader, 0, 0), raw};
	return CH_OK;
}
