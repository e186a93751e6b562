/* Bytes cut into lines, as they come: each line once, whole, in order.  Memory is bounded by LIMIT_ROW_BYTES,
 * whatever comes.  Pure. */
#ifndef CALLCENTER_LINES_H
#define CALLCENTER_LINES_H

#include <stdbool.h>

#include "base/slice.h"

/* A zeroed one is empty. */
struct lines {
	struct buffer bytes;
	size_t begin;  /* of the line to come */
	size_t looked; /* no line end before this */
	uint64_t number;
	bool skipping; /* the line under way is too long */
};

void lines_fini(struct lines *lines);

/* More bytes, copied.  CH_NOMEM. */
enum ch_status lines_feed(struct lines *lines, struct slice bytes);

/* CH_OK: *out_line without its LF or CRLF, valid until the next call of either; lines->number is its number,
 * from 1.  CH_END: no whole line for now.  CH_TOO_LARGE: one over the bound was passed over. */
enum ch_status lines_next(struct lines *lines, struct slice *out_line);

/* What stands behind the last line end. */
struct slice lines_rest(const struct lines *lines);

#endif
