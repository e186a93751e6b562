/* A table on a terminal: columns as wide as what stands in them, by columns of the screen and
 * not by bytes. */
#ifndef CLI_GRID_H
#define CLI_GRID_H

#include "cli/term.h"

#define GRID_COLUMNS 16u

struct grid;

/* "NAME|>LAG|STATE": '>' aligns to the right.  NULL: out of memory. */
struct grid *grid_create(const char *heads);
void grid_free(struct grid *grid); /* NULL is fine */

/* The next cell, row by row.  What it shows is made safe. */
void grid_cell(struct grid *grid, const char *format, ...) __attribute__((format(printf, 2, 3)));
void grid_cell_slice(struct grid *grid, struct slice text);

/* The ink of the last cell. */
void grid_ink(struct grid *grid, enum term_ink ink);

/* Prints the table with its heads; the last column is cut at the screen's edge.  Nothing without
 * a row. */
void grid_print(struct grid *grid, const char *indent);

#endif
