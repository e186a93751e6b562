/* Reads a range of keys through all layers at once: what overlays say about it, newest layer
 * first, laid over what LMDB has, in key order, without what was deleted. */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include "store/env.h"
#include "store/overlay.h"

struct scan_item {
	struct slice key;
	struct slice value;
	uint32_t layer; /* 0: the newest */
	bool deleted;
};

/* Most ranges touch a handful of changed keys: those need no memory of their own. */
#define SCAN_SMALL 32u

struct scan {
	struct scan_item *items;
	size_t count;
	size_t capacity;
	uint32_t layer;
	enum ch_status status;
	struct scan_item small[SCAN_SMALL];
};

/* `visit` returns false to stop. */
typedef bool (*scan_visit)(void *context, struct slice key, struct slice value);

void scan_init(struct scan *scan);
void scan_fini(struct scan *scan);

/* An overlay_visit with the scan as its context: adds the item to the current layer. */
bool scan_collect(void *scan, const struct overlay_item *item);

/* What is collected from here on is older. */
void scan_next_layer(struct scan *scan);

/* Walks the result.  The items' slices must live as long as `read`.  CH_NOMEM (also from
 * collecting); CH_CORRUPT. */
enum ch_status scan_run(struct scan *scan, const struct env_read *read, uint32_t table,
	struct slice prefix, scan_visit visit, void *context);

#endif
