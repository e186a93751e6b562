/* Responses to surveys, gathered before any is counted: one customer who answers twice about the same service is heard
 * once, and who is one customer is known only when all facts are. */
#ifndef QUALITY_SURVEY_RESPONSE_H
#define QUALITY_SURVEY_RESPONSE_H

#include "module/quality/measure/measuring.h"

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

/* In the order of customers and what they were asked about; of those of one customer about one service the last is heard,
 * and the others are marked as repeated. */
void responses_sort(struct response *responses, size_t count);

/* A person's overall impression, share in millionths: the question that asks for it, else the mean of his other answers;
 * -1: none.  `except` is left out. */
int64_t response_overall(
	const struct measuring *m, const struct response *response, const struct answer *except);

#endif
