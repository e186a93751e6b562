/* The session with the hub, seen from the I/O thread: connect, greet, exchange, start again.
 *
 *     idle ----try----> greeting ----WELCOME----> up
 *      ^                    |                      |
 *      +---- back-off ------+------ broken --------+         any: stop ----> over
 *
 * The first message of a connection is HELLO, and nothing is sent before WELCOME has come.  Then
 * unanswered publishes go out again and subscriptions attach again, before anything new. */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include "base/vigil.h"
#include "client/error.h"
#include "client/link.h"
#include "wire/receipt.h"
#include "wire/session.h"

struct ch_connection;
struct ch_subscription;
struct ask;

/* When the hub does not say how often it wants a sign of life. */
#define SESSION_HEARTBEAT_MS 10000

enum session_state {
	SESSION_IDLE,     /* waiting for the next try */
	SESSION_GREETING, /* HELLO is on its way */
	SESSION_UP,
	SESSION_OVER,
};

struct session {
	enum session_state state;
	bool stop;             /* the user closes */
	enum ch_status broken; /* a send has failed */
	struct link link;
	uint8_t token[SESSION_TOKEN_BYTES];
	size_t token_len;
	char lost
		[ERROR_DETAIL_BYTES]; /* why the last connection is no more, or did not come about */
	int64_t next_try_us;
	int64_t back_off_ms;
	uint32_t broken_off; /* tries that ended in the handshake, one after the other */
	int64_t heartbeat_us;
	/* The hub's silence, in time listened to it: what passes while this thread does not run, or the
	 * machine sleeps, is none. */
	struct vigil vigil;
	int64_t greeting_until_us;
	int64_t heard_us;      /* when the hub last said anything */
	int64_t pinged_us;     /* when it was last asked to */
	uint64_t pinged_token; /* by the steady clock */
	uint64_t random;
	uint64_t incarnation;

	struct ch_subscription **subscriptions; /* changed under the connection's lock */
	uint32_t subscription_count;
	uint32_t subscription_capacity;
	uint32_t last_handle;
	uint32_t deferred; /* subscriptions whose answers wait for company */
	int64_t attach_us; /* when one wants to try attaching again; 0: none */
	struct ask *asks;
	uint64_t last_request;

	/* Scratch, too large for a stack. */
	struct buffer frame;
	struct receipts receipts;
	struct welcome welcome;
};

enum ch_status session_init(struct session *session); /* CH_NOMEM */
void session_fini(struct session *session);

/* The I/O thread's life: until a stop, or (when not lazy) until the first try has failed. */
void session_run(struct ch_connection *connection);

/* ---- For the parts of the session ---- */

/* Sends what stands in session.frame, and empties it.  A failure breaks the connection later, when
 * the link is checked. */
void session_send(struct ch_connection *connection);

/* The connection is no good any more: what is under way is put back or told, and the next try follows. */
void session_break(struct ch_connection *connection, enum ch_status why, const char *detail);

/* Takes all that the hub has said and that has come. */
void session_hear(struct ch_connection *connection);

#endif
