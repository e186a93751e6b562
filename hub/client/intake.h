/* What the hub says: one row for each kind of message, and when it may come. */
#ifndef CLIENT_INTAKE_H
#define CLIENT_INTAKE_H

#include <zmq.h>

#include "client/connection.h"

/* Takes one message; it may be moved out of `message`.  What cannot be read breaks the connection. */
void intake_take(struct ch_connection *connection, zmq_msg_t *message);

#endif
