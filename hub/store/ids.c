#include "store/ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/invariant.h"
#include "store/pool.h"

#define ITEM_GRANULES  (sizeof(struct id_record) / POOL_GRANULE)
#define BIG_IDS        65536u
#define PREFETCH_SLOTS 12u

_Static_assert(sizeof(struct id_record) == 32, "ids_at counts on it");
_Static_assert(POOL_FIRST *POOL_GRANULE == sizeof(struct id_record), "and on that");

struct ids_slot {
	uint32_t tag;
	uint32_t number; /* of the item, counted from 1; 0: empty */
};

struct ids {
	struct ids_slot *slots;
	uint64_t mask;
	uint32_t count;
	struct pool pool;
};

/* Seeded, though fingerprints are uniform: whoever chooses ids could otherwise choose
 * collisions. */
static uint64_t ids_hash(const uint8_t fingerprint[ID_FINGERPRINT_BYTES])
{
	uint64_t a;
	uint64_t b;
	memcpy(&a, fingerprint, 8);
	memcpy(&b, fingerprint + 8, 8);
	return hash_mix(a ^ hash_seed(), b ^ UINT64_C(0x9e3779b97f4a7c15));
}

enum ch_status ids_create(uint32_t expected, struct ids **out_ids)
{
	uint64_t slots = 64;
	while (slots < (uint64_t)expected * 2)
		slots *= 2;
	struct ids *ids = calloc(1, sizeof(*ids));
	if (ids == NULL)
		return CH_NOMEM;
	ids->mask = slots - 1;
	ids->slots = pool_index((size_t)slots * sizeof(*ids->slots));
	enum ch_status status = pool_init(&ids->pool, expected >= BIG_IDS);
	if (ids->slots == NULL)
		status = CH_NOMEM;
	if (status == CH_OK)
		*out_ids = ids;
	else
		ids_free(ids);
	return status;
}

void ids_free(struct ids *ids)
{
	if (ids == NULL)
		return;
	pool_fini(&ids->pool);
	free(ids->slots);
	free(ids);
}

const struct id_record *ids_at(const struct ids *ids, uint32_t at)
{
	return pool_at(&ids->pool, (at + 1) * (uint32_t)ITEM_GRANULES);
}

void ids_reset(struct ids *ids)
{
	if (ids->count * UINT64_C(16) < ids->mask) {
		/* The last first: what an item was found behind is then still there. */
		for (uint32_t i = ids->count; i > 0; i--) {
			uint64_t at = ids_hash(ids_at(ids, i - 1)->fingerprint) & ids->mask;
			while (ids->slots[at].number != i)
				at = (at + 1) & ids->mask;
			ids->slots[at] = (struct ids_slot){0, 0};
		}
	} else {
		memset(ids->slots, 0, (size_t)(ids->mask + 1) * sizeof(*ids->slots));
	}
	pool_reset(&ids->pool);
	ids->count = 0;
}

void ids_warm(struct ids *ids)
{
	pool_warm(&ids->pool);
}

void ids_prefetch(const struct ids *ids, const uint8_t fingerprint[ID_FINGERPRINT_BYTES])
{
	__builtin_prefetch(&ids->slots[ids_hash(fingerprint) & ids->mask]);
}

/* The item, or NULL and the slot where it would go. */
static const struct id_record *ids_find(const struct ids *ids,
	const uint8_t fingerprint[ID_FINGERPRINT_BYTES], uint64_t hash, uint64_t *out_slot)
{
	uint64_t at = hash & ids->mask;
	for (; ids->slots[at].number != 0; at = (at + 1) & ids->mask) {
		if (ids->slots[at].tag != (uint32_t)(hash >> 32))
			continue;
		const struct id_record *item = ids_at(ids, ids->slots[at].number - 1);
		if (memcmp(item->fingerprint, fingerprint, ID_FINGERPRINT_BYTES) == 0)
			return item;
	}
	*out_slot = at;
	return NULL;
}

const struct id_record *ids_get(
	const struct ids *ids, const uint8_t fingerprint[ID_FINGERPRINT_BYTES])
{
	uint64_t slot;
	return ids_find(ids, fingerprint, ids_hash(fingerprint), &slot);
}

static enum ch_status ids_reserve(struct ids *ids, uint32_t more)
{
	uint64_t count = (uint64_t)ids->count + more;
	uint64_t slots = ids->mask + 1;
	while (count > slots / 4 * 3)
		slots *= 2;
	if (slots == ids->mask + 1)
		return CH_OK;
	struct ids_slot *bigger = pool_index((size_t)slots * sizeof(*bigger));
	if (bigger == NULL)
		return CH_NOMEM;
	for (uint32_t i = 0; i < ids->count; i++) {
		uint64_t hash = ids_hash(ids_at(ids, i)->fingerprint);
		uint64_t at = hash & (slots - 1);
		while (bigger[at].number != 0)
			at = (at + 1) & (slots - 1);
		bigger[at] = (struct ids_slot){(uint32_t)(hash >> 32), i + 1};
	}
	free(ids->slots);
	ids->slots = bigger;
	ids->mask = slots - 1;
	return CH_OK;
}

enum ch_status ids_put(struct ids *ids, const struct id_record *record)
{
	uint64_t slot = 0;
	uint64_t hash = ids_hash(record->fingerprint);
	enum ch_status status = ids_reserve(ids, 1);
	if (status != CH_OK || ids_find(ids, record->fingerprint, hash, &slot) != NULL)
		return status;
	uint32_t reference = pool_alloc(&ids->pool, sizeof(*record));
	if (reference == 0)
		return CH_NOMEM;
	invariant(reference == (ids->count + 1) * ITEM_GRANULES);
	memcpy(pool_at(&ids->pool, reference), record, sizeof(*record));
	ids->count++;
	ids->slots[slot] = (struct ids_slot){(uint32_t)(hash >> 32), ids->count};
	return CH_OK;
}

enum ch_status ids_make_room(struct ids *ids, const struct ids *batch)
{
	enum ch_status status = ids_reserve(ids, batch->count);
	if (status == CH_OK)
		status = pool_reserve(&ids->pool, batch->count * sizeof(struct id_record),
			sizeof(struct id_record));
	return status;
}

void ids_absorb(struct ids *ids, const struct ids *batch)
{
	for (uint32_t i = 0; i < batch->count; i++) {
		if (i + PREFETCH_SLOTS < batch->count)
			ids_prefetch(ids, ids_at(batch, i + PREFETCH_SLOTS)->fingerprint);
		enum ch_status status = ids_put(ids, ids_at(batch, i));
		invariant(status == CH_OK);
	}
}

uint32_t ids_count(const struct ids *ids)
{
	return ids->count;
}

uint64_t ids_bytes(const struct ids *ids)
{
	return pool_bytes(&ids->pool);
}
