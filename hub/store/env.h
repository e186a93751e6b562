/* An environment of named tables whose values are checked; the store's only place that knows LMDB (tree/tree.h).
 *
 * Every value is stored with the CRC-32C of its table, key and bytes behind it and is checked when
 * it is read.  Default durable flags only; a commit that returned CH_OK is on stable storage.
 *
 * One write transaction at a time.  Read transactions go from thread to thread as their owner
 * likes. The map grows only in env_grow, which wants no transaction active in the process:
 * seeing to that is the caller's business, because only the caller knows who reads. */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include <stdbool.h>

#include "base/slice.h"

struct env;
struct env_read;
struct env_cursor;
struct env_write;

struct env_options {
	const char *dir;           /* made when absent, unless read_only */
	const char *const *tables; /* their names; a table is its index */
	uint32_t table_count;
	uint32_t added; /* how many of them, the last ones, an older environment need not have */
	/* Of address space, to begin with; less is taken where that is short. */
	uint64_t map_bytes;
	bool read_only;
};

/* CH_NOT_FOUND (read_only), CH_CORRUPT, CH_VERSION, CH_DENIED, CH_FULL, CH_IO, CH_NOMEM.  An environment has all
 * its tables from the start, or is damaged; but those that were `added` since are made when it has them not,
 * and of one that is read only that is CH_VERSION. */
enum ch_status env_open(const struct env_options *options, struct env **out_env);

/* No transaction may be active.  NULL is fine. */
void env_close(struct env *env);

/* ---- Reading ---- */

/* A view as of the last commit.  CH_BUSY: too many readers; CH_NOMEM; CH_IO. */
enum ch_status env_read_begin(struct env *env, struct env_read **out_read);

/* Gives the view up and keeps the object for renew; slices from it are gone. */
void env_read_rest(struct env_read *read);

/* A view as of the last commit again.  The read must be at rest. */
enum ch_status env_read_renew(struct env_read *read);

/* In either state; NULL is fine. */
void env_read_end(struct env_read *read);

/* CH_NOT_FOUND; CH_CORRUPT.  The slice lives until the view is given up. */
enum ch_status env_get(
	const struct env_read *read, uint32_t table, struct slice key, struct slice *out_value);

/* Walks a table in key order.  A cursor ends before its read. */
enum ch_status env_cursor_open(
	const struct env_read *read, uint32_t table, struct env_cursor **out_cursor);
void env_cursor_close(struct env_cursor *cursor);

/* The first key at or after `key`, and the next one: CH_END; CH_CORRUPT.  The slices live as
 * long as the view. */
enum ch_status env_seek(struct env_cursor *cursor, struct slice key, struct slice *out_key,
	struct slice *out_value);
enum ch_status env_next(struct env_cursor *cursor, struct slice *out_key, struct slice *out_value);

/* ---- Writing ---- */

/* CH_NOMEM, CH_IO, CH_CORRUPT; CH_CLOSED: an earlier commit failed in a way that ends all
 * writing. */
enum ch_status env_write_begin(struct env *env, struct env_write **out_write);

/* The status sticks.  Fastest in key order, table after table.  CH_RETRY: the map is full:
 * abort, env_grow, and begin anew; CH_FULL: the disk is; CH_IO; CH_CORRUPT; CH_NOMEM. */
void env_put(struct env_write *write, uint32_t table, struct slice key, struct slice value);

/* Fine when the key is not there. */
void env_delete(struct env_write *write, uint32_t table, struct slice key);

/* Makes the status bad, for a step of the caller's own that failed. */
void env_fail(struct env_write *write, enum ch_status status);

enum ch_status env_write_status(const struct env_write *write);

/* Durable when it returns CH_OK; else nothing has changed, but for CH_IO, after which nobody
 * knows. */
enum ch_status env_commit(struct env_write *write);

/* NULL is fine. */
void env_abort(struct env_write *write);

/* ---- Keeping ---- */

/* A map of at least `bytes`.  No transaction is active in the process, read objects are at
 * rest.  When that fails, there is no map any more: every begin and renew gives CH_NOMEM from
 * then on. */
enum ch_status env_grow(struct env *env, uint64_t bytes);

uint64_t env_map_bytes(const struct env *env);

/* Bytes of the data file that are or were in use. */
uint64_t env_used_bytes(const struct env *env);

/* Frees the slots of readers whose process died; without it their pages stay for ever. */
void env_check_readers(struct env *env);

#endif
