#include "channel/callcenter/lines.h"

#include "base/limits.h"

void lines_fini(struct lines *lines)
{
	buffer_fini(&lines->bytes);
	*lines = (struct lines){.number = 0};
}

enum ch_status lines_feed(struct lines *lines, struct slice bytes)
{
	if (lines->begin > 0) {
		memmove(lines->bytes.data, lines->bytes.data + lines->begin,
			lines->bytes.len - lines->begin);
		lines->bytes.len -= lines->begin;
		lines->looked -= lines->begin;
		lines->begin = 0;
	}
	buffer_append_slice(&lines->bytes, bytes);
	return lines->bytes.status;
}

enum ch_status lines_next(struct lines *lines, struct slice *out_line)
{
	const uint8_t *data = lines->bytes.data;
	const uint8_t *found = NULL;
	if (lines->bytes.len > lines->looked)
		found = memchr(data + lines->looked, '\n', lines->bytes.len - lines->looked);
	size_t end = found != NULL ? (size_t)(found - data) : lines->bytes.len;
	size_t len = end - lines->begin;
	bool over = lines->skipping || len > LIMIT_ROW_BYTES;
	lines->looked = end;
	if (found == NULL) {
		if (over) /* what there is of it is let go of */
			lines->begin = end;
		lines->skipping = over;
		return CH_END;
	}
	*out_line = slice_of(data + lines->begin, len);
	if (len > 0 && data[end - 1] == '\r')
		out_line->len--;
	lines->begin = lines->looked = end + 1;
	lines->number++;
	lines->skipping = false;
	return over ? CH_TOO_LARGE : CH_OK;
}

struct slice lines_rest(const struct lines *lines)
{
	return slice_sub(buffer_slice(&lines->bytes), lines->begin, SIZE_MAX);
}
