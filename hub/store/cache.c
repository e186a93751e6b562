/* The ring's entries lie one behind the other, from the oldest at `tail` to `head`; a piece at the end
 * of the ring too short for the next entry is filled by a dead one.  The index is an array of buckets,
 * each a cache line of eight slots: where a bucket is full its oldest entry is forgotten, so a look
 * touches one line of the index, ever.
 *
 * An entry whose slot points elsewhere is dead: when the tail comes to it there is nothing to do. */
#include "store/cache.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/invariant.h"

#define GRANULE        32u /* an entry's head fits */
#define RING_STEP      (UINT64_C(2) << 20)
#define BUCKET_SLOTS   8u
#define BYTES_A_SLOT   192u /* of the ring: small entries are the many */
#define VALUE_PARTS    512u /* the biggest value, as a part of the ring */
#define BATCH_PARTS    8u   /* what one batch may take in, */
#define OLD_PARTS      4u   /* and what counts as old: more, or a batch could reach what it got */
#define NO_VALUE       UINT32_MAX
#define PREFETCH_BYTES 192u

struct cache_slot {
	uint32_t tag;
	uint32_t entry; /* in granules, counted from 1; 0: empty */
};

struct cache_bucket {
	_Alignas(64) struct cache_slot slots[BUCKET_SLOTS];
};

struct cache_entry {
	uint64_t hash;
	uint32_t bytes; /* with this head, rounded up: where the next one lies */
	uint32_t value_len;
	uint16_t key_len;
	uint8_t table;
	uint8_t dead;       /* filler */
	uint8_t bytes_of[]; /* key, value */
};

struct cache {
	uint8_t *ring;
	uint64_t size;
	uint64_t head; /* both only rise; their place is the remainder by `size` */
	uint64_t tail;
	uint64_t taken; /* by this batch */
	struct cache_bucket *buckets;
	uint64_t mask;
};

_Static_assert(sizeof(struct cache_bucket) == 64, "a bucket is a line");

enum ch_status cache_create(uint64_t bytes, struct cache **out_cache)
{
	uint64_t buckets = 1;
	enum ch_status status = CH_NOMEM;
	struct cache *cache = calloc(1, sizeof(*cache));
	if (cache == NULL)
		return CH_NOMEM;
	cache->size = (bytes + RING_STEP - 1) / RING_STEP * RING_STEP;
	while (buckets * BUCKET_SLOTS * BYTES_A_SLOT < cache->size)
		buckets *= 2;
	cache->mask = buckets - 1;
	if (cache->size > 0) {
		size_t index = (size_t)buckets * sizeof(*cache->buckets);
		cache->buckets =
			aligned_alloc(RING_STEP, (index + RING_STEP - 1) / RING_STEP * RING_STEP);
		cache->ring = aligned_alloc(RING_STEP, (size_t)cache->size);
		if (cache->buckets == NULL || cache->ring == NULL)
			goto out;
		(void)madvise(cache->buckets, index, MADV_HUGEPAGE); /* hints */
		memset(cache->buckets, 0, index);
		(void)madvise(cache->ring, (size_t)cache->size, MADV_HUGEPAGE);
	}
	*out_cache = cache;
	cache = NULL; /* the caller's now */
	status = CH_OK;
out:
	cache_free(cache);
	return status;
}

void cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	free(cache->ring);
	free(cache->buckets);
	free(cache);
}

void cache_clear(struct cache *cache)
{
	if (cache->size == 0)
		return;
	memset(cache->buckets, 0, (size_t)(cache->mask + 1) * sizeof(*cache->buckets));
	cache->head = 0;
	cache->tail = 0;
}

void cache_turn(struct cache *cache)
{
	cache->taken = 0;
}

uint64_t cache_bytes(const struct cache *cache)
{
	return cache->head - cache->tail;
}

/* ---- Finding ---- */

static uint32_t cache_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

static struct cache_entry *cache_entry(const struct cache *cache, uint32_t reference)
{
	return (struct cache_entry *)(void *)(cache->ring + (uint64_t)(reference - 1) * GRANULE);
}

/* How far behind the head an entry begins. */
static uint64_t cache_age(const struct cache *cache, uint32_t reference)
{
	uint64_t at = (uint64_t)(reference - 1) * GRANULE;
	uint64_t head = cache->head % cache->size;
	return at < head ? head - at : head + cache->size - at;
}

static bool cache_is(const struct cache_entry *entry, const struct overlay_key *key)
{
	return entry->table == key->table &&
	       overlay_key_is(key->key, entry->bytes_of, entry->key_len);
}

/* All its misses at once.  Never mind what lies behind the ring. */
static void cache_prefetch_entry(const struct cache_entry *entry)
{
	for (size_t at = 0; at < PREFETCH_BYTES; at += 64)
		__builtin_prefetch((const uint8_t *)entry + at);
}

static struct cache_slot *cache_find(const struct cache *cache, const struct overlay_key *key)
{
	if (cache->size == 0)
		return NULL;
	struct cache_slot *slots = cache->buckets[key->hash & cache->mask].slots;
	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		if (slots[i].tag != cache_tag(key->hash) || slots[i].entry == 0)
			continue;
		const struct cache_entry *entry = cache_entry(cache, slots[i].entry);
		cache_prefetch_entry(entry);
		if (cache_is(entry, key))
			return &slots[i];
	}
	return NULL;
}

/* An empty slot of the bucket, or its oldest. */
static struct cache_slot *cache_slot(const struct cache *cache, uint64_t hash)
{
	struct cache_slot *slots = cache->buckets[hash & cache->mask].slots;
	struct cache_slot *oldest = &slots[0];
	uint64_t age = 0;
	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		if (slots[i].entry == 0)
			return &slots[i];
		if (cache_age(cache, slots[i].entry) > age) {
			age = cache_age(cache, slots[i].entry);
			oldest = &slots[i];
		}
	}
	return oldest;
}

void cache_prefetch(const struct cache *cache, const struct overlay_key *key)
{
	if (cache->size > 0)
		__builtin_prefetch(&cache->buckets[key->hash & cache->mask]);
}

void cache_prefetch_value(const struct cache *cache, const struct overlay_key *key)
{
	if (cache->size == 0)
		return;
	const struct cache_slot *slots = cache->buckets[key->hash & cache->mask].slots;
	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		if (slots[i].tag == cache_tag(key->hash) && slots[i].entry != 0)
			cache_prefetch_entry(cache_entry(cache, slots[i].entry));
	}
}

/* ---- Taking in ---- */

/* The oldest entry makes room. */
static void cache_push_out(struct cache *cache)
{
	uint32_t reference = (uint32_t)(cache->tail % cache->size / GRANULE) + 1;
	const struct cache_entry *entry = cache_entry(cache, reference);
	cache->tail += entry->bytes;
	if (entry->dead)
		return;
	struct cache_slot *slots = cache->buckets[entry->hash & cache->mask].slots;
	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		if (slots[i].entry == reference)
			slots[i] = (struct cache_slot){0, 0};
	}
}

/* `bytes` in one piece at the head. */
static struct cache_entry *cache_alloc(struct cache *cache, uint32_t bytes, uint32_t *out_reference)
{
	uint64_t rest = cache->size - cache->head % cache->size;
	uint64_t wanted = bytes <= rest ? bytes : rest + bytes;
	while (cache->size - (cache->head - cache->tail) < wanted)
		cache_push_out(cache);
	if (bytes > rest) {
		struct cache_entry *filler =
			cache_entry(cache, (uint32_t)(cache->head % cache->size / GRANULE) + 1);
		filler->bytes = (uint32_t)rest;
		filler->dead = 1;
		cache->head += rest;
	}
	*out_reference = (uint32_t)(cache->head % cache->size / GRANULE) + 1;
	cache->head += bytes;
	cache->taken += wanted;
	return cache_entry(cache, *out_reference);
}

/* 0: it is too big. */
static uint32_t cache_entry_bytes(const struct cache *cache, size_t key_len, size_t value_len)
{
	/* A timeline grows: a little slack lets the next value take the place of this one. */
	size_t bytes = offsetof(struct cache_entry, bytes_of) + key_len + value_len + value_len / 8;
	bytes = (bytes + GRANULE - 1) / GRANULE * GRANULE;
	return bytes <= cache->size / VALUE_PARTS ? (uint32_t)bytes : 0;
}

static void cache_fill(struct cache_entry *entry, enum overlay_answer answer, struct slice value)
{
	entry->value_len = answer == OVERLAY_VALUE ? (uint32_t)value.len : NO_VALUE;
	if (answer == OVERLAY_VALUE && value.len > 0)
		memcpy(entry->bytes_of + entry->key_len, value.data, value.len);
}

/* Puts the key at the head. */
static void cache_append(struct cache *cache, const struct overlay_key *key,
	enum overlay_answer answer, struct slice value, uint32_t bytes)
{
	uint32_t reference;
	struct cache_entry *entry = cache_alloc(cache, bytes, &reference);
	entry->hash = key->hash;
	entry->bytes = bytes;
	entry->key_len = (uint16_t)key->key.len;
	entry->table = key->table;
	entry->dead = 0;
	memcpy(entry->bytes_of, key->key.data, key->key.len);
	cache_fill(entry, answer, value);
	/* Looked for behind the allocation, which may have emptied one. */
	*cache_slot(cache, key->hash) = (struct cache_slot){cache_tag(key->hash), reference};
}

void cache_keep(struct cache *cache, const struct overlay_key *key, enum overlay_answer answer,
	struct slice value)
{
	size_t len = answer == OVERLAY_VALUE ? value.len : 0;
	if (cache->taken >= cache->size / BATCH_PARTS)
		return;
	uint32_t bytes = cache_entry_bytes(cache, key->key.len, len);
	if (bytes > 0)
		cache_append(cache, key, answer, value, bytes);
}

static struct slice cache_value(const struct cache_entry *entry)
{
	return entry->value_len == NO_VALUE
		       ? (struct slice){NULL, 0}
		       : slice_of(entry->bytes_of + entry->key_len, entry->value_len);
}

/* An old entry begins anew at the head.  False: this batch has taken in enough, or the entry would not
 * outlive the making of the room for its own copy; then it is forgotten. */
static bool cache_renew(struct cache *cache, const struct overlay_key *key, struct cache_slot *slot)
{
	const struct cache_entry *old = cache_entry(cache, slot->entry);
	uint64_t age = cache_age(cache, slot->entry);
	*slot = (struct cache_slot){0, 0};
	if (cache->taken >= cache->size / BATCH_PARTS ||
		age + old->bytes + 2 * (cache->size / VALUE_PARTS) > cache->size)
		return false;
	enum overlay_answer answer = old->value_len == NO_VALUE ? OVERLAY_DELETED : OVERLAY_VALUE;
	cache_append(cache, key, answer, cache_value(old), old->bytes);
	return true;
}

enum overlay_answer cache_get(
	struct cache *cache, const struct overlay_key *key, struct slice *out_value)
{
	struct cache_slot *slot = cache_find(cache, key);
	if (slot == NULL)
		return OVERLAY_ABSENT;
	if (cache_age(cache, slot->entry) > cache->size / OLD_PARTS * (OLD_PARTS - 1)) {
		if (!cache_renew(cache, key, slot))
			return OVERLAY_ABSENT;
		slot = cache_find(cache, key);
		invariant(slot != NULL);
	}
	const struct cache_entry *entry = cache_entry(cache, slot->entry);
	if (entry->value_len == NO_VALUE)
		return OVERLAY_DELETED;
	*out_value = cache_value(entry);
	return OVERLAY_VALUE;
}

void cache_change(struct cache *cache, const struct overlay_key *key, enum overlay_answer answer,
	struct slice value)
{
	size_t len = answer == OVERLAY_VALUE ? value.len : 0;
	struct cache_slot *slot = cache_find(cache, key);
	if (slot != NULL) {
		struct cache_entry *entry = cache_entry(cache, slot->entry);
		if (offsetof(struct cache_entry, bytes_of) + key->key.len + len <= entry->bytes) {
			cache_fill(entry, answer, value);
			return;
		}
		*slot = (struct cache_slot){0, 0};
	}
	cache_keep(cache, key, answer, value);
}
