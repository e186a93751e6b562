/* A file of rejects that is added to: one line each, for the person who can mend what was sent. */
#ifndef KIT_REJECTS_H
#define KIT_REJECTS_H

#include "base/slice.h"

/* Files FILE.1 to FILE.9, which somebody moves away some day. */
#define REJECTS_OLDER 9u

/* Appends the line and its end, durably; the file is made when it is absent.  One that has reached
 * LIMIT_REJECTS_BYTES is put aside first, under the first number that is free.  CH_TOO_LARGE: none is, and the
 * file has reached twice its bound: the disk is not ours alone.  CH_FULL, CH_IO, CH_NOMEM, CH_NOT_FOUND (no
 * such folder). */
enum ch_status rejects_append(const char *path, struct slice line);

/* For a source that would rather wait than have its rejects go nowhere, to be asked before it gives more: false
 * when no number is free and the file has reached its bound.  What is under way by then finds room. */
bool rejects_have_room(const char *path);

/* Beside a file that is kept itself: a line in a folder that is open.  At its bound it says so once and takes no
 * more, for nobody mends a thousand pages.  CH_FULL, CH_IO, CH_NOMEM. */
enum ch_status rejects_append_at(int dir, const char *name, struct slice line);

/* What stands there in place of those beyond the bound. */
#define REJECTS_MORE "and more, which are only counted"

#endif
