#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/live.h"
#include "unit/net/gate.h"

struct studio {
	struct gate gate;
	struct curve_pair screen;
	struct curve_pair boss;
	struct live *live;
};

static const struct live_options studio_options = {
	.listener =
		{
			.address = "tcp://127.0.0.1:*",
			.receive_messages = 64,
			.send_messages = 1000,
			.heartbeat_ms = 1000,
			.handshake_ms = 2000,
			.linger_ms = 1000,
		},
	.connections_max = 100,
};

static void studio_open(struct studio *studio)
{
	*studio = (struct studio){0};
	gate_init(&studio->gate);
	curve_generate(&studio->screen);
	curve_generate(&studio->boss);
	gate_peer(&studio->gate, "screen", &studio->screen.public_key,
		"roles = consumer\ntopics = repair.>, customer.created\n");
	gate_peer(
		&studio->gate, "boss", &studio->boss.public_key, "roles = consumer\ntopics = >\n");
	gate_open(&studio->gate);
	assert_int_equal(
		live_open(studio->gate.loop, studio->gate.zap, &studio_options, &studio->live),
		CH_OK);
}

static void studio_close(struct studio *studio)
{
	live_close(studio->live);
	gate_close(&studio->gate);
}

static void *studio_subscriber(
	struct studio *studio, const struct curve_pair *key, const void *topic, size_t len)
{
	void *socket = gate_client(&studio->gate, ZMQ_SUB, key);
	assert_int_equal(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, len), 0);
	assert_int_equal(zmq_connect(socket, live_address(studio->live)), 0);
	return socket;
}

static void publish(struct studio *studio, const char *type, const char *bytes)
{
	live_publish(studio->live, slice_text(type), slice_text(bytes));
}

/* Type and bytes of the next message; "" when none comes while the loop turns. */
static void hear(struct studio *studio, void *socket, const char *type, const char *bytes)
{
	char text[2][128] = {"", ""};
	int len = -1;
	for (int i = 0; i < 500 && len < 0; i++) {
		len = zmq_recv(socket, text[0], 127, ZMQ_DONTWAIT);
		if (len < 0)
			gate_turn(&studio->gate, 2);
	}
	assert_true(len > 0);
	assert_int_equal(text[0][len - 1], 0); /* the topic's own end */
	len = zmq_recv(socket, text[1], 127, ZMQ_DONTWAIT);
	assert_true(len >= 0);
	text[1][len] = 0;
	assert_string_equal(text[0], type);
	assert_string_equal(text[1], bytes);
}

static void hear_nothing(struct studio *studio, void *socket)
{
	char text[128];
	gate_turn(&studio->gate, 100);
	assert_int_equal(zmq_recv(socket, text, sizeof(text), ZMQ_DONTWAIT), -1);
}

static void test_subscribers_hear_what_they_may(void **state)
{
	struct studio studio;
	(void)state;
	studio_open(&studio);
	assert_false(live_wanted(studio.live));
	publish(&studio, "repair.order.received", "nobody listens");
	void *screen = studio_subscriber(&studio, &studio.screen, "repair.", 7);
	void *boss = studio_subscriber(&studio, &studio.boss, "", 0);
	gate_await(&studio.gate, "carehub_live_subscriptions", 2);
	assert_true(live_wanted(studio.live));
	publish(&studio, "pos.sale.completed", "a");
	publish(&studio, "repair.order.received", "b");
	hear(&studio, screen, "repair.order.received", "b");
	hear(&studio, boss, "pos.sale.completed", "a");
	hear(&studio, boss, "repair.order.received", "b");
	hear_nothing(&studio, screen);
	(void)zmq_close(screen);
	(void)zmq_close(boss);
	while (live_wanted(studio.live))
		gate_turn(&studio.gate, 5);
	studio_close(&studio);
	live_close(NULL);
}

static void test_what_a_peer_may_not_see_is_not_added(void **state)
{
	struct studio studio;
	(void)state;
	studio_open(&studio);
	void *greedy = studio_subscriber(&studio, &studio.screen, "", 0);
	gate_await(&studio.gate, "carehub_live_refused_total", 1);
	assert_int_equal(zmq_setsockopt(greedy, ZMQ_SUBSCRIBE, "rep", 3), 0);
	gate_await(&studio.gate, "carehub_live_refused_total", 2);
	assert_false(live_wanted(studio.live));
	/* Exactly one type, with its end: `customer.created` and nothing that only begins so. */
	assert_int_equal(zmq_setsockopt(greedy, ZMQ_SUBSCRIBE, "customer.created\0", 17), 0);
	gate_await(&studio.gate, "carehub_live_subscriptions", 1);
	publish(&studio, "pos.sale.completed", "secret");
	publish(&studio, "customer.created.late", "secret");
	publish(&studio, "customer.created", "fine");
	hear(&studio, greedy, "customer.created", "fine");
	hear_nothing(&studio, greedy);
	/* Taking back what was refused takes nothing from what was not. */
	assert_int_equal(zmq_setsockopt(greedy, ZMQ_UNSUBSCRIBE, "rep", 3), 0);
	gate_turn(&studio.gate, 50);
	assert_true(live_wanted(studio.live));
	assert_int_equal(zmq_setsockopt(greedy, ZMQ_UNSUBSCRIBE, "customer.created\0", 17), 0);
	while (live_wanted(studio.live))
		gate_turn(&studio.gate, 5);
	(void)zmq_close(greedy);
	studio_close(&studio);
}

static void test_reload_takes_rights_away(void **state)
{
	struct studio studio;
	(void)state;
	studio_open(&studio);
	void *screen = studio_subscriber(&studio, &studio.screen, "repair.", 7);
	void *boss = studio_subscriber(&studio, &studio.boss, "repair.", 7);
	gate_await(&studio.gate, "carehub_live_subscriptions", 2);
	gate_peer(&studio.gate, "screen", &studio.screen.public_key,
		"roles = consumer\ntopics = customer.>\n");
	gate_reload(&studio.gate);
	live_recheck(studio.live);
	/* It is cut, comes back by itself, and asks again in vain.  (A SUB asks when it is used.) */
	for (int i = 0; i < 50 && gate_metric(&studio.gate, "carehub_live_refused_total") < 1; i++)
		hear_nothing(&studio, screen);
	gate_await(&studio.gate, "carehub_live_refused_total", 1);
	assert_int_equal(gate_metric(&studio.gate, "carehub_live_subscriptions"), 1);
	publish(&studio, "repair.order.received", "x");
	hear(&studio, boss, "repair.order.received", "x");
	hear_nothing(&studio, screen);
	(void)zmq_close(screen);
	(void)zmq_close(boss);
	studio_close(&studio);
}

static void test_topics_are_bounded(void **state)
{
	struct studio studio;
	char topic[32];
	(void)state;
	studio_open(&studio);
	void *greedy = gate_client(&studio.gate, ZMQ_SUB, &studio.boss);
	gate_set(greedy, ZMQ_SNDHWM, 0);
	assert_int_equal(zmq_connect(greedy, live_address(studio.live)), 0);
	for (unsigned i = 0; i <= LIMIT_TOPICS_PER_PEER; i++) {
		int len = snprintf(topic, sizeof(topic), "topic%u.", i);
		assert_int_equal(zmq_setsockopt(greedy, ZMQ_SUBSCRIBE, topic, (size_t)len), 0);
	}
	gate_await(&studio.gate,
		"carehub_connections_cut_total{socket=\"live\",reason=\"too_many_topics\"}", 1);
	(void)zmq_close(greedy);
	studio_close(&studio);
}

static void test_stranger_messages_end_the_connection(void **state)
{
	struct studio studio;
	(void)state;
	studio_open(&studio);
	void *talker = gate_client(&studio.gate, ZMQ_XSUB, &studio.screen);
	assert_int_equal(zmq_connect(talker, live_address(studio.live)), 0);
	assert_int_equal(zmq_send(talker, "\x07hello", 6, 0), 6);
	gate_await(&studio.gate, "carehub_live_malformed_total", 1);
	(void)zmq_close(talker);
	studio_close(&studio);
}

static void test_slow_subscriber_loses_and_nobody_waits(void **state)
{
	struct studio studio;
	char bytes[1024];
	(void)state;
	studio_open(&studio);
	void *slow = gate_client(&studio.gate, ZMQ_SUB, &studio.boss);
	gate_set(slow, ZMQ_RCVHWM, 10);
	assert_int_equal(zmq_setsockopt(slow, ZMQ_SUBSCRIBE, "", 0), 0);
	assert_int_equal(zmq_connect(slow, live_address(studio.live)), 0);
	gate_await(&studio.gate, "carehub_live_subscriptions", 1);
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 50000; i++)
		live_publish(studio.live, slice_text("a.b.c"), slice_of(bytes, sizeof(bytes)));
	assert_int_equal(gate_metric(&studio.gate, "carehub_live_published_total"), 50000);
	(void)zmq_close(slow);
	studio_close(&studio);
}

static void test_beginnings_against_rights(void **state)
{
	struct problems problems = {0};
	struct peer *peer = NULL;
	char long_topic[300];
	const char *text = "public_key = HelloWorldHelloWorldHelloWorldHelloWorld\n"
			   "roles = consumer\ntopics = a.b.>, c.d, e.*\n";
	static const struct {
		const char *beginning;
		size_t len;
		bool may;
	} rows[] = {
		{"a.b.", 4, true},
		{"a.b.c", 5, true},
		{"a.b.c.", 6, true},
		{"a.b", 3, false}, /* also a.bc */
		{"a.", 2, false},
		{"", 0, false},
		{"c.d", 3, false}, /* also c.de */
		{"c.d\0", 4, true},
		{"c.d.", 4, false},
		{"e.f\0", 4, true},
		{"e.", 2, false}, /* also e.f.g */
		{"\0", 1, false},
		{"*", 1, false},
		{">", 1, false},
		{">\0", 2, false},
		{"e.*\0", 4, true}, /* the letter `*`, which no type has */
		{"a.b.\0", 5, false},
	};
	(void)state;
	assert_int_equal(peer_parse("p", slice_text(text), "p", &problems, &peer), CH_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (live_may_subscribe(peer, slice_of(rows[i].beginning, rows[i].len)) !=
			rows[i].may)
			fail_msg("row %zu: '%s'", i, rows[i].beginning);
	}
	memset(long_topic, 'a', sizeof(long_topic));
	memcpy(long_topic, "a.b.", 4);
	assert_true(live_may_subscribe(peer, slice_of(long_topic, 200)));
	for (size_t i = 5; i < sizeof(long_topic); i += 2)
		long_topic[i] = '.';
	assert_false(live_may_subscribe(peer, slice_of(long_topic, sizeof(long_topic))));
	peer_unref(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subscribers_hear_what_they_may),
		cmocka_unit_test(test_what_a_peer_may_not_see_is_not_added),
		cmocka_unit_test(test_reload_takes_rights_away),
		cmocka_unit_test(test_topics_are_bounded),
		cmocka_unit_test(test_stranger_messages_end_the_connection),
		cmocka_unit_test(test_slow_subscriber_loses_and_nobody_waits),
		cmocka_unit_test(test_beginnings_against_rights),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
