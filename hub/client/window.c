#include "client/window.h"

#include "base/hash.h"
#include "client/error.h"
#include "wire/frame.h"
#include "wire/pb.h"

/* Frames in flight beyond which only full ones are sent. */
#define FEW_FRAMES 4u

/* Patience when the hub refuses a frame for now and does not say for how long. */
#define RETRY_MS 100u

void window_init(struct window *window, struct outbox *outbox, bool retry)
{
	*window = (struct window){.outbox = outbox, .retry = retry, .seed = hash_seed()};
}

void window_count(const struct window *window, struct ch_stats *out_stats)
{
	out_stats->in_flight = window->in_flight_now;
	out_stats->credit = window->credit_now;
	out_stats->accepted = window->accepted;
	out_stats->duplicates = window->duplicates;
	out_stats->conflicts = window->conflicts;
	out_stats->refused = window->refused;
	out_stats->retried = window->retried;
	out_stats->resent = window->resent;
}

/* Counters have one writer: no need for a locked instruction. */
static void window_bump(_Atomic uint64_t *counter, uint64_t more)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
		memory_order_relaxed);
}

/* ---- Sending ---- */

void window_open(struct window *window, uint32_t credit, size_t event_bytes, size_t frame_bytes,
	uint32_t frame_events)
{
	outbox_set_bounds(window->outbox, event_bytes, frame_bytes, frame_events);
	window->frame_bytes = frame_bytes - OUTBOX_HEAD_BYTES;
	window->most_events = frame_events;
	window->last_frame = 0;
	window->paused_until_us = 0;
	window_set_credit(window, credit);
}

void window_set_credit(struct window *window, uint32_t credit)
{
	window->credit = credit;
	window->credit_now = credit;
}

static uint64_t window_first_serial(const struct window *window)
{
	uint64_t first = UINT64_MAX;
	if (window->in_flight.first != NULL)
		first = window->in_flight.first->serial;
	if (window->unsent.first != NULL && window->unsent.first->serial < first)
		first = window->unsent.first->serial;
	return first;
}

static void window_set_in_flight(struct window *window, uint32_t events)
{
	window->in_flight_events = events;
	window->in_flight_now = events;
}

void window_close(struct window *window)
{
	struct batch_list old = window->in_flight;
	struct batch *batch;
	window->in_flight = (struct batch_list){0};
	window_set_in_flight(window, 0);
	window_set_credit(window, 0);
	while ((batch = batch_list_take(&old)) != NULL) {
		uint32_t settled = 0;
		size_t bytes = batch_settled(batch, &settled);
		batch_compact(batch);
		window_bump(&window->resent, batch->count);
		batch_list_insert(&window->unsent, batch);
		outbox_release(window->outbox, settled, bytes, window_first_serial(window), NULL);
	}
}

static uint32_t window_room(const struct window *window)
{
	return window->credit > window->in_flight_events ? window->credit - window->in_flight_events
							 : 0;
}

/* The largest batch that may go.  One that is larger than the whole window is cut, once nothing else is
 * in flight. */
static uint32_t window_most(const struct window *window)
{
	uint32_t room = window_room(window);
	return room > 0 && window->in_flight_events == 0 ? UINT32_MAX : room;
}

static bool window_may_send(const struct window *window, uint32_t events)
{
	return events <= window_most(window);
}

/* Whether a frame that is not full may go. */
static bool window_may_be_partial(const struct window *window)
{
	return window->in_flight.count < FEW_FRAMES;
}

/* Cuts the first unsent batch down to what the hub takes at once.  Without memory it stays whole: the
 * hub will refuse it, with a reason. */
static void window_cut(struct window *window)
{
	struct batch *batch = window->unsent.first;
	uint32_t room = window_room(window);
	if (room > window->most_events)
		room = window->most_events;
	uint32_t fit = batch_fit(batch, room, window->frame_bytes);
	if (fit >= batch->count)
		return;
	struct batch *rest = batch_create();
	if (rest == NULL)
		return;
	if (batch_split(batch, fit, rest) != CH_OK) {
		batch_free(rest);
		return;
	}
	rest->next = batch->next;
	batch->next = rest;
	if (window->unsent.last == batch)
		window->unsent.last = rest;
	window->unsent.count++;
}

/* The hub asked for patience. */
static bool window_is_paused(struct window *window, int64_t now_us)
{
	if (now_us >= window->paused_until_us)
		window->paused_until_us = 0;
	return window->paused_until_us != 0;
}

bool window_ready(struct window *window, int64_t now_us)
{
	if (window_is_paused(window, now_us) || window->credit == 0)
		return false;
	uint32_t events = window->unsent.first != NULL
				  ? window->unsent.first->count
				  : outbox_peek(window->outbox, window_may_be_partial(window));
	return events > 0 && window_may_send(window, events);
}

static size_t window_write_head(uint8_t head[OUTBOX_HEAD_BYTES], uint64_t frame)
{
	head[0] = 'C';
	head[1] = 'H';
	head[2] = FRAME_VERSION;
	head[3] = FRAME_PUBLISH;
	head[4] = 1u << 3 | PB_VARINT;
	return (size_t)(pb_write_varint(head + 5, frame) - head);
}

bool window_next(struct window *window, int64_t now_us, uint8_t head[OUTBOX_HEAD_BYTES],
	struct slice *out_head, struct slice *out_events)
{
	if (window_is_paused(window, now_us) || window->credit == 0)
		return false;
	if (window->unsent.first == NULL)
		outbox_fetch(window->outbox, window_most(window), window_may_be_partial(window),
			&window->unsent);
	if (window->unsent.first == NULL || !window_may_send(window, window->unsent.first->count))
		return false;
	window_cut(window);
	struct batch *batch = batch_list_take(&window->unsent);
	batch->frame = ++window->last_frame;
	batch_list_append(&window->in_flight, batch);
	window_set_in_flight(window, window->in_flight_events + batch->count);
	*out_head = slice_of(head, window_write_head(head, batch->frame));
	*out_events = buffer_slice(&batch->events);
	return true;
}

int64_t window_due_us(struct window *window, int64_t now_us)
{
	return window_is_paused(window, now_us) ? window->paused_until_us : INT64_MAX;
}

/* ---- Answers ---- */

static void window_copy_text(char *to, size_t size, struct slice text)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;
	/* Not in the middle of a character. */
	while (len < text.len && len > 0 && (text.data[len] & 0xc0) == 0x80)
		len--;
	if (len > 0)
		memcpy(to, text.data, len);
	to[len] = 0;
}

static void window_tell(struct window *window, const struct batch_entry *entry)
{
	if (entry->callback != NULL)
		entry->callback(
			entry->context, ch_receipt_status(&window->receipt), &window->receipt);
}

static void window_count_outcome(struct window *window, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_ACCEPTED:
		window_bump(&window->accepted, 1);
		break;
	case OUTCOME_DUPLICATE:
		window_bump(&window->duplicates, 1);
		break;
	case OUTCOME_CONFLICT:
		window_bump(&window->conflicts, 1);
		break;
	case OUTCOME_REFUSED:
		window_bump(&window->refused, 1);
		break;
	default:
		break;
	}
}

/* At least as long as the hub wants, and up to a quarter more: those that it put off together do not come
 * back together. */
static void window_pause(struct window *window, uint32_t retry_after_ms, int64_t now_us)
{
	uint64_t pause_us = (uint64_t)(retry_after_ms > 0 ? retry_after_ms : RETRY_MS) * 1000;
	pause_us += hash_mix((uint64_t)now_us, window->seed) % (pause_us / 4 + 1);
	int64_t until = now_us + (int64_t)pause_us;
	if (until > window->paused_until_us)
		window->paused_until_us = until;
}

static void window_settle(struct window *window, struct batch *batch, uint32_t index,
	const struct receipt *receipt, enum durability durability, int64_t now_us)
{
	struct batch_entry *entry = &batch->entries[index];
	if (entry->answered)
		return;
	entry->answered = true;
	batch->answered++;
	if (receipt->outcome == OUTCOME_RETRY_AFTER && window->retry) {
		entry->again = true;
		batch->again++;
		window_bump(&window->retried, 1);
		window_pause(window, receipt->retry_after_ms, now_us);
		return;
	}
	window_count_outcome(window, receipt->outcome);
	window->receipt.outcome = (enum ch_outcome)receipt->outcome;
	window->receipt.reason = receipt->reason;
	window->receipt.durability = (enum ch_durability)durability;
	window->receipt.retry_after_ms = receipt->retry_after_ms;
	window->receipt.sequence = receipt->sequence;
	window->receipt.customer = receipt->customer;
	window_copy_text(window->receipt.field, sizeof(window->receipt.field), receipt->field);
	window_copy_text(window->receipt.detail, sizeof(window->receipt.detail), receipt->detail);
	window_tell(window, entry);
}

/* All of its events have been answered on this connection. */
static void window_finish(struct window *window, struct batch *batch)
{
	uint32_t settled = 0;
	size_t bytes = batch_settled(batch, &settled);
	batch_list_remove(&window->in_flight, batch);
	if (batch->again > 0) {
		batch_compact(batch);
		batch_list_insert(&window->unsent, batch);
		batch = NULL;
	} else {
		batch_clear(batch);
	}
	outbox_release(window->outbox, settled, bytes, window_first_serial(window), batch);
}

static struct batch *window_find(const struct window *window, uint64_t frame)
{
	struct batch *batch = window->in_flight.first;
	while (batch != NULL && batch->frame != frame)
		batch = batch->next;
	return batch;
}

/* The receipts from `at` on that are for one frame; how many. */
static uint32_t window_answer_frame(
	struct window *window, const struct receipts *receipts, uint32_t at, int64_t now_us)
{
	uint64_t frame = receipts->receipts[at].frame;
	struct batch *batch = window_find(window, frame);
	uint32_t before = batch != NULL ? batch->answered : 0;
	uint32_t i = at;
	for (; i < receipts->count && receipts->receipts[i].frame == frame; i++) {
		const struct receipt *receipt = &receipts->receipts[i];
		if (batch != NULL && receipt->index < batch->count)
			window_settle(window, batch, receipt->index, receipt, receipts->durability,
				now_us);
	}
	if (batch == NULL)
		return i - at;
	window_set_in_flight(window, window->in_flight_events - (batch->answered - before));
	if (batch->answered == batch->count)
		window_finish(window, batch);
	return i - at;
}

void window_answer(struct window *window, const struct receipts *receipts, int64_t now_us)
{
	uint32_t at = 0;
	while (at < receipts->count)
		at += window_answer_frame(window, receipts, at, now_us);
}

static void window_refuse_batch(struct window *window, struct batch *batch, enum ch_status reason,
	struct slice detail, int64_t now_us)
{
	const struct receipt receipt = {
		.outcome = error_is_passing(reason) ? OUTCOME_RETRY_AFTER : OUTCOME_REFUSED,
		.reason = reason,
		.detail = detail,
	};
	uint32_t before = batch->answered;
	for (uint32_t i = 0; i < batch->count; i++)
		window_settle(window, batch, i, &receipt, DURABILITY_SYNCED, now_us);
	window_set_in_flight(window, window->in_flight_events - (batch->answered - before));
	window_finish(window, batch);
}

void window_refuse(struct window *window, uint64_t frame, enum ch_status reason,
	struct slice detail, int64_t now_us)
{
	struct batch *batch = window_find(window, frame);
	if (batch != NULL)
		window_refuse_batch(window, batch, reason, detail, now_us);
	while (frame == 0 && window->in_flight.first != NULL)
		window_refuse_batch(window, window->in_flight.first, reason, detail, now_us);
}

static void window_abandon_batch(struct window *window, struct batch *batch, enum ch_status status)
{
	static const struct ch_receipt none;
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct batch_entry *entry = &batch->entries[i];
		if (entry->callback != NULL)
			entry->callback(entry->context, status, &none);
	}
	outbox_release(
		window->outbox, batch->count, batch->events.len, window_first_serial(window), NULL);
	batch_free(batch);
}

void window_abandon(struct window *window, enum ch_status status)
{
	struct batch *batch;
	outbox_shut(window->outbox);
	window_close(window);
	outbox_fetch(window->outbox, UINT32_MAX, true, &window->unsent);
	/* The open one is only given when there is no other. */
	do {
		while ((batch = batch_list_take(&window->unsent)) != NULL)
			window_abandon_batch(window, batch, status);
		outbox_fetch(window->outbox, UINT32_MAX, true, &window->unsent);
	} while (window->unsent.first != NULL);
	/* Those who wait in a flush now see the end of it. */
	outbox_release(window->outbox, 0, 0, UINT64_MAX, NULL);
}
