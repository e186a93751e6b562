/* A deadline as it is stored, and as the world is told of it. */
#include "core/deadline.h"
#include "wire/pbedit.h"

const struct deadline_promise deadline_promises[PROMISE_COUNT] = {
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

/* "promise/record" in the arena; empty when there is no record, or its id is too long. */
struct slice deadline_id(struct ruling *ruling, enum promise promise, struct slice subject)
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
		if (field.number >= INFO_FIELDS || field.number == INFO_CHANGED)
			continue;
		if (field.wire == PB_LEN)
			out_deadline->text[field.number] = field.bytes;
		else
			out_deadline->number[field.number] = (int64_t)field.integer;
	}
}

enum ch_status deadline_get(struct change *change, struct slice id, struct deadline *out_deadline)
{
	struct slice info = {NULL, 0};
	enum ch_status status = change_get(change, TABLE_DEADLINE, id, &info);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	deadline_read(id, info, out_deadline);
	return CH_OK;
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
void deadline_emit(struct ruling *ruling, const struct deadline *before, struct deadline *now,
	const char *type, struct slice more)
{
	struct buffer partial = {0};
	struct buffer stored = {0};
	struct buffer info = {0};
	struct buffer data = {0};
	int64_t next_us = now->number[INFO_STATE] == STATE_MISSED ? now->number[INFO_NEXT_RUNG] : 0;
	deadline_put_changes(before, now, &partial);
	enum ch_status status = pbedit_drop(before->info, INFO_CHANGED, &stored);
	if (status == CH_OK)
		status = pbedit_merge(buffer_slice(&stored), buffer_slice(&partial), &info);
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
	buffer_fini(&stored);
	buffer_fini(&info);
	buffer_fini(&data);
}

/* Says what has become of it, from where it stood to where it stands; nothing when it stands there
 * still.  What it says of being missed by the clock, deadline_miss does. */
void deadline_tell(struct ruling *ruling, const struct deadline *before, struct deadline *now,
	const char *reason)
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
