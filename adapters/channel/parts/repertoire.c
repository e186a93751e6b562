#include "channel/parts/repertoire.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define SMALL    "abcdefghijklmnopqrstuvwxyz"

static const struct repertoire_row {
	enum standard standard;
	const char *name;
	const char *words;   /* NULL: the name */
	const char *charset; /* iconv's name; NULL: UTF-8, or ASCII where letters are told */
	const char *letters; /* NULL: no further bound */
	bool is_new;
} rows[] = {
	{STANDARD_EDIFACT, "UNOA", NULL, NULL, CAPITALS " .,-()/='+:?!\"%&*;<>", false},
	{STANDARD_EDIFACT, "UNOB", NULL, NULL, CAPITALS SMALL " .,-()/='+:?!\"%&*;<>", false},
	{STANDARD_EDIFACT, "UNOC", NULL, "ISO-8859-1", NULL, false},
	{STANDARD_EDIFACT, "UNOD", NULL, "ISO-8859-2", NULL, false},
	{STANDARD_EDIFACT, "UNOE", NULL, "ISO-8859-5", NULL, false},
	{STANDARD_EDIFACT, "UNOF", NULL, "ISO-8859-7", NULL, false},
	{STANDARD_EDIFACT, "UNOG", NULL, "ISO-8859-3", NULL, true},
	{STANDARD_EDIFACT, "UNOH", NULL, "ISO-8859-4", NULL, true},
	{STANDARD_EDIFACT, "UNOI", NULL, "ISO-8859-6", NULL, true},
	{STANDARD_EDIFACT, "UNOJ", NULL, "ISO-8859-8", NULL, true},
	{STANDARD_EDIFACT, "UNOK", NULL, "ISO-8859-9", NULL, true},
	{STANDARD_EDIFACT, "UNOL", NULL, "ISO-8859-15", NULL, true},
	{STANDARD_EDIFACT, "UNOW", NULL, NULL, NULL, true},
	{STANDARD_EDIFACT, "UNOX", NULL, NULL, NULL, true},
	{STANDARD_EDIFACT, "UNOY", NULL, NULL, NULL, true},
	{STANDARD_X12, "basic", "X12's basic set", NULL, CAPITALS " !\"&'()*+,-./:;?=", false},
	{STANDARD_X12, "extended", "X12's extended set", NULL,
		CAPITALS SMALL " !\"&'()*+,-./:;?=%~@[]_{}\\|<>#$^`", false},
	{STANDARD_X12, "utf-8", "UTF-8", NULL, NULL, false},
};

struct repertoire {
	const struct repertoire_row *row;
	iconv_t iconv;
};

static bool row_is(const struct repertoire_row *row, enum standard standard, struct slice name)
{
	return row->standard == standard && slice_equal(name, slice_text(row->name));
}

static const struct repertoire_row *row_find(enum standard standard, struct slice name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (row_is(&rows[i], standard, name))
			return &rows[i];
	}
	return NULL;
}

enum ch_status repertoire_open(
	enum standard standard, struct slice name, struct repertoire **out_repertoire)
{
	const struct repertoire_row *row = row_find(standard, name);
	if (row == NULL)
		return CH_UNSUPPORTED;
	struct repertoire *repertoire = calloc(1, sizeof(*repertoire));
	if (repertoire == NULL)
		return CH_NOMEM;
	repertoire->row = row;
	if (row->charset != NULL) {
		repertoire->iconv = iconv_open(row->charset, "UTF-8");
		if (repertoire->iconv == (iconv_t)-1) {
			free(repertoire);
			return errno == ENOMEM ? CH_NOMEM : CH_UNSUPPORTED;
		}
	}
	*out_repertoire = repertoire;
	return CH_OK;
}

void repertoire_close(struct repertoire *repertoire)
{
	if (repertoire == NULL)
		return;
	if (repertoire->row->charset != NULL)
		(void)iconv_close(repertoire->iconv); /* holds nothing that could be lost */
	free(repertoire);
}

bool repertoire_has_name(
	const struct repertoire *repertoire, enum standard standard, struct slice name)
{
	return row_is(repertoire->row, standard, name);
}

const char *repertoire_words(const struct repertoire *repertoire)
{
	const struct repertoire_row *row = repertoire->row;
	return row->words != NULL ? row->words : row->name;
}

bool repertoire_is_new(const struct repertoire *repertoire)
{
	return repertoire->row->is_new;
}

/* The character at the front, which is well formed, and how long it is. */
static uint32_t character_at(struct slice text, size_t *out_len)
{
	const uint8_t *c = text.data;
	size_t len = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
	uint32_t value = len == 1 ? c[0] : c[0] & (0x7fu >> len);
	if (len > text.len)
		len = text.len; /* never: it is UTF-8 */
	for (size_t i = 1; i < len; i++)
		value = value << 6 | (c[i] & 0x3fu);
	*out_len = len;
	return value;
}

static bool row_has(const struct repertoire_row *row, uint32_t character)
{
	if (character < 0x20 || (character >= 0x7f && character < 0xa0))
		return false;
	return row->letters == NULL || (character < 0x7f && strchr(row->letters, (int)character));
}

/* One character in the charset's bytes. */
static bool convert(
	struct repertoire *repertoire, struct slice character, uint8_t out[8], size_t *len)
{
	char *from = (char *)(uintptr_t)character.data; /* iconv does not write there */
	char *to = (char *)out;
	size_t from_left = character.len;
	size_t to_left = 8;
	(void)iconv(repertoire->iconv, NULL, NULL, NULL, NULL); /* begins anew */
	bool fine =
		iconv(repertoire->iconv, &from, &from_left, &to, &to_left) == 0 && from_left == 0;
	*len = 8 - to_left;
	return fine;
}

enum ch_status repertoire_write(
	struct repertoire *repertoire, struct slice text, struct buffer *out, uint32_t *out_bad)
{
	size_t before = out->len;
	size_t len;
	for (size_t at = 0; at < text.len; at += len) {
		uint8_t bytes[8];
		uint32_t character = character_at(slice_sub(text, at, text.len), &len);
		struct slice own = slice_sub(text, at, len);
		bool fine = row_has(repertoire->row, character);
		/* ASCII is the same in all of them. */
		if (fine && repertoire->row->charset != NULL && character > 0x7f) {
			size_t count;
			fine = convert(repertoire, own, bytes, &count);
			own = slice_of(bytes, count);
		}
		if (!fine) {
			*out_bad = character;
			out->len = before;
			return CH_FORMAT;
		}
		buffer_append_slice(out, own);
	}
	return out->status;
}
