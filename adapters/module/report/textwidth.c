#include "module/report/textwidth.h"

#include <utf8proc.h>

/* Of the character at the start; `*out_len` are its bytes. */
static size_t width_first(struct slice text, size_t *out_len)
{
	utf8proc_int32_t point;
	utf8proc_ssize_t len = utf8proc_iterate(text.data, (utf8proc_ssize_t)text.len, &point);
	*out_len = len > 0 ? (size_t)len : 1;
	return len > 0 ? (size_t)utf8proc_charwidth(point) : 1;
}

size_t text_width(struct slice text)
{
	size_t width = 0;
	size_t len;
	for (size_t at = 0; at < text.len; at += len)
		width += width_first(slice_sub(text, at, text.len), &len);
	return width;
}

static void width_fill(size_t columns, struct buffer *out)
{
	for (; columns > 0; columns--)
		buffer_append_byte(out, ' ');
}

void text_pad(struct slice text, size_t width, bool right, struct buffer *out)
{
	size_t whole = text_width(text);
	size_t used = 0;
	size_t len;
	if (whole <= width) {
		width_fill(right ? width - whole : 0, out);
		buffer_append_slice(out, text);
		width_fill(right ? 0 : width - whole, out);
		return;
	}
	for (size_t at = 0; at < text.len; at += len) {
		size_t columns = width_first(slice_sub(text, at, text.len), &len);
		if (used + columns + 1 > width)
			break;
		buffer_append(out, text.data + at, len);
		used += columns;
	}
	if (width > 0) {
		buffer_append_text(out, "\xe2\x80\xa6"); /* U+2026 */
		width_fill(width - used - 1, out);
	}
}
