/* A promise is made, or stands already: how long it has, what of a case asks for it, and whether it was kept before it
 * was made. */
#include "core/deadline.h"
#include "wire/pbedit.h"

/* Numbers of Case, ComplaintFiled and CallcenterCaseLogged, and of CaseKind and RepairState. */
enum {
	CASE_KIND = 2,
	CASE_SEVERITY = 6,
	FILED_SEVERITY = 5,
	LOGGED_KIND = 2,
	LOGGED_RESOLVED = 12,
	KIND_COMPLAINT = 5,
	ANSWER_YES = 1,
	RECORD_STATE_REPAIR = 6,
	REPAIR_CANCELLED = 11,
};

int64_t deadline_base_us(const struct ruling *ruling, const struct deadline_step *step)
{
	return step->base_us > 0 ? step->base_us : ruling->input->arrival_us;
}

/* What is asked of a case before a promise is made: its kind, and how bad it is. */
struct grade {
	bool wanted;
	uint64_t number; /* of Severity or CaseKind */
};

static uint64_t deadline_told(const struct ruling *ruling, uint32_t field)
{
	const struct path path = {.numbers = {field}, .count = 1};
	return path_uint(&path, &ruling->parts);
}

static struct grade deadline_grade(const struct ruling *ruling, enum promise promise,
	const struct deadline *before, struct slice record)
{
	bool complaints =
		promise == PROMISE_COMPLAINT_ACKNOWLEDGE || promise == PROMISE_COMPLAINT_ANSWER;
	enum linked_act act =
		ruling->rules->linked_count > 0 ? ruling->rules->linked[0].act : ACT_NONE;
	uint64_t kind = 0;
	uint64_t severity = 0;
	if (deadline_promises[promise].table != TABLE_CASE)
		return (struct grade){true, PROMISE_GRADES};
	(void)pbedit_get_uint(record, CASE_KIND, &kind); /* 0: not told */
	(void)pbedit_get_uint(record, CASE_SEVERITY, &severity);
	if (act == ACT_FILED) {
		kind = KIND_COMPLAINT;
		severity = deadline_told(ruling, FILED_SEVERITY);
	} else if (act == ACT_LOGGED) {
		if (deadline_told(ruling, LOGGED_RESOLVED) == ANSWER_YES)
			return (struct grade){false, 0}; /* settled in the very contact */
		if (kind != KIND_COMPLAINT)
			kind = deadline_told(ruling, LOGGED_KIND);
	} else if (complaints && before->number[INFO_STATE] != STATE_NONE) {
		kind = KIND_COMPLAINT; /* filed before rules version 3, when cases did not say so */
	}
	return (struct grade){complaints == (kind == KIND_COMPLAINT), complaints ? severity : kind};
}

/* When it was done, by what came before the event that promised it: stations' lines drop, and a unit may
 * be returned before it was received.  0: it was not. */
static int64_t deadline_already_us(
	const struct ruling *ruling, enum promise promise, struct slice record)
{
	int64_t first_us = 0;
	for (size_t i = 0; i < 3 && deadline_promises[promise].done[i] != 0; i++) {
		uint64_t at = 0;
		(void)pbedit_get_uint(record, deadline_promises[promise].done[i], &at);
		if ((int64_t)at >= ruling->occurred_us && (first_us == 0 || (int64_t)at < first_us))
			first_us = (int64_t)at;
	}
	return first_us;
}

/* Whether a promise that was made before still stands, or this event tells of it once more.  What was
 * missed is owed until it is done; but an appointment and a call-back have their time, and another time
 * is another promise. */
bool deadline_stands(const struct ruling *ruling, const struct deadline_step *step,
	const struct deadline *before)
{
	const int64_t *n = before->number;
	if (n[INFO_STATE] == STATE_NONE)
		return false;
	int64_t over_us = n[INFO_KEPT] != 0 ? n[INFO_KEPT] : n[INFO_DONE];
	return deadline_is_open(before) || (deadline_is_owed(before) && !step->timed) ||
	       ruling->occurred_us <= over_us;
}

void deadline_begin(
	struct ruling *ruling, const struct deadline_step *step, const struct deadline *before)
{
	const struct deadline none = {.id = before->id};
	struct deadline now = {.id = before->id};
	struct buffer cause = {0};
	enum promise promise = step->promise;
	enum store_table table = deadline_promises[promise].table;
	struct slice record = {NULL, 0};
	if (table != TABLE_META && step->record.len > 0)
		record = linked_get(ruling, table, step->record);
	struct grade grade = deadline_grade(ruling, promise, before, record);
	int64_t duration_us = settings_duration(&ruling->core->settings, promise, grade.number);
	bool is_case = promise == PROMISE_CASE_ACKNOWLEDGE || promise == PROMISE_CASE_ANSWER;
	if (!grade.wanted || (is_case && duration_us == 0 && step->due_us <= 0))
		return;
	now.text[INFO_ID] = now.id;
	now.text[INFO_PROMISE] = slice_text(promise_name(promise));
	now.text[INFO_SUBJECT_KIND] = slice_text(deadline_promises[promise].subject_kind);
	now.text[INFO_SUBJECT_ID] = step->subject;
	now.number[INFO_CUSTOMER] = (int64_t)ruling->customer;
	now.number[INFO_STATE] = STATE_RUNNING;
	now.number[INFO_SET] = ruling->input->arrival_us;
	now.number[INFO_DUE] =
		step->due_us > 0 ? step->due_us : deadline_base_us(ruling, step) + duration_us;
	now.text[INFO_STATION] = step->placed ? step->station : before->text[INFO_STATION];
	if (now.text[INFO_STATION].len > LIMIT_ID_BYTES)
		now.text[INFO_STATION] = (struct slice){NULL, 0}; /* no station is called so */
	if (!slice_equal(step->record, step->subject))
		now.text[INFO_RECORD] = step->record;
	if (step->op == DEADLINE_RENEW)
		now.number[INFO_RENEWALS] = before->number[INFO_RENEWALS] + 1;
	ruling_put_cause(ruling, &cause, 2);
	if (before->number[INFO_NEXT_RUNG] != 0)
		ruling_watch(ruling, now.id, 0);
	deadline_emit(ruling, &none, &now, "deadline.promise.set", buffer_slice(&cause));
	buffer_fini(&cause);
	int64_t already_us =
		step->done_us != 0 ? step->done_us : deadline_already_us(ruling, promise, record);
	if ((already_us != 0 || step->gone) && ruling->status == CH_OK) {
		struct deadline set = now;
		uint64_t state = 0;
		(void)pbedit_get_uint(record, RECORD_STATE_REPAIR, &state);
		if (step->gone || (table == TABLE_REPAIR && state == REPAIR_CANCELLED)) {
			deadline_cancel(ruling, &set, &now);
			return;
		}
		deadline_keep(&now, ruling->input->arrival_us, already_us);
		deadline_tell(ruling, &set, &now, "kept");
	}
}
