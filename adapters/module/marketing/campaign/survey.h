/* What customers answered to a campaign's questions, out of the ledger.
 *
 * An answer belongs to the message whose token it brings.  The first that a token brought, by when it was given,
 * counts; others of the same token are told and do not count; so are those given after the survey was closed, and
 * those whose token nobody was sent.  Figures are reckoned from answers whenever they are asked for: late ones
 * correct them. */
#ifndef MARKETING_SURVEY_H
#define MARKETING_SURVEY_H

#include "base/decimal.h"
#include "module/marketing/campaign/campaign.h"
#include "module/marketing/campaign/campaign_ledger.h"

/* Questions of one survey: over it, the others are only counted. */
#define CAMPAIGN_SURVEY_QUESTIONS 128u

struct survey_question {
	char id[65];
	uint32_t answers; /* with a score */
	struct decimal score;
	uint32_t satisfied;
	uint32_t so_so;
	uint32_t terrible;
	uint32_t skipped;
};

struct survey_figures {
	uint64_t answered;
	uint64_t incomplete; /* of them */
	uint64_t again;      /* the same token once more */
	uint64_t late;
	uint64_t unknown; /* tokens that nobody was sent */
	struct survey_question questions[CAMPAIGN_SURVEY_QUESTIONS]; /* in order of their ids */
	size_t question_count;
	uint64_t left_out; /* answers to questions over the limit, or that add up to too much */
};

/* `campaign` has a survey.  CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status survey_reckon(
	struct book_txn *txn, const struct campaign *campaign, struct survey_figures *out_figures);

#endif
