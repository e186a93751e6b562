#include "channel/website/server.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "channel/website/chunked.h"

#define SERVER_HEAD_S         10
#define SERVER_IDLE_S         60
#define SERVER_HEAD_BYTES     16384
#define SERVER_ARGUMENT_BYTES 1024
#define SERVER_ANSWER_BYTES   2048 /* the head of an answer */
#define SERVER_SWEEP_MS       250
#define SERVER_CLOSE_MS       5000
#define SERVER_DROPPED_BYTES                                                                       \
	8 /* times the largest body: beyond it none is read in order to be dropped */

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
	bool too_large; /* the body is read and dropped */
	bool sent;
	bool last; /* the client wants no further answer on this connection */
};

/* One connection; lws zeroes it and frees it. */
struct connection {
	struct visit *visit;
};

struct server {
	struct server_options options;
	struct lws_context *context; /* set to NULL by lws when it is freed */
	uv_loop_t *loop;
	uv_timer_t sweeper;
	bool sweeping;
	int port;
	char host[64];
	struct visit *visits;
	struct server_counts counts;
};

static int server_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

static const struct lws_protocols protocols[] = {
	{"http", server_callback, sizeof(struct connection), 0, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

/* ---- Visits ---- */

static void visit_unlink(struct visit *visit)
{
	if (visit->at == NULL)
		return;
	*visit->at = visit->next;
	if (visit->next != NULL)
		visit->next->at = visit->at;
	visit->at = NULL;
}

static struct visit *visit_create(struct server *server, struct lws *wsi)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	if (visit == NULL)
		return NULL;
	visit->server = server;
	visit->wsi = wsi;
	visit->holders = 1; /* the connection */
	visit->next = server->visits;
	visit->at = &server->visits;
	if (visit->next != NULL)
		visit->next->at = &visit->next;
	server->visits = visit;
	return visit;
}

void visit_hold(struct visit *visit)
{
	visit->holders++;
}

void visit_release(struct visit *visit)
{
	if (--visit->holders > 0)
		return;
	visit_unlink(visit);
	answer_fini(&visit->answer);
	buffer_fini(&visit->head);
	buffer_fini(&visit->query);
	buffer_fini(&visit->body);
	free(visit);
}

const struct http_message *visit_message(const struct visit *visit)
{
	return &visit->message;
}

const char *visit_peer(const struct visit *visit)
{
	return visit->peer;
}

struct answer *visit_answer(struct visit *visit)
{
	return &visit->answer;
}

bool visit_is_gone(const struct visit *visit)
{
	return visit->wsi == NULL;
}

void visit_send(struct visit *visit)
{
	int kind = visit->answer.status / 100;
	visit->sent = true;
	visit->server->counts.answers[0]++;
	if (kind > 0 && kind < 6)
		visit->server->counts.answers[kind]++;
	if (visit->answer.body.status != CH_OK)
		visit->answer.status = HTTP_STATUS_INTERNAL_SERVER_ERROR;
	if (visit->wsi != NULL)
		lws_callback_on_writable(visit->wsi);
}

static void visit_refuse(struct visit *visit, int status, const char *field, const char *why)
{
	answer_problem(&visit->answer, status, field, why);
	visit->answer.close = true;
	visit_send(visit);
}

/* ---- The head of a request ---- */

static const struct {
	enum lws_token_indexes token;
	const char *method;
} methods[] = {
	{WSI_TOKEN_POST_URI, "POST"},
	{WSI_TOKEN_GET_URI, "GET"},
	{WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
	{WSI_TOKEN_HEAD_URI, "HEAD"},
	{WSI_TOKEN_PUT_URI, "PUT"},
	{WSI_TOKEN_PATCH_URI, "PATCH"},
	{WSI_TOKEN_DELETE_URI, "DELETE"},
};

static const struct {
	enum lws_token_indexes token;
	const char *name;
} known_headers[] = {
	{WSI_TOKEN_HTTP_CONTENT_TYPE, "content-type"},
	{WSI_TOKEN_HTTP_AUTHORIZATION, "authorization"},
	{WSI_TOKEN_X_FORWARDED_FOR, "x-forwarded-for"},
};

/* lws gives those that it does not know only by name. */
static const char *const other_headers[] = {
	"ce-specversion:",
	"ce-id:",
	"ce-source:",
	"ce-type:",
	"ce-subject:",
	"ce-time:",
	"ce-senttime:",
	"ce-dataschema:",
	"ce-traceparent:",
	"ce-tracestate:",
	"ce-correlationid:",
	"ce-causationid:",
	"ce-digest:",
	"traceparent:",
	"tracestate:",
	"webhook-id:",
	"webhook-timestamp:",
	"webhook-signature:",
	"webhook-request-origin:",
	"webhook-request-rate:",
	"webhook-request-callback:",
	"x-shopify-topic:",
	"x-shopify-hmac-sha256:",
	"x-shopify-shop-domain:",
	"x-shopify-webhook-id:",
	"x-shopify-event-id:",
	"x-shopify-triggered-at:",
	"x-wc-webhook-topic:",
	"x-wc-webhook-source:",
	"x-wc-webhook-signature:",
	"x-wc-webhook-delivery-id:",
};

#define KNOWN_HEADERS (sizeof(known_headers) / sizeof(known_headers[0]))
#define OTHER_HEADERS (sizeof(other_headers) / sizeof(other_headers[0]))

/* Room for `len` bytes and the NUL that lws writes; NULL when memory runs out. */
static char *visit_room(struct visit *visit, size_t len)
{
	char *room = (char *)buffer_reserve(&visit->head, len + 1);
	return room;
}

static enum ch_status visit_take_known(struct visit *visit, size_t i)
{
	int len = lws_hdr_total_length(visit->wsi, known_headers[i].token);
	if (len <= 0)
		return CH_OK;
	char *room = visit_room(visit, (size_t)len);
	if (room == NULL)
		return CH_NOMEM;
	if (lws_hdr_copy(visit->wsi, room, len + 1, known_headers[i].token) < 0)
		return CH_FORMAT;
	return http_message_add(
		&visit->message, slice_text(known_headers[i].name), slice_of(room, (size_t)len));
}

static enum ch_status visit_take_other(struct visit *visit, size_t i)
{
	const char *name = other_headers[i];
	int name_len = (int)strlen(name);
	int len = lws_hdr_custom_length(visit->wsi, name, name_len);
	if (len <= 0)
		return CH_OK;
	char *room = visit_room(visit, (size_t)len);
	if (room == NULL)
		return CH_NOMEM;
	if (lws_hdr_custom_copy(visit->wsi, room, len + 1, name, name_len) < 0)
		return CH_FORMAT;
	return http_message_add(
		&visit->message, slice_of(name, (size_t)name_len - 1), slice_of(room, (size_t)len));
}

/* lws has cut the query at each '&' and decoded what is between: it is put together again so that decoding
 * it gives the same. */
static void visit_append_argument(struct visit *visit, const char *text)
{
	for (; *text != 0; text++) {
		if (*text == '%' || *text == '&' || *text == '+')
			buffer_printf(&visit->query, "%%%02X", (unsigned)*text);
		else
			buffer_append_byte(&visit->query, (uint8_t)*text);
	}
}

static enum ch_status visit_take_target(struct visit *visit, const char *path)
{
	char argument[SERVER_ARGUMENT_BYTES];
	size_t path_len = strlen(path);
	char *room = visit_room(visit, path_len);
	if (room == NULL)
		return CH_NOMEM;
	memcpy(room, path, path_len + 1);
	visit->message.path = slice_of(room, path_len);
	for (int i = 0; lws_hdr_fragment_length(visit->wsi, WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
		if (lws_hdr_copy_fragment(
			    visit->wsi, argument, sizeof(argument), WSI_TOKEN_HTTP_URI_ARGS, i) < 0)
			return CH_TOO_LARGE;
		if (i > 0)
			buffer_append_byte(&visit->query, '&');
		visit_append_argument(visit, argument);
	}
	visit->message.query = buffer_slice(&visit->query);
	return visit->query.status;
}

static enum ch_status visit_take_head(struct visit *visit, const char *path)
{
	/* At once, so that what the message looks into does not move: a head is no longer than this. */
	if (buffer_reserve(&visit->head, 2 * SERVER_HEAD_BYTES) == NULL)
		return CH_NOMEM;
	visit->head.len = 0;
	enum ch_status status = visit_take_target(visit, path);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (lws_hdr_total_length(visit->wsi, methods[i].token) > 0)
			visit->message.method = slice_text(methods[i].method);
	}
	for (size_t i = 0; i < KNOWN_HEADERS && status == CH_OK; i++)
		status = visit_take_known(visit, i);
	for (size_t i = 0; i < OTHER_HEADERS && status == CH_OK; i++)
		status = visit_take_other(visit, i);
	(void)lws_get_peer_simple(visit->wsi, visit->peer, sizeof(visit->peer)); /* "" at worst */
	char connection[32];
	int len = lws_hdr_copy(visit->wsi, connection, sizeof(connection), WSI_TOKEN_CONNECTION);
	visit->last = len > 0 && strcasestr(connection, "close") != NULL;
	return status;
}

/* How much is to come.  CH_NOT_FOUND: it does not say. */
static enum ch_status visit_take_length(struct visit *visit)
{
	char text[24];
	int len = lws_hdr_copy(visit->wsi, text, sizeof(text), WSI_TOKEN_HTTP_CONTENT_LENGTH);
	if (len <= 0)
		return CH_NOT_FOUND;
	return text_parse_u64(text_trim(slice_text(text)), INT64_MAX, &visit->expected);
}

static void visit_complete(struct visit *visit)
{
	visit->body_due_us = 0;
	visit->message.body = buffer_slice(&visit->body);
	if (visit->too_large)
		visit_refuse(visit, 413, "", "the body is larger than is taken here");
	else if (visit->body.status != CH_OK)
		visit_refuse(visit, 503, "", "no memory");
	else
		visit->server->options.arrived(visit->server->options.context, visit);
}

/* In pieces, or of a length that is told.  0: it is none of both, or none that is taken here. */
static int visit_check_length(struct visit *visit)
{
	char coding[16] = "";
	bool coded = lws_hdr_total_length(visit->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
	bool post = slice_equal(visit->message.method, SLICE_LITERAL("POST"));
	uint64_t most = (uint64_t)visit->server->options.body_bytes;
	enum ch_status status = visit_take_length(visit);
	visit->too_large = visit->expected > most;
	if (!coded && (status == CH_OK || (!post && status == CH_NOT_FOUND)))
		return visit->expected > most * (post ? SERVER_DROPPED_BYTES : 1) ? 413 : 0;
	if (!coded)
		return status == CH_NOT_FOUND ? 411 : 400;
	(void)lws_hdr_copy(visit->wsi, coding, sizeof(coding),
		WSI_TOKEN_HTTP_TRANSFER_ENCODING); /* too long is none that is known */
	/* Both at once have been used to smuggle a request past a proxy (RFC 9112, 6.3). */
	if (status != CH_NOT_FOUND || !post)
		return 400;
	visit->in_pieces = http_text_equal(slice_text(coding), "chunked");
	/* What comes behind the body is not for this connection: lws does not see its end. */
	visit->last = visit->answer.close = true;
	return visit->in_pieces ? 0 : 501;
}

static int visit_begin(struct visit *visit, const char *path)
{
	if (visit_take_head(visit, path) != CH_OK) {
		visit_refuse(visit, 431, "", "the head of the request cannot be taken");
		return 0;
	}
	int refused = visit_check_length(visit);
	if (refused != 0)
		visit_refuse(visit, refused, "", "no body that is taken here");
	else if (visit->expected == 0 && !visit->in_pieces)
		visit_complete(visit);
	else
		visit->body_due_us = clock_steady_us() + visit->server->options.body_ms * 1000;
	return 0;
}

static void visit_take_pieces(struct visit *visit, struct slice bytes)
{
	enum ch_status status = chunked_take(
		&visit->chunks, bytes, (size_t)visit->server->options.body_bytes, &visit->body);
	if (status == CH_OK)
		return;
	visit->too_large = status == CH_TOO_LARGE;
	if (status != CH_FORMAT) {
		visit_complete(visit);
		return;
	}
	visit->body_due_us = 0;
	visit_refuse(visit, 400, "", "the pieces of the body do not fit");
}

/* Grows by what has come: what a client only promises costs nothing. */
static void visit_take_body(struct visit *visit, const void *bytes, size_t len)
{
	if (visit->body_due_us == 0 || visit->sent)
		return;
	if (visit->in_pieces) {
		visit_take_pieces(visit, slice_of(bytes, len));
	} else if (!visit->too_large) {
		if (visit->body.len + len > visit->expected)
			len = (size_t)visit->expected - visit->body.len;
		buffer_append(&visit->body, bytes, len);
	}
}

/* ---- Answers ---- */

static bool visit_add_header(
	struct visit *visit, const char *name, const char *value, uint8_t **at, uint8_t *end)
{
	return lws_add_http_header_by_name(visit->wsi, (const uint8_t *)name,
		       (const uint8_t *)value, (int)strlen(value), at, end) == 0;
}

static bool visit_add_headers(struct visit *visit, uint8_t **at, uint8_t *end)
{
	const struct answer *answer = &visit->answer;
	char number[24];
	bool fine =
		lws_add_http_header_status(visit->wsi, (unsigned)answer->status, at, end) == 0 &&
		lws_add_http_header_content_length(visit->wsi, answer->body.len, at, end) == 0;
	if (fine && answer->type != NULL)
		fine = visit_add_header(visit, "content-type:", answer->type, at, end);
	if (fine && answer->allow != NULL)
		fine = visit_add_header(visit, "allow:", answer->allow, at, end);
	if (fine && answer->retry_after_s > 0) {
		(void)snprintf(number, sizeof(number), "%u", answer->retry_after_s); /* fits */
		fine = visit_add_header(visit, "retry-after:", number, at, end);
	}
	if (fine && answer->status == 401)
		fine = visit_add_header(visit, "www-authenticate:", "Bearer", at, end);
	if (fine && answer->allowed_origin[0] != 0) {
		(void)snprintf(number, sizeof(number), "%u", answer->allowed_rate); /* fits */
		fine = visit_add_header(
			       visit, "webhook-allowed-origin:", answer->allowed_origin, at, end) &&
		       visit_add_header(visit,
			       "webhook-allowed-rate:", answer->allowed_rate > 0 ? number : "*", at,
			       end);
	}
	return fine && visit_add_header(visit, "cache-control:", "no-store", at, end) &&
	       (!answer->close || visit_add_header(visit, "connection:", "close", at, end)) &&
	       lws_finalize_http_header(visit->wsi, at, end) == 0;
}

/* Head and body in one write.  Non-zero closes the connection. */
static int visit_write(struct visit *visit)
{
	const struct answer *answer = &visit->answer;
	bool head = slice_equal(visit->message.method, SLICE_LITERAL("HEAD"));
	size_t body_len = head ? 0 : answer->body.len;
	uint8_t *room = malloc(LWS_PRE + SERVER_ANSWER_BYTES + body_len);
	int result = -1;
	if (room == NULL)
		return -1;
	uint8_t *at = room + LWS_PRE;
	if (visit_add_headers(visit, &at, room + LWS_PRE + SERVER_ANSWER_BYTES)) {
		if (body_len > 0)
			memcpy(at, answer->body.data, body_len);
		at += body_len;
		size_t len = (size_t)(at - (room + LWS_PRE));
		result = lws_write(visit->wsi, room + LWS_PRE, len, LWS_WRITE_HTTP_HEADERS) < 0 ? -1
												: 0;
	}
	free(room);
	return result;
}

static void connection_part(struct connection *connection)
{
	struct visit *visit = connection->visit;
	connection->visit = NULL;
	if (visit == NULL)
		return;
	visit->wsi = NULL;
	visit_unlink(visit);
	visit_release(visit);
}

static int connection_write(struct lws *wsi, struct connection *connection)
{
	struct visit *visit = connection != NULL ? connection->visit : NULL;
	if (visit == NULL || !visit->sent)
		return 0;
	bool last = visit->last || visit->answer.close;
	int result = visit_write(visit);
	connection_part(connection);
	/* Where lws still holds the end of it, closing is left to the client. */
	if (result != 0 || (last && lws_partial_buffered(wsi) == 0))
		return -1;
	return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

static int connection_begin(struct lws *wsi, struct connection *connection, const char *path)
{
	struct server *server = lws_context_user(lws_get_context(wsi));
	connection_part(connection);
	connection->visit = visit_create(server, wsi);
	return connection->visit != NULL ? visit_begin(connection->visit, path) : -1;
}

static int server_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct connection *connection = user;
	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return connection_begin(wsi, connection, in);
	case LWS_CALLBACK_HTTP_BODY:
		if (connection->visit != NULL)
			visit_take_body(connection->visit, in, len);
		return 0;
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		if (connection->visit != NULL && connection->visit->body_due_us != 0 &&
			!connection->visit->in_pieces)
			visit_complete(connection->visit);
		return 0;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return connection_write(wsi, connection);
	case LWS_CALLBACK_CLOSED_HTTP:
		if (connection != NULL)
			connection_part(connection);
		return 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return -1; /* HTTP/1.1 alone */
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
}

/* ---- Who is slow ---- */

static void server_sweep(uv_timer_t *timer)
{
	struct server *server = timer->data;
	int64_t now_us = clock_steady_us();
	for (struct visit *visit = server->visits, *next; visit != NULL; visit = next) {
		next = visit->next;
		if (visit->body_due_us == 0 || visit->body_due_us > now_us || visit->sent)
			continue;
		server->counts.slow++;
		visit->body_due_us = 0;
		visit_refuse(visit, 408, "", "the body did not come in time");
	}
}

/* ---- Life ---- */

enum ch_status server_parse_address(const char *address, char out_host[64], int *out_port)
{
	struct slice rest = slice_text(address);
	uint64_t port;
	const uint8_t *colon = rest.len > 0 ? memrchr(rest.data, ':', rest.len) : NULL;
	if (colon == NULL)
		return CH_INVALID;
	struct slice host = slice_sub(rest, 0, (size_t)(colon - rest.data));
	struct slice port_text = slice_sub(rest, host.len + 1, rest.len);
	if (text_parse_u64(port_text, 65535, &port) != CH_OK || host.len == 0 || host.len >= 64)
		return CH_INVALID;
	if (host.len == 1 && host.data[0] == '*')
		host.len = 0;
	else if (host.data[0] == '[' && host.len > 2 && host.data[host.len - 1] == ']')
		host = slice_sub(host, 1, host.len - 2);
	else if (memchr(host.data, ':', host.len) != NULL)
		return CH_INVALID;
	if (host.len > 0)
		memcpy(out_host, host.data, host.len);
	out_host[host.len] = 0;
	*out_port = (int)port;
	return CH_OK;
}

/* What it has to say is mostly about what strangers send; what matters here comes as a status. */
static void server_log(int level, const char *line)
{
	(void)level;
	log_debug("http.library", "said=%s", line);
}

static enum ch_status server_listen(struct server *server, int port)
{
	void *loops[] = {server->loop};
	const struct server_options *options = &server->options;
	struct lws_context_creation_info info = {
		.port = port,
		.iface = server->host[0] != 0 ? server->host : NULL,
		.protocols = protocols,
		.user = server,
		.foreign_loops = loops,
		.pcontext = &server->context,
		.server_string = "carehub",
		.vhost_name = "website",
		.alpn = "http/1.1",
		.timeout_secs = SERVER_HEAD_S,
		.keepalive_timeout = SERVER_IDLE_S,
		.max_http_header_data = SERVER_HEAD_BYTES,
		.max_http_header_pool = (unsigned short)options->connections,
		.fd_limit_per_thread = (unsigned)options->connections + 8,
		.ssl_cert_filepath = options->certificate,
		.ssl_private_key_filepath = options->certificate_key,
		.options = (uint64_t)(LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
				      LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
				      LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
				      LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS),
	};
	if (options->certificate != NULL)
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	lws_set_log_level(LLL_ERR | LLL_WARN, server_log);
	server->context = lws_create_context(&info);
	if (server->context == NULL)
		return CH_NOMEM;
	/* In two steps: a context that fails to bind as it is made leaves handles on a loop that is not
	 * its own, and they point to freed memory. */
	struct lws_vhost *vhost = lws_create_vhost(server->context, &info);
	server->port = vhost != NULL ? lws_get_vhost_listen_port(vhost) : 0;
	return server->port > 0 ? CH_OK : CH_BUSY;
}

enum ch_status server_open(
	uv_loop_t *loop, const struct server_options *options, struct server **out_server)
{
	enum ch_status status = CH_NOMEM;
	int port = 0;
	struct server *server = calloc(1, sizeof(*server));
	if (server == NULL)
		goto out;
	server->options = *options;
	server->loop = loop;
	status = server_parse_address(options->address, server->host, &port);
	if (status != CH_OK)
		goto out;
	(void)uv_timer_init(loop, &server->sweeper); /* cannot fail */
	server->sweeper.data = server;
	server->sweeping = true;
	(void)uv_timer_start(&server->sweeper, server_sweep, SERVER_SWEEP_MS, SERVER_SWEEP_MS);
	status = server_listen(server, port);
	if (status != CH_OK)
		goto out;
	*out_server = server;
	server = NULL; /* the caller's now */
out:
	server_close(server);
	return status;
}

static void server_see_handle(uv_handle_t *handle, void *context)
{
	bool *none_closing = context;
	if (uv_is_closing(handle))
		*none_closing = false;
}

/* Turns the loop until nothing on it is being closed. */
static bool server_settle(struct server *server)
{
	int64_t until_us = clock_steady_us() + SERVER_CLOSE_MS * 1000;
	while (clock_steady_us() < until_us) {
		bool none_closing = true;
		(void)uv_run(server->loop, UV_RUN_NOWAIT);
		uv_walk(server->loop, server_see_handle, &none_closing);
		if (none_closing)
			return true;
	}
	return false;
}

void server_close(struct server *server)
{
	if (server == NULL)
		return;
	if (server->sweeping)
		uv_close((uv_handle_t *)&server->sweeper, NULL);
	/* On a loop that is not its own lws closes in two steps: it starts to close its handles, and each
	 * that is closed starts the next; when none is left, the rest can go. */
	if (server->context != NULL)
		lws_context_destroy(server->context);
	if (!server_settle(server))
		log_error("http.stuck", "waited_ms=%d", SERVER_CLOSE_MS); /* a leak beats a crash */
	else if (server->context != NULL)
		lws_context_destroy(server->context);
	free(server);
}

int server_port(const struct server *server)
{
	return server->port;
}

void server_look(const struct server *server, struct server_counts *out_counts)
{
	*out_counts = server->counts;
}
