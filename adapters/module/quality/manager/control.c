#include "module/quality/manager/control.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/table.h"
#include "module/quality/manager/control_plan.h"

/* Ranges of more than ten values tell less of their spread than standard deviations do. */
#define CONTROL_RANGE_SIZE 10u

/* One chart's data; points are made when something falls into them. */
struct control_stratum {
	enum control_plan_id plan;
	struct slice name;
	struct slice key; /* in the table: the plan and the name */
	struct control_point *points[CONTROL_PERIODS_MAX];
};

/* A unit that came to a station, or left it. */
struct control_visit {
	uint64_t serial;
	int64_t moment_us;
	struct control_stratum *left; /* NULL: it came */
	struct control_event event;   /* of what came */
};

struct control {
	struct control_request request;
	int64_t offset_us;
	int64_t again_us;
	struct control_window windows[CONTROL_PLANS];
	struct arena arena;
	struct table strata;
	struct control_stratum **order; /* of the strata, sorted when all is taken */
	struct table sources;           /* texts of few values, kept once */
	struct control_visit *visits;
	size_t visit_count;
	size_t visit_capacity;
	struct control_chart *charts;
	size_t chart_count;
	size_t chart_capacity;
};

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
		/* What comes back within its days shows when they have passed. */
		int64_t until_us = request->until_us;
		if (i == CONTROL_AGAIN && request->as_of_us - control->again_us < until_us)
			until_us = request->as_of_us - control->again_us;
		control_window_make(&control_plans[i], control->offset_us, until_us,
			request->blocks, &control->windows[i]);
	}
	*out_control = control;
	return CH_OK;
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
	free(control->visits);
	free(control->order);
	table_fini(&control->strata);
	table_fini(&control->sources);
	arena_fini(&control->arena);
	free(control);
}

/* ---- Taking facts ---- */

static enum ch_status control_stratum_of(struct control *control, enum control_plan_id plan,
	struct slice name, struct control_stratum **out_stratum)
{
	uint8_t key[1 + LIMIT_FACT_TEXT_BYTES];
	if (name.len > LIMIT_FACT_TEXT_BYTES)
		name.len = LIMIT_FACT_TEXT_BYTES;
	key[0] = (uint8_t)plan;
	if (name.len > 0)
		memcpy(key + 1, name.data, name.len);
	struct control_stratum *stratum = table_get(&control->strata, slice_of(key, 1 + name.len));
	if (stratum == NULL) {
		if (control->strata.count == LIMIT_CONTROL_STRATA)
			return CH_TOO_LARGE;
		stratum = arena_alloc(&control->arena, sizeof(*stratum));
		struct slice copy = arena_copy(&control->arena, slice_of(key, 1 + name.len));
		if (stratum == NULL || copy.data == NULL)
			return CH_NOMEM;
		*stratum = (struct control_stratum){
			.plan = plan, .key = copy, .name = slice_sub(copy, 1, name.len)};
		if (table_put(&control->strata, copy, stratum) != CH_OK)
			return CH_NOMEM;
	}
	*out_stratum = stratum;
	return CH_OK;
}

/* The point of that moment; NULL in *out_point when it is in no period that is drawn. */
static enum ch_status control_point_of(struct control *control, enum control_plan_id plan,
	struct slice name, int64_t moment_us, struct control_point **out_point)
{
	struct control_stratum *stratum;
	size_t at = control_window_find(&control->windows[plan], moment_us);
	*out_point = NULL;
	if (at == SIZE_MAX)
		return CH_OK;
	enum ch_status status = control_stratum_of(control, plan, name, &stratum);
	if (status != CH_OK)
		return status;
	if (stratum->points[at] == NULL) {
		stratum->points[at] = arena_alloc(&control->arena, sizeof(struct control_point));
		if (stratum->points[at] == NULL)
			return CH_NOMEM;
		*stratum->points[at] = (struct control_point){.units = 0};
	}
	*out_point = stratum->points[at];
	return CH_OK;
}

static int control_event_compare(const struct control_event *a, const struct control_event *b)
{
	if (a->moment_us != b->moment_us)
		return a->moment_us < b->moment_us ? -1 : 1;
	int order = slice_compare(a->source, b->source);
	return order != 0 ? order : slice_compare(a->id, b->id);
}

/* A copy; sources are few. */
static enum ch_status control_event_copy(
	struct control *control, const struct mark *mark, struct control_event *out_event)
{
	struct slice *source = table_get(&control->sources, mark->source);
	if (source == NULL) {
		source = arena_alloc(&control->arena, sizeof(*source));
		if (source == NULL)
			return CH_NOMEM;
		*source = arena_copy(&control->arena, mark->source);
		if (table_put(&control->sources, *source, source) != CH_OK)
			return CH_NOMEM;
	}
	*out_event = (struct control_event){
		*source, arena_copy(&control->arena, mark->id), mark->moment_us};
	return out_event->id.data == NULL ? CH_NOMEM : CH_OK;
}

/* Keeps the earliest, so that it does not matter in which order they are taken. */
static void control_event_add(struct control_point *point, const struct control_event *event)
{
	size_t at = point->event_count;
	point->event_total++;
	while (at > 0 && control_event_compare(event, &point->events[at - 1]) < 0)
		at--;
	if (at == CONTROL_EVENTS_MAX)
		return;
	if (point->event_count == CONTROL_EVENTS_MAX)
		point->event_count--;
	memmove(&point->events[at + 1], &point->events[at],
		(point->event_count - at) * sizeof(*event));
	point->events[at] = *event;
	point->event_count++;
}

static enum ch_status control_event_note(
	struct control *control, struct control_point *point, const struct mark *mark)
{
	struct control_event event = {
		.source = mark->source, .id = mark->id, .moment_us = mark->moment_us};
	if (point->event_count == CONTROL_EVENTS_MAX &&
		control_event_compare(&event, &point->events[CONTROL_EVENTS_MAX - 1]) > 0) {
		point->event_total++; /* not among the earliest: no need to keep a copy */
		return CH_OK;
	}
	enum ch_status status = control_event_copy(control, mark, &event);
	if (status == CH_OK)
		control_event_add(point, &event);
	return status;
}

/* Into the sample, when its draw is among the least. */
static void control_draw(struct control_point *point, uint64_t draw, int64_t value)
{
	unsigned at = point->value_count;
	point->units++;
	while (at > 0 && draw < point->draws[at - 1])
		at--;
	if (at == CONSTANTS_SIZE_MAX)
		return;
	if (point->value_count == CONSTANTS_SIZE_MAX)
		point->value_count--;
	unsigned behind = point->value_count - at;
	memmove(&point->draws[at + 1], &point->draws[at], behind * sizeof(draw));
	memmove(&point->values[at + 1], &point->values[at], behind * sizeof(value));
	point->draws[at] = draw;
	point->values[at] = value;
	point->value_count++;
}

static enum ch_status control_take_days(
	struct control *control, const struct repair_fact *fact, const struct repair_point *fixed)
{
	struct control_point *point;
	int64_t span_us = repair_span(fact, fact->begun.moment_us, fixed->moment_us);
	int64_t most_us = control->request.settings->open_ms * 1000;
	if (span_us > most_us)
		span_us = most_us;
	enum ch_status status =
		control_point_of(control, CONTROL_DAYS, fact->station, fixed->moment_us, &point);
	if (status != CH_OK || point == NULL)
		return status;
	/* Without the process's seed: the same sample everywhere. */
	control_draw(
		point, hash_bytes(fact->order_id.data, fact->order_id.len, fact->number), span_us);
	return control_event_note(control, point, fixed->mark);
}

static enum ch_status control_take_late(
	struct control *control, const struct repair_fact *fact, const struct repair_point *fixed)
{
	struct control_point *point;
	int64_t span_us = repair_span(fact, fact->begun.moment_us, fixed->moment_us);
	enum ch_status status =
		control_point_of(control, CONTROL_LATE, fact->station, fixed->moment_us, &point);
	if (status != CH_OK || point == NULL)
		return status;
	point->units++;
	if (span_us <= control->request.settings->fix_ms * 1000)
		return CH_OK;
	point->count++;
	return control_event_note(control, point, fixed->mark);
}

static enum ch_status control_take_defects(
	struct control *control, const struct repair_fact *fact, const struct repair_point *fixed)
{
	struct control_point *point;
	enum ch_status status =
		control_point_of(control, CONTROL_DEFECTS, fact->model, fixed->moment_us, &point);
	if (status != CH_OK || point == NULL)
		return status;
	point->units++;
	point->count += (int64_t)fact->defect_count;
	return fact->defect_count == 0 ? CH_OK
				       : control_event_note(control, point, fact->defects[0]);
}

/* 0: none.  Without blanks and hyphens, in capitals, as RR90 has it. */
static uint64_t control_serial(struct slice serial)
{
	uint8_t folded[LIMIT_FACT_TEXT_BYTES];
	size_t len = 0;
	for (size_t i = 0; i < serial.len && len < sizeof(folded); i++) {
		uint8_t byte = serial.data[i];
		if (byte == ' ' || byte == '-')
			continue;
		folded[len++] = byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 'a' + 'A') : byte;
	}
	return len == 0 ? 0 : hash_bytes(folded, len, hash_seed()) | 1;
}

static struct control_visit *control_visit_add(struct control *control)
{
	if (control->visit_count == control->visit_capacity) {
		size_t capacity = control->visit_capacity == 0 ? 1024 : control->visit_capacity * 2;
		struct control_visit *visits = realloc(control->visits, capacity * sizeof(*visits));
		if (visits == NULL)
			return NULL;
		control->visits = visits;
		control->visit_capacity = capacity;
	}
	return &control->visits[control->visit_count++];
}

/* Notes when the unit came and left, as far as the months that are drawn can see it. */
static enum ch_status control_take_visits(
	struct control *control, const struct repair_fact *fact, bool mine)
{
	const struct control_window *window = &control->windows[CONTROL_AGAIN];
	int64_t last_us = window->starts[window->count] + control->again_us;
	uint64_t came = control_serial(fact->serial);
	uint64_t left = control_serial(fact->returned_serial);
	struct control_visit visit = {.serial = came, .moment_us = fact->begun.moment_us};
	struct control_visit *added;
	enum ch_status status = CH_OK;
	if (control->visit_count + 2 > LIMIT_CONTROL_VISITS)
		return CH_TOO_LARGE;
	if (came != 0 && visit.moment_us >= window->starts[0] && visit.moment_us < last_us) {
		status = control_event_copy(control, fact->begun.mark, &visit.event);
		added = status == CH_OK ? control_visit_add(control) : NULL;
		if (added == NULL)
			return CH_NOMEM;
		*added = visit;
	}
	if (!mine || left == 0 || fact->returned.mark == NULL || fact->faulty ||
		control_window_find(window, fact->returned.moment_us) == SIZE_MAX)
		return CH_OK;
	visit = (struct control_visit){.serial = left, .moment_us = fact->returned.moment_us};
	status = control_stratum_of(control, CONTROL_AGAIN, fact->station, &visit.left);
	if (status != CH_OK)
		return status;
	added = control_visit_add(control);
	if (added == NULL)
		return CH_NOMEM;
	*added = visit;
	return CH_OK;
}

enum ch_status control_take_repair(
	void *self, const struct repair_fact *fact, const struct marks *marks)
{
	struct control *control = self;
	bool mine = false;
	(void)marks;
	enum ch_status status = fact_filter_repair(&control->request.filter, fact, &mine);
	/* Whoever brings a unit again may bring it elsewhere. */
	if (status == CH_OK)
		status = control_take_visits(control, fact, mine);
	struct repair_point fixed = repair_fixed(fact);
	if (status != CH_OK || !mine || fixed.mark == NULL || fact->faulty)
		return status;
	status = control_take_days(control, fact, &fixed);
	if (status == CH_OK)
		status = control_take_late(control, fact, &fixed);
	return status == CH_OK ? control_take_defects(control, fact, &fixed) : status;
}

/* The event that filed it; NULL: it is no complaint. */
static const struct mark *control_filing(const struct marks *marks)
{
	for (size_t i = 0; i < marks->count; i++) {
		if (marks->items[i].kind == CASE_FILED)
			return &marks->items[i];
	}
	return NULL;
}

enum ch_status control_take_case(void *self, struct slice key, const struct marks *marks)
{
	struct control *control = self;
	struct slice none = {NULL, 0};
	struct control_point *point = NULL;
	struct case_fact fact;
	const struct mark *filing = control_filing(marks);
	bool mine = false;
	(void)key;
	if (filing == NULL)
		return CH_OK;
	(void)case_fact_make(none, marks, &fact); /* it has begun: it was filed */
	enum ch_status status = fact_filter_case(&control->request.filter, &fact, &mine);
	if (status == CH_OK && mine)
		status = control_point_of(
			control, CONTROL_COMPLAINTS, none, filing->moment_us, &point);
	if (status != CH_OK || point == NULL)
		return status;
	point->count++;
	return control_event_note(control, point, filing);
}

/* ---- Units that came back ---- */

static int control_visit_compare(const void *left, const void *right)
{
	const struct control_visit *a = left;
	const struct control_visit *b = right;
	if (a->serial != b->serial)
		return a->serial < b->serial ? -1 : 1;
	if (a->moment_us != b->moment_us)
		return a->moment_us < b->moment_us ? -1 : 1;
	/* What comes in the moment in which another leaves came before. */
	if ((a->left == NULL) != (b->left == NULL))
		return a->left == NULL ? -1 : 1;
	return control_event_compare(&a->event, &b->event);
}

/* A return counts against the next coming of the same unit. */
static enum ch_status control_join(struct control *control)
{
	if (control->visit_count > 0)
		qsort(control->visits, control->visit_count, sizeof(*control->visits),
			control_visit_compare);
	for (size_t i = 0; i < control->visit_count; i++) {
		const struct control_visit *visit = &control->visits[i];
		struct control_point *point;
		size_t next = i + 1;
		if (visit->left == NULL)
			continue;
		enum ch_status status = control_point_of(
			control, CONTROL_AGAIN, visit->left->name, visit->moment_us, &point);
		if (status != CH_OK)
			return status;
		point->units++;
		while (next < control->visit_count &&
			control->visits[next].serial == visit->serial &&
			control->visits[next].left != NULL)
			next++;
		if (next == control->visit_count || control->visits[next].serial != visit->serial ||
			control->visits[next].moment_us > visit->moment_us + control->again_us)
			continue;
		point->count++;
		control_event_add(point, &control->visits[next].event);
	}
	return CH_OK;
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

static bool control_is_drawable(const struct samples *samples)
{
	int64_t found = 0;
	for (size_t i = 0; i < samples->count; i++)
		found += samples->items[i].count;
	return samples->count >= 2 && (samples_are_measured(samples->kind) || found > 0);
}

/* Of the promises by which stations are ranked: what must not be exceeded. */
static int64_t control_promised(const struct control *control, enum control_plan_id plan)
{
	const struct quality_settings *settings = control->request.settings;
	struct kpi_rule rule;
	if (plan == CONTROL_LATE && quality_kpi_rule(settings, kpi_name(KPI_FOUR_DAY), &rule))
		return 1000000 - rule.target; /* it promises how many are in time */
	if (plan == CONTROL_AGAIN && quality_kpi_rule(settings, kpi_name(KPI_RR90), &rule))
		return rule.target;
	return -1;
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
	if (status != CH_OK || !control_is_drawable(&chart.samples))
		goto out;
	if (plan->kind == CHART_XBAR_R && largest > CONTROL_RANGE_SIZE)
		chart.samples.kind = CHART_XBAR_S;
	chart.judged = control_bears_limits(&chart);
	for (size_t i = 0; !chart.judged && i < chart.samples.count; i++)
		chart.samples.items[i].trial = true;
	if (!chart.judged)
		chart.samples.trial_count = chart.samples.count;
	status = charts_make(&chart.samples, &chart.charts);
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

static bool control_exceeds_promise(const struct control_chart *chart, size_t at)
{
	const struct sample *sample = &chart->samples.items[at];
	return chart->promised >= 0 && chart->starts[at] >= chart->block_us &&
	       sample->units >= chart->promise_cases &&
	       (__int128_t)sample->count * 1000000 > (__int128_t)sample->units * chart->promised;
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
	*out_rules = rules;
	*out_behind_count = count;
	return rules != 0;
}
