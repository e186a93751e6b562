/* What a control chart is drawn from: samples in the order of time, read from a plain data file.
 *
 * A row of measurements (X-bar charts) is a sample, or a part of it when a column names the sample:
 *
 *     diameter sample trial          x1    x2    x3          sample  D  size  trial
 *     74.030   1      TRUE           9.98  10.02 10.01       1       12 50    TRUE
 *     74.002   1      TRUE           10.00 9.97  10.03       2       15 50    TRUE
 *
 * Counts (p, np, c, u) have one row a sample.  The first row is a header when one of its fields is no
 * number.  Columns go by the names in it, whatever their case: "sample", "group", "subgroup" or "label" names
 * the sample; "trial" says whether it takes part in setting the limits (TRUE, T, YES, 1; FALSE, F, NO, 0); "size", "n",
 * "units" or "inspected" is what was looked at; what is left is measured or counted.  Without header:
 * every column is a measurement, or the first is the count and the second the size.  Options name other
 * columns, "#3" is the third. */
#ifndef QUALITY_SAMPLES_H
#define QUALITY_SAMPLES_H

#include "base/arena.h"
#include "module/data/datafile.h"

enum chart_kind { CHART_XBAR_R, CHART_XBAR_S, CHART_P, CHART_NP, CHART_C, CHART_U };

struct samples_options {
	enum chart_kind kind;
	const char *value; /* columns; NULL: found as above */
	const char *label;
	const char *size; /* or a whole number: the size of every sample */
	const char *trial;
};

struct sample {
	struct slice label; /* empty: none */
	bool trial;
	struct place at;
	/* Measurements: CONSTANTS_SIZE_MIN to CONSTANTS_SIZE_MAX of them. */
	size_t first_value; /* in samples->values */
	unsigned value_count;
	/* Counts. */
	int64_t count;
	int64_t units; /* in 10^-unit_scale; 1 for c when there is no size */
};

/* So that sums of squares of a sample stay exact in 128 bits: 16 digits, the decimals of the finest value
 * included. */
#define SAMPLES_VALUE_MAX (INT64_C(1) << 55)

struct samples {
	enum chart_kind kind;
	struct sample *items;
	size_t count;
	size_t trial_count; /* of them, at least 2 */
	bool trial_given;   /* false: every sample is on trial */
	bool labelled;
	uint32_t unit_scale;  /* of `units`; above 0 only for u */
	uint32_t value_scale; /* of `values` */
	int64_t *
		values; /* in 10^-value_scale, at most SAMPLES_VALUE_MAX: exact, as they were written */
	size_t value_count;
	struct arena labels;
};

bool samples_are_measured(enum chart_kind kind); /* X-bar charts */

/* Reads all of `file`.  With *out_refusal, naming line and column: CH_MISSING (a column), CH_FORMAT (no number,
 * a row of another length), CH_INVALID (a size of 0, a count above its size, one sample, fewer than 2 or
 * more than 25 measurements, sizes that differ where the chart has none for it, a sample that comes back), CH_TOO_LARGE, CH_NOMEM. */
enum ch_status samples_read(struct data_file *file, const struct samples_options *options,
	struct samples *out_samples, struct refusal *out_refusal);

void samples_fini(struct samples *samples);

#endif
