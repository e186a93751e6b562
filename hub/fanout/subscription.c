#include "fanout/subscription.h"

#include <stdio.h>
#include <stdlib.h>

#include "fanout/attachment.h"
#include "fanout/job.h"
#include "fanout/keeping.h"
#include "fanout/letter.h"
#include "fanout/wish.h"

/* ---- What its cursor says ---- */

static void subscription_keep(void *context, const struct pending *pending)
{
	struct subscription *subscription = context;
	struct fanout *fanout = subscription->fanout;
	uint8_t key[ROW_KEY_BYTES];
	struct buffer value = {0};
	struct pending_row row = {
		.attempts = pending->attempts,
		.arrival_us = pending->arrival_us,
		.late = pending->late,
		.reason = slice_text(pending->reason),
	};
	if (!subscription_is_durable(subscription))
		return;
	if (pending->timer.due_us != 0)
		row.due_us = fanout_wall_us(fanout) + pending->timer.due_us - fanout->now_us;
	form_encode(&pending_form, &row, &value);
	clerk_put(fanout->clerk, DESK_PENDING, row_key(key, subscription->name, pending->sequence),
		buffer_slice(&value));
	buffer_fini(&value);
	keeping_touch(subscription, DESK_US);
}

static void subscription_forget(void *context, const struct pending *pending)
{
	struct subscription *subscription = context;
	uint8_t key[ROW_KEY_BYTES];
	if (!subscription_is_durable(subscription))
		return;
	clerk_delete(subscription->fanout->clerk, DESK_PENDING,
		row_key(key, subscription->name, pending->sequence));
	keeping_touch(subscription, DESK_US);
}

/* An ephemeral subscription has no dead letters: what failed for good is passed over. */
static bool subscription_bury(void *context, const struct pending *pending)
{
	struct subscription *subscription = context;
	return !subscription_is_durable(subscription) ||
	       letter_write(subscription, pending, (struct slice){NULL, 0});
}

static const struct cursor_events subscription_events = {
	subscription_keep,
	subscription_forget,
	subscription_bury,
};

/* ---- Life ---- */

struct subscription *subscription_find(const struct fanout *fanout, struct slice name)
{
	return table_get(&fanout->names, name);
}

static void subscription_ring(struct alarm *alarm)
{
	fanout_schedule((struct subscription *)(void *)((char *)alarm -
							offsetof(struct subscription, again)));
}

enum ch_status subscription_create(struct fanout *fanout, struct slice name, const char *peer,
	struct subscription **out_subscription)
{
	enum ch_status status = CH_OK;
	if (fanout->subscription_count == LIMIT_SUBSCRIPTIONS)
		return CH_FULL;
	struct subscription *subscription = calloc(1, sizeof(*subscription));
	if (subscription == NULL)
		return CH_NOMEM;
	(void)snprintf(subscription->name, sizeof(subscription->name), "%.*s", (int)name.len,
		name.data != NULL ? (const char *)name.data : "");
	(void)snprintf(subscription->peer, sizeof(subscription->peer), "%s", peer);
	subscription->fanout = fanout;
	subscription->created_us = fanout_wall_us(fanout);
	subscription->again.item.place = HEAP_OUT;
	subscription->again.ring = subscription_ring;
	arena_init(&subscription->arena);
	cursor_init(&subscription->cursor, &subscription_events, subscription);
	subscription->cursor.totals = &fanout->totals;
	if (subscription_is_durable(subscription))
		status = table_put(&fanout->names, slice_text(subscription->name), subscription);
	if (status != CH_OK) {
		free(subscription);
		return status;
	}
	subscription->next = fanout->subscriptions;
	if (subscription->next != NULL)
		subscription->next->previous = subscription;
	fanout->subscriptions = subscription;
	fanout->subscription_count++;
	*out_subscription = subscription;
	return CH_OK;
}

void subscription_free(struct subscription *subscription)
{
	struct fanout *fanout = subscription->fanout;
	if (subscription_is_durable(subscription))
		(void)table_remove(&fanout->names, slice_text(subscription->name));
	if (subscription->previous != NULL)
		subscription->previous->next = subscription->next;
	else
		fanout->subscriptions = subscription->next;
	if (subscription->next != NULL)
		subscription->next->previous = subscription->previous;
	fanout->subscription_count--;
	fanout_forget(subscription);
	cursor_fini(&subscription->cursor);
	ranges_fini(&subscription->dead);
	reader_close(subscription->reader);
	arena_fini(&subscription->arena);
	buffer_fini(&subscription->wish);
	free(subscription);
}

void subscription_delete(struct subscription *subscription)
{
	struct fanout *fanout = subscription->fanout;
	struct slice name = slice_text(subscription->name);
	while (subscription->jobs != NULL)
		job_end(subscription->jobs, JOB_CANCELLED);
	cursor_place(&subscription->cursor, 0, 0); /* its pending rows go with it */
	letter_forget_all(subscription);
	clerk_delete(fanout->clerk, DESK_SUBSCRIPTION, name);
	clerk_delete(fanout->clerk, DESK_CURSOR, name);
	subscription_free(subscription);
}

/* ---- What was asked for ---- */

void subscription_wish(const struct subscription *subscription, struct subscribe *out_wish)
{
	const char *field;
	if (subscribe_parse(buffer_slice(&subscription->wish), out_wish, &field) != CH_OK)
		*out_wish = (struct subscribe){0}; /* it was read when it was set */
}

enum ch_status subscription_set_wish(
	struct subscription *subscription, const struct subscribe *wish)
{
	struct buffer frame = {0};
	struct subscribe *kept = &subscription->fanout->stored; /* scratch */
	*kept = (struct subscribe){
		.filter = wish->filter,
		.start = wish->start,
		.ack_wait_ms = wish->ack_wait_ms,
		.max_attempts = wish->max_attempts,
		.max_lag_events = wish->max_lag_events,
	};
	subscribe_encode(kept, &frame);
	enum ch_status status = frame.status;
	if (status == CH_OK) {
		buffer_fini(&subscription->wish);
		buffer_append_slice(&subscription->wish,
			slice_sub(buffer_slice(&frame), FRAME_HEADER_BYTES, SIZE_MAX));
		status = subscription->wish.status;
	}
	buffer_fini(&frame);
	subscription->ack_wait_ms = wish->ack_wait_ms;
	subscription->max_attempts = wish->max_attempts;
	subscription->max_lag_events = wish->max_lag_events;
	return status;
}

struct cursor_settings subscription_settings(const struct subscription *subscription)
{
	const struct fanout_options *options = &subscription->fanout->options;
	uint32_t ack_wait_ms =
		subscription->ack_wait_ms > 0 ? subscription->ack_wait_ms : options->ack_wait_ms;
	return (struct cursor_settings){
		.ack_wait_us = (int64_t)ack_wait_ms * 1000,
		.max_attempts = subscription->max_attempts > 0 ? subscription->max_attempts
							       : options->max_attempts,
		.no_ack = subscription->no_ack,
	};
}

uint64_t subscription_max_lag(const struct subscription *subscription)
{
	return subscription->max_lag_events > 0 ? subscription->max_lag_events
						: subscription->fanout->options.max_lag_events;
}

/* ---- Where it stands ---- */

uint64_t subscription_lag(const struct subscription *subscription)
{
	uint64_t floor = cursor_floor(&subscription->cursor);
	uint64_t head = subscription->fanout->head;
	return head > floor ? head - floor : 0;
}

int64_t subscription_lag_us(struct subscription *subscription)
{
	struct fanout *fanout = subscription->fanout;
	struct group *group;
	uint64_t oldest = cursor_floor(&subscription->cursor) + 1;
	if (oldest > fanout->head)
		return 0;
	if (subscription->lag_sequence != oldest) {
		if (fanout_look(fanout, oldest, &group) != CH_OK)
			return 0; /* gone: nobody knows how old it was */
		subscription->lag_sequence = oldest;
		subscription->lag_arrival_us = group->arrival_us;
	}
	int64_t lag_us = fanout_wall_us(fanout) - subscription->lag_arrival_us;
	return lag_us > 0 ? lag_us : 0;
}

void subscription_place(struct subscription *subscription, uint64_t base, int64_t arrival_us)
{
	cursor_place(&subscription->cursor, base, arrival_us);
	subscription->best_lag = subscription_lag(subscription);
	subscription->suspended = false;
}

void subscription_go_to(struct subscription *subscription, const struct place *place)
{
	if (!place->stay) {
		subscription_place(subscription, place->base, place->arrival_us);
		subscription->snapshot_due = place->snapshot;
		subscription->reset = false;
	} else if (subscription->suspended) {
		subscription->suspended = false;
		subscription->best_lag = subscription_lag(subscription);
		subscription->snapshot_due |= place->snapshot;
	}
	/* The snapshot begins anew, and with it everything behind it. */
	if (subscription->snapshot_due)
		subscription_place(subscription, subscription->cursor.base,
			subscription->cursor.base_arrival_us);
}

/* ---- Writing ---- */

void subscription_write(const struct subscription *subscription)
{
	struct buffer value = {0};
	const struct subscription_row row = {
		.peer = slice_text(subscription->peer),
		.created_us = subscription->created_us,
		.wish = buffer_slice(&subscription->wish),
	};
	form_encode(&subscription_form, &row, &value);
	clerk_put(subscription->fanout->clerk, DESK_SUBSCRIPTION, slice_text(subscription->name),
		buffer_slice(&value));
	buffer_fini(&value);
}

void subscription_write_cursor(struct subscription *subscription)
{
	const struct cursor *cursor = &subscription->cursor;
	struct fanout *fanout = subscription->fanout;
	struct ranges done;
	struct buffer ranges = {0};
	struct buffer value = {0};
	ranges_init(&done);
	/* Without memory, what was settled out of turn comes again after a crash. */
	(void)cursor_done(cursor, &done);
	ranges_encode(&done, cursor->base, &ranges);
	const struct cursor_row row = {
		.incarnation = journal_incarnation(fanout->options.journal),
		.base = cursor->base,
		.base_arrival_us = cursor->base_arrival_us,
		.reached = cursor->reached,
		.done = buffer_slice(&ranges),
		.generation = subscription->generation,
		.suspended = subscription->suspended,
		.snapshot_due = subscription->snapshot_due,
		.best_lag = subscription->best_lag,
		.answered_us = subscription->answered_us,
		.delivered = cursor->counters.delivered,
		.redelivered = cursor->counters.redelivered,
		.acked = cursor->counters.acked,
		.failed = cursor->counters.failed,
		.buried = cursor->counters.buried,
		.moves = subscription->moves,
	};
	form_encode(&cursor_form, &row, &value);
	clerk_put(fanout->clerk, DESK_CURSOR, slice_text(subscription->name), buffer_slice(&value));
	buffer_fini(&value);
	buffer_fini(&ranges);
	ranges_fini(&done);
	subscription->kept_base = cursor_floor(cursor);
}

/* ---- Taking up ---- */

struct load {
	struct fanout *fanout;
	enum ch_status status;
};

static bool load_ok(struct load *load, enum ch_status status)
{
	load->status = status;
	return status == CH_OK;
}

static bool load_subscription(void *context, struct slice key, struct slice value)
{
	struct load *load = context;
	struct subscription_row row;
	struct subscription *subscription;
	struct subscribe *wish = &load->fanout->subscribe;
	const char *field;
	char peer[LIMIT_NAME_BYTES + 1];
	if (!load_ok(load, row_read(&subscription_form, value, &row)))
		return false;
	(void)snprintf(peer, sizeof(peer), "%.*s", (int)row.peer.len, (const char *)row.peer.data);
	if (!load_ok(load, subscription_create(load->fanout, key, peer, &subscription)))
		return false;
	subscription->created_us = row.created_us;
	if (!load_ok(load, subscribe_parse(row.wish, wish, &field) == CH_OK ? CH_OK : CH_CORRUPT))
		return false;
	return load_ok(load, subscription_set_wish(subscription, wish));
}

static bool load_cursor(void *context, struct slice key, struct slice value)
{
	struct load *load = context;
	struct cursor_row row;
	struct subscription *subscription = subscription_find(load->fanout, key);
	if (subscription == NULL || !load_ok(load, row_read(&cursor_form, value, &row)))
		return load_ok(load, CH_CORRUPT);
	struct cursor *cursor = &subscription->cursor;
	cursor_place(cursor, row.base, row.base_arrival_us);
	cursor->reached = row.reached;
	cursor->counters = (struct cursor_counters){
		.delivered = row.delivered,
		.redelivered = row.redelivered,
		.acked = row.acked,
		.failed = row.failed,
		.buried = row.buried,
	};
	subscription->generation = row.generation;
	subscription->moves = row.moves;
	subscription->suspended = row.suspended;
	subscription->snapshot_due = row.snapshot_due;
	subscription->best_lag = row.best_lag;
	subscription->answered_us = row.answered_us;
	subscription->reset = row.incarnation != journal_incarnation(load->fanout->options.journal);
	return load_ok(load, ranges_decode(row.done, row.base, &cursor->done));
}

static bool load_letter(void *context, struct slice key, struct slice value)
{
	struct load *load = context;
	struct slice name;
	uint64_t sequence;
	(void)value;
	if (!load_ok(load, row_split(key, &name, &sequence)))
		return false;
	struct subscription *subscription = subscription_find(load->fanout, name);
	if (subscription == NULL)
		return load_ok(load, CH_CORRUPT);
	subscription->letters++;
	return load_ok(load, ranges_add(&subscription->dead, sequence, sequence));
}

static bool load_pending(void *context, struct slice key, struct slice value)
{
	struct load *load = context;
	struct fanout *fanout = load->fanout;
	struct pending_row row;
	struct pending *pending;
	struct slice name;
	uint64_t sequence;
	if (!load_ok(load, row_split(key, &name, &sequence)) ||
		!load_ok(load, row_read(&pending_form, value, &row)))
		return false;
	struct subscription *subscription = subscription_find(fanout, name);
	if (subscription == NULL)
		return load_ok(load, CH_CORRUPT);
	if (!load_ok(load, cursor_restore(&subscription->cursor, sequence, &pending)))
		return false;
	pending->attempts = row.attempts;
	pending->arrival_us = row.arrival_us;
	pending->late = row.late;
	pending_set_reason(pending, row.reason);
	if (row.due_us != 0) {
		int64_t left_us = row.due_us - fanout_wall_us(fanout);
		if (left_us > (int64_t)LIMIT_NACK_DELAY_MS * 1000)
			left_us = (int64_t)LIMIT_NACK_DELAY_MS * 1000; /* the clock was moved */
		pending->timer.due_us = fanout->now_us + left_us;
	}
	return true;
}

/* The journal is another one than the position belongs to: restored from a backup, say.  Arrival times
 * never go back, across a restore too; so what arrived after the cursor's last entry has not been
 * delivered, and what arrived before has, or is gone. */
static enum ch_status load_reset(struct subscription *subscription)
{
	struct fanout *fanout = subscription->fanout;
	struct cursor *cursor = &subscription->cursor;
	int64_t arrival_us = cursor->base_arrival_us;
	uint64_t base = journal_first(fanout->options.journal) - 1;
	if (cursor->base > fanout->head)
		subscription->reset = true;
	if (!subscription->reset)
		return CH_OK;
	subscription_wish(subscription, &fanout->stored);
	subscription->snapshot_due = fanout->stored.start.from == FROM_SNAPSHOT;
	if (arrival_us != 0) {
		enum ch_status status = reader_seek_time(fanout->look, arrival_us + 1);
		if (status != CH_OK)
			return status;
		base = reader_position(fanout->look) - 1;
	}
	subscription->cursor.reached = 0;
	subscription_place(subscription, base, arrival_us);
	keeping_touch(subscription, DESK_US);
	return CH_OK;
}

enum ch_status subscription_load_all(struct fanout *fanout)
{
	static const struct {
		enum desk_table table;
		bool (*visit)(void *context, struct slice key, struct slice value);
	} steps[] = {
		{DESK_SUBSCRIPTION, load_subscription},
		{DESK_CURSOR, load_cursor},
		{DESK_PENDING, load_pending},
		{DESK_DEAD, load_letter},
	};
	struct load load = {fanout, CH_OK};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		enum ch_status status = desk_scan(fanout->options.desk, steps[i].table,
			(struct slice){NULL, 0}, steps[i].visit, &load);
		if (status != CH_OK || load.status != CH_OK)
			return status != CH_OK ? status : load.status;
	}
	for (struct subscription *s = fanout->subscriptions; s != NULL; s = s->next) {
		enum ch_status status = load_reset(s);
		if (status != CH_OK)
			return status;
		s->kept_base = cursor_floor(&s->cursor);
		s->safe_base = s->kept_base;
	}
	return CH_OK;
}
