/* Whether a condition holds for a customer at a moment, until when that can be relied on, and why.
 *
 * Everything is exact: whole numbers, times to the microsecond.  A period of 90d looks at the moments after
 * `now` less 90 days, up to `now`; so a purchase leaves it exactly 90 days after it happened, and that moment is
 * what judge() tells: before it, nothing changes by time alone. */
#ifndef MARKETING_JUDGE_H
#define MARKETING_JUDGE_H

#include "base/zone.h"
#include "module/marketing/segment/profile.h"

#define JUDGE_NEVER INT64_MAX

struct verdict {
	bool holds;
	int64_t next_us; /* the first moment after `now` at which it may be otherwise with the same facts */
};

/* `zone` is where birthdays begin.  Pure. */
struct verdict judge(const struct condition *condition, const struct profile *profile,
	int64_t now_us, const struct zone *zone);

/* Appends a line for each test: whether it helps the condition to hold, the test as it was written, with "not" before
 * it where the condition denies it, and what the customer has.
 * No personal value: ages and texts of his record are shown, names and addresses never are. */
void judge_explain(const struct condition *condition, const struct profile *profile, int64_t now_us,
	const struct zone *zone, struct buffer *out);

/* Recency, frequency and monetary value in a period: what a level's rule usually looks at. */
struct rfm {
	int64_t recency_us; /* < 0: no purchase in the period */
	uint32_t frequency;
	int64_t monetary;
};
struct rfm judge_rfm(const struct profile *profile, int64_t now_us, int64_t period_us);

#endif
