/* Satisfaction: questions, gaps, the weighted index, over the responses that were gathered. */
#include <stdlib.h>

#include "module/quality/fact/divide.h"
#include "module/quality/measure/satisfaction.h"
#include "module/quality/measure/survey_response.h"

#define MILLION INT64_C(1000000)

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
	responses_sort(responses, m->responses.count);
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
