#include "cli/term.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

static bool colours;
static bool screen;

void term_init(void)
{
	const char *no = getenv("NO_COLOR");
	const char *kind = getenv("TERM");
	screen = isatty(STDOUT_FILENO) == 1;
	colours =
		screen && (no == NULL || no[0] == 0) && (kind == NULL || strcmp(kind, "dumb") != 0);
}

bool term_is_screen(void)
{
	return screen;
}

size_t term_columns(void)
{
	struct winsize size;
	if (screen && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		return size.ws_col;
	return 80;
}

const char *term_ink(enum term_ink ink)
{
	static const char *const inks[INKS] = {
		[INK_PLAIN] = "",
		[INK_DIM] = "\033[2m",
		[INK_BOLD] = "\033[1m",
		[INK_GOOD] = "\033[32m",
		[INK_WARN] = "\033[33m",
		[INK_BAD] = "\033[31m",
	};
	return colours ? inks[ink] : "";
}

const char *term_plain(void)
{
	return colours ? "\033[0m" : "";
}

/* The next character and its bytes; a byte that begins none counts as -1 and one. */
static utf8proc_int32_t term_next(struct slice text, size_t *out_len)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t len = utf8proc_iterate(text.data, (utf8proc_ssize_t)text.len, &c);
	*out_len = len > 0 ? (size_t)len : 1;
	return len > 0 ? c : -1;
}

/* Controls, and what turns the direction of writing around. */
static bool term_is_unsafe(utf8proc_int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

void term_append(struct buffer *out, struct slice text)
{
	while (text.len > 0) {
		size_t len;
		utf8proc_int32_t c = term_next(text, &len);
		if (c < 0)
			buffer_append_byte(out, '?');
		else if (c == '\n' || c == '\t')
			buffer_append_byte(out, ' ');
		else if (term_is_unsafe(c))
			buffer_printf(out, "\\x%02x", (unsigned)c);
		else
			buffer_append(out, text.data, len);
		text = slice_sub(text, len, text.len);
	}
}

size_t term_width(struct slice text)
{
	size_t width = 0;
	while (text.len > 0) {
		size_t len;
		utf8proc_int32_t c = term_next(text, &len);
		width += c < 0 ? 1 : (size_t)utf8proc_charwidth(c);
		text = slice_sub(text, len, text.len);
	}
	return width;
}

void term_append_fitted(struct buffer *out, struct slice text, size_t columns, bool right)
{
	size_t width = term_width(text);
	size_t room = width <= columns ? columns : columns > 0 ? columns - 1 : 0;
	size_t used = 0;
	for (size_t i = width; right && i < columns; i++)
		buffer_append_byte(out, ' ');
	while (text.len > 0) {
		size_t len;
		utf8proc_int32_t c = term_next(text, &len);
		size_t wide = c < 0 ? 1 : (size_t)utf8proc_charwidth(c);
		if (used + wide > room)
			break;
		buffer_append(out, text.data, len);
		used += wide;
		text = slice_sub(text, len, text.len);
	}
	if (width > columns && columns > 0) {
		buffer_append_text(out, "\xe2\x80\xa6"); /* … */
		used++;
	}
	while (!right && used++ < columns)
		buffer_append_byte(out, ' ');
}
