#include "module/report/text_table.h"

#include "module/report/textwidth.h"

#define TABLE_COLUMN_MAX    44u /* columns of the terminal: what is wider is cut */
#define TABLE_PARTS_COLUMNS 9u  /* a wider table has no room for "1,204 of 1,265" */
#define TABLE_BETWEEN       2u  /* blanks */

/* The cell as it stands in its column, replacing what is in `scratch`. */
static struct slice table_cell(const struct report_table *table, const struct report_row *row,
	size_t column, struct buffer *scratch)
{
	const struct cell *cell = &row->cells[column];
	buffer_clear(scratch);
	cell_show(cell, table->columns[column].digits, table->report->head.offset_us, scratch);
	if ((cell->kind == CELL_SHARE || cell->kind == CELL_RATE) && cell->whole != 0 &&
		table->column_count <= TABLE_PARTS_COLUMNS) {
		buffer_append_text(scratch, "  ");
		cell_show_parts(cell, scratch);
	}
	if (cell->state != STATE_PLAIN)
		buffer_printf(scratch, " %s", cell_state_sign(cell->state));
	return buffer_slice(scratch);
}

static size_t table_shown(const struct report_table *table)
{
	return table->shown > 0 && table->shown < table->row_count ? table->shown
								   : table->row_count;
}

static void table_measure(const struct report_table *table, size_t *widths, struct buffer *scratch)
{
	size_t left = table_shown(table);
	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = text_width(slice_text(table->columns[i].title));
	for (const struct report_row *row = table->rows; left > 0; row = row->next, left--) {
		for (size_t i = 0; i < table->column_count; i++) {
			size_t width = text_width(table_cell(table, row, i, scratch));
			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = widths[i] < TABLE_COLUMN_MAX ? widths[i] : TABLE_COLUMN_MAX;
}

/* What rows are called: up to the first column of text. */
static size_t table_lead(const struct report_table *table)
{
	for (size_t i = 0; i < table->column_count; i++) {
		if (table->columns[i].kind == CELL_TEXT)
			return i + 1;
	}
	return 0;
}

/* Columns that stand together: the lead, and those from `from` to before `until`. */
struct block {
	const struct report_table *table;
	const size_t *widths;
	size_t lead;
	size_t from;
	size_t until;
};

/* As many columns as there is room for, and one at least. */
static void block_take(struct block *block, size_t columns)
{
	size_t used = 0;
	for (size_t i = 0; i < block->lead; i++)
		used += block->widths[i] + TABLE_BETWEEN;
	block->until = block->from;
	while (block->until < block->table->column_count) {
		used += block->widths[block->until] +
			(block->until > block->from ? TABLE_BETWEEN : 0);
		if (columns > 0 && used > columns && block->until > block->from)
			break;
		block->until++;
	}
}

static bool block_has(const struct block *block, size_t column)
{
	return column < block->lead || (column >= block->from && column < block->until);
}

static void block_rule(const struct block *block, struct buffer *out)
{
	for (size_t i = 0; i < block->table->column_count; i++) {
		if (!block_has(block, i))
			continue;
		text_repeat("\xe2\x94\x80", block->widths[i], out); /* U+2500 */
		text_repeat(" ", TABLE_BETWEEN, out);
	}
	text_end_line(out);
}

/* A row; without one the titles. */
static void block_line(const struct block *block, const struct report_row *row,
	struct buffer *scratch, struct buffer *out)
{
	const struct report_table *table = block->table;
	for (size_t i = 0; i < table->column_count; i++) {
		if (!block_has(block, i))
			continue;
		struct slice text = row != NULL ? table_cell(table, row, i, scratch)
						: slice_text(table->columns[i].title);
		text_pad(text, block->widths[i], table->columns[i].kind != CELL_TEXT, out);
		text_repeat(" ", TABLE_BETWEEN, out);
	}
	text_end_line(out);
}

void text_table(const struct report_table *table, size_t columns, struct buffer *out)
{
	size_t widths[REPORT_COLUMNS_MAX];
	struct buffer scratch = {0};
	size_t shown = table_shown(table);
	size_t hidden = table->row_count - shown + table->omitted;
	table_measure(table, widths, &scratch);
	struct block block = {.table = table, .widths = widths};
	block_take(&block, columns);
	if (block.until < table->column_count) {
		block.lead = table_lead(table);
		block.from = block.lead;
		block_take(&block, columns);
	}
	if (table->title[0] != '\0')
		buffer_printf(out, "%s\n", table->title);
	for (;;) {
		size_t left = shown;
		block_line(&block, NULL, &scratch, out);
		block_rule(&block, out);
		for (const struct report_row *row = table->rows; left > 0; row = row->next, left--)
			block_line(&block, row, &scratch, out);
		if (block.until == table->column_count)
			break;
		buffer_append_byte(out, '\n');
		block.from = block.until;
		block_take(&block, columns);
	}
	if (table->row_count == 0)
		buffer_append_text(out, "none\n");
	if (hidden > 0)
		buffer_printf(out, "and %zu more; JSON and CSV have them all\n", hidden);
	buffer_append_byte(out, '\n');
	if (scratch.status != CH_OK)
		out->status = scratch.status;
	buffer_fini(&scratch);
}
