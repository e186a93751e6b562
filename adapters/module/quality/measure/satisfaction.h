/* The arithmetic of satisfaction, in whole numbers.  Pure; values in millionths unless said otherwise. */
#ifndef QUALITY_SATISFACTION_H
#define QUALITY_SATISFACTION_H

#include <stddef.h>
#include <stdint.h>

#include "module/quality/measure/measure.h"

/* Answers to one question on one scale. */
struct score_sum {
	int64_t sum; /* of (score - lowest) */
	int64_t count;
	int64_t width; /* of the scale: highest - lowest; above 0 */
};

/* One term of the index. */
struct index_term {
	int64_t weight;
	struct score_sum scores;
};

/* The ACSI form: sum of w (mean - lowest) / (highest - lowest), over the sum of w, times 100; in millionths
 * of a point, half up.  Terms without answers or weight take no part; -1: none is left.  Each term is exact to
 * 15 digits, so that what is printed is right to its last. */
int64_t index_points(const struct index_term *terms, size_t count);

/* Penalty and reward (Brandt 1987) of one question: the mean overall impression, shares in millionths, of those
 * who found it terrible, so-so and good.  A difference below `points` of 100 is none; a class with fewer than
 * `answers` says nothing. */
struct contrast {
	int64_t sum[3]; /* of overall shares: terrible, so-so, satisfied */
	int64_t count[3];
};
enum question_kind question_classify(const struct contrast *contrast, int64_t answers,
	int64_t points, int64_t *out_penalty, int64_t *out_reward);

#endif
