/* The socket to the hub: a ZeroMQ DEALER with CURVE, its monitor, and nothing of what is said over
 * it.  The one file that knows how ZeroMQ connects.
 *
 * ZeroMQ would reconnect by itself and send what is still in its queues before anything else.  Our
 * HELLO must come first, so every try is a socket of its own, and when it breaks it is thrown away.
 *
 * All calls from one thread. */
#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

#include <stdint.h>
#include <zmq.h>

#include "base/slice.h"
#include "client/options.h"

struct link {
	void *context;
	void *socket;  /* NULL: closed */
	void *monitor; /* NULL: closed */
	uint64_t tries;
};

enum ch_status link_init(struct link *link); /* CH_NOMEM */
void link_fini(struct link *link);

/* Begins a try.  CH_INVALID: the endpoint is none; CH_UNSUPPORTED: libzmq without CURVE; CH_IO. */
enum ch_status link_open(struct link *link, const struct ch_options *options);

/* What was sent gets `linger_ms` to leave; received messages stay valid.  Fine when closed. */
void link_close(struct link *link, int linger_ms);

/* Copies `head` and `body` into one message; never blocks.  CH_NOMEM, CH_IO: the socket is no good
 * any more. */
enum ch_status link_send(struct link *link, struct slice head, struct slice body);

/* The next message of one part, which the caller has initialised; CH_END: none for now; CH_FORMAT: one
 * of several parts, swallowed. */
enum ch_status link_receive(struct link *link, zmq_msg_t *message);

/* What has become of the try: CH_OK while nothing is wrong; CH_CLOSED: nobody listens, or the
 * connection broke; CH_DENIED: a key was not taken; CH_RETRY: it broke off in the handshake, as with a
 * hub that is just going, or that has another key.  *out_detail is constant text. */
enum ch_status link_check(struct link *link, const char **out_detail);

/* Sleeps until something comes, `fd` can be read or the time is up. */
void link_wait(struct link *link, int fd, int64_t timeout_ms);

#endif
