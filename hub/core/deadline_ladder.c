/* A promise that was missed climbs its ladder, rung by rung, until what was promised has been done. */
#include "core/deadline.h"

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

/* It is missed, or has reached a further rung.  After downtime the rungs passed meanwhile are one. */
void deadline_miss(struct ruling *ruling, enum promise promise, const struct deadline *before,
	struct deadline *now)
{
	const struct ladder *ladder = &ruling->core->settings.ladders[promise];
	int64_t late_us = ruling->input->arrival_us - now->number[INFO_DUE];
	uint32_t rung = (uint32_t)now->number[INFO_RUNG];
	uint32_t reached = deadline_rung(ladder, late_us > 0 ? late_us : 0);
	bool is_case = deadline_promises[promise].table == TABLE_CASE;
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
