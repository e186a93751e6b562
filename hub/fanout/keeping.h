/* What the fan-out writes down, and who waits for it: rows that have changed go into the clerk's folio, all
 * of them together, within a while or at once; what must not be said before it is durable is said when its
 * folio is settled. */
#ifndef FANOUT_KEEPING_H
#define FANOUT_KEEPING_H

#include "fanout/inside.h"

/* How long an ack, and how long mere progress, may wait. */
#define DESK_US      200000
#define DESK_LAZY_US 5000000

/* What its row says has changed.  An ephemeral subscription has none. */
void keeping_touch(struct subscription *subscription, int64_t within_us);
void keeping_touch_job(struct job *job);

/* It is freed: nothing of it is written or waited for any more. */
void keeping_forget(struct subscription *subscription);

/* Runs it when all that has been put so far is durable, which is seen to at once. */
void keeping_later(struct fanout *fanout, struct later *later);
void keeping_forget_later(struct fanout *fanout, const struct later *later);

/* Who did what to whom. */
void keeping_audit(struct fanout *fanout, const char *actor, const char *what, const char *name,
	const char *detail);

/* Hands a folio to the clerk when one is due and he is free.  Each round. */
void keeping_serve(struct fanout *fanout);

/* For the clerk. */
void keeping_settled(void *fanout, uint64_t folio, enum ch_status status);

/* Publishes what history an open need holds, as it is written down: what is in memory alone does not
 * survive a crash. */
void keeping_set_floor(struct fanout *fanout);

#endif
