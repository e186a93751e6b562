#include "stage.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "fanout/inside.h"
#include "support/scratch.h"
#include "wire/effect.h"
#include "wire/envelope.h"
#include "wire/session.h"
#include "wire/types.h"

#define PUMP_US 2000

/* ---- The stage ---- */

static void stage_ring(void *context)
{
	struct stage *stage = context;
	(void)pthread_mutex_lock(&stage->lock);
	stage->ready = true;
	(void)pthread_cond_signal(&stage->rung);
	(void)pthread_mutex_unlock(&stage->lock);
}

static void stage_failed(void *context, enum ch_status status, const char *what)
{
	struct stage *stage = context;
	(void)status;
	(void)what;
	stage->failures++;
}

static const char *stage_path(const struct stage *stage, const char *name, char path[300])
{
	(void)snprintf(path, 300, "%s/%s", stage->dir, name);
	return path;
}

static void stage_start(struct stage *stage)
{
	char path[300];
	struct journal_options journal = {
		.dir = stage_path(stage, "journal", path),
		.segment_bytes = stage->segment_bytes != 0 ? stage->segment_bytes : 1 << 20,
		.create = true,
	};
	assert_int_equal(journal_open(&journal, &stage->journal, NULL), CH_OK);
	stage->head = journal_head(stage->journal);
	stage->last_arrival_us = journal_head_arrival_us(stage->journal);
	struct state_options state = {
		.dir = stage_path(stage, "store", path),
		.map_bytes = 64 << 20,
		.freeze_us = stage->freeze_us != 0 ? stage->freeze_us : 20000,
	};
	assert_int_equal(
		state_open(&state, journal_incarnation(stage->journal), &stage->state), CH_OK);
	assert_int_equal(desk_open(stage_path(stage, "desk", path), &stage->desk), CH_OK);
	stage->options.journal = stage->journal;
	stage->options.state = stage->state;
	stage->options.desk = stage->desk;
	stage->options.ready = stage_ring;
	stage->options.failed = stage_failed;
	stage->options.context = stage;
	assert_int_equal(fanout_start(&stage->options, &stage->fanout), CH_OK);
}

/* The entry of `open` that is this one; NULL: a free one. */
static struct consumer **stage_find_open(struct stage *stage, const struct consumer *consumer)
{
	for (size_t i = 0; i < STAGE_SESSIONS; i++) {
		if (stage->open[i] == consumer)
			return &stage->open[i];
	}
	return NULL;
}

static void stage_end(struct stage *stage)
{
	/* Who is left is a failed test's: its sessions are gone with it, so they are not looked at. */
	for (size_t i = 0; i < STAGE_SESSIONS; i++) {
		consumer_close(stage->open[i]);
		stage->open[i] = NULL;
	}
	fanout_stop(stage->fanout);
	desk_close(stage->desk);
	state_close(stage->state);
	journal_close(stage->journal);
}

void stage_open(struct stage *stage)
{
	scratch_make(stage->dir, "fanout");
	(void)pthread_mutex_init(&stage->lock, NULL);
	(void)pthread_cond_init(&stage->rung, NULL);
	stage_start(stage);
}

void stage_close(struct stage *stage)
{
	stage_end(stage);
	scratch_remove(stage->dir);
	assert_int_equal(stage->failures, 0);
	(void)pthread_cond_destroy(&stage->rung);
	(void)pthread_mutex_destroy(&stage->lock);
}

int stage_set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	assert_non_null(stage);
	stage_open(stage);
	*state = stage;
	return 0;
}

int stage_tear_down(void **state)
{
	stage_close(*state);
	free(*state);
	return 0;
}

struct subscribe wish_named(const char *name, uint32_t handle)
{
	return (struct subscribe){
		.handle = handle,
		.name = slice_text(name),
		.start.from = FROM_EARLIEST,
		.credit = 1000,
	};
}

void stage_restart(struct stage *stage)
{
	stage_end(stage);
	stage_start(stage);
}

/* From here on the fan-out takes the desk for broken, and writes nothing any more. */
struct crash {
	struct task task;
	struct fanout *fanout;
};

static void stage_run_crash(struct task *task)
{
	struct crash *crash = (struct crash *)(void *)task;
	crash->fanout->broken = true;
}

void stage_crash(struct stage *stage)
{
	struct crash crash = {.task.run = stage_run_crash, .fanout = stage->fanout};
	(void)mailbox_post(&stage->fanout->inbox, &crash.task.node);
	stage_restart(stage);
}

void stage_replace_journal(struct stage *stage, uint64_t count)
{
	char path[300];
	int64_t last_us = stage->last_arrival_us;
	stage_end(stage);
	scratch_remove(stage_path(stage, "journal", path));
	scratch_remove(stage_path(stage, "store", path));
	struct journal_options journal = {.dir = stage_path(stage, "journal", path),
		.create = true,
		.segment_bytes = 1 << 20};
	assert_int_equal(journal_open(&journal, &stage->journal, NULL), CH_OK);
	stage->last_arrival_us = last_us;
	struct fanout *fanout = stage->fanout;
	stage->fanout = NULL;
	(void)stage_append(stage, NULL, count);
	stage->fanout = fanout;
	journal_close(stage->journal);
	stage_start(stage);
}

/* ---- Entries ---- */

static uint16_t stage_type(const char *name)
{
	const struct event_type *type = types_find(slice_text(name));
	assert_non_null(type);
	return type->id;
}

static void stage_derive(
	struct buffer *open, struct buffer *personal, const char *type, bool before)
{
	if (type == NULL)
		return;
	const struct derived derived = {
		.type = stage_type(type),
		.before = before,
		.subject = SLICE_LITERAL("subject"),
		.data = SLICE_LITERAL("\x08\x07"),
	};
	derived_add(open, personal, &derived);
}

static void stage_append_one(
	struct batch *batch, const struct event *event, uint64_t sequence, int64_t arrival_us)
{
	struct buffer data = {0};
	char id[32];
	struct buffer input = {0};
	struct buffer derived = {0};
	struct buffer personal = {0};
	struct effects effects;
	uint8_t head[ENTRY_HEAD_MAX];
	struct slice parts[8];
	(void)snprintf(id, sizeof(id), "e-%llu", (unsigned long long)sequence);
	if (event->bytes > 0) {
		size_t mark = pb_begin(&data, 1);
		memset(buffer_reserve(&data, event->bytes), 'x', event->bytes);
		pb_end(&data, mark);
	}
	const char *type = event->type != NULL ? event->type : "pos.sale.completed";
	const char *source = event->source != NULL ? event->source : "/pos/shop-1";
	const struct envelope envelope = {
		.id = slice_text(id),
		.source = slice_text(source),
		.type = slice_text(type),
		.data = buffer_slice(&data),
	};
	envelope_encode(&envelope, &input);
	stage_derive(&derived, &personal, event->before, true);
	stage_derive(&derived, &personal, event->after, false);
	effects_init(&effects);
	if (event->language != NULL)
		effects_add(&effects, &(struct effect){.op = EFFECT_VALUE,
					      .number = 7,
					      .field = 6,
					      .flags = EFFECT_PERSONAL,
					      .value = slice_text(event->language)});
	const struct entry entry = {
		.kind = ENTRY_INPUT,
		.outcome = event->quarantined ? ENTRY_QUARANTINED : ENTRY_ACCEPTED,
		.type = stage_type(type),
		.customer = event->customer,
		.peer = SLICE_LITERAL("pos-1"),
		.input = buffer_slice(&input),
		.effects = buffer_slice(&effects.open),
		.effects_personal = buffer_slice(&effects.personal),
		.derived = buffer_slice(&derived),
		.derived_personal = buffer_slice(&personal),
	};
	size_t count = entry_parts(&entry, head, parts);
	assert_int_equal(journal_append(batch, arrival_us, parts, count), sequence);
	buffer_fini(&data);
	buffer_fini(&input);
	buffer_fini(&derived);
	buffer_fini(&personal);
	effects_fini(&effects);
}

uint64_t stage_append(struct stage *stage, const struct event *event, uint64_t count)
{
	static const struct event plain = {0};
	uint64_t head = journal_head(stage->journal);
	struct batch *batch = journal_begin(stage->journal);
	for (uint64_t i = 1; i <= count; i++) {
		int64_t now_us = clock_wall_us();
		if (now_us <= stage->last_arrival_us)
			now_us = stage->last_arrival_us + 1;
		stage->last_arrival_us = now_us;
		stage_append_one(batch, event != NULL ? event : &plain, head + i, now_us);
	}
	assert_int_equal(journal_commit(batch), CH_OK);
	stage->head = head + count;
	if (stage->fanout != NULL)
		fanout_wake(stage->fanout);
	return stage->head;
}

/* A round that stands still where alarms ring: behind the look at the head. */
struct halt {
	struct task task; /* first */
	struct alarm alarm;
	struct fanout *fanout;
	sem_t reached;
	sem_t released;
};

static void stage_ring_halt(struct alarm *alarm)
{
	struct halt *halt = (struct halt *)(void *)((char *)alarm - offsetof(struct halt, alarm));
	(void)sem_post(&halt->reached);
	(void)sem_wait(&halt->released);
	(void)sem_post(&halt->reached);
}

static void stage_run_halt(struct task *task)
{
	struct halt *halt = (struct halt *)(void *)task;
	fanout_set_alarm(halt->fanout, &halt->alarm, halt->fanout->now_us);
}

void stage_append_within_a_round(struct stage *stage, const struct event *event, uint64_t count)
{
	struct halt halt = {
		.task.run = stage_run_halt,
		.alarm = {.item.place = HEAP_OUT, .ring = stage_ring_halt},
		.fanout = stage->fanout,
	};
	(void)sem_init(&halt.reached, 0, 0);
	(void)sem_init(&halt.released, 0, 0);
	(void)mailbox_post(&stage->fanout->inbox, &halt.task.node);
	(void)sem_wait(&halt.reached);
	(void)stage_append(stage, event, count);
	(void)sem_post(&halt.released);
	(void)sem_wait(&halt.reached); /* it has gone on: what it looks at may leave */
	(void)sem_destroy(&halt.reached);
	(void)sem_destroy(&halt.released);
}

/* ---- Sessions ---- */

static struct got *session_note(struct session *session)
{
	if (session->count == session->capacity) {
		session->capacity = session->capacity == 0 ? 1024 : 2 * session->capacity;
		session->got = realloc(session->got, session->capacity * sizeof(*session->got));
		assert_non_null(session->got);
	}
	struct got *got = &session->got[session->count++];
	memset(got, 0, sizeof(*got));
	return got;
}

static void session_copy(char *to, size_t size, struct slice text)
{
	(void)snprintf(
		to, size, "%.*s", (int)text.len, text.data != NULL ? (const char *)text.data : "");
}

static void session_take_deliver(struct session *session, struct slice body)
{
	struct deliver deliver;
	struct delivery delivery;
	assert_int_equal(deliver_parse(body, &deliver), CH_OK);
	while (deliver_next(&deliver, &delivery)) {
		struct envelope envelope;
		const char *field;
		session->deliveries++;
		if (session->forgets)
			continue;
		struct got *got = session_note(session);
		got->handle = deliver.handle;
		got->sequence = delivery.sequence;
		got->part = delivery.part;
		got->attempt = delivery.attempt;
		got->mode = delivery.mode;
		got->last = delivery.last;
		got->customer = delivery.customer;
		got->record_len = delivery.record.len;
		got->personal_len = delivery.personal.len;
		session_copy(got->text, sizeof(got->text),
			delivery.table.len > 0 ? delivery.table : delivery.job);
		if (delivery.mode == DELIVERY_SNAPSHOT)
			continue;
		assert_int_equal(envelope_parse(delivery.event, &envelope, &field), CH_OK);
		session_copy(got->id, sizeof(got->id), envelope.id);
	}
	assert_int_equal(deliver.rest.status, CH_OK);
}

static bool session_send(void *context, struct buffer *frame)
{
	struct session *session = context;
	enum frame_kind kind;
	struct slice body;
	struct mark mark;
	struct refused refused;
	if (session->blocked)
		return false;
	session->frames++;
	assert_int_equal(frame_parse(buffer_slice(frame), &kind, &body), CH_OK);
	switch (kind) {
	case FRAME_DELIVER:
		session_take_deliver(session, body);
		break;
	case FRAME_MARK:
		assert_int_equal(mark_parse(body, &mark), CH_OK);
		struct got *got = session_note(session);
		got->is_mark = true;
		got->handle = mark.handle;
		got->mark = mark;
		session_copy(got->text, sizeof(got->text), mark.detail);
		session_copy(got->id, sizeof(got->id), mark.job);
		break;
	case FRAME_SUBSCRIBED:
		assert_int_equal(subscribed_parse(body, &session->subscribed), CH_OK);
		session->answered = true;
		session->refused = CH_OK;
		break;
	case FRAME_REFUSED:
		assert_int_equal(refused_parse(body, &refused), CH_OK);
		session->answered = true;
		session->refused = refused.reason;
		session_copy(session->detail, sizeof(session->detail), refused.detail);
		break;
	default:
		fail();
	}
	buffer_fini(frame);
	return true;
}

static bool session_may(void *context, struct slice pattern)
{
	const struct session *session = context;
	struct slice topics = slice_text(session->topics != NULL ? session->topics : ">");
	struct slice topic;
	while (text_split(&topics, ' ', &topic)) {
		if (pattern_covers(topic, pattern))
			return true;
	}
	return false;
}

void session_open(struct session *session, struct stage *stage, const char *peer, bool is_operator)
{
	const struct consumer_options options = {
		.peer = slice_text(peer),
		.is_operator = is_operator,
		.may_subscribe = session_may,
		.send = session_send,
		.context = session,
	};
	struct consumer **open = stage_find_open(stage, NULL);
	session->stage = stage;
	assert_non_null(open);
	assert_int_equal(consumer_open(stage->fanout, &options, &session->consumer), CH_OK);
	*open = session->consumer;
}

void session_close(struct session *session)
{
	*stage_find_open(session->stage, session->consumer) = NULL;
	consumer_close(session->consumer);
	free(session->got);
	*session = (struct session){.topics = session->topics};
}

static void session_say(struct session *session, struct buffer *frame)
{
	enum frame_kind kind;
	struct slice body;
	const char *field;
	assert_int_equal(frame_parse(buffer_slice(frame), &kind, &body), CH_OK);
	assert_int_equal(consumer_message(session->consumer, kind, body, &field), CH_OK);
	buffer_fini(frame);
}

enum ch_status session_subscribe(struct session *session, const struct subscribe *wish)
{
	struct buffer frame = {0};
	session->answered = false;
	subscribe_encode(wish, &frame);
	session_say(session, &frame);
	stage_until(session->stage, session->answered);
	return session->refused;
}

void session_ack(struct session *session, uint32_t handle, uint64_t first, uint64_t last)
{
	session_ack_job(session, handle, NULL, first, last);
}

void session_ack_job(
	struct session *session, uint32_t handle, const char *job, uint64_t first, uint64_t last)
{
	struct buffer frame = {0};
	ack_begin(&frame, handle, 0);
	ack_put_job(&frame, slice_text(job));
	ack_add_range(&frame, &(struct ack_range){first, last});
	session_say(session, &frame);
}

void session_ack_up_to(struct session *session, uint32_t handle, uint64_t up_to)
{
	struct buffer frame = {0};
	ack_begin(&frame, handle, up_to);
	session_say(session, &frame);
}

void session_nack(struct session *session, uint32_t handle, const struct nack *nack)
{
	struct buffer frame = {0};
	ack_begin(&frame, handle, 0);
	ack_add_nack(&frame, nack);
	session_say(session, &frame);
}

void session_grant(struct session *session, uint32_t handle, uint32_t deliveries)
{
	struct buffer frame = {0};
	grant_encode(&(struct grant){handle, deliveries}, &frame);
	session_say(session, &frame);
}

void session_detach(struct session *session, const struct detach *detach)
{
	struct buffer frame = {0};
	detach_encode(detach, &frame);
	session_say(session, &frame);
}

/* ---- Waiting ---- */

void stage_pump(struct stage *stage)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += PUMP_US * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	(void)pthread_mutex_lock(&stage->lock);
	if (!stage->ready)
		(void)pthread_cond_timedwait(&stage->rung, &stage->lock, &until);
	stage->ready = false;
	(void)pthread_mutex_unlock(&stage->lock);
	fanout_deliver(stage->fanout);
}

const struct got *session_next(struct session *session)
{
	stage_until(session->stage, session->seen < session->count);
	return &session->got[session->seen++];
}

const struct got *session_next_delivery(struct session *session)
{
	const struct got *got = session_next(session);
	while (got->is_mark)
		got = session_next(session);
	return got;
}

const struct got *session_next_mark(struct session *session, enum mark_what what)
{
	const struct got *got = session_next(session);
	assert_true(got->is_mark);
	assert_int_equal(got->mark.what, what);
	return got;
}

void session_expect_silence(struct session *session)
{
	int64_t until_us = clock_steady_us() + 50000;
	while (clock_steady_us() < until_us)
		stage_pump(session->stage);
	assert_int_equal(session->seen, session->count);
}

void session_expect_run(struct session *session, uint64_t first, uint64_t last)
{
	for (uint64_t sequence = first; sequence <= last;) {
		const struct got *got = session_next(session);
		if (got->is_mark) {
			assert_int_not_equal(got->mark.what, MARK_GAP);
			continue;
		}
		assert_int_equal(got->sequence, sequence);
		assert_true(got->last);
		sequence++;
	}
}

/* ---- Operations ---- */

struct waited {
	bool done;
	struct operation_result result;
};

static void stage_operation_done(void *context, const struct operation_result *result)
{
	struct waited *waited = context;
	waited->result = *result;
	waited->done = true;
}

struct operation_result stage_seek(struct stage *stage, const char *name, const char *to, bool dry)
{
	struct waited waited = {0};
	struct range_point point;
	size_t at;
	assert_int_equal(range_parse_point(slice_text(to), &point, &at), CH_OK);
	assert_int_equal(operation_seek(stage->fanout, SLICE_LITERAL("op"), slice_text(name),
				 &point, dry, stage_operation_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.result;
}

struct operation_result stage_delete(struct stage *stage, const char *name)
{
	struct waited waited = {0};
	assert_int_equal(operation_delete(stage->fanout, SLICE_LITERAL("op"), slice_text(name),
				 false, stage_operation_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.result;
}

struct operation_result stage_settle(
	struct stage *stage, const char *name, uint64_t sequence, bool discard)
{
	struct waited waited = {0};
	assert_int_equal(
		operation_settle(stage->fanout, SLICE_LITERAL("op"), slice_text(name), &sequence,
			sequence != 0, discard, false, stage_operation_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.result;
}

struct waited_consumer {
	bool done;
	struct seen_consumer seen;
};

static void stage_consumer_done(
	void *context, enum ch_status status, const struct consumer_info *info)
{
	struct waited_consumer *waited = context;
	(void)status;
	if (info == NULL) {
		waited->done = true;
		return;
	}
	waited->seen.info = *info;
	(void)snprintf(waited->seen.state, sizeof(waited->seen.state), "%s", info->state);
	waited->seen.found++;
}

struct seen_consumer stage_consumer(struct stage *stage, const char *name)
{
	struct waited_consumer waited = {0};
	assert_int_equal(operation_consumers(stage->fanout, slice_text(name),
				 (struct slice){NULL, 0}, stage_consumer_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.seen;
}

struct waited_letters {
	bool done;
	struct seen_letters seen;
};

static void stage_letters_done(
	void *context, enum ch_status status, const struct letter_info *info, uint64_t total)
{
	struct waited_letters *waited = context;
	struct seen_letters *seen = &waited->seen;
	if (info == NULL) {
		assert_int_equal(status, CH_OK);
		seen->total = total;
		waited->done = true;
		return;
	}
	if (seen->count < 64) {
		seen->sequences[seen->count] = info->sequence;
		seen->attempts[seen->count] = info->attempts;
	}
	seen->count++;
	session_copy(seen->reason, sizeof(seen->reason), info->reason);
	session_copy(seen->type, sizeof(seen->type), info->type);
}

struct seen_letters stage_letters(struct stage *stage, const char *name)
{
	struct waited_letters waited = {0};
	assert_int_equal(
		operation_letters(stage->fanout, slice_text(name), 0, stage_letters_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.seen;
}

struct waited_replay {
	bool done;
	const char *wanted;
	struct seen_replay seen;
};

static void stage_note_replay(
	struct waited_replay *waited, enum ch_status status, const struct replay_info *info)
{
	struct seen_replay *seen = &waited->seen;
	seen->status = status;
	if (info == NULL)
		return;
	(void)snprintf(seen->job, sizeof(seen->job), "%s", info->job);
	(void)snprintf(seen->state, sizeof(seen->state), "%s", info->state);
	seen->total = info->total;
	seen->matched = info->matched;
	seen->position = info->position;
	seen->delivered = info->delivered;
}

static void stage_replay_done(
	void *context, enum ch_status status, const char *detail, const struct replay_info *info)
{
	struct waited_replay *waited = context;
	(void)detail;
	stage_note_replay(waited, status, info);
	waited->done = true;
}

struct seen_replay stage_replay(
	struct stage *stage, const char *name, const char *range, double rate, bool dry)
{
	struct waited_replay waited = {0};
	struct replay_request request = {.name = slice_text(name), .rate = rate, .dry_run = dry};
	size_t at;
	assert_int_equal(range_parse(slice_text(range), &request.range, &at), CH_OK);
	assert_int_equal(operation_replay(stage->fanout, SLICE_LITERAL("op"), &request,
				 stage_replay_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.seen;
}

struct seen_replay stage_replay_control(
	struct stage *stage, const char *job, enum replay_action action)
{
	struct waited_replay waited = {0};
	assert_int_equal(operation_replay_control(stage->fanout, SLICE_LITERAL("op"),
				 slice_text(job), action, stage_replay_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.seen;
}

static void stage_replays_done(
	void *context, enum ch_status status, const char *detail, const struct replay_info *info)
{
	struct waited_replay *waited = context;
	(void)detail;
	if (info == NULL)
		waited->done = true;
	else if (strcmp(info->job, waited->wanted) == 0)
		stage_note_replay(waited, status, info);
}

struct seen_replay stage_replay_state(struct stage *stage, const char *job)
{
	struct waited_replay waited = {.wanted = job, .seen.status = CH_NOT_FOUND};
	assert_int_equal(operation_replays(stage->fanout, stage_replays_done, &waited), CH_OK);
	stage_until(stage, waited.done);
	return waited.seen;
}
