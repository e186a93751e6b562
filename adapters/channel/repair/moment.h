/* Dates and times as stations write them.
 *
 * Without a pattern the usual unambiguous forms are read: ISO 8601 (xs:dateTime, RFC 3339), the same
 * with a blank, slashes or dots, 2026年3月2日 8时30分, 20260302, 20260302083000; and for dates alone a
 * month or year.  Day before month or month before day is never guessed: those need a pattern.
 *
 * Patterns: %Y four digits; %y two, of this century; %m %d %H %M %S one or two; %I with %p (AM, PM,
 * 上午, 下午); %f a fraction of a second, if any; %z an offset (Z, +08:00, +0800), if any; %s seconds
 * and %Q milliseconds since 1970, alone; %% a per cent sign.  A blank stands for any number of blanks.
 * All else stands for itself. */
#ifndef REPAIR_MOMENT_H
#define REPAIR_MOMENT_H

#include "base/zone.h"

enum moment_precision { MOMENT_YEAR, MOMENT_MONTH, MOMENT_DAY, MOMENT_TIME };

struct moment {
	int64_t civil_us; /* as shown by the clock, counted as though it stood at UTC */
	enum moment_precision precision;
	bool has_offset;
	int32_t offset_s;
};

/* `pattern` is empty for the usual forms.  CH_FORMAT: of another form; CH_INVALID: no such day or
 * hour ("2026-02-30"). */
enum ch_status moment_parse(struct slice text, struct slice pattern, struct moment *out_moment);

/* CH_INVALID: a % with an unknown letter, or nothing to read. */
enum ch_status moment_check_pattern(struct slice pattern);

/* UTC; `zone` counts when the text had no offset.  A day begins at 00:00. */
int64_t moment_to_utc(const struct moment *moment, const struct zone *zone);

#define MOMENT_DATE_BYTES 16
/* "2026-03-02", "2026-03", "2026", as precise as it was; returns `text`. */
char *moment_format_date(const struct moment *moment, char text[MOMENT_DATE_BYTES]);

#endif
