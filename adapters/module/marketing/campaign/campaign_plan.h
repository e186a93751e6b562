/* Whom a campaign would reach if it went on now: the members of its segment by what the module's book knows of each,
 * and with a connection by what the hub's record says.  Nothing is sent, said or reserved. */
#ifndef MARKETING_CAMPAIGN_PLAN_H
#define MARKETING_CAMPAIGN_PLAN_H

#include "module/kit/module.h"
#include "module/marketing/campaign/campaign_report.h"
#include "module/marketing/campaign/campaign_settings.h"

struct campaign_planning {
	struct book_txn *txn;
	const struct campaign *campaign;
	const struct campaign_settings *settings;
	struct ch_connection *connection; /* NULL: records are not asked for */
};

struct campaign_plan {
	uint64_t members;
	uint64_t reached; /* under whatever number; or it was tried */
	uint64_t would;   /* get it: only known with a connection, as are the reasons why not */
	struct {
		const char *reason; /* constant text */
		uint64_t count;
	} reasons[CAMPAIGN_REASONS];
	size_t reason_count;
};

/* CH_CORRUPT, CH_IO, CH_NOMEM; what the hub's answers fail with. */
enum ch_status campaign_plan_reckon(
	const struct campaign_planning *planning, struct campaign_plan *out_plan);

/* Appends it to the report. */
void campaign_plan_show(const struct campaign_plan *plan, const struct campaign_planning *planning,
	struct report *report);

#endif
