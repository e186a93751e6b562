/* The layers and how they move.
 *
 *     state_begin ... change_publish    batch -> active      writer
 *     state_freeze                      active -> frozen     writer, else projector (no change open)
 *     projector.c                       frozen -> LMDB       projector
 *     state_settle                      frozen is dropped    as state_freeze
 *
 * Why no reader ever misses a change or sees one twice: a layer says what a key's value is, not
 * what to do to it, so a frozen layer over an LMDB that already has it changes nothing.  Only the
 * other order would hurt: dropping it while somebody still reads the LMDB of before.  The writer
 * therefore renews its view of LMDB and drops the frozen layer in one step, between two changes; a
 * reader takes its layers first and its view of LMDB after them, under the same lock, and holds
 * both to its end.
 *
 * Why the writer needs no lock while it reads: layers are moved only while no change is open,
 * and the contents of the active one only by the writer's own publish. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/invariant.h"
#include "store/state_parts.h"

#define MAP_BYTES      (UINT64_C(64) << 30)
#define FREEZE_CHANGES 262144u
#define FREEZE_US      3000000
#define CAP_CHANGES    524288u
#define CAP_BYTES      (UINT64_C(160) << 20)
#define CACHE_BYTES    (UINT64_C(256) << 20)
#define SNAPSHOT_US    INT64_C(600000000)
#define BATCH_KEYS     4096u
#define READ_ONLY_KEYS 64u

/* ---- Opening ---- */

static void state_set_options(struct state *state, const struct state_options *options)
{
	struct state_options *own = &state->options;
	*own = *options;
	own->dir = state->dir;
	if (own->map_bytes == 0)
		own->map_bytes = MAP_BYTES;
	if (own->freeze_changes == 0)
		own->freeze_changes = FREEZE_CHANGES;
	if (own->freeze_us == 0)
		own->freeze_us = FREEZE_US;
	if (own->cap_changes == 0)
		own->cap_changes = CAP_CHANGES;
	if (own->cap_bytes == 0)
		own->cap_bytes = CAP_BYTES;
	if (own->freeze_changes > own->cap_changes)
		own->freeze_changes = own->cap_changes; /* or a publish could wait for its age */
	if (own->cache_bytes == 0)
		own->cache_bytes = CACHE_BYTES;
	if (own->read_only)
		own->cache_bytes = 0;
	if (own->snapshot_us == 0)
		own->snapshot_us = SNAPSHOT_US;
	state->pace = (struct pace){own->yield, own->yield_context};
	/* Places, and the keys and groups that come with them: the index never grows below the
	 * cap. */
	state->layer_keys = own->read_only ? READ_ONLY_KEYS : own->cap_changes * 2;
}

static enum ch_status state_init_locks(struct state *state)
{
	pthread_condattr_t moved;
	pthread_rwlockattr_t contents;
	bool ready = pthread_condattr_init(&moved) == 0 &&
		     pthread_condattr_setclock(&moved, CLOCK_MONOTONIC) == 0 &&
		     pthread_cond_init(&state->moved, &moved) == 0 &&
		     pthread_mutex_init(&state->lock, NULL) == 0;
	/* A publish must not starve behind a stream of readers. */
	ready = ready && pthread_rwlockattr_init(&contents) == 0 &&
		pthread_rwlockattr_setkind_np(
			&contents, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) == 0 &&
		pthread_rwlock_init(&state->contents, &contents) == 0;
	return ready ? CH_OK : CH_NOMEM; /* glibc's are mere initialisers */
}

static enum ch_status state_path(const struct state *state, const char *name, char out[4096])
{
	int length = snprintf(out, 4096, "%s/%s", state->dir, name);
	return length > 0 && length < 4096 ? CH_OK : CH_TOO_LARGE;
}

static enum ch_status state_open_env(struct state *state)
{
	const char *names[TABLE_COUNT];
	for (uint32_t i = 0; i < TABLE_COUNT; i++)
		names[i] = store_tables[i].name;
	const struct env_options options = {
		.dir = state->dir,
		.tables = names,
		.table_count = TABLE_COUNT,
		.added = TABLE_COUNT - TABLES_ONCE,
		.map_bytes = state->options.map_bytes,
		.read_only = state->options.read_only,
	};
	return env_open(&options, &state->env);
}

/* Says in a new environment whose it is, before anything else is in it. */
static enum ch_status state_found(struct state *state)
{
	struct env_write *write;
	enum ch_status status = env_write_begin(state->env, &write);
	if (status != CH_OK)
		return status;
	manifest_save(write, TABLE_MANIFEST, state->incarnation, inbox_runs(state->inbox));
	status = env_commit(write);
	if (status != CH_OK)
		return status;
	env_read_rest(state->read);
	return env_read_renew(state->read);
}

/* LMDB, what it says of itself, and the runs that it names.  CH_NOT_FOUND: not all of it is
 * there. */
static enum ch_status state_open_stored(struct state *state, uint64_t incarnation)
{
	char inbox[4096];
	struct manifest manifest = {0};
	enum ch_status status = state_path(state, "inbox", inbox);
	if (status == CH_OK)
		status = state_open_env(state);
	if (status == CH_OK)
		status = env_read_begin(state->env, &state->read);
	if (status != CH_OK)
		goto out;
	status = manifest_load(state->read, TABLE_MANIFEST, &manifest);
	bool fresh = status == CH_NOT_FOUND && !state->options.read_only;
	if (status != CH_OK && !fresh)
		goto out;
	status = CH_RESET;
	if (incarnation != 0 && manifest.incarnation != 0 && incarnation != manifest.incarnation)
		goto out;
	state->incarnation = manifest.incarnation != 0 ? manifest.incarnation : incarnation;
	status = inbox_open(inbox, manifest.runs, manifest.run_count, manifest.applied,
		state->options.read_only, &state->inbox);
	if (status == CH_OK && fresh)
		status = state_found(state);
	if (status != CH_OK)
		goto out;
	state->runs = inbox_runs(state->inbox);
	runset_hold(state->runs);
	state->published = manifest.applied;
	atomic_store(&state->applied, manifest.applied);
out:
	manifest_fini(&manifest);
	return status;
}

static void state_close_stored(struct state *state)
{
	runset_release(state->runs);
	state->runs = NULL;
	inbox_close(state->inbox);
	state->inbox = NULL;
	env_read_end(state->read);
	state->read = NULL;
	env_close(state->env);
	state->env = NULL;
}

/* What is left of a folder from which files are missing: its parts would never fit together
 * again. */
static enum ch_status state_wipe(struct state *state)
{
	static const char *const names[] = {"data.mdb", "lock.mdb"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[4096];
		enum ch_status status = state_path(state, names[i], path);
		if (status == CH_OK && unlink(path) != 0)
			status = file_status();
		if (status != CH_OK && status != CH_NOT_FOUND)
			return status;
	}
	return file_sync_dir(state->dir);
}

static enum ch_status state_open_layers(struct state *state)
{
	enum ch_status status = layer_create(state->layer_keys, &state->active);
	if (status == CH_OK)
		status = layer_create(
			state->options.read_only ? 1 : BATCH_KEYS, &state->change.batch);
	if (status == CH_OK && !state->options.read_only && !state->options.no_projector)
		status = layer_create(state->layer_keys, &state->spare);
	state->layer_count = 2;
	if (status == CH_OK)
		status = cache_create(state->options.cache_bytes, &state->change.cache);
	return status;
}

enum ch_status state_open(
	const struct state_options *options, uint64_t incarnation, struct state **out_state)
{
	char lock_path[4096];
	enum ch_status status = CH_TOO_LARGE;
	struct state *state = calloc(1, sizeof(*state));
	if (state == NULL)
		return CH_NOMEM;
	state->lock_fd = -1;
	state->change.state = state;
	if ((size_t)snprintf(state->dir, sizeof(state->dir), "%s", options->dir) >=
		sizeof(state->dir))
		goto out;
	state_set_options(state, options);
	status = state_init_locks(state);
	if (status == CH_OK)
		status = state_path(state, "LOCK", lock_path);
	if (status == CH_OK && !options->read_only)
		status = file_make_dirs(state->dir, 0700);
	if (status == CH_OK && !options->read_only)
		status = file_lock(lock_path, &state->lock_fd);
	if (status != CH_OK)
		goto out;
	status = state_open_stored(state, incarnation);
	if (status == CH_NOT_FOUND && !options->read_only) {
		state_close_stored(state);
		status = state_wipe(state);
		if (status == CH_OK)
			status = state_open_stored(state, incarnation);
	}
	if (status != CH_OK)
		goto out;
	status = state_open_layers(state);
	if (status == CH_OK && !options->read_only && !options->no_projector)
		status = projector_start(state);
	if (status != CH_OK)
		goto out;
	*out_state = state;
	state = NULL; /* the caller's now */
out:
	state_close(state);
	return status;
}

void state_close(struct state *state)
{
	if (state == NULL)
		return;
	invariant(!state->change_open && state->live == NULL && state->snapshots == NULL);
	if (state->has_projector) {
		(void)state_checkpoint(state); /* else it is folded again at the next start */
		projector_stop(state);
	}
	rtxn_free_resting(state);
	while (state->retired != NULL) {
		struct layer *layer = state->retired;
		state->retired = layer->next;
		layer_free(layer);
	}
	layer_free(state->spare);
	layer_free(state->frozen);
	layer_free(state->active);
	layer_free(state->change.batch);
	cache_free(state->change.cache);
	state_close_stored(state);
	if (state->lock_fd >= 0)
		(void)close(state->lock_fd); /* unlocks */
	(void)pthread_rwlock_destroy(&state->contents);
	(void)pthread_cond_destroy(&state->moved);
	(void)pthread_mutex_destroy(&state->lock);
	free(state);
}

/* ---- Moving layers; the lock is held and no change is open ---- */

void state_tell(struct state *state)
{
	state->told++;
	(void)pthread_cond_broadcast(&state->moved);
}

bool state_freeze(struct state *state)
{
	if (state->phase != FROZEN_NONE || state->spare == NULL || state->active->since_us == 0)
		return false;
	state->frozen = state->active;
	state->active = state->spare;
	state->spare = NULL;
	state->frozen_epoch = state->frozen->epoch;
	state->phase = FROZEN_WAITING;
	state->wanted = false;
	state_update_pressure(state);
	state_tell(state);
	return true;
}

void state_settle(struct state *state)
{
	struct layer *frozen = state->frozen;
	invariant(state->phase == FROZEN_WRITTEN && !state->change_open);
	env_read_rest(state->read);
	enum ch_status status = env_read_renew(state->read);
	if (status != CH_OK) {
		/* The old view is gone and no new one is to be had: nothing can be read any
		 * more. */
		env_read_end(state->read);
		state->read = NULL;
		atomic_store(&state->failed, status);
	}
	runset_hold(state->runs_next);
	runset_release(state->runs);
	state->runs = state->runs_next;
	state->runs_next = NULL;
	state->frozen = NULL;
	state->phase = FROZEN_NONE;
	state->epoch_applied = frozen->epoch;
	atomic_store(&state->applied, frozen->sequence);
	frozen->holders--;
	frozen->next = state->retired;
	state->retired = frozen;
	state_tell(state);
}

bool state_is_due(const struct state *state, int64_t now_us)
{
	const struct layer *active = state->active;
	if (active->since_us == 0)
		return false;
	return layer_places(active) >= state->options.freeze_changes ||
	       layer_bytes(active) >= state->options.cap_bytes / 2 ||
	       now_us - active->since_us >= state->options.freeze_us;
}

void state_update_pressure(struct state *state)
{
	uint64_t places = (uint64_t)layer_places(state->active) * 100;
	uint64_t bytes = layer_bytes(state->active) * 100;
	uint64_t by_places = places / state->options.cap_changes;
	uint64_t by_bytes = bytes / state->options.cap_bytes;
	if (!state->has_projector)
		return; /* nobody will make room: slowing producers would help nothing */
	atomic_store(&state->pressure, (unsigned)(by_places > by_bytes ? by_places : by_bytes));
}

uint64_t state_applied(const struct state *state)
{
	return atomic_load(&state->applied);
}

enum ch_status state_status(const struct state *state)
{
	return atomic_load(&state->failed);
}

uint32_t state_pressure(const struct state *state)
{
	return atomic_load(&state->pressure);
}

/* ---- All of it ---- */

enum ch_status state_checkpoint(struct state *state)
{
	enum ch_status status = CH_OK;
	if (!state->has_projector)
		return state->options.read_only ? CH_OK : CH_UNSUPPORTED;
	(void)pthread_mutex_lock(&state->lock);
	invariant(!state->change_open || !pthread_equal(state->change.owner, pthread_self()));
	uint64_t epoch = state->epoch;
	while (state->epoch_applied < epoch) {
		status = state_status(state);
		if (status != CH_OK)
			break;
		/* What is still active must be frozen; else it is on its way already. */
		if (state->active->epoch != 0 && state->frozen_epoch < epoch && !state->wanted) {
			state->wanted = true;
			state_tell(state);
		}
		(void)pthread_cond_wait(&state->moved, &state->lock);
	}
	(void)pthread_mutex_unlock(&state->lock);
	return status;
}

void state_stats(struct state *state, struct state_stats *out_stats)
{
	(void)pthread_mutex_lock(&state->lock);
	struct state_stats stats = state->stats;
	stats.changes_active = layer_places(state->active);
	stats.changes_frozen = state->frozen != NULL ? layer_places(state->frozen) : 0;
	stats.changes_bytes = layer_bytes(state->active);
	if (state->frozen != NULL)
		stats.changes_bytes += layer_bytes(state->frozen);
	stats.lmdb_bytes = env_used_bytes(state->env);
	stats.inbox_items = state->runs->items;
	stats.inbox_bytes = state->runs->bytes;
	stats.inbox_runs = state->runs->count;
	(void)pthread_mutex_unlock(&state->lock);
	*out_stats = stats;
}
