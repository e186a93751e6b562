/* Lines of a terminal.  How wide text stands there: Chinese, Japanese, Korean and full-width characters take two columns,
 * marks that combine take none (Unicode's East Asian Width, by utf8proc). */
#ifndef REPORT_TEXTWIDTH_H
#define REPORT_TEXTWIDTH_H

#include "base/slice.h"

/* Columns of well-formed UTF-8. */
size_t text_width(struct slice text);

/* Appends the text in exactly `width` columns, to the left or right; what is wider is cut and ends in an ellipsis. */
void text_pad(struct slice text, size_t width, bool right, struct buffer *out);

/* Appends the same over and over. */
void text_repeat(const char *what, size_t times, struct buffer *out);

/* Appends text of words, and ends its last line; where a word does not fit into `columns` any more it begins another
 * line, `indent` blanks further right, where the first began, too.  `columns` 0: one line. */
void text_wrap(struct slice text, size_t indent, size_t columns, struct buffer *out);

/* Ends the line, without blanks before. */
void text_end_line(struct buffer *out);

/* Columns of the terminal that standard output is; 0: it is none, or says nothing of it. */
size_t text_terminal_columns(void);

#endif
