/* What a caller answers to the exchange after his call, as the dial plan tells it:
 *
 *     UserEvent(CSAT,Score: 4)                         one question, or several in one event,
 *     UserEvent(CSAT,Survey: hotline,Manner: 5,Wave: 2026-Q4)     or one event each
 *
 * Which event, which of its fields are questions and on which scale they are is the site's to say.  All that one
 * channel tells of one questionnaire is one form: a question that is told again is corrected by it.  Fields that are no
 * question are nothing; a question whose value is no number of the scale is refused, the others are taken.
 *
 * Pure. */
#ifndef CALLCENTER_SURVEY_H
#define CALLCENTER_SURVEY_H

#include "base/decimal.h"
#include "base/limits.h"
#include "channel/callcenter/ami.h"

#define SURVEY_REASON_BYTES 200

struct survey_question {
	struct slice field; /* of the event */
	struct slice question;
	struct slice dimension; /* empty: none */
};

/* A zeroed one takes nothing. */
struct survey_rules {
	struct slice event;      /* the UserEvent's name */
	struct slice name;       /* of the questionnaire, where the event tells none */
	struct slice name_field; /* where it does */
	struct slice wave_field;
	struct decimal lowest;
	struct decimal highest;
	struct survey_question questions[LIMIT_SURVEY_QUESTIONS];
	size_t count;
};

struct survey_answer {
	bool told;
	bool skipped; /* asked, and no answer: an empty value */
	struct decimal score;
};

/* A form that is being filled in.  Texts are the exchange's bytes. */
struct survey {
	const struct survey_rules *rules;
	struct slice name;
	struct slice wave;
	struct survey_answer answers[LIMIT_SURVEY_QUESTIONS]; /* as the rules' questions */
};

/* "Score=overall", "Manner=manner:staff": one more question; "1-5": the scale.  NULL: taken; else what is wrong with
 * it.  The texts must outlive the rules. */
const char *survey_rules_add(struct survey_rules *rules, struct slice text);
const char *survey_rules_scale(struct survey_rules *rules, struct slice text);

/* Whether an event tells answers. */
bool survey_is_told(const struct survey_rules *rules, const struct ami_message *event);

/* Which questionnaire it is about, and which round of asking; slices of the event or of the rules. */
struct slice survey_name(const struct survey_rules *rules, const struct ami_message *event);

struct slice survey_wave(const struct survey_rules *rules, const struct ami_message *event);

/* Takes the event's answers; `refuse` is called for each that is none, with a reason that holds no value. */
void survey_take(struct survey *survey, const struct ami_message *event,
	void (*refuse)(void *context, const char *reason), void *context);

/* How many questions it has something to, and whether that is all. */
size_t survey_told(const struct survey *survey);
bool survey_is_complete(const struct survey *survey);

#endif
