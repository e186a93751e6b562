/* Text on a terminal: what a stranger wrote may not move the cursor, Chinese takes two columns,
 * and colour is for people only. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stdio.h>

#include "base/slice.h"

enum term_ink { INK_PLAIN, INK_DIM, INK_BOLD, INK_GOOD, INK_WARN, INK_BAD, INKS };

/* Decides about colours: a terminal, and NO_COLOR not set (https://no-color.org). */
void term_init(void);

/* Whether standard output is somebody's screen. */
bool term_is_screen(void);
size_t term_columns(void); /* of the screen; 80 when it is none */

/* The sequences that begin and end an ink; "" without colours. */
const char *term_ink(enum term_ink ink);
const char *term_plain(void);

/* Appends the text as one line that is safe to show: controls as \xNN, bytes that are not UTF-8
 * as '?'. */
void term_append(struct buffer *out, struct slice text);

/* Columns that a safe line takes. */
size_t term_width(struct slice text);

/* Appends at most `columns` of it, with an ellipsis where it was cut, and blanks up to
 * `columns`. */
void term_append_fitted(struct buffer *out, struct slice text, size_t columns, bool right);

#endif
