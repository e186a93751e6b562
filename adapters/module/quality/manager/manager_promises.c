/* The top row: every promise with its target, what came of it, and where it goes. */
#include "module/quality/manager/manager.h"
#include "module/quality/quality_settings.h"

/* One measure of one row of a cut. */
struct taken {
	int64_t period_us;
	struct ratio ratio;
};

/* False: the cut has no such row. */
typedef bool take_function(
	const struct measures *measures, enum cut cut, size_t at, struct taken *out_taken);

static bool take_repair(const struct measures *measures, enum cut cut, size_t at,
	const struct repair_row **out_row, struct taken *out_taken)
{
	if (at >= measures->repair[cut].count)
		return false;
	*out_row = &measures->repair[cut].rows[at];
	out_taken->period_us = (*out_row)->key.period_us;
	return true;
}

static bool take_r14(const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	const struct repair_row *row;
	if (!take_repair(measures, cut, at, &row, out))
		return false;
	out->ratio = row->r14;
	return true;
}

static bool take_r140(const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	const struct repair_row *row;
	if (!take_repair(measures, cut, at, &row, out))
		return false;
	out->ratio = row->r140;
	return true;
}

static bool take_four_day(
	const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	const struct repair_row *row;
	if (!take_repair(measures, cut, at, &row, out))
		return false;
	out->ratio = row->four_day;
	return true;
}

static bool take_rr90(const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	const struct repair_row *row;
	if (!take_repair(measures, cut, at, &row, out))
		return false;
	out->ratio = row->rr90;
	return true;
}

static bool take_stock(const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	if (at >= measures->supply[cut].count)
		return false;
	const struct supply_row *row = &measures->supply[cut].rows[at];
	*out = (struct taken){row->key.period_us, row->in_stock};
	return true;
}

static bool take_overseas(
	const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	if (at >= measures->supply[cut].count)
		return false;
	const struct supply_row *row = &measures->supply[cut].rows[at];
	*out = (struct taken){row->key.period_us, row->overseas};
	return true;
}

static bool take_answered(
	const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	if (at >= measures->complaint[cut].count)
		return false;
	const struct case_row *row = &measures->complaint[cut].rows[at];
	*out = (struct taken){row->key.period_us, row->answered_in_time};
	return true;
}

static bool take_appointment(
	const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	if (at >= measures->appointment[cut].count)
		return false;
	const struct appointment_row *row = &measures->appointment[cut].rows[at];
	*out = (struct taken){row->key.period_us, row->missed};
	return true;
}

static bool take_price(const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	if (at >= measures->price[cut].count)
		return false;
	const struct price_row *row = &measures->price[cut].rows[at];
	*out = (struct taken){row->key.period_us, row->off_list};
	return true;
}

static bool take_callback(
	const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	if (at >= measures->callback[cut].count)
		return false;
	const struct callback_row *row = &measures->callback[cut].rows[at];
	*out = (struct taken){row->key.period_us, {row->done, row->due}};
	return true;
}

/* All groups together: the hotline's rows are by group, and by group and period. */
static bool take_hotline(
	const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	const struct hotline_table *table = &measures->hotline[cut];
	struct taken sum = {0};
	int64_t before = INT64_MIN;
	size_t periods = 0;
	/* Rows stand by group and then period: the at-th period is found by going up through them. */
	for (; periods <= at; periods++) {
		int64_t next = INT64_MAX;
		for (size_t i = 0; i < table->count; i++) {
			int64_t period_us = table->rows[i].key.period_us;
			next = period_us > before && period_us < next ? period_us : next;
		}
		if (next == INT64_MAX)
			return false;
		before = next;
	}
	sum.period_us = before;
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].key.period_us != before)
			continue;
		sum.ratio.part += table->rows[i].answered;
		sum.ratio.whole += table->rows[i].offered;
	}
	*out = sum;
	return true;
}

/* The survey that most have answered stands for all; points over 100. */
static bool take_satisfaction(
	const struct measures *measures, enum cut cut, size_t at, struct taken *out)
{
	const struct index_table *table = &measures->index[cut];
	const struct index_row *chosen = NULL;
	if (at >= table->count)
		return false;
	if (cut != CUT_ALL)
		chosen = &table->rows[at];
	for (size_t i = 0; cut == CUT_ALL && at == 0 && i < table->count; i++) {
		if (chosen == NULL || table->rows[i].responses > chosen->responses)
			chosen = &table->rows[i];
	}
	if (chosen == NULL)
		return false;
	*out = (struct taken){chosen->key.period_us, {0, 0}};
	if (chosen->index_points >= 0)
		out->ratio = (struct ratio){chosen->index_points, 100 * POINT_SCALE};
	return true;
}

#define NO_KPI (-1)

static const struct promise {
	const char *key;
	const char *title;
	const char *counted; /* "of 12 repairs received" */
	take_function *take;
	int kpi; /* whose rule of the ranking judges it */
	unsigned digits;
	bool high; /* is better, where no rule says so */
	bool points;
} promises[] = {
	{"r14", "Repairs open longer than 14 days", "repairs received", take_r14, KPI_R14, 2, false,
		false},
	{"r140", "Repairs open longer than 140 days", "repairs received", take_r140, NO_KPI, 2,
		false, false},
	{"fourDay", "Repaired within 4 days", "repairs done", take_four_day, KPI_FOUR_DAY, 1, true,
		false},
	{"rr90", "Repaired again within 90 days", "returns whose 90 days have passed", take_rr90,
		KPI_RR90, 2, false, false},
	{"stock", "Parts in stock: there within 3 days", "lines from stock", take_stock, KPI_SUPPLY,
		1, true, false},
	{"overseas", "Parts from overseas: there within 7 days", "lines from overseas",
		take_overseas, KPI_SUPPLY, 1, true, false},
	{"hotline", "Hotline: calls answered", "calls offered", take_hotline, NO_KPI, 1, true,
		false},
	{"complaint", "Complaints answered in time", "complaints answered or overdue",
		take_answered, KPI_COMPLAINT, 1, true, false},
	{"appointment", "Appointments missed by us", "appointments due", take_appointment,
		KPI_APPOINTMENT, 1, false, false},
	{"callback", "Call-backs after service done", "call-backs due", take_callback, NO_KPI, 1,
		true, false},
	{"satisfaction", "Satisfaction index", "", take_satisfaction, KPI_SATISFACTION, 1, true,
		true},
	{"price", "Charges off the price list", "charges judged", take_price, KPI_PRICE, 2, false,
		false},
};
#define PROMISES (sizeof(promises) / sizeof(*promises))

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

static struct cell promise_cell(const struct promise *promise, struct ratio ratio)
{
	if (!promise->points)
		return manager_ratio(ratio);
	return ratio.whole == 0 ? cell_none() : manager_points(ratio.part);
}

/* "95 % or more", "none", "no target". */
static struct slice promise_target(struct report *report, const struct quality_settings *settings,
	const struct promise *promise)
{
	struct kpi_rule rule;
	if (promise->kpi == NO_KPI && promise->take == take_r140)
		return report_text(report, "none");
	if (promise->kpi == NO_KPI ||
		!quality_kpi_rule(settings, kpi_name((enum kpi)promise->kpi), &rule))
		return report_text(report, "no target");
	if (rule.target == 0)
		return report_text(report, "none");
	if (rule.target == 1000000 && !promise->points)
		return report_text(report, "all");
	struct buffer text = {0};
	struct cell target = promise->points ? cell_number((struct decimal){100 * rule.target, 6})
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
static enum cell_state promise_state(
	const struct quality_settings *settings, const struct promise *promise, struct ratio ratio)
{
	if (promise->kpi != NO_KPI)
		return manager_judge(settings, (enum kpi)promise->kpi, ratio);
	if (ratio.whole == 0)
		return STATE_UNKNOWN;
	if (promise->take == take_r140)
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
	if (ratio.whole == 0 || promise->points)
		return (struct slice){NULL, 0};
	cell_show_parts(&cell, &text);
	struct slice words = report_text(report, "%s %s%s%s.", buffer_text(&text), promise->counted,
		label[0] != '\0' ? ", of " : "", label);
	buffer_fini(&text);
	return words;
}

/* Whether all that a period promised has run out: of a return, its 90 days. */
static bool promise_is_ripe(
	const struct promise *promise, const struct measures *measures, int64_t period_us)
{
	const struct quality_settings *settings = measures->request.settings;
	int64_t end_us =
		period_next(measures->request.unit, quality_offset_us(settings), period_us);
	return promise->take != take_rr90 ||
	       end_us + settings->again_ms * 1000 <= measures->request.as_of_us;
}

/* A month's returns are judged when their 90 days have passed: until then the newest period of which that
 * can be said stands for the one reported on.  Its name in `label`, empty for the period itself. */
static struct taken promise_now(const struct promise *promise, const struct manager_input *input,
	char label[PERIOD_LABEL_BYTES])
{
	struct taken now = {0};
	struct taken taken = {0};
	const struct measures *history = input->history;
	label[0] = '\0';
	(void)promise->take(input->now, CUT_ALL, 0, &now); /* else nothing of nothing */
	now.period_us = input->now->request.from_us;
	if (history == NULL || promise->take != take_rr90 ||
		input->now->request.until_us + input->now->request.settings->again_ms * 1000 <=
			input->now->request.as_of_us)
		return now;
	for (size_t i = 0; promise->take(history, CUT_PERIOD, i, &taken); i++) {
		if (taken.ratio.whole == 0 || !promise_is_ripe(promise, history, taken.period_us))
			continue;
		now = taken;
		period_label(history->request.unit, quality_offset_us(history->request.settings),
			taken.period_us, label);
	}
	return now;
}

/* The periods up to the reported one, and the one right before it. */
static void promise_history(const struct promise *promise, const struct manager_input *input,
	int64_t now_us, struct cell history[REPORT_HISTORY_MAX], size_t *out_count,
	struct ratio *out_before)
{
	struct taken taken = {0};
	size_t count = 0;
	if (input->history == NULL)
		return;
	for (size_t i = 0; promise->take(input->history, CUT_PERIOD, i, &taken); i++) {
		if (!promise_is_ripe(promise, input->history, taken.period_us))
			continue;
		if (count == REPORT_HISTORY_MAX) {
			memmove(history, history + 1, (count - 1) * sizeof(*history));
			count--;
		}
		history[count++] = promise_cell(promise, taken.ratio);
		if (taken.period_us < now_us)
			*out_before = taken.ratio;
	}
	*out_count = count;
}

void manager_promises(struct report *report, const struct manager_input *input)
{
	const struct quality_settings *settings = input->now->request.settings;
	for (size_t i = 0; i < PROMISES; i++) {
		const struct promise *promise = &promises[i];
		struct cell history[REPORT_HISTORY_MAX];
		size_t history_count = 0;
		struct ratio before = {0, 0};
		char label[PERIOD_LABEL_BYTES];
		const struct taken now = promise_now(promise, input, label);
		promise_history(promise, input, now.period_us, history, &history_count, &before);
		enum cell_state state = promise_state(settings, promise, now.ratio);
		report_promise(
			report, &(const struct report_promise){.key = promise->key,
					.title = promise->title,
					.target = promise_target(report, settings, promise),
					.achieved = promise_cell(promise, now.ratio),
					.digits = promise->digits,
					.state = state,
					.verdict = promise_verdict(state),
					.trend = promise_trend(promise, now.ratio, before),
					.before = before.whole == 0 ? cell_none()
								    : promise_cell(promise, before),
					.detail = promise_detail(report, promise, now.ratio, label),
					.history = history,
					.history_count = history_count});
	}
}
