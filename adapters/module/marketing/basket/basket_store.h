/* Receipts as sets of items: the one copy that both ways of mining read.
 *
 * Items are numbered in the order they are first seen; a basket is its item numbers, rising, each once; and
 * every item knows its baskets.  Memory: 8 bytes for each item in each basket (once by basket, once by
 * item), 8 for each basket, and the names; vectors grow by half, so at most 1.5 times that.  All are bounded
 * (LIMIT_BASKETS, LIMIT_BASKET_ITEMS, LIMIT_ITEMS). */
#ifndef MARKETING_BASKET_STORE_H
#define MARKETING_BASKET_STORE_H

#include <stdint.h>

#include "base/slice.h"

struct basket_store;

/* Item or basket numbers, rising. */
struct numbers {
	const uint32_t *items;
	size_t count;
};

enum ch_status basket_store_create(struct basket_store **out_store); /* CH_NOMEM */
void basket_store_free(struct basket_store *store);

/* The number of the item, a new one when need be.  The name is copied.  CH_TOO_LARGE (LIMIT_ITEMS),
 * CH_NOMEM. */
enum ch_status basket_store_item(struct basket_store *store, struct slice name, uint32_t *out_item);

/* Adds a basket; `items` are numbers from above in any order, also twice, also none at all.  CH_TOO_LARGE
 * (LIMIT_BASKETS, LIMIT_BASKET_ITEMS), CH_NOMEM; nothing was added then. */
enum ch_status basket_store_add(struct basket_store *store, const uint32_t *items, size_t count);

/* Takes a basket out: it has no items from then on, and does not count.  Its number stays taken.  To be done once;
 * costs a look through the lists of its items. */
void basket_store_remove(struct basket_store *store, uint32_t basket);

uint32_t basket_store_baskets(const struct basket_store *store); /* numbers given out */
uint32_t basket_store_live(const struct basket_store *store);    /* without those taken out */
uint32_t basket_store_items(const struct basket_store *store);

/* All valid until the next basket or item is added. */
struct slice basket_store_name(const struct basket_store *store, uint32_t item);
struct numbers basket_store_basket(const struct basket_store *store, uint32_t basket);
struct numbers basket_store_having(const struct basket_store *store, uint32_t item);

#endif
