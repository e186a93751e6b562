/* Where deliveries are made.  In a turn come, in this order and each bounded:
 *
 *     1. what failed and is due again
 *     2. replays, within their half of the window
 *     3. what lies ahead: records of a snapshot, or entries from the cursor on
 *
 * Replays and what lies ahead change places from turn to turn.  A group is put into the frame first and
 * entered in the cursor then: what could not be put was not sent. */
#include "fanout/turn.h"

#include "fanout/attachment.h"
#include "fanout/job.h"
#include "fanout/keeping.h"
#include "fanout/sending.h"
#include "fanout/subscription.h"

#define TURN_ENTRIES 1024u   /* looked at */
#define AGAIN_US     1000000 /* after the machine has refused something */

/* Why a step ended. */
enum step {
	STEP_MORE, /* its share is used up, there is more */
	STEP_WAIT, /* nothing to do until something happens */
	STEP_STOP, /* the machine refused something: the turn is over, another follows in a while */
};

struct turn {
	struct fanout *fanout;
	struct subscription *subscription;
	struct sending *sending; /* NULL: to be made */
	uint32_t deliveries;     /* in the frame */
	uint32_t entries;        /* that may still be looked at */
	size_t bytes;            /* that may still be sent */
};

/* ---- The frame ---- */

static bool turn_begin_frame(struct turn *turn)
{
	if (turn->sending != NULL)
		return true;
	turn->sending = sending_create(turn->subscription->consumer, SENDING_ROOM);
	if (turn->sending == NULL)
		return false;
	deliver_begin(&turn->sending->bytes, turn->subscription->handle);
	return true;
}

static void turn_send_frame(struct turn *turn)
{
	if (turn->deliveries == 0)
		sending_free(turn->sending);
	else
		sending_post(turn->sending);
	turn->sending = NULL;
	turn->deliveries = 0;
}

/* Puts one delivery into the frame, into a new one when it would grow beyond what a frame may be. */
static bool turn_put(struct turn *turn, struct slice encoded, const struct delivery_stamp *stamp)
{
	size_t room = encoded.len + stamp->job.len + stamp->personal.len + 64;
	if (turn->sending != NULL && turn->sending->bytes.len + room > LIMIT_FRAME_BYTES)
		turn_send_frame(turn);
	if (!turn_begin_frame(turn))
		return false;
	struct buffer *bytes = &turn->sending->bytes;
	size_t before = bytes->len;
	deliver_add_encoded(bytes, encoded, stamp);
	if (bytes->status != CH_OK) {
		bytes->len = before;
		bytes->status = CH_OK;
		return false;
	}
	turn->deliveries++;
	size_t put = bytes->len - before;
	turn->bytes -= put < turn->bytes ? put : turn->bytes;
	return true;
}

/* A mark keeps its place between deliveries. */
static bool turn_mark(struct turn *turn, const struct mark *mark)
{
	turn_send_frame(turn);
	return sending_mark(turn->subscription->consumer, mark) == CH_OK;
}

static bool turn_say(
	struct turn *turn, enum mark_what what, uint64_t first, uint64_t last, struct slice job)
{
	return turn_mark(turn, &(struct mark){.handle = turn->subscription->handle,
				       .what = what,
				       .first = first,
				       .last = last,
				       .job = job});
}

/* ---- A group ---- */

/* Puts what is wanted of the group; *out_parts says how many parts that were.  False: it could not. */
static bool turn_put_group(struct turn *turn, struct group *group, const struct job *job,
	struct delivery_stamp *stamp, uint16_t *out_parts)
{
	const struct interest *interest = &turn->subscription->interest;
	uint32_t rights = turn->subscription->consumer->values;
	uint32_t last = UINT32_MAX;
	uint16_t parts = 0;
	for (uint32_t i = 0; i < group->part_count; i++) {
		struct part *part = &group->parts[i];
		part->wanted = group_wants(group, i, interest) &&
			       (job == NULL || group_wants(group, i, &job->interest));
		if (!part->wanted)
			continue;
		last = i;
		parts++;
	}
	for (uint32_t i = 0; parts > 0 && i <= last; i++) {
		struct slice encoded;
		if (!group->parts[i].wanted)
			continue;
		stamp->last = i == last;
		if (group_encode(group, i, &encoded) != CH_OK ||
			group_values(group, i, rights, &stamp->personal) != CH_OK ||
			!turn_put(turn, encoded, stamp))
			return false;
	}
	*out_parts = parts;
	return true;
}

/* ---- Reading ---- */

/* The entry at `sequence` as a group, from the newest or from a reader that is opened when it is needed.
 * CH_GAP: *out_last and all before it from `sequence` on cannot be had. */
static enum ch_status turn_read(struct turn *turn, struct reader **reader, uint64_t sequence,
	struct group **out_group, uint64_t *out_last)
{
	struct fanout *fanout = turn->fanout;
	struct journal_entry entry;
	uint64_t first;
	*out_group = &fanout->group;
	if (sequence >= recent_first(fanout->recent) && sequence < recent_next(fanout->recent))
		return recent_get(fanout->recent, sequence, &fanout->group);
	enum ch_status status = CH_OK;
	if (*reader == NULL)
		status = reader_open(fanout->options.journal, reader);
	if (status == CH_OK && reader_position(*reader) != sequence)
		status = reader_seek(*reader, sequence);
	if (status == CH_OK)
		status = reader_next(*reader, &entry);
	if (status == CH_OK) {
		status = group_read(&fanout->group, &entry);
		first = sequence;
		*out_last = sequence;
		/* Whole by its checksum, and yet not to be read: said, not passed over. */
		if (status != CH_OK && status != CH_NOMEM)
			status = CH_GAP;
	} else if (status == CH_GAP) {
		reader_gap(*reader, &first, out_last);
	}
	return status;
}

/* ---- 1. What failed and is due ---- */

static enum step turn_again(
	struct turn *turn, struct cursor *cursor, struct job *job, uint32_t most)
{
	struct fanout *fanout = turn->fanout;
	struct pending *pending;
	while ((pending = cursor_ready(cursor)) != NULL) {
		struct group *group;
		uint16_t parts;
		if (attachment_credit(turn->subscription) <= 0)
			return STEP_WAIT;
		if (most-- == 0 || turn->bytes == 0)
			return STEP_MORE;
		enum ch_status status = fanout_look(fanout, pending->sequence, &group);
		if (status == CH_GAP) {
			if (!turn_say(turn, MARK_GAP, pending->sequence, pending->sequence,
				    slice_text(job != NULL ? job->id : NULL)))
				return STEP_STOP;
			cursor_drop(cursor, pending);
			continue;
		}
		struct delivery_stamp stamp = {
			.attempt = pending_attempt(pending),
			.mode = job != NULL ? DELIVERY_REPLAY : DELIVERY_CATCH_UP,
			.job = slice_text(job != NULL ? job->id : NULL),
		};
		if (job == NULL && turn->subscription->phase == PHASE_LIVE)
			stamp.mode = DELIVERY_LIVE;
		if (status != CH_OK || !turn_put_group(turn, group, job, &stamp, &parts))
			return STEP_STOP;
		if (parts == 0)
			cursor_drop(cursor, pending); /* not wanted any more */
		else
			cursor_resend(cursor, pending, parts);
	}
	return STEP_WAIT;
}

/* ---- 2. Replays ---- */

static enum step turn_job_entry(struct turn *turn, struct job *job)
{
	struct cursor *cursor = &job->cursor;
	struct group *group;
	uint64_t last;
	uint16_t parts;
	if (cursor_look(cursor, &last) == CURSOR_SKIP) {
		cursor_skip(cursor, last < job->last ? last : job->last);
		return STEP_MORE;
	}
	enum ch_status status = turn_read(turn, &job->reader, cursor->next, &group, &last);
	if (status == CH_GAP) {
		if (last > job->last)
			last = job->last;
		if (!turn_say(turn, MARK_GAP, cursor->next, last, slice_text(job->id)))
			return STEP_STOP;
		cursor_pass(cursor, last, 0);
		return STEP_MORE;
	}
	if (status != CH_OK)
		return STEP_STOP;
	int64_t due_us = tempo_due_us(&job->tempo, group->arrival_us, turn->fanout->now_us);
	if (due_us > turn->fanout->now_us) {
		fanout_set_alarm(turn->fanout, &job->alarm, due_us);
		return STEP_WAIT;
	}
	struct delivery_stamp stamp = {
		.attempt = cursor_attempt(cursor, group->sequence),
		.mode = DELIVERY_REPLAY,
		.job = slice_text(job->id),
	};
	if (!turn_put_group(turn, group, job, &stamp, &parts))
		return STEP_STOP;
	if (parts == 0) {
		cursor_pass(cursor, group->sequence, group->arrival_us);
	} else {
		cursor_send(cursor, group->sequence, group->arrival_us, parts);
		tempo_went(&job->tempo, turn->fanout->now_us);
	}
	return STEP_MORE;
}

static enum step turn_job(struct turn *turn, struct job *job, uint32_t entries, size_t bytes)
{
	struct cursor *cursor = &job->cursor;
	enum step step = turn_again(turn, cursor, job, entries);
	job->read_on = true;
	keeping_touch_job(job);
	if (step == STEP_STOP)
		return step;
	size_t floor = turn->bytes > bytes ? turn->bytes - bytes : 0;
	for (; cursor->next <= job->last; entries--) {
		if (cursor->out_parts >= job_share(job) ||
			attachment_credit(turn->subscription) <= 0 || !cursor_make_room(cursor))
			return STEP_WAIT;
		if (entries == 0 || turn->bytes <= floor)
			return STEP_MORE;
		step = turn_job_entry(turn, job);
		if (step != STEP_MORE)
			return step;
	}
	if (!job->marked && !turn_say(turn, MARK_END, job->last, 0, slice_text(job->id)))
		return STEP_STOP;
	job->marked = true;
	job_settle(job);
	return STEP_WAIT;
}

static enum step turn_jobs(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	struct job *next;
	enum step whole = STEP_WAIT;
	uint32_t count = subscription->job_count;
	for (struct job *job = subscription->jobs; job != NULL; job = next) {
		next = job->next; /* it may end in its turn */
		if (!job_runs(job))
			continue;
		enum step step =
			turn_job(turn, job, TURN_ENTRIES / 2 / count, SENDING_BYTES / 2 / count);
		if (step == STEP_STOP)
			return step;
		if (step == STEP_MORE)
			whole = STEP_MORE;
	}
	return whole;
}

/* ---- 3. What lies ahead: the snapshot ---- */

static enum step turn_end_snapshot(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	uint64_t sequence = walk_sequence(subscription->walk);
	if (!turn_say(turn, MARK_SNAPSHOT_END, sequence, 0, (struct slice){NULL, 0}))
		return STEP_STOP;
	walk_close(subscription->walk);
	subscription->walk = NULL;
	subscription->snapshot_at = sequence;
	/* Nothing was in it, or nobody will say that he has it. */
	if (sequence == 0 || subscription->no_ack)
		subscription->snapshot_due = false;
	subscription->phase = PHASE_CATCH_UP;
	keeping_touch(subscription, DESK_US);
	return STEP_MORE;
}

static enum step turn_begin_snapshot(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	struct fanout *fanout = turn->fanout;
	uint32_t tables = 1;
	subscription_wish(subscription, &fanout->stored);
	(void)walk_choose(&fanout->stored.start, &tables); /* it was judged when it was asked for */
	if (subscription->snapshot_void &&
		!turn_say(turn, MARK_SNAPSHOT_AGAIN, 0, 0, (struct slice){NULL, 0}))
		return STEP_STOP;
	subscription->snapshot_void = false;
	if (walk_open(&fanout->options, tables, &subscription->walk) != CH_OK)
		return STEP_STOP;
	subscription_place(subscription, walk_sequence(subscription->walk), 0);
	keeping_touch(subscription, DESK_US);
	return STEP_MORE;
}

/* The view was taken away before the end, or a record is lost: all of it once more. */
static enum step turn_snapshot_again(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	walk_close(subscription->walk);
	subscription->walk = NULL;
	subscription->snapshot_void = true;
	return STEP_MORE;
}

static enum step turn_record(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	const struct snapshot_record *record;
	struct slice table;
	enum ch_status status = walk_next(subscription->walk, &record, &table);
	if (status == CH_END)
		return turn_end_snapshot(turn);
	if (status == CH_RETRY)
		return turn_snapshot_again(turn);
	if (status != CH_OK)
		return STEP_STOP;
	if (record->customer != 0 &&
		!interest_customer(&subscription->interest, customer_now(record->customer)))
		return STEP_MORE;
	struct buffer *encoded = &turn->fanout->group.encoded; /* scratch */
	const struct delivery delivery = {
		.sequence = walk_sequence(subscription->walk),
		.part = walk_part(subscription->walk),
		.customer = record->customer,
		.table = table,
		.record = buffer_slice(&record->record),
	};
	const struct delivery_stamp stamp = {.attempt = 1, .mode = DELIVERY_SNAPSHOT, .last = true};
	buffer_clear(encoded);
	delivery_encode(&delivery, encoded);
	if (encoded->status != CH_OK || !turn_put(turn, buffer_slice(encoded), &stamp))
		return turn_snapshot_again(turn); /* the record is read, and there is no way back */
	subscription->window--;
	turn->fanout->stats.snapshot_records++;
	return STEP_MORE;
}

static enum step turn_snapshot(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	if (subscription->walk == NULL) {
		enum step step = turn_begin_snapshot(turn);
		if (step != STEP_MORE)
			return step;
	}
	while (turn->entries > 0 && turn->bytes > 0) {
		if (attachment_credit(subscription) <= 0)
			return STEP_WAIT;
		turn->entries--;
		enum step step = turn_record(turn);
		if (step != STEP_MORE || subscription->walk == NULL)
			return step;
	}
	return STEP_MORE;
}

/* ---- 3. What lies ahead: entries ---- */

/* Nothing is left before the head. */
static enum step turn_caught_up(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	if (subscription->phase == PHASE_LIVE)
		return STEP_WAIT;
	if (!turn_say(turn, MARK_CAUGHT_UP, subscription->cursor.next - 1, 0,
		    (struct slice){NULL, 0}))
		return STEP_STOP;
	subscription->phase = PHASE_LIVE;
	fanout_follow(turn->fanout, subscription->cursor.next);
	return STEP_WAIT;
}

/* True when it is live and reads for itself nevertheless. */
static bool turn_fell_behind(const struct turn *turn)
{
	const struct subscription *subscription = turn->subscription;
	uint64_t next = subscription->cursor.next;
	return subscription->phase == PHASE_LIVE && next < recent_first(turn->fanout->recent);
}

static enum step turn_fall_behind(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	if (!turn_say(turn, MARK_FELL_BEHIND, subscription->cursor.next, turn->fanout->head,
		    (struct slice){NULL, 0}))
		return STEP_STOP;
	fanout_unfollow(subscription);
	subscription->phase = PHASE_CATCH_UP;
	return STEP_MORE;
}

static enum step turn_end(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	if (!turn_say(turn, MARK_END, subscription->cursor.next - 1, 0, (struct slice){NULL, 0}))
		return STEP_STOP;
	fanout_unfollow(subscription);
	subscription->phase = PHASE_ENDED;
	return STEP_WAIT;
}

static enum step turn_entry(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	struct cursor *cursor = &subscription->cursor;
	struct group *group;
	uint64_t last;
	uint16_t parts;
	if (cursor_look(cursor, &last) == CURSOR_SKIP) {
		cursor_skip(cursor, last);
		return STEP_MORE;
	}
	enum ch_status status = turn_read(turn, &subscription->reader, cursor->next, &group, &last);
	if (status == CH_GAP) {
		if (!turn_say(turn, MARK_GAP, cursor->next, last, (struct slice){NULL, 0}))
			return STEP_STOP;
		cursor_pass(cursor, last, 0);
		return STEP_MORE;
	}
	if (status != CH_OK)
		return STEP_STOP;
	struct delivery_stamp stamp = {
		.attempt = cursor_attempt(cursor, group->sequence),
		.mode = subscription->phase == PHASE_LIVE ? DELIVERY_LIVE : DELIVERY_CATCH_UP,
	};
	if (!turn_put_group(turn, group, NULL, &stamp, &parts))
		return STEP_STOP;
	if (parts == 0) {
		cursor_pass(cursor, group->sequence, group->arrival_us);
		return STEP_MORE;
	}
	cursor_send(cursor, group->sequence, group->arrival_us, parts);
	if (subscription->no_ack)
		subscription->window -= parts;
	return STEP_MORE;
}

static enum step turn_entries(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	struct cursor *cursor = &subscription->cursor;
	for (; turn->bytes > 0; turn->entries--) {
		if (subscription->phase == PHASE_ENDED)
			return STEP_WAIT;
		if (subscription->bounded && cursor->next > subscription->stop)
			return turn_end(turn);
		if (cursor->next > turn->fanout->head)
			return turn_caught_up(turn);
		if (turn_fell_behind(turn)) {
			enum step fallen = turn_fall_behind(turn);
			if (fallen != STEP_MORE)
				return fallen;
		}
		/* Live, and not taken up yet: it will be. */
		if (subscription->phase == PHASE_LIVE &&
			cursor->next >= recent_next(turn->fanout->recent))
			return STEP_WAIT;
		if (attachment_credit(subscription) <= 0 || !cursor_make_room(cursor))
			return STEP_WAIT;
		if (turn->entries == 0)
			return STEP_MORE;
		enum step step = turn_entry(turn);
		if (step != STEP_MORE)
			return step;
	}
	return STEP_MORE;
}

static enum step turn_ahead(struct turn *turn)
{
	struct subscription *subscription = turn->subscription;
	keeping_touch(subscription, DESK_LAZY_US);
	subscription->read_on = true;
	if (subscription->phase == PHASE_SNAPSHOT)
		return turn_snapshot(turn);
	return turn_entries(turn);
}

/* ---- The whole ---- */

bool turn_take(struct subscription *subscription)
{
	struct turn turn = {
		.fanout = subscription->fanout,
		.subscription = subscription,
		.entries = TURN_ENTRIES,
		.bytes = SENDING_BYTES,
	};
	enum step steps[3] = {STEP_WAIT, STEP_WAIT, STEP_WAIT};
	if (subscription->phase <= PHASE_OPENING || subscription->draining ||
		!sending_has_room(subscription->consumer))
		return false;
	subscription->jobs_first = !subscription->jobs_first;
	steps[0] = turn_again(&turn, &subscription->cursor, NULL, TURN_ENTRIES / 8);
	if (steps[0] != STEP_STOP && subscription->jobs_first)
		steps[1] = turn_jobs(&turn);
	if (steps[0] != STEP_STOP && steps[1] != STEP_STOP)
		steps[2] = turn_ahead(&turn);
	if (steps[0] != STEP_STOP && steps[2] != STEP_STOP && !subscription->jobs_first)
		steps[1] = turn_jobs(&turn);
	turn_send_frame(&turn);
	bool more = false;
	for (size_t i = 0; i < 3; i++) {
		if (steps[i] == STEP_STOP) {
			fanout_set_alarm(
				turn.fanout, &subscription->again, turn.fanout->now_us + AGAIN_US);
			return false;
		}
		more |= steps[i] == STEP_MORE;
	}
	return more;
}
