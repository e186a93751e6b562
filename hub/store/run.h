/* A run: one immutable file of ids in the order of their fingerprints, with a filter in front.
 * What the inbox keeps for ever lies in runs.  The format is told byte by byte in
 * docs/formats-store.md.
 *
 * Every byte that a lookup relies on is covered by a sum that is checked before: filter blocks and
 * record blocks at every use, header and fences when the run is opened.
 *
 * A run is read from any number of threads; a writer or a cursor belongs to one. */
#ifndef STORE_RUN_H
#define STORE_RUN_H

#include <stddef.h>

#include "base/slice.h"
#include "store/filter.h"
#include "store/ids.h"

struct run;
struct run_writer;

#define RUN_BLOCK_BYTES   4096u
#define RUN_BLOCK_RECORDS 127u
#define RUN_NAME_BYTES    32u

/* "run-<number>"; returns `name`. */
char *run_name(uint64_t number, char name[RUN_NAME_BYTES]);

/* ---- Reading ---- */

/* Maps dir/run-<number>.  CH_NOT_FOUND; CH_CORRUPT; CH_VERSION; CH_IO; CH_NOMEM. */
enum ch_status run_open(const char *dir, uint64_t number, struct run **out_run);

/* The same over bytes in memory, which must stay. */
enum ch_status run_attach(struct slice bytes, uint64_t number, struct run **out_run);

/* A run is shared by those that hold it; opening it is the first hold.  The last release unmaps
 * the file, which stays.  Any thread; NULL is fine. */
void run_hold(struct run *run);
void run_release(struct run *run);

/* Nobody else holds it. */
bool run_is_mine(const struct run *run);

uint64_t run_number(const struct run *run);
uint64_t run_items(const struct run *run);
uint64_t run_bytes(const struct run *run);

/* Starts the one memory access that run_get on a new fingerprint needs. */
void run_prefetch(const struct run *run, const uint8_t fingerprint[ID_FINGERPRINT_BYTES]);

/* `mask` is the fingerprint's.  CH_NOT_FOUND; CH_CORRUPT. */
enum ch_status run_get(const struct run *run, const uint8_t fingerprint[ID_FINGERPRINT_BYTES],
	const struct filter_mask *mask, struct id_record *out_record);

/* Walks a run in order.  Zeroed but for `run` it stands before the first record. */
struct run_cursor {
	const struct run *run;
	uint64_t block;
	uint32_t at;
	bool checked; /* the block's sum */
};

/* CH_END; CH_CORRUPT. */
enum ch_status run_next(struct run_cursor *cursor, struct id_record *out_record);

/* ---- Writing ---- */

/* A new file for at most `bound` records, in place of one of the same name.  CH_FULL, CH_IO,
 * CH_NOMEM. */
enum ch_status run_writer_create(
	const char *dir, uint64_t number, uint64_t bound, struct run_writer **out_writer);

/* In ascending order.  Of two with the same fingerprint the first stays.  The status sticks:
 * does nothing once a write has failed. */
void run_writer_add(struct run_writer *writer, const struct id_record *record);

enum ch_status run_writer_status(const struct run_writer *writer);

/* Writes what is left and syncs the file; the caller syncs the folder.  At least one record must
 * have been added.  The writer is gone in every case, and on failure (CH_FULL, CH_IO, CH_NOMEM)
 * the file too. */
enum ch_status run_writer_finish(struct run_writer *writer);

/* Forgets the file.  NULL is fine. */
void run_writer_abort(struct run_writer *writer);

#endif
