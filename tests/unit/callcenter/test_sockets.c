#include "channel/callcenter/sockets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "support/unit.h"

#define PATIENCE_US INT64_C(5000000) /* less than a silent one is given */

static uv_loop_t loop;
static struct sockets *sockets;

static int begin(void **state)
{
	const struct sockets_options options = {
		.host = "127.0.0.1", .token = SLICE_LITERAL("a token")};
	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(sockets_open(&loop, &options, &sockets), CH_OK);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sockets_close(sockets);
	assert_int_equal(uv_loop_close(&loop), 0);
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
#define WITH_TOKEN "Authorization: Bearer a token\r\n\r\n"

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

static void test_without_the_token(void **state)
{
	char text[1024];
	struct sockets_counts counts;
	(void)state;
	int none = client(HANDSHAKE("") "\r\n");
	int wrong = client(HANDSHAKE("?token=another") "\r\n");
	(void)hear(none, text, sizeof(text));
	assert_null(strstr(text, " 101 "));
	(void)hear(wrong, text, sizeof(text));
	assert_null(strstr(text, " 101 "));
	sockets_look(sockets, &counts);
	assert_int_equal(counts.refused, 2);
	assert_int_equal(counts.open, 0);
	(void)close(none);
	(void)close(wrong);
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
		cmocka_unit_test_setup_teardown(test_without_the_token, begin, end),
		cmocka_unit_test_setup_teardown(test_silent_strangers, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
