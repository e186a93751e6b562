/* When the clock of a repair stands still.
 *
 *     wait    the station says that it waits for the customer
 *     quote   a quote waits for his word
 *
 * What was told is kept as marks on the repair, ordered by the time at which it happened, and the time
 * waited is reckoned from all of them: the union of both kinds, however they overlap.  So it is the same in
 * whatever order marks arrive, and one that is told twice counts once.  That the repair was done, returned
 * or filed away ends every pause; those times stand in the record anyway and are no marks of their own.
 *
 * Before rules version 3 a repair had one pause and no marks: what it waited then is `paused_before_ms`. */
#include "core/core.h"
#include "wire/pbedit.h"

/* Numbers of RepairOrder and PauseMark, and of the events' enums. */
enum {
	REPAIR_REPAIRED = 11,
	REPAIR_RETURNED = 13,
	REPAIR_CLOSED = 14,
	REPAIR_PAUSED_MS = 15,
	REPAIR_PAUSE_START = 16,
	REPAIR_MARKS = 29,
	REPAIR_PAUSED_BEFORE_MS = 30,
	MARK_KIND = 1,
	MARK_TIME = 2,
	MARK_BEGINS = 3,
	KIND_WAIT = 1,
	KIND_QUOTE = 2,
	KIND_ALL = 3,
	ANSWER_YES = 1,
	ANSWER_NO = 2,
	WAIT_FOR_CUSTOMER = 1,
	STAGE_REPAIR = 2,
};

/* The last two are for ends: the clock may be stopped so often and not more, but must go on again. */
#define MARKS_FOR_BEGINS (LIMIT_PAUSE_MARKS - 2u)

/* Of two at one time the begin comes first: a pause without length must not last for ever. */
static bool mark_before(const struct pause_mark *a, const struct pause_mark *b)
{
	if (a->time_us != b->time_us)
		return a->time_us < b->time_us;
	if (a->begins != b->begins)
		return a->begins;
	return a->kind < b->kind;
}

/* False: it is known. */
static bool pauses_insert(struct pauses *pauses, const struct pause_mark *mark)
{
	uint32_t at = pauses->count;
	if (pauses->count == PAUSES_MOST)
		return false;
	while (at > 0 && mark_before(mark, &pauses->marks[at - 1]))
		at--;
	for (uint32_t i = at; i > 0 && pauses->marks[i - 1].time_us == mark->time_us; i--) {
		const struct pause_mark *same = &pauses->marks[i - 1];
		if (same->kind == mark->kind && same->begins == mark->begins &&
			same->implied == mark->implied)
			return false;
	}
	memmove(&pauses->marks[at + 1], &pauses->marks[at],
		(pauses->count - at) * sizeof(pauses->marks[0]));
	pauses->marks[at] = *mark;
	pauses->count++;
	pauses->told += !mark->implied;
	return true;
}

static void pauses_read_mark(struct slice encoded, struct pauses *pauses)
{
	struct pb_reader reader = pb_read(encoded);
	struct pb_field field;
	struct pause_mark mark = {.begins = false};
	while (pb_next(&reader, &field)) {
		if (field.number == MARK_KIND)
			mark.kind = (uint8_t)field.integer;
		else if (field.number == MARK_TIME)
			mark.time_us = (int64_t)field.integer;
		else if (field.number == MARK_BEGINS)
			mark.begins = field.integer == ANSWER_YES;
	}
	(void)pauses_insert(pauses, &mark); /* they are within bounds where they were written */
}

static void pauses_imply_end(struct pauses *pauses, int64_t time_us)
{
	const struct pause_mark mark = {.kind = KIND_ALL, .time_us = time_us, .implied = true};
	if (time_us > 0)
		(void)pauses_insert(pauses, &mark);
}

static void pauses_read(struct slice repair, struct pauses *pauses)
{
	struct pb_reader reader = pb_read(repair);
	struct pb_field field;
	uint64_t paused_ms = 0;
	uint64_t start_us = 0;
	*pauses = (struct pauses){.count = 0};
	while (pb_next(&reader, &field)) {
		switch (field.number) {
		case REPAIR_REPAIRED:
		case REPAIR_RETURNED:
		case REPAIR_CLOSED:
			pauses_imply_end(pauses, (int64_t)field.integer);
			break;
		case REPAIR_PAUSED_MS:
			paused_ms = field.integer;
			break;
		case REPAIR_PAUSE_START:
			start_us = field.integer;
			break;
		case REPAIR_MARKS:
			pauses_read_mark(field.bytes, pauses);
			break;
		case REPAIR_PAUSED_BEFORE_MS:
			pauses->before_ms = (int64_t)field.integer;
			break;
		default:
			break;
		}
	}
	if (pauses->told == 0) {
		const struct pause_mark begun = {
			.kind = KIND_WAIT, .begins = true, .time_us = (int64_t)start_us};
		pauses->before_ms = (int64_t)paused_ms;
		if (start_us != 0)
			(void)pauses_insert(pauses, &begun);
	}
}

/* What the event says of the repair's pauses; kind 0: nothing. */
static struct pause_mark pause_told(const struct ruling *ruling, enum linked_act act)
{
	/* RepairWaitStarted and RepairWaitEnded: reason = 3; RepairWorkStarted: stage = 3. */
	static const struct path third = {.numbers = {3}, .count = 1};
	struct pause_mark mark = {.time_us = ruling->occurred_us};
	uint64_t value;
	/* A clock that is ahead stops ours when we hear of it. */
	if (mark.time_us > ruling->input->arrival_us)
		mark.time_us = ruling->input->arrival_us;
	switch (act) {
	case ACT_WAIT_BEGINS:
		mark.begins = true;
		if (path_uint(&third, &ruling->parts) == WAIT_FOR_CUSTOMER)
			mark.kind = KIND_WAIT;
		break;
	case ACT_WAIT_ENDS:
		value = path_uint(&third, &ruling->parts);
		if (value == WAIT_FOR_CUSTOMER)
			mark.kind = KIND_WAIT;
		else if (value == 0)
			mark.kind = KIND_ALL; /* "UNSPECIFIED ends every wait" */
		break;
	case ACT_QUOTE_BEGINS:
		mark.begins = true;
		mark.kind = KIND_QUOTE;
		break;
	case ACT_QUOTE_ENDS:
		mark.kind = KIND_QUOTE;
		break;
	case ACT_WORK:
		/* A station that never says that a quote was approved works on, at least. */
		if (path_uint(&third, &ruling->parts) == STAGE_REPAIR)
			mark.kind = KIND_ALL;
		break;
	case ACT_DONE:
		mark.kind = KIND_ALL;
		mark.implied = true; /* its time stands in the record */
		break;
	default:
		break;
	}
	return mark;
}

bool pauses_now(const struct ruling *ruling, enum linked_act act, struct slice repair,
	struct pauses *out_pauses)
{
	struct pause_mark mark = pause_told(ruling, act);
	if (mark.kind == 0)
		return false;
	pauses_read(repair, out_pauses);
	if (mark.implied && out_pauses->told == 0 && out_pauses->before_ms == 0)
		return false; /* most repairs never wait for anybody */
	if (out_pauses->told >= LIMIT_PAUSE_MARKS && !mark.implied)
		return false;
	if (out_pauses->told >= MARKS_FOR_BEGINS && !mark.implied &&
		(mark.begins || pauses_sum(out_pauses, INT64_MIN).open_us == 0))
		return false;
	(void)pauses_insert(out_pauses, &mark); /* known is fine */
	return true;
}

struct pause_sum pauses_sum(const struct pauses *pauses, int64_t since_us)
{
	struct pause_sum sum = {0, 0};
	unsigned open = 0;
	int64_t start_us = 0;
	int64_t ended_us = 0;
	for (uint32_t i = 0; i < pauses->count; i++) {
		const struct pause_mark *mark = &pauses->marks[i];
		unsigned lane = 1u << mark->kind;
		if (mark->begins) {
			if (open == 0)
				start_us = mark->time_us > since_us ? mark->time_us : since_us;
			open |= lane;
			continue;
		}
		if ((open & lane) == 0 && (mark->kind != KIND_ALL || open == 0))
			continue;
		open = mark->kind == KIND_ALL ? 0 : open & ~lane;
		if (open == 0 && mark->time_us > start_us)
			ended_us += mark->time_us - start_us;
	}
	sum.ended_ms = ended_us / 1000;
	sum.open_us = open != 0 ? start_us : 0;
	return sum;
}

void pauses_put(const struct pauses *pauses, struct slice repair, struct buffer *partial)
{
	struct buffer marks = {0};
	struct pause_sum sum = pauses_sum(pauses, INT64_MIN);
	record_put(repair, REPAIR_PAUSED_MS, (uint64_t)(sum.ended_ms + pauses->before_ms), partial);
	record_put(repair, REPAIR_PAUSE_START, (uint64_t)sum.open_us, partial);
	for (uint32_t i = 0; i < pauses->count; i++) {
		const struct pause_mark *mark = &pauses->marks[i];
		if (mark->implied)
			continue;
		size_t at = pb_begin(&marks, REPAIR_MARKS);
		pb_put_uint(&marks, MARK_KIND, mark->kind);
		pb_put_int(&marks, MARK_TIME, mark->time_us);
		pb_put_uint(&marks, MARK_BEGINS, mark->begins ? ANSWER_YES : ANSWER_NO);
		pb_end(&marks, at);
	}
	if (!pbedit_same(repair, REPAIR_MARKS, buffer_slice(&marks)))
		buffer_append_slice(partial, buffer_slice(&marks));
	if (pauses->told > 0)
		record_put(repair, REPAIR_PAUSED_BEFORE_MS, (uint64_t)pauses->before_ms, partial);
	if (marks.status != CH_OK)
		partial->status = marks.status;
	buffer_fini(&marks);
}
