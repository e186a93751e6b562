#include "channel/website/percent.h"

#include "base/text.h"

/* Appends the value decoded once; `plus` is what a plus sign stands for. */
static enum ch_status percent_decode(struct slice value, uint8_t plus, struct buffer *out)
{
	size_t start = out->len;
	for (size_t i = 0; i < value.len; i++) {
		uint8_t byte = value.data[i];
		uint8_t decoded;
		if (byte == '%' && value.len - i >= 3 &&
			text_parse_hex(slice_sub(value, i + 1, 2), &decoded) == CH_OK) {
			byte = decoded;
			i += 2;
		} else if (byte == '+') {
			byte = plus;
		}
		buffer_append_byte(out, byte);
	}
	if (out->status != CH_OK)
		return out->status;
	return text_is_utf8(slice_sub(buffer_slice(out), start, out->len)) ? CH_OK : CH_FORMAT;
}

enum ch_status percent_decode_form(struct slice value, struct buffer *out)
{
	size_t start = out->len;
	enum ch_status status = percent_decode(value, ' ', out);
	if (status != CH_OK)
		out->len = start;
	return status;
}

/* What stands between the quotes, without its backslashes; CH_FORMAT when they are not a pair. */
static enum ch_status percent_unquote(struct slice value, struct buffer *out)
{
	for (size_t i = 1; i + 1 < value.len; i++) {
		if (value.data[i] == '"')
			return CH_FORMAT;
		if (value.data[i] == '\\' && ++i + 1 >= value.len)
			return CH_FORMAT;
		buffer_append_byte(out, value.data[i]);
	}
	return out->status;
}

enum ch_status percent_decode_header(struct slice value, struct buffer *out)
{
	struct buffer plain = {0};
	size_t start = out->len;
	enum ch_status status = CH_OK;
	if (value.len > 0 && value.data[0] == '"') {
		status = value.len >= 2 && value.data[value.len - 1] == '"'
				 ? percent_unquote(value, &plain)
				 : CH_FORMAT;
		value = buffer_slice(&plain);
	}
	if (status == CH_OK)
		status = percent_decode(value, '+', out);
	if (status != CH_OK)
		out->len = start;
	buffer_fini(&plain);
	return status;
}
