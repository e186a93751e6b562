#include "module/quality/measure/measure.h"

#include <stdlib.h>

#include "base/hash.h"
#include "module/quality/fact/moment.h"
#include "module/quality/measure/measuring.h"

const int64_t age_band_days[AGE_BANDS - 1] = {4, 14, 30, 60, 140};

static const char *const kpi_names[KPI_COUNT] = {
	[KPI_R14] = "r14",
	[KPI_FOUR_DAY] = "four_day",
	[KPI_RR90] = "rr90",
	[KPI_SUPPLY] = "supply",
	[KPI_APPOINTMENT] = "appointment",
	[KPI_COMPLAINT] = "complaint",
	[KPI_SATISFACTION] = "satisfaction",
	[KPI_PRICE] = "price",
};

const char *kpi_name(enum kpi kpi)
{
	return kpi_names[kpi];
}

/* ---- Shared ---- */

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

enum ch_status measuring_list(struct measuring *m, struct list *list, size_t item_size,
	int (*order)(const void *, const void *), void *out_items, size_t *out_count,
	int64_t *out_total)
{
	size_t count = list->count < MEASURE_LIST_MAX ? list->count : MEASURE_LIST_MAX;
	void *items = NULL;
	if (list->count > 0) {
		qsort(list->items, list->count, item_size, order);
		items = arena_alloc(m->arena, count * item_size);
		if (items == NULL)
			return CH_NOMEM;
		memcpy(items, list->items, count * item_size);
	}
	memcpy(out_items, &items, sizeof(items));
	*out_count = count;
	*out_total = (int64_t)list->count;
	return CH_OK;
}

bool measuring_in_stretch(const struct measuring *m, int64_t moment_us)
{
	return moment_us >= m->request->from_us && moment_us < m->request->until_us;
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

static void measuring_row(
	struct rowset *rowset, struct slice name, int64_t period_us, void **rows, size_t *count)
{
	struct measure_key key = {.name = name, .period_us = period_us};
	rows[*count] = rowset_row(rowset, &key, NULL, 0, NULL);
	if (rows[*count] != NULL)
		(*count)++;
}

size_t measuring_rows_lasting(struct measuring *m, struct rowset rowsets[CUT_COUNT],
	const struct measure_subject *subject, void *rows[MEASURE_ROWS_MAX])
{
	struct slice none = {NULL, 0};
	size_t count = 0;
	(void)m;
	measuring_row(&rowsets[CUT_ALL], none, 0, rows, &count);
	measuring_row(&rowsets[CUT_STATION], subject->station, 0, rows, &count);
	measuring_row(&rowsets[CUT_MODEL], subject->model, 0, rows, &count);
	measuring_row(&rowsets[CUT_GROUP], slice_text(group_name(subject->group)), 0, rows, &count);
	for (size_t i = 0; i < subject->part_count && i < REPAIR_LIST_MAX; i++)
		measuring_row(&rowsets[CUT_PART], subject->parts[i], 0, rows, &count);
	return count;
}

size_t measuring_rows_period(struct measuring *m, struct rowset rowsets[CUT_COUNT],
	const struct measure_subject *subject, int64_t moment_us, void *rows[MEASURE_ROWS_MAX],
	size_t count)
{
	struct slice none = {NULL, 0};
	if (!measuring_in_stretch(m, moment_us))
		return count;
	/* Facts come by name and not by time, but most of a stretch is in few periods. */
	if (moment_us < m->period_us || moment_us >= m->period_end_us) {
		m->period_us = period_start(m->request->unit, m->offset_us, moment_us);
		m->period_end_us = period_next(m->request->unit, m->offset_us, m->period_us);
	}
	measuring_row(&rowsets[CUT_PERIOD], none, m->period_us, rows, &count);
	measuring_row(&rowsets[CUT_STATION_PERIOD], subject->station, m->period_us, rows, &count);
	return count;
}

size_t measuring_rows(struct measuring *m, struct rowset rowsets[CUT_COUNT],
	const struct measure_subject *subject, int64_t moment_us, void *rows[MEASURE_ROWS_MAX])
{
	size_t count = measuring_rows_lasting(m, rowsets, subject, rows);
	return measuring_rows_period(m, rowsets, subject, moment_us, rows, count);
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

static void measuring_note(struct measuring *m, const struct marks *marks)
{
	m->out->notes.marks_over_bound += marks->count == LIMIT_FACT_MARKS;
	/* An event is counted once, however many marks it has left. */
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		bool next = i == 0 || !slice_equal(mark->id, marks->items[i - 1].id);
		m->out->notes.doubtful_times += next && moment_is_doubtful(mark->moment_us);
	}
}

/* ---- Walks ---- */

static enum ch_status measure_take_repair(
	struct measuring *m, const struct repair_fact *fact, const struct marks *marks)
{
	struct measure_subject subject = {.station = fact->station,
		.model = fact->model,
		.parts = fact->part_numbers,
		.part_count = fact->part_count};
	uint64_t now;
	enum ch_status status = measuring_group(
		m, fact->customer, fact->sequence, fact->begun.moment_us, &subject.group, &now);
	if (status == CH_OK)
		status = measure_repair_take(m, fact, &subject);
	if (status == CH_OK)
		status = measure_service_take(m, fact, &subject);
	if (status == CH_OK)
		status = measure_price_take(m, fact, marks, &subject);
	if (status == CH_OK && fact->number == 0)
		status = measure_supply_take(m, marks, fact->model, subject.group);
	return status;
}

static enum ch_status measure_each_repair(
	void *context, struct slice key, const struct marks *marks)
{
	struct measuring *m = context;
	struct repair_fact facts[REPAIR_NUMBER_MAX];
	bool orphan;
	enum ch_status status = CH_OK;
	size_t count = repair_facts_make(fact_name(key, &m->name), marks, facts, &orphan);
	measuring_note(m, marks);
	m->out->notes.repairs_without_receipt += orphan;
	for (size_t i = 0; i < count && status == CH_OK; i++)
		status = measure_take_repair(m, &facts[i], marks);
	if (orphan)
		status = measure_supply_take(m, marks, (struct slice){NULL, 0}, GROUP_UNKNOWN);
	return status;
}

static enum ch_status measure_each_order(void *context, struct slice key, const struct marks *marks)
{
	(void)key;
	measuring_note(context, marks);
	return measure_supply_take(context, marks, (struct slice){NULL, 0}, GROUP_UNKNOWN);
}

static enum ch_status measure_each_case(void *context, struct slice key, const struct marks *marks)
{
	struct measuring *m = context;
	measuring_note(m, marks);
	return measure_case_take(m, fact_name(key, &m->name), marks);
}

static enum ch_status measure_each_promise(
	void *context, struct slice key, const struct marks *marks)
{
	(void)key;
	return measure_promise_take(context, marks);
}

static enum ch_status measure_each_call(void *context, struct slice key, const struct marks *marks)
{
	(void)key;
	measuring_note(context, marks);
	return measure_hotline_take(context, marks);
}

static enum ch_status measure_each_appointment(
	void *context, struct slice key, const struct marks *marks)
{
	(void)key;
	measuring_note(context, marks);
	return measure_appointment_take(context, marks);
}

static enum ch_status measure_each_callback(
	void *context, struct slice key, const struct marks *marks)
{
	(void)key;
	measuring_note(context, marks);
	return measure_callback_take(context, marks);
}

static enum ch_status measure_each_response(
	void *context, struct slice key, const struct marks *marks)
{
	measuring_note(context, marks);
	return measure_survey_take(context, key, marks);
}

static enum ch_status measuring_walk(struct measuring *m)
{
	/* Calls behind cases: whether one was opened again tells of the first contact. */
	static const struct {
		enum fact_table table;
		fact_function *each;
	} walks[] = {
		{FACT_REPAIRS, measure_each_repair},
		{FACT_ORDERS, measure_each_order},
		{FACT_CASES, measure_each_case},
		{FACT_PROMISES, measure_each_promise},
		{FACT_CALLS, measure_each_call},
		{FACT_APPOINTMENTS, measure_each_appointment},
		{FACT_CALLBACKS, measure_each_callback},
		{FACT_RESPONSES, measure_each_response},
	};
	enum ch_status status = measure_price_begin(m);
	for (size_t i = 0; i < sizeof(walks) / sizeof(*walks) && status == CH_OK; i++)
		status = fact_walk(m->txn, walks[i].table, m->request->as_of_us, walks[i].each, m);
	return status;
}

/* ---- Begin and end ---- */

static void measuring_rowsets(
	struct measuring *m, struct rowset rowsets[CUT_COUNT], size_t row_size)
{
	for (int cut = 0; cut < CUT_COUNT; cut++)
		rowset_init(&rowsets[cut], m->arena, row_size);
}

static void measuring_begin(struct measuring *m)
{
	m->seed = hash_seed();
	arena_init(&m->scratch);
	measuring_rowsets(m, m->repair, sizeof(struct repair_row));
	measuring_rowsets(m, m->supply, sizeof(struct supply_row));
	measuring_rowsets(m, m->hotline, sizeof(struct hotline_row));
	rowset_init(&m->hotline_hours, m->arena, sizeof(struct hotline_row));
	measuring_rowsets(m, m->complaint, sizeof(struct case_row));
	rowset_init(&m->promises, m->arena, sizeof(struct promise_row));
	measuring_rowsets(m, m->appointment, sizeof(struct appointment_row));
	measuring_rowsets(m, m->callback, sizeof(struct callback_row));
	measuring_rowsets(m, m->price, sizeof(struct price_row));
	table_init(&m->reopened_cases);
	table_init(&m->prices);
}

/* A table of the result has the rows of its rowset: both structs begin with rows and count. */
#define MEASURING_TABLES(m, name)                                                                  \
	for (int cut = 0; cut < CUT_COUNT && status == CH_OK; cut++) {                             \
		void *sorted = NULL;                                                               \
		status = rowset_finish(&(m)->name[cut], &sorted, &(m)->out->name[cut].count);      \
		(m)->out->name[cut].rows = sorted;                                                 \
	}

static enum ch_status measuring_end(struct measuring *m)
{
	void *rows = NULL;
	enum ch_status status = measure_repair_end(m);
	if (status == CH_OK)
		status = measure_case_end(m);
	if (status == CH_OK)
		status = measure_hotline_end(m);
	if (status == CH_OK)
		status = measure_callback_end(m);
	if (status == CH_OK)
		status = measure_price_end(m);
	if (status == CH_OK)
		status = measure_survey_end(m);
	MEASURING_TABLES(m, repair)
	MEASURING_TABLES(m, supply)
	MEASURING_TABLES(m, hotline)
	MEASURING_TABLES(m, complaint)
	MEASURING_TABLES(m, appointment)
	MEASURING_TABLES(m, callback)
	MEASURING_TABLES(m, price)
	if (status == CH_OK)
		status = rowset_finish(&m->hotline_hours, &rows, &m->out->hotline_hours.count);
	m->out->hotline_hours.rows = rows;
	rows = NULL;
	if (status == CH_OK)
		status = rowset_finish(&m->promises, &rows, &m->out->promises.count);
	m->out->promises.rows = rows;
	return status == CH_OK ? measure_ranking(m) : status;
}

static void measuring_fini(struct measuring *m)
{
	for (int cut = 0; cut < CUT_COUNT; cut++) {
		rowset_fini(&m->repair[cut]);
		rowset_fini(&m->supply[cut]);
		rowset_fini(&m->hotline[cut]);
		rowset_fini(&m->complaint[cut]);
		rowset_fini(&m->appointment[cut]);
		rowset_fini(&m->callback[cut]);
		rowset_fini(&m->price[cut]);
	}
	rowset_fini(&m->hotline_hours);
	rowset_fini(&m->promises);
	table_fini(&m->reopened_cases);
	table_fini(&m->prices);
	list_fini(&m->returns);
	list_fini(&m->visits);
	list_fini(&m->open_repairs);
	list_fini(&m->contacts);
	list_fini(&m->open_cases);
	list_fini(&m->services);
	list_fini(&m->follow_ups);
	list_fini(&m->callbacks_due);
	list_fini(&m->off_list);
	list_fini(&m->responses);
	arena_fini(&m->scratch);
	buffer_fini(&m->name);
	customers_free(m->customers);
	free(m);
}

struct measures_owner {
	struct measures measures;
	struct arena arena;
};

enum ch_status measures_make(
	struct book_txn *txn, const struct measure_request *request, struct measures **out_measures)
{
	struct measures_owner *owner = calloc(1, sizeof(*owner));
	struct measuring *m = calloc(1, sizeof(*m));
	enum ch_status status = CH_NOMEM;
	if (owner == NULL || m == NULL)
		goto out;
	arena_init(&owner->arena);
	owner->measures.request = *request;
	owner->measures.owner = owner;
	m->txn = txn;
	m->request = request;
	m->settings = request->settings;
	m->offset_us = quality_offset_us(request->settings);
	m->out = &owner->measures;
	m->arena = &owner->arena;
	measuring_begin(m);
	status = customers_load(txn, request->settings, &m->customers);
	if (status == CH_OK)
		status = measuring_walk(m);
	if (status == CH_OK)
		status = measuring_end(m);
	if (status != CH_OK)
		goto out;
	*out_measures = &owner->measures;
	owner = NULL;
out:
	if (m != NULL)
		measuring_fini(m);
	if (owner != NULL)
		measures_free(&owner->measures);
	return status;
}

void measures_free(struct measures *measures)
{
	if (measures == NULL)
		return;
	struct measures_owner *owner = measures->owner;
	if (owner == NULL)
		owner = (struct measures_owner *)(void *)measures;
	arena_fini(&owner->arena);
	free(owner);
}
