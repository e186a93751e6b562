#include "base/text.h"

/* The range that the second byte must lie in, by the first: RFC 3629 section 4. */
static bool text_second_ok(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

static size_t text_sequence_len(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

size_t text_utf8_prefix(struct slice text)
{
	size_t at = 0;
	while (at < text.len) {
		/* Most text is ASCII: eight bytes at once while none has its top bit set. */
		uint64_t word;
		if (text.len - at >= sizeof(word)) {
			memcpy(&word, text.data + at, sizeof(word));
			if ((word & UINT64_C(0x8080808080808080)) == 0) {
				at += sizeof(word);
				continue;
			}
		}
		size_t len = text_sequence_len(text.data[at]);
		if (len == 0 || len > text.len - at)
			return at;
		if (len > 1 && !text_second_ok(text.data[at], text.data[at + 1]))
			return at;
		for (size_t i = 2; i < len; i++) {
			if ((text.data[at + i] & 0xc0) != 0x80)
				return at;
		}
		at += len;
	}
	return at;
}

bool text_is_utf8(struct slice text)
{
	return text_utf8_prefix(text) == text.len;
}

enum ch_status text_parse_u64(struct slice text, uint64_t max, uint64_t *out_value)
{
	uint64_t value = 0;
	if (text.len == 0)
		return CH_FORMAT;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return CH_FORMAT;
		uint64_t digit = (uint64_t)(text.data[i] - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return CH_INVALID;
		value = value * 10 + digit;
	}
	if (value > max)
		return CH_INVALID;
	*out_value = value;
	return CH_OK;
}

enum ch_status text_parse_i64(struct slice text, int64_t *out_value)
{
	bool minus = text.len > 0 && text.data[0] == '-';
	uint64_t value;
	uint64_t max = minus ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	enum ch_status status = text_parse_u64(slice_sub(text, minus, text.len), max, &value);
	if (status == CH_OK)
		*out_value = minus ? (int64_t)(0 - value) : (int64_t)value;
	return status;
}

void text_append_u64(struct buffer *out, uint64_t value)
{
	uint8_t digits[20];
	size_t at = sizeof(digits);
	do {
		digits[--at] = (uint8_t)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buffer_append(out, digits + at, sizeof(digits) - at);
}

void text_append_hex(struct buffer *out, struct slice bytes)
{
	uint8_t *at = buffer_reserve(out, bytes.len * 2);
	if (at == NULL)
		return;
	for (size_t i = 0; i < bytes.len; i++) {
		*at++ = (uint8_t) "0123456789abcdef"[bytes.data[i] >> 4];
		*at++ = (uint8_t) "0123456789abcdef"[bytes.data[i] & 15];
	}
}

static int text_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

void text_append_html(struct buffer *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.data[i]) {
		case '&':
			buffer_append_text(out, "&amp;");
			break;
		case '<':
			buffer_append_text(out, "&lt;");
			break;
		case '>':
			buffer_append_text(out, "&gt;");
			break;
		case '"':
			buffer_append_text(out, "&quot;");
			break;
		case '\'':
			buffer_append_text(out, "&#39;");
			break;
		default:
			buffer_append_byte(out, text.data[i]);
		}
	}
}

enum ch_status text_parse_hex(struct slice text, uint8_t *out_bytes)
{
	if (text.len % 2 != 0)
		return CH_FORMAT;
	for (size_t i = 0; i < text.len; i++) {
		if (text_hex_digit(text.data[i]) < 0)
			return CH_FORMAT;
	}
	for (size_t i = 0; i < text.len; i += 2)
		out_bytes[i / 2] = (uint8_t)(text_hex_digit(text.data[i]) << 4 |
					     text_hex_digit(text.data[i + 1]));
	return CH_OK;
}

static bool text_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice text_trim(struct slice text)
{
	while (text.len > 0 && text_is_blank(text.data[0]))
		text = (struct slice){text.data + 1, text.len - 1};
	while (text.len > 0 && text_is_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

bool text_split(struct slice *rest, char separator, struct slice *out_part)
{
	if (rest->data == NULL)
		return false;
	const uint8_t *end = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
	if (end == NULL) {
		*out_part = *rest;
		*rest = (struct slice){NULL, 0};
		return true;
	}
	*out_part = (struct slice){rest->data, (size_t)(end - rest->data)};
	*rest = (struct slice){end + 1, rest->len - out_part->len - 1};
	return true;
}
