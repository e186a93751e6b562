#include "module/report/page_part.h"

#include <math.h>

#include "base/text.h"
#include "module/report/render.h"

void page_words(const char *words, struct buffer *out)
{
	text_append_html(out, slice_text(words));
}

void page_cell(
	const struct report *report, const struct cell *cell, unsigned digits, struct buffer *out)
{
	struct buffer text = {0};
	cell_show(cell, digits, report->head.offset_us, &text);
	text_append_html(out, buffer_slice(&text));
	if (text.status != CH_OK)
		out->status = text.status;
	buffer_fini(&text);
}

void page_icon(enum cell_state state, struct buffer *out)
{
	if (state != STATE_PLAIN)
		buffer_printf(out,
			"<svg class=\"icon\" aria-hidden=\"true\" viewBox=\"0 0 16 16\">"
			"<use href=\"#i-%s\"/></svg>",
			cell_state_name(state));
}

/* ---- Tables ---- */

/* A table of more columns has the page's whole width. */
#define PAGE_NARROW_COLUMNS 5u

/* What names a row: its first text, else its first column. */
static size_t page_row_name(const struct report_table *table)
{
	for (size_t i = 0; i < table->column_count; i++) {
		if (table->columns[i].kind == CELL_TEXT)
			return i;
	}
	return 0;
}

static void page_table_cell(const struct report_table *table, const struct report_row *row,
	size_t at, struct buffer *out)
{
	const struct report_column *column = &table->columns[at];
	const struct cell *cell = &row->cells[at];
	const char *state = cell_state_name(cell->state);
	bool name = at == page_row_name(table);
	const char *element = name ? "th" : "td";
	bool text = column->kind == CELL_TEXT;
	buffer_printf(out, "<%s%s class=\"%s%s\">", element, name ? " scope=\"row\"" : "",
		name ? "name " : "", text ? "text" : "number");
	if (cell->state != STATE_PLAIN) {
		buffer_printf(out, "<span class=\"%s%s\">", text ? "pill " : "", state);
		page_icon(cell->state, out);
		if (!text)
			buffer_printf(out, "<span class=\"sr\">%s: </span> ", state);
	}
	page_cell(table->report, cell, column->digits, out);
	if (cell->state != STATE_PLAIN)
		buffer_append_text(out, "</span>");
	if ((cell->kind == CELL_SHARE || cell->kind == CELL_RATE) && cell->whole != 0) {
		buffer_append_text(out, "<span class=\"parts-of\">");
		cell_show_parts(cell, out);
		buffer_append_text(out, "</span>");
	}
	buffer_printf(out, "</%s>", element);
}

/* Shown by the script where the table before it has no room. */
static void page_sideways(struct buffer *out)
{
	buffer_append_text(out,
		"<p class=\"more sideways\" hidden>Scroll sideways for more columns \xe2\x86\x92</p>");
}

void page_table(const struct report_table *table, struct buffer *out)
{
	size_t shown = table->shown > 0 && table->shown < table->row_count ? table->shown
									   : table->row_count;
	size_t hidden = table->row_count - shown + table->omitted;
	buffer_printf(out, "<div class=\"part%s\">",
		table->column_count > PAGE_NARROW_COLUMNS ? " wide" : "");
	if (table->title[0] != '\0') {
		buffer_append_text(out, "<h3>");
		page_words(table->title, out);
		buffer_append_text(out, "</h3>");
	}
	if (table->row_count == 0) {
		buffer_append_text(out, "<p class=\"more\">None.</p></div>\n");
		return;
	}
	/* A table that is scrolled can be reached by the keyboard. */
	buffer_append_text(
		out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
	page_words(table->title[0] != '\0' ? table->title : table->key, out);
	buffer_append_text(out, "\"><table><thead><tr>");
	for (size_t i = 0; i < table->column_count; i++) {
		buffer_printf(out, "<th scope=\"col\" class=\"%s%s\">",
			i == page_row_name(table) ? "name " : "",
			table->columns[i].kind == CELL_TEXT ? "text" : "number");
		page_words(table->columns[i].title, out);
		buffer_append_text(out, "</th>");
	}
	buffer_append_text(out, "</tr></thead><tbody>\n");
	for (const struct report_row *row = table->rows; shown > 0; row = row->next, shown--) {
		buffer_append_text(out, "<tr>");
		for (size_t i = 0; i < table->column_count; i++)
			page_table_cell(table, row, i, out);
		buffer_append_text(out, "</tr>\n");
	}
	buffer_append_text(out, "</tbody></table></div>");
	page_sideways(out);
	if (hidden > 0)
		buffer_printf(out, "<p class=\"more\">and %zu more; JSON and CSV have them all</p>",
			hidden);
	buffer_append_text(out, "</div>\n");
}

/* ---- Figures ---- */

/* Nothing in a block of data may look like the end of its element: every '<' is in a string. */
static void page_data(const struct report_figure *figure, struct buffer *out)
{
	struct buffer json = {0};
	report_render_figure(figure, &json);
	buffer_append_text(out, "<script type=\"application/json\">");
	for (size_t i = 0; i < json.len; i++) {
		if (json.data[i] == '<')
			buffer_append_text(out, "\\u003c");
		else
			buffer_append_byte(out, json.data[i]);
	}
	buffer_append_text(out, "</script>");
	if (json.status != CH_OK)
		out->status = json.status;
	buffer_fini(&json);
}

static void page_real(double value, struct buffer *out)
{
	if (isnan(value))
		buffer_append_text(out, "\xe2\x80\x93");
	else
		buffer_printf(out, fabs(value - round(value)) < 5e-7 ? "%.0f" : "%.2f", value);
}

/* A figure of more points has the page's whole width. */
#define PAGE_NARROW_POINTS 60u

/* Reasons that are shown at once; the others can be unfolded. */
#define PAGE_REASONS 3u

static void page_reason(const struct figure_point *point, struct buffer *out)
{
	buffer_printf(out, "<li><span class=\"%s\">", cell_state_name(point->state));
	page_icon(point->state, out);
	buffer_append_text(out, "</span><span><b>");
	text_append_html(out, point->label);
	buffer_append_text(out, "</b> ");
	text_append_html(out, point->why);
	buffer_append_text(out, "</span></li>");
}

static bool page_has_reason(const struct figure_point *point)
{
	return point->state != STATE_PLAIN && point->why.len > 0;
}

/* Why points are marked, for everybody: a tooltip needs a mouse.  The newest are told at once. */
static void page_reasons(const struct report_figure *figure, struct buffer *out)
{
	size_t count = 0;
	size_t at = 0;
	for (const struct figure_point *point = figure->points; point; point = point->next)
		count += page_has_reason(point) ? 1 : 0;
	if (count == 0)
		return;
	size_t folded = count > PAGE_REASONS + 1 ? count - PAGE_REASONS : 0;
	if (folded > 0)
		buffer_printf(out, "<details><summary>%zu points before</summary>", folded);
	buffer_append_text(out, "<ul class=\"reasons\">");
	for (const struct figure_point *point = figure->points; point; point = point->next) {
		if (!page_has_reason(point))
			continue;
		if (at++ == folded && folded > 0)
			buffer_append_text(out, "</ul></details><ul class=\"reasons\">");
		page_reason(point, out);
	}
	buffer_append_text(out, "</ul>");
}

static void page_numbers(const struct report_figure *figure, struct buffer *out)
{
	buffer_append_text(out,
		"<details class=\"numbers\" open><summary>Numbers</summary><div class=\"scroll\" tabindex=\"0\" "
		"role=\"region\" aria-label=\"Numbers: ");
	text_append_html(out, figure->title);
	buffer_append_text(out, "\"><table><thead><tr><th scope=\"col\" class=\"name\">");
	page_words(figure->label, out);
	buffer_append_text(out, "</th>");
	for (size_t i = 0; i < figure->series_count; i++) {
		buffer_append_text(out, "<th scope=\"col\" class=\"number\">");
		page_words(figure->series[i], out);
		buffer_append_text(out, "</th>");
	}
	buffer_append_text(out, "</tr></thead><tbody>\n");
	for (const struct figure_point *point = figure->points; point; point = point->next) {
		buffer_append_text(out, "<tr><th scope=\"row\" class=\"name\">");
		text_append_html(out, point->label);
		buffer_append_text(out, "</th>");
		for (size_t i = 0; i < figure->series_count; i++) {
			buffer_append_text(out, "<td class=\"number\">");
			page_real(point->values[i], out);
			buffer_append_text(out, "</td>");
		}
		buffer_append_text(out, "</tr>\n");
	}
	buffer_append_text(out, "</tbody></table></div>");
	page_sideways(out);
	buffer_append_text(out, "</details>");
}

void page_figure(const struct report_figure *figure, struct buffer *out)
{
	bool wide = figure->kind == FIGURE_RANK || figure->point_count > PAGE_NARROW_POINTS;
	buffer_printf(out, "<div class=\"part%s\"><figure class=\"chart\"><figcaption><h3>",
		wide ? " wide" : "");
	text_append_html(out, figure->title);
	buffer_append_text(out, "</h3><span class=\"unit\">");
	page_words(figure->unit, out);
	buffer_append_text(out, "</span></figcaption>");
	if (figure->points == NULL) {
		buffer_append_text(out, "<p class=\"more\">Nothing to draw.</p>");
	} else {
		buffer_append_text(out, "<div class=\"plot\"><canvas role=\"img\" aria-label=\"");
		text_append_html(out, figure->title);
		buffer_append_text(out, ". ");
		text_append_html(out, figure->text);
		buffer_append_text(out, "\"></canvas></div>");
	}
	if (figure->text.len > 0) {
		buffer_append_text(out, "<p class=\"says\">");
		text_append_html(out, figure->text);
		buffer_append_text(out, "</p>");
	}
	page_reasons(figure, out);
	if (figure->omitted > 0)
		buffer_printf(out, "<p class=\"more\">%zu %s not drawn.</p>", figure->omitted,
			figure->omitted == 1 ? "point more is" : "points more are");
	if (figure->points != NULL) {
		page_numbers(figure, out);
		page_data(figure, out);
	}
	buffer_append_text(out, "</figure></div>\n");
}
