/* A password in a file of its own: its first line.  It is read when it is needed, so that a changed one
 * counts from the next connection on, and is nowhere else: not in the configuration, not in a log. */
#ifndef REPAIR_PASSWORD_H
#define REPAIR_PASSWORD_H

#include "base/slice.h"

/* CH_NOT_FOUND; CH_DENIED: no right to it, or others than its owner have one; CH_FORMAT: empty, or too
 * long; CH_IO, CH_NOMEM.  To be wiped by password_free. */
enum ch_status password_read(const char *path, char **out_password);
void password_free(char *password); /* NULL is fine */

/* What is wrong with the file of a setting; NULL: nothing.  Constant text. */
const char *password_fault(const char *path);

#endif
