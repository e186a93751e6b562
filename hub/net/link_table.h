/* Who has which descriptor.
 *
 * libzmq's monitor tells of a descriptor when it is accepted and when it is closed, and a message tells
 * which one it came through.  The number alone is no name, since the system gives it to the next
 * connection at once, and everything here is read some time after it happened: with a busy machine, a
 * message of somebody who is gone can be read when his number is already another's.
 *
 * Handshakes bring the order into it.  Each has a number, which every message of its connection carries,
 * and before one is given all that the monitor has told is read (zap.h).  So, for a connection of
 * handshake n on descriptor d: the end of whoever had d before it was read before n was given, and its own
 * end can only be read after that.  One question decides: which handshake was the newest when an end of d
 * was last read?  Below n, d is this connection's; n or above, it is gone, whoever has d now.
 *
 * With several I/O threads a beginning may be told late, even after the end; an end is always told before
 * its number is given again.  Not for threads to share. */
#ifndef NET_LINK_TABLE_H
#define NET_LINK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum link_state {
	LINK_CLOSED,
	LINK_OPEN,
	LINK_ENDED, /* its end was told, its beginning has yet to be */
};

struct link {
	int fd;
	enum link_state state;
	void *owner;      /* NULL: has not spoken */
	uint64_t tenancy; /* rises with each connection that has the number */
	uint64_t ended; /* the newest handshake when one that had it was last told to have ended */
	uint64_t messages;     /* whole ones that came out of it; counted by the owner */
	uint64_t swept;        /* `messages` at the last sweep */
	uint64_t anchor_bytes; /* what TCP had received when a message was last seen to be whole */
	int64_t opened_us;     /* the caller's, as are the counts */
	bool excess;           /* one too many */
};

struct link_table {
	struct link **by_fd; /* made when a number is first seen, kept for its next use */
	size_t capacity;
	size_t open;
	/* The connection of `owner` is gone.  What it sent before may still wait in the socket. */
	void (*closed)(void *context, void *owner);
	void *context;
};

void link_table_fini(struct link_table *table);

/* The monitor has told of a beginning, or of an end; `handshake` is the newest so far.  CH_NOMEM: it
 * cannot be watched. */
enum ch_status link_table_begin(
	struct link_table *table, int fd, uint64_t handshake, struct link **out_link);
enum ch_status link_table_end(struct link_table *table, int fd, uint64_t handshake);

/* Ties the descriptor to the owner of the connection that has this handshake.  CH_CLOSED: that
 * connection is gone; CH_RETRY: the monitor has yet to tell of it. */
enum ch_status link_table_claim(
	struct link_table *table, int fd, uint64_t handshake, void *owner, struct link **out_link);

/* NULL: no connection ever had it. */
struct link *link_table_get(const struct link_table *table, int fd);

#endif
