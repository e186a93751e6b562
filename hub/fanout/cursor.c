#include "fanout/cursor.h"

#include "base/invariant.h"

#define BACKOFF_FIRST_US INT64_C(1000000)
#define BACKOFF_MOST_US  INT64_C(300000000)

/* Serials wrap around; what is out at one time lies close together. */
static bool serial_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

enum counter { DELIVERED, REDELIVERED, ACKED, FAILED, BURIED };

static uint64_t *counter_of(struct cursor_counters *counters, enum counter counter)
{
	uint64_t *const all[] = {&counters->delivered, &counters->redelivered, &counters->acked,
		&counters->failed, &counters->buried};
	return all[counter];
}

static void cursor_count(struct cursor *cursor, enum counter counter, uint64_t more)
{
	*counter_of(&cursor->counters, counter) += more;
	if (cursor->totals != NULL)
		*counter_of(cursor->totals, counter) += more;
}

void cursor_init(struct cursor *cursor, const struct cursor_events *events, void *context)
{
	*cursor = (struct cursor){.events = events, .context = context, .next = 1};
	ranges_init(&cursor->done);
	pendings_init(&cursor->pendings);
	flight_init(&cursor->flight);
}

void cursor_fini(struct cursor *cursor)
{
	invariant(cursor->timers == NULL);
	ranges_fini(&cursor->done);
	pendings_fini(&cursor->pendings);
	flight_fini(&cursor->flight);
}

/* ---- Pending deliveries ---- */

static void cursor_keep(struct cursor *cursor, const struct pending *pending)
{
	if (cursor->events->keep != NULL)
		cursor->events->keep(cursor->context, pending);
}

/* Out of the list or heap of its state. */
static void cursor_park(struct cursor *cursor, struct pending *pending)
{
	switch ((enum pending_state)pending->state) {
	case PENDING_WAITS:
		heap_remove(cursor->timers, &pending->timer);
		break;
	case PENDING_READY:
		pending_list_remove(&cursor->ready, pending);
		break;
	case PENDING_OUT:
		pending_list_remove(&cursor->out, pending);
		cursor->out_parts -= pending->parts;
		break;
	case PENDING_RESTS:
		break;
	}
	pending->state = PENDING_RESTS;
}

static void cursor_make_ready(struct cursor *cursor, struct pending *pending)
{
	cursor_park(cursor, pending);
	pending->state = PENDING_READY;
	pending_list_add(&cursor->ready, pending);
}

static void cursor_make_wait(struct cursor *cursor, struct pending *pending, int64_t due_us)
{
	cursor_park(cursor, pending);
	pending->timer.due_us = due_us;
	if (heap_push(cursor->timers, &pending->timer) != CH_OK) {
		cursor_make_ready(cursor, pending); /* without memory it comes early, not never */
		return;
	}
	pending->state = PENDING_WAITS;
}

/* Among those that are out, by serial; nearly always it belongs at the end. */
static void cursor_make_out(struct cursor *cursor, struct pending *pending)
{
	struct pending *before = cursor->out.last;
	cursor_park(cursor, pending);
	while (before != NULL && serial_before(pending->serial, before->serial))
		before = before->previous;
	pending->previous = before;
	pending->next = before != NULL ? before->next : cursor->out.first;
	if (pending->next != NULL)
		pending->next->previous = pending;
	else
		cursor->out.last = pending;
	if (before != NULL)
		before->next = pending;
	else
		cursor->out.first = pending;
	pending->state = PENDING_OUT;
	cursor->out_parts += pending->parts;
}

static void cursor_forget(struct cursor *cursor, struct pending *pending)
{
	cursor_park(cursor, pending);
	if (cursor->events->forget != NULL)
		cursor->events->forget(cursor->context, pending);
	pendings_remove(&cursor->pendings, pending);
}

int64_t cursor_backoff_us(uint32_t attempts)
{
	int64_t us = BACKOFF_FIRST_US;
	for (uint32_t i = 1; i < attempts && us < BACKOFF_MOST_US; i++)
		us *= 2;
	return us < BACKOFF_MOST_US ? us : BACKOFF_MOST_US;
}

/* One attempt more is used up.  `due_us` 0: it may come again at once. */
static void cursor_fail(
	struct cursor *cursor, struct pending *pending, bool park, int64_t due_us, int64_t now_us)
{
	cursor_count(cursor, FAILED, 1);
	if (pending->attempts < UINT32_MAX)
		pending->attempts++;
	if (park || pending->attempts >= cursor->settings.max_attempts) {
		if (cursor->events->bury == NULL ||
			cursor->events->bury(cursor->context, pending)) {
			cursor_count(cursor, BURIED, 1);
			cursor_forget(cursor, pending);
			return;
		}
		due_us = now_us + BACKOFF_MOST_US;
	}
	if (due_us > now_us) {
		cursor_make_wait(cursor, pending, due_us);
	} else {
		pending->timer.due_us = 0;
		cursor_make_ready(cursor, pending);
	}
	cursor_keep(cursor, pending);
}

/* ---- The flight ---- */

/* Settled slots leave, and base moves on. */
static void cursor_advance(struct cursor *cursor)
{
	struct flight_slot last;
	if (flight_drop(&cursor->flight, &last) && last.arrival_us != 0)
		cursor->base_arrival_us = last.arrival_us;
	if (cursor->flight.count > 0) {
		cursor->base = flight_at(&cursor->flight, 0)->sequence - 1;
		return;
	}
	cursor->base = cursor->next - 1;
	if (cursor->next_arrival_us != 0)
		cursor->base_arrival_us = cursor->next_arrival_us;
}

/* Takes a slot that is out out of the flight's hands: an object of its own, still out.  NULL: there are
 * too many, or no memory; nothing has changed. */
static struct pending *cursor_take_out(struct cursor *cursor, struct flight_slot *slot)
{
	struct pending *pending;
	if (cursor->pendings.count >= LIMIT_PENDING_PER_SUB ||
		pendings_add(&cursor->pendings, slot->sequence, &pending) != CH_OK)
		return NULL;
	pending->cursor = cursor;
	pending->arrival_us = slot->arrival_us;
	pending->serial = slot->serial;
	pending->parts = slot->parts;
	slot->out = false;
	cursor->out_parts -= slot->parts;
	cursor_make_out(cursor, pending);
	return pending;
}

static void cursor_settle(struct cursor *cursor, struct flight_slot *slot)
{
	slot->out = false;
	cursor->out_parts -= slot->parts;
	cursor_count(cursor, ACKED, slot->parts);
	if (serial_before(cursor->answered, slot->serial))
		cursor->answered = slot->serial;
}

bool cursor_make_room(struct cursor *cursor)
{
	struct flight *flight = &cursor->flight;
	if (cursor->settings.no_ack)
		return true;
	/* Two slots: to skip a range takes as many. */
	while (flight->count + 2 > LIMIT_INFLIGHT_PER_SUB) {
		struct pending *pending = cursor_take_out(cursor, flight_at(flight, 0));
		if (pending == NULL)
			return false;
		cursor_keep(cursor, pending);
		cursor_advance(cursor);
	}
	return cursor->pendings.count < LIMIT_PENDING_PER_SUB && flight_reserve(flight, 2) == CH_OK;
}

/* ---- At rest ---- */

void cursor_place(struct cursor *cursor, uint64_t base, int64_t arrival_us)
{
	while (cursor->pendings.count > 0)
		cursor_forget(cursor, cursor->pendings.items[cursor->pendings.count - 1]);
	ranges_clear(&cursor->done);
	flight_fini(&cursor->flight);
	cursor->out_parts = 0;
	cursor->oldest = 0;
	cursor->base = base;
	cursor->base_arrival_us = arrival_us;
	cursor->next = base + 1;
	cursor->next_arrival_us = arrival_us;
}

enum ch_status cursor_restore(
	struct cursor *cursor, uint64_t sequence, struct pending **out_pending)
{
	enum ch_status status = pendings_add(&cursor->pendings, sequence, out_pending);
	if (status == CH_OK)
		(*out_pending)->cursor = cursor;
	return status;
}

uint64_t cursor_floor(const struct cursor *cursor)
{
	for (size_t i = 0; i < cursor->pendings.count; i++) {
		const struct pending *pending = cursor->pendings.items[i];
		if (pending->sequence > cursor->base)
			break;
		if (!pending->late)
			return pending->sequence - 1;
	}
	return cursor->base;
}

/* Neighbours in the flight that are both settled settle what lies between them: the filter passed it
 * over, or it is pending. */
enum ch_status cursor_done(const struct cursor *cursor, struct ranges *out_done)
{
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < cursor->flight.count && status == CH_OK; i++) {
		const struct flight_slot *slot = flight_at(&cursor->flight, i);
		uint64_t first = slot->sequence;
		uint64_t last = first;
		if (slot->out)
			continue;
		for (; i + 1 < cursor->flight.count; i++) {
			const struct flight_slot *next = flight_at(&cursor->flight, i + 1);
			if (next->out)
				break;
			last = next->sequence;
		}
		status = ranges_add(out_done, first, last);
	}
	for (size_t i = 0; i < cursor->done.count && status == CH_OK; i++)
		status = ranges_add(
			out_done, cursor->done.spans[i].first, cursor->done.spans[i].last);
	return status;
}

/* ---- Coming and going ---- */

void cursor_attach(struct cursor *cursor, const struct cursor_settings *settings,
	struct heap *timers, int64_t now_us)
{
	cursor->settings = *settings;
	cursor->timers = timers;
	cursor->next = cursor->base + 1;
	cursor->next_arrival_us = cursor->base_arrival_us;
	cursor->serial = 0;
	cursor->answered = 0;
	cursor->oldest = 0;
	for (size_t i = 0; i < CURSOR_MARKS; i++) {
		cursor->marks[i].at_us = now_us;
		cursor->marks[i].answered = 0;
	}
	for (size_t i = 0; i < cursor->pendings.count; i++) {
		struct pending *pending = cursor->pendings.items[i];
		if (pending->timer.due_us > now_us)
			cursor_make_wait(cursor, pending, pending->timer.due_us);
		else
			cursor_make_ready(cursor, pending);
	}
}

/* The pending delivery that is out longest, if it is out longer than all in flight. */
static struct pending *cursor_oldest_pending(const struct cursor *cursor)
{
	struct pending *pending = cursor->out.first;
	if (pending != NULL && cursor->flight.count > 0 &&
		serial_before(flight_at(&cursor->flight, 0)->serial, pending->serial))
		return NULL;
	return pending;
}

/* The longest out as an object of its own; NULL: nothing is out, or it cannot be made. */
static struct pending *cursor_take_oldest(struct cursor *cursor)
{
	struct pending *pending = cursor_oldest_pending(cursor);
	if (pending == NULL && cursor->flight.count > 0) {
		pending = cursor_take_out(cursor, flight_at(&cursor->flight, 0));
		cursor_advance(cursor);
	}
	return pending;
}

void cursor_lost(struct cursor *cursor, int64_t now_us)
{
	struct pending *pending = cursor_take_oldest(cursor);
	if (pending == NULL)
		return;
	pending_set_reason(pending, SLICE_LITERAL("the connection was lost"));
	cursor_fail(cursor, pending, false, 0, now_us);
}

void cursor_rest(struct cursor *cursor)
{
	struct ranges done;
	ranges_init(&done);
	for (size_t i = 0; i < cursor->pendings.count; i++) {
		struct pending *pending = cursor->pendings.items[i];
		cursor_park(cursor, pending);
		pending->parts = 0;
	}
	/* Without memory, what was settled out of turn comes again. */
	(void)cursor_done(cursor, &done);
	ranges_fini(&cursor->done);
	cursor->done = done;
	flight_fini(&cursor->flight);
	cursor->out_parts = 0;
	cursor->next = cursor->base + 1;
	cursor->timers = NULL;
}

/* ---- Going forward ---- */

enum cursor_look cursor_look(const struct cursor *cursor, uint64_t *out_last)
{
	if (cursor->done.count > 0 && ranges_find(&cursor->done, cursor->next, out_last))
		return CURSOR_SKIP;
	if (cursor->pendings.count > 0 &&
		cursor->pendings.items[cursor->pendings.count - 1]->sequence >= cursor->next &&
		pendings_find(&cursor->pendings, cursor->next) != NULL) {
		*out_last = cursor->next;
		return CURSOR_SKIP;
	}
	return CURSOR_READ;
}

void cursor_skip(struct cursor *cursor, uint64_t last)
{
	struct flight_slot slot = {.sequence = cursor->next, .serial = cursor->serial};
	if (cursor->flight.count > 0) {
		flight_add(&cursor->flight, &slot);
		slot.sequence = last;
		if (last != cursor->next)
			flight_add(&cursor->flight, &slot);
	}
	cursor->next = last + 1;
	cursor->next_arrival_us = 0;
	ranges_cut(&cursor->done, last);
	if (cursor->flight.count == 0)
		cursor_advance(cursor);
}

void cursor_pass(struct cursor *cursor, uint64_t sequence, int64_t arrival_us)
{
	cursor->next = sequence + 1;
	cursor->next_arrival_us = arrival_us;
	if (cursor->flight.count == 0)
		cursor_advance(cursor);
}

void cursor_send(struct cursor *cursor, uint64_t sequence, int64_t arrival_us, uint16_t parts)
{
	if (sequence > cursor->reached)
		cursor->reached = sequence;
	cursor_count(cursor, DELIVERED, parts);
	cursor->serial++;
	if (!cursor->settings.no_ack) {
		flight_add(&cursor->flight, &(struct flight_slot){.sequence = sequence,
						    .arrival_us = arrival_us,
						    .serial = cursor->serial,
						    .parts = parts,
						    .out = true});
		cursor->out_parts += parts;
	}
	cursor_pass(cursor, sequence, arrival_us);
}

uint32_t cursor_attempt(const struct cursor *cursor, uint64_t sequence)
{
	return sequence > cursor->reached ? 1 : 2;
}

struct pending *cursor_ready(const struct cursor *cursor)
{
	return cursor->ready.first;
}

uint32_t pending_attempt(const struct pending *pending)
{
	return pending->attempts > 0 ? pending->attempts + 1 : 2;
}

void cursor_resend(struct cursor *cursor, struct pending *pending, uint16_t parts)
{
	cursor_park(cursor, pending);
	pending->parts = parts;
	pending->serial = ++cursor->serial;
	cursor_count(cursor, REDELIVERED, parts);
	cursor_make_out(cursor, pending);
}

void cursor_drop(struct cursor *cursor, struct pending *pending)
{
	cursor_forget(cursor, pending);
}

enum ch_status cursor_revive(struct cursor *cursor, uint64_t sequence, int64_t arrival_us)
{
	struct pending *pending;
	enum ch_status status = CH_FULL;
	if (cursor->pendings.count < LIMIT_PENDING_PER_SUB)
		status = cursor_restore(cursor, sequence, &pending);
	if (status != CH_OK)
		return status;
	pending->late = true;
	pending->arrival_us = arrival_us;
	if (cursor->timers != NULL)
		cursor_make_ready(cursor, pending);
	cursor_keep(cursor, pending);
	return CH_OK;
}

/* ---- Answers ---- */

static void cursor_ack_pending(struct cursor *cursor, struct pending *pending)
{
	if (pending->state == PENDING_OUT && serial_before(cursor->answered, pending->serial))
		cursor->answered = pending->serial;
	cursor_count(cursor, ACKED, pending->parts);
	cursor_forget(cursor, pending);
}

/* Has it been sent and neither been refused nor begun anew?  What was not answered in time may still
 * be answered late. */
static bool pending_is_with_subscriber(const struct pending *pending)
{
	return pending->state == PENDING_OUT ||
	       (pending->state == PENDING_READY && pending->parts > 0);
}

void cursor_ack(struct cursor *cursor, uint64_t first, uint64_t last)
{
	struct flight *flight = &cursor->flight;
	if (last == UINT64_MAX)
		last--; /* one is added to it below */
	uint32_t i = flight_seek(flight, first);
	bool front = i == 0;
	for (; i < flight->count && flight_at(flight, i)->sequence <= last; i++) {
		if (flight_at(flight, i)->out)
			cursor_settle(cursor, flight_at(flight, i));
	}
	if (front)
		cursor_advance(cursor);
	/* From the end, as those that are settled leave. */
	size_t low = pendings_seek(&cursor->pendings, first);
	for (size_t at = pendings_seek(&cursor->pendings, last + 1); at > low; at--) {
		struct pending *pending = cursor->pendings.items[at - 1];
		if (pending_is_with_subscriber(pending))
			cursor_ack_pending(cursor, pending);
	}
}

void cursor_ack_up_to(struct cursor *cursor, uint64_t sequence)
{
	cursor_ack(cursor, 0, sequence);
	/* What was not looked at was not sent, unless it was pending from before. */
	if (sequence >= cursor->next)
		sequence = cursor->next - 1;
	for (size_t at = pendings_seek(&cursor->pendings, sequence + 1); at > 0; at--) {
		if (!cursor->pendings.items[at - 1]->late)
			cursor_ack_pending(cursor, cursor->pendings.items[at - 1]);
	}
}

void cursor_nack(struct cursor *cursor, const struct nack *nack, int64_t now_us)
{
	struct flight *flight = &cursor->flight;
	struct pending *pending = pendings_find(&cursor->pendings, nack->sequence);
	uint32_t i = flight_seek(flight, nack->sequence);
	if (pending != NULL && !pending_is_with_subscriber(pending))
		return;
	if (pending == NULL && i < flight->count &&
		flight_at(flight, i)->sequence == nack->sequence && flight_at(flight, i)->out)
		pending = cursor_take_out(cursor, flight_at(flight, i));
	if (pending == NULL)
		return; /* not out, or no room: then it fails by its time */
	if (serial_before(cursor->answered, pending->serial))
		cursor->answered = pending->serial;
	cursor_park(cursor, pending);
	pending->parts = 0; /* with the subscriber no more: no range acknowledges it */
	pending_set_reason(pending, nack->reason);
	uint32_t delay_ms =
		nack->delay_ms < LIMIT_NACK_DELAY_MS ? nack->delay_ms : LIMIT_NACK_DELAY_MS;
	int64_t delay_us =
		delay_ms > 0 ? (int64_t)delay_ms * 1000 : cursor_backoff_us(pending->attempts + 1);
	cursor_fail(cursor, pending, nack->park, now_us + delay_us, now_us);
	cursor_advance(cursor);
}

/* ---- Time ---- */

void cursor_fire(struct cursor *cursor, struct pending *pending)
{
	pending->timer.due_us = 0;
	cursor_make_ready(cursor, pending);
}

static void cursor_time_out(struct cursor *cursor, struct pending *pending, int64_t now_us)
{
	pending_set_reason(pending, SLICE_LITERAL("not answered in time"));
	cursor_fail(cursor, pending, false, 0, now_us);
}

/* Everything sent before what was answered a whole ack_wait ago. */
static void cursor_time_out_overtaken(struct cursor *cursor, uint32_t answered, int64_t now_us)
{
	struct flight *flight = &cursor->flight;
	while (cursor->out.first != NULL && serial_before(cursor->out.first->serial, answered))
		cursor_time_out(cursor, cursor->out.first, now_us);
	for (uint32_t i = 0; i < flight->count; i++) {
		struct flight_slot *slot = flight_at(flight, i);
		if (!serial_before(slot->serial, answered))
			break;
		if (!slot->out)
			continue;
		struct pending *pending = cursor_take_out(cursor, slot);
		if (pending == NULL)
			break;
		cursor_time_out(cursor, pending, now_us);
	}
	cursor_advance(cursor);
}

static uint32_t cursor_oldest(const struct cursor *cursor)
{
	const struct pending *pending = cursor_oldest_pending(cursor);
	if (pending != NULL)
		return pending->serial;
	return cursor->flight.count > 0 ? flight_at(&cursor->flight, 0)->serial : 0;
}

void cursor_tick(struct cursor *cursor, int64_t now_us)
{
	int64_t ack_wait_us = cursor->settings.ack_wait_us;
	uint32_t oldest = cursor_oldest(cursor);
	if (oldest != cursor->oldest) {
		cursor->oldest = oldest;
		cursor->oldest_us = now_us;
	} else if (oldest != 0 && now_us - cursor->oldest_us >= ack_wait_us) {
		struct pending *pending = cursor_take_oldest(cursor);
		if (pending != NULL)
			cursor_time_out(cursor, pending, now_us);
		cursor->oldest = 0;
	}
	if (now_us - cursor->marks[CURSOR_MARKS - 1].at_us < ack_wait_us / (CURSOR_MARKS - 1))
		return;
	memmove(&cursor->marks[0], &cursor->marks[1],
		(CURSOR_MARKS - 1) * sizeof(cursor->marks[0]));
	cursor->marks[CURSOR_MARKS - 1].at_us = now_us;
	cursor->marks[CURSOR_MARKS - 1].answered = cursor->answered;
	if (cursor->marks[0].answered != 0)
		cursor_time_out_overtaken(cursor, cursor->marks[0].answered, now_us);
}
