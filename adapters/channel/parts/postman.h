/* Carries the hub's events into the mailroom: a durable subscription on a thread of its own, over the adapter's
 * connection.
 *
 * An event is acknowledged when the mailroom is done with it.  One that a partner cannot get is parked: it is a
 * dead letter at the hub, with the reason, until somebody has changed the agreement or the event and lets it come
 * again; others flow on.  On a full disk, or while the hub is away, everything waits. */
#ifndef PARTS_POSTMAN_H
#define PARTS_POSTMAN_H

#include "channel/parts/mailroom.h"

struct ch_connection;
struct postman;

struct postman_options {
	const char *subscription; /* its name */
	bool earliest; /* it begins with the oldest event that is kept, not with new ones */
	const struct partners *partners;
	struct mailroom *mailroom; /* the thread's alone until postman_stop */
	struct ch_connection *connection;
};

/* CH_NOMEM.  What the options point to must outlive it, the connection too. */
enum ch_status postman_start(const struct postman_options *options, struct postman **out_postman);

/* Ends the thread, which may take a second, and sends the acks that are still here.  NULL is fine. */
void postman_stop(struct postman *postman);

/* Something was published that may come back here: it is not idle for a while. */
void postman_expect(struct postman *postman);

/* CH_OK, or why it has ended: CH_FENCED (another adapter has the subscription), CH_IO, CH_CORRUPT, CH_NOMEM.
 * *out_idle: all that there was has been done, and for a while nothing came. */
enum ch_status postman_look(struct postman *postman, bool *out_idle);

/* As of the last event; what waits as of at most a second ago. */
void postman_count(struct postman *postman, struct mailroom_counts *out_counts);

#endif
