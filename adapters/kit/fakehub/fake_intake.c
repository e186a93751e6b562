#include "base/hash.h"
#include "kit/fakehub/fake_inside.h"

/* ---- What becomes of an event ---- */

/* The oldest answer that fits. */
static const struct fake_answer *fake_intake_answer(struct fake_hub *hub)
{
	for (uint32_t i = 0; i < hub->answer_count; i++) {
		struct fake_kept_answer *kept = &hub->answers[i];
		struct fake_answer *answer = &kept->answer;
		if (answer->events == 0)
			continue;
		if (answer->skip > 0) {
			answer->skip--;
			continue;
		}
		if (kept->seen++ % (answer->every > 0 ? answer->every : 1) != 0)
			continue;
		answer->events--;
		return answer;
	}
	return NULL;
}

static uint64_t fake_intake_hash(const struct envelope *envelope)
{
	uint64_t hash = hash_bytes(envelope->source.data, envelope->source.len, 1);
	hash = hash_bytes(envelope->id.data, envelope->id.len, hash);
	return hash != 0 ? hash : 1;
}

/* Who was told to wait must: by the time that the machine measures, as he has no other. */
static void fake_intake_put_off(
	struct fake_hub *hub, const struct envelope *envelope, uint32_t retry_after_ms)
{
	uint64_t hash = fake_intake_hash(envelope);
	hub->put_off[hash % FAKE_PUT_OFF].hash = hash;
	hub->put_off[hash % FAKE_PUT_OFF].due_us =
		fake_now_us(hub) + (int64_t)retry_after_ms * 1000;
	fake_bump(hub, FAKE_RETRIES, 1);
}

static void fake_intake_look_off(struct fake_hub *hub, const struct envelope *envelope)
{
	uint64_t hash = fake_intake_hash(envelope);
	if (hub->put_off[hash % FAKE_PUT_OFF].hash != hash)
		return;
	/* A little early is a matter of two clocks. */
	if (fake_now_us(hub) < hub->put_off[hash % FAKE_PUT_OFF].due_us - 5000)
		fake_bump(hub, FAKE_IMPATIENT, 1);
	hub->put_off[hash % FAKE_PUT_OFF].hash = 0;
}

static struct receipt fake_intake_known(
	struct fake_hub *hub, uint64_t first, const struct envelope *envelope)
{
	bool same = fake_memory_same(&hub->log[first - 1].envelope, envelope);
	fake_bump(hub, same ? FAKE_DUPLICATES : FAKE_CONFLICTS, 1);
	return (struct receipt){.outcome = same ? OUTCOME_DUPLICATE : OUTCOME_CONFLICT,
		.reason = same ? CH_OK : CH_CONFLICT,
		.sequence = first};
}

static struct receipt fake_intake_decide(struct fake_hub *hub, struct slice event)
{
	struct envelope envelope;
	const char *field = "event";
	enum ch_status status = envelope_parse(event, &envelope, &field);
	const struct fake_answer *answer = fake_intake_answer(hub);
	if (status == CH_OK)
		fake_intake_look_off(hub, &envelope);
	if (answer != NULL) {
		if (answer->receipt.outcome == OUTCOME_RETRY_AFTER && status == CH_OK)
			fake_intake_put_off(hub, &envelope, answer->receipt.retry_after_ms);
		else if (answer->receipt.outcome == OUTCOME_REFUSED)
			fake_bump(hub, FAKE_REFUSALS, 1);
		return answer->receipt;
	}
	if (status == CH_OK) {
		uint64_t first = fake_memory_find(hub, &envelope);
		if (first != 0)
			return fake_intake_known(hub, first, &envelope);
		status = fake_memory_append(hub, event) ? CH_OK : CH_NOMEM;
	}
	if (status != CH_OK) {
		fake_bump(hub, FAKE_REFUSALS, 1);
		return (struct receipt){
			.outcome = OUTCOME_REFUSED, .reason = status, .field = slice_text(field)};
	}
	return (struct receipt){.outcome = OUTCOME_ACCEPTED,
		.sequence = hub->head,
		.customer = UINT64_C(100000000000) + hub->head};
}

/* ---- Receipts ---- */

static size_t fake_intake_waiting(const struct fake_connection *connection)
{
	return (connection->pending.len - connection->pending_at) / sizeof(struct fake_pending);
}

static void fake_intake_at(
	const struct fake_connection *connection, size_t index, struct fake_pending *out_pending)
{
	memcpy(out_pending,
		connection->pending.data + connection->pending_at + index * sizeof(*out_pending),
		sizeof(*out_pending));
}

/* One message with the first `count` of those that wait. */
static void fake_intake_send(
	struct fake_hub *hub, struct fake_connection *connection, uint32_t count)
{
	struct receipts_writer writer;
	receipts_begin(&writer, &hub->out);
	for (uint32_t i = 0; i < count; i++) {
		struct fake_pending pending;
		fake_intake_at(connection, i, &pending);
		receipts_add(&writer, &pending.receipt);
	}
	receipts_end(&writer, DURABILITY_SYNCED);
	fake_line_send(hub, connection);
	connection->pending_at += count * sizeof(struct fake_pending);
	if (connection->pending_at == connection->pending.len) {
		buffer_clear(&connection->pending);
		connection->pending_at = 0;
	}
	connection->in_flight -= count;
	fake_bump(hub, FAKE_RECEIPTS, count);
}

/* As many in a message as may be, whatever frames they are for. */
static void fake_intake_release_one(struct fake_hub *hub, struct fake_connection *connection)
{
	int64_t now_us = fake_now_us(hub);
	uint32_t most = hub->pace.per_message;
	if (most == 0 || most > LIMIT_EVENTS_PER_FRAME)
		most = LIMIT_EVENTS_PER_FRAME;
	for (;;) {
		uint32_t count = 0;
		size_t waiting = fake_intake_waiting(connection);
		struct fake_pending pending;
		for (; count < waiting && count < most; count++) {
			fake_intake_at(connection, count, &pending);
			if (pending.due_us > now_us)
				break;
		}
		if (count == 0)
			return;
		fake_intake_send(hub, connection, count);
	}
}

void fake_intake_release(struct fake_hub *hub)
{
	int64_t now_us = fake_now_us(hub);
	if (hub->hold || now_us < hub->beat_due_us)
		return;
	if (hub->pace.beat_us > 0)
		hub->beat_due_us = now_us + hub->pace.beat_us;
	for (int i = 0; i < FAKE_CONNECTIONS; i++) {
		if (hub->connections[i].used)
			fake_intake_release_one(hub, &hub->connections[i]);
	}
}

/* ---- PUBLISH ---- */

/* False: the connection is to break here, and nothing behind this event was read. */
static bool fake_intake_event(struct fake_hub *hub, struct fake_connection *from, uint32_t index)
{
	uint64_t head = hub->head;
	struct fake_pending pending = {
		.receipt = fake_intake_decide(hub, hub->publish.events[index]),
		.due_us = fake_now_us(hub) + hub->pace.delay_us};
	pending.receipt.frame = hub->publish.frame;
	pending.receipt.index = index;
	buffer_append(&from->pending, &pending, sizeof(pending));
	if (hub->hold_after > 0 && --hub->hold_after == 0)
		hub->hold = true;
	if (hub->drop_after == 0 || hub->head == head || --hub->drop_after > 0)
		return true;
	hub->drop = true;
	return false;
}

void fake_intake_take(struct fake_hub *hub, struct fake_connection *from, struct slice body)
{
	struct publish *publish = &hub->publish;
	enum ch_status status = publish_parse(body, publish);
	if (status != CH_OK) {
		fake_session_refuse(
			hub, from, FRAME_PUBLISH, status, "cannot be read", false, publish->frame);
		return;
	}
	if (hub->lose_publishes > 0) {
		hub->lose_publishes--;
		return;
	}
	if (publish->frame <= from->last_frame)
		fake_violate(hub, "frame numbers do not rise");
	from->last_frame = publish->frame;
	from->in_flight += publish->count;
	fake_most(hub, FAKE_MOST_IN_FLIGHT, from->in_flight);
	fake_most(hub, FAKE_MOST_IN_A_FRAME, publish->count);
	if (publish->count > hub->events_per_frame)
		fake_violate(hub, "more events in a frame than the welcome allows");
	for (uint32_t i = 0; i < publish->count; i++) {
		if (!fake_intake_event(hub, from, i))
			return;
	}
	fake_intake_release(hub);
	fake_bump(hub, FAKE_EVENTS, publish->count);
	fake_bump(hub, FAKE_PUBLISHES, 1);
}
