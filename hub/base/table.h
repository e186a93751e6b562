/* A hash table from bytes to a pointer, for things that are looked up by name: sessions,
 * subscriptions, peers, codes.  Keys are not copied: they live in the value.  The hash is seeded per
 * process, so a stranger cannot choose collisions.  Not for threads to share. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stdbool.h>

#include "base/slice.h"

struct table_slot {
	uint64_t hash; /* 0: empty */
	struct slice key;
	void *value;
};

struct table {
	struct table_slot *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

void table_init(struct table *table);
void table_fini(struct table *table); /* values are the caller's */

void *table_get(const struct table *table, struct slice key); /* NULL: not there */

/* CH_EXISTS when the key is there, CH_NOMEM. */
enum ch_status table_put(struct table *table, struct slice key, void *value);

/* The value that was there, or NULL. */
void *table_remove(struct table *table, struct slice key);

/* Walks all values in no order: start with *at = 0; NULL at the end.  No change in between, but for
 * table_clear afterwards. */
void *table_next(const struct table *table, size_t *at);

void table_clear(struct table *table);

#endif
