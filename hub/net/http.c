#include "net/http.h"

#include <libwebsockets.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <uv.h>

#include "base/address.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "base/log.h"

#define HTTP_CLOSE_MS     5000
#define HTTP_CHUNK_BYTES  16384
#define HTTP_HEADER_BYTES 2048 /* of an answer */
#define HTTP_QUERY_BYTES  1024
/* For a request to come in, or an answer to go out: clients that dawdle take up places that a monitor needs. */
#define HTTP_PATIENCE_S 3
#define HTTP_IDLE_S     10

struct http_route {
	const char *path;
	void (*handle)(
		void *context, const struct http_request *request, struct http_answer *answer);
	void *context;
};

struct http {
	struct loop *loop;
	struct lws_context *context; /* set to NULL by lws when it is freed */
	struct http_route routes[LIMIT_HTTP_ROUTES];
	size_t route_count;
	int port;
	char host[ADDRESS_HOST_MAX];
	struct metric *answers;
	struct metric *refused;
};

/* One request of a connection; lws zeroes it and frees it. */
struct http_session {
	struct http_answer answer;
	size_t sent;
	bool answering;
	bool last; /* the client wants no further answer on this connection */
};

static int http_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

static const struct lws_protocols protocols[] = {
	{"http", http_callback, sizeof(struct http_session), 0, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

/* ---- Answers ---- */

static void http_refuse(struct http *http, struct http_answer *answer, int status, const char *text)
{
	metric_add(http->refused, 1);
	answer->status = status;
	buffer_append_text(&answer->body, text);
}

static bool http_is_head(struct lws *wsi)
{
	return lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
}

static void http_handle(
	struct http *http, struct lws *wsi, const char *path, struct http_answer *answer)
{
	char query[HTTP_QUERY_BYTES] = "";
	const struct http_request request = {path, query};
	*answer = (struct http_answer){.status = 200, .type = "text/plain; charset=utf-8"};
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) > 0 &&
		lws_hdr_copy(wsi, query, sizeof(query), WSI_TOKEN_HTTP_URI_ARGS) < 0) {
		http_refuse(http, answer, HTTP_STATUS_REQ_URI_TOO_LONG, "query too long\n");
		return;
	}
	for (size_t i = 0; i < http->route_count; i++) {
		const struct http_route *route = &http->routes[i];
		if (strcmp(route->path, path) != 0)
			continue;
		route->handle(route->context, &request, answer);
		metric_add(http->answers, 1);
		if (answer->body.status != CH_OK) {
			buffer_clear(&answer->body);
			answer->status = HTTP_STATUS_INTERNAL_SERVER_ERROR;
		}
		return;
	}
	http_refuse(http, answer, HTTP_STATUS_NOT_FOUND, "no such page\n");
}

/* lws keeps a connection that its client wants closed. */
static bool http_is_last(struct lws *wsi)
{
	char connection[32];
	int len = lws_hdr_copy(wsi, connection, sizeof(connection), WSI_TOKEN_CONNECTION);
	return len > 0 && strcasestr(connection, "close") != NULL;
}

/* The answer has been given.  Where lws still holds the end of it, closing is left to the client. */
static int http_finish(struct lws *wsi, struct http_session *session)
{
	session->answering = false;
	buffer_fini(&session->answer.body);
	if (session->last && lws_partial_buffered(wsi) == 0)
		return -1;
	return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

/* A request that may bring a body is not waited for: answered and closed. */
static int http_refuse_method(struct http *http, struct lws *wsi)
{
	uint8_t header[LWS_PRE + HTTP_HEADER_BYTES];
	uint8_t *start = header + LWS_PRE;
	uint8_t *at = start;
	uint8_t *end = header + sizeof(header) - 1;
	static const uint8_t allow[] = "GET, HEAD";
	metric_add(http->refused, 1);
	bool said = lws_add_http_common_headers(
			    wsi, HTTP_STATUS_METHOD_NOT_ALLOWED, "text/plain", 0, &at, end) == 0 &&
		    lws_add_http_header_by_token(
			    wsi, WSI_TOKEN_HTTP_ALLOW, allow, sizeof(allow) - 1, &at, end) == 0 &&
		    lws_finalize_write_http_header(wsi, start, &at, end) == 0;
	(void)said; /* it is closed either way */
	return -1;  /* lws closes on a negative number only */
}

/* Headers at once; the body follows when the client can take it.  Non-zero closes the connection. */
static int http_begin(
	struct http *http, struct lws *wsi, struct http_session *session, const char *path)
{
	uint8_t header[LWS_PRE + HTTP_HEADER_BYTES];
	uint8_t *start = header + LWS_PRE;
	uint8_t *at = start;
	uint8_t *end = header + sizeof(header) - 1;
	static const uint8_t fresh[] = "no-store";
	if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) == 0 && !http_is_head(wsi))
		return http_refuse_method(http, wsi);
	buffer_fini(&session->answer.body);
	http_handle(http, wsi, path, &session->answer);
	if (lws_add_http_common_headers(wsi, (unsigned)session->answer.status, session->answer.type,
		    session->answer.body.len, &at, end) != 0 ||
		lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_CACHE_CONTROL, fresh,
			sizeof(fresh) - 1, &at, end) != 0 ||
		lws_finalize_write_http_header(wsi, start, &at, end) != 0)
		return -1;
	session->sent = 0;
	session->answering = true;
	session->last = http_is_last(wsi);
	if (http_is_head(wsi) || session->answer.body.len == 0)
		return http_finish(wsi, session);
	lws_callback_on_writable(wsi);
	return 0;
}

static int http_continue(struct lws *wsi, struct http_session *session)
{
	uint8_t chunk[LWS_PRE + HTTP_CHUNK_BYTES];
	if (session == NULL || !session->answering)
		return 0;
	struct slice rest =
		slice_sub(buffer_slice(&session->answer.body), session->sent, HTTP_CHUNK_BYTES);
	if (rest.len > 0)
		memcpy(chunk + LWS_PRE, rest.data, rest.len);
	session->sent += rest.len;
	bool last = session->sent == session->answer.body.len;
	int written = lws_write(
		wsi, chunk + LWS_PRE, rest.len, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP);
	if (written < 0)
		return -1;
	if (!last) {
		lws_callback_on_writable(wsi);
		return 0;
	}
	return http_finish(wsi, session);
}

static int http_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct http_session *session = user;
	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return http_begin(lws_context_user(lws_get_context(wsi)), wsi, session, in);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return http_continue(wsi, session);
	case LWS_CALLBACK_CLOSED_HTTP:
		if (session != NULL)
			buffer_fini(&session->answer.body);
		return 0;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return -1; /* nothing here speaks WebSocket */
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
}

void http_route(struct http *http, const char *path,
	void (*handle)(
		void *context, const struct http_request *request, struct http_answer *answer),
	void *context)
{
	invariant(http->route_count < LIMIT_HTTP_ROUTES);
	http->routes[http->route_count++] = (struct http_route){path, handle, context};
}

/* ---- Life ---- */

/* What it has to say is mostly about what strangers send; what matters here comes as a status. */
static void http_log(int level, const char *line)
{
	(void)level;
	log_debug("http.library", "said=%s", line);
}

static enum ch_status http_listen(struct http *http, int port)
{
	void *loops[] = {loop_uv(http->loop)};
	struct lws_context_creation_info info = {
		.port = port,
		.iface = http->host[0] != 0 ? http->host : NULL,
		.protocols = protocols,
		.user = http,
		.foreign_loops = loops,
		.pcontext = &http->context,
		.server_string = "carehub",
		.vhost_name = "console",
		.timeout_secs = HTTP_PATIENCE_S,
		.keepalive_timeout = HTTP_IDLE_S,
		.max_http_header_data = LIMIT_HTTP_HEADER_BYTES,
		.max_http_header_pool = LIMIT_HTTP_CONNECTIONS,
		.fd_limit_per_thread = LIMIT_HTTP_CONNECTIONS,
		.options =
			(uint64_t)(LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
				   LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
				   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
				   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS |
				   LWS_SERVER_OPTION_HTTP_HEADERS_SECURITY_BEST_PRACTICES_ENFORCE),
	};
	lws_set_log_level(LLL_ERR | LLL_WARN, http_log);
	http->context = lws_create_context(&info);
	if (http->context == NULL)
		return CH_NOMEM;
	/* In two steps: a context that fails to bind as it is made leaves handles on a loop that is not
	 * its own, and they point to freed memory. */
	struct lws_vhost *vhost = lws_create_vhost(http->context, &info);
	http->port = vhost != NULL ? lws_get_vhost_listen_port(vhost) : 0;
	return http->port > 0 ? CH_OK : CH_BUSY;
}

enum ch_status http_open(
	struct loop *loop, const struct http_options *options, struct http **out_http)
{
	enum ch_status status = CH_NOMEM;
	int port = 0;
	struct http *http = calloc(1, sizeof(*http));
	if (http == NULL)
		goto out;
	http->loop = loop;
	http->answers = metric_counter(
		options->metrics, "carehub_http_answers", "Pages that were served.", NULL);
	http->refused = metric_counter(options->metrics, "carehub_http_refused",
		"Requests for no page or by another method.", NULL);
	status = address_parse(slice_text(options->address), http->host, &port);
	if (status != CH_OK)
		goto out;
	status = http_listen(http, port);
	if (status != CH_OK)
		goto out;
	*out_http = http;
	http = NULL; /* the caller's now */
out:
	http_close(http);
	return status;
}

static void http_see_handle(uv_handle_t *handle, void *context)
{
	bool *none_closing = context;
	if (uv_is_closing(handle))
		*none_closing = false;
}

static bool http_is_closed(void *context)
{
	bool none_closing = true;
	uv_walk(context, http_see_handle, &none_closing);
	return none_closing;
}

/* On a loop that is not its own lws closes in two steps: it starts to close its handles, and each that
 * is closed starts the next; when none is left, the rest can go. */
static void http_close_context(struct http *http)
{
	lws_context_destroy(http->context);
	if (loop_until(http->loop, http_is_closed, loop_uv(http->loop), HTTP_CLOSE_MS))
		lws_context_destroy(http->context);
	else
		log_error("http.stuck", "waited_ms=%d", HTTP_CLOSE_MS); /* a leak beats a crash */
}

void http_close(struct http *http)
{
	if (http == NULL)
		return;
	if (http->context != NULL)
		http_close_context(http);
	free(http);
}

int http_port(const struct http *http)
{
	return http->port;
}
