#include "kit/conform/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LOOK_MS 2

static atomic_int interrupted; /* lock-free: a handler may set it */

static void process_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

void process_catch_interrupts(void)
{
	struct sigaction action = {.sa_handler = process_interrupt};
	(void)sigaction(SIGINT, &action, NULL); /* cannot fail for these */
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

bool process_interrupted(void)
{
	return interrupted != 0;
}

void process_sleep_ms(int64_t ms)
{
	const struct timespec time = {
		.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000)};
	if (!process_interrupted())
		(void)nanosleep(&time, NULL); /* a signal ends it, as it should */
}

/* ---- Environment ---- */

static bool environment_is(const char *line, const char *name, size_t len)
{
	return strncmp(line, name, len) == 0 && line[len] == '=';
}

enum ch_status environment_set(struct environment *environment, const char *name, const char *value)
{
	size_t place = 0;
	char *line = NULL;
	while (place < environment->count &&
		!environment_is(environment->lines[place], name, strlen(name)))
		place++;
	if (place == ENVIRONMENT_NAMES)
		return CH_FULL;
	if (asprintf(&line, "%s=%s", name, value) < 0)
		return CH_NOMEM;
	if (place == environment->count)
		environment->count++;
	else
		free(environment->lines[place]);
	environment->lines[place] = line;
	return CH_OK;
}

static const char *environment_find(
	const struct environment *environment, const char *name, size_t len)
{
	for (size_t i = 0; i < environment->count; i++) {
		if (environment_is(environment->lines[i], name, len))
			return environment->lines[i] + len + 1;
	}
	return NULL;
}

const char *environment_get(const struct environment *environment, const char *name)
{
	return environment_find(environment, name, strlen(name));
}

enum ch_status environment_set_programs(struct environment *environment, const char *bin)
{
	struct buffer path = {0};
	const char *usual = getenv("PATH");
	if (bin != NULL)
		buffer_printf(&path, "%s:", bin);
	buffer_append_text(&path, usual != NULL ? usual : "/usr/bin:/bin");
	enum ch_status status = path.status;
	if (status == CH_OK)
		status = environment_set(environment, "PATH", buffer_text(&path));
	buffer_fini(&path);
	return status;
}

void environment_fini(struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		free(environment->lines[i]);
	*environment = (struct environment){0};
}

enum ch_status environment_expand(const struct environment *environment, struct slice text,
	struct buffer *out, struct slice *out_name)
{
	for (size_t at = 0; at < text.len;) {
		if (text.len - at < 2 || text.data[at] != '$' || text.data[at + 1] != '{') {
			buffer_append_byte(out, text.data[at++]);
			continue;
		}
		const uint8_t *name = text.data + at + 2;
		const uint8_t *end = memchr(name, '}', text.len - at - 2);
		size_t len = end != NULL ? (size_t)(end - name) : text.len - at - 2;
		const char *value = environment_find(environment, (const char *)name, len);
		if (end == NULL || value == NULL) {
			*out_name = slice_of(name, len);
			return CH_NOT_FOUND;
		}
		buffer_append_text(out, value);
		at += len + 3;
	}
	return out->status;
}

/* Ours first: the shell takes the first of a name.  The caller frees the array, not its lines. */
static char **environment_all(const struct environment *environment)
{
	size_t count = 0;
	size_t at = 0;
	while (environ[count] != NULL)
		count++;
	char **all = calloc(count + environment->count + 1, sizeof(*all));
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < environment->count; i++)
		all[at++] = environment->lines[i];
	for (size_t i = 0; i < count; i++) {
		if (environment_find(environment, environ[i], strcspn(environ[i], "=")) == NULL)
			all[at++] = environ[i];
	}
	return all;
}

/* ---- Processes ---- */

static int process_redirect(posix_spawn_file_actions_t *actions, const struct process_files *files)
{
	const int append = O_WRONLY | O_CREAT | O_APPEND;
	int error = posix_spawn_file_actions_addopen(
		actions, 0, files->input != NULL ? files->input : "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_addopen(actions, 1, files->output, append, 0600);
	if (error == 0 && files->errors == NULL)
		error = posix_spawn_file_actions_adddup2(actions, 1, 2);
	else if (error == 0)
		error = posix_spawn_file_actions_addopen(actions, 2, files->errors, append, 0600);
	if (error == 0)
		error = posix_spawn_file_actions_addchdir_np(actions, files->folder);
	return error;
}

enum ch_status process_start(const char *command, const struct environment *environment,
	const struct process_files *files, struct process *out_process)
{
	char *const words[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t)command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigset_t usual;
	struct process process = {0};
	char **lines = environment_all(environment);
	if (lines == NULL)
		return CH_NOMEM;
	(void)sigemptyset(&none);
	(void)sigemptyset(&usual);
	(void)sigaddset(&usual, SIGPIPE);
	(void)posix_spawn_file_actions_init(&actions); /* these cannot fail on Linux */
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setpgroup(&attributes, 0);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setsigdefault(&attributes, &usual);
	int error = process_redirect(&actions, files);
	if (error == 0)
		error = posix_spawn(&process.pid, "/bin/sh", &actions, &attributes, words, lines);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	free(lines);
	if (error != 0) {
		errno = error;
		return error == ENOMEM ? CH_NOMEM : CH_IO;
	}
	*out_process = process;
	return CH_OK;
}

bool process_wait(struct process *process, int64_t timeout_ms)
{
	int64_t end_us = clock_steady_us() + timeout_ms * 1000;
	while (!process->ended) {
		pid_t got = waitpid(process->pid, &process->status, WNOHANG);
		process->ended = got == process->pid || (got < 0 && errno == ECHILD);
		if (process->ended || clock_steady_us() >= end_us || process_interrupted())
			break;
		process_sleep_ms(LOOK_MS);
	}
	return process->ended;
}

void process_signal(const struct process *process, int number)
{
	if (process->pid > 0)
		(void)kill(-process->pid, number); /* gone already: nothing to do */
}

void process_kill(struct process *process)
{
	if (process->pid == 0)
		return;
	process_signal(process, SIGKILL); /* what it left behind in its group, too */
	while (!process->ended) {
		pid_t got = waitpid(process->pid, &process->status, 0);
		process->ended = got == process->pid || (got < 0 && errno == ECHILD);
	}
	process->pid = 0;
}

const char *process_end(const struct process *process)
{
	static char text[32];
	if (WIFSIGNALED(process->status))
		(void)snprintf(text, sizeof(text), "signal %d", WTERMSIG(process->status));
	else
		(void)snprintf(text, sizeof(text), "status %d", WEXITSTATUS(process->status));
	return text;
}
