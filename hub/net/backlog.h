/* The backlog: what a connection was sent and libzmq still holds.
 *
 * ZeroMQ's high-water mark counts messages, so a peer that stops reading would keep a thousand frames
 * of up to 1 MiB each in our memory.  Large messages are therefore counted in bytes as well, from the
 * moment that libzmq gets them until it has put them on the wire or dropped them; that happens on its
 * own threads, and may be long after the connection is forgotten.  Small ones are left to the mark. */
#ifndef NET_BACKLOG_H
#define NET_BACKLOG_H

#include <zmq.h>

#include "base/slice.h"

/* So many are small: a thousand of them, which is the mark, are twice LIMIT_UNSENT_BYTES. */
#define BACKLOG_SMALL_BYTES 4096u

struct backlog;
struct backlog_share; /* of one message */

/* NULL: out of memory. */
struct backlog *backlog_create(void);

/* The connection has gone; what libzmq still holds keeps the memory that it needs.  NULL is fine. */
void backlog_release(struct backlog *backlog);

/* Whether a message of `len` bytes may be sent now; small ones always. */
bool backlog_has_room(const struct backlog *backlog, size_t len);

/* Counts `len` bytes.  *out_share is NULL for a small message, which is not counted.  CH_NOMEM. */
enum ch_status backlog_take(struct backlog *backlog, size_t len, struct backlog_share **out_share);

/* Takes it back: the message was not sent.  NULL is fine. */
void backlog_give_back(struct backlog_share *share);

/* Makes the message of memory from malloc and of its share, both libzmq's afterwards.  CH_NOMEM:
 * nothing was taken. */
enum ch_status backlog_wrap(
	struct backlog_share *share, void *data, size_t len, zmq_msg_t *out_message);

#endif
