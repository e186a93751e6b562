#include "module/data/datafile.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

#define EXIT_UNUSABLE 2

struct data_file {
	struct buffer owned; /* what was read; empty when the bytes are the caller's */
	struct slice bytes;
	size_t start; /* behind the byte order mark */
	size_t at;
	uint64_t line;
	size_t line_start;
	char delimiter;
	struct arena unquoted; /* fields that had doubled quotes in them */
	struct data_field *fields;
	size_t capacity;
	size_t count;
};

enum ch_status refuse(struct refusal *out_refusal, enum ch_status status, struct place at,
	const char *format, ...)
{
	va_list args;
	out_refusal->at = at;
	va_start(args, format);
	(void)vsnprintf(out_refusal->reason, sizeof(out_refusal->reason), format, args);
	va_end(args);
	return status;
}

const char *refusal_word(struct slice text, char word[REFUSAL_WORD_BYTES])
{
	size_t room = REFUSAL_WORD_BYTES - 4;
	size_t len = text.len <= room ? text.len : room;
	/* Never half a character. */
	len = text_utf8_prefix(slice_sub(text, 0, len));
	for (size_t i = 0; i < len; i++)
		word[i] = text.data[i] < ' ' || text.data[i] == 127 ? '?' : (char)text.data[i];
	memcpy(word + len, len < text.len ? "..." : "", len < text.len ? 4 : 1);
	return word;
}

void refusal_print(const struct refusal *refusal, const char *path, FILE *out)
{
	(void)fprintf(out, "%s:", path);
	if (refusal->at.line > 0)
		(void)fprintf(out, "%" PRIu64 ":", refusal->at.line);
	if (refusal->at.column > 0)
		(void)fprintf(out, "%" PRIu64 ":", refusal->at.column);
	(void)fprintf(out, " %s\n", refusal->reason);
}

int refusal_tell(const struct refusal *refusal, const char *path)
{
	refusal_print(refusal, path, stderr);
	return EXIT_UNUSABLE;
}

bool data_delimiter_find(const char *word, char *out_delimiter)
{
	static const struct {
		const char *word;
		char delimiter;
	} rows[] = {{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"blanks", DATA_BLANKS}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strcmp(rows[i].word, word) == 0) {
			*out_delimiter = rows[i].delimiter;
			return true;
		}
	}
	return false;
}

/* ---- Opening ---- */

static bool data_is_line_end(uint8_t c)
{
	return c == '\n' || c == '\r';
}

static bool data_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The best delimiter that stands outside quotes on the line at *at, which moves behind it. */
static char data_detect_line(struct slice bytes, size_t *at, bool *out_blank)
{
	static const char ranked[] = "\t,;";
	size_t best = sizeof(ranked) - 1;
	bool quoted = false;
	bool fresh = true; /* a quote here would open a field */
	*out_blank = true;
	for (; *at < bytes.len && (quoted || !data_is_line_end(bytes.data[*at])); (*at)++) {
		uint8_t c = bytes.data[*at];
		*out_blank = *out_blank && data_is_blank(c);
		if (c == '"' && (quoted || fresh))
			quoted = !quoted;
		fresh = data_is_blank(c) || c == ',' || c == ';';
		for (size_t i = 0; !quoted && i < best; i++) {
			if (c == (uint8_t)ranked[i])
				best = i;
		}
	}
	if (*at < bytes.len)
		(*at)++;
	return ranked[best];
}

static char data_detect(struct slice bytes, size_t at, enum data_layout layout)
{
	while (at < bytes.len) {
		bool blank;
		char found = data_detect_line(bytes, &at, &blank);
		if (blank)
			continue;
		if (found != '\0')
			return found;
		if (layout == DATA_TABLE)
			break;
	}
	return DATA_BLANKS;
}

static struct place data_place_of(struct slice bytes, size_t at)
{
	struct place place = {.line = 1};
	size_t start = 0;
	for (size_t i = 0; i < at; i++) {
		bool end = bytes.data[i] == '\n' ||
			   (bytes.data[i] == '\r' &&
				   (i + 1 == bytes.len || bytes.data[i + 1] != '\n'));
		if (!end)
			continue;
		place.line++;
		start = i + 1;
	}
	place.column = at - start + 1;
	return place;
}

static enum ch_status data_check_text(struct slice bytes, struct refusal *out_refusal)
{
	size_t good = text_utf8_prefix(bytes);
	const uint8_t *nul = bytes.len > 0 ? memchr(bytes.data, 0, bytes.len) : NULL;
	if (nul != NULL && (size_t)(nul - bytes.data) < good)
		return refuse(out_refusal, CH_FORMAT,
			data_place_of(bytes, (size_t)(nul - bytes.data)), "a NUL byte");
	if (good < bytes.len)
		return refuse(out_refusal, CH_FORMAT, data_place_of(bytes, good), "no UTF-8");
	return CH_OK;
}

/* Takes over the buffer's bytes when `owned` is not NULL, also when it fails. */
static enum ch_status data_file_make(struct slice bytes, struct buffer *owned,
	enum data_layout layout, char delimiter, struct data_file **out_file,
	struct refusal *out_refusal)
{
	struct data_file *file = NULL;
	enum ch_status status = data_check_text(bytes, out_refusal);
	if (status != CH_OK)
		goto out;
	status = refuse(out_refusal, CH_NOMEM, (struct place){0, 0}, "out of memory");
	file = calloc(1, sizeof(*file));
	if (file == NULL)
		goto out;
	arena_init(&file->unquoted);
	file->bytes = bytes;
	file->start = slice_starts(bytes, SLICE_LITERAL("\xEF\xBB\xBF")) ? 3 : 0;
	file->delimiter =
		delimiter != DATA_DETECT ? delimiter : data_detect(bytes, file->start, layout);
	if (owned != NULL) {
		file->owned = *owned;
		*owned = (struct buffer){0};
	}
	data_file_rewind(file);
	*out_file = file;
	file = NULL;
	status = CH_OK;
out:
	data_file_close(file);
	if (owned != NULL)
		buffer_fini(owned);
	return status;
}

enum ch_status data_file_open(const char *path, enum data_layout layout, char delimiter,
	struct data_file **out_file, struct refusal *out_refusal)
{
	struct buffer bytes = {0};
	bool standard_input = strcmp(path, "-") == 0;
	enum ch_status status =
		file_read_any(standard_input ? "/dev/stdin" : path, LIMIT_DATA_BYTES, &bytes);
	if (status != CH_OK) {
		(void)refuse(out_refusal, status, (struct place){0, 0}, "%s", file_why(status));
		buffer_fini(&bytes);
		return status;
	}
	return data_file_make(
		buffer_slice(&bytes), &bytes, layout, delimiter, out_file, out_refusal);
}

enum ch_status data_file_open_bytes(struct slice bytes, enum data_layout layout, char delimiter,
	struct data_file **out_file, struct refusal *out_refusal)
{
	return data_file_make(bytes, NULL, layout, delimiter, out_file, out_refusal);
}

void data_file_close(struct data_file *file)
{
	if (file == NULL)
		return;
	arena_fini(&file->unquoted);
	buffer_fini(&file->owned);
	free(file->fields);
	free(file);
}

char data_file_delimiter(const struct data_file *file)
{
	return file->delimiter;
}

void data_file_rewind(struct data_file *file)
{
	file->at = file->start;
	file->line = 1;
	file->line_start = file->start;
}

/* ---- Rows ---- */

static bool data_at_end(const struct data_file *file)
{
	return file->at == file->bytes.len;
}

static bool data_at_line_end(const struct data_file *file)
{
	return data_at_end(file) || data_is_line_end(file->bytes.data[file->at]);
}

static struct place data_here(const struct data_file *file)
{
	return (struct place){file->line, file->at - file->line_start + 1};
}

static void data_pass_line_end(struct data_file *file)
{
	if (data_at_end(file))
		return;
	bool pair = file->bytes.data[file->at] == '\r' && file->at + 1 < file->bytes.len &&
		    file->bytes.data[file->at + 1] == '\n';
	file->at += pair ? 2 : 1;
	file->line++;
	file->line_start = file->at;
}

/* Blanks that are no delimiter. */
static void data_pass_blanks(struct data_file *file)
{
	while (!data_at_end(file) && data_is_blank(file->bytes.data[file->at]) &&
		file->bytes.data[file->at] != (uint8_t)file->delimiter)
		file->at++;
}

static bool data_at_delimiter(const struct data_file *file)
{
	uint8_t c = file->bytes.data[file->at];
	return file->delimiter == DATA_BLANKS ? data_is_blank(c) : c == (uint8_t)file->delimiter;
}

static enum ch_status data_add(
	struct data_file *file, struct data_field field, struct refusal *out_refusal)
{
	if (file->count == LIMIT_ROW_COLUMNS)
		return refuse(out_refusal, CH_TOO_LARGE, field.at, "more than %u fields",
			LIMIT_ROW_COLUMNS);
	if (file->count == file->capacity) {
		size_t capacity = file->capacity == 0 ? 16 : file->capacity * 2;
		struct data_field *fields = realloc(file->fields, capacity * sizeof(*fields));
		if (fields == NULL)
			return refuse(out_refusal, CH_NOMEM, field.at, "out of memory");
		file->fields = fields;
		file->capacity = capacity;
	}
	file->fields[file->count++] = field;
	return CH_OK;
}

/* The bytes between the quotes, with each doubled quote made one. */
static enum ch_status data_unquote(struct data_file *file, struct slice raw, struct slice *out_text)
{
	if (raw.len == 0 || memchr(raw.data, '"', raw.len) == NULL) {
		*out_text = raw;
		return CH_OK;
	}
	uint8_t *text = arena_alloc(&file->unquoted, raw.len);
	size_t len = 0;
	if (text == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < raw.len; i++) {
		text[len++] = raw.data[i];
		i += raw.data[i] == '"';
	}
	*out_text = slice_of(text, len);
	return CH_OK;
}

static enum ch_status data_read_quoted(struct data_file *file, struct refusal *out_refusal)
{
	struct data_field field = {.at = data_here(file), .quoted = true};
	size_t from = ++file->at;
	for (;;) {
		if (data_at_end(file))
			return refuse(
				out_refusal, CH_FORMAT, field.at, "a quote that is not closed");
		uint8_t c = file->bytes.data[file->at];
		if (c == '"' &&
			(file->at + 1 == file->bytes.len || file->bytes.data[file->at + 1] != '"'))
			break;
		if (data_is_line_end(c))
			data_pass_line_end(file);
		else
			file->at += c == '"' ? 2 : 1;
	}
	struct slice raw = slice_sub(file->bytes, from, file->at - from);
	if (data_unquote(file, raw, &field.text) != CH_OK)
		return refuse(out_refusal, CH_NOMEM, field.at, "out of memory");
	file->at++;
	/* Blanks part fields, or stand between the quote and what parts them. */
	if (file->delimiter != DATA_BLANKS)
		data_pass_blanks(file);
	if (!data_at_line_end(file) && !data_at_delimiter(file))
		return refuse(out_refusal, CH_FORMAT, data_here(file),
			"text behind the quote that closes a field");
	return data_add(file, field, out_refusal);
}

static enum ch_status data_read_field(struct data_file *file, struct refusal *out_refusal)
{
	data_pass_blanks(file);
	if (!data_at_end(file) && file->bytes.data[file->at] == '"')
		return data_read_quoted(file, out_refusal);
	struct data_field field = {.at = data_here(file)};
	size_t from = file->at;
	while (!data_at_line_end(file) && !data_at_delimiter(file))
		file->at++;
	field.text = text_trim(slice_sub(file->bytes, from, file->at - from));
	return data_add(file, field, out_refusal);
}

/* True when there is another field on this line; stands at it then. */
static bool data_pass_delimiter(struct data_file *file)
{
	if (data_at_line_end(file))
		return false;
	if (file->delimiter != DATA_BLANKS) {
		file->at++;
		return true;
	}
	while (!data_at_line_end(file) && data_is_blank(file->bytes.data[file->at]))
		file->at++;
	return !data_at_line_end(file);
}

static bool data_pass_blank_lines(struct data_file *file)
{
	while (!data_at_end(file)) {
		size_t at = file->at;
		while (at < file->bytes.len && data_is_blank(file->bytes.data[at]))
			at++;
		if (at < file->bytes.len && !data_is_line_end(file->bytes.data[at])) {
			if (file->delimiter == DATA_BLANKS)
				file->at = at;
			return true;
		}
		file->at = at;
		data_pass_line_end(file);
	}
	return false;
}

enum ch_status data_file_next(
	struct data_file *file, struct data_row *out_row, struct refusal *out_refusal)
{
	enum ch_status status;
	if (!data_pass_blank_lines(file))
		return CH_END;
	struct place at = {file->line, 0};
	file->count = 0;
	do {
		status = data_read_field(file, out_refusal);
	} while (status == CH_OK && data_pass_delimiter(file));
	if (status != CH_OK)
		return status;
	data_pass_line_end(file);
	*out_row = (struct data_row){file->fields, file->count, at};
	return CH_OK;
}
