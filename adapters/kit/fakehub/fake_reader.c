#include <stdlib.h>

#include "base/invariant.h"
#include "kit/fakehub/fake_inside.h"
#include "wire/ack.h"

/* ---- Cursors ---- */

struct fake_cursor *fake_cursor_find(const struct fake_hub *hub, struct slice name)
{
	struct fake_cursor *cursor = hub->cursors;
	while (cursor != NULL &&
		(cursor->name[0] == 0 || !slice_equal(slice_text(cursor->name), name)))
		cursor = cursor->next;
	return cursor;
}

struct fake_progress *fake_cursor_progress(
	const struct fake_hub *hub, struct fake_cursor *cursor, uint64_t sequence)
{
	if (sequence > cursor->capacity) {
		struct fake_progress *progress =
			realloc(cursor->progress, hub->capacity * sizeof(*progress));
		invariant(progress != NULL); /* a double has nobody to tell */
		memset(progress + cursor->capacity, 0,
			(hub->capacity - cursor->capacity) * sizeof(*progress));
		cursor->progress = progress;
		cursor->capacity = hub->capacity;
	}
	return &cursor->progress[sequence - 1];
}

uint64_t fake_cursor_at(const struct fake_hub *hub, const struct fake_cursor *cursor)
{
	uint64_t at = cursor->base;
	while (at < hub->head && at < cursor->capacity && cursor->progress[at].state == FAKE_DONE)
		at++;
	return at;
}

void fake_cursor_rewind(struct fake_cursor *cursor, uint64_t base)
{
	cursor->base = base;
	for (uint64_t i = base; i < cursor->capacity; i++)
		cursor->progress[i] = (struct fake_progress){0};
}

void fake_cursor_free(struct fake_hub *hub, struct fake_cursor *cursor)
{
	struct fake_cursor **link = &hub->cursors;
	while (*link != cursor)
		link = &(*link)->next;
	*link = cursor->next;
	free(cursor->progress);
	free(cursor);
}

static uint64_t fake_cursor_start(const struct fake_hub *hub, const struct subscribe *wish)
{
	switch (wish->start.from) {
	case FROM_EARLIEST:
		return 0;
	case FROM_SEQUENCE:
		return wish->start.sequence > 0 ? wish->start.sequence - 1 : 0;
	default:
		return hub->head;
	}
}

static struct fake_cursor *fake_cursor_create(struct fake_hub *hub, const struct subscribe *wish)
{
	struct fake_cursor *cursor = calloc(1, sizeof(*cursor));
	if (cursor == NULL)
		return NULL;
	cursor->base = fake_cursor_start(hub, wish);
	if (wish->name.len > 0)
		memcpy(cursor->name, wish->name.data, wish->name.len);
	cursor->next = hub->cursors;
	hub->cursors = cursor;
	return cursor;
}

/* ---- Coming and going ---- */

void fake_reader_mark(
	struct fake_hub *hub, struct fake_subscription *subscription, struct mark mark)
{
	mark.handle = subscription->handle;
	mark_encode(&mark, &hub->out);
	fake_line_send(hub, &hub->connections[subscription->connection]);
}

void fake_reader_leave(struct fake_hub *hub, struct fake_subscription *subscription)
{
	struct fake_cursor *cursor = subscription->cursor;
	if (!subscription->used)
		return;
	for (uint64_t i = 0; i < cursor->capacity; i++) {
		if (cursor->progress[i].state == FAKE_OUT)
			cursor->progress[i].state = FAKE_WAITING;
	}
	if (cursor->name[0] == 0)
		fake_cursor_free(hub, cursor);
	*subscription = (struct fake_subscription){0};
}

static void fake_reader_fence(struct fake_hub *hub, const struct fake_cursor *cursor)
{
	for (int i = 0; i < FAKE_SUBSCRIPTIONS; i++) {
		struct fake_subscription *older = &hub->subscriptions[i];
		if (older->used && older->cursor == cursor) {
			fake_reader_mark(hub, older, (struct mark){.what = MARK_FENCED});
			fake_reader_leave(hub, older);
		}
	}
}

static void fake_reader_begin(struct fake_hub *hub, struct fake_subscription *subscription,
	const struct fake_connection *from, const struct subscribe *wish,
	struct fake_cursor *cursor)
{
	uint64_t at = wish->position != 0 ? wish->position : fake_cursor_at(hub, cursor);
	cursor->generation++;
	*subscription = (struct fake_subscription){.used = true,
		.connection = (int)(from - hub->connections),
		.cursor = cursor,
		.handle = wish->handle,
		.next = at + 1,
		.available = wish->credit,
		.no_ack = wish->no_ack,
		.stop = wish->stop_at_head ? hub->head : wish->stop_sequence,
		.pattern_count = wish->filter.type_count};
	for (uint32_t i = 0; i < wish->filter.type_count; i++)
		memcpy(subscription->patterns[i], wish->filter.types[i].data,
			wish->filter.types[i].len);
	if (wish->start.from == FROM_SNAPSHOT && !cursor->snapshot_done)
		subscription->snapshot_left = hub->snapshot;
	subscribed_encode(&(struct subscribed){wish->handle, cursor->generation, at, hub->head,
				  cursor->moves},
		&hub->out);
	fake_line_send(hub, from);
}

void fake_reader_subscribe(struct fake_hub *hub, struct fake_connection *from, struct slice body)
{
	struct subscribe wish;
	const char *field = "";
	enum ch_status status = CH_OK;
	const char *why = "";
	fake_bump(hub, FAKE_SUBSCRIBES, 1);
	if (subscribe_parse(body, &wish, &field) != CH_OK) {
		fake_violate(hub, "a bad subscribe");
		return;
	}
	struct fake_cursor *cursor = wish.name.len > 0 ? fake_cursor_find(hub, wish.name) : NULL;
	struct fake_subscription *subscription = hub->subscriptions;
	if (cursor == NULL && wish.must_exist) {
		status = CH_NOT_FOUND;
		why = "no such subscription";
		goto out;
	}
	if (wish.position_incarnation != 0 && wish.position_incarnation != hub->incarnation) {
		status = CH_RESET;
		why = "another incarnation";
		goto out;
	}
	if (cursor != NULL)
		fake_reader_fence(hub, cursor);
	while (subscription < hub->subscriptions + FAKE_SUBSCRIPTIONS && subscription->used)
		subscription++;
	if (subscription < hub->subscriptions + FAKE_SUBSCRIPTIONS && cursor == NULL)
		cursor = fake_cursor_create(hub, &wish);
	if (subscription == hub->subscriptions + FAKE_SUBSCRIPTIONS || cursor == NULL) {
		status = CH_FULL;
		why = "too many";
		goto out;
	}
	fake_reader_begin(hub, subscription, from, &wish, cursor);
out:
	if (status != CH_OK)
		fake_session_refuse(hub, from, FRAME_SUBSCRIBE, status, why, false, wish.handle);
}

static struct fake_subscription *fake_reader_find(
	struct fake_hub *hub, const struct fake_connection *from, uint32_t handle)
{
	for (int i = 0; i < FAKE_SUBSCRIPTIONS; i++) {
		struct fake_subscription *subscription = &hub->subscriptions[i];
		if (subscription->used && subscription->handle == handle &&
			&hub->connections[subscription->connection] == from)
			return subscription;
	}
	return NULL;
}

/* ---- What the reader says ---- */

static void fake_reader_settle(struct fake_hub *hub, struct fake_subscription *subscription,
	uint64_t sequence, enum fake_mark state)
{
	struct fake_progress *progress = fake_cursor_progress(hub, subscription->cursor, sequence);
	if (progress->state != FAKE_OUT)
		return;
	progress->state = (uint8_t)state;
	subscription->available += hub->parts;
	if (state == FAKE_DONE)
		fake_bump(hub, FAKE_ACKED, 1);
}

static void fake_reader_nack(
	struct fake_hub *hub, struct fake_subscription *subscription, const struct nack *nack)
{
	if (nack->sequence == 0 || nack->sequence > hub->head)
		return;
	fake_bump(hub, nack->park ? FAKE_PARKED : FAKE_NACKS, 1);
	fake_reader_settle(
		hub, subscription, nack->sequence, nack->park ? FAKE_DONE : FAKE_DELAYED);
	fake_cursor_progress(hub, subscription->cursor, nack->sequence)->due_us =
		fake_now_us(hub) + (int64_t)nack->delay_ms * 1000;
}

void fake_reader_ack(struct fake_hub *hub, struct fake_connection *from, struct slice body)
{
	struct ack ack;
	struct ack_range range;
	struct nack nack;
	if (ack_parse(body, &ack) != CH_OK) {
		fake_violate(hub, "a bad ack");
		return;
	}
	struct fake_subscription *subscription = fake_reader_find(hub, from, ack.handle);
	fake_bump(hub, FAKE_ACKS, 1);
	if (subscription == NULL)
		return;
	if (subscription->no_ack)
		fake_violate(hub, "an ack where none was promised");
	for (uint64_t s = 1; s <= ack.up_to && s <= hub->head; s++)
		fake_reader_settle(hub, subscription, s, FAKE_DONE);
	if (ack.up_to >= subscription->cursor->base && subscription->snapshot_left == 0)
		subscription->cursor->snapshot_done = true;
	while (ack_next_range(&ack, &range)) {
		fake_bump(hub, FAKE_RANGES, 1);
		if (ack.job.len > 0) {
			fake_bump(hub, FAKE_JOB_ACKED, range.last - range.first + 1);
			subscription->available +=
				(int64_t)(range.last - range.first + 1) * hub->parts;
			continue;
		}
		for (uint64_t s = range.first > 0 ? range.first : 1;
			s <= range.last && s <= hub->head; s++)
			fake_reader_settle(hub, subscription, s, FAKE_DONE);
	}
	while (ack_next_nack(&ack, &nack))
		fake_reader_nack(hub, subscription, &nack);
}

void fake_reader_grant(struct fake_hub *hub, struct fake_connection *from, struct slice body)
{
	struct grant grant;
	if (grant_parse(body, &grant) != CH_OK) {
		fake_violate(hub, "a bad grant");
		return;
	}
	struct fake_subscription *subscription = fake_reader_find(hub, from, grant.handle);
	if (subscription != NULL)
		subscription->available += grant.deliveries;
	fake_bump(hub, FAKE_GRANTS, 1);
}

void fake_reader_detach(struct fake_hub *hub, struct fake_connection *from, struct slice body)
{
	struct detach detach;
	if (detach_parse(body, &detach) != CH_OK) {
		fake_violate(hub, "a bad detach");
		return;
	}
	struct fake_subscription *subscription = fake_reader_find(hub, from, detach.handle);
	if (subscription == NULL) {
		fake_session_refuse(hub, from, FRAME_DETACH, CH_NOT_FOUND, "no such handle", false,
			detach.handle);
		return;
	}
	if (detach.drain) {
		subscription->draining = true;
		fake_reader_mark(hub, subscription, (struct mark){.what = MARK_DRAINED});
		return;
	}
	fake_bump(hub, FAKE_DETACHES, 1);
	if (hub->keep_detaches)
		return;
	struct fake_cursor *cursor = subscription->cursor;
	bool forget = detach.delete &&cursor->name[0] != 0;
	fake_reader_mark(hub, subscription,
		(struct mark){.what = MARK_DETACHED,
			.first = detach.delete ? 0 : fake_cursor_at(hub, cursor)});
	fake_reader_leave(hub, subscription);
	if (forget) {
		fake_cursor_free(hub, cursor);
		fake_bump(hub, FAKE_DELETES, 1);
	}
}
