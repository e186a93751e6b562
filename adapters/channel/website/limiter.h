/* How often somebody may come: a bucket of tokens for each key, filled at a rate, emptied by each visit.
 *
 * Keys are a sender's name, a client's address, a record that is looked up.  The table holds so many and no
 * more; when it is full the key whose bucket is fullest, which has not been seen for longest, makes room:
 * it loses nothing by it, for an absent bucket is a full one. */
#ifndef WEBSITE_LIMITER_H
#define WEBSITE_LIMITER_H

#include "base/slice.h"

#define LIMITER_KEY_BYTES 120u /* what is longer is told by its hash */

struct limiter;

/* `keys` buckets at the most.  CH_NOMEM. */
enum ch_status limiter_create(size_t keys, struct limiter **out_limiter);
void limiter_free(struct limiter *limiter);

/* One visit of `key`, of whom `burst` may come at once and after that one every `interval_us`.  `now_us`
 * never goes back.  True: let him in.  False: *out_retry_us from now it is worth another try. */
bool limiter_take(struct limiter *limiter, struct slice key, int64_t burst, int64_t interval_us,
	int64_t now_us, int64_t *out_retry_us);

/* A visit that was let in did not count after all: where only mistakes do, and what it was is known later. */
void limiter_give_back(struct limiter *limiter, struct slice key, int64_t interval_us);

#endif
