#include "channel/repair/row.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

#define IDEOGRAPHIC_SPACE SLICE_LITERAL("\xE3\x80\x80")

void reject_describe(const struct repair_reject *reject, struct buffer *out)
{
	const struct {
		const char *name;
		unsigned long long value;
	} places[] = {{"line", reject->at.line}, {"record", reject->at.record},
		{"column", reject->at.column}};
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (places[i].value > 0)
			buffer_printf(out, "%s %llu, ", places[i].name, places[i].value);
	}
	buffer_printf(out, "byte %llu: ", (unsigned long long)reject->at.byte);
	if (reject->incomplete)
		buffer_append_text(out, "incomplete: ");
	if (reject->field[0] != 0)
		buffer_printf(out, "%s: ", reject->field);
	buffer_append_text(out, reject->reason);
}

struct slice row_trim(struct slice text)
{
	for (;;) {
		struct slice before = text;
		text = text_trim(text);
		if (slice_starts(text, IDEOGRAPHIC_SPACE))
			text = slice_sub(text, 3, text.len);
		if (text.len >= 3 &&
			slice_equal(slice_sub(text, text.len - 3, 3), IDEOGRAPHIC_SPACE))
			text.len -= 3;
		if (text.len == before.len)
			return text;
	}
}

/* A copy that can be printed: no control characters, only whole characters. */
static void reject_copy_text(char *out, size_t room, struct slice text)
{
	size_t len = text.len < room - 1 ? text.len : room - 1;
	memcpy(out, len > 0 ? (const char *)text.data : "", len);
	size_t good = 0;
	while ((good += text_utf8_prefix(slice_of(out + good, len - good))) < len) {
		/* The end of what was cut in two is left out, a bad byte inside is shown. */
		if (text.len > len && len - good < 4) {
			len = good;
			break;
		}
		out[good] = '?';
	}
	for (size_t i = 0; i < len; i++) {
		if ((uint8_t)out[i] < 0x20 || out[i] == 0x7f)
			out[i] = '?';
	}
	out[len] = 0;
}

void reject_fill(struct repair_reject *out, enum ch_status status, struct place at,
	struct slice field, const char *format, ...)
{
	char reason[512];
	va_list args;
	out->status = status;
	out->at = at;
	out->incomplete = false;
	out->fatal = false;
	reject_copy_text(out->field, sizeof(out->field), field);
	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args); /* cut when long */
	va_end(args);
	reject_copy_text(out->reason, sizeof(out->reason), slice_text(reason));
}
