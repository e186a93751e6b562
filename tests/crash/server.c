#include "crash/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/file.h"

#define STOP_US   (30 * INT64_C(1000000))
#define WORDS_MAX 16

const char *server_path(const struct server *server, const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/var/lib/carehub%s", server->root, name); /* room for it */
	return out;
}

/* ---- Making ---- */

static enum ch_status server_write(const struct server *server, const char *name, const char *text)
{
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/etc/carehub/%s", server->root, name);
	return file_replace(path, slice_text(text), 0600);
}

static enum ch_status server_write_keys(struct server *server)
{
	char secret[SERVER_KEY_TEXT];
	char text[1024];
	if (zmq_curve_keypair(server->hub_public, secret) != 0 ||
		zmq_curve_keypair(server->peer_public, server->peer_secret) != 0)
		return CH_INTERNAL;
	(void)snprintf(text, sizeof(text), "%s\n", secret);
	enum ch_status status = server_write(server, "hub.secret", text);
	(void)snprintf(text, sizeof(text),
		"public_key = %s\nroles = producer, consumer, operator\nsources = urn:crash:*\n"
		"types = pos.>, repair.>, website.>, callcenter.>\ntopics = >\nregion = CN\n"
		"assurance = verified\nwindow = 4096\n",
		server->peer_public);
	return status == CH_OK ? server_write(server, "peers.d/crash.conf", text) : status;
}

enum ch_status server_make(const struct server_options *options, struct server *out_server)
{
	struct server server = {.program = options->program, .log = -1, .store = -1};
	char path[PATH_MAX];
	char text[2048];
	(void)snprintf(server.root, sizeof(server.root), "%s", options->root);
	(void)snprintf(server.log_path, sizeof(server.log_path), "%s/carehubd.log", options->root);
	(void)snprintf(path, sizeof(path), "%s/etc/carehub/peers.d", server.root);
	enum ch_status status = file_make_dirs(path, 0700);
	if (status == CH_OK)
		status = file_make_dirs(server_path(&server, "", path), 0700);
	if (status == CH_OK)
		status = server_write_keys(&server);
	(void)snprintf(text, sizeof(text),
		"[bus]\nlisten = tcp://127.0.0.1:*\ncredit = 4096\n[live]\nlisten =\n[http]\nlisten =\n%s",
		options->config);
	if (status == CH_OK)
		status = server_write(&server, "carehub.conf", text);
	if (status == CH_OK)
		status = server_write(&server, "rules.conf", options->rules);
	if (status == CH_OK) {
		server.store =
			open(server.log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		status = server.store >= 0 ? CH_OK : file_status();
	}
	if (status == CH_OK)
		*out_server = server;
	return status;
}

void server_fini(struct server *server)
{
	server_kill(server);
	buffer_fini(&server->said);
	if (server->store >= 0)
		(void)close(server->store);
	server->store = -1;
}

/* ---- A life ---- */

static void server_child(const struct server *server, const char *const *environment, int report)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail for a valid signal */
	(void)dup2(report, STDERR_FILENO);
	for (; environment != NULL && environment[0] != NULL; environment += 2)
		(void)setenv(environment[0], environment[1], 1);
	execl(server->program, "carehubd", "--root", server->root, (char *)NULL);
	_exit(127);
}

/* What has been said so far; false at its end. */
static bool server_listen(struct server *server)
{
	char text[4096];
	ssize_t n;
	while ((n = read(server->log, text, sizeof(text))) > 0) {
		buffer_append(&server->said, text, (size_t)n);
		if (write(server->store, text, (size_t)n) < 0)
			perror("crash: its log");
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void server_bury(struct server *server)
{
	(void)server_listen(server);
	(void)close(server->log);
	server->log = -1;
	(void)waitpid(server->pid, &server->wait_status, 0);
	server->pid = 0;
	server->hit[0] = 0;
	const char *hit = strstr(buffer_text(&server->said), "fault-hit ");
	if (hit != NULL)
		(void)sscanf(hit, "fault-hit %63s", server->hit);
}

bool server_lives(struct server *server)
{
	if (server->pid == 0)
		return false;
	if (server_listen(server))
		return true;
	server_bury(server);
	return false;
}

/* `2026-... info hub.started version=... bus=tcp://127.0.0.1:1234 head=17` */
static bool server_has_started(struct server *server)
{
	const char *at = strstr(buffer_text(&server->said), " hub.started ");
	const char *bus = at != NULL ? strstr(at, " bus=") : NULL;
	return bus != NULL && strchr(bus, '\n') != NULL &&
	       sscanf(bus, " bus=%127s", server->address) == 1;
}

enum ch_status server_launch(struct server *server, const char *const *environment)
{
	int report[2];
	if (pipe2(report, O_CLOEXEC) != 0)
		return CH_IO;
	(void)fcntl(report[0], F_SETFL, O_NONBLOCK); /* only this end */
	(void)fflush(NULL);                          /* or the child would print it again */
	buffer_clear(&server->said);
	server->address[0] = 0;
	server->hit[0] = 0;
	server->pid = fork();
	if (server->pid == 0)
		server_child(server, environment, report[1]);
	(void)close(report[1]);
	server->log = report[0];
	return server->pid > 0 ? CH_OK : CH_IO;
}

enum ch_status server_await(struct server *server, int64_t timeout_us)
{
	int64_t until_us = clock_steady_us() + timeout_us;
	while (!server_has_started(server)) {
		struct pollfd polled = {.fd = server->log, .events = POLLIN};
		int64_t left_us = until_us - clock_steady_us();
		if (left_us <= 0)
			return CH_TIMEOUT;
		(void)poll(&polled, 1, (int)(left_us / 1000) + 1);
		if (!server_lives(server))
			return CH_END;
	}
	return CH_OK;
}

void server_kill(struct server *server)
{
	if (server->pid <= 0)
		return;
	(void)kill(server->pid, SIGKILL);
	server_bury(server);
}

enum ch_status server_stop(struct server *server)
{
	int64_t until_us = clock_steady_us() + STOP_US;
	if (server->pid <= 0)
		return CH_NOT_FOUND;
	(void)kill(server->pid, SIGTERM);
	while (server_lives(server)) {
		struct pollfd polled = {.fd = server->log, .events = POLLIN};
		if (clock_steady_us() > until_us) {
			server_kill(server);
			return CH_TIMEOUT;
		}
		(void)poll(&polled, 1, 100);
	}
	return WIFEXITED(server->wait_status) && WEXITSTATUS(server->wait_status) == 0
		       ? CH_OK
		       : CH_INTERNAL;
}

/* ---- Off line ---- */

int server_run(const struct server *server, const char *const *words, struct buffer *out)
{
	const char *arguments[WORDS_MAX] = {"carehubd", "--root", server->root};
	int report[2];
	int status;
	char text[4096];
	ssize_t n;
	for (int i = 0; i < WORDS_MAX - 4 && words[i] != NULL; i++)
		arguments[i + 3] = words[i];
	if (pipe2(report, O_CLOEXEC) != 0)
		return -1;
	(void)fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail for a valid signal */
		(void)dup2(report[1], STDOUT_FILENO);
		(void)dup2(server->store, STDERR_FILENO);
		execv(server->program, (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	(void)close(report[1]);
	while (pid > 0 && (n = read(report[0], text, sizeof(text))) > 0)
		buffer_append(out, text, (size_t)n);
	(void)close(report[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}
