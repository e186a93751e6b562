/* The hub's own desk: what the journal does not imply and a rebuild would not bring back.
 * Subscriptions with their cursors, deliveries that wait or died, replay jobs, the audit of
 * people's commands.  A second, small LMDB environment, written at a low rate, synced at each
 * commit.
 *
 * One thread uses it. */
#ifndef STORE_DESK_H
#define STORE_DESK_H

#include <stdbool.h>

#include "base/slice.h"

struct desk;

/* Keys and values are the owners' business; integers in keys are big-endian. */
enum desk_table {
	DESK_SUBSCRIPTION = 0, /* name -> settings */
	DESK_CURSOR,           /* name -> position */
	DESK_PENDING,          /* name sequence -> delivery that waits for its answer */
	DESK_DEAD,             /* name sequence -> dead letter */
	DESK_JOB,              /* id -> replay job */
	DESK_AUDIT,            /* time number -> who did what */
	DESK_INTENT,           /* id -> a command that spans journal and desk, until both have it */
	DESK_COUNT
};

/* `dir` is made when absent.  CH_BUSY: another process has it; CH_CORRUPT; CH_VERSION; CH_FULL;
 * CH_IO; CH_NOMEM. */
enum ch_status desk_open(const char *dir, struct desk **out_desk);

/* An open batch is forgotten.  NULL is fine. */
void desk_close(struct desk *desk);

/* Starts a batch.  One at a time. */
void desk_begin(struct desk *desk);

/* Copied.  The status sticks and is told by desk_commit: CH_NOMEM, CH_TOO_LARGE, CH_INVALID
 * (empty key). */
void desk_put(struct desk *desk, enum desk_table table, struct slice key, struct slice value);
void desk_delete(struct desk *desk, enum desk_table table, struct slice key);

/* Durable when it returns CH_OK.  An empty batch is CH_OK without a sync.  Else nothing has
 * changed (CH_FULL, CH_NOMEM, and what sticks), or nobody knows (CH_IO).  The batch is gone in
 * every case. */
enum ch_status desk_commit(struct desk *desk);
void desk_abort(struct desk *desk);

/* The value, as the open batch sees it if there is one.  CH_NOT_FOUND; CH_CORRUPT.  The slice
 * lives until the next put, delete, begin, commit or abort. */
enum ch_status desk_get(
	struct desk *desk, enum desk_table table, struct slice key, struct slice *out_value);

/* All keys that start with `prefix` (empty: the whole table), in order.  `visit` returns false
 * to stop; it must not change the desk; slices live as with desk_get.  CH_CORRUPT; CH_NOMEM. */
enum ch_status desk_scan(struct desk *desk, enum desk_table table, struct slice prefix,
	bool (*visit)(void *context, struct slice key, struct slice value), void *context);

#endif
