#include "module/report/textwidth.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

#include "base/text.h"

/* A terminal that says it is narrower is not believed. */
#define LEAST_COLUMNS 20u

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

void text_repeat(const char *what, size_t times, struct buffer *out)
{
	for (; times > 0; times--)
		buffer_append_text(out, what);
}

void text_end_line(struct buffer *out)
{
	while (out->status == CH_OK && out->len > 0 && out->data[out->len - 1] == ' ')
		out->len--;
	buffer_append_byte(out, '\n');
}

void text_wrap(struct slice text, size_t indent, size_t columns, struct buffer *out)
{
	struct slice word;
	size_t used = indent;
	while (text_split(&text, ' ', &word)) {
		size_t width = text_width(word);
		if (columns > 0 && used > indent && used + 1 + width > columns) {
			text_end_line(out);
			text_repeat(" ", indent, out);
			used = indent;
		} else if (used > indent) {
			buffer_append_byte(out, ' ');
			used++;
		}
		buffer_append_slice(out, word);
		used += width;
	}
	text_end_line(out);
}

size_t text_terminal_columns(void)
{
	struct winsize size;
	if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col >= LEAST_COLUMNS ? size.ws_col : 0;
}

void text_pad(struct slice text, size_t width, bool right, struct buffer *out)
{
	size_t whole = text_width(text);
	size_t used = 0;
	size_t len;
	if (whole <= width) {
		text_repeat(" ", right ? width - whole : 0, out);
		buffer_append_slice(out, text);
		text_repeat(" ", right ? 0 : width - whole, out);
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
		text_repeat(" ", width - used - 1, out);
	}
}
