#include "fanout/attachment.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "fanout/job.h"
#include "fanout/keeping.h"
#include "fanout/sending.h"
#include "fanout/subscription.h"
#include "fanout/wish.h"

/* ---- Finding and telling ---- */

static struct subscription *attachment_find(const struct consumer *consumer, uint32_t handle)
{
	uint8_t key[4];
	store_le32(key, handle);
	return table_get(&consumer->attached, slice_of(key, sizeof(key)));
}

enum ch_status attachment_mark(struct subscription *subscription, enum mark_what what,
	uint64_t first, uint64_t last, const char *detail)
{
	const struct mark mark = {
		.handle = subscription->handle,
		.what = what,
		.first = first,
		.last = last,
		.detail = slice_text(detail),
	};
	return sending_mark(subscription->consumer, &mark);
}

int64_t attachment_credit(const struct subscription *subscription)
{
	int64_t credit = subscription->window - subscription->cursor.out_parts;
	for (const struct job *job = subscription->jobs; job != NULL; job = job->next)
		credit -= job->cursor.out_parts;
	return credit;
}

/* ---- Attaching ---- */

/* Compiles what the subscription wants, as far as the session may have it. */
static enum ch_status attachment_compile(struct subscription *subscription,
	const struct consumer *consumer, const struct subscribe_filter *filter)
{
	struct arena arena;
	struct interest interest;
	arena_init(&arena);
	enum ch_status status = interest_compile(filter, &consumer->allowed, &arena, &interest);
	if (status != CH_OK) {
		arena_fini(&arena);
		return status;
	}
	arena_fini(&subscription->arena);
	subscription->arena = arena;
	subscription->interest = interest;
	return CH_OK;
}

static void attachment_opened(struct later *later);

static enum ch_status attachment_bind(
	struct subscription *subscription, struct consumer *consumer, const struct subscribe *wish)
{
	struct fanout *fanout = subscription->fanout;
	store_le32(subscription->handle_key, wish->handle);
	enum ch_status status = table_put(&consumer->attached,
		slice_of(subscription->handle_key, sizeof(subscription->handle_key)), subscription);
	if (status != CH_OK)
		return status;
	consumer_hold(consumer);
	subscription->consumer = consumer;
	subscription->handle = wish->handle;
	subscription->window = wish->credit;
	subscription->no_ack = wish->no_ack;
	subscription->draining = false;
	subscription->bounded = wish->stop_at_head || wish->stop_sequence != 0;
	subscription->stop = wish->stop_at_head ? fanout->head : wish->stop_sequence;
	subscription->phase = PHASE_OPENING;
	subscription->generation++;
	fanout->attached_count++;
	const struct cursor_settings settings = subscription_settings(subscription);
	cursor_attach(&subscription->cursor, &settings, &fanout->timers, fanout->now_us);
	for (struct job *job = subscription->jobs; job != NULL; job = job->next)
		job_attach(job);
	return CH_OK;
}

static void attachment_open(struct subscription *subscription)
{
	subscription->opened.run = attachment_opened;
	if (!subscription_is_durable(subscription)) {
		attachment_opened(&subscription->opened);
		return;
	}
	/* The answer says where it will go on whatever happens: so that is written down first. */
	keeping_touch(subscription, 0);
	keeping_later(subscription->fanout, &subscription->opened);
}

static void attachment_opened(struct later *later)
{
	struct subscription *subscription =
		(struct subscription *)(void *)((char *)later -
						offsetof(struct subscription, opened));
	const struct subscribed subscribed = {
		.handle = subscription->handle,
		.generation = subscription->generation,
		.cursor = cursor_floor(&subscription->cursor),
		.head = subscription->fanout->head,
		.moves = subscription->moves,
	};
	/* Without memory for an answer the client asks again. */
	(void)sending_subscribed(subscription->consumer, &subscribed);
	if (subscription->reset)
		(void)attachment_mark(subscription, MARK_RESET,
			cursor_floor(&subscription->cursor) + 1, 0,
			"the position belongs to another journal");
	subscription->reset = false;
	subscription->phase = subscription->snapshot_due ? PHASE_SNAPSHOT : PHASE_CATCH_UP;
	fanout_schedule(subscription);
}

/* Takes the place of whoever was attached, where and as it was asked for. */
static enum ch_status attachment_take_over(struct subscription *subscription,
	struct consumer *consumer, const struct subscribe *wish, const struct place *place,
	bool keep)
{
	enum ch_status status = CH_OK;
	if (subscription->phase != PHASE_REST) {
		(void)attachment_mark(subscription, MARK_FENCED, 0, 0, "");
		attachment_end(subscription);
	}
	if (keep)
		status = subscription_set_wish(subscription, wish);
	if (status == CH_OK) {
		subscription_go_to(subscription, place);
		status = attachment_bind(subscription, consumer, wish);
	}
	if (status != CH_OK)
		return status;
	if (keep && subscription_is_durable(subscription))
		subscription_write(subscription);
	attachment_open(subscription);
	return CH_OK;
}

/* Makes it, or takes up what exists; what is asked for was judged. */
static enum ch_status attachment_take_up(struct consumer *consumer, const struct subscribe *wish,
	struct subscription *subscription, struct buffer *detail)
{
	struct fanout *fanout = consumer->fanout;
	struct place place;
	bool made = subscription == NULL;
	bool keep = made || wish->update; /* else what is stored was compared, and stands */
	enum ch_status status = wish_place(fanout, wish, made, &place, detail);
	if (status == CH_OK && made)
		status = subscription_create(fanout, wish->name, consumer->peer, &subscription);
	if (status != CH_OK)
		return status;
	status = attachment_compile(
		subscription, consumer, keep ? &wish->filter : &fanout->stored.filter);
	if (status == CH_DENIED)
		buffer_append_text(detail, "no event type that the peer may see");
	if (status == CH_OK)
		status = attachment_take_over(subscription, consumer, wish, &place, keep);
	if (status != CH_OK && made)
		subscription_free(subscription);
	return status;
}

void attachment_subscribe(struct consumer *consumer, const struct subscribe *wish)
{
	struct fanout *fanout = consumer->fanout;
	struct subscription *subscription = NULL;
	struct buffer detail = {0};
	enum ch_status status = wish_check(consumer, wish, &detail);
	if (status == CH_OK && attachment_find(consumer, wish->handle) != NULL) {
		buffer_append_text(&detail, "the handle is in use");
		status = CH_EXISTS;
	}
	if (status == CH_OK && wish->name.len > 0) {
		subscription = subscription_find(fanout, wish->name);
		if (subscription != NULL)
			status = wish_compare(consumer, wish, subscription, &detail);
		else if (wish->must_exist)
			status = CH_NOT_FOUND;
	}
	if (status == CH_OK)
		status = attachment_take_up(consumer, wish, subscription, &detail);
	if (status != CH_OK) {
		if (detail.len == 0)
			buffer_append_text(&detail, ch_status_text(status));
		const struct refused refused = {
			.reason = status,
			.detail = buffer_slice(&detail),
			.kind = FRAME_SUBSCRIBE,
			.about = wish->handle,
		};
		(void)sending_refused(consumer, &refused); /* without memory it asks again */
	}
	buffer_fini(&detail);
}

/* ---- Leaving ---- */

void attachment_end(struct subscription *subscription)
{
	struct fanout *fanout = subscription->fanout;
	struct consumer *consumer = subscription->consumer;
	keeping_forget_later(fanout, &subscription->opened);
	fanout_clear_alarm(fanout, &subscription->again);
	fanout_unfollow(subscription);
	walk_close(subscription->walk);
	subscription->walk = NULL;
	cursor_rest(&subscription->cursor);
	for (struct job *job = subscription->jobs; job != NULL; job = job->next)
		job_rest(job);
	reader_close(subscription->reader);
	subscription->reader = NULL;
	(void)table_remove(&consumer->attached,
		slice_of(subscription->handle_key, sizeof(subscription->handle_key)));
	subscription->phase = PHASE_REST;
	subscription->consumer = NULL;
	fanout->attached_count--;
	consumer_release(consumer);
	if (subscription_is_durable(subscription))
		keeping_touch(subscription, DESK_US);
	else
		subscription_free(subscription);
}

void attachment_lost_all(struct consumer *consumer)
{
	struct subscription *subscription;
	size_t at = 0;
	while ((subscription = table_next(&consumer->attached, &at)) != NULL) {
		cursor_lost(&subscription->cursor, consumer->fanout->now_us);
		attachment_end(subscription);
		at = 0;
	}
}

void attachment_recheck_all(struct consumer *consumer)
{
	struct fanout *fanout = consumer->fanout;
	struct subscription *subscription;
	size_t at = 0;
	while ((subscription = table_next(&consumer->attached, &at)) != NULL) {
		subscription_wish(subscription, &fanout->stored);
		enum ch_status status =
			attachment_compile(subscription, consumer, &fanout->stored.filter);
		if (status == CH_OK)
			continue;
		(void)attachment_mark(subscription, MARK_DETACHED,
			cursor_floor(&subscription->cursor), 0,
			"the peer may not see these events any more");
		attachment_end(subscription);
		at = 0;
	}
}

void attachment_suspend(struct subscription *subscription, const char *why)
{
	if (subscription->phase != PHASE_REST) {
		(void)attachment_mark(
			subscription, MARK_SUSPENDED, cursor_floor(&subscription->cursor), 0, why);
		attachment_end(subscription);
	}
	subscription->suspended = true;
	keeping_touch(subscription, 0);
}

void attachment_moved(struct subscription *subscription)
{
	subscription->moves++;
	if (subscription->phase == PHASE_REST)
		return;
	/* It attaches again: so no ack of what was out can be taken for one of what comes. */
	(void)attachment_mark(subscription, MARK_MOVED, subscription->cursor.base, 0,
		"an operator has moved the cursor");
	attachment_end(subscription);
}

/* ---- DETACH ---- */

/* The last word to a handle, when what it tells is written down. */
struct farewell {
	struct later later; /* first */
	struct consumer *consumer;
	uint32_t handle;
	uint64_t cursor;
};

static void farewell_say(struct later *later)
{
	struct farewell *farewell = (struct farewell *)(void *)later;
	const struct mark mark = {
		.handle = farewell->handle,
		.what = MARK_DETACHED,
		.first = farewell->cursor,
	};
	(void)sending_mark(
		farewell->consumer, &mark); /* without memory the client gives up by itself */
	consumer_release(farewell->consumer);
	free(farewell);
}

static void farewell_later(
	struct consumer *consumer, uint32_t handle, uint64_t cursor, bool durable)
{
	struct farewell *farewell = calloc(1, sizeof(*farewell));
	if (farewell == NULL)
		return;
	*farewell = (struct farewell){.later.run = farewell_say,
		.consumer = consumer,
		.handle = handle,
		.cursor = cursor};
	consumer_hold(consumer);
	if (durable)
		keeping_later(consumer->fanout, &farewell->later);
	else
		farewell_say(&farewell->later);
}

void attachment_detach(struct consumer *consumer, const struct detach *detach)
{
	struct subscription *subscription = attachment_find(consumer, detach->handle);
	if (subscription == NULL) {
		/* It was fenced, suspended or deleted meanwhile: whoever asks gets his answer. */
		farewell_later(consumer, detach->handle, 0, false);
		return;
	}
	uint64_t cursor = cursor_floor(&subscription->cursor);
	bool durable = subscription_is_durable(subscription);
	if (detach->drain && !detach->delete) {
		subscription->draining = true;
		(void)attachment_mark(subscription, MARK_DRAINED, 0, 0, "");
		return;
	}
	attachment_end(subscription);
	if (detach->delete &&durable)
		subscription_delete(subscription);
	farewell_later(consumer, detach->handle, cursor, durable);
}

/* ---- GRANT, ACK ---- */

void attachment_grant(struct consumer *consumer, const struct grant *grant)
{
	struct subscription *subscription = attachment_find(consumer, grant->handle);
	if (subscription == NULL)
		return; /* it has just been left */
	subscription->window += grant->deliveries;
	/* What is never acknowledged is only as much as the subscriber wants to see coming. */
	if (!subscription->no_ack && subscription->window > LIMIT_INFLIGHT_PER_SUB)
		subscription->window = LIMIT_INFLIGHT_PER_SUB;
	fanout_schedule(subscription);
}

/* Returns the highest sequence that was acknowledged. */
static uint64_t attachment_take_ack(struct cursor *cursor, struct ack *ack, int64_t now_us)
{
	struct ack_range range;
	struct nack nack;
	uint64_t highest = ack->up_to;
	if (ack->up_to > 0)
		cursor_ack_up_to(cursor, ack->up_to);
	while (ack_next_range(ack, &range)) {
		cursor_ack(cursor, range.first, range.last);
		if (range.last > highest)
			highest = range.last;
	}
	while (ack_next_nack(ack, &nack))
		cursor_nack(cursor, &nack, now_us);
	return highest;
}

void attachment_ack(struct consumer *consumer, struct ack *ack)
{
	struct fanout *fanout = consumer->fanout;
	struct subscription *subscription = attachment_find(consumer, ack->handle);
	if (subscription == NULL || subscription->no_ack)
		return; /* it has just been left */
	if (ack->job.len > 0) {
		struct job *job = job_find(subscription, ack->job);
		if (job != NULL) {
			(void)attachment_take_ack(&job->cursor, ack, fanout->now_us);
			keeping_touch_job(job);
			job_settle(job);
		}
		fanout_schedule(subscription);
		return;
	}
	uint64_t highest = attachment_take_ack(&subscription->cursor, ack, fanout->now_us);
	subscription->answered_us = fanout_wall_us(fanout);
	/* Who has an event behind the snapshot has the snapshot. */
	if (subscription->snapshot_due && subscription->phase > PHASE_SNAPSHOT &&
		highest >= subscription->snapshot_at)
		subscription->snapshot_due = false;
	keeping_touch(subscription, DESK_US);
	fanout_schedule(subscription);
}
