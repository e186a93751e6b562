/* The hub itself, under the contract of its peers: published through the protocol of docs/protocol.md,
 * CURVE on, deduplication on, every event filed under a customer whose record is kept.
 *
 * The program starts its own carehubd in the folder it is given and stops it again.  Prepare makes the
 * customers (a first receipt each) and --known ids more, so that every later event is looked up among that
 * many; they are nobody's, for speed, unless --history filed says otherwise.  A second prepare of the same
 * folder finds all this done. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/hub/history.h"
#include "bench/hub/house.h"
#include "bench/hub/till.h"
#include "bench/load/complaint.h"
#include "bench/load/driver.h"
#include "wire/frame.h"
#include "wire/pb.h"
#include "wire/receipt.h"
#include "wire/session.h"

#define PREPARE_WINDOW 4096u
#define PREPARE_BATCH  256u
#define ARCHIVE_S      900
#define SAMPLE_NS      INT64_C(250000000)

/* A frame for which the hub gives no room right now. */
struct held {
	struct held *next;
	uint32_t events;
	size_t len;
	uint8_t bytes[];
};

struct connection {
	void *socket;
	uint32_t credit;    /* events that may be without a receipt */
	uint32_t in_flight; /* those that are */
	struct held *held;
	struct held **held_last;
};

struct bench_hub {
	struct driver *driver;
	const struct options *options;
	struct house house;
	bool open; /* the house is */
	void *context;
	uint32_t count;
	struct connection *connections;
	struct pollfd *polled;
	struct till till;
	struct buffer message;
	uint64_t head; /* as the last PONG told */
	bool ponged;
	uint64_t answered;
	uint64_t most_anonymous; /* of the samples */
	int64_t sampled_ns;
	uint64_t began_written;
};

static enum ch_status fail(const char *what)
{
	complaint("hub", "%s: %s", what, zmq_strerror(errno));
	return CH_IO;
}

static void hub_close(void *peer)
{
	struct bench_hub *hub = peer;
	for (uint32_t i = 0; hub->connections != NULL && i < hub->count; i++) {
		struct connection *connection = &hub->connections[i];
		if (connection->socket != NULL)
			zmq_close(connection->socket);
		for (struct held *held = connection->held; held != NULL;) {
			struct held *next = held->next;
			free(held);
			held = next;
		}
	}
	if (hub->context != NULL)
		zmq_ctx_term(hub->context);
	if (hub->open)
		(void)house_close(&hub->house); /* it has said what went wrong */
	free(hub->connections);
	free(hub->polled);
	till_fini(&hub->till);
	buffer_fini(&hub->message);
	free(hub);
}

/* ---- Frames ---- */

static enum ch_status send_bytes(struct connection *connection, const void *data, size_t len)
{
	return zmq_send(connection->socket, data, len, ZMQ_DONTWAIT) < 0 ? fail("send") : CH_OK;
}

static enum ch_status send_message(struct bench_hub *hub, struct connection *connection)
{
	return hub->message.status != CH_OK
		       ? hub->message.status
		       : send_bytes(connection, hub->message.data, hub->message.len);
}

/* A frame may go out over the window only when nothing else is out: else a window smaller than a frame
 * would stop us for good. */
static bool has_room(const struct connection *connection, uint32_t events)
{
	return connection->in_flight == 0 || connection->in_flight + events <= connection->credit;
}

/* As a client must: what the window has no room for waits here. */
static enum ch_status publish(struct bench_hub *hub, struct connection *connection, uint32_t events)
{
	if (connection->held == NULL && has_room(connection, events)) {
		connection->in_flight += events;
		return send_message(hub, connection);
	}
	struct held *held = malloc(sizeof(*held) + hub->message.len);
	if (held == NULL || hub->message.status != CH_OK) {
		free(held);
		return CH_NOMEM;
	}
	*held = (struct held){.events = events, .len = hub->message.len};
	memcpy(held->bytes, hub->message.data, hub->message.len);
	*connection->held_last = held;
	connection->held_last = &held->next;
	return CH_OK;
}

static enum ch_status publish_held(struct connection *connection)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && connection->held != NULL &&
		has_room(connection, connection->held->events)) {
		struct held *held = connection->held;
		connection->held = held->next;
		if (connection->held == NULL)
			connection->held_last = &connection->held;
		connection->in_flight += held->events;
		status = send_bytes(connection, held->bytes, held->len);
		free(held);
	}
	return status;
}

static enum ch_status take_receipts(
	struct bench_hub *hub, struct connection *connection, struct slice body)
{
	static struct receipts receipts; /* large */
	enum ch_status status = receipts_parse(body, &receipts);
	if (status != CH_OK)
		return status;
	for (uint32_t i = 0; i < receipts.count; i++) {
		const struct receipt *receipt = &receipts.receipts[i];
		if (receipt->outcome != OUTCOME_ACCEPTED) {
			complaint("hub", "an event was not accepted: outcome %d reason %s %.*s",
				(int)receipt->outcome, ch_status_name(receipt->reason),
				(int)receipt->field.len, (const char *)receipt->field.data);
			return CH_INVALID;
		}
	}
	hub->answered += receipts.count;
	connection->in_flight -= receipts.count;
	if (hub->driver != NULL)
		driver_acked(hub->driver, (uint32_t)receipts.frame);
	return publish_held(connection);
}

static enum ch_status take_frame(
	struct bench_hub *hub, struct connection *connection, struct slice frame)
{
	enum frame_kind kind;
	struct slice body;
	struct welcome welcome;
	struct pong pong;
	const char *field;
	uint64_t token;
	enum ch_status status = frame_parse(frame, &kind, &body);
	if (status != CH_OK)
		return status;
	switch (kind) {
	case FRAME_RECEIPTS:
		return take_receipts(hub, connection, body);
	case FRAME_PONG:
		status = pong_parse(body, &pong);
		hub->head = pong.head;
		hub->ponged = true;
		return status;
	case FRAME_WELCOME:
		status = welcome_parse(body, &welcome, &field);
		connection->credit = welcome.credit;
		return status == CH_OK ? publish_held(connection) : status;
	case FRAME_CREDIT:
		status = credit_parse(body, &connection->credit);
		return status == CH_OK ? publish_held(connection) : status;
	case FRAME_PING:
		status = ping_parse(body, &token);
		buffer_clear(&hub->message);
		pong_encode(&(struct pong){.token = token}, &hub->message);
		return status == CH_OK ? send_message(hub, connection) : status;
	default:
		complaint("hub", "an unexpected message of kind %d", (int)kind);
		return CH_INVALID;
	}
}

static enum ch_status take_all(struct bench_hub *hub, uint32_t *out_taken)
{
	uint32_t taken = 0;
	for (uint32_t i = 0; i < hub->count; i++) {
		struct connection *connection = &hub->connections[i];
		zmq_msg_t message;
		zmq_msg_init(&message);
		while (zmq_msg_recv(&message, connection->socket, ZMQ_DONTWAIT) >= 0) {
			enum ch_status status = take_frame(hub, connection,
				slice_of(zmq_msg_data(&message), zmq_msg_size(&message)));
			if (status != CH_OK)
				return status;
			taken++;
		}
		zmq_msg_close(&message);
		if (errno != EAGAIN)
			return fail("receive");
	}
	*out_taken = taken;
	return CH_OK;
}

static void sample(struct bench_hub *hub)
{
	int64_t now_ns = driver_now_ns();
	if (now_ns - hub->sampled_ns < SAMPLE_NS)
		return;
	hub->sampled_ns = now_ns;
	uint64_t anonymous = house_anonymous(&hub->house);
	if (anonymous > hub->most_anonymous)
		hub->most_anonymous = anonymous;
}

static enum ch_status hub_wait(void *peer, int64_t timeout_ns)
{
	struct bench_hub *hub = peer;
	uint32_t taken = 0;
	struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	sample(hub);
	enum ch_status status = take_all(hub, &taken);
	if (status != CH_OK || taken > 0)
		return status;
	if (ppoll(hub->polled, hub->count, &timeout, NULL) > 0)
		status = take_all(hub, &taken);
	return status;
}

/* ---- Connections ---- */

static int set_number(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static enum ch_status open_socket(struct bench_hub *hub, uint32_t at)
{
	struct house *house = &hub->house;
	struct connection *connection = &hub->connections[at];
	struct hello hello = {.version = FRAME_VERSION, .agent = SLICE_LITERAL("bench_hub")};
	size_t length = sizeof(hub->polled[at].fd);
	void *socket = connection->socket = zmq_socket(hub->context, ZMQ_DEALER);
	connection->held_last = &connection->held;
	connection->credit = hub->options->window; /* until WELCOME says */
	if (socket == NULL ||
		(set_number(socket, ZMQ_SNDHWM, 0) | set_number(socket, ZMQ_RCVHWM, 0) |
			set_number(socket, ZMQ_LINGER, 0)) != 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, house->server_key, HOUSE_KEY) != 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, house->public_key, HOUSE_KEY) != 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, house->secret_key, HOUSE_KEY) != 0 ||
		zmq_connect(socket, house->endpoint) != 0 ||
		zmq_getsockopt(socket, ZMQ_FD, &hub->polled[at].fd, &length) != 0)
		return fail("client");
	hub->polled[at].events = POLLIN;
	buffer_clear(&hub->message);
	hello_encode(&hello, &hub->message);
	return send_message(hub, connection);
}

static enum ch_status hub_stored(void *peer, uint64_t *out_events)
{
	struct bench_hub *hub = peer;
	buffer_clear(&hub->message);
	ping_encode(1, &hub->message);
	hub->ponged = false;
	enum ch_status status = send_message(hub, &hub->connections[0]);
	for (int i = 0; i < 1000 && status == CH_OK && !hub->ponged; i++)
		status = hub_wait(hub, 10000000);
	if (status == CH_OK && !hub->ponged) {
		complaint("hub", "no answer to a PING");
		status = CH_TIMEOUT;
	}
	*out_events = hub->head;
	return status;
}

static void begin_publish(struct bench_hub *hub, uint64_t frame)
{
	buffer_clear(&hub->message);
	frame_begin(&hub->message, FRAME_PUBLISH);
	pb_put_uint(&hub->message, 1, frame);
}

static enum ch_status hub_send(
	void *peer, uint32_t at, uint32_t slot, const struct event *events, uint32_t count)
{
	struct bench_hub *hub = peer;
	begin_publish(hub, slot);
	for (uint32_t i = 0; i < count; i++)
		till_put(&hub->till, &events[i], &hub->message);
	return publish(hub, &hub->connections[at], count);
}

/* ---- Prepare ---- */

static enum ch_status prepare_events(struct bench_hub *hub, uint64_t have, uint64_t want)
{
	struct event_source source;
	struct event event;
	uint64_t sent = 0;
	uint64_t customers = hub->options->customers;
	enum ch_status status = event_source_init(&source, hub->options->seed ^ have ^ 0x5eed,
		customers, hub->options->draw, hub->options->payload_bytes);
	hub->answered = 0;
	while (status == CH_OK && hub->answered < want - have) {
		if (sent - hub->answered >= PREPARE_WINDOW || sent == want - have) {
			status = hub_wait(hub, 1000000000);
			continue;
		}
		uint32_t count = 0;
		begin_publish(hub, sent);
		for (; count < PREPARE_BATCH && sent < want - have; count++, sent++) {
			uint64_t at = have + sent;
			event_source_next(&source, &event);
			if (at < customers)
				event.customer = at + 1;
			else if (hub->options->history != HISTORY_FILED)
				event.customer = 0;
			till_put(&hub->till, &event, &hub->message);
		}
		status = publish(hub, &hub->connections[0], count);
	}
	event_source_fini(&source);
	return status;
}

/* The hub archives by itself; this waits until it is done. */
static enum ch_status await_archived(struct bench_hub *hub)
{
	struct history history = {.sealed = 1};
	enum ch_status status = CH_OK;
	for (int i = 0; i < 10 * ARCHIVE_S && status == CH_OK && history.sealed > 0; i++) {
		status = history_look(hub->house.root, &history);
		if (status == CH_OK && history.sealed > 0)
			status = hub_wait(hub, 100000000);
	}
	if (status == CH_OK && history.sealed > 0) {
		complaint("hub", "not archived after %d s", ARCHIVE_S);
		status = CH_TIMEOUT;
	}
	return status;
}

static enum ch_status prepare(struct bench_hub *hub)
{
	uint64_t want = (uint64_t)hub->options->customers + hub->options->known;
	uint64_t head;
	hub->driver = NULL; /* nobody measures */
	enum ch_status status = hub_stored(hub, &head);
	if (status == CH_OK && head < want + 1) /* 1 is the settings */
		status = prepare_events(hub, head > 0 ? head - 1 : 0, want);
	if (status == CH_OK && hub->options->history == HISTORY_ARCHIVED)
		status = await_archived(hub);
	return status;
}

/* ---- The contract ---- */

static enum ch_status hub_open(
	const struct options *options, struct driver *driver, void **out_peer)
{
	enum ch_status status = CH_NOMEM;
	struct bench_hub *hub = calloc(1, sizeof(*hub));
	if (hub == NULL)
		goto out;
	hub->driver = driver;
	hub->options = options;
	hub->count = options->connections;
	hub->connections = calloc(hub->count, sizeof(*hub->connections));
	hub->polled = calloc(hub->count, sizeof(*hub->polled));
	if (hub->connections == NULL || hub->polled == NULL)
		goto out;
	till_init(&hub->till, options->payload_bytes);
	status = house_open(options, &hub->house);
	if (status != CH_OK)
		goto out;
	hub->open = true;
	hub->context = zmq_ctx_new();
	for (uint32_t i = 0; i < hub->count && status == CH_OK; i++)
		status = open_socket(hub, i);
	if (status == CH_OK && options->mode == MODE_PREPARE)
		status = prepare(hub);
	if (status != CH_OK)
		goto out;
	hub->began_written = house_written(&hub->house);
	*out_peer = hub;
	hub = NULL; /* the driver's now */
out:
	if (hub != NULL)
		hub_close(hub);
	return status;
}

/* What a run costs is whole only when the hub has stopped: what was acknowledged last is written into
 * the store then. */
static enum ch_status hub_report(void *peer, uint64_t acked)
{
	struct bench_hub *hub = peer;
	uint64_t anonymous = house_anonymous_exact(&hub->house);
	if (anonymous > hub->most_anonymous)
		hub->most_anonymous = anonymous;
	enum ch_status status = house_close(&hub->house);
	uint64_t written = house_written(&hub->house) - hub->began_written;
	double stored = (double)house_stored(&hub->house) - (double)hub->house.began_bytes;
	double events = (double)(acked > 0 ? acked : 1);
	printf("memory.anonymous\t%.0f\tMiB\n", (double)anonymous / 1048576);
	printf("memory.anonymous.most\t%.0f\tMiB\n", (double)hub->most_anonymous / 1048576);
	printf("disk.written\t%.0f\tbytes/event\n", (double)written / events);
	printf("disk.stored\t%.0f\tbytes/event\n", stored / events);
	return status;
}

int main(int argc, char **argv)
{
	static const struct driver_peer peer = {
		.name = "hub",
		.batch_max = LIMIT_EVENTS_PER_FRAME,
		.open = hub_open,
		.send = hub_send,
		.wait = hub_wait,
		.stored = hub_stored,
		.report = hub_report,
		.close = hub_close,
	};
	return driver_main(argc, argv, &peer);
}
