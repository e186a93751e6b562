/* Defects in Pareto's order and by stratum; control charts with the reasons of what they found. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "module/quality/manager/manager.h"

/* ---- Defects ---- */

#define PARETO_SHOWN 12u

static void pareto_figure(struct report_section *section, const struct pareto *pareto)
{
	static const char *const series[] = {"defects", "cumulative share in %"};
	struct report_figure *figure = report_figure(
		section, FIGURE_PARETO, "defectPareto", slice_text("Defects by cause"), series, 2);
	size_t vital = 0;
	if (figure == NULL)
		return;
	figure->label = "Defect";
	figure->unit = "defects";
	for (size_t i = 0; i < pareto->count && i < PARETO_SHOWN; i++) {
		const struct pareto_class *class = pareto->classes[i];
		const double values[] = {(double)class->count,
			100.0 * (double)class->cumulative / (double)pareto->total};
		(void)report_point(figure, class->name, values);
	}
	while (vital < pareto->count && pareto->classes[vital]->cumulative * 5 < pareto->total * 4)
		vital++;
	vital += vital < pareto->count ? 1 : 0;
	figure->text = report_text(figure->report,
		"%zu of %zu %s %s four fifths of %" PRId64 " %s.", vital, pareto->count,
		pareto->count == 1 ? "cause" : "causes", vital == 1 ? "makes" : "make",
		pareto->total, pareto->total == 1 ? "defect" : "defects");
	figure->omitted = pareto->count > PARETO_SHOWN ? pareto->count - PARETO_SHOWN : 0;
}

static void stratum_table(struct report_section *section, const struct manager_input *input,
	enum defect_dimension dimension, const char *key, const char *title, const char *name)
{
	const struct defects *defects = input->defects;
	const struct report_column columns[] = {{"name", name, CELL_TEXT, 0},
		{"defects", "Defects", CELL_COUNT, 0}, {"share", "Of all", CELL_SHARE, 1},
		{"perRepair", "Per repair", CELL_RATE, 2}, {"most", "Most often", CELL_TEXT, 0},
		{"mostShare", "Its share here", CELL_SHARE, 1},
		{"mostShareAll", "and among all", CELL_SHARE, 1}};
	struct report_table *table = report_table(section, key, title, columns, 7);
	if (table != NULL)
		table->shown = 8;
	for (size_t i = 0; i < defects->count[dimension]; i++) {
		const struct defect_stratum *stratum = defects->strata[dimension][i];
		const struct pareto_class *most = stratum->defects.classes[0];
		const struct pareto_class *all = table_get(&defects->all.by_name, most->name);
		report_row(table,
			(const struct cell[]){manager_name(stratum->name),
				cell_count(stratum->defects.total),
				cell_share(stratum->defects.total, defects->all.total),
				cell_rate(stratum->defects.total, stratum->repairs),
				cell_text(most->name),
				cell_share(most->count, stratum->defects.total),
				all == NULL ? cell_none()
					    : cell_share(all->count, defects->all.total)},
			7);
	}
}

void manager_defects(struct report *report, const struct manager_input *input)
{
	static const struct report_column columns[] = {{"defect", "Defect", CELL_TEXT, 0},
		{"count", "Count", CELL_COUNT, 0}, {"share", "Share", CELL_SHARE, 1},
		{"cumulative", "Cumulative", CELL_SHARE, 1}};
	struct report_section *section = report_section(report, "defects", "Defects",
		"Found at diagnosis or repair in the period. A stratum whose most frequent defect has a "
		"larger share than among all has a cause of its own.");
	const struct pareto *pareto = &input->defects->all;
	if (pareto->total > 0)
		pareto_figure(section, pareto);
	struct report_table *table = report_table(section, "defects", "", columns, 4);
	if (table != NULL)
		table->shown = PARETO_SHOWN;
	for (size_t i = 0; i < pareto->count; i++) {
		const struct pareto_class *class = pareto->classes[i];
		report_row(table,
			(const struct cell[]){cell_text(class->name), cell_count(class->count),
				cell_share(class->count, pareto->total),
				cell_share(class->cumulative, pareto->total)},
			4);
	}
	if (pareto->total == 0)
		return;
	stratum_table(section, input, DEFECT_BY_MODEL, "defectsByModel", "By model", "Model");
	stratum_table(section, input, DEFECT_BY_PART, "defectsByPart", "By part", "Part");
	stratum_table(
		section, input, DEFECT_BY_STATION, "defectsByStation", "By station", "Station");
}

/* ---- Control charts ---- */

#define CONTROL_SHOWN 12u

/* How many points break a rule, and which rules there are among them. */
static unsigned control_found(const struct control_chart *chart, size_t item, unsigned *out_rules)
{
	size_t behind[CONTROL_PERIODS_MAX];
	size_t count;
	unsigned rules;
	unsigned found = 0;
	*out_rules = 0;
	for (size_t at = 0; at < chart->samples.count; at++) {
		if (!control_violated(chart, item, at, &rules, behind, &count))
			continue;
		*out_rules |= rules;
		found++;
	}
	return found;
}

static struct cell control_standing(const struct control_chart *chart, unsigned rules)
{
	if (rules & ((1u << CONTROL_RULE_PROMISE) - 1))
		return cell_in_state(cell_text(slice_text("out of control")), STATE_BAD);
	if (rules != 0)
		return cell_in_state(cell_text(slice_text("more than promised")), STATE_BAD);
	if (!chart->judged)
		return cell_in_state(cell_text(slice_text("too little history")), STATE_UNKNOWN);
	return cell_in_state(cell_text(slice_text("in control")), STATE_GOOD);
}

#define EVENTS_NAMED 3u /* of one point; the bus is told of 32 */

/* ": R-2026-0107/2, R-2026-0109/2 and 12 more". */
static void control_events(
	const struct control_chart *chart, const size_t *behind, size_t count, struct buffer *text)
{
	int64_t total = 0;
	int64_t named = 0;
	for (size_t i = 0; i < count; i++)
		total += chart->points[behind[i]]->event_total;
	buffer_printf(text, "%" PRId64 " event%s", total, total == 1 ? "" : "s");
	for (size_t i = 0; i < count; i++) {
		const struct control_point *point = chart->points[behind[i]];
		for (size_t k = 0; k < point->event_count && named < EVENTS_NAMED; k++) {
			buffer_append_text(text, named++ == 0 ? ": " : ", ");
			buffer_append_slice(text, point->events[k].id);
		}
	}
	if (named > 0 && total > named)
		buffer_printf(text, " and %" PRId64 " more", total - named);
}

/* "r1, one point beyond 3 sigma. Behind it: 14 events: ...". */
static struct slice control_reason(struct report *report, const struct control_chart *chart,
	unsigned rules, const size_t *behind, size_t count)
{
	const struct run_rule_set *set = &run_rule_western_electric;
	struct buffer text = {0};
	const char *comma = "";
	for (size_t i = 0; i < set->count; i++) {
		if ((rules & 1u << i) == 0)
			continue;
		buffer_printf(&text, "%s%s, %s", comma, set->rules[i].name, set->rules[i].text);
		comma = "; ";
	}
	if (rules & 1u << CONTROL_RULE_PROMISE)
		buffer_printf(&text, "%sr5, more than was promised", comma);
	buffer_append_text(&text, ". Behind it: ");
	control_events(chart, behind, count, &text);
	struct slice reason = report_text(report, "%s.", buffer_text(&text));
	buffer_fini(&text);
	return reason;
}

/* Which of the two of an X-bar chart: ", mean"; ranges and standard deviations tell of the spread. */
static const char *control_item(const struct control_chart *chart, size_t item)
{
	if (chart->charts.count < 2)
		return "";
	if (item == 0)
		return ", mean";
	return chart->samples.kind == CHART_XBAR_S ? ", standard deviation" : ", range";
}

static const char *control_says(const struct control_chart *chart)
{
	return chart->judged ? "Limits at three standard deviations, set by the shaded periods."
			     : "Too little history to judge by: limits of all points, for the eye.";
}

static void control_figure(
	struct report_section *section, const struct control_chart *chart, size_t item)
{
	static const char *const series[] = {"value", "center", "lower limit", "upper limit"};
	const struct chart *drawn = &chart->charts.items[item];
	char title[256];
	(void)snprintf(title, sizeof(title), "%s%s: %s%s%.*s", chart->plan->title,
		control_item(chart, item),
		chart->plan->stratum[0] == '\0' ? "all" : chart->plan->stratum,
		chart->plan->stratum[0] == '\0' ? "" : " ", (int)chart->name.len,
		chart->name.len > 0 ? (const char *)chart->name.data : "");
	struct report_figure *figure = report_figure(
		section, FIGURE_CONTROL, "controlChart", slice_text(title), series, 4);
	double divisor = (double)chart->plan->divisor / chart->plan->shown;
	if (figure == NULL)
		return;
	figure->label = "Period";
	figure->unit = chart->plan->unit;
	figure->text = slice_text(control_says(chart));
	if (chart->promised >= 0) {
		figure->target = (double)chart->promised / 1000000 / divisor;
		figure->target_name = "promised";
	}
	for (size_t at = 0; at < drawn->count; at++) {
		size_t behind[CONTROL_PERIODS_MAX];
		size_t count;
		unsigned rules;
		const double values[] = {(double)drawn->marks[at].value / divisor,
			(double)drawn->points[at].center / divisor,
			(double)drawn->points[at].low / divisor,
			(double)drawn->points[at].high / divisor};
		struct figure_point *point =
			report_point(figure, chart->samples.items[at].label, values);
		if (point == NULL)
			return;
		point->trial = chart->judged && chart->samples.items[at].trial;
		if (!control_violated(chart, item, at, &rules, behind, &count))
			continue;
		point->state = STATE_BAD;
		point->why = control_reason(figure->report, chart, rules, behind, count);
	}
}

/* Those in which points break a rule, or the others. */
static void control_rows(struct report_table *table, const struct control *control, bool broken)
{
	struct buffer id = {0};
	for (size_t i = 0; i < control_chart_count(control); i++) {
		const struct control_chart *chart = control_chart_at(control, i);
		for (size_t item = 0; chart->current && item < chart->charts.count; item++) {
			unsigned rules;
			unsigned found = control_found(chart, item, &rules);
			if ((found > 0) != broken)
				continue;
			report_row(table,
				(const struct cell[]){cell_text(control_chart_id(chart, &id)),
					cell_text(slice_text(control_kind(chart, item))),
					cell_count((int64_t)chart->samples.count),
					cell_count(found), control_standing(chart, rules)},
				5);
		}
	}
	buffer_fini(&id);
}

/* Every chart in a line; a page shows the first. */
static void control_table(struct report_section *section, const struct control *control)
{
	static const struct report_column columns[] = {{"chart", "Chart", CELL_TEXT, 0},
		{"kind", "Kind", CELL_TEXT, 0}, {"points", "Points", CELL_COUNT, 0},
		{"violations", "Points that break a rule", CELL_COUNT, 0},
		{"standing", "Standing", CELL_TEXT, 0}};
	struct report_table *table =
		report_table(section, "controlCharts", "All charts", columns, 5);
	if (table == NULL)
		return;
	table->shown = 20;
	control_rows(table, control, true);
	control_rows(table, control, false);
}

/* One of a chart's two, and how much there is to see on it. */
struct control_view {
	const struct control_chart *chart;
	size_t item;
	unsigned found;
	size_t at; /* its place in the order of plans and strata */
};

/* What breaks rules first, most of them first; means before spreads, which are seldom asked for. */
static int control_view_compare(const void *left, const void *right)
{
	const struct control_view *a = left;
	const struct control_view *b = right;
	if ((a->found > 0) != (b->found > 0))
		return a->found > 0 ? -1 : 1;
	if (a->item != b->item)
		return a->item < b->item ? -1 : 1;
	if (a->found != b->found)
		return a->found > b->found ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

static void control_figures(struct report_section *section, const struct control *control)
{
	size_t count = 0;
	struct control_view *views = calloc(2 * control_chart_count(control) + 1, sizeof(*views));
	if (views == NULL) {
		section->report->status = CH_NOMEM;
		return;
	}
	for (size_t i = 0; i < control_chart_count(control); i++) {
		const struct control_chart *chart = control_chart_at(control, i);
		unsigned rules;
		for (size_t item = 0; chart->current && item < chart->charts.count; item++)
			views[count++] = (struct control_view){
				chart, item, control_found(chart, item, &rules), i};
	}
	qsort(views, count, sizeof(*views), control_view_compare);
	for (size_t i = 0; i < count && i < CONTROL_SHOWN; i++)
		control_figure(section, views[i].chart, views[i].item);
	free(views);
}

void manager_control(struct report *report, const struct manager_input *input)
{
	struct report_section *section = report_section(report, "control", "Control charts",
		"What chance makes stays between the limits and shows no run. A point that breaks a rule "
		"has a cause worth finding; the events behind it are named.");
	if (section == NULL)
		return;
	control_figures(section, input->control);
	control_table(section, input->control);
}
