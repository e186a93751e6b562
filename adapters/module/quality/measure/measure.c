#include "module/quality/measure/measure.h"

#include <stdlib.h>

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

/* ---- Walks ---- */

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
		status = strata_keep(&m->strata, &subject);
	if (status == CH_OK && m->request->watch != NULL)
		status = m->request->watch(m->request->watching, fact, marks);
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

/* ---- Begin and end ---- */

static void measuring_rowsets(
	struct measuring *m, struct rowset rowsets[CUT_COUNT], size_t row_size)
{
	for (int cut = 0; cut < CUT_COUNT; cut++)
		rowset_init(&rowsets[cut], m->arena, row_size);
}

static void measuring_init(struct measuring *m)
{
	static const size_t sizes[MEASURE_KINDS] = {
		[MEASURE_REPAIR] = sizeof(struct repair_row),
		[MEASURE_SUPPLY] = sizeof(struct supply_row),
		[MEASURE_COMPLAINT] = sizeof(struct case_row),
		[MEASURE_APPOINTMENT] = sizeof(struct appointment_row),
		[MEASURE_CALLBACK] = sizeof(struct callback_row),
		[MEASURE_PRICE] = sizeof(struct price_row),
	};
	arena_init(&m->scratch);
	strata_init(&m->strata);
	for (int kind = 0; kind < MEASURE_KINDS; kind++)
		measuring_rowsets(m, m->rows[kind], sizes[kind]);
	measuring_rowsets(m, m->hotline, sizeof(struct hotline_row));
	rowset_init(&m->hotline_hours, m->arena, sizeof(struct hotline_row));
	rowset_init(&m->promises, m->arena, sizeof(struct promise_row));
	table_init(&m->reopened_cases);
	table_init(&m->hotline_groups);
	table_init(&m->prices);
}

/* The periods from the history's begin on. */
static enum ch_status measuring_make_periods(struct measuring *m)
{
	struct list starts = {0};
	enum period_unit unit = m->request->unit;
	int64_t at_us = period_start(unit, m->offset_us, m->history_us);
	do {
		int64_t *start = list_add(&starts, sizeof(*start));
		if (start == NULL) {
			list_fini(&starts);
			return CH_NOMEM;
		}
		*start = at_us;
		at_us = period_next(unit, m->offset_us, at_us);
	} while (at_us < m->request->until_us);
	m->periods = starts.items;
	m->period_count = starts.count;
	return CH_OK;
}

static enum ch_status measuring_table(
	struct rowset *rowset, enum ch_status status, void *out_rows, size_t *out_count)
{
	void *rows = NULL;
	if (status == CH_OK)
		status = rowset_finish(rowset, &rows, out_count);
	memcpy(out_rows, &rows, sizeof(rows));
	return status;
}

/* A table of the result has the rows of its rowset. */
#define MEASURING_TABLES(rowsets, table)                                                           \
	for (int cut = 0; cut < CUT_COUNT; cut++)                                                  \
	status = measuring_table(                                                                  \
		&(rowsets)[cut], status, &m->out->table[cut].rows, &m->out->table[cut].count)

static enum ch_status measuring_tables(struct measuring *m)
{
	enum ch_status status = CH_OK;
	MEASURING_TABLES(m->rows[MEASURE_REPAIR], repair);
	MEASURING_TABLES(m->rows[MEASURE_SUPPLY], supply);
	MEASURING_TABLES(m->rows[MEASURE_COMPLAINT], complaint);
	MEASURING_TABLES(m->rows[MEASURE_APPOINTMENT], appointment);
	MEASURING_TABLES(m->rows[MEASURE_CALLBACK], callback);
	MEASURING_TABLES(m->rows[MEASURE_PRICE], price);
	MEASURING_TABLES(m->hotline, hotline);
	status = measuring_table(&m->hotline_hours, status, &m->out->hotline_hours.rows,
		&m->out->hotline_hours.count);
	status = measuring_table(
		&m->promises, status, &m->out->promises.rows, &m->out->promises.count);
	return status == CH_OK ? measure_ranking(m) : status;
}

static enum ch_status measuring_begin(struct measuring *m)
{
	measure_case_begin(m);
	enum ch_status status = customers_load(m->customers);
	if (status == CH_OK)
		status = measure_price_begin(m);
	if (status == CH_OK)
		status = measure_repair_begin(m);
	if (status == CH_OK)
		status = measure_hotline_begin(m);
	return status == CH_OK ? measure_callback_begin(m) : status;
}

/* ---- In pieces ---- */

/* A walk over a table, what goes over what was sorted, or something to be done at once. */
static const struct measuring_step {
	fact_function *each;
	enum fact_table table;
	enum ch_status (*some)(struct measuring *m, size_t most);
	enum ch_status (*once)(struct measuring *m);
} measuring_steps[] = {
	{.once = measuring_begin},
	{.each = measure_each_repair, .table = FACT_REPAIRS},
	{.each = measure_each_order, .table = FACT_ORDERS},
	/* Calls behind cases: whether one was opened again tells of the first contact. */
	{.each = measure_each_case, .table = FACT_CASES},
	{.each = measure_each_promise, .table = FACT_PROMISES},
	{.each = measure_each_call, .table = FACT_CALLS},
	{.each = measure_each_appointment, .table = FACT_APPOINTMENTS},
	{.each = measure_each_callback, .table = FACT_CALLBACKS},
	{.each = measure_each_response, .table = FACT_RESPONSES},
	{.once = measure_repair_sort},
	{.some = measure_repair_judge},
	{.once = measure_repair_end},
	{.once = measure_case_end},
	{.once = measure_hotline_sort},
	{.some = measure_hotline_judge},
	{.once = measure_callback_sort},
	{.some = measure_callback_judge},
	{.once = measure_callback_end},
	{.once = measure_price_end},
	{.once = measure_survey_end},
	{.once = measuring_tables},
};

#define MEASURING_STEPS (sizeof(measuring_steps) / sizeof(*measuring_steps))

/* One piece of a step; CH_END: it is done. */
static enum ch_status measuring_step_on(
	struct measuring *m, const struct measuring_step *step, size_t most)
{
	if (step->each != NULL)
		return fact_walk_some(
			m->txn, step->table, &m->from, most, m->request->as_of_us, step->each, m);
	if (step->some != NULL)
		return step->some(m, most);
	enum ch_status status = step->once(m);
	return status == CH_OK ? CH_END : status;
}

enum ch_status measuring_go_on(struct measuring *m, struct book_txn *txn, size_t most)
{
	enum ch_status status = CH_OK;
	m->txn = txn;
	customers_look(m->customers, txn);
	while (status == CH_OK && m->step < MEASURING_STEPS) {
		status = measuring_step_on(m, &measuring_steps[m->step], most);
		if (status == CH_END) {
			buffer_clear(&m->from);
			m->step++;
			status = CH_OK;
		}
		if (most != SIZE_MAX)
			break;
	}
	m->txn = NULL;
	return status == CH_OK && m->step == MEASURING_STEPS ? CH_END : status;
}

struct measures_owner {
	struct measures measures;
	struct arena arena;
};

enum ch_status measuring_create(
	const struct measure_request *request, struct measuring **out_measuring)
{
	struct measures_owner *owner = calloc(1, sizeof(*owner));
	struct measuring *m = calloc(1, sizeof(*m));
	enum ch_status status = CH_NOMEM;
	if (owner == NULL || m == NULL)
		goto out;
	arena_init(&owner->arena);
	owner->measures.request = *request;
	owner->measures.owner = owner;
	m->out = &owner->measures;
	m->arena = &owner->arena;
	owner = NULL; /* m's now */
	m->request = &m->out->request;
	m->settings = request->settings;
	m->offset_us = quality_offset_us(request->settings);
	m->history_us = request->from_us - request->history_us;
	measuring_init(m);
	m->other = malloc(sizeof(*m->other));
	if (m->other == NULL)
		goto out;
	status = customers_create(request->settings, &m->customers);
	if (status == CH_OK)
		status = measuring_make_periods(m);
	if (status != CH_OK)
		goto out;
	*out_measuring = m;
	m = NULL; /* the caller's now */
out:
	free(owner);
	if (m != NULL && m->out == NULL)
		free(m);
	else
		measuring_free(m);
	return status;
}

struct measures *measuring_take(struct measuring *m)
{
	struct measures *measures = m->out;
	m->out = NULL;
	return measures;
}

void measuring_free(struct measuring *m)
{
	if (m == NULL)
		return;
	for (int cut = 0; cut < CUT_COUNT; cut++) {
		for (int kind = 0; kind < MEASURE_KINDS; kind++)
			rowset_fini(&m->rows[kind][cut]);
		rowset_fini(&m->hotline[cut]);
	}
	rowset_fini(&m->hotline_hours);
	rowset_fini(&m->promises);
	table_fini(&m->reopened_cases);
	table_fini(&m->hotline_groups);
	table_fini(&m->prices);
	sorter_free(m->visits);
	sorter_free(m->contacts);
	sorter_free(m->services);
	shortlist_fini(&m->open_repairs);
	shortlist_fini(&m->open_cases);
	shortlist_fini(&m->callbacks_due);
	shortlist_fini(&m->off_list);
	list_fini(&m->hotline_list);
	list_fini(&m->returns);
	list_fini(&m->customer_events);
	list_fini(&m->responses);
	strata_fini(&m->strata);
	arena_fini(&m->scratch);
	buffer_fini(&m->name);
	buffer_fini(&m->from);
	customers_free(m->customers);
	free(m->other);
	free(m->periods);
	measures_free(m->out);
	free(m);
}

enum ch_status measures_make(
	struct book_txn *txn, const struct measure_request *request, struct measures **out_measures)
{
	struct measuring *m = NULL;
	enum ch_status status = measuring_create(request, &m);
	if (status == CH_OK)
		status = measuring_go_on(m, txn, SIZE_MAX);
	if (status == CH_END) {
		*out_measures = measuring_take(m);
		status = CH_OK;
	}
	measuring_free(m);
	return status;
}

void measures_free(struct measures *measures)
{
	if (measures == NULL)
		return;
	struct measures_owner *owner = measures->owner;
	arena_fini(&owner->arena);
	free(owner);
}
