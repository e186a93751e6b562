#include "kit/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"

#define REST_BYTES 8u /* of a character that is cut in two */
#define STEP_BYTES 4096u

/* One character of a byte becomes at most three (Windows-1252's euro sign, half-width katakana). */
#define GROWTH 3u

struct charset_decoder {
	enum charset charset;
	iconv_t iconv; /* but for UTF-8 */
	uint8_t rest[REST_BYTES];
	size_t rest_len;
};

/* The first name of each is our own, `converter` is iconv's. */
static const struct {
	const char *name;
	const char *converter;
} charsets[] = {
	[CHARSET_UTF8] = {"UTF-8", NULL},
	[CHARSET_GB18030] = {"GB18030", "GB18030"},
	[CHARSET_BIG5] = {"Big5", "BIG5"},
	[CHARSET_SHIFT_JIS] = {"Shift_JIS", "CP932"},
	[CHARSET_LATIN1] = {"ISO-8859-1", "ISO-8859-1"},
	[CHARSET_LATIN9] = {"ISO-8859-15", "ISO-8859-15"},
	[CHARSET_WINDOWS1252] = {"Windows-1252", "WINDOWS-1252"},
	[CHARSET_UTF16LE] = {"UTF-16LE", "UTF-16LE"},
	[CHARSET_UTF16BE] = {"UTF-16BE", "UTF-16BE"},
	[CHARSET_LATIN2] = {"ISO-8859-2", "ISO-8859-2"},
	[CHARSET_LATIN3] = {"ISO-8859-3", "ISO-8859-3"},
	[CHARSET_LATIN4] = {"ISO-8859-4", "ISO-8859-4"},
	[CHARSET_CYRILLIC] = {"ISO-8859-5", "ISO-8859-5"},
	[CHARSET_ARABIC] = {"ISO-8859-6", "ISO-8859-6"},
	[CHARSET_GREEK] = {"ISO-8859-7", "ISO-8859-7"},
	[CHARSET_HEBREW] = {"ISO-8859-8", "ISO-8859-8"},
	[CHARSET_LATIN5] = {"ISO-8859-9", "ISO-8859-9"},
};

enum ch_status charset_parse(struct slice name, enum charset *out_charset)
{
	static const struct {
		const char *name;
		enum charset charset;
	} names[] = {
		{"UTF-8", CHARSET_UTF8},
		{"UTF8", CHARSET_UTF8},
		{"US-ASCII", CHARSET_UTF8},
		{"ASCII", CHARSET_UTF8},
		{"GB18030", CHARSET_GB18030},
		{"GBK", CHARSET_GB18030},
		{"GB2312", CHARSET_GB18030},
		{"Big5", CHARSET_BIG5},
		{"Shift_JIS", CHARSET_SHIFT_JIS},
		{"ISO-8859-1", CHARSET_LATIN1},
		{"ISO-8859-15", CHARSET_LATIN9},
		{"ISO-8859-2", CHARSET_LATIN2},
		{"ISO-8859-3", CHARSET_LATIN3},
		{"ISO-8859-4", CHARSET_LATIN4},
		{"ISO-8859-5", CHARSET_CYRILLIC},
		{"ISO-8859-6", CHARSET_ARABIC},
		{"ISO-8859-7", CHARSET_GREEK},
		{"ISO-8859-8", CHARSET_HEBREW},
		{"ISO-8859-9", CHARSET_LATIN5},
		{"Windows-1252", CHARSET_WINDOWS1252},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (name.len == strlen(names[i].name) &&
			strncasecmp((const char *)name.data, names[i].name, name.len) == 0) {
			*out_charset = names[i].charset;
			return CH_OK;
		}
	}
	return CH_INVALID;
}

const char *charset_name(enum charset charset)
{
	return charsets[charset].name;
}

bool charset_mark(struct slice head, enum charset *out_charset, size_t *out_len)
{
	static const struct {
		const char *bytes;
		enum charset charset;
	} marks[] = {
		{"\xef\xbb\xbf", CHARSET_UTF8},
		{"\xff\xfe", CHARSET_UTF16LE},
		{"\xfe\xff", CHARSET_UTF16BE},
		{"\x84\x31\x95\x33", CHARSET_GB18030},
	};
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		if (slice_starts(head, slice_text(marks[i].bytes))) {
			*out_charset = marks[i].charset;
			*out_len = strlen(marks[i].bytes);
			return true;
		}
	}
	return false;
}

enum ch_status charset_open(enum charset charset, struct charset_decoder **out_decoder)
{
	struct charset_decoder *decoder = calloc(1, sizeof(*decoder));
	if (decoder == NULL)
		return CH_NOMEM;
	decoder->charset = charset;
	if (charset != CHARSET_UTF8) {
		decoder->iconv = iconv_open("UTF-8", charsets[charset].converter);
		if (decoder->iconv == (iconv_t)-1) {
			free(decoder);
			return errno == ENOMEM ? CH_NOMEM : CH_UNSUPPORTED;
		}
	}
	*out_decoder = decoder;
	return CH_OK;
}

void charset_close(struct charset_decoder *decoder)
{
	if (decoder == NULL)
		return;
	if (decoder->charset != CHARSET_UTF8)
		(void)iconv_close(decoder->iconv); /* only frees */
	free(decoder);
}

/* ---- A text by itself ---- */

static enum ch_status charset_decode_all(
	iconv_t iconv_handle, struct slice bytes, struct buffer *out, size_t *out_bad)
{
	size_t len = out->len;
	size_t room_bytes = bytes.len * GROWTH + REST_BYTES;
	uint8_t *room = buffer_reserve(out, room_bytes);
	if (room == NULL)
		return CH_NOMEM;
	/* iconv's prototype lacks a const; it does not write there. */
	char *in = (char *)(uintptr_t)bytes.data;
	char *to = (char *)room;
	size_t in_left = bytes.len;
	size_t to_left = room_bytes;
	(void)iconv(iconv_handle, NULL, NULL, NULL, NULL); /* back to the initial state */
	size_t result = iconv(iconv_handle, &in, &in_left, &to, &to_left);
	out->len = len;
	if (result == (size_t)-1) {
		*out_bad = bytes.len - in_left;
		return CH_FORMAT;
	}
	out->len += room_bytes - to_left;
	return CH_OK;
}

enum ch_status charset_decode(
	struct charset_decoder *decoder, struct slice bytes, struct buffer *out, size_t *out_bad)
{
	if (bytes.len == 0)
		return CH_OK;
	if (decoder->charset != CHARSET_UTF8)
		return charset_decode_all(decoder->iconv, bytes, out, out_bad);
	size_t good = text_utf8_prefix(bytes);
	if (good < bytes.len) {
		*out_bad = good;
		return CH_FORMAT;
	}
	buffer_append_slice(out, bytes);
	return out->status;
}

/* ---- A stream ---- */

/* How many bytes stand for themselves before the first that does not. */
static size_t charset_ascii(struct slice bytes)
{
	size_t at = 0;
	for (uint64_t word; bytes.len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, bytes.data + at, sizeof(word));
		if ((word & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	while (at < bytes.len && bytes.data[at] < 0x80)
		at++;
	return at;
}

/* How many bytes to give to iconv, which takes ten times as long as a copy: of GB18030 the characters up to the
 * next ASCII one, of others all that there is. */
static size_t charset_wide(const struct charset_decoder *decoder, struct slice bytes)
{
	size_t at = 0;
	if (decoder->charset != CHARSET_GB18030)
		return bytes.len;
	while (at < bytes.len && bytes.data[at] >= 0x80) {
		bool four = at + 1 < bytes.len && bytes.data[at + 1] >= '0' &&
			    bytes.data[at + 1] <= '9';
		at += four ? 4 : 2;
	}
	return at < bytes.len ? at : bytes.len; /* the last one may be cut in two */
}

static enum ch_status charset_convert_wide(
	struct charset_decoder *decoder, struct slice bytes, struct buffer *out)
{
	char *in = (char *)(uintptr_t)bytes.data; /* iconv only reads it */
	size_t in_left = bytes.len;
	while (in_left > 0) {
		char *to = (char *)buffer_reserve(out, STEP_BYTES);
		size_t to_left = STEP_BYTES;
		if (to == NULL)
			return CH_NOMEM;
		size_t result = iconv(decoder->iconv, &in, &in_left, &to, &to_left);
		out->len -= to_left;
		if (result != (size_t)-1 || errno == E2BIG)
			continue;
		if (errno != EINVAL || in_left > REST_BYTES)
			return CH_FORMAT;
		memcpy(decoder->rest, in, in_left);
		decoder->rest_len = in_left;
		return CH_OK;
	}
	return CH_OK;
}

static enum ch_status charset_convert(
	struct charset_decoder *decoder, struct slice bytes, struct buffer *out)
{
	enum ch_status status = CH_OK;
	while (bytes.len > 0 && status == CH_OK) {
		size_t ascii = decoder->charset == CHARSET_GB18030 ? charset_ascii(bytes) : 0;
		buffer_append_slice(out, slice_sub(bytes, 0, ascii));
		bytes = slice_sub(bytes, ascii, bytes.len);
		size_t wide = charset_wide(decoder, bytes);
		status = charset_convert_wide(decoder, slice_sub(bytes, 0, wide), out);
		bytes = slice_sub(bytes, wide, bytes.len);
		if (decoder->rest_len > 0 && bytes.len > 0)
			return CH_FORMAT; /* what is cut off stands at the end, or is none */
	}
	return status == CH_OK ? out->status : status;
}

enum ch_status charset_decode_part(
	struct charset_decoder *decoder, struct slice bytes, struct buffer *out)
{
	if (decoder->charset == CHARSET_UTF8) {
		buffer_append_slice(out, bytes);
		return out->status;
	}
	if (decoder->rest_len == 0)
		return charset_convert(decoder, bytes, out);
	/* Rare: the character that was cut in two, and the bytes behind it. */
	struct buffer joined = {0};
	buffer_append(&joined, decoder->rest, decoder->rest_len);
	buffer_append_slice(&joined, bytes);
	decoder->rest_len = 0;
	enum ch_status status = joined.status;
	if (status == CH_OK)
		status = charset_convert(decoder, buffer_slice(&joined), out);
	buffer_fini(&joined);
	return status;
}

bool charset_is_cut(const struct charset_decoder *decoder)
{
	return decoder->rest_len > 0;
}

bool charset_is_utf8_after_all(struct slice bytes)
{
	size_t wide = 0;
	for (size_t at = 0; at < bytes.len; at++) {
		uint8_t first = bytes.data[at];
		if (first < 0x80)
			continue;
		/* By the first byte: U+2000 to U+DFFF and U+F000 to U+FFFF. */
		bool eastern = (first >= 0xe2 && first <= 0xed) || first == 0xef;
		if (!eastern || bytes.len - at < 3)
			return false;
		wide++;
		at += 2;
	}
	return wide >= 4 && text_is_utf8(bytes);
}
