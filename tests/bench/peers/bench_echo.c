/* The bare CURVE ROUTER echo: the ceiling of the transport.  A process of its own answers each message
 * with eight bytes and does nothing else; clients are DEALERs.  Whatever a hub does on top of this
 * transport costs the difference.  A request of a batch is one message of so many events. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/load/complaint.h"
#include "bench/load/driver.h"

#define KEY_TEXT      41 /* Z85 of 32 bytes and the closing zero */
#define ENDPOINT_TEXT 64
#define ANSWER_BYTES  8
#define IDENTITY_MAX  256

struct keypair {
	char public_key[KEY_TEXT];
	char secret_key[KEY_TEXT];
};

struct echo {
	struct driver *driver;
	pid_t server;
	void *context;
	uint32_t count;
	void **sockets;
	struct pollfd *polled;
	struct buffer message;
};

static enum ch_status fail(const char *what)
{
	complaint("echo", "%s: %s", what, zmq_strerror(errno));
	return CH_IO;
}

static int set_number(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value));
}

/* The window bounds what is in flight, so the queues need not: a full one would only hide it. */
static int set_common(void *socket)
{
	return set_number(socket, ZMQ_SNDHWM, 0) | set_number(socket, ZMQ_RCVHWM, 0) |
	       set_number(socket, ZMQ_LINGER, 0);
}

/* Answer everything that has come.  The reply is the message's first bytes, which name its slot. */
static enum ch_status server_answer(void *router)
{
	char identity[IDENTITY_MAX];
	for (;;) {
		zmq_msg_t message;
		int length = zmq_recv(router, identity, sizeof(identity), 0);
		if (length < 0 || length > IDENTITY_MAX)
			return fail("server receive");
		zmq_msg_init(&message);
		int got = zmq_msg_recv(&message, router, 0);
		int sent = -1;
		if (got >= ANSWER_BYTES &&
			zmq_send(router, identity, (size_t)length, ZMQ_SNDMORE) >= 0)
			sent = zmq_send(router, zmq_msg_data(&message), ANSWER_BYTES, 0);
		zmq_msg_close(&message);
		/* A client that left before its answer is no news. */
		if (sent < 0 && errno != EHOSTUNREACH)
			return fail("server send");
	}
}

/* The child: binds, tells its parent where over `report`, and answers until it is killed; the kernel
 * does that too when the parent dies. */
static void server_run(const struct keypair *keys, const char *host, int report, pid_t parent)
{
	char endpoint[ENDPOINT_TEXT];
	size_t length = sizeof(endpoint);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail for a valid signal */
	if (getppid() != parent)
		_exit(EXIT_FAILURE); /* it died before we asked */
	void *context = zmq_ctx_new();
	void *router = context != NULL ? zmq_socket(context, ZMQ_ROUTER) : NULL;
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://%s:*", host);
	if (router == NULL || set_common(router) != 0 ||
		set_number(router, ZMQ_ROUTER_MANDATORY, 1) != 0 ||
		set_number(router, ZMQ_CURVE_SERVER, 1) != 0 ||
		zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, keys->secret_key, KEY_TEXT) != 0 ||
		zmq_bind(router, endpoint) != 0 ||
		zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &length) != 0) {
		(void)fail("server start"); /* the parent sees an empty report */
		_exit(EXIT_FAILURE);
	}
	if (write(report, endpoint, length) == (ssize_t)length)
		(void)server_answer(router); /* has said what was wrong; the client will time out */
	_exit(EXIT_FAILURE);
}

static enum ch_status server_start(struct echo *echo, const struct keypair *keys, const char *host,
	char endpoint[ENDPOINT_TEXT])
{
	int report[2];
	if (pipe(report) != 0)
		return fail("pipe");
	(void)fflush(NULL); /* or the child would print it again */
	pid_t parent = getpid();
	echo->server = fork();
	if (echo->server == 0)
		server_run(keys, host, report[1], parent);
	close(report[1]);
	ssize_t n = echo->server > 0 ? read(report[0], endpoint, ENDPOINT_TEXT - 1) : -1;
	close(report[0]);
	if (n <= 0)
		return fail("server");
	endpoint[n] = '\0';
	return CH_OK;
}

static void echo_close(void *peer)
{
	struct echo *echo = peer;
	for (uint32_t i = 0; echo->sockets != NULL && i < echo->count; i++) {
		if (echo->sockets[i] != NULL)
			zmq_close(echo->sockets[i]);
	}
	if (echo->context != NULL)
		zmq_ctx_term(echo->context);
	if (echo->server > 0) {
		kill(echo->server, SIGKILL);
		waitpid(echo->server, NULL, 0);
	}
	free(echo->sockets);
	free(echo->polled);
	buffer_fini(&echo->message);
	free(echo);
}

static enum ch_status client_open(struct echo *echo, uint32_t at, const struct keypair *server,
	const struct keypair *client, const char *endpoint)
{
	size_t length = sizeof(echo->polled[at].fd);
	void *socket = echo->sockets[at] = zmq_socket(echo->context, ZMQ_DEALER);
	if (socket == NULL || set_common(socket) != 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server->public_key, KEY_TEXT) != 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, client->public_key, KEY_TEXT) != 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, client->secret_key, KEY_TEXT) != 0 ||
		zmq_connect(socket, endpoint) != 0 ||
		zmq_getsockopt(socket, ZMQ_FD, &echo->polled[at].fd, &length) != 0)
		return fail("client");
	echo->polled[at].events = POLLIN;
	return CH_OK;
}

static enum ch_status echo_open(
	const struct options *options, struct driver *driver, void **out_peer)
{
	struct keypair server;
	struct keypair client;
	char endpoint[ENDPOINT_TEXT];
	enum ch_status status = CH_NOMEM;
	struct echo *echo = calloc(1, sizeof(*echo));
	if (echo == NULL)
		goto out;
	echo->driver = driver;
	echo->count = options->connections;
	echo->sockets = calloc(echo->count, sizeof(*echo->sockets));
	echo->polled = calloc(echo->count, sizeof(*echo->polled));
	if (echo->sockets == NULL || echo->polled == NULL)
		goto out;
	status = CH_IO;
	if (zmq_curve_keypair(server.public_key, server.secret_key) != 0 ||
		zmq_curve_keypair(client.public_key, client.secret_key) != 0)
		goto out;
	/* Before the client has a context: threads do not survive a fork. */
	status = server_start(echo, &server, options->host, endpoint);
	if (status != CH_OK)
		goto out;
	echo->context = zmq_ctx_new();
	for (uint32_t i = 0; i < echo->count && status == CH_OK; i++)
		status = client_open(echo, i, &server, &client, endpoint);
	if (status != CH_OK)
		goto out;
	*out_peer = echo;
	echo = NULL; /* the driver's now */
out:
	if (echo != NULL)
		echo_close(echo);
	return status;
}

static enum ch_status echo_send(
	void *peer, uint32_t at, uint32_t slot, const struct event *events, uint32_t count)
{
	char id[EVENT_ID_TEXT + 1];
	struct echo *echo = peer;
	char head[ANSWER_BYTES] = {0};
	buffer_clear(&echo->message);
	for (uint32_t i = 0; i < count; i++) {
		buffer_append(&echo->message, event_id_text(events[i].id, id), EVENT_ID_TEXT);
		buffer_append_slice(&echo->message, events[i].body);
	}
	if (echo->message.status != CH_OK)
		return echo->message.status;
	/* The slot stands in place of the id's first digits, so that the size stays what was asked. */
	memcpy(head, &slot, sizeof(slot));
	memcpy(echo->message.data, head, sizeof(head));
	if (zmq_send(echo->sockets[at], echo->message.data, echo->message.len, ZMQ_DONTWAIT) < 0)
		return fail("send");
	return CH_OK;
}

/* Take all answers that are there; *out_taken counts them. */
static enum ch_status answers_take(struct echo *echo, uint32_t *out_taken)
{
	uint32_t taken = 0;
	for (uint32_t i = 0; i < echo->count; i++) {
		char answer[ANSWER_BYTES];
		int got;
		while ((got = zmq_recv(echo->sockets[i], answer, sizeof(answer), ZMQ_DONTWAIT)) ==
			ANSWER_BYTES) {
			uint32_t slot;
			memcpy(&slot, answer, sizeof(slot));
			driver_acked(echo->driver, slot);
			taken++;
		}
		if (got >= 0 || errno != EAGAIN)
			return fail("receive");
	}
	*out_taken = taken;
	return CH_OK;
}

/* A receive that finds nothing has also read what the descriptor was signalled for, so only after one
 * on every socket may the descriptors be slept on. */
static enum ch_status echo_wait(void *peer, int64_t timeout_ns)
{
	struct echo *echo = peer;
	uint32_t taken = 0;
	struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	enum ch_status status = answers_take(echo, &taken);
	if (status != CH_OK || taken > 0)
		return status;
	if (ppoll(echo->polled, echo->count, &timeout, NULL) > 0)
		status = answers_take(echo, &taken);
	return status;
}

int main(int argc, char **argv)
{
	static const struct driver_peer peer = {
		.name = "echo",
		.open = echo_open,
		.send = echo_send,
		.wait = echo_wait,
		.close = echo_close,
	};
	return driver_main(argc, argv, &peer);
}
