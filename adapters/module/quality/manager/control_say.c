#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/table.h"
#include "carehub/v1/module.pb-c.h"
#include "module/quality/manager/control_part.h"
#include "module/quality/manager/stretch.h"

typedef Carehub__V1__QualityRuleViolated Violated;

#define SAY_DIGITS     6u       /* behind the point of values and limits */
#define SAY_MILLION    1000000L /* their scale */
#define SAY_EVENTS_MAX 32u      /* named of one violation */
#define SAY_RULES_MAX  5u

/* ---- What was said ---- */

static void say_key(const Violated *message, struct key *out_key)
{
	key_start(out_key);
	key_text(out_key, slice_text(message->chart_id));
	key_text(out_key, slice_text(message->chart_kind));
	key_text(out_key, slice_text(message->group));
}

/* NULL in *out_message: nothing was said of that point. */
static enum ch_status say_read(struct book_txn *txn, struct slice key, Violated **out_message)
{
	struct slice stored;
	enum ch_status status = book_get(txn, CONTROL_VIOLATIONS, key, &stored);
	*out_message = NULL;
	if (status == CH_NOT_FOUND)
		return CH_OK;
	if (status != CH_OK)
		return status;
	*out_message = carehub__v1__quality_rule_violated__unpack(NULL, stored.len, stored.data);
	return *out_message != NULL ? CH_OK : CH_CORRUPT;
}

static enum ch_status say_write(struct book_txn *txn, const Violated *message)
{
	struct key key;
	size_t size = carehub__v1__quality_rule_violated__get_packed_size(message);
	uint8_t *bytes = malloc(size + 1);
	if (bytes == NULL)
		return CH_NOMEM;
	(void)carehub__v1__quality_rule_violated__pack(message, bytes);
	say_key(message, &key);
	book_put(txn, CONTROL_VIOLATIONS, key_slice(&key), slice_of(bytes, size));
	free(bytes);
	return book_status(txn);
}

enum ch_status control_heard(struct book_txn *txn, const ProtobufCMessage *base)
{
	const Violated *message = (const void *)base;
	struct key key;
	Violated *before = NULL;
	say_key(message, &key);
	enum ch_status status = say_read(txn, key_slice(&key), &before);
	if (status == CH_OK && (before == NULL || before->revision < message->revision))
		status = say_write(txn, message);
	if (before != NULL)
		carehub__v1__quality_rule_violated__free_unpacked(before, NULL);
	return status;
}

/* The same rules, by the same events: there is nothing new to say. */
static bool say_is_known(const Violated *before, const Violated *now)
{
	if (before == NULL || before->withdrawn == CAREHUB__V1__ANSWER__ANSWER_YES ||
		before->n_rules != now->n_rules || before->n_events != now->n_events ||
		before->event_count != now->event_count)
		return false;
	for (size_t i = 0; i < now->n_rules; i++) {
		if (before->rules[i] != now->rules[i])
			return false;
	}
	for (size_t i = 0; i < now->n_events; i++) {
		if (strcmp(before->events[i]->id, now->events[i]->id) != 0 ||
			strcmp(before->events[i]->source, now->events[i]->source) != 0)
			return false;
	}
	return true;
}

/* Puts it into the outbox and into the table, in one transaction. */
static enum ch_status say_out(struct book_txn *txn, Violated *message, int64_t time_us)
{
	char revision[16];
	char id[VOICE_ID_BYTES];
	(void)snprintf(revision, sizeof(revision), "%" PRIu32, message->revision);
	const struct slice parts[] = {slice_text(message->chart_id),
		slice_text(message->chart_kind), slice_text(message->group), slice_text(revision)};
	voice_id("violation", parts, 4, id);
	const struct saying saying = {.type = "quality.rule.violated",
		.id = slice_text(id),
		.time_us = time_us,
		.message = &message->base};
	enum ch_status status = voice_say(txn, &saying);
	return status == CH_OK ? say_write(txn, message) : status;
}

/* ---- A violation as a message ---- */

/* All that the message points to. */
struct say_message {
	Violated message;
	uint32_t rules[SAY_RULES_MAX];
	Carehub__V1__Decimal numbers[4];
	Carehub__V1__EventRef refs[SAY_EVENTS_MAX];
	Carehub__V1__EventRef *events[SAY_EVENTS_MAX];
	struct buffer texts; /* NUL-terminated, one behind the other */
};

/* Where the text will stand in `texts`, which still moves. */
static size_t say_text(struct say_message *say, struct slice text)
{
	size_t at = say->texts.len;
	buffer_append_slice(&say->texts, text);
	buffer_append_byte(&say->texts, 0);
	return at;
}

static Carehub__V1__Decimal *say_number(
	Carehub__V1__Decimal *number, long double value, long double divisor)
{
	carehub__v1__decimal__init(number);
	number->unscaled = llroundl(value / divisor * SAY_MILLION);
	number->scale = SAY_DIGITS;
	return number;
}

static void say_numbers(
	struct say_message *say, const struct control_chart *chart, size_t item, size_t at)
{
	const struct chart *drawn = &chart->charts.items[item];
	long double divisor = chart->plan->divisor;
	say->message.value = say_number(&say->numbers[0], drawn->marks[at].value, divisor);
	say->message.center = say_number(&say->numbers[1], drawn->points[at].center, divisor);
	say->message.lower_limit = say_number(&say->numbers[2], drawn->points[at].low, divisor);
	say->message.upper_limit = say_number(&say->numbers[3], drawn->points[at].high, divisor);
}

/* The events of the point itself first, then those of the others of its patterns.  CH_NOMEM. */
static enum ch_status say_fill(struct say_message *say, const struct control_chart *chart,
	size_t item, unsigned rules, const size_t *behind, size_t behind_count)
{
	Violated *message = &say->message;
	struct buffer id = {0};
	size_t places[SAY_EVENTS_MAX][2];
	int64_t total = 0;
	carehub__v1__quality_rule_violated__init(message);
	buffer_clear(&say->texts);
	size_t chart_id = say_text(say, control_chart_id(chart, &id));
	size_t group = say_text(say, chart->samples.items[behind[0]].label);
	size_t stratum = say_text(say, chart->name);
	for (size_t i = 0; i < behind_count; i++) {
		const struct control_point *point = chart->points[behind[i]];
		total += point->event_total;
		for (size_t k = 0; k < point->event_count && message->n_events < SAY_EVENTS_MAX;
			k++) {
			places[message->n_events][0] = say_text(say, point->events[k].source);
			places[message->n_events++][1] = say_text(say, point->events[k].id);
		}
	}
	enum ch_status status = id.status != CH_OK ? id.status : say->texts.status;
	buffer_fini(&id);
	if (status != CH_OK)
		return status;
	char *texts = (char *)say->texts.data;
	for (size_t i = 0; i < message->n_events; i++) {
		carehub__v1__event_ref__init(&say->refs[i]);
		say->refs[i].source = texts + places[i][0];
		say->refs[i].id = texts + places[i][1];
		say->events[i] = &say->refs[i];
	}
	for (unsigned i = 0; i < SAY_RULES_MAX; i++) {
		if (rules & 1u << i)
			say->rules[message->n_rules++] = i + 1;
	}
	message->chart_id = texts + chart_id;
	message->chart_kind = (char *)(uintptr_t)control_kind(chart, item);
	message->group = texts + group;
	if (strcmp(chart->plan->stratum, "station") == 0)
		message->station_id = texts + stratum;
	else if (strcmp(chart->plan->stratum, "model") == 0)
		message->model = texts + stratum;
	message->rules = say->rules;
	message->events = say->events;
	message->event_count = total > UINT32_MAX ? UINT32_MAX : (uint32_t)total;
	say_numbers(say, chart, item, behind[0]);
	return CH_OK;
}

/* ---- Saying ---- */

struct say {
	struct book_txn *txn;
	const struct control *control;
	int64_t offset_us;
	int64_t grace_us;
	struct arena arena;
	struct table broken; /* keys of the points that break a rule */
	size_t said;
};

static enum ch_status say_note(struct say *say, struct slice key)
{
	struct slice copy = arena_copy(&say->arena, key);
	if (copy.data == NULL)
		return CH_NOMEM;
	enum ch_status status = table_put(&say->broken, copy, say);
	return status == CH_EXISTS ? CH_OK : status;
}

static enum ch_status say_point(
	struct say *say, struct say_message *message, const struct control_chart *chart, size_t at)
{
	struct key key;
	Violated *before = NULL;
	int64_t end_us = period_next(chart->plan->period, say->offset_us, chart->starts[at]);
	say_key(&message->message, &key);
	enum ch_status status = say_note(say, key_slice(&key));
	if (status == CH_OK)
		status = say_read(say->txn, key_slice(&key), &before);
	if (status == CH_OK && !say_is_known(before, &message->message)) {
		message->message.revision = before == NULL ? 1 : before->revision + 1;
		status = say_out(say->txn, &message->message, end_us + say->grace_us);
		say->said++;
	}
	if (before != NULL)
		carehub__v1__quality_rule_violated__free_unpacked(before, NULL);
	return status;
}

static enum ch_status say_chart(
	struct say *say, struct say_message *message, const struct control_chart *chart)
{
	enum ch_status status = CH_OK;
	for (size_t item = 0; item < chart->charts.count; item++) {
		for (size_t at = 0; status == CH_OK && at < chart->samples.count; at++) {
			size_t behind[CONTROL_PERIODS_MAX];
			size_t count;
			unsigned rules;
			if (!control_violated(chart, item, at, &rules, behind, &count))
				continue;
			status = say_fill(message, chart, item, rules, behind, count);
			if (status == CH_OK)
				status = say_point(say, message, chart, at);
		}
	}
	return status;
}

/* Whether the point is of a block that was judged now; its period in *out_stretch. */
static bool say_was_judged(
	const struct say *say, const Violated *message, struct stretch *out_stretch)
{
	for (size_t i = 0; i < CONTROL_PLANS; i++) {
		size_t len = strlen(control_plans[i].key);
		if (strncmp(message->chart_id, control_plans[i].key, len) != 0 ||
			message->chart_id[len] != '/')
			continue;
		return stretch_parse(slice_text(message->group), say->offset_us, out_stretch) ==
			       CH_OK &&
		       out_stretch->from_us >=
			       control_judged_from(say->control, (enum control_plan_id)i);
	}
	return false;
}

/* What was said and is no longer so. */
static enum ch_status say_withdrawals(struct say *say)
{
	struct slice none = {NULL, 0};
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	enum ch_status status = book_walk_begin(say->txn, CONTROL_VIOLATIONS, none, none, &walk);
	while (status == CH_OK && (status = book_walk_next(walk, &key, &value)) == CH_OK) {
		struct stretch stretch;
		if (table_get(&say->broken, key) != NULL)
			continue;
		Violated *message =
			carehub__v1__quality_rule_violated__unpack(NULL, value.len, value.data);
		if (message == NULL)
			status = CH_CORRUPT;
		else if (message->withdrawn != CAREHUB__V1__ANSWER__ANSWER_YES &&
			 say_was_judged(say, message, &stretch)) {
			message->withdrawn = CAREHUB__V1__ANSWER__ANSWER_YES;
			message->revision++;
			status = say_out(say->txn, message, stretch.until_us + say->grace_us);
			say->said++;
		}
		if (message != NULL)
			carehub__v1__quality_rule_violated__free_unpacked(message, NULL);
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

enum ch_status control_say(struct book_txn *txn, const struct control *control,
	const struct quality_settings *settings, int64_t grace_us, size_t *out_said)
{
	struct say say = {.txn = txn,
		.control = control,
		.offset_us = quality_offset_us(settings),
		.grace_us = grace_us};
	enum ch_status status = CH_NOMEM;
	struct say_message *message = calloc(1, sizeof(*message));
	table_init(&say.broken);
	arena_init(&say.arena);
	if (message == NULL)
		goto out;
	status = CH_OK;
	for (size_t i = 0; status == CH_OK && i < control_chart_count(control); i++)
		status = say_chart(&say, message, control_chart_at(control, i));
	if (status == CH_OK)
		status = say_withdrawals(&say);
	if (status == CH_OK)
		*out_said = say.said;
out:
	table_fini(&say.broken);
	arena_fini(&say.arena);
	if (message != NULL)
		buffer_fini(&message->texts);
	free(message);
	return status;
}
