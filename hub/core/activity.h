/* What a customer has done: totals and the newest lines of his timeline, in one stored value, which every
 * event of his rewrites.  Older lines stand in pages of ACTIVITY_PAGE, written once, in a table of their
 * own.
 *
 *     activity  events, first sequence, lines
 *     lines     the newest line, then each older one as its distance to the line before it
 *     line      sequence, type, source, arrival, arrival less occurred
 *
 * All numbers are varints, those that can be below zero in zigzag.  A line takes 10 to 15 bytes so, and a
 * line is added in front without a look at the others.  How many lines there are follows from the events:
 * a page is put away when it is full.
 *
 * One small value an event, close to those of other customers and away from what seldom changes, is what
 * keeps checkpoints cheap: see docs/store.md. */
#ifndef CORE_ACTIVITY_H
#define CORE_ACTIVITY_H

#include <stdint.h>

#include "base/slice.h"
#include "wire/pb.h"

#define ACTIVITY_PAGE       16u
#define ACTIVITY_LINE_BYTES 36u /* at most */
#define ACTIVITY_BYTES_MAX  (20u + ACTIVITY_PAGE * ACTIVITY_LINE_BYTES)

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
	struct slice lines;
};

/* CH_CORRUPT. */
enum ch_status activity_read(struct slice stored, struct activity *out_activity);

/* Writes the value with one more line into `out` and returns its length.  When the page was full its
 * lines are *out_page and the new value begins the next; else *out_page is empty.  `stored` may be empty:
 * the first event.  0: CH_CORRUPT. */
size_t activity_append(struct slice stored, const struct activity_line *line,
	uint8_t out[ACTIVITY_BYTES_MAX], struct slice *out_page);

/* Walks over the lines of an activity or a page, the newest first. */
struct activity_walk {
	struct pb_reader reader;
	struct activity_line line; /* the one given last */
};

struct activity_walk activity_walk(struct slice lines);

/* False at the end, and at damage. */
bool activity_next(struct activity_walk *walk, struct activity_line *out_line);

#endif
