/* Frequent item sets that are kept up to date while receipts come in, equal to what item_sets_mine would find
 * in the same baskets at any time.
 *
 * How: the sets are nodes of a tree, a child being its parent with one item more that was seen before all of them.  A
 * node whose set is frequent is open: of every two open children of one parent, the union is counted as a child of
 * the one that was seen later, unless no basket holds it yet.  So all frequent sets and their border are in the tree with exact
 * counts.  A new basket adds one to those of its subsets that are there (and adds a pair's union at the first basket
 * that holds it).  A set that becomes frequent is opened: its baskets are cut from its items'
 * lists, and counting what else they hold gives all its new children at once.  As baskets come in, the
 * count that the support asks for only rises; sets that no longer reach it stay counted until there are
 * twice as many nodes as the last clearing left, then what is not needed goes.  Thus a basket costs its counted
 * subsets, and a newly frequent set costs its rarest item's baskets; nothing is mined again.
 *
 * Memory, beside the store's: a counted set takes 10 bytes in its parent, an open one lines of 64 (16 bytes of them
 * its own, a third of the rest unused on the average), for at most LIMIT_COUNTED_SETS; a few MB for a shop's month. */
#ifndef MARKETING_MINER_H
#define MARKETING_MINER_H

#include "module/marketing/basket/item_set.h"

struct miner;

/* Looks at `store`, which outlives it.  CH_NOMEM. */
enum ch_status miner_create(
	const struct basket_store *store, struct support support, struct miner **out_miner);
void miner_free(struct miner *miner);

/* Takes in the baskets that the store was given since the last call.  One at a time or a thousand, the result is the
 * same.  CH_TOO_LARGE (as item_sets_mine, or LIMIT_COUNTED_SETS: the support is too low for these baskets; more
 * baskets may help), CH_NOMEM; the tree is then forgotten, and the next call begins anew. */
enum ch_status miner_update(struct miner *miner);

/* Takes a basket's counts back; to be called right before basket_store_remove.  The sets are exact again with the next
 * update. */
void miner_take_out(struct miner *miner, uint32_t basket);

/* The tree as bytes, and back, so that who starts anew counts nothing again: the store has the same baskets, and may have
 * more behind them, which the next update takes in; the support is the same.  CH_CORRUPT (the tree is then as
 * new), CH_TOO_LARGE, CH_NOMEM. */
void miner_write(const struct miner *miner, struct buffer *out);
enum ch_status miner_read(struct miner *miner, struct slice stored);

/* The frequent sets as of the last update; before any, those of no baskets.  CH_TOO_LARGE, CH_NOMEM. */
enum ch_status miner_sets(const struct miner *miner, struct item_sets *out_sets);

struct miner_figures {
	size_t counted;   /* sets now */
	uint64_t opened;  /* sets that became frequent since the start, also again */
	uint64_t cleared; /* times that unneeded nodes were dropped */
};
struct miner_figures miner_figures(const struct miner *miner);

#endif
