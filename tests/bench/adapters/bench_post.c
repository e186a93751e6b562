/* Posts CloudEvents over kept-alive connections, one request in flight on each, and counts the answers:
 *
 *     bench_post --port 7780 --path /events/web --token TOKEN --connections 16 --batch 64 --seconds 5
 *
 * With --expect 404 and a path that is nowhere the same requests measure what the server takes for a request
 * and an answer alone.  Every id is new: no two runs with different --seed share one.  The bodies are made by
 * a copy and a few digits, so that on two cores the load takes little from the server. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/slice.h"
#include "bench/load/complaint.h"
#include "bench/load/driver.h"
#include "bench/load/histogram.h"

#define CONNECTIONS_MAX 64
#define BATCH_MAX       256
#define ANSWER_BYTES    ((size_t)128 * 1024)
#define HEAD_BYTES      1024
#define PATIENCE_MS     10000
#define REMARKS                                                                                       \
	"The picture is sharp and the sound is loud. The stand came with a screw too few; a new one " \
	"was sent within two days. The remote control is small. All in all fine."

struct load {
	uint16_t port;
	int connections;
	int batch;
	int expect;
	double seconds;
	uint64_t seed;
	const char *path;
	const char *token; /* NULL: none */
	/* Meanwhile. */
	char prefix[24]; /* of the ids */
	struct buffer body;
	uint64_t events;
	int64_t begin_ns; /* of what counts */
	int64_t end_ns;
	uint64_t answered; /* events */
	uint64_t put_off; /* posts answered 503: the hub was too slow; sent anew, and not counted */
	struct histogram latency;
};

struct line {
	int fd;
	int64_t sent_ns;
	struct buffer request;
	size_t written;
	size_t got;
	char answer[ANSWER_BYTES];
};

/* By hand: the load shares its processors with whom it measures, and a printf of all of it cost a tenth of
 * them. */
static void put_event(struct load *load, struct buffer *body)
{
	char number[24];
	int len = snprintf(number, sizeof(number), "%" PRIu64, ++load->events); /* fits */
	struct slice digits = slice_of(number, (size_t)len);
	buffer_append_slice(body, SLICE_LITERAL("{\"specversion\":\"1.0\",\"id\":\""));
	buffer_append_text(body, load->prefix);
	buffer_append_slice(body, digits);
	buffer_append_slice(
		body, SLICE_LITERAL("\",\"source\":\"urn:web\",\"type\":\"website.feedback.given\","
				    "\"data\":{\"feedbackId\":\"F"));
	buffer_append_slice(body, digits);
	buffer_append_slice(body, SLICE_LITERAL("\",\"remarks\":\"" REMARKS "\"}}"));
}

static enum ch_status line_fill(struct line *line, struct load *load)
{
	struct buffer *body = &load->body;
	buffer_clear(body);
	if (load->batch > 1)
		buffer_append_byte(body, '[');
	for (int i = 0; i < load->batch; i++) {
		if (i > 0)
			buffer_append_byte(body, ',');
		put_event(load, body);
	}
	if (load->batch > 1)
		buffer_append_byte(body, ']');
	buffer_clear(&line->request);
	buffer_printf(&line->request,
		"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n"
		"Content-Type: application/cloudevents%s+json\r\n",
		load->path, body->len, load->batch > 1 ? "-batch" : "");
	if (load->token != NULL)
		buffer_printf(&line->request, "Authorization: Bearer %s\r\n", load->token);
	buffer_append_text(&line->request, "\r\n");
	buffer_append_slice(&line->request, buffer_slice(body));
	enum ch_status status = body->status != CH_OK ? body->status : line->request.status;
	line->written = 0;
	line->got = 0;
	line->sent_ns = driver_now_ns();
	return status;
}

static enum ch_status line_write(struct line *line)
{
	while (line->written < line->request.len) {
		ssize_t put = send(line->fd, line->request.data + line->written,
			line->request.len - line->written, MSG_NOSIGNAL);
		if (put < 0 && (errno == EAGAIN || errno == EINTR))
			return CH_OK;
		if (put < 0) {
			complaint("post", "send: %s", strerror(errno));
			return CH_IO;
		}
		line->written += (size_t)put;
	}
	return CH_OK;
}

/* CH_OK: the whole answer is there and is the expected one; CH_RETRY: it is 503; CH_END: more must
 * come. */
static enum ch_status line_check(const struct line *line, const struct load *load)
{
	const char *end = memmem(line->answer, line->got, "\r\n\r\n", 4);
	const char *length;
	if (end == NULL)
		return line->got < HEAD_BYTES ? CH_END : CH_FORMAT;
	length = strcasestr(line->answer, "\r\ncontent-length:");
	if (length == NULL || length > end)
		return CH_FORMAT;
	size_t want = (size_t)(end + 4 - line->answer) + strtoul(length + 17, NULL, 10);
	if (line->got < want && want < ANSWER_BYTES)
		return CH_END;
	int answer = atoi(line->answer + sizeof("HTTP/1.1"));
	if (line->got != want || (answer != load->expect && answer != 503))
		return CH_FORMAT;
	return answer == load->expect ? CH_OK : CH_RETRY;
}

static enum ch_status line_read(struct line *line, struct load *load)
{
	ssize_t got = recv(line->fd, line->answer + line->got, ANSWER_BYTES - 1 - line->got, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return CH_OK;
	if (got <= 0) {
		complaint("post", "the server closed the connection");
		return CH_CLOSED;
	}
	line->got += (size_t)got;
	line->answer[line->got] = 0;
	enum ch_status status = line_check(line, load);
	if (status == CH_END)
		return CH_OK;
	if (status != CH_OK && status != CH_RETRY) {
		complaint("post", "not the expected answer: %.300s", line->answer);
		return status;
	}
	int64_t now_ns = driver_now_ns();
	if (status == CH_RETRY) {
		load->put_off++;
	} else if (now_ns >= load->begin_ns && now_ns < load->end_ns) {
		load->answered += (uint64_t)load->batch;
		histogram_record(&load->latency, (uint64_t)(now_ns - line->sent_ns), 1);
	}
	if (now_ns >= load->end_ns)
		return CH_END;
	status = line_fill(line, load);
	return status == CH_OK ? line_write(line) : status;
}

static enum ch_status line_open(struct line *line, const struct load *load)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(load->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;
	line->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (line->fd < 0 ||
		connect(line->fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
		complaint("post", "port %u: %s", load->port, strerror(errno));
		return CH_IO;
	}
	return CH_OK;
}

static enum ch_status load_turn(struct load *load, struct line *lines, struct pollfd *polled)
{
	enum ch_status status = CH_OK;
	for (int i = 0; i < load->connections; i++)
		polled[i].events =
			(short)(lines[i].written < lines[i].request.len ? POLLIN | POLLOUT
									: POLLIN);
	if (poll(polled, (nfds_t)load->connections, PATIENCE_MS) <= 0) {
		complaint("post", "no answer within %d ms", PATIENCE_MS);
		return CH_TIMEOUT;
	}
	for (int i = 0; i < load->connections && status == CH_OK; i++) {
		if ((polled[i].revents & POLLOUT) != 0)
			status = line_write(&lines[i]);
		if (status == CH_OK && (polled[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			status = line_read(&lines[i], load);
	}
	return status;
}

static double cpu_seconds(void)
{
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage); /* cannot fail for oneself */
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static enum ch_status load_run(struct load *load, struct line *lines)
{
	struct pollfd polled[CONNECTIONS_MAX] = {0};
	enum ch_status status = CH_OK;
	int64_t start_ns = driver_now_ns();
	double cpu = cpu_seconds();
	/* The first fifth warms up. */
	load->begin_ns = start_ns + (int64_t)(load->seconds * 0.2e9);
	load->end_ns = start_ns + (int64_t)(load->seconds * 1e9);
	for (int i = 0; i < load->connections && status == CH_OK; i++) {
		status = line_open(&lines[i], load);
		polled[i].fd = lines[i].fd;
		if (status == CH_OK)
			status = line_fill(&lines[i], load);
		if (status == CH_OK)
			status = line_write(&lines[i]);
	}
	while (status == CH_OK)
		status = load_turn(load, lines, polled);
	if (status != CH_END)
		return status;
	cpu = cpu_seconds() - cpu;
	(void)printf(
		"throughput\t%.0f\tevents/s\n", (double)load->answered / (load->seconds * 0.8));
	(void)printf(
		"ack.p50\t%.1f\tus\n", (double)histogram_quantile(&load->latency, 500000) / 1e3);
	(void)printf(
		"ack.p99\t%.1f\tus\n", (double)histogram_quantile(&load->latency, 990000) / 1e3);
	(void)printf("put_off\t%" PRIu64 "\tposts\n", load->put_off);
	(void)printf("client.cpu\t%.0f\t%%\n", 100 * cpu / load->seconds);
	return CH_OK;
}

static bool load_parse(int argc, char **argv, struct load *load)
{
	static const struct option known[] = {{"port", required_argument, NULL, 'p'},
		{"path", required_argument, NULL, 'u'}, {"token", required_argument, NULL, 't'},
		{"connections", required_argument, NULL, 'c'},
		{"batch", required_argument, NULL, 'b'}, {"expect", required_argument, NULL, 'e'},
		{"seconds", required_argument, NULL, 's'}, {"seed", required_argument, NULL, 'r'},
		{NULL, 0, NULL, 0}};
	int option;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'p':
			load->port = (uint16_t)atoi(optarg);
			break;
		case 'u':
			load->path = optarg;
			break;
		case 't':
			load->token = optarg;
			break;
		case 'c':
			load->connections = atoi(optarg);
			break;
		case 'b':
			load->batch = atoi(optarg);
			break;
		case 'e':
			load->expect = atoi(optarg);
			break;
		case 's':
			load->seconds = atof(optarg);
			break;
		case 'r':
			load->seed = strtoull(optarg, NULL, 10);
			break;
		default:
			return false;
		}
	}
	return optind == argc && load->port != 0 && load->path != NULL && load->connections >= 1 &&
	       load->connections <= CONNECTIONS_MAX && load->batch >= 1 &&
	       load->batch <= BATCH_MAX && load->seconds > 0 && load->seconds <= 600;
}

int main(int argc, char **argv)
{
	static struct load load = {.connections = 1, .batch = 1, .expect = 200, .seconds = 5};
	struct line *lines = calloc(CONNECTIONS_MAX, sizeof(*lines));
	if (!load_parse(argc, argv, &load)) {
		(void)fputs("usage: bench_post --port N --path PATH [--token T] [--connections N] "
			    "[--batch N] [--expect STATUS] [--seconds S] [--seed N]\n",
			stderr);
		free(lines);
		return 64;
	}
	histogram_init(&load.latency);
	(void)snprintf(load.prefix, sizeof(load.prefix), "%016" PRIx64 "-", load.seed); /* fits */
	enum ch_status status = lines == NULL ? CH_NOMEM : load_run(&load, lines);
	for (int i = 0; lines != NULL && i < load.connections; i++) {
		if (lines[i].fd > 0)
			(void)close(lines[i].fd); /* all has been read */
		buffer_fini(&lines[i].request);
	}
	free(lines);
	buffer_fini(&load.body);
	return status == CH_OK ? 0 : 1;
}
