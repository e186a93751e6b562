/* A report in one of four forms, all of the same values:
 *
 *   text   for a terminal: tables aligned also where characters are two columns wide, figures drawn with
 *          block characters
 *   json   one document; docs/quality.md has its keys
 *   csv    RFC 4180, every table headed by a line "table,KEY" and parted by an empty one, or one table alone
 *   html   one page that needs nothing else (page.h)
 *
 * Rendering appends to `out` and leaves CH_NOMEM in its status.  Any thread. */
#ifndef REPORT_RENDER_H
#define REPORT_RENDER_H

#include "module/report/report.h"

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_CSV, REPORT_HTML };

/* By its word; false: no such. */
bool report_format_find(const char *name, enum report_format *out_format);

void report_render(const struct report *report, enum report_format format, struct buffer *out);

void report_render_text(const struct report *report, struct buffer *out);
void report_render_json(const struct report *report, struct buffer *out);
void report_render_csv(const struct report *report, struct buffer *out);

/* One table as CSV, header first.  Text that a spreadsheet would take for a formula begins with an apostrophe. */
void report_render_csv_table(const struct report_table *table, struct buffer *out);

/* A figure as a JSON object: what the page's script draws from. */
void report_render_figure(const struct report_figure *figure, struct buffer *out);

/* The table with this key; NULL: there is none. */
const struct report_table *report_find_table(const struct report *report, const char *key);

/* "2026-03-01 to 2026-03-31", in days of the report's clocks. */
void report_show_period(const struct report *report, struct buffer *out);

#endif
