/* The state: what the fold of the journal is now.
 *
 *     writer's batch (struct change)  ->  active changes  ->  frozen changes  ->  LMDB
 *
 * The writer reads through all four and writes into its batch.  When the batch is synced, its
 * changes are published: they join the active ones, and readers on other threads (struct rtxn) see
 * active, frozen and LMDB as of the last synced batch.  At a checkpoint the active changes are
 * frozen and the projector thread writes them, sorted, with the applied sequence, in one LMDB
 * transaction.  LMDB never gets ahead of the journal's synced head.
 *
 * What a reader costs the writer: rtxn_begin, rtxn_end and each look into the active changes hold a
 * lock for well under a microsecond, in which a publish has to wait; a publish holds it for some
 * 150 us with 512 events, in which readers wait.  Nothing else is shared: a reader keeps its view
 * while batches are published under it, because a value that it may look at is not overwritten but
 * succeeded.  That costs memory for each such value until the layer is written, so an rtxn is
 * short-lived all the same.
 *
 * Memory: the changes of at most two checkpoints, bounded by cap_bytes each, what LMDB keeps of its
 * largest transaction (a 4 KiB page for each place that it touched), and the writer's cache. */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "store/tables.h"

struct state;
struct change;
struct rtxn;

struct state_options {
	const char *dir; /* LMDB environment and inbox runs; made when absent */

	/* Address space for LMDB's map to begin with; it grows by itself, for which all readers
	 * must pause once, so begin with more than will be needed: it costs nothing.  0: 64 GiB. */
	uint64_t map_bytes;

	/* A checkpoint is due when so many places are dirty (0: 262 144; at most the cap), or
	 * the oldest change is so old (0: 3 s), or half of cap_bytes is used.  A place is what
	 * costs LMDB a page: all keys of one group together, or one key of a table without
	 * groups; two inbox ids count as one. */
	uint32_t freeze_changes;
	int64_t freeze_us;

	/* At so many active places (0: 524 288) or bytes (0: 160 MiB), state_pressure is 100.
	 * At twice as much, publishing waits for the checkpoint. */
	uint32_t cap_changes;
	uint64_t cap_bytes;

	/* Memory for the values that the writer looked at or wrote last (0: 256 MiB; read_only: none).
	 * Touched as it fills. */
	uint64_t cache_bytes;

	int64_t snapshot_us; /* a snapshot is taken from its owner at this age; 0: 10 min */

	bool read_only;    /* no projector, nothing on disk changes */
	bool no_projector; /* changes stay in memory; for the bench's comparison and for folds */

	/* Called between the pieces of a checkpoint's long sync, on the projector thread: may
	 * wait, but not for ever, until the journal's short sync is through.  NULL: no waiting. */
	void (*yield)(void *context);
	void *yield_context;
	bool unpaced; /* plain long syncs; for the bench's comparison */
};

/* CH_BUSY: another process has it; CH_CORRUPT; CH_VERSION; CH_FULL; CH_IO; CH_NOMEM; CH_NOT_FOUND:
 * read_only, and nothing there.  `incarnation` is the journal's: a state of another journal is
 * refused with CH_RESET (0: do not check).
 *
 * A folder that is gone, empty or not whole (LMDB's file or a run is missing) becomes an empty
 * state with state_applied 0: fold the journal again, and say so loudly.  Damage to what is
 * there is CH_CORRUPT here or wherever it is met; the answer to it is a rebuild: remove the
 * folder, open, fold. */
enum ch_status state_open(
	const struct state_options *options, uint64_t incarnation, struct state **out_state);

/* Writes what is published (unless read_only or no_projector) and closes.  No change, rtxn or
 * snapshot may be open.  What could not be written is in the journal.  NULL is fine. */
void state_close(struct state *state);

/* The last sequence folded into LMDB; what follows it must be folded again after a start.  Any
 * thread. */
uint64_t state_applied(const struct state *state);

/* Not CH_OK: the projector has failed, and the reason; the hub decides.  CH_FULL is tried again
 * every second and goes away by itself; after all others nothing is written any more.  Any
 * thread. */
enum ch_status state_status(const struct state *state);

/* How full the unwritten changes are, 0 to 100 and over: credit is paced by it.  Always 0 without a
 * projector.  Any thread. */
uint32_t state_pressure(const struct state *state);

/* ---- The writer thread ---- */

/* One change at a time. */
struct change *state_begin(struct state *state);

/* The value as this batch sees it.  CH_NOT_FOUND; CH_CORRUPT.  The slice lives until the batch
 * ends or the key is put again. */
enum ch_status change_get(
	struct change *change, enum store_table table, struct slice key, struct slice *out_value);

/* Starts the memory accesses that a change_get of `key` begins with; a little later, those that it goes
 * on with; and the inbox's for `fingerprint`. */
void change_prefetch(struct change *change, enum store_table table, struct slice key);
void change_prefetch_value(struct change *change, enum store_table table, struct slice key);
void change_inbox_prefetch(struct change *change, const uint8_t fingerprint[16]);

/* Key and value are copied.  The status sticks; once it is bad, puts do nothing: CH_NOMEM;
 * CH_TOO_LARGE: a key or value over its bound; CH_INVALID: a key that is empty or shorter than
 * its table's group. */
void change_put(
	struct change *change, enum store_table table, struct slice key, struct slice value);
void change_delete(struct change *change, enum store_table table, struct slice key);
enum ch_status change_status(const struct change *change);

/* All keys that start with `prefix`, which is at least a group long, in key order, as this batch
 * sees them.  `visit` returns false to stop; it must not change the group, and its slices are
 * good until the batch ends.  CH_INVALID: the table has no groups, or the prefix is shorter than
 * one; CH_CORRUPT; CH_NOMEM. */
enum ch_status change_scan(struct change *change, enum store_table table, struct slice prefix,
	bool (*visit)(void *context, struct slice key, struct slice value), void *context);

/* The inbox: fingerprint of (source, id) -> what was first taken under it.  For ever. */
struct inbox_item {
	uint64_t sequence; /* never 0 */
	uint8_t digest[8];
};

/* CH_NOT_FOUND; CH_CORRUPT. */
enum ch_status change_inbox_get(
	struct change *change, const uint8_t fingerprint[16], struct inbox_item *out_item);

/* For a fingerprint that change_inbox_get has just called new. */
void change_inbox_put(
	struct change *change, const uint8_t fingerprint[16], const struct inbox_item *item);

/* The batch up to `sequence` is synced: publish it.  `change` is gone.  CH_NOMEM: the batch is
 * lost from memory, the hub must stop and fold again.  Waits at twice the cap until a checkpoint
 * is through; when the projector has failed, gives its status there instead: the batch is
 * published, and the hub must take no more.  `sequence` never falls. */
enum ch_status change_publish(struct change *change, uint64_t sequence);
void change_abort(struct change *change); /* NULL is fine */

/* Does what can be done of a publish while the batch is on its way to the disk: the writer's cache takes
 * in the batch's values, which nobody else sees.  Between the last put and change_publish; after a
 * change_abort instead, the cache begins empty. */
void change_foreshow(struct change *change);

/* Freezes and waits until all that is published is in LMDB and synced.  Any thread that has
 * neither a change nor an rtxn open.  The projector's status when it has failed; CH_UNSUPPORTED
 * with no_projector; CH_OK when read_only, where nothing is unwritten. */
enum ch_status state_checkpoint(struct state *state);

/* ---- Readers on any thread ---- */

/* A view as of the last published batch.  Short-lived: point reads and small scans.  One thread
 * at a time uses it, and that thread has no second one and no change open.  CH_BUSY: too many
 * readers; CH_NOMEM; CH_IO. */
enum ch_status rtxn_begin(struct state *state, struct rtxn **out_rtxn);
void rtxn_end(struct rtxn *rtxn); /* NULL is fine */
uint64_t rtxn_sequence(const struct rtxn *rtxn);

/* The slice lives until rtxn_end. */
enum ch_status rtxn_get(
	struct rtxn *rtxn, enum store_table table, struct slice key, struct slice *out_value);

/* Like change_scan, but for any table, and `prefix` may be shorter than a group, down to
 * nothing, at the cost of a walk over all unwritten changes. */
enum ch_status rtxn_scan(struct rtxn *rtxn, enum store_table table, struct slice prefix,
	bool (*visit)(void *context, struct slice key, struct slice value), void *context);
enum ch_status rtxn_inbox_get(
	struct rtxn *rtxn, const uint8_t fingerprint[16], struct inbox_item *out_item);

/* A long, stable view of LMDB alone, as of the last checkpoint: snapshots for subscribers, dump,
 * backup. It pins pages and its age is bounded: over the bound the next call gives CH_RETRY: end
 * it, begin a new one.  (So does the rare growth of the map.)  One thread at a time. */
struct snapshot;

/* CH_BUSY: too many readers; CH_NOMEM; CH_IO; CH_CORRUPT. */
enum ch_status snapshot_begin(struct state *state, struct snapshot **out_snapshot);
uint64_t snapshot_sequence(const struct snapshot *snapshot);

/* The next key of the table after `after` (empty: the first), CH_END at its end.  Fastest when
 * `after` is the key given last of this table.  The slices live until the next call for this table. */
enum ch_status snapshot_next(struct snapshot *snapshot, enum store_table table, struct slice after,
	struct slice *out_key, struct slice *out_value);

/* All inbox items in fingerprint order; `visit` returns false to stop. */
enum ch_status snapshot_inbox(struct snapshot *snapshot,
	bool (*visit)(void *context, const uint8_t fingerprint[16], const struct inbox_item *item),
	void *context);
void snapshot_end(struct snapshot *snapshot); /* NULL is fine */

struct state_stats {
	uint64_t changes_active; /* places */
	uint64_t changes_frozen;
	uint64_t changes_bytes; /* memory of both */
	uint64_t checkpoints;
	uint64_t checkpoints_paced;  /* fewer: in this program the pacing does not take */
	uint64_t checkpoint_last_us; /* how long it took */
	uint64_t lmdb_bytes;
	uint64_t inbox_items; /* in runs */
	uint64_t inbox_bytes;
	uint64_t inbox_runs;
	uint64_t bytes_written;   /* by the projector, as the kernel counts them */
	uint64_t snapshots_taken; /* from their owners, for their age */
};

/* Any thread. */
void state_stats(struct state *state, struct state_stats *out_stats);

#endif
