/* What the endpoint knows of a connection; for endpoint.c only. */
#ifndef NET_CONNECTION_H
#define NET_CONNECTION_H

#include "base/table.h"
#include "net/backlog.h"
#include "net/links.h"
#include "net/peer.h"

/* What a ROUTER calls those who brought no id: a zero and four bytes that count up. */
#define CONNECTION_ID_BYTES 5

enum connection_state {
	CONNECTION_OPEN,
	CONNECTION_LOOSE, /* the monitor has yet to tell of it */
	CONNECTION_GONE,  /* what it sent before is still read, then it is closed */
};

struct connection {
	uint8_t id[CONNECTION_ID_BYTES];
	enum connection_state state;
	uint64_t number;
	struct peer *peer; /* a reference */
	struct backlog *backlog;
	int fd;
	uint64_t handshake;
	struct link *link; /* NULL unless it is open */
	void *user;
	const char *condemned; /* why it is to go: it is not heard any more; NULL: it is not */
	int64_t since_us;      /* condemned, loose or gone */
	struct connection *next_gone; /* or next to be cut, or loose */
	/* A ring of those whose queue was full; both NULL when it is not in it. */
	struct connection *next_blocked;
	struct connection *previous_blocked;
};

/* All of an endpoint's, by routing id and by number. */
struct connections {
	struct table by_id;
	struct table by_number;
	uint64_t last_number;
};

void connections_fini(struct connections *connections); /* must be empty */

/* Takes a reference on the peer.  NULL: out of memory. */
struct connection *connections_add(
	struct connections *connections, struct slice id, struct peer *peer);

/* Takes it out and frees it. */
void connections_remove(struct connections *connections, struct connection *connection);

struct connection *connections_by_id(const struct connections *connections, struct slice id);
struct connection *connections_by_number(const struct connections *connections, uint64_t number);

#endif
