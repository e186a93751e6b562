/* The TCP connections under a listening socket.
 *
 * ZeroMQ hides them, and mostly that is a blessing; but a hub must know when a peer is gone, must be
 * able to throw one out, and must bound what a stranger can make it hold.  libzmq's monitor tells of
 * every descriptor when it is accepted and when it is closed; a message tells which descriptor it came
 * through.  Together: each connection that has spoken is tied to its descriptor.
 *
 * The two are brought together by handshakes, see link_table.h.  Nobody is ever thrown out for another:
 * a descriptor that is to be shut down is held first, and then everything that the monitor has told is
 * read; had it been closed and given to another meanwhile, that would stand there.
 *
 * Three guards live here, since libzmq has none of them: a bound on connections; a time by which a
 * connection must have said something; and a bound on what was sent without completing a message,
 * which libzmq would collect for ever (ZMQ_MAXMSGSIZE is per part, and an unfinished message counts
 * for no queue bound).  Loop thread. */
#ifndef NET_LINKS_H
#define NET_LINKS_H

#include "net/link_table.h"
#include "net/zap.h"

struct links;

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

/* Ties a descriptor to the owner of the connection that has this handshake.  CH_CLOSED: the connection is
 * gone; CH_RETRY: the monitor has yet to tell of it, which can only be with several I/O threads. */
enum ch_status links_claim(
	struct links *links, int fd, uint64_t handshake, void *owner, struct link **out_link);

/* Throws the connection out: it will be reported closed, or has just been.  `reason` is a metric's label;
 * `link` may be NULL.  False: not now, the system would not do it.  Needs no free descriptor. */
bool links_cut(struct links *links, struct link *link, const char *reason);

/* Looks for connections that have been silent too long or hold too much unfinished.  To be called when
 * every whole message has been taken out of the socket, some times a second. */
void links_sweep(struct links *links);

size_t links_open(const struct links *links);

#endif
