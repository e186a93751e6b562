/* Parts supply: three days from stock, seven from overseas. */
#include "module/quality/measure/measuring.h"

static void supply_count(
	const struct measuring *m, const struct supply_fact *line, struct supply_row *row)
{
	int64_t promise_us = supply_promise_us(line, m->settings);
	int64_t took_us = supply_took_us(line, m->request->as_of_us);
	struct ratio *ratio = line->overseas ? &row->overseas : &row->in_stock;
	row->requested++;
	if (line->cancelled != NULL) {
		row->cancelled++;
		return;
	}
	if (line->arrived == NULL) {
		row->open++;
		row->overdue += took_us > promise_us;
		ratio->whole += took_us > promise_us;
		return;
	}
	ratio->whole++;
	ratio->part += took_us <= promise_us;
	row->overseas_early += line->overseas && took_us < m->settings->overseas_early_ms * 1000;
	span_add(line->overseas ? &row->overseas_supply : &row->stock_supply, took_us);
}

enum ch_status measure_supply_take(struct measuring *m, const struct marks *marks,
	struct slice model, enum customer_group group)
{
	struct supply_fact lines[SUPPLY_LINES_MAX];
	void *rows[MEASURE_ROWS_MAX];
	size_t count = supply_facts_make(marks, lines);
	for (size_t i = 0; i < count; i++) {
		struct measure_subject subject = {.station = lines[i].station,
			.model = model,
			.parts = &lines[i].part,
			.part_count = 1,
			.group = group};
		if (!measuring_in_history(m, lines[i].requested_us) ||
			!measuring_admits(m, &subject))
			continue;
		enum ch_status status = strata_keep(&m->strata, &subject);
		if (status != CH_OK)
			return status;
		size_t row_count =
			measuring_rows(m, MEASURE_SUPPLY, &subject, lines[i].requested_us, rows);
		for (size_t k = 0; k < row_count; k++)
			supply_count(m, &lines[i], rows[k]);
	}
	return CH_OK;
}
