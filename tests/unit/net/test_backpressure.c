/* Those who read slowly, those who do not read, and one who floods: nothing is lost, and nobody else pays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "unit/net/desk.h"

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

/* Signs of life travel in line: behind what a client does not read it cannot answer them.  That it lives before, it
 * cannot be given time to show: on a busy machine it may be starved for longer than any that a test waits. */
static void test_client_that_does_not_read_counts_as_dead(void **state)
{
	struct desk desk;
	struct endpoint_options options = desk_options;
	static uint8_t bytes[100000];
	(void)state;
	options.listener.heartbeat_ms = 2000;
	desk_open(&desk, &options);
	void *client = gate_client(&desk.gate, ZMQ_DEALER, &desk.pos);
	gate_set(client, ZMQ_RCVHWM, 1);
	gate_set(client, ZMQ_RECONNECT_IVL, -1);
	assert_int_equal(zmq_connect(client, endpoint_address(desk.endpoint)), 0);
	say(client, "one");
	await(&desk, &desk.messages, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_queue_loses_nothing),
		cmocka_unit_test(test_slow_reader_loses_nothing),
		cmocka_unit_test(test_client_that_does_not_read_counts_as_dead),
		cmocka_unit_test(test_client_that_does_not_read_costs_little),
		cmocka_unit_test(test_flood_starves_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
