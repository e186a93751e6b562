#include "client/link.h"

#include <errno.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/limits.h"

/* Frames that may wait unread before TCP holds the hub back: credit bounds them as well. */
#define RECEIVE_FRAMES 1024

/* What encryption adds to a message on the wire (RFC 26: 33 bytes), rounded up. */
#define CURVE_BYTES 64

enum ch_status link_init(struct link *link)
{
	*link = (struct link){0};
	link->context = zmq_ctx_new();
	return link->context != NULL ? CH_OK : CH_NOMEM;
}

void link_fini(struct link *link)
{
	link_close(link, 0);
	if (link->context != NULL)
		(void)zmq_ctx_term(link->context); /* no socket is left that it could wait for */
	link->context = NULL;
}

static bool link_set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

static bool link_set_key(void *socket, int option, const uint8_t key[OPTIONS_KEY_BYTES])
{
	return zmq_setsockopt(socket, option, key, OPTIONS_KEY_BYTES) == 0;
}

static bool link_set_up(void *socket, const struct ch_options *options)
{
	int timeout_ms = options->connect_timeout_ms < INT32_MAX ? (int)options->connect_timeout_ms
								 : INT32_MAX;
	int64_t max_bytes = LIMIT_FRAME_BYTES + CURVE_BYTES;
	return link_set_int(socket, ZMQ_LINGER, 0) && link_set_int(socket, ZMQ_RECONNECT_IVL, -1) &&
	       link_set_int(socket, ZMQ_SNDHWM, 0) && /* the window bounds it */
	       link_set_int(socket, ZMQ_RCVHWM, RECEIVE_FRAMES) &&
	       link_set_int(socket, ZMQ_HANDSHAKE_IVL, timeout_ms) &&
	       link_set_int(socket, ZMQ_CONNECT_TIMEOUT, timeout_ms) &&
	       link_set_int(socket, ZMQ_TCP_KEEPALIVE, 1) && link_set_int(socket, ZMQ_IPV6, 1) &&
	       zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_bytes, sizeof(max_bytes)) == 0;
}

enum ch_status link_open(struct link *link, const struct ch_options *options)
{
	char address[64];
	enum ch_status status = CH_IO;
	link->socket = zmq_socket(link->context, ZMQ_DEALER);
	link->monitor = zmq_socket(link->context, ZMQ_PAIR);
	if (link->socket == NULL || link->monitor == NULL || !link_set_up(link->socket, options))
		goto out;
	if (!link_set_key(link->socket, ZMQ_CURVE_SERVERKEY, options->server_key) ||
		!link_set_key(link->socket, ZMQ_CURVE_PUBLICKEY, options->public_key) ||
		!link_set_key(link->socket, ZMQ_CURVE_SECRETKEY, options->secret_key)) {
		status = CH_UNSUPPORTED;
		goto out;
	}
	(void)snprintf(address, sizeof(address), "inproc://link-monitor-%llu",
		(unsigned long long)++link->tries); /* fits */
	if (zmq_socket_monitor(link->socket, address, ZMQ_EVENT_ALL) != 0 ||
		!link_set_int(link->monitor, ZMQ_LINGER, 0) ||
		zmq_connect(link->monitor, address) != 0)
		goto out;
	if (zmq_connect(link->socket, options->endpoint) != 0) {
		status = errno == EINVAL || errno == EPROTONOSUPPORT ? CH_INVALID : CH_IO;
		goto out;
	}
	status = CH_OK;
out:
	if (status != CH_OK)
		link_close(link, 0);
	return status;
}

void link_close(struct link *link, int linger_ms)
{
	if (link->socket != NULL) {
		/* Neither can fail on a socket of ours. */
		(void)zmq_socket_monitor(link->socket, NULL, 0);
		(void)link_set_int(link->socket, ZMQ_LINGER, linger_ms);
		(void)zmq_close(link->socket);
	}
	if (link->monitor != NULL)
		(void)zmq_close(link->monitor);
	link->socket = NULL;
	link->monitor = NULL;
}

enum ch_status link_send(struct link *link, struct slice head, struct slice body)
{
	zmq_msg_t message;
	if (zmq_msg_init_size(&message, head.len + body.len) != 0)
		return CH_NOMEM;
	uint8_t *data = zmq_msg_data(&message);
	memcpy(data, head.data, head.len);
	if (body.len > 0)
		memcpy(data + head.len, body.data, body.len);
	if (zmq_msg_send(&message, link->socket, ZMQ_DONTWAIT) < 0) {
		(void)zmq_msg_close(&message);
		return CH_IO;
	}
	return CH_OK;
}

enum ch_status link_receive(struct link *link, zmq_msg_t *message)
{
	if (zmq_msg_recv(message, link->socket, ZMQ_DONTWAIT) < 0)
		return CH_END;
	if (!zmq_msg_more(message))
		return CH_OK;
	while (zmq_msg_more(message)) {
		if (zmq_msg_recv(message, link->socket, ZMQ_DONTWAIT) < 0)
			break;
	}
	return CH_FORMAT;
}

static const struct outcome_of_event {
	uint16_t event;
	enum ch_status status;
	const char *detail;
} outcomes_of_events[] = {
	{ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, CH_DENIED, "the hub does not know our key"},
	{ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, CH_DENIED,
		"the handshake failed: is the hub's public key the right one?"},
	{ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, CH_RETRY,
		"the handshake broke off: is the hub's public key the right one?"},
	{ZMQ_EVENT_CLOSED, CH_CLOSED, "nobody listens there"},
	{ZMQ_EVENT_CONNECT_RETRIED, CH_CLOSED, "nobody listens there"},
	{ZMQ_EVENT_DISCONNECTED, CH_CLOSED, "the connection broke"},
};

/* One event of the monitor: number (2 bytes) and value in the first part, the address in the second. */
static bool link_next_event(struct link *link, uint16_t *out_event)
{
	zmq_msg_t part;
	bool got = false;
	(void)zmq_msg_init(&part);
	if (zmq_msg_recv(&part, link->monitor, ZMQ_DONTWAIT) >= 2) {
		memcpy(out_event, zmq_msg_data(&part), sizeof(*out_event));
		got = true;
		while (zmq_msg_more(&part) && zmq_msg_recv(&part, link->monitor, 0) >= 0)
			;
	}
	(void)zmq_msg_close(&part);
	return got;
}

enum ch_status link_check(struct link *link, const char **out_detail)
{
	uint16_t event;
	while (link_next_event(link, &event)) {
		for (size_t i = 0; i < sizeof(outcomes_of_events) / sizeof(outcomes_of_events[0]);
			i++) {
			if (outcomes_of_events[i].event == event) {
				*out_detail = outcomes_of_events[i].detail;
				return outcomes_of_events[i].status;
			}
		}
	}
	return CH_OK;
}

void link_wait(struct link *link, int fd, int64_t timeout_ms)
{
	zmq_pollitem_t items[3] = {
		{NULL, fd, ZMQ_POLLIN, 0},
		{link->socket, 0, ZMQ_POLLIN, 0},
		{link->monitor, 0, ZMQ_POLLIN, 0},
	};
	/* Interrupted or not: the caller looks everywhere anyway. */
	(void)zmq_poll(items, link->socket != NULL ? 3 : 1, (long)timeout_ms);
}
