/* Commits a batch on a thread of its own, so that the writer has its hands free while the disk works.  One
 * batch at a time: the journal has at most one in flight. */
#ifndef INGEST_SYNCER_H
#define INGEST_SYNCER_H

#include "journal/journal.h"

struct syncer;

/* CH_NOMEM. */
enum ch_status syncer_create(struct syncer **out_syncer);
void syncer_free(struct syncer *syncer); /* nothing may be under way; NULL is fine */

/* Hands the batch over; until syncer_wait nobody else touches it or its journal.  A wait follows each
 * start. */
void syncer_start(struct syncer *syncer, struct batch *batch);

/* As journal_commit. */
enum ch_status syncer_wait(struct syncer *syncer);

#endif
