#include "channel/callcenter/sockets.h"

#include <libwebsockets.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

#define LINES_PER_SOCKET 32u
#define CLOSE_US         INT64_C(5000000)

/* A line, sent by as many as want it. */
struct leaf {
	size_t holders;
	size_t len;
	uint8_t bytes[]; /* LWS_PRE bytes, then the line */
};

/* One connection; lws zeroes it and frees it. */
struct socket {
	struct socket *next;
	struct lws *wsi;
	struct pass pass;
	char agent[PASS_AGENT_BYTES]; /* whose calls; "": all */
	struct leaf *leaves[LINES_PER_SOCKET];
	size_t first;
	size_t count;
};

struct sockets {
	uv_loop_t *loop;
	struct lws_context *context; /* set to NULL by lws when it is freed */
	struct sockets_options options;
	int port;
	struct socket *first;
	struct sockets_counts counts;
};

static void leaf_release(struct leaf *leaf)
{
	if (--leaf->holders == 0)
		free(leaf);
}

/* ---- Who may ---- */

/* The pass that is shown, and whose calls are asked for: those it is for, where nothing is said. */
static bool sockets_may(const struct sockets *sockets, struct lws *wsi, struct pass *out_pass,
	char out_agent[static PASS_AGENT_BYTES])
{
	static const char bearer[] = "Bearer ";
	char text[PASS_TOKEN_BYTES + sizeof(bearer)];
	char agent[sizeof(text)]; /* an argument that fits into neither hides those behind it */
	const size_t skip = sizeof(bearer) - 1;
	int len = lws_hdr_copy(wsi, text, sizeof(text), WSI_TOKEN_HTTP_AUTHORIZATION);
	const char *token = len > (int)skip && strncasecmp(text, bearer, skip) == 0
				    ? text + skip
				    : lws_get_urlarg_by_name(wsi, "token=", text, sizeof(text));
	if (token == NULL || !passes_find(sockets->options.passes, slice_text(token), out_pass))
		return false;
	const char *asked = lws_get_urlarg_by_name(wsi, "agent=", agent, sizeof(agent));
	if (asked == NULL || asked[0] == 0)
		asked = out_pass->agent;
	if (strlen(asked) >= PASS_AGENT_BYTES)
		return false;
	memcpy(out_agent, asked, strlen(asked) + 1);
	return out_pass->agent[0] == 0 || strcmp(out_pass->agent, asked) == 0;
}

/* 0: it may; else it has been told why not. */
static int sockets_admit(struct sockets *sockets, struct lws *wsi)
{
	struct pass pass;
	char agent[PASS_AGENT_BYTES];
	bool may = sockets_may(sockets, wsi, &pass, agent);
	if (may && sockets->counts.open < LIMIT_POP_SOCKETS)
		return 0;
	sockets->counts.refused++;
	return lws_return_http_status(wsi,
		       may ? HTTP_STATUS_SERVICE_UNAVAILABLE : HTTP_STATUS_FORBIDDEN, NULL) == 0
		       ? 1
		       : -1;
}

/* ---- Connections ---- */

/* Non-zero closes: it may have been withdrawn meanwhile. */
static int socket_open(struct sockets *sockets, struct lws *wsi, struct socket *socket)
{
	*socket = (struct socket){.next = sockets->first, .wsi = wsi};
	if (!sockets_may(sockets, wsi, &socket->pass, socket->agent))
		return -1;
	sockets->first = socket;
	sockets->counts.open++;
	return 0;
}

static void socket_close(struct sockets *sockets, struct socket *socket)
{
	struct socket **at = &sockets->first;
	while (*at != NULL && *at != socket)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = socket->next;
	sockets->counts.open--;
	for (; socket->count > 0; socket->count--) {
		leaf_release(socket->leaves[socket->first]);
		socket->first = (socket->first + 1) % LINES_PER_SOCKET;
	}
}

/* Non-zero closes. */
static int socket_write(struct sockets *sockets, struct socket *socket)
{
	if (socket->count == 0)
		return 0;
	struct leaf *leaf = socket->leaves[socket->first];
	int written = lws_write(socket->wsi, leaf->bytes + LWS_PRE, leaf->len, LWS_WRITE_TEXT);
	socket->first = (socket->first + 1) % LINES_PER_SOCKET;
	socket->count--;
	leaf_release(leaf);
	if (written < 0)
		return -1;
	sockets->counts.sent++;
	if (socket->count > 0)
		lws_callback_on_writable(socket->wsi);
	return 0;
}

static void socket_put(struct sockets *sockets, struct socket *socket, struct leaf *leaf)
{
	if (socket->count == LINES_PER_SOCKET) {
		leaf_release(socket->leaves[socket->first]);
		socket->first = (socket->first + 1) % LINES_PER_SOCKET;
		socket->count--;
		sockets->counts.dropped++;
	}
	socket->leaves[(socket->first + socket->count++) % LINES_PER_SOCKET] = leaf;
	leaf->holders++;
	lws_callback_on_writable(socket->wsi);
}

static int on_call(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct sockets *sockets = lws_context_user(lws_get_context(wsi));
	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return sockets_admit(sockets, wsi);
	case LWS_CALLBACK_ESTABLISHED:
		return socket_open(sockets, wsi, user);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return socket_write(sockets, user);
	case LWS_CALLBACK_CLOSED:
		socket_close(sockets, user);
		return 0;
	case LWS_CALLBACK_HTTP:
		(void)lws_return_http_status(wsi, HTTP_STATUS_NOT_FOUND, NULL);
		return -1; /* nothing here but the WebSocket */
	case LWS_CALLBACK_RECEIVE:
		return 0;
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
}

void sockets_send(struct sockets *sockets, struct slice agent, struct slice line)
{
	struct leaf *leaf = malloc(sizeof(*leaf) + LWS_PRE + line.len);
	if (leaf == NULL) {
		sockets->counts.dropped++;
		return;
	}
	leaf->holders = 1; /* this call */
	leaf->len = line.len;
	memcpy(leaf->bytes + LWS_PRE, line.data, line.len);
	for (struct socket *socket = sockets->first; socket != NULL; socket = socket->next) {
		if (socket->agent[0] == 0 || slice_equal(slice_text(socket->agent), agent))
			socket_put(sockets, socket, leaf);
	}
	leaf_release(leaf);
}

void sockets_renew(struct sockets *sockets, const struct passes *passes)
{
	struct socket *next = NULL;
	sockets->options.passes = passes;
	for (struct socket *socket = sockets->first; socket != NULL; socket = next) {
		next = socket->next; /* closed, it is out of the list at once */
		if (!passes_has(passes, &socket->pass))
			lws_set_timeout(
				socket->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
	}
}

/* ---- Life ---- */

static const struct lws_protocols protocols[] = {
	{"carehub-pop", on_call, sizeof(struct socket), 4096, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

/* What it has to say is mostly about what strangers send. */
static void on_log(int level, const char *text)
{
	(void)level;
	log_debug("pop.library", "said=%s", text);
}

static enum ch_status sockets_listen(struct sockets *sockets)
{
	void *loops[] = {sockets->loop};
	struct lws_context_creation_info info = {
		.port = sockets->options.port,
		.iface = sockets->options.host,
		.protocols = protocols,
		.user = sockets,
		.foreign_loops = loops,
		.pcontext = &sockets->context,
		.server_string = "carehub",
		.vhost_name = "pop",
		.timeout_secs = 10,
		.max_http_header_data = LIMIT_HTTP_HEADER_BYTES,
		/* A head each: who says nothing keeps nobody out until he is cut off. */
		.max_http_header_pool = LIMIT_POP_STRANGERS,
		.fd_limit_per_thread = LIMIT_POP_SOCKETS + LIMIT_POP_STRANGERS,
		.options = (uint64_t)(LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
				      LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
				      LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
				      LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS),
	};
	lws_set_log_level(LLL_ERR | LLL_WARN, on_log);
	sockets->context = lws_create_context(&info);
	if (sockets->context == NULL)
		return CH_NOMEM;
	/* In two steps: a context that fails to bind as it is made leaves handles on a loop that is not
	 * its own, and they point to freed memory. */
	struct lws_vhost *vhost = lws_create_vhost(sockets->context, &info);
	sockets->port = vhost != NULL ? lws_get_vhost_listen_port(vhost) : 0;
	return sockets->port > 0 ? CH_OK : CH_BUSY;
}

enum ch_status sockets_open(
	uv_loop_t *loop, const struct sockets_options *options, struct sockets **out_sockets)
{
	struct sockets *sockets = calloc(1, sizeof(*sockets));
	if (sockets == NULL)
		return CH_NOMEM;
	sockets->loop = loop;
	sockets->options = *options;
	enum ch_status status = sockets_listen(sockets);
	if (status != CH_OK) {
		sockets_close(sockets);
		return status;
	}
	*out_sockets = sockets;
	return CH_OK;
}

int sockets_port(const struct sockets *sockets)
{
	return sockets->port;
}

void sockets_look(const struct sockets *sockets, struct sockets_counts *out_counts)
{
	*out_counts = sockets->counts;
}

static void on_handle(uv_handle_t *handle, void *context)
{
	bool *closing = context;
	*closing = *closing || uv_is_closing(handle);
}

/* On a loop that is not its own lws closes in two steps: it starts to close its handles, each that is closed
 * starts the next, and when none is left the rest can go. */
void sockets_close(struct sockets *sockets)
{
	if (sockets == NULL)
		return;
	int64_t until_us = clock_steady_us() + CLOSE_US;
	bool closing = sockets->context != NULL;
	if (closing)
		lws_context_destroy(sockets->context);
	while (closing && clock_steady_us() < until_us) {
		(void)uv_run(
			sockets->loop, UV_RUN_NOWAIT); /* how many are left is looked at below */
		closing = false;
		uv_walk(sockets->loop, on_handle, &closing);
	}
	if (sockets->context != NULL && !closing)
		lws_context_destroy(sockets->context);
	else if (closing)
		log_error("pop.stuck", "waited_us=%lld",
			(long long)CLOSE_US); /* a leak beats a crash */
	free(sockets);
}
