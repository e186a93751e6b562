/* NATS JetStream with a file store: a publish with a reply subject an event, acknowledged on that
 * subject when the stream has taken it (nats-server before 2.10 writes then, but syncs on a timer).
 *
 * The client protocol is spoken directly, for NATS's sake: the C client library hands every
 * acknowledgement over two threads of its own, which would take the server's core and add to its
 * latency.  The protocol is lines of text:
 *
 *   -> PUB events _INBOX.bench.0.17 300\r\n<300 bytes>\r\n
 *   <- MSG _INBOX.bench.0.17 1 28\r\n{"stream":"BENCH", "seq":42}\r\n
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/complaint.h"
#include "bench/load/driver.h"

#define STREAM     "BENCH"
#define SUBJECT    "events"
#define INBOX      "_INBOX.bench." /* then the connection's number, then the slot */
#define READ_BYTES 65536u
#define ANSWER     "answer" /* in place of a slot: for questions to the API */
#define ANSWER_NS  INT64_C(5000000000)

struct connection {
	int fd;
	struct buffer out;
	size_t written; /* of out */
	struct buffer in;
};

struct nats {
	struct driver *driver;
	uint32_t count;
	struct connection *connections;
	struct pollfd *polled;
	struct buffer answer; /* of the last question to the API */
	bool answered;
};

static enum ch_status fail(const char *what)
{
	complaint("nats", "%s: %s", what, strerror(errno));
	return CH_IO;
}

static void nats_close(void *peer)
{
	struct nats *nats = peer;
	for (uint32_t i = 0; nats->connections != NULL && i < nats->count; i++) {
		if (nats->connections[i].fd >= 0)
			close(nats->connections[i].fd);
		buffer_fini(&nats->connections[i].out);
		buffer_fini(&nats->connections[i].in);
	}
	free(nats->connections);
	free(nats->polled);
	buffer_fini(&nats->answer);
	free(nats);
}

static enum ch_status connection_flush(struct connection *connection, short *out_events)
{
	if (connection->out.status != CH_OK)
		return connection->out.status;
	while (connection->written < connection->out.len) {
		ssize_t n = send(connection->fd, connection->out.data + connection->written,
			connection->out.len - connection->written, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail("send");
		if (n < 0)
			break;
		connection->written += (size_t)n;
	}
	*out_events = POLLIN | POLLOUT;
	if (connection->written == connection->out.len) {
		*out_events = POLLIN;
		connection->written = 0;
		buffer_clear(&connection->out);
	}
	return CH_OK;
}

static bool number_read(struct slice text, size_t *out_number)
{
	size_t number = 0;
	if (text.len == 0 || text.len > 9)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		number = number * 10 + (size_t)(text.data[i] - '0');
	}
	*out_number = number;
	return true;
}

/* The part of `text` behind its last `mark`; all of it when there is none. */
static struct slice behind_last(struct slice text, char mark)
{
	const uint8_t *at = text.len > 0 ? memrchr(text.data, mark, text.len) : NULL;
	return at != NULL ? slice_sub(text, (size_t)(at - text.data) + 1, SIZE_MAX) : text;
}

/* What came to an inbox of ours: {"stream":...,"seq":N} for a slot, or the answer to a question.  A
 * refusal has a member "error", and "no stream listens there" comes as an empty body. */
static enum ch_status message_take(struct nats *nats, struct slice inbox, struct slice body)
{
	size_t slot = 0;
	struct slice name = behind_last(inbox, '.');
	if (body.len == 0 || memmem(body.data, body.len, "\"error\"", 7) != NULL) {
		complaint("nats", "refused: %.*s", (int)body.len, (const char *)body.data);
		return CH_DENIED;
	}
	if (slice_equal(name, SLICE_LITERAL(ANSWER))) {
		buffer_clear(&nats->answer);
		buffer_append_slice(&nats->answer, body);
		nats->answered = true;
		return nats->answer.status;
	}
	if (!number_read(name, &slot))
		return CH_FORMAT;
	driver_acked(nats->driver, (uint32_t)slot);
	return CH_OK;
}

/* "MSG <subject> <sid> <length>": the body follows the line.  CH_END: not all of it is here yet. */
static enum ch_status message_read(
	struct nats *nats, struct slice line, struct slice rest, size_t *out_used)
{
	size_t length = 0;
	struct slice subject = slice_sub(line, 4, SIZE_MAX);
	const uint8_t *blank = subject.len > 0 ? memchr(subject.data, ' ', subject.len) : NULL;
	if (blank == NULL || !number_read(behind_last(line, ' '), &length) || length > READ_BYTES)
		return CH_FORMAT;
	if (rest.len < length + 2)
		return CH_END;
	subject.len = (size_t)(blank - subject.data);
	*out_used = length + 2;
	return message_take(nats, subject, slice_sub(rest, 0, length));
}

/* One operation from the front of `in`.  CH_END: it is not complete. */
static enum ch_status operation_read(
	struct nats *nats, struct connection *connection, struct slice in, size_t *out_used)
{
	const uint8_t *end = in.len > 0 ? memmem(in.data, in.len, "\r\n", 2) : NULL;
	if (end == NULL)
		return CH_END;
	struct slice line = slice_of(in.data, (size_t)(end - in.data));
	struct slice rest = slice_sub(in, line.len + 2, SIZE_MAX);
	size_t body = 0;
	enum ch_status status = CH_OK;
	if (slice_starts(line, SLICE_LITERAL("MSG "))) {
		status = message_read(nats, line, rest, &body);
	} else if (slice_equal(line, SLICE_LITERAL("PING"))) {
		buffer_append_text(&connection->out, "PONG\r\n");
	} else if (slice_starts(line, SLICE_LITERAL("-ERR"))) {
		complaint("nats", "%.*s", (int)line.len, (const char *)line.data);
		status = CH_DENIED;
	}
	*out_used = line.len + 2 + body;
	return status;
}

static enum ch_status connection_read(struct nats *nats, struct connection *connection)
{
	enum ch_status status = CH_OK;
	uint8_t *room = buffer_reserve(&connection->in, READ_BYTES);
	if (room == NULL)
		return CH_NOMEM;
	ssize_t n = recv(connection->fd, room, READ_BYTES, 0);
	connection->in.len -= READ_BYTES - (n > 0 ? (size_t)n : 0); /* give back what is unused */
	if (n == 0)
		errno = ECONNRESET;
	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR) ? CH_OK : fail("receive");
	struct slice in = buffer_slice(&connection->in);
	for (;;) {
		size_t used = 0;
		status = operation_read(nats, connection, in, &used);
		if (status != CH_OK)
			break;
		in = slice_sub(in, used, SIZE_MAX);
	}
	if (in.len > 0)
		memmove(connection->in.data, in.data, in.len);
	connection->in.len = in.len;
	return status == CH_END ? CH_OK : status;
}

static enum ch_status nats_wait(void *peer, int64_t timeout_ns)
{
	struct nats *nats = peer;
	enum ch_status status = CH_OK;
	struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	for (uint32_t i = 0; i < nats->count && status == CH_OK; i++)
		status = connection_flush(&nats->connections[i], &nats->polled[i].events);
	if (status != CH_OK)
		return status;
	int ready = ppoll(nats->polled, nats->count, &timeout, NULL);
	for (uint32_t i = 0; i < nats->count && ready > 0 && status == CH_OK; i++) {
		if (nats->polled[i].revents & ~POLLOUT)
			status = connection_read(nats, &nats->connections[i]);
	}
	return status;
}

/* Ask the JetStream API over the first connection; the answer is in nats->answer. */
static enum ch_status ask(struct nats *nats, const char *subject, const char *question)
{
	enum ch_status status = CH_OK;
	int64_t deadline = driver_now_ns() + ANSWER_NS;
	nats->answered = false;
	buffer_printf(&nats->connections[0].out, "PUB %s " INBOX "0." ANSWER " %zu\r\n%s\r\n",
		subject, strlen(question), question);
	while (status == CH_OK && !nats->answered) {
		status = nats_wait(nats, ANSWER_NS / 100);
		if (status == CH_OK && !nats->answered && driver_now_ns() > deadline)
			status = CH_TIMEOUT;
	}
	if (status == CH_TIMEOUT)
		complaint("nats", "no answer from %s: is JetStream on?", subject);
	return status;
}

static enum ch_status connection_open(
	struct connection *connection, const struct options *options, uint32_t number)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options->port)};
	int on = 1;
	if (inet_pton(AF_INET, options->host, &address.sin_addr) != 1)
		return CH_INVALID;
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 ||
		connect(connection->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
		fcntl(connection->fd, F_SETFL, O_NONBLOCK) != 0)
		return fail("connect");
	buffer_printf(&connection->out,
		"CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"1\"}\r\n"
		"SUB " INBOX "%u.* 1\r\n",
		number);
	return connection->out.status;
}

/* Creating a stream that exists with the same settings is fine. */
static enum ch_status stream_make(struct nats *nats)
{
	return ask(nats, "$JS.API.STREAM.CREATE." STREAM,
		"{\"name\":\"" STREAM "\",\"subjects\":[\"" SUBJECT "\"],\"storage\":\"file\","
		"\"retention\":\"limits\",\"discard\":\"old\",\"num_replicas\":1,"
		"\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,\"max_consumers\":-1}");
}

static enum ch_status nats_open(
	const struct options *options, struct driver *driver, void **out_peer)
{
	enum ch_status status = CH_NOMEM;
	struct nats *nats = calloc(1, sizeof(*nats));
	if (nats == NULL)
		goto out;
	nats->driver = driver;
	nats->connections = calloc(options->connections, sizeof(*nats->connections));
	nats->polled = calloc(options->connections, sizeof(*nats->polled));
	if (nats->connections == NULL || nats->polled == NULL)
		goto out;
	while (nats->count < options->connections) {
		uint32_t number = nats->count++;
		status = connection_open(&nats->connections[number], options, number);
		if (status != CH_OK)
			goto out;
		nats->polled[number].fd = nats->connections[number].fd;
	}
	status = stream_make(nats);
	if (status != CH_OK)
		goto out;
	*out_peer = nats;
	nats = NULL; /* the driver's now */
out:
	if (nats != NULL)
		nats_close(nats);
	return status;
}

static enum ch_status nats_send(
	void *peer, uint32_t at, uint32_t slot, const struct event *event, uint32_t count)
{
	char id[EVENT_ID_TEXT + 1];
	struct nats *nats = peer;
	struct buffer *out = &nats->connections[at].out;
	(void)count; /* one, see batch_max */
	buffer_printf(out, "PUB " SUBJECT " " INBOX "%u.%u %zu\r\n", at, slot,
		EVENT_ID_TEXT + event->body.len);
	buffer_append(out, event_id_text(event->id, id), EVENT_ID_TEXT);
	buffer_append_slice(out, event->body);
	buffer_append_text(out, "\r\n");
	return out->status;
}

static enum ch_status nats_stored(void *peer, uint64_t *out_events)
{
	struct nats *nats = peer;
	enum ch_status status = ask(nats, "$JS.API.STREAM.INFO." STREAM, "");
	if (status != CH_OK)
		return status;
	const char *member = strstr(buffer_text(&nats->answer), "\"messages\":");
	if (member == NULL)
		return CH_FORMAT;
	*out_events = strtoull(member + strlen("\"messages\":"), NULL, 10);
	return CH_OK;
}

int main(int argc, char **argv)
{
	static const struct driver_peer peer = {
		.name = "nats",
		.batch_max = 1,
		.open = nats_open,
		.send = nats_send,
		.wait = nats_wait,
		.stored = nats_stored,
		.close = nats_close,
	};
	return driver_main(argc, argv, &peer);
}
