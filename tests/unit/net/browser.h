/* A small HTTP client on a plain socket, for tests that turn the server's loop themselves. */
#ifndef UNIT_NET_BROWSER_H
#define UNIT_NET_BROWSER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http.h"

#define BROWSER_UNUSED __attribute__((unused))

static int browser_connect(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

struct browser {
	int fd;
	struct buffer answer;
	bool ended;    /* the server has closed */
	size_t wanted; /* bytes at which to stop */
};

static bool browser_done(void *context)
{
	struct browser *browser = context;
	char bytes[65536];
	ssize_t n;
	while ((n = recv(browser->fd, bytes, sizeof(bytes), 0)) > 0)
		buffer_append(&browser->answer, bytes, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		browser->ended = true;
	return browser->ended || (browser->wanted > 0 && browser->answer.len >= browser->wanted);
}

/* All that the server says until it closes, or `ms` have passed. */
BROWSER_UNUSED static const char *browser_talk(
	struct loop *loop, int port, const char *request, struct browser *browser, int64_t ms)
{
	*browser = (struct browser){.fd = browser_connect(port)};
	assert_int_equal(send(browser->fd, request, strlen(request), MSG_NOSIGNAL),
		(ssize_t)strlen(request));
	int64_t end_us = clock_steady_us() + ms * 1000;
	while (!loop_until(loop, browser_done, browser, 5) && clock_steady_us() < end_us) {
		/* not yet */
	}
	return buffer_text(&browser->answer);
}

BROWSER_UNUSED static void browser_close(struct browser *browser)
{
	(void)close(browser->fd);
	buffer_fini(&browser->answer);
}

#endif
