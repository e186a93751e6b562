/* The report as one JSON document.  A cell is a plain value where one number says it all, else an object:
 * {"part": 3, "whole": 400, "value": 0.0075}, {"minorUnits": 129900, "currency": "CNY", "value": 1299.00}. */
#include <inttypes.h>

#include "base/clock.h"
#include "module/data/number.h"
#include "module/report/render.h"

static void json_key(struct buffer *out, const char *key)
{
	number_append_string(out, slice_text(key));
	buffer_append_byte(out, ':');
}

static void json_text(struct buffer *out, const char *key, struct slice text)
{
	json_key(out, key);
	number_append_string(out, text);
}

static void json_words(struct buffer *out, const char *key, const char *words)
{
	json_text(out, key, slice_text(words));
}

static void json_time(struct buffer *out, const char *key, int64_t time_us)
{
	char text[CLOCK_TEXT_BYTES];
	json_words(out, key, clock_format(time_us, text));
}

/* The number as CSV has it, or null. */
static void json_value(const struct cell *cell, struct buffer *out)
{
	size_t before = out->len;
	cell_write(cell, out);
	if (out->len == before)
		buffer_append_text(out, "null");
}

static void json_cell(const struct cell *cell, struct buffer *out)
{
	switch (cell->kind) {
	case CELL_TEXT:
		number_append_string(out, cell->text);
		break;
	case CELL_TIME:
		buffer_append_byte(out, '"');
		cell_write(cell, out);
		buffer_append_byte(out, '"');
		break;
	case CELL_SHARE:
	case CELL_RATE:
		buffer_printf(out,
			"{\"part\":%" PRId64 ",\"whole\":%" PRId64 ",\"value\":", cell->value,
			cell->whole);
		json_value(cell, out);
		buffer_append_byte(out, '}');
		break;
	case CELL_MONEY:
		buffer_printf(out, "{\"minorUnits\":%" PRId64 ",", cell->value);
		json_text(out, "currency", cell->text);
		buffer_append_text(out, ",\"value\":");
		json_value(cell, out);
		buffer_append_byte(out, '}');
		break;
	case CELL_NONE:
	case CELL_COUNT:
	case CELL_DURATION:
	case CELL_NUMBER:
		json_value(cell, out);
		break;
	}
}

/* ---- Parts ---- */

static void json_row(
	const struct report_table *table, const struct report_row *row, struct buffer *out)
{
	const char *comma = "";
	bool judged = false;
	buffer_append_byte(out, '{');
	for (size_t i = 0; i < table->column_count; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		json_key(out, table->columns[i].key);
		json_cell(&row->cells[i], out);
		judged = judged || row->cells[i].state != STATE_PLAIN;
	}
	if (judged)
		buffer_append_text(out, ",\"states\":{");
	for (size_t i = 0; judged && i < table->column_count; i++) {
		if (row->cells[i].state == STATE_PLAIN)
			continue;
		buffer_append_text(out, comma);
		json_words(out, table->columns[i].key, cell_state_name(row->cells[i].state));
		comma = ",";
	}
	buffer_append_text(out, judged ? "}}" : "}");
}

static void json_table(const struct report_table *table, struct buffer *out)
{
	buffer_append_text(out, "{");
	json_words(out, "table", table->key);
	buffer_append_text(out, ",");
	json_words(out, "title", table->title);
	buffer_append_text(out, ",\"columns\":[");
	for (size_t i = 0; i < table->column_count; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		buffer_append_byte(out, '{');
		json_words(out, "key", table->columns[i].key);
		buffer_append_byte(out, ',');
		json_words(out, "title", table->columns[i].title);
		buffer_append_byte(out, ',');
		json_words(out, "kind", cell_kind_name(table->columns[i].kind));
		if (table->columns[i].kind == CELL_DURATION)
			buffer_append_text(out, ",\"unit\":\"s\"");
		buffer_append_byte(out, '}');
	}
	buffer_append_text(out, "],\n   \"rows\":[");
	for (const struct report_row *row = table->rows; row != NULL; row = row->next) {
		buffer_append_text(out, row == table->rows ? "\n    " : ",\n    ");
		json_row(table, row, out);
	}
	buffer_printf(out, "],\"omitted\":%zu}", table->omitted);
}

static const char *json_figure_kind(enum figure_kind kind)
{
	static const char *const names[] = {"bar", "stack", "rank", "line", "pareto", "control"};
	return names[kind];
}

static void json_point(
	const struct report_figure *figure, const struct figure_point *point, struct buffer *out)
{
	buffer_append_byte(out, '{');
	json_text(out, "label", point->label);
	buffer_append_text(out, ",\"values\":[");
	for (size_t i = 0; i < figure->series_count; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		number_append(out, point->values[i]);
	}
	buffer_append_byte(out, ']');
	if (figure->kind == FIGURE_CONTROL)
		buffer_printf(out, ",\"trial\":%s", point->trial ? "true" : "false");
	if (point->state != STATE_PLAIN) {
		buffer_append_byte(out, ',');
		json_words(out, "state", cell_state_name(point->state));
		buffer_append_byte(out, ',');
		json_text(out, "why", point->why);
	}
	buffer_append_byte(out, '}');
}

void report_render_figure(const struct report_figure *figure, struct buffer *out)
{
	buffer_append_byte(out, '{');
	json_words(out, "figure", figure->key);
	buffer_append_byte(out, ',');
	json_words(out, "kind", json_figure_kind(figure->kind));
	buffer_append_byte(out, ',');
	json_text(out, "title", figure->title);
	buffer_append_byte(out, ',');
	json_text(out, "text", figure->text);
	buffer_append_byte(out, ',');
	json_words(out, "unit", figure->unit);
	buffer_append_byte(out, ',');
	json_words(out, "label", figure->label);
	buffer_append_text(out, ",\"series\":[");
	for (size_t i = 0; i < figure->series_count; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		number_append_string(out, slice_text(figure->series[i]));
	}
	buffer_append_text(out, "],\"target\":");
	number_append(out, figure->target);
	buffer_append_byte(out, ',');
	json_words(out, "targetName", figure->target_name);
	buffer_append_text(out, ",\"points\":[");
	for (const struct figure_point *point = figure->points; point != NULL;
		point = point->next) {
		buffer_append_text(out, point == figure->points ? "" : ",");
		json_point(figure, point, out);
	}
	buffer_printf(out, "],\"omitted\":%zu}", figure->omitted);
}

static void json_section(const struct report_section *section, struct buffer *out)
{
	const char *comma = "\n   ";
	buffer_append_text(out, "{");
	json_words(out, "section", section->key);
	buffer_append_text(out, ",");
	json_words(out, "title", section->title);
	buffer_append_text(out, ",");
	json_text(out, "text", section->text);
	buffer_append_text(out, ",\n  \"parts\":[");
	for (const struct report_part *part = section->parts; part != NULL; part = part->next) {
		buffer_append_text(out, comma);
		if (part->table != NULL)
			json_table(part->table, out);
		else
			report_render_figure(part->figure, out);
		comma = ",\n   ";
	}
	buffer_append_text(out, "]}");
}

static void json_promise(const struct report_promise *promise, struct buffer *out)
{
	static const char *const trends[] = {"unknown", "better", "same", "worse"};
	buffer_append_text(out, "{");
	json_words(out, "promise", promise->key);
	buffer_append_text(out, ",");
	json_words(out, "title", promise->title);
	buffer_append_text(out, ",");
	if (promise->target.len > 0)
		json_text(out, "target", promise->target);
	else
		buffer_append_text(out, "\"target\":null");
	buffer_append_text(out, ",\"achieved\":");
	json_cell(&promise->achieved, out);
	buffer_append_text(out, ",");
	json_words(out, "state", cell_state_name(promise->state));
	buffer_append_text(out, ",");
	json_words(out, "verdict", promise->verdict);
	buffer_append_text(out, ",");
	json_words(out, "trend", trends[promise->trend]);
	buffer_append_text(out, ",\"before\":");
	json_cell(&promise->before, out);
	buffer_append_text(out, ",\"history\":[");
	for (size_t i = 0; i < promise->history_count; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		json_cell(&promise->history[i], out);
	}
	buffer_append_text(out, "],");
	json_text(out, "detail", promise->detail);
	buffer_append_text(out, "}");
}

void report_render_json(const struct report *report, struct buffer *out)
{
	const struct report_head *head = &report->head;
	buffer_append_text(out, "{");
	json_words(out, "product", head->product);
	buffer_append_text(out, ",");
	json_words(out, "title", head->title);
	buffer_append_text(out, ",");
	json_text(out, "scope", head->scope);
	buffer_append_text(out, ",\n \"period\":{");
	json_time(out, "from", head->from_us);
	buffer_append_text(out, ",");
	json_time(out, "to", head->to_us);
	buffer_append_text(out, ",");
	json_text(out, "zone", head->zone);
	buffer_printf(out, "},\n \"asOf\":{\"sequence\":%" PRIu64 ",", head->sequence);
	json_time(out, "time", head->as_of_us);
	buffer_append_text(out, "},\n \"notes\":[");
	for (const struct report_note *note = report->notes; note != NULL; note = note->next) {
		buffer_append_text(out, note == report->notes ? "{" : ",{");
		json_words(out, "state", cell_state_name(note->state));
		buffer_append_text(out, ",");
		json_text(out, "text", note->text);
		buffer_append_text(out, "}");
	}
	buffer_append_text(out, "],\n \"promises\":[");
	for (const struct report_promise *promise = report->promises; promise != NULL;
		promise = promise->next) {
		buffer_append_text(out, promise == report->promises ? "\n  " : ",\n  ");
		json_promise(promise, out);
	}
	buffer_append_text(out, "],\n \"sections\":[");
	for (const struct report_section *section = report->sections; section != NULL;
		section = section->next) {
		buffer_append_text(out, section == report->sections ? "\n  " : ",\n  ");
		json_section(section, out);
	}
	buffer_append_text(out, "]}\n");
}
