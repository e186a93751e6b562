/* The inbox's memory for ever: all ids that LMDB's applied sequence covers, in runs.
 *
 *     ids of a checkpoint -> one small run -> four of a size become one of the next size ...
 *
 * So ten million ids lie in some eight runs, a thousand million in twelve, and each id is written
 * once per size: more runs would make each look slower, fewer each id dearer.  Which runs count is said by the manifest (manifest.h) in the checkpoint's own
 * transaction: files that it does not name are left over from a crash and are removed.
 *
 * A runset is what one manifest names: immutable, shared between threads, kept as long as it is
 * held. The inbox itself belongs to the projector thread. */
#ifndef STORE_INBOX_H
#define STORE_INBOX_H

#include "store/merge.h"

struct inbox;

struct runset {
	_Atomic uint32_t holders;
	uint64_t applied; /* the sequence that it is complete for */
	uint64_t items;
	uint64_t bytes;
	uint32_t count;
	struct run *runs[];
};

void runset_hold(struct runset *set);
void runset_release(struct runset *set); /* NULL is fine */

/* CH_NOT_FOUND; CH_CORRUPT.  Any thread. */
enum ch_status runset_get(const struct runset *set, const uint8_t fingerprint[ID_FINGERPRINT_BYTES],
	struct id_record *out_record);

/* Begins the memory accesses of runset_get, all of them: for a little later. */
void runset_prefetch(const struct runset *set, const uint8_t fingerprint[ID_FINGERPRINT_BYTES]);

/* Opens the runs of these numbers in `dir`, which is made when absent, and removes all other
 * runs unless `read_only`.  CH_NOT_FOUND: one of them is not there; CH_CORRUPT; CH_VERSION;
 * CH_IO; CH_NOMEM. */
enum ch_status inbox_open(const char *dir, const uint64_t *numbers, uint32_t count,
	uint64_t applied, bool read_only, struct inbox **out_inbox);
void inbox_close(struct inbox *inbox); /* NULL is fine */

/* The runs of the last commit; the inbox's hold, not the caller's. */
struct runset *inbox_runs(const struct inbox *inbox);

/* What the next manifest will name: the current runs with a new one for `ids`, and with finished
 * merges in place of their inputs.  All files are on stable storage when it returns CH_OK.  The
 * set is the inbox's. After a commit that failed, or whose outcome is unknown, the same call
 * gives the same set again: its files are not touched before it is known that no manifest names
 * them.  CH_FULL, CH_IO, CH_NOMEM. */
enum ch_status inbox_prepare(
	struct inbox *inbox, const struct ids *ids, uint64_t applied, struct runset **out_next);

/* The manifest that names it is committed. */
void inbox_commit(struct inbox *inbox);

/* A bounded piece of merging: about `budget` records for each size that has enough runs.  CH_OK:
 * call again; CH_END: nothing to merge; else a merge failed and is forgotten: CH_FULL, CH_IO,
 * CH_NOMEM; CH_CORRUPT. */
enum ch_status inbox_merge(struct inbox *inbox, uint64_t budget);

/* Gives back the memory of replaced runs that nobody reads any more. */
void inbox_sweep(struct inbox *inbox);

#endif
