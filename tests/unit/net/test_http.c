#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "unit/net/browser.h"

#define LARGE (3 * 1000 * 1000)

struct server {
	struct loop *loop;
	struct metrics *metrics;
	struct http *http;
};

static void serve_hello(
	void *context, const struct http_request *request, struct http_answer *answer)
{
	(void)context;
	buffer_printf(&answer->body, "hello %s?%s\n", request->path, request->query);
}

static void serve_large(
	void *context, const struct http_request *request, struct http_answer *answer)
{
	(void)context;
	(void)request;
	uint8_t *at = buffer_reserve(&answer->body, LARGE);
	assert_non_null(at);
	memset(at, 'x', LARGE);
}

static void serve_broken(
	void *context, const struct http_request *request, struct http_answer *answer)
{
	(void)context;
	(void)request;
	buffer_append_text(&answer->body, "half of it");
	answer->body.status = CH_NOMEM;
}

static int server_open(void **state)
{
	static struct server server;
	struct http_options options = {"127.0.0.1:0", NULL};
	server = (struct server){.metrics = metrics_create()};
	options.metrics = server.metrics;
	assert_int_equal(loop_create(&server.loop), CH_OK);
	assert_int_equal(http_open(server.loop, &options, &server.http), CH_OK);
	http_route(server.http, "/hello", serve_hello, NULL);
	http_route(server.http, "/large", serve_large, NULL);
	http_route(server.http, "/broken", serve_broken, NULL);
	*state = &server;
	return 0;
}

static int server_close(void **state)
{
	struct server *server = *state;
	http_close(server->http);
	loop_free(server->loop);
	metrics_free(server->metrics);
	return 0;
}

static const char *get(struct server *server, const char *request, struct browser *browser)
{
	return browser_talk(server->loop, http_port(server->http), request, browser, 3000);
}

#define CLOSE "Host: x\r\nConnection: close\r\n\r\n"

static void test_pages_are_served(void **state)
{
	struct browser browser;
	const char *text = get(*state, "GET /hello?a=b HTTP/1.1\r\n" CLOSE, &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
	assert_non_null(strstr(text, "content-type: text/plain; charset=utf-8\r\n"));
	assert_non_null(strstr(text, "cache-control: no-store\r\n"));
	assert_non_null(strstr(text, "x-content-type-options: nosniff\r\n"));
	assert_non_null(strstr(text, "\r\n\r\nhello /hello?a=b\n"));
	assert_true(browser.ended);
	browser_close(&browser);
}

static void test_large_pages_are_whole(void **state)
{
	struct browser browser;
	const char *text = get(*state, "GET /large HTTP/1.1\r\n" CLOSE, &browser);
	const char *body = strstr(text, "\r\n\r\n");
	assert_non_null(body);
	assert_int_equal(strspn(body + 4, "x"), LARGE);
	browser_close(&browser);
}

static void test_what_is_not_there(void **state)
{
	struct browser browser;
	const char *text = get(*state, "GET /nothing HTTP/1.1\r\n" CLOSE, &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 404 ", 13), 0);
	browser_close(&browser);
	text = get(*state, "GET /hello/.. HTTP/1.1\r\n" CLOSE, &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 404 ", 13), 0);
	browser_close(&browser);
	text = get(*state, "GET /broken HTTP/1.1\r\n" CLOSE, &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 500 ", 13), 0);
	assert_null(strstr(text, "half"));
	browser_close(&browser);
}

static void test_only_get_and_head(void **state)
{
	struct browser browser;
	const char *text = get(*state, "HEAD /hello HTTP/1.1\r\n" CLOSE, &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
	assert_null(strstr(text, "hello /hello"));
	browser_close(&browser);
	text = get(*state, "POST /hello HTTP/1.1\r\nContent-Length: 3\r\n" CLOSE "abc", &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 405 ", 13), 0);
	assert_non_null(strstr(text, "allow: GET, HEAD\r\n"));
	assert_true(browser.ended);
	browser_close(&browser);
	text = get(*state, "DELETE /hello HTTP/1.1\r\n" CLOSE, &browser);
	assert_null(strstr(text, " 200 "));
	browser_close(&browser);
}

static void test_connections_are_kept_alive(void **state)
{
	struct browser browser;
	const char *text = get(*state,
		"GET /hello?1 HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /hello?2 HTTP/1.1\r\n" CLOSE,
		&browser);
	assert_non_null(strstr(text, "hello /hello?1\n"));
	assert_non_null(strstr(text, "hello /hello?2\n"));
	browser_close(&browser);
}

static void test_nonsense_does_no_harm(void **state)
{
	struct server *server = *state;
	struct browser browser;
	char long_query[3000];
	char long_header[9000];
	static const char upgrade[] =
		"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
	memset(long_query, 'a', sizeof(long_query));
	memcpy(long_query, "GET /hello?", 11);
	memcpy(long_query + 2900, " HTTP/1.1\r\n" CLOSE, sizeof(" HTTP/1.1\r\n" CLOSE));
	const char *text = get(server, long_query, &browser);
	assert_null(strstr(text, " 200 "));
	browser_close(&browser);
	memset(long_header, 'a', sizeof(long_header));
	memcpy(long_header, "GET /hello HTTP/1.1\r\nX: ", 24);
	long_header[sizeof(long_header) - 1] = 0;
	(void)browser_talk(server->loop, http_port(server->http), long_header, &browser, 300);
	browser_close(&browser);
	text = get(server, upgrade, &browser);
	assert_null(strstr(text, " 101 "));
	browser_close(&browser);
	(void)browser_talk(
		server->loop, http_port(server->http), "\x16\x03\x01\r\n\r\n", &browser, 300);
	browser_close(&browser);
	test_pages_are_served(state);
}

static void test_connections_are_bounded(void **state)
{
	struct server *server = *state;
	static int fds[LIMIT_HTTP_CONNECTIONS + 50];
	struct browser browser;
	for (size_t i = 0; i < LIMIT_HTTP_CONNECTIONS + 50; i++) {
		fds[i] = browser_connect(http_port(server->http));
		if (i % 16 == 0)
			(void)loop_until(
				server->loop, browser_done, &(struct browser){.fd = fds[i]}, 1);
	}
	for (size_t i = 0; i < LIMIT_HTTP_CONNECTIONS + 50; i++)
		(void)close(fds[i]);
	/* When they are gone it goes on. */
	const char *text = get(server, "GET /hello HTTP/1.1\r\n" CLOSE, &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
	browser_close(&browser);
}

static void test_address_in_use(void **state)
{
	struct server *server = *state;
	struct http *second = NULL;
	char address[64];
	(void)snprintf(address, sizeof(address), "127.0.0.1:%d", http_port(server->http));
	const struct http_options options = {address, NULL};
	assert_int_equal(http_open(server->loop, &options, &second), CH_BUSY);
	assert_null(second);
	const struct http_options bad = {"localhost", NULL};
	assert_int_equal(http_open(server->loop, &bad, &second), CH_INVALID);
	test_pages_are_served(state);
	http_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_are_served),
		cmocka_unit_test(test_large_pages_are_whole),
		cmocka_unit_test(test_what_is_not_there),
		cmocka_unit_test(test_only_get_and_head),
		cmocka_unit_test(test_connections_are_kept_alive),
		cmocka_unit_test(test_nonsense_does_no_harm),
		cmocka_unit_test(test_connections_are_bounded),
		cmocka_unit_test(test_address_in_use),
	};
	return cmocka_run_group_tests(tests, server_open, server_close);
}
