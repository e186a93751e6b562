/* A table of measurements or counts.  Its first byte chooses the chart; whatever is not refused is drawn and
 * told, and its numbers are finite. */
#include <math.h>

#include "data_file.h"

#include "module/quality/chart/chart_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_charts(const struct samples *samples)
{
	struct charts charts;
	struct buffer out = {0};
	invariant(charts_make(samples, NULL, &charts) == CH_OK);
	for (size_t i = 0; i < charts.count; i++) {
		for (size_t at = 0; at < charts.items[i].count; at++) {
			const struct chart_point *point = &charts.items[i].points[at];
			invariant(isfinite(charts.items[i].marks[at].value));
			invariant(point->low <= point->center && point->center <= point->high);
		}
	}
	chart_report_json(samples, &charts, &run_rule_nelson, &out);
	chart_report_text(samples, &charts, &run_rule_western_electric, &out);
	invariant(out.status == CH_OK);
	buffer_fini(&out);
	charts_fini(&charts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct data_file *file;
	struct refusal refusal;
	struct samples samples;
	if (len == 0)
		return 0;
	struct samples_options options = {.kind = (enum chart_kind)(data[0] % 6)};
	if (data[0] >= 128)
		options.size = "50";
	/* Columns may be named, by name or number. */
	switch (data[0] % 128 / 6) {
	case 1:
		options.value = "value";
		options.label = "group";
		break;
	case 2:
		options.value = "#2";
		options.trial = "trial";
		break;
	case 3:
		options.value = "#99";
		break;
	default:
		break;
	}
	struct slice bytes = slice_of(data + 1, len - 1);
	if (data_file_open_either(bytes, DATA_TABLE, &file, &refusal) != CH_OK) {
		data_file_tell(&refusal);
		return 0;
	}
	if (samples_read(file, &options, &samples, &refusal) == CH_OK) {
		check_charts(&samples);
		samples_fini(&samples);
	} else {
		data_file_tell(&refusal);
		invariant(refusal.at.line <= len);
	}
	data_file_close(file);
	return 0;
}
