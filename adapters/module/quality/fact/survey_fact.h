/* Answered surveys.  A form that is sent again (the same response) replaces what it said before as a whole; one
 * customer who fills in the same survey twice about the same service is heard once, with his last word
 * (measure_satisfaction.c decides that, when it is known who is who). */
#ifndef QUALITY_SURVEY_FACT_H
#define QUALITY_SURVEY_FACT_H

#include "module/quality/fact/facts.h"

extern const struct module_part survey_part;

/* Marks of FACT_RESPONSES. */
enum survey_mark { SURVEY_HEAD = 1, SURVEY_ANSWER = 2 };

enum survey_head_text {
	SURVEY_STATION,
	SURVEY_GROUP,
	SURVEY_ABOUT,
	SURVEY_MODEL,
	SURVEY_REPAIR,
};
enum survey_answer_text { ANSWER_QUESTION, ANSWER_DIMENSION };

/* Points in millionths. */
enum survey_answer_number {
	ANSWER_SCORE,
	ANSWER_EXPECTATION,
	ANSWER_MIN,
	ANSWER_MAX,
	ANSWER_WEIGHT,
	ANSWER_SATISFACTION,
	ANSWER_TOLD, /* the bits below */
};
#define ANSWER_HAS_SCORE       1
#define ANSWER_HAS_EXPECTATION 2
#define ANSWER_HAS_SCALE       4
#define ANSWER_HAS_WEIGHT      8

struct survey_fact {
	struct slice survey;
	struct slice wave;
	struct slice station;
	struct slice model;
	struct slice told_group;
	struct slice about;  /* the repair, case, call or order it follows */
	struct slice repair; /* the first of these, where it is one */
	int64_t answered_us;
	uint64_t customer;
	uint64_t sequence;
	const struct mark *head;
	size_t answer_count;
	const struct mark *answers[LIMIT_FACT_MARKS];
};

/* Texts look into `names` and the marks.  CH_CORRUPT: the key is none of this table. */
enum ch_status survey_fact_make(struct slice key, const struct marks *marks, struct buffer *names,
	struct survey_fact *out_fact);

#endif
