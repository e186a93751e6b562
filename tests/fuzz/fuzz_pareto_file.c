/* A table of classes and counts: what is not refused adds up. */
#include "data_file.h"

#include "module/quality/chart/chart_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct data_file *file;
	struct refusal refusal;
	struct pareto pareto;
	struct buffer out = {0};
	/* Columns may be named, by name or number. */
	struct pareto_options options = {.category = len > 0 && data[0] == '#' ? "#1" : NULL};
	if (len > 0 && data[0] == '%')
		options = (struct pareto_options){"class", "count"};
	if (data_file_open_either(slice_of(data, len), DATA_TABLE, &file, &refusal) != CH_OK) {
		data_file_tell(&refusal);
		return 0;
	}
	pareto_init(&pareto, len > 0 && data[0] == '%' ? "rest" : NULL);
	if (pareto_read(file, &options, &pareto, &refusal) == CH_OK) {
		pareto_rank(&pareto);
		invariant(pareto.total > 0 && pareto.count > 0);
		invariant(pareto.classes[pareto.count - 1]->cumulative == pareto.total);
		pareto_report_json(&pareto, &out);
		pareto_report_text(&pareto, &out);
		invariant(out.status == CH_OK);
	}
	buffer_fini(&out);
	pareto_fini(&pareto);
	data_file_close(file);
	return 0;
}
