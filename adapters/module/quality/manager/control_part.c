#include "module/quality/manager/control_part.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"
#include "module/quality/manager/pace.h"

/* Records in one piece of the walk: some milliseconds. */
#define CONTROL_PIECE 2000u

struct control_settings {
	int64_t every_ms;
	int64_t grace_ms;
};

/* Behind the repairs the stages are control_walks. */
enum control_stage { CONTROL_IDLE, CONTROL_REPAIRS, CONTROL_BESIDE };

struct control_work {
	const struct control_settings *settings;
	struct metric *said;
	struct pace pace;
	unsigned stage;
	struct control *control; /* of the pass under way */
	struct buffer from;
	int64_t as_of_us;
};

static const struct option control_options[] = {
	{.name = "quality.control_every",
		.type = OPTION_MS,
		.at = offsetof(struct control_settings, every_ms),
		.min = 100,
		.max = INT64_C(604800000),
		.initial = "1h",
		.help = "Control charts are drawn anew so often at most, when facts have changed, and "
			"when a day has ended."},
	{.name = "quality.control_grace",
		.type = OPTION_MS,
		.at = offsetof(struct control_settings, grace_ms),
		.max = INT64_C(2592000000),
		.initial = "1d",
		.help = "A week or month is judged so long after its end; what comes later corrects it."},
};

/* ---- Folding ---- */

static enum ch_status control_fold_changed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	struct control_work *work = self;
	(void)txn;
	(void)event;
	work->pace.dirty = true;
	return CH_OK;
}

static enum ch_status control_fold_said(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	(void)self;
	return event->own ? control_heard(txn, event->message) : CH_OK;
}

static const struct module_fold control_folds[] = {
	{"repair.>", control_fold_changed},
	{"parts.>", control_fold_changed},
	{"*.appointment.*", control_fold_changed},
	{"*.complaint.filed", control_fold_changed},
	{"callcenter.case.*", control_fold_changed},
	{"deadline.promise.*", control_fold_changed},
	{"quality.rule.violated", control_fold_said},
};

/* ---- Life ---- */

static void control_drop(struct control_work *work)
{
	control_free(work->control);
	work->control = NULL;
	work->stage = CONTROL_IDLE;
	buffer_clear(&work->from);
}

static enum ch_status control_open(
	const void *config, struct metrics *metrics, struct problems *problems, void **out_self)
{
	struct control_work *work = calloc(1, sizeof(*work));
	(void)problems;
	if (work == NULL)
		return CH_NOMEM;
	work->settings = config;
	if (metrics != NULL)
		work->said = metric_counter(metrics, "carehub_module_control_said",
			"Violations of control charts that were said, corrected or withdrawn.",
			NULL);
	*out_self = work;
	return CH_OK;
}

static enum ch_status control_begin(void *self, struct book_txn *txn)
{
	struct control_work *work = self;
	(void)txn;
	control_drop(work);
	work->pace.dirty = true;
	return CH_OK;
}

static void control_close(void *self)
{
	struct control_work *work = self;
	if (work == NULL)
		return;
	control_drop(work);
	buffer_fini(&work->from);
	free(work);
}

/* ---- A pass ---- */

static enum ch_status control_start(
	struct control_work *work, const struct quality_settings *settings, int64_t now_us)
{
	const struct control_request request = {.settings = settings,
		.until_us = now_us - work->settings->grace_ms * 1000,
		.as_of_us = now_us,
		.blocks = 2,
		.filter = {.as_of_us = now_us}};
	enum ch_status status = control_create(&request, &work->control);
	if (status != CH_OK)
		return status;
	work->stage = CONTROL_REPAIRS;
	pace_begin(&work->pace, now_us);
	work->as_of_us = now_us;
	buffer_clear(&work->from);
	return CH_OK;
}

/* One piece of the walk.  CH_END: all facts were taken. */
static enum ch_status control_go_on(struct control_work *work, struct book *book)
{
	struct book_txn *txn = NULL;
	enum ch_status status = book_begin(book, false, &txn);
	if (status != CH_OK)
		return status;
	control_look(work->control, txn);
	if (work->stage == CONTROL_REPAIRS) {
		status = repair_walk_some(txn, &work->from, CONTROL_PIECE, work->as_of_us,
			control_take_repair, work->control);
	} else {
		const struct control_walk *walk = &control_walks[work->stage - CONTROL_BESIDE];
		status = fact_walk_some(txn, walk->table, &work->from, CONTROL_PIECE,
			work->as_of_us, walk->take, work->control);
	}
	if (status == CH_END && work->stage < CONTROL_BESIDE + CONTROL_WALKS - 1) {
		work->stage++;
		buffer_clear(&work->from);
		status = CH_OK;
	}
	control_look(work->control, NULL);
	book_abort(txn);
	return status;
}

static enum ch_status control_end(
	struct control_work *work, struct book *book, const struct quality_settings *settings)
{
	struct book_txn *txn = NULL;
	size_t said = 0;
	enum ch_status status = control_finish(work->control);
	if (status == CH_OK)
		status = book_begin(book, true, &txn);
	if (status == CH_OK)
		status = control_say(
			txn, work->control, settings, work->settings->grace_ms * 1000, &said);
	if (status == CH_OK) {
		status = book_commit(txn);
		txn = NULL;
	}
	if (status == CH_OK && said > 0) {
		metric_add(work->said, (int64_t)said);
		log_info("quality.control", "charts=%zu said=%zu",
			control_chart_count(work->control), said);
	}
	book_abort(txn);
	return status;
}

static enum ch_status control_tend(void *self, struct module_turn *turn)
{
	struct control_work *work = self;
	const struct quality_settings *settings = turn->configs[FACT_CONFIG];
	enum ch_status status = CH_OK;
	if (work->stage == CONTROL_IDLE) {
		turn->again_ms = pace_due_ms(&work->pace, work->settings->every_ms, turn->now_us);
		if (turn->again_ms > 0)
			return CH_OK;
		status = control_start(work, settings, turn->now_us);
	}
	if (status == CH_OK)
		status = control_go_on(work, turn->book);
	if (status == CH_END) {
		status = control_end(work, turn->book, settings);
		control_drop(work);
	}
	if (status != CH_OK) {
		control_drop(work);
		work->pace = (struct pace){.dirty = true}; /* from the beginning, soon */
	}
	turn->again_ms = work->stage == CONTROL_IDLE
				 ? pace_due_ms(&work->pace, work->settings->every_ms, turn->now_us)
				 : 0;
	return status;
}

const struct module_part control_part = {
	.name = "control",
	.folds = control_folds,
	.fold_count = sizeof(control_folds) / sizeof(*control_folds),
	.options = control_options,
	.option_count = sizeof(control_options) / sizeof(*control_options),
	.config_bytes = sizeof(struct control_settings),
	.open = control_open,
	.begin = control_begin,
	.tend = control_tend,
	.close = control_close,
};
