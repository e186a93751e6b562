#include "daemon/bus.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/table.h"
#include "base/vigil.h"
#include "wire/frame.h"
#include "wire/pb.h"
#include "wire/session.h"

struct session {
	struct bus *bus;
	struct connection *connection;
	struct peer *peer;
	struct producer *producer;
	void *user;
	int64_t connected_us;
	int64_t heard_us;    /* when it last said anything */
	int64_t listened_us; /* the same in time listened: see bus.vigil */
	uint64_t number;
	uint8_t key[8]; /* number, as the table's key */
	uint8_t token[SESSION_TOKEN_BYTES];
	bool welcomed;
	bool pinged;
	char agent[LIMIT_NAME_BYTES + 1];
};

/* A token proves who a session belonged to, some time after its connection is gone. */
struct ticket {
	uint8_t token[SESSION_TOKEN_BYTES];
	char peer[LIMIT_NAME_BYTES + 1];
};

#define TICKETS 4096u

/* How often the bus is looked after: four times a beat, or as often as this. */
#define BUS_TICK_MS 200

/* One that comes late counts for so much, at most: see bus_listen. */
#define BUS_LATE_TICK_US 1000000

struct bus {
	struct bus_options options;
	/* Silence counts while the loop turns: what clients said while it did not has yet to be read. */
	struct vigil vigil;
	struct endpoint *endpoint;
	struct loop_timer *tick;
	int64_t tick_ms;
	struct table sessions;          /* number -> struct session */
	struct ticket tickets[TICKETS]; /* the newest take the place of the oldest */
	uint32_t ticket_next;
	struct metric *frames;
	struct metric *bad_frames;
};

/* ---- Sending ---- */

enum ch_status session_send(struct session *session, struct slice frame)
{
	return endpoint_send(session->bus->endpoint, session->connection, frame);
}

enum ch_status session_send_buffer(struct session *session, struct buffer *frame)
{
	if (frame->status != CH_OK)
		return frame->status;
	return endpoint_send_buffer(session->bus->endpoint, session->connection, frame);
}

/* Small answers that a client can do without, or asks for again. */
static void session_answer(struct session *session, struct buffer *frame)
{
	(void)session_send_buffer(session, frame);
	buffer_fini(frame);
}

void session_refuse(struct session *session, int kind, enum ch_status reason, const char *detail,
	uint64_t about, bool fatal)
{
	struct buffer frame = {0};
	struct refused refused = {
		.reason = reason,
		.detail = slice_text(detail),
		.kind = (enum frame_kind)kind,
		.fatal = fatal,
		.about = about,
	};
	metric_add(session->bus->bad_frames, 1);
	refused_encode(&refused, &frame);
	session_answer(session, &frame);
	if (fatal)
		connection_close(
			session->bus->endpoint, session->connection, ch_status_name(reason));
}

/* ---- HELLO ---- */

/* The peer's own window where its file has one. */
static uint32_t bus_credit(const struct bus *bus, const struct peer *peer)
{
	return (uint32_t)(peer->window > 0 ? peer->window : bus->options.settings->bus_credit);
}

static bool bus_resume(struct bus *bus, struct session *session, struct slice token)
{
	if (token.len != SESSION_TOKEN_BYTES)
		return false;
	for (uint32_t i = 0; i < TICKETS; i++) {
		const struct ticket *ticket = &bus->tickets[i];
		if (sodium_memcmp(ticket->token, token.data, SESSION_TOKEN_BYTES) == 0 &&
			strcmp(ticket->peer, session->peer->name) == 0) {
			memcpy(session->token, token.data, SESSION_TOKEN_BYTES);
			return true;
		}
	}
	return false;
}

/* Who comes back with its token is not behind its older connection any more, whatever that one's network
 * believes: its subscriptions become free now, not when it has been silent for long enough. */
static void bus_replace(struct bus *bus, const struct session *session)
{
	size_t at = 0;
	struct session *older;
	while ((older = table_next(&bus->sessions, &at)) != NULL) {
		if (older != session && older->welcomed &&
			sodium_memcmp(older->token, session->token, sizeof(older->token)) == 0)
			connection_close(bus->endpoint, older->connection, "replaced");
	}
}

static void bus_issue(struct bus *bus, struct session *session)
{
	struct ticket *ticket = &bus->tickets[bus->ticket_next++ % TICKETS];
	randombytes_buf(session->token, sizeof(session->token));
	memcpy(ticket->token, session->token, sizeof(ticket->token));
	(void)snprintf(
		ticket->peer, sizeof(ticket->peer), "%s", session->peer->name); /* same bound */
}

/* One buffer holds all checkpoints; slices are made when it no longer moves. */
static void bus_checkpoints(struct bus *bus, const struct session *session,
	const struct hello *hello, struct buffer *bytes, struct welcome *welcome)
{
	size_t ends[LIMIT_CHECKPOINTS_PER_HELLO + 1] = {0};
	const struct bus_handlers *handlers = &bus->options.handlers;
	for (uint32_t i = 0; i < hello->source_count && handlers->checkpoint != NULL; i++) {
		struct checkpoint *checkpoint = &welcome->checkpoints[welcome->checkpoint_count];
		if (!peer_may_be(session->peer, hello->sources[i]) ||
			!handlers->checkpoint(
				handlers->context, hello->sources[i], bytes, &checkpoint->sequence))
			continue;
		checkpoint->source = hello->sources[i];
		ends[++welcome->checkpoint_count] = bytes->len;
	}
	for (uint32_t i = 0; i < welcome->checkpoint_count; i++)
		welcome->checkpoints[i].checkpoint =
			slice_sub(buffer_slice(bytes), ends[i], ends[i + 1] - ends[i]);
}

static void bus_hello(struct bus *bus, struct session *session, struct slice body)
{
	static struct hello hello; /* large, and the loop thread's alone */
	static struct welcome welcome;
	struct buffer checkpoints = {0};
	struct buffer frame = {0};
	const char *field = "";
	enum ch_status status = hello_parse(body, &hello, &field);
	if (status != CH_OK) {
		session_refuse(session, FRAME_HELLO, status, field, 0, true);
		return;
	}
	if (hello.version < FRAME_VERSION) {
		session_refuse(
			session, FRAME_HELLO, CH_VERSION, "the hub speaks version 1", 0, true);
		return;
	}
	size_t len = hello.agent.len < LIMIT_NAME_BYTES ? hello.agent.len : LIMIT_NAME_BYTES;
	if (len > 0)
		memcpy(session->agent, hello.agent.data, len);
	session->agent[len] = 0;
	welcome = (struct welcome){
		.version = FRAME_VERSION,
		.incarnation = journal_incarnation(bus->options.journal),
		.head = journal_head(bus->options.journal),
		.credit = bus_credit(bus, session->peer),
		.heartbeat_ms = (uint32_t)bus->options.settings->bus_heartbeat_ms,
		.limits = {LIMIT_EVENT_BYTES, LIMIT_FRAME_BYTES, LIMIT_EVENTS_PER_FRAME,
			LIMIT_ID_BYTES},
		.peer = slice_text(session->peer->name),
		.time_us = clock_wall_us(),
	};
	welcome.resumed = bus_resume(bus, session, hello.session);
	if (welcome.resumed)
		bus_replace(bus, session);
	else
		bus_issue(bus, session);
	welcome.session = slice_of(session->token, sizeof(session->token));
	if (session->producer != NULL)
		welcome.credit = producer_credit(session->producer);
	bus_checkpoints(bus, session, &hello, &checkpoints, &welcome);
	session->welcomed = true;
	welcome_encode(&welcome, &frame);
	session_answer(session, &frame);
	buffer_fini(&checkpoints);
}

/* ---- PUBLISH ---- */

/* Rights as they are now: a reload may have changed them. */
static bool bus_may_publish(void *context, struct slice source, struct slice type)
{
	const struct session *session = context;
	return peer_may_publish(session->peer, source, type);
}

static bool bus_may_be(void *context, struct slice source)
{
	const struct session *session = context;
	return peer_may_be(session->peer, source);
}

static bool bus_send_receipts(void *context, struct slice frame)
{
	/* A connection that is going takes nothing more: its client asks again. */
	return session_send(context, frame) != CH_FULL;
}

static enum ch_status bus_producer(struct bus *bus, struct session *session)
{
	const struct peer *peer = session->peer;
	struct producer_options options = {
		.rights = {bus_may_publish, bus_may_be, session, slice_text(peer->name)},
		.send = bus_send_receipts,
		.context = session,
		.credit = bus_credit(bus, peer),
	};
	if (!peer_may(peer, PEER_PRODUCER))
		return CH_DENIED;
	return producer_open(bus->options.ingest, &options, &session->producer);
}

static void bus_release(void *owner)
{
	message_free(owner);
}

/* What a refusal of a PUBLISH is about: its frame number, 0 when even that cannot be read. */
static uint64_t bus_frame_number(struct slice body)
{
	struct pb_reader reader = pb_read(body);
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		if (field.number == 1 && field.wire == PB_VARINT)
			return field.integer;
	}
	return 0;
}

static void bus_publish(
	struct bus *bus, struct session *session, struct message *message, struct slice body)
{
	uint64_t number = bus_frame_number(body); /* before the bytes are handed on */
	enum ch_status status = session->producer != NULL ? CH_OK : bus_producer(bus, session);
	if (status != CH_OK) {
		message_free(message);
		session_refuse(session, FRAME_PUBLISH, status,
			status == CH_DENIED ? "the peer is no producer" : "memory ran out", number,
			false);
		return;
	}
	struct producer_frame frame = {.body = body, .release = bus_release, .owner = message};
	status = producer_publish(session->producer, &frame);
	if (status == CH_FULL)
		session_refuse(
			session, FRAME_PUBLISH, status, "far beyond the credit", number, true);
	else if (status != CH_OK)
		session_refuse(session, FRAME_PUBLISH, status,
			status == CH_TOO_LARGE ? "too many events in a frame"
			: status == CH_NOMEM   ? "memory ran out"
					       : "the frame cannot be read",
			number, false);
}

/* ---- Dispatch ---- */

static void bus_ping(struct bus *bus, struct session *session, struct slice body)
{
	struct buffer frame = {0};
	struct pong pong = {.head = journal_head(bus->options.journal)};
	if (ping_parse(body, &pong.token) != CH_OK) {
		session_refuse(session, FRAME_PING, CH_FORMAT, "", 0, false);
		return;
	}
	pong_encode(&pong, &frame);
	session_answer(session, &frame);
}

static void bus_dispatch(struct bus *bus, struct session *session, int kind,
	struct message *message, struct slice body)
{
	const struct bus_handlers *handlers = &bus->options.handlers;
	switch (kind) {
	case FRAME_PUBLISH:
		bus_publish(bus, session, message, body);
		return;
	case FRAME_SUBSCRIBE:
	case FRAME_GRANT:
	case FRAME_ACK:
	case FRAME_DETACH:
		if (handlers->consume != NULL) {
			handlers->consume(handlers->context, session, kind, message, body);
			return;
		}
		session_refuse(session, kind, CH_UNSUPPORTED, "", 0, false);
		break;
	case FRAME_REQUEST:
		if (handlers->request != NULL) {
			handlers->request(handlers->context, session, message, body);
			return;
		}
		session_refuse(session, kind, CH_UNSUPPORTED, "", 0, false);
		break;
	case FRAME_PING:
		bus_ping(bus, session, body);
		break;
	case FRAME_PONG:
		break;
	case FRAME_BYE:
		connection_close(bus->endpoint, session->connection, "bye");
		break;
	default:
		session_refuse(session, kind, CH_UNSUPPORTED, "no such kind of message", 0, false);
		break;
	}
	message_free(message);
}

static struct session *bus_session(struct bus *bus, struct connection *connection)
{
	struct session *session = connection_user(connection);
	if (session != NULL)
		return session;
	session = calloc(1, sizeof(*session));
	if (session == NULL)
		return NULL;
	session->bus = bus;
	session->connection = connection;
	session->peer = peer_ref(connection_peer(connection));
	session->number = connection_number(connection);
	memcpy(session->key, &session->number, sizeof(session->key));
	session->listened_us = bus->vigil.listened_us;
	session->connected_us = clock_wall_us();
	if (table_put(&bus->sessions, slice_of(session->key, sizeof(session->key)), session) !=
		CH_OK) {
		peer_unref(session->peer);
		free(session);
		return NULL;
	}
	connection_set_user(connection, session);
	return session;
}

static void bus_message(void *context, struct connection *connection, struct message *message)
{
	struct bus *bus = context;
	enum frame_kind kind;
	struct slice body;
	struct session *session = bus_session(bus, connection);
	if (session == NULL) {
		message_free(message);
		connection_close(bus->endpoint, connection, "no_memory");
		return;
	}
	metric_add(bus->frames, 1);
	session->heard_us = loop_now_us(bus->options.loop);
	session->listened_us = bus->vigil.listened_us;
	session->pinged = false;
	enum ch_status status = frame_parse(message->bytes, &kind, &body);
	if (status != CH_OK) {
		message_free(message);
		session_refuse(session, 0, status,
			status == CH_VERSION ? "the hub speaks version 1"
					     : "not a message of the bus",
			0, true);
	} else if (kind == FRAME_HELLO) {
		bus_hello(bus, session, body);
		message_free(message);
	} else if (!session->welcomed) {
		message_free(message);
		session_refuse(session, (int)kind, CH_INVALID, "say HELLO first", 0, true);
	} else {
		bus_dispatch(bus, session, (int)kind, message, body);
	}
}

static void bus_malformed(void *context, struct connection *connection, enum ch_status reason)
{
	struct bus *bus = context;
	(void)connection;
	(void)reason; /* the endpoint's metrics tell which */
	metric_add(bus->bad_frames, 1);
}

static void bus_closed(void *context, struct connection *connection)
{
	struct bus *bus = context;
	struct session *session = connection_user(connection);
	if (session == NULL)
		return;
	if (bus->options.handlers.closed != NULL)
		bus->options.handlers.closed(bus->options.handlers.context, session);
	producer_close(session->producer);
	(void)table_remove(&bus->sessions, slice_of(session->key, sizeof(session->key)));
	peer_unref(session->peer);
	free(session);
}

static void bus_writable(void *context, struct connection *connection)
{
	struct bus *bus = context;
	struct session *session = connection_user(connection);
	if (session == NULL)
		return;
	if (session->producer != NULL)
		producer_writable(session->producer);
	if (bus->options.handlers.writable != NULL)
		bus->options.handlers.writable(bus->options.handlers.context, session);
}

/* The burst is over: now it is known whether the load is low. */
static void bus_turned(void *context)
{
	struct bus *bus = context;
	ingest_flush(bus->options.ingest);
}

/* ---- Silence ---- */

/* Timers run before what has come is read, so a late tick judges unread sessions: it must not take them
 * over the bound.  Ticks follow the beat, or the short ones would all be late and silence noticed after many
 * beats.  It may change at a reload. */
static void bus_listen(struct bus *bus)
{
	int64_t half_us = bus->options.settings->bus_heartbeat_ms * 500;
	bus->vigil.step_us = half_us < BUS_LATE_TICK_US ? half_us : BUS_LATE_TICK_US;
	int64_t tick_ms = vigil_pace_us(&bus->vigil) / 1000;
	if (tick_ms > BUS_TICK_MS)
		tick_ms = BUS_TICK_MS;
	if (tick_ms != bus->tick_ms)
		loop_timer_start(bus->tick, tick_ms, tick_ms);
	bus->tick_ms = tick_ms;
}

static void bus_check_silence(struct bus *bus)
{
	int64_t now_us = clock_steady_us();
	int64_t beat_us = bus->options.settings->bus_heartbeat_ms * 1000;
	int64_t listened_us = vigil_look(&bus->vigil, now_us);
	size_t at = 0;
	struct session *session;
	while ((session = table_next(&bus->sessions, &at)) != NULL) {
		int64_t silent_us = listened_us - session->listened_us;
		struct buffer frame = {0};
		if (silent_us > 3 * beat_us) {
			connection_close(bus->endpoint, session->connection, "silent");
		} else if (silent_us > beat_us && !session->pinged && session->welcomed) {
			session->pinged = true;
			ping_encode((uint64_t)now_us, &frame);
			session_answer(session, &frame);
		}
	}
}

static void bus_tick(void *context)
{
	struct bus *bus = context;
	ingest_tick(bus->options.ingest);
	bus_listen(bus);
	bus_check_silence(bus);
}

/* ---- Life ---- */

enum ch_status bus_open(const struct bus_options *options, struct bus **out_bus)
{
	const struct daemon_settings *settings = options->settings;
	struct bus *bus = calloc(1, sizeof(*bus));
	if (bus == NULL)
		return CH_NOMEM;
	bus->options = *options;
	table_init(&bus->sessions);
	vigil_begin(&bus->vigil, BUS_LATE_TICK_US, clock_steady_us());
	bus->frames = metric_counter(
		options->metrics, "carehub_bus_frames", "Messages received from clients.", NULL);
	bus->bad_frames = metric_counter(options->metrics, "carehub_bus_refused_frames",
		"Messages refused as a whole.", NULL);
	struct endpoint_options endpoint = {
		.listener =
			{
				.address = settings->bus_listen,
				.receive_messages = LIMIT_UNREAD_MESSAGES,
				.send_messages = 1000,
				.message_bytes = LIMIT_FRAME_BYTES,
				.handshake_ms = 10000,
				.linger_ms = 1000,
			},
		.connections_max = settings->bus_connections,
		.silent_ms = settings->bus_heartbeat_ms * 4,
	};
	struct endpoint_events events = {
		.message = bus_message,
		.malformed = bus_malformed,
		.writable = bus_writable,
		.closed = bus_closed,
		.turned = bus_turned,
		.context = bus,
	};
	enum ch_status status =
		endpoint_open(options->loop, options->zap, &endpoint, &events, &bus->endpoint);
	if (status == CH_OK)
		status = loop_timer_create(options->loop, bus_tick, bus, &bus->tick);
	if (status == CH_OK) {
		bus_listen(bus);
		*out_bus = bus;
		bus = NULL;
	}
	bus_close(bus);
	return status;
}

void bus_close(struct bus *bus)
{
	if (bus == NULL)
		return;
	if (bus->tick != NULL)
		loop_timer_free(bus->tick);
	if (bus->endpoint != NULL)
		endpoint_close(bus->endpoint);
	table_fini(&bus->sessions);
	free(bus);
}

const char *bus_address(const struct bus *bus)
{
	return endpoint_address(bus->endpoint);
}

size_t bus_sessions(const struct bus *bus)
{
	return bus->sessions.count;
}

void bus_recheck(struct bus *bus)
{
	size_t at = 0;
	struct session *session;
	endpoint_recheck(bus->endpoint);
	while ((session = table_next(&bus->sessions, &at)) != NULL) {
		struct peer *peer = peer_ref(connection_peer(session->connection));
		peer_unref(session->peer);
		session->peer = peer;
	}
}

/* ---- What others ask of a session ---- */

uint64_t session_number(const struct session *session)
{
	return session->number;
}

struct peer *session_peer(const struct session *session)
{
	return session->peer;
}

struct slice session_agent(const struct session *session)
{
	return slice_text(session->agent);
}

void *session_user(const struct session *session)
{
	return session->user;
}

void session_set_user(struct session *session, void *user)
{
	session->user = user;
}

struct session *session_find(struct bus *bus, uint64_t number)
{
	return table_get(&bus->sessions, slice_of(&number, sizeof(number)));
}

struct session *session_next(const struct bus *bus, size_t *at)
{
	return table_next(&bus->sessions, at);
}

int64_t session_connected_us(const struct session *session)
{
	return session->connected_us;
}

int64_t session_heard_us(const struct session *session)
{
	return clock_wall_us() - (clock_steady_us() - session->heard_us);
}

struct producer *session_producer(const struct session *session)
{
	return session->producer;
}
