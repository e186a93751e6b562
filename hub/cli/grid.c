#include "cli/grid.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/text.h"

struct cell {
	size_t from; /* in texts */
	size_t len;
	enum term_ink ink;
};

struct grid {
	size_t columns;
	struct slice heads[GRID_COLUMNS];
	bool right[GRID_COLUMNS];
	struct buffer texts;
	struct cell *cells;
	size_t count;
	size_t capacity;
};

struct grid *grid_create(const char *heads)
{
	struct grid *grid = calloc(1, sizeof(*grid));
	struct slice rest = slice_text(heads);
	struct slice head;
	while (grid != NULL && grid->columns < GRID_COLUMNS && text_split(&rest, '|', &head)) {
		bool right = head.len > 0 && head.data[0] == '>';
		grid->right[grid->columns] = right;
		grid->heads[grid->columns++] = slice_sub(head, right, head.len);
	}
	return grid;
}

void grid_free(struct grid *grid)
{
	if (grid == NULL)
		return;
	buffer_fini(&grid->texts);
	free(grid->cells);
	free(grid);
}

void grid_cell_slice(struct grid *grid, struct slice text)
{
	if (grid == NULL)
		return;
	if (grid->count == grid->capacity) {
		size_t capacity = grid->capacity < 64 ? 64 : grid->capacity * 2;
		struct cell *cells = realloc(grid->cells, capacity * sizeof(*cells));
		if (cells == NULL)
			return; /* a table that is too short says less, and nothing wrong */
		grid->cells = cells;
		grid->capacity = capacity;
	}
	size_t from = grid->texts.len;
	term_append(&grid->texts, text);
	grid->cells[grid->count++] = (struct cell){from, grid->texts.len - from, INK_PLAIN};
}

void grid_cell(struct grid *grid, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments); /* cut is fine on a screen */
	va_end(arguments);
	grid_cell_slice(grid, slice_text(text));
}

void grid_ink(struct grid *grid, enum term_ink ink)
{
	if (grid != NULL && grid->count > 0)
		grid->cells[grid->count - 1].ink = ink;
}

static struct slice grid_text(const struct grid *grid, size_t i)
{
	return slice_sub(buffer_slice(&grid->texts), grid->cells[i].from, grid->cells[i].len);
}

/* Widths by what stands in the columns; the last gives way when the screen is too small. */
static void grid_measure(const struct grid *grid, size_t indent, size_t widths[GRID_COLUMNS])
{
	size_t total = indent;
	for (size_t c = 0; c < grid->columns; c++)
		widths[c] = term_width(grid->heads[c]);
	for (size_t i = 0; i < grid->count; i++) {
		size_t width = term_width(grid_text(grid, i));
		if (width > widths[i % grid->columns])
			widths[i % grid->columns] = width;
	}
	for (size_t c = 0; c + 1 < grid->columns; c++)
		total += widths[c] + 2;
	size_t room = term_columns();
	size_t *last = &widths[grid->columns - 1];
	if (term_is_screen() && total + *last > room)
		*last = room > total + 8 ? room - total : 8;
}

static void grid_line(struct buffer *out, const struct grid *grid, const size_t *widths, size_t c,
	struct slice text, enum term_ink ink)
{
	bool end = c + 1 == grid->columns;
	buffer_append_text(out, term_ink(ink));
	/* No blanks at the end of a line. */
	if (end && !grid->right[c] && term_width(text) <= widths[c])
		buffer_append_slice(out, text);
	else
		term_append_fitted(out, text, widths[c], grid->right[c]);
	if (ink != INK_PLAIN)
		buffer_append_text(out, term_plain());
	buffer_append_text(out, end ? "\n" : "  ");
}

void grid_print(struct grid *grid, const char *indent)
{
	struct buffer out = {0};
	size_t widths[GRID_COLUMNS];
	if (grid == NULL || grid->count == 0 || grid->columns == 0)
		return;
	grid_measure(grid, strlen(indent), widths);
	buffer_append_text(&out, indent);
	for (size_t c = 0; c < grid->columns; c++)
		grid_line(&out, grid, widths, c, grid->heads[c], INK_DIM);
	for (size_t i = 0; i < grid->count; i++) {
		if (i % grid->columns == 0)
			buffer_append_text(&out, indent);
		grid_line(&out, grid, widths, i % grid->columns, grid_text(grid, i),
			grid->cells[i].ink);
	}
	(void)fwrite(out.data, 1, out.len, stdout);
	buffer_fini(&out);
}
