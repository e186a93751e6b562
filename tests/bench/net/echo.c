/* What the endpoint and its loop cost over the bare socket: the same clients, once against a ROUTER
 * that does nothing but receive and answer, once against the endpoint.  CURVE in both, everything on
 * loopback and in one process, one message an event and one answer each.
 *
 *     bench_net_echo [clients=2] [window=1000] [messages each=200000] [bytes=300] [rounds=3]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/invariant.h"
#include "net/endpoint.h"
#include "support/scratch.h"

#define ANSWER_BYTES 30
#define CLIENTS_MAX  64

struct load {
	int clients;
	int window;
	int messages;
	int bytes;
};

struct client {
	const struct load *load;
	char address[LISTENER_ADDRESS_BYTES];
	const struct curve_pair *server;
	const struct curve_pair *own;
	pthread_t thread;
};

static int option(int argc, char **argv, int at, int otherwise)
{
	return argc > at ? atoi(argv[at]) : otherwise;
}

static void set(void *socket, int name, int value)
{
	invariant(zmq_setsockopt(socket, name, &value, sizeof(value)) == 0);
}

static void set_key(void *socket, int name, const struct curve_key *key)
{
	invariant(zmq_setsockopt(socket, name, key->bytes, CURVE_KEY_BYTES) == 0);
}

static void *client_run(void *argument)
{
	const struct client *client = argument;
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_DEALER);
	char *bytes = calloc(1, (size_t)client->load->bytes);
	zmq_msg_t answer;
	set(socket, ZMQ_LINGER, 0);
	set(socket, ZMQ_SNDHWM, 0);
	set(socket, ZMQ_RCVHWM, 0);
	set_key(socket, ZMQ_CURVE_SERVERKEY, &client->server->public_key);
	set_key(socket, ZMQ_CURVE_PUBLICKEY, &client->own->public_key);
	set_key(socket, ZMQ_CURVE_SECRETKEY, &client->own->secret_key);
	invariant(zmq_connect(socket, client->address) == 0);
	(void)zmq_msg_init(&answer);
	int sent = 0;
	int answered = 0;
	while (answered < client->load->messages) {
		for (; sent < client->load->messages && sent - answered < client->load->window;
			sent++)
			invariant(zmq_send(socket, bytes, (size_t)client->load->bytes, 0) >= 0);
		invariant(zmq_msg_recv(&answer, socket, 0) == ANSWER_BYTES);
		answered++;
		while (zmq_msg_recv(&answer, socket, ZMQ_DONTWAIT) >= 0)
			answered++;
	}
	(void)zmq_msg_close(&answer);
	(void)zmq_close(socket);
	(void)zmq_ctx_term(context);
	free(bytes);
	return NULL;
}

static void clients_start(struct client *clients, const struct load *load, const char *address,
	const struct curve_pair *server, const struct curve_pair *own)
{
	for (int i = 0; i < load->clients; i++) {
		clients[i] = (struct client){.load = load, .server = server, .own = own};
		(void)snprintf(clients[i].address, sizeof(clients[i].address), "%s", address);
		invariant(pthread_create(&clients[i].thread, NULL, client_run, &clients[i]) == 0);
	}
}

static double rate(const struct load *load, int64_t start_us)
{
	return (double)load->clients * load->messages * 1e6 /
	       (double)(clock_steady_us() - start_us);
}

/* ---- The bare socket: any key is accepted, since nobody is asked ---- */

static double run_bare(const struct load *load, const struct curve_pair *server,
	const struct curve_pair *own, const struct listener_options *options)
{
	struct client clients[CLIENTS_MAX];
	char address[LISTENER_ADDRESS_BYTES];
	size_t size = sizeof(address);
	zmq_msg_t id;
	zmq_msg_t body;
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_ROUTER);
	set(socket, ZMQ_CURVE_SERVER, 1);
	set_key(socket, ZMQ_CURVE_SECRETKEY, &server->secret_key);
	set(socket, ZMQ_SNDHWM, (int)options->send_messages);
	set(socket, ZMQ_RCVHWM, (int)options->receive_messages);
	set(socket, ZMQ_ROUTER_MANDATORY, 1);
	invariant(zmq_bind(socket, "tcp://127.0.0.1:*") == 0);
	invariant(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, address, &size) == 0);
	int64_t start_us = clock_steady_us();
	clients_start(clients, load, address, server, own);
	(void)zmq_msg_init(&id);
	(void)zmq_msg_init(&body);
	for (int64_t left = (int64_t)load->clients * load->messages; left > 0; left--) {
		invariant(zmq_msg_recv(&id, socket, 0) >= 0);
		invariant(zmq_msg_recv(&body, socket, 0) == load->bytes);
		(void)zmq_msg_close(&body);
		invariant(zmq_msg_init_size(&body, ANSWER_BYTES) == 0);
		invariant(zmq_msg_send(&id, socket, ZMQ_SNDMORE) >= 0);
		invariant(zmq_msg_send(&body, socket, 0) >= 0);
		(void)zmq_msg_init(&id);
		(void)zmq_msg_init(&body);
	}
	for (int i = 0; i < load->clients; i++)
		invariant(pthread_join(clients[i].thread, NULL) == 0);
	double result = rate(load, start_us);
	(void)zmq_close(socket);
	(void)zmq_ctx_term(context);
	return result;
}

/* ---- The endpoint ---- */

struct echo {
	struct endpoint *endpoint;
	int64_t left;
	int64_t refused;
};

static void echo_message(void *context, struct connection *connection, struct message *message)
{
	static const uint8_t answer[ANSWER_BYTES];
	struct echo *echo = context;
	message_free(message);
	/* With the window below the queue's bound it is never full. */
	if (endpoint_send(echo->endpoint, connection, slice_of(answer, sizeof(answer))) != CH_OK)
		echo->refused++;
	echo->left--;
}

static void echo_connection(void *context, struct connection *connection)
{
	(void)context;
	(void)connection;
}

static bool echo_done(void *context)
{
	const struct echo *echo = context;
	return echo->left == 0;
}

static struct roster *make_roster(const struct curve_key *key)
{
	char folder[SCRATCH_BYTES];
	char path[sizeof(folder) + 16];
	char text[256];
	char z85[CURVE_TEXT_BYTES];
	struct problems problems = {0};
	struct roster *roster = NULL;
	scratch_make(folder, "echo");
	(void)snprintf(path, sizeof(path), "%s/load.conf", folder);
	(void)snprintf(text, sizeof(text),
		"public_key = %s\nroles = producer\nsources = *\ntypes = >\n",
		curve_format(key, z85));
	invariant(file_replace(path, slice_text(text), 0600) == CH_OK);
	invariant(roster_load(folder, &problems, &roster) == CH_OK);
	scratch_remove(folder);
	return roster;
}

static double run_endpoint(const struct load *load, const struct curve_pair *server,
	const struct curve_pair *own, const struct listener_options *options)
{
	struct client clients[CLIENTS_MAX];
	struct echo echo = {.left = (int64_t)load->clients * load->messages};
	struct roster *roster = make_roster(&own->public_key);
	struct metrics *metrics = metrics_create();
	const struct zap_options zap_options = {roster, server, 1, metrics};
	const struct endpoint_options endpoint_options = {*options, 100, 0};
	const struct endpoint_events events = {.message = echo_message,
		.writable = echo_connection,
		.closed = echo_connection,
		.context = &echo};
	struct loop *loop = NULL;
	struct zap *zap = NULL;
	invariant(loop_create(&loop) == CH_OK);
	invariant(zap_start(loop, &zap_options, &zap) == CH_OK);
	invariant(endpoint_open(loop, zap, &endpoint_options, &events, &echo.endpoint) == CH_OK);
	int64_t start_us = clock_steady_us();
	clients_start(clients, load, endpoint_address(echo.endpoint), server, own);
	invariant(loop_until(loop, echo_done, &echo, 60000));
	for (int i = 0; i < load->clients; i++)
		invariant(pthread_join(clients[i].thread, NULL) == 0);
	double result = rate(load, start_us);
	invariant(echo.refused == 0);
	endpoint_close(echo.endpoint);
	zap_stop(zap);
	loop_free(loop);
	roster_free(roster);
	metrics_free(metrics);
	return result;
}

int main(int argc, char **argv)
{
	const struct load load = {option(argc, argv, 1, 2), option(argc, argv, 2, 1000),
		option(argc, argv, 3, 200000), option(argc, argv, 4, 300)};
	const struct listener_options options = {
		.address = "tcp://127.0.0.1:*",
		.receive_messages = option(argc, argv, 6, 256),
		.send_messages =
			64 + 4 * (int64_t)load.window, /* what has been read is told in halves */
		.message_bytes = LIMIT_FRAME_BYTES,
		.heartbeat_ms = 5000,
		.handshake_ms = 10000,
		.linger_ms = 1000,
	};
	struct curve_pair server;
	struct curve_pair own;
	if (load.clients > CLIENTS_MAX)
		return 64;
	curve_generate(&server);
	curve_generate(&own);
	for (int round = 0; round < option(argc, argv, 5, 3); round++) {
		double bare = run_bare(&load, &server, &own, &options);
		double endpoint = run_endpoint(&load, &server, &own, &options);
		printf("clients=%d window=%d bytes=%d bare=%.0f/s endpoint=%.0f/s ratio=%.2f\n",
			load.clients, load.window, load.bytes, bare, endpoint, endpoint / bare);
	}
	return 0;
}
