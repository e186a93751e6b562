/* What subscribers have answered, told to the hub by the I/O thread.
 *
 * Acks travel at once when the last ones went more than a millisecond ago, or when a quarter of the
 * credit has gathered; else they wait for company until then. */
#ifndef CLIENT_TELLER_H
#define CLIENT_TELLER_H

#include "client/connection.h"

/* Looks into connection->answers; false: nothing was there. */
bool teller_serve(struct ch_connection *connection);

/* Tells what has waited long enough; when the next of it is due (INT64_MAX: nothing waits). */
void teller_pump(struct ch_connection *connection, int64_t now_us);
int64_t teller_due_us(const struct ch_connection *connection);

/* Tells everything that one subscription, or all, have to say now. */
void teller_tell(struct ch_connection *connection, struct ch_subscription *subscription);
void teller_tell_all(struct ch_connection *connection);

/* What was heard of a subscription and not told is void: the connection was lost. */
void teller_forget(struct ch_connection *connection, struct ch_subscription *subscription);

#endif
