/* The customer as the till saw him: `Party customer = 100` of the events.  Nothing is normalized: the
 * hub does that, for all channels alike. */
#ifndef POS_PARTY_H
#define POS_PARTY_H

#include "channel/pos/transaction.h"

/* Appends field `number` holding the Party; nothing when the transaction names nobody, as most
 * do. */
void party_encode(const struct transaction *transaction, uint32_t number, struct buffer *out);

/* Appends field `number` holding the Address; nothing when none is told. */
void address_encode(const struct address *address, uint32_t number, struct buffer *out);

#endif
