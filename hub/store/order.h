/* Puts the changes of an overlay into the order that LMDB has them in: by table, then by key. */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include "store/overlay.h"

struct order_item {
	uint64_t head; /* the key's first 16 bytes as two numbers of the same order */
	uint64_t more;
	uint32_t reference; /* for overlay_item */
	uint32_t table;
};

/* `out_items` is the caller's to free.  CH_NOMEM. */
enum ch_status order_create(
	const struct overlay *overlay, struct order_item **out_items, size_t *out_count);

#endif
