#include "base/pattern.h"
#include "kit/fakehub/fake_inside.h"
#include "wire/deliver.h"

#define DELIVER_AT_ONCE 64

static bool fake_delivery_wanted(const struct fake_subscription *subscription, struct slice type)
{
	bool wanted = subscription->pattern_count == 0;
	for (uint32_t i = 0; i < subscription->pattern_count && !wanted; i++)
		wanted = pattern_covers(slice_text(subscription->patterns[i]), type);
	return wanted;
}

static void fake_delivery_group(struct fake_hub *hub, uint64_t sequence, uint32_t attempt,
	enum delivery_mode mode, const char *job)
{
	const struct envelope *envelope = &hub->log[sequence - 1].envelope;
	for (uint32_t part = 0; part < hub->parts; part++) {
		/* The personal part is encoded last: what is before it is the open part. */
		deliver_add(&hub->out, &(struct delivery){.sequence = sequence,
					       .part = part,
					       .attempt = attempt,
					       .mode = mode,
					       .last = part + 1 == hub->parts,
					       .arrival_us = 1000000 + (int64_t)sequence,
					       .customer = 100 + sequence,
					       .event = envelope->before,
					       .personal = envelope->personal,
					       .job = slice_text(job),
					       .peer = SLICE_LITERAL("tester")});
	}
	fake_bump(hub, FAKE_DELIVERIES, hub->parts);
}

/* The next sequence that is to go out, 0: none. */
static uint64_t fake_delivery_next(struct fake_hub *hub, struct fake_subscription *subscription)
{
	int64_t now_us = fake_now_us(hub);
	uint64_t end = hub->head;
	if (subscription->stop != 0 && subscription->stop < end)
		end = subscription->stop;
	for (uint64_t s = 1; s < subscription->next && s <= end && !subscription->no_ack; s++) {
		const struct fake_progress *progress =
			fake_cursor_progress(hub, subscription->cursor, s);
		if (progress->state == FAKE_DELAYED && now_us >= progress->due_us)
			return s;
	}
	for (; subscription->next <= end; subscription->next++) {
		struct fake_progress *progress =
			fake_cursor_progress(hub, subscription->cursor, subscription->next);
		if (progress->state == FAKE_DONE || progress->state == FAKE_DELAYED)
			continue;
		if (fake_delivery_wanted(
			    subscription, hub->log[subscription->next - 1].envelope.type))
			return subscription->next;
		progress->state = FAKE_DONE;
	}
	return 0;
}

/* True while there is a snapshot: nothing else goes before its end. */
static bool fake_delivery_snapshot(struct fake_hub *hub, struct fake_subscription *subscription)
{
	uint64_t base = subscription->cursor->base > 0 ? subscription->cursor->base : 1;
	if (subscription->snapshot_left == 0 || subscription->available <= 0)
		return subscription->snapshot_left != 0;
	deliver_begin(&hub->out, subscription->handle);
	while (subscription->snapshot_left > 0 && subscription->available > 0) {
		deliver_add(&hub->out, &(struct delivery){.sequence = base,
					       .part = subscription->snapshot_at++,
					       .attempt = 1,
					       .mode = DELIVERY_SNAPSHOT,
					       .table = SLICE_LITERAL("customers"),
					       .record = SLICE_LITERAL("\x08\x01")});
		subscription->snapshot_left--;
		subscription->available--;
	}
	fake_line_send(hub, &hub->connections[subscription->connection]);
	if (subscription->snapshot_left == 0)
		fake_reader_mark(
			hub, subscription, (struct mark){.what = MARK_SNAPSHOT_END, .first = base});
	return true;
}

static void fake_delivery_job(struct fake_hub *hub, struct fake_subscription *subscription)
{
	uint32_t count = 0;
	if (subscription->job[0] == 0 || subscription->available <= 0)
		return;
	deliver_begin(&hub->out, subscription->handle);
	while (subscription->job_next <= subscription->job_last && subscription->available > 0 &&
		count++ < DELIVER_AT_ONCE) {
		fake_delivery_group(
			hub, subscription->job_next++, 1, DELIVERY_REPLAY, subscription->job);
		subscription->available -= hub->parts;
	}
	fake_line_send(hub, &hub->connections[subscription->connection]);
	if (subscription->job_next > subscription->job_last) {
		fake_reader_mark(hub, subscription,
			(struct mark){.what = MARK_END, .job = slice_text(subscription->job)});
		subscription->job[0] = 0;
	}
}

static uint32_t fake_delivery_own(struct fake_hub *hub, struct fake_subscription *subscription)
{
	uint32_t count = 0;
	uint64_t sequence;
	deliver_begin(&hub->out, subscription->handle);
	while (count < DELIVER_AT_ONCE && subscription->available > 0 &&
		hub->out.len < LIMIT_FRAME_BYTES / 2 &&
		(sequence = fake_delivery_next(hub, subscription)) != 0) {
		struct fake_progress *progress =
			fake_cursor_progress(hub, subscription->cursor, sequence);
		progress->state = subscription->no_ack ? FAKE_DONE : FAKE_OUT;
		fake_delivery_group(hub, sequence, ++progress->attempts,
			subscription->caught_up ? DELIVERY_LIVE : DELIVERY_CATCH_UP, "");
		subscription->available -= hub->parts;
		if (sequence == subscription->next)
			subscription->next++;
		count++;
	}
	if (count > 0)
		fake_line_send(hub, &hub->connections[subscription->connection]);
	buffer_clear(&hub->out);
	return count;
}

bool fake_delivery_run(struct fake_hub *hub, struct fake_subscription *subscription)
{
	if (subscription->draining || subscription->ended ||
		fake_delivery_snapshot(hub, subscription))
		return false;
	fake_delivery_job(hub, subscription);
	uint32_t count = fake_delivery_own(hub, subscription);
	if (subscription->stop != 0 && subscription->next > subscription->stop) {
		subscription->ended = true;
		fake_reader_mark(hub, subscription, (struct mark){.what = MARK_END});
	} else if (!subscription->caught_up && subscription->next > hub->head) {
		subscription->caught_up = true;
		fake_reader_mark(hub, subscription, (struct mark){.what = MARK_CAUGHT_UP});
	}
	return count == DELIVER_AT_ONCE;
}
