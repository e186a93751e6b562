/* What state.c, rtxn.c, snapshot.c and projector.c know of the state together.  Nobody else
 * includes this.  Fields are grouped by who may touch them. */
#ifndef STORE_STATE_PARTS_H
#define STORE_STATE_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/cache.h"
#include "store/env.h"
#include "store/inbox.h"
#include "store/layer.h"
#include "store/manifest.h"
#include "store/pace.h"
#include "store/state.h"

/* The writer's batch. */
struct change {
	struct state *state;
	struct layer *batch;
	struct cache *cache; /* newest published values */
	enum ch_status status;
	bool shown; /* the cache has taken in what this batch put */
	pthread_t owner;
};

/* A reader's view: which layers, and up to where in the active one. */
struct rtxn {
	struct state *state;
	struct layer *active;
	struct layer *frozen; /* may be NULL */
	struct runset *runs;
	struct env_read *read;
	uint32_t version;
	uint64_t sequence;
	struct rtxn *next;
	struct rtxn *previous;
};

struct snapshot {
	struct state *state;
	uint64_t sequence;
	int64_t since_us;
	struct runset *runs;
	struct snapshot *next;
	struct snapshot *previous;

	/* Under its own lock: the owner reads, the projector may take the read away. */
	pthread_mutex_t lock;
	struct env_read *read; /* NULL: taken */
	struct snapshot_place {
		struct env_cursor *cursor; /* at `last`; NULL: the table was not asked for yet */
		struct buffer last;
		struct buffer value;
	} places[TABLE_COUNT];
};

enum frozen_phase {
	FROZEN_NONE,
	FROZEN_WAITING, /* to be written */
	FROZEN_WRITTEN, /* committed; dropped as soon as no change is open */
};

struct state {
	/* Never change after opening. */
	struct state_options options;
	char dir[4096];
	uint64_t incarnation;
	uint32_t layer_keys;
	struct env *env;
	struct pace pace;
	int lock_fd;
	pthread_t projector;
	bool has_projector;

	/* The writer's while a change is open, else under `lock`. */
	struct change change;
	struct env_read *read; /* NULL: the map is lost */

	/* The contents of the active layer: a publish writes, readers read. */
	pthread_rwlock_t contents;

	pthread_mutex_t lock;
	pthread_cond_t moved; /* anything below has changed; told by state_tell */

	/* Under `lock`.  The writer reads the first four without it while its change is open:
	 * nobody else moves them then. */
	struct layer *active;
	struct layer *frozen;
	struct runset *runs; /* complete together with frozen and active */
	enum frozen_phase phase;
	struct runset *runs_next; /* of the checkpoint being committed; the inbox's hold */
	struct layer *spare;
	struct layer *retired;  /* list; recycled once nobody holds them */
	uint64_t published;     /* sequence */
	uint64_t epoch;         /* batches published */
	uint64_t frozen_epoch;  /* and how many of them have been frozen, */
	uint64_t epoch_applied; /* and written */
	uint64_t told;          /* how often state_tell was called */
	bool change_open;
	bool growing; /* the map is being moved: nobody reads */
	bool wanted;  /* a checkpoint has been asked for */
	bool stopping;
	struct rtxn *live;
	struct rtxn *resting;
	struct snapshot *snapshots;
	struct state_stats stats;

	uint32_t layer_count;

	/* The projector's. */
	struct inbox *inbox;
	int64_t readers_checked_us;
	int64_t retry_us; /* not before it is a failed checkpoint or merge tried again */

	atomic_uint_fast64_t applied;
	atomic_uint pressure;
	_Atomic enum ch_status failed;
};

/* ---- state.c; `lock` is held and no change is open ---- */

/* Wakes whoever waits for something to move.  Counted, because the projector leaves the lock between
 * looking for work and waiting, and must not wait for what it was told meanwhile.  (Also while a
 * change is open.) */
void state_tell(struct state *state);

/* Makes the active changes the frozen ones, if there are any, nothing is frozen and a layer is
 * spare. */
bool state_freeze(struct state *state);

/* Drops the frozen layer, which is in LMDB: the writer's view of LMDB moves on in the same
 * breath. */
void state_settle(struct state *state);

/* Is the active layer big or old enough? */
bool state_is_due(const struct state *state, int64_t now_us);

/* Counts anew after active has changed. */
void state_update_pressure(struct state *state);

/* ---- rtxn.c ---- */

/* The newest version of the active layer that a reader may be looking at; 0 for none.  `lock` is
 * held. */
uint32_t rtxn_visible(const struct state *state);
void rtxn_free_resting(struct state *state);

/* ---- snapshot.c; `lock` is held ---- */

/* Takes away the reads of all snapshots begun at or before `since_us`. */
void snapshot_take(struct state *state, int64_t since_us);

/* ---- projector.c ---- */

enum ch_status projector_start(struct state *state);
void projector_stop(struct state *state);

#endif
