/* What callers of the fake hub ask for: a change under the lock, or something done by the thread. */
#include <stdio.h>

#include "base/clock.h"
#include "kit/fakehub/fake_inside.h"

/* ---- How wishes get to the thread ---- */

/* A change of wishes, under the lock and heard of at once. */
#define FAKE_CHANGE(hub, statement)                                                                \
	do {                                                                                       \
		(void)pthread_mutex_lock(&(hub)->lock);                                            \
		statement;                                                                         \
		(void)pthread_mutex_unlock(&(hub)->lock);                                          \
		fake_ring(hub);                                                                    \
	} while (0)

/* What needs the sockets is done by the thread that owns them; it is done when this returns. */
static void fake_do(struct fake_hub *hub,
	void (*action)(struct fake_hub *hub, const void *argument), const void *argument)
{
	(void)pthread_mutex_lock(&hub->lock);
	while (hub->action != NULL)
		(void)pthread_cond_wait(&hub->changed, &hub->lock);
	hub->action = action;
	hub->argument = argument;
	fake_ring(hub);
	while (hub->action != NULL)
		(void)pthread_cond_wait(&hub->changed, &hub->lock);
	(void)pthread_mutex_unlock(&hub->lock);
}

/* Waits until the thread has seen the wish: the old connections are gone when this returns. */
static void fake_wait_until_done(struct fake_hub *hub, const bool *flag, bool want)
{
	(void)pthread_mutex_lock(&hub->lock);
	while (*flag != want || (hub->away && hub->router != NULL))
		(void)pthread_cond_wait(&hub->changed, &hub->lock);
	(void)pthread_mutex_unlock(&hub->lock);
}

/* ---- Its clock ---- */

static void fake_move_clock(struct fake_hub *hub, const void *argument)
{
	if (hub->clock_stands)
		hub->clock_us += *(const int64_t *)argument;
	else
		hub->clock_ahead_us += *(const int64_t *)argument;
	fake_intake_release(hub);
	fake_session_tend(hub);
}

void fake_hub_advance(struct fake_hub *hub, int64_t us)
{
	fake_do(hub, fake_move_clock, &us);
}

void fake_hub_stop_clock(struct fake_hub *hub)
{
	FAKE_CHANGE(hub, (hub->clock_us = fake_now_us(hub), hub->clock_stands = true));
}

void fake_hub_run_clock(struct fake_hub *hub)
{
	FAKE_CHANGE(hub, (hub->clock_ahead_us = fake_now_us(hub) - clock_steady_us(),
				 hub->clock_stands = false));
}

/* ---- The connection ---- */

void fake_hub_drop(struct fake_hub *hub)
{
	FAKE_CHANGE(hub, hub->drop = true);
	fake_wait_until_done(hub, &hub->drop, false);
}

void fake_hub_drop_after(struct fake_hub *hub, uint32_t events)
{
	FAKE_CHANGE(hub, hub->drop_after = events);
}

void fake_hub_go_away(struct fake_hub *hub)
{
	FAKE_CHANGE(hub, hub->away = true);
	fake_wait_until_done(hub, &hub->away, true);
}

void fake_hub_come_back(struct fake_hub *hub)
{
	FAKE_CHANGE(hub, hub->away = false);
}

static void fake_forget_sessions(struct fake_hub *hub, const void *argument)
{
	(void)argument;
	hub->token_count = 0;
	hub->drop = true;
}

void fake_hub_restart(struct fake_hub *hub)
{
	fake_do(hub, fake_forget_sessions, NULL);
	fake_wait_until_done(hub, &hub->drop, false);
}

static void fake_restore(struct fake_hub *hub, const void *argument)
{
	hub->incarnation = *(const uint64_t *)argument;
	fake_memory_forget(hub);
	for (struct fake_cursor *cursor = hub->cursors; cursor != NULL; cursor = cursor->next)
		fake_cursor_rewind(cursor, 0);
	hub->drop = true;
}

void fake_hub_restore(struct fake_hub *hub, uint64_t incarnation)
{
	fake_do(hub, fake_restore, &incarnation);
	fake_wait_until_done(hub, &hub->drop, false);
}

void fake_hub_fall_silent(struct fake_hub *hub, bool silent)
{
	FAKE_CHANGE(hub, hub->silent = silent);
}

static void fake_send_all(struct fake_hub *hub, const void *argument)
{
	for (int i = 0; i < FAKE_CONNECTIONS; i++) {
		if (!hub->connections[i].used)
			continue;
		buffer_append_slice(&hub->out, *(const struct slice *)argument);
		fake_line_send(hub, &hub->connections[i]);
	}
}

void fake_hub_send_raw(struct fake_hub *hub, const void *bytes, size_t len)
{
	struct slice raw = slice_of(bytes, len);
	fake_do(hub, fake_send_all, &raw);
}

void fake_hub_refuse_next(struct fake_hub *hub, int kind, enum ch_status reason, bool fatal)
{
	FAKE_CHANGE(hub,
		(hub->refuse_kind = kind, hub->refuse_reason = reason, hub->refuse_fatal = fatal));
}

/* ---- What becomes of published events ---- */

/* A place is used again when its answer is used up. */
static void fake_add_answer(struct fake_hub *hub, const struct fake_answer *answer)
{
	uint32_t place = 0;
	while (place < FAKE_ANSWERS && hub->answers[place].answer.events > 0)
		place++;
	if (place == FAKE_ANSWERS) {
		fake_violate(hub, "too many answers are under way");
		return;
	}
	struct fake_kept_answer *kept = &hub->answers[place];
	*kept = (struct fake_kept_answer){.answer = *answer};
	(void)snprintf(kept->field, sizeof(kept->field), "%.*s", (int)answer->receipt.field.len,
		(const char *)answer->receipt.field.data);
	(void)snprintf(kept->detail, sizeof(kept->detail), "%.*s", (int)answer->receipt.detail.len,
		(const char *)answer->receipt.detail.data);
	kept->answer.receipt.field = slice_text(kept->field);
	kept->answer.receipt.detail = slice_text(kept->detail);
	if (place >= hub->answer_count)
		hub->answer_count = place + 1;
}

void fake_hub_answer(struct fake_hub *hub, const struct fake_answer *answer)
{
	FAKE_CHANGE(hub, fake_add_answer(hub, answer));
}

void fake_hub_answer_next(struct fake_hub *hub, uint32_t events, const struct receipt *receipt)
{
	const struct fake_answer answer = {.receipt = *receipt, .events = events};
	fake_hub_answer(hub, &answer);
}

void fake_hub_set_pace(struct fake_hub *hub, const struct fake_pace *pace)
{
	FAKE_CHANGE(hub, (hub->pace = *pace, hub->beat_due_us = 0));
}

void fake_hub_hold_receipts(struct fake_hub *hub, bool hold)
{
	FAKE_CHANGE(hub, (hub->hold = hold, hub->hold_after = 0));
}

void fake_hub_hold_after(struct fake_hub *hub, uint32_t events)
{
	FAKE_CHANGE(hub, hub->hold_after = events);
}

void fake_hub_lose_publishes(struct fake_hub *hub, uint32_t frames)
{
	FAKE_CHANGE(hub, hub->lose_publishes = frames);
}

static void fake_tell_credit(struct fake_hub *hub, const void *argument)
{
	uint32_t credit = *(const uint32_t *)argument;
	hub->credit = credit;
	for (int i = 0; i < FAKE_CONNECTIONS; i++) {
		if (!hub->connections[i].greeted)
			continue;
		credit_encode(credit, &hub->out);
		fake_line_send(hub, &hub->connections[i]);
	}
}

void fake_hub_set_credit(struct fake_hub *hub, uint32_t credit)
{
	fake_do(hub, fake_tell_credit, &credit);
}

static void fake_add_checkpoint(
	struct fake_hub *hub, const char *source, const char *checkpoint, uint64_t sequence)
{
	struct fake_kept_checkpoint *place =
		&hub->checkpoints[hub->checkpoint_count++ % FAKE_CHECKPOINTS];
	(void)snprintf(place->source, sizeof(place->source), "%s", source);
	(void)snprintf(place->checkpoint, sizeof(place->checkpoint), "%s", checkpoint);
	place->sequence = sequence;
}

void fake_hub_set_checkpoint(
	struct fake_hub *hub, const char *source, const char *checkpoint, uint64_t sequence)
{
	FAKE_CHANGE(hub, fake_add_checkpoint(hub, source, checkpoint, sequence));
}

static void fake_fill(struct fake_hub *hub, const char *prefix, uint32_t events)
{
	struct buffer event = {0};
	char id[64];
	for (uint32_t i = 1; i <= events; i++) {
		(void)snprintf(id, sizeof(id), "%s%u", prefix, i);
		envelope_encode(&(struct envelope){.id = slice_text(id),
					.source = SLICE_LITERAL("/fake"),
					.type = SLICE_LITERAL("pos.sale.completed"),
					.data = SLICE_LITERAL("\x08\x01"),
					.personal = SLICE_LITERAL("\xa0\x06\x01")},
			&event);
		(void)fake_memory_append(hub, buffer_slice(&event)); /* well-formed, by us */
		buffer_clear(&event);
	}
	buffer_fini(&event);
}

void fake_hub_fill(struct fake_hub *hub, const char *prefix, uint32_t events)
{
	FAKE_CHANGE(hub, fake_fill(hub, prefix, events));
}

/* ---- What happens to subscriptions ---- */

void fake_hub_keep_detaches(struct fake_hub *hub, bool keep)
{
	FAKE_CHANGE(hub, hub->keep_detaches = keep);
}

void fake_hub_set_snapshot(struct fake_hub *hub, uint32_t records)
{
	FAKE_CHANGE(hub, hub->snapshot = records);
}

static void fake_mark_all(struct fake_hub *hub, const void *argument)
{
	for (int i = 0; i < FAKE_SUBSCRIPTIONS; i++) {
		if (hub->subscriptions[i].used)
			fake_reader_mark(
				hub, &hub->subscriptions[i], *(const struct mark *)argument);
	}
}

void fake_hub_mark(struct fake_hub *hub, const struct mark *mark)
{
	fake_do(hub, fake_mark_all, mark);
}

static void fake_fence_all(struct fake_hub *hub, const void *argument)
{
	(void)argument;
	fake_mark_all(hub, &(struct mark){.what = MARK_FENCED});
	for (int i = 0; i < FAKE_SUBSCRIPTIONS; i++)
		fake_reader_leave(hub, &hub->subscriptions[i]);
}

void fake_hub_fence(struct fake_hub *hub)
{
	fake_do(hub, fake_fence_all, NULL);
}

struct fake_seek {
	const char *name;
	uint64_t cursor;
};

static void fake_seek(struct fake_hub *hub, const void *argument)
{
	const struct fake_seek *seek = argument;
	struct fake_cursor *cursor = fake_cursor_find(hub, slice_text(seek->name));
	if (cursor == NULL)
		return;
	for (int i = 0; i < FAKE_SUBSCRIPTIONS; i++) {
		struct fake_subscription *subscription = &hub->subscriptions[i];
		if (!subscription->used || subscription->cursor != cursor)
			continue;
		fake_reader_mark(hub, subscription,
			(struct mark){.what = MARK_MOVED, .first = seek->cursor});
		fake_reader_leave(hub, subscription);
	}
	cursor->moves++;
	fake_cursor_rewind(cursor, seek->cursor);
}

void fake_hub_seek(struct fake_hub *hub, const char *name, uint64_t cursor)
{
	fake_do(hub, fake_seek, &(struct fake_seek){name, cursor});
}

struct fake_job {
	const char *name;
	uint64_t first;
	uint64_t last;
};

static void fake_start_job(struct fake_hub *hub, const void *argument)
{
	const struct fake_job *job = argument;
	for (int i = 0; i < FAKE_SUBSCRIPTIONS; i++) {
		struct fake_subscription *subscription = &hub->subscriptions[i];
		if (!subscription->used)
			continue;
		(void)snprintf(subscription->job, sizeof(subscription->job), "%s", job->name);
		subscription->job_next = job->first;
		subscription->job_last = job->last;
	}
}

void fake_hub_replay(struct fake_hub *hub, const char *job, uint64_t first, uint64_t last)
{
	fake_do(hub, fake_start_job, &(struct fake_job){job, first, last});
}
