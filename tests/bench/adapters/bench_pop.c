/* The screen pop against a bare query of the same hub: how long from the exchange's AgentCalled on the wire until
 * the POST with the caller's record is there, and how long the hub takes for the same customer when libcarehub
 * asks.  In turns, one at a time:
 *
 *     bench_hub --mode prepare --customers 100000 --port 0 --data DIR
 *     bench_pop --customers 100000 --seconds 5 --data DIR
 *
 * It is the exchange (Asterisk's manager port), the agent's screen (an HTTP server that answers 204) and the one
 * who asks.  The hub is of the bench's own; carehub-callcenter is that beside this program. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "bench/hub/visit.h"
#include "bench/load/complaint.h"
#include "bench/load/driver.h"
#include "bench/load/histogram.h"
#include "wire/pb.h"

#define PATIENCE_MS 20000
#define TEXT_BYTES  ((size_t)256 * 1024)
#define TIMELINE    10u

/* A peer's side of a connection that we listen for. */
struct ear {
	int listener;
	int fd; /* -1: nobody */
	uint16_t port;
	size_t len;
	char text[TEXT_BYTES];
};

struct bench_pop {
	const struct options *options;
	struct house house;
	struct ch_connection *connection;
	struct ear exchange;
	struct ear screen;
	bool ready;   /* the adapter has logged in and looked around */
	bool popped;  /* the screen has got a record */
	bool unknown; /* ... of nobody */
	pid_t adapter;
	uint64_t calls;
	uint64_t random;
	struct histogram pops;
	struct histogram queries;
};

static enum ch_status failed(const char *what)
{
	complaint("pop", "%s: %s", what, strerror(errno));
	return CH_IO;
}

/* ---- Listening ---- */

static enum ch_status ear_open(struct ear *ear)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	ear->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (ear->listener < 0 ||
		bind(ear->listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(ear->listener, 4) != 0 ||
		getsockname(ear->listener, (struct sockaddr *)&address, &size) != 0)
		return failed("listen");
	ear->port = ntohs(address.sin_port);
	return CH_OK;
}

static void ear_close(struct ear *ear)
{
	if (ear->fd >= 0)
		(void)close(ear->fd); /* nothing is owed */
	if (ear->listener >= 0)
		(void)close(ear->listener);
	ear->fd = ear->listener = -1;
}

static enum ch_status ear_say(struct ear *ear, const char *text, size_t len)
{
	if (send(ear->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len)
		return CH_OK;
	return failed("send"); /* a few hundred bytes always fit */
}

static enum ch_status ear_accept(struct ear *ear)
{
	int on = 1;
	if (ear->fd >= 0)
		(void)close(ear->fd); /* who comes anew has given the old one up */
	ear->len = 0;
	ear->fd = accept4(ear->listener, NULL, NULL, SOCK_CLOEXEC);
	if (ear->fd < 0 || setsockopt(ear->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		return failed("accept");
	return CH_OK;
}

/* CH_OK: more has come, or the other side has gone. */
static enum ch_status ear_read(struct ear *ear)
{
	ssize_t got = recv(ear->fd, ear->text + ear->len, TEXT_BYTES - 1 - ear->len, 0);
	if (got <= 0) {
		(void)close(ear->fd);
		ear->fd = -1;
		return CH_OK;
	}
	ear->len += (size_t)got;
	ear->text[ear->len] = 0;
	return ear->len < TEXT_BYTES - 1 ? CH_OK : CH_TOO_LARGE;
}

static void ear_forget(struct ear *ear, size_t len)
{
	ear->len -= len;
	memmove(ear->text, ear->text + len, ear->len + 1);
}

/* ---- The exchange ---- */

static enum ch_status exchange_answer(struct bench_pop *pop, const char *action)
{
	char own[128] = "";
	char text[1024];
	const char *id = strcasestr(action, "\r\nactionid:");
	const char *list = NULL;
	int len;
	if (id != NULL)
		(void)snprintf(own, sizeof(own), "ActionID:%.*s\r\n", (int)strcspn(id + 11, "\r\n"),
			id + 11);
	if (strcasestr(action, "Action: QueueStatus") != NULL)
		list = "QueueStatusComplete";
	else if (strcasestr(action, "Action: CoreShowChannels") != NULL)
		list = "CoreShowChannelsComplete";
	if (list != NULL)
		len = snprintf(text, sizeof(text),
			"Response: Success\r\n%sEventList: start\r\n\r\n"
			"Event: %s\r\n%sEventList: Complete\r\nListItems: 0\r\n\r\n",
			own, list, own);
	else
		len = snprintf(
			text, sizeof(text), "Response: Success\r\n%sPing: Pong\r\n\r\n", own);
	pop->ready = pop->ready || (list != NULL && list[0] == 'C');
	return ear_say(&pop->exchange, text, (size_t)len);
}

static enum ch_status exchange_hear(struct bench_pop *pop)
{
	struct ear *ear = &pop->exchange;
	enum ch_status status = ear_read(ear);
	char *end;
	if (ear->fd < 0) {
		complaint("pop", "the adapter has hung up");
		return CH_CLOSED;
	}
	while (status == CH_OK && (end = strstr(ear->text, "\r\n\r\n")) != NULL) {
		*end = 0;
		status = exchange_answer(pop, ear->text);
		ear_forget(ear, (size_t)(end + 4 - ear->text));
	}
	return status;
}

static enum ch_status exchange_tell(
	struct bench_pop *pop, const char *event, const char *number, const char *more)
{
	char text[1024];
	int len = snprintf(text, sizeof(text),
		"Event: %s\r\nPrivilege: call,all\r\nChannel: PJSIP/trunk-%08" PRIx64
		"\r\nCallerIDNum: %s\r\nCallerIDName: \r\nExten: 400\r\nLanguage: en\r\n"
		"Uniqueid: b-1795290136.%" PRIu64 "\r\nLinkedid: b-1795290136.%" PRIu64
		"\r\n%s\r\n",
		event, pop->calls, number, pop->calls, pop->calls, more);
	return ear_say(&pop->exchange, text, (size_t)len);
}

/* ---- The screen ---- */

static enum ch_status screen_hear(struct bench_pop *pop)
{
	static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
	struct ear *ear = &pop->screen;
	enum ch_status status = ear_read(ear);
	if (status != CH_OK || ear->fd < 0)
		return status;
	const char *end = strstr(ear->text, "\r\n\r\n");
	const char *length = end == NULL ? NULL : strcasestr(ear->text, "\r\ncontent-length:");
	if (length == NULL)
		return CH_OK;
	size_t want = (size_t)(end + 4 - ear->text) + strtoul(length + 17, NULL, 10);
	if (ear->len < want)
		return CH_OK;
	pop->popped = true;
	pop->unknown = strstr(ear->text, "\"lookup\":\"found\"") == NULL;
	ear_forget(ear, want);
	return ear_say(ear, answer, sizeof(answer) - 1);
}

/* Serves both until `done` is set. */
static enum ch_status serve(struct bench_pop *pop, const bool *done)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && !*done) {
		struct pollfd polled[] = {{.fd = pop->exchange.listener, .events = POLLIN},
			{.fd = pop->exchange.fd, .events = POLLIN},
			{.fd = pop->screen.listener, .events = POLLIN},
			{.fd = pop->screen.fd, .events = POLLIN}};
		if (poll(polled, 4, PATIENCE_MS) <= 0) {
			complaint("pop", "nothing happens within %d ms", PATIENCE_MS);
			return CH_TIMEOUT;
		}
		if (polled[1].revents != 0)
			status = exchange_hear(pop);
		if (status == CH_OK && polled[3].revents != 0)
			status = screen_hear(pop);
		if (status == CH_OK && polled[2].revents != 0)
			status = ear_accept(&pop->screen);
		if (status == CH_OK && polled[0].revents != 0) {
			status = ear_accept(&pop->exchange);
			if (status == CH_OK)
				status = ear_say(
					&pop->exchange, "Asterisk Call Manager/13.0.0\r\n", 30);
		}
	}
	return status;
}

/* ---- The adapter ---- */

static enum ch_status adapter_start(struct bench_pop *pop)
{
	char config[HOUSE_PATH + 32];
	char secret[HOUSE_PATH + 32];
	char program[HOUSE_PATH];
	char text[4 * HOUSE_PATH];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 32);
	if (len <= 0)
		return failed("/proc/self/exe");
	program[len] = 0;
	(void)strcpy(strrchr(program, '/') + 1, "carehub-callcenter");
	(void)snprintf(config, sizeof(config), "%s/callcenter.conf", pop->house.root);
	(void)snprintf(secret, sizeof(secret), "%s/manager.secret", pop->house.root);
	(void)snprintf(text, sizeof(text),
		"[hub]\nendpoint = %s\nserver_key = %s\nkey_file = %s/till.secret\n"
		"[exchange]\nport = %u\nusername = bench\nsecret_file = %s\nlogin = plain\n"
		"keepalive = 1h\n[calls]\nsource = urn:till:calls\n"
		"[pop]\nurl = http://127.0.0.1:%u/pop\n",
		pop->house.endpoint, pop->house.server_key, pop->house.root, pop->exchange.port,
		secret, pop->screen.port);
	if (file_replace(config, slice_text(text), 0600) != CH_OK ||
		file_replace(secret, SLICE_LITERAL("of the bench\n"), 0600) != CH_OK)
		return failed(config);
	pop->adapter = fork();
	if (pop->adapter < 0)
		return failed("fork");
	if (pop->adapter == 0) {
		char log[HOUSE_PATH + 32];
		(void)snprintf(log, sizeof(log), "%s/callcenter.log", pop->house.root);
		int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (fd >= 0 && dup2(fd, STDERR_FILENO) >= 0 &&
			prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) /* never outlives us */
			(void)execl(program, program, "run", "--config", config, (char *)NULL);
		_exit(127);
	}
	return serve(pop, &pop->ready);
}

static void adapter_stop(struct bench_pop *pop)
{
	if (pop->adapter <= 0)
		return;
	(void)kill(pop->adapter, SIGKILL); /* its calls are ours, and nobody misses them */
	(void)waitpid(pop->adapter, NULL, 0);
	pop->adapter = 0;
}

/* ---- What is compared ---- */

static void draw_number(struct bench_pop *pop, char out_number[16])
{
	pop->random = pop->random * 6364136223846793005u + 1442695040888963407u;
	(void)snprintf(out_number, 16, "+8613%09" PRIu64,
		1 + (pop->random >> 33) % pop->options->customers);
}

static enum ch_status measure_pop(struct bench_pop *pop, const char *number, int64_t *out_ns)
{
	static const char agent[] = "Queue: repair\r\nMemberName: Wang\r\nInterface: PJSIP/201\r\n";
	pop->calls++;
	pop->popped = false;
	enum ch_status status = exchange_tell(pop, "Newchannel", number, "");
	if (status == CH_OK)
		status = exchange_tell(pop, "QueueCallerJoin", number,
			"Queue: repair\r\nPosition: 1\r\nCount: 1\r\n");
	int64_t start_ns = driver_now_ns();
	if (status == CH_OK)
		status = exchange_tell(pop, "AgentCalled", number, agent);
	if (status == CH_OK)
		status = serve(pop, &pop->popped);
	*out_ns = driver_now_ns() - start_ns;
	return status;
}

/* The caller hangs up, and the call becomes an event, which the hub syncs.  Behind the query: what that costs the
 * other one is the next pop's, and does not flatter it. */
static enum ch_status end_call(struct bench_pop *pop, const char *number)
{
	return exchange_tell(pop, "Hangup", number, "Cause: 16\r\n");
}

static bool take_reply(void *context, struct ch_bytes body, bool more)
{
	(void)more;
	*(size_t *)context += body.len;
	return true;
}

/* The same question as the adapter's: the record, what is open, the newest of the time line. */
static enum ch_status measure_query(struct bench_pop *pop, const char *number, int64_t *out_ns)
{
	struct buffer body = {0};
	size_t got = 0;
	pb_put_text(&body, 2, number);
	pb_put_text(&body, 3, "phone");
	pb_put_uint(&body, 5, TIMELINE);
	pb_put_uint(&body, 6, 1);
	int64_t start_ns = driver_now_ns();
	enum ch_status status = ch_request(pop->connection, "Customer",
		(struct ch_bytes){body.data, body.len}, PATIENCE_MS, take_reply, &got);
	*out_ns = driver_now_ns() - start_ns;
	buffer_fini(&body);
	if (status == CH_OK && got == 0)
		status = CH_NOT_FOUND;
	return status == CH_OK ? CH_OK : visit_failed("Customer", status);
}

static void tell(const char *name, const struct histogram *histogram)
{
	(void)printf(
		"%s.p50\t%.1f\tus\n", name, (double)histogram_quantile(histogram, 500000) / 1e3);
	(void)printf(
		"%s.p99\t%.1f\tus\n", name, (double)histogram_quantile(histogram, 990000) / 1e3);
}

/* The adapter's own line to the hub comes up when it will. */
static enum ch_status warm(struct bench_pop *pop)
{
	enum ch_status status = CH_OK;
	pop->unknown = true;
	for (int left = PATIENCE_MS / 20; left > 0 && status == CH_OK && pop->unknown; left--) {
		char number[16];
		int64_t unused_ns;
		(void)usleep(20000); /* a wake-up is fine */
		draw_number(pop, number);
		status = measure_pop(pop, number, &unused_ns);
		if (status == CH_OK)
			status = end_call(pop, number);
	}
	if (status == CH_OK && pop->unknown) {
		complaint("pop", "no caller was found: has prepare made these customers?");
		status = CH_NOT_FOUND;
	}
	return status;
}

static enum ch_status measure(struct bench_pop *pop)
{
	enum ch_status status = warm(pop);
	int64_t start_ns = driver_now_ns();
	int64_t end_ns = start_ns + pop->options->duration_ns;
	int64_t begin_ns = start_ns + pop->options->duration_ns / 5;
	int64_t now_ns = start_ns;
	for (; status == CH_OK && now_ns < end_ns; now_ns = driver_now_ns()) {
		char caller[16];
		char number[16];
		int64_t pop_ns = 0;
		int64_t query_ns = 0;
		draw_number(pop, caller);
		status = measure_pop(pop, caller, &pop_ns);
		if (status == CH_OK && pop->unknown) {
			complaint("pop", "%s was not found", caller);
			status = CH_NOT_FOUND;
		}
		draw_number(pop, number); /* another one: the caller's record is warm now */
		if (status == CH_OK)
			status = measure_query(pop, number, &query_ns);
		if (status == CH_OK)
			status = end_call(pop, caller);
		if (status == CH_OK && now_ns >= begin_ns) {
			histogram_record(&pop->pops, (uint64_t)pop_ns, 1);
			histogram_record(&pop->queries, (uint64_t)query_ns, 1);
		}
	}
	if (status != CH_OK)
		return status;
	(void)printf("pop.count\t%" PRIu64 "\tcalls\n", pop->pops.total);
	tell("pop.push", &pop->pops);
	tell("pop.query", &pop->queries);
	return CH_OK;
}

int main(int argc, char **argv)
{
	static struct bench_pop pop = {
		.exchange = {-1, -1, 0, 0, ""}, .screen = {-1, -1, 0, 0, ""}};
	struct options options;
	enum ch_status status = options_parse(argc, argv, &options);
	if (status != CH_OK)
		return status == CH_END ? EXIT_SUCCESS : 64;
	if (options.customers == 0) {
		complaint("pop", "--customers is how many bench_hub --mode prepare has made");
		return 64;
	}
	pop.options = &options;
	pop.random = options.seed;
	histogram_init(&pop.pops);
	histogram_init(&pop.queries);
	status = house_open(&options, &pop.house);
	if (status != CH_OK)
		return EXIT_FAILURE;
	status = ear_open(&pop.exchange);
	if (status == CH_OK)
		status = ear_open(&pop.screen);
	if (status == CH_OK)
		status = adapter_start(&pop);
	if (status == CH_OK)
		status = visit_open(&pop.house, &pop.connection);
	if (status == CH_OK)
		status = measure(&pop);
	adapter_stop(&pop);
	ch_close(pop.connection);
	ear_close(&pop.exchange);
	ear_close(&pop.screen);
	enum ch_status closed = house_close(&pop.house);
	return status == CH_OK && closed == CH_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
