/* Shewhart's control charts (ISO 7870-2): limits at three standard deviations from the center, both
 * estimated from the samples on trial and then held for all.  Every point has its own limits, exact for its
 * own size.  With m samples on trial, n_i values or units each:
 *
 *   X-bar/R  center = all values' mean; sigma = mean of R_i / d2(n_i); limits center +- 3 sigma / sqrt(n_i)
 *            R: center d2 sigma, limits (d2 +- 3 d3) sigma, not below 0
 *   X-bar/S  the same with sigma = mean of s_i / c4(n_i); s: center c4 sigma, limits
 *            (c4 +- 3 sqrt(1 - c4^2)) sigma, not below 0
 *   p        center p = defectives / inspected; p +- 3 sqrt(p (1 - p) / n_i), within 0 and 1
 *   np       n times that, one n for all
 *   c        center c = defects / m; c +- 3 sqrt(c), not below 0; one area for all
 *   u        center u = defects / units; u +- 3 sqrt(u / n_i), not below 0
 *
 * With equal sizes the first two are the usual X +- A2 R, D3 R, D4 R and X +- A3 s, B3 s, B4 s; with unequal
 * ones sigma is the unbiased mean that R's package qcc calls UWAVE.
 *
 * Numbers: which side of which line a point of p, np, c or u is on, is decided in whole numbers and exactly
 * (x / n beyond p + k sqrt(p (1 - p) / n) when (x N - n D)^2 > k^2 n D (N - D), with D of N on trial; likewise
 * for defects).  Measurements are decimals and stay so: sums, ranges and sums of squares are exact.  Long
 * double comes in with the division by n, the square roots and the constants of constants.h: roundings
 * of 2^-64 each, some m of them where the spreads of m samples are added up, a dozen elsewhere. */
#ifndef QUALITY_CHART_H
#define QUALITY_CHART_H

#include "module/quality/chart/constants.h"
#include "module/quality/chart/run_rule.h"
#include "module/quality/chart/samples.h"

struct chart_point {
	long double center;
	long double low;
	long double high;
};

struct chart {
	const char *name;           /* "xbar", "r", "s", "p" ... */
	struct chart_point *points; /* one a sample */
	struct run_mark *marks;     /* the same points, as the run rules see them */
	size_t count;
	bool level; /* center and limits are the same at every point */
};

struct charts {
	struct chart items[2]; /* two for X-bar */
	size_t count;
	long double sigma;       /* of one value, by X-bar charts; else 0 */
	int64_t trial_count_sum; /* of what p, np, c and u count, and of the units it was found in */
	int64_t trial_units;
	const struct constants *given;
};

/* `given` are the constants of an X-bar/R chart whose samples have one size, to be compared with a program that has
 * others (constants_given); it outlives the charts.  NULL: those of constants.h.  CH_NOMEM.  *out_charts does not
 * look at the samples afterwards.  Any thread. */
enum ch_status charts_make(
	const struct samples *samples, const struct constants *given, struct charts *out_charts);
void charts_fini(struct charts *charts);

/* "xbar-r" and so on; false: none. */
bool chart_kind_find(const char *name, enum chart_kind *out_kind);
const char *chart_kind_name(enum chart_kind kind);

#endif
