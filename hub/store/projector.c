/* The projector thread: writes frozen layers into LMDB, merges the inbox's runs, keeps things tidy.
 *
 * The order of a checkpoint, each step on stable storage before the next:
 *
 *     1. the new ids as a run file, its name in the folder (and merged runs that are finished)
 *     2. one LMDB transaction: all changes in key order, and the manifest, which has the applied
 *        sequence and the names of the runs
 *     3. only now: the files of merged-away runs are removed
 *     4. the frozen layer is dropped, between two changes of the writer
 *
 * A crash before 2 leaves files that nobody names; after 2, some that nobody names any more.
 * Both are removed at the next opening.  What was not in the transaction is folded again from
 * the journal. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/invariant.h"
#include "store/order.h"
#include "store/state_parts.h"

#define LAYERS_MAX       4u /* active, frozen, and two that readers may still hold */
#define MERGE_PIECE      32768u
#define TICK_US          1000000
#define RETRY_US         1000000
#define READERS_CHECK_US 10000000
#define MAP_SLACK        (UINT64_C(64) << 20)
#define DISK_FULL_BYTES  (UINT64_C(64) << 20)
#define NICENESS         10
#define AHEAD            6u /* changes whose memory is asked for ahead of their turn */

static enum ch_status projector_fault(const char *point)
{
	int error = fault_at(point);
	(void)point; /* fault_at is nothing in a product build */
	if (error == 0)
		return CH_OK;
	return error == ENOSPC ? CH_FULL : CH_IO;
}

/* ---- The map ---- */

/* LMDB moves its map only while nobody in the process reads: new readers wait, short ones are
 * waited for, long ones lose their view. */
static enum ch_status projector_grow(struct state *state, uint64_t bytes)
{
	(void)pthread_mutex_lock(&state->lock);
	state->growing = true;
	snapshot_take(state, INT64_MAX);
	while (state->change_open || state->live != NULL)
		(void)pthread_cond_wait(&state->moved, &state->lock);
	env_read_rest(state->read);
	enum ch_status status = env_grow(state->env, bytes);
	if (env_read_renew(state->read) != CH_OK) {
		env_read_end(state->read);
		state->read = NULL;
	}
	state->growing = false;
	state_tell(state);
	(void)pthread_mutex_unlock(&state->lock);
	return status;
}

/* Grows ahead of need: at worst each place of the layer takes new pages. */
static enum ch_status projector_make_room(struct state *state, const struct layer *frozen)
{
	uint64_t map = env_map_bytes(state->env);
	uint64_t need = env_used_bytes(state->env) + layer_bytes(frozen) +
			(uint64_t)overlay_places(frozen->keys) * 4096;
	need += need < MAP_SLACK ? need : MAP_SLACK;
	return need > map ? projector_grow(state, need * 2) : CH_OK;
}

/* ---- One checkpoint ---- */

/* One attempt.  CH_RETRY: the map is too small. */
static enum ch_status projector_commit(struct state *state, const struct layer *frozen,
	const struct runset *runs, const struct order_item *order, size_t count)
{
	struct env_write *write;
	enum ch_status status = env_write_begin(state->env, &write);
	if (status != CH_OK)
		return status;
	for (size_t i = 0; i < count && env_write_status(write) == CH_OK; i++) {
		if (i + AHEAD < count)
			overlay_fetch_item(frozen->keys, order[i + AHEAD].reference);
		struct overlay_item item = overlay_item(frozen->keys, order[i].reference);
		if (item.deleted)
			env_delete(write, item.table, item.key);
		else
			env_put(write, item.table, item.key, item.value);
		env_fail(write, projector_fault("checkpoint.put"));
	}
	manifest_save(write, TABLE_MANIFEST, state->incarnation, runs);
	env_fail(write, projector_fault("checkpoint.commit"));
	return env_commit(write);
}

static enum ch_status projector_commit_growing(
	struct state *state, const struct layer *frozen, const struct runset *runs)
{
	struct order_item *order = NULL;
	size_t count = 0;
	enum ch_status status = order_create(frozen->keys, &order, &count);
	if (status == CH_OK)
		status = projector_make_room(state, frozen);
	if (status == CH_OK)
		status = projector_commit(state, frozen, runs, order, count);
	while (status == CH_RETRY) {
		status = projector_grow(state, env_map_bytes(state->env) * 2);
		if (status == CH_OK)
			status = projector_commit(state, frozen, runs, order, count);
	}
	free(order);
	return status;
}

/* Bytes that this thread has written into files so far, LMDB's among them; 0 where nobody
 * counts. */
static uint64_t projector_written(void)
{
	char text[512];
	int fd = open("/proc/thread-self/io", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t len = read(fd, text, sizeof(text) - 1);
	(void)close(fd); /* read only */
	text[len > 0 ? len : 0] = 0;
	const char *field = strstr(text, "wchar: ");
	return field != NULL ? strtoull(field + 7, NULL, 10) : 0;
}

/* Steps 1 to 3 for the frozen layer.  Without the lock. */
static enum ch_status projector_write(
	struct state *state, const struct layer *frozen, bool *out_paced)
{
	struct runset *next = NULL;
	enum ch_status status = projector_fault("checkpoint.begin");
	if (status == CH_OK)
		status = inbox_prepare(state->inbox, frozen->ids, frozen->sequence, &next);
	if (status != CH_OK)
		return status;
	/* Before the commit: from its instant on snapshots see what it wrote. */
	(void)pthread_mutex_lock(&state->lock);
	state->runs_next = next;
	(void)pthread_mutex_unlock(&state->lock);
	uint64_t paced = pace_count();
	status = projector_commit_growing(state, frozen, next);
	if (status != CH_OK)
		return status;
	*out_paced = pace_count() != paced;
	(void)projector_fault("checkpoint.committed"); /* too late to fail */
	inbox_commit(state->inbox);
	return CH_OK;
}

/* A checkpoint may take its time, an acknowledgement may not: where both want the same core the
 * thread gets about a tenth of it.  Not less: a projector that falls behind slows the producers.
 * Niceness is the thread's own on Linux; where it is not given, everything works as before. */
static void projector_stand_back(void)
{
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS);
}

/* LMDB calls a write that the disk had no room for an I/O error.  Both leave what is committed
 * alone and are tried again from the start, which is safe: it writes every page anew. */
static bool projector_disk_is_full(const struct state *state)
{
	struct statvfs disk;
	return statvfs(state->dir, &disk) == 0 && disk.f_bavail * disk.f_frsize < DISK_FULL_BYTES;
}

/* A failure that time may heal is tried again; after any other, nothing is known any more. */
static void projector_fail(struct state *state, enum ch_status status)
{
	if (status == CH_IO && projector_disk_is_full(state))
		status = CH_FULL;
	atomic_store(&state->failed, status);
	state->retry_us = clock_steady_us() + RETRY_US;
	state_tell(state);
}

static bool projector_may_try(const struct state *state)
{
	enum ch_status failed = atomic_load(&state->failed);
	return failed == CH_OK || (failed == CH_FULL && clock_steady_us() >= state->retry_us);
}

/* The lock is held, and released in between. */
static void projector_checkpoint(struct state *state)
{
	const struct layer *frozen = state->frozen;
	uint32_t ids = ids_count(frozen->ids);
	(void)pthread_mutex_unlock(&state->lock);
	bool paced = false;
	int64_t start_us = clock_steady_us();
	uint64_t written = projector_written();
	enum ch_status status = projector_write(state, frozen, &paced);
	written = projector_written() - written;
	int64_t took_us = clock_steady_us() - start_us;
	(void)pthread_mutex_lock(&state->lock);
	state->stats.bytes_written += written;
	if (status != CH_OK) {
		projector_fail(state, status);
		return;
	}
	state->stats.checkpoints++;
	state->stats.checkpoints_paced += paced;
	state->stats.checkpoint_last_us = (uint64_t)took_us;
	atomic_store(&state->failed, CH_OK);
	state->phase = FROZEN_WRITTEN;
	if (!state->change_open)
		state_settle(state);
	(void)pthread_mutex_unlock(&state->lock);
	/* Merging keeps pace with what comes in even when checkpoint follows upon checkpoint:
	 * each id is merged once for each size, and gets twice the time for it. */
	status = inbox_merge(state->inbox, (uint64_t)ids * 2);
	(void)pthread_mutex_lock(&state->lock);
	if (status != CH_OK && status != CH_END)
		projector_fail(state, status);
}

/* ---- Between checkpoints ---- */

/* A layer that nobody holds any more becomes the spare one.  The lock is held, and released in
 * between. */
static bool projector_recycle(struct state *state)
{
	struct layer **at = &state->retired;
	while (*at != NULL && (*at)->holders > 0)
		at = &(*at)->next;
	struct layer *layer = *at;
	if (layer == NULL)
		return false;
	*at = layer->next;
	bool wanted = state->spare == NULL;
	(void)pthread_mutex_unlock(&state->lock);
	if (wanted)
		layer_recycle(layer);
	else
		layer_free(layer);
	(void)pthread_mutex_lock(&state->lock);
	if (wanted) {
		layer->holders = 1;
		layer->next = NULL;
		state->spare = layer;
	} else {
		state->layer_count--;
	}
	return true;
}

/* When readers hold all retired layers.  The lock is held, and released in between. */
static bool projector_add_layer(struct state *state)
{
	struct layer *layer = NULL;
	if (state->spare != NULL || state->phase != FROZEN_NONE || state->layer_count >= LAYERS_MAX)
		return false;
	(void)pthread_mutex_unlock(&state->lock);
	enum ch_status status = layer_create(state->layer_keys, &layer);
	(void)pthread_mutex_lock(&state->lock);
	if (status != CH_OK)
		return false; /* a reader will end some day */
	state->spare = layer;
	state->layer_count++;
	return true;
}

static bool projector_freeze(struct state *state)
{
	if (!state->wanted && !state_is_due(state, clock_steady_us()))
		return false;
	if (!state->change_open)
		return state_freeze(state);
	state->wanted = true; /* the writer does it at the end of its change */
	return false;
}

/* The lock is held, and released in between. */
static bool projector_merge(struct state *state)
{
	if (!projector_may_try(state))
		return false;
	(void)pthread_mutex_unlock(&state->lock);
	inbox_sweep(state->inbox);
	enum ch_status status = inbox_merge(state->inbox, MERGE_PIECE);
	(void)pthread_mutex_lock(&state->lock);
	if (status != CH_OK && status != CH_END)
		projector_fail(state, status);
	return status == CH_OK;
}

static void projector_tidy(struct state *state)
{
	int64_t now_us = clock_steady_us();
	snapshot_take(state, now_us - state->options.snapshot_us);
	if (now_us - state->readers_checked_us < READERS_CHECK_US)
		return;
	state->readers_checked_us = now_us;
	env_check_readers(state->env);
}

/* One thing that is to be done, the most urgent first; false: there is none.  The lock is held. */
static bool projector_turn(struct state *state)
{
	if (state->phase == FROZEN_WAITING && projector_may_try(state)) {
		projector_checkpoint(state);
		return true;
	}
	if (state->phase == FROZEN_WRITTEN && !state->change_open) {
		state_settle(state);
		return true;
	}
	return projector_recycle(state) || projector_add_layer(state) || projector_freeze(state) ||
	       projector_merge(state);
}

/* Until something is due by time, or somebody moves something. */
static void projector_wait(struct state *state)
{
	int64_t wait_us = TICK_US;
	if (state->active->since_us != 0) {
		int64_t due_us = state->active->since_us + state->options.freeze_us;
		int64_t left_us = due_us - clock_steady_us();
		/* When it is due already, the writer or a reader is waited for: they tell. */
		if (left_us > 0 && left_us < wait_us)
			wait_us = left_us;
	}
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t nanoseconds = until.tv_nsec + wait_us % 1000000 * 1000;
	until.tv_sec += wait_us / 1000000 + nanoseconds / 1000000000;
	until.tv_nsec = nanoseconds % 1000000000;
	(void)pthread_cond_timedwait(&state->moved, &state->lock, &until);
}

static void *projector_main(void *context)
{
	struct state *state = context;
	pace_thread(state->options.unpaced ? NULL : &state->pace);
	projector_stand_back();
	(void)pthread_mutex_lock(&state->lock);
	while (!state->stopping) {
		uint64_t told = state->told;
		projector_tidy(state);
		if (!projector_turn(state) && state->told == told)
			projector_wait(state);
	}
	(void)pthread_mutex_unlock(&state->lock);
	pace_thread(NULL);
	return NULL;
}

enum ch_status projector_start(struct state *state)
{
	state->readers_checked_us = clock_steady_us();
	if (pthread_create(&state->projector, NULL, projector_main, state) != 0)
		return CH_NOMEM;
	(void)pthread_setname_np(state->projector, "projector"); /* for people */
	state->has_projector = true;
	return CH_OK;
}

void projector_stop(struct state *state)
{
	(void)pthread_mutex_lock(&state->lock);
	state->stopping = true;
	state_tell(state);
	(void)pthread_mutex_unlock(&state->lock);
	(void)pthread_join(state->projector, NULL);
	state->has_projector = false;
}
