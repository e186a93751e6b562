/* A receipt that somebody waits for.  Two hold it: who waits, and the outbox until it has called back. */
#ifndef CLIENT_FUTURE_H
#define CLIENT_FUTURE_H

#include <carehub/publish.h>

/* One receipt to come.  NULL: no memory. */
struct ch_future *future_create(void);

/* The outbox's callback; it gives up its hold. */
void future_answer(void *context, enum ch_status status, const struct ch_receipt *receipt);

/* The event was not put: there will be no callback. */
void future_abandon(struct ch_future *future);

/* ---- Several at once ---- */

struct future_group;
struct future_member {
	struct future_group *group;
	size_t index;
};

/* `members` has one context for future_group_answer per event. */
struct future_group *future_group_create(size_t count, struct future_member **out_members);
void future_group_answer(void *context, enum ch_status status, const struct ch_receipt *receipt);

/* Waits for all and gives up the waiter's hold; receipts may be NULL.  The status of the first that is
 * not CH_OK, CH_TIMEOUT when one is missing. */
enum ch_status future_group_wait(
	struct future_group *group, int64_t timeout_ms, struct ch_receipt *out_receipts);

/* None of the events was put. */
void future_group_abandon(struct future_group *group);

#endif
