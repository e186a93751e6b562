/* What customers think, and what they were charged. */
#include <inttypes.h>

#include "module/quality/manager/manager.h"

/* ---- Satisfaction ---- */

static struct cell opinion_points(int64_t points)
{
	return cell_number((struct decimal){points, 6});
}

/* Perceived beside expected by dimension: the gap is what to mend. */
static void gap_figure(struct report_section *section, const struct measures *measures)
{
	static const char *const series[] = {"expected", "perceived"};
	if (measures->dimension_count == 0)
		return;
	struct report_figure *figure = report_figure(section, FIGURE_BAR, "gapByDimension",
		slice_text("Expected and perceived, by dimension"), series, 2);
	if (figure == NULL)
		return;
	figure->label = "Dimension";
	figure->unit = "points";
	for (size_t i = 0; i < measures->dimension_count; i++) {
		const struct dimension_row *row = &measures->dimensions[i];
		struct slice name = row->dimension.len > 0 ? row->dimension : row->survey;
		const double values[] = {(double)row->expected_points / (double)POINT_SCALE,
			(double)row->perceived_points / (double)POINT_SCALE};
		if (row->answers == 0)
			continue;
		(void)report_point(figure, name, values);
		if (!row->first)
			continue;
		struct buffer gap = {0};
		struct cell cell = opinion_points(row->gap_points);
		cell_show(&cell, 2, 0, &gap);
		figure->text = report_text(figure->report,
			"Mend first: %.*s, %s points from what was expected, the largest weighted gap.",
			(int)name.len, (const char *)name.data, buffer_text(&gap));
		buffer_fini(&gap);
	}
}

static const char *question_kind_name(enum question_kind kind)
{
	static const char *const names[] = {
		"too few answers", "indifferent", "basic", "performance", "attractive"};
	return names[kind];
}

static struct cell question_mean(int64_t count, int64_t points)
{
	return count > 0 ? opinion_points(points) : cell_none();
}

static void question_table(struct report_section *section, const struct measures *measures)
{
	static const struct report_column columns[] = {{"question", "Question", CELL_TEXT, 0},
		{"survey", "Survey", CELL_TEXT, 0}, {"satisfied", "Satisfied", CELL_COUNT, 0},
		{"soSo", "So-so", CELL_COUNT, 0}, {"terrible", "Terrible", CELL_COUNT, 0},
		{"perceived", "Perceived", CELL_NUMBER, 2},
		{"expected", "Expected", CELL_NUMBER, 2}, {"gap", "Gap", CELL_NUMBER, 2},
		{"weightedGap", "Weighted gap", CELL_NUMBER, 3},
		{"loss", "Takes off the index", CELL_NUMBER, 1}, {"kind", "Kind", CELL_TEXT, 0}};
	const struct question_table *questions = &measures->question[CUT_ALL];
	struct report_table *table = report_table(section, "questions", "By question", columns, 11);
	for (size_t i = 0; i < questions->count; i++) {
		const struct question_row *row = &questions->rows[i];
		report_row(table,
			(const struct cell[]){manager_name(row->question),
				manager_name(row->survey), cell_count(row->satisfied),
				cell_count(row->so_so), cell_count(row->terrible),
				question_mean(row->scored, row->mean_points),
				question_mean(row->expected, row->expected_points),
				cell_in_state(question_mean(row->expected, row->gap_points),
					row->expected == 0    ? STATE_PLAIN
					: row->gap_points < 0 ? STATE_WATCH
							      : STATE_GOOD),
				question_mean(row->expected, row->weighted_gap),
				question_mean(row->scored, row->loss * 100),
				cell_text(slice_text(question_kind_name(row->kind)))},
			11);
	}
}

/* What drags the index down in one group of customers need not be what does in another. */
static void question_group_table(struct report_section *section, const struct measures *measures)
{
	static const struct report_column columns[] = {{"group", "Group", CELL_TEXT, 0},
		{"question", "Question", CELL_TEXT, 0}, {"survey", "Survey", CELL_TEXT, 0},
		{"satisfied", "Satisfied", CELL_COUNT, 0}, {"soSo", "So-so", CELL_COUNT, 0},
		{"terrible", "Terrible", CELL_COUNT, 0}, {"perceived", "Perceived", CELL_NUMBER, 2},
		{"expected", "Expected", CELL_NUMBER, 2}, {"gap", "Gap", CELL_NUMBER, 2},
		{"loss", "Takes off the index", CELL_NUMBER, 1}};
	const struct question_table *questions = &measures->question[CUT_GROUP];
	struct report_table *table = report_table(
		section, "questionsByGroup", "By customer group and question", columns, 10);
	if (table != NULL)
		table->shown = MANAGER_SHOWN;
	for (size_t i = 0; i < questions->count; i++) {
		const struct question_row *row = &questions->rows[i];
		report_row(table,
			(const struct cell[]){manager_name(row->key.name),
				manager_name(row->question), manager_name(row->survey),
				cell_count(row->satisfied), cell_count(row->so_so),
				cell_count(row->terrible),
				question_mean(row->scored, row->mean_points),
				question_mean(row->expected, row->expected_points),
				question_mean(row->expected, row->gap_points),
				question_mean(row->scored, row->loss * 100)},
			10);
	}
}

/* The index next to what was expected, survey by survey. */
static void survey_table(struct report_section *section, const struct index_table *rows)
{
	static const struct report_column columns[] = {{"survey", "Survey", CELL_TEXT, 0},
		{"responses", "Answers", CELL_COUNT, 0},
		{"repeated", "Answered again", CELL_COUNT, 0}, {"index", "Index", CELL_NUMBER, 1},
		{"expected", "Expected", CELL_NUMBER, 1}};
	struct report_table *table = report_table(section, "surveys", "By survey", columns, 5);
	for (size_t i = 0; i < rows->count; i++) {
		const struct index_row *row = &rows->rows[i];
		report_row(table,
			(const struct cell[]){manager_name(row->survey), cell_count(row->responses),
				cell_count(row->repeated), manager_points(row->index_points),
				manager_points(row->expected_points)},
			5);
	}
}

static void index_table(struct report_section *section, const char *key, const char *title,
	const char *name, const struct index_table *rows)
{
	const struct report_column columns[] = {{"name", name, CELL_TEXT, 0},
		{"survey", "Survey", CELL_TEXT, 0}, {"responses", "Answers", CELL_COUNT, 0},
		{"index", "Index", CELL_NUMBER, 1}, {"expected", "Expected", CELL_NUMBER, 1}};
	struct report_table *table = report_table(section, key, title, columns, 5);
	if (table != NULL)
		table->shown = 40;
	for (size_t i = 0; i < rows->count; i++) {
		const struct index_row *row = &rows->rows[i];
		report_row(table,
			(const struct cell[]){manager_name(row->key.name), cell_text(row->survey),
				cell_count(row->responses), manager_points(row->index_points),
				manager_points(row->expected_points)},
			5);
	}
}

void manager_satisfaction(struct report *report, const struct measures *measures)
{
	struct report_section *section = report_section(report, "satisfaction", "Satisfaction",
		"The index is the weighted mean of the questions' scales, 0 to 100; expectation stands "
		"beside it where it was asked. A gap is perception minus expectation.");
	gap_figure(section, measures);
	survey_table(section, &measures->index[CUT_ALL]);
	index_table(
		section, "indexByGroup", "By customer group", "Group", &measures->index[CUT_GROUP]);
	question_table(section, measures);
	question_group_table(section, measures);
	index_table(
		section, "indexByStation", "By station", "Station", &measures->index[CUT_STATION]);
}

/* ---- Prices ---- */

void manager_prices(struct report *report, const struct measures *measures)
{
	static const char *const verdicts[] = {
		"not judged", "as listed", "over the list", "under the list", "on no list"};
	static const struct report_column columns[] = {{"repair", "Repair", CELL_TEXT, 0},
		{"station", "Station", CELL_TEXT, 0}, {"item", "Part or service", CELL_TEXT, 0},
		{"charged", "Charged", CELL_MONEY, 0}, {"listed", "On the list", CELL_MONEY, 0},
		{"verdict", "Verdict", CELL_TEXT, 0}, {"time", "When", CELL_TIME, 0}};
	struct report_section *section = report_section(report, "prices", "Prices",
		"Every part and service has a published price; charges off the list are flagged.");
	struct report_table *table = report_table(section, "offList", "", columns, 7);
	if (table == NULL)
		return;
	table->shown = MANAGER_SHOWN;
	for (size_t i = 0; i < measures->off_list_count; i++) {
		const struct off_list_charge *charge = &measures->off_list[i];
		bool listed = charge->verdict != CHARGE_NOT_LISTED;
		report_row(table,
			(const struct cell[]){cell_text(charge->repair_order_id),
				manager_name(charge->station), manager_name(charge->item_code),
				cell_money(charge->charged_minor, charge->currency),
				listed ? cell_money(charge->listed_minor, charge->currency)
				       : cell_none(),
				cell_in_state(cell_text(slice_text(verdicts[charge->verdict])),
					charge->verdict == CHARGE_UNDER ? STATE_WATCH : STATE_BAD),
				cell_time(charge->moment_us)},
			7);
	}
	table->omitted += (size_t)(measures->off_list_total - (int64_t)measures->off_list_count);
}
