/* Promises and their deadlines.
 *
 * A deadline is one DeadlineInfo (customer.proto) under "promise/record", the record by its key.  It runs on the hub's time:
 * it falls due so long after the event *arrived*, because stations' clocks are wrong.  Whether it was
 * kept is judged twice: by arrival, at once; and when an event comes late, by what its source says,
 * which corrects a deadline that was called missed.
 *
 *                +--> paused --+
 *                |             |            late event
 *     (none) --> running <-----+       +--------------------> met, running, paused
 *                |    |                |      (corrected)
 *                |    +--> missed -----+--> missed, fulfilled
 *                |         |    ^
 *                |         +----+ next rung of its ladder
 *                +--> met, cancelled --> running, when its record is opened again
 *
 * The clock of a repair's promises stands still while it waits for the customer (pause.c); it is reckoned
 * anew from all pauses whenever one is told of, so late news correct what was said.  Nothing stops the
 * clock of a complaint.  A promise that was missed climbs its ladder (settings.h) until what was promised
 * has been done. */

#include "core/core.h"
#include "wire/pbedit.h"

/* DeadlineInfo's fields and DeadlineState's numbers. */
enum {
	INFO_ID = 1,
	INFO_PROMISE = 2,
	INFO_SUBJECT_KIND = 3,
	INFO_SUBJECT_ID = 4,
	INFO_CUSTOMER = 5,
	INFO_STATE = 6,
	INFO_SET = 7,
	INFO_DUE = 8,
	INFO_RUNG = 9,
	INFO_DONE = 10,
	INFO_STATION = 12,
	INFO_PAUSED_MS = 13,
	INFO_PAUSE_START = 14,
	INFO_KEPT = 15,
	INFO_ESCALATED_TO = 16,
	INFO_NEXT_RUNG = 17,
	INFO_RENEWALS = 18,
	INFO_RECORD = 19,
	INFO_FIELDS = 20,
	STATE_NONE = 0,
	STATE_RUNNING = 1,
	STATE_PAUSED = 2,
	STATE_MET = 3,
	STATE_MISSED = 4,
	STATE_CANCELLED = 5,
};

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

/* What each promise is about, and the times in its record that say that it has been done. */
static const struct {
	const char *subject_kind;
	enum store_table table; /* TABLE_META: none */
	uint32_t done[3];
} promises[PROMISE_COUNT] = {
	[PROMISE_REPAIR_RETURN] = {"repair", TABLE_REPAIR, {13, 14, 0}},
	[PROMISE_REPAIR_FIX] = {"repair", TABLE_REPAIR, {11, 13, 14}},
	[PROMISE_COMPLAINT_ACKNOWLEDGE] = {"case", TABLE_CASE, {10, 11, 12}},
	[PROMISE_COMPLAINT_ANSWER] = {"case", TABLE_CASE, {11, 12, 0}},
	[PROMISE_APPOINTMENT_KEEP] = {"appointment", TABLE_META, {0, 0, 0}},
	[PROMISE_PART_SUPPLY] = {"part", TABLE_META, {0, 0, 0}},
	[PROMISE_PART_OVERSEAS] = {"part", TABLE_META, {0, 0, 0}},
	[PROMISE_CALLBACK_DO] = {"callback", TABLE_META, {0, 0, 0}},
	[PROMISE_ORDER_SUPPLY] = {"parts order", TABLE_META, {0, 0, 0}},
	[PROMISE_ORDER_OVERSEAS] = {"parts order", TABLE_META, {0, 0, 0}},
	[PROMISE_CASE_ACKNOWLEDGE] = {"case", TABLE_CASE, {10, 11, 12}},
	[PROMISE_CASE_ANSWER] = {"case", TABLE_CASE, {11, 12, 0}},
};

/* One deadline while a rule looks at it: its fields by their numbers. */
struct deadline {
	struct slice id;
	struct slice info; /* as stored; empty: there is none yet */
	int64_t number[INFO_FIELDS];
	struct slice text[INFO_FIELDS];
};

/* "promise/record" in the arena; empty when there is no record, or its id is too long. */
static struct slice deadline_id(struct ruling *ruling, enum promise promise, struct slice subject)
{
	struct slice name = slice_text(promise_name(promise));
	if (subject.len == 0 || subject.len > LIMIT_ID_BYTES + LIMIT_ROLE_BYTES + 1)
		return (struct slice){NULL, 0};
	uint8_t *p = arena_alloc(&ruling->core->arena, name.len + 1 + subject.len);
	if (p == NULL) {
		ruling->status = CH_NOMEM;
		return (struct slice){NULL, 0};
	}
	memcpy(p, name.data, name.len);
	p[name.len] = '/';
	memcpy(p + name.len + 1, subject.data, subject.len);
	return slice_of(p, name.len + 1 + subject.len);
}

static void deadline_read(struct slice id, struct slice info, struct deadline *out_deadline)
{
	struct pb_reader reader = pb_read(info);
	struct pb_field field;
	*out_deadline = (struct deadline){.id = id, .info = info};
	while (pb_next(&reader, &field)) {
		if (field.number >= INFO_FIELDS)
			continue;
		if (field.wire == PB_LEN)
			out_deadline->text[field.number] = field.bytes;
		else
			out_deadline->number[field.number] = (int64_t)field.integer;
	}
}

static enum ch_status deadline_get(
	struct change *change, struct slice id, struct deadline *out_deadline)
{
	struct slice info = {NULL, 0};
	enum ch_status status = change_get(change, TABLE_DEADLINE, id, &info);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	deadline_read(id, info, out_deadline);
	return CH_OK;
}

static bool deadline_is_open(const struct deadline *deadline)
{
	return deadline->number[INFO_STATE] == STATE_RUNNING ||
	       deadline->number[INFO_STATE] == STATE_PAUSED;
}

/* Missed, and not done since. */
static bool deadline_is_owed(const struct deadline *deadline)
{
	return deadline->number[INFO_STATE] == STATE_MISSED && deadline->number[INFO_KEPT] == 0;
}

/* ---- Telling of a change ---- */

/* What `now` has otherwise than `before`, in the order of the numbers; zero and empty are written out. */
static void deadline_put_changes(
	const struct deadline *before, const struct deadline *now, struct buffer *partial)
{
	for (uint32_t i = 1; i < INFO_FIELDS; i++) {
		if (now->number[i] != before->number[i]) {
			pb_put_varint(partial, i << 3 | PB_VARINT);
			pb_put_varint(partial, (uint64_t)now->number[i]);
		}
		if (!slice_equal(now->text[i], before->text[i]))
			pb_put_element(partial, i, now->text[i]);
	}
}

/* Stores the deadline as it is `now` and tells the world: `type` is the derived event, whose field 1 is the
 * info and `more` the rest.  `now` becomes what is stored. */
static void deadline_emit(struct ruling *ruling, const struct deadline *before,
	struct deadline *now, const char *type, struct slice more)
{
	struct buffer partial = {0};
	struct buffer info = {0};
	struct buffer data = {0};
	int64_t next_us = now->number[INFO_STATE] == STATE_MISSED ? now->number[INFO_NEXT_RUNG] : 0;
	deadline_put_changes(before, now, &partial);
	enum ch_status status = pbedit_merge(before->info, buffer_slice(&partial), &info);
	if (status != CH_OK)
		ruling->status = status == CH_FORMAT ? CH_CORRUPT : status;
	pb_put_element(&data, 1, buffer_slice(&info));
	buffer_append_slice(&data, more);
	/* The fold takes a running one to the clock by itself, and only a running one. */
	if (before->number[INFO_NEXT_RUNG] != 0)
		ruling_watch(ruling, now->id, 0);
	ruling_effect(ruling, &(struct effect){.op = EFFECT_DEADLINE,
				      .field = (uint16_t)now->number[INFO_STATE],
				      .number = (uint64_t)now->number[INFO_DUE],
				      .id = now->id,
				      .value = buffer_slice(&info)});
	if (next_us != 0)
		ruling_watch(ruling, now->id, next_us);
	ruling_derive(ruling, type, false, now->id, buffer_slice(&data), (struct slice){NULL, 0});
	struct slice kept = arena_copy(&ruling->core->arena, buffer_slice(&info));
	if (kept.data == NULL || data.status != CH_OK || partial.status != CH_OK)
		ruling->status = CH_NOMEM;
	else
		deadline_read(now->id, kept, now);
	buffer_fini(&partial);
	buffer_fini(&info);
	buffer_fini(&data);
}

/* The role of the rung, and the rung after it. */
static void deadline_climb(const struct ruling *ruling, const struct ladder *ladder,
	uint32_t reached, struct deadline *now)
{
	int64_t due_us = now->number[INFO_DUE];
	int64_t arrival_us = ruling->input->arrival_us;
	int64_t next_us = 0;
	if (reached < ladder->count) {
		next_us = due_us + ladder->rungs[reached].after_us;
		if (next_us <= arrival_us) /* called missed before its time: one rung a look */
			next_us = arrival_us + 1;
	}
	now->number[INFO_RUNG] = reached;
	now->number[INFO_NEXT_RUNG] = next_us;
	now->text[INFO_ESCALATED_TO] = slice_text(ladder->rungs[reached - 1].role);
}

static uint32_t deadline_rung(const struct ladder *ladder, int64_t late_us)
{
	uint32_t reached = 1;
	while (reached < ladder->count && ladder->rungs[reached].after_us <= late_us)
		reached++;
	return reached;
}

/* The record that it is about, by its key. */
static struct slice deadline_record(const struct deadline *deadline)
{
	return deadline->text[INFO_RECORD].len > 0 ? deadline->text[INFO_RECORD]
						   : deadline->text[INFO_SUBJECT_ID];
}

/* It is missed, or has reached a further rung.  After downtime the rungs passed meanwhile are one. */
static void deadline_miss(struct ruling *ruling, enum promise promise,
	const struct deadline *before, struct deadline *now)
{
	const struct ladder *ladder = &ruling->core->settings.ladders[promise];
	int64_t late_us = ruling->input->arrival_us - now->number[INFO_DUE];
	uint32_t rung = (uint32_t)now->number[INFO_RUNG];
	uint32_t reached = deadline_rung(ladder, late_us > 0 ? late_us : 0);
	bool is_case = promises[promise].table == TABLE_CASE;
	struct buffer more = {0};
	if (reached <= rung) { /* the ladder was made shorter, and it has climbed all of it */
		ruling_watch(ruling, now->id, 0);
		return;
	}
	if (now->number[INFO_STATE] != STATE_MISSED)
		now->number[INFO_DONE] = ruling->input->arrival_us;
	now->number[INFO_STATE] = STATE_MISSED;
	deadline_climb(ruling, ladder, reached, now);
	struct slice id = deadline_record(now);
	pb_put_uint(&more, 2, reached);
	pb_put_uint(&more, 3, reached - rung);
	pb_put_bytes(&more, 4, now->text[INFO_ESCALATED_TO]);
	if (is_case)
		pb_put_bytes(&more, 5, case_owner(linked_get(ruling, TABLE_CASE, id)));
	pb_put_int(&more, 6, late_us > 0 ? late_us / 1000 : 0);
	pb_put_int(&more, 7, now->number[INFO_NEXT_RUNG]);
	if (more.status != CH_OK)
		ruling->status = more.status;
	deadline_emit(ruling, before, now, "deadline.promise.missed", buffer_slice(&more));
	if (is_case)
		case_escalate(ruling, id, reached, ladder->rungs[reached - 1].role);
	buffer_fini(&more);
}

/* Says what has become of it, from where it stood to where it stands; nothing when it stands there
 * still.  What it says of being missed by the clock, deadline_miss does. */
static void deadline_tell(struct ruling *ruling, const struct deadline *before,
	struct deadline *now, const char *reason)
{
	struct buffer more = {0};
	int64_t was = before->number[INFO_STATE];
	int64_t is = now->number[INFO_STATE];
	bool judged = was == STATE_MET || was == STATE_MISSED;
	const char *type;
	if (memcmp(before->number, now->number, sizeof(now->number)) == 0)
		return;
	if (judged && was != is) {
		type = "deadline.promise.corrected";
		pb_put_int(&more, 2, was);
		pb_put_int(&more, 3, now->number[INFO_KEPT]);
		ruling_put_cause(ruling, &more, 4);
		pb_put_text(&more, 5, reason);
		pb_put_int(&more, 6, before->number[INFO_DUE]);
	} else if (is == STATE_MET) {
		type = "deadline.promise.met";
		pb_put_int(&more, 2, (now->number[INFO_DUE] - now->number[INFO_DONE]) / 1000);
		ruling_put_cause(ruling, &more, 3);
	} else if (is == STATE_MISSED && before->number[INFO_KEPT] != now->number[INFO_KEPT]) {
		type = "deadline.promise.fulfilled";
		pb_put_int(&more, 2, (now->number[INFO_KEPT] - now->number[INFO_DUE]) / 1000);
		ruling_put_cause(ruling, &more, 3);
	} else if (is == STATE_CANCELLED ||
		   (is == STATE_MISSED && before->number[INFO_DUE] == now->number[INFO_DUE])) {
		type = "deadline.promise.cancelled";
		pb_put_text(&more, 2, reason);
		ruling_put_cause(ruling, &more, 3);
	} else {
		type = "deadline.promise.moved";
		pb_put_int(&more, 2, before->number[INFO_DUE]);
		pb_put_text(&more, 3, reason);
		ruling_put_cause(ruling, &more, 4);
	}
	if (more.status != CH_OK)
		ruling->status = more.status;
	deadline_emit(ruling, before, now, type, buffer_slice(&more));
	buffer_fini(&more);
}

/* ---- Pauses ---- */

/* Where it stands now that all its repair's pauses are known; in `now` alone. */
static void deadline_reckon(
	const struct ruling *ruling, const struct pauses *pauses, struct deadline *now)
{
	int64_t *n = now->number;
	struct pause_sum sum = pauses_sum(pauses, n[INFO_SET]);
	int64_t due_us = n[INFO_DUE] + (sum.ended_ms - n[INFO_PAUSED_MS]) * 1000;
	int64_t kept_us = n[INFO_KEPT] != 0 ? n[INFO_KEPT] : n[INFO_DONE];
	bool stands = sum.open_us != 0 && sum.open_us <= due_us;
	if (n[INFO_STATE] == STATE_NONE || n[INFO_STATE] == STATE_CANCELLED)
		return;
	switch (n[INFO_STATE]) {
	case STATE_RUNNING:
	case STATE_PAUSED:
		n[INFO_STATE] = stands ? STATE_PAUSED : STATE_RUNNING;
		break;
	case STATE_MISSED:
		if (n[INFO_KEPT] != 0 && (kept_us <= due_us || (stands && kept_us >= sum.open_us)))
			n[INFO_STATE] = STATE_MET;
		else if (n[INFO_KEPT] == 0 && stands)
			n[INFO_STATE] = STATE_PAUSED;
		else if (n[INFO_KEPT] == 0 && due_us > ruling->input->arrival_us)
			n[INFO_STATE] = STATE_RUNNING;
		break;
	default: /* met */
		if (kept_us > due_us && due_us < n[INFO_DUE] && !stands)
			n[INFO_STATE] = STATE_MISSED;
		break;
	}
	n[INFO_DUE] = due_us;
	n[INFO_PAUSED_MS] = sum.ended_ms;
	n[INFO_PAUSE_START] = n[INFO_STATE] == STATE_PAUSED ? sum.open_us : 0;
	if (n[INFO_STATE] != STATE_MISSED) {
		n[INFO_RUNG] = 0;
		n[INFO_NEXT_RUNG] = 0;
		now->text[INFO_ESCALATED_TO] = (struct slice){NULL, 0};
	}
	if (n[INFO_STATE] == STATE_MET)
		n[INFO_DONE] = kept_us;
	else if (n[INFO_STATE] != STATE_MISSED)
		n[INFO_DONE] = 0;
}

static const char *deadline_pause_reason(const struct deadline *before, const struct deadline *now)
{
	if (before->number[INFO_STATE] == now->number[INFO_STATE])
		return "changed";
	if (before->number[INFO_STATE] == STATE_PAUSED && now->number[INFO_STATE] == STATE_RUNNING)
		return "resumed";
	return "paused";
}

/* ---- What a row does ---- */

/* When what was promised was done: by arrival or by its source's clock, what is earlier. */
static int64_t deadline_done_us(const struct ruling *ruling, const struct deadline_step *step)
{
	int64_t arrival_us = ruling->input->arrival_us;
	int64_t told_us = step->done_us != 0 ? step->done_us : ruling->occurred_us;
	return told_us > 0 && told_us < arrival_us ? told_us : arrival_us;
}

static void deadline_keep(struct deadline *now, int64_t done_us, int64_t kept_us)
{
	now->number[INFO_STATE] = STATE_MET;
	now->number[INFO_DONE] = done_us;
	now->number[INFO_KEPT] = kept_us;
	now->number[INFO_PAUSE_START] = 0;
	now->number[INFO_RUNG] = 0;
	now->number[INFO_NEXT_RUNG] = 0;
	now->text[INFO_ESCALATED_TO] = (struct slice){NULL, 0};
}

static void deadline_meet(struct ruling *ruling, const struct deadline_step *step,
	const struct deadline *before, struct deadline *now)
{
	int64_t arrival_us = ruling->input->arrival_us;
	int64_t done_us = deadline_done_us(ruling, step);
	int64_t due_us = now->number[INFO_DUE];
	if (deadline_is_open(now)) {
		bool stands = now->number[INFO_STATE] == STATE_PAUSED;
		if (stands || arrival_us <= due_us) {
			deadline_keep(now, arrival_us, done_us);
		} else if (done_us <= due_us) {
			deadline_keep(now, done_us, done_us);
		} else { /* the clock has not looked at it yet: it was missed, and is done */
			deadline_miss(ruling, step->promise, before, now);
			struct deadline missed = *now;
			now->number[INFO_KEPT] = done_us;
			now->number[INFO_NEXT_RUNG] = 0;
			deadline_tell(ruling, &missed, now, "");
			return;
		}
	} else if (now->number[INFO_STATE] == STATE_MISSED && done_us <= due_us) {
		deadline_keep(now, done_us, done_us);
	} else if (deadline_is_owed(now)) {
		now->number[INFO_KEPT] = done_us;
		now->number[INFO_NEXT_RUNG] = 0;
	}
	deadline_tell(ruling, before, now, "kept");
}

static void deadline_cancel(
	struct ruling *ruling, const struct deadline *before, struct deadline *now)
{
	if (deadline_is_open(now)) {
		now->number[INFO_STATE] = STATE_CANCELLED;
		now->number[INFO_DONE] = ruling->input->arrival_us;
		now->number[INFO_PAUSE_START] = 0;
		deadline_tell(ruling, before, now, "");
	} else if (deadline_is_owed(now) && now->number[INFO_NEXT_RUNG] != 0) {
		now->number[INFO_NEXT_RUNG] =
			0; /* it stays missed, and nobody is called any more */
		deadline_tell(ruling, before, now, "missed");
	} else {
		deadline_tell(ruling, before, now, deadline_pause_reason(before, now));
	}
}

static int64_t deadline_base_us(const struct ruling *ruling, const struct deadline_step *step)
{
	return step->base_us > 0 ? step->base_us : ruling->input->arrival_us;
}

/* ---- Setting ---- */

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
	if (promises[promise].table != TABLE_CASE)
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
	for (size_t i = 0; i < 3 && promises[promise].done[i] != 0; i++) {
		uint64_t at = 0;
		(void)pbedit_get_uint(record, promises[promise].done[i], &at);
		if ((int64_t)at >= ruling->occurred_us && (first_us == 0 || (int64_t)at < first_us))
			first_us = (int64_t)at;
	}
	return first_us;
}

/* Whether a promise that was made before still stands, or this event tells of it once more.  What was
 * missed is owed until it is done; but an appointment and a call-back have their time, and another time
 * is another promise. */
static bool deadline_stands(const struct ruling *ruling, const struct deadline_step *step,
	const struct deadline *before)
{
	const int64_t *n = before->number;
	if (n[INFO_STATE] == STATE_NONE)
		return false;
	int64_t over_us = n[INFO_KEPT] != 0 ? n[INFO_KEPT] : n[INFO_DONE];
	return deadline_is_open(before) || (deadline_is_owed(before) && !step->timed) ||
	       ruling->occurred_us <= over_us;
}

static void deadline_begin(
	struct ruling *ruling, const struct deadline_step *step, const struct deadline *before)
{
	const struct deadline none = {.id = before->id};
	struct deadline now = {.id = before->id};
	struct buffer cause = {0};
	enum promise promise = step->promise;
	enum store_table table = promises[promise].table;
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
	now.text[INFO_SUBJECT_KIND] = slice_text(promises[promise].subject_kind);
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

static void deadline_set(
	struct ruling *ruling, const struct deadline_step *step, const struct deadline *before)
{
	if (!deadline_stands(ruling, step, before))
		deadline_begin(ruling, step, before);
}

static void deadline_move(struct ruling *ruling, const struct deadline_step *step,
	const struct deadline *before, struct deadline *now)
{
	bool owed = deadline_is_owed(now);
	if (owed && deadline_done_us(ruling, step) > now->number[INFO_DUE]) {
		deadline_set(ruling, step, before); /* missed, and agreed upon anew */
		return;
	}
	if (now->number[INFO_STATE] != STATE_RUNNING && !owed)
		return;
	now->number[INFO_STATE] = STATE_RUNNING;
	now->number[INFO_DUE] =
		deadline_base_us(ruling, step) + ruling->core->settings.durations_us[step->promise];
	now->number[INFO_DONE] = 0;
	now->number[INFO_RUNG] = 0;
	now->number[INFO_NEXT_RUNG] = 0;
	now->text[INFO_ESCALATED_TO] = (struct slice){NULL, 0};
	deadline_tell(ruling, before, now, "changed");
}

/* ---- One step ---- */

/* Whether the event may have changed the pauses of the repair that the promise is on. */
static bool deadline_pauses(
	struct ruling *ruling, const struct deadline_step *step, struct pauses *out_pauses)
{
	if ((step->promise != PROMISE_REPAIR_RETURN && step->promise != PROMISE_REPAIR_FIX) ||
		ruling->rules->linked_count == 0 || step->op == DEADLINE_SET ||
		step->op == DEADLINE_RENEW)
		return false;
	return step->record.len > 0 &&
	       pauses_now(ruling, ruling->rules->linked[0].act,
		       linked_get(ruling, TABLE_REPAIR, step->record), out_pauses);
}

/* The promise on the event's record, which stands under the peer's scope as the record does.  Before rules
 * version 3 it did not: one that runs since then is found as it is, but none is begun so. */
static enum ch_status deadline_find(
	struct ruling *ruling, const struct deadline_step *step, struct deadline *out_deadline)
{
	struct slice id = deadline_id(ruling, step->promise, step->record);
	struct deadline found = {.id = id};
	bool begins = step->op == DEADLINE_SET || step->op == DEADLINE_RENEW;
	enum ch_status status = CH_OK;
	if (id.len > 0)
		status = deadline_get(ruling->change, id, &found);
	if (status == CH_OK && id.len > 0 && found.info.len == 0 && !begins && !step->counted &&
		!slice_equal(step->record, step->subject)) {
		struct deadline bare;
		id = deadline_id(ruling, step->promise, step->subject);
		status = id.len > 0 ? deadline_get(ruling->change, id, &bare) : CH_OK;
		if (status == CH_OK && id.len > 0 && bare.info.len > 0)
			found = bare;
	}
	if (status == CH_OK)
		*out_deadline = found;
	return status;
}

void deadline_do(struct ruling *ruling, const struct deadline_step *step)
{
	struct deadline before;
	struct pauses pauses;
	enum ch_status status = deadline_find(ruling, step, &before);
	if (status != CH_OK) {
		ruling->status = status;
		return;
	}
	if (before.id.len == 0)
		return; /* too long to be a record's */
	struct deadline now = before;
	if (before.info.len > 0 && deadline_pauses(ruling, step, &pauses))
		deadline_reckon(ruling, &pauses, &now);
	switch (step->op) {
	case DEADLINE_SET:
	case DEADLINE_RENEW:
		deadline_set(ruling, step, &before);
		break;
	case DEADLINE_MOVE:
		deadline_move(ruling, step, &before, &now);
		break;
	case DEADLINE_MEET:
		deadline_meet(ruling, step, &before, &now);
		break;
	case DEADLINE_MISS:
		if (deadline_is_open(&now))
			deadline_miss(ruling, step->promise, &before, &now);
		break;
	case DEADLINE_CANCEL:
		deadline_cancel(ruling, &before, &now);
		break;
	case DEADLINE_LOOK:
		deadline_tell(ruling, &before, &now, deadline_pause_reason(&before, &now));
		break;
	}
}

/* What a row of rules.c asks for, read from the event. */
static void deadline_rule_apply(struct ruling *ruling, const struct deadline_rule *rule)
{
	const struct message_parts *parts = &ruling->parts;
	struct deadline_step step = {.promise = rule->promise,
		.op = rule->op,
		.record = linked_id(ruling, rule->ids, rule->id_count),
		.timed = rule->base.count > 0,
		.placed = rule->station.count > 0};
	for (uint8_t i = 0; i < rule->id_count && step.subject.len == 0; i++)
		step.subject = path_bytes(&rule->ids[i], parts);
	if (step.subject.len == 0)
		return;
	if (rule->base.count > 0)
		step.base_us = (int64_t)path_uint(&rule->base, parts);
	if (rule->due.count > 0)
		step.due_us = (int64_t)path_uint(&rule->due, parts);
	if (rule->station.count > 0)
		step.station = path_bytes(&rule->station, parts);
	deadline_do(ruling, &step);
}

void deadline_apply(struct ruling *ruling)
{
	for (uint8_t i = 0; i < ruling->rules->deadline_count && ruling->status == CH_OK; i++)
		deadline_rule_apply(ruling, &ruling->rules->deadlines[i]);
}

/* ---- Falling due ---- */

void deadline_due(struct ruling *ruling, struct slice id)
{
	struct deadline before;
	enum promise promise;
	enum ch_status status = deadline_get(ruling->change, id, &before);
	if (status != CH_OK) {
		ruling->status = status;
		return;
	}
	struct deadline now = before;
	if (promise_find(before.text[INFO_PROMISE], &promise) &&
		(now.number[INFO_STATE] == STATE_RUNNING || deadline_is_owed(&now)))
		deadline_miss(ruling, promise, &before, &now);
	else
		ruling_watch(ruling, id, 0); /* nothing is owed: nobody looks again */
}

/* ---- The fold ---- */

enum ch_status deadline_fold(struct core *core, struct change *change, const struct effect *effect)
{
	struct slice info;
	uint64_t state = 0;
	if (effect->id.len == 0 || effect->id.len > LIMIT_KEY_BYTES - 16)
		return CH_CORRUPT;
	enum ch_status status = change_get(change, TABLE_DEADLINE, effect->id, &info);
	if (status == CH_OK)
		(void)pbedit_get_uint(info, INFO_STATE, &state);
	else if (status != CH_NOT_FOUND)
		return status;
	if (state == STATE_RUNNING)
		watch_drop(core, change, effect->id);
	change_put(change, TABLE_DEADLINE, effect->id, effect->value);
	if (effect->field != STATE_RUNNING)
		return CH_OK;
	return watch_put(core, change, effect->id, (int64_t)effect->number);
}
