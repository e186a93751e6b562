/* The HTTP port: pages for monitors and administrators' browsers, on the same loop as everything.
 *
 * libwebsockets does the talking; here a path is a route to a callback that fills an answer, and the
 * answer is sent at the client's pace.  GET and HEAD only; no TLS: it listens on loopback unless told
 * otherwise, and whoever opens it to a network puts it behind something that knows TLS and names.
 *
 * Loop thread. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/metric.h"
#include "net/loop.h"

struct http;

struct http_request {
	const char *path;  /* "/metrics" */
	const char *query; /* what follows the question mark, undecoded; "" */
};

struct http_answer {
	int status;       /* 200 unless the handler sets another */
	const char *type; /* media type, constant text; "text/plain; charset=utf-8" */
	struct buffer body;
};

struct http_options {
	const char *address; /* "http://127.0.0.1:7712"; port 0: any that is free; host * : all */
	struct metrics *metrics; /* may be NULL */
};

/* CH_INVALID: no such address; CH_BUSY: it cannot be bound; CH_NOMEM. */
enum ch_status http_open(
	struct loop *loop, const struct http_options *options, struct http **out_http);

/* Turns the loop until the connections have been closed; not from within a callback. */
void http_close(struct http *http);

int http_port(const struct http *http);

/* At most LIMIT_HTTP_ROUTES; `path` is constant text and must match whole. */
void http_route(struct http *http, const char *path,
	void (*handle)(
		void *context, const struct http_request *request, struct http_answer *answer),
	void *context);

#endif
