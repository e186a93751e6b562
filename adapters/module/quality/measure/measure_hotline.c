/* The hotline: offered, answered, abandoned, waits, handle times, first
 * contact.
 *
 * First-contact resolution is judged of answered inbound calls.  A call in
 * which, or in whose case, the agent said that something remained is not
 * resolved.  Else, of a known customer, a call is a first contact when he had
 * no answered call with the same group in the days before; it is resolved when
 * he has none in the days behind it and its case is not opened again in them.
 * A call whose days are not over, and one of nobody known of which nothing was
 * said, are not judged. */
#include <stddef.h>

#include "module/quality/measure/measuring.h"

/* An answered call of a known customer, kept until all are known. */
struct contact {
	uint64_t customer;
	int64_t answered_us;
	int64_t joined_us;
	uint32_t hotline; /* the number of its group */
	uint8_t group;    /* of the customer */
	uint8_t resolved; /* Answer */
	uint8_t reopened; /* its case, within the days behind it */
	uint8_t counted;  /* it is in the history, and let through */
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

/* A group of the hotline, and its rows as they were found. */
struct hotline_group {
	struct slice name;
	uint32_t number;
	void *row;
	void *hours[24];
	void **periods;
};

/* NULL: out of memory. */
static struct hotline_group *hotline_group_of(struct measuring *m, struct slice name)
{
	struct hotline_group *group = table_get(&m->hotline_groups, name);
	if (group != NULL)
		return group;
	struct hotline_group **place = list_add(&m->hotline_list, sizeof(*place));
	group = arena_alloc(&m->scratch, sizeof(*group));
	if (place == NULL || group == NULL)
		return NULL;
	*group = (struct hotline_group){.name = arena_copy(&m->scratch, name),
		.number = (uint32_t)m->hotline_list.count - 1};
	*place = group;
	return table_put(&m->hotline_groups, group->name, group) == CH_OK ? group : NULL;
}

/* What a stay is counted under. */
struct hotline_subject {
	struct hotline_group *hotline;
	enum customer_group group;
	int64_t joined_us;
};

#define HOTLINE_ROWS_MAX 4u

static void hotline_take(void *row, void **rows, size_t *count)
{
	if (row != NULL)
		rows[(*count)++] = row;
}

/* That of an hour of the day, which no other measure has. */
static void *hotline_hour(struct measuring *m, struct hotline_group *hotline, unsigned hour)
{
	const struct measure_key key = {.name = hotline->name, .hour = hour};
	if (hotline->hours[hour] == NULL)
		hotline->hours[hour] = rowset_row(&m->hotline_hours, &key, NULL, 0, NULL);
	return hotline->hours[hour];
}

/* Every group, and its periods and hours; every customer group. */
static size_t hotline_rows(
	struct measuring *m, const struct hotline_subject *subject, void *rows[HOTLINE_ROWS_MAX])
{
	struct hotline_group *hotline = subject->hotline;
	size_t count = 0;
	bool stretch = measuring_in_stretch(m, subject->joined_us);
	if (stretch && measuring_cuts(m, CUT_ALL)) {
		hotline_take(measuring_row(&m->hotline[CUT_ALL], hotline->name, 0, &hotline->row),
			rows, &count);
		hotline_take(
			hotline_hour(m, hotline, period_hour(m->offset_us, subject->joined_us)),
			rows, &count);
	}
	if (measuring_cuts(m, CUT_PERIOD) &&
		measuring_room(m, &hotline->periods, m->period_count)) {
		size_t period = measuring_period(m, subject->joined_us);
		hotline_take(measuring_row(&m->hotline[CUT_PERIOD], hotline->name,
				     m->periods[period], &hotline->periods[period]),
			rows, &count);
	}
	if (stretch && measuring_cuts(m, CUT_GROUP))
		hotline_take(measuring_row(&m->hotline[CUT_GROUP],
				     slice_text(group_name(subject->group)), 0,
				     &m->hotline_rows[subject->group]),
			rows, &count);
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

static bool hotline_reopened(const struct measuring *m, const struct call_fact *stay)
{
	const int64_t *reopened = NULL;
	if (stay->case_id.len > 0)
		reopened = table_get(&m->reopened_cases, stay->case_id);
	return reopened != NULL && *reopened != 0 &&
	       *reopened <= stay->answered_us + m->settings->contact_ms * 1000;
}

/* Kept until all calls are known; those too far from the history tell nothing
 * about it. */
static enum ch_status hotline_note_contact(struct measuring *m, const struct call_fact *stay,
	const struct hotline_subject *subject, uint64_t customer, bool counted)
{
	int64_t near_us = m->settings->contact_ms * 1000 + DAY_US;
	const struct contact contact = {.customer = customer,
		.answered_us = stay->answered_us,
		.joined_us = stay->joined_us,
		.hotline = subject->hotline->number,
		.group = (uint8_t)subject->group,
		.resolved = (uint8_t)stay->resolved,
		.reopened = hotline_reopened(m, stay),
		.counted = counted};
	if (stay->answered_us < m->history_us - near_us ||
		stay->answered_us - near_us > m->request->until_us)
		return CH_OK;
	return sorter_add(m->contacts, &contact);
}

static bool hotline_admits(const struct measuring *m, enum customer_group group)
{
	const struct measure_request *request = m->request;
	return request->station.len == 0 && request->model.len == 0 && request->part.len == 0 &&
	       (request->group.len == 0 ||
		       slice_equal(request->group, slice_text(group_name(group))));
}

static enum ch_status hotline_take_stay(struct measuring *m, const struct call_fact *stay)
{
	void *rows[HOTLINE_ROWS_MAX];
	size_t row_count = 0;
	struct hotline_subject subject = {
		.hotline = hotline_group_of(m, stay->group), .joined_us = stay->joined_us};
	uint64_t customer = 0;
	if (subject.hotline == NULL)
		return CH_NOMEM;
	enum ch_status status = measuring_group(
		m, stay->customer, stay->sequence, stay->joined_us, &subject.group, &customer);
	if (status != CH_OK)
		return status;
	bool counted = measuring_in_history(m, stay->joined_us) && hotline_admits(m, subject.group);
	if (counted) {
		row_count = hotline_rows(m, &subject, rows);
		for (size_t i = 0; i < row_count; i++)
			hotline_count(stay, rows[i]);
		m->out->notes.calls_unfinished +=
			stay->end == CALL_UNFINISHED && measuring_in_stretch(m, stay->joined_us);
	}
	if (stay->end != CALL_ANSWERED)
		return CH_OK;
	if (customer != 0)
		return hotline_note_contact(m, stay, &subject, customer, counted);
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
	if (one->hotline != other->hotline)
		return one->hotline < other->hotline ? -1 : 1;
	if (one->answered_us != other->answered_us)
		return one->answered_us < other->answered_us ? -1 : 1;
	if (one->joined_us != other->joined_us)
		return one->joined_us < other->joined_us ? -1 : 1;
	return memcmp(&one->group, &other->group, 4); /* all that is left of them */
}

enum ch_status measure_hotline_begin(struct measuring *m)
{
	_Static_assert(offsetof(struct contact, group) + 4 == sizeof(struct contact),
		"no padding, and nothing that is not compared");
	return sorter_create(
		sizeof(struct contact), contact_order, LIMIT_SORTER_BYTES, &m->contacts);
}

/* NULL: there is none. */
static bool contact_follows(
	const struct measuring *m, const struct contact *first, const struct contact *next)
{
	return first != NULL && next != NULL && next->customer == first->customer &&
	       next->hotline == first->hotline &&
	       next->answered_us - first->answered_us <= m->settings->contact_ms * 1000;
}

static enum contact_verdict contact_judge(const struct measuring *m, const struct contact *before,
	const struct contact *contact, const struct contact *next)
{
	int64_t over_us = contact->answered_us + m->settings->contact_ms * 1000;
	if (contact_follows(m, before, contact))
		return CONTACT_REPEATED;
	if (over_us > m->request->as_of_us)
		return CONTACT_UNKNOWN;
	if (contact->resolved == ANSWER_IS_NO || contact->reopened)
		return CONTACT_UNRESOLVED;
	return contact_follows(m, contact, next) ? CONTACT_UNRESOLVED : CONTACT_RESOLVED;
}

static void contact_settle(struct measuring *m, const struct contact *before,
	const struct contact *contact, const struct contact *next)
{
	struct hotline_group *const *groups = m->hotline_list.items;
	const struct hotline_subject subject = {.hotline = groups[contact->hotline],
		.group = (enum customer_group)contact->group,
		.joined_us = contact->joined_us};
	void *rows[HOTLINE_ROWS_MAX];
	if (contact->counted)
		contact_count(rows, hotline_rows(m, &subject, rows),
			contact_judge(m, before, contact, next));
}

/* Each is judged by the one before it and the one behind it. */
struct contact_three {
	struct contact items[3];
	const struct contact *before;
	struct contact *at;
	size_t count;
};

enum ch_status measure_hotline_sort(struct measuring *m)
{
	m->contact_three = arena_alloc(&m->scratch, sizeof(*m->contact_three));
	if (m->contact_three == NULL)
		return CH_NOMEM;
	*m->contact_three = (struct contact_three){.count = 0};
	return sorter_sort(m->contacts);
}

enum ch_status measure_hotline_judge(struct measuring *m, size_t most)
{
	struct contact_three *three = m->contact_three;
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < most && status == CH_OK; i++) {
		struct contact *next = &three->items[three->count++ % 3];
		status = sorter_next(m->contacts, next);
		if (status != CH_OK)
			next = NULL;
		if (three->at != NULL && (status == CH_OK || status == CH_END))
			contact_settle(m, three->before, three->at, next);
		three->before = three->at;
		three->at = next;
	}
	return status;
}
