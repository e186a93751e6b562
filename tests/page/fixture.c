/* Writes a report with everything a manager's page can hold, and with text that wants to break out of it, in
 * the form that is asked for: page_fixture text|json|csv|html [plain].  "plain" leaves the hostile text out. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "module/report/render.h"

#define DAY_US INT64_C(86400000000)

static const int64_t fixture_from_us =
	INT64_C(1772294400000000); /* 2026-02-28T16:00Z: 1 March at +08:00 */

static struct slice text(const char *words)
{
	return slice_text(words);
}

static void add_promises(struct report *report)
{
	const struct cell four_day[] = {cell_share(905, 1000), cell_share(921, 1010),
		cell_share(938, 1004), cell_none(), cell_share(949, 1000), cell_share(1204, 1265)};
	const struct cell r14[] = {
		cell_share(9, 1000), cell_share(8, 1100), cell_share(6, 1290), cell_share(7, 1300)};
	const struct cell again[] = {
		cell_share(8, 1000), cell_share(9, 1010), cell_share(13, 1004)};
	const struct report_promise promises[] = {
		{.key = "r14",
			.title = "Open longer than 14 days",
			.target = text("none"),
			.achieved = cell_share(7, 1300),
			.digits = 2,
			.state = STATE_WATCH,
			.verdict = "close",
			.trend = TREND_WORSE,
			.before = cell_share(6, 1290),
			.detail = text("7 of 1,300 repairs received; the longest for 31.4 days."),
			.history = r14,
			.history_count = 4},
		{.key = "fourDay",
			.title = "Repaired within 4 days",
			.target = text("95 % or more"),
			.achieved = cell_share(1204, 1265),
			.digits = 1,
			.state = STATE_GOOD,
			.verdict = "kept",
			.trend = TREND_BETTER,
			.before = cell_share(949, 1000),
			.detail = text("1,204 of 1,265 repairs."),
			.history = four_day,
			.history_count = 6},
		{.key = "rr90",
			.title = "Repaired again within 90 days",
			.target = text("below 1 %"),
			.achieved = cell_share(13, 1004),
			.digits = 2,
			.state = STATE_BAD,
			.verdict = "missed",
			.trend = TREND_WORSE,
			.before = cell_share(9, 1010),
			.detail = text("13 of 1,004 returns whose 90 days have passed."),
			.history = again,
			.history_count = 3},
		{.key = "wait",
			.title = "Wait for an answer at the hotline",
			.target = text("no target"),
			.achieved = cell_duration(47300000),
			.state = STATE_PLAIN,
			.verdict = "no target",
			.trend = TREND_SAME,
			.before = cell_duration(47100000)},
		{.key = "satisfaction",
			.title = "Satisfaction index",
			.target = text("75 or more"),
			.achieved = cell_number((struct decimal){709833, 4}),
			.digits = 1,
			.state = STATE_WATCH,
			.verdict = "close",
			.trend = TREND_BETTER,
			.before = cell_number((struct decimal){701000, 4})},
		{.key = "price",
			.title = "Charges off the price list",
			.target = text("none"),
			.achieved = cell_share(0, 0),
			.digits = 1,
			.state = STATE_UNKNOWN,
			.verdict = "no data"},
	};
	for (size_t i = 0; i < sizeof(promises) / sizeof(*promises); i++)
		report_promise(report, &promises[i]);
}

static void add_stations(struct report *report, bool hostile)
{
	static const struct report_column columns[] = {{"rank", "Rank", CELL_COUNT, 0},
		{"station", "Station", CELL_TEXT, 0}, {"points", "Points", CELL_NUMBER, 1},
		{"fourDay", "Within 4 days", CELL_SHARE, 1},
		{"wait", "Mean repair", CELL_DURATION, 0},
		{"charged", "Over the list", CELL_MONEY, 0}, {"verdict", "Verdict", CELL_TEXT, 0}};
	static const char *const names[] = {
		"\xe5\x8c\x97\xe4\xba\xac\xe6\x9c\x9d\xe9\x98\xb3\xe7\xbb\xb4\xe4\xbf\xae\xe7\xab\x99",
		"SH-01 \xe4\xb8\x8a\xe6\xb5\xb7",
		"S\xc3\xbc"
		"dstation",
		"GZ-07", "\xef\xbc\xb3\xef\xbc\xba\xef\xbc\x8d\xef\xbc\x91\xef\xbc\x92", "CD-03",
		"WH-02", "XA-05"};
	static const char *const series[] = {"points"};
	struct report_section *section = report_section(report, "stations", "Stations, ranked",
		"Points from 0 to 100 by how well each promise was kept.");
	struct report_figure *figure =
		report_figure(section, FIGURE_RANK, "points", text("Points by station"), series, 1);
	if (figure != NULL) {
		figure->label = "station";
		figure->target = 80;
		figure->text =
			text("Three of eight stations are below the 80 points that were agreed.");
	}
	for (size_t i = 0; i < 8; i++) {
		double points = 97.5 - 5.2 * (double)i;
		(void)report_point(figure, text(names[i]), &points);
	}
	struct report_table *table = report_table(section, "ranking", "", columns, 7);
	for (int i = 0; i < 8; i++) {
		enum cell_state state = i < 4 ? STATE_GOOD : i < 6 ? STATE_WATCH : STATE_BAD;
		const struct cell cells[] = {cell_count(i + 1), cell_text(text(names[i])),
			cell_number((struct decimal){975 - 52 * i, 1}),
			cell_in_state(cell_share(98 - 2 * i, 100), state),
			cell_duration(DAY_US * (2 + i) / 2), cell_money(i * 12990, text("CNY")),
			cell_in_state(cell_text(text(i < 4   ? "kept"
						     : i < 6 ? "close"
							     : "missed")),
				state)};
		report_row(table, cells, 7);
	}
	if (!hostile)
		return;
	const struct cell cells[] = {cell_count(9),
		cell_text(text("</script><script>document.title='owned'</script><img src=x "
			       "onerror=\"alert(1)\">&amp;\xe2\x80\xae evil\x01\x1b[31m \xff")),
		cell_none(), cell_share(0, 0), cell_none(), cell_none(), cell_text(text("=1+1"))};
	report_row(table, cells, 7);
}

static void add_open(struct report *report)
{
	static const char *const series[] = {"open repairs"};
	static const char *const ages[] = {
		"up to 4 d", "4 to 14 d", "14 to 30 d", "30 to 60 d", "60 to 140 d", "over 140 d"};
	static const double counts[] = {212, 88, 5, 2, 0, 0};
	struct report_section *section =
		report_section(report, "open", "Open repairs by age", NULL);
	struct report_figure *figure = report_figure(
		section, FIGURE_BAR, "openByAge", text("Open repairs by age"), series, 1);
	for (size_t i = 0; i < 6; i++) {
		struct figure_point *point = report_point(figure, text(ages[i]), &counts[i]);
		if (point != NULL && i > 1 && counts[i] > 0) {
			point->state = STATE_BAD;
			point->why = text("longer than promised");
		}
	}
	static const char *const lines[] = {"within 4 days"};
	figure = report_figure(
		section, FIGURE_LINE, "fourDayByMonth", text("Repaired within 4 days"), lines, 1);
	if (figure != NULL) {
		figure->unit = "%";
		figure->label = "month";
		figure->target = 95;
		figure->target_name = "promised: 95 %";
		figure->text = text("Above the promise for the first time since October.");
	}
	static const double shares[] = {90.5, 91.2, 93.4, NAN, 94.9, 95.2};
	for (int i = 0; i < 6; i++)
		(void)report_point(figure, report_text(report, "2025-%02d", i + 7), &shares[i]);
}

static void add_pareto(struct report *report)
{
	static const char *const series[] = {"defects", "cumulative share"};
	static const double counts[] = {345, 149, 65, 29, 16, 15};
	static const char *const names[] = {"battery",
		"\xe5\xb1\x8f\xe5\xb9\x95\xe7\xa2\x8e\xe8\xa3\x82", "fan", "keyboard",
		"hinge of the display lid, left", "other"};
	struct report_section *section = report_section(
		report, "defects", "Defects", "Few causes make most of the defects.");
	struct report_figure *figure = report_figure(
		section, FIGURE_PARETO, "pareto", text("Defects by cause"), series, 2);
	double sum = 0;
	if (figure != NULL) {
		figure->label = "defect";
		figure->text = text("battery and the cracked screen make 79.8 % of 619 defects.");
	}
	for (size_t i = 0; i < 6; i++) {
		sum += counts[i];
		(void)report_point(
			figure, text(names[i]), (const double[]){counts[i], 100 * sum / 619});
	}
	static const char *const hours[] = {"answered", "abandoned", "timed out"};
	figure = report_figure(section, FIGURE_STACK, "byHour", text("Calls by hour"), hours, 3);
	if (figure != NULL)
		figure->label = "hour";
	for (int i = 8; i < 20; i++) {
		double calls = 40 + 30 * sin(i);
		(void)report_point(figure, report_text(report, "%02d", i),
			(const double[]){calls, calls / 9, i % 3});
	}
}

static void add_control(struct report *report)
{
	static const char *const series[] = {"mean", "center", "lower limit", "upper limit"};
	struct report_section *section = report_section(report, "control", "Control charts",
		"A point beyond the limits, or a run that chance seldom makes, has a cause worth finding.");
	struct report_figure *figure = report_figure(section, FIGURE_CONTROL, "days",
		text("Days to repair, SH-01 \xe4\xb8\x8a\xe6\xb5\xb7"), series, 4);
	if (figure != NULL) {
		figure->unit = "days";
		figure->label = "week";
		figure->text = text("Means of samples; limits at three standard deviations.");
	}
	for (int i = 0; i < 39; i++) {
		double wide = 0.55 + 0.1 * (i % 4);
		double value = 2.1 + 0.45 * sin(i * 1.7) + (i == 33 ? 2.1 : 0) + (i > 35 ? 0.6 : 0);
		struct figure_point *point =
			report_point(figure, report_text(report, "2025-W%02d", i + 10),
				(const double[]){value, 2.1, 2.1 - 2 * wide, 2.1 + 2 * wide});
		if (point == NULL)
			return;
		point->trial = i < 26;
		if (i == 33) {
			point->state = STATE_BAD;
			point->why =
				text("r1: one point beyond 3 sigma; 14 repairs, first 2025-1107");
		}
	}
}

/* Figures whose axes would go further than their values can: all of it, and a call or none. */
static void add_edges(struct report *report)
{
	static const char *const lines[] = {"within 4 days"};
	static const char *const calls[] = {"answered", "abandoned"};
	static const double all[] = {100, 100, 100};
	static const double few[][2] = {{1, 0}, {0, 1}, {0, 0}};
	struct report_section *section = report_section(
		report, "edges", "A quiet week", "All was kept, and hardly anybody called.");
	struct report_figure *figure = report_figure(
		section, FIGURE_LINE, "allKept", text("Repaired within 4 days, by day"), lines, 1);
	if (figure != NULL) {
		figure->unit = "%";
		figure->target = 95;
	}
	for (int i = 0; i < 3; i++)
		(void)report_point(figure, report_text(report, "2025-11-%02d", i + 3), &all[i]);
	figure = report_figure(section, FIGURE_STACK, "fewCalls", text("Calls by day"), calls, 2);
	for (int i = 0; i < 3; i++)
		(void)report_point(figure, report_text(report, "2025-11-%02d", i + 3), few[i]);
}

int main(int argc, char **argv)
{
	enum report_format format;
	struct buffer out = {0};
	struct report report;
	const struct report_head head = {.product = "Carehub quality",
		.title = "Service quality",
		.scope = text("all stations"),
		.from_us = fixture_from_us,
		.to_us = fixture_from_us + 31 * DAY_US,
		.sequence = 1284113,
		.as_of_us = fixture_from_us + 33 * DAY_US,
		.offset_us = INT64_C(8) * 3600 * 1000000,
		.zone = text("UTC+08:00")};
	if (argc < 2 || !report_format_find(argv[1], &format))
		return 64;
	bool hostile = argc < 3 || strcmp(argv[2], "plain") != 0;
	report_init(&report, &head);
	report_note(&report, STATE_BAD,
		text("Entries 1,200 to 1,310 of the log are missing: what they said is in no figure."));
	report_note(&report, STATE_WATCH,
		text("3 events could not be read; `carehub-quality status` lists them."));
	add_promises(&report);
	add_stations(&report, hostile);
	add_open(&report);
	add_pareto(&report);
	add_control(&report);
	add_edges(&report);
	(void)report_section(&report, "empty", "Nothing happened", "A section without parts.");
	report_render(&report, format, &out);
	bool ok = report.status == CH_OK && out.status == CH_OK &&
		  fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	buffer_fini(&out);
	report_fini(&report);
	return ok ? 0 : 1;
}
