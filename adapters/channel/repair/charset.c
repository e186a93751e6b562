#include "channel/repair/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"

struct charset_decoder {
	enum charset charset;
	iconv_t iconv; /* GB18030 only */
};

enum ch_status charset_parse(struct slice name, enum charset *out_charset)
{
	static const struct {
		const char *name;
		enum charset charset;
	} names[] = {
		{"UTF-8", CHARSET_UTF8},
		{"UTF8", CHARSET_UTF8},
		{"GB18030", CHARSET_GB18030},
		{"GBK", CHARSET_GB18030},
		{"GB2312", CHARSET_GB18030},
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

size_t charset_mark(enum charset declared, struct slice head, const char **out_reason)
{
	*out_reason = NULL;
	if (slice_starts(head, SLICE_LITERAL("\xEF\xBB\xBF"))) {
		if (declared != CHARSET_UTF8)
			*out_reason = "begins with the mark of UTF-8 but is declared GB18030";
		return 3;
	}
	if (slice_starts(head, SLICE_LITERAL("\xFF\xFE")) ||
		slice_starts(head, SLICE_LITERAL("\xFE\xFF")))
		*out_reason = "begins with the mark of UTF-16, which is not read";
	else if (slice_starts(head, SLICE_LITERAL("\x84\x31\x95\x33")) &&
		 declared != CHARSET_GB18030)
		*out_reason = "begins with the mark of GB18030 but is declared UTF-8";
	else if (slice_starts(head, SLICE_LITERAL("\x84\x31\x95\x33")))
		return 4;
	return 0;
}

enum ch_status charset_open(enum charset charset, struct charset_decoder **out_decoder)
{
	struct charset_decoder *decoder = calloc(1, sizeof(*decoder));
	if (decoder == NULL)
		return CH_NOMEM;
	decoder->charset = charset;
	if (charset == CHARSET_GB18030) {
		decoder->iconv = iconv_open("UTF-8", "GB18030");
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
	if (decoder->charset == CHARSET_GB18030)
		(void)iconv_close(decoder->iconv); /* only frees */
	free(decoder);
}

static enum ch_status charset_convert(
	iconv_t iconv_handle, struct slice bytes, struct buffer *out, size_t *out_bad)
{
	size_t len = out->len;
	size_t room_bytes =
		bytes.len * 2 + 8; /* two bytes become at most three, four at most four */
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
	if (decoder->charset == CHARSET_GB18030)
		return charset_convert(decoder->iconv, bytes, out, out_bad);
	size_t good = text_utf8_prefix(bytes);
	if (good < bytes.len) {
		*out_bad = good;
		return CH_FORMAT;
	}
	buffer_append_slice(out, bytes);
	return out->status;
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
