/* What the application says of its deliveries (ch_ack and its like), from any thread, up to where the
 * I/O thread takes it over: see teller.h. */
#ifndef CLIENT_ANSWER_H
#define CLIENT_ANSWER_H

#include "client/subscription.h"

/* Under the lock: the ledger of a replay job, or the subscription's own when the name is empty.  NULL: no
 * memory. */
struct ledger *answer_ledger(struct ch_subscription *subscription, struct slice job);

/* Under the lock, after a ledger or the grant has changed: whether the I/O thread is to be told, which is
 * done outside of the lock.  `plenty`: it should not wait for more. */
bool answer_must_post(struct ch_subscription *subscription);
void answer_post(struct ch_subscription *subscription, bool post, bool plenty);

#endif
