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
 * has been done.
 *
 * Here is what an event does to one, step by step; how a promise begins is in deadline_begin.c, how one that was missed
 * climbs in deadline_ladder.c, how it is stored and told in deadline_info.c. */
#include "core/deadline.h"
#include "wire/pbedit.h"

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

/* ---- What a step does ---- */

/* When what was promised was done: by arrival or by its source's clock, what is earlier. */
static int64_t deadline_done_us(const struct ruling *ruling, const struct deadline_step *step)
{
	int64_t arrival_us = ruling->input->arrival_us;
	int64_t told_us = step->done_us != 0 ? step->done_us : ruling->occurred_us;
	return told_us > 0 && told_us < arrival_us ? told_us : arrival_us;
}

void deadline_keep(struct deadline *now, int64_t done_us, int64_t kept_us)
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

void deadline_cancel(struct ruling *ruling, const struct deadline *before, struct deadline *now)
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

/* ---- The fold ---- */

enum ch_status deadline_fold(
	struct core *core, struct change *change, const struct effect *effect, uint64_t sequence)
{
	struct slice info;
	struct buffer changed = {0};
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
	buffer_clear(&core->scratch);
	pb_put_uint(&changed, INFO_CHANGED, sequence);
	status = changed.status == CH_OK
			 ? pbedit_merge(effect->value, buffer_slice(&changed), &core->scratch)
			 : changed.status;
	buffer_fini(&changed);
	if (status != CH_OK)
		return status == CH_FORMAT ? CH_CORRUPT : status;
	change_put(change, TABLE_DEADLINE, effect->id, buffer_slice(&core->scratch));
	if (effect->field != STATE_RUNNING)
		return CH_OK;
	return watch_put(core, change, effect->id, (int64_t)effect->number);
}
