/* One deadline while rules look at it: what the files of promises (deadline.c) have in common, and nobody else.
 * The writer thread's. */
#ifndef CORE_DEADLINE_H
#define CORE_DEADLINE_H

#include "core/core.h"

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
	INFO_CHANGED = 11, /* the fold's own: never in an effect */
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

/* What each promise is about, and the times in its record that say that it has been done. */
struct deadline_promise {
	const char *subject_kind;
	enum store_table table; /* TABLE_META: none */
	uint32_t done[3];
};
extern const struct deadline_promise deadline_promises[PROMISE_COUNT];

/* Its fields by their numbers. */
struct deadline {
	struct slice id;
	struct slice info; /* as stored; empty: there is none yet */
	int64_t number[INFO_FIELDS];
	struct slice text[INFO_FIELDS];
};

/* ---- deadline_info.c: as it is stored and told ---- */

/* "promise/record" in the arena; empty when there is no record, or its id is too long. */
struct slice deadline_id(struct ruling *ruling, enum promise promise, struct slice subject);

/* CH_OK: as it is stored, or with an empty info when there is none; CH_CORRUPT. */
enum ch_status deadline_get(struct change *change, struct slice id, struct deadline *out_deadline);

static inline bool deadline_is_open(const struct deadline *deadline)
{
	return deadline->number[INFO_STATE] == STATE_RUNNING ||
	       deadline->number[INFO_STATE] == STATE_PAUSED;
}

/* Missed, and not done since. */
static inline bool deadline_is_owed(const struct deadline *deadline)
{
	return deadline->number[INFO_STATE] == STATE_MISSED && deadline->number[INFO_KEPT] == 0;
}

/* The record that it is about, by its key. */
static inline struct slice deadline_record(const struct deadline *deadline)
{
	return deadline->text[INFO_RECORD].len > 0 ? deadline->text[INFO_RECORD]
						   : deadline->text[INFO_SUBJECT_ID];
}

/* Stores the deadline as it is `now` and tells the world: `type` is the derived event, whose field 1 is the
 * info and `more` the rest.  `now` becomes what is stored. */
void deadline_emit(struct ruling *ruling, const struct deadline *before, struct deadline *now,
	const char *type, struct slice more);

/* Says what has become of it, from where it stood to where it stands; nothing when it stands there
 * still.  What it says of being missed by the clock, deadline_miss does. */
void deadline_tell(struct ruling *ruling, const struct deadline *before, struct deadline *now,
	const char *reason);

/* ---- deadline_ladder.c: what is missed climbs ---- */

/* It is missed, or has reached a further rung.  After downtime the rungs passed meanwhile are one. */
void deadline_miss(struct ruling *ruling, enum promise promise, const struct deadline *before,
	struct deadline *now);

/* ---- deadline_begin.c: a promise is made ---- */

/* When a duration counts from: the time that the step names, else the arrival. */
int64_t deadline_base_us(const struct ruling *ruling, const struct deadline_step *step);

/* It begins to run, unless nothing is promised of such a case; kept at once when it was done before. */
void deadline_begin(
	struct ruling *ruling, const struct deadline_step *step, const struct deadline *before);

/* Whether a promise that was made before still stands, or this event tells of it once more.  What was
 * missed is owed until it is done; but an appointment and a call-back have their time, and another time
 * is another promise. */
bool deadline_stands(const struct ruling *ruling, const struct deadline_step *step,
	const struct deadline *before);

/* ---- deadline.c: what becomes of one ---- */

/* It was kept: that is what it says now, and nobody has been told yet. */
void deadline_keep(struct deadline *now, int64_t done_us, int64_t kept_us);

/* It has fallen away, and the world is told; of one that was missed nobody is called any more. */
void deadline_cancel(struct ruling *ruling, const struct deadline *before, struct deadline *now);

#endif
