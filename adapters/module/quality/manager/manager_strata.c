/* Every promise by period, model, part and customer group: where the average hides somebody. */
#include <stdlib.h>

#include "module/quality/manager/manager.h"
#include "module/quality/quality_settings.h"

/* So many columns behind a row's name and what was received. */
#define STRATA_COLUMNS 12u

struct stratum_row {
	struct slice name;
	int64_t period_us;
	int64_t received; /* repairs */
	struct ratio ratios[STRATA_COLUMNS];
};

struct stratum_rows {
	struct stratum_row *items;
	size_t count;
};

static int stratum_row_order(const void *a, const void *b)
{
	const struct stratum_row *one = a;
	const struct stratum_row *other = b;
	int order = slice_compare(one->name, other->name);
	if (order != 0)
		return order;
	return (one->period_us > other->period_us) - (one->period_us < other->period_us);
}

/* Takes are in the rows' order, and rows are put where they belong: there are few of either. */
static struct stratum_row *stratum_row_of(struct stratum_rows *rows, const struct taken *taken)
{
	const struct stratum_row sought = {.name = taken->name, .period_us = taken->period_us};
	size_t low = 0;
	size_t high = rows->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (stratum_row_order(&rows->items[middle], &sought) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < rows->count && stratum_row_order(&rows->items[low], &sought) == 0)
		return &rows->items[low];
	memmove(&rows->items[low + 1], &rows->items[low],
		(rows->count - low) * sizeof(*rows->items));
	rows->items[low] = sought;
	rows->count++;
	return &rows->items[low];
}

/* The shown promises, in columns. */
static size_t strata_promises(const struct promise *columns[STRATA_COLUMNS])
{
	size_t count = 0;
	for (size_t i = 0; i < PROMISES && count < STRATA_COLUMNS; i++) {
		if (promises[i].shown)
			columns[count++] = &promises[i];
	}
	return count;
}

static enum ch_status stratum_rows_fill(
	const struct measures *measures, enum cut cut, struct stratum_rows *out_rows)
{
	const struct promise *columns[STRATA_COLUMNS];
	struct takes takes[STRATA_COLUMNS] = {{.count = 0}};
	size_t count = strata_promises(columns);
	size_t most = 0;
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		status = takes_gather(columns[i], measures, cut, &takes[i]);
		most += takes[i].count;
	}
	if (status == CH_OK) {
		out_rows->items =
			calloc(most + measures->repair[cut].count + 1, sizeof(*out_rows->items));
		status = out_rows->items != NULL ? CH_OK : CH_NOMEM;
	}
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		for (size_t k = 0; k < takes[i].count; k++)
			stratum_row_of(out_rows, &takes[i].items[k])->ratios[i] =
				takes[i].items[k].ratio;
	}
	for (size_t k = 0; k < measures->repair[cut].count && status == CH_OK; k++) {
		const struct repair_row *row = &measures->repair[cut].rows[k];
		const struct taken taken = {.name = row->key.name, .period_us = row->key.period_us};
		stratum_row_of(out_rows, &taken)->received = row->received;
	}
	for (size_t i = 0; i < count; i++)
		takes_free(&takes[i]);
	return status;
}

struct cell manager_key(struct report *report, const struct measures *measures, enum cut cut,
	struct slice name, int64_t period_us)
{
	char label[PERIOD_LABEL_BYTES];
	const struct measure_request *request = &measures->request;
	if (cut != CUT_PERIOD)
		return manager_name(name);
	return cell_text(report_text(report, "%s",
		period_label(
			request->unit, quality_offset_us(request->settings), period_us, label)));
}

static void strata_table(struct report_section *section, const struct measures *measures,
	enum cut cut, const char *key, const char *title, const char *name)
{
	const struct promise *promised[STRATA_COLUMNS];
	struct report_column columns[2 + STRATA_COLUMNS] = {
		{"name", name, CELL_TEXT, 0}, {"received", "Repairs received", CELL_COUNT, 0}};
	struct stratum_rows rows = {.count = 0};
	size_t count = strata_promises(promised);
	for (size_t i = 0; i < count; i++)
		columns[2 + i] = (struct report_column){promised[i]->key, promised[i]->brief,
			promised[i]->unit == PROMISE_SHARE ? CELL_SHARE : CELL_NUMBER, 1};
	enum ch_status status = stratum_rows_fill(measures, cut, &rows);
	struct report_table *table = report_table(section, key, title, columns, 2 + count);
	if (table != NULL)
		table->shown = 20;
	if (table != NULL && status != CH_OK)
		table->report->status = status;
	for (size_t k = 0; k < rows.count && table != NULL; k++) {
		const struct stratum_row *row = &rows.items[k];
		struct cell cells[2 + STRATA_COLUMNS] = {
			manager_key(table->report, measures, cut, row->name, row->period_us),
			cell_count(row->received)};
		for (size_t i = 0; i < count; i++)
			cells[2 + i] = cell_in_state(manager_promise(promised[i], row->ratios[i]),
				row->ratios[i].whole == 0
					? STATE_PLAIN
					: manager_promise_state(measures->request.settings,
						  promised[i], row->ratios[i]));
		report_row(table, cells, 2 + count);
	}
	free(rows.items);
}

void manager_strata(struct report *report, const struct measures *measures)
{
	struct report_section *section = report_section(report, "strata",
		"By period, model, part and customer group",
		"The same promises, cut otherwise. A repair stands under each of its parts; what is about "
		"a repair stands under its model and parts, and calls under no station, model or part.");
	strata_table(section, measures, CUT_PERIOD, "byPeriod", "By period", "Period");
	strata_table(section, measures, CUT_MODEL, "byModel", "By model", "Model");
	strata_table(section, measures, CUT_PART, "byPart", "By part", "Part");
	strata_table(section, measures, CUT_GROUP, "byGroup", "By customer group", "Group");
}
