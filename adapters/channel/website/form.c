#include "channel/website/form.h"

#include "base/text.h"

#define BOUNDARY_MOST 70u /* RFC 2046, 5.1.1 */
#define PARTS_MOST    64u

static const struct slice line_end = {(const uint8_t *)"\r\n", 2};

/* What stands before the first `end`, and *rest behind it.  False: there is none. */
static bool form_cut(struct slice *rest, struct slice end, struct slice *out_before)
{
	const uint8_t *at = rest->len > 0 ? memmem(rest->data, rest->len, end.data, end.len) : NULL;
	if (at == NULL)
		return false;
	size_t len = (size_t)(at - rest->data);
	*out_before = slice_sub(*rest, 0, len);
	*rest = slice_of(at + end.len, rest->len - len - end.len);
	return true;
}

/* `name="value"` or `name=value` among the parameters of a header's value.  False: it has none. */
static bool form_parameter(struct slice header, const char *name, struct slice *out_value)
{
	struct slice part;
	size_t len = strlen(name);
	(void)text_split(&header, ';', &part); /* what comes before the parameters */
	while (text_split(&header, ';', &part)) {
		part = text_trim(part);
		if (!http_text_starts(part, name) || part.len <= len || part.data[len] != '=')
			continue;
		struct slice value = slice_sub(part, len + 1, part.len);
		if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
			value = slice_sub(value, 1, value.len - 2);
		*out_value = value;
		return true;
	}
	return false;
}

/* ---- multipart/form-data ---- */

static bool form_part_is(struct slice head, const char *name)
{
	struct slice line;
	struct slice field;
	struct slice value;
	while (head.len > 0) {
		if (!form_cut(&head, line_end, &line)) {
			line = head;
			head.len = 0;
		}
		if (!text_split(&line, ':', &field) ||
			!http_text_equal(text_trim(field), "content-disposition"))
			continue;
		return form_parameter(line, "name", &value) && slice_equal(value, slice_text(name));
	}
	return false;
}

/* Behind a delimiter: its line's end, or "--" behind the last.  CH_OK, CH_END, CH_FORMAT. */
static enum ch_status form_delimited(struct slice *rest)
{
	struct slice padding;
	if (slice_starts(*rest, SLICE_LITERAL("--")))
		return CH_END;
	if (!form_cut(rest, line_end, &padding) || text_trim(padding).len > 0)
		return CH_FORMAT;
	return CH_OK;
}

static enum ch_status form_take(struct slice value, struct buffer *out)
{
	if (!text_is_utf8(value))
		return CH_FORMAT;
	buffer_append_slice(out, value);
	return out->status;
}

static enum ch_status form_find_part(
	struct slice body, struct slice delimiter, const char *name, struct buffer *out)
{
	enum ch_status found = CH_NOT_FOUND;
	struct slice part;
	struct slice head;
	/* The first delimiter may stand at the very beginning, without the line end before it. */
	if (slice_starts(body, slice_sub(delimiter, line_end.len, delimiter.len)))
		body = slice_sub(body, delimiter.len - line_end.len, body.len);
	else if (!form_cut(&body, delimiter, &part))
		return CH_FORMAT;
	for (size_t i = 0; i < PARTS_MOST; i++) {
		enum ch_status status = form_delimited(&body);
		if (status != CH_OK)
			return status == CH_END ? found : status;
		if (!form_cut(&body, delimiter, &part) ||
			!form_cut(&part, SLICE_LITERAL("\r\n\r\n"), &head))
			return CH_FORMAT;
		if (!form_part_is(head, name))
			continue;
		if (found == CH_OK)
			return CH_EXISTS;
		found = form_take(part, out);
		if (found != CH_OK)
			return found;
	}
	return CH_FORMAT;
}

static enum ch_status form_find(
	struct slice content_type, struct slice body, const char *name, struct buffer *out)
{
	char delimiter[BOUNDARY_MOST + 4] = "\r\n--";
	struct slice boundary;
	if (!form_parameter(content_type, "boundary", &boundary) || boundary.len == 0 ||
		boundary.len > BOUNDARY_MOST)
		return CH_FORMAT;
	memcpy(delimiter + 4, boundary.data, boundary.len);
	return form_find_part(body, slice_of(delimiter, boundary.len + 4), name, out);
}

/* ---- Either ---- */

enum ch_status form_value(const struct http_message *message, const char *name, struct buffer *out)
{
	struct slice type = http_message_media_type(message);
	buffer_clear(out);
	if (http_text_equal(type, "application/x-www-form-urlencoded"))
		return http_query_value(message->body, name, out);
	if (http_text_equal(type, "multipart/form-data"))
		return form_find(
			http_message_value(message, "content-type"), message->body, name, out);
	return CH_UNSUPPORTED;
}
