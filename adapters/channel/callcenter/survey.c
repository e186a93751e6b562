#include "channel/callcenter/survey.h"

#include <stdio.h>
#include <strings.h>

#include "base/text.h"

/* ---- The rules ---- */

const char *survey_rules_add(struct survey_rules *rules, struct slice text)
{
	struct survey_question question;
	struct slice rest = text_trim(text);
	if (!text_split(&rest, '=', &question.field) || rest.data == NULL)
		return "is not of the form FIELD=QUESTION";
	question.field = text_trim(question.field);
	(void)text_split(&rest, ':', &question.question); /* there is something */
	question.question = text_trim(question.question);
	question.dimension = text_trim(rest);
	if (question.field.len == 0 || question.question.len == 0)
		return "is not of the form FIELD=QUESTION";
	for (size_t i = 0; i < rules->count; i++) {
		if (slice_equal(rules->questions[i].field, question.field) ||
			slice_equal(rules->questions[i].question, question.question))
			return "names a field or a question twice";
	}
	if (rules->count == LIMIT_SURVEY_QUESTIONS)
		return "is one question too many";
	rules->questions[rules->count++] = question;
	return NULL;
}

/* The dash between two numbers, which may have signs. */
const char *survey_rules_scale(struct survey_rules *rules, struct slice text)
{
	struct decimal lowest;
	struct decimal highest;
	text = text_trim(text);
	const uint8_t *dash = text.len > 1 ? memchr(text.data + 1, '-', text.len - 1) : NULL;
	size_t at = dash != NULL ? (size_t)(dash - text.data) : text.len;
	if (decimal_parse(text_trim(slice_sub(text, 0, at)), &lowest) != CH_OK ||
		decimal_parse(text_trim(slice_sub(text, at + 1, SIZE_MAX)), &highest) != CH_OK)
		return "is not of the form LOWEST-HIGHEST";
	if (decimal_compare(lowest, highest) >= 0)
		return "ends where it begins, or before";
	rules->lowest = lowest;
	rules->highest = highest;
	return NULL;
}

/* ---- An event ---- */

static bool same_word(struct slice a, struct slice b)
{
	return a.len == b.len &&
	       (a.len == 0 || strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0);
}

/* The first under the key, as everywhere: what stands behind it may be anybody's. */
static const struct ami_field *survey_field(const struct ami_message *event, struct slice key)
{
	for (size_t i = 0; i < event->count && key.len > 0; i++) {
		if (same_word(event->fields[i].key, key))
			return &event->fields[i];
	}
	return NULL;
}

bool survey_is_told(const struct survey_rules *rules, const struct ami_message *event)
{
	return rules->event.len > 0 && same_word(ami_get(event, "UserEvent"), rules->event);
}

struct slice survey_name(const struct survey_rules *rules, const struct ami_message *event)
{
	const struct ami_field *field = survey_field(event, rules->name_field);
	struct slice name = field != NULL ? text_trim(field->value) : rules->name;
	return name.len > 0 ? name : rules->name;
}

struct slice survey_wave(const struct survey_rules *rules, const struct ami_message *event)
{
	const struct ami_field *field = survey_field(event, rules->wave_field);
	return field != NULL ? text_trim(field->value) : (struct slice){NULL, 0};
}

void survey_take(struct survey *survey, const struct ami_message *event,
	void (*refuse)(void *context, const char *reason), void *context)
{
	const struct survey_rules *rules = survey->rules;
	char reason[SURVEY_REASON_BYTES];
	char lowest[DECIMAL_TEXT_BYTES];
	char highest[DECIMAL_TEXT_BYTES];
	for (size_t i = 0; i < rules->count; i++) {
		const struct survey_question *question = &rules->questions[i];
		const struct ami_field *field = survey_field(event, question->field);
		struct survey_answer answer = {.told = true};
		if (field == NULL)
			continue;
		struct slice value = text_trim(field->value);
		answer.skipped = value.len == 0;
		if (!answer.skipped && (decimal_parse(value, &answer.score) != CH_OK ||
					       decimal_compare(answer.score, rules->lowest) < 0 ||
					       decimal_compare(answer.score, rules->highest) > 0)) {
			(void)snprintf(reason, sizeof(reason), "%.*s: is no number from %s to %s",
				(int)question->field.len, (const char *)question->field.data,
				decimal_format(rules->lowest, lowest),
				decimal_format(rules->highest, highest)); /* cut */
			refuse(context, reason);
			continue;
		}
		survey->answers[i] = answer;
	}
}

/* ---- The form ---- */

size_t survey_told(const struct survey *survey)
{
	size_t told = 0;
	for (size_t i = 0; i < survey->rules->count; i++)
		told += survey->answers[i].told;
	return told;
}

bool survey_is_complete(const struct survey *survey)
{
	return survey_told(survey) == survey->rules->count;
}
