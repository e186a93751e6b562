/* Appointments, and call-backs: those that were planned and those that are due after every service. */
#include <stdlib.h>

#include "carehub/v1/care.pb-c.h"
#include "module/quality/measure/measuring.h"

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
	if (!appointment_fact_make(marks, &fact) || !measuring_in_stretch(m, fact.start_us) ||
		fact.start_us > m->request->as_of_us)
		return CH_OK;
	subject.station = fact.station;
	subject.model = fact.model;
	enum ch_status status = measuring_group(
		m, fact.customer, fact.sequence, fact.start_us, &subject.group, &now);
	if (status != CH_OK || !measuring_admits(m, &subject))
		return status;
	size_t count = measuring_rows(m, m->appointment, &subject, fact.start_us, rows);
	for (size_t i = 0; i < count; i++)
		appointment_count(m, &fact, rows[i]);
	return CH_OK;
}

/* ---- Call-backs ---- */

enum ch_status measure_service_take(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject)
{
	uint64_t now = 0;
	int64_t round_us = (m->settings->callback_years * 366 + 93) * DAY_US;
	/* One whose round was over before the stretch began has no call-back in it, and none open. */
	if (fact->returned.mark == NULL || fact->faulty ||
		fact->returned.moment_us < m->request->from_us - round_us)
		return CH_OK;
	enum ch_status status = customers_now(m->customers, fact->customer, fact->sequence, &now);
	if (status != CH_OK || now == 0)
		return status; /* nobody can be called */
	struct service *service = list_add(&m->services, sizeof(*service));
	if (service == NULL)
		return CH_NOMEM;
	*service = (struct service){
		.customer = now,
		.returned_us = fact->returned.moment_us,
		.order_id = arena_copy(&m->scratch, fact->order_id),
		.station = subject->station,
		.model = subject->model,
		.group = subject->group,
	};
	return service->order_id.data != NULL ? CH_OK : CH_NOMEM;
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
	if (status != CH_OK)
		return status;
	if (fact.follow_up && fact.done_us != 0 && now != 0) {
		struct follow_up *done = list_add(&m->follow_ups, sizeof(*done));
		if (done == NULL)
			return CH_NOMEM;
		*done = (struct follow_up){now, fact.done_us};
	}
	if (fact.due_us == 0 || !measuring_in_stretch(m, fact.due_us) ||
		!measuring_admits(m, &subject))
		return CH_OK;
	size_t count = measuring_rows(m, m->callback, &subject, fact.due_us, rows);
	for (size_t i = 0; i < count; i++)
		callback_count_planned(m, &fact, rows[i]);
	return CH_OK;
}

static int service_order(const void *a, const void *b)
{
	const struct service *one = a;
	const struct service *other = b;
	if (one->customer != other->customer)
		return one->customer < other->customer ? -1 : 1;
	if (one->returned_us != other->returned_us)
		return one->returned_us < other->returned_us ? -1 : 1;
	return slice_compare(one->order_id, other->order_id);
}

static int follow_up_order(const void *a, const void *b)
{
	const struct follow_up *one = a;
	const struct follow_up *other = b;
	if (one->customer != other->customer)
		return one->customer < other->customer ? -1 : 1;
	return one->done_us < other->done_us ? -1 : one->done_us > other->done_us;
}

/* Whether the customer was reached from one moment up to another. */
static bool follow_up_done(
	const struct measuring *m, uint64_t customer, int64_t from_us, int64_t until_us)
{
	const struct follow_up *done = m->follow_ups.items;
	const struct follow_up sought = {customer, from_us};
	size_t low = 0;
	size_t high = m->follow_ups.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (follow_up_order(&done[middle], &sought) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->follow_ups.count && done[low].customer == customer &&
	       done[low].done_us < until_us;
}

static enum ch_status callback_list_due(
	struct measuring *m, const struct service *service, int64_t due_us, int64_t number)
{
	struct callback_due *due = list_add(&m->callbacks_due, sizeof(*due));
	if (due == NULL)
		return CH_NOMEM;
	*due = (struct callback_due){
		.customer = service->customer,
		.repair_order_id = measuring_keep(m, service->order_id),
		.station = measuring_keep(m, service->station),
		.due_us = due_us,
		.number = number,
	};
	return CH_OK;
}

/* A service under all its rows, call-back by call-back. */
struct callback_judging {
	struct measuring *m;
	const struct service *service;
	struct measure_subject subject;
	size_t lasting; /* how many; 0: not asked for yet */
	void *rows[MEASURE_ROWS_MAX];
};

/* One call-back of a service: due from its day until the next one's. */
static enum ch_status callback_judge(
	struct callback_judging *judging, int64_t number, int64_t due_us, int64_t next_us)
{
	struct measuring *m = judging->m;
	bool done = follow_up_done(m, judging->service->customer, due_us, next_us);
	bool open = !done && m->request->as_of_us < next_us;
	if (measuring_in_stretch(m, due_us)) {
		if (judging->lasting == 0)
			judging->lasting = measuring_rows_lasting(
				m, m->callback, &judging->subject, judging->rows);
		size_t count = measuring_rows_period(
			m, m->callback, &judging->subject, due_us, judging->rows, judging->lasting);
		for (size_t i = 0; i < count; i++) {
			struct callback_row *row = judging->rows[i];
			row->due++;
			row->done += done;
			row->open += open;
			row->missed += !done && !open;
		}
	}
	return open ? callback_list_due(m, judging->service, due_us, number) : CH_OK;
}

/* The first call-back that may fall due in the stretch: so many months have passed at the least. */
static int64_t callback_first(const struct measuring *m, const struct service *service)
{
	int64_t months = (m->request->from_us - service->returned_us) / (31 * DAY_US);
	if (months < 1)
		return 1;
	return months <= 12 ? months : 12 + (months - 12) / 3;
}

/* A later service of the same customer begins the round anew. */
static enum ch_status callback_judge_service(
	struct measuring *m, const struct service *service, int64_t until_us)
{
	int64_t years = m->settings->callback_years;
	int64_t number = callback_first(m, service);
	int64_t due = callback_due_us(service->returned_us, number, years, m->offset_us);
	enum ch_status status = CH_OK;
	struct callback_judging judging;
	judging.m = m;
	judging.service = service;
	judging.subject = (struct measure_subject){
		.station = service->station, .model = service->model, .group = service->group};
	judging.lasting = 0;
	if (!measuring_admits(m, &judging.subject))
		return CH_OK;
	while (status == CH_OK && due != 0 && due < until_us && due <= m->request->as_of_us) {
		int64_t next =
			callback_due_us(service->returned_us, number + 1, years, m->offset_us);
		/* The last one is open for a quarter as well. */
		int64_t end = next != 0 ? next : period_add_months(m->offset_us, due, 3);
		status = callback_judge(&judging, number, due, end < until_us ? end : until_us);
		number++;
		due = next;
	}
	return status;
}

static int callback_due_order(const void *a, const void *b)
{
	const struct callback_due *one = a;
	const struct callback_due *other = b;
	if (one->due_us != other->due_us)
		return one->due_us < other->due_us ? -1 : 1;
	return slice_compare(one->repair_order_id, other->repair_order_id);
}

enum ch_status measure_callback_end(struct measuring *m)
{
	const struct service *services = m->services.items;
	size_t count = m->services.count;
	enum ch_status status = CH_OK;
	if (count > 0)
		qsort(m->services.items, count, sizeof(*services), service_order);
	if (m->follow_ups.count > 0)
		qsort(m->follow_ups.items, m->follow_ups.count, sizeof(struct follow_up),
			follow_up_order);
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		bool again = i + 1 < count && services[i + 1].customer == services[i].customer;
		status = callback_judge_service(
			m, &services[i], again ? services[i + 1].returned_us : INT64_MAX);
	}
	if (status != CH_OK)
		return status;
	return measuring_list(m, &m->callbacks_due, sizeof(struct callback_due), callback_due_order,
		&m->out->callbacks_due, &m->out->callback_due_count, &m->out->callback_due_total);
}
