/* What campaigns count, for whoever watches them: of each, what became of its messages since the module was started,
 * and as of the book, what waits and what nobody knows.
 *
 *     carehub_module_campaign_messages_total{campaign="spring",outcome="sent"}
 *     carehub_module_campaign_withheld_total{reason="no_consent"}
 *     carehub_module_campaign_waiting{campaign="spring"}       meant, and no outcome yet: deferred ones too
 *     carehub_module_campaign_uncertain{campaign="spring"}
 *     carehub_module_mail_held_seconds                         the mail server wants none of us; 0: it is well
 *
 * A series stays as long as the process.  So METER_CAMPAIGNS have one of their own, and those that come later
 * are "others" together. */
#ifndef MARKETING_CAMPAIGN_METER_H
#define MARKETING_CAMPAIGN_METER_H

#include "base/metric.h"
#include "module/kit/book.h"

#define METER_CAMPAIGNS 32u

enum meter_outcome {
	METER_SENT,
	METER_DEFERRED, /* it will be tried again: once for each try */
	METER_REFUSED,  /* for good */
	METER_GAVE_UP,
	METER_UNCERTAIN,
	METER_WITHHELD, /* passed over, each reason once, or stopped after it was meant */
	METER_OUTCOMES,
};

struct campaign_meter;

/* `metrics` may be NULL: nothing is counted.  CH_NOMEM. */
enum ch_status campaign_meter_create(struct metrics *metrics, struct campaign_meter **out_meter);
void campaign_meter_free(struct campaign_meter *meter); /* NULL is fine */

void campaign_meter_count(
	struct campaign_meter *meter, const char *campaign, enum meter_outcome outcome);
void campaign_meter_withheld(
	struct campaign_meter *meter, const char *campaign, const char *reason);

/* How long the mail server is left alone from now on; 0: it is well. */
void campaign_meter_hold(struct campaign_meter *meter, int64_t seconds);

/* Counts what waits and what is uncertain, as the book has it; of either no more than METER_ROWS are looked at.
 * CH_CORRUPT, CH_IO, CH_NOMEM. */
#define METER_ROWS 100000u
enum ch_status campaign_meter_look(struct campaign_meter *meter, struct book_txn *txn);

#endif
