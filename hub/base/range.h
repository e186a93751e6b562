/* Which stretch of history somebody means, as people write it: one grammar for commands, replays and
 * seeks.  docs/ranges.md is the page for people.
 *
 *     range    = "" | point | [ point ] ":" [ point ]
 *     point    = "start" | "end" | sequence | time | back | length
 *     sequence = digits                     1000
 *     time     = [ "@" ] RFC 3339           @2026-03-01T08:00:00+08:00, or a date: @2026-03-01
 *     back     = "-" ( digits | duration )  -500 entries, -1h30m, before the end
 *     length   = "+" ( digits | duration )  +500 entries, +1h, from where the range begins
 *     duration = 1*( digits unit )          unit: s m h d w
 *
 * A range without a first point begins with the oldest entry that is kept; without a second one it goes
 * up to the newest; a lone point is where it begins, a lone length how far it goes.  Two sequences
 * include both; of two times the second is excluded.  A date is that day's midnight, UTC.
 *
 *     1000:2000   -1h   :end   @2026-03-01:+1d   1000:+1   +10   -2h:-1h */
#ifndef BASE_RANGE_H
#define BASE_RANGE_H

#include "base/slice.h"

enum range_kind {
	RANGE_NONE,      /* not said */
	RANGE_START,     /* the oldest entry that is kept */
	RANGE_END,       /* behind the newest one */
	RANGE_SEQUENCE,  /* value */
	RANGE_TIME,      /* value: microseconds UTC */
	RANGE_BACK,      /* value: entries before the end */
	RANGE_BACK_US,   /* value: microseconds before now */
	RANGE_LENGTH,    /* value: entries from where the range begins */
	RANGE_LENGTH_US, /* value: microseconds from where the range begins */
};

struct range_point {
	enum range_kind kind;
	int64_t value;
};

struct range {
	struct range_point from;
	struct range_point to;
};

/* CH_FORMAT, CH_INVALID (a number that is too large); then *out_at is the byte where understanding
 * ended.  Pure. */
enum ch_status range_parse(struct slice text, struct range *out_range, size_t *out_at);

/* A single point: no length. */
enum ch_status range_parse_point(struct slice text, struct range_point *out_point, size_t *out_at);

/* What a range is seen against. */
struct range_history {
	uint64_t first; /* the oldest entry kept; head + 1 when there is none */
	uint64_t head;
	int64_t now_us;
	/* The first entry that arrived at or after a time, head + 1 when there is none yet. */
	enum ch_status (*find_time)(void *context, int64_t time_us, uint64_t *out_sequence);
	/* When an entry between first and head arrived. */
	enum ch_status (*find_arrival)(void *context, uint64_t sequence, int64_t *out_time_us);
	void *context;
};

/* The entries that are meant, within what is kept.  CH_END: none; CH_INVALID: it ends before it begins;
 * what the two lookups give. */
enum ch_status range_resolve(const struct range *range, const struct range_history *history,
	uint64_t *out_first, uint64_t *out_last);

/* The entry at which reading would begin, at most head + 1.  As range_resolve. */
enum ch_status range_resolve_point(const struct range_point *point,
	const struct range_history *history, uint64_t *out_sequence);

#endif
