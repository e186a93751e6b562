/* Long views of LMDB alone.  A snapshot pins every page that is replaced after it began, so the
 * file grows under it: the projector takes its read away when it is too old, or when the map
 * must move.  What is handed out is therefore copied, and each call first looks whether the read
 * is still there. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/invariant.h"
#include "store/state_parts.h"

#define INBOX_CHECK 65536u /* items between two looks at the age */

/* The runs that belong to what this read sees.  The lock is held. */
static enum ch_status snapshot_match(struct snapshot *snapshot)
{
	struct state *state = snapshot->state;
	enum ch_status status =
		manifest_applied(snapshot->read, TABLE_MANIFEST, &snapshot->sequence);
	if (status != CH_OK)
		return status == CH_NOT_FOUND ? CH_CORRUPT : status;
	/* A checkpoint that is committed but not settled is seen already. */
	snapshot->runs = state->runs;
	if (snapshot->runs->applied != snapshot->sequence && state->runs_next != NULL)
		snapshot->runs = state->runs_next;
	if (snapshot->runs->applied != snapshot->sequence) {
		/* Only when another process writes what this one opened for reading. */
		invariant(state->options.read_only);
		snapshot->runs = NULL;
		return CH_RETRY;
	}
	runset_hold(snapshot->runs);
	return CH_OK;
}

/* Gives the read back, and the cursors on it. */
static void snapshot_rest(struct snapshot *snapshot)
{
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		env_cursor_close(snapshot->places[i].cursor);
		snapshot->places[i].cursor = NULL;
	}
	env_read_end(snapshot->read);
	snapshot->read = NULL;
}

static void snapshot_free(struct snapshot *snapshot)
{
	snapshot_rest(snapshot);
	runset_release(snapshot->runs);
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		buffer_fini(&snapshot->places[i].last);
		buffer_fini(&snapshot->places[i].value);
	}
	(void)pthread_mutex_destroy(&snapshot->lock);
	free(snapshot);
}

enum ch_status snapshot_begin(struct state *state, struct snapshot **out_snapshot)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	if (snapshot == NULL)
		return CH_NOMEM;
	snapshot->state = state;
	(void)pthread_mutex_init(&snapshot->lock, NULL); /* cannot fail without attributes */
	(void)pthread_mutex_lock(&state->lock);
	while (state->growing)
		(void)pthread_cond_wait(&state->moved, &state->lock);
	enum ch_status status = CH_NOMEM;
	if (state->read != NULL)
		status = env_read_begin(state->env, &snapshot->read);
	if (status == CH_OK)
		status = snapshot_match(snapshot);
	if (status == CH_OK) {
		snapshot->since_us = clock_steady_us();
		snapshot->next = state->snapshots;
		if (snapshot->next != NULL)
			snapshot->next->previous = snapshot;
		state->snapshots = snapshot;
		*out_snapshot = snapshot;
		snapshot = NULL; /* the caller's now */
	}
	(void)pthread_mutex_unlock(&state->lock);
	if (snapshot != NULL)
		snapshot_free(snapshot);
	return status;
}

void snapshot_end(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	struct state *state = snapshot->state;
	(void)pthread_mutex_lock(&state->lock);
	if (snapshot->previous != NULL)
		snapshot->previous->next = snapshot->next;
	else
		state->snapshots = snapshot->next;
	if (snapshot->next != NULL)
		snapshot->next->previous = snapshot->previous;
	(void)pthread_mutex_unlock(&state->lock);
	snapshot_free(snapshot);
}

void snapshot_take(struct state *state, int64_t since_us)
{
	for (struct snapshot *s = state->snapshots; s != NULL; s = s->next) {
		if (s->since_us > since_us)
			continue;
		(void)pthread_mutex_lock(&s->lock);
		state->stats.snapshots_taken += s->read != NULL;
		snapshot_rest(s);
		(void)pthread_mutex_unlock(&s->lock);
	}
}

uint64_t snapshot_sequence(const struct snapshot *snapshot)
{
	return snapshot->sequence;
}

/* The first key behind `after`.  The snapshot's lock is held. */
static enum ch_status snapshot_move(
	struct snapshot_place *place, struct slice after, struct slice *key, struct slice *value)
{
	if (after.len > 0 && slice_equal(after, buffer_slice(&place->last)))
		return env_next(place->cursor, key, value);
	enum ch_status status = env_seek(place->cursor, after, key, value);
	if (status == CH_OK && after.len > 0 && slice_equal(*key, after))
		status = env_next(place->cursor, key, value);
	return status;
}

enum ch_status snapshot_next(struct snapshot *snapshot, enum store_table table, struct slice after,
	struct slice *out_key, struct slice *out_value)
{
	struct slice key;
	struct slice value;
	enum ch_status status = CH_RETRY;
	invariant(table < TABLE_COUNT);
	struct snapshot_place *place = &snapshot->places[table];
	(void)pthread_mutex_lock(&snapshot->lock);
	if (snapshot->read == NULL)
		goto out;
	status = place->cursor == NULL ? env_cursor_open(snapshot->read, table, &place->cursor)
				       : CH_OK;
	if (status == CH_OK)
		status = snapshot_move(place, after, &key, &value);
	buffer_clear(&place->last);
	buffer_clear(&place->value);
	if (status != CH_OK)
		goto out;
	buffer_append_slice(&place->last, key);
	buffer_append_slice(&place->value, value);
	status = place->last.status != CH_OK ? place->last.status : place->value.status;
	if (status != CH_OK)
		goto out;
	*out_key = buffer_slice(&place->last);
	*out_value = buffer_slice(&place->value);
out:
	(void)pthread_mutex_unlock(&snapshot->lock);
	return status;
}

static bool snapshot_is_taken(struct snapshot *snapshot)
{
	(void)pthread_mutex_lock(&snapshot->lock);
	bool taken = snapshot->read == NULL;
	(void)pthread_mutex_unlock(&snapshot->lock);
	return taken;
}

enum ch_status snapshot_inbox(struct snapshot *snapshot,
	bool (*visit)(void *context, const uint8_t fingerprint[16], const struct inbox_item *item),
	void *context)
{
	struct merge merge;
	struct id_record record;
	struct inbox_item item;
	enum ch_status status = merge_init(&merge, snapshot->runs->runs, snapshot->runs->count);
	bool more = true;
	for (uint64_t count = 0; more && status == CH_OK; count++) {
		if (count % INBOX_CHECK == 0 && snapshot_is_taken(snapshot)) {
			status = CH_RETRY;
			break;
		}
		status = merge_next(&merge, &record);
		if (status != CH_OK)
			break;
		item.sequence = record.sequence;
		memcpy(item.digest, record.digest, sizeof(item.digest));
		more = visit(context, record.fingerprint, &item);
	}
	merge_fini(&merge);
	return status == CH_END ? CH_OK : status;
}
