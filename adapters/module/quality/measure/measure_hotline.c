/* The hotline: offered, answered, abandoned, waits, handle times, first contact.
 *
 * First-contact resolution is judged of answered inbound calls.  A call in which, or in whose case, the agent
 * said that something remained is not resolved.  Else, of a known customer, a call is a first contact when he
 * had no answered call with the same group in the days before; it is resolved when he has none in the days
 * behind it and its case is not opened again in them.  A call whose days are not over, and one of nobody
 * known of which nothing was said, are not judged. */
#include <stdlib.h>

#include "module/quality/measure/measuring.h"

struct contact {
	uint64_t customer;
	struct slice group;
	int64_t answered_us;
	int64_t resolved;
	int64_t reopened_us; /* of its case; 0: never */
	size_t row_count;    /* 0: not in the stretch, or not let through */
	void **rows;         /* struct hotline_row */
};

enum contact_verdict { CONTACT_UNKNOWN, CONTACT_REPEATED, CONTACT_RESOLVED, CONTACT_UNRESOLVED };

#define ANSWER_IS_YES 1
#define ANSWER_IS_NO  2

static void hotline_count(const struct call_fact *stay, struct hotline_row *row)
{
	row->offered++;
	switch (stay->end) {
	case CALL_ANSWERED:
		row->answered++;
		span_add(&row->wait, stay->wait_us);
		if (stay->handle_us >= 0)
			span_add(&row->handle, stay->handle_us);
		break;
	case CALL_HUNG_UP:
		row->abandoned++;
		span_add(&row->wait_abandoned, stay->wait_us);
		break;
	case CALL_TIMEOUT:
		row->timed_out++;
		break;
	case CALL_LEFT:
		row->left_otherwise++;
		break;
	case CALL_UNFINISHED:
		row->unfinished++;
		break;
	}
}

static void hotline_row(
	struct rowset *rowset, const struct measure_key *key, void **rows, size_t *count)
{
	rows[*count] = rowset_row(rowset, key, NULL, 0, NULL);
	if (rows[*count] != NULL)
		(*count)++;
}

/* Every group, and its periods and hours; every customer group. */
static size_t hotline_rows(
	struct measuring *m, const struct call_fact *stay, enum customer_group group, void *rows[4])
{
	struct measure_key key = {.name = stay->group};
	size_t count = 0;
	hotline_row(&m->hotline[CUT_ALL], &key, rows, &count);
	key.hour = period_hour(m->offset_us, stay->joined_us);
	hotline_row(&m->hotline_hours, &key, rows, &count);
	key.hour = 0;
	key.period_us = period_start(m->request->unit, m->offset_us, stay->joined_us);
	hotline_row(&m->hotline[CUT_PERIOD], &key, rows, &count);
	key = (struct measure_key){.name = slice_text(group_name(group))};
	hotline_row(&m->hotline[CUT_GROUP], &key, rows, &count);
	return count;
}

static void contact_count(void *const *rows, size_t row_count, enum contact_verdict verdict)
{
	for (size_t k = 0; k < row_count && verdict != CONTACT_REPEATED; k++) {
		struct hotline_row *row = rows[k];
		row->first_contact.whole += verdict != CONTACT_UNKNOWN;
		row->first_contact.part += verdict == CONTACT_RESOLVED;
		row->first_contact_unknown += verdict == CONTACT_UNKNOWN;
	}
}

/* Of nobody known: by the agent's word alone. */
static enum contact_verdict contact_judge_stranger(const struct call_fact *stay)
{
	if (stay->resolved == ANSWER_IS_NO)
		return CONTACT_UNRESOLVED;
	return stay->resolved == ANSWER_IS_YES ? CONTACT_RESOLVED : CONTACT_UNKNOWN;
}

/* Kept until all calls are known; those too far from the stretch tell nothing about it. */
static enum ch_status hotline_note_contact(struct measuring *m, const struct call_fact *stay,
	uint64_t customer, void *const *rows, size_t row_count)
{
	const int64_t *reopened = NULL;
	int64_t near_us = m->settings->contact_ms * 1000 + DAY_US;
	if (stay->answered_us < m->request->from_us - near_us ||
		stay->answered_us - near_us > m->request->until_us)
		return CH_OK;
	struct contact *contact = list_add(&m->contacts, sizeof(*contact));
	if (contact == NULL)
		return CH_NOMEM;
	if (stay->case_id.len > 0)
		reopened = table_get(&m->reopened_cases, stay->case_id);
	*contact = (struct contact){
		.customer = customer,
		.group = stay->group,
		.answered_us = stay->answered_us,
		.resolved = stay->resolved,
		.reopened_us = reopened != NULL ? *reopened : 0,
	};
	if (row_count == 0)
		return CH_OK;
	contact->rows = arena_alloc(&m->scratch, row_count * sizeof(*rows));
	if (contact->rows == NULL)
		return CH_NOMEM;
	memcpy(contact->rows, rows, row_count * sizeof(*rows));
	contact->row_count = row_count;
	return CH_OK;
}

static enum ch_status hotline_take_stay(struct measuring *m, const struct call_fact *stay)
{
	void *rows[4];
	size_t row_count = 0;
	enum customer_group group = GROUP_UNKNOWN;
	uint64_t customer = 0;
	enum ch_status status = measuring_group(
		m, stay->customer, stay->sequence, stay->joined_us, &group, &customer);
	if (status != CH_OK)
		return status;
	bool counted = measuring_in_stretch(m, stay->joined_us) && m->request->station.len == 0 &&
		       m->request->model.len == 0 && m->request->part.len == 0 &&
		       (m->request->group.len == 0 ||
			       slice_equal(m->request->group, slice_text(group_name(group))));
	if (counted) {
		row_count = hotline_rows(m, stay, group, rows);
		for (size_t i = 0; i < row_count; i++)
			hotline_count(stay, rows[i]);
		m->out->notes.calls_unfinished += stay->end == CALL_UNFINISHED;
	}
	if (stay->end != CALL_ANSWERED)
		return CH_OK;
	if (customer != 0)
		return hotline_note_contact(m, stay, customer, rows, row_count);
	contact_count(rows, row_count, contact_judge_stranger(stay));
	return CH_OK;
}

enum ch_status measure_hotline_take(struct measuring *m, const struct marks *marks)
{
	struct call_fact stays[CALL_STAYS_MAX];
	size_t count = call_facts_make(marks, stays);
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		if (stays[i].inbound)
			status = hotline_take_stay(m, &stays[i]);
	}
	return status;
}

/* ---- First contact ---- */

static int contact_order(const void *a, const void *b)
{
	const struct contact *one = a;
	const struct contact *other = b;
	if (one->customer != other->customer)
		return one->customer < other->customer ? -1 : 1;
	int order = slice_compare(one->group, other->group);
	if (order != 0)
		return order;
	return one->answered_us < other->answered_us ? -1 : one->answered_us > other->answered_us;
}

static bool contact_follows(
	const struct measuring *m, const struct contact *first, const struct contact *next)
{
	return next->customer == first->customer && slice_equal(next->group, first->group) &&
	       next->answered_us - first->answered_us <= m->settings->contact_ms * 1000;
}

static enum contact_verdict contact_judge(
	const struct measuring *m, const struct contact *contacts, size_t count, size_t at)
{
	const struct contact *contact = &contacts[at];
	int64_t over_us = contact->answered_us + m->settings->contact_ms * 1000;
	if (at > 0 && contact_follows(m, &contacts[at - 1], contact))
		return CONTACT_REPEATED;
	if (over_us > m->request->as_of_us)
		return CONTACT_UNKNOWN;
	if (contact->resolved == ANSWER_IS_NO)
		return CONTACT_UNRESOLVED;
	if (at + 1 < count && contact_follows(m, contact, &contacts[at + 1]))
		return CONTACT_UNRESOLVED;
	return contact->reopened_us != 0 && contact->reopened_us <= over_us ? CONTACT_UNRESOLVED
									    : CONTACT_RESOLVED;
}

enum ch_status measure_hotline_end(struct measuring *m)
{
	const struct contact *contacts = m->contacts.items;
	size_t count = m->contacts.count;
	if (count > 0)
		qsort(m->contacts.items, count, sizeof(*contacts), contact_order);
	for (size_t i = 0; i < count; i++) {
		if (contacts[i].row_count > 0)
			contact_count(contacts[i].rows, contacts[i].row_count,
				contact_judge(m, contacts, count, i));
	}
	return CH_OK;
}
