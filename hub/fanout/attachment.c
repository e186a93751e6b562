#include "fanout/attachment.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "fanout/job.h"
#include "fanout/sending.h"
#include "fanout/subscription.h"

#define MAX_ATTEMPTS 1000u

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

/* ---- What a stranger asks for ---- */

static bool attachment_is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '.' && c != '_' && c != '-')
			return false;
	}
	return true;
}

struct refusal {
	enum ch_status status;
	const char *detail;
};

/* What is wrong with a SUBSCRIBE by itself, the first that applies. */
static struct refusal attachment_judge(
	const struct consumer *consumer, const struct subscribe *wish, uint32_t tables)
{
	const struct {
		bool wrong;
		struct refusal refusal;
	} rules[] = {
		{!attachment_is_name(wish->name),
			{CH_INVALID, "a name is made of letters, digits, '.', '_' and '-'"}},
		{wish->start.from > FROM_SNAPSHOT,
			{CH_INVALID, "start.from is none of its values"}},
		{wish->credit > LIMIT_INFLIGHT_PER_SUB, {CH_TOO_LARGE, "credit"}},
		{wish->ack_wait_ms > LIMIT_ACK_WAIT_MS, {CH_TOO_LARGE, "ack_wait_ms"}},
		{wish->max_attempts > MAX_ATTEMPTS, {CH_TOO_LARGE, "max_attempts"}},
		{wish->no_ack && wish->name.len > 0,
			{CH_INVALID, "no_ack is for ephemeral subscriptions"}},
		{wish->must_exist && wish->name.len == 0, {CH_INVALID, "must_exist wants a name"}},
		{wish->start.from == FROM_SNAPSHOT && (tables & ~consumer->snapshots) != 0,
			{CH_DENIED, "a snapshot of that table"}},
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].wrong)
			return rules[i].refusal;
	}
	return (struct refusal){CH_OK, ""};
}

static enum ch_status attachment_check(
	const struct consumer *consumer, const struct subscribe *wish, struct buffer *detail)
{
	uint32_t tables;
	if (walk_choose(&wish->start, &tables) != CH_OK) {
		buffer_append_text(detail, "start.snapshot names no table");
		return CH_INVALID;
	}
	struct refusal refusal = attachment_judge(consumer, wish, tables);
	if (refusal.status == CH_OK)
		return interest_check(&wish->filter, detail);
	buffer_append_text(detail, refusal.detail);
	return refusal.status;
}

/* ---- Where it starts ---- */

struct place {
	uint64_t base;
	int64_t arrival_us; /* of base; 0: not known */
	bool snapshot;
	bool reset;
};

static int64_t attachment_arrival_us(struct fanout *fanout, uint64_t sequence)
{
	struct group *group;
	if (sequence == 0 || fanout_look(fanout, sequence, &group) != CH_OK)
		return 0;
	return group->arrival_us;
}

/* A sequence from outside, of a journal that may be another one. */
static bool attachment_is_ours(const struct fanout *fanout, uint64_t base, uint64_t incarnation)
{
	return base <= fanout->head &&
	       (incarnation == 0 || incarnation == journal_incarnation(fanout->options.journal));
}

/* Of the one that is asked for, where it begins.  CH_INVALID: beyond the head. */
static enum ch_status attachment_place(
	struct fanout *fanout, const struct subscribe_start *start, struct place *place)
{
	struct journal *journal = fanout->options.journal;
	enum ch_status status;
	*place = (struct place){.base = fanout->head};
	switch (start->from) {
	case FROM_NEW:
		place->arrival_us = attachment_arrival_us(fanout, fanout->head);
		return CH_OK;
	case FROM_SNAPSHOT:
		place->snapshot = true;
		return CH_OK;
	case FROM_TIME:
		status = reader_seek_time(fanout->look, start->time_us);
		if (status != CH_OK)
			return status;
		place->base = reader_position(fanout->look) - 1;
		place->arrival_us = start->time_us - 1;
		return CH_OK;
	case FROM_SEQUENCE:
		place->base = start->sequence > 0 ? start->sequence - 1 : 0;
		place->arrival_us = attachment_arrival_us(fanout, place->base);
		if (attachment_is_ours(fanout, place->base, start->incarnation))
			return CH_OK;
		if (attachment_is_ours(fanout, 0, start->incarnation))
			return CH_INVALID;
		place->reset = true;
		break;
	case FROM_EARLIEST:
		break;
	}
	place->base = journal_first(journal) - 1;
	place->arrival_us = 0;
	return CH_OK;
}

/* Takes up what the subscriber says about the position.  CH_OK also when nothing is to be done. */
static enum ch_status attachment_position(
	struct subscription *subscription, const struct subscribe *wish, bool made)
{
	struct fanout *fanout = subscription->fanout;
	struct place place = {.base = wish->position};
	bool said = wish->position != 0 || wish->position_incarnation != 0;
	bool ours = attachment_is_ours(fanout, wish->position, wish->position_incarnation);
	if (said && ours) {
		place.arrival_us = attachment_arrival_us(fanout, wish->position);
	} else if (made) {
		enum ch_status status = attachment_place(fanout, &wish->start, &place);
		if (status != CH_OK)
			return status;
	}
	if (said && !ours)
		subscription->reset = true; /* a durable one goes on where the hub knows it */
	if ((said && ours) || made) {
		subscription_place(subscription, place.base, place.arrival_us);
		subscription->snapshot_due = place.snapshot;
		subscription->reset |= place.reset;
	} else if (subscription->suspended) {
		subscription->suspended = false;
		subscription->best_lag = subscription_lag(subscription);
		subscription->snapshot_due |= wish->start.from == FROM_SNAPSHOT;
	}
	return CH_OK;
}

/* ---- Attaching ---- */

static bool attachment_filter_is_empty(const struct subscribe_filter *filter)
{
	return filter->type_count + filter->source_count + filter->customer_count == 0;
}

/* Whether somebody may attach to what exists with this wish. */
static enum ch_status attachment_compare(const struct consumer *consumer,
	const struct subscription *subscription, const struct subscribe *wish,
	struct buffer *detail)
{
	struct subscribe *stored = &consumer->fanout->stored;
	enum ch_status status = CH_OK;
	subscription_wish(subscription, stored);
	bool as_it_is = wish->must_exist && attachment_filter_is_empty(&wish->filter);
	bool other_limits =
		(wish->ack_wait_ms != 0 && wish->ack_wait_ms != stored->ack_wait_ms) ||
		(wish->max_attempts != 0 && wish->max_attempts != stored->max_attempts) ||
		(wish->max_lag_events != 0 && wish->max_lag_events != stored->max_lag_events);
	if (strcmp(subscription->peer, consumer->peer) != 0 && !consumer->options.operator) {
		buffer_append_text(detail, "the subscription belongs to another peer");
		status = CH_DENIED;
	} else if (wish->update) {
		status = CH_OK;
	} else if (!as_it_is && !interest_same(&wish->filter, &stored->filter)) {
		buffer_append_text(detail, "the filter is another one");
		status = CH_CONFLICT;
	} else if (other_limits) {
		buffer_append_text(detail, "the limits are others");
		status = CH_CONFLICT;
	}
	return status;
}

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
	fanout_touch(subscription, 0);
	fanout_later(subscription->fanout, &subscription->opened);
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

/* Makes it, or takes up what exists; everything was checked but what only the attempt can tell. */
static enum ch_status attachment_take_up(struct consumer *consumer, const struct subscribe *wish,
	struct subscription *subscription, struct buffer *detail)
{
	struct fanout *fanout = consumer->fanout;
	bool made = subscription == NULL;
	bool keep = made || wish->update; /* else what is stored was compared, and stands */
	enum ch_status status = CH_OK;
	if (made)
		status = subscription_create(fanout, wish->name, consumer->peer, &subscription);
	if (status != CH_OK)
		return status;
	if (keep)
		status = attachment_compile(subscription, consumer, &wish->filter);
	else
		status = attachment_compile(subscription, consumer, &fanout->stored.filter);
	if (status == CH_DENIED)
		buffer_append_text(detail, "no event type that the peer may see");
	if (status == CH_OK && subscription->phase != PHASE_REST) {
		(void)attachment_mark(subscription, MARK_FENCED, 0, 0, "");
		attachment_end(subscription);
	}
	if (status == CH_OK && keep)
		status = subscription_set_wish(subscription, wish);
	if (status == CH_OK)
		status = attachment_position(subscription, wish, made);
	if (status == CH_OK)
		status = attachment_bind(subscription, consumer, wish);
	if (status != CH_OK) {
		if (made)
			subscription_free(subscription);
		return status;
	}
	if (keep && subscription_is_durable(subscription))
		subscription_write(subscription);
	attachment_open(subscription);
	return CH_OK;
}

void attachment_subscribe(struct consumer *consumer, const struct subscribe *wish)
{
	struct fanout *fanout = consumer->fanout;
	struct subscription *subscription = NULL;
	struct buffer detail = {0};
	enum ch_status status = attachment_check(consumer, wish, &detail);
	if (status == CH_OK && attachment_find(consumer, wish->handle) != NULL) {
		buffer_append_text(&detail, "the handle is in use");
		status = CH_EXISTS;
	}
	if (status == CH_OK && wish->name.len > 0) {
		subscription = subscription_find(fanout, wish->name);
		if (subscription != NULL)
			status = attachment_compare(consumer, subscription, wish, &detail);
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
	fanout_forget_later(fanout, &subscription->opened);
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
		fanout_touch(subscription, DESK_US);
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
	fanout_touch(subscription, 0);
}

void attachment_moved(struct subscription *subscription, const char *why)
{
	if (subscription->phase == PHASE_REST)
		return;
	walk_close(subscription->walk);
	subscription->walk = NULL;
	fanout_unfollow(subscription);
	if (subscription->phase == PHASE_OPENING) {
		subscription->reset = true;
		return;
	}
	subscription->phase = PHASE_CATCH_UP;
	(void)attachment_mark(
		subscription, MARK_RESET, cursor_floor(&subscription->cursor) + 1, 0, why);
	fanout_schedule(subscription);
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
		fanout_later(consumer->fanout, &farewell->later);
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

static void attachment_take_ack(struct cursor *cursor, struct ack *ack, int64_t now_us)
{
	struct ack_range range;
	struct nack nack;
	if (ack->up_to > 0)
		cursor_ack_up_to(cursor, ack->up_to);
	while (ack_next_range(ack, &range))
		cursor_ack(cursor, range.first, range.last);
	while (ack_next_nack(ack, &nack))
		cursor_nack(cursor, &nack, now_us);
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
			attachment_take_ack(&job->cursor, ack, fanout->now_us);
			fanout_touch_job(job);
			job_settle(job);
		}
		fanout_schedule(subscription);
		return;
	}
	attachment_take_ack(&subscription->cursor, ack, fanout->now_us);
	subscription->answered_us = fanout_wall_us(fanout);
	if (subscription->snapshot_due && subscription->phase > PHASE_SNAPSHOT &&
		ack->up_to >= subscription->snapshot_at)
		subscription->snapshot_due = false;
	fanout_touch(subscription, DESK_US);
	fanout_schedule(subscription);
}
