/* Charts from text, for the tests of samples and charts. */
#ifndef UNIT_QUALITY_CHARTS_H
#define UNIT_QUALITY_CHARTS_H

#include "module/quality/chart/chart.h"

/* CH_OK: both are the caller's. */
static inline enum ch_status charts_of(const struct samples_options *options, struct slice text,
	struct samples *out_samples, struct charts *out_charts, struct refusal *out_refusal)
{
	struct data_file *file;
	enum ch_status status =
		data_file_open_bytes(text, DATA_TABLE, DATA_DETECT, &file, out_refusal);
	if (status != CH_OK)
		return status;
	status = samples_read(file, options, out_samples, out_refusal);
	data_file_close(file);
	if (status == CH_OK)
		status = charts_make(out_samples, NULL, out_charts);
	return status;
}

#endif
