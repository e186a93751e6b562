/* Satisfaction: questions, gaps, the weighted index.
 *
 * Responses are gathered first, because one customer who answers twice about
 * the same service is heard once, and who is one customer is known only now. */
#include <stdlib.h>

#include "carehub/v1/care.pb-c.h"
#include "module/quality/fact/divide.h"
#include "module/quality/measure/measuring.h"
#include "module/quality/measure/satisfaction.h"

#define MILLION INT64_C(1000000)

struct answer {
	struct slice question;
	struct slice dimension;
	int64_t score;
	int64_t expectation;
	int64_t min;
	int64_t max;
	int64_t weight;
	int64_t told;
	int step; /* 0 terrible, 1 so-so, 2 satisfied, -1 not told */
};

struct response {
	struct slice survey;
	struct slice wave;
	struct slice about;
	struct stratum stratum;
	uint64_t customer; /* 0: nobody known: never the same as another */
	int64_t answered_us;
	struct slice source; /* of the event, for the order of two at one time */
	struct slice id;
	bool repeated; /* a later word replaces it */
	size_t answer_count;
	struct answer *answers;
};

/* One question in one row of a cut, while it is counted. */
struct question_count {
	struct question_row row;
	struct score_sum scores;
	struct score_sum expected;
	int64_t points; /* sum of scores */
	int64_t perceived_points;
	int64_t expected_points;
	int64_t told_weight;
	int64_t told_weights;
	struct contrast contrast;
};

/* ---- Responses ---- */

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

/* Of those of one customer about one service the last is heard. */
static void response_mark_repeated(struct response *responses, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++)
		responses[i].repeated = responses[i].customer != 0 &&
					response_same(&responses[i], &responses[i + 1]) == 0;
}

/* ---- Counting ---- */

static void score_add(struct score_sum *sum, int64_t above, int64_t width)
{
	if (sum->width == 0)
		sum->width = width;
	/* A question whose scale has changed counts on the first one. */
	if (width != sum->width)
		above = divide_round((__int128_t)above * sum->width, width);
	sum->sum += above;
	sum->count++;
}

static void question_count_answer(
	struct question_count *count, const struct answer *answer, int64_t overall)
{
	int64_t width = answer->max - answer->min;
	bool scored = (answer->told & ANSWER_HAS_SCORE) != 0;
	bool scaled = (answer->told & ANSWER_HAS_SCALE) != 0;
	bool both = scored && (answer->told & ANSWER_HAS_EXPECTATION) != 0;
	count->row.terrible += answer->step == 0;
	count->row.so_so += answer->step == 1;
	count->row.satisfied += answer->step == 2;
	count->row.scored += scored;
	count->row.expected += both;
	count->points += scored ? answer->score : 0;
	count->perceived_points += both ? answer->score : 0;
	count->expected_points += both ? answer->expectation : 0;
	if (scored && scaled)
		score_add(&count->scores, answer->score - answer->min, width);
	if (both && scaled)
		score_add(&count->expected, answer->expectation - answer->min, width);
	if ((answer->told & ANSWER_HAS_WEIGHT) != 0) {
		count->told_weight += answer->weight;
		count->told_weights++;
	}
	if (answer->step >= 0 && overall >= 0) {
		count->contrast.sum[answer->step] += overall;
		count->contrast.count[answer->step]++;
	}
}

/* A person's overall impression, share in millionths: the question that asks
 * for it, else the mean of his other answers; -1: none. */
static int64_t response_overall(
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

static void question_add(struct measuring *m, struct rowset *rowset, const struct measure_key *key,
	const struct response *response, const struct answer *answer, int64_t overall)
{
	const struct slice more[] = {response->survey, answer->question};
	bool made;
	struct question_count *count = rowset_row(rowset, key, more, 2, &made);
	if (count == NULL)
		return;
	if (made) {
		count->row.survey = measuring_keep(m, response->survey);
		count->row.question = measuring_keep(m, answer->question);
	}
	if (count->row.dimension.len == 0 && answer->dimension.len > 0)
		count->row.dimension = measuring_keep(m, answer->dimension);
	question_count_answer(count, answer, overall);
}

static void index_add(struct measuring *m, enum cut cut, const struct measure_key *key,
	const struct response *response)
{
	bool made;
	struct index_row *row = rowset_row(&m->index[cut], key, &response->survey, 1, &made);
	if (row == NULL)
		return;
	if (made)
		row->survey = measuring_keep(m, response->survey);
	row->responses += !response->repeated;
	row->repeated += response->repeated;
}

static void response_count_in(struct measuring *m, enum cut cut, struct slice name,
	int64_t period_us, const struct response *response)
{
	const struct measure_key key = {.name = name, .period_us = period_us};
	if (!measuring_cuts(m, cut))
		return;
	index_add(m, cut, &key, response);
	for (size_t i = 0; i < response->answer_count && !response->repeated; i++) {
		const struct answer *answer = &response->answers[i];
		question_add(m, &m->question[cut], &key, response, answer,
			cut == CUT_ALL ? response_overall(m, response, answer) : -1);
	}
}

static void response_count(struct measuring *m, const struct response *response)
{
	const struct slice none = {NULL, 0};
	const struct measure_key all = {.name = none};
	struct measure_subject subject;
	int64_t period_us = period_start(m->request->unit, m->offset_us, response->answered_us);
	for (size_t i = 0; i < response->answer_count && !response->repeated; i++)
		question_add(m, &m->question_history, &all, response, &response->answers[i], -1);
	response_count_in(m, CUT_PERIOD, none, period_us, response);
	if (!measuring_in_stretch(m, response->answered_us))
		return;
	strata_subject(&m->strata, response->stratum, &subject);
	response_count_in(m, CUT_ALL, none, 0, response);
	response_count_in(m, CUT_STATION_PERIOD, subject.station, period_us, response);
	response_count_in(m, CUT_STATION, subject.station, 0, response);
	response_count_in(m, CUT_MODEL, subject.model, 0, response);
	response_count_in(m, CUT_GROUP, slice_text(group_name(subject.group)), 0, response);
	for (size_t i = 0; i < subject.part_count; i++)
		response_count_in(m, CUT_PART, subject.parts[i], 0, response);
	m->out->notes.responses_repeated += response->repeated;
}

/* ---- Weights ---- */

struct counts {
	struct question_count *items;
	size_t count;
};

/* The questions of one survey in CUT_ALL, which stand together. */
static struct counts counts_of_survey(const struct counts *all, struct slice survey)
{
	struct counts found = {0};
	for (size_t i = 0; i < all->count; i++) {
		if (!slice_equal(all->items[i].row.survey, survey))
			continue;
		if (found.count == 0)
			found.items = &all->items[i];
		found.count++;
	}
	return found;
}

/* Configured ones, when any question of the survey has one; else those the
 * survey tells; else equal ones. */
static void weights_settle(const struct measuring *m, struct counts *survey)
{
	int64_t sum = 0;
	bool configured = false;
	bool told = false;
	for (size_t i = 0; i < survey->count; i++) {
		configured |= quality_weight(m->settings, survey->items[i].row.question) > 0;
		told |= survey->items[i].told_weight > 0;
	}
	for (size_t i = 0; i < survey->count; i++) {
		struct question_count *count = &survey->items[i];
		int64_t weight = count->scores.count > 0 ? MILLION : 0;
		if (configured)
			weight = quality_weight(m->settings, count->row.question);
		else if (told)
			weight = divide_round(count->told_weight, count->told_weights);
		count->row.weight = weight > 0 ? weight : 0;
		sum += count->row.weight;
	}
	for (size_t i = 0; i < survey->count && sum > 0; i++)
		survey->items[i].row.weight =
			divide_round((__int128_t)survey->items[i].row.weight * MILLION, sum);
}

static int64_t weights_find(const struct counts *all, const struct question_row *row)
{
	struct counts survey = counts_of_survey(all, row->survey);
	for (size_t i = 0; i < survey.count; i++) {
		if (slice_equal(survey.items[i].row.question, row->question))
			return survey.items[i].row.weight;
	}
	return 0;
}

/* ---- Rows ---- */

static void question_settle(const struct measuring *m, struct question_count *count)
{
	struct question_row *row = &count->row;
	int64_t whole = count->scores.count * count->scores.width;
	row->mean_points = divide_round(count->points, row->scored);
	row->perceived_points = divide_round(count->perceived_points, row->expected);
	row->expected_points = divide_round(count->expected_points, row->expected);
	row->gap_points =
		divide_round(count->perceived_points - count->expected_points, row->expected);
	row->weighted_gap = divide_round(
		(__int128_t)(count->perceived_points - count->expected_points) * row->weight,
		(__int128_t)row->expected * MILLION);
	row->loss = whole > 0 ? divide_round((__int128_t)row->weight * (whole - count->scores.sum),
					whole)
			      : 0;
	row->kind = question_classify(&count->contrast, m->settings->kind_answers,
		m->settings->kind_points, &row->penalty, &row->reward);
}

/* The weights as they are, not rounded to a sum of one: the index divides by
 * their sum itself. */
static int64_t index_weight(
	const struct measuring *m, const struct counts *all, const struct question_row *row)
{
	struct counts survey = counts_of_survey(all, row->survey);
	for (size_t i = 0; i < survey.count; i++) {
		if (quality_weight(m->settings, survey.items[i].row.question) > 0)
			return quality_weight(m->settings, row->question);
	}
	return weights_find(all, row);
}

static bool index_has(const struct index_row *row, const struct question_row *question)
{
	return question->key.period_us == row->key.period_us &&
	       slice_equal(question->survey, row->survey) &&
	       slice_equal(question->key.name, row->key.name);
}

/* Questions stand in the order of the indexes they belong to: *at goes on where
 * the last one ended. */
static enum ch_status index_settle(struct measuring *m, const struct counts *all,
	const struct counts *cut, size_t *at, struct index_row *row)
{
	size_t end = *at;
	while (end < cut->count && index_has(row, &cut->items[end].row))
		end++;
	size_t count = end - *at;
	struct index_term *terms = calloc(2 * count + 1, sizeof(*terms));
	if (terms == NULL)
		return CH_NOMEM;
	struct index_term *expected = terms + count;
	for (size_t i = 0; i < count; i++) {
		const struct question_count *question = &cut->items[*at + i];
		terms[i].weight = index_weight(m, all, &question->row);
		terms[i].scores = question->scores;
		expected[i].weight = terms[i].weight;
		expected[i].scores = question->expected;
	}
	row->index_points = index_points(terms, count);
	row->expected_points = index_points(expected, count);
	free(terms);
	*at = end;
	return CH_OK;
}

/* The questions' counts become rows of the result. */
static enum ch_status question_copy(
	struct measuring *m, const struct counts *counts, struct question_table *out)
{
	out->rows = arena_alloc(m->arena, counts->count * sizeof(*out->rows) + 1);
	if (out->rows == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < counts->count; i++) {
		out->rows[i] = counts->items[i].row;
		out->rows[i].key.name = measuring_keep(m, out->rows[i].key.name);
	}
	out->count = counts->count;
	return CH_OK;
}

/* `all` are the questions whose weights it goes by; of CUT_ALL, its own. */
static enum ch_status cut_settle(struct measuring *m, const struct counts *all, enum cut cut)
{
	struct counts counts = *all;
	void *rows = NULL;
	enum ch_status status = CH_OK;
	if (cut != CUT_ALL) {
		status = rowset_finish(&m->question[cut], &rows, &counts.count);
		counts.items = rows;
		for (size_t i = 0; status == CH_OK && i < counts.count; i++)
			counts.items[i].row.weight = weights_find(all, &counts.items[i].row);
	}
	for (size_t i = 0; status == CH_OK && i < counts.count; i++)
		question_settle(m, &counts.items[i]);
	if (status == CH_OK)
		status = question_copy(m, &counts, &m->out->question[cut]);
	rows = NULL;
	if (status == CH_OK)
		status = rowset_finish(&m->index[cut], &rows, &m->out->index[cut].count);
	m->out->index[cut].rows = rows;
	size_t at = 0;
	for (size_t i = 0; status == CH_OK && i < m->out->index[cut].count; i++)
		status = index_settle(m, all, &counts, &at, &m->out->index[cut].rows[i]);
	return status;
}

/* ---- Dimensions ---- */

static struct dimension_row *dimension_find(struct measures *out, const struct question_row *row)
{
	for (size_t i = 0; i < out->dimension_count; i++) {
		struct dimension_row *dimension = &out->dimensions[i];
		if (slice_equal(dimension->survey, row->survey) &&
			slice_equal(dimension->dimension, row->dimension))
			return dimension;
	}
	out->dimensions[out->dimension_count] =
		(struct dimension_row){.survey = row->survey, .dimension = row->dimension};
	return &out->dimensions[out->dimension_count++];
}

static bool same_dimension(const struct dimension_row *dimension, const struct question_row *row)
{
	return slice_equal(dimension->survey, row->survey) &&
	       slice_equal(dimension->dimension, row->dimension);
}

/* Means over all answers of the dimension, whatever question they are to. */
static void dimension_settle(const struct counts *all, struct dimension_row *dimension)
{
	int64_t perceived = 0;
	int64_t expected = 0;
	for (size_t i = 0; i < all->count; i++) {
		const struct question_count *count = &all->items[i];
		if (!same_dimension(dimension, &count->row))
			continue;
		perceived += count->perceived_points;
		expected += count->expected_points;
		dimension->answers += count->row.expected;
		dimension->weight += count->row.weight;
		dimension->weighted_gap += count->row.weighted_gap;
	}
	dimension->perceived_points = divide_round(perceived, dimension->answers);
	dimension->expected_points = divide_round(expected, dimension->answers);
	dimension->gap_points = divide_round(perceived - expected, dimension->answers);
}

static void dimension_mark_first(struct measures *out)
{
	for (size_t i = 0; i < out->dimension_count; i++) {
		struct dimension_row *row = &out->dimensions[i];
		row->first = row->weighted_gap < 0;
		for (size_t k = 0; k < out->dimension_count; k++) {
			const struct dimension_row *other = &out->dimensions[k];
			bool before = other->weighted_gap < row->weighted_gap ||
				      (other->weighted_gap == row->weighted_gap && k < i);
			if (k != i && before && slice_equal(other->survey, row->survey))
				row->first = false;
		}
	}
}

static enum ch_status dimensions_make(struct measuring *m, const struct counts *all)
{
	m->out->dimensions = arena_alloc(m->arena, (all->count + 1) * sizeof(*m->out->dimensions));
	if (m->out->dimensions == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < all->count; i++) {
		if (all->items[i].row.expected > 0)
			(void)dimension_find(m->out, &all->items[i].row);
	}
	for (size_t i = 0; i < m->out->dimension_count; i++)
		dimension_settle(all, &m->out->dimensions[i]);
	dimension_mark_first(m->out);
	return CH_OK;
}

/* ---- All ---- */

/* The questions over everything, with their weights. */
static enum ch_status counts_weigh(
	struct measuring *m, struct rowset *rowset, struct counts *out_counts)
{
	struct counts counts = {0};
	void *rows = NULL;
	enum ch_status status = rowset_finish(rowset, &rows, &counts.count);
	counts.items = rows;
	for (size_t i = 0; status == CH_OK && i < counts.count;) {
		struct counts survey = counts_of_survey(&counts, counts.items[i].row.survey);
		weights_settle(m, &survey);
		i += survey.count;
	}
	if (status == CH_OK)
		*out_counts = counts;
	return status;
}

static void survey_rowsets(struct measuring *m)
{
	rowset_init(&m->question_history, &m->scratch, sizeof(struct question_count));
	for (int cut = 0; cut < CUT_COUNT; cut++) {
		rowset_init(&m->question[cut], &m->scratch, sizeof(struct question_count));
		rowset_init(&m->index[cut], m->arena, sizeof(struct index_row));
	}
}

enum ch_status measure_survey_end(struct measuring *m)
{
	struct response *responses = m->responses.items;
	struct counts all = {0};
	struct counts history = {0};
	survey_rowsets(m);
	if (m->responses.count > 0)
		qsort(responses, m->responses.count, sizeof(*responses), response_order);
	response_mark_repeated(responses, m->responses.count);
	for (size_t i = 0; i < m->responses.count; i++)
		response_count(m, &responses[i]);
	enum ch_status status = counts_weigh(m, &m->question[CUT_ALL], &all);
	if (status == CH_OK)
		status = counts_weigh(m, &m->question_history, &history);
	for (int cut = 0; cut < CUT_COUNT && status == CH_OK; cut++)
		status = cut_settle(m,
			cut == CUT_PERIOD || !measuring_cuts(m, CUT_ALL) ? &history : &all,
			(enum cut)cut);
	if (status == CH_OK)
		status = dimensions_make(m, &all);
	rowset_fini(&m->question_history);
	for (int cut = 0; cut < CUT_COUNT; cut++) {
		rowset_fini(&m->question[cut]);
		rowset_fini(&m->index[cut]);
	}
	return status;
}
