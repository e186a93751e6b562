#include "net/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#include "net/zap_request.h"

/* What CURVE wraps around a part: the command's name, a nonce, the flags and the box (RFC 26). */
#define LISTENER_CURVE_BYTES (8 + 8 + 1 + 16)

/* A row for each option; all of them are an int to libzmq, but for the size. */
struct listener_row {
	int option;
	int64_t value;
};

static bool listener_set(void *socket, int option, int64_t value)
{
	int number = (int)value;
	if (option == ZMQ_MAXMSGSIZE)
		return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
	return number == value && zmq_setsockopt(socket, option, &number, sizeof(number)) == 0;
}

static bool listener_set_all(void *socket, const struct listener_options *options)
{
	/* A heartbeat's time to live travels in tenths of a second, 16 bits of them. */
	int64_t silence_ms = options->heartbeat_ms * 3;
	int64_t ttl_ms = silence_ms < 6553500 ? silence_ms : 6553500;
	bool six = strchr(options->address, '[') != NULL;
	const struct listener_row rows[] = {
		{ZMQ_CURVE_SERVER, 1},
		{ZMQ_MAXMSGSIZE, options->message_bytes + LISTENER_CURVE_BYTES},
		{ZMQ_RCVHWM, options->receive_messages},
		{ZMQ_SNDHWM, options->send_messages},
		{ZMQ_LINGER, options->linger_ms},
		{ZMQ_HANDSHAKE_IVL, options->handshake_ms},
		{ZMQ_HEARTBEAT_IVL, options->heartbeat_ms},
		{ZMQ_HEARTBEAT_TIMEOUT, silence_ms},
		{ZMQ_HEARTBEAT_TTL, ttl_ms},
		{ZMQ_TCP_KEEPALIVE, 1},
		{ZMQ_IPV6, six},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!listener_set(socket, rows[i].option, rows[i].value))
			return false;
	}
	return true;
}

enum ch_status listener_create(
	struct zap *zap, int type, const struct listener_options *options, void **out_socket)
{
	const struct curve_pair *server = zap_server(zap);
	void *socket = zmq_socket(zap_context(zap), type);
	if (socket == NULL)
		return CH_NOMEM;
	if (!listener_set_all(socket, options) ||
		zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, server->secret_key.bytes,
			CURVE_KEY_BYTES) != 0 ||
		zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) != 0) {
		(void)zmq_close(socket); /* a valid socket */
		return CH_INVALID;
	}
	*out_socket = socket;
	return CH_OK;
}

enum ch_status listener_bind(
	void *socket, const char *address, char out_address[LISTENER_ADDRESS_BYTES])
{
	size_t size = LISTENER_ADDRESS_BYTES;
	if (zmq_bind(socket, address) != 0) {
		switch (errno) {
		case EADDRINUSE:
			return CH_BUSY;
		case EACCES:
			return CH_DENIED;
		case EINVAL:
		case ENODEV:
		case EADDRNOTAVAIL:
		case EPROTONOSUPPORT:
			return CH_INVALID;
		default:
			return CH_IO;
		}
	}
	return zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, out_address, &size) == 0 ? CH_OK : CH_IO;
}
