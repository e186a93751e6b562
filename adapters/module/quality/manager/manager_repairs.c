/* Stations ranked, repairs, parts supply. */
#include <inttypes.h>

#include "module/quality/manager/manager.h"
#include "module/quality/quality_settings.h"

/* ---- Ranking ---- */

static struct cell ranking_cell(
	const struct measures *measures, const struct rank_row *row, enum kpi kpi)
{
	struct ratio measured = row->kpi[kpi].measured;
	if (row->kpi[kpi].points < 0 || measured.whole == 0)
		return cell_none();
	/* The index is a number of points, not so many of so many. */
	int64_t points = (int64_t)((__int128_t)measured.part * 100 * POINT_SCALE / measured.whole);
	return cell_in_state(
		kpi == KPI_SATISFACTION ? manager_points(points) : manager_ratio(measured),
		manager_judge(measures->request.settings, kpi, measured));
}

static void ranking_figure(struct report_section *section, const struct measures *measures)
{
	static const char *const series[] = {"points"};
	size_t shown = 0;
	struct report_figure *figure = report_figure(
		section, FIGURE_RANK, "rankingPoints", slice_text("Points by station"), series, 1);
	if (figure == NULL)
		return;
	figure->label = "Station";
	figure->unit = "of 100";
	for (size_t i = 0; i < measures->rank_count && shown < 20; i++) {
		const struct rank_row *row = &measures->ranking[i];
		if (row->rank == 0)
			continue;
		double points = (double)row->points / (double)POINT_SCALE;
		(void)report_point(figure, row->station, &points);
		shown++;
	}
}

void manager_ranking(struct report *report, const struct measures *measures)
{
	static const struct report_column columns[] = {{"rank", "Rank", CELL_COUNT, 0},
		{"station", "Station", CELL_TEXT, 0}, {"name", "Name", CELL_TEXT, 0},
		{"points", "Points", CELL_NUMBER, 1}, {"r14", "Open > 14 d", CELL_SHARE, 1},
		{"fourDay", "Within 4 d", CELL_SHARE, 1}, {"rr90", "Again in 90 d", CELL_SHARE, 1},
		{"supply", "Parts in time", CELL_SHARE, 1},
		{"appointment", "Missed visits", CELL_SHARE, 1},
		{"complaint", "Answered in time", CELL_SHARE, 1},
		{"satisfaction", "Satisfaction", CELL_NUMBER, 1},
		{"price", "Off the list", CELL_SHARE, 1}};
	struct report_section *section = report_section(report, "stations", "Stations, ranked",
		"Points from 0 to 100: each promise counts by its weight, in full when its target is "
		"reached. A station with too few cases of a kind is not judged by it.");
	if (measures->rank_count > 1)
		ranking_figure(section, measures);
	struct report_table *table = report_table(section, "ranking", "", columns, 4 + KPI_COUNT);
	if (table != NULL)
		table->shown = 40;
	for (size_t i = 0; i < measures->rank_count; i++) {
		const struct rank_row *row = &measures->ranking[i];
		struct cell cells[4 + KPI_COUNT] = {
			row->rank == 0 ? cell_none() : cell_count(row->rank),
			manager_name(row->station),
			row->name.len == 0 ? cell_none() : cell_text(row->name),
			row->rank == 0 ? cell_none() : manager_points(row->points)};
		for (size_t kpi = 0; kpi < KPI_COUNT; kpi++)
			cells[4 + kpi] = ranking_cell(measures, row, (enum kpi)kpi);
		report_row(table, cells, 4 + KPI_COUNT);
	}
}

/* ---- Open repairs ---- */

static const char *const age_titles[AGE_BANDS] = {
	"up to 4 d", "4 to 14 d", "14 to 30 d", "30 to 60 d", "60 to 140 d", "over 140 d"};

/* The first band that is over the promise of 14 days. */
#define AGE_LATE 2

static void open_figure(struct report_section *section, const struct repair_row *row)
{
	static const char *const series[] = {"open repairs"};
	struct report_figure *figure = report_figure(
		section, FIGURE_BAR, "openByAge", slice_text("Open repairs by age"), series, 1);
	int64_t late = 0;
	for (size_t i = 0; figure != NULL && i < AGE_BANDS; i++) {
		double open = (double)row->open_by_age[i];
		struct figure_point *point = report_point(figure, slice_text(age_titles[i]), &open);
		late += i >= AGE_LATE ? row->open_by_age[i] : 0;
		if (point != NULL && i >= AGE_LATE && open > 0) {
			point->state = STATE_BAD;
			point->why = slice_text("open for longer than promised");
		}
	}
	if (figure == NULL)
		return;
	figure->label = "Age";
	figure->text = report_text(figure->report,
		"%" PRId64 " open, %" PRId64 " of them for longer than 14 days; %" PRId64 " %s.",
		row->open, late, row->open_waiting,
		row->open_waiting == 1 ? "waits for its customer" : "wait for their customers");
}

static void trend_figure(struct report_section *section, const struct manager_input *input)
{
	static const char *const series[] = {"within 4 days"};
	const struct measure_request *request = &input->now->request;
	const struct repair_table *table = &input->now->repair[CUT_PERIOD];
	if (table->count < 2)
		return;
	struct report_figure *figure = report_figure(section, FIGURE_LINE, "fourDayTrend",
		slice_text("Repaired within 4 days"), series, 1);
	struct kpi_rule rule;
	if (figure == NULL)
		return;
	figure->label = "Period";
	figure->unit = "%";
	if (quality_kpi_rule(request->settings, kpi_name(KPI_FOUR_DAY), &rule)) {
		figure->target = (double)rule.target / 10000;
		figure->target_name = "target";
	}
	for (size_t i = 0; i < table->count; i++) {
		char label[PERIOD_LABEL_BYTES];
		struct cell cell = manager_ratio(table->rows[i].four_day);
		double share = cell_real(&cell);
		(void)report_point(figure,
			slice_text(period_label(request->unit, quality_offset_us(request->settings),
				table->rows[i].key.period_us, label)),
			&share);
	}
}

/* Every station, and of the other strata those in which something is open. */
static void open_table(struct report_section *section, const struct measures *measures,
	enum cut cut, const char *key, const char *title, const char *name)
{
	const struct report_column columns[] = {
		{cut == CUT_STATION ? "station" : "name", name, CELL_TEXT, 0},
		{"open", "Open", CELL_COUNT, 0}, {"upTo4", "up to 4 d", CELL_COUNT, 0},
		{"upTo14", "4 to 14 d", CELL_COUNT, 0}, {"upTo30", "14 to 30 d", CELL_COUNT, 0},
		{"upTo60", "30 to 60 d", CELL_COUNT, 0}, {"upTo140", "60 to 140 d", CELL_COUNT, 0},
		{"over140", "over 140 d", CELL_COUNT, 0},
		{"waiting", "Customer's turn", CELL_COUNT, 0},
		{"received", "Received", CELL_COUNT, 0},
		{"fourDay", "Within 4 days", CELL_SHARE, 1},
		{"mean", "Mean repair", CELL_DURATION, 0}};
	struct report_table *table = report_table(section, key, title, columns, 12);
	if (table == NULL)
		return;
	table->shown = cut == CUT_STATION ? 40 : 8;
	for (size_t i = 0; i < measures->repair[cut].count; i++) {
		const struct repair_row *row = &measures->repair[cut].rows[i];
		struct cell cells[12] = {manager_key(table->report, measures, cut, row->key.name,
						 row->key.period_us),
			cell_count(row->open)};
		if (row->open == 0 && cut != CUT_STATION)
			continue;
		for (size_t age = 0; age < AGE_BANDS; age++)
			cells[2 + age] = cell_in_state(cell_count(row->open_by_age[age]),
				age >= AGE_LATE && row->open_by_age[age] > 0 ? STATE_BAD
									     : STATE_PLAIN);
		cells[8] = cell_count(row->open_waiting);
		cells[9] = cell_count(row->received);
		cells[10] = manager_ratio(row->four_day);
		cells[11] = manager_mean(row->repairing);
		report_row(table, cells, 12);
	}
}

static void open_list(struct report_section *section, const struct measures *measures)
{
	static const struct report_column columns[] = {{"repair", "Repair", CELL_TEXT, 0},
		{"station", "Station", CELL_TEXT, 0}, {"model", "Model", CELL_TEXT, 0},
		{"received", "Received", CELL_TIME, 0}, {"age", "Open for", CELL_DURATION, 0}};
	struct report_table *table =
		report_table(section, "openRepairs", "Open for longer than 14 days", columns, 5);
	if (table == NULL)
		return;
	table->shown = MANAGER_SHOWN;
	for (size_t i = 0; i < measures->open_repair_count; i++) {
		const struct open_repair *open = &measures->open_repairs[i];
		report_row(table,
			(const struct cell[]){cell_text(open->repair_order_id),
				manager_name(open->station), manager_name(open->model),
				cell_time(open->received_us), cell_duration(open->age_us)},
			5);
	}
	table->omitted +=
		(size_t)(measures->open_repair_total - (int64_t)measures->open_repair_count);
}

void manager_repairs(struct report *report, const struct manager_input *input)
{
	const struct measures *measures = input->now;
	struct report_section *section = report_section(report, "repairs", "Repairs",
		"Ages and durations are calendar time without waiting for the customer.");
	if (measures->repair[CUT_ALL].count > 0)
		open_figure(section, &measures->repair[CUT_ALL].rows[0]);
	trend_figure(section, input);
	open_table(section, measures, CUT_STATION, "openByStation", "By station", "Station");
	open_list(section, measures);
	open_table(section, measures, CUT_MODEL, "openByModel", "By model", "Model");
	open_table(section, measures, CUT_PART, "openByPart", "By part", "Part");
	open_table(section, measures, CUT_GROUP, "openByGroup", "By customer group", "Group");
	open_table(section, measures, CUT_PERIOD, "openByPeriod", "By when they were received",
		"Period");
}

/* ---- Parts supply ---- */

static void supply_table(struct report_section *section, const struct measures *measures,
	enum cut cut, const char *key, const char *title, const char *name)
{
	const struct report_column columns[] = {
		{cut == CUT_STATION ? "station" : "name", name, CELL_TEXT, 0},
		{"requested", "Lines requested", CELL_COUNT, 0},
		{"stock", "From stock within 3 d", CELL_SHARE, 1},
		{"overseas", "Overseas within 7 d", CELL_SHARE, 1},
		{"early", "in less than 5 d", CELL_SHARE, 1},
		{"meanStock", "Mean, stock", CELL_DURATION, 0},
		{"meanOverseas", "Mean, overseas", CELL_DURATION, 0},
		{"open", "Not there yet", CELL_COUNT, 0}, {"overdue", "Overdue", CELL_COUNT, 0}};
	struct report_table *table = report_table(section, key, title, columns, 9);
	if (table != NULL)
		table->shown = cut == CUT_STATION ? 40 : MANAGER_SHOWN;
	for (size_t i = 0; i < measures->supply[cut].count; i++) {
		const struct supply_row *row = &measures->supply[cut].rows[i];
		if (row->requested == 0)
			continue;
		report_row(table,
			(const struct cell[]){manager_name(row->key.name),
				cell_count(row->requested),
				cell_in_state(manager_ratio(row->in_stock),
					row->in_stock.whole == 0
						? STATE_PLAIN
						: manager_judge(measures->request.settings,
							  KPI_SUPPLY, row->in_stock)),
				manager_ratio(row->overseas),
				cell_share(row->overseas_early, row->overseas.whole),
				manager_mean(row->stock_supply), manager_mean(row->overseas_supply),
				cell_count(row->open),
				cell_in_state(cell_count(row->overdue),
					row->overdue > 0 ? STATE_BAD : STATE_PLAIN)},
			9);
	}
}

void manager_supply(struct report *report, const struct measures *measures)
{
	struct report_section *section = report_section(report, "supply", "Parts supply",
		"A part in stock is promised within 3 days of its request, one from overseas within "
		"5 to 7 days.");
	supply_table(section, measures, CUT_STATION, "supplyByStation", "By station", "Station");
	supply_table(section, measures, CUT_PART, "supplyByPart", "By part", "Part");
}
