/* What a command has made, on standard output. */
#ifndef DATA_OUTPUT_H
#define DATA_OUTPUT_H

#include "base/slice.h"

/* Prints all of it.  Returns the exit status: 0; or 2, when there was no memory for it or it could not be written, which
 * is told on standard error; `who` is "carehub-quality report". */
int output_print(const char *who, const struct buffer *out);

#endif
