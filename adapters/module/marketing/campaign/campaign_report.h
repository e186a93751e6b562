/* Campaigns for people: all of them in a list; one with who got it, who did not and why, what they answered, and what
 * somebody must see to.  Reckoned from the book whenever asked for; no customer's name or address is in it. */
#ifndef MARKETING_CAMPAIGN_REPORT_H
#define MARKETING_CAMPAIGN_REPORT_H

#include "module/marketing/campaign/campaign.h"
#include "module/marketing/campaign/campaign_ledger.h"
#include "module/report/report.h"

#define CAMPAIGN_REASONS 16u

struct campaign_figures {
	uint64_t states[LEDGER_STATES]; /* customers by the newest round's state */
	struct {
		char reason[24];
		uint64_t count;
	} reasons[CAMPAIGN_REASONS]; /* of those passed over, withheld or failed */
	size_t reason_count;
	uint64_t messages; /* rounds in all */
	uint64_t unsubscribed;
	uint64_t orders;
	uint64_t called;      /* call-backs done */
	uint64_t not_reached; /* and given up */
};

enum ch_status campaign_reckon(
	struct book_txn *txn, const char *campaign, struct campaign_figures *out_figures);

/* CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status campaign_report_list(
	struct book_txn *txn, const struct campaigns *campaigns, struct report *report);
enum ch_status campaign_report_one(
	struct book_txn *txn, const struct campaign *campaign, struct report *report);

/* Messages whose outcome nobody knows, of one campaign or (NULL) of all. */
enum ch_status campaign_report_uncertain(
	struct book_txn *txn, const char *campaign, struct report *report);

#endif
