#include <inttypes.h>
#include <math.h>

#include "module/data/number.h"
#include "module/report/render.h"

/* Spreadsheets run text that begins like this. */
static bool csv_is_formula(struct slice text)
{
	return text.len > 0 && strchr("=+-@", text.data[0]) != NULL;
}

static void csv_text(struct slice text, struct buffer *out)
{
	buffer_append_byte(out, '"');
	if (csv_is_formula(text))
		buffer_append_byte(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"')
			buffer_append_byte(out, '"');
		buffer_append_byte(out, text.data[i]);
	}
	buffer_append_byte(out, '"');
}

/* A share has its two numbers beside it, an amount its currency: as columns of their own. */
static void csv_header(const struct report_column *column, struct buffer *out)
{
	switch (column->kind) {
	case CELL_SHARE:
	case CELL_RATE:
		buffer_printf(out, "%s,%sPart,%sWhole", column->key, column->key, column->key);
		break;
	case CELL_MONEY:
		buffer_printf(out, "%s,%sCurrency", column->key, column->key);
		break;
	case CELL_DURATION:
		buffer_printf(out, "%sSeconds", column->key);
		break;
	case CELL_NONE:
	case CELL_TEXT:
	case CELL_COUNT:
	case CELL_NUMBER:
	case CELL_TIME:
		buffer_append_text(out, column->key);
		break;
	}
}

static void csv_cell(
	const struct report_column *column, const struct cell *cell, struct buffer *out)
{
	if (cell->kind == CELL_TEXT)
		csv_text(cell->text, out);
	else
		cell_write(cell, out);
	if (column->kind == CELL_SHARE || column->kind == CELL_RATE) {
		if (cell->kind == CELL_NONE)
			buffer_append_text(out, ",,");
		else
			buffer_printf(out, ",%" PRId64 ",%" PRId64, cell->value, cell->whole);
	} else if (column->kind == CELL_MONEY) {
		buffer_append_byte(out, ',');
		if (cell->kind != CELL_NONE)
			csv_text(cell->text, out);
	}
}

void report_render_csv_table(const struct report_table *table, struct buffer *out)
{
	for (size_t i = 0; i < table->column_count; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		csv_header(&table->columns[i], out);
	}
	buffer_append_text(out, "\r\n");
	for (const struct report_row *row = table->rows; row != NULL; row = row->next) {
		for (size_t i = 0; i < table->column_count; i++) {
			buffer_append_text(out, i > 0 ? "," : "");
			csv_cell(&table->columns[i], &row->cells[i], out);
		}
		buffer_append_text(out, "\r\n");
	}
}

/* Tables stand apart by an empty line. */
static void csv_begin_table(const char *key, struct buffer *out)
{
	buffer_printf(out, "%stable,%s\r\n", out->len > 0 ? "\r\n" : "", key);
}

static void csv_promises(const struct report *report, struct buffer *out)
{
	if (report->promises == NULL && report->sections != NULL)
		return; /* campaigns promise nothing */
	csv_begin_table("promises", out);
	buffer_append_text(out, "promise,title,target,value,part,whole,state,verdict\r\n");
	for (const struct report_promise *promise = report->promises; promise != NULL;
		promise = promise->next) {
		const struct cell *achieved = &promise->achieved;
		buffer_printf(out, "%s,", promise->key);
		csv_text(slice_text(promise->title), out);
		buffer_append_byte(out, ',');
		csv_text(promise->target, out);
		buffer_append_byte(out, ',');
		cell_write(achieved, out);
		if (achieved->kind == CELL_SHARE || achieved->kind == CELL_RATE)
			buffer_printf(
				out, ",%" PRId64 ",%" PRId64, achieved->value, achieved->whole);
		else
			buffer_append_text(out, ",,");
		buffer_printf(out, ",%s,", cell_state_name(promise->state));
		csv_text(slice_text(promise->verdict), out);
		buffer_append_text(out, "\r\n");
	}
}

/* A figure's numbers are a table, too. */
static void csv_figure(const struct report_figure *figure, struct buffer *out)
{
	csv_begin_table(figure->key, out);
	csv_text(slice_text(figure->label), out);
	for (size_t i = 0; i < figure->series_count; i++) {
		buffer_append_byte(out, ',');
		csv_text(slice_text(figure->series[i]), out);
	}
	buffer_append_text(out, ",state,why\r\n");
	for (const struct figure_point *point = figure->points; point != NULL;
		point = point->next) {
		csv_text(point->label, out);
		for (size_t i = 0; i < figure->series_count; i++) {
			buffer_append_byte(out, ',');
			if (isfinite(point->values[i]))
				number_append(out, point->values[i]);
		}
		buffer_printf(out, ",%s,", cell_state_name(point->state));
		csv_text(point->why, out);
		buffer_append_text(out, "\r\n");
	}
}

/* What it is of, and what must be known of its figures: a file is read far from where it was made. */
static void csv_head(const struct report *report, struct buffer *out)
{
	const struct report_head *head = &report->head;
	const struct cell times[] = {
		cell_time(head->from_us), cell_time(head->to_us), cell_time(head->as_of_us)};
	csv_begin_table("report", out);
	buffer_append_text(out, "title,scope,from,to,asOf,sequence\r\n");
	csv_text(slice_text(head->title), out);
	buffer_append_byte(out, ',');
	csv_text(head->scope, out);
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		buffer_append_byte(out, ',');
		cell_write(&times[i], out);
	}
	buffer_printf(out, ",%" PRIu64 "\r\n", head->sequence);
	if (report->notes == NULL)
		return;
	csv_begin_table("notes", out);
	buffer_append_text(out, "state,text\r\n");
	for (const struct report_note *note = report->notes; note != NULL; note = note->next) {
		buffer_printf(out, "%s,", cell_state_name(note->state));
		csv_text(note->text, out);
		buffer_append_text(out, "\r\n");
	}
}

void report_render_csv(const struct report *report, struct buffer *out)
{
	csv_head(report, out);
	csv_promises(report, out);
	for (const struct report_section *section = report->sections; section != NULL;
		section = section->next) {
		for (const struct report_part *part = section->parts; part != NULL;
			part = part->next) {
			if (part->figure != NULL) {
				csv_figure(part->figure, out);
				continue;
			}
			csv_begin_table(part->table->key, out);
			report_render_csv_table(part->table, out);
		}
	}
}
