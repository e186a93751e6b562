/* The feed from the side of whoever runs it: one round is take, then fold.
 *
 * A batch is taken first and folded then, so a transaction that must be repeated (the map was full) has its
 * events still at hand, and no transaction is open while anybody waits for the network. */
#ifndef MODULE_KIT_FEED_INSIDE_H
#define MODULE_KIT_FEED_INSIDE_H

#include "module/kit/router.h"

struct feed;

struct feed_options {
	const struct module *module;
	struct book *book; /* these outlive the feed */
	struct router *router;
	struct ch_connection *connection;
	const char *name; /* of the subscription; copied */
	uint32_t batch;   /* deliveries that are folded together */
};

/* The parts begin.  What the book or a part fails with; CH_NOMEM. */
enum ch_status feed_create(const struct feed_options *options, struct feed **out_feed);

/* The parts are others from now on, and begin; what was taken and not folded goes to them.  As feed_create. */
enum ch_status feed_reroute(struct feed *feed, struct router *router);

/* Detaches; what was taken and not folded comes again in another life.  NULL is fine. */
void feed_free(struct feed *feed);

/* Attaches where the book stands, or from the earliest event when the book is new, or the journal another
 * one.  CH_OK: it is attached; CH_TIMEOUT: no answer yet; what the hub refuses with; what the book fails with
 * (CH_CORRUPT, CH_IO, CH_CLOSED by feed_status). */
enum ch_status feed_attach(struct feed *feed, int64_t timeout_ms);
bool feed_is_attached(const struct feed *feed);

/* Takes what has arrived, waiting for the first up to `timeout_ms`.  CH_OK: there is something to be folded;
 * CH_TIMEOUT: nothing; others: the attachment is lost, for this reason. */
enum ch_status feed_take(struct feed *feed, int64_t timeout_ms);

/* Folds what was taken, and acknowledges it.  CH_OK.  CH_FULL: the disk is, try again: nothing is lost.
 * CH_RESET: the journal is another one, the book was emptied and is to be attached anew.  CH_CORRUPT: the book is
 * damaged; others: it cannot go on. */
enum ch_status feed_fold(struct feed *feed);

/* Everything that the journal held at the time of attaching is in the book. */
bool feed_is_live(const struct feed *feed);

/* As of the last commit; waiting and refused as well. */
const struct feed_state *feed_state_now(const struct feed *feed);

/* The counters of the outbox have changed, by a transaction that was not the feed's. */
enum ch_status feed_look_again(struct feed *feed);

#endif
