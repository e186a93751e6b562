/* Draining a whole connection: no new deliveries, until those that are here are answered. */
#ifndef CLIENT_DRAIN_H
#define CLIENT_DRAIN_H

#include "client/connection.h"

/* Any thread but the I/O thread.  CH_TIMEOUT, CH_CLOSED. */
enum ch_status drain_all(struct ch_connection *connection, int64_t until_us);

#endif
