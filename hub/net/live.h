/* The live port: events as they happen, for whoever only wants to look, with no promise at all.
 *
 * An XPUB socket.  Each message has two parts: the event's type and one zero byte, and the bytes.  A
 * subscriber subscribes to a beginning of that first part, as ZeroMQ has it: "repair." is everything
 * under repair, "repair.order.received" with its zero byte is exactly that type, the empty one is
 * everything.  The hub checks each against the topics of the peer's file; what the peer may not see is
 * not added, and counted.  Who is slow loses messages; who must not, subscribes on the bus.
 *
 * Loop thread. */
#ifndef NET_LIVE_H
#define NET_LIVE_H

#include "net/listener.h"

struct live;

struct live_options {
	struct listener_options listener;
	int64_t connections_max;
};

/* Binds and listens.  CH_BUSY, CH_INVALID, CH_DENIED: the address; CH_NOMEM, CH_IO. */
enum ch_status live_open(struct loop *loop, struct zap *zap, const struct live_options *options,
	struct live **out_live);
void live_close(struct live *live);

const char *live_address(const struct live *live);

/* Whether anybody would get anything: saves the caller the work of making it. */
bool live_wanted(const struct live *live);

/* Publishes to those who subscribed; both are copied. */
void live_publish(struct live *live, struct slice type, struct slice bytes);

/* After roster_reload: closes connections whose peer is gone or has other topics or another key; they
 * come back by themselves and subscribe under their new rights. */
void live_recheck(struct live *live);

/* ---- Apart from sockets ---- */

/* Whether all that a subscription to this beginning can bring is among the peer's topics. */
bool live_may_subscribe(const struct peer *peer, struct slice beginning);

#endif
