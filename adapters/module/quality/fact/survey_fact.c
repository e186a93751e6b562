#include "module/quality/fact/survey_fact.h"

#include <stdlib.h>

#include "base/decimal.h"
#include "carehub/v1/care.pb-c.h"

#define MILLION_DIGITS 6u

/* Points beyond these are no points, and would only make sums overflow. */
#define SURVEY_POINTS_MAX INT64_C(1000000000000)
#define SURVEY_WEIGHT_MAX INT64_C(1000000000)

/* ---- Folding ---- */

/* Points in millionths; false: none were told, or none that fit. */
static bool survey_points(const Carehub__V1__Decimal *told, int64_t *out_points)
{
	struct decimal value;
	if (told == NULL || told->scale > DECIMAL_SCALE_MAX)
		return false;
	value = (struct decimal){told->unscaled, told->scale};
	if (decimal_rescale(value, MILLION_DIGITS, &value) != CH_OK ||
		value.unscaled > SURVEY_POINTS_MAX || value.unscaled < -SURVEY_POINTS_MAX)
		return false;
	*out_points = value.unscaled;
	return true;
}

static void survey_answer_fill(struct mark *mark, const Carehub__V1__SurveyAnswer *answer)
{
	int64_t *numbers = mark->numbers;
	mark->texts[ANSWER_QUESTION] = fact_text(answer->question_id);
	mark->texts[ANSWER_DIMENSION] = fact_text(answer->dimension);
	numbers[ANSWER_SATISFACTION] = answer->satisfaction;
	if (answer->skipped == CAREHUB__V1__ANSWER__ANSWER_YES)
		return;
	if (survey_points(answer->score, &numbers[ANSWER_SCORE]))
		numbers[ANSWER_TOLD] |= ANSWER_HAS_SCORE;
	if (survey_points(answer->expectation, &numbers[ANSWER_EXPECTATION]))
		numbers[ANSWER_TOLD] |= ANSWER_HAS_EXPECTATION;
	/* The lowest points may be 0, which a source may leave out. */
	(void)survey_points(answer->scale_min, &numbers[ANSWER_MIN]);
	if (survey_points(answer->scale_max, &numbers[ANSWER_MAX]) &&
		numbers[ANSWER_MAX] > numbers[ANSWER_MIN])
		numbers[ANSWER_TOLD] |= ANSWER_HAS_SCALE;
	if (survey_points(answer->weight, &numbers[ANSWER_WEIGHT]) && numbers[ANSWER_WEIGHT] >= 0 &&
		numbers[ANSWER_WEIGHT] <= SURVEY_WEIGHT_MAX)
		numbers[ANSWER_TOLD] |= ANSWER_HAS_WEIGHT;
}

static void survey_about(struct mark *head, const Carehub__V1__Regarding *regarding)
{
	if (regarding == NULL)
		return;
	const char *about[] = {regarding->repair_order_id, regarding->case_id, regarding->call_id,
		regarding->order_id, regarding->transaction_id};
	for (size_t i = 0; i < sizeof(about) / sizeof(*about); i++) {
		if (head->texts[SURVEY_ABOUT].len == 0)
			head->texts[SURVEY_ABOUT] = fact_text(about[i]);
	}
	head->texts[SURVEY_REPAIR] = fact_text(regarding->repair_order_id);
	if (regarding->station != NULL)
		head->texts[SURVEY_STATION] = fact_text(regarding->station->station_id);
	if (regarding->unit != NULL)
		head->texts[SURVEY_MODEL] = fact_text(regarding->unit->model);
}

static enum ch_status survey_fold_answered(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__SurveyAnswered *answered = (const void *)event->message;
	const struct slice names[] = {fact_text(answered->survey_id), fact_text(answered->wave),
		fact_text(answered->response_id)};
	size_t count = answered->n_answers < LIMIT_FACT_MARKS - 1 ? answered->n_answers
								  : LIMIT_FACT_MARKS - 1;
	struct key key;
	(void)self;
	key_start(&key);
	for (size_t i = 0; i < 3; i++) {
		if (names[i].len > LIMIT_FACT_NAME_BYTES)
			return CH_TOO_LARGE;
		key_text(&key, names[i]);
	}
	struct mark *marks = calloc(count + 1, sizeof(*marks));
	if (marks == NULL)
		return CH_NOMEM;
	marks[0] = fact_mark(event, SURVEY_HEAD);
	marks[0].texts[SURVEY_GROUP] = fact_text(answered->customer_group);
	survey_about(&marks[0], answered->regarding);
	for (size_t i = 0; i < count; i++) {
		marks[i + 1] = fact_mark(event, SURVEY_ANSWER);
		marks[i + 1].item = (uint32_t)i;
		survey_answer_fill(&marks[i + 1], answered->answers[i]);
	}
	enum ch_status status = fact_put(txn, FACT_RESPONSES, &key, marks, count + 1);
	free(marks);
	return status;
}

static const struct module_fold survey_folds[] = {
	{"*.survey.answered", survey_fold_answered},
};

const struct module_part survey_part = {
	.name = "surveys",
	.folds = survey_folds,
	.fold_count = sizeof(survey_folds) / sizeof(*survey_folds),
};

/* ---- The fact ---- */

enum ch_status survey_fact_make(struct slice key, const struct marks *marks, struct buffer *names,
	struct survey_fact *out_fact)
{
	struct buffer part = {0};
	struct slice rest = key;
	const struct mark *head = NULL;
	size_t survey_len = 0;
	enum ch_status status = CH_CORRUPT;
	buffer_clear(names);
	for (size_t i = 0; i < 2; i++) {
		if (!key_take_text(&rest, &part))
			goto out;
		if (i == 0)
			survey_len = part.len;
		buffer_append_slice(names, buffer_slice(&part));
	}
	for (size_t i = 0; i < marks->count; i++) {
		if (marks->items[i].kind == SURVEY_HEAD)
			head = &marks->items[i];
	}
	status = names->status;
	if (status != CH_OK)
		goto out;
	out_fact->survey = slice_of(names->data, survey_len);
	out_fact->wave = slice_sub(buffer_slice(names), survey_len, names->len);
	out_fact->head = head;
	out_fact->answer_count = 0;
	if (head == NULL)
		goto out;
	out_fact->station = head->texts[SURVEY_STATION];
	out_fact->model = head->texts[SURVEY_MODEL];
	out_fact->told_group = head->texts[SURVEY_GROUP];
	out_fact->about = head->texts[SURVEY_ABOUT];
	out_fact->repair = head->texts[SURVEY_REPAIR];
	out_fact->answered_us = head->moment_us;
	out_fact->customer = head->customer;
	out_fact->sequence = head->sequence;
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		if (mark->kind == SURVEY_ANSWER && slice_equal(mark->id, head->id) &&
			slice_equal(mark->source, head->source))
			out_fact->answers[out_fact->answer_count++] = mark;
	}
out:
	buffer_fini(&part);
	return status;
}
