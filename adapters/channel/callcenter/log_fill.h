/* The hole that a lost connection leaves is filled from the exchange's own logs, where they are on this machine:
 * queue_log for calls that came to a queue, Master.csv for the others.
 *
 * Both are read on from where they were left, over rotations (log_tail.h); the first time from the beginning of the
 * first rotated file that was written to since `since`, and calls that ended before are passed over.  Calls come under the ids and digests that they have when their events
 * are followed (call_event.h), so what the hub has already it calls a duplicate: nothing needs to be known here of
 * what was missed.
 *
 * Each call brings a checkpoint: up to which time the logs have been told, calls of queue_log and of Master.csv, and
 * up to which line of queue_log, "1795290143000000 1795290083000000 17".  Of queue_log only what stands before that
 * line and is older is passed over: a line behind it is new whatever its time, as a clock that was set back writes
 * them, and one before it that is newer is of another file, after a rotation.
 *
 * The exchange's clock is its own, and may be wrong: what it is there by now is the time of queue_log's last line,
 * and as much as nothing was written since.  That is seen while the log is followed.  For what stood there before it
 * was first read to its end, the file's time of last writing has to do.
 *
 * Files are read in pieces: each step is short. */
#ifndef CALLCENTER_LOG_FILL_H
#define CALLCENTER_LOG_FILL_H

#include "channel/callcenter/harvest.h"

struct log_fill_options {
	const char *queue_log; /* NULL: none */
	const char *cdr;       /* NULL: none */
	const struct zone *zone;
	const struct survey_rules
		*survey;         /* what callers answer stands in queue_log; NULL: it does not */
	bool live;               /* also what calls came to before they were over */
	int64_t since_us;        /* calls that ended before are not told */
	struct slice checkpoint; /* of an event that was told in another life; empty: none */
};

struct log_fill;

/* The harvest gets the calls, and rejects; both must outlive it.  CH_NOMEM. */
enum ch_status log_fill_create(const struct log_fill_options *options, struct harvest *harvest,
	struct log_fill **out_fill);
void log_fill_free(struct log_fill *fill);

/* Reads one piece, at `now_us` of the wall clock and `steady_us` of the steady one.  CH_OK: there may be more;
 * CH_END: all that there is by now has been read; CH_FULL: the harvest is; CH_NOMEM.  What cannot be read is logged
 * once and tried again at the next call. */
enum ch_status log_fill_step(struct log_fill *fill, int64_t now_us, int64_t steady_us);

/* Rows of calls that may get more of them, callers who may go on answering: look again. */
bool log_fill_is_waiting(const struct log_fill *fill);

#endif
