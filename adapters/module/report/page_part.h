/* Tables and figures of a page. */
#ifndef REPORT_PAGE_PART_H
#define REPORT_PAGE_PART_H

#include "module/report/report.h"

/* Words of the program, escaped. */
void page_words(const char *words, struct buffer *out);

/* A cell's value as people read it, escaped. */
void page_cell(
	const struct report *report, const struct cell *cell, unsigned digits, struct buffer *out);

/* The sign of a state, for the eye only: the word stands beside it. */
void page_icon(enum cell_state state, struct buffer *out);

void page_table(const struct report_table *table, struct buffer *out);
void page_figure(const struct report_figure *figure, struct buffer *out);

#endif
