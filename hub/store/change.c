/* The writer's batch: reads through all layers, writes into its own, which publishing moves into
 * the active one. */
#include "base/clock.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "store/scan.h"
#include "store/state_parts.h"

struct change *state_begin(struct state *state)
{
	struct change *change = &state->change;
	invariant(!state->options.read_only);
	(void)pthread_mutex_lock(&state->lock);
	invariant(!state->change_open);
	while (state->growing)
		(void)pthread_cond_wait(&state->moved, &state->lock);
	if (state->phase == FROZEN_WRITTEN)
		state_settle(state);
	state->change_open = true;
	change->owner = pthread_self();
	change->status = CH_OK;
	(void)pthread_mutex_unlock(&state->lock);
	cache_turn(change->cache);
	return change;
}

void change_prefetch(struct change *change, enum store_table table, struct slice key)
{
	const struct overlay_key wanted = overlay_key(table, key);
	cache_prefetch(change->cache, &wanted);
}

void change_prefetch_value(struct change *change, enum store_table table, struct slice key)
{
	const struct overlay_key wanted = overlay_key(table, key);
	cache_prefetch_value(change->cache, &wanted);
}

/* What the layers and LMDB say of a key that is neither in the batch nor in the cache. */
static enum ch_status change_look(
	struct change *change, const struct overlay_key *wanted, struct slice *out_value)
{
	const struct state *state = change->state;
	const struct layer *const layers[] = {state->active, state->frozen};
	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]) && layers[i] != NULL; i++) {
		switch (overlay_get(layers[i]->keys, wanted, OVERLAY_NEWEST, out_value)) {
		case OVERLAY_VALUE:
			return CH_OK;
		case OVERLAY_DELETED:
			return CH_NOT_FOUND;
		case OVERLAY_ABSENT:
			break;
		}
	}
	if (state->read == NULL)
		return CH_NOMEM;
	return env_get(state->read, (enum store_table)wanted->table, wanted->key, out_value);
}

enum ch_status change_get(
	struct change *change, enum store_table table, struct slice key, struct slice *out_value)
{
	static const struct slice none = {NULL, 0};
	invariant(table < TABLE_COUNT);
	if (key.len == 0 || key.len > LIMIT_KEY_BYTES)
		return CH_NOT_FOUND;
	const struct overlay_key wanted = overlay_key(table, key);
	cache_prefetch(change->cache, &wanted);
	enum overlay_answer answer =
		overlay_get(change->batch->keys, &wanted, OVERLAY_NEWEST, out_value);
	if (answer == OVERLAY_ABSENT)
		answer = cache_get(change->cache, &wanted, out_value);
	if (answer != OVERLAY_ABSENT)
		return answer == OVERLAY_VALUE ? CH_OK : CH_NOT_FOUND;
	enum ch_status status = change_look(change, &wanted, out_value);
	if (status == CH_OK)
		cache_keep(change->cache, &wanted, OVERLAY_VALUE, *out_value);
	else if (status == CH_NOT_FOUND)
		cache_keep(change->cache, &wanted, OVERLAY_DELETED, none);
	return status;
}

/* May this key be written? */
static bool change_takes(struct change *change, enum store_table table, struct slice key)
{
	invariant(table < TABLE_COUNT);
	if (change->status != CH_OK)
		return false;
	if (key.len > LIMIT_KEY_BYTES)
		change->status = CH_TOO_LARGE;
	else if (key.len == 0 || key.len < store_tables[table].group_bytes)
		change->status = CH_INVALID;
	return change->status == CH_OK;
}

void change_put(struct change *change, enum store_table table, struct slice key, struct slice value)
{
	if (!change_takes(change, table, key))
		return;
	const struct overlay_key where = overlay_key(table, key);
	change->status = value.len > LIMIT_VALUE_BYTES
				 ? CH_TOO_LARGE
				 : overlay_put(change->batch->keys, &where, value);
}

void change_delete(struct change *change, enum store_table table, struct slice key)
{
	if (!change_takes(change, table, key))
		return;
	const struct overlay_key where = overlay_key(table, key);
	change->status = overlay_delete(change->batch->keys, &where);
}

enum ch_status change_status(const struct change *change)
{
	return change->status;
}

enum ch_status change_scan(struct change *change, enum store_table table, struct slice prefix,
	bool (*visit)(void *context, struct slice key, struct slice value), void *context)
{
	struct scan scan;
	const struct state *state = change->state;
	invariant(table < TABLE_COUNT);
	if (store_tables[table].group_bytes == 0 || prefix.len < store_tables[table].group_bytes)
		return CH_INVALID;
	if (state->read == NULL)
		return CH_NOMEM;
	const struct layer *const layers[] = {change->batch, state->active, state->frozen};
	scan_init(&scan);
	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]) && layers[i] != NULL; i++) {
		overlay_group(layers[i]->keys, table, prefix, OVERLAY_NEWEST, scan_collect, &scan);
		scan_next_layer(&scan);
	}
	enum ch_status status = scan_run(&scan, state->read, table, prefix, visit, context);
	scan_fini(&scan);
	return status;
}

/* All layers' misses at once. */
void change_inbox_prefetch(struct change *change, const uint8_t fingerprint[16])
{
	const struct state *state = change->state;
	ids_prefetch(state->active->ids, fingerprint);
	if (state->frozen != NULL)
		ids_prefetch(state->frozen->ids, fingerprint);
	runset_prefetch(state->runs, fingerprint);
}

enum ch_status change_inbox_get(
	struct change *change, const uint8_t fingerprint[16], struct inbox_item *out_item)
{
	const struct state *state = change->state;
	struct id_record record;
	const struct layer *const layers[] = {change->batch, state->active, state->frozen};
	const struct id_record *found = NULL;
	for (size_t i = 0; found == NULL && i < 3 && layers[i] != NULL; i++)
		found = ids_get(layers[i]->ids, fingerprint);
	if (found == NULL) {
		enum ch_status status = runset_get(state->runs, fingerprint, &record);
		if (status != CH_OK)
			return status;
		found = &record;
	}
	out_item->sequence = found->sequence;
	memcpy(out_item->digest, found->digest, sizeof(out_item->digest));
	return CH_OK;
}

void change_inbox_put(
	struct change *change, const uint8_t fingerprint[16], const struct inbox_item *item)
{
	struct id_record record = {.sequence = item->sequence};
	invariant(item->sequence != 0);
	if (change->status != CH_OK)
		return;
	memcpy(record.fingerprint, fingerprint, sizeof(record.fingerprint));
	memcpy(record.digest, item->digest, sizeof(record.digest));
	change->status = ids_put(change->batch->ids, &record);
}

/* Ends the change, in which layers could not move; the lock is held. */
static void change_close(struct state *state)
{
	invariant(state->change_open);
	state->change_open = false;
	if (state->phase == FROZEN_WRITTEN)
		state_settle(state);
	if (state->wanted || state_is_due(state, clock_steady_us()))
		(void)state_freeze(state);
	if (state->growing)
		state_tell(state);
}

/* What was published is what the writer sees next. */
static void change_show(struct change *change)
{
	const struct overlay *batch = change->batch->keys;
	uint32_t reference;
	size_t at = 0;
	cache_turn(change->cache);
	while ((reference = overlay_next(batch, &at)) != 0) {
		struct overlay_item item = overlay_item(batch, reference);
		const struct overlay_key key = {item.hash, item.key, item.table};
		cache_change(change->cache, &key, item.deleted ? OVERLAY_DELETED : OVERLAY_VALUE,
			item.value);
	}
}

void change_foreshow(struct change *change)
{
	invariant(change->state->change_open && !change->shown);
	change_show(change);
	change->shown = true;
}

static void change_forget(struct change *change)
{
	change->shown = false;
	overlay_reset(change->batch->keys);
	ids_reset(change->batch->ids);
}

/* Room for the next batch, at the latest when a checkpoint has made it; the lock is held. */
static enum ch_status change_wait(struct state *state)
{
	while (state->has_projector && state_pressure(state) >= 200) {
		enum ch_status status = state_status(state);
		if (status != CH_OK)
			return status;
		(void)pthread_cond_wait(&state->moved, &state->lock);
	}
	return CH_OK;
}

enum ch_status change_publish(struct change *change, uint64_t sequence)
{
	struct state *state = change->state;
	enum ch_status status = change->status;
	(void)pthread_mutex_lock(&state->lock);
	invariant(sequence >= state->published);
	if (status == CH_OK) {
		(void)pthread_rwlock_wrlock(&state->contents);
		status = layer_absorb(state->active, change->batch, rtxn_visible(state));
		(void)pthread_rwlock_unlock(&state->contents);
	}
	bool published = status == CH_OK;
	if (published) {
		state->published = sequence;
		state->epoch++;
		state->active->sequence = sequence;
		state->active->epoch = state->epoch;
		if (state->active->since_us == 0)
			state->active->since_us = clock_steady_us();
		state_update_pressure(state);
	}
	change_close(state);
	if (status == CH_OK)
		status = change_wait(state);
	(void)pthread_mutex_unlock(&state->lock);
	if (published && !change->shown)
		change_show(change);
	change_forget(change);
	return status;
}

void change_abort(struct change *change)
{
	if (change == NULL)
		return;
	struct state *state = change->state;
	(void)pthread_mutex_lock(&state->lock);
	change_close(state);
	(void)pthread_mutex_unlock(&state->lock);
	if (change->shown)
		cache_clear(change->cache);
	change_forget(change);
}
