/* What a customer has done: totals and the newest lines of his timeline, in one stored value, which every
 * event of his rewrites.  Older lines stand behind it in pages of ACTIVITY_PAGE, written once.
 *
 *     events(8) first sequence(8) | line: sequence(8) type(2) source(2) occurred(8) arrival(8) ...
 *
 * One small value an event, beside the record in the same page of LMDB, is what keeps checkpoints
 * cheap: see docs/decisions.md. */
#ifndef CORE_ACTIVITY_H
#define CORE_ACTIVITY_H

#include <stdint.h>

#include "base/slice.h"

#define ACTIVITY_PAGE       16u
#define ACTIVITY_LINE_BYTES 28u
#define ACTIVITY_HEAD_BYTES 16u
#define ACTIVITY_BYTES_MAX  (ACTIVITY_HEAD_BYTES + ACTIVITY_PAGE * ACTIVITY_LINE_BYTES)

struct activity_line {
	uint64_t sequence;
	uint16_t type;
	uint16_t source_code;
	int64_t occurred_us;
	int64_t arrival_us;
};

struct activity {
	uint64_t events;
	uint64_t first_sequence;
	struct slice lines; /* newest last */
};

/* CH_CORRUPT. */
enum ch_status activity_read(struct slice stored, struct activity *out_activity);

/* Writes the value with one more line into `out` and returns its length.  When the page was full its
 * lines are *out_page, to be stored under the sequence of their first, and the new value begins the
 * next; else *out_page is empty.  `stored` may be empty: the first event.  0: CH_CORRUPT. */
size_t activity_append(struct slice stored, const struct activity_line *line,
	uint8_t out[ACTIVITY_BYTES_MAX], struct slice *out_page);

/* Line `i` of a page or of an activity's lines. */
struct activity_line activity_line_at(struct slice lines, size_t i);
size_t activity_line_count(struct slice lines);

#endif
