#include "module/quality/chart/chart_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "module/data/number.h"
#include "module/quality/chart/constants.h"
#include "module/report/textwidth.h"

#define REPORT_DIGITS_MIN 6 /* of a number in a table for people */
#define REPORT_DIGITS_MAX 15

static void report_number(struct buffer *out, const char *key, long double value)
{
	buffer_printf(out, "\"%s\":", key);
	number_append(out, value);
}

/* Its name, or its number when the file gives none. */
static void report_label(struct buffer *out, const struct samples *samples, size_t at)
{
	char number[24];
	struct slice label = samples->items[at].label;
	if (!samples->labelled) {
		(void)snprintf(number, sizeof(number), "%zu", at + 1);
		label = slice_text(number);
	}
	number_append_string(out, label);
}

static void report_points(struct buffer *out, const char *key, const size_t *points, size_t count)
{
	buffer_printf(out, "\"%s\":[", key);
	for (size_t i = 0; i < count; i++)
		buffer_printf(out, "%s%zu", i > 0 ? "," : "", points[i] + 1);
	buffer_append_text(out, "]");
}

static const char *report_side(int side)
{
	return side > 0 ? "\"above\"" : side < 0 ? "\"below\"" : "null";
}

/* ---- Charts ---- */

/* One size for all samples, else 0. */
static unsigned report_size(const struct samples *samples)
{
	unsigned size = samples->items[0].value_count;
	for (size_t i = 1; i < samples->count; i++) {
		if (samples->items[i].value_count != size)
			return 0;
	}
	return size;
}

static void report_constants(
	struct buffer *out, const struct samples *samples, const struct charts *charts)
{
	unsigned size = report_size(samples);
	if (size == 0)
		return;
	const struct constants *constants =
		charts->given != NULL ? charts->given : constants_of(size);
	const struct {
		const char *name;
		long double value;
		bool of_range;
	} rows[] = {{"A2", constants->a2, true}, {"d2", constants->d2, true},
		{"d3", constants->d3, true}, {"D3", constants->d3_low, true},
		{"D4", constants->d4, true}, {"A3", constants->a3, false},
		{"c4", constants->c4, false}, {"B3", constants->b3, false},
		{"B4", constants->b4, false}};
	const char *comma = "";
	buffer_printf(out, ",\n \"size\":%u,\n \"constants\":{", size);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].of_range != (samples->kind == CHART_XBAR_R))
			continue;
		buffer_append_text(out, comma);
		report_number(out, rows[i].name, rows[i].value);
		comma = ",";
	}
	buffer_append_text(out, "}");
}

static void report_size_of(struct buffer *out, const struct samples *samples, size_t at)
{
	const struct sample *sample = &samples->items[at];
	if (samples_are_measured(samples->kind)) {
		buffer_printf(out, ",\"size\":%u", sample->value_count);
		return;
	}
	long double scale = 1;
	for (uint32_t i = 0; i < samples->unit_scale; i++)
		scale *= 10;
	buffer_printf(out, ",\"count\":%" PRId64, sample->count);
	if (samples->kind != CHART_C) {
		buffer_append_text(out, ",");
		report_number(out, "size", (long double)sample->units / scale);
	}
}

static void report_point(struct buffer *out, const struct samples *samples,
	const struct chart *chart, const struct run_rule_set *rules, size_t at)
{
	const struct chart_point *point = &chart->points[at];
	struct violation violation;
	const char *comma = "";
	buffer_printf(out, "\n    {\"point\":%zu,\"label\":", at + 1);
	report_label(out, samples, at);
	buffer_printf(out, ",\"trial\":%s", samples->items[at].trial ? "true" : "false");
	report_size_of(out, samples, at);
	buffer_append_text(out, ",");
	report_number(out, "value", chart->marks[at].value);
	buffer_append_text(out, ",");
	report_number(out, "center", point->center);
	buffer_append_text(out, ",");
	report_number(out, "lower", point->low);
	buffer_append_text(out, ",");
	report_number(out, "upper", point->high);
	buffer_append_text(out, ",\"rules\":[");
	for (size_t i = 0; i < rules->count; i++) {
		if (!run_rule_holds(&rules->rules[i], chart->marks, at, &violation))
			continue;
		buffer_printf(out, "%s\"%s\"", comma, rules->rules[i].name);
		comma = ",";
	}
	buffer_append_text(out, "]}");
}

static void report_violations(
	struct buffer *out, const struct chart *chart, const struct run_rule_set *rules)
{
	struct violation violation;
	const char *comma = "";
	buffer_append_text(out, "\n   \"violations\":[");
	for (size_t at = 0; at < chart->count; at++) {
		for (size_t i = 0; i < rules->count; i++) {
			if (!run_rule_holds(&rules->rules[i], chart->marks, at, &violation))
				continue;
			buffer_printf(out, "%s\n    {\"point\":%zu,\"rule\":\"%s\",\"side\":%s,",
				comma, at + 1, rules->rules[i].name, report_side(violation.side));
			report_points(out, "points", violation.points, violation.count);
			buffer_append_text(out, "}");
			comma = ",";
		}
	}
	buffer_append_text(out, "]");
}

static void report_beyond(struct buffer *out, const struct chart *chart)
{
	const char *comma = "";
	buffer_append_text(out, "\n   \"beyond\":[");
	for (size_t at = 0; at < chart->count; at++) {
		if (chart->marks[at].lines < 3)
			continue;
		buffer_printf(out, "%s%zu", comma, at + 1);
		comma = ",";
	}
	buffer_append_text(out, "],");
}

static void report_chart(struct buffer *out, const struct samples *samples,
	const struct chart *chart, const struct run_rule_set *rules)
{
	const struct chart_point *point = &chart->points[0];
	buffer_printf(out, "\n  {\"chart\":\"%s\",", chart->name);
	/* Limits that differ from point to point are told at the points alone. */
	report_number(out, "center", chart->level ? point->center : HUGE_VALL);
	buffer_append_text(out, ",");
	report_number(out, "lower", chart->level ? point->low : HUGE_VALL);
	buffer_append_text(out, ",");
	report_number(out, "upper", chart->level ? point->high : HUGE_VALL);
	buffer_append_text(out, ",");
	report_beyond(out, chart);
	report_violations(out, chart, rules);
	buffer_append_text(out, ",\n   \"points\":[");
	for (size_t i = 0; i < chart->count; i++) {
		report_point(out, samples, chart, rules, i);
		buffer_append_text(out, i + 1 < chart->count ? "," : "");
	}
	buffer_append_text(out, "]}");
}

void chart_report_json(const struct samples *samples, const struct charts *charts,
	const struct run_rule_set *rules, struct buffer *out)
{
	buffer_printf(out, "{\"kind\":\"%s\",\n \"samples\":%zu,\n \"trial\":%zu",
		chart_kind_name(samples->kind), samples->count, samples->trial_count);
	if (samples_are_measured(samples->kind)) {
		buffer_append_text(out, ",\n ");
		report_number(out, "sigma", charts->sigma);
		report_constants(out, samples, charts);
	}
	buffer_printf(out, ",\n \"ruleSet\":\"%s\",\n \"rules\":{", rules->name);
	for (size_t i = 0; i < rules->count; i++)
		buffer_printf(out, "%s\"%s\":\"%s\"", i > 0 ? "," : "", rules->rules[i].name,
			rules->rules[i].text);
	buffer_append_text(out, "},\n \"charts\":[");
	for (size_t i = 0; i < charts->count; i++) {
		report_chart(out, samples, &charts->items[i], rules);
		buffer_append_text(out, i + 1 < charts->count ? "," : "");
	}
	buffer_append_text(out, "]}\n");
}

/* Labels are in every script: as wide as the widest stands on a terminal. */
static size_t report_label_width(const struct samples *samples)
{
	size_t widest = strlen("label");
	for (size_t i = 0; i < samples->count; i++) {
		char label[REFUSAL_WORD_BYTES];
		size_t width = text_width(slice_text(refusal_word(samples->items[i].label, label)));
		widest = width > widest ? width : widest;
	}
	return widest;
}

/* So many that limits which lie close together far from 0 are told apart: five of what is between them. */
static int report_digits(const struct chart *chart)
{
	long double widest = 0;
	long double spread = 0;
	for (size_t at = 0; at < chart->count; at++) {
		const struct chart_point *point = &chart->points[at];
		long double between = point->high - point->low;
		widest = fmaxl(widest, fmaxl(fabsl(point->low), fabsl(point->high)));
		if (between > 0 && (spread == 0 || between < spread))
			spread = between;
	}
	if (spread == 0)
		return REPORT_DIGITS_MIN;
	int digits = 5 + (int)ceill(log10l(widest / spread));
	return digits < REPORT_DIGITS_MIN   ? REPORT_DIGITS_MIN
	       : digits > REPORT_DIGITS_MAX ? REPORT_DIGITS_MAX
					    : digits;
}

static void report_chart_text(struct buffer *out, const struct samples *samples,
	const struct chart *chart, const struct run_rule_set *rules)
{
	struct violation violation;
	size_t width = report_label_width(samples);
	int digits = report_digits(chart);
	int column = digits + 8; /* sign, point and exponent */
	buffer_printf(out, "%s\n%6s ", chart->name, "point");
	text_pad(SLICE_LITERAL("label"), width, false, out);
	buffer_printf(out, " %*s %*s %*s %*s  %s\n", column, "value", column, "lower", column,
		"center", column, "upper", "rules");
	for (size_t at = 0; at < chart->count; at++) {
		const struct chart_point *point = &chart->points[at];
		char label[REFUSAL_WORD_BYTES];
		buffer_printf(out, "%6zu ", at + 1);
		text_pad(slice_text(refusal_word(samples->items[at].label, label)), width, false,
			out);
		buffer_printf(out, " %*.*Lg %*.*Lg %*.*Lg %*.*Lg", column, digits,
			chart->marks[at].value, column, digits, point->low, column, digits,
			point->center, column, digits, point->high);
		const char *before = "  ";
		for (size_t i = 0; i < rules->count; i++) {
			if (!run_rule_holds(&rules->rules[i], chart->marks, at, &violation))
				continue;
			buffer_printf(out, "%s%s", before, rules->rules[i].name);
			before = " ";
		}
		if (!samples->items[at].trial)
			buffer_printf(out, "%s(not on trial)", before);
		buffer_append_byte(out, '\n');
	}
}

void chart_report_text(const struct samples *samples, const struct charts *charts,
	const struct run_rule_set *rules, struct buffer *out)
{
	buffer_printf(out, "%s chart of %zu samples, limits from %zu; rules: %s\n",
		chart_kind_name(samples->kind), samples->count, samples->trial_count, rules->name);
	for (size_t i = 0; i < charts->count; i++)
		report_chart_text(out, samples, &charts->items[i], rules);
	for (size_t i = 0; i < rules->count; i++)
		buffer_printf(out, "%s: %s\n", rules->rules[i].name, rules->rules[i].text);
}

/* ---- Pareto ---- */

static long double report_percent(int64_t part, int64_t whole)
{
	return 100 * (long double)part / (long double)whole;
}

void pareto_report_json(const struct pareto *pareto, struct buffer *out)
{
	buffer_printf(out, "{\"total\":%" PRId64 ",\n \"classes\":[", pareto->total);
	for (size_t i = 0; i < pareto->count; i++) {
		const struct pareto_class *class = pareto->classes[i];
		buffer_printf(out, "%s\n  {\"rank\":%zu,\"class\":", i > 0 ? "," : "", i + 1);
		number_append_string(out, class->name);
		buffer_printf(out,
			",\"other\":%s,\"count\":%" PRId64 ",\"cumulative\":%" PRId64 ",",
			class->other ? "true" : "false", class->count, class->cumulative);
		report_number(out, "percent", report_percent(class->count, pareto->total));
		buffer_append_text(out, ",");
		report_number(
			out, "cumulativePercent", report_percent(class->cumulative, pareto->total));
		buffer_append_text(out, "}");
	}
	buffer_append_text(out, "]}\n");
}

void pareto_report_text(const struct pareto *pareto, struct buffer *out)
{
	buffer_printf(out, "%12s %8s %8s  %s\n", "count", "%", "sum %", "class");
	for (size_t i = 0; i < pareto->count; i++) {
		const struct pareto_class *class = pareto->classes[i];
		char name[REFUSAL_WORD_BYTES];
		int64_t share = pareto_tenths(class->count, pareto->total);
		int64_t sum = pareto_tenths(class->cumulative, pareto->total);
		buffer_printf(out,
			"%12" PRId64 " %6" PRId64 ".%" PRId64 " %6" PRId64 ".%" PRId64 "  %s\n",
			class->count, share / 10, share % 10, sum / 10, sum % 10,
			refusal_word(class->name, name));
	}
	buffer_printf(out, "%12" PRId64 "\n", pareto->total);
}
