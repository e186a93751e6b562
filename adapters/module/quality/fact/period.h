/* Days, weeks and months of a report, as the organisation's clocks show them: a fixed offset from UTC, so
 * that a period is the same for ever.  Weeks begin on Monday and are numbered as ISO 8601 has them.  Pure. */
#ifndef QUALITY_PERIOD_H
#define QUALITY_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum period_unit { PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH };

#define DAY_US             INT64_C(86400000000)
#define PERIOD_LABEL_BYTES 16

/* When the period that holds the moment begins, in UTC. */
int64_t period_start(enum period_unit unit, int64_t offset_us, int64_t moment_us);

/* When the next one begins, given the start of one. */
int64_t period_next(enum period_unit unit, int64_t offset_us, int64_t start_us);

/* "2026-03-14", "2026-W11", "2026-03"; returns `label`. */
char *period_label(
	enum period_unit unit, int64_t offset_us, int64_t start_us, char label[PERIOD_LABEL_BYTES]);

/* Hour of the day, 0 to 23, and the day since 1970-01-01. */
unsigned period_hour(int64_t offset_us, int64_t moment_us);
int64_t period_day(int64_t offset_us, int64_t moment_us);

/* The same time of day so many calendar months later; the 31st becomes the last day of a shorter month. */
int64_t period_add_months(int64_t offset_us, int64_t moment_us, int64_t months);

/* First moment of an ISO 8601 date ("2026-03-14", or its month or year); false: no such date. */
bool period_of_date(struct slice date, int64_t offset_us, int64_t *out_start_us);

/* The first moment after it: the next day, month or year. */
bool period_after_date(struct slice date, int64_t offset_us, int64_t *out_end_us);

/* The moment that somebody means by RFC 3339, or by a date: the end of its day (month, year). */
bool period_as_of(struct slice text, int64_t offset_us, int64_t *out_moment_us);

#endif
