#include "module/marketing/campaign/survey.h"

#include <stdio.h>

#include "carehub/v1/care.pb-c.h"
#include "module/marketing/book_tables.h"

/* The answers as they are gone through: all of one token behind each other, oldest first. */
struct count {
	const struct campaign *campaign;
	struct survey_figures *figures;
	struct book_txn *txn;
	char digest[LEDGER_ID_BYTES]; /* of the answer before */
	bool counted;                 /* one of this token does */
};

static struct survey_question *count_question(struct survey_figures *figures, const char *id)
{
	size_t at = 0;
	int order = -1;
	while (at < figures->question_count && (order = strcmp(figures->questions[at].id, id)) < 0)
		at++;
	if (at < figures->question_count && order == 0)
		return &figures->questions[at];
	if (figures->question_count == CAMPAIGN_SURVEY_QUESTIONS ||
		strlen(id) >= sizeof(figures->questions[0].id))
		return NULL;
	memmove(&figures->questions[at + 1], &figures->questions[at],
		(figures->question_count - at) * sizeof(figures->questions[0]));
	figures->question_count++;
	figures->questions[at] = (struct survey_question){.answers = 0};
	(void)snprintf(figures->questions[at].id, sizeof(figures->questions[at].id), "%s", id);
	return &figures->questions[at];
}

static void count_answer(struct survey_figures *figures, const Carehub__V1__SurveyAnswer *answer)
{
	struct survey_question *question = count_question(figures, answer->question_id);
	if (question == NULL) {
		figures->left_out++;
		return;
	}
	question->skipped += answer->skipped == CAREHUB__V1__ANSWER__ANSWER_YES;
	switch (answer->satisfaction) {
	case CAREHUB__V1__SATISFACTION__SATISFACTION_SATISFIED:
		question->satisfied++;
		break;
	case CAREHUB__V1__SATISFACTION__SATISFACTION_SO_SO:
		question->so_so++;
		break;
	case CAREHUB__V1__SATISFACTION__SATISFACTION_TERRIBLE:
		question->terrible++;
		break;
	default:
		break;
	}
	if (answer->score == NULL)
		return;
	const struct decimal score = {answer->score->unscaled, answer->score->scale};
	struct decimal sum;
	if (score.scale > DECIMAL_SCALE_MAX || decimal_add(question->score, score, &sum) != CH_OK) {
		figures->left_out++;
		return;
	}
	question->score = sum;
	question->answers++;
}

/* Whether the token was sent with this campaign; CH_NOT_FOUND: by nobody. */
static enum ch_status count_is_ours(struct count *count, struct slice digest, bool *out_ours)
{
	struct ledger_place place;
	enum ch_status status = ledger_by_digest(count->txn, digest, &place);
	if (status == CH_OK)
		*out_ours = strcmp(place.campaign, count->campaign->id) == 0;
	return status;
}

static bool count_is_about(
	const struct campaign *campaign, const Carehub__V1__SurveyAnswered *answered)
{
	return strcmp(answered->survey_id, campaign->survey) == 0 &&
	       (campaign->wave == NULL || strcmp(answered->wave, campaign->wave) == 0);
}

static enum ch_status count_one(struct count *count, struct slice digest,
	const struct ledger_fact *fact, const Carehub__V1__SurveyAnswered *answered)
{
	struct survey_figures *figures = count->figures;
	bool ours = false;
	if (!count_is_about(count->campaign, answered))
		return CH_OK;
	enum ch_status status = count_is_ours(count, digest, &ours);
	if (status == CH_NOT_FOUND) {
		figures->unknown++;
		return CH_OK;
	}
	if (status != CH_OK || !ours)
		return status;
	if (!slice_equal(digest, slice_text(count->digest))) {
		memcpy(count->digest, digest.data, digest.len);
		count->counted = false;
	}
	if (stamp_time(&fact->stamp) >= count->campaign->closes_us) {
		figures->late++;
	} else if (count->counted) {
		figures->again++;
	} else {
		count->counted = true;
		figures->answered++;
		figures->incomplete += answered->complete == CAREHUB__V1__ANSWER__ANSWER_NO;
		for (size_t i = 0; i < answered->n_answers; i++)
			count_answer(figures, answered->answers[i]);
	}
	return CH_OK;
}

static enum ch_status count_row(struct count *count, struct slice key, struct slice value)
{
	struct buffer digest = {0};
	struct ledger_fact fact = {0};
	uint8_t kind;
	enum ch_status status = CH_CORRUPT;
	if (key_take_byte(&key, &kind) && key_take_text(&key, &digest) &&
		digest.len == LEDGER_ID_BYTES - 1)
		status = ledger_read_answer(value, &fact);
	if (status == CH_OK) {
		Carehub__V1__SurveyAnswered *answered =
			carehub__v1__survey_answered__unpack(NULL, fact.data.len, fact.data.data);
		status = answered != NULL ? count_one(count, buffer_slice(&digest), &fact, answered)
					  : CH_NOMEM;
		carehub__v1__survey_answered__free_unpacked(answered, NULL);
	}
	buffer_fini(&digest);
	return status;
}

enum ch_status survey_reckon(
	struct book_txn *txn, const struct campaign *campaign, struct survey_figures *out_figures)
{
	struct count count = {.campaign = campaign, .figures = out_figures, .txn = txn};
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	*out_figures = (struct survey_figures){.answered = 0};
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_ANSWERS, SLICE_LITERAL("a"), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK) {
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK)
			status = count_row(&count, key, value);
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}
