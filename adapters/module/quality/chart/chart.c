#include "module/quality/chart/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const chart_kinds[] = {"xbar-r", "xbar-s", "p", "np", "c", "u"};
#define CHART_KINDS (sizeof(chart_kinds) / sizeof(*chart_kinds))

bool chart_kind_find(const char *name, enum chart_kind *out_kind)
{
	for (size_t i = 0; i < CHART_KINDS; i++) {
		if (strcmp(chart_kinds[i], name) == 0) {
			*out_kind = (enum chart_kind)i;
			return true;
		}
	}
	return false;
}

const char *chart_kind_name(enum chart_kind kind)
{
	return chart_kinds[kind];
}

static enum ch_status chart_init(struct chart *chart, const char *name, size_t count)
{
	*chart = (struct chart){.name = name, .count = count, .level = true};
	chart->points = calloc(count, sizeof(*chart->points));
	chart->marks = calloc(count, sizeof(*chart->marks));
	return chart->points != NULL && chart->marks != NULL ? CH_OK : CH_NOMEM;
}

void charts_fini(struct charts *charts)
{
	for (size_t i = 0; i < charts->count; i++) {
		free(charts->items[i].points);
		free(charts->items[i].marks);
	}
	*charts = (struct charts){.count = 0};
}

/* Draws a point: the limits are not beyond what the value can be. */
static void chart_draw(struct chart *chart, size_t at, long double center, long double deviation,
	long double least, long double most)
{
	struct chart_point *point = &chart->points[at];
	*point = (struct chart_point){center, center - 3 * deviation, center + 3 * deviation};
	if (point->low < least)
		point->low = least;
	if (point->high > most)
		point->high = most;
	chart->level = chart->level && point->center == chart->points[0].center &&
		       point->low == chart->points[0].low && point->high == chart->points[0].high;
}

/* ---- Measurements ---- */

static void chart_mark_measured(
	struct chart *chart, size_t at, long double value, long double deviation)
{
	long double off = value - chart->points[at].center;
	struct run_mark *mark = &chart->marks[at];
	mark->value = value;
	mark->side = (int8_t)((off > 0) - (off < 0));
	while (mark->lines < 3 && fabsl(off) > (long double)(mark->lines + 1) * deviation)
		mark->lines++;
}

static long double chart_power_of_ten(uint32_t exponent)
{
	long double power = 1;
	for (; exponent > 0; exponent--)
		power *= 10;
	return power;
}

static __int128_t chart_sum(const int64_t *values, unsigned count)
{
	__int128_t sum = 0;
	for (unsigned i = 0; i < count; i++)
		sum += values[i];
	return sum;
}

static long double chart_range(const int64_t *values, unsigned count)
{
	int64_t least = values[0];
	int64_t most = values[0];
	for (unsigned i = 1; i < count; i++) {
		least = values[i] < least ? values[i] : least;
		most = values[i] > most ? values[i] : most;
	}
	return (long double)(most - least);
}

/* By n S(x^2) - S(x)^2, which loses digits in floating point, and none here: counted from the first value,
 * 25 values of 2^56 make less than 2^122. */
static long double chart_deviation(const int64_t *values, unsigned count)
{
	__int128_t sum = 0;
	__int128_t squares = 0;
	for (unsigned i = 0; i < count; i++) {
		__int128_t off = values[i] - values[0];
		sum += off;
		squares += off * off;
	}
	return sqrtl(
		(long double)(count * squares - sum * sum) / ((long double)count * (count - 1)));
}

/* Expected value and standard deviation of a sample's spread, for sigma 1. */
static void chart_spread_of(const struct charts *charts, enum chart_kind kind, unsigned size,
	long double *out_mean, long double *out_deviation)
{
	const struct constants *constants =
		charts->given != NULL ? charts->given : constants_of(size);
	bool range = kind == CHART_XBAR_R;
	*out_mean = range ? constants->d2 : constants->c4;
	*out_deviation = range ? constants->d3 : sqrtl(1 - constants->c4 * constants->c4);
}

/* In units of 10^-value_scale. */
static long double chart_spread(const struct samples *samples, const struct sample *sample)
{
	const int64_t *values = samples->values + sample->first_value;
	return samples->kind == CHART_XBAR_R ? chart_range(values, sample->value_count)
					     : chart_deviation(values, sample->value_count);
}

/* Of what is on trial: the mean of all values, and sigma by the samples' spreads. */
static void chart_estimate(const struct samples *samples, const struct charts *charts,
	long double *out_center, long double *out_sigma)
{
	__int128_t sum = 0;
	long double spreads = 0;
	size_t values = 0;
	unsigned size = 0;
	bool equal = true;
	long double mean = 1;
	long double deviation;
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		if (!sample->trial)
			continue;
		equal = equal && (size == 0 || size == sample->value_count);
		size = sample->value_count;
	}
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		if (!sample->trial)
			continue;
		sum += chart_sum(samples->values + sample->first_value, sample->value_count);
		values += sample->value_count;
		/* With one size for all the division waits: one rounding instead of many. */
		if (!equal)
			chart_spread_of(
				charts, samples->kind, sample->value_count, &mean, &deviation);
		spreads += chart_spread(samples, sample) / mean;
	}
	if (equal)
		chart_spread_of(charts, samples->kind, size, &mean, &deviation);
	long double scale = chart_power_of_ten(samples->value_scale);
	*out_center = (long double)sum / ((long double)values * scale);
	*out_sigma = spreads / ((long double)samples->trial_count * scale) / (equal ? mean : 1);
}

static void chart_fill_measured(const struct samples *samples, struct charts *charts)
{
	long double scale = chart_power_of_ten(samples->value_scale);
	long double center;
	chart_estimate(samples, charts, &center, &charts->sigma);
	struct chart *means = &charts->items[0];
	struct chart *spreads = &charts->items[1];
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		const int64_t *values = samples->values + sample->first_value;
		unsigned size = sample->value_count;
		long double spread;
		long double deviation;
		chart_spread_of(charts, samples->kind, size, &spread, &deviation);
		long double of_mean = charts->sigma / sqrtl(size);
		chart_draw(means, i, center, of_mean, -HUGE_VALL, HUGE_VALL);
		chart_mark_measured(
			means, i, (long double)chart_sum(values, size) / (size * scale), of_mean);
		deviation *= charts->sigma;
		chart_draw(spreads, i, spread * charts->sigma, deviation, 0, HUGE_VALL);
		chart_mark_measured(spreads, i, chart_spread(samples, sample) / scale, deviation);
	}
}

/* ---- Counts ---- */

/* Products of four numbers of at most LIMIT_CHART_TOTAL, times 9: below 2^128 by the checks of samples.h. */
typedef __uint128_t chart_wide;

/* Beyond how many lines `count` of `units` is, when `total` of `all` were found on trial: exactly. */
static void chart_mark_counted(const struct samples *samples, const struct charts *charts,
	const struct sample *sample, struct run_mark *mark)
{
	bool binomial = samples->kind == CHART_P || samples->kind == CHART_NP;
	int64_t found = charts->trial_count_sum;
	int64_t all = charts->trial_units;
	int64_t units = samples->kind == CHART_C ? 1 : sample->units;
	__int128_t off = (__int128_t)sample->count * all - (__int128_t)units * found;
	chart_wide square = (chart_wide)(off < 0 ? -off : off) * (chart_wide)(off < 0 ? -off : off);
	chart_wide variance =
		(chart_wide)units * (chart_wide)found * (chart_wide)(binomial ? all - found : all);
	mark->side = (int8_t)((off > 0) - (off < 0));
	for (unsigned k = 1; k <= 3 && square > k * k * variance; k++)
		mark->lines = (uint8_t)k;
}

static void chart_fill_counted(const struct samples *samples, struct charts *charts)
{
	struct chart *chart = &charts->items[0];
	long double scale = chart_power_of_ten(samples->unit_scale);
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		if (!sample->trial)
			continue;
		charts->trial_count_sum += sample->count;
		charts->trial_units += samples->kind == CHART_C ? 1 : sample->units;
	}
	long double found = (long double)charts->trial_count_sum;
	long double rate = found * scale / (long double)charts->trial_units;
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		long double units = (long double)sample->units / scale;
		long double value = (long double)sample->count;
		if (samples->kind == CHART_P) {
			chart_draw(chart, i, rate, sqrtl(rate * (1 - rate) / units), 0, 1);
			value /= units;
		} else if (samples->kind == CHART_NP) {
			chart_draw(
				chart, i, rate * units, sqrtl(units * rate * (1 - rate)), 0, units);
		} else if (samples->kind == CHART_C) {
			chart_draw(chart, i, rate, sqrtl(rate), 0, HUGE_VALL);
		} else {
			chart_draw(chart, i, rate, sqrtl(rate / units), 0, HUGE_VALL);
			/* One division of whole numbers: equal rates are equal. */
			value = value * scale / (long double)sample->units;
		}
		chart->marks[i].value = value;
		chart_mark_counted(samples, charts, sample, &chart->marks[i]);
	}
}

enum ch_status charts_make(
	const struct samples *samples, const struct constants *given, struct charts *out_charts)
{
	bool measured = samples_are_measured(samples->kind);
	struct charts charts = {.count = 1, .given = given};
	enum ch_status status = chart_init(&charts.items[0],
		measured ? "xbar" : chart_kind_name(samples->kind), samples->count);
	if (status == CH_OK && measured) {
		charts.count = 2;
		status = chart_init(&charts.items[1], samples->kind == CHART_XBAR_R ? "r" : "s",
			samples->count);
	}
	if (status != CH_OK)
		goto out;
	if (measured)
		chart_fill_measured(samples, &charts);
	else
		chart_fill_counted(samples, &charts);
	*out_charts = charts;
	charts = (struct charts){.count = 0};
out:
	charts_fini(&charts);
	return status;
}
