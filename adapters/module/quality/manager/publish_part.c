#include "module/quality/manager/publish_part.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "module/quality/manager/pace.h"
#include "module/quality/quality_settings.h"

/* Records in one piece of the walk, measures in one transaction: some milliseconds. */
#define PUBLISH_PIECE 2000u
#define PUBLISH_BATCH 500u

struct publish_settings {
	int64_t every_ms;
	int64_t grace_ms;
	int64_t months;
};

/* What is counted of the newest pass. */
struct publish_gauges {
	struct metric *said;
	struct metric *part[PROMISES]; /* of the newest month that has run out */
	struct metric *whole[PROMISES];
	struct metric *open[AGE_BANDS]; /* repairs */
	struct metric *open_waiting;
	struct metric *complaints;
	struct metric *callbacks;
	struct metric *parts;
};

struct publish_work {
	const struct publish_settings *settings;
	struct publish_gauges gauges;
	struct pace pace;
	struct measuring *measuring; /* of the pass under way, first this, */
	struct measures *measures;   /* then these */
	struct publishing *publishing;
	size_t said;
};

static const struct option publish_options[] = {
	{.name = "quality.measure_every",
		.type = OPTION_MS,
		.at = offsetof(struct publish_settings, every_ms),
		.min = 100,
		.max = INT64_C(604800000),
		.initial = "1h",
		.help = "Measures of months that are over are reckoned so often at most, when facts have "
			"changed, and when a\nday has ended.  The metrics are those of the same pass."},
	{.name = "quality.measure_grace",
		.type = OPTION_MS,
		.at = offsetof(struct publish_settings, grace_ms),
		.max = INT64_C(2592000000),
		.initial = "1d",
		.help = "A measure is published so long after its month has run out; what comes later is "
			"told as its next\nrevision."},
	{.name = "quality.measure_months",
		.type = OPTION_NUMBER,
		.at = offsetof(struct publish_settings, months),
		.min = 1,
		.max = 120,
		.initial = "13",
		.help = "Measures of so many months are told and corrected; older ones stay as they were "
			"said."},
};

/* ---- Folding ---- */

static enum ch_status publish_fold_changed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	struct publish_work *work = self;
	(void)txn;
	(void)event;
	work->pace.dirty = true;
	return CH_OK;
}

static enum ch_status publish_fold_said(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	(void)self;
	return event->own ? publish_heard(txn, event->message) : CH_OK;
}

/* All that the facts fold, and who is who. */
static const struct module_fold publish_folds[] = {
	{"repair.>", publish_fold_changed},
	{"parts.>", publish_fold_changed},
	{"callcenter.>", publish_fold_changed},
	{"website.>", publish_fold_changed},
	{"pos.>", publish_fold_changed},
	{"deadline.promise.*", publish_fold_changed},
	{"reference.price.published", publish_fold_changed},
	{"customer.record.*", publish_fold_changed},
	{"quality.measure.published", publish_fold_said},
};

/* ---- Life ---- */

static void publish_drop(struct publish_work *work)
{
	publishing_free(work->publishing);
	measuring_free(work->measuring);
	measures_free(work->measures);
	work->publishing = NULL;
	work->measuring = NULL;
	work->measures = NULL;
}

static void publish_gauges_make(struct publish_gauges *gauges, struct metrics *metrics)
{
	gauges->said = metric_counter(metrics, "carehub_module_measures_said",
		"Measures of months that were said, or told again.", NULL);
	for (size_t i = 0; i < PROMISES; i++) {
		gauges->part[i] = metric_gauge(metrics, "carehub_module_measure_part",
			"Cases that a measure counts, of the newest month that has run out.",
			"measure", promises[i].published, NULL);
		gauges->whole[i] = metric_gauge(metrics, "carehub_module_measure_whole",
			"Cases that it counts them of.", "measure", promises[i].published, NULL);
	}
	for (size_t i = 0; i < AGE_BANDS; i++) {
		char age[24] = "longer";
		if (i < AGE_BANDS - 1)
			(void)snprintf(age, sizeof(age), "%d", (int)age_band_days[i]);
		gauges->open[i] = metric_gauge(metrics, "carehub_module_open_repairs",
			"Repairs that are open, by their age up to so many days.", "days", age,
			NULL);
	}
	gauges->open_waiting = metric_gauge(metrics, "carehub_module_open_repairs_waiting",
		"Those of them that wait for their customers.", NULL);
	gauges->complaints = metric_gauge(metrics, "carehub_module_open_complaints",
		"Complaints that are not answered or not closed.", NULL);
	gauges->callbacks = metric_gauge(metrics, "carehub_module_callbacks_due",
		"Call-backs after service that are due and not done.", NULL);
	gauges->parts = metric_gauge(metrics, "carehub_module_parts_overdue",
		"Lines of parts that were requested and are over their promise.", NULL);
}

static enum ch_status publish_open(
	const void *config, struct metrics *metrics, struct problems *problems, void **out_self)
{
	struct publish_work *work = calloc(1, sizeof(*work));
	(void)problems;
	if (work == NULL)
		return CH_NOMEM;
	work->settings = config;
	if (metrics != NULL)
		publish_gauges_make(&work->gauges, metrics);
	*out_self = work;
	return CH_OK;
}

static enum ch_status publish_begin(void *self, struct book_txn *txn)
{
	struct publish_work *work = self;
	(void)txn;
	publish_drop(work);
	work->pace.dirty = true;
	return CH_OK;
}

static void publish_close(void *self)
{
	struct publish_work *work = self;
	if (work == NULL)
		return;
	publish_drop(work);
	free(work);
}

/* ---- A pass ---- */

/* The months that were over a grace ago. */
static enum ch_status publish_start(
	struct publish_work *work, const struct quality_settings *settings, int64_t now_us)
{
	int64_t offset_us = quality_offset_us(settings);
	int64_t until_us =
		period_start(PERIOD_MONTH, offset_us, now_us - work->settings->grace_ms * 1000);
	const struct measure_request request = {.settings = settings,
		.from_us = period_add_months(offset_us, until_us, -work->settings->months),
		.until_us = until_us,
		.as_of_us = now_us,
		.unit = PERIOD_MONTH,
		.cuts = 1u << CUT_ALL | 1u << CUT_PERIOD | 1u << CUT_STATION_PERIOD};
	enum ch_status status = measuring_create(&request, &work->measuring);
	if (status == CH_OK)
		pace_begin(&work->pace, now_us);
	work->said = 0;
	return status;
}

static void publish_count_promise(struct publish_work *work, size_t at, int64_t now_us)
{
	const struct measure_request *request = &work->measures->request;
	int64_t offset_us = quality_offset_us(request->settings);
	struct takes takes = {.count = 0};
	struct ratio newest = {0, 0};
	if (takes_gather(&promises[at], work->measures, CUT_PERIOD, &takes) != CH_OK)
		return; /* counting is never a reason to fail */
	for (size_t i = 0; i < takes.count; i++) {
		int64_t end_us = period_next(PERIOD_MONTH, offset_us, takes.items[i].period_us);
		if (promise_ripe_us(&promises[at], request->settings, end_us) <= now_us)
			newest = takes.items[i].ratio;
	}
	takes_free(&takes);
	metric_set(work->gauges.part[at], newest.part);
	metric_set(work->gauges.whole[at], newest.whole);
}

static void publish_count(struct publish_work *work, int64_t now_us)
{
	const struct measures *measures = work->measures;
	const struct repair_table *repairs = &measures->repair[CUT_ALL];
	const struct supply_table *supply = &measures->supply[CUT_ALL];
	for (size_t i = 0; i < PROMISES; i++)
		publish_count_promise(work, i, now_us);
	for (size_t i = 0; i < AGE_BANDS; i++)
		metric_set(work->gauges.open[i],
			repairs->count > 0 ? repairs->rows[0].open_by_age[i] : 0);
	metric_set(
		work->gauges.open_waiting, repairs->count > 0 ? repairs->rows[0].open_waiting : 0);
	metric_set(work->gauges.complaints, measures->open_case_total);
	metric_set(work->gauges.callbacks, measures->callback_due_total);
	metric_set(work->gauges.parts, supply->count > 0 ? supply->rows[0].overdue : 0);
}

/* All is reckoned: what of it is to be said? */
static enum ch_status publish_reckoned(struct publish_work *work, const struct module_turn *turn)
{
	work->measures = measuring_take(work->measuring);
	measuring_free(work->measuring);
	work->measuring = NULL;
	publish_count(work, turn->now_us);
	const struct publish_request request = {.measures = work->measures,
		.now_us = turn->now_us,
		.grace_ms = work->settings->grace_ms,
		.as_of_sequence = turn->feed.position};
	return publishing_create(&request, &work->publishing);
}

static enum ch_status publish_measure(struct publish_work *work, const struct module_turn *turn)
{
	struct book_txn *txn = NULL;
	enum ch_status status = book_begin(turn->book, false, &txn);
	if (status == CH_OK)
		status = measuring_go_on(work->measuring, txn, PUBLISH_PIECE);
	book_abort(txn);
	return status == CH_END ? publish_reckoned(work, turn) : status;
}

/* CH_END: the pass is over. */
static enum ch_status publish_say(struct publish_work *work, const struct module_turn *turn)
{
	struct book_txn *txn = NULL;
	size_t said = 0;
	enum ch_status status = book_begin(turn->book, true, &txn);
	if (status != CH_OK)
		return status;
	status = publishing_go_on(work->publishing, txn, PUBLISH_BATCH, &said);
	if (status != CH_OK && status != CH_END) {
		book_abort(txn);
		return status;
	}
	enum ch_status committed = book_commit(txn);
	if (committed != CH_OK)
		return committed;
	metric_add(work->gauges.said, (int64_t)said);
	work->said += said;
	if (status == CH_END && work->said > 0)
		log_info("quality.measures", "said=%zu", work->said);
	return status;
}

static enum ch_status publish_tend(void *self, struct module_turn *turn)
{
	struct publish_work *work = self;
	enum ch_status status = CH_OK;
	if (work->measuring == NULL && work->publishing == NULL) {
		turn->again_ms = pace_due_ms(&work->pace, work->settings->every_ms, turn->now_us);
		if (turn->again_ms > 0)
			return CH_OK;
		status = publish_start(work, turn->configs[FACT_CONFIG], turn->now_us);
	}
	if (status == CH_OK && work->measuring != NULL)
		status = publish_measure(work, turn);
	else if (status == CH_OK)
		status = publish_say(work, turn);
	turn->again_ms = 0;
	if (status == CH_OK)
		return CH_OK;
	publish_drop(work);
	if (status != CH_END)
		work->pace = (struct pace){.dirty = true}; /* from the beginning, soon */
	turn->again_ms = pace_due_ms(&work->pace, work->settings->every_ms, turn->now_us);
	return status == CH_END ? CH_OK : status;
}

const struct module_part publish_part = {
	.name = "measures",
	.folds = publish_folds,
	.fold_count = sizeof(publish_folds) / sizeof(*publish_folds),
	.options = publish_options,
	.option_count = sizeof(publish_options) / sizeof(*publish_options),
	.config_bytes = sizeof(struct publish_settings),
	.open = publish_open,
	.begin = publish_begin,
	.tend = publish_tend,
	.close = publish_close,
};
