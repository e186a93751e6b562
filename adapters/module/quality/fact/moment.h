/* When did it happen?  What durations, periods and the order of facts are reckoned by.  Pure. */
#ifndef QUALITY_MOMENT_H
#define QUALITY_MOMENT_H

#include <stdint.h>

/* A clock that is off by more than this is corrected.  Less is the way from the source to the hub, and
 * correcting it would only blur times that were right: the same history, told over a slower line, must give
 * the same durations. */
#define MOMENT_SKEW_US (INT64_C(300) * 1000000)

/* The source's time as told; set right by what its clock showed at sending, when that and the arrival differ
 * by more than MOMENT_SKEW_US; the arrival when nothing was told or a time more than a year ahead.
 *
 * Unlike the hub's own rule this takes times before 1990 as they are: a log of that age is history all the
 * same, and a clock that lost its battery still measures how long something took.  Reports count such
 * moments (measure_notes.doubtful_times). */
int64_t moment_of(int64_t time_us, int64_t sent_us, int64_t arrival_us);

/* A time that a message tells beside its own, a date agreed or promised; 0, not told, where it is none of this
 * calendar's first ten thousand years, so that nothing that is added to it leaves an int64_t. */
int64_t moment_told(int64_t time_us);

/* Before 1990. */
int moment_is_doubtful(int64_t moment_us);

#endif
