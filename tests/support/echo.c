#include "support/echo.h"

#include "base/invariant.h"
#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/module.pb-c.h"

struct echo echo_now;

static const char *const tables[ECHO_TABLES] = {"feedback", "heard"};
static const char *const topics[] = {"website.feedback.given", "quality.measure.published"};

static struct slice echo_key(struct key *key, const char *id)
{
	key_start(key);
	key_text(key, slice_text(id));
	return key_slice(key);
}

static enum ch_status echo_answer(
	struct book_txn *txn, const struct feed_event *event, char *feedback_id)
{
	char id[VOICE_ID_BYTES];
	char measure[] = "answer";
	struct slice part = slice_text(feedback_id);
	Carehub__V1__QualityMeasurePublished said = CAREHUB__V1__QUALITY_MEASURE_PUBLISHED__INIT;
	voice_id("answer", &part, 1, id);
	said.measure = measure;
	said.scope = feedback_id;
	return voice_say(txn, &(struct saying){.type = "quality.measure.published",
				      .id = slice_text(id),
				      .time_us = event->occurred_us,
				      .cause = event,
				      .message = &said.base});
}

static enum ch_status echo_fold_feedback(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	struct key key;
	struct echo *echo = self;
	const Carehub__V1__FeedbackGiven *given = (const void *)event->message;
	if (strncmp(given->feedback_id, "bad", 3) == 0)
		return CH_INVALID;
	book_put(txn, ECHO_FEEDBACK, echo_key(&key, given->feedback_id),
		slice_of(event->stamp.bytes, STAMP_BYTES));
	echo->remembered++;
	return echo_answer(txn, event, given->feedback_id);
}

static enum ch_status echo_fold_heard(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	struct key key;
	const Carehub__V1__QualityMeasurePublished *said = (const void *)event->message;
	(void)self;
	invariant(event->own);
	book_put(txn, ECHO_HEARD, echo_key(&key, said->scope), slice_of("", 0));
	return CH_OK;
}

static enum ch_status echo_open(
	const void *config, struct metrics *metrics, struct problems *problems, void **out_self)
{
	(void)config;
	(void)metrics;
	(void)problems;
	*out_self = &echo_now;
	return CH_OK;
}

static enum ch_status echo_begin(void *self, struct book_txn *txn)
{
	struct echo *echo = self;
	echo->begun++;
	echo->remembered = book_count(txn, ECHO_FEEDBACK);
	return CH_OK;
}

static enum ch_status echo_settle(void *self, struct book_txn *txn, bool live)
{
	struct echo *echo = self;
	echo->settled++;
	echo->settled_live += live;
	/* What is in memory is what is in the book, whatever was repeated. */
	invariant(echo->remembered == book_count(txn, ECHO_FEEDBACK));
	return CH_OK;
}

static enum ch_status echo_tend(void *self, struct module_turn *turn)
{
	struct echo *echo = self;
	invariant(turn->feed.caught_up);
	echo->tended++;
	return CH_OK;
}

static const struct module_fold folds[] = {
	{"website.feedback.given", echo_fold_feedback},
	{"quality.measure.*", echo_fold_heard},
};

static const struct module_part part = {.name = "echo",
	.folds = folds,
	.fold_count = sizeof(folds) / sizeof(*folds),
	.open = echo_open,
	.begin = echo_begin,
	.settle = echo_settle,
	.tend = echo_tend};

static const struct module_part *const parts[] = {&part};

const struct module echo_module = {.program = "carehub-echo",
	.source = "/carehub/echo",
	.subscription = "echo",
	.book = "/var/lib/carehub/echo",
	.topics = topics,
	.topic_count = sizeof(topics) / sizeof(*topics),
	.tables = tables,
	.table_count = ECHO_TABLES,
	.version = 1,
	.parts = parts,
	.part_count = 1};
