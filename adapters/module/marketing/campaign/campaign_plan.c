#include "module/marketing/campaign/campaign_plan.h"

#include "base/clock.h"
#include "module/marketing/campaign/campaign_ledger.h"
#include "module/marketing/campaign/campaign_part.h"

static void plan_reason(struct campaign_plan *plan, const char *reason)
{
	size_t i = 0;
	while (i < plan->reason_count && strcmp(plan->reasons[i].reason, reason) != 0)
		i++;
	if (i == CAMPAIGN_REASONS)
		return;
	if (i == plan->reason_count)
		plan->reasons[plan->reason_count++].reason = reason;
	plan->reasons[i].count++;
}

/* What his record says about it. */
static enum ch_status plan_ask(
	const struct campaign_planning *planning, uint64_t customer, struct campaign_plan *plan)
{
	const struct campaign *campaign = planning->campaign;
	const struct addressee_cap cap = {
		(uint32_t)planning->settings->cap, (uint32_t)planning->settings->cap_days};
	struct buffer reply = {0};
	struct addressee addressee = {0};
	char level[INTENT_LEVEL_BYTES] = "";
	int64_t now_us = clock_wall_us();
	int64_t from_us = now_us - (int64_t)cap.days * INT64_C(86400000000);
	uint64_t consent;
	uint32_t own = 0;
	enum ch_status status =
		campaign_ports.ask(campaign_ports.context, planning->connection, customer, &reply);
	if (status == CH_OK)
		status = addressee_read(buffer_slice(&reply), &addressee);
	if (status == CH_OK)
		status = intent_level(planning->txn, customer, level);
	if (status == CH_OK)
		status = ledger_meant_since(planning->txn, campaign->id, customer, from_us, &own);
	if (status == CH_OK) {
		const char *reason =
			addressee_refusal(&addressee, campaign, cap, own, now_us, &consent);
		if (level[0] != 0)
			addressee.values.words[TEMPLATE_LEVEL] = slice_text(level);
		addressee.values.words[TEMPLATE_ANSWER] = SLICE_LITERAL("link");
		addressee.values.words[TEMPLATE_UNSUBSCRIBE] = SLICE_LITERAL("link");
		if (reason == NULL && intent_lacks(campaign, &addressee.values) != NULL)
			reason = "no_value";
		if (reason == NULL)
			plan->would++;
		else
			plan_reason(plan, reason);
	} else if (status == CH_NOT_FOUND) {
		plan_reason(plan, "no_record");
		status = CH_OK;
	}
	addressee_fini(&addressee);
	buffer_fini(&reply);
	return status;
}

enum ch_status campaign_plan_reckon(
	const struct campaign_planning *planning, struct campaign_plan *out_plan)
{
	const struct campaign *campaign = planning->campaign;
	struct campaign_plan plan = {.members = 0};
	uint64_t customer = 0;
	enum ch_status status = CH_OK;
	while (status == CH_OK) {
		struct ledger_reach reach = {.reached = false};
		status = campaign_ports.member(campaign_ports.context, planning->txn,
			campaign->segment, customer, &customer);
		if (status != CH_OK)
			break;
		plan.members++;
		status = ledger_reached(planning->txn, campaign->id, customer, &reach);
		if (reach.reached)
			plan.reached++;
		else if (status == CH_OK && planning->connection != NULL)
			status = plan_ask(planning, customer, &plan);
	}
	if (status != CH_END && status != CH_RETRY)
		return status;
	*out_plan = plan;
	return CH_OK;
}

void campaign_plan_show(const struct campaign_plan *plan, const struct campaign_planning *planning,
	struct report *report)
{
	bool asked = planning->connection != NULL;
	static const struct report_column columns[] = {
		{"what", "", CELL_TEXT, 0}, {"customers", "Customers", CELL_COUNT, 0}};
	struct report_section *section = report_section(report, asked ? "dryRun" : "plan",
		planning->campaign->id,
		asked ? "As the records stand now.  Nothing was sent, and nothing is reserved."
		      : "By the module's book; dry-run looks at every record.");
	struct report_table *table = report_table(section, "members", "", columns, 2);
	const struct {
		const char *what;
		uint64_t count;
	} rows[] = {{"in the segment", plan->members}, {"have it, or had it tried", plan->reached},
		{asked ? "would get it now" : "to be looked at",
			asked ? plan->would : plan->members - plan->reached}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		report_row(table,
			(struct cell[]){cell_text(slice_text(rows[i].what)),
				cell_count((int64_t)rows[i].count)},
			2);
	for (size_t i = 0; i < plan->reason_count; i++)
		report_row(table,
			(struct cell[]){
				cell_text(report_text(report, "not: %s", plan->reasons[i].reason)),
				cell_count((int64_t)plan->reasons[i].count)},
			2);
}
