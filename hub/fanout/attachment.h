/* An attachment: a session and a subscription for as long as they belong together.  What a subscriber says
 * ends up here, on the fan-out thread. */
#ifndef FANOUT_ATTACHMENT_H
#define FANOUT_ATTACHMENT_H

#include "fanout/inside.h"
#include "wire/ack.h"
#include "wire/subscribe.h"

void attachment_subscribe(struct consumer *consumer, const struct subscribe *wish);
void attachment_grant(struct consumer *consumer, const struct grant *grant);
void attachment_ack(struct consumer *consumer, struct ack *ack);
void attachment_detach(struct consumer *consumer, const struct detach *detach);

/* The session is gone: everything it had attached rests. */
void attachment_lost_all(struct consumer *consumer);

/* Its rights have changed: what it has attached is compiled anew; what it may not see at all any more
 * is detached. */
void attachment_recheck_all(struct consumer *consumer);

/* The subscription leaves its session.  An ephemeral one is freed. */
void attachment_end(struct subscription *subscription);

/* It has lagged beyond its bound: says so, and rests until somebody attaches again. */
void attachment_suspend(struct subscription *subscription, const char *why);

/* An operator has moved its cursor: says so, and rests until somebody attaches again. */
void attachment_moved(struct subscription *subscription);

/* Says something about it.  CH_NOMEM: nothing was said. */
enum ch_status attachment_mark(struct subscription *subscription, enum mark_what what,
	uint64_t first, uint64_t last, const char *detail);

/* Credit that is left. */
int64_t attachment_credit(const struct subscription *subscription);

#endif
