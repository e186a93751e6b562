/* A file of rejects that is added to: one line each, for the person who can mend what was sent. */
#ifndef KIT_REJECTS_H
#define KIT_REJECTS_H

#include "base/slice.h"

/* Appends the line and its end, durably; the file is made when it is absent.  One that has reached
 * LIMIT_REJECTS_BYTES says so once and takes no more: nobody mends a thousand pages, and the disk is not
 * ours alone.  CH_FULL, CH_IO, CH_NOMEM, CH_NOT_FOUND (no such folder). */
enum ch_status rejects_append(const char *path, struct slice line);

/* The same by a name within a folder that is open. */
enum ch_status rejects_append_at(int dir, const char *name, struct slice line);

/* What stands in place of those beyond the bound. */
#define REJECTS_MORE "and more, which are only counted"

#endif
