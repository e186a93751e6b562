/* R14, the four-day rate, RR90. */
#include <stdlib.h>

#include "base/hash.h"
#include "module/quality/measure/measuring.h"

/* A return whose days have passed: judged when every visit of every unit is known. */
struct rr90_return {
	struct unit_visit visit;
	size_t row_count;
	void **rows; /* struct repair_row */
};

/* ---- Serial numbers ---- */

/* Without blanks and hyphens, in capitals: desks write them as they like. */
static uint8_t serial_next(struct slice serial, size_t *at)
{
	while (*at < serial.len) {
		uint8_t byte = serial.data[(*at)++];
		if (byte == ' ' || byte == '-')
			continue;
		return byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 'a' + 'A') : byte;
	}
	return 0;
}

static uint64_t serial_hash(const struct measuring *m, struct slice serial)
{
	uint8_t folded[LIMIT_FACT_TEXT_BYTES];
	size_t len = 0;
	uint8_t byte;
	for (size_t at = 0; (byte = serial_next(serial, &at)) != 0;)
		folded[len++] = byte;
	return len > 0 ? hash_bytes(folded, len, m->seed) | 1 : 0;
}

static bool serial_equal(struct slice a, struct slice b)
{
	size_t at_a = 0;
	size_t at_b = 0;
	uint8_t byte;
	do {
		byte = serial_next(a, &at_a);
		if (byte != serial_next(b, &at_b))
			return false;
	} while (byte != 0);
	return true;
}

static int visit_order(const void *a, const void *b)
{
	const struct unit_visit *one = a;
	const struct unit_visit *other = b;
	if (one->serial != other->serial)
		return one->serial < other->serial ? -1 : 1;
	return one->moment_us < other->moment_us ? -1 : one->moment_us > other->moment_us;
}

/* Only what may come behind a return of the stretch, within its days. */
static enum ch_status visit_note(struct measuring *m, const struct repair_fact *fact)
{
	int64_t until_us = m->request->until_us;
	uint64_t serial;
	if (fact->begun.moment_us < m->request->from_us ||
		(fact->begun.moment_us > until_us &&
			fact->begun.moment_us - until_us > m->settings->again_ms * 1000))
		return CH_OK;
	serial = serial_hash(m, fact->serial);
	if (serial == 0)
		return CH_OK;
	struct unit_visit *visit = list_add(&m->visits, sizeof(*visit));
	if (visit == NULL)
		return CH_NOMEM;
	*visit = (struct unit_visit){serial, fact->serial, fact->begun.moment_us};
	return CH_OK;
}

/* ---- Counting ---- */

static unsigned repair_band(int64_t age_us)
{
	unsigned band = 0;
	while (band < AGE_BANDS - 1 && age_us > age_band_days[band] * DAY_US)
		band++;
	return band;
}

/* How long it is, or was, open. */
static int64_t repair_age(const struct measuring *m, const struct repair_fact *fact)
{
	int64_t until = fact->ended.mark != NULL ? fact->ended.moment_us : m->request->as_of_us;
	return repair_span(fact, fact->begun.moment_us, until);
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

static enum ch_status repair_list_open(
	struct measuring *m, const struct repair_fact *fact, int64_t age_us)
{
	struct open_repair *open = list_add(&m->open_repairs, sizeof(*open));
	if (open == NULL)
		return CH_NOMEM;
	*open = (struct open_repair){
		.repair_order_id = measuring_keep(m, fact->order_id),
		.station = measuring_keep(m, fact->station),
		.model = measuring_keep(m, fact->model),
		.received_us = fact->begun.moment_us,
		.age_us = age_us,
		.event_source = measuring_keep(m, fact->begun.mark->source),
		.event_id = measuring_keep(m, fact->begun.mark->id),
	};
	return CH_OK;
}

/* One repair under all its rows: begun, repaired and returned in other periods, else alike. */
struct repair_taking {
	struct measuring *m;
	const struct repair_fact *fact;
	const struct measure_subject *subject;
	size_t lasting; /* how many; 0: not asked for yet */
	void *rows[MEASURE_ROWS_MAX];
};

static size_t repair_rows(struct repair_taking *taking, int64_t moment_us)
{
	struct measuring *m = taking->m;
	if (taking->lasting == 0)
		taking->lasting =
			measuring_rows_lasting(m, m->repair, taking->subject, taking->rows);
	return measuring_rows_period(
		m, m->repair, taking->subject, moment_us, taking->rows, taking->lasting);
}

static enum ch_status repair_take_open(struct repair_taking *taking)
{
	struct measuring *m = taking->m;
	const struct repair_fact *fact = taking->fact;
	void **rows = taking->rows;
	int64_t age_us = repair_age(m, fact);
	size_t count = repair_rows(taking, fact->begun.moment_us);
	for (size_t i = 0; i < count; i++)
		repair_count_open(m, fact, rows[i], age_us);
	return age_us > m->settings->open_ms * 1000 ? repair_list_open(m, fact, age_us) : CH_OK;
}

static void repair_take_fixed(struct repair_taking *taking)
{
	struct measuring *m = taking->m;
	const struct repair_fact *fact = taking->fact;
	struct repair_point fixed = repair_fixed(fact);
	if (fixed.mark == NULL || fact->faulty || fixed.moment_us < fact->begun.moment_us ||
		!measuring_in_stretch(m, fixed.moment_us))
		return;
	int64_t took_us = repair_span(fact, fact->begun.moment_us, fixed.moment_us);
	size_t count = repair_rows(taking, fixed.moment_us);
	for (size_t i = 0; i < count; i++) {
		struct repair_row *row = taking->rows[i];
		row->four_day.whole++;
		row->four_day.part += took_us <= m->settings->fix_ms * 1000;
		span_add(&row->repairing, took_us);
	}
}

static enum ch_status repair_take_returned(struct repair_taking *taking)
{
	struct measuring *m = taking->m;
	const struct repair_fact *fact = taking->fact;
	void **rows = taking->rows;
	if (fact->returned.mark == NULL || fact->faulty ||
		!measuring_in_stretch(m, fact->returned.moment_us))
		return CH_OK;
	uint64_t serial = serial_hash(m, fact->returned_serial);
	size_t count = repair_rows(taking, fact->returned.moment_us);
	bool ripe = fact->returned.moment_us + m->settings->again_ms * 1000 <= m->request->as_of_us;
	for (size_t i = 0; i < count; i++) {
		struct repair_row *row = rows[i];
		row->returned++;
		row->return_unknown += serial == 0;
	}
	if (!ripe || serial == 0)
		return CH_OK;
	struct rr90_return *returned = list_add(&m->returns, sizeof(*returned));
	if (returned == NULL)
		return CH_NOMEM;
	returned->visit =
		(struct unit_visit){serial, fact->returned_serial, fact->returned.moment_us};
	returned->row_count = count;
	returned->rows = arena_alloc(&m->scratch, count * sizeof(*returned->rows));
	if (returned->rows == NULL)
		return CH_NOMEM;
	memcpy(returned->rows, rows, count * sizeof(*returned->rows));
	return CH_OK;
}

enum ch_status measure_repair_take(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject)
{
	struct repair_taking taking;
	/* Whoever brings a unit again may bring it to a station that the report is not about. */
	enum ch_status status = visit_note(m, fact);
	if (status != CH_OK || !measuring_admits(m, subject))
		return status;
	m->out->notes.repairs_faulty += fact->faulty;
	taking.m = m;
	taking.fact = fact;
	taking.subject = subject;
	taking.lasting = 0;
	if (measuring_in_stretch(m, fact->begun.moment_us)) {
		int64_t age_us = repair_age(m, fact);
		size_t count = repair_rows(&taking, fact->begun.moment_us);
		for (size_t i = 0; i < count; i++)
			repair_count_received(m, fact, taking.rows[i], age_us);
	}
	repair_take_fixed(&taking);
	status = repair_take_returned(&taking);
	if (status == CH_OK && fact->ended.mark == NULL)
		status = repair_take_open(&taking);
	return status;
}

/* ---- RR90 ---- */

/* Whether the unit of a return was received again within its days: the first visit behind it tells. */
static bool visit_came_again(const struct measuring *m, const struct unit_visit *returned)
{
	const struct unit_visit *visits = m->visits.items;
	size_t low = 0;
	size_t high = m->visits.count;
	int64_t until = returned->moment_us + m->settings->again_ms * 1000;
	struct unit_visit sought = *returned;
	sought.moment_us++; /* the visit that ended with this very return began before it, or with it */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (visit_order(&visits[middle], &sought) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < m->visits.count && visits[low].serial == returned->serial; low++) {
		if (visits[low].moment_us > until)
			return false;
		if (serial_equal(visits[low].text, returned->text))
			return true;
	}
	return false;
}

static int open_repair_order(const void *a, const void *b)
{
	const struct open_repair *one = a;
	const struct open_repair *other = b;
	if (one->age_us != other->age_us)
		return one->age_us > other->age_us ? -1 : 1;
	return slice_compare(one->repair_order_id, other->repair_order_id);
}

enum ch_status measure_repair_end(struct measuring *m)
{
	const struct rr90_return *returns = m->returns.items;
	if (m->visits.count > 0)
		qsort(m->visits.items, m->visits.count, sizeof(struct unit_visit), visit_order);
	for (size_t i = 0; i < m->returns.count; i++) {
		bool again = visit_came_again(m, &returns[i].visit);
		for (size_t k = 0; k < returns[i].row_count; k++) {
			struct repair_row *row = returns[i].rows[k];
			row->rr90.whole++;
			row->rr90.part += again;
		}
	}
	return measuring_list(m, &m->open_repairs, sizeof(struct open_repair), open_repair_order,
		&m->out->open_repairs, &m->out->open_repair_count, &m->out->open_repair_total);
}
