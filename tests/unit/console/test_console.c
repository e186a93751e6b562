/* health and metrics, through the port that serves them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "console/health.h"
#include "console/metrics.h"
#include "unit/net/browser.h"
#include "unit/openmetrics.h"

struct console {
	struct loop *loop;
	struct metrics *metrics;
	struct health *health;
	struct http *http;
};

static void console_open(struct console *console)
{
	*console = (struct console){.metrics = metrics_create(), .health = health_create()};
	const struct http_options options = {"127.0.0.1:0", console->metrics};
	assert_int_equal(loop_create(&console->loop), CH_OK);
	assert_int_equal(http_open(console->loop, &options, &console->http), CH_OK);
	metrics_serve(console->metrics, console->http);
	health_serve(console->health, console->http);
}

static void console_close(struct console *console)
{
	http_close(console->http);
	loop_free(console->loop);
	health_free(console->health);
	metrics_free(console->metrics);
	health_free(NULL);
}

static const char *get(struct console *console, const char *path, struct browser *browser)
{
	char request[128];
	(void)snprintf(request, sizeof(request),
		"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
	return browser_talk(console->loop, http_port(console->http), request, browser, 3000);
}

static void test_metrics_can_be_scraped(void **state)
{
	struct console console;
	struct browser browser;
	(void)state;
	console_open(&console);
	const char *text = get(&console, "/metrics", &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
	assert_non_null(strstr(text,
		"content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
	const char *body = strstr(text, "\r\n\r\n") + 4;
	assert_true(openmetrics_check(body) >= 7);
	assert_non_null(strstr(body, "carehub_build_info{version=\"" CAREHUB_VERSION "\"} 1\n"));
	assert_non_null(strstr(body, "\nprocess_resident_memory_bytes "));
	assert_non_null(strstr(body, "\nprocess_cpu_seconds_total 0."));
	browser_close(&browser);
	console_close(&console);
}

static void test_ready_says_why_not(void **state)
{
	struct console console;
	struct browser browser;
	char long_reason[400];
	(void)state;
	console_open(&console);
	health_expect(console.health, "journal");
	health_expect(console.health, "projector");
	const char *text = get(&console, "/healthz", &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
	assert_non_null(strstr(text, "{\"status\":\"live\"}\n"));
	browser_close(&browser);

	health_set(console.health, "journal", NULL);
	assert_false(health_ready(console.health));
	text = get(&console, "/readyz", &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 503 ", 13), 0);
	assert_non_null(strstr(text, "content-type: application/json\r\n"));
	assert_non_null(strstr(text,
		"{\"status\":\"not_ready\",\"conditions\":[{\"name\":\"journal\",\"ready\":true},"
		"{\"name\":\"projector\",\"ready\":false,\"reason\":\"starting\"}]}\n"));
	browser_close(&browser);

	health_set(console.health, "projector", NULL);
	assert_true(health_ready(console.health));
	text = get(&console, "/readyz", &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
	browser_close(&browser);

	/* A reason that is too long, cut in the middle of a character, and quotes in it. */
	(void)snprintf(long_reason, sizeof(long_reason), "\"%198s\xe5\xba\x97", "x");
	health_set(console.health, "projector", long_reason);
	text = get(&console, "/readyz", &browser);
	assert_int_equal(strncmp(text, "HTTP/1.1 503 ", 13), 0);
	assert_non_null(strstr(text, "\"reason\":\"\\\" "));
	assert_non_null(strstr(text, "x\"}]}\n"));
	browser_close(&browser);
	console_close(&console);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics_can_be_scraped),
		cmocka_unit_test(test_ready_says_why_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
