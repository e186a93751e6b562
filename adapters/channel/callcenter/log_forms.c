#include "channel/callcenter/log_forms.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/table.h"
#include "base/text.h"
#include "channel/callcenter/ami.h"

/* Answers, and what else the site may want to say with them. */
#define FIELDS (1 + 2 * LIMIT_SURVEY_QUESTIONS)

struct log_form {
	struct log_form *older; /* by last answer */
	struct log_form *newer;
	struct survey survey; /* its texts are of `bytes`, but for the wave */
	struct slice key;     /* channel, line end, name */
	struct slice uniqueid;
	struct slice queue;
	struct slice number;
	struct slice agent;
	char *wave;
	int64_t first_s;
	int64_t last_s;
	uint8_t bytes[];
};

struct log_forms {
	const struct survey_rules *rules;
	struct queue_log_listener listener;
	struct table forms; /* by key */
	struct log_form *oldest;
	struct log_form *newest;
	struct buffer key; /* of the line under way */
};

static struct slice form_text(struct slice text)
{
	return slice_sub(text, 0, LIMIT_CALL_TEXT_BYTES);
}

/* ---- A form ---- */

static void form_unlink(struct log_forms *forms, struct log_form *form)
{
	*(form->older != NULL ? &form->older->newer : &forms->oldest) = form->newer;
	*(form->newer != NULL ? &form->newer->older : &forms->newest) = form->older;
}

static void form_link(struct log_forms *forms, struct log_form *form)
{
	form->newer = NULL;
	form->older = forms->newest;
	*(form->older != NULL ? &form->older->newer : &forms->oldest) = form;
	forms->newest = form;
}

static void form_free(struct log_forms *forms, struct log_form *form)
{
	(void)table_remove(&forms->forms, form->key); /* it is there */
	form_unlink(forms, form);
	free(form->wave);
	free(form);
}

/* Tells it, and forgets it. */
static void form_end(struct log_forms *forms, struct log_form *form)
{
	const struct call_record record = {
		.outcome = CALL_SURVEYED,
		.call_id = form->uniqueid,
		.uniqueid = form->uniqueid,
		.queue = form->queue,
		.caller_number = form->number,
		.agent_name = form->agent,
		.start_us = form->first_s * 1000000,
		.end_us = form->last_s * 1000000,
		.survey = &form->survey,
	};
	form->survey.wave = slice_text(form->wave);
	if (survey_told(&form->survey) > 0)
		forms->listener.surveyed(forms->listener.context, &record);
	form_free(forms, form);
}

static struct slice form_put(uint8_t **at, struct slice text)
{
	uint8_t *copy = *at;
	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	*at += text.len;
	return slice_of(copy, text.len);
}

static struct log_form *form_create(struct log_forms *forms, const struct queue_line *line,
	struct slice name, const struct call_record *served)
{
	struct slice queue = form_text(served->queue);
	struct slice number = form_text(served->caller_number);
	struct slice agent = form_text(served->agent_name);
	struct slice key = buffer_slice(&forms->key);
	if (forms->forms.count >= LIMIT_CALLS)
		form_end(forms, forms->oldest);
	struct log_form *form =
		calloc(1, sizeof(*form) + key.len + queue.len + number.len + agent.len);
	if (form == NULL)
		return NULL;
	uint8_t *at = form->bytes;
	form->key = form_put(&at, key);
	form->queue = form_put(&at, queue);
	form->number = form_put(&at, number);
	form->agent = form_put(&at, agent);
	form->uniqueid = slice_sub(form->key, 0, line->uniqueid.len);
	form->survey.rules = forms->rules;
	form->survey.name = slice_sub(form->key, key.len - name.len, name.len);
	form->first_s = line->time_s;
	if (table_put(&forms->forms, form->key, form) != CH_OK) {
		free(form);
		return NULL;
	}
	form_link(forms, form);
	return form;
}

/* ---- A line ---- */

/* "Score: 4,Wave: 2026-Q4", as UserEvent() takes it, or with the log's own sign between; as that event. */
static struct ami_message line_event(
	const struct queue_line *line, struct ami_field fields[static FIELDS])
{
	struct ami_message event = {.kind = AMI_EVENT, .fields = fields};
	struct slice rest = line->rest;
	fields[event.count++] = (struct ami_field){SLICE_LITERAL("UserEvent"), line->event};
	while (rest.len > 0 && event.count < FIELDS) {
		size_t len = 0;
		while (len < rest.len && rest.data[len] != ',' && rest.data[len] != '|')
			len++;
		struct slice value = slice_sub(rest, 0, len);
		struct ami_field *field = &fields[event.count];
		rest = slice_sub(rest, len + 1, SIZE_MAX);
		if (!text_split(&value, ':', &field->key) || value.data == NULL)
			continue; /* says nothing */
		field->key = text_trim(field->key);
		field->value = value;
		event.count++;
	}
	return event;
}

bool log_forms_is_told(const struct log_forms *forms, const struct queue_line *line)
{
	const struct ami_field name = {SLICE_LITERAL("UserEvent"), line->event};
	const struct ami_message event = {.kind = AMI_EVENT, .fields = &name, .count = 1};
	return survey_is_told(forms->rules, &event);
}

struct refusal {
	struct log_forms *forms;
	const struct queue_line *line;
};

static void line_refuse(void *context, const char *reason)
{
	const struct refusal *at = context;
	at->forms->listener.refused(at->forms->listener.context, at->line->uniqueid, reason);
}

enum ch_status log_forms_take(
	struct log_forms *forms, const struct queue_line *line, const struct call_record *served)
{
	struct ami_field fields[FIELDS];
	const struct ami_message event = line_event(line, fields);
	struct slice name = form_text(survey_name(forms->rules, &event));
	struct slice wave = form_text(survey_wave(forms->rules, &event));
	struct refusal at = {forms, line};
	buffer_clear(&forms->key);
	buffer_append_slice(&forms->key, line->uniqueid);
	buffer_append_byte(&forms->key, '\n');
	buffer_append_slice(&forms->key, name);
	if (forms->key.status != CH_OK)
		return CH_NOMEM;
	struct log_form *form = table_get(&forms->forms, buffer_slice(&forms->key));
	if (form == NULL)
		form = form_create(forms, line, name, served);
	if (form == NULL)
		return CH_NOMEM;
	if (form->wave == NULL && wave.len > 0)
		form->wave = strndup((const char *)wave.data, wave.len); /* else without */
	form->last_s = line->time_s;
	form_unlink(forms, form);
	form_link(forms, form);
	survey_take(&form->survey, &event, line_refuse, &at);
	return CH_OK;
}

/* ---- Rest ---- */

/* All are looked at: one of a clock that was ahead waits until that time has come, and holds up no other. */
void log_forms_tend(struct log_forms *forms, int64_t now_s)
{
	struct log_form *next = NULL;
	for (struct log_form *form = forms->oldest; form != NULL; form = next) {
		next = form->newer;
		if (now_s - form->last_s >= QUEUE_LOG_FORM_S)
			form_end(forms, form);
	}
}

void log_forms_end(struct log_forms *forms)
{
	while (forms->oldest != NULL)
		form_end(forms, forms->oldest);
}

size_t log_forms_open(const struct log_forms *forms)
{
	return forms->forms.count;
}

/* ---- Life ---- */

enum ch_status log_forms_create(const struct survey_rules *rules,
	const struct queue_log_listener *listener, struct log_forms **out_forms)
{
	struct log_forms *forms = calloc(1, sizeof(*forms));
	if (forms == NULL)
		return CH_NOMEM;
	forms->rules = rules;
	forms->listener = *listener;
	table_init(&forms->forms);
	*out_forms = forms;
	return CH_OK;
}

void log_forms_free(struct log_forms *forms)
{
	if (forms == NULL)
		return;
	while (forms->oldest != NULL)
		form_free(forms, forms->oldest);
	table_fini(&forms->forms);
	buffer_fini(&forms->key);
	free(forms);
}
