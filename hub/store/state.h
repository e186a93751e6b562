/* The state: what the fold of the journal is now.
 *
 *     writer's batch (struct change)  ->  active changes  ->  frozen changes  ->  LMDB
 *
 * The writer reads through all four and writes into its batch.  When the batch is synced, its changes
 * are published: they join the active ones, and readers on other threads (struct rtxn) see active,
 * frozen and LMDB as of the last synced batch.  At a checkpoint the active changes are frozen and the
 * projector thread writes them, sorted, with applied_seq, in one LMDB transaction.  LMDB never gets
 * ahead of the journal's synced head. */
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
	const char *dir;          /* LMDB environment and inbox runs; made when absent               */
	uint64_t map_bytes;       /* first size of the LMDB map; it grows by itself; 0: 1 GiB        */
	uint32_t freeze_changes;  /* checkpoint when so many keys are dirty; 0: 262 144              */
	int64_t freeze_us;        /* ... or the oldest is so old; 0: 3 s                             */
	uint32_t cap_changes;     /* over it state_pressure is 100; 0: 524 288                       */
	bool read_only;           /* no projector, nothing on disk changes                           */
	bool no_projector;        /* changes stay in memory; for the bench's comparison and for folds */
	/* Wraps the long sync of a checkpoint, so that it yields to the journal's short ones; NULL: none. */
	void (*yield)(void *context);
	void *yield_context;
};

/* CH_BUSY, CH_CORRUPT, CH_VERSION, CH_IO, CH_NOMEM.  `incarnation` is the journal's: a state of another
 * journal is refused with CH_RESET (0: do not check). */
enum ch_status state_open(
	const struct state_options *options, uint64_t incarnation, struct state **out_state);

/* Writes what is published (unless read_only) and closes.  NULL is fine. */
void state_close(struct state *state);

/* The last sequence folded into LMDB; what follows it must be folded again after a start. */
uint64_t state_applied(const struct state *state);

/* Not CH_OK: the projector has failed (disk full or broken) and the reason; the hub decides. */
enum ch_status state_status(const struct state *state);

/* How full the unwritten changes are, 0 to 100 and over: credit is paced by it.  Any thread. */
uint32_t state_pressure(const struct state *state);

/* ---- The writer thread ---- */

struct change *state_begin(struct state *state);

/* The value as this batch sees it.  CH_NOT_FOUND; CH_CORRUPT.  The slice lives until the batch ends or
 * the key is put again. */
enum ch_status change_get(
	struct change *change, enum store_table table, struct slice key, struct slice *out_value);

/* Sticky status: once bad (CH_NOMEM), puts do nothing. */
void change_put(struct change *change, enum store_table table, struct slice key, struct slice value);
void change_delete(struct change *change, enum store_table table, struct slice key);
enum ch_status change_status(const struct change *change);

/* All keys of a group (the first tables_group_len bytes of `prefix`) that start with `prefix`, in key
 * order, as this batch sees them.  `visit` returns false to stop; it must not change the group. */
enum ch_status change_scan(struct change *change, enum store_table table, struct slice prefix,
	bool (*visit)(void *context, struct slice key, struct slice value), void *context);

/* The inbox: fingerprint of (source, id) -> what was first taken under it.  For ever. */
struct inbox_item {
	uint64_t sequence;
	uint8_t digest[8];
};
enum ch_status change_inbox_get(
	struct change *change, const uint8_t fingerprint[16], struct inbox_item *out_item);
void change_inbox_put(
	struct change *change, const uint8_t fingerprint[16], const struct inbox_item *item);

/* The batch up to `sequence` is synced: publish it.  CH_NOMEM: the batch is lost from memory, the hub
 * must stop and fold again.  `change` is gone. */
enum ch_status change_publish(struct change *change, uint64_t sequence);
void change_abort(struct change *change);

/* Freezes and waits until all that is published is in LMDB and synced.  Any thread but the projector. */
enum ch_status state_checkpoint(struct state *state);

/* ---- Readers on any thread ---- */

/* A view as of the last published batch.  Short-lived: point reads and small scans. */
enum ch_status rtxn_begin(struct state *state, struct rtxn **out_rtxn);
void rtxn_end(struct rtxn *rtxn);
uint64_t rtxn_sequence(const struct rtxn *rtxn);
/* The slice lives until rtxn_end. */
enum ch_status rtxn_get(
	struct rtxn *rtxn, enum store_table table, struct slice key, struct slice *out_value);
/* Like change_scan, but `prefix` may be shorter than a group (whole tables), which costs more. */
enum ch_status rtxn_scan(struct rtxn *rtxn, enum store_table table, struct slice prefix,
	bool (*visit)(void *context, struct slice key, struct slice value), void *context);
enum ch_status rtxn_inbox_get(
	struct rtxn *rtxn, const uint8_t fingerprint[16], struct inbox_item *out_item);

/* A long, stable view of LMDB alone, as of the last checkpoint: snapshots for subscribers, dump, backup.
 * Pins pages: its age is bounded, and over the bound the next call gives CH_RETRY: start again. */
struct snapshot;
enum ch_status snapshot_begin(struct state *state, struct snapshot **out_snapshot);
uint64_t snapshot_sequence(const struct snapshot *snapshot);
/* The next key of the table after `after` (empty: the first), CH_END at its end. */
enum ch_status snapshot_next(struct snapshot *snapshot, enum store_table table, struct slice after,
	struct slice *out_key, struct slice *out_value);
/* All inbox items in fingerprint order; `visit` returns false to stop. */
enum ch_status snapshot_inbox(struct snapshot *snapshot,
	bool (*visit)(void *context, const uint8_t fingerprint[16], const struct inbox_item *item),
	void *context);
void snapshot_end(struct snapshot *snapshot);

struct state_stats {
	uint64_t changes_active;
	uint64_t changes_frozen;
	uint64_t checkpoints;
	uint64_t checkpoint_last_us; /* how long it took */
	uint64_t lmdb_bytes;
	uint64_t inbox_items;
	uint64_t inbox_bytes;
	uint64_t bytes_written;
};
void state_stats(struct state *state, struct state_stats *out_stats);

#endif
