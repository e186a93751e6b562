/* What of a fact goes into which chart. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/limits.h"
#include "module/quality/manager/control_inside.h"

/* Adds one and tells its number.  CH_NOMEM. */
static enum ch_status control_list_add(struct control_list *list, void *item, uint32_t *out_number)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
		void **items = realloc(list->items, capacity * sizeof(void *));
		if (items == NULL)
			return CH_NOMEM;
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = item;
	*out_number = (uint32_t)list->count;
	return CH_OK;
}

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
		if (table_put(&control->strata, copy, stratum) != CH_OK ||
			control_list_add(&control->by_number, stratum, &stratum->number) != CH_OK)
			return CH_NOMEM;
	}
	*out_stratum = stratum;
	return CH_OK;
}

enum ch_status control_point_of(struct control *control, enum control_plan_id plan,
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

/* NULL: out of memory. */
static struct control_source *control_source_of(struct control *control, struct slice name)
{
	struct control_source *source = table_get(&control->sources, name);
	if (source != NULL)
		return source;
	source = arena_alloc(&control->arena, sizeof(*source));
	if (source == NULL)
		return NULL;
	*source = (struct control_source){.name = arena_copy(&control->arena, name)};
	if (table_put(&control->sources, source->name, source) != CH_OK ||
		control_list_add(&control->source_list, source, &source->number) != CH_OK)
		return NULL;
	return source;
}

/* A copy. */
static enum ch_status control_event_copy(
	struct control *control, const struct mark *mark, struct control_event *out_event)
{
	const struct control_source *source = control_source_of(control, mark->source);
	if (source == NULL)
		return CH_NOMEM;
	*out_event = (struct control_event){
		source->name, arena_copy(&control->arena, mark->id), mark->moment_us};
	return out_event->id.data == NULL ? CH_NOMEM : CH_OK;
}

void control_event_add(struct control_point *point, const struct control_event *event)
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

enum ch_status control_event_note(
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

/* Of those received, also such as are not repaired yet. */
static enum ch_status control_take_open(struct control *control, const struct repair_fact *fact)
{
	struct control_point *point;
	enum ch_status status = control_point_of(
		control, CONTROL_OPEN, fact->station, fact->begun.moment_us, &point);
	if (status != CH_OK || point == NULL)
		return status;
	point->units++;
	if (repair_age(fact, control->request.as_of_us) <=
		control->request.settings->open_ms * 1000)
		return CH_OK;
	point->count++;
	return control_event_note(control, point, fact->begun.mark);
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

/* ---- Visits ---- */

static const uint8_t *control_visit_id(const struct control_visit *visit)
{
	const uint8_t *far;
	if (visit->id_len <= CONTROL_ID_BYTES)
		return visit->id;
	memcpy(&far, visit->id, sizeof(far));
	return far;
}

struct control_event control_visit_event(
	const struct control *control, const struct control_visit *visit)
{
	const struct control_source *source = control->source_list.items[visit->source - 1];
	return (struct control_event){
		source->name, slice_of(control_visit_id(visit), visit->id_len), visit->moment_us};
}

int control_visit_compare(const void *left, const void *right)
{
	const struct control_visit *a = left;
	const struct control_visit *b = right;
	for (size_t i = 0; i < 2; i++) {
		if (a->unit[i] != b->unit[i])
			return a->unit[i] < b->unit[i] ? -1 : 1;
	}
	if (a->moment_us != b->moment_us)
		return a->moment_us < b->moment_us ? -1 : 1;
	if (a->left != b->left)
		return a->left < b->left ? -1 : 1;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	return slice_compare(
		slice_of(control_visit_id(a), a->id_len), slice_of(control_visit_id(b), b->id_len));
}

/* The event by which the unit came, in the visit: ids of the usual length without a copy elsewhere. */
static enum ch_status control_visit_name(
	struct control *control, struct control_visit *visit, const struct mark *mark)
{
	const struct control_source *source = control_source_of(control, mark->source);
	if (source == NULL)
		return CH_NOMEM;
	visit->source = source->number;
	visit->id_len = (uint32_t)mark->id.len;
	if (mark->id.len <= CONTROL_ID_BYTES) {
		memcpy(visit->id, mark->id.data, mark->id.len);
		return CH_OK;
	}
	struct slice far = arena_copy(&control->arena, mark->id);
	memcpy(visit->id, &far.data, sizeof(far.data));
	return far.data != NULL ? CH_OK : CH_NOMEM;
}

/* Notes when the unit came and left, as far as the months that are drawn can see it. */
static enum ch_status control_take_visits(
	struct control *control, const struct repair_fact *fact, bool mine)
{
	const struct control_window *window = &control->windows[CONTROL_AGAIN];
	int64_t last_us = window->starts[window->count] + control->again_us;
	struct control_visit came = {.moment_us = fact->begun.moment_us};
	struct control_visit left = {.moment_us = fact->returned.moment_us};
	struct control_stratum *stratum;
	enum ch_status status = CH_OK;
	if (came.moment_us >= window->starts[0] && came.moment_us < last_us &&
		repair_unit_digest(fact->serial, came.unit)) {
		status = control_visit_name(control, &came, fact->begun.mark);
		if (status == CH_OK)
			status = sorter_add(control->visits, &came);
	}
	if (status != CH_OK || !mine || fact->returned.mark == NULL || fact->faulty ||
		control_window_find(window, left.moment_us) == SIZE_MAX ||
		!repair_unit_digest(fact->returned_serial, left.unit))
		return status;
	status = control_stratum_of(control, CONTROL_AGAIN, fact->station, &stratum);
	if (status != CH_OK)
		return status;
	left.left = stratum->number;
	return sorter_add(control->visits, &left);
}

enum ch_status control_take_repair(
	void *self, const struct repair_fact *fact, const struct marks *marks)
{
	struct control *control = self;
	bool mine = false;
	enum ch_status status = fact_filter_repair(&control->request.filter, fact, &mine);
	/* Whoever brings a unit again may bring it elsewhere. */
	if (status == CH_OK)
		status = control_take_visits(control, fact, mine);
	if (status == CH_OK && fact->number == 0)
		status = control_take_lines(control, fact, marks);
	if (status == CH_OK && mine && !fact->faulty)
		status = control_take_open(control, fact);
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
	struct buffer name = {0};
	if (filing == NULL)
		return CH_OK;
	(void)case_fact_make(fact_name(key, &name), marks, &fact); /* it has begun: it was filed */
	enum ch_status status =
		fact_filter_case(&control->request.filter, &fact, control->other, &mine);
	if (status == CH_OK && mine)
		status = control_take_answer(control, &fact, filing);
	if (status == CH_OK && mine)
		status = control_point_of(
			control, CONTROL_COMPLAINTS, none, filing->moment_us, &point);
	if (status == CH_OK && point != NULL) {
		point->count++;
		status = control_event_note(control, point, filing);
	}
	buffer_fini(&name);
	return status;
}
