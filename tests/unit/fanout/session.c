#include "session.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/pattern.h"
#include "base/text.h"
#include "wire/envelope.h"
#include "wire/frame.h"
#include "wire/session.h"

/* ---- What comes ---- */

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

/* The entry of `open` that is this one; NULL: a free one. */
static struct consumer **session_find_open(struct stage *stage, const struct consumer *consumer)
{
	for (size_t i = 0; i < STAGE_SESSIONS; i++) {
		if (stage->open[i] == consumer)
			return &stage->open[i];
	}
	return NULL;
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
	struct consumer **open = session_find_open(stage, NULL);
	session->stage = stage;
	assert_non_null(open);
	assert_int_equal(consumer_open(stage->fanout, &options, &session->consumer), CH_OK);
	*open = session->consumer;
}

void session_close(struct session *session)
{
	*session_find_open(session->stage, session->consumer) = NULL;
	consumer_close(session->consumer);
	free(session->got);
	*session = (struct session){.topics = session->topics};
}

/* ---- What is said ---- */

struct subscribe wish_named(const char *name, uint32_t handle)
{
	return (struct subscribe){
		.handle = handle,
		.name = slice_text(name),
		.start.from = FROM_EARLIEST,
		.credit = 1000,
	};
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

void session_attach(struct session *session, struct stage *stage, const struct subscribe *wish)
{
	session_open(session, stage, "p", false);
	assert_int_equal(session_subscribe(session, wish), CH_OK);
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
