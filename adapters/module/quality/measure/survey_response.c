#include "module/quality/measure/survey_response.h"

#include <stdlib.h>

#include "carehub/v1/care.pb-c.h"
#include "module/quality/fact/divide.h"

#define MILLION INT64_C(1000000)

/* ---- Gathering ---- */

/* As ticked, else by thirds of the scale. */
static int answer_step(const struct mark *mark)
{
	int64_t told = mark->numbers[ANSWER_TOLD];
	int64_t width = mark->numbers[ANSWER_MAX] - mark->numbers[ANSWER_MIN];
	int64_t above = mark->numbers[ANSWER_SCORE] - mark->numbers[ANSWER_MIN];
	switch (mark->numbers[ANSWER_SATISFACTION]) {
	case CAREHUB__V1__SATISFACTION__SATISFACTION_SATISFIED:
		return 2;
	case CAREHUB__V1__SATISFACTION__SATISFACTION_SO_SO:
		return 1;
	case CAREHUB__V1__SATISFACTION__SATISFACTION_TERRIBLE:
		return 0;
	default:
		break;
	}
	if ((told & ANSWER_HAS_SCORE) == 0 || (told & ANSWER_HAS_SCALE) == 0)
		return -1;
	if (3 * above < width)
		return 0;
	return 3 * above > 2 * width ? 2 : 1;
}

static void answer_make(struct measuring *m, const struct mark *mark, struct answer *answer)
{
	*answer = (struct answer){
		.question = arena_copy(&m->scratch, mark->texts[ANSWER_QUESTION]),
		.dimension = arena_copy(&m->scratch, mark->texts[ANSWER_DIMENSION]),
		.score = mark->numbers[ANSWER_SCORE],
		.expectation = mark->numbers[ANSWER_EXPECTATION],
		.min = mark->numbers[ANSWER_MIN],
		.max = mark->numbers[ANSWER_MAX],
		.weight = mark->numbers[ANSWER_WEIGHT],
		.told = mark->numbers[ANSWER_TOLD],
		.step = answer_step(mark),
	};
	/* Points off their own scale are a mistake of the form, and no points. */
	if ((answer->told & ANSWER_HAS_SCALE) != 0) {
		if (answer->score < answer->min || answer->score > answer->max)
			answer->told &= ~ANSWER_HAS_SCORE;
		if (answer->expectation < answer->min || answer->expectation > answer->max)
			answer->told &= ~ANSWER_HAS_EXPECTATION;
	}
}

enum ch_status measure_survey_take(struct measuring *m, struct slice key, const struct marks *marks)
{
	struct buffer names = {0};
	struct response *response = NULL;
	struct measure_subject subject = {0};
	uint64_t customer = 0;
	struct survey_fact *fact = malloc(sizeof(*fact));
	enum ch_status status = CH_NOMEM;
	if (fact == NULL)
		goto out;
	status = survey_fact_make(key, marks, &names, fact);
	if (status != CH_OK || fact->head == NULL || !measuring_in_history(m, fact->answered_us))
		goto out;
	status = measuring_group(
		m, fact->customer, fact->sequence, fact->answered_us, &subject.group, &customer);
	if (status != CH_OK)
		goto out;
	/* What the survey itself says about the group wins. */
	if (group_find(fact->told_group) != GROUP_UNKNOWN)
		subject.group = group_find(fact->told_group);
	subject.station = fact->station;
	subject.model = fact->model;
	status = measuring_by_repair(m, fact->repair, fact->answered_us, &subject);
	if (status != CH_OK || !measuring_admits(m, &subject))
		goto out;
	status = strata_keep(&m->strata, &subject);
	if (status != CH_OK)
		goto out;
	status = CH_NOMEM;
	response = list_add(&m->responses, sizeof(*response));
	if (response == NULL)
		goto out;
	*response = (struct response){
		.survey = arena_copy(&m->scratch, fact->survey),
		.wave = arena_copy(&m->scratch, fact->wave),
		.about = arena_copy(&m->scratch, fact->about),
		.stratum = subject.stratum,
		.customer = customer,
		.answered_us = fact->answered_us,
		.source = arena_copy(&m->scratch, fact->head->source),
		.id = arena_copy(&m->scratch, fact->head->id),
		.answers =
			arena_alloc(&m->scratch, (fact->answer_count + 1) * sizeof(struct answer)),
	};
	if (response->answers == NULL || response->id.data == NULL)
		goto out;
	for (size_t i = 0; i < fact->answer_count; i++)
		answer_make(m, fact->answers[i], &response->answers[response->answer_count++]);
	status = CH_OK;
out:
	buffer_fini(&names);
	free(fact);
	return status;
}

/* ---- Their order ---- */

static int response_same(const struct response *one, const struct response *other)
{
	if (one->customer != other->customer)
		return one->customer < other->customer ? -1 : 1;
	int order = slice_compare(one->survey, other->survey);
	if (order == 0)
		order = slice_compare(one->wave, other->wave);
	return order != 0 ? order : slice_compare(one->about, other->about);
}

static int response_order(const void *a, const void *b)
{
	const struct response *one = a;
	const struct response *other = b;
	int order = response_same(one, other);
	if (order != 0)
		return order;
	if (one->answered_us != other->answered_us)
		return one->answered_us < other->answered_us ? -1 : 1;
	order = slice_compare(one->source, other->source);
	return order != 0 ? order : slice_compare(one->id, other->id);
}

void responses_sort(struct response *responses, size_t count)
{
	if (count > 0)
		qsort(responses, count, sizeof(*responses), response_order);
	for (size_t i = 0; i + 1 < count; i++)
		responses[i].repeated = responses[i].customer != 0 &&
					response_same(&responses[i], &responses[i + 1]) == 0;
}

/* ---- What they come to ---- */

int64_t response_overall(
	const struct measuring *m, const struct response *response, const struct answer *except)
{
	struct slice asked = slice_text(m->settings->overall_question);
	__int128_t sum = 0;
	int64_t count = 0;
	for (size_t i = 0; i < response->answer_count; i++) {
		const struct answer *answer = &response->answers[i];
		if ((answer->told & ANSWER_HAS_SCORE) == 0 ||
			(answer->told & ANSWER_HAS_SCALE) == 0 || answer == except)
			continue;
		if (asked.len > 0 && !slice_equal(asked, answer->question))
			continue;
		sum += divide_round((__int128_t)(answer->score - answer->min) * MILLION,
			answer->max - answer->min);
		count++;
	}
	return count > 0 ? divide_round(sum, count) : -1;
}
