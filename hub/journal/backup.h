/* Copies of the journal: making one, and making a journal of one.
 *
 * A copy is a folder with a manifest of kind `export` and archive files, nothing else.
 * journal_open opens it read-only, so it is read and verified like a journal; with `adopt` it
 * becomes a journal, under a new incarnation, and positions of the old one are refused from then
 * on.  repair.h mends a journal with a copy. */
#ifndef JOURNAL_BACKUP_H
#define JOURNAL_BACKUP_H

#include "journal/journal.h"

/* Copies history up to `upto` (0: the head), and on to the end of the batch that holds it, into
 * `dir`, which is made when absent.  An older copy of this journal there is brought up to date,
 * file by file, and is good whenever this stops.  What is damaged is copied as it is: verify the
 * copy.  Any thread, also on a journal that is being written.  *out_head is the last sequence of
 * the copy.  CH_EXISTS: `dir` holds something else; CH_BUSY: somebody uses it; CH_FULL, CH_IO,
 * CH_NOMEM. */
enum ch_status backup_export(
	struct journal *journal, uint64_t upto, const char *dir, uint64_t *out_head);

/* Makes a journal in `dir`, which is made, of what can be read in `from`: a copy, or the folder
 * of a journal that nobody writes; `from` stays as it is.  When it was interrupted, the same
 * call goes on.  What is damaged comes along as it is: verify first.  CH_NOT_FOUND, CH_CORRUPT,
 * CH_BUSY: of `from`; CH_EXISTS: `dir` holds something else; CH_FULL, CH_IO, CH_NOMEM. */
enum ch_status backup_restore(const char *from, const char *dir);

#endif
