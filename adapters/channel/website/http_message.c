#include "channel/website/http_message.h"

#include <strings.h>

#include "base/text.h"
#include "channel/website/percent.h"
#include "kit/trace.h"

/* RFC 9110, 5.6.2: what names of headers and methods are made of. */
static bool http_is_token(struct slice text)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		bool alphanumeric =
			(c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (!alphanumeric && (c == 0 || strchr(others, c) == NULL))
			return false;
	}
	return text.len > 0;
}

static bool http_has_controls(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((text.data[i] < 0x20 && text.data[i] != '\t') || text.data[i] == 0x7f)
			return true;
	}
	return false;
}

bool http_text_equal(struct slice a, const char *b)
{
	return a.len == strlen(b) &&
	       (a.len == 0 || strncasecmp((const char *)a.data, b, a.len) == 0);
}

bool http_text_starts(struct slice text, const char *prefix)
{
	return http_text_equal(slice_sub(text, 0, strlen(prefix)), prefix);
}

/* A line ends in CRLF; a lone LF is taken, too (RFC 9112, 2.2).  False: there is no end. */
static bool http_take_line(struct slice *rest, struct slice *out_line)
{
	const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
	if (end == NULL)
		return false;
	size_t len = (size_t)(end - rest->data);
	*out_line = slice_sub(*rest, 0, len);
	*rest = slice_of(end + 1, rest->len - len - 1);
	if (len > 0 && out_line->data[len - 1] == '\r')
		out_line->len--;
	return true;
}

static enum ch_status http_take_request_line(struct slice line, struct http_message *message)
{
	struct slice target;
	struct slice rest = line;
	if (!text_split(&rest, ' ', &message->method) || !text_split(&rest, ' ', &target) ||
		rest.data == NULL || !slice_starts(rest, SLICE_LITERAL("HTTP/1.")) ||
		!http_is_token(message->method) || target.len == 0 || target.data[0] != '/' ||
		http_has_controls(target))
		return CH_FORMAT;
	(void)text_split(&target, '?', &message->path); /* it is not empty */
	message->query = target.data != NULL ? target : (struct slice){NULL, 0};
	return CH_OK;
}

/* No blank before the colon and no folded lines: both have been used to smuggle (RFC 9112, 5.1, 5.2). */
static enum ch_status http_take_header(struct slice line, struct http_message *message)
{
	struct slice name;
	struct slice rest = line;
	if (!text_split(&rest, ':', &name) || rest.data == NULL || !http_is_token(name) ||
		http_has_controls(rest))
		return CH_FORMAT;
	return http_message_add(message, name, rest);
}

static enum ch_status http_take_body(struct slice rest, struct http_message *message)
{
	struct slice text;
	uint64_t len;
	if (http_message_header(message, "transfer-encoding", &text) != CH_NOT_FOUND)
		return CH_UNSUPPORTED;
	enum ch_status status = http_message_header(message, "content-length", &text);
	if (status == CH_NOT_FOUND) {
		message->body = rest;
		return CH_OK;
	}
	if (status != CH_OK || text_parse_u64(text, SIZE_MAX, &len) != CH_OK)
		return CH_FORMAT;
	if (len > rest.len)
		return CH_END;
	message->body = slice_sub(rest, 0, (size_t)len);
	return CH_OK;
}

enum ch_status http_message_parse(struct slice raw, struct http_message *out_message)
{
	struct http_message message = {.header_count = 0};
	struct slice line;
	if (!http_take_line(&raw, &line))
		return CH_FORMAT;
	enum ch_status status = http_take_request_line(line, &message);
	while (status == CH_OK) {
		if (!http_take_line(&raw, &line))
			return CH_FORMAT;
		if (line.len == 0)
			break;
		status = http_take_header(line, &message);
	}
	if (status == CH_OK)
		status = http_take_body(raw, &message);
	if (status == CH_OK)
		*out_message = message;
	return status;
}

enum ch_status http_message_add(struct http_message *message, struct slice name, struct slice value)
{
	if (message->header_count == HTTP_MESSAGE_HEADERS)
		return CH_TOO_LARGE;
	message->headers[message->header_count++] = (struct http_header){name, text_trim(value)};
	return CH_OK;
}

enum ch_status http_message_header(
	const struct http_message *message, const char *name, struct slice *out_value)
{
	enum ch_status status = CH_NOT_FOUND;
	for (size_t i = 0; i < message->header_count; i++) {
		if (!http_text_equal(message->headers[i].name, name))
			continue;
		if (status == CH_OK)
			return CH_EXISTS;
		*out_value = message->headers[i].value;
		status = CH_OK;
	}
	return status;
}

struct slice http_message_value(const struct http_message *message, const char *name)
{
	for (size_t i = 0; i < message->header_count; i++) {
		if (http_text_equal(message->headers[i].name, name))
			return message->headers[i].value;
	}
	return (struct slice){NULL, 0};
}

void http_message_trace(const struct http_message *message, struct slice *out_traceparent,
	struct slice *out_tracestate)
{
	struct slice parent = {NULL, 0};
	if (http_message_header(message, "traceparent", &parent) == CH_EXISTS)
		parent = HTTP_NO_TRACE;
	*out_traceparent = http_trace_value(parent);
	*out_tracestate = http_trace_value(http_message_value(message, "tracestate"));
}

struct slice http_trace_value(struct slice value)
{
	return slice_sub(value, 0, TRACE_BYTES + 1);
}

struct slice http_message_media_type(const struct http_message *message)
{
	struct slice rest = http_message_value(message, "content-type");
	struct slice type = {NULL, 0};
	(void)text_split(&rest, ';', &type); /* none: it stays empty */
	return text_trim(type);
}

enum ch_status http_query_value(struct slice query, const char *name, struct buffer *out)
{
	enum ch_status status = CH_NOT_FOUND;
	struct slice pair;
	buffer_clear(out);
	while (text_split(&query, '&', &pair)) {
		struct slice key;
		if (!text_split(&pair, '=', &key) || !slice_equal(key, slice_text(name)))
			continue;
		if (status == CH_OK)
			return CH_EXISTS;
		status = percent_decode_form(pair, out);
		if (status != CH_OK)
			return status;
	}
	return status;
}
