/* The hub itself, under the contract of its peers: published through the protocol of docs/protocol.md,
 * CURVE on, deduplication on, every event filed under a customer whose record is kept.
 *
 * The program starts its own carehubd in the folder it is given and stops it again.  Prepare makes the
 * customers (a first receipt each) and BENCH_HUB_IDS ids more (10 000 000 by default), so that every
 * later event is looked up among that many; a second prepare of the same folder finds all this done. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "base/file.h"
#include "bench/load/complaint.h"
#include "bench/load/driver.h"
#include "wire/envelope.h"
#include "wire/frame.h"
#include "wire/pb.h"
#include "wire/receipt.h"
#include "wire/session.h"

#define KEY_TEXT       41
#define PATH_BYTES     4096
#define START_MS       120000
#define KNOWN_IDS      10000000u
#define PREPARE_WINDOW 4096u
#define PREPARE_BATCH  256u
#define SLOTS          (1u << 20)

struct bench_hub {
	struct driver *driver;
	const struct options *options;
	char root[PATH_BYTES];
	char endpoint[128];
	bool own_root;
	pid_t server;
	int server_log;
	void *context;
	uint32_t count;
	void **sockets;
	struct pollfd *polled;
	struct buffer message;
	struct buffer personal;
	struct buffer data;
	struct buffer event;
	uint64_t head; /* as the last PONG told */
	bool ponged;
	uint64_t answered;
	uint64_t sequence;
	int64_t time_us;
};

static enum ch_status fail(const char *what)
{
	complaint("hub", "%s: %s", what, zmq_strerror(errno));
	return CH_IO;
}

/* ---- Its own carehubd ---- */

static enum ch_status write_file(
	const struct bench_hub *hub, const char *name, const char *text, unsigned mode)
{
	char path[PATH_BYTES + 64];
	(void)snprintf(path, sizeof(path), "%s%s", hub->root, name); /* room for both */
	return file_replace(path, slice_text(text), mode);
}

static enum ch_status read_key(const struct bench_hub *hub, const char *name, char key[KEY_TEXT])
{
	char path[PATH_BYTES + 64];
	struct buffer text = {0};
	(void)snprintf(path, sizeof(path), "%s%s", hub->root, name); /* room for both */
	enum ch_status status = file_read_all(path, 4096, &text);
	if (status == CH_OK && text.len >= KEY_TEXT - 1) {
		memcpy(key, text.data, KEY_TEXT - 1);
		key[KEY_TEXT - 1] = 0;
	} else if (status == CH_OK) {
		status = CH_FORMAT;
	}
	buffer_fini(&text);
	return status;
}

static enum ch_status make_root(struct bench_hub *hub)
{
	char path[PATH_BYTES + 64];
	char public_key[KEY_TEXT];
	char secret_key[KEY_TEXT];
	char text[1024];
	struct stat info;
	(void)snprintf(path, sizeof(path), "%s/etc/carehub/hub.secret", hub->root);
	if (stat(path, &info) == 0)
		return CH_OK;
	(void)snprintf(path, sizeof(path), "%s/etc/carehub/peers.d", hub->root);
	enum ch_status status = file_make_dirs(path, 0700);
	if (status == CH_OK && zmq_curve_keypair(public_key, secret_key) != 0)
		status = CH_INTERNAL;
	if (status == CH_OK)
		status = write_file(hub, "/hub.public", public_key, 0600);
	if (status == CH_OK) {
		(void)snprintf(text, sizeof(text), "%s\n", secret_key);
		status = write_file(hub, "/etc/carehub/hub.secret", text, 0600);
	}
	if (status == CH_OK && zmq_curve_keypair(public_key, secret_key) != 0)
		status = CH_INTERNAL;
	if (status == CH_OK)
		status = write_file(hub, "/till.secret", secret_key, 0600);
	if (status == CH_OK)
		status = write_file(hub, "/till.public", public_key, 0600);
	(void)snprintf(text, sizeof(text),
		"public_key = %s\nroles = producer, consumer, operator\nsources = urn:till:*\n"
		"types = pos.>\ntopics = >\nregion = CN\nassurance = verified\nwindow = 4096\n",
		public_key);
	if (status == CH_OK)
		status = write_file(hub, "/etc/carehub/peers.d/till.conf", text, 0600);
	const char *extra =
		getenv("BENCH_HUB_CONFIG"); /* for trying things: lines of carehub.conf */
	(void)snprintf(text, sizeof(text),
		"[bus]\nlisten = tcp://127.0.0.1:*\ncredit = 4096\n[live]\nlisten =\n[http]\nlisten =\n"
		"[journal]\narchive_after = 365d\n%s\n",
		extra != NULL ? extra : "");
	if (status == CH_OK)
		status = write_file(hub, "/etc/carehub/carehub.conf", text, 0600);
	return status;
}

/* carehubd says where it listens in its log: `hub.started ... bus=tcp://127.0.0.1:1234`. */
static enum ch_status await_started(struct bench_hub *hub)
{
	char log[65536];
	size_t len = 0;
	struct pollfd polled = {.fd = hub->server_log, .events = POLLIN};
	while (poll(&polled, 1, START_MS) > 0 && len < sizeof(log) - 1) {
		ssize_t n = read(hub->server_log, log + len, sizeof(log) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		log[len] = 0;
		const char *at = strstr(log, " hub.started ");
		const char *bus = at != NULL ? strstr(at, " bus=") : NULL;
		if (bus != NULL && sscanf(bus, " bus=%127s", hub->endpoint) == 1)
			return CH_OK;
	}
	log[len] = 0;
	complaint("hub", "carehubd did not start:\n%s", log);
	return CH_IO;
}

static enum ch_status start_server(struct bench_hub *hub)
{
	int report[2];
	char self[PATH_BYTES];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 16);
	if (len <= 0 || pipe2(report, O_CLOEXEC) != 0)
		return fail("start");
	self[len] = 0;
	char *slash = strrchr(self, '/');
	memcpy(slash + 1, "carehubd", 9);
	(void)fflush(NULL); /* or the child would print it again */
	hub->server = fork();
	if (hub->server == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* cannot fail for a valid signal */
		(void)dup2(report[1], STDERR_FILENO);
		execl(self, "carehubd", "--root", hub->root, (char *)NULL);
		_exit(127);
	}
	(void)close(report[1]);
	hub->server_log = report[0];
	return hub->server > 0 ? await_started(hub) : fail("fork");
}

/* What it has said, for whoever looks for the reason of a failure. */
static void drain_log(struct bench_hub *hub)
{
	char text[4096];
	ssize_t n;
	while (hub->server_log > 0 && (n = read(hub->server_log, text, sizeof(text))) > 0) {
		if (getenv("BENCH_HUB_VERBOSE") != NULL)
			fwrite(text, 1, (size_t)n, stderr);
	}
}

static void hub_close(void *peer)
{
	struct bench_hub *hub = peer;
	for (uint32_t i = 0; hub->sockets != NULL && i < hub->count; i++) {
		if (hub->sockets[i] != NULL)
			zmq_close(hub->sockets[i]);
	}
	if (hub->context != NULL)
		zmq_ctx_term(hub->context);
	if (hub->server > 0) {
		kill(hub->server, SIGTERM);
		drain_log(hub);
		waitpid(hub->server, NULL, 0);
	}
	if (hub->server_log > 0)
		close(hub->server_log);
	free(hub->sockets);
	free(hub->polled);
	buffer_fini(&hub->message);
	buffer_fini(&hub->personal);
	buffer_fini(&hub->data);
	buffer_fini(&hub->event);
	free(hub);
}

/* ---- Connections ---- */

static int set_number(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static enum ch_status send_frame(struct bench_hub *hub, uint32_t at)
{
	if (hub->message.status != CH_OK)
		return hub->message.status;
	if (zmq_send(hub->sockets[at], hub->message.data, hub->message.len, ZMQ_DONTWAIT) < 0)
		return fail("send");
	return CH_OK;
}

static enum ch_status take_frame(struct bench_hub *hub, struct slice frame)
{
	static struct receipts receipts; /* large */
	enum frame_kind kind;
	struct slice body;
	struct pong pong;
	enum ch_status status = frame_parse(frame, &kind, &body);
	if (status != CH_OK)
		return status;
	switch (kind) {
	case FRAME_RECEIPTS:
		status = receipts_parse(body, &receipts);
		for (uint32_t i = 0; status == CH_OK && i < receipts.count; i++) {
			if (receipts.receipts[i].outcome != OUTCOME_ACCEPTED) {
				complaint("hub",
					"an event was not accepted: outcome %d reason %s %.*s",
					(int)receipts.receipts[i].outcome,
					ch_status_name(receipts.receipts[i].reason),
					(int)receipts.receipts[i].field.len,
					(const char *)receipts.receipts[i].field.data);
				return CH_INVALID;
			}
			hub->answered++;
		}
		if (status == CH_OK && hub->driver != NULL)
			driver_acked(hub->driver, (uint32_t)receipts.frame);
		return status;
	case FRAME_PONG:
		status = pong_parse(body, &pong);
		hub->head = pong.head;
		hub->ponged = true;
		return status;
	case FRAME_PING:
	case FRAME_WELCOME:
	case FRAME_CREDIT: /* slowed by the window itself */
		return CH_OK;
	default:
		complaint("hub", "an unexpected message of kind %d", (int)kind);
		return CH_INVALID;
	}
}

static enum ch_status take_all(struct bench_hub *hub, uint32_t *out_taken)
{
	uint32_t taken = 0;
	for (uint32_t i = 0; i < hub->count; i++) {
		zmq_msg_t message;
		zmq_msg_init(&message);
		while (zmq_msg_recv(&message, hub->sockets[i], ZMQ_DONTWAIT) >= 0) {
			enum ch_status status = take_frame(
				hub, slice_of(zmq_msg_data(&message), zmq_msg_size(&message)));
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

static enum ch_status hub_wait(void *peer, int64_t timeout_ns)
{
	struct bench_hub *hub = peer;
	uint32_t taken = 0;
	struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	enum ch_status status = take_all(hub, &taken);
	if (status != CH_OK || taken > 0)
		return status;
	if (ppoll(hub->polled, hub->count, &timeout, NULL) > 0)
		status = take_all(hub, &taken);
	return status;
}

static enum ch_status open_socket(struct bench_hub *hub, uint32_t at)
{
	char server_key[KEY_TEXT];
	char public_key[KEY_TEXT];
	char secret_key[KEY_TEXT];
	struct hello hello = {.version = FRAME_VERSION, .agent = SLICE_LITERAL("bench_hub")};
	size_t length = sizeof(hub->polled[at].fd);
	enum ch_status status = read_key(hub, "/hub.public", server_key);
	if (status == CH_OK)
		status = read_key(hub, "/till.public", public_key);
	if (status == CH_OK)
		status = read_key(hub, "/till.secret", secret_key);
	if (status != CH_OK)
		return status;
	void *socket = hub->sockets[at] = zmq_socket(hub->context, ZMQ_DEALER);
	if (socket == NULL ||
		(set_number(socket, ZMQ_SNDHWM, 0) | set_number(socket, ZMQ_RCVHWM, 0) |
			set_number(socket, ZMQ_LINGER, 0)) != 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, KEY_TEXT) != 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, KEY_TEXT) != 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, KEY_TEXT) != 0 ||
		zmq_connect(socket, hub->endpoint) != 0 ||
		zmq_getsockopt(socket, ZMQ_FD, &hub->polled[at].fd, &length) != 0)
		return fail("client");
	hub->polled[at].events = POLLIN;
	buffer_clear(&hub->message);
	hello_encode(&hello, &hub->message);
	return send_frame(hub, at);
}

static enum ch_status ask_head(struct bench_hub *hub, uint64_t *out_head)
{
	buffer_clear(&hub->message);
	ping_encode(1, &hub->message);
	hub->ponged = false;
	enum ch_status status = send_frame(hub, 0);
	for (int i = 0; i < 1000 && status == CH_OK && !hub->ponged; i++)
		status = hub_wait(hub, 10000000);
	if (status == CH_OK && !hub->ponged) {
		complaint("hub", "no answer to a PING");
		status = CH_TIMEOUT;
	}
	*out_head = hub->head;
	return status;
}

/* ---- Events: a till's receipt, whole and typed ---- */

static void put_event(struct bench_hub *hub, const char *id, uint64_t customer, struct slice filler)
{
	char number[24];
	char phone[32];
	struct buffer *data = &hub->data;
	struct buffer *personal = &hub->personal;
	buffer_clear(data);
	buffer_clear(personal);
	(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)++hub->sequence);
	size_t transaction = pb_begin(data, 1);
	size_t ref = pb_begin(data, 1);
	pb_put_text(data, 1, "8");
	pb_put_text(data, 2, "34");
	pb_put_text(data, 3, "2026-03-02");
	pb_put_text(data, 4, number);
	pb_end(data, ref);
	size_t line = pb_begin(data, 6);
	pb_put_uint(data, 1, 1);
	pb_put_text(data, 7, "A-1");
	pb_put_bytes(data, 12, filler);
	pb_end(data, line);
	size_t totals = pb_begin(data, 11);
	size_t grand = pb_begin(data, 3);
	pb_put_uint(data, 1, 12900);
	pb_put_text(data, 2, "CNY");
	pb_end(data, grand);
	pb_end(data, totals);
	pb_end(data, transaction);
	if (customer != 0) {
		(void)snprintf(phone, sizeof(phone), "+8613%09llu", (unsigned long long)customer);
		size_t party = pb_begin(personal, 100);
		size_t contact = pb_begin(personal, 4);
		pb_put_text(personal, 1, phone);
		pb_end(personal, contact);
		pb_end(personal, party);
	}
	struct envelope envelope = {
		.id = slice_text(id),
		.source = SLICE_LITERAL("urn:till:8:34"),
		.type = SLICE_LITERAL("pos.sale.completed"),
		.time_us = hub->time_us + (int64_t)hub->sequence,
		.data = buffer_slice(data),
		.personal = buffer_slice(personal),
	};
	buffer_clear(&hub->event);
	envelope_encode(&envelope, &hub->event);
	pb_put_element(&hub->message, 2, buffer_slice(&hub->event));
}

/* Bytes of an event around its filler. */
static size_t overhead(struct bench_hub *hub)
{
	static const char id[] = "00000000-0000-4000-8000-000000000000";
	hub->sequence = 99999999;
	buffer_clear(&hub->message);
	put_event(hub, id, 1, (struct slice){NULL, 0});
	hub->sequence = 0;
	return hub->event.len + 3;
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
	char id[EVENT_ID_TEXT + 1];
	size_t around = overhead(hub);
	size_t filler =
		hub->options->payload_bytes > around ? hub->options->payload_bytes - around : 0;
	begin_publish(hub, slot);
	for (uint32_t i = 0; i < count; i++)
		put_event(hub, event_id_text(events[i].id, id), events[i].customer,
			slice_sub(events[i].body, 0, filler));
	return send_frame(hub, at);
}

static enum ch_status hub_stored(void *peer, uint64_t *out_events)
{
	return ask_head(peer, out_events);
}

/* ---- Prepare ---- */

static enum ch_status prepare_events(struct bench_hub *hub, uint64_t have, uint64_t want)
{
	struct event_source source;
	struct event event;
	char id[EVENT_ID_TEXT + 1];
	uint64_t sent = 0;
	uint64_t customers = hub->options->customers;
	size_t around = overhead(hub);
	enum ch_status status = event_source_init(&source, hub->options->seed ^ have ^ 0x5eed,
		customers, hub->options->draw, hub->options->payload_bytes);
	hub->answered = 0;
	hub->driver = NULL; /* nobody measures */
	while (status == CH_OK && hub->answered < want - have) {
		if (sent - hub->answered >= PREPARE_WINDOW || sent == want - have) {
			status = hub_wait(hub, 1000000000);
			continue;
		}
		begin_publish(hub, sent);
		for (uint32_t i = 0; i < PREPARE_BATCH && sent < want - have; i++, sent++) {
			event_source_next(&source, &event);
			uint64_t at = have + sent;
			put_event(hub, event_id_text(event.id, id), at < customers ? at + 1 : 0,
				slice_sub(event.body, 0, hub->options->payload_bytes - around));
		}
		status = send_frame(hub, 0);
	}
	event_source_fini(&source);
	return status;
}

static enum ch_status prepare(struct bench_hub *hub)
{
	const char *ids = getenv("BENCH_HUB_IDS");
	uint64_t want = hub->options->customers +
			(ids != NULL ? strtoull(ids, NULL, 10) : (uint64_t)KNOWN_IDS);
	uint64_t head;
	enum ch_status status = ask_head(hub, &head);
	if (status == CH_OK && head < want)
		status = prepare_events(hub, head > 0 ? head - 1 : 0, want);
	return status;
}

/* ---- The contract ---- */

static enum ch_status hub_open(
	const struct options *options, struct driver *driver, void **out_peer)
{
	enum ch_status status = CH_NOMEM;
	struct timespec now;
	struct bench_hub *hub = calloc(1, sizeof(*hub));
	if (hub == NULL)
		goto out;
	hub->driver = driver;
	hub->options = options;
	hub->count = options->connections;
	hub->sockets = calloc(hub->count, sizeof(*hub->sockets));
	hub->polled = calloc(hub->count, sizeof(*hub->polled));
	if (hub->sockets == NULL || hub->polled == NULL)
		goto out;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	hub->time_us = (int64_t)now.tv_sec * 1000000;
	status = CH_INVALID;
	if (options->data == NULL || strlen(options->data) > PATH_BYTES - 64) {
		complaint("hub", "needs --data DIR for its journal and store");
		goto out;
	}
	(void)snprintf(hub->root, sizeof(hub->root), "%s", options->data);
	status = make_root(hub);
	/* Before the client has a context: threads do not survive a fork. */
	if (status == CH_OK)
		status = start_server(hub);
	if (status != CH_OK)
		goto out;
	hub->context = zmq_ctx_new();
	for (uint32_t i = 0; i < hub->count && status == CH_OK; i++)
		status = open_socket(hub, i);
	if (status == CH_OK && options->mode == MODE_PREPARE)
		status = prepare(hub);
	if (status != CH_OK)
		goto out;
	*out_peer = hub;
	hub = NULL; /* the driver's now */
out:
	if (hub != NULL)
		hub_close(hub);
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
		.close = hub_close,
	};
	return driver_main(argc, argv, &peer);
}
