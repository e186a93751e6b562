#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/table.h"
#include "carehub/v1/module.pb-c.h"
#include "module/quality/fact/divide.h"
#include "module/quality/manager/publish_part.h"
#include "module/quality/quality_settings.h"

typedef Carehub__V1__QualityMeasurePublished Published;

#define SAY_DIGITS      6u /* behind the point of values */
#define SAY_MILLION     INT64_C(1000000)
#define SAY_SCOPE_BYTES (16u + LIMIT_FACT_TEXT_BYTES)

/* ---- What was said ---- */

static void published_key(const Published *message, struct key *out_key)
{
	key_start(out_key);
	key_text(out_key, slice_text(message->measure));
	key_text(out_key, slice_text(message->scope));
	key_text(out_key, slice_text(message->period_start_date));
}

/* NULL in *out_message: nothing was said of it. */
static enum ch_status published_read(
	struct book_txn *txn, struct slice key, Published **out_message)
{
	struct slice stored;
	enum ch_status status = book_get(txn, PUBLISHED_MEASURES, key, &stored);
	*out_message = NULL;
	if (status == CH_NOT_FOUND)
		return CH_OK;
	if (status != CH_OK)
		return status;
	*out_message =
		carehub__v1__quality_measure_published__unpack(NULL, stored.len, stored.data);
	return *out_message != NULL ? CH_OK : CH_CORRUPT;
}

static void published_free(Published *message)
{
	if (message != NULL)
		carehub__v1__quality_measure_published__free_unpacked(message, NULL);
}

static enum ch_status published_write(struct book_txn *txn, const Published *message)
{
	struct key key;
	size_t size = carehub__v1__quality_measure_published__get_packed_size(message);
	uint8_t *bytes = malloc(size + 1);
	if (bytes == NULL)
		return CH_NOMEM;
	(void)carehub__v1__quality_measure_published__pack(message, bytes);
	published_key(message, &key);
	book_put(txn, PUBLISHED_MEASURES, key_slice(&key), slice_of(bytes, size));
	free(bytes);
	return book_status(txn);
}

enum ch_status publish_heard(struct book_txn *txn, const ProtobufCMessage *base)
{
	const Published *message = (const void *)base;
	struct key key;
	Published *before = NULL;
	published_key(message, &key);
	enum ch_status status = published_read(txn, key_slice(&key), &before);
	if (status == CH_OK && (before == NULL || before->revision < message->revision))
		status = published_write(txn, message);
	published_free(before);
	return status;
}

/* Puts it into the outbox and into the table, in one transaction. */
static enum ch_status published_say(struct book_txn *txn, Published *message, int64_t time_us)
{
	char revision[16];
	char id[VOICE_ID_BYTES];
	(void)snprintf(revision, sizeof(revision), "%" PRIu32, message->revision);
	const struct slice parts[] = {slice_text(message->measure), slice_text(message->scope),
		slice_text(message->period_start_date), slice_text(revision)};
	voice_id("measure", parts, 4, id);
	const struct saying saying = {.type = "quality.measure.published",
		.id = slice_text(id),
		.time_us = time_us,
		.message = &message->base};
	enum ch_status status = voice_say(txn, &saying);
	return status == CH_OK ? published_write(txn, message) : status;
}

/* ---- A measure as a message ---- */

/* All that the message points to. */
struct publish_message {
	Published message;
	Carehub__V1__Decimal value;
	Carehub__V1__Decimal target;
	char scope[SAY_SCOPE_BYTES];
	char first_day[PERIOD_LABEL_BYTES];
	char last_day[PERIOD_LABEL_BYTES];
};

enum publish_scope { SCOPE_ALL, SCOPE_STATION, SCOPE_GROUP, SCOPES };

static void publish_scope(enum publish_scope scope, struct slice name, char out[SAY_SCOPE_BYTES])
{
	static const char *const prefixes[SCOPES] = {"all", "station:", "group:"};
	int len = name.len < LIMIT_FACT_TEXT_BYTES ? (int)name.len : (int)LIMIT_FACT_TEXT_BYTES;
	(void)snprintf(out, SAY_SCOPE_BYTES, "%s%.*s", prefixes[scope],
		scope == SCOPE_ALL ? 0 : len, name.len > 0 ? (const char *)name.data : "");
}

static void publish_decimal(Carehub__V1__Decimal *number, int64_t millionths)
{
	carehub__v1__decimal__init(number);
	number->unscaled = millionths;
	number->scale = SAY_DIGITS;
}

/* Counts as people know them: of an index its responses, not a hundred million to each. */
static void publish_counts(
	const struct promise *promise, struct ratio ratio, struct publish_message *out)
{
	Published *message = &out->message;
	bool mean = promise->unit != PROMISE_SHARE;
	if (promise->unit == PROMISE_POINTS)
		ratio.whole /= 100 * POINT_SCALE;
	message->numerator = ratio.part;
	message->denominator = ratio.whole;
	if (ratio.whole == 0)
		return;
	publish_decimal(&out->value,
		divide_round((__int128_t)ratio.part * (mean ? 1 : SAY_MILLION), ratio.whole));
	message->value = &out->value;
}

static void publish_target(const struct promise *promise, const struct quality_settings *settings,
	struct publish_message *out)
{
	struct kpi_rule rule;
	if (promise->kpi == PROMISE_NO_KPI ||
		!quality_kpi_rule(settings, kpi_name((enum kpi)promise->kpi), &rule))
		return;
	publish_decimal(
		&out->target, promise->unit == PROMISE_POINTS ? 100 * rule.target : rule.target);
	out->message.target = &out->target;
}

/* ---- Saying ---- */

struct publishing {
	struct publish_request request;
	const struct quality_settings *settings;
	int64_t offset_us;
	size_t promise; /* of promises: where it stands */
	enum publish_scope scope;
	struct takes takes; /* of that promise and scope */
	bool gathered;
	size_t at;
	struct arena arena;
	struct table there; /* keys of what there is now */
};

enum ch_status publishing_create(
	const struct publish_request *request, struct publishing **out_publishing)
{
	struct publishing *publishing = calloc(1, sizeof(*publishing));
	if (publishing == NULL)
		return CH_NOMEM;
	publishing->request = *request;
	publishing->settings = request->measures->request.settings;
	publishing->offset_us = quality_offset_us(publishing->settings);
	arena_init(&publishing->arena);
	table_init(&publishing->there);
	*out_publishing = publishing;
	return CH_OK;
}

void publishing_free(struct publishing *publishing)
{
	if (publishing == NULL)
		return;
	takes_free(&publishing->takes);
	table_fini(&publishing->there);
	arena_fini(&publishing->arena);
	free(publishing);
}

static enum ch_status publishing_note(struct publishing *publishing, struct slice key)
{
	struct slice copy = arena_copy(&publishing->arena, key);
	if (copy.data == NULL)
		return CH_NOMEM;
	enum ch_status status = table_put(&publishing->there, copy, publishing);
	return status == CH_EXISTS ? CH_OK : status;
}

/* What was taken, unless its month has not run out yet, or it is known. */
static enum ch_status publishing_say(struct publishing *publishing, struct book_txn *txn,
	const struct taken *taken, size_t *out_said)
{
	const struct promise *promise = &promises[publishing->promise];
	const struct publish_request *request = &publishing->request;
	struct publish_message say;
	struct key key;
	Published *before = NULL;
	int64_t end_us = period_next(PERIOD_MONTH, publishing->offset_us, taken->period_us);
	int64_t due_us =
		promise_ripe_us(promise, publishing->settings, end_us) + request->grace_ms * 1000;
	carehub__v1__quality_measure_published__init(&say.message);
	publish_scope(publishing->scope, taken->name, say.scope);
	say.message.measure = (char *)(uintptr_t)promise->published;
	say.message.scope = say.scope;
	say.message.period_start_date =
		period_label(PERIOD_DAY, publishing->offset_us, taken->period_us, say.first_day);
	say.message.period_end_date =
		period_label(PERIOD_DAY, publishing->offset_us, end_us - 1, say.last_day);
	say.message.as_of_sequence = request->as_of_sequence;
	publish_counts(promise, taken->ratio, &say);
	publish_target(promise, publishing->settings, &say);
	if (say.message.denominator == 0)
		return CH_OK;
	published_key(&say.message, &key);
	enum ch_status status = publishing_note(publishing, key_slice(&key));
	if (status != CH_OK || due_us > request->now_us)
		return status;
	status = published_read(txn, key_slice(&key), &before);
	if (status == CH_OK && (before == NULL || before->numerator != say.message.numerator ||
				       before->denominator != say.message.denominator)) {
		say.message.revision = before == NULL ? 1 : before->revision + 1;
		status = published_say(txn, &say.message, due_us);
		(*out_said)++;
	}
	published_free(before);
	return status;
}

/* The hotline's rows by period are those of its groups; no other's has a name. */
static enum ch_status publishing_gather_groups(
	const struct promise *promise, const struct measures *measures, struct takes *out_takes)
{
	struct takes takes = {.count = 0};
	struct taken taken;
	size_t count = 0;
	while (promise->take(measures, CUT_PERIOD, count, &taken))
		count++;
	takes.items = calloc(count + 1, sizeof(*takes.items));
	if (takes.items == NULL)
		return CH_NOMEM;
	for (size_t i = 0; promise->take(measures, CUT_PERIOD, i, &taken); i++) {
		if (taken.name.len > 0)
			takes.items[takes.count++] = taken;
	}
	*out_takes = takes;
	return CH_OK;
}

static enum ch_status publishing_gather(struct publishing *publishing)
{
	const struct promise *promise = &promises[publishing->promise];
	const struct measures *measures = publishing->request.measures;
	enum ch_status status = CH_OK;
	takes_free(&publishing->takes);
	publishing->at = 0;
	if (publishing->scope == SCOPE_GROUP)
		status = publishing_gather_groups(promise, measures, &publishing->takes);
	else
		status = takes_gather(promise, measures,
			publishing->scope == SCOPE_ALL ? CUT_PERIOD : CUT_STATION_PERIOD,
			&publishing->takes);
	publishing->gathered = status == CH_OK;
	return status;
}

/* The next of what there is; NULL in *out_taken: no more. */
static enum ch_status publishing_next(struct publishing *publishing, const struct taken **out_taken)
{
	*out_taken = NULL;
	while (publishing->promise < PROMISES) {
		if (!publishing->gathered) {
			enum ch_status status = publishing_gather(publishing);
			if (status != CH_OK)
				return status;
		}
		if (publishing->at < publishing->takes.count) {
			*out_taken = &publishing->takes.items[publishing->at];
			return CH_OK;
		}
		publishing->gathered = false;
		publishing->scope++;
		if (publishing->scope == SCOPES) {
			publishing->scope = SCOPE_ALL;
			publishing->promise++;
		}
	}
	return CH_OK;
}

/* Of the months that were looked at, what was said and is of nothing now. */
static enum ch_status publishing_say_gone(
	struct publishing *publishing, struct book_txn *txn, size_t *out_said)
{
	const struct measure_request *request = &publishing->request.measures->request;
	struct slice none = {NULL, 0};
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	enum ch_status status = book_walk_begin(txn, PUBLISHED_MEASURES, none, none, &walk);
	while (status == CH_OK && (status = book_walk_next(walk, &key, &value)) == CH_OK) {
		int64_t from_us;
		if (table_get(&publishing->there, key) != NULL)
			continue;
		Published *message =
			carehub__v1__quality_measure_published__unpack(NULL, value.len, value.data);
		if (message == NULL) {
			status = CH_CORRUPT;
		} else if (message->denominator != 0 &&
			   period_of_date(slice_text(message->period_start_date),
				   publishing->offset_us, &from_us) &&
			   from_us >= request->from_us && from_us < request->until_us) {
			message->numerator = 0;
			message->denominator = 0;
			if (message->value != NULL)
				carehub__v1__decimal__free_unpacked(message->value, NULL);
			message->value = NULL;
			message->as_of_sequence = publishing->request.as_of_sequence;
			message->revision++;
			status = published_say(txn, message,
				period_next(PERIOD_MONTH, publishing->offset_us, from_us));
			(*out_said)++;
		}
		published_free(message);
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

enum ch_status publishing_go_on(
	struct publishing *publishing, struct book_txn *txn, size_t most, size_t *out_said)
{
	enum ch_status status = CH_OK;
	for (size_t i = 0; status == CH_OK && i < most; i++) {
		const struct taken *taken;
		status = publishing_next(publishing, &taken);
		if (status == CH_OK && taken == NULL) {
			status = publishing_say_gone(publishing, txn, out_said);
			return status == CH_OK ? CH_END : status;
		}
		if (status == CH_OK)
			status = publishing_say(publishing, txn, taken, out_said);
		publishing->at++;
	}
	return status;
}
