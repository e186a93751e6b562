/* A little hub for the tests of hub/net: a folder of peers, a loop, the ZAP handler, and clients with
 * keys of their own, all on loopback ports that the system picks.  Peers are written with gate_peer
 * before gate_open, or later with gate_reload. */
#ifndef UNIT_NET_GATE_H
#define UNIT_NET_GATE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/endpoint.h"
#include "net/zap.h"
#include "support/scratch.h"

#define GATE_UNUSED __attribute__((unused))

struct gate {
	char folder[64];
	struct curve_pair server;
	struct metrics *metrics;
	struct roster *roster;
	struct loop *loop;
	struct zap *zap;
	void *clients; /* a context of their own, as in another process */
};

GATE_UNUSED static void gate_peer_path(const struct gate *gate, const char *name, char path[128])
{
	(void)snprintf(path, 128, "%s/%s.conf", gate->folder, name);
}

/* `rest`: what stands below the key. */
GATE_UNUSED static void gate_peer(
	const struct gate *gate, const char *name, const struct curve_key *key, const char *rest)
{
	char path[128];
	char text[1024];
	char z85[CURVE_TEXT_BYTES];
	gate_peer_path(gate, name, path);
	(void)snprintf(text, sizeof(text), "public_key = %s\n%s", curve_format(key, z85), rest);
	assert_int_equal(file_replace(path, slice_text(text), 0600), CH_OK);
}

GATE_UNUSED static void gate_init(struct gate *gate)
{
	*gate = (struct gate){0};
	scratch_make(gate->folder, "net");
	curve_generate(&gate->server);
	gate->metrics = metrics_create();
	gate->clients = zmq_ctx_new();
}

GATE_UNUSED static void gate_open(struct gate *gate)
{
	struct problems problems = {0};
	assert_int_equal(roster_load(gate->folder, &problems, &gate->roster), CH_OK);
	assert_int_equal(loop_create(&gate->loop), CH_OK);
	const struct zap_options options = {gate->roster, &gate->server, 1, gate->metrics};
	assert_int_equal(zap_start(gate->loop, &options, &gate->zap), CH_OK);
}

GATE_UNUSED static void gate_reload(struct gate *gate)
{
	struct problems problems = {0};
	assert_int_equal(roster_reload(gate->roster, &problems), CH_OK);
}

/* The sockets must be closed before. */
GATE_UNUSED static void gate_close(struct gate *gate)
{
	zap_stop(gate->zap);
	loop_free(gate->loop);
	roster_free(gate->roster);
	(void)zmq_ctx_term(gate->clients);
	metrics_free(gate->metrics);
	scratch_remove(gate->folder);
}

GATE_UNUSED static void gate_set(void *socket, int option, int value)
{
	assert_int_equal(zmq_setsockopt(socket, option, &value, sizeof(value)), 0);
}

/* Not yet connected, so that a test can add options. */
GATE_UNUSED static void *gate_client(
	const struct gate *gate, int type, const struct curve_pair *own)
{
	void *socket = zmq_socket(gate->clients, type);
	assert_non_null(socket);
	gate_set(socket, ZMQ_LINGER, 0);
	assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, gate->server.public_key.bytes,
				 CURVE_KEY_BYTES),
		0);
	assert_int_equal(
		zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own->public_key.bytes, CURVE_KEY_BYTES),
		0);
	assert_int_equal(
		zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own->secret_key.bytes, CURVE_KEY_BYTES),
		0);
	return socket;
}

GATE_UNUSED static void *gate_connect(
	const struct gate *gate, int type, const struct curve_pair *own, const char *address)
{
	void *socket = gate_client(gate, type, own);
	assert_int_equal(zmq_connect(socket, address), 0);
	return socket;
}

/* What a metric says; its series must be in the text as given, "carehub_x_total{...}". */
GATE_UNUSED static long gate_metric(const struct gate *gate, const char *series)
{
	struct buffer text = {0};
	char line[256];
	long value = -1;
	metrics_write(gate->metrics, &text);
	(void)snprintf(line, sizeof(line), "\n%s ", series);
	const char *at = strstr(buffer_text(&text), line);
	if (at != NULL)
		value = strtol(at + strlen(line), NULL, 10);
	buffer_fini(&text);
	return value;
}

/* Turns the loop until the metric has at least this value; fails the test after 10 s. */
struct gate_wait {
	const struct gate *gate;
	const char *series;
	long at_least;
};

GATE_UNUSED static bool gate_reached(void *context)
{
	const struct gate_wait *wait = context;
	return gate_metric(wait->gate, wait->series) >= wait->at_least;
}

GATE_UNUSED static void gate_await(const struct gate *gate, const char *series, long at_least)
{
	struct gate_wait wait = {gate, series, at_least};
	if (!loop_until(gate->loop, gate_reached, &wait, 10000))
		fail_msg("%s is %ld", series, gate_metric(gate, series));
}

GATE_UNUSED static bool gate_never(void *context)
{
	(void)context;
	return false;
}

/* For what must not happen: turns the loop for so long. */
GATE_UNUSED static void gate_turn(const struct gate *gate, int64_t ms)
{
	(void)loop_until(gate->loop, gate_never, NULL, ms);
}

#endif
