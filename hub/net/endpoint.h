/* The bus endpoint: the ROUTER socket that every client of the hub talks to.
 *
 * It moves opaque messages of one part between connections and the one who opened it, and knows of a
 * connection only who its peer is.  What it promises:
 *
 * - A message comes from the peer it says: identity is the key of the handshake (see zap.h), looked up
 *   at a connection's first message.  Connections are told apart by the number that the ROUTER gave
 *   them; who brings a routing id of his own is thrown out, since somebody else can use it again.  (One
 *   that looks like a number of the ROUTER's passes for it.  It gets nobody else's answers, since an
 *   id in use is not given twice.)
 * - Nothing is dropped on the way out.  A connection whose queue is full answers CH_FULL and gets
 *   `writable` later; the caller keeps what it has.  What was sent may still be lost with the
 *   connection, as with any network: receipts and acknowledgements are the protocol's business.
 * - Work is done in bounded turns, and ZeroMQ takes messages from the connections in turn, so that
 *   one that floods does not starve the others, the timers or the tasks.
 * - Each connection that has spoken is reported closed exactly once.
 *
 * All on the loop thread.  From other threads post a task, and name the connection by its number:
 * the pointer is good only until `closed`. */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include "net/listener.h"
#include "net/message.h"
#include "net/peer.h"

struct endpoint;
struct connection;

/* The callbacks may send and close, also the connection that they are about. */
struct endpoint_events {
	/* The message is the callee's.  The first of a connection finds connection_user NULL. */
	void (*message)(void *context, struct connection *connection, struct message *message);
	/* Something that is no message came and was dropped: CH_FORMAT, more than one part.  May be
	 * NULL.  Who sends many parts is thrown out anyway. */
	void (*malformed)(void *context, struct connection *connection, enum ch_status reason);
	/* Try again what was refused with CH_FULL. */
	void (*writable)(void *context, struct connection *connection);
	/* Gone: network, peer, connection_close or a reload.  No call may name it afterwards. */
	void (*closed)(void *context, struct connection *connection);
	/* The messages of this turn have all been handed over.  May be NULL. */
	void (*turned)(void *context);
	void *context;
};

struct endpoint_options {
	struct listener_options listener;
	int64_t connections_max;
	int64_t silent_ms; /* how long a connection may stay without a message; 0: for ever */
};

/* Binds and listens.  CH_BUSY, CH_INVALID, CH_DENIED: the address; CH_NOMEM, CH_IO. */
enum ch_status endpoint_open(struct loop *loop, struct zap *zap,
	const struct endpoint_options *options, const struct endpoint_events *events,
	struct endpoint **out_endpoint);

/* Reports every connection closed, then closes the socket; what was sent gets the linger to leave,
 * for which zap_stop waits. */
void endpoint_close(struct endpoint *endpoint);

/* Where it listens, with the real port. */
const char *endpoint_address(const struct endpoint *endpoint);

/* Stops or goes on taking messages.  While stopped, ZeroMQ's queues fill and TCP holds the senders
 * back: the last resort when somebody ignores credit.  Not for long: their signs of life wait as well. */
void endpoint_set_reading(struct endpoint *endpoint, bool reading);

/* After roster_reload: gives each connection its peer's new rights, closes those whose peer is gone
 * or has another key. */
void endpoint_recheck(struct endpoint *endpoint);

/* ---- Sending ---- */

/* Sends one message; the bytes are copied.  CH_FULL: the queue of this connection is full (by
 * count, or for a large message by bytes), nothing was taken, `writable` will follow.  CH_CLOSED: it is gone or going.  CH_NOMEM. */
enum ch_status endpoint_send(
	struct endpoint *endpoint, struct connection *connection, struct slice bytes);

/* The same without a copy: on CH_OK the memory has gone to ZeroMQ and the buffer is empty. */
enum ch_status endpoint_send_buffer(
	struct endpoint *endpoint, struct connection *connection, struct buffer *bytes);

/* ---- Connections ---- */

/* By its number; NULL: gone. */
struct connection *endpoint_find(struct endpoint *endpoint, uint64_t number);
size_t endpoint_connections(const struct endpoint *endpoint);

/* Never 0, never used again. */
uint64_t connection_number(const struct connection *connection);

/* As of now: a reload may give it another.  peer_ref it to keep it. */
struct peer *connection_peer(const struct connection *connection);

/* Something of the user's. */
void *connection_user(const struct connection *connection);
void connection_set_user(struct connection *connection, void *user);

/* Throws it out: no more messages from it, sends answer CH_CLOSED.  `closed` follows within some 300 ms,
 * which is what a last word that was sent before has to leave.  `reason` is a metric's label:
 * constant text. */
void connection_close(struct endpoint *endpoint, struct connection *connection, const char *reason);

#endif
