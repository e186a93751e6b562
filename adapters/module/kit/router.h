/* From a delivery to the folds that it is for: reads envelope and message, and calls what the parts of a
 * module have for its type, in their order. */
#ifndef MODULE_KIT_ROUTER_H
#define MODULE_KIT_ROUTER_H

#include "module/kit/feed_state.h"
#include "module/kit/module.h"

struct router;

/* `selves` are those of the parts; both outlive it.  CH_NOMEM. */
enum ch_status router_create(
	const struct module *module, void *const *selves, struct router **out_router);
void router_free(struct router *router); /* NULL is fine */

/* The parts' begin: what they have in memory is the book's from now on.  What a part fails with. */
enum ch_status router_begin(struct router *router, struct book_txn *txn);

/* One event into the book, `state` its counters with it.  One that no fold can take is noted there, and is
 * CH_OK.  Others: what sticks in the transaction; CH_NOMEM. */
enum ch_status router_fold(struct router *router, struct book_txn *txn,
	const struct ch_delivery *delivery, bool live, struct feed_state *state);

/* The parts' settle. */
enum ch_status router_settle(struct router *router, struct book_txn *txn, bool live);

#endif
