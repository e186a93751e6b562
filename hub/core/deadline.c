/* Promises and their deadlines.
 *
 * A deadline is one DeadlineInfo (customer.proto) under "promise/record".  It runs on the hub's time:
 * it falls due so long after the event *arrived*, because stations' clocks are wrong.  Whether it was
 * kept is judged twice: by arrival, at once; and when an event comes late, by what its source says,
 * which corrects a deadline that was called missed. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
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
	STATE_RUNNING = 1,
	STATE_MET = 3,
	STATE_MISSED = 4,
	STATE_CANCELLED = 5,
};

static const char *const subject_kinds[PROMISE_COUNT] = {
	[PROMISE_REPAIR_RETURN] = "repair",
	[PROMISE_REPAIR_FIX] = "repair",
	[PROMISE_COMPLAINT_ACKNOWLEDGE] = "case",
	[PROMISE_COMPLAINT_ANSWER] = "case",
	[PROMISE_APPOINTMENT_KEEP] = "appointment",
	[PROMISE_PART_SUPPLY] = "part",
	[PROMISE_PART_OVERSEAS] = "part",
	[PROMISE_CALLBACK_DO] = "callback",
	[PROMISE_ORDER_SUPPLY] = "parts order",
	[PROMISE_ORDER_OVERSEAS] = "parts order",
};

/* One deadline while a rule looks at it. */
struct deadline {
	struct slice id;
	struct slice info; /* empty: there is none yet */
	uint64_t state;
	int64_t due_us;
};

/* "promise/subject" in the arena; empty when there is no subject. */
static struct slice deadline_id(struct ruling *ruling, enum promise promise, struct slice subject)
{
	struct slice name = slice_text(promise_name(promise));
	if (subject.len == 0 || subject.len > LIMIT_ID_BYTES)
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

static enum ch_status deadline_get(
	struct change *change, struct slice id, struct deadline *out_deadline)
{
	uint64_t due = 0;
	*out_deadline = (struct deadline){.id = id};
	enum ch_status status = change_get(change, TABLE_DEADLINE, id, &out_deadline->info);
	if (status == CH_NOT_FOUND)
		return CH_OK;
	(void)pbedit_get_uint(out_deadline->info, INFO_STATE, &out_deadline->state);
	(void)pbedit_get_uint(out_deadline->info, INFO_DUE, &due);
	out_deadline->due_us = (int64_t)due;
	return status;
}

/* Stores the info and tells the world; `type` names the derived event, whose field 1 is the info. */
static void deadline_emit(struct ruling *ruling, const struct deadline *deadline,
	struct slice partial, uint64_t state, int64_t due_us, const char *type, struct slice more)
{
	struct buffer info = {0};
	struct buffer data = {0};
	enum ch_status status = pbedit_merge(deadline->info, partial, &info);
	if (status != CH_OK)
		ruling->status = status == CH_FORMAT ? CH_CORRUPT : status;
	ruling_effect(ruling, &(struct effect){.op = EFFECT_DEADLINE,
				      .field = (uint16_t)state,
				      .number = (uint64_t)due_us,
				      .id = deadline->id,
				      .value = buffer_slice(&info)});
	pb_put_element(&data, 1, buffer_slice(&info));
	buffer_append_slice(&data, more);
	ruling_derive(
		ruling, type, false, deadline->id, buffer_slice(&data), (struct slice){NULL, 0});
	buffer_fini(&info);
	buffer_fini(&data);
}

static void deadline_set(struct ruling *ruling, const struct deadline_rule *rule,
	const struct deadline *deadline, struct slice subject, bool moved)
{
	struct buffer partial = {0};
	struct buffer cause = {0};
	int64_t base = ruling->input->arrival_us;
	if (deadline->state == STATE_RUNNING && !moved)
		return; /* told again: the first promise stands */
	if (rule->base.count > 0) {
		int64_t told = (int64_t)path_uint(&rule->base, &ruling->parts);
		base = told > 0 ? told : base;
	}
	int64_t due = base + ruling->core->settings.durations_us[rule->promise];
	pb_put_bytes(&partial, INFO_ID, deadline->id);
	pb_put_text(&partial, INFO_PROMISE, promise_name(rule->promise));
	pb_put_text(&partial, INFO_SUBJECT_KIND, subject_kinds[rule->promise]);
	pb_put_bytes(&partial, INFO_SUBJECT_ID, subject);
	pb_put_uint(&partial, INFO_CUSTOMER, ruling->customer);
	pb_put_uint(&partial, INFO_STATE, STATE_RUNNING);
	pb_put_int(&partial, INFO_SET, ruling->input->arrival_us);
	pb_put_int(&partial, INFO_DUE, due);
	if (rule->station.count > 0)
		pb_put_bytes(&partial, INFO_STATION, path_bytes(&rule->station, &ruling->parts));
	ruling_put_cause(ruling, &cause, moved ? 4 : 2);
	deadline_emit(ruling, deadline, buffer_slice(&partial), STATE_RUNNING, due,
		moved ? "deadline.promise.moved" : "deadline.promise.set", buffer_slice(&cause));
	buffer_fini(&partial);
	buffer_fini(&cause);
}

static void deadline_close(struct ruling *ruling, const struct deadline *deadline, uint64_t state,
	int64_t done_us, const char *type)
{
	struct buffer partial = {0};
	struct buffer more = {0};
	pb_put_uint(&partial, INFO_STATE, state);
	pb_put_int(&partial, INFO_DONE, done_us);
	if (state == STATE_MET && deadline->state == STATE_MISSED) {
		pb_put_uint(&more, 2, STATE_MISSED); /* old_state */
		pb_put_int(&more, 3, done_us);       /* met_time_us */
		ruling_put_cause(ruling, &more, 4);
	} else if (state == STATE_MET) {
		pb_put_int(&more, 2, (deadline->due_us - done_us) / 1000); /* spare_ms */
		ruling_put_cause(ruling, &more, 3);
	} else if (state == STATE_CANCELLED) {
		ruling_put_cause(ruling, &more, 3);
	}
	deadline_emit(ruling, deadline, buffer_slice(&partial), state, deadline->due_us, type,
		buffer_slice(&more));
	buffer_fini(&partial);
	buffer_fini(&more);
}

static void deadline_meet(struct ruling *ruling, const struct deadline *deadline)
{
	int64_t arrival = ruling->input->arrival_us;
	if (deadline->state == STATE_RUNNING && arrival <= deadline->due_us)
		deadline_close(ruling, deadline, STATE_MET, arrival, "deadline.promise.met");
	else if ((deadline->state == STATE_MISSED || deadline->state == STATE_RUNNING) &&
		 ruling->occurred_us > 0 && ruling->occurred_us <= deadline->due_us)
		deadline_close(ruling, deadline, STATE_MET, ruling->occurred_us,
			deadline->state == STATE_MISSED ? "deadline.promise.corrected"
							: "deadline.promise.met");
}

static void deadline_rule_apply(struct ruling *ruling, const struct deadline_rule *rule)
{
	struct slice subject = {NULL, 0};
	struct deadline deadline;
	for (uint8_t i = 0; i < rule->id_count && subject.len == 0; i++)
		subject = path_bytes(&rule->ids[i], &ruling->parts);
	struct slice id = deadline_id(ruling, rule->promise, subject);
	if (id.len == 0)
		return;
	enum ch_status status = deadline_get(ruling->change, id, &deadline);
	if (status != CH_OK) {
		ruling->status = status;
		return;
	}
	switch (rule->op) {
	case DEADLINE_SET:
		deadline_set(ruling, rule, &deadline, subject, false);
		break;
	case DEADLINE_MOVE:
		if (deadline.state == STATE_RUNNING)
			deadline_set(ruling, rule, &deadline, subject, true);
		break;
	case DEADLINE_MEET:
		deadline_meet(ruling, &deadline);
		break;
	case DEADLINE_MISS:
		if (deadline.state == STATE_RUNNING)
			deadline_close(ruling, &deadline, STATE_MISSED, ruling->input->arrival_us,
				"deadline.promise.missed");
		break;
	case DEADLINE_CANCEL:
		if (deadline.state == STATE_RUNNING)
			deadline_close(ruling, &deadline, STATE_CANCELLED,
				ruling->input->arrival_us, "deadline.promise.cancelled");
		break;
	}
}

void deadline_apply(struct ruling *ruling)
{
	for (uint8_t i = 0; i < ruling->rules->deadline_count && ruling->status == CH_OK; i++)
		deadline_rule_apply(ruling, &ruling->rules->deadlines[i]);
}

/* ---- Falling due ---- */

/* Bounded, so that one entry stays small; the rest follows in the next one at the same time. */
#define DUE_PER_ENTRY 64u

int64_t core_next_due_us(const struct core *core)
{
	const struct heap_item *top = heap_top(&core->due);
	return top != NULL ? top->due_us : INT64_MAX;
}

static void deadline_miss_due(struct ruling *ruling, const struct due_item *item)
{
	struct deadline deadline;
	enum ch_status status =
		deadline_get(ruling->change, slice_of(item->id, item->id_len), &deadline);
	if (status != CH_OK)
		ruling->status = status;
	else if (deadline.state == STATE_RUNNING)
		deadline_close(ruling, &deadline, STATE_MISSED, ruling->input->arrival_us,
			"deadline.promise.missed");
}

enum ch_status core_decide_clock(
	struct core *core, struct change *change, int64_t arrival_us, struct decision *out_decision)
{
	struct due_item *due[DUE_PER_ENTRY];
	struct input input = {.arrival_us = arrival_us};
	struct ruling ruling = {.core = core, .change = change, .input = &input};
	size_t count = 0;
	if (core_next_due_us(core) > arrival_us)
		return CH_END;
	arena_reset(&core->arena);
	effects_clear(&core->effects);
	buffer_clear(&core->derived);
	buffer_clear(&core->derived_personal);
	while (count < DUE_PER_ENTRY && core_next_due_us(core) <= arrival_us) {
		struct due_item *item = (struct due_item *)(void *)heap_pop(&core->due);
		due[count++] = item;
	}
	for (size_t i = 0; i < count; i++) {
		enum ch_status status = heap_push(&core->due, &due[i]->item);
		if (status != CH_OK)
			return status;
	}
	for (size_t i = 0; i < count && ruling.status == CH_OK; i++)
		deadline_miss_due(&ruling, due[i]);
	if (ruling.status != CH_OK)
		return ruling.status;
	*out_decision = (struct decision){
		.verdict = DECIDED_ENTRY,
		.field = "",
		.entry =
			{
				.kind = ENTRY_CLOCK,
				.outcome = ENTRY_ACCEPTED,
				.rules_version = RULES_VERSION,
				.occurred_us = arrival_us,
				.effects = buffer_slice(&core->effects.open),
				.effects_personal = buffer_slice(&core->effects.personal),
				.derived = buffer_slice(&core->derived),
				.derived_personal = buffer_slice(&core->derived_personal),
			},
	};
	return CH_OK;
}

/* ---- The fold ---- */

static void deadline_due_key(uint8_t key[8 + LIMIT_KEY_BYTES], int64_t due_us, struct slice id)
{
	store_be64(key, (uint64_t)due_us);
	memcpy(key + 8, id.data, id.len);
}

static void deadline_forget(struct core *core, struct slice id)
{
	struct due_item *item = table_remove(&core->due_by_id, id);
	if (item == NULL)
		return;
	heap_remove(&core->due, &item->item);
	free(item);
}

/* The same in every process: FNV-1a of the id. */
static uint64_t deadline_tie(struct slice id)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < id.len; i++)
		hash = (hash ^ id.data[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static enum ch_status deadline_remember(struct core *core, struct slice id, int64_t due_us)
{
	struct due_item *item = malloc(sizeof(*item) + id.len);
	if (item == NULL)
		return CH_NOMEM;
	item->item =
		(struct heap_item){.due_us = due_us, .tie = deadline_tie(id), .place = HEAP_OUT};
	item->id_len = id.len;
	memcpy(item->id, id.data, id.len);
	enum ch_status status = table_put(&core->due_by_id, slice_of(item->id, item->id_len), item);
	if (status == CH_OK) {
		status = heap_push(&core->due, &item->item);
		if (status != CH_OK)
			(void)table_remove(&core->due_by_id, id);
	}
	if (status != CH_OK)
		free(item);
	return status;
}

enum ch_status deadline_fold(struct core *core, struct change *change, const struct effect *effect)
{
	uint8_t key[8 + LIMIT_KEY_BYTES];
	struct deadline before;
	if (effect->id.len == 0 || effect->id.len > LIMIT_KEY_BYTES - 16)
		return CH_CORRUPT;
	enum ch_status status = deadline_get(change, effect->id, &before);
	if (status != CH_OK)
		return status;
	if (before.state == STATE_RUNNING) {
		deadline_due_key(key, before.due_us, effect->id);
		change_delete(change, TABLE_DUE, slice_of(key, 8 + effect->id.len));
		deadline_forget(core, effect->id);
	}
	change_put(change, TABLE_DEADLINE, effect->id, effect->value);
	if (effect->field != STATE_RUNNING)
		return CH_OK;
	deadline_due_key(key, (int64_t)effect->number, effect->id);
	change_put(change, TABLE_DUE, slice_of(key, 8 + effect->id.len), (struct slice){NULL, 0});
	return deadline_remember(core, effect->id, (int64_t)effect->number);
}

struct deadline_visit {
	struct core *core;
	enum ch_status status;
};

static bool deadline_visit(void *context, struct slice key, struct slice value)
{
	struct deadline_visit *visit = context;
	(void)value; /* the key says all */
	if (key.len <= 8)
		visit->status = CH_CORRUPT;
	else
		visit->status = deadline_remember(
			visit->core, slice_sub(key, 8, key.len), (int64_t)load_be64(key.data));
	return visit->status == CH_OK;
}

enum ch_status deadline_load(struct core *core, struct rtxn *rtxn)
{
	struct deadline_visit visit = {core, CH_OK};
	enum ch_status status =
		rtxn_scan(rtxn, TABLE_DUE, (struct slice){NULL, 0}, deadline_visit, &visit);
	return status != CH_OK ? status : visit.status;
}
