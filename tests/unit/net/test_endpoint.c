#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

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

static void desk_message(void *context, struct connection *connection, struct message *message)
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

static void desk_malformed(void *context, struct connection *connection, enum ch_status reason)
{
	struct desk *desk = context;
	(void)connection;
	assert_int_equal(reason, CH_FORMAT);
	desk->malformed++;
}

static void desk_writable(void *context, struct connection *connection)
{
	struct desk *desk = context;
	(void)connection;
	desk->writable++;
}

static void desk_closed(void *context, struct connection *connection)
{
	struct desk *desk = context;
	desk->closed++;
	if (desk->newest == connection)
		desk->newest = NULL;
}

static const struct endpoint_options desk_options = {
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

static void desk_open_with(struct desk *desk, const struct endpoint_options *options,
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

static void desk_open(struct desk *desk, const struct endpoint_options *options)
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

static void desk_close(struct desk *desk)
{
	endpoint_close(desk->endpoint);
	gate_close(&desk->gate);
}

static void *desk_client(struct desk *desk, const struct curve_pair *key)
{
	return gate_connect(&desk->gate, ZMQ_DEALER, key, endpoint_address(desk->endpoint));
}

/* What a condition waits for: a counter to reach a value. */
struct wish {
	const int *counter;
	int value;
};

static bool wish_granted(void *context)
{
	const struct wish *wish = context;
	return *wish->counter >= wish->value;
}

static void await(struct desk *desk, const int *counter, int value)
{
	struct wish wish = {counter, value};
	if (!loop_until(desk->gate.loop, wish_granted, &wish, 10000))
		fail_msg("the counter is %d, not %d", *counter, value);
}

static void say(void *client, const char *text)
{
	assert_int_equal(zmq_send(client, text, strlen(text), 0), (int)strlen(text));
}

/* The answer, which must come while the loop turns. */
static void hear(struct desk *desk, void *client, const char *expected)
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

static void test_messages_go_in_and_answers_out(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, &desk_options);
	void *client = desk_client(&desk, &desk.pos);
	say(client, "hello");
	hear(&desk, client, "re:hello");
	assert_string_equal(desk.last_peer, "pos");
	assert_int_equal(endpoint_connections(desk.endpoint), 1);
	uint64_t number = connection_number(desk.newest);
	assert_ptr_equal(endpoint_find(desk.endpoint, number), desk.newest);
	/* Large ones too, up to the frame's bound. */
	char *large = calloc(1, LIMIT_FRAME_BYTES);
	assert_true(zmq_send(client, large, LIMIT_FRAME_BYTES, 0) >= 0);
	await(&desk, &desk.messages, 2);
	free(large);
	/* When the client goes, so does the connection, once. */
	(void)zmq_close(client);
	await(&desk, &desk.closed, 1);
	assert_null(endpoint_find(desk.endpoint, number));
	assert_int_equal(endpoint_connections(desk.endpoint), 0);
	gate_turn(&desk.gate, 50);
	assert_int_equal(desk.closed, 1);
	desk_close(&desk);
	endpoint_close(NULL);
}

static void test_identity_is_the_key(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, &desk_options);
	void *pos = desk_client(&desk, &desk.pos);
	void *web = desk_client(&desk, &desk.web);
	say(pos, "I am web");
	hear(&desk, pos, "re:I am web");
	assert_string_equal(desk.last_peer, "pos");
	say(web, "a");
	hear(&desk, web, "re:a");
	assert_string_equal(desk.last_peer, "web");
	say(pos, "b");
	hear(&desk, pos, "re:b");
	assert_string_equal(desk.last_peer, "pos");
	(void)zmq_close(pos);
	(void)zmq_close(web);
	await(&desk, &desk.closed, 2);
	desk_close(&desk);
}

static void test_unknown_key_gets_nothing(void **state)
{
	struct desk desk;
	struct curve_pair stranger;
	(void)state;
	desk_open(&desk, &desk_options);
	curve_generate(&stranger);
	void *client = desk_client(&desk, &stranger);
	say(client, "let me in");
	gate_await(&desk.gate, "carehub_handshakes_total{verdict=\"unknown_key\"}", 1);
	/* Nor does somebody without CURVE at all, whose handshake cannot even begin. */
	void *plain = zmq_socket(desk.gate.clients, ZMQ_DEALER);
	gate_set(plain, ZMQ_LINGER, 0);
	assert_int_equal(zmq_connect(plain, endpoint_address(desk.endpoint)), 0);
	say(plain, "hello?");
	gate_turn(&desk.gate, 200);
	assert_int_equal(desk.messages, 0);
	assert_int_equal(endpoint_connections(desk.endpoint), 0);
	(void)zmq_close(client);
	(void)zmq_close(plain);
	desk_close(&desk);
}

/* A routing id of one's own can be used again by another peer, so nobody may have one. */
static void test_routing_ids_cannot_be_brought_or_stolen(void **state)
{
	static const uint8_t forged[5] = {0, 1, 2, 3, 4};
	struct desk desk;
	(void)state;
	desk_open(&desk, &desk_options);
	void *victim = desk_client(&desk, &desk.pos);
	say(victim, "first");
	hear(&desk, victim, "re:first");
	void *named = gate_client(&desk.gate, ZMQ_DEALER, &desk.web);
	assert_int_equal(zmq_setsockopt(named, ZMQ_ROUTING_ID, "pos", 3), 0);
	assert_int_equal(zmq_connect(named, endpoint_address(desk.endpoint)), 0);
	say(named, "as pos");
	gate_await(&desk.gate, "carehub_bus_unidentified_total", 1);
	assert_int_equal(desk.messages, 1);
	/* One that looks like the ROUTER's own is not told apart, and gives nothing: its sender is still
	 * whoever the key says, and one that is in use is not had twice. */
	void *forger = gate_client(&desk.gate, ZMQ_DEALER, &desk.web);
	assert_int_equal(zmq_setsockopt(forger, ZMQ_ROUTING_ID, forged, sizeof(forged)), 0);
	assert_int_equal(zmq_connect(forger, endpoint_address(desk.endpoint)), 0);
	say(forger, "as somebody");
	hear(&desk, forger, "re:as somebody");
	assert_string_equal(desk.last_peer, "web");
	void *thief = gate_client(&desk.gate, ZMQ_DEALER, &desk.pos);
	assert_int_equal(zmq_setsockopt(thief, ZMQ_ROUTING_ID, forged, sizeof(forged)), 0);
	assert_int_equal(zmq_connect(thief, endpoint_address(desk.endpoint)), 0);
	say(thief, "as the forger");
	gate_turn(&desk.gate, 200);
	assert_int_equal(desk.messages, 2);
	say(forger, "mine");
	hear(&desk, forger, "re:mine");
	(void)zmq_close(thief);
	(void)zmq_close(named);
	(void)zmq_close(forger);
	say(victim, "still here");
	hear(&desk, victim, "re:still here");
	(void)zmq_close(victim);
	await(&desk, &desk.closed, 2);
	desk_close(&desk);
}

static void test_messages_of_several_parts_are_dropped(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, &desk_options);
	void *client = desk_client(&desk, &desk.pos);
	say(client, "one");
	hear(&desk, client, "re:one");
	assert_int_equal(zmq_send(client, "a", 1, ZMQ_SNDMORE), 1);
	assert_int_equal(zmq_send(client, "b", 1, 0), 1);
	say(client, "two"); /* what follows is read as it should be */
	hear(&desk, client, "re:two");
	assert_int_equal(desk.malformed, 1);
	assert_int_equal(desk.messages, 2);
	/* A hundred parts are no mistake any more. */
	for (int i = 0; i < 100; i++)
		assert_int_equal(zmq_send(client, "x", 1, i < 99 ? ZMQ_SNDMORE : 0), 1);
	await(&desk, &desk.closed, 1);
	assert_int_equal(gate_metric(&desk.gate, "carehub_connections_cut_total{socket=\"bus\","
						 "reason=\"too_many_parts\"}"),
		1);
	assert_int_equal(desk.messages, 2);
	(void)zmq_close(client);
	desk_close(&desk);
}

static void test_oversize_ends_the_connection(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, &desk_options);
	void *client = desk_client(&desk, &desk.pos);
	say(client, "one");
	hear(&desk, client, "re:one");
	char *large = calloc(1, LIMIT_FRAME_BYTES + 1);
	assert_true(zmq_send(client, large, LIMIT_FRAME_BYTES + 1, 0) >= 0);
	await(&desk, &desk.closed, 1);
	assert_int_equal(desk.messages, 1);
	free(large);
	(void)zmq_close(client);
	desk_close(&desk);
}

/* libzmq collects the parts of a message that never ends, without bound; the hub does not. */
static void test_unfinished_message_is_bounded(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, &desk_options);
	void *client = gate_client(&desk.gate, ZMQ_DEALER, &desk.pos);
	gate_set(client, ZMQ_SNDHWM, 0);
	assert_int_equal(zmq_connect(client, endpoint_address(desk.endpoint)), 0);
	say(client, "one");
	hear(&desk, client, "re:one");
	/* A libzmq client sends nothing before its message is whole, so its 200 MB come at once; what is
	 * measured is that it is thrown out on the way, before the last part. */
	char *part = calloc(1, 100000);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(
			zmq_send(client, part, 100000, i < 1999 ? ZMQ_SNDMORE : 0), 100000);
	await(&desk, &desk.closed, 1);
	assert_int_equal(gate_metric(&desk.gate, "carehub_connections_cut_total{socket=\"bus\","
						 "reason=\"unfinished\"}"),
		1);
	assert_int_equal(desk.malformed, 0); /* it never became whole */
	free(part);
	(void)zmq_close(client);
	desk_close(&desk);
}

static void test_too_many_connections(void **state)
{
	struct desk desk;
	struct endpoint_options options = desk_options;
	void *clients[3];
	(void)state;
	options.connections_max = 2;
	desk_open(&desk, &options);
	for (int i = 0; i < 2; i++) {
		clients[i] = desk_client(&desk, &desk.pos);
		say(clients[i], "in");
		hear(&desk, clients[i], "re:in");
	}
	clients[2] = desk_client(&desk, &desk.pos);
	gate_await(
		&desk.gate, "carehub_connections_cut_total{socket=\"bus\",reason=\"too_many\"}", 1);
	say(clients[0], "on");
	hear(&desk, clients[0], "re:on");
	assert_int_equal(desk.opened, 2);
	for (int i = 0; i < 3; i++)
		(void)zmq_close(clients[i]);
	await(&desk, &desk.closed, 2);
	desk_close(&desk);
}

static void test_silent_connections_are_closed(void **state)
{
	struct desk desk;
	struct endpoint_options options = desk_options;
	(void)state;
	options.silent_ms = 300;
	desk_open(&desk, &options);
	void *talker = desk_client(&desk, &desk.pos);
	void *mute = desk_client(&desk, &desk.web);
	say(talker, "in");
	hear(&desk, talker, "re:in");
	gate_await(
		&desk.gate, "carehub_connections_cut_total{socket=\"bus\",reason=\"silent\"}", 1);
	(void)zmq_close(mute);
	assert_int_equal(desk.closed, 0);
	(void)zmq_close(talker);
	await(&desk, &desk.closed, 1);
	desk_close(&desk);
}

static void test_last_word_arrives_before_the_close(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, &desk_options);
	void *client = desk_client(&desk, &desk.pos);
	gate_set(client, ZMQ_RECONNECT_IVL, -1);
	desk.quiet = true;
	say(client, "rubbish");
	await(&desk, &desk.messages, 1);
	assert_int_equal(
		endpoint_send(desk.endpoint, desk.newest, SLICE_LITERAL("go away")), CH_OK);
	connection_close(desk.endpoint, desk.newest, "rubbish");
	connection_close(desk.endpoint, desk.newest, "again"); /* no effect */
	assert_int_equal(endpoint_send(desk.endpoint, desk.newest, SLICE_LITERAL("x")), CH_CLOSED);
	say(client, "not heard any more");
	hear(&desk, client, "go away");
	await(&desk, &desk.closed, 1);
	assert_int_equal(desk.messages, 1);
	assert_int_equal(
		gate_metric(&desk.gate,
			"carehub_connections_cut_total{socket=\"bus\",reason=\"rubbish\"}"),
		1);
	(void)zmq_close(client);
	desk_close(&desk);
}

static void test_reload_changes_rights_and_closes_who_is_gone(void **state)
{
	struct desk desk;
	char path[128];
	struct curve_pair other;
	(void)state;
	desk_open(&desk, &desk_options);
	void *pos = desk_client(&desk, &desk.pos);
	void *web = desk_client(&desk, &desk.web);
	say(web, "in");
	hear(&desk, web, "re:in");
	say(pos, "in");
	hear(&desk, pos, "re:in");
	struct connection *connection = desk.newest; /* pos's */
	struct slice source = SLICE_LITERAL("urn:x");
	struct slice type = SLICE_LITERAL("a.b.c");
	assert_true(peer_may_publish(connection_peer(connection), source, type));
	/* Fewer rights for one, no file for the other: the first stays connected. */
	gate_peer(&desk.gate, "pos", &desk.pos.public_key,
		"roles = producer\nsources = urn:y\ntypes = >\n");
	gate_peer_path(&desk.gate, "web", path);
	assert_int_equal(unlink(path), 0);
	gate_reload(&desk.gate);
	endpoint_recheck(desk.endpoint);
	assert_false(peer_may_publish(connection_peer(connection), source, type));
	await(&desk, &desk.closed, 1);
	say(pos, "still");
	hear(&desk, pos, "re:still");
	/* The one that is gone tries again by itself, and is refused. */
	gate_await(&desk.gate, "carehub_handshakes_total{verdict=\"unknown_key\"}", 1);
	/* A new key for the name ends the old one's connections. */
	curve_generate(&other);
	gate_peer(&desk.gate, "pos", &other.public_key, PRODUCER);
	gate_reload(&desk.gate);
	endpoint_recheck(desk.endpoint);
	await(&desk, &desk.closed, 2);
	(void)zmq_close(pos);
	(void)zmq_close(web);
	desk_close(&desk);
}

static void test_pause_holds_senders_back(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, &desk_options);
	desk.quiet = true;
	void *client = desk_client(&desk, &desk.pos);
	say(client, "one");
	await(&desk, &desk.messages, 1);
	endpoint_set_reading(desk.endpoint, false);
	for (int i = 0; i < 20; i++)
		say(client, "more");
	gate_turn(&desk.gate, 100);
	assert_int_equal(desk.messages, 1);
	endpoint_set_reading(desk.endpoint, true);
	await(&desk, &desk.messages, 21);
	(void)zmq_close(client);
	await(&desk, &desk.closed, 1);
	desk_close(&desk);
}

static void test_address_in_use(void **state)
{
	struct desk desk;
	struct endpoint_options options = desk_options;
	struct endpoint_events events = {.message = desk_message,
		.writable = desk_writable,
		.closed = desk_closed,
		.context = &desk};
	struct endpoint *second = NULL;
	(void)state;
	desk_open(&desk, &desk_options);
	options.listener.address = endpoint_address(desk.endpoint);
	assert_int_equal(
		endpoint_open(desk.gate.loop, desk.gate.zap, &options, &events, &second), CH_BUSY);
	options.listener.address = "tcp://nonsense";
	assert_int_equal(endpoint_open(desk.gate.loop, desk.gate.zap, &options, &events, &second),
		CH_INVALID);
	assert_null(second);
	desk_close(&desk);
}

/* ---- Backpressure ---- */

/* A client in a thread of its own that keeps a window open and checks that every answer comes, in
 * order, slower than the hub could send them. */
struct slow_client {
	struct desk *desk;
	char address[LISTENER_ADDRESS_BYTES];
	int messages;
	int window;
	int pause_every; /* answers */
	pthread_t thread;
	bool in_order;
	int answers;
};

static void *slow_client_run(void *context)
{
	struct slow_client *client = context;
	void *socket = gate_client(&client->desk->gate, ZMQ_DEALER, &client->desk->pos);
	uint64_t answer;
	int sent = 0;
	gate_set(socket, ZMQ_RCVHWM, 16);
	gate_set(socket, ZMQ_SNDHWM, 0);
	gate_set(socket, ZMQ_RCVTIMEO, 20000);
	gate_set(socket, ZMQ_RCVBUF, 65536); /* much less, and TCP itself crawls */
	(void)zmq_connect(socket, client->address);
	client->in_order = true;
	while (client->answers < client->messages) {
		for (; sent < client->messages && sent - client->answers < client->window; sent++)
			(void)zmq_send(socket, "x", 1, 0);
		if (zmq_recv(socket, &answer, sizeof(answer), 0) != (int)sizeof(answer))
			break;
		client->in_order = client->in_order && answer == (uint64_t)client->answers;
		client->answers++;
		if (client->pause_every > 0 && client->answers % client->pause_every == 0)
			(void)usleep(1000);
	}
	(void)zmq_close(socket);
	return NULL;
}

static void counter_flush(struct desk *desk, struct connection *connection)
{
	while (desk->owed > 0) {
		enum ch_status status = endpoint_send(desk->endpoint, connection,
			slice_of(&desk->answered, sizeof(desk->answered)));
		if (status == CH_FULL)
			desk->refused_sends++;
		if (status != CH_OK)
			return;
		desk->owed--;
		desk->answered++;
	}
}

static void counter_message(void *context, struct connection *connection, struct message *message)
{
	struct desk *desk = context;
	message_free(message);
	desk->messages++;
	desk->owed++;
	counter_flush(desk, connection);
}

static void counter_writable(void *context, struct connection *connection)
{
	struct desk *desk = context;
	desk->writable++;
	counter_flush(desk, connection);
}

static void run_slow_client(int messages, int window, int send_messages, int pause_every)
{
	struct desk desk = {0};
	struct endpoint_options options = desk_options;
	const struct endpoint_events events = {
		.message = counter_message,
		.writable = counter_writable,
		.closed = desk_closed,
		.context = &desk,
	};
	struct slow_client client = {
		.desk = &desk, .messages = messages, .window = window, .pause_every = pause_every};
	options.listener.send_messages = send_messages;
	/* What is between the two waits longer than a heartbeat when the machine is busy. */
	options.listener.heartbeat_ms = 30000;
	desk_open_with(&desk, &options, &events);
	(void)snprintf(
		client.address, sizeof(client.address), "%s", endpoint_address(desk.endpoint));
	assert_int_equal(pthread_create(&client.thread, NULL, slow_client_run, &client), 0);
	struct wish wish = {&desk.closed, 1};
	assert_true(loop_until(desk.gate.loop, wish_granted, &wish, 120000));
	assert_int_equal(pthread_join(client.thread, NULL), 0);
	assert_int_equal(client.answers, messages);
	assert_true(client.in_order);
	assert_int_equal(desk.owed, 0);
	assert_true(desk.refused_sends > 0); /* or the test has shown nothing */
	assert_true(desk.writable > 0);
	desk_close(&desk);
}

/* Without ROUTER_MANDATORY some hundred of these are silently dropped, and the client waits for ever. */
static void test_full_queue_loses_nothing(void **state)
{
	(void)state;
	run_slow_client(500000, 1000, 64, 0);
}

static void test_slow_reader_loses_nothing(void **state)
{
	(void)state;
	run_slow_client(20000, 5000, 16, 64);
}

/* Signs of life travel in line: behind what a client does not read it cannot answer them. */
static void test_client_that_does_not_read_counts_as_dead(void **state)
{
	struct desk desk;
	struct endpoint_options options = desk_options;
	static uint8_t bytes[100000];
	(void)state;
	options.listener.heartbeat_ms = 100;
	desk_open(&desk, &options);
	void *client = gate_client(&desk.gate, ZMQ_DEALER, &desk.pos);
	gate_set(client, ZMQ_RCVHWM, 1);
	gate_set(client, ZMQ_RECONNECT_IVL, -1);
	assert_int_equal(zmq_connect(client, endpoint_address(desk.endpoint)), 0);
	say(client, "one");
	await(&desk, &desk.messages, 1);
	gate_turn(&desk.gate, 1000);
	assert_int_equal(desk.closed, 0); /* it is read from, so it can be idle */
	while (desk.newest != NULL &&
		endpoint_send(desk.endpoint, desk.newest, slice_of(bytes, sizeof(bytes))) == CH_OK)
		gate_turn(&desk.gate, 2);
	await(&desk, &desk.closed, 1);
	(void)zmq_close(client);
	desk_close(&desk);
}

/* ZeroMQ's mark counts messages: a thousand large ones for everybody who does not read would be all
 * the memory that there is. */
static void test_client_that_does_not_read_costs_little(void **state)
{
	struct desk desk;
	struct endpoint_options options = desk_options;
	static uint8_t bytes[500000];
	const struct slice large = slice_of(bytes, sizeof(bytes));
	enum ch_status status = CH_OK;
	int sent = 0;
	(void)state;
	options.listener.heartbeat_ms = 60000;
	options.listener.send_messages = 1000;
	desk_open(&desk, &options);
	desk.quiet = true;
	void *client = gate_client(&desk.gate, ZMQ_DEALER, &desk.pos);
	gate_set(client, ZMQ_RCVHWM, 1);
	assert_int_equal(zmq_connect(client, endpoint_address(desk.endpoint)), 0);
	say(client, "one");
	await(&desk, &desk.messages, 1);
	/* TCP takes some of them, and more while it finds out how much it likes. */
	for (int still = 0; still < 50; still++) {
		while ((status = endpoint_send(desk.endpoint, desk.newest, large)) == CH_OK) {
			sent++;
			still = 0;
		}
		gate_turn(&desk.gate, 2);
	}
	assert_int_equal(status, CH_FULL);
	assert_in_range(sent, 4, 60);
	/* A short word still goes, and when the client reads, so does the rest. */
	assert_int_equal(endpoint_send(desk.endpoint, desk.newest, SLICE_LITERAL("short")), CH_OK);
	gate_set(client, ZMQ_RCVTIMEO, 10000);
	for (int i = 0; i < sent; i++)
		assert_int_equal(zmq_recv(client, bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_int_equal(zmq_recv(client, bytes, sizeof(bytes), 0), 5);
	await(&desk, &desk.writable, 1);
	assert_int_equal(endpoint_send(desk.endpoint, desk.newest, large), CH_OK);
	(void)zmq_close(client);
	desk_close(&desk);
}

/* One client that floods, one that asks now and then, and a timer: all get their turn. */
struct flood {
	struct desk *desk;
	char address[LISTENER_ADDRESS_BYTES];
	pthread_t thread;
	atomic_bool stop;
};

static void *flood_run(void *context)
{
	struct flood *flood = context;
	void *socket = gate_client(&flood->desk->gate, ZMQ_DEALER, &flood->desk->pos);
	gate_set(socket, ZMQ_SNDTIMEO, 50);
	(void)zmq_connect(socket, flood->address);
	for (int i = 0; i < 2000000 && !atomic_load(&flood->stop); i++)
		(void)zmq_send(socket, "f", 1, 0);
	(void)zmq_close(socket);
	return NULL;
}

static void quiet_message(void *context, struct connection *connection, struct message *message)
{
	struct desk *desk = context;
	if (strcmp(connection_peer(connection)->name, "web") == 0)
		(void)endpoint_send(desk->endpoint, connection, message->bytes);
	desk->messages++;
	message_free(message);
}

static void tick(void *context)
{
	int *ticks = context;
	(*ticks)++;
}

static void test_flood_starves_nobody(void **state)
{
	struct desk desk = {0};
	const struct endpoint_events events = {.message = quiet_message,
		.writable = desk_writable,
		.closed = desk_closed,
		.context = &desk};
	struct flood flood = {.desk = &desk};
	struct loop_timer *timer = NULL;
	int ticks = 0;
	(void)state;
	desk_open_with(&desk, &desk_options, &events);
	(void)snprintf(flood.address, sizeof(flood.address), "%s", endpoint_address(desk.endpoint));
	assert_int_equal(pthread_create(&flood.thread, NULL, flood_run, &flood), 0);
	await(&desk, &desk.messages, 10000);
	assert_int_equal(loop_timer_create(desk.gate.loop, tick, &ticks, &timer), CH_OK);
	loop_timer_start(timer, 10, 10);
	void *web = desk_client(&desk, &desk.web);
	for (int i = 0; i < 50; i++) {
		say(web, "ping");
		hear(&desk, web, "ping");
	}
	await(&desk, &ticks, 5);
	atomic_store(&flood.stop, true);
	assert_int_equal(pthread_join(flood.thread, NULL), 0);
	loop_timer_free(timer);
	(void)zmq_close(web);
	await(&desk, &desk.closed, 2);
	desk_close(&desk);
}

/* Connections that come, say one word and go: each is heard and each is reported closed. */
static void test_one_word_visitors(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, &desk_options);
	for (int i = 0; i < 60; i++) {
		void *client = desk_client(&desk, i % 2 != 0 ? &desk.pos : &desk.web);
		gate_set(client, ZMQ_LINGER, 5000);
		say(client, "bye");
		(void)zmq_close(client);
	}
	await(&desk, &desk.messages, 60);
	await(&desk, &desk.closed, 60);
	assert_int_equal(desk.opened, 60);
	assert_int_equal(endpoint_connections(desk.endpoint), 0);
	desk_close(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_go_in_and_answers_out),
		cmocka_unit_test(test_identity_is_the_key),
		cmocka_unit_test(test_unknown_key_gets_nothing),
		cmocka_unit_test(test_routing_ids_cannot_be_brought_or_stolen),
		cmocka_unit_test(test_messages_of_several_parts_are_dropped),
		cmocka_unit_test(test_oversize_ends_the_connection),
		cmocka_unit_test(test_unfinished_message_is_bounded),
		cmocka_unit_test(test_too_many_connections),
		cmocka_unit_test(test_silent_connections_are_closed),
		cmocka_unit_test(test_last_word_arrives_before_the_close),
		cmocka_unit_test(test_reload_changes_rights_and_closes_who_is_gone),
		cmocka_unit_test(test_pause_holds_senders_back),
		cmocka_unit_test(test_address_in_use),
		cmocka_unit_test(test_full_queue_loses_nothing),
		cmocka_unit_test(test_slow_reader_loses_nothing),
		cmocka_unit_test(test_client_that_does_not_read_counts_as_dead),
		cmocka_unit_test(test_client_that_does_not_read_costs_little),
		cmocka_unit_test(test_flood_starves_nobody),
		cmocka_unit_test(test_one_word_visitors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
