#include "client/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "client/attachment.h"
#include "client/connection.h"
#include "client/intake.h"
#include "client/request.h"
#include "client/teller.h"

/* Messages handled before the other duties get their turn. */
#define RECEIVE_AT_ONCE 64
#define PUBLISH_AT_ONCE 16

/* Rounds of receiving by which all is heard that had come: twice what the socket holds. */
#define HEAR_AT_ONCE 32

/* What a goodbye may take to leave. */
#define BYE_LINGER_MS 300

/* How often a hub is looked at, at the least, in the time that it has for its welcome. */
#define GREETING_LOOKS 8

enum ch_status session_init(struct session *session)
{
	*session = (struct session){.random = hash_seed() | 1};
	vigil_begin(&session->vigil, SESSION_HEARTBEAT_MS * INT64_C(1000), clock_up_us());
	return link_init(&session->link);
}

void session_fini(struct session *session)
{
	link_fini(&session->link);
	buffer_fini(&session->frame);
	free(session->subscriptions);
}

void session_send(struct ch_connection *connection)
{
	struct session *session = &connection->session;
	enum ch_status status = session->frame.status;
	if (status == CH_OK)
		status = link_send(
			&session->link, buffer_slice(&session->frame), (struct slice){NULL, 0});
	if (status == CH_OK) {
		connection->frames_sent++;
		connection->bytes_sent += session->frame.len;
	} else if (session->broken == CH_OK) {
		session->broken = status;
	}
	buffer_clear(&session->frame);
}

/* ---- Trying and giving up ---- */

static uint64_t session_random(struct session *session)
{
	session->random ^= session->random << 13; /* xorshift: enough for spreading out */
	session->random ^= session->random >> 7;
	session->random ^= session->random << 17;
	return session->random;
}

static void session_schedule(struct ch_connection *connection, int64_t now_us)
{
	struct session *session = &connection->session;
	const struct ch_options *options = connection->options;
	if (session->back_off_ms == 0)
		session->back_off_ms = options->reconnect_first_ms;
	uint64_t half_us = (uint64_t)session->back_off_ms * 500;
	session->next_try_us =
		now_us + (int64_t)(half_us + session_random(session) % (half_us + 1));
	session->back_off_ms *= 2;
	if (session->back_off_ms > options->reconnect_longest_ms)
		session->back_off_ms = options->reconnect_longest_ms;
}

/* Events go back to be sent again, subscriptions and questions hear of it, the socket is thrown away. */
static void session_let_go(struct ch_connection *connection, int linger_ms, const char *why)
{
	(void)snprintf(connection->session.lost, sizeof(connection->session.lost), "%s", why);
	window_close(&connection->window);
	attachment_lost(connection);
	request_lost(connection);
	link_close(&connection->session.link, linger_ms);
}

void session_break(struct ch_connection *connection, enum ch_status why, const char *detail)
{
	struct session *session = &connection->session;
	bool first_try = !connection->welcomed; /* only this thread sets it */
	if (session->state != SESSION_GREETING && session->state != SESSION_UP)
		return;
	session_let_go(connection, 0, detail);
	session->broken = CH_OK;
	/* Once, and the hub may just have been going; twice, and it has another key. */
	bool going = why == CH_RETRY && session->broken_off++ == 0;
	if (why == CH_RETRY)
		why = going ? CH_CLOSED : CH_DENIED;
	if (first_try && !going && !connection->options->lazy) {
		session->state = SESSION_OVER;
		connection_enter(connection, CH_FINISHED, why, detail);
		return;
	}
	session->state = SESSION_IDLE;
	session_schedule(connection, clock_steady_us());
	connection_enter(connection, CH_LOST, why, detail);
}

static void session_hello(struct ch_connection *connection)
{
	struct session *session = &connection->session;
	const struct ch_options *options = connection->options;
	struct hello hello = {.version = FRAME_VERSION,
		.agent = slice_text(options->agent),
		.session = slice_of(session->token, session->token_len),
		.source_count = options->source_count};
	for (uint32_t i = 0; i < options->source_count; i++)
		hello.sources[i] = slice_text(options->sources[i]);
	hello_encode(&hello, &session->frame);
	session_send(connection);
}

static void session_try(struct ch_connection *connection)
{
	struct session *session = &connection->session;
	session->state = SESSION_GREETING;
	int64_t timeout_us = connection->options->connect_timeout_ms * 1000;
	session->vigil.step_us = timeout_us / GREETING_LOOKS + 1;
	session->greeting_until_us = session->vigil.listened_us + timeout_us;
	connection_enter(connection, CH_CONNECTING, CH_OK, "");
	enum ch_status status = link_open(&session->link, connection->options);
	if (status != CH_OK) {
		session_break(connection, status,
			status == CH_INVALID ? "the endpoint cannot be used"
					     : "no socket can be made");
		return;
	}
	session_hello(connection);
}

/* ---- Hearing ---- */

static bool session_receive(struct ch_connection *connection)
{
	struct session *session = &connection->session;
	zmq_msg_t message;
	int i = 0;
	for (; i < RECEIVE_AT_ONCE && session->link.socket != NULL; i++) {
		(void)zmq_msg_init(&message); /* cannot fail */
		enum ch_status status = link_receive(&session->link, &message);
		if (status == CH_OK)
			intake_take(connection, &message);
		else if (status != CH_END)
			session_break(connection, status, "the hub sent several parts");
		(void)zmq_msg_close(&message);
		if (status == CH_END)
			break;
	}
	return i > 0;
}

void session_hear(struct ch_connection *connection)
{
	for (int i = 0; i < HEAR_AT_ONCE && session_receive(connection); i++)
		;
}

/* ---- Duties ---- */

static bool session_publish(struct ch_connection *connection, int64_t now_us)
{
	struct session *session = &connection->session;
	uint8_t room[OUTBOX_HEAD_BYTES];
	struct slice head;
	struct slice events;
	int i = 0;
	for (; i < PUBLISH_AT_ONCE &&
		window_next(&connection->window, now_us, room, &head, &events);
		i++) {
		enum ch_status status = link_send(&session->link, head, events);
		if (status != CH_OK) {
			session->broken = status;
			break;
		}
		connection->frames_sent++;
		connection->bytes_sent += head.len + events.len;
	}
	return i > 0;
}

static bool session_serve_commands(struct ch_connection *connection)
{
	struct mailbox_node *node = mailbox_take(&connection->commands);
	/* Acks that were given before a command count before it. */
	bool busy = teller_serve(connection) || node != NULL;
	while (node != NULL) {
		struct command *command = (struct command *)(void *)node;
		node = node->next;
		command->run(connection, command);
	}
	return busy;
}

static void session_keep_alive(struct ch_connection *connection)
{
	struct session *session = &connection->session;
	int64_t listened_us = session->vigil.listened_us;
	if (listened_us - session->heard_us >= 3 * session->heartbeat_us) {
		session_break(connection, CH_TIMEOUT, "the hub is silent");
		return;
	}
	if (listened_us - session->heard_us < session->heartbeat_us ||
		listened_us - session->pinged_us < session->heartbeat_us)
		return;
	session->pinged_us = listened_us;
	session->pinged_token = (uint64_t)clock_steady_us();
	ping_encode(session->pinged_token, &session->frame);
	session_send(connection);
}

/* What came before it broke is heard first: replies and receipts, or the hub's own word why. */
static void session_check_link(struct ch_connection *connection)
{
	struct session *session = &connection->session;
	const char *detail = "a send has failed";
	enum ch_status status = session->broken;
	if (status == CH_OK && session->link.socket != NULL)
		status = link_check(&session->link, &detail);
	if (status == CH_OK)
		return;
	session_hear(connection);
	session_break(connection, status, detail);
}

/* One round of everything; false: there was nothing to do. */
static bool session_step(struct ch_connection *connection)
{
	struct session *session = &connection->session;
	bool busy = session_serve_commands(connection);
	int64_t now_us = clock_steady_us();
	int64_t listened_us = vigil_look(&session->vigil, clock_up_us());
	if (session->state == SESSION_IDLE && now_us >= session->next_try_us)
		session_try(connection);
	busy |= session_receive(connection);
	session_check_link(connection);
	if (session->state == SESSION_GREETING && listened_us >= session->greeting_until_us)
		session_break(connection, CH_TIMEOUT, "the hub did not answer");
	if (session->state == SESSION_UP) {
		busy |= session_publish(connection, now_us);
		teller_pump(connection, now_us);
		session_keep_alive(connection);
	}
	return busy;
}

/* How long the hub may go on being silent before something is to be done about it. */
static int64_t session_patience_us(const struct session *session)
{
	int64_t listened_us = session->vigil.listened_us;
	int64_t patience_us = session->greeting_until_us - listened_us;
	if (session->state == SESSION_UP) {
		int64_t quiet_since = session->heard_us > session->pinged_us ? session->heard_us
									     : session->pinged_us;
		int64_t silent_us = session->heard_us + 3 * session->heartbeat_us;
		patience_us = quiet_since + session->heartbeat_us - listened_us;
		if (silent_us - listened_us < patience_us)
			patience_us = silent_us - listened_us;
	}
	return patience_us < session->vigil.step_us ? patience_us : session->vigil.step_us;
}

static int64_t session_due_us(struct ch_connection *connection, int64_t now_us)
{
	const struct session *session = &connection->session;
	if (session->state == SESSION_IDLE)
		return session->next_try_us;
	int64_t due_us = now_us + session_patience_us(session);
	if (session->state == SESSION_GREETING)
		return due_us;
	int64_t window_us = window_due_us(&connection->window, now_us);
	int64_t teller_us = teller_due_us(connection);
	if (window_us < due_us)
		due_us = window_us;
	return teller_us < due_us ? teller_us : due_us;
}

/* First say that we sleep, then look once more: see bell.h. */
static void session_sleep(struct ch_connection *connection)
{
	struct session *session = &connection->session;
	bell_sleep(&connection->bell);
	if (!session_serve_commands(connection)) {
		int64_t now_us = clock_steady_us();
		bool ready =
			session->state == SESSION_UP && window_ready(&connection->window, now_us);
		int64_t left_us = session_due_us(connection, now_us) - now_us;
		if (!ready && left_us > 0 && !session->stop && session->broken == CH_OK)
			link_wait(&session->link, connection->bell.fd, (left_us + 999) / 1000);
	}
	bell_awake(&connection->bell);
}

static void session_say_goodbye(struct ch_connection *connection)
{
	struct session *session = &connection->session;
	if (session->state == SESSION_UP) {
		teller_tell_all(connection);
		bye_encode(SLICE_LITERAL("closed"), &session->frame);
		session_send(connection);
	}
	session_let_go(connection, BYE_LINGER_MS, "closed");
	session->state = SESSION_OVER;
	connection_enter(connection, CH_FINISHED, CH_OK, "");
}

void session_run(struct ch_connection *connection)
{
	struct session *session = &connection->session;
	while (session->state != SESSION_OVER) {
		if (!session_step(connection) && session->state != SESSION_OVER)
			session_sleep(connection);
		if (session->stop && session->state != SESSION_OVER)
			session_say_goodbye(connection);
	}
	/* Nobody may be left waiting: what is posted from now on is refused, what was posted before
	 * finds the session over. */
	mailbox_close(&connection->commands);
	mailbox_close(&connection->answers);
	window_abandon(&connection->window, CH_CLOSED);
	(void)session_serve_commands(connection);
	attachment_end(connection);
	request_end(connection);
}
