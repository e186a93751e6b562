/* R14, the four-day rate, RR90. */
#include "module/quality/measure/measuring.h"

/* A unit that came, by a receipt or a re-opening, or went back: judged when
 * every visit of every unit is known.  The unit is a digest of its serial
 * number, so long that two do not share one. */
struct visit {
	uint64_t unit[2];
	int64_t moment_us;
	struct stratum stratum; /* of a return, what it counts under; VISIT_CAME */
};

#define VISIT_CAME UINT32_MAX

/* By unit, then by time; at one time what came stands before what went back,
 * whose days begin behind it. */
static int visit_order(const void *a, const void *b)
{
	const struct visit *one = a;
	const struct visit *other = b;
	for (size_t i = 0; i < 2; i++) {
		if (one->unit[i] != other->unit[i])
			return one->unit[i] < other->unit[i] ? -1 : 1;
	}
	if (one->moment_us != other->moment_us)
		return one->moment_us < other->moment_us ? -1 : 1;
	bool one_came = one->stratum.where == VISIT_CAME;
	bool other_came = other->stratum.where == VISIT_CAME;
	if (one_came != other_came)
		return one_came ? -1 : 1;
	if (one->stratum.where != other->stratum.where)
		return one->stratum.where < other->stratum.where ? -1 : 1;
	return (one->stratum.parts > other->stratum.parts) -
	       (one->stratum.parts < other->stratum.parts);
}

/* Only what may come behind a return of the stretch, within its days. */
static enum ch_status visit_note_came(struct measuring *m, const struct repair_fact *fact)
{
	int64_t until_us = m->request->until_us;
	struct visit visit = {.moment_us = fact->begun.moment_us, .stratum = {VISIT_CAME, 0}};
	if (fact->begun.moment_us < m->history_us ||
		(fact->begun.moment_us > until_us &&
			fact->begun.moment_us - until_us > m->settings->again_ms * 1000) ||
		!repair_unit_digest(fact->serial, visit.unit))
		return CH_OK;
	return sorter_add(m->visits, &visit);
}

/* ---- Counting ---- */

static unsigned repair_band(int64_t age_us)
{
	unsigned band = 0;
	while (band < AGE_BANDS - 1 && age_us > age_band_days[band] * DAY_US)
		band++;
	return band;
}

static void repair_count_received(const struct measuring *m, const struct repair_fact *fact,
	struct repair_row *row, int64_t age_us)
{
	bool ended = fact->ended.mark != NULL;
	row->received++;
	row->cancelled += fact->cancelled.mark != NULL && fact->returned.mark == NULL;
	row->reopened += fact->reopened;
	row->outcome[fact->outcome]++;
	row->faulty += fact->faulty;
	if (fact->faulty)
		return;
	row->r14.whole++;
	row->r14.part += age_us > m->settings->open_ms * 1000;
	row->r140.whole++;
	row->r140.part += age_us > m->settings->open_long_ms * 1000;
	if (ended)
		span_add(&row->through, age_us);
}

static void repair_count_open(const struct measuring *m, const struct repair_fact *fact,
	struct repair_row *row, int64_t age_us)
{
	bool waiting = fact->pause_count > 0 &&
		       fact->pauses[fact->pause_count - 1].until_us > m->request->as_of_us;
	row->open++;
	row->open_by_age[repair_band(age_us)]++;
	row->open_waiting += waiting;
}

static int open_repair_order(const void *a, const void *b)
{
	const struct open_repair *one = a;
	const struct open_repair *other = b;
	if (one->age_us != other->age_us)
		return one->age_us > other->age_us ? -1 : 1;
	return slice_compare(one->repair_order_id, other->repair_order_id);
}

static void repair_list_open(struct measuring *m, const struct repair_fact *fact, int64_t age_us)
{
	const struct open_repair open = {.repair_order_id = fact->order_id,
		.station = fact->station,
		.model = fact->model,
		.received_us = fact->begun.moment_us,
		.age_us = age_us,
		.event_source = fact->begun.mark->source,
		.event_id = fact->begun.mark->id};
	struct open_repair *place = shortlist_place(&m->open_repairs, &open);
	if (place == NULL)
		return;
	place->repair_order_id = measuring_keep(m, open.repair_order_id);
	place->station = measuring_keep(m, open.station);
	place->model = measuring_keep(m, open.model);
	place->event_source = measuring_keep(m, open.event_source);
	place->event_id = measuring_keep(m, open.event_id);
}

static void repair_take_received(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject)
{
	void *rows[MEASURE_ROWS_MAX];
	int64_t age_us = repair_age(fact, m->request->as_of_us);
	size_t count = measuring_rows(m, MEASURE_REPAIR, subject, fact->begun.moment_us, rows);
	for (size_t i = 0; i < count; i++)
		repair_count_received(m, fact, rows[i], age_us);
}

static void repair_take_open(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject)
{
	void *rows[MEASURE_ROWS_MAX];
	int64_t age_us = repair_age(fact, m->request->as_of_us);
	size_t count = measuring_rows_now(m, MEASURE_REPAIR, subject, fact->begun.moment_us, rows);
	for (size_t i = 0; i < count; i++)
		repair_count_open(m, fact, rows[i], age_us);
	if (age_us > m->settings->open_ms * 1000)
		repair_list_open(m, fact, age_us);
}

static void repair_take_fixed(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject)
{
	void *rows[MEASURE_ROWS_MAX];
	struct repair_point fixed = repair_fixed(fact);
	if (fixed.mark == NULL || fact->faulty || fixed.moment_us < fact->begun.moment_us)
		return;
	int64_t took_us = repair_span(fact, fact->begun.moment_us, fixed.moment_us);
	size_t count = measuring_rows(m, MEASURE_REPAIR, subject, fixed.moment_us, rows);
	for (size_t i = 0; i < count; i++) {
		struct repair_row *row = rows[i];
		row->four_day.whole++;
		row->four_day.part += took_us <= m->settings->fix_ms * 1000;
		span_add(&row->repairing, took_us);
	}
}

static enum ch_status repair_take_returned(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject)
{
	void *rows[MEASURE_ROWS_MAX];
	struct visit visit = {.moment_us = fact->returned.moment_us};
	if (fact->returned.mark == NULL || fact->faulty ||
		!measuring_in_history(m, fact->returned.moment_us))
		return CH_OK;
	bool known = repair_unit_digest(fact->returned_serial, visit.unit);
	bool ripe = fact->returned.moment_us + m->settings->again_ms * 1000 <= m->request->as_of_us;
	size_t count = measuring_rows(m, MEASURE_REPAIR, subject, fact->returned.moment_us, rows);
	for (size_t i = 0; i < count; i++) {
		struct repair_row *row = rows[i];
		row->returned++;
		row->return_unknown += !known;
		row->rr90.whole += known && ripe; /* whether it came again is not known yet */
	}
	if (!ripe || !known)
		return CH_OK;
	visit.stratum = subject->stratum;
	return sorter_add(m->visits, &visit);
}

enum ch_status measure_repair_begin(struct measuring *m)
{
	shortlist_init(&m->open_repairs, sizeof(struct open_repair), open_repair_order);
	return sorter_create(sizeof(struct visit), visit_order, LIMIT_SORTER_BYTES, &m->visits);
}

enum ch_status measure_repair_take(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject)
{
	/* Whoever brings a unit again may bring it to a station that the report is
   * not about. */
	enum ch_status status = visit_note_came(m, fact);
	if (status != CH_OK || !measuring_admits(m, subject))
		return status;
	m->out->notes.repairs_faulty += fact->faulty;
	repair_take_received(m, fact, subject);
	repair_take_fixed(m, fact, subject);
	if (fact->ended.mark == NULL)
		repair_take_open(m, fact, subject);
	return repair_take_returned(m, fact, subject);
}

/* ---- RR90 ---- */

/* A return that came again within its days, under all that it counts under. */
static void visit_count_again(struct measuring *m, const struct visit *returned)
{
	struct measure_subject subject;
	void *rows[MEASURE_ROWS_MAX];
	strata_subject(&m->strata, returned->stratum, &subject);
	size_t count = measuring_rows(m, MEASURE_REPAIR, &subject, returned->moment_us, rows);
	for (size_t i = 0; i < count; i++) {
		struct repair_row *row = rows[i];
		row->rr90.part++;
	}
}

/* The unit comes: every return that still waited for its next visit is judged
 * by it.  The visit that ended with a return in this very moment began before
 * it, or with it, and is none behind it. */
static void visit_judge(struct measuring *m, struct list *waiting, const struct visit *came)
{
	const struct visit *returns = waiting->items;
	for (size_t i = 0; i < waiting->count; i++) {
		if (came->moment_us - returns[i].moment_us <= m->settings->again_ms * 1000)
			visit_count_again(m, &returns[i]);
	}
	waiting->count = 0;
}

enum ch_status measure_repair_sort(struct measuring *m)
{
	return sorter_sort(m->visits);
}

enum ch_status measure_repair_judge(struct measuring *m, size_t most)
{
	struct list *waiting = &m->returns;
	struct visit visit;
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < most && status == CH_OK; i++) {
		const struct visit *first = waiting->items;
		status = sorter_next(m->visits, &visit);
		if (status != CH_OK)
			break;
		if (waiting->count > 0 && memcmp(first->unit, visit.unit, sizeof(visit.unit)) != 0)
			waiting->count = 0;
		if (visit.stratum.where == VISIT_CAME) {
			visit_judge(m, waiting, &visit);
			continue;
		}
		struct visit *returned = list_add(waiting, sizeof(*returned));
		if (returned == NULL)
			status = CH_NOMEM;
		else
			*returned = visit;
	}
	return status;
}

enum ch_status measure_repair_end(struct measuring *m)
{
	return shortlist_finish(&m->open_repairs, m->arena, &m->out->open_repairs,
		&m->out->open_repair_count, &m->out->open_repair_total);
}
