/* The journal: the truth.  An append-only log of entries in segment files.
 *
 * The writer thread appends entries in batches; a batch becomes durable with one sync, and the synced
 * head moves over it.  Readers (hub/journal/reader.h) see entries up to the synced head, from any
 * thread.  Bodies are opaque here.  Formats: docs/formats.md.
 *
 * Promises: sequences rise by one; arrival times never go back; a committed batch survives kill -9 and
 * power cuts; a torn tail is cut, damage is told from it and named, never skipped in silence. */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct journal;
struct batch;

#define JOURNAL_HASH_BYTES 32

struct journal_options {
	const char *dir;          /* made when absent; holds segments, archive, manifest              */
	uint64_t segment_bytes;   /* size of a segment file; 0: 64 MiB                                */
	uint32_t spare_segments;  /* pre-written and waiting; 0: 2                                    */
	bool read_only;           /* for off-line tools: nothing on disk changes                      */
	bool create;              /* make an empty journal when there is none                         */
};

/* What opening found. */
struct journal_recovery {
	bool created;
	uint64_t head;             /* last whole entry                                                 */
	uint64_t first;            /* oldest entry kept, archive included; head + 1 when empty         */
	uint64_t torn_bytes;       /* cut off behind the head                                          */
	uint64_t damaged_first;    /* 0: no damage seen; else the first damaged stretch found          */
	uint64_t damaged_last;
};

/* CH_BUSY when another process has it, CH_CORRUPT with the place in the log, CH_VERSION, CH_IO,
 * CH_NOT_FOUND without `create`.  Rewrites and syncs the tail that it found before it returns, so
 * that nothing is served that could still be lost.  `out_recovery` may be NULL. */
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

/* ---- The writer thread ---- */

/* Begins the next batch.  One at a time. */
struct batch *journal_begin(struct journal *journal);

/* Append one entry; its sequence is the old head plus one.  The parts are joined and copied.
 * `arrival_us` must not be below the last one (invariant).  Does nothing and returns 0 once the
 * batch's status is bad; fails with CH_FULL (the disk), CH_IO, CH_TOO_LARGE (over 4 MiB). */
uint64_t journal_append(
	struct batch *batch, int64_t arrival_us, const struct slice *parts, size_t part_count);

enum ch_status journal_batch_status(const struct batch *batch);

/* Bytes and entries appended so far. */
uint64_t journal_batch_bytes(const struct batch *batch);
uint32_t journal_batch_count(const struct batch *batch);

/* Makes the batch durable: one write, one sync, then the synced head moves.  After CH_IO or CH_FULL
 * the outcome is unknown and the journal takes nothing more: stop, restart, recover.  An empty batch
 * is CH_OK without a sync.  `batch` is gone in every case. */
enum ch_status journal_commit(struct batch *batch);

/* Forgets the batch: nothing was written. */
void journal_abort(struct batch *batch);

/* ---- The keeper thread: spare segments, archive, retention (hub/journal/keeper.h) ---- */

/* Totals for metrics; any thread. */
struct journal_stats {
	uint64_t bytes_written; /* by batches, headers included */
	uint64_t batches;
	uint64_t entries;
	uint64_t syncs;
	uint64_t segments;
	uint64_t archived_segments;
	uint64_t archive_bytes;
	uint64_t segment_bytes_on_disk;
};
void journal_stats(const struct journal *journal, struct journal_stats *out_stats);

/* The hash chain's value at the head of the last synced batch. */
void journal_chain(const struct journal *journal, uint8_t out_hash[JOURNAL_HASH_BYTES]);

#endif
