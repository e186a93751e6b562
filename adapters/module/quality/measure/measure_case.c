/* Complaints with their owners, and what the hub said about promises. */
#include "carehub/v1/customer.pb-c.h"
#include "module/quality/measure/measuring.h"

#define STATE_RUNNING   CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_RUNNING
#define STATE_MET       CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_MET
#define STATE_MISSED    CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_MISSED
#define STATE_CANCELLED CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_CANCELLED

static void case_count(const struct case_fact *fact, const struct case_promise *acknowledge,
	const struct case_promise *answer, struct case_row *row)
{
	row->filed++;
	row->acknowledged_in_time.whole += acknowledge->judged;
	row->acknowledged_in_time.part += acknowledge->kept;
	row->answered_in_time.whole += answer->judged;
	row->answered_in_time.part += answer->kept;
	row->said_missed += acknowledge->said_missed + answer->said_missed;
	row->said_corrected += acknowledge->corrected + answer->corrected;
	row->handed_over += fact->hand_overs > 0;
	row->hand_overs += fact->hand_overs;
	row->escalated += fact->level > 0;
	row->reopened += fact->reopened > 0;
	row->open += fact->open;
	if (fact->acknowledged_us != 0 && fact->acknowledged_us >= fact->filed_us)
		span_add(&row->to_acknowledge, fact->acknowledged_us - fact->filed_us);
	if (fact->answered_us != 0 && fact->answered_us >= fact->filed_us)
		span_add(&row->to_answer, fact->answered_us - fact->filed_us);
}

static int open_case_order(const void *a, const void *b)
{
	const struct open_case *one = a;
	const struct open_case *other = b;
	if (one->filed_us != other->filed_us)
		return one->filed_us < other->filed_us ? -1 : 1;
	return slice_compare(one->case_id, other->case_id);
}

static void case_list(struct measuring *m, const struct case_fact *fact,
	const struct case_promise *acknowledge, const struct case_promise *answer)
{
	const struct open_case open = {.case_id = fact->case_id,
		.station = fact->station,
		.first_owner = fact->first_owner,
		.owner = fact->owner,
		.owner_group = fact->owner_group,
		.filed_us = fact->filed_us,
		.hand_overs = fact->hand_overs,
		.level = fact->level,
		.acknowledge_due_us = acknowledge->due_us,
		.answer_due_us = answer->due_us,
		.acknowledged_us = fact->acknowledged_us,
		.answered_us = fact->answered_us,
		.acknowledge_missed = acknowledge->judged && !acknowledge->kept,
		.answer_missed = answer->judged && !answer->kept};
	struct open_case *place = shortlist_place(&m->open_cases, &open);
	if (place == NULL)
		return;
	place->case_id = measuring_keep(m, open.case_id);
	place->station = measuring_keep(m, open.station);
	place->first_owner = measuring_keep(m, open.first_owner);
	place->owner = measuring_keep(m, open.owner);
	place->owner_group = measuring_keep(m, open.owner_group);
}

/* So that a call knows whether its case came back. */
static enum ch_status case_note_reopened(struct measuring *m, const struct case_fact *fact)
{
	if (fact->reopened_us == 0)
		return CH_OK;
	struct slice id = arena_copy(&m->scratch, fact->case_id);
	int64_t *reopened = arena_alloc(&m->scratch, sizeof(*reopened));
	if (id.data == NULL || reopened == NULL)
		return CH_NOMEM;
	*reopened = fact->reopened_us;
	return table_put(&m->reopened_cases, id, reopened);
}

/* How its two promises stand. */
static enum ch_status case_judge(struct measuring *m, const struct case_fact *fact,
	struct case_promise *out_acknowledge, struct case_promise *out_answer)
{
	int64_t as_of_us = m->request->as_of_us;
	enum ch_status status = case_promise_find(m->txn, fact, CASE_TO_ACKNOWLEDGE, m->settings,
		as_of_us, m->other, out_acknowledge);
	if (status == CH_OK)
		status = case_promise_find(
			m->txn, fact, CASE_TO_ANSWER, m->settings, as_of_us, m->other, out_answer);
	return status;
}

static void case_take_complaint(struct measuring *m, const struct case_fact *fact,
	const struct case_promise *acknowledge, const struct case_promise *answer,
	const struct measure_subject *subject)
{
	void *rows[MEASURE_ROWS_MAX];
	size_t count = measuring_rows(m, MEASURE_COMPLAINT, subject, fact->filed_us, rows);
	for (size_t i = 0; i < count; i++)
		case_count(fact, acknowledge, answer, rows[i]);
	if (fact->open || fact->answered_us == 0)
		case_list(m, fact, acknowledge, answer);
}

void measure_case_begin(struct measuring *m)
{
	shortlist_init(&m->open_cases, sizeof(struct open_case), open_case_order);
}

enum ch_status measure_case_take(struct measuring *m, struct slice name, const struct marks *marks)
{
	struct case_fact fact;
	struct case_promise acknowledge;
	struct case_promise answer;
	struct measure_subject subject = {0};
	uint64_t now;
	bool begun = case_fact_make(name, marks, &fact);
	enum ch_status status = case_note_reopened(m, &fact);
	if (status != CH_OK || !begun || !fact.complaint)
		return status;
	status = measuring_group(
		m, fact.customer, fact.sequence, fact.filed_us, &subject.group, &now);
	if (status == CH_OK)
		status = case_judge(m, &fact, &acknowledge, &answer);
	if (status != CH_OK)
		return status;
	subject.station = fact.station;
	subject.model = fact.model;
	status = measuring_by_repair(m, fact.repair, fact.filed_us, &subject);
	if (status != CH_OK || !measuring_admits(m, &subject))
		return status;
	status = strata_keep(&m->strata, &subject);
	if (status == CH_OK)
		case_take_complaint(m, &fact, &acknowledge, &answer, &subject);
	return status;
}

/* ---- Promises ---- */

enum ch_status measure_promise_take(struct measuring *m, const struct marks *marks)
{
	struct promise_fact promise;
	if (!promise_fact_make(marks, &promise) || !measuring_in_stretch(m, promise.due_us) ||
		(m->request->station.len > 0 && !slice_equal(m->request->station, promise.station)))
		return CH_OK;
	struct measure_key key = {.name = promise.name};
	struct promise_row *row = rowset_row(&m->promises, &key, NULL, 0, NULL);
	if (row == NULL)
		return CH_NOMEM;
	row->set++;
	row->met += promise.state == STATE_MET;
	row->missed += promise.state == STATE_MISSED;
	row->fulfilled += promise.state == STATE_MISSED && promise.fulfilled;
	row->corrected += promise.corrected;
	row->cancelled += promise.state == STATE_CANCELLED;
	row->running += promise.state == STATE_RUNNING;
	if (promise.rung > row->rungs)
		row->rungs = promise.rung;
	return CH_OK;
}

enum ch_status measure_case_end(struct measuring *m)
{
	return shortlist_finish(&m->open_cases, m->arena, &m->out->open_cases,
		&m->out->open_case_count, &m->out->open_case_total);
}
