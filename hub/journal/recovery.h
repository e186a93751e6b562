/* Finds out what a journal consists of and where it ends, and makes its end good. */
#ifndef JOURNAL_RECOVERY_H
#define JOURNAL_RECOVERY_H

#include "journal/inside.h"

/* Fills the catalog and the head of a journal whose folder is locked and whose manifest is read;
 * what that says to be made or adopted is a journal afterwards.  What journal_open says. */
enum ch_status recovery_run(struct journal *journal, struct journal_recovery *found);

#endif
