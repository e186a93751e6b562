/* What is out of control is said to the hub: quality.rule.violated, with the events behind the point.
 *
 * Once in a while, when facts have changed or a period has ended, all facts are walked in small pieces between the
 * batches, and the charts of the last two blocks (control.h) are drawn.  Every judged point that breaks a rule is
 * said once.  A late event that changes what it breaks, or by which events, has it said again with the next
 * revision; one that mends it has it withdrawn.  Points of older blocks are left as they were said.
 *
 * What was said is known from the journal alone: the module hears its own events and keeps the newest of each
 * point in the table "violations".  So a book that is made anew says nothing twice, and a crash between the
 * decision and the receipt repeats the same id.
 *
 *     violations: text chart_id, text chart kind, text group -> QualityRuleViolated, as said */
#ifndef QUALITY_CONTROL_PART_H
#define QUALITY_CONTROL_PART_H

#include "module/kit/module.h"
#include "module/quality/manager/control.h"

/* Behind the tables of the facts. */
enum { CONTROL_VIOLATIONS = FACT_TABLES, CONTROL_TABLES_END };
#define CONTROL_TABLE_NAME "violations"
#define CONTROL_VERSION    1u

/* Needs the configuration of the part FACT_CONFIG. */
extern const struct module_part control_part;

/* Says, withdraws and corrects what the charts of `control` call for; periods end `grace_us` before they are
 * judged.  *out_said counts.  CH_NOMEM; what stuck in the transaction. */
enum ch_status control_say(struct book_txn *txn, const struct control *control,
	const struct quality_settings *settings, int64_t grace_us, size_t *out_said);

/* Keeps what was said, when it is the newest of its point. */
enum ch_status control_heard(struct book_txn *txn, const ProtobufCMessage *message);

#endif
