/* A report as one HTML page that needs nothing else: no network, no file beside it.
 *
 * All numbers stand in it as tables; with scripts on, figures are drawn from them, and the tables of figures
 * fold away.  It follows the reader's light or dark scheme, prints in light, and says each state in
 * a word and a sign beside the colour.
 *
 * A page is handed around and opened by anybody, and its text comes from strangers.  So all of it is
 * escaped, and a Content-Security-Policy allows exactly the style sheet and the two scripts that are in it, by
 * their SHA-256, and nothing from anywhere. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "module/report/report.h"

/* Appends the page; CH_NOMEM in out->status.  Any thread. */
void page_render(const struct report *report, struct buffer *out);

#endif
