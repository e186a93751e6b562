/* Puts ids into the order that runs have them in: by fingerprint. */
#ifndef STORE_ID_ORDER_H
#define STORE_ID_ORDER_H

#include "store/ids.h"

struct id_order_item {
	uint64_t head; /* the fingerprint's first eight bytes, as a number of the same order */
	const struct id_record *record;
};

/* One for each of `ids`; the caller's to free.  CH_NOMEM. */
enum ch_status id_order_create(const struct ids *ids, struct id_order_item **out_items);

#endif
