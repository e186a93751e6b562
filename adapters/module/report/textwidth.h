/* How wide text stands in a terminal: Chinese, Japanese, Korean and full-width characters take two columns,
 * marks that combine take none (Unicode's East Asian Width, by utf8proc). */
#ifndef REPORT_TEXTWIDTH_H
#define REPORT_TEXTWIDTH_H

#include "base/slice.h"

/* Columns of well-formed UTF-8. */
size_t text_width(struct slice text);

/* Appends the text in exactly `width` columns, to the left or right; what is wider is cut and ends in an ellipsis. */
void text_pad(struct slice text, size_t width, bool right, struct buffer *out);

#endif
