#include <stdio.h>

#include "base/clock.h"
#include "kit/fakehub/fake_inside.h"
#include "wire/request.h"

void fake_session_refuse(struct fake_hub *hub, struct fake_connection *to, enum frame_kind kind,
	enum ch_status reason, const char *detail, bool fatal, uint64_t about)
{
	refused_encode(
		&(struct refused){reason, slice_text(detail), kind, fatal, about}, &hub->out);
	fake_line_send(hub, to);
}

/* ---- Connections ---- */

void fake_session_disconnect(struct fake_hub *hub, struct fake_connection *connection)
{
	for (int i = 0; i < FAKE_SUBSCRIPTIONS; i++) {
		struct fake_subscription *subscription = &hub->subscriptions[i];
		if (subscription->used && &hub->connections[subscription->connection] == connection)
			fake_reader_leave(hub, subscription);
	}
	buffer_fini(&connection->pending);
	uint32_t place = hub->gone_count++ % FAKE_GONE;
	memcpy(hub->gone[place].id, connection->id, connection->id_len);
	hub->gone[place].id_len = connection->id_len;
	*connection = (struct fake_connection){0};
}

static bool fake_session_is_gone(const struct fake_hub *hub, struct slice id)
{
	for (uint32_t i = 0; i < FAKE_GONE && i < hub->gone_count; i++) {
		if (slice_equal(slice_of(hub->gone[i].id, hub->gone[i].id_len), id))
			return true;
	}
	return false;
}

static struct fake_connection *fake_session_of(struct fake_hub *hub, struct slice id)
{
	struct fake_connection *free_one = NULL;
	for (int i = 0; i < FAKE_CONNECTIONS; i++) {
		struct fake_connection *connection = &hub->connections[i];
		if (connection->used &&
			slice_equal(slice_of(connection->id, connection->id_len), id))
			return connection;
		if (!connection->used && free_one == NULL)
			free_one = connection;
	}
	if (free_one == NULL) {
		free_one = &hub->connections[0];
		fake_session_disconnect(hub, free_one);
	}
	free_one->used = true;
	memcpy(free_one->id, id.data, id.len);
	free_one->id_len = id.len;
	return free_one;
}

/* ---- Hello ---- */

static bool fake_session_knows(const struct fake_hub *hub, struct slice token)
{
	for (uint32_t i = 0; i < hub->token_count && i < FAKE_TOKENS; i++) {
		if (slice_equal(slice_of(hub->tokens[i], SESSION_TOKEN_BYTES), token))
			return true;
	}
	return false;
}

static void fake_session_close_older(
	struct fake_hub *hub, const struct fake_connection *from, struct slice token)
{
	for (int i = 0; i < FAKE_CONNECTIONS; i++) {
		struct fake_connection *older = &hub->connections[i];
		if (older->used && older != from &&
			slice_equal(slice_of(older->token, SESSION_TOKEN_BYTES), token))
			fake_session_disconnect(hub, older);
	}
}

/* The token of an older connection, which ends, or a new one. */
static bool fake_session_resume(
	struct fake_hub *hub, struct fake_connection *from, struct slice token)
{
	if (token.len > 0 && fake_session_knows(hub, token)) {
		fake_bump(hub, FAKE_RESUMES, 1);
		fake_session_close_older(hub, from, token);
		memcpy(from->token, token.data, SESSION_TOKEN_BYTES);
		return true;
	}
	uint32_t place = hub->token_count++ % FAKE_TOKENS;
	/* Another life of the hub knows none of the tokens of this one. */
	(void)snprintf((char *)from->token, SESSION_TOKEN_BYTES, "%u.%llu", hub->token_count,
		(unsigned long long)(hub->counters[FAKE_HELLOS] % 100000));
	memcpy(hub->tokens[place], from->token, SESSION_TOKEN_BYTES);
	return false;
}

static void fake_session_hello(
	struct fake_hub *hub, struct fake_connection *from, struct slice body)
{
	struct hello hello;
	const char *field;
	struct welcome *welcome = &hub->welcome;
	fake_bump(hub, FAKE_HELLOS, 1);
	if (hello_parse(body, &hello, &field) != CH_OK || from->greeted) {
		fake_violate(hub, "a bad hello");
		return;
	}
	*welcome = (struct welcome){.version = 1,
		.resumed = fake_session_resume(hub, from, hello.session),
		.session = slice_of(from->token, SESSION_TOKEN_BYTES),
		.incarnation = hub->incarnation,
		.head = hub->head,
		.credit = hub->credit,
		.heartbeat_ms = hub->heartbeat_ms,
		.limits = {LIMIT_EVENT_BYTES, LIMIT_FRAME_BYTES, hub->events_per_frame,
			LIMIT_ID_BYTES},
		.peer = SLICE_LITERAL("tester"),
		.time_us = clock_wall_us() + fake_now_us(hub) - clock_steady_us()};
	for (uint32_t i = 0; i < hello.source_count; i++) {
		struct checkpoint *place = &welcome->checkpoints[welcome->checkpoint_count];
		welcome->checkpoint_count +=
			fake_memory_checkpoint(hub, hello.sources[i], place) ? 1 : 0;
	}
	from->greeted = true;
	welcome_encode(welcome, &hub->out);
	fake_line_send(hub, from);
}

/* ---- Signs of life ---- */

static void fake_session_ping(struct fake_hub *hub, struct fake_connection *from, struct slice body)
{
	struct pong pong = {.head = hub->head};
	if (ping_parse(body, &pong.token) != CH_OK)
		fake_violate(hub, "a bad ping");
	pong_encode(&pong, &hub->out);
	fake_line_send(hub, from);
	fake_bump(hub, FAKE_PINGS, 1);
}

void fake_session_tend(struct fake_hub *hub)
{
	int64_t now_us = fake_now_us(hub);
	int64_t silence_us = (int64_t)hub->heartbeat_ms * 1000;
	for (int i = 0; i < FAKE_CONNECTIONS; i++) {
		struct fake_connection *connection = &hub->connections[i];
		if (!connection->used || !connection->greeted)
			continue;
		if (connection->pinged_us != 0 &&
			now_us - connection->pinged_us >= 2 * silence_us) {
			fake_bump(hub, FAKE_LOST, 1);
			fake_session_disconnect(hub, connection);
		} else if (connection->pinged_us == 0 &&
			   now_us - connection->heard_us >= silence_us) {
			connection->pinged_us = now_us;
			ping_encode((uint64_t)i + 1, &hub->out);
			fake_line_send(hub, connection);
		}
	}
}

/* ---- Requests ---- */

/* "echo" gives the body back, "echo.N" gives it N times, "fail" a status, anything else nothing. */
static void fake_session_request(
	struct fake_hub *hub, struct fake_connection *from, struct slice body)
{
	struct request request;
	if (request_parse(body, &request) != CH_OK) {
		fake_violate(hub, "a bad request");
		return;
	}
	if (slice_equal(request.operation, SLICE_LITERAL("fail"))) {
		reply_encode(&(struct reply){.request = request.request,
				     .status = CH_NOT_FOUND,
				     .detail = SLICE_LITERAL("no such customer")},
			&hub->out);
		fake_line_send(hub, from);
	} else if (slice_starts(request.operation, SLICE_LITERAL("echo"))) {
		unsigned times = request.operation.len > 5
					 ? (unsigned)(request.operation.data[5] - '0')
					 : 1u;
		for (unsigned i = 0; i < times; i++) {
			reply_encode(&(struct reply){.request = request.request,
					     .body = request.body,
					     .more = i + 1 < times},
				&hub->out);
			fake_line_send(hub, from);
		}
	}
	fake_bump(hub, FAKE_REQUESTS, 1);
}

/* ---- Messages ---- */

/* What a refusal of it is about. */
static uint64_t fake_session_about(struct fake_hub *hub, enum frame_kind kind, struct slice body)
{
	struct subscribe wish;
	struct request request;
	const char *field;
	if (kind == FRAME_SUBSCRIBE && subscribe_parse(body, &wish, &field) == CH_OK)
		return wish.handle;
	if (kind == FRAME_PUBLISH && publish_parse(body, &hub->publish) == CH_OK)
		return hub->publish.frame;
	if (kind == FRAME_REQUEST && request_parse(body, &request) == CH_OK)
		return request.request;
	return 0;
}

static void fake_session_pong(struct fake_hub *hub, struct fake_connection *from, struct slice body)
{
	struct pong pong;
	(void)from;
	if (pong_parse(body, &pong) != CH_OK)
		fake_violate(hub, "a bad pong");
	fake_bump(hub, FAKE_PONGS, 1);
}

static void fake_session_bye(struct fake_hub *hub, struct fake_connection *from, struct slice body)
{
	(void)body;
	fake_bump(hub, FAKE_BYES, 1);
	fake_session_disconnect(hub, from);
}

static const struct {
	enum frame_kind kind;
	void (*take)(struct fake_hub *hub, struct fake_connection *from, struct slice body);
} fake_kinds[] = {
	{FRAME_HELLO, fake_session_hello},
	{FRAME_PUBLISH, fake_intake_take},
	{FRAME_SUBSCRIBE, fake_reader_subscribe},
	{FRAME_ACK, fake_reader_ack},
	{FRAME_GRANT, fake_reader_grant},
	{FRAME_DETACH, fake_reader_detach},
	{FRAME_REQUEST, fake_session_request},
	{FRAME_PING, fake_session_ping},
	{FRAME_PONG, fake_session_pong},
	{FRAME_BYE, fake_session_bye},
};

void fake_session_take(struct fake_hub *hub, struct slice id, struct slice message)
{
	enum frame_kind kind;
	struct slice body;
	if (fake_session_is_gone(hub, id))
		return;
	struct fake_connection *from = fake_session_of(hub, id);
	from->heard_us = fake_now_us(hub);
	from->pinged_us = 0;
	if (frame_parse(message, &kind, &body) != CH_OK) {
		fake_violate(hub, "no frame");
		return;
	}
	if (hub->refuse_kind == (int)kind) {
		hub->refuse_kind = 0;
		if (kind == FRAME_HELLO)
			fake_bump(hub, FAKE_HELLOS, 1);
		fake_session_refuse(hub, from, kind, hub->refuse_reason, "as the test wished",
			hub->refuse_fatal, fake_session_about(hub, kind, body));
		return;
	}
	if (!from->greeted && kind != FRAME_HELLO)
		fake_violate(hub, "something before hello");
	for (size_t i = 0; i < sizeof(fake_kinds) / sizeof(fake_kinds[0]); i++) {
		if (fake_kinds[i].kind == kind) {
			fake_kinds[i].take(hub, from, body);
			return;
		}
	}
	fake_violate(hub, "a kind that no client sends");
}
