/* The measures of months that are over are said to the hub: quality.measure.published, of everything, of each station
 * and of each group of the hotline.
 *
 * Once in a while, when facts have changed or a day has ended, all facts are walked in small pieces between the
 * batches, and the measures of the last months reckoned (measure.h), as a report made now would.  A measure is said
 * once its month has run out for it (promise.h: of returns, when the last one's 90 days have passed).  When a late event
 * has changed it, it is said again with the next revision.  Months before those stay as they were said.
 *
 * What was said is known from the journal alone: the module hears its own events and keeps the newest of each in
 * the table "measures".  So a book that is made anew says nothing twice, and a crash between the decision and the
 * receipt repeats the same id.
 *
 *     measures: text measure, text scope, text first day -> QualityMeasurePublished, as said */
#ifndef QUALITY_PUBLISH_PART_H
#define QUALITY_PUBLISH_PART_H

#include "module/kit/module.h"
#include "module/quality/manager/control_part.h"
#include "module/quality/manager/promise.h"

/* Behind the tables of control_part.h. */
enum { PUBLISHED_MEASURES = CONTROL_TABLES_END, PUBLISH_TABLES_END };
#define PUBLISH_TABLE_NAME "measures"
#define PUBLISH_VERSION    1u

/* Needs the configuration of the part FACT_CONFIG. */
extern const struct module_part publish_part;

struct publishing; /* what is said of one set of measures, while it is */

struct publish_request {
	const struct measures *measures; /* by months; outlives the publishing */
	int64_t now_us;
	int64_t grace_ms; /* so long after a month has run out nothing is said of it */
	uint64_t as_of_sequence;
};

/* CH_NOMEM. */
enum ch_status publishing_create(
	const struct publish_request *request, struct publishing **out_publishing);
void publishing_free(struct publishing *publishing); /* NULL is fine */

/* Says what is new among the next `most` measures; *out_said counts up.  CH_OK: there are more; CH_END: that was
 * all, and what was said and is of nothing now is said to be so.  CH_NOMEM, CH_CORRUPT; what stuck in the
 * transaction. */
enum ch_status publishing_go_on(
	struct publishing *publishing, struct book_txn *txn, size_t most, size_t *out_said);

/* Keeps what was said, when it is the newest of its kind. */
enum ch_status publish_heard(struct book_txn *txn, const ProtobufCMessage *message);

#endif
