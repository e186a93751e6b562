#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "kit/fakehub/fake_inside.h"

/* The port of a socket that was just closed may be busy for an instant. */
#define LISTEN_TRIES   500
#define LISTEN_WAIT_US 2000

#define ZAP_PARTS      8
#define ZAP_PART_BYTES 256

bool fake_line_open(struct fake_hub *hub, const char *endpoint)
{
	size_t size = sizeof(hub->endpoint);
	if (zmq_curve_keypair(hub->server_public, hub->server_secret) != 0 ||
		zmq_curve_keypair(hub->client_public, hub->client_secret) != 0 ||
		zmq_z85_decode(hub->client_key, hub->client_public) == NULL)
		return false;
	hub->context = zmq_ctx_new();
	if (hub->context == NULL)
		return false;
	/* Before anything is bound: without a handler every key would be welcome. */
	hub->zap = zmq_socket(hub->context, ZMQ_REP);
	if (hub->zap == NULL || zmq_bind(hub->zap, "inproc://zeromq.zap.01") != 0)
		return false;
	(void)snprintf(hub->endpoint, sizeof(hub->endpoint), "%s",
		endpoint != NULL ? endpoint : "tcp://127.0.0.1:*");
	return fake_line_listen(hub) &&
	       zmq_getsockopt(hub->router, ZMQ_LAST_ENDPOINT, hub->endpoint, &size) == 0;
}

void fake_line_close(struct fake_hub *hub)
{
	fake_line_hang_up(hub);
	if (hub->zap != NULL)
		(void)zmq_close(hub->zap);
	if (hub->context != NULL)
		(void)zmq_ctx_term(hub->context);
}

bool fake_line_listen(struct fake_hub *hub)
{
	int one = 1;
	int zero = 0;
	hub->router = zmq_socket(hub->context, ZMQ_ROUTER);
	if (hub->router == NULL)
		return false;
	(void)zmq_setsockopt(hub->router, ZMQ_CURVE_SERVER, &one, sizeof(one));
	(void)zmq_setsockopt(hub->router, ZMQ_CURVE_SECRETKEY, hub->server_secret, FAKE_KEY_BYTES);
	(void)zmq_setsockopt(hub->router, ZMQ_ZAP_DOMAIN, "carehub", 7);
	(void)zmq_setsockopt(hub->router, ZMQ_LINGER, &zero, sizeof(zero));
	(void)zmq_setsockopt(hub->router, ZMQ_SNDHWM, &zero, sizeof(zero));
	for (int i = 0; i < LISTEN_TRIES; i++) {
		if (zmq_bind(hub->router, hub->endpoint) == 0)
			return true;
		(void)usleep(LISTEN_WAIT_US);
	}
	return false;
}

void fake_line_hang_up(struct fake_hub *hub)
{
	if (hub->router != NULL)
		(void)zmq_close(hub->router);
	hub->router = NULL;
	for (int i = 0; i < FAKE_CONNECTIONS; i++) {
		if (hub->connections[i].used)
			fake_session_disconnect(hub, &hub->connections[i]);
	}
	hub->gone_count = 0; /* another socket gives its own names */
}

/* RFC 27: version, request, domain, address, identity, mechanism, and of CURVE the key. */
void fake_line_serve_zap(struct fake_hub *hub)
{
	uint8_t parts[ZAP_PARTS][ZAP_PART_BYTES];
	int lens[ZAP_PARTS] = {0};
	int count = 0;
	int more = 1;
	size_t size = sizeof(more);
	while (more && count < ZAP_PARTS) {
		int len = zmq_recv(hub->zap, parts[count], sizeof(parts[0]), 0);
		lens[count++] = len < 0 || len > ZAP_PART_BYTES ? 0 : len;
		if (zmq_getsockopt(hub->zap, ZMQ_RCVMORE, &more, &size) != 0)
			break;
	}
	bool known = count == 7 && lens[6] == (int)sizeof(hub->client_key) &&
		     memcmp(parts[6], hub->client_key, sizeof(hub->client_key)) == 0;
	(void)zmq_send(hub->zap, "1.0", 3, ZMQ_SNDMORE);
	(void)zmq_send(hub->zap, parts[1], (size_t)lens[1], ZMQ_SNDMORE);
	(void)zmq_send(hub->zap, known ? "200" : "400", 3, ZMQ_SNDMORE);
	(void)zmq_send(hub->zap, known ? "OK" : "no", 2, ZMQ_SNDMORE);
	(void)zmq_send(hub->zap, known ? "tester" : "", known ? 6 : 0, ZMQ_SNDMORE);
	(void)zmq_send(hub->zap, "", 0, 0);
}

void fake_line_send(struct fake_hub *hub, const struct fake_connection *to)
{
	if (hub->router != NULL && to->used) {
		(void)zmq_send(hub->router, to->id, to->id_len, ZMQ_SNDMORE);
		(void)zmq_send(hub->router, hub->out.data, hub->out.len, 0);
	}
	buffer_clear(&hub->out);
}

bool fake_line_receive(struct fake_hub *hub, void *id_msg, void *body_msg)
{
	zmq_msg_t *id = id_msg;
	zmq_msg_t *body = body_msg;
	return hub->router != NULL && zmq_msg_recv(id, hub->router, ZMQ_DONTWAIT) >= 0 &&
	       zmq_msg_recv(body, hub->router, ZMQ_DONTWAIT) >= 0;
}
