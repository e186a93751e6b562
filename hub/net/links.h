/* The TCP connections under a listening socket.
 *
 * ZeroMQ hides them, and mostly that is a blessing; but a hub must know when a peer is gone, must be
 * able to throw one out, and must bound what a stranger can make it hold.  libzmq's monitor tells of
 * every descriptor when it is accepted and when it is closed; a message tells which descriptor it came
 * through.  Together: each connection that has spoken is tied to its descriptor.
 *
 * Why the two never disagree for long: the monitor speaks of a descriptor in order (accepted, closed,
 * accepted ...), and a message can only arrive after its connection was accepted.  So whoever ties a
 * descriptor to an owner reads the monitor to its end first, and then the last thing it said stands.
 * Where a number was used again in that very moment, the newer owner displaces the older, which is
 * reported closed; a closed connection that lingers is the worst that can happen.
 *
 * Three guards live here, since libzmq has none of them: a bound on connections; a time by which a
 * connection must have said something; and a bound on what was sent without completing a message,
 * which libzmq would collect for ever (ZMQ_MAXMSGSIZE is per part, and an unfinished message counts
 * for no queue bound).  Loop thread. */
#ifndef NET_LINKS_H
#define NET_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/zap.h"

struct links;

struct link {
	int fd;
	bool open;
	void *owner;           /* NULL: has not spoken */
	uint64_t messages;     /* whole ones that came out of it; counted by the owner */
	uint64_t swept;        /* `messages` at the last sweep */
	uint64_t anchor_bytes; /* what TCP had received when a message was last seen to be whole */
	int64_t opened_us;
};

struct links_options {
	const char *name; /* "bus", for metrics */
	int64_t connections_max;
	int64_t silent_ms;        /* how long one may stay without a word; 0: for ever */
	int64_t unfinished_bytes; /* 0: LIMIT_UNFINISHED_BYTES */
	/* The connection of `owner` is gone.  What it sent before may still wait in the socket. */
	void (*closed)(void *context, void *owner);
	void *context;
};

/* Watches a socket that is not bound yet.  CH_NOMEM, CH_IO. */
enum ch_status links_create(struct loop *loop, struct zap *zap, void *socket,
	const struct links_options *options, struct links **out_links);

/* Before the socket is closed.  Nobody is told of anything any more. */
void links_free(struct links *links);

/* Ties a descriptor to its owner.  NULL: the connection is gone already.  May report the owner that
 * had this number before as closed. */
struct link *links_claim(struct links *links, int fd, void *owner);

/* Throws the connection out: it will be reported closed.  `reason` is a metric's label. */
void links_cut(struct links *links, struct link *link, const char *reason);

/* Looks for connections that have been silent too long or hold too much unfinished.  To be called when
 * every whole message has been taken out of the socket, some times a second. */
void links_sweep(struct links *links);

size_t links_open(const struct links *links);

#endif
