/* The top row: every promise with its target, what came of it, and where it goes. */
#include "module/quality/manager/manager.h"
#include "module/quality/quality_settings.h"

/* -1, 0, 1: a / b to c / d; wholes are above 0. */
static int promise_compare(struct ratio a, struct ratio b)
{
	__int128_t left = (__int128_t)a.part * b.whole;
	__int128_t right = (__int128_t)b.part * a.whole;
	return (left > right) - (left < right);
}

enum cell_state manager_judge(
	const struct quality_settings *settings, enum kpi kpi, struct ratio measured)
{
	struct kpi_rule rule;
	if (measured.whole == 0)
		return STATE_UNKNOWN;
	if (!quality_kpi_rule(settings, kpi_name(kpi), &rule))
		return STATE_PLAIN;
	bool high = rule.target > rule.floor;
	struct ratio target = {rule.target, 1000000};
	struct ratio close = {rule.floor + 4 * rule.target, 5000000};
	int to_target = promise_compare(measured, target);
	int to_close = promise_compare(measured, close);
	if (to_target == 0 || (to_target > 0) == high)
		return STATE_GOOD;
	return to_close == 0 || (to_close > 0) == high ? STATE_WATCH : STATE_BAD;
}

struct cell manager_promise(const struct promise *promise, struct ratio ratio)
{
	if (promise->unit == PROMISE_SHARE)
		return manager_ratio(ratio);
	if (ratio.whole == 0)
		return cell_none();
	if (promise->unit == PROMISE_SPAN)
		return cell_duration(divide_round(ratio.part, ratio.whole));
	return manager_points(
		divide_round((__int128_t)ratio.part * 100 * POINT_SCALE, ratio.whole));
}

/* "95 % or more", "none"; empty where there is no target. */
static struct slice promise_target(struct report *report, const struct quality_settings *settings,
	const struct promise *promise)
{
	struct kpi_rule rule;
	bool points = promise->unit == PROMISE_POINTS;
	if (promise->none)
		return report_text(report, "none");
	if (promise->kpi == PROMISE_NO_KPI ||
		!quality_kpi_rule(settings, kpi_name((enum kpi)promise->kpi), &rule))
		return slice_text("");
	if (rule.target == 0)
		return report_text(report, "none");
	if (rule.target == 1000000 && !points)
		return report_text(report, "all");
	struct buffer text = {0};
	struct cell target = points ? cell_number((struct decimal){100 * rule.target, 6})
				    : cell_share(rule.target, 1000000);
	cell_show(&target, rule.target % 10000 == 0 ? 0 : 1, 0, &text);
	struct slice words = report_text(
		report, rule.target > rule.floor ? "%s or more" : "%s or less", buffer_text(&text));
	buffer_fini(&text);
	return words;
}

static const char *promise_verdict(enum cell_state state)
{
	switch (state) {
	case STATE_GOOD:
		return "kept";
	case STATE_WATCH:
		return "close";
	case STATE_BAD:
		return "missed";
	case STATE_UNKNOWN:
		return "no data";
	case STATE_PLAIN:
		break;
	}
	return "no target";
}

/* None of something is a promise that any one case breaks. */
enum cell_state manager_promise_state(
	const struct quality_settings *settings, const struct promise *promise, struct ratio ratio)
{
	if (promise->kpi != PROMISE_NO_KPI)
		return manager_judge(settings, (enum kpi)promise->kpi, ratio);
	if (ratio.whole == 0)
		return STATE_UNKNOWN;
	if (promise->none)
		return ratio.part == 0 ? STATE_GOOD : STATE_BAD;
	return STATE_PLAIN;
}

static enum report_trend promise_trend(
	const struct promise *promise, struct ratio now, struct ratio before)
{
	if (now.whole == 0 || before.whole == 0)
		return TREND_UNKNOWN;
	int change = promise_compare(now, before);
	if (change == 0)
		return TREND_SAME;
	return (change > 0) == promise->high ? TREND_BETTER : TREND_WORSE;
}

static struct slice promise_detail(
	struct report *report, const struct promise *promise, struct ratio ratio, const char *label)
{
	struct buffer text = {0};
	struct cell cell = manager_ratio(ratio);
	if (ratio.whole == 0 || promise->unit != PROMISE_SHARE)
		return (struct slice){NULL, 0};
	cell_show_parts(&cell, &text);
	struct slice words = report_text(report, "%s %s%s%s.", buffer_text(&text),
		ratio.whole == 1 ? promise->counted_one : promise->counted,
		label[0] != '\0' ? ", of " : "", label);
	buffer_fini(&text);
	return words;
}

/* Whether the period may be told: its returns are judged when their 90 days have passed. */
static bool promise_is_ripe(
	const struct promise *promise, const struct measures *measures, int64_t end_us)
{
	const struct measure_request *request = &measures->request;
	return promise != &promises[PROMISE_RR90] ||
	       promise_ripe_us(promise, request->settings, end_us) <= request->as_of_us;
}

static int64_t promise_period_end(const struct measures *measures, int64_t period_us)
{
	const struct measure_request *request = &measures->request;
	return period_next(request->unit, quality_offset_us(request->settings), period_us);
}

/* Until the period reported on is ripe, the newest one that is stands for it.  Its name in `label`, empty for the
 * period itself. */
static struct taken promise_now(const struct promise *promise, const struct measures *measures,
	const struct takes *all, const struct takes *periods, char label[PERIOD_LABEL_BYTES])
{
	const struct measure_request *request = &measures->request;
	struct taken now = {.period_us = request->from_us};
	label[0] = '\0';
	if (all->count > 0)
		now.ratio = all->items[0].ratio; /* else nothing of nothing */
	if (promise_is_ripe(promise, measures, request->until_us))
		return now;
	for (size_t i = 0; i < periods->count; i++) {
		const struct taken *taken = &periods->items[i];
		if (taken->ratio.whole == 0 ||
			!promise_is_ripe(
				promise, measures, promise_period_end(measures, taken->period_us)))
			continue;
		now = *taken;
		period_label(request->unit, quality_offset_us(request->settings), taken->period_us,
			label);
	}
	return now;
}

/* The periods up to the reported one, and the one right before it. */
static void promise_history(const struct promise *promise, const struct measures *measures,
	const struct takes *periods, int64_t now_us, struct cell history[REPORT_HISTORY_MAX],
	size_t *out_count, struct ratio *out_before)
{
	size_t count = 0;
	for (size_t i = 0; i < periods->count; i++) {
		const struct taken *taken = &periods->items[i];
		if (!promise_is_ripe(
			    promise, measures, promise_period_end(measures, taken->period_us)))
			continue;
		if (count == REPORT_HISTORY_MAX) {
			memmove(history, history + 1, (count - 1) * sizeof(*history));
			count--;
		}
		history[count++] = manager_promise(promise, taken->ratio);
		if (promise_period_end(measures, taken->period_us) == now_us)
			*out_before = taken->ratio;
	}
	*out_count = count;
}

static void promise_show(struct report *report, const struct measures *measures,
	const struct promise *promise, const struct takes *all, const struct takes *periods)
{
	const struct quality_settings *settings = measures->request.settings;
	struct cell history[REPORT_HISTORY_MAX];
	size_t history_count = 0;
	struct ratio before = {0, 0};
	char label[PERIOD_LABEL_BYTES];
	const struct taken now = promise_now(promise, measures, all, periods, label);
	promise_history(
		promise, measures, periods, now.period_us, history, &history_count, &before);
	/* A year is not compared with a month. */
	if (label[0] == '\0' && promise_period_end(measures, measures->request.from_us) !=
					measures->request.until_us)
		before = (struct ratio){0, 0};
	enum cell_state state = manager_promise_state(settings, promise, now.ratio);
	report_promise(
		report, &(const struct report_promise){.key = promise->key,
				.title = promise->title,
				.target = promise_target(report, settings, promise),
				.achieved = manager_promise(promise, now.ratio),
				.digits = promise->digits,
				.state = state,
				.verdict = promise_verdict(state),
				.trend = promise_trend(promise, now.ratio, before),
				.before = before.whole == 0 ? cell_none()
							    : manager_promise(promise, before),
				.detail = promise_detail(report, promise, now.ratio, label),
				.history = history,
				.history_count = history_count});
}

void manager_promises(struct report *report, const struct measures *measures)
{
	for (size_t i = 0; i < PROMISES; i++) {
		struct takes all = {.count = 0};
		struct takes periods = {.count = 0};
		enum ch_status status = CH_OK;
		if (!promises[i].shown)
			continue;
		status = takes_gather(&promises[i], measures, CUT_ALL, &all);
		if (status == CH_OK)
			status = takes_gather(&promises[i], measures, CUT_PERIOD, &periods);
		if (status == CH_OK)
			promise_show(report, measures, &promises[i], &all, &periods);
		else
			report->status = status;
		takes_free(&all);
		takes_free(&periods);
	}
}
