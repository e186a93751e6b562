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

static bool measuring_is(struct slice wanted, struct slice told, bool *known)
{
	bool is = wanted.len == 0 || slice_equal(wanted, told);
	*known |= is;
	return is;
}

bool measuring_admits(struct measuring *m, const struct measure_subject *subject)
{
	const struct measure_request *request = m->request;
	struct measure_known *known = &m->out->known;
	bool station = measuring_is(request->station, subject->station, &known->station);
	bool model = measuring_is(request->model, subject->model, &known->model);
	bool part = request->part.len == 0;
	for (size_t i = 0; i < subject->part_count && !part; i++)
		part = slice_equal(subject->parts[i], request->part);
	known->part |= part;
	return station && model && part &&
	       (request->group.len == 0 ||
		       slice_equal(request->group, slice_text(group_name(subject->group))));
}

/* ---- Rows ---- */

size_t measuring_period(const struct measuring *m, int64_t moment_us)
{
	size_t low = 0;
	size_t high = m->period_count;
	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;
		if (m->periods[middle] <= moment_us)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void *measuring_row(struct rowset *rowset, struct slice name, int64_t period_us, void **cache)
{
	const struct measure_key key = {.name = name, .period_us = period_us};
	if (*cache == NULL)
		*cache = rowset_row(rowset, &key, NULL, 0, NULL);
	return *cache;
}

bool measuring_room(struct measuring *m, void ***cache, size_t count)
{
	if (*cache != NULL || count == 0)
		return true;
	*cache = arena_alloc(&m->scratch, count * sizeof(void *));
	if (*cache != NULL)
		memset(*cache, 0, count * sizeof(void *));
	return *cache != NULL;
}

/* Rows while they are gathered. */
struct row_taking {
	struct measuring *m;
	struct rowset *rowsets; /* of `kind` */
	enum measure_kind kind;
	void **rows;
	size_t count;
};

static void row_take(
	struct row_taking *taking, enum cut cut, struct slice name, int64_t period_us, void **cache)
{
	if (!measuring_cuts(taking->m, cut))
		return;
	void *row = measuring_row(&taking->rowsets[cut], name, period_us, cache);
	if (row != NULL)
		taking->rows[taking->count++] = row;
}

/* Memory has run out: it sticks where it is looked for. */
static void row_fail(struct row_taking *taking)
{
	taking->rowsets[CUT_ALL].status = CH_NOMEM;
}

static void row_take_lasting(struct row_taking *taking, const struct measure_subject *subject)
{
	struct measuring *m = taking->m;
	struct slice none = {NULL, 0};
	enum measure_kind kind = taking->kind;
	struct strata_where *where = strata_where_of(&m->strata, subject->stratum);
	struct strata_parts *set = strata_parts_of(&m->strata, subject->stratum);
	row_take(taking, CUT_ALL, none, 0, &m->all_rows[kind]);
	row_take(taking, CUT_STATION, where->station, 0, &where->station_rows[kind]);
	row_take(taking, CUT_MODEL, where->model, 0, &where->model_rows[kind]);
	row_take(taking, CUT_GROUP, slice_text(group_name(where->group)), 0,
		&where->group_rows[kind]);
	if (!measuring_room(m, &set->rows[kind], set->count)) {
		row_fail(taking);
		return;
	}
	for (size_t i = 0; i < set->count && i < REPAIR_LIST_MAX; i++)
		row_take(taking, CUT_PART, set->parts[i], 0, &set->rows[kind][i]);
}

static void row_take_periods(
	struct row_taking *taking, const struct measure_subject *subject, int64_t moment_us)
{
	struct measuring *m = taking->m;
	struct slice none = {NULL, 0};
	enum measure_kind kind = taking->kind;
	struct strata_where *where = strata_where_of(&m->strata, subject->stratum);
	struct strata_station *station = where->of_station;
	if (!measuring_in_history(m, moment_us))
		return;
	size_t period = measuring_period(m, moment_us);
	if (!measuring_room(m, &m->period_rows[kind], m->period_count) ||
		!measuring_room(m, &station->period_rows[kind], m->period_count)) {
		row_fail(taking);
		return;
	}
	row_take(taking, CUT_PERIOD, none, m->periods[period], &m->period_rows[kind][period]);
	if (measuring_in_stretch(m, moment_us))
		row_take(taking, CUT_STATION_PERIOD, where->station, m->periods[period],
			&station->period_rows[kind][period]);
}

size_t measuring_rows(struct measuring *m, enum measure_kind kind,
	const struct measure_subject *subject, int64_t moment_us, void *rows[MEASURE_ROWS_MAX])
{
	struct row_taking taking = {.m = m, .rowsets = m->rows[kind], .kind = kind, .rows = rows};
	if (measuring_in_stretch(m, moment_us))
		row_take_lasting(&taking, subject);
	row_take_periods(&taking, subject, moment_us);
	return taking.count;
}

size_t measuring_rows_now(struct measuring *m, enum measure_kind kind,
	const struct measure_subject *subject, int64_t moment_us, void *rows[MEASURE_ROWS_MAX])
{
	struct row_taking taking = {.m = m, .rowsets = m->rows[kind], .kind = kind, .rows = rows};
	row_take_lasting(&taking, subject);
	row_take_periods(&taking, subject, moment_us);
	return taking.count;
}

/* ---- Who, and what about ---- */

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
