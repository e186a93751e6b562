/* Readers: a view of all layers as of one published batch. */
#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "store/scan.h"
#include "store/state_parts.h"

/* So many keys are looked at under one hold of the lock by a walk over all changes. */
#define WALK_KEYS 4096u

uint32_t rtxn_visible(const struct state *state)
{
	uint32_t newest = 0;
	for (const struct rtxn *rtxn = state->live; rtxn != NULL; rtxn = rtxn->next) {
		if (rtxn->active == state->active && rtxn->version > newest)
			newest = rtxn->version;
	}
	return newest;
}

void rtxn_free_resting(struct state *state)
{
	while (state->resting != NULL) {
		struct rtxn *rtxn = state->resting;
		state->resting = rtxn->next;
		env_read_end(rtxn->read);
		free(rtxn);
	}
}

/* One that rests, with its place among LMDB's readers, or a new one.  The lock is held. */
static enum ch_status rtxn_obtain(struct state *state, struct rtxn **out_rtxn)
{
	struct rtxn *rtxn = state->resting;
	if (rtxn != NULL) {
		enum ch_status status = env_read_renew(rtxn->read);
		if (status != CH_OK)
			return status;
		state->resting = rtxn->next;
		*out_rtxn = rtxn;
		return CH_OK;
	}
	rtxn = calloc(1, sizeof(*rtxn));
	if (rtxn == NULL)
		return CH_NOMEM;
	enum ch_status status = env_read_begin(state->env, &rtxn->read);
	if (status == CH_OK)
		*out_rtxn = rtxn;
	else
		free(rtxn);
	return status;
}

enum ch_status rtxn_begin(struct state *state, struct rtxn **out_rtxn)
{
	struct rtxn *rtxn = NULL;
	(void)pthread_mutex_lock(&state->lock);
	while (state->growing)
		(void)pthread_cond_wait(&state->moved, &state->lock);
	/* The view of LMDB is taken after the layers, which cannot move here: if a checkpoint is
	 * committed in between, the frozen layer only says again what LMDB has. */
	enum ch_status status = CH_NOMEM;
	if (state->read != NULL)
		status = rtxn_obtain(state, &rtxn);
	if (status == CH_OK) {
		rtxn->state = state;
		rtxn->active = state->active;
		rtxn->frozen = state->frozen;
		rtxn->runs = state->runs;
		rtxn->active->holders++;
		if (rtxn->frozen != NULL)
			rtxn->frozen->holders++;
		runset_hold(rtxn->runs);
		rtxn->version = overlay_version(rtxn->active->keys);
		rtxn->sequence = state->published;
		rtxn->previous = NULL;
		rtxn->next = state->live;
		if (rtxn->next != NULL)
			rtxn->next->previous = rtxn;
		state->live = rtxn;
		*out_rtxn = rtxn;
	}
	(void)pthread_mutex_unlock(&state->lock);
	return status;
}

void rtxn_end(struct rtxn *rtxn)
{
	if (rtxn == NULL)
		return;
	struct state *state = rtxn->state;
	struct runset *runs = rtxn->runs;
	(void)pthread_mutex_lock(&state->lock);
	bool last = --rtxn->active->holders == 0;
	if (rtxn->frozen != NULL)
		last = --rtxn->frozen->holders == 0 || last;
	if (rtxn->previous != NULL)
		rtxn->previous->next = rtxn->next;
	else
		state->live = rtxn->next;
	if (rtxn->next != NULL)
		rtxn->next->previous = rtxn->previous;
	env_read_rest(rtxn->read);
	rtxn->next = state->resting;
	state->resting = rtxn;
	if (last || (state->growing && state->live == NULL))
		state_tell(state);
	(void)pthread_mutex_unlock(&state->lock);
	runset_release(runs);
}

uint64_t rtxn_sequence(const struct rtxn *rtxn)
{
	return rtxn->sequence;
}

/* The writer publishes into the layer that was active when the view was taken: only there is a lock
 * needed, and only to find the value, which then stays. */
static enum overlay_answer rtxn_look(
	struct rtxn *rtxn, const struct overlay_key *key, struct slice *out_value)
{
	(void)pthread_rwlock_rdlock(&rtxn->state->contents);
	enum overlay_answer answer = overlay_get(rtxn->active->keys, key, rtxn->version, out_value);
	(void)pthread_rwlock_unlock(&rtxn->state->contents);
	if (answer == OVERLAY_ABSENT && rtxn->frozen != NULL)
		answer = overlay_get(rtxn->frozen->keys, key, OVERLAY_NEWEST, out_value);
	return answer;
}

enum ch_status rtxn_get(
	struct rtxn *rtxn, enum store_table table, struct slice key, struct slice *out_value)
{
	invariant(table < TABLE_COUNT);
	if (key.len == 0 || key.len > LIMIT_KEY_BYTES)
		return CH_NOT_FOUND;
	const struct overlay_key wanted = overlay_key(table, key);
	switch (rtxn_look(rtxn, &wanted, out_value)) {
	case OVERLAY_VALUE:
		return CH_OK;
	case OVERLAY_DELETED:
		return CH_NOT_FOUND;
	case OVERLAY_ABSENT:
		break;
	}
	return env_get(rtxn->read, table, key, out_value);
}

/* All of the active layer, a piece at a time, so that no publish waits for more than a piece. */
static void rtxn_walk_active(
	struct rtxn *rtxn, enum store_table table, struct slice prefix, struct scan *scan)
{
	size_t at = 0;
	bool more = true;
	while (more) {
		(void)pthread_rwlock_rdlock(&rtxn->state->contents);
		more = overlay_walk(rtxn->active->keys, table, prefix, rtxn->version, &at,
			WALK_KEYS, scan_collect, scan);
		(void)pthread_rwlock_unlock(&rtxn->state->contents);
	}
}

static void rtxn_collect(
	struct rtxn *rtxn, enum store_table table, struct slice prefix, struct scan *scan)
{
	size_t at = 0;
	size_t group = store_tables[table].group_bytes;
	if (group == 0 || prefix.len < group) {
		rtxn_walk_active(rtxn, table, prefix, scan);
		scan_next_layer(scan);
		if (rtxn->frozen != NULL)
			(void)overlay_walk(rtxn->frozen->keys, table, prefix, OVERLAY_NEWEST, &at,
				SIZE_MAX, scan_collect, scan);
		return;
	}
	(void)pthread_rwlock_rdlock(&rtxn->state->contents);
	overlay_group(rtxn->active->keys, table, prefix, rtxn->version, scan_collect, scan);
	(void)pthread_rwlock_unlock(&rtxn->state->contents);
	scan_next_layer(scan);
	if (rtxn->frozen != NULL)
		overlay_group(
			rtxn->frozen->keys, table, prefix, OVERLAY_NEWEST, scan_collect, scan);
}

enum ch_status rtxn_scan(struct rtxn *rtxn, enum store_table table, struct slice prefix,
	bool (*visit)(void *context, struct slice key, struct slice value), void *context)
{
	struct scan scan;
	invariant(table < TABLE_COUNT);
	scan_init(&scan);
	rtxn_collect(rtxn, table, prefix, &scan);
	enum ch_status status = scan_run(&scan, rtxn->read, table, prefix, visit, context);
	scan_fini(&scan);
	return status;
}

enum ch_status rtxn_inbox_get(
	struct rtxn *rtxn, const uint8_t fingerprint[16], struct inbox_item *out_item)
{
	struct id_record record;
	(void)pthread_rwlock_rdlock(&rtxn->state->contents);
	const struct id_record *found = ids_get(rtxn->active->ids, fingerprint);
	(void)pthread_rwlock_unlock(&rtxn->state->contents);
	if (found != NULL && found->sequence > rtxn->sequence)
		return CH_NOT_FOUND; /* published after this view, so it is nowhere else */
	if (found == NULL && rtxn->frozen != NULL)
		found = ids_get(rtxn->frozen->ids, fingerprint);
	if (found == NULL) {
		enum ch_status status = runset_get(rtxn->runs, fingerprint, &record);
		if (status != CH_OK)
			return status;
		found = &record;
	}
	out_item->sequence = found->sequence;
	memcpy(out_item->digest, found->digest, sizeof(out_item->digest));
	return CH_OK;
}
