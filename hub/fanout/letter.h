/* Dead letters: deliveries that failed for good, set aside while the rest flows.  The desk has their rows; in
 * memory there is only the set of their sequences. */
#ifndef FANOUT_LETTER_H
#define FANOUT_LETTER_H

#include "fanout/inside.h"

/* Sets a failed delivery aside; `job` is the replay in which it died, or empty.  False: there are
 * LIMIT_DEADLETTERS_PER_SUB already. */
bool letter_write(
	struct subscription *subscription, const struct pending *pending, struct slice job);

/* The subscription is forgotten, and they with it. */
void letter_forget_all(struct subscription *subscription);

#endif
