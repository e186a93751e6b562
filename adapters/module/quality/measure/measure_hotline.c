/* The hotline: offered, answered, abandoned, waits, handle times, first contact.
 *
 * First-contact resolution is judged of answered inbound calls.  A call in which, or in whose case, the agent
 * said that something remained is not resolved.  Else, of a known customer, a call is a first contact when he
 * had no answered call with the same group in the days before; it is resolved when he has none in the days
 * behind it and its case is not opened again in them.  A call whose days are not over, and one of nobody
 * known of which nothing was said, are not judged. */
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

static void hotline_row(
	struct rowset *rowset, const struct measure_key *key, void **rows, size_t *count)
{
	rows[*count] = rowset_row(rowset, key, NULL, 0, NULL);
	if (rows[*count] != NULL)
		(*count)++;
}

/* What a stay is counted under. */
struct hotline_subject {
	struct slice hotline;
	enum customer_group group;
	int64_t joined_us;
};

#define HOTLINE_ROWS_MAX 4u

/* Every group, and its periods and hours; every customer group. */
static size_t hotline_rows(
	struct measuring *m, const struct hotline_subject *subject, void *rows[HOTLINE_ROWS_MAX])
{
	struct measure_key key = {.name = subject->hotline};
	size_t count = 0;
	bool stretch = measuring_in_stretch(m, subject->joined_us);
	if (stretch && measuring_cuts(m, CUT_ALL)) {
		hotline_row(&m->hotline[CUT_ALL], &key, rows, &count);
		key.hour = period_hour(m->offset_us, subject->joined_us);
		hotline_row(&m->hotline_hours, &key, rows, &count);
		key.hour = 0;
	}
	if (measuring_cuts(m, CUT_PERIOD)) {
		key.period_us = period_start(m->request->unit, m->offset_us, subject->joined_us);
		hotline_row(&m->hotline[CUT_PERIOD], &key, rows, &count);
	}
	if (stretch && measuring_cuts(m, CUT_GROUP)) {
		key = (struct measure_key){.name = slice_text(group_name(subject->group))};
		hotline_row(&m->hotline[CUT_GROUP], &key, rows, &count);
	}
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

/* The number of a hotline group's name. */
static enum ch_status hotline_number(struct measuring *m, struct slice name, uint32_t *out_number)
{
	uint32_t *number = table_get(&m->hotline_groups, name);
	if (number == NULL) {
		struct slice *kept = list_add(&m->hotline_names, sizeof(*kept));
		number = arena_alloc(&m->scratch, sizeof(*number));
		if (kept == NULL || number == NULL)
			return CH_NOMEM;
		*number = (uint32_t)m->hotline_names.count - 1;
		*kept = arena_copy(&m->scratch, name);
		if (table_put(&m->hotline_groups, *kept, number) != CH_OK)
			return CH_NOMEM;
	}
	*out_number = *number;
	return CH_OK;
}

static bool hotline_reopened(const struct measuring *m, const struct call_fact *stay)
{
	const int64_t *reopened = NULL;
	if (stay->case_id.len > 0)
		reopened = table_get(&m->reopened_cases, stay->case_id);
	return reopened != NULL && *reopened != 0 &&
	       *reopened <= stay->answered_us + m->settings->contact_ms * 1000;
}

/* Kept until all calls are known; those too far from the history tell nothing about it. */
static enum ch_status hotline_note_contact(struct measuring *m, const struct call_fact *stay,
	uint64_t customer, enum customer_group group, bool counted)
{
	int64_t near_us = m->settings->contact_ms * 1000 + DAY_US;
	struct contact contact = {.customer = customer,
		.answered_us = stay->answered_us,
		.joined_us = stay->joined_us,
		.group = (uint8_t)group,
		.resolved = (uint8_t)stay->resolved,
		.reopened = hotline_reopened(m, stay),
		.counted = counted};
	if (stay->answered_us < m->history_us - near_us ||
		stay->answered_us - near_us > m->request->until_us)
		return CH_OK;
	enum ch_status status = hotline_number(m, stay->group, &contact.hotline);
	return status == CH_OK ? sorter_add(m->contacts, &contact) : status;
}

static enum ch_status hotline_take_stay(struct measuring *m, const struct call_fact *stay)
{
	void *rows[HOTLINE_ROWS_MAX];
	size_t row_count = 0;
	struct hotline_subject subject = {.hotline = stay->group, .joined_us = stay->joined_us};
	uint64_t customer = 0;
	enum ch_status status = measuring_group(
		m, stay->customer, stay->sequence, stay->joined_us, &subject.group, &customer);
	if (status != CH_OK)
		return status;
	bool counted =
		measuring_in_history(m, stay->joined_us) && m->request->station.len == 0 &&
		m->request->model.len == 0 && m->request->part.len == 0 &&
		(m->request->group.len == 0 ||
			slice_equal(m->request->group, slice_text(group_name(subject.group))));
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
		return hotline_note_contact(m, stay, customer, subject.group, counted);
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
	const struct slice *names = m->hotline_names.items;
	const struct hotline_subject subject = {.hotline = names[contact->hotline],
		.group = (enum customer_group)contact->group,
		.joined_us = contact->joined_us};
	void *rows[HOTLINE_ROWS_MAX];
	if (contact->counted)
		contact_count(rows, hotline_rows(m, &subject, rows),
			contact_judge(m, before, contact, next));
}

/* Each is judged by the one before it and the one behind it. */
enum ch_status measure_hotline_end(struct measuring *m)
{
	struct contact three[3];
	const struct contact *before = NULL;
	struct contact *at = NULL;
	size_t count = 0;
	enum ch_status status = sorter_sort(m->contacts);
	while (status == CH_OK) {
		struct contact *next = &three[count++ % 3];
		status = sorter_next(m->contacts, next);
		if (status != CH_OK)
			next = NULL;
		if (at != NULL && (status == CH_OK || status == CH_END))
			contact_settle(m, before, at, next);
		before = at;
		at = next;
	}
	return status == CH_END ? CH_OK : status;
}
