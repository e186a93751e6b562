#include "kit/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"

#define LOOK_US      50000
#define WAITING      8
#define ANSWER_BYTES (64u * 1024u)

struct control {
	int listener;
	int asker; /* -1: nobody waits for an answer */
	int64_t look_us;
};

/* One file has one name, however it is called.  The first NUL makes it no file of its own. */
static enum ch_status control_address(const char *program, const char *config,
	struct sockaddr_un *out_address, socklen_t *out_len)
{
	char whole[PATH_MAX];
	*out_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (realpath(config, whole) == NULL)
		return file_status();
	int len = snprintf(out_address->sun_path + 1, sizeof(out_address->sun_path) - 1,
		"carehub/%.32s/%016llx", program,
		(unsigned long long)hash_bytes(whole, strlen(whole), 0)); /* fits */
	*out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
	return CH_OK;
}

/* ---- The adapter's side ---- */

enum ch_status control_open(const char *program, const char *config, struct control **out_control)
{
	struct sockaddr_un address;
	socklen_t len;
	enum ch_status status = control_address(program, config, &address, &len);
	struct control *control = status == CH_OK ? calloc(1, sizeof(*control)) : NULL;
	if (control == NULL)
		return status == CH_OK ? CH_NOMEM : status;
	control->asker = -1;
	control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (control->listener < 0 ||
		bind(control->listener, (struct sockaddr *)&address, len) != 0 ||
		listen(control->listener, WAITING) != 0) {
		status = errno == EADDRINUSE ? CH_BUSY : CH_IO;
		goto out;
	}
	*out_control = control;
	control = NULL; /* the caller's now */
out:
	control_close(control);
	return status;
}

void control_close(struct control *control)
{
	if (control == NULL)
		return;
	if (control->asker >= 0)
		(void)close(control->asker); /* there is nothing to be lost */
	if (control->listener >= 0)
		(void)close(control->listener);
	free(control);
}

static bool control_may_ask(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	       (who.uid == 0 || who.uid == geteuid());
}

bool control_is_asked(struct control *control)
{
	if (control == NULL || control->asker >= 0)
		return false;
	int64_t now_us = clock_steady_us();
	if (now_us < control->look_us)
		return false;
	control->look_us = now_us + LOOK_US;
	int fd = accept4(control->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0 && !control_may_ask(fd)) {
		(void)close(fd); /* he is told nothing */
		fd = -1;
	}
	control->asker = fd;
	return fd >= 0;
}

/* The socket holds more than anybody has mistakes; what it does not is cut, for the adapter does not wait. */
void control_answer(struct control *control, struct slice text)
{
	if (control == NULL || control->asker < 0)
		return;
	(void)send(control->asker, text.data, text.len, MSG_NOSIGNAL); /* he may be gone */
	(void)close(control->asker);
	control->asker = -1;
}

/* ---- The other side ---- */

static enum ch_status control_receive(int fd, int64_t until_us, struct buffer *out)
{
	size_t start = out->len;
	struct pollfd place = {fd, POLLIN, 0};
	for (;;) {
		int64_t left_us = until_us - clock_steady_us();
		if (left_us <= 0 || out->len - start > ANSWER_BYTES)
			return left_us <= 0 ? CH_TIMEOUT : CH_OK;
		if (poll(&place, 1, (int)(left_us / 1000 + 1)) <= 0)
			continue;
		uint8_t *room = buffer_reserve(out, 4096);
		if (room == NULL)
			return CH_NOMEM;
		ssize_t got = recv(fd, room, 4096, 0);
		out->len -= 4096 - (got > 0 ? (size_t)got : 0);
		if (got < 0 && errno != ECONNRESET)
			return CH_IO;
		if (got <= 0)
			return out->len > start ? CH_OK : CH_CLOSED;
	}
}

enum ch_status control_ask(
	const char *program, const char *config, int64_t timeout_ms, struct buffer *out)
{
	struct sockaddr_un address;
	socklen_t len;
	int64_t until_us = clock_steady_us() + timeout_ms * 1000;
	enum ch_status status = control_address(program, config, &address, &len);
	if (status != CH_OK)
		return status;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return CH_IO;
	if (connect(fd, (struct sockaddr *)&address, len) == 0)
		status = control_receive(fd, until_us, out);
	else
		status = errno == ECONNREFUSED ? CH_NOT_FOUND : CH_IO;
	(void)close(fd); /* nothing was written */
	return status;
}
