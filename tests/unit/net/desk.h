/* A hub that answers every message with "re:" and the message, and those who talk to it: what the tests of
 * the endpoint begin with. */
#ifndef UNIT_NET_DESK_H
#define UNIT_NET_DESK_H

#include "unit/net/gate.h"

#define PRODUCER "roles = producer\nsources = *\ntypes = >\n"

/* A hub that answers every message with "re:" and the message, and remembers what happened. */
struct desk {
	struct gate gate;
	struct curve_pair pos;
	struct curve_pair web;
	struct endpoint *endpoint;
	struct connection *newest;
	char last_peer[65];
	char last_bytes[65];
	int messages;
	int opened;
	int closed;
	int malformed;
	int writable;
	int refused_sends;
	bool quiet;        /* do not answer */
	int64_t owed;      /* answers that a full queue has kept back */
	uint64_t answered; /* numbered answers */
};

GATE_UNUSED static void desk_message(
	void *context, struct connection *connection, struct message *message)
{
	struct desk *desk = context;
	struct buffer answer = {0};
	desk->messages++;
	desk->newest = connection;
	(void)snprintf(
		desk->last_peer, sizeof(desk->last_peer), "%s", connection_peer(connection)->name);
	(void)snprintf(desk->last_bytes, sizeof(desk->last_bytes), "%.*s",
		message->bytes.len < 60 ? (int)message->bytes.len : 60,
		(const char *)message->bytes.data);
	if (connection_user(connection) == NULL) {
		desk->opened++;
		connection_set_user(connection, desk);
	}
	if (!desk->quiet) {
		buffer_append_text(&answer, "re:");
		buffer_append_slice(&answer, message->bytes);
		if (endpoint_send_buffer(desk->endpoint, connection, &answer) != CH_OK)
			desk->refused_sends++;
		else
			assert_null(answer.data); /* ZeroMQ's now */
	}
	buffer_fini(&answer);
	message_free(message);
}

GATE_UNUSED static void desk_malformed(
	void *context, struct connection *connection, enum ch_status reason)
{
	struct desk *desk = context;
	(void)connection;
	assert_int_equal(reason, CH_FORMAT);
	desk->malformed++;
}

GATE_UNUSED static void desk_writable(void *context, struct connection *connection)
{
	struct desk *desk = context;
	(void)connection;
	desk->writable++;
}

GATE_UNUSED static void desk_closed(void *context, struct connection *connection)
{
	struct desk *desk = context;
	desk->closed++;
	if (desk->newest == connection)
		desk->newest = NULL;
}

GATE_UNUSED static const struct endpoint_options desk_options = {
	.listener =
		{
			.address = "tcp://127.0.0.1:*",
			.receive_messages = 64,
			.send_messages = 64,
			.message_bytes = LIMIT_FRAME_BYTES,
			.heartbeat_ms = 1000,
			.handshake_ms = 2000,
			.linger_ms = 1000,
		},
	.connections_max = 100,
};

GATE_UNUSED static void desk_open_with(struct desk *desk, const struct endpoint_options *options,
	const struct endpoint_events *events)
{
	gate_init(&desk->gate);
	curve_generate(&desk->pos);
	curve_generate(&desk->web);
	gate_peer(&desk->gate, "pos", &desk->pos.public_key, PRODUCER);
	gate_peer(&desk->gate, "web", &desk->web.public_key, PRODUCER);
	gate_open(&desk->gate);
	assert_int_equal(
		endpoint_open(desk->gate.loop, desk->gate.zap, options, events, &desk->endpoint),
		CH_OK);
}

GATE_UNUSED static void desk_open(struct desk *desk, const struct endpoint_options *options)
{
	const struct endpoint_events events = {
		.message = desk_message,
		.malformed = desk_malformed,
		.writable = desk_writable,
		.closed = desk_closed,
		.context = desk,
	};
	*desk = (struct desk){0};
	desk_open_with(desk, options, &events);
}

GATE_UNUSED static void desk_close(struct desk *desk)
{
	endpoint_close(desk->endpoint);
	gate_close(&desk->gate);
}

GATE_UNUSED static void *desk_client(struct desk *desk, const struct curve_pair *key)
{
	return gate_connect(&desk->gate, ZMQ_DEALER, key, endpoint_address(desk->endpoint));
}

/* What a condition waits for: a counter to reach a value. */
struct wish {
	const int *counter;
	int value;
};

GATE_UNUSED static bool wish_granted(void *context)
{
	const struct wish *wish = context;
	return *wish->counter >= wish->value;
}

GATE_UNUSED static void await(struct desk *desk, const int *counter, int value)
{
	struct wish wish = {counter, value};
	if (!loop_until(desk->gate.loop, wish_granted, &wish, 10000))
		fail_msg("the counter is %d, not %d", *counter, value);
}

GATE_UNUSED static void say(void *client, const char *text)
{
	assert_int_equal(zmq_send(client, text, strlen(text), 0), (int)strlen(text));
}

/* The answer, which must come while the loop turns. */
GATE_UNUSED static void hear(struct desk *desk, void *client, const char *expected)
{
	char text[128] = "";
	int len = -1;
	for (int i = 0; i < 2000 && len < 0; i++) {
		len = zmq_recv(client, text, sizeof(text) - 1, ZMQ_DONTWAIT);
		if (len < 0)
			gate_turn(&desk->gate, 2);
	}
	assert_true(len >= 0);
	text[len] = 0;
	assert_string_equal(text, expected);
}

#endif
