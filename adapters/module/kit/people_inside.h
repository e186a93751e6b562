/* The kit's own fold of merges and erasures; before any part gets the event. */
#ifndef MODULE_KIT_PEOPLE_INSIDE_H
#define MODULE_KIT_PEOPLE_INSIDE_H

#include "module/kit/feed.h"

#define PEOPLE_TOPIC "customer.record.*"

/* Any event; those that are about nobody's number do nothing.  The status sticks. */
void people_fold(struct book_txn *txn, const struct feed_event *event);

#endif
