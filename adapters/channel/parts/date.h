/* Dates and times of UN/EDIFACT (DTM by data element 2379) and X12, civil as written. */
#ifndef PARTS_DATE_H
#define PARTS_DATE_H

#include "base/zone.h"

struct moment {
	int64_t civil_us; /* as though the clock stood at UTC */
	bool has_time;
};

/* By 2379: "102" CCYYMMDD, "203" CCYYMMDDHHMM, "204" CCYYMMDDHHMMSS, "101" YYMMDD, "201" YYMMDDHHMM, "718"
 * CCYYMMDD-CCYYMMDD, of which the first counts.  Without one, or by "2", the digits' number tells.
 * CH_FORMAT; CH_INVALID: no such day or hour; CH_UNSUPPORTED: another format. */
enum ch_status date_parse(struct slice text, struct slice format, struct moment *out_moment);

/* A date and a time of their own, as in UNB, ISA and BSN: YYMMDD or CCYYMMDD, HHMM, HHMMSS or more digits,
 * or none. */
enum ch_status date_parse_pair(struct slice date, struct slice time, struct moment *out_moment);

/* "2026-11-22"; returns `text`. */
#define DATE_BYTES 11
char *date_format(const struct moment *moment, char text[DATE_BYTES]);

/* UTC; `zone` NULL is UTC.  A day without a time begins at 00:00. */
int64_t date_to_utc(const struct moment *moment, const struct zone *zone);

#endif
