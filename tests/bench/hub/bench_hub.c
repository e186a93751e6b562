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
#include <unistd.h>
#include <zmq.h>

#include "base/file.h"
#include "bench/hub/till.h"
#include "bench/load/complaint.h"
#include "bench/load/driver.h"
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

struct bench_hub {
	struct driver *driver;
	const struct options *options;
	char root[PATH_BYTES];
	char endpoint[128];
	pid_t server;
	int server_log;
	void *context;
	uint32_t count;
	void **sockets;
	struct pollfd *polled;
	struct buffer message;
	struct till till;
	uint64_t head; /* as the last PONG told */
	bool ponged;
	uint64_t answered;
	uint64_t last_frame;
	uint32_t *left; /* by slot: events of its frame that have no receipt */
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
	free(hub->left);
	buffer_fini(&hub->message);
	till_fini(&hub->till);
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

static enum ch_status take_receipts(struct bench_hub *hub, struct slice body)
{
	static struct receipts receipts; /* large */
	enum ch_status status = receipts_parse(body, &receipts);
	for (uint32_t i = 0; status == CH_OK && i < receipts.count; i++) {
		const struct receipt *receipt = &receipts.receipts[i];
		if (receipt->outcome != OUTCOME_ACCEPTED) {
			complaint("hub", "an event was not accepted: outcome %d reason %s %.*s",
				(int)receipt->outcome, ch_status_name(receipt->reason),
				(int)receipt->field.len, (const char *)receipt->field.data);
			return CH_INVALID;
		}
		hub->answered++;
		if (hub->driver == NULL)
			continue;
		uint32_t slot = (uint32_t)(receipt->frame % OPTIONS_WINDOW_MAX);
		if (slot >= hub->options->window || hub->left[slot] == 0) {
			complaint("hub", "a receipt for nothing in flight");
			return CH_FORMAT;
		}
		if (--hub->left[slot] == 0)
			driver_acked(hub->driver, slot);
	}
	return status;
}

static enum ch_status take_frame(struct bench_hub *hub, struct slice frame)
{
	enum frame_kind kind;
	struct slice body;
	struct pong pong;
	enum ch_status status = frame_parse(frame, &kind, &body);
	if (status != CH_OK)
		return status;
	switch (kind) {
	case FRAME_RECEIPTS:
		return take_receipts(hub, body);
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

/* ---- Publishing ---- */

/* Numbers rise and name the driver's slot: nothing needs to be looked up when receipts come. */
static uint64_t next_frame(struct bench_hub *hub, uint32_t slot)
{
	return ++hub->last_frame * OPTIONS_WINDOW_MAX + slot;
}

static uint8_t *begin_publish(uint8_t *at, uint64_t frame)
{
	static const uint8_t head[] = {'C', 'H', FRAME_VERSION, FRAME_PUBLISH, 1u << 3};
	memcpy(at, head, sizeof(head));
	return pb_write_varint(at + sizeof(head), frame);
}

/* Encoded where ZeroMQ wants it.  `customers` beside `events`: who they are for. */
static enum ch_status publish(struct bench_hub *hub, uint32_t at, uint64_t frame,
	const struct event *events, const uint64_t *customers, uint32_t count)
{
	zmq_msg_t message;
	uint8_t head[FRAME_HEADER_BYTES + 11];
	size_t head_len = (size_t)(begin_publish(head, frame) - head);
	size_t len = head_len;
	for (uint32_t i = 0; i < count; i++)
		len += till_bytes(&hub->till, customers[i]);
	if (zmq_msg_init_size(&message, len) != 0)
		return CH_NOMEM;
	uint8_t *to = zmq_msg_data(&message);
	memcpy(to, head, head_len);
	to += head_len;
	for (uint32_t i = 0; i < count; i++)
		to = till_write(&hub->till, &events[i], customers[i], to);
	if (zmq_msg_send(&message, hub->sockets[at], ZMQ_DONTWAIT) >= 0)
		return CH_OK;
	zmq_msg_close(&message);
	return fail("send");
}

static enum ch_status hub_send(
	void *peer, uint32_t at, uint32_t slot, const struct event *events, uint32_t count)
{
	struct bench_hub *hub = peer;
	uint64_t customers[LIMIT_EVENTS_PER_FRAME];
	for (uint32_t i = 0; i < count; i++)
		customers[i] = events[i].customer;
	hub->left[slot] = count;
	return publish(hub, at, next_frame(hub, slot), events, customers, count);
}

static enum ch_status hub_stored(void *peer, uint64_t *out_events)
{
	return ask_head(peer, out_events);
}

/* ---- Prepare ---- */

static enum ch_status prepare_events(struct bench_hub *hub, uint64_t have, uint64_t want)
{
	struct event_source source;
	struct event events[PREPARE_BATCH];
	uint64_t named[PREPARE_BATCH];
	uint64_t sent = 0;
	uint64_t customers = hub->options->customers;
	enum ch_status status = event_source_init(&source, hub->options->seed ^ have ^ 0x5eed,
		customers, hub->options->draw, hub->options->payload_bytes);
	hub->answered = 0;
	hub->driver = NULL; /* nobody measures */
	while (status == CH_OK && hub->answered < want - have) {
		uint32_t count = 0;
		if (sent - hub->answered >= PREPARE_WINDOW || sent == want - have) {
			status = hub_wait(hub, 1000000000);
			continue;
		}
		for (; count < PREPARE_BATCH && sent < want - have; count++, sent++) {
			uint64_t at = have + sent;
			event_source_next(&source, &events[count]);
			named[count] = at < customers ? at + 1 : 0;
		}
		status = publish(hub, 0, next_frame(hub, 0), events, named, count);
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
	struct bench_hub *hub = calloc(1, sizeof(*hub));
	if (hub == NULL)
		goto out;
	hub->driver = driver;
	hub->options = options;
	hub->count = options->connections;
	hub->sockets = calloc(hub->count, sizeof(*hub->sockets));
	hub->polled = calloc(hub->count, sizeof(*hub->polled));
	hub->left = calloc(options->window, sizeof(*hub->left));
	if (hub->sockets == NULL || hub->polled == NULL || hub->left == NULL ||
		till_init(&hub->till, options->payload_bytes) != CH_OK)
		goto out;
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
