#include "module/quality/manager/control.h"

#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "module/quality/manager/control_inside.h"

/* Ranges of more than ten values tell less of their spread than standard deviations do. */
#define CONTROL_RANGE_SIZE 10u

static int64_t control_days_us(const struct quality_settings *settings, size_t plan)
{
	switch (plan) {
	case CONTROL_OPEN:
		return settings->open_ms * 1000;
	case CONTROL_AGAIN:
		return settings->again_ms * 1000;
	case CONTROL_PARTS:
		return (settings->overseas_ms > settings->stock_ms ? settings->overseas_ms
								   : settings->stock_ms) *
		       1000;
	case CONTROL_ANSWERS:
		return settings->answer_ms * 1000;
	default:
		return 0;
	}
}

enum ch_status control_create(const struct control_request *request, struct control **out_control)
{
	struct control *control = calloc(1, sizeof(*control));
	if (control == NULL)
		return CH_NOMEM;
	control->request = *request;
	control->offset_us = quality_offset_us(request->settings);
	control->again_us = request->settings->again_ms * 1000;
	arena_init(&control->arena);
	table_init(&control->strata);
	table_init(&control->sources);
	for (size_t i = 0; i < CONTROL_PLANS; i++) {
		/* What is promised within some days shows when they have passed. */
		int64_t until_us = request->as_of_us - control_days_us(request->settings, i);
		if (request->until_us < until_us)
			until_us = request->until_us;
		control_window_make(&control_plans[i], control->offset_us, until_us,
			request->blocks, &control->windows[i]);
	}
	enum ch_status status = sorter_create(sizeof(struct control_visit), control_visit_compare,
		LIMIT_SORTER_BYTES, &control->visits);
	control->other = malloc(sizeof(*control->other));
	if (status == CH_OK && control->other == NULL)
		status = CH_NOMEM;
	if (status != CH_OK) {
		control_free(control);
		return status;
	}
	*out_control = control;
	return CH_OK;
}

void control_look(struct control *control, struct book_txn *txn)
{
	control->request.filter.txn = txn;
}

static void control_chart_fini(struct control_chart *chart)
{
	charts_fini(&chart->charts);
	samples_fini(&chart->samples);
	free(chart->points);
	free(chart->starts);
}

void control_free(struct control *control)
{
	if (control == NULL)
		return;
	for (size_t i = 0; i < control->chart_count; i++)
		control_chart_fini(&control->charts[i]);
	free(control->charts);
	sorter_free(control->visits);
	free(control->other);
	free(control->by_number.items);
	free(control->source_list.items);
	free(control->order);
	table_fini(&control->strata);
	table_fini(&control->sources);
	arena_fini(&control->arena);
	free(control);
}

/* ---- Units that came back ---- */

/* The unit comes: every return that still waited for its next visit is judged by it. */
static enum ch_status control_came(struct control *control, const struct control_visit *came,
	struct control_visit *returns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct control_stratum *stratum =
			control->by_number.items[returns[i].left - 1];
		struct control_point *point;
		if (came->moment_us > returns[i].moment_us + control->again_us)
			continue;
		enum ch_status status = control_point_of(
			control, CONTROL_AGAIN, stratum->name, returns[i].moment_us, &point);
		if (status != CH_OK)
			return status;
		struct control_event event = control_visit_event(control, came);
		event.id = arena_copy(&control->arena, event.id);
		if (event.id.data == NULL)
			return CH_NOMEM;
		point->count++;
		control_event_add(point, &event);
	}
	return CH_OK;
}

/* A return is one more unit of its month, and waits for the next coming of the same unit. */
static enum ch_status control_left(struct control *control, const struct control_visit *left,
	struct control_visit **returns, size_t *count, size_t *capacity)
{
	const struct control_stratum *stratum = control->by_number.items[left->left - 1];
	struct control_point *point;
	if (*count == *capacity) {
		size_t more = *capacity == 0 ? 16 : 2 * *capacity;
		struct control_visit *larger = realloc(*returns, more * sizeof(*larger));
		if (larger == NULL)
			return CH_NOMEM;
		*returns = larger;
		*capacity = more;
	}
	enum ch_status status =
		control_point_of(control, CONTROL_AGAIN, stratum->name, left->moment_us, &point);
	if (status != CH_OK)
		return status;
	point->units++;
	(*returns)[(*count)++] = *left;
	return CH_OK;
}

static enum ch_status control_join(struct control *control)
{
	struct control_visit *returns = NULL; /* of the unit at hand */
	size_t count = 0;
	size_t capacity = 0;
	struct control_visit visit;
	enum ch_status status = sorter_sort(control->visits);
	while (status == CH_OK && (status = sorter_next(control->visits, &visit)) == CH_OK) {
		if (count > 0 && memcmp(returns[0].unit, visit.unit, sizeof(visit.unit)) != 0)
			count = 0;
		if (visit.left != 0) {
			status = control_left(control, &visit, &returns, &count, &capacity);
		} else {
			status = control_came(control, &visit, returns, count);
			count = 0;
		}
	}
	free(returns);
	return status == CH_END ? CH_OK : status;
}

/* ---- Drawing ---- */

/* Whether the period says anything.  Complaints are counted in every week since the first. */
static bool control_has_data(const struct control_stratum *stratum, size_t at, bool begun)
{
	const struct control_point *point = stratum->points[at];
	if (stratum->plan == CONTROL_COMPLAINTS)
		return begun || point != NULL;
	if (point == NULL)
		return false;
	return stratum->plan == CONTROL_DAYS ? point->value_count >= CONSTANTS_SIZE_MIN
					     : point->units > 0;
}

static enum ch_status control_chart_init(struct control_chart *chart, size_t periods)
{
	arena_init(&chart->samples.labels);
	chart->samples.items = calloc(periods, sizeof(*chart->samples.items));
	chart->samples.values =
		calloc(periods * CONSTANTS_SIZE_MAX, sizeof(*chart->samples.values));
	chart->points = calloc(periods, sizeof(*chart->points));
	chart->starts = calloc(periods, sizeof(*chart->starts));
	return chart->samples.items != NULL && chart->samples.values != NULL &&
			       chart->points != NULL && chart->starts != NULL
		       ? CH_OK
		       : CH_NOMEM;
}

static enum ch_status control_sample_add(struct control *control, struct control_chart *chart,
	const struct control_point *point, int64_t start_us, bool trial)
{
	static const struct control_point empty = {.units = 0};
	struct samples *samples = &chart->samples;
	char label[PERIOD_LABEL_BYTES];
	struct slice text =
		slice_text(period_label(chart->plan->period, control->offset_us, start_us, label));
	if (point == NULL)
		point = &empty;
	struct sample *sample = &samples->items[samples->count];
	*sample = (struct sample){.label = arena_copy(&samples->labels, text),
		.trial = trial,
		.first_value = samples->value_count,
		.value_count = point->value_count,
		.count = point->count,
		.units = samples->kind == CHART_C ? 1 : point->units};
	if (sample->label.data == NULL)
		return CH_NOMEM;
	memcpy(samples->values + samples->value_count, point->values,
		point->value_count * sizeof(*point->values));
	samples->value_count += point->value_count;
	samples->trial_count += trial ? 1 : 0;
	chart->points[samples->count] = point;
	chart->starts[samples->count++] = start_us;
	return CH_OK;
}

/* What the trial has must bear limits: so many periods, and something counted in them. */
static bool control_bears_limits(const struct control_chart *chart)
{
	const struct samples *samples = &chart->samples;
	int64_t found = 0;
	int64_t clear = 0; /* units without */
	if (samples->trial_count < chart->plan->least || samples->trial_count == samples->count)
		return false;
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		found += sample->trial ? sample->count : 0;
		clear += sample->trial ? sample->units - sample->count : 0;
	}
	if (samples->kind == CHART_P && clear < CONTROL_FOUND_MIN)
		return false;
	return samples_are_measured(samples->kind) || found >= CONTROL_FOUND_MIN;
}

/* A first month may break a promise; a first week has nothing to be held against. */
static bool control_is_drawable(const struct control_chart *chart)
{
	const struct samples *samples = &chart->samples;
	int64_t found = 0;
	for (size_t i = 0; i < samples->count; i++)
		found += samples->items[i].count;
	return samples->count >= (chart->promised >= 0 ? 1 : 2) &&
	       (samples_are_measured(samples->kind) || found > 0);
}

/* Of the promises by which stations are ranked: what must not be exceeded.  Some promise how many are in time. */
static int64_t control_promised(const struct control *control, enum control_plan_id plan)
{
	static const struct {
		enum kpi kpi;
		bool promised;
		bool in_time;
	} promises[CONTROL_PLANS] = {
		[CONTROL_LATE] = {KPI_FOUR_DAY, true, true},
		[CONTROL_OPEN] = {KPI_R14, true, false},
		[CONTROL_AGAIN] = {KPI_RR90, true, false},
		[CONTROL_PARTS] = {KPI_SUPPLY, true, true},
		[CONTROL_APPOINTMENTS] = {KPI_APPOINTMENT, true, false},
		[CONTROL_ANSWERS] = {KPI_COMPLAINT, true, true},
	};
	struct kpi_rule rule;
	if (!promises[plan].promised ||
		!quality_kpi_rule(control->request.settings, kpi_name(promises[plan].kpi), &rule))
		return -1;
	return promises[plan].in_time ? 1000000 - rule.target : rule.target;
}

static enum ch_status control_chart_append(struct control *control, struct control_chart *chart)
{
	if (control->chart_count == control->chart_capacity) {
		size_t capacity = control->chart_capacity == 0 ? 64 : control->chart_capacity * 2;
		struct control_chart *charts = realloc(control->charts, capacity * sizeof(*charts));
		if (charts == NULL)
			return CH_NOMEM;
		control->charts = charts;
		control->chart_capacity = capacity;
	}
	control->charts[control->chart_count++] = *chart;
	return CH_OK;
}

/* The chart of the block that begins at `first` and ends before `end`. */
static enum ch_status control_draw_block(
	struct control *control, const struct control_stratum *stratum, size_t first, size_t end)
{
	const struct control_plan *plan = &control_plans[stratum->plan];
	const struct control_window *window = &control->windows[stratum->plan];
	struct control_chart chart = {.plan = plan,
		.name = stratum->name,
		.current = first == window->current,
		.block_us = window->starts[first],
		.promised = control_promised(control, stratum->plan),
		.promise_cases = control->request.settings->ranking_cases,
		.samples = {.kind = plan->kind,
			.trial_given = true,
			.labelled = true,
			.value_scale = 6}};
	unsigned largest = 0;
	bool begun = false;
	enum ch_status status = control_chart_init(&chart, end - (first - plan->trial));
	for (size_t i = first - plan->trial; status == CH_OK && i < end; i++) {
		begun = begun || stratum->points[i] != NULL;
		if (!control_has_data(stratum, i, begun))
			continue;
		status = control_sample_add(
			control, &chart, stratum->points[i], window->starts[i], i < first);
		if (stratum->points[i] != NULL && stratum->points[i]->value_count > largest)
			largest = stratum->points[i]->value_count;
	}
	if (status != CH_OK || !control_is_drawable(&chart))
		goto out;
	if (plan->kind == CHART_XBAR_R && largest > CONTROL_RANGE_SIZE)
		chart.samples.kind = CHART_XBAR_S;
	chart.judged = control_bears_limits(&chart);
	for (size_t i = 0; !chart.judged && i < chart.samples.count; i++)
		chart.samples.items[i].trial = true;
	if (!chart.judged)
		chart.samples.trial_count = chart.samples.count;
	status = charts_make(&chart.samples, NULL, &chart.charts);
	if (status == CH_OK)
		status = control_chart_append(control, &chart);
	if (status == CH_OK)
		chart = (struct control_chart){.plan = NULL}; /* the list's now */
out:
	control_chart_fini(&chart);
	return status;
}

static int control_stratum_compare(const void *left, const void *right)
{
	const struct control_stratum *a = *(struct control_stratum *const *)left;
	const struct control_stratum *b = *(struct control_stratum *const *)right;
	return slice_compare(a->key, b->key);
}

enum ch_status control_finish(struct control *control)
{
	size_t count = 0;
	size_t at = 0;
	struct control_stratum *stratum;
	enum ch_status status = control_join(control);
	if (status != CH_OK || control->strata.count == 0)
		return status;
	control->order = calloc(control->strata.count, sizeof(struct control_stratum *));
	if (control->order == NULL)
		return CH_NOMEM;
	while ((stratum = table_next(&control->strata, &at)) != NULL)
		control->order[count++] = stratum;
	qsort(control->order, count, sizeof(struct control_stratum *), control_stratum_compare);
	for (size_t i = 0; status == CH_OK && i < count; i++) {
		const struct control_window *window = &control->windows[control->order[i]->plan];
		if (window->previous < window->current)
			status = control_draw_block(
				control, control->order[i], window->previous, window->current);
		if (status == CH_OK)
			status = control_draw_block(
				control, control->order[i], window->current, window->count);
	}
	return status;
}

/* ---- Asking ---- */

size_t control_chart_count(const struct control *control)
{
	return control->chart_count;
}

const struct control_chart *control_chart_at(const struct control *control, size_t at)
{
	return &control->charts[at];
}

struct slice control_chart_id(const struct control_chart *chart, struct buffer *out)
{
	buffer_clear(out);
	buffer_printf(out, "%s/%s", chart->plan->key,
		chart->plan->stratum[0] == '\0' ? "all" : chart->plan->stratum);
	if (chart->plan->stratum[0] != '\0') {
		buffer_append_byte(out, ':');
		buffer_append_slice(out, chart->name);
	}
	return buffer_slice(out);
}

const char *control_kind(const struct control_chart *chart, size_t at)
{
	const char *name = chart->charts.items[at].name;
	return strcmp(name, "r") == 0 ? "R" : name;
}

int64_t control_judged_from(const struct control *control, enum control_plan_id plan)
{
	return control->windows[plan].starts[control->windows[plan].previous];
}

/* Of few cases a share says nothing; but where none was promised, one is too many. */
static bool control_exceeds_promise(const struct control_chart *chart, size_t at)
{
	const struct sample *sample = &chart->samples.items[at];
	return chart->promised >= 0 && chart->starts[at] >= chart->block_us &&
	       (chart->promised == 0 || sample->units >= chart->promise_cases) &&
	       (__int128_t)sample->count * 1000000 > (__int128_t)sample->units * chart->promised;
}

static bool control_has_events(
	const struct control_chart *chart, const size_t *behind, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (chart->points[behind[i]]->event_total > 0)
			return true;
	}
	return false;
}

bool control_violated(const struct control_chart *chart, size_t item, size_t at,
	unsigned *out_rules, size_t *out_behind, size_t *out_behind_count)
{
	const struct run_rule_set *set = &run_rule_western_electric;
	struct violation violation;
	unsigned rules = 0;
	size_t count = 0;
	bool judged = chart->judged && !chart->samples.items[at].trial;
	out_behind[count++] = at;
	if (control_exceeds_promise(chart, at))
		rules |= 1u << CONTROL_RULE_PROMISE;
	for (size_t i = 0; judged && i < set->count; i++) {
		if (!run_rule_holds(
			    &set->rules[i], chart->charts.items[item].marks, at, &violation))
			continue;
		rules |= 1u << i;
		for (size_t k = violation.count; k > 0; k--) {
			size_t known = 0;
			while (known < count && out_behind[known] != violation.points[k - 1])
				known++;
			if (known == count)
				out_behind[count++] = violation.points[k - 1];
		}
	}
	if (rules != 0 && !control_has_events(chart, out_behind, count)) {
		for (size_t i = 0; i < chart->samples.count; i++) {
			if (chart->points[i]->event_total > 0 && chart->samples.items[i].trial)
				out_behind[count++] = i;
		}
	}
	*out_rules = rules;
	*out_behind_count = count;
	return rules != 0;
}
