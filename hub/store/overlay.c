/* The index is an open-addressing table of 8-byte slots: 32 bits of the hash and a reference to the
 * entry.  An entry is the key; it points to the newest of its values, which usually lies right
 * behind it.  References are the pool's.
 *
 *	slots [tag|entry] -> entry {hash, value, group_next, key} -> value {version, older, bytes}
 *
 * The keys of a group are linked through group_next, from a group head: an entry of its own in
 * the same index, under the group's bytes and the table's number with the top bit set. */
#include "store/overlay.h"

#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "store/pool.h"

#define GROUP_HEAD    0x80u
#define VALUE_DELETED UINT32_MAX
#define BIG_KEYS      65536u /* from so many expected keys on, huge pages pay */
/* How many entries absorb looks ahead for each step of their look-up. */
#define AHEAD_SLOT  12u
#define AHEAD_ENTRY 8u
#define AHEAD_VALUE 4u
#define FETCH_BYTES 192u

struct overlay_slot {
	uint32_t tag;
	uint32_t entry; /* 0: empty */
};

struct entry {
	uint64_t hash;
	uint32_t value;      /* the newest; a group head has none */
	uint32_t group_next; /* the next key of the group; of a head, the first */
	uint16_t key_len;
	uint8_t table;
	uint8_t key[];
};

struct value {
	uint32_t version;
	uint32_t older; /* the value that readers of earlier versions see; 0: none */
	uint32_t len;   /* or VALUE_DELETED */
	uint32_t capacity;
	uint8_t bytes[];
};

/* The biggest thing that alloc is asked for: what the end of a chunk can waste. */
#define BLOCK_MAX                                                                                  \
	(sizeof(struct entry) + LIMIT_KEY_BYTES + sizeof(struct value) +                           \
		LIMIT_VALUE_BYTES * 5 / 4 + 2 * POOL_GRANULE)

struct overlay {
	const struct table_row *rows;
	struct overlay_slot *slots;
	uint64_t mask;
	uint32_t *order; /* entries as they came, group heads too */
	size_t order_capacity;
	size_t count;
	uint32_t keys;
	uint32_t places;
	uint32_t version;
	struct pool pool;
};

static struct entry *overlay_entry(const struct overlay *overlay, uint32_t reference)
{
	return pool_at(&overlay->pool, reference);
}

static struct value *overlay_value(const struct overlay *overlay, uint32_t reference)
{
	return pool_at(&overlay->pool, reference);
}

/* ---- Memory ---- */

enum ch_status overlay_create(
	const struct table_row *rows, uint32_t keys, struct overlay **out_overlay)
{
	uint64_t slots = 64;
	while (slots < (uint64_t)keys * 2)
		slots *= 2;
	struct overlay *overlay = calloc(1, sizeof(*overlay));
	if (overlay == NULL)
		return CH_NOMEM;
	overlay->rows = rows;
	overlay->mask = slots - 1;
	overlay->order_capacity = (size_t)slots / 2;
	overlay->slots = pool_index((size_t)slots * sizeof(*overlay->slots));
	overlay->order = malloc(overlay->order_capacity * sizeof(*overlay->order));
	enum ch_status status = pool_init(&overlay->pool, keys >= BIG_KEYS);
	if (overlay->slots == NULL || overlay->order == NULL)
		status = CH_NOMEM;
	if (status == CH_OK)
		*out_overlay = overlay;
	else
		overlay_free(overlay);
	return status;
}

void overlay_free(struct overlay *overlay)
{
	if (overlay == NULL)
		return;
	pool_fini(&overlay->pool);
	free(overlay->order);
	free(overlay->slots);
	free(overlay);
}

/* The slot that holds this entry. */
static struct overlay_slot *overlay_slot_of(const struct overlay *overlay, uint32_t reference)
{
	uint64_t at = overlay_entry(overlay, reference)->hash & overlay->mask;
	while (overlay->slots[at].entry != reference)
		at = (at + 1) & overlay->mask;
	return &overlay->slots[at];
}

void overlay_reset(struct overlay *overlay)
{
	if (overlay->count * 16 < overlay->mask) {
		/* The last first: what an entry was found behind is then still there. */
		for (size_t i = overlay->count; i-- > 0;)
			*overlay_slot_of(overlay, overlay->order[i]) = (struct overlay_slot){0, 0};
	} else {
		memset(overlay->slots, 0, (size_t)(overlay->mask + 1) * sizeof(*overlay->slots));
	}
	pool_reset(&overlay->pool);
	overlay->count = 0;
	overlay->keys = 0;
	overlay->places = 0;
	overlay->version = 0;
}

void overlay_warm(struct overlay *overlay)
{
	pool_warm(&overlay->pool);
}

static enum ch_status overlay_grow_order(struct overlay *overlay, size_t count)
{
	size_t capacity = overlay->order_capacity;
	while (capacity < count)
		capacity *= 2;
	if (capacity == overlay->order_capacity)
		return CH_OK;
	uint32_t *order = realloc(overlay->order, capacity * sizeof(*order));
	if (order == NULL)
		return CH_NOMEM;
	overlay->order = order;
	overlay->order_capacity = capacity;
	return CH_OK;
}

static enum ch_status overlay_grow_slots(struct overlay *overlay, uint64_t slots)
{
	struct overlay_slot *bigger = pool_index((size_t)slots * sizeof(*bigger));
	if (bigger == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < overlay->count; i++) {
		uint64_t hash = overlay_entry(overlay, overlay->order[i])->hash;
		uint64_t at = hash & (slots - 1);
		while (bigger[at].entry != 0)
			at = (at + 1) & (slots - 1);
		bigger[at] = (struct overlay_slot){(uint32_t)(hash >> 32), overlay->order[i]};
	}
	free(overlay->slots);
	overlay->slots = bigger;
	overlay->mask = slots - 1;
	return CH_OK;
}

/* Makes sure that the index takes `entries` more without growing. */
static enum ch_status overlay_reserve_index(struct overlay *overlay, size_t entries)
{
	size_t count = overlay->count + entries;
	uint64_t slots = overlay->mask + 1;
	while (count > slots / 4 * 3)
		slots *= 2;
	enum ch_status status = CH_OK;
	if (slots != overlay->mask + 1)
		status = overlay_grow_slots(overlay, slots);
	if (status == CH_OK)
		status = overlay_grow_order(overlay, count);
	return status;
}

/* ---- Finding ---- */

/* The entry of the key, or 0 and the slot where it would go. */
static uint32_t overlay_find(
	const struct overlay *overlay, const struct overlay_key *key, uint64_t *out_slot)
{
	uint32_t tag = (uint32_t)(key->hash >> 32);
	uint64_t at = key->hash & overlay->mask;
	for (;; at = (at + 1) & overlay->mask) {
		struct overlay_slot slot = overlay->slots[at];
		if (slot.entry == 0)
			break;
		if (slot.tag != tag)
			continue;
		const struct entry *entry = overlay_entry(overlay, slot.entry);
		if (entry->table == key->table &&
			overlay_key_is(key->key, entry->key, entry->key_len))
			return slot.entry;
	}
	*out_slot = at;
	return 0;
}

/* The value of `entry` at `version`; NULL when it came later. */
static const struct value *overlay_value_at(
	const struct overlay *overlay, const struct entry *entry, uint32_t version)
{
	const struct value *value = overlay_value(overlay, entry->value);
	while (value->version > version) {
		if (value->older == 0)
			return NULL;
		value = overlay_value(overlay, value->older);
	}
	return value;
}

enum overlay_answer overlay_get(const struct overlay *overlay, const struct overlay_key *key,
	uint32_t version, struct slice *out_value)
{
	uint64_t slot;
	uint32_t found = overlay_find(overlay, key, &slot);
	if (found == 0)
		return OVERLAY_ABSENT;
	const struct value *value =
		overlay_value_at(overlay, overlay_entry(overlay, found), version);
	if (value == NULL)
		return OVERLAY_ABSENT;
	if (value->len == VALUE_DELETED)
		return OVERLAY_DELETED;
	*out_value = slice_of(value->bytes, value->len);
	return OVERLAY_VALUE;
}

/* ---- Putting ---- */

static struct overlay_key overlay_group_key(
	const struct overlay *overlay, unsigned table, struct slice key)
{
	size_t len = overlay->rows[table].group_bytes;
	invariant(key.len >= len);
	return overlay_key(table | GROUP_HEAD, slice_of(key.data, len));
}

/* Fills in a value, whose memory is at `reference`. */
static void overlay_write_value(struct overlay *overlay, uint32_t reference, const void *data,
	uint32_t len, size_t capacity)
{
	struct value *value = overlay_value(overlay, reference);
	value->version = overlay->version;
	value->older = 0;
	value->len = len;
	value->capacity = (uint32_t)capacity;
	if (len != VALUE_DELETED && len > 0)
		memcpy(value->bytes, data, len);
}

/* A new entry with room for `more` bytes behind it, in the index, which has room; 0 when memory
 * runs out. */
static uint32_t overlay_new_entry(
	struct overlay *overlay, const struct overlay_key *key, size_t more)
{
	uint64_t slot;
	size_t bytes = pool_round(offsetof(struct entry, key) + key->key.len);
	uint32_t reference = pool_alloc(&overlay->pool, bytes + more);
	if (reference == 0)
		return 0;
	struct entry *entry = overlay_entry(overlay, reference);
	entry->hash = key->hash;
	entry->value = more > 0 ? reference + (uint32_t)(bytes / POOL_GRANULE) : 0;
	entry->group_next = 0;
	entry->key_len = (uint16_t)key->key.len;
	entry->table = key->table;
	if (key->key.len > 0)
		memcpy(entry->key, key->key.data, key->key.len);
	invariant(overlay_find(overlay, key, &slot) == 0);
	overlay->slots[slot] = (struct overlay_slot){(uint32_t)(key->hash >> 32), reference};
	overlay->order[overlay->count++] = reference;
	return reference;
}

/* The head of the key's group, made when there is none; 0 when memory runs out. */
static uint32_t overlay_group_head(struct overlay *overlay, const struct overlay_key *key)
{
	uint64_t slot;
	struct overlay_key group = overlay_group_key(overlay, key->table, key->key);
	uint32_t head = overlay_find(overlay, &group, &slot);
	if (head == 0) {
		head = overlay_new_entry(overlay, &group, 0);
		overlay->places += head != 0;
	}
	return head;
}

/* When memory runs out behind the head, a group without keys stays, which is harmless. */
static enum ch_status overlay_insert(
	struct overlay *overlay, const struct overlay_key *key, const void *data, uint32_t len)
{
	uint32_t head = 0;
	if (overlay->rows[key->table].group_bytes > 0) {
		head = overlay_group_head(overlay, key);
		if (head == 0)
			return CH_NOMEM;
	}
	size_t capacity = pool_round(len == VALUE_DELETED ? 0 : len);
	uint32_t reference = overlay_new_entry(overlay, key, sizeof(struct value) + capacity);
	if (reference == 0)
		return CH_NOMEM;
	struct entry *entry = overlay_entry(overlay, reference);
	overlay_write_value(overlay, entry->value, data, len, capacity);
	overlay->keys++;
	if (head == 0) {
		overlay->places++;
		return CH_OK;
	}
	entry->group_next = overlay_entry(overlay, head)->group_next;
	overlay_entry(overlay, head)->group_next = reference;
	return CH_OK;
}

/* Over an existing value: in its space when it fits and nobody looks at it, else before it. */
static enum ch_status overlay_replace(struct overlay *overlay, struct entry *entry,
	const void *data, uint32_t len, uint32_t visible)
{
	struct value *old = overlay_value(overlay, entry->value);
	uint32_t bytes = len == VALUE_DELETED ? 0 : len;
	bool seen = old->version <= visible;
	if (!seen && bytes <= old->capacity) {
		if (bytes > 0)
			memmove(old->bytes, data, bytes);
		old->len = len;
		old->version = overlay->version;
		return CH_OK;
	}
	/* A value that grew once grows again: a quarter of slack. */
	size_t capacity = pool_round(bytes + bytes / 4);
	uint32_t reference = pool_alloc(&overlay->pool, sizeof(struct value) + capacity);
	if (reference == 0)
		return CH_NOMEM;
	overlay_write_value(overlay, reference, data, len, capacity);
	overlay_value(overlay, reference)->older = seen ? entry->value : old->older;
	entry->value = reference;
	return CH_OK;
}

/* The index has room. */
static enum ch_status overlay_set(struct overlay *overlay, const struct overlay_key *key,
	const void *data, uint32_t len, uint32_t visible)
{
	uint64_t slot;
	uint32_t found = overlay_find(overlay, key, &slot);
	if (found != 0)
		return overlay_replace(overlay, overlay_entry(overlay, found), data, len, visible);
	return overlay_insert(overlay, key, data, len);
}

enum ch_status overlay_put(
	struct overlay *overlay, const struct overlay_key *key, struct slice value)
{
	invariant(key->key.len <= LIMIT_KEY_BYTES && value.len <= LIMIT_VALUE_BYTES);
	enum ch_status status = overlay_reserve_index(overlay, 2);
	if (status != CH_OK)
		return status;
	overlay->version = 1;
	return overlay_set(overlay, key, value.data, (uint32_t)value.len, 0);
}

enum ch_status overlay_delete(struct overlay *overlay, const struct overlay_key *key)
{
	invariant(key->key.len <= LIMIT_KEY_BYTES);
	enum ch_status status = overlay_reserve_index(overlay, 2);
	if (status != CH_OK)
		return status;
	overlay->version = 1;
	return overlay_set(overlay, key, NULL, VALUE_DELETED, 0);
}

static void overlay_fetch_slot(const struct overlay *overlay, uint64_t hash)
{
	__builtin_prefetch(&overlay->slots[hash & overlay->mask]);
}

static void overlay_fetch_entry(const struct overlay *overlay, uint64_t hash)
{
	struct overlay_slot slot = overlay->slots[hash & overlay->mask];
	if (slot.entry != 0)
		__builtin_prefetch(overlay_entry(overlay, slot.entry));
}

/* The lines that the new value is going to be written over. */
static void overlay_fetch_value(const struct overlay *overlay, uint64_t hash, uint32_t len)
{
	struct overlay_slot slot = overlay->slots[hash & overlay->mask];
	if (slot.entry == 0 || slot.tag != (uint32_t)(hash >> 32))
		return;
	const struct entry *entry = overlay_entry(overlay, slot.entry);
	if (entry->value == 0)
		return;
	const uint8_t *value = pool_at(&overlay->pool, entry->value);
	for (uint32_t at = 0; at < len && at < FETCH_BYTES; at += 64)
		__builtin_prefetch(value + at, 1);
}

/* Memory latency is nearly all that absorbing costs, so the misses of the next entries are
 * started while this one is copied: first their slots, then what the slots point to, then what
 * that points to. */
static void overlay_look_ahead(
	const struct overlay *overlay, const struct overlay *batch, size_t at)
{
	if (at + AHEAD_SLOT < batch->count)
		overlay_fetch_slot(
			overlay, overlay_entry(batch, batch->order[at + AHEAD_SLOT])->hash);
	if (at + AHEAD_ENTRY < batch->count)
		overlay_fetch_entry(
			overlay, overlay_entry(batch, batch->order[at + AHEAD_ENTRY])->hash);
	if (at + AHEAD_VALUE < batch->count) {
		const struct entry *next = overlay_entry(batch, batch->order[at + AHEAD_VALUE]);
		if (next->value != 0)
			overlay_fetch_value(
				overlay, next->hash, overlay_value(batch, next->value)->len);
	}
}

enum ch_status overlay_absorb(
	struct overlay *overlay, const struct overlay *batch, uint32_t visible)
{
	/* What the batch took, with the slack of replaced values; then nothing below can fail. */
	enum ch_status status = overlay_reserve_index(overlay, batch->count);
	if (status == CH_OK)
		status = pool_reserve(&overlay->pool, overlay_bytes(batch) / 4 * 5 + 64, BLOCK_MAX);
	if (status != CH_OK)
		return status;
	overlay->version++;
	for (size_t i = 0; i < batch->count; i++) {
		overlay_look_ahead(overlay, batch, i);
		const struct entry *entry = overlay_entry(batch, batch->order[i]);
		if ((entry->table & GROUP_HEAD) != 0)
			continue; /* made again with the group's first key */
		const struct value *value = overlay_value(batch, entry->value);
		struct overlay_key key = {
			entry->hash, slice_of(entry->key, entry->key_len), entry->table};
		status = overlay_set(overlay, &key, value->bytes, value->len, visible);
		invariant(status == CH_OK);
	}
	return CH_OK;
}

uint32_t overlay_version(const struct overlay *overlay)
{
	return overlay->version;
}

/* ---- Walking ---- */

static struct overlay_item overlay_show(const struct entry *entry, const struct value *value)
{
	bool deleted = value->len == VALUE_DELETED;
	return (struct overlay_item){
		.hash = entry->hash,
		.key = slice_of(entry->key, entry->key_len),
		.value = deleted ? slice_of(NULL, 0) : slice_of(value->bytes, value->len),
		.table = entry->table,
		.deleted = deleted,
	};
}

/* Shows one entry when it belongs; false to stop. */
static bool overlay_offer(const struct overlay *overlay, const struct entry *entry,
	struct slice prefix, uint32_t version, overlay_visit visit, void *context)
{
	if (!slice_starts(slice_of(entry->key, entry->key_len), prefix))
		return true;
	const struct value *value = overlay_value_at(overlay, entry, version);
	if (value == NULL)
		return true;
	struct overlay_item item = overlay_show(entry, value);
	return visit(context, &item);
}

void overlay_group(const struct overlay *overlay, unsigned table, struct slice prefix,
	uint32_t version, overlay_visit visit, void *context)
{
	uint64_t slot;
	invariant(overlay->rows[table].group_bytes > 0);
	struct overlay_key group = overlay_group_key(overlay, table, prefix);
	uint32_t at = overlay_find(overlay, &group, &slot);
	if (at == 0)
		return;
	at = overlay_entry(overlay, at)->group_next;
	while (at != 0) {
		const struct entry *entry = overlay_entry(overlay, at);
		if (!overlay_offer(overlay, entry, prefix, version, visit, context))
			return;
		at = entry->group_next;
	}
}

bool overlay_walk(const struct overlay *overlay, unsigned table, struct slice prefix,
	uint32_t version, size_t *at, size_t limit, overlay_visit visit, void *context)
{
	size_t end = overlay->count - *at < limit ? overlay->count : *at + limit;
	while (*at < end) {
		const struct entry *entry = overlay_entry(overlay, overlay->order[(*at)++]);
		if (entry->table == table &&
			!overlay_offer(overlay, entry, prefix, version, visit, context))
			return false;
	}
	return *at < overlay->count;
}

/* ---- One by one ---- */

uint32_t overlay_next(const struct overlay *overlay, size_t *at)
{
	while (*at < overlay->count) {
		uint32_t reference = overlay->order[(*at)++];
		if (*at + AHEAD_ENTRY < overlay->count)
			__builtin_prefetch(
				overlay_entry(overlay, overlay->order[*at + AHEAD_ENTRY]));
		if ((overlay_entry(overlay, reference)->table & GROUP_HEAD) == 0)
			return reference;
	}
	return 0;
}

void overlay_fetch_item(const struct overlay *overlay, uint32_t reference)
{
	const uint8_t *entry = pool_at(&overlay->pool, reference);
	/* The value mostly lies behind its key; and the memory of a pool never ends before a
	 * chunk's. */
	for (size_t at = 0; at < FETCH_BYTES; at += 64)
		__builtin_prefetch(entry + at);
}

struct overlay_item overlay_item(const struct overlay *overlay, uint32_t reference)
{
	const struct entry *entry = overlay_entry(overlay, reference);
	return overlay_show(entry, overlay_value(overlay, entry->value));
}

uint32_t overlay_places(const struct overlay *overlay)
{
	return overlay->places;
}

uint32_t overlay_keys(const struct overlay *overlay)
{
	return overlay->keys;
}

uint64_t overlay_bytes(const struct overlay *overlay)
{
	return pool_bytes(&overlay->pool);
}
