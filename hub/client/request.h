/* The I/O thread's side of questions: see carehub/query.h. */
#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H

#include <zmq.h>

#include "base/slice.h"
#include "client/connection.h"

enum ch_status request_take_reply(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message);
void request_refused(struct ch_connection *connection, uint64_t number, enum ch_status reason,
	const char *detail);

/* Nobody knows what became of what was asked: those that wait hear CH_CLOSED, but for questions without a
 * reply, which are asked again at the next welcome. */
void request_lost(struct ch_connection *connection);
void request_welcome(struct ch_connection *connection);

/* The session is over: all hear CH_CLOSED. */
void request_end(struct ch_connection *connection);

#endif
