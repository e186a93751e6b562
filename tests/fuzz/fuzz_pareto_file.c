/* A table of classes and counts: what is not refused adds up. */
#include "base/invariant.h"
#include "module/quality/chart_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct data_file *file;
	struct refusal refusal;
	struct pareto pareto;
	struct buffer out = {0};
	const struct pareto_options options = {.category = len > 0 && data[0] == '#' ? "#1" : NULL};
	if (data_file_open_bytes(slice_of(data, len), DATA_TABLE, DATA_DETECT, &file, &refusal) !=
		CH_OK)
		return 0;
	pareto_init(&pareto, NULL);
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
