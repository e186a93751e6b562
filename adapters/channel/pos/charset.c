#include "channel/pos/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define CHARSET_HEAD_BYTES 256u
#define CHARSET_NAME_BYTES 32u
#define CHARSET_STEP_BYTES 4096u
#define CHARSET_REST_BYTES 8u /* of a character that is cut in two */

enum charset_mode { CHARSET_UNKNOWN, CHARSET_PASS, CHARSET_CONVERT, CHARSET_REFUSED };

struct charset {
	enum charset_mode mode;
	struct buffer head; /* until the encoding is known */
	iconv_t converter;
	uint8_t rest[CHARSET_REST_BYTES];
	size_t rest_len;
	char name[CHARSET_NAME_BYTES];
};

/* What is read: the name that files declare, and iconv's.  GB18030 holds its two forerunners. */
static const struct {
	const char *declared;
	const char *converter; /* NULL: none is needed */
} charsets[] = {
	{"UTF-8", NULL},
	{"UTF8", NULL},
	{"US-ASCII", NULL},
	{"ASCII", NULL},
	{"GB18030", "GB18030"},
	{"GBK", "GB18030"},
	{"GB2312", "GB18030"},
	{"BIG5", "BIG5"},
	{"ISO-8859-1", "ISO-8859-1"},
	{"ISO-8859-15", "ISO-8859-15"},
	{"WINDOWS-1252", "WINDOWS-1252"},
	{"SHIFT_JIS", "CP932"},
};

/* How a file may begin.  UTF-16 without its mark begins with "<" and a NUL. */
static const struct {
	const char *bytes;
	size_t len;
	size_t drop;
	const char *converter;
} beginnings[] = {
	{"\xef\xbb\xbf", 3, 3, NULL},
	{"\xff\xfe", 2, 2, "UTF-16LE"},
	{"\xfe\xff", 2, 2, "UTF-16BE"},
	{"<\0", 2, 0, "UTF-16LE"},
	{"\0<", 2, 0, "UTF-16BE"},
};

enum ch_status charset_create(struct charset **out_charset)
{
	struct charset *charset = calloc(1, sizeof(*charset));
	if (charset == NULL)
		return CH_NOMEM;
	*out_charset = charset;
	return CH_OK;
}

void charset_free(struct charset *charset)
{
	if (charset == NULL)
		return;
	if (charset->mode == CHARSET_CONVERT)
		(void)iconv_close(charset->converter); /* nothing is left to be lost */
	buffer_fini(&charset->head);
	free(charset);
}

bool charset_passes(const struct charset *charset)
{
	return charset->mode == CHARSET_PASS;
}

static enum ch_status charset_open(struct charset *charset, const char *declared,
	const char *converter, char out_reason[CHARSET_REASON_BYTES])
{
	(void)snprintf(charset->name, sizeof(charset->name), "%s", declared); /* fits, or is cut */
	charset->mode = CHARSET_PASS;
	if (converter == NULL)
		return CH_OK;
	charset->converter = iconv_open("UTF-8", converter);
	if (charset->converter != (iconv_t)-1) {
		charset->mode = CHARSET_CONVERT;
		return CH_OK;
	}
	charset->mode = CHARSET_REFUSED;
	(void)snprintf(out_reason, CHARSET_REASON_BYTES, "no converter from %s on this machine",
		converter);
	return CH_FORMAT;
}

static bool charset_is_name_byte(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

/* The encoding that the XML declaration names, as C text; "" when it names none. */
static void charset_declared(struct slice head, char out_name[CHARSET_NAME_BYTES])
{
	static const char key[] = "encoding";
	size_t len = 0;
	out_name[0] = '\0';
	if (!slice_starts(head, SLICE_LITERAL("<?xml")))
		return;
	const uint8_t *end = memmem(head.data, head.len, "?>", 2);
	const uint8_t *at = memmem(head.data, head.len, key, sizeof(key) - 1);
	if (end == NULL || at == NULL || at > end)
		return;
	at += sizeof(key) - 1;
	while (at < end && *at != '"' && *at != '\'')
		at++;
	for (at++; at < end && len < CHARSET_NAME_BYTES - 1 && charset_is_name_byte(*at); at++)
		out_name[len++] = (char)*at;
	out_name[len] = '\0';
}

static enum ch_status charset_settle(
	struct charset *charset, size_t *out_drop, char out_reason[CHARSET_REASON_BYTES])
{
	struct slice head = buffer_slice(&charset->head);
	char name[CHARSET_NAME_BYTES];
	*out_drop = 0;
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		if (head.len < beginnings[i].len ||
			memcmp(head.data, beginnings[i].bytes, beginnings[i].len) != 0)
			continue;
		*out_drop = beginnings[i].drop;
		if (beginnings[i].converter != NULL)
			return charset_open(charset, beginnings[i].converter,
				beginnings[i].converter, out_reason);
		break;
	}
	charset_declared(head, name);
	if (name[0] == '\0')
		return charset_open(charset, "UTF-8", NULL, out_reason);
	for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
		if (strcasecmp(name, charsets[i].declared) == 0)
			return charset_open(charset, name, charsets[i].converter, out_reason);
	}
	charset->mode = CHARSET_REFUSED;
	(void)snprintf(out_reason, CHARSET_REASON_BYTES, "encoding %s is not read", name);
	return CH_FORMAT;
}

/* Converts as much as is there; a character that is cut in two waits for the next call. */
static enum ch_status charset_convert(struct charset *charset, struct slice raw, struct buffer *out,
	char out_reason[CHARSET_REASON_BYTES])
{
	char *in = (char *)(uintptr_t)raw.data; /* iconv only reads it */
	size_t in_left = raw.len;
	while (in_left > 0) {
		char *to = (char *)buffer_reserve(out, CHARSET_STEP_BYTES);
		size_t to_left = CHARSET_STEP_BYTES;
		if (to == NULL)
			return CH_NOMEM;
		size_t result = iconv(charset->converter, &in, &in_left, &to, &to_left);
		out->len -= to_left;
		if (result != (size_t)-1 || errno == E2BIG)
			continue;
		if (errno == EINVAL && in_left <= CHARSET_REST_BYTES) {
			memcpy(charset->rest, in, in_left);
			charset->rest_len = in_left;
			return CH_OK;
		}
		charset->mode = CHARSET_REFUSED;
		(void)iconv_close(charset->converter); /* nothing is left to be lost */
		(void)snprintf(
			out_reason, CHARSET_REASON_BYTES, "bytes that are not %s", charset->name);
		return CH_FORMAT;
	}
	return CH_OK;
}

static enum ch_status charset_put(struct charset *charset, struct slice raw, struct buffer *out,
	char out_reason[CHARSET_REASON_BYTES])
{
	if (charset->mode == CHARSET_PASS) {
		buffer_append_slice(out, raw);
		return out->status;
	}
	if (charset->rest_len == 0)
		return charset_convert(charset, raw, out, out_reason);
	/* Rare: the character that was cut in two, and the bytes behind it. */
	struct buffer joined = {0};
	buffer_append(&joined, charset->rest, charset->rest_len);
	buffer_append_slice(&joined, raw);
	charset->rest_len = 0;
	enum ch_status status = joined.status;
	if (status == CH_OK)
		status = charset_convert(charset, buffer_slice(&joined), out, out_reason);
	buffer_fini(&joined);
	return status;
}

static enum ch_status charset_flush_head(
	struct charset *charset, struct buffer *out, char out_reason[CHARSET_REASON_BYTES])
{
	size_t drop;
	enum ch_status status = charset_settle(charset, &drop, out_reason);
	if (status != CH_OK)
		return status;
	struct slice head = buffer_slice(&charset->head);
	status = charset_put(charset, slice_sub(head, drop, head.len), out, out_reason);
	buffer_fini(&charset->head);
	return status;
}

enum ch_status charset_feed(struct charset *charset, struct slice raw, struct buffer *out,
	char out_reason[CHARSET_REASON_BYTES])
{
	if (charset->mode == CHARSET_REFUSED)
		return CH_FORMAT;
	if (charset->mode != CHARSET_UNKNOWN)
		return charset_put(charset, raw, out, out_reason);
	buffer_append_slice(&charset->head, raw);
	if (charset->head.status != CH_OK)
		return charset->head.status;
	struct slice head = buffer_slice(&charset->head);
	if (head.len < CHARSET_HEAD_BYTES &&
		(head.len < 4 || memmem(head.data, head.len, "?>", 2) == NULL))
		return CH_OK;
	return charset_flush_head(charset, out, out_reason);
}

enum ch_status charset_end(
	struct charset *charset, struct buffer *out, char out_reason[CHARSET_REASON_BYTES])
{
	if (charset->mode == CHARSET_REFUSED)
		return CH_FORMAT;
	if (charset->mode == CHARSET_UNKNOWN) {
		enum ch_status status = charset_flush_head(charset, out, out_reason);
		if (status != CH_OK)
			return status;
	}
	if (charset->rest_len == 0)
		return CH_OK;
	(void)snprintf(
		out_reason, CHARSET_REASON_BYTES, "a %s character is cut off", charset->name);
	return CH_FORMAT;
}
