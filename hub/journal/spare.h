/* Spare segments: files full of zeros, or of history that is kept elsewhere by now, which wait
 * to be written.  The keeper sees to it that there are some; the writer makes one itself only
 * when it is quicker than the keeper. */
#ifndef JOURNAL_SPARE_H
#define JOURNAL_SPARE_H

#include "journal/inside.h"

/* Writes a new file and adds it.  Any thread.  CH_FULL, CH_IO, CH_NOMEM. */
enum ch_status spare_prepare(struct journal *journal);

/* Gives the file of a segment that holds no history any more (in the archive, or removed) a new
 * use, or deletes it when there are enough.  Takes over the reference.  CH_IO, CH_NOMEM. */
enum ch_status spare_recycle(struct journal *journal, struct segment *segment);

#endif
