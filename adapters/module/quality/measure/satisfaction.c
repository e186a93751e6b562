#include "module/quality/measure/satisfaction.h"

#include "module/quality/fact/divide.h"

#define MILLION INT64_C(1000000)
#define PRECISE ((__int128_t)1000000000000)

int64_t index_points(const struct index_term *terms, size_t count)
{
	__int128_t sum = 0;
	__int128_t weights = 0;
	for (size_t i = 0; i < count; i++) {
		const struct score_sum *scores = &terms[i].scores;
		__int128_t whole = (__int128_t)scores->count * scores->width;
		if (terms[i].weight <= 0 || whole <= 0)
			continue;
		/* The whole part and the rest apart, so that nothing overflows. */
		__int128_t share = scores->sum / whole * PRECISE +
				   (scores->sum % whole * PRECISE + whole / 2) / whole;
		sum += share * terms[i].weight;
		weights += terms[i].weight;
	}
	return weights > 0 ? divide_round(sum * 100, weights * (PRECISE / MILLION)) : -1;
}

enum question_kind question_classify(const struct contrast *contrast, int64_t answers,
	int64_t points, int64_t *out_penalty, int64_t *out_reward)
{
	int64_t mean[3];
	for (int i = 0; i < 3; i++) {
		if (contrast->count[i] < answers || contrast->count[i] == 0)
			return QUESTION_UNKNOWN;
		mean[i] = divide_round(contrast->sum[i], contrast->count[i]);
	}
	*out_penalty = mean[1] - mean[0];
	*out_reward = mean[2] - mean[1];
	bool hurts = *out_penalty >= points * (MILLION / 100) && *out_penalty > 0;
	bool lifts = *out_reward >= points * (MILLION / 100) && *out_reward > 0;
	if (hurts)
		return lifts ? QUESTION_PERFORMANCE : QUESTION_BASIC;
	return lifts ? QUESTION_ATTRACTIVE : QUESTION_INDIFFERENT;
}
