#include "base/table.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hash.h"

static uint64_t process_seed;
static pthread_once_t process_seed_once = PTHREAD_ONCE_INIT;

static void hash_seed_draw(void)
{
	if (getrandom(&process_seed, sizeof(process_seed), 0) != (ssize_t)sizeof(process_seed))
		process_seed =
			(uint64_t)clock_steady_us(); /* weaker, and only a defence in depth */
}

uint64_t hash_seed(void)
{
	(void)pthread_once(&process_seed_once, hash_seed_draw);
	return process_seed;
}

void table_init(struct table *table)
{
	*table = (struct table){0};
}

void table_fini(struct table *table)
{
	free(table->slots);
	*table = (struct table){0};
}

static uint64_t table_hash(struct slice key)
{
	uint64_t hash = hash_bytes(key.data, key.len, hash_seed());
	return hash != 0 ? hash : 1;
}

/* The slot of the key, or the empty one where it would go. */
static size_t table_find(const struct table *table, struct slice key, uint64_t hash)
{
	size_t at = (size_t)hash & (table->capacity - 1);
	while (table->slots[at].hash != 0 &&
		!(table->slots[at].hash == hash && slice_equal(table->slots[at].key, key)))
		at = (at + 1) & (table->capacity - 1);
	return at;
}

void *table_get(const struct table *table, struct slice key)
{
	if (table->count == 0)
		return NULL;
	return table->slots[table_find(table, key, table_hash(key))].value;
}

static enum ch_status table_grow(struct table *table)
{
	struct table bigger = {.capacity = table->capacity < 16 ? 16 : table->capacity * 2};
	bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < table->capacity; i++) {
		const struct table_slot *slot = &table->slots[i];
		if (slot->hash != 0)
			bigger.slots[table_find(&bigger, slot->key, slot->hash)] = *slot;
	}
	bigger.count = table->count;
	free(table->slots);
	*table = bigger;
	return CH_OK;
}

enum ch_status table_put(struct table *table, struct slice key, void *value)
{
	if ((table->count + 1) * 4 > table->capacity * 3) {
		enum ch_status status = table_grow(table);
		if (status != CH_OK)
			return status;
	}
	uint64_t hash = table_hash(key);
	struct table_slot *slot = &table->slots[table_find(table, key, hash)];
	if (slot->hash != 0)
		return CH_EXISTS;
	*slot = (struct table_slot){hash, key, value};
	table->count++;
	return CH_OK;
}

void *table_remove(struct table *table, struct slice key)
{
	if (table->count == 0)
		return NULL;
	size_t hole = table_find(table, key, table_hash(key));
	if (table->slots[hole].hash == 0)
		return NULL;
	void *value = table->slots[hole].value;
	size_t mask = table->capacity - 1;
	/* Close the hole: move back each follower that may not stay beyond it. */
	for (size_t at = (hole + 1) & mask; table->slots[at].hash != 0; at = (at + 1) & mask) {
		size_t home = (size_t)table->slots[at].hash & mask;
		if (((at - home) & mask) >= ((at - hole) & mask)) {
			table->slots[hole] = table->slots[at];
			hole = at;
		}
	}
	table->slots[hole] = (struct table_slot){0};
	table->count--;
	return value;
}

void *table_next(const struct table *table, size_t *at)
{
	while (*at < table->capacity) {
		const struct table_slot *slot = &table->slots[(*at)++];
		if (slot->hash != 0)
			return slot->value;
	}
	return NULL;
}

void table_clear(struct table *table)
{
	if (table->slots != NULL)
		memset(table->slots, 0, table->capacity * sizeof(*table->slots));
	table->count = 0;
}
