#include "channel/callcenter/sockets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "passes.h"
#include "support/unit.h"

#define PATIENCE_US INT64_C(5000000) /* less than a silent one is given */

static uv_loop_t loop;
static struct sockets *sockets;
static struct passes *passes;

static const char agents[] = "7 = seven-seven-seven\n8 = eight-eight-eight\n";

static int begin(void **state)
{
	(void)state;
	passes = passes_of("a token", agents);
	const struct sockets_options options = {.host = "127.0.0.1", .passes = passes};
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(sockets_open(&loop, &options, &sockets), CH_OK);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sockets_close(sockets);
	assert_int_equal(uv_loop_close(&loop), 0);
	passes_free(passes);
	return 0;
}

static int client(const char *text)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)sockets_port(sockets)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

/* Turns the loop until something has come; what it was, 0 bytes when the connection was closed or nothing came. */
static size_t hear(int fd, char *out, size_t size)
{
	int64_t until_us = clock_steady_us() + PATIENCE_US;
	ssize_t got = -1;
	while (got < 0 && clock_steady_us() < until_us) {
		(void)uv_run(&loop, UV_RUN_NOWAIT);
		got = recv(fd, out, size - 1, MSG_DONTWAIT);
	}
	out[got > 0 ? got : 0] = 0;
	return got > 0 ? (size_t)got : 0;
}

#define HANDSHAKE(query)                                                                           \
	"GET /" query " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"      \
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"             \
	"Sec-WebSocket-Protocol: carehub-pop\r\n"
#define SHOWING(token) "Authorization: Bearer " token "\r\n\r\n"
#define WITH_TOKEN     SHOWING("a token")

static void assert_welcome(int fd)
{
	char text[1024];
	assert_true(hear(fd, text, sizeof(text)) > 0);
	assert_int_equal(strncmp(text, "HTTP/1.1 101 ", 13), 0);
}

static void test_usage(void **state)
{
	char text[64];
	struct sockets_counts counts;
	(void)state;
	int all = client(HANDSHAKE("") WITH_TOKEN);
	int one = client(HANDSHAKE("?agent=7") WITH_TOKEN);
	assert_welcome(all);
	assert_welcome(one);
	sockets_send(sockets, SLICE_LITERAL("8"), SLICE_LITERAL("{\"agent\":8}"));
	sockets_send(sockets, SLICE_LITERAL("7"), SLICE_LITERAL("{\"agent\":7}"));
	assert_int_equal(hear(one, text, sizeof(text)), 13);
	assert_string_equal(text + 2, "{\"agent\":7}"); /* behind the frame's head */
	assert_true(hear(all, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "{\"agent\":8}"));
	sockets_look(sockets, &counts);
	assert_int_equal(counts.open, 2);
	(void)close(all);
	(void)close(one);
}

/* Whatever he asks for, an agent's token is for his own calls. */
static void test_an_agent_hears_his_own(void **state)
{
	char text[64];
	(void)state;
	int seven = client(HANDSHAKE("") SHOWING("seven-seven-seven"));
	int eight = client(HANDSHAKE("?agent=8&token=eight-eight-eight") "\r\n");
	assert_welcome(seven);
	assert_welcome(eight);
	sockets_send(sockets, SLICE_LITERAL("8"), SLICE_LITERAL("{\"agent\":8}"));
	sockets_send(sockets, SLICE_LITERAL("77"), SLICE_LITERAL("{\"agent\":77}"));
	sockets_send(sockets, SLICE_LITERAL("7"), SLICE_LITERAL("{\"agent\":7}"));
	assert_int_equal(hear(seven, text, sizeof(text)), 13);
	assert_string_equal(text + 2, "{\"agent\":7}");
	assert_int_equal(hear(eight, text, sizeof(text)), 13);
	assert_string_equal(text + 2, "{\"agent\":8}");
	(void)close(seven);
	(void)close(eight);
}

static void test_who_may_not(void **state)
{
	static const char *const requests[] = {
		HANDSHAKE("") "\r\n", HANDSHAKE("?token=another") "\r\n",
		HANDSHAKE("") SHOWING("a tokem"), HANDSHAKE("") SHOWING("a toke"),
		HANDSHAKE("") SHOWING(""), HANDSHAKE("?agent=7") SHOWING("eight-eight-eight"),
		HANDSHAKE("?agent=") SHOWING("eight-eight-eigh"),
		HANDSHAKE("?token=eight-eight-eight&agent=88") "\r\n",
		HANDSHAKE("?token=a%20token") SHOWING("seven"), /* the header counts */
	};
	const size_t count = sizeof(requests) / sizeof(requests[0]);
	char text[1024];
	struct sockets_counts counts;
	(void)state;
	for (size_t i = 0; i < count; i++) {
		int fd = client(requests[i]);
		(void)hear(fd, text, sizeof(text));
		if (strncmp(text, "HTTP/1.", 7) != 0 || strncmp(text + 8, " 403 ", 5) != 0)
			fail_msg("%s: %s", requests[i], text);
		(void)close(fd);
	}
	sockets_look(sockets, &counts);
	assert_int_equal(counts.refused, count);
	assert_int_equal(counts.open, 0);
}

/* Who has none of the new tokens is cut off, with what waited for him; the others go on. */
static void test_a_token_is_withdrawn(void **state)
{
	char text[1024];
	struct sockets_counts counts;
	(void)state;
	int all = client(HANDSHAKE("") WITH_TOKEN);
	int seven = client(HANDSHAKE("") SHOWING("seven-seven-seven"));
	int eight = client(HANDSHAKE("") SHOWING("eight-eight-eight"));
	assert_welcome(all);
	assert_welcome(seven);
	assert_welcome(eight);
	struct passes *others = passes_of("a token", "8=eight-eight-eight\n9=seven-seven-seven\n");
	sockets_send(sockets, SLICE_LITERAL("7"), SLICE_LITERAL("{\"agent\":7}"));
	sockets_renew(sockets, others);
	passes_free(passes);
	passes = others;
	sockets_send(sockets, SLICE_LITERAL("7"), SLICE_LITERAL("{\"agent\":7}"));
	sockets_send(sockets, SLICE_LITERAL("8"), SLICE_LITERAL("{\"agent\":8}"));
	sockets_look(sockets, &counts);
	assert_int_equal(counts.open, 2);
	assert_int_equal(hear(seven, text, sizeof(text)), 0);
	assert_int_equal(hear(eight, text, sizeof(text)), 13);
	assert_true(hear(all, text, sizeof(text)) > 0);
	(void)close(seven);
	(void)close(all);
	(void)close(eight);
}

/* Who connects and says no more keeps no agent's program out meanwhile. */
static void test_silent_strangers(void **state)
{
	int strangers[LIMIT_POP_STRANGERS - 8];
	const size_t count = sizeof(strangers) / sizeof(strangers[0]);
	(void)state;
	for (size_t i = 0; i < count; i++) {
		strangers[i] = client("GET / HTTP/1.1\r\nHost: ");
		(void)uv_run(&loop, UV_RUN_NOWAIT); /* what is left is looked at below */
	}
	int agent = client(HANDSHAKE("") WITH_TOKEN);
	assert_welcome(agent);
	(void)close(agent);
	for (size_t i = 0; i < count; i++)
		(void)close(strangers[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_usage, begin, end),
		cmocka_unit_test_setup_teardown(test_an_agent_hears_his_own, begin, end),
		cmocka_unit_test_setup_teardown(test_who_may_not, begin, end),
		cmocka_unit_test_setup_teardown(test_a_token_is_withdrawn, begin, end),
		cmocka_unit_test_setup_teardown(test_silent_strangers, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
