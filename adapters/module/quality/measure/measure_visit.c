/* Appointments, and call-backs: those that were planned and those that are due
 * after every service. */
#include "carehub/v1/care.pb-c.h"
#include "module/quality/measure/measuring.h"

/* Of one customer: a service that call-backs follow, or that he was reached. */
struct contact_event {
	uint64_t customer;
	int64_t moment_us;
	struct stratum stratum; /* of a service what it counts under; CONTACT_REACHED */
	uint32_t order_len;
	uint8_t order[LIMIT_FACT_NAME_BYTES]; /* zeros behind it */
};

#define CONTACT_REACHED UINT32_MAX

/* ---- Appointments ---- */

static void appointment_count(
	const struct measuring *m, const struct appointment_fact *fact, struct appointment_row *row)
{
	bool by_customer = fact->absent == CAREHUB__V1__ABSENT_PARTY__ABSENT_PARTY_CUSTOMER;
	row->moved += fact->moved;
	if (fact->became == APPOINTMENT_CANCELLED) {
		row->cancelled++;
		return;
	}
	row->due++;
	row->missed.whole++;
	switch (fact->became) {
	case APPOINTMENT_KEPT:
		row->kept++;
		row->late += fact->arrived_us > fact->end_us;
		break;
	case APPOINTMENT_MISSED:
		row->missed.part += !by_customer;
		row->missed_by_customer += by_customer;
		break;
	default:
		row->untold += m->request->as_of_us > fact->end_us + DAY_US;
		break;
	}
}

enum ch_status measure_appointment_take(struct measuring *m, const struct marks *marks)
{
	struct appointment_fact fact;
	struct measure_subject subject = {0};
	void *rows[MEASURE_ROWS_MAX];
	uint64_t now;
	/* What is still to come is not due. */
	if (!appointment_fact_make(marks, &fact) || !measuring_in_history(m, fact.start_us) ||
		fact.start_us > m->request->as_of_us)
		return CH_OK;
	subject.station = fact.station;
	subject.model = fact.model;
	enum ch_status status = measuring_group(
		m, fact.customer, fact.sequence, fact.start_us, &subject.group, &now);
	if (status == CH_OK)
		status = measuring_by_repair(m, fact.repair, fact.start_us, &subject);
	if (status != CH_OK || !measuring_admits(m, &subject))
		return status;
	status = strata_keep(&m->strata, &subject);
	if (status != CH_OK)
		return status;
	size_t count = measuring_rows(m, MEASURE_APPOINTMENT, &subject, fact.start_us, rows);
	for (size_t i = 0; i < count; i++)
		appointment_count(m, &fact, rows[i]);
	return CH_OK;
}

/* ---- Call-backs ---- */

enum ch_status measure_service_take(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject)
{
	uint64_t now = 0;
	struct contact_event service = {.moment_us = fact->returned.moment_us};
	int64_t round_us = (m->settings->callback_years * 366 + 93) * DAY_US;
	/* One whose round was over before the history began has no call-back in it,
   * and none open. */
	if (fact->returned.mark == NULL || fact->faulty ||
		fact->returned.moment_us < m->history_us - round_us)
		return CH_OK;
	enum ch_status status = customers_now(m->customers, fact->customer, fact->sequence, &now);
	if (status != CH_OK || now == 0)
		return status; /* nobody can be called */
	service.customer = now;
	service.order_len = (uint32_t)fact->order_id.len;
	memcpy(service.order, fact->order_id.data, fact->order_id.len);
	service.stratum = subject->stratum;
	return sorter_add(m->services, &service);
}

static void callback_count_planned(
	const struct measuring *m, const struct callback_fact *fact, struct callback_row *row)
{
	int64_t until_us = period_start(PERIOD_DAY, m->offset_us, fact->due_us) + DAY_US;
	row->planned++;
	if (fact->done_us != 0) {
		row->planned_done += fact->done_us < until_us;
		row->planned_late += fact->done_us >= until_us;
	} else {
		row->planned_given_up += fact->given_up;
		row->planned_overdue += !fact->given_up && m->request->as_of_us >= until_us;
	}
}

enum ch_status measure_callback_take(struct measuring *m, const struct marks *marks)
{
	struct callback_fact fact;
	struct measure_subject subject = {0};
	void *rows[MEASURE_ROWS_MAX];
	uint64_t now = 0;
	callback_fact_make(marks, &fact);
	enum ch_status status = measuring_group(m, fact.customer, fact.sequence,
		fact.due_us != 0 ? fact.due_us : fact.done_us, &subject.group, &now);
	if (status == CH_OK && fact.follow_up && fact.done_us != 0 && now != 0) {
		const struct contact_event reached = {.customer = now,
			.moment_us = fact.done_us,
			.stratum = {CONTACT_REACHED, 0}};
		status = sorter_add(m->services, &reached);
	}
	if (status != CH_OK || fact.due_us == 0 || !measuring_in_history(m, fact.due_us))
		return status;
	status = measuring_by_repair(m, fact.repair, fact.due_us, &subject);
	if (status != CH_OK || !measuring_admits(m, &subject))
		return status;
	status = strata_keep(&m->strata, &subject);
	if (status != CH_OK)
		return status;
	size_t count = measuring_rows(m, MEASURE_CALLBACK, &subject, fact.due_us, rows);
	for (size_t i = 0; i < count; i++)
		callback_count_planned(m, &fact, rows[i]);
	return CH_OK;
}

/* By customer, then by time: of one moment he was reached before the service,
 * which is before other orders'. */
static int contact_event_order(const void *a, const void *b)
{
	const struct contact_event *one = a;
	const struct contact_event *other = b;
	if (one->customer != other->customer)
		return one->customer < other->customer ? -1 : 1;
	if (one->moment_us != other->moment_us)
		return one->moment_us < other->moment_us ? -1 : 1;
	bool one_reached = one->stratum.where == CONTACT_REACHED;
	bool other_reached = other->stratum.where == CONTACT_REACHED;
	if (one_reached != other_reached)
		return one_reached ? -1 : 1;
	return slice_compare(
		slice_of(one->order, one->order_len), slice_of(other->order, other->order_len));
}

static int callback_due_order(const void *a, const void *b)
{
	const struct callback_due *one = a;
	const struct callback_due *other = b;
	if (one->due_us != other->due_us)
		return one->due_us < other->due_us ? -1 : 1;
	return slice_compare(one->repair_order_id, other->repair_order_id);
}

enum ch_status measure_callback_begin(struct measuring *m)
{
	shortlist_init(&m->callbacks_due, sizeof(struct callback_due), callback_due_order);
	return sorter_create(sizeof(struct contact_event), contact_event_order, LIMIT_SORTER_BYTES,
		&m->services);
}

/* One service while its call-backs are judged: `events` are what there is of
 * the customer, in order. */
struct callback_judging {
	struct measuring *m;
	const struct contact_event *events;
	size_t count;
	size_t at; /* the service */
	struct measure_subject subject;
};

/* Whether the customer was reached from one moment up to another. */
static bool callback_done(const struct callback_judging *judging, int64_t from_us, int64_t until_us)
{
	for (size_t i = 0; i < judging->count; i++) {
		const struct contact_event *event = &judging->events[i];
		if (event->moment_us >= until_us)
			break;
		if (event->stratum.where == CONTACT_REACHED && event->moment_us >= from_us)
			return true;
	}
	return false;
}

static void callback_list_due(
	const struct callback_judging *judging, int64_t due_us, int64_t number)
{
	struct measuring *m = judging->m;
	const struct contact_event *service = &judging->events[judging->at];
	const struct callback_due due = {.customer = service->customer,
		.repair_order_id = slice_of(service->order, service->order_len),
		.station = judging->subject.station,
		.due_us = due_us,
		.number = number};
	struct callback_due *place = shortlist_place(&m->callbacks_due, &due);
	if (place == NULL)
		return;
	place->repair_order_id = measuring_keep(m, due.repair_order_id);
	place->station = measuring_keep(m, due.station);
}

/* One call-back of a service: due from its day until the next one's. */
static void callback_judge(
	const struct callback_judging *judging, int64_t number, int64_t due_us, int64_t next_us)
{
	struct measuring *m = judging->m;
	void *rows[MEASURE_ROWS_MAX];
	bool done = callback_done(judging, due_us, next_us);
	bool open = !done && m->request->as_of_us < next_us;
	size_t count = measuring_rows(m, MEASURE_CALLBACK, &judging->subject, due_us, rows);
	for (size_t i = 0; i < count; i++) {
		struct callback_row *row = rows[i];
		row->due++;
		row->done += done;
		row->open += open;
		row->missed += !done && !open;
	}
	if (open)
		callback_list_due(judging, due_us, number);
}

/* The first call-back that may fall due in the history: so many months have
 * passed at the least. */
static int64_t callback_first(const struct measuring *m, int64_t service_us)
{
	int64_t months = (m->history_us - service_us) / (31 * DAY_US);
	if (months < 1)
		return 1;
	return months <= 12 ? months : 12 + (months - 12) / 3;
}

/* A later service of the same customer begins the round anew. */
static void callback_judge_service(const struct callback_judging *judging, int64_t until_us)
{
	const struct measuring *m = judging->m;
	int64_t service_us = judging->events[judging->at].moment_us;
	int64_t years = m->settings->callback_years;
	int64_t number = callback_first(m, service_us);
	int64_t due = callback_due_us(service_us, number, years, m->offset_us);
	while (due != 0 && due < until_us && due <= m->request->as_of_us) {
		int64_t next = callback_due_us(service_us, number + 1, years, m->offset_us);
		/* The last one is open for a quarter as well. */
		int64_t end = next != 0 ? next : period_add_months(m->offset_us, due, 3);
		callback_judge(judging, number, due, end < until_us ? end : until_us);
		number++;
		due = next;
	}
}

/* All that there is of one customer. */
static void callback_judge_customer(struct measuring *m, const struct list *list)
{
	struct callback_judging judging = {.m = m, .events = list->items, .count = list->count};
	int64_t until_us = INT64_MAX;
	for (size_t i = list->count; i > 0; i--) {
		const struct contact_event *event = &judging.events[i - 1];
		if (event->stratum.where == CONTACT_REACHED)
			continue;
		judging.at = i - 1;
		strata_subject(&m->strata, event->stratum, &judging.subject);
		if (measuring_admits(m, &judging.subject))
			callback_judge_service(&judging, until_us);
		until_us = event->moment_us;
	}
}

enum ch_status measure_callback_sort(struct measuring *m)
{
	return sorter_sort(m->services);
}

enum ch_status measure_callback_judge(struct measuring *m, size_t most)
{
	struct list *customer = &m->customer_events;
	struct contact_event event;
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < most && status == CH_OK; i++) {
		const struct contact_event *first = customer->items;
		status = sorter_next(m->services, &event);
		if (customer->count > 0 &&
			(status == CH_END || first->customer != event.customer)) {
			callback_judge_customer(m, customer);
			customer->count = 0;
		}
		if (status != CH_OK)
			break;
		struct contact_event *place = list_add(customer, sizeof(*place));
		if (place == NULL)
			status = CH_NOMEM;
		else
			*place = event;
	}
	return status;
}

enum ch_status measure_callback_end(struct measuring *m)
{
	return shortlist_finish(&m->callbacks_due, m->arena, &m->out->callbacks_due,
		&m->out->callback_due_count, &m->out->callback_due_total);
}
