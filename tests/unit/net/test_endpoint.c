#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/net/desk.h"

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

/* Takes every descriptor that there is, below a bound that makes it quick. */
#define DESCRIPTORS 256

struct famine {
	struct rlimit limit;
	int taken[DESCRIPTORS];
	int count;
};

static void famine_begin(struct famine *famine)
{
	int fd;
	famine->count = 0;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &famine->limit), 0);
	struct rlimit low = {.rlim_cur = DESCRIPTORS, .rlim_max = famine->limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	while ((fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
		famine->taken[famine->count++] = fd;
}

static void famine_end(struct famine *famine)
{
	while (famine->count > 0)
		assert_int_equal(close(famine->taken[--famine->count]), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &famine->limit), 0);
}

static void test_connections_are_cut_without_a_free_descriptor(void **state)
{
	struct desk desk;
	struct famine famine;
	struct endpoint_options options = desk_options;
	(void)state;
	options.silent_ms = 300;
	desk_open(&desk, &options);
	void *mute = desk_client(&desk, &desk.web);
	gate_set(mute, ZMQ_RECONNECT_IVL, -1);
	gate_await(&desk.gate, "carehub_connections{socket=\"bus\"}", 1);
	famine_begin(&famine);
	gate_await(
		&desk.gate, "carehub_connections_cut_total{socket=\"bus\",reason=\"silent\"}", 1);
	famine_end(&famine);
	gate_await(&desk.gate, "carehub_connections_closed_total{socket=\"bus\"}", 1);
	(void)zmq_close(mute);
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
		cmocka_unit_test(test_connections_are_cut_without_a_free_descriptor),
		cmocka_unit_test(test_last_word_arrives_before_the_close),
		cmocka_unit_test(test_reload_changes_rights_and_closes_who_is_gone),
		cmocka_unit_test(test_pause_holds_senders_back),
		cmocka_unit_test(test_address_in_use),
		cmocka_unit_test(test_one_word_visitors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
