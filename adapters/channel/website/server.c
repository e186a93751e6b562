#include <stdlib.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "channel/website/server_inside.h"

#define SERVER_HEAD_S   10
#define SERVER_IDLE_S   60
#define SERVER_SWEEP_MS 250
#define SERVER_CLOSE_MS 5000

/* One connection; lws zeroes it and frees it. */
struct connection {
	struct visit *visit;
};

static int server_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

static const struct lws_protocols protocols[] = {
	{"http", server_callback, sizeof(struct connection), 0, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

/* ---- Connections ---- */

static void connection_part(struct connection *connection)
{
	struct visit *visit = connection->visit;
	connection->visit = NULL;
	if (visit != NULL)
		visit_part(visit);
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
	if (connection->visit == NULL)
		return -1;
	visit_begin(connection->visit, path);
	return 0;
}

/* lws asks once, as the port is opened, for what belongs into its context of TLS. */
static void server_show_certificate(const struct server *server, void *context)
{
	if (server->options.certificate != NULL)
		certificate_show(context, server->options.certificate);
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
		return connection->visit == NULL || visit_end_body(connection->visit) ? 0 : -1;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return connection_write(wsi, connection);
	case LWS_CALLBACK_CLOSED_HTTP:
		if (connection != NULL)
			connection_part(connection);
		return 0;
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		server_show_certificate(lws_context_user(lws_get_context(wsi)), user);
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
		.options = (uint64_t)(LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
				      LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
				      LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
				      LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS),
	};
	if (options->certificate != NULL)
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
				LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
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
	status = address_parse(slice_text(options->address), server->host, &port);
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
