/* Which stretch of time a report is about, as people write it:
 *
 *     2026-03-14            a day                2026-03-01:2026-03-14  from a day, month or year to
 *     2026-W11              an ISO 8601 week     2026-01:2026-03        the end of another
 *     2026-03, 2026         a month, a year
 *
 * Pure. */
#ifndef QUALITY_STRETCH_H
#define QUALITY_STRETCH_H

#include "module/quality/fact/period.h"

struct stretch {
	int64_t from_us;
	int64_t until_us;      /* excluded */
	enum period_unit unit; /* what it is divided by in tables and figures */
	bool whole;            /* it is one such unit, which those before it compare with */
};

/* CH_FORMAT; CH_INVALID: it ends before it begins. */
enum ch_status stretch_parse(struct slice text, int64_t offset_us, struct stretch *out_stretch);

/* The month that holds the moment. */
struct stretch stretch_month(int64_t offset_us, int64_t moment_us);

/* When the first of `count` periods begins of which the stretch, being whole, is the last. */
int64_t stretch_history(const struct stretch *stretch, int64_t offset_us, unsigned count);

#endif
