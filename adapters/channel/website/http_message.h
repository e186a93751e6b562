/* One HTTP request as bytes that somebody else holds: what the server has read from a connection, or what
 * stands in a file that was recorded.
 *
 * Names of headers have no case (RFC 9110, 5.1).  A header that must stand once and stands twice is told
 * apart from one that is absent, because taking either of two would let a stranger choose. */
#ifndef WEBSITE_HTTP_MESSAGE_H
#define WEBSITE_HTTP_MESSAGE_H

#include "base/slice.h"

#define HTTP_MESSAGE_HEADERS 64u

struct http_header {
	struct slice name;
	struct slice value; /* without blanks at its ends */
};

struct http_message {
	struct slice method;
	struct slice path;  /* without the query */
	struct slice query; /* what follows the question mark, undecoded */
	struct http_header headers[HTTP_MESSAGE_HEADERS];
	size_t header_count;
	struct slice body;
};

/* Reads HTTP/1.x as RFC 9112 has it; `raw` must outlive the message.  A body is as long as
 * Content-Length says, else what is left.  CH_FORMAT; CH_TOO_LARGE: more headers than fit; CH_END: the body
 * is shorter than it says; CH_UNSUPPORTED: a transfer coding. */
enum ch_status http_message_parse(struct slice raw, struct http_message *out_message);

/* Adds one; CH_TOO_LARGE.  Nothing is copied. */
enum ch_status http_message_add(
	struct http_message *message, struct slice name, struct slice value);

/* CH_OK with its value; CH_NOT_FOUND; CH_EXISTS: it stands there more than once. */
enum ch_status http_message_header(
	const struct http_message *message, const char *name, struct slice *out_value);

/* The same for those of which any one will do: its value, the first; empty when there is none. */
struct slice http_message_value(const struct http_message *message, const char *name);

/* Its trace context as it came: what is none refuses nothing, and the kit drops it from the event and counts it
 * (kit/trace.h). */
void http_message_trace(const struct http_message *message, struct slice *out_traceparent,
	struct slice *out_tracestate);

/* Either as it is given on: of one that is too long as much as shows that. */
struct slice http_trace_value(struct slice value);

/* In the place of one that is no text, or stands there twice: two lines of a header are one value with a comma
 * between them (RFC 9110, 5.3), and none of a trace. */
#define HTTP_NO_TRACE SLICE_LITERAL(",")

/* The media type of Content-Type without its parameters and blanks, as written; empty without one. */
struct slice http_message_media_type(const struct http_message *message);

/* Equal but for the case of ASCII letters, as names of headers and media types are compared. */
bool http_text_equal(struct slice a, const char *b);
bool http_text_starts(struct slice text, const char *prefix);

/* A value of the query by its name, decoded (application/x-www-form-urlencoded) into `out`, which is
 * cleared before.  CH_NOT_FOUND; CH_EXISTS: twice; CH_FORMAT: no such encoding, or not UTF-8; CH_NOMEM. */
enum ch_status http_query_value(struct slice query, const char *name, struct buffer *out);

#endif
