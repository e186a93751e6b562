/* Frequent item sets: all sets of items that at least the share `support` of all baskets hold together.
 *
 * A result does not depend on how it was found: items go by their rank in the byte order of their names,
 * sets by length and then by ranks.  item_sets_mine finds them in one go (Eclat: Zaki 2000; baskets of a set
 * are the cut of the baskets of two shorter ones); miner.h keeps them up to date.
 *
 * A share is a decimal as it was written, and a set with `count` of N baskets has support S = u / 10^s when
 * count 10^s >= u N, in whole numbers: no float is ever compared with a threshold. */
#ifndef MARKETING_ITEM_SET_H
#define MARKETING_ITEM_SET_H

#include "base/decimal.h"
#include "module/marketing/basket/basket_store.h"

struct item_set {
	size_t first; /* its ranks in item_sets->ranks, rising */
	uint32_t length;
	uint32_t count; /* baskets that hold it */
};

struct item_sets {
	struct item_set *sets; /* in order */
	size_t count;
	size_t capacity;
	uint32_t *ranks;
	size_t rank_count;
	size_t rank_capacity;
	uint32_t *by_rank; /* item numbers */
	uint32_t *rank_of; /* by item number */
	uint32_t baskets;  /* of the store, when it was looked at */
	uint32_t least;    /* the count that the support comes to */
};

/* "0.001": above 0 and at most 1.  CH_FORMAT, CH_INVALID. */
enum ch_status share_parse(struct slice text, struct decimal *out_share);

/* part / whole >= share, exactly. */
bool share_reached(uint32_t part, uint32_t whole, struct decimal share);

/* The least part of `whole`, from 1, that reaches the share. */
uint32_t share_least(uint32_t whole, struct decimal share);

/* What a set must have to be frequent: both. */
struct support {
	struct decimal share;
	uint32_t
		baskets; /* from 1.  Without it every set is frequent in a shop's first few receipts */
};

/* The least count out of `baskets` that has it. */
uint32_t support_least(struct support support, uint32_t baskets);

/* Mines the whole store.  CH_TOO_LARGE (LIMIT_ITEM_SETS, LIMIT_ITEM_SET_LENGTH: the support is too low for these
 * baskets), CH_NOMEM. */
enum ch_status item_sets_mine(
	const struct basket_store *store, struct support support, struct item_sets *out_sets);

void item_sets_fini(struct item_sets *sets);

/* The set of these ranks, rising; NULL: not frequent.  Only after item_sets_sort. */
const struct item_set *item_sets_find(
	const struct item_sets *sets, const uint32_t *ranks, uint32_t length);

/* For whoever finds sets: an empty result for the store as it is now; a set of item numbers, in any order;
 * and at the end the order.  CH_TOO_LARGE, CH_NOMEM. */
enum ch_status item_sets_init(
	struct item_sets *sets, const struct basket_store *store, struct support support);
enum ch_status item_sets_add(
	struct item_sets *sets, const uint32_t *items, uint32_t length, uint32_t count);
void item_sets_sort(struct item_sets *sets);

#endif
