/* The report for a terminal.  Colours are left to the reader's terminal: a state is told by a sign and a word. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "module/report/render.h"
#include "module/report/text_table.h"
#include "module/report/textwidth.h"

#define TEXT_BAR_WIDTH 40u
#define TEXT_BAR_SHORT 24u  /* in a narrow terminal */
#define TEXT_LABEL_MAX 44u  /* columns: what is wider is cut */
#define TEXT_NARROW    112u /* columns: a promise does not fit into a line of less */
#define TEXT_VERDICT   13u  /* columns before a promise's title */
#define TEXT_STRIP     41u  /* of a control chart: odd, so that there is a middle */

static void text_heading(struct slice text, const char *line, struct buffer *out)
{
	buffer_append_slice(out, text);
	buffer_append_byte(out, '\n');
	text_repeat(line, text_width(text), out);
	buffer_append_byte(out, '\n');
}

/* ---- Figures ---- */

/* A bar of `share` of the width, in eighths of a column. */
static void text_bar(double share, size_t width, struct buffer *out)
{
	static const char *const parts[] = {"", "\xe2\x96\x8f", "\xe2\x96\x8e", "\xe2\x96\x8d",
		"\xe2\x96\x8c", "\xe2\x96\x8b", "\xe2\x96\x8a", "\xe2\x96\x89"};
	if (!(share > 0)) /* nor NAN */
		return;
	long eighths = lround(fmin(share, 1) * (double)width * 8);
	text_repeat("\xe2\x96\x88", (size_t)(eighths / 8), out);
	buffer_append_text(out, parts[eighths % 8]);
}

static void text_number(double value, struct buffer *out)
{
	if (isnan(value))
		buffer_append_text(out, "\xe2\x80\x93");
	else
		buffer_printf(out, fabs(value - round(value)) < 1e-9 ? "%.0f" : "%.2f", value);
}

static size_t text_label_width(const struct report_figure *figure)
{
	size_t widest = 0;
	for (const struct figure_point *point = figure->points; point; point = point->next) {
		size_t width = text_width(point->label);
		widest = width > widest ? width : widest;
	}
	return widest < TEXT_LABEL_MAX ? widest : TEXT_LABEL_MAX;
}

static void text_why(const struct figure_point *point, struct buffer *out)
{
	if (point->state == STATE_PLAIN)
		return;
	buffer_printf(out, "  %s ", cell_state_sign(point->state));
	buffer_append_slice(out, point->why);
}

/* One line a point, a bar for the first series, the other series as numbers. */
static void text_bars(const struct report_figure *figure, struct buffer *out)
{
	size_t label_width = text_label_width(figure);
	size_t columns = figure->report->head.columns;
	size_t width = columns > 0 && columns < TEXT_NARROW ? TEXT_BAR_SHORT : TEXT_BAR_WIDTH;
	double most = 0;
	for (const struct figure_point *point = figure->points; point; point = point->next) {
		double sum = 0;
		for (size_t i = 0; i < figure->series_count; i++)
			sum = figure->kind == FIGURE_STACK && !isnan(point->values[i])
				      ? sum + point->values[i]
				      : fmax(sum, figure->kind == FIGURE_PARETO && i > 0
							  ? 0
							  : point->values[i]);
		most = fmax(most, sum);
	}
	for (const struct figure_point *point = figure->points; point; point = point->next) {
		for (size_t i = 0; i < figure->series_count; i++) {
			if (figure->kind == FIGURE_PARETO && i > 0)
				break;
			text_pad(i == 0 ? point->label : slice_text(""), label_width, false, out);
			buffer_append_text(out, "  ");
			text_bar(most > 0 ? point->values[i] / most : 0, width, out);
			buffer_append_byte(out, ' ');
			text_number(point->values[i], out);
			if (figure->kind == FIGURE_PARETO) {
				buffer_append_text(out, "  (");
				text_number(point->values[1], out);
				buffer_append_text(out, " %)");
			} else if (figure->series_count > 1) {
				buffer_printf(out, " %s", figure->series[i]);
			}
			if (i == 0)
				text_why(point, out);
			text_end_line(out);
		}
	}
}

static void text_line(const struct report_figure *figure, struct buffer *out)
{
	static const char *const steps[] = {"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83",
		"\xe2\x96\x84", "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"};
	for (size_t i = 0; i < figure->series_count; i++) {
		double least = INFINITY;
		double most = -INFINITY;
		double last = NAN;
		for (const struct figure_point *point = figure->points; point;
			point = point->next) {
			least = fmin(least, point->values[i]);
			most = fmax(most, point->values[i]);
			last = isnan(point->values[i]) ? last : point->values[i];
		}
		for (const struct figure_point *point = figure->points; point;
			point = point->next) {
			double share =
				most > least ? (point->values[i] - least) / (most - least) : 0.5;
			buffer_append_text(
				out, isnan(point->values[i]) ? " " : steps[lround(share * 7)]);
		}
		buffer_printf(out, "  %s: last ", figure->series[i]);
		text_number(last, out);
		if (!isnan(last)) {
			buffer_append_text(out, ", least ");
			text_number(least, out);
			buffer_append_text(out, ", most ");
			text_number(most, out);
		}
		buffer_append_byte(out, '\n');
	}
}

static size_t text_place(double value, double least, double most)
{
	double share = most > least ? (value - least) / (most - least) : 0.5;
	return (size_t)lround(share * (TEXT_STRIP - 1));
}

/* One point between its limits: |      .  o    | */
static void text_strip(
	const struct figure_point *point, double least, double most, struct buffer *out)
{
	const char *places[TEXT_STRIP];
	for (size_t i = 0; i < TEXT_STRIP; i++)
		places[i] = " ";
	if (!isnan(point->values[1]))
		places[text_place(point->values[1], least, most)] = "\xe2\x94\x8a"; /* U+250A */
	for (size_t i = 2; i < 4; i++) {
		if (!isnan(point->values[i]))
			places[text_place(point->values[i], least, most)] =
				"\xe2\x94\x82"; /* U+2502 */
	}
	if (!isnan(point->values[0]))
		places[text_place(point->values[0], least, most)] =
			point->state == STATE_PLAIN ? "\xe2\x97\x8f" : "\xe2\x97\x86";
	for (size_t i = 0; i < TEXT_STRIP; i++)
		buffer_append_text(out, places[i]);
}

static void text_control(const struct report_figure *figure, struct buffer *out)
{
	size_t label_width = text_label_width(figure);
	double least = INFINITY;
	double most = -INFINITY;
	bool trial = false;
	for (const struct figure_point *point = figure->points; point; point = point->next) {
		for (size_t i = 0; i < 4; i++) {
			least = fmin(least, point->values[i]);
			most = fmax(most, point->values[i]);
		}
	}
	for (const struct figure_point *point = figure->points; point; point = point->next) {
		if (trial && !point->trial)
			buffer_append_text(out, "-- limits were set by the points above --\n");
		trial = point->trial;
		text_pad(point->label, label_width, false, out);
		buffer_append_text(out, "  ");
		text_strip(point, least, most, out);
		buffer_append_text(out, "  ");
		text_number(point->values[0], out);
		text_why(point, out);
		text_end_line(out);
	}
}

static void text_figure(const struct report_figure *figure, struct buffer *out)
{
	buffer_append_slice(out, figure->title);
	if (figure->unit[0] != '\0')
		buffer_printf(out, " (%s)", figure->unit);
	buffer_append_byte(out, '\n');
	if (figure->points == NULL)
		buffer_append_text(out, "nothing to draw\n");
	else if (figure->kind == FIGURE_LINE)
		text_line(figure, out);
	else if (figure->kind == FIGURE_CONTROL)
		text_control(figure, out);
	else
		text_bars(figure, out);
	if (figure->text.len > 0)
		text_wrap(figure->text, 0, figure->report->head.columns, out);
	buffer_append_byte(out, '\n');
}

/* ---- The whole ---- */

/* The promises are a table of their own here; a narrow terminal has target and trend on a second line. */
static void text_promises(const struct report *report, struct buffer *out)
{
	static const char *const trends[] = {"", "better", "same", "worse"};
	bool narrow = report->head.columns > 0 && report->head.columns < TEXT_NARROW;
	for (const struct report_promise *promise = report->promises; promise != NULL;
		promise = promise->next) {
		struct buffer value = {0};
		text_pad(slice_text(cell_state_sign(promise->state)), 2, false, out);
		text_pad(slice_text(promise->verdict), 11, false, out);
		text_pad(slice_text(promise->title), 41, false, out);
		cell_show(&promise->achieved, promise->digits, report->head.offset_us, &value);
		text_pad(buffer_slice(&value), 10, true, out);
		bool aims = promise->target.len > 0;
		if (narrow && (aims || promise->before.kind != CELL_NONE)) {
			text_end_line(out);
			text_pad(slice_text(""), TEXT_VERDICT - 2, false, out);
		}
		text_pad(slice_text(aims ? "  target" : ""), 9, false, out);
		text_pad(aims ? promise->target : slice_text(""), 16, false, out);
		buffer_append_text(out, trends[promise->trend]);
		if (promise->before.kind != CELL_NONE) {
			buffer_append_text(out, " (before: ");
			cell_show(&promise->before, promise->digits, report->head.offset_us, out);
			buffer_append_byte(out, ')');
		}
		text_end_line(out);
		if (value.status != CH_OK)
			out->status = value.status;
		buffer_fini(&value);
	}
	if (report->promises != NULL)
		buffer_append_byte(out, '\n');
}

void report_render_text(const struct report *report, struct buffer *out)
{
	const struct report_head *head = &report->head;
	struct cell as_of = cell_time(head->as_of_us);
	text_heading(slice_text(head->title), "\xe2\x95\x90", out); /* U+2550 */
	report_show_period(report, out);
	buffer_append_text(out, head->scope.len > 0 ? ", " : "");
	buffer_append_slice(out, head->scope);
	buffer_printf(out, "\nas of entry %" PRIu64 ", ", head->sequence);
	cell_show(&as_of, 0, head->offset_us, out);
	buffer_append_byte(out, ' ');
	buffer_append_slice(out, head->zone);
	buffer_append_text(out, "\n\n");
	for (const struct report_note *note = report->notes; note != NULL; note = note->next) {
		buffer_printf(out, "%s ", cell_state_sign(note->state));
		text_wrap(note->text, 2, head->columns, out);
		buffer_append_text(out, note->next == NULL ? "\n" : "");
	}
	text_promises(report, out);
	for (const struct report_section *section = report->sections; section != NULL;
		section = section->next) {
		text_heading(slice_text(section->title), "\xe2\x94\x80", out);
		if (section->text.len > 0) {
			text_wrap(section->text, 0, head->columns, out);
			buffer_append_byte(out, '\n');
		}
		for (const struct report_part *part = section->parts; part != NULL;
			part = part->next) {
			if (part->table != NULL)
				text_table(part->table, report->head.columns, out);
			else
				text_figure(part->figure, out);
		}
	}
}
