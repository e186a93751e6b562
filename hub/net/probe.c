#include "net/probe.h"

#include <stdio.h>
#include <zmq.h>

#include "base/clock.h"
#include "net/zap.h"

#define PROBE_LIMIT_US INT64_C(10000000)
#define PROBE_WATCHED                                                                              \
	(ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |                         \
		ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)

enum probe_answer { PROBE_NONE, PROBE_LET_IN, PROBE_REFUSED, PROBE_BROKEN };

struct probe_client {
	void *socket;
	void *monitor;
	enum probe_answer answer;
};

struct probe {
	void *server;
	struct probe_client known;
	struct probe_client stranger;
};

static bool probe_set_key(void *socket, int option, const struct curve_key *key)
{
	return zmq_setsockopt(socket, option, key->bytes, CURVE_KEY_BYTES) == 0;
}

static bool probe_set_number(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

/* The server's place on loopback is written into `address`. */
static bool probe_listen(
	struct probe *probe, void *context, const struct curve_pair *server, char address[128])
{
	size_t size = 128;
	probe->server = zmq_socket(context, ZMQ_ROUTER);
	return probe->server != NULL && probe_set_number(probe->server, ZMQ_LINGER, 0) &&
	       probe_set_number(probe->server, ZMQ_CURVE_SERVER, 1) &&
	       probe_set_key(probe->server, ZMQ_CURVE_SECRETKEY, &server->secret_key) &&
	       zmq_setsockopt(probe->server, ZMQ_ZAP_DOMAIN, ZAP_PROBE_DOMAIN,
		       strlen(ZAP_PROBE_DOMAIN)) == 0 &&
	       zmq_bind(probe->server, "tcp://127.0.0.1:*") == 0 &&
	       zmq_getsockopt(probe->server, ZMQ_LAST_ENDPOINT, address, &size) == 0;
}

static bool probe_connect(struct probe_client *client, void *context,
	const struct curve_pair *server, const struct curve_pair *own, const char *address)
{
	char monitor[64];
	/* Never used before: a name is given back some time after its socket was closed. */
	(void)snprintf(monitor, sizeof(monitor), "inproc://carehub.probe.%p.%lld", (void *)client,
		(long long)clock_steady_us());
	client->socket = zmq_socket(context, ZMQ_DEALER);
	client->monitor = zmq_socket(context, ZMQ_PAIR);
	return client->socket != NULL && client->monitor != NULL &&
	       probe_set_number(client->monitor, ZMQ_LINGER, 0) &&
	       probe_set_number(client->socket, ZMQ_LINGER, 0) &&
	       probe_set_key(client->socket, ZMQ_CURVE_SERVERKEY, &server->public_key) &&
	       probe_set_key(client->socket, ZMQ_CURVE_PUBLICKEY, &own->public_key) &&
	       probe_set_key(client->socket, ZMQ_CURVE_SECRETKEY, &own->secret_key) &&
	       zmq_socket_monitor(client->socket, monitor, PROBE_WATCHED) == 0 &&
	       zmq_connect(client->monitor, monitor) == 0 &&
	       zmq_connect(client->socket, address) == 0;
}

/* The first answer counts: a client that was cut off tries again by itself. */
static void probe_look(struct probe_client *client)
{
	uint8_t event[6]; /* number and value, in the machine's order */
	uint8_t address[256];
	uint16_t number;
	uint32_t value;
	while (client->answer == PROBE_NONE && zmq_recv(client->monitor, event, sizeof(event),
						       ZMQ_DONTWAIT) == (int)sizeof(event)) {
		memcpy(&number, event, sizeof(number));
		memcpy(&value, event + sizeof(number), sizeof(value));
		(void)zmq_recv(
			client->monitor, address, sizeof(address), ZMQ_DONTWAIT); /* unused */
		if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
			client->answer = PROBE_LET_IN;
		else if (number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH && value == 400)
			client->answer = PROBE_REFUSED;
		else
			client->answer = PROBE_BROKEN;
	}
}

static bool probe_answered(void *context)
{
	struct probe *probe = context;
	probe_look(&probe->known);
	probe_look(&probe->stranger);
	return probe->known.answer != PROBE_NONE && probe->stranger.answer != PROBE_NONE;
}

static void probe_client_fini(struct probe_client *client)
{
	if (client->socket != NULL) {
		(void)zmq_socket_monitor(client->socket, NULL, 0); /* closing ends it as well */
		(void)zmq_close(client->socket);
	}
	if (client->monitor != NULL)
		(void)zmq_close(client->monitor);
}

enum ch_status probe_run(struct loop *loop, void *context, const struct curve_pair *server,
	const struct curve_pair *known)
{
	struct probe probe = {0};
	struct curve_pair unknown;
	char address[128];
	enum ch_status status = CH_IO;
	curve_generate(&unknown);
	if (!probe_listen(&probe, context, server, address) ||
		!probe_connect(&probe.known, context, server, known, address) ||
		!probe_connect(&probe.stranger, context, server, &unknown, address))
		goto out;
	/* The answers reach the clients, not the loop: look again every few milliseconds. */
	int64_t end_us = clock_steady_us() + PROBE_LIMIT_US;
	while (!loop_until(loop, probe_answered, &probe, 5) && clock_steady_us() < end_us) {
		/* still waiting */
	}
	status = probe.known.answer == PROBE_LET_IN && probe.stranger.answer == PROBE_REFUSED
			 ? CH_OK
			 : CH_DENIED;
out:
	probe_client_fini(&probe.known);
	probe_client_fini(&probe.stranger);
	if (probe.server != NULL)
		(void)zmq_close(probe.server); /* a valid socket */
	curve_wipe(&unknown);
	return status;
}
