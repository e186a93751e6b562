/* The HTTP side: connections, bodies, time-outs and answers; what a request means is another's business.
 *
 * libwebsockets does the talking on a libuv loop.  One request at a time of a connection, HTTP/1.1, with or
 * without TLS.  A request is handed over when it is complete; its answer may come at once or later, and until
 * then whoever has it may hold it.  A client that goes away meanwhile takes nothing with it: the visit stays
 * until it is let go of, and its answer goes nowhere.
 *
 * Who is slow is told so or cut off: the head of a request has ten seconds, its body as long as the settings
 * say.  A body that is a little too large is read and dropped, so that the client can read why it was
 * refused; one that is much too large is not.
 *
 * One thread: that of the loop. */
#ifndef WEBSITE_SERVER_H
#define WEBSITE_SERVER_H

#include "channel/website/answer.h"
#include "channel/website/certificate.h"
#include "channel/website/http_message.h"

struct server;
struct visit;
struct uv_loop_s;

struct server_options {
	const char *address; /* "127.0.0.1:7780", "[::1]:0" */
	/* What each handshake shows, as it is by then; must outlive the server.  NULL: no TLS. */
	struct certificate *const *certificate;
	int64_t body_bytes;
	int64_t body_ms;
	int64_t connections;
	/* A request is complete.  The visit must be answered, now or later. */
	void (*arrived)(void *context, struct visit *visit);
	void *context;
};

/* CH_INVALID: no such address; CH_BUSY: it cannot be bound; CH_NOMEM. */
enum ch_status server_open(
	struct uv_loop_s *loop, const struct server_options *options, struct server **out_server);

/* Turns the loop until the connections have been closed; not from within `arrived`. */
void server_close(struct server *server);

int server_port(const struct server *server);

struct server_counts {
	uint64_t answers[6]; /* by the first digit of their status; [0]: all */
	uint64_t slow;       /* cut off */
};
void server_look(const struct server *server, struct server_counts *out_counts);

/* ---- One visit ---- */

const struct http_message *visit_message(const struct visit *visit);

/* The client's address, as text. */
const char *visit_peer(const struct visit *visit);

/* What will be said; to be filled in before visit_send. */
struct answer *visit_answer(struct visit *visit);

/* Says it.  Once for each visit. */
void visit_send(struct visit *visit);

/* A visit lives until it is answered, and as long as somebody holds it. */
void visit_hold(struct visit *visit);
void visit_release(struct visit *visit);

#endif
