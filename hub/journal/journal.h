/* The journal: the truth.  An append-only log of entries in segment files.
 *
 * The writer thread appends entries in batches; a batch becomes durable with one sync, and the
 * synced head moves over it.  Readers (hub/journal/reader.h) see entries up to the synced head,
 * from any thread.  Bodies are opaque here.  Formats: docs/formats.md.
 *
 * Promises: sequences rise by one; arrival times never go back; a committed batch survives kill
 * -9 and power cuts; a torn tail is cut, damage is told from it and named, never skipped in
 * silence. */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct journal;
struct batch;

#define JOURNAL_HASH_BYTES 32

struct journal_entry {
	uint64_t sequence;
	int64_t arrival_us; /* UTC */
	struct slice body;
};

struct journal_options {
	const char *dir;         /* made when absent, with `create`                         */
	uint64_t segment_bytes;  /* of a new segment file, from 64 KiB; 0: 64 MiB           */
	uint32_t spare_segments; /* pre-written and waiting, below 64; 0: 2                 */
	bool read_only;          /* for off-line tools: nothing on disk changes             */
	bool create;             /* an empty journal when there is none                     */
	bool adopt;              /* a journal of a copy (backup.h), under a new incarnation */
};

/* What opening found. */
struct journal_recovery {
	bool created;
	bool adopted;
	uint64_t head;          /* last whole entry                                            */
	uint64_t first;         /* oldest entry kept, archive included; head + 1 when empty    */
	uint64_t torn_bytes;    /* of the batch that was in flight and is cut off, if known    */
	uint64_t damaged_first; /* the first damaged stretch that was seen; 0: none            */
	uint64_t damaged_last;
	char where[256]; /* its file and offset, for people; also on CH_CORRUPT         */
};

/* CH_BUSY when another process has it; CH_CORRUPT: it cannot go on without losing history, see
 * out_recovery->where; CH_VERSION; CH_NOT_FOUND without `create`; CH_FULL, CH_IO, CH_NOMEM;
 * CH_INVALID: options, or a copy that is not adopted.  Rewrites and syncs the tail that it found
 * before it returns, so that nothing is served that could still be lost.  Only the newest
 * segment is read through: damage further back shows when it is read, and to keeper_verify.
 * `out_recovery` may be NULL; it is filled also on failure. */
enum ch_status journal_open(const struct journal_options *options, struct journal **out_journal,
	struct journal_recovery *out_recovery);

/* No batch may be open, no reader in use.  NULL is fine. */
void journal_close(struct journal *journal);

/* Random, drawn when the journal was made or restored; positions carry it. */
uint64_t journal_incarnation(const struct journal *journal);

/* The last synced sequence; 0 for none.  Any thread. */
uint64_t journal_head(const struct journal *journal);

/* Arrival time of the last synced entry; 0 for none.  Any thread. */
int64_t journal_head_arrival_us(const struct journal *journal);

/* The oldest sequence that can be read.  Any thread. */
uint64_t journal_first(const struct journal *journal);

/* Not CH_OK: a write or sync has failed, with this; nothing is taken any more.  Any thread. */
enum ch_status journal_status(const struct journal *journal);

/* A batch is on its way to the disk right now: who has much to write himself lets it go first.  Any
 * thread. */
bool journal_is_syncing(const struct journal *journal);

/* ---- The writer thread, or whom it waits for ---- */

/* Begins the next batch.  One at a time; another thread may commit it. */
struct batch *journal_begin(struct journal *journal);

/* Append one entry; its sequence is the one before plus one.  The parts are joined and copied.
 * `arrival_us` must not be below the last one, nor below 0 (invariant).  Does nothing and
 * returns 0 once the batch's status is bad; fails with CH_TOO_LARGE (the entry over
 * LIMIT_ENTRY_BYTES, the batch over journal_batch_room) and CH_NOMEM. */
uint64_t journal_append(
	struct batch *batch, int64_t arrival_us, const struct slice *parts, size_t part_count);

enum ch_status journal_batch_status(const struct batch *batch);

/* Bytes and entries appended so far, and the largest body that still fits in. */
uint64_t journal_batch_bytes(const struct batch *batch);
uint32_t journal_batch_count(const struct batch *batch);
uint64_t journal_batch_next(const struct batch *batch); /* the sequence of the next entry */
uint64_t journal_batch_room(const struct batch *batch);

/* Makes the batch durable: one write, one sync, then the synced head moves.  All of the batch is
 * stored, or nothing.  `batch` is gone in every case; an empty one is CH_OK without a sync.
 *
 * Refused, and as if it had never been begun: the batch's own bad status; CH_FULL: no segment to
 * go on with and no room to make one, try again later; CH_NOMEM.  Failed, and then
 * journal_status is not CH_OK: CH_IO, CH_FULL.  Whether the batch is stored is unknown then:
 * stop, restart, recover. */
enum ch_status journal_commit(struct batch *batch);

/* Forgets the batch: nothing was written. */
void journal_abort(struct batch *batch);

/* ---- The keeper thread: spare segments, archive, retention (hub/journal/keeper.h) ---- */

/* Totals for metrics; any thread. */
struct journal_stats {
	uint64_t bytes_written; /* by batches, since the journal was opened, heads included */
	uint64_t batches;
	uint64_t entries;
	uint64_t syncs;
	uint64_t segments;
	uint64_t spare_segments;
	uint64_t damaged_segments; /* found by the keeper, and kept out of the archive */
	uint64_t archived_segments;
	uint64_t archive_bytes;
	uint64_t segment_bytes_on_disk; /* spare ones included */
};
void journal_stats(struct journal *journal, struct journal_stats *out_stats);

/* The hash chain's value (journal/chain.h) after the last synced batch, and the sequence it ends
 * with.  Any thread. */
uint64_t journal_chain(struct journal *journal, uint8_t out_hash[JOURNAL_HASH_BYTES]);

#endif
