#include "module/marketing/campaign/template.h"

#include <stdlib.h>

#include "base/text.h"

const char *const template_words[TEMPLATE_WORDS] = {
	[TEMPLATE_NAME] = "name",
	[TEMPLATE_FAMILY] = "family",
	[TEMPLATE_GIVEN] = "given",
	[TEMPLATE_ADDRESSED] = "addressed",
	[TEMPLATE_LEVEL] = "level",
	[TEMPLATE_ANSWER] = "answer",
	[TEMPLATE_UNSUBSCRIBE] = "unsubscribe",
};

/* Text, then a place (TEMPLATE_WORDS: none follows). */
struct piece {
	struct slice text;
	enum template_word word;
	struct slice fallback;
};

#define TEMPLATE_PIECES 512u

struct template
{
	enum template_kind kind;
	uint8_t *bytes; /* what the slices look into */
	struct piece *pieces;
	size_t count;
	size_t body; /* the first piece that is no part of the subject */
};

/* Where reading stands, for telling. */
struct reading {
	struct template *template;
	const char *file;
	struct problems *problems;
	struct slice rest;
	unsigned line;
	bool good;
};

static void reading_complain(struct reading *reading, const char *what, struct slice word)
{
	/* A misspelt word is told, not a page of text. */
	int len = (int)(word.len < 40 ? text_utf8_prefix(word)
				      : text_utf8_prefix(slice_sub(word, 0, 40)));
	if (word.len > 0)
		problems_add(reading->problems, reading->file, reading->line, NULL, "%s: %.*s",
			what, len, (const char *)word.data);
	else
		problems_add(reading->problems, reading->file, reading->line, NULL, "%s", what);
	reading->good = false;
}

static enum template_word template_word_find(struct slice text)
{
	enum template_word word = 0;
	while (word < TEMPLATE_WORDS && !slice_equal(text, slice_text(template_words[word])))
		word++;
	return word;
}

static struct piece *reading_piece(struct reading *reading)
{
	struct template *template = reading->template;
	if (template->count == TEMPLATE_PIECES)
		return NULL;
	struct piece *piece = &template->pieces[template->count++];
	*piece = (struct piece){.word = TEMPLATE_WORDS};
	return piece;
}

static unsigned reading_lines(struct slice text)
{
	unsigned lines = 0;
	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	return lines;
}

/* What stands between the braces. */
static void reading_place(struct reading *reading, struct slice inner, struct piece *piece)
{
	const uint8_t *bar = inner.len > 0 ? memchr(inner.data, '|', inner.len) : NULL;
	size_t end = bar != NULL ? (size_t)(bar - inner.data) : inner.len;
	struct slice name = text_trim(slice_sub(inner, 0, end));
	piece->word = template_word_find(name);
	if (bar != NULL)
		piece->fallback = text_trim(slice_sub(inner, end + 1, inner.len));
	if (name.len == 0)
		reading_complain(reading, "an empty place {{}}", name);
	else if (piece->word == TEMPLATE_WORDS)
		reading_complain(reading, "there is no such word", name);
	else if (bar != NULL && piece->fallback.len == 0)
		reading_complain(reading, "nothing stands behind the bar", name);
	else if (memchr(inner.data, '\n', inner.len) != NULL)
		reading_complain(reading, "a place goes over the end of its line", name);
}

static struct slice reading_find(struct slice text, const char *mark)
{
	const uint8_t *at = text.len > 0 ? memmem(text.data, text.len, mark, 2) : NULL;
	if (at == NULL)
		return (struct slice){NULL, 0};
	return slice_of(at, text.len - (size_t)(at - text.data));
}

/* Cuts `text` into pieces. */
static void reading_cut(struct reading *reading, struct slice text)
{
	while (text.len > 0) {
		struct piece *piece = reading_piece(reading);
		if (piece == NULL) {
			reading_complain(
				reading, "has more than 512 places", (struct slice){NULL, 0});
			return;
		}
		struct slice open = reading_find(text, "{{");
		if (open.data == NULL) {
			piece->text = text;
			reading->line += reading_lines(text);
			return;
		}
		piece->text = slice_of(text.data, text.len - open.len);
		reading->line += reading_lines(piece->text);
		struct slice inside = slice_sub(open, 2, open.len);
		struct slice close = reading_find(inside, "}}");
		if (close.data == NULL) {
			reading_complain(reading, "{{ without }}", (struct slice){NULL, 0});
			return;
		}
		struct slice inner = slice_of(inside.data, inside.len - close.len);
		reading_place(reading, inner, piece);
		reading->line += reading_lines(inner);
		text = slice_sub(close, 2, close.len);
	}
}

/* The line without its end; *rest goes on behind it. */
static struct slice reading_line(struct slice *rest)
{
	const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
	size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
	struct slice line = slice_of(rest->data, len);
	*rest = end != NULL ? slice_sub(*rest, len + 1, rest->len) : (struct slice){NULL, 0};
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* "Subject: ..." and the empty line behind it. */
static void reading_subject(struct reading *reading)
{
	struct slice rest = reading->rest;
	struct slice line = reading_line(&rest);
	struct slice mark = SLICE_LITERAL("Subject:");
	bool has = slice_starts(line, mark);
	struct slice subject = has ? text_trim(slice_sub(line, mark.len, line.len)) : line;
	if (!has || subject.len == 0) {
		if (reading->template->kind == TEMPLATE_MAIL)
			reading_complain(reading, "the first line is no \"Subject: ...\"",
				(struct slice){NULL, 0});
		if (!has)
			return;
	}
	reading_cut(reading, subject);
	reading->line = 2;
	if (reading_line(&rest).len > 0)
		reading_complain(reading, "the line behind the subject is not empty",
			(struct slice){NULL, 0});
	reading->line = 3;
	reading->rest = rest;
}

static void reading_bytes(struct reading *reading, struct slice text)
{
	size_t good = text_utf8_prefix(text);
	if (good < text.len) {
		reading->line = 1 + reading_lines(slice_sub(text, 0, good));
		reading_complain(reading, "is not UTF-8", (struct slice){NULL, 0});
	}
	reading->line = 1;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		reading->line += c == '\n';
		if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f) {
			reading_complain(reading, "a control character", (struct slice){NULL, 0});
			break;
		}
	}
	reading->line = 1;
}

enum ch_status template_read(struct slice text, enum template_kind kind, const char *file,
	struct problems *problems, struct template **out_template)
{
	enum ch_status status = CH_NOMEM;
	struct template *template = calloc(1, sizeof(*template));
	struct reading reading = {
		.template = template, .file = file, .problems = problems, .line = 1, .good = true};
	if (template == NULL)
		goto out;
	template->kind = kind;
	template->bytes = malloc(text.len + 1);
	template->pieces = calloc(TEMPLATE_PIECES, sizeof(*template->pieces));
	if (template->bytes == NULL || template->pieces == NULL)
		goto out;
	if (text.len > 0)
		memcpy(template->bytes, text.data, text.len);
	reading.rest = slice_of(template->bytes, text.len);
	/* A mark of byte order is no part of the text. */
	if (slice_starts(reading.rest, SLICE_LITERAL("\xef\xbb\xbf")))
		reading.rest = slice_sub(reading.rest, 3, reading.rest.len);
	reading_bytes(&reading, reading.rest);
	if (kind != TEMPLATE_HTML)
		reading_subject(&reading);
	template->body = template->count;
	reading_cut(&reading, reading.rest);
	if (template->body == template->count)
		reading_complain(&reading, "has no text", (struct slice){NULL, 0});
	status = reading.good ? CH_OK : CH_INVALID;
	if (status != CH_OK)
		goto out;
	*out_template = template;
	template = NULL; /* the caller's now */
out:
	template_free(template);
	return status;
}

void template_free(struct template *template)
{
	if (template == NULL)
		return;
	free(template->bytes);
	free(template->pieces);
	free(template);
}

bool template_has(const struct template *template, enum template_word word)
{
	for (size_t i = 0; i < template->count; i++) {
		if (template->pieces[i].word == word)
			return true;
	}
	return false;
}

enum template_word template_lacks(
	const struct template *template, const struct template_values *values)
{
	for (size_t i = 0; i < template->count; i++) {
		const struct piece *piece = &template->pieces[i];
		if (piece->word != TEMPLATE_WORDS && piece->fallback.len == 0 &&
			values->words[piece->word].len == 0)
			return piece->word;
	}
	return TEMPLATE_WORDS;
}

/* A value comes from a record, and a record from strangers: it stays on its line. */
static void template_put_plain(struct slice value, struct buffer *out)
{
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		buffer_append_byte(out, c < 0x20 || c == 0x7f ? ' ' : c);
	}
}

static void template_fill(const struct template *template, size_t from, size_t to,
	const struct template_values *values, struct buffer *out)
{
	for (size_t i = from; i < to; i++) {
		const struct piece *piece = &template->pieces[i];
		buffer_append_slice(out, piece->text);
		if (piece->word == TEMPLATE_WORDS)
			continue;
		struct slice value = values->words[piece->word];
		value = value.len > 0 ? value : piece->fallback;
		if (template->kind == TEMPLATE_HTML)
			text_append_html(out, value);
		else
			template_put_plain(value, out);
	}
}

void template_subject(
	const struct template *template, const struct template_values *values, struct buffer *out)
{
	template_fill(template, 0, template->body, values, out);
}

void template_body(
	const struct template *template, const struct template_values *values, struct buffer *out)
{
	template_fill(template, template->body, template->count, values, out);
}
