/* A table in a terminal, aligned also where characters are two columns wide.
 *
 * Where the terminal is too narrow for all columns they stand in blocks below each other, each of which begins with
 * what its rows are called:
 *
 *     Station  Open  up to 4 d        Station  over 140 d  Mean repair
 *     -------  ----  ---------        -------  ----------  -----------
 *     BJ01       10          2        BJ01              8            -
 */
#ifndef REPORT_TEXT_TABLE_H
#define REPORT_TEXT_TABLE_H

#include "module/report/report.h"

/* Appends title, rows and how many are not shown, and an empty line.  `columns`: of the terminal; 0: as wide as it
 * comes. */
void text_table(const struct report_table *table, size_t columns, struct buffer *out);

#endif
