/* A socket that the world can reach, with every guard set before it is bound: CURVE, the ZAP domain,
 * bounds on sizes and queues, time limits on handshakes and silence. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdint.h>

#include "net/zap.h"

#define LISTENER_ADDRESS_BYTES 256

struct listener_options {
	const char *address;      /* "tcp://127.0.0.1:7710"; port * : any that is free */
	int64_t receive_messages; /* queued for each connection before TCP is no longer read */
	int64_t send_messages; /* queued for each connection before a send is refused or dropped */
	int64_t message_bytes; /* largest part; who sends a larger one is disconnected */
	int64_t handshake_ms;  /* a connection that is not through by then is closed */
	/* Between ZMTP's signs of life; after three times as long without any it is closed; 0: none are
	 * asked for, nobody is closed.  libzmq counts time in which this process, or the client's, did not
	 * run as silence: who has signs of life of his own does not want these.  They travel in line with
	 * everything else: a client that leaves its messages unread for so long counts as dead, so its
	 * receive queue must hold what it has given credit for. */
	int64_t heartbeat_ms;
	int64_t linger_ms; /* how long a close waits for what is still to be sent */
};

/* A socket of `type` (ZMQ_ROUTER ...), not bound, so that its kind's own options can be set.
 * CH_NOMEM: too many sockets; CH_INVALID: a bound out of its range. */
enum ch_status listener_create(
	struct zap *zap, int type, const struct listener_options *options, void **out_socket);

/* Binds it and says where: `out_address` has the real port.  CH_BUSY: somebody has the address;
 * CH_INVALID: no such address; CH_DENIED; CH_IO. */
enum ch_status listener_bind(
	void *socket, const char *address, char out_address[LISTENER_ADDRESS_BYTES]);

#endif
