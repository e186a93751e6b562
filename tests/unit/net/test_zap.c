#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/probe.h"
#include "net/zap_request.h"
#include "unit/net/gate.h"

#define PRODUCER "roles = producer\nsources = *\ntypes = >\n"

/* ---- Judging, apart from sockets ---- */

static struct roster *make_roster(struct gate *gate, struct curve_pair *known)
{
	struct problems problems = {0};
	struct roster *roster = NULL;
	gate_init(gate);
	curve_generate(known);
	gate_peer(gate, "pos", &known->public_key, PRODUCER);
	assert_int_equal(roster_load(gate->folder, &problems, &roster), CH_OK);
	return roster;
}

static void drop_roster(struct gate *gate, struct roster *roster)
{
	roster_free(roster);
	metrics_free(gate->metrics);
	(void)zmq_ctx_term(gate->clients);
	scratch_remove(gate->folder);
}

static enum zap_verdict judge(
	const struct roster *roster, const char *domain, const char *mechanism, struct slice key)
{
	struct zap_request request;
	struct peer *peer = NULL;
	const struct slice parts[] = {slice_text("1.0"), slice_text("7"), slice_text(domain),
		slice_text("127.0.0.1"), slice_text(""), slice_text(mechanism), key};
	assert_int_equal(zap_parse(parts, 7, &request), CH_OK);
	enum zap_verdict verdict = zap_judge(&request, roster, &peer);
	assert_int_equal(verdict == ZAP_ACCEPTED, peer != NULL);
	return verdict;
}

static void test_only_known_keys_of_our_domain_are_accepted(void **state)
{
	struct gate gate;
	struct curve_pair known;
	struct curve_pair stranger;
	struct roster *roster = make_roster(&gate, &known);
	struct slice key = slice_of(known.public_key.bytes, CURVE_KEY_BYTES);
	(void)state;
	curve_generate(&stranger);
	assert_int_equal(judge(roster, "carehub", "CURVE", key), ZAP_ACCEPTED);
	assert_int_equal(judge(roster, "carehub", "CURVE",
				 slice_of(stranger.public_key.bytes, CURVE_KEY_BYTES)),
		ZAP_UNKNOWN_KEY);
	assert_int_equal(judge(roster, "", "CURVE", key), ZAP_BAD_DOMAIN);
	assert_int_equal(judge(roster, "carehub.probe", "CURVE", key), ZAP_BAD_DOMAIN);
	assert_int_equal(judge(roster, "carehub", "PLAIN", key), ZAP_BAD_MECHANISM);
	assert_int_equal(judge(roster, "carehub", "NULL", key), ZAP_BAD_MECHANISM);
	assert_int_equal(judge(roster, "carehub", "CURVE", slice_sub(key, 0, 31)), ZAP_BAD_KEY);
	assert_int_equal(judge(roster, "carehub", "CURVE", slice_of(NULL, 0)), ZAP_BAD_KEY);
	drop_roster(&gate, roster);
}

static void test_requests_of_another_form_are_none(void **state)
{
	struct zap_request request;
	const struct slice parts[8] = {slice_text("1.0")};
	const struct slice old[7] = {slice_text("0.9")};
	(void)state;
	assert_int_equal(zap_parse(parts, 0, &request), CH_FORMAT);
	assert_int_equal(zap_parse(parts, 6, &request), CH_FORMAT);
	assert_int_equal(zap_parse(parts, 8, &request), CH_FORMAT);
	assert_int_equal(zap_parse(old, 7, &request), CH_FORMAT);
}

/* ---- The real handler ---- */

static void asked(struct gate *gate, void *client, const char *domain, const char *version,
	char out_code[4], char out_user[65])
{
	/* As libzmq's own engine would ask: an empty part, then the seven. */
	const char *parts[] = {"", version, "1", domain, "127.0.0.1", "", "CURVE"};
	struct curve_pair stranger;
	char part[128];
	int len;
	curve_generate(&stranger);
	for (int i = 0; i < 7; i++)
		assert_true(zmq_send(client, parts[i], strlen(parts[i]), ZMQ_SNDMORE) >= 0);
	assert_true(zmq_send(client, stranger.public_key.bytes, CURVE_KEY_BYTES, 0) >= 0);
	gate_turn(gate, 50);
	for (int i = 0; i < 7; i++) {
		len = zmq_recv(client, part, sizeof(part) - 1, ZMQ_DONTWAIT);
		assert_true(len >= 0);
		part[len] = 0;
		if (i == 3)
			(void)snprintf(out_code, 4, "%.3s", part);
		if (i == 5)
			(void)snprintf(out_user, 65, "%.64s", part);
	}
}

static void test_handler_answers_every_request(void **state)
{
	struct gate gate;
	char code[4];
	char user[65];
	(void)state;
	gate_init(&gate);
	gate_open(&gate);
	void *client = zmq_socket(zap_context(gate.zap), ZMQ_DEALER);
	gate_set(client, ZMQ_LINGER, 0);
	assert_int_equal(zmq_connect(client, "inproc://zeromq.zap.01"), 0);
	asked(&gate, client, "carehub", "1.0", code, user);
	assert_string_equal(code, "400");
	assert_string_equal(user, "");
	asked(&gate, client, "carehub", "0.9", code, user);
	assert_string_equal(code, "500");
	/* When the proof is over its domain is shut as well. */
	asked(&gate, client, "carehub.probe", "1.0", code, user);
	assert_string_equal(code, "400");
	assert_int_equal(
		gate_metric(&gate, "carehub_handshakes_total{verdict=\"unknown_key\"}"), 1);
	assert_int_equal(
		gate_metric(&gate, "carehub_handshakes_total{verdict=\"bad_request\"}"), 1);
	(void)zmq_close(client);
	gate_close(&gate);
}

/* ---- The proof at start ---- */

/* A context without a handler lets everybody in; the proof must see that. */
static void test_proof_sees_an_open_gate(void **state)
{
	struct loop *loop = NULL;
	struct curve_pair server;
	struct curve_pair known;
	void *context = zmq_ctx_new();
	(void)state;
	curve_generate(&server);
	curve_generate(&known);
	assert_int_equal(loop_create(&loop), CH_OK);
	assert_int_equal(probe_run(loop, context, &server, &known), CH_DENIED);
	(void)zmq_ctx_term(context);
	loop_free(loop);
}

/* And one that lets nobody in is no proof either. */
static void test_proof_sees_a_gate_that_never_opens(void **state)
{
	struct gate gate;
	struct curve_pair known;
	(void)state;
	gate_init(&gate);
	gate_open(&gate);
	curve_generate(&known);
	assert_int_equal(
		probe_run(gate.loop, zap_context(gate.zap), &gate.server, &known), CH_DENIED);
	gate_close(&gate);
}

static void test_second_handler_in_a_context_is_an_error(void **state)
{
	struct gate gate;
	(void)state;
	gate_init(&gate);
	gate_open(&gate);
	void *other = zmq_socket(zap_context(gate.zap), ZMQ_REP);
	assert_int_equal(zmq_bind(other, "inproc://zeromq.zap.01"), -1);
	(void)zmq_close(other);
	gate_close(&gate);
	zap_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_known_keys_of_our_domain_are_accepted),
		cmocka_unit_test(test_requests_of_another_form_are_none),
		cmocka_unit_test(test_handler_answers_every_request),
		cmocka_unit_test(test_proof_sees_an_open_gate),
		cmocka_unit_test(test_proof_sees_a_gate_that_never_opens),
		cmocka_unit_test(test_second_handler_in_a_context_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
