/* Frequent item sets that are kept up to date while receipts come in, equal to what item_sets_mine would find
 * in the same baskets at any time.
 *
 * How: the sets are nodes of a tree, a child being its parent with one item of a higher number.  A node whose set
 * is frequent is open: of every two open children of one parent, the union is counted as a child of the
 * lower, unless no basket holds it yet.  So all frequent sets and their border are in the tree with exact
 * counts.  A new basket adds one to those of its subsets that are there (and adds a pair's union at the first basket
 * that holds it).  A set that becomes frequent is opened: its baskets are cut from the shortest of its items'
 * lists, and counting what else they hold gives all its new children at once.  As baskets come in, the
 * count that the support asks for only rises; sets that no longer reach it stay counted until there are
 * twice as many nodes as the last clearing left, then what is not needed goes.  Thus a basket costs its counted
 * subsets, and a newly frequent set costs its rarest item's baskets; nothing is mined again.
 *
 * Memory, beside the store's: 32 bytes a counted set and 4 in its parent's list, each at most twice as they
 * grow, for at most LIMIT_COUNTED_SETS (350 MB with what malloc adds); a few MB for a shop's month.  Baskets are never taken away; a rolling period begins
 * a new store. */
#ifndef MARKETING_MINER_H
#define MARKETING_MINER_H

#include "module/marketing/item_set.h"

struct miner;

/* Looks at `store`, which outlives it.  CH_NOMEM. */
enum ch_status miner_create(
	const struct basket_store *store, struct support support, struct miner **out_miner);
void miner_free(struct miner *miner);

/* Takes in the baskets that the store was given since the last call.  One at a time or a thousand, the result is the
 * same.  CH_TOO_LARGE (as item_sets_mine, or LIMIT_COUNTED_SETS: the support is too low for these baskets; more
 * baskets may help), CH_NOMEM; the tree is then forgotten, and the next call begins anew. */
enum ch_status miner_update(struct miner *miner);

/* The frequent sets as of the last update; before any, those of no baskets.  CH_TOO_LARGE, CH_NOMEM. */
enum ch_status miner_sets(const struct miner *miner, struct item_sets *out_sets);

struct miner_figures {
	size_t counted;   /* nodes now */
	uint64_t opened;  /* sets that became frequent since the start, also again */
	uint64_t cleared; /* times that unneeded nodes were dropped */
};
struct miner_figures miner_figures(const struct miner *miner);

#endif
