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

/* Those that wait hear CH_CLOSED: nobody knows what became of their questions. */
void request_lost(struct ch_connection *connection);

#endif
