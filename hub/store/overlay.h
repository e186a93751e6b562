/* A set of changes in memory: (table, key) -> new value or tombstone.  The writer's batch, the
 * active and the frozen changes are one overlay each, laid over LMDB.
 *
 * One thread writes.  Other threads may read an overlay that is being written when a lock keeps
 * them apart from each single call (state.c's, shared for readers), and still see all of it as of
 * one moment: a value carries the version it was put under, readers name the version that they look
 * at, and a value that a reader may still look at is not overwritten: its successor is put before
 * it in a chain. So slices that readers got stay good without the lock until the overlay is reset.
 *
 * Memory is a pool that a reset keeps, so an overlay that is used again and again allocates
 * nothing.  A put over an older value reuses its space when that is big enough. */
#ifndef STORE_OVERLAY_H
#define STORE_OVERLAY_H

#include <stdbool.h>

#include "base/hash.h"
#include "base/slice.h"
#include "store/tables.h"

struct overlay;

/* A key with its hash, computed once for all the overlays it is looked up in. */
struct overlay_key {
	uint64_t hash;
	struct slice key;
	uint8_t table;
};

/* Nearly all keys are of 8 to 16 bytes: two loads a side in place of a call. */
static inline bool overlay_key_is(struct slice key, const uint8_t *bytes, size_t len)
{
	uint64_t a[2];
	uint64_t b[2];
	if (key.len != len)
		return false;
	if (len < 8 || len > 16)
		return memcmp(key.data, bytes, len) == 0;
	memcpy(&a[0], key.data, 8);
	memcpy(&a[1], key.data + len - 8, 8);
	memcpy(&b[0], bytes, 8);
	memcpy(&b[1], bytes + len - 8, 8);
	return a[0] == b[0] && a[1] == b[1];
}

static inline struct overlay_key overlay_key(unsigned table, struct slice key)
{
	uint64_t seed = hash_seed() + table * UINT64_C(0x9e3779b97f4a7c15);
	return (struct overlay_key){hash_bytes(key.data, key.len, seed), key, (uint8_t)table};
}

enum overlay_answer {
	OVERLAY_ABSENT, /* says nothing about the key: look further down */
	OVERLAY_VALUE,
	OVERLAY_DELETED,
};

#define OVERLAY_NEWEST UINT32_MAX /* the version to look at for who needs no older view */

struct overlay_item {
	uint64_t hash; /* as in overlay_key */
	struct slice key;
	struct slice value;
	uint8_t table;
	bool deleted;
};

/* `rows` gives the tables' groups and must outlive the overlay; `keys`: about so many are
 * expected, and the index does not grow before.  CH_NOMEM. */
enum ch_status overlay_create(
	const struct table_row *rows, uint32_t keys, struct overlay **out_overlay);
void overlay_free(struct overlay *overlay);

/* Forgets all changes and keeps the memory.  Up to a millisecond for a big one. */
void overlay_reset(struct overlay *overlay);

/* Allocates and touches memory for as much as the busiest round so far has used, and an eighth
 * more, so that no later put has to.  Slow on purpose: for a thread that may be. */
void overlay_warm(struct overlay *overlay);

/* CH_NOMEM; the overlay is then as before. */
enum ch_status overlay_put(
	struct overlay *overlay, const struct overlay_key *key, struct slice value);
enum ch_status overlay_delete(struct overlay *overlay, const struct overlay_key *key);

enum overlay_answer overlay_get(const struct overlay *overlay, const struct overlay_key *key,
	uint32_t version, struct slice *out_value);

/* Puts all of `batch` into `overlay` under its next version.  `visible`: the newest version that a
 * reader may be looking at, 0 for none.  CH_NOMEM: nothing has changed. */
enum ch_status overlay_absorb(
	struct overlay *overlay, const struct overlay *batch, uint32_t visible);

/* The version of the last absorb; 0 for none. */
uint32_t overlay_version(const struct overlay *overlay);

typedef bool (*overlay_visit)(void *context, const struct overlay_item *item);

/* All keys that start with `prefix`, which is at least a group long; in no order.  False from
 * `visit` stops. */
void overlay_group(const struct overlay *overlay, unsigned table, struct slice prefix,
	uint32_t version, overlay_visit visit, void *context);

/* The same for any prefix, at the cost of a walk over the whole overlay, in pieces: looks at
 * `limit` keys from *at on, moves *at, and is false when that was the end. */
bool overlay_walk(const struct overlay *overlay, unsigned table, struct slice prefix,
	uint32_t version, size_t *at, size_t limit, overlay_visit visit, void *context);

/* The next change in the order put, as a reference for overlay_item; 0 at the end.  Start with
 * *at = 0. */
uint32_t overlay_next(const struct overlay *overlay, size_t *at);
struct overlay_item overlay_item(const struct overlay *overlay, uint32_t reference);

/* Starts the memory accesses that overlay_item and a look at the value will need. */
void overlay_fetch_item(const struct overlay *overlay, uint32_t reference);

/* Places that the changes touch in LMDB, which is what a checkpoint costs: the keys of a group lie
 * together and count as one. */
uint32_t overlay_places(const struct overlay *overlay);
uint32_t overlay_keys(const struct overlay *overlay);
uint64_t overlay_bytes(const struct overlay *overlay);

#endif
