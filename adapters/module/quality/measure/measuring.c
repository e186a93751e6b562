/* Rows, groups and repairs beside: what every measure asks for. */
#include "module/quality/measure/measuring.h"

#include <stdlib.h>

void *list_add(struct list *list, size_t item_size)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
		void *items = realloc(list->items, capacity * item_size);
		if (items == NULL)
			return NULL;
		list->items = items;
		list->capacity = capacity;
	}
	void *item = (unsigned char *)list->items + list->count++ * item_size;
	memset(item, 0, item_size);
	return item;
}

void list_fini(struct list *list)
{
	free(list->items);
	*list = (struct list){0};
}

void span_add(struct span *span, int64_t us)
{
	span->count++;
	if (__builtin_add_overflow(span->sum_us, us, &span->sum_us))
		span->sum_us = INT64_MAX;
	if (us > span->longest_us)
		span->longest_us = us;
}

struct slice measuring_keep(struct measuring *m, struct slice text)
{
	return arena_copy(m->arena, text);
}

bool measuring_in_stretch(const struct measuring *m, int64_t moment_us)
{
	return moment_us >= m->request->from_us && moment_us < m->request->until_us;
}

bool measuring_in_history(const struct measuring *m, int64_t moment_us)
{
	return moment_us >= m->history_us && moment_us < m->request->until_us;
}

bool measuring_cuts(const struct measuring *m, enum cut cut)
{
	return m->request->cuts == 0 || (m->request->cuts & 1u << cut) != 0;
}

bool measuring_admits(const struct measuring *m, const struct measure_subject *subject)
{
	const struct measure_request *request = m->request;
	bool part = request->part.len == 0;
	for (size_t i = 0; i < subject->part_count && !part; i++)
		part = slice_equal(subject->parts[i], request->part);
	return part &&
	       (request->station.len == 0 || slice_equal(request->station, subject->station)) &&
	       (request->model.len == 0 || slice_equal(request->model, subject->model)) &&
	       (request->group.len == 0 ||
		       slice_equal(request->group, slice_text(group_name(subject->group))));
}

/* Rows while they are gathered. */
struct row_taking {
	const struct measuring *m;
	struct rowset *rowsets;
	void **rows;
	size_t count;
};

static void row_take(struct row_taking *taking, enum cut cut, struct slice name, int64_t period_us)
{
	struct measure_key key = {.name = name, .period_us = period_us};
	if (!measuring_cuts(taking->m, cut))
		return;
	taking->rows[taking->count] = rowset_row(&taking->rowsets[cut], &key, NULL, 0, NULL);
	taking->count += taking->rows[taking->count] != NULL;
}

static void row_take_lasting(struct row_taking *taking, const struct measure_subject *subject)
{
	struct slice none = {NULL, 0};
	row_take(taking, CUT_ALL, none, 0);
	row_take(taking, CUT_STATION, subject->station, 0);
	row_take(taking, CUT_MODEL, subject->model, 0);
	row_take(taking, CUT_GROUP, slice_text(group_name(subject->group)), 0);
	for (size_t i = 0; i < subject->part_count && i < REPAIR_LIST_MAX; i++)
		row_take(taking, CUT_PART, subject->parts[i], 0);
}

static void row_take_periods(struct measuring *m, struct row_taking *taking,
	const struct measure_subject *subject, int64_t moment_us)
{
	struct slice none = {NULL, 0};
	if (!measuring_in_history(m, moment_us))
		return;
	/* Facts come by name and not by time, but most of a stretch is in few periods. */
	if (moment_us < m->period_us || moment_us >= m->period_end_us) {
		m->period_us = period_start(m->request->unit, m->offset_us, moment_us);
		m->period_end_us = period_next(m->request->unit, m->offset_us, m->period_us);
	}
	row_take(taking, CUT_PERIOD, none, m->period_us);
	if (measuring_in_stretch(m, moment_us))
		row_take(taking, CUT_STATION_PERIOD, subject->station, m->period_us);
}

size_t measuring_rows(struct measuring *m, struct rowset rowsets[CUT_COUNT],
	const struct measure_subject *subject, int64_t moment_us, void *rows[MEASURE_ROWS_MAX])
{
	struct row_taking taking = {.m = m, .rowsets = rowsets, .rows = rows};
	if (measuring_in_stretch(m, moment_us))
		row_take_lasting(&taking, subject);
	row_take_periods(m, &taking, subject, moment_us);
	return taking.count;
}

size_t measuring_rows_now(struct measuring *m, struct rowset rowsets[CUT_COUNT],
	const struct measure_subject *subject, int64_t moment_us, void *rows[MEASURE_ROWS_MAX])
{
	struct row_taking taking = {.m = m, .rowsets = rowsets, .rows = rows};
	row_take_lasting(&taking, subject);
	row_take_periods(m, &taking, subject, moment_us);
	return taking.count;
}

enum ch_status measuring_group(struct measuring *m, uint64_t customer, uint64_t sequence,
	int64_t moment_us, enum customer_group *out_group, uint64_t *out_now)
{
	uint64_t now = 0;
	enum ch_status status = customers_now(m->customers, customer, sequence, &now);
	if (status != CH_OK)
		return status;
	if (customer != 0 && now == 0)
		m->out->notes.customers_erased++;
	*out_group = customers_group(m->customers, now, moment_us);
	*out_now = now;
	return CH_OK;
}

enum ch_status measuring_by_repair(struct measuring *m, struct slice repair_order_id,
	int64_t moment_us, struct measure_subject *subject)
{
	struct repair_fact facts[REPAIR_NUMBER_MAX];
	size_t count = 0;
	enum ch_status status = repair_get(
		m->txn, repair_order_id, m->request->as_of_us, moment_us, m->other, facts, &count);
	if (status != CH_OK || count == 0)
		return status;
	const struct repair_fact *fact = &facts[count - 1];
	if (subject->station.len == 0)
		subject->station = fact->station;
	if (subject->model.len == 0)
		subject->model = fact->model;
	/* The numbers look into m->other, the list must outlive the facts. */
	memcpy(m->other_parts, fact->part_numbers, sizeof(m->other_parts));
	subject->parts = m->other_parts;
	subject->part_count = fact->part_count;
	return CH_OK;
}
