/* A log that is read on as it grows, over its rotations: every byte once, in the order in which it was written.
 *
 *     queue_log.2   <- first, where it was written to since
 *     queue_log.1   <- then
 *     queue_log     <- then, for ever
 *
 * Earlier files of a log are those beside it whose names have digits behind ("queue_log.1", "queue_log-20261122"),
 * in the order of their last writing; compressed ones are none.  They are read at the beginning, as far as
 * `since` says, and when rotations went on while nobody read.
 *
 * Renamed, the file is read on until another under its name has bytes: until then the exchange writes to the old
 * one, as it does before `logger reload`.  Copied and truncated, it is read on in the copy, which is known by its
 * first bytes, and then anew.  What was written between the copy and the truncation no file has. */
#ifndef CALLCENTER_LOG_TAIL_H
#define CALLCENTER_LOG_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct log_tail;

/* Nothing is opened yet.  `path` must outlive it.  since_us: earlier files that were last written to before are
 * passed over, of the wall clock.  CH_NOMEM. */
enum ch_status log_tail_create(const char *path, int64_t since_us, struct log_tail **out_tail);
void log_tail_free(struct log_tail *tail);

/* The next bytes, at most `room`.  *out_other, whatever the status: these, or those that come next, are of another
 * file than those before, so a line under way has no end.  CH_END: no more for now.  What cannot be read is logged
 * once and tried again at the next call. */
enum ch_status log_tail_read(
	struct log_tail *tail, uint8_t *piece, size_t room, size_t *out_len, bool *out_other);

/* When the file under way was last written to, by its file system's clock, as of the last CH_END. */
int64_t log_tail_written_us(const struct log_tail *tail);

#endif
