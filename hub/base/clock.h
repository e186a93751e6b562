/* The clocks.  Rules see none of them: they are given arrival times. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* UTC, microseconds since 1970-01-01: the machine's clock, less what is held back.  May jump. */
int64_t clock_wall_us(void);

/* The machine's clock as it is: for who judges it (base/timekeeper.h). */
int64_t clock_machine_us(void);

/* Whether something keeps the machine's clock right, as the kernel knows: NTP. */
bool clock_is_kept(void);

/* From now on the wall clock of this process is so far behind the machine's; 0: is the machine's. */
void clock_hold_back(int64_t ahead_us);

/* Never goes back; for time-outs and rates. */
int64_t clock_steady_us(void);

/* Never goes back, and runs while the machine sleeps. */
int64_t clock_up_us(void);

/* RFC 3339 with any offset ("2026-03-01T08:00:00+08:00", up to 9 fraction digits, leap second 60
 * counted as 59).  Returns CH_OK or CH_FORMAT. */
enum ch_status clock_parse(struct slice text, int64_t *out_time_us);

#define CLOCK_TEXT_BYTES 32
/* "2026-03-01T00:00:00.000000Z"; returns `text`. */
char *clock_format(int64_t time_us, char text[CLOCK_TEXT_BYTES]);

/* Days since 1970-01-01 of a proleptic Gregorian date, and back; pure. */
int64_t clock_days_from_date(int64_t year, unsigned month, unsigned day);
void clock_date_from_days(int64_t days, int64_t *out_year, unsigned *out_month, unsigned *out_day);

#endif
