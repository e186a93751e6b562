/* What libcarehub itself can carry: a hub that does nothing but answer, in a process of its own, over
 * TCP and CURVE.
 *
 *     bench_client [seconds]
 *
 * Prints deliveries with acks, pipelined publishes in frames of 64, and single confirmed publishes; with
 * the processor time that this side needed for each. */
#include <carehub/carehub.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "wire/ack.h"
#include "wire/deliver.h"
#include "wire/envelope.h"
#include "wire/frame.h"
#include "wire/receipt.h"
#include "wire/session.h"
#include "wire/subscribe.h"

#define EVENT_BYTES 300
#define FRAME       64u
#define CREDIT      4096u

/* ---- The other side ---- */

struct answerer {
	void *router;
	uint8_t id[64];
	size_t id_len;
	struct buffer out;
	struct buffer deliver; /* one frame of FRAME deliveries, sequences at fixed places */
	size_t places[FRAME];
	uint32_t handle;
	uint64_t sequence;
	int64_t available;
	struct publish publish;
};

static void answer(struct answerer *hub)
{
	(void)zmq_send(hub->router, hub->id, hub->id_len, ZMQ_SNDMORE);
	(void)zmq_send(hub->router, hub->out.data, hub->out.len, 0);
	buffer_clear(&hub->out);
}

static struct slice make_event(struct buffer *out)
{
	static uint8_t data[EVENT_BYTES];
	data[0] = 0x0a;
	data[1] = 0xd8; /* one field of 216 bytes */
	data[2] = 0x01;
	envelope_encode(&(struct envelope){.id = SLICE_LITERAL("0123456789abcdef"),
				.source = SLICE_LITERAL("urn:bench:source"),
				.type = SLICE_LITERAL("pos.sale.completed"),
				.time_us = INT64_C(1700000000000000),
				.data = {data, 219}},
		out);
	return buffer_slice(out);
}

static void prepare_frame(struct answerer *hub)
{
	struct buffer event = {0};
	struct slice bytes = make_event(&event);
	deliver_begin(&hub->deliver, hub->handle);
	for (unsigned i = 0; i < FRAME; i++) {
		/* A sequence of full length, so that others fit in its place. */
		size_t at = hub->deliver.len + 5;
		deliver_add(&hub->deliver, &(struct delivery){.sequence = UINT64_C(1) << 34,
						   .attempt = 1,
						   .last = true,
						   .arrival_us = INT64_C(1700000000000000),
						   .customer = UINT64_C(123456789097),
						   .event = bytes,
						   .peer = SLICE_LITERAL("bench")});
		hub->places[i] = at + 1;
	}
	buffer_fini(&event);
}

static void deliver_more(struct answerer *hub)
{
	while (hub->handle != 0 && hub->available >= FRAME) {
		for (unsigned i = 0; i < FRAME; i++) {
			uint8_t *at = hub->deliver.data + hub->places[i];
			uint64_t value = (UINT64_C(1) << 34) | ++hub->sequence;
			(void)pb_write_varint(at, value);
		}
		hub->available -= FRAME;
		(void)zmq_send(hub->router, hub->id, hub->id_len, ZMQ_SNDMORE);
		(void)zmq_send(hub->router, hub->deliver.data, hub->deliver.len, 0);
	}
}

static void take(struct answerer *hub, struct slice message)
{
	enum frame_kind kind;
	struct slice body;
	const char *field;
	if (frame_parse(message, &kind, &body) != CH_OK)
		return;
	if (kind == FRAME_PUBLISH && publish_parse(body, &hub->publish) == CH_OK) {
		struct receipts_writer writer;
		receipts_begin(&writer, &hub->out);
		for (uint32_t i = 0; i < hub->publish.count; i++)
			receipts_add(&writer, &(struct receipt){.frame = hub->publish.frame,
						      .index = i,
						      .outcome = OUTCOME_ACCEPTED,
						      .sequence = ++hub->sequence});
		receipts_end(&writer, DURABILITY_SYNCED);
		answer(hub);
	} else if (kind == FRAME_ACK) {
		struct ack ack;
		struct ack_range range;
		if (ack_parse(body, &ack) == CH_OK) {
			while (ack_next_range(&ack, &range))
				hub->available += (int64_t)(range.last - range.first + 1);
		}
	} else if (kind == FRAME_HELLO) {
		welcome_encode(&(struct welcome){.version = 1,
				       .session = SLICE_LITERAL("0123456789abcdef"),
				       .credit = CREDIT,
				       .heartbeat_ms = 60000},
			&hub->out);
		answer(hub);
	} else if (kind == FRAME_SUBSCRIBE) {
		struct subscribe wish;
		if (subscribe_parse(body, &wish, &field) != CH_OK)
			return;
		hub->handle = wish.handle;
		hub->available = wish.credit;
		prepare_frame(hub);
		subscribed_encode(
			&(struct subscribed){.handle = wish.handle, .generation = 1}, &hub->out);
		answer(hub);
	} else if (kind == FRAME_DETACH) {
		mark_encode(
			&(struct mark){.handle = hub->handle, .what = MARK_DETACHED}, &hub->out);
		answer(hub);
		hub->handle = 0;
		buffer_clear(&hub->deliver);
	}
}

static void serve(const char *secret_key, int port_fd)
{
	static struct answerer hub;
	int one = 1;
	int zero = 0;
	char endpoint[64] = "";
	size_t size = sizeof(endpoint);
	void *context = zmq_ctx_new();
	hub.router = zmq_socket(context, ZMQ_ROUTER);
	(void)zmq_setsockopt(hub.router, ZMQ_CURVE_SERVER, &one, sizeof(one));
	(void)zmq_setsockopt(hub.router, ZMQ_CURVE_SECRETKEY, secret_key, 41);
	(void)zmq_setsockopt(hub.router, ZMQ_SNDHWM, &zero, sizeof(zero));
	if (zmq_bind(hub.router, "tcp://127.0.0.1:*") != 0)
		exit(2);
	(void)zmq_getsockopt(hub.router, ZMQ_LAST_ENDPOINT, endpoint, &size);
	if (write(port_fd, endpoint, sizeof(endpoint)) < 0)
		exit(2);
	for (;;) {
		zmq_msg_t message;
		int len = zmq_recv(hub.router, hub.id, sizeof(hub.id), 0);
		if (len < 0)
			exit(2);
		hub.id_len = (size_t)len;
		(void)zmq_msg_init(&message);
		if (zmq_msg_recv(&message, hub.router, 0) < 0)
			exit(2);
		take(&hub, slice_of(zmq_msg_data(&message), zmq_msg_size(&message)));
		(void)zmq_msg_close(&message);
		deliver_more(&hub);
	}
}

/* ---- This side ---- */

struct clocks {
	int64_t wall_us;
	int64_t cpu_us;
};

static struct clocks look(void)
{
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	return (struct clocks){clock_steady_us(),
		(int64_t)usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec +
			(int64_t)usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec};
}

static void report(const char *what, uint64_t events, struct clocks began)
{
	struct clocks now = look();
	int64_t wall_us = now.wall_us - began.wall_us;
	printf("%-28s %9.0f/s  %6.3f us of processor each\n", what,
		(double)events * 1e6 / (double)wall_us,
		(double)(now.cpu_us - began.cpu_us) / (double)events);
}

static void bench_deliveries(struct ch_connection *connection, int64_t seconds)
{
	struct ch_subscription *subscription;
	const struct ch_delivery *delivery;
	if (ch_subscribe(connection,
		    &(struct ch_subscribe_options){
			    CH_SUBSCRIBE_SIZE, .name = "bench", .credit = CREDIT},
		    5000, &subscription) != CH_OK)
		exit(2);
	struct clocks began = look();
	uint64_t events = 0;
	while (clock_steady_us() - began.wall_us < seconds * 1000000) {
		for (int i = 0; i < 10000; i++) {
			if (ch_subscription_next(subscription, 5000, &delivery, NULL) != CH_OK ||
				ch_ack(subscription, delivery) != CH_OK)
				exit(2);
		}
		events += 10000;
	}
	report("deliveries with acks", events, began);
	(void)ch_subscription_close(subscription, 5000);
}

static atomic_ullong answered;

static void count(void *context, enum ch_status status, const struct ch_receipt *receipt)
{
	(void)context;
	(void)receipt;
	if (status != CH_OK)
		exit(2);
	answered++;
}

static void fill(struct ch_event *event, uint64_t number)
{
	static uint8_t data[EVENT_BYTES] = {0x0a, 0xd8, 0x01};
	char id[32];
	(void)snprintf(id, sizeof(id), "%016llx", (unsigned long long)number);
	ch_event_clear(event);
	ch_event_set_text(event, CH_ID, id);
	ch_event_set_text(event, CH_SOURCE, "urn:bench:source");
	ch_event_set_text(event, CH_TYPE, "pos.sale.completed");
	ch_event_set_time(event, INT64_C(1700000000000000), 0);
	ch_event_set(event, CH_DATA, ch_bytes_of(data, 219));
}

static void bench_publishes(
	struct ch_connection *connection, struct ch_event *event, int64_t seconds)
{
	struct clocks began = look();
	uint64_t events = 0;
	while (clock_steady_us() - began.wall_us < seconds * 1000000) {
		for (int i = 0; i < 10000; i++) {
			fill(event, ++events);
			if (ch_publish_async(connection, event, 5000, count, NULL) != CH_OK)
				exit(2);
		}
	}
	if (ch_publish_flush(connection, 5000) != CH_OK || answered != events)
		exit(2);
	report("pipelined publishes", events, began);
	struct ch_stats stats;
	ch_connection_stats(connection, &stats);
	printf("%-28s %9.1f\n", "events in a frame", (double)events / (double)stats.frames_sent);
}

static int compare(const void *left, const void *right)
{
	const int64_t *a = left;
	const int64_t *b = right;
	return (*a > *b) - (*a < *b);
}

static void bench_confirmed(struct ch_connection *connection, struct ch_event *event)
{
	enum { ROUNDS = 3000 };
	static int64_t took_us[ROUNDS];
	struct clocks began = look();
	for (uint64_t i = 0; i < ROUNDS; i++) {
		fill(event, 1000000000 + i);
		int64_t at_us = clock_steady_us();
		if (ch_publish(connection, event, 5000, NULL) != CH_OK)
			exit(2);
		took_us[i] = clock_steady_us() - at_us;
	}
	report("confirmed, one at a time", ROUNDS, began);
	qsort(took_us, ROUNDS, sizeof(took_us[0]), compare);
	printf("%-28s %lld / %lld us\n", "round trip p50 / p99", (long long)took_us[ROUNDS / 2],
		(long long)took_us[ROUNDS * 99 / 100]);
}

int main(int argc, char **argv)
{
	char server_public[41];
	char server_secret[41];
	char client_public[41];
	char client_secret[41];
	char endpoint[64];
	int port[2];
	int64_t seconds = argc > 1 ? atoi(argv[1]) : 3;
	if (zmq_curve_keypair(server_public, server_secret) != 0 ||
		zmq_curve_keypair(client_public, client_secret) != 0 || pipe(port) != 0)
		return 2;
	pid_t child = fork();
	if (child == 0)
		serve(server_secret, port[1]);
	if (child < 0 || read(port[0], endpoint, sizeof(endpoint)) != (ssize_t)sizeof(endpoint))
		return 2;
	struct ch_options *options = ch_options_create();
	struct ch_event *event = ch_event_create();
	struct ch_connection *connection;
	(void)ch_options_set_endpoint(options, endpoint);
	(void)ch_options_set_server_key(options, server_public);
	(void)ch_options_set_key(options, client_secret);
	enum ch_status status = ch_connect(options, &connection);
	if (status == CH_OK) {
		bench_deliveries(connection, seconds);
		bench_publishes(connection, event, seconds);
		bench_confirmed(connection, event);
		ch_close(connection);
	}
	ch_event_free(event);
	ch_options_free(options);
	(void)kill(child, SIGTERM);
	(void)waitpid(child, NULL, 0);
	return status == CH_OK ? 0 : 2;
}
