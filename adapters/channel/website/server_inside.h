/* For the server's own files: server.c has the port and the connections, visit.c one request. */
#ifndef WEBSITE_SERVER_INSIDE_H
#define WEBSITE_SERVER_INSIDE_H

#include <libwebsockets.h>
#include <uv.h>

#include "base/address.h"
#include "channel/website/chunked.h"
#include "channel/website/server.h"

#define SERVER_HEAD_BYTES 16384

struct visit {
	struct visit *next; /* those whose body is awaited or whose answer is */
	struct visit **at;
	struct server *server;
	struct lws *wsi; /* NULL: the client is gone */
	struct http_message message;
	struct buffer head; /* what the message looks into */
	struct buffer query;
	struct buffer body;
	struct answer answer;
	char peer[64];
	int64_t body_due_us; /* 0: the body is here */
	uint64_t expected;
	struct chunked chunks; /* when it is in pieces */
	bool in_pieces;
	unsigned holders;
	bool whole;     /* its length is here: lws has said so */
	bool too_large; /* the body is read and dropped */
	bool sent;
	bool last; /* the client wants no further answer on this connection */
};

struct server {
	struct server_options options;
	struct lws_context *context; /* set to NULL by lws when it is freed */
	uv_loop_t *loop;
	uv_timer_t sweeper;
	bool sweeping;
	int port;
	char host[ADDRESS_HOST_MAX];
	struct visit *visits;
	struct server_counts counts;
};

/* Of this connection, linked into its server's list; NULL when memory runs out. */
struct visit *visit_create(struct server *server, struct lws *wsi);

/* Its connection is gone, or has had its answer. */
void visit_part(struct visit *visit);

/* The head is here: reads it, and whatever of it cannot be taken is refused. */
void visit_begin(struct visit *visit, const char *path);

/* More of the body; the whole of it, by lws's count.  False: that was said before, and the connection is to be
 * closed. */
void visit_take_body(struct visit *visit, const void *bytes, size_t len);
bool visit_end_body(struct visit *visit);

/* Refuses it, and the connection ends. */
void visit_refuse(struct visit *visit, int status, const char *field, const char *why);

/* Head and body of the answer in one write.  Non-zero: the connection is to be closed. */
int visit_write(struct visit *visit);

#endif
