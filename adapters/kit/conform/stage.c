#include "kit/conform/stage.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "kit/conform/free_port.h"

#define TEMPLATE_BYTES 65536u
#define LOG_BYTES      (64u << 20)

/* ---- What goes wrong ---- */

static void stage_say(struct stage *stage, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

static void stage_say(struct stage *stage, const char *format, va_list arguments)
{
	char text[1024];
	(void)vsnprintf(text, sizeof(text), format, arguments);
	buffer_clear(&stage->detail);
	buffer_append_text(&stage->detail, text);
}

void stage_fail(struct stage *stage, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (!stage->broken) {
		stage->broken = true;
		stage_say(stage, format, arguments);
	}
	va_end(arguments);
}

void stage_give_up(struct stage *stage, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (!stage->broken) {
		stage->broken = true;
		stage->unusable = true;
		stage_say(stage, format, arguments);
	}
	va_end(arguments);
}

void stage_pass_over(struct stage *stage, const char *what)
{
	if (!stage->broken) {
		stage->not_asked = true;
		stage_note(stage, "the description has none for %s", what);
	}
}

void stage_note(struct stage *stage, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (!stage->broken)
		stage_say(stage, format, arguments);
	va_end(arguments);
}

uint64_t stage_chance(struct stage *stage, uint64_t low, uint64_t high)
{
	/* splitmix64 */
	uint64_t x = stage->chance += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return low + x % (high - low + 1);
}

/* ---- The world ---- */

static void stage_set(struct stage *stage, const char *name, const char *value)
{
	if (environment_set(&stage->environment, name, value) != CH_OK)
		stage_give_up(stage, "memory ran out");
}

static void stage_set_path(struct stage *stage, const char *name, const char *file)
{
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/%s", stage->work, file); /* work is half of that */
	stage_set(stage, name, path);
}

static void stage_set_port(struct stage *stage, const char *name)
{
	char text[16];
	(void)snprintf(text, sizeof(text), "%u", (unsigned)free_port());
	stage_set(stage, name, text);
}

static void stage_write(struct stage *stage, const char *path, struct slice bytes, unsigned mode)
{
	enum ch_status status = file_replace(path, bytes, mode);
	if (status != CH_OK)
		stage_give_up(stage, "%s: %s", path, ch_status_text(status));
}

void stage_configure(struct stage *stage, struct slice text)
{
	stage_write(stage, stage->config, text, 0600);
}

void stage_template(struct stage *stage, const char *name, struct buffer *out)
{
	char path[PATH_MAX];
	struct buffer text = {0};
	struct slice unknown;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", stage->conform->description.folder,
		    name) >= sizeof(path)) {
		stage_give_up(stage, "%s: its name is too long", name);
		return;
	}
	enum ch_status status = file_read_all(path, TEMPLATE_BYTES, &text);
	if (status != CH_OK) {
		stage_give_up(stage, "%s: %s", path, file_why(status));
	} else if (environment_expand(&stage->environment, buffer_slice(&text), out, &unknown) ==
		   CH_NOT_FOUND) {
		stage_give_up(stage, "%s: there is no ${%.*s}", name, (int)unknown.len,
			(const char *)unknown.data);
	}
	buffer_fini(&text);
}

static void stage_set_all(struct stage *stage)
{
	stage_set(stage, "WORK", stage->work);
	stage_set(stage, "HERE", stage->conform->description.folder);
	stage_set(stage, "CONFIG", stage->config);
	stage_set(stage, "ENDPOINT", fake_hub_endpoint(stage->hub));
	stage_set(stage, "SERVER_KEY", fake_hub_server_key(stage->hub));
	stage_set_path(stage, "KEY_FILE", ".secret");
	stage_set_path(stage, "METRICS", ".metrics");
	stage_set_port(stage, "PORT");
	stage_set_port(stage, "PORT2");
	stage_set(stage, "FIRST", "1");
	stage_set(stage, "COUNT", "0");
	stage_set(stage, "NAME", "");
	stage_set(stage, "FILE", "");
	if (environment_set_programs(&stage->environment, stage->conform->bin) != CH_OK)
		stage_give_up(stage, "memory ran out");
}

static void stage_serve(struct stage *stage)
{
	const struct process_files files = {.output = stage->log, .folder = stage->work};
	const char *command = stage->conform->description.server;
	if (stage->broken || !description_has(command))
		return;
	if (process_start(command, &stage->environment, &files, &stage->server) != CH_OK)
		stage_give_up(stage, "the server: %s", strerror(errno));
}

void stage_open(struct stage *stage, struct conform *conform, const char *name,
	const struct fake_hub_options *hub)
{
	struct buffer text = {0};
	*stage = (struct stage){.conform = conform, .chance = conform->seed};
	if ((size_t)snprintf(stage->work, sizeof(stage->work), "%s/%s", conform->root, name) >=
			sizeof(stage->work) ||
		mkdir(stage->work, 0700) != 0) {
		stage_give_up(stage, "%s: cannot be made", stage->work);
		return;
	}
	(void)snprintf(stage->config, sizeof(stage->config), "%s/.conf", stage->work);
	(void)snprintf(stage->log, sizeof(stage->log), "%s/.log", stage->work);
	stage->hub = fake_hub_start(hub);
	if (stage->hub == NULL) {
		stage_give_up(stage, "the fake hub cannot start: %s", strerror(errno));
		return;
	}
	stage_set_all(stage);
	buffer_printf(&text, "%s\n", fake_hub_secret_key(stage->hub));
	stage_write(
		stage, environment_get(&stage->environment, "KEY_FILE"), buffer_slice(&text), 0600);
	buffer_clear(&text);
	stage_template(stage, conform->description.configuration, &text);
	stage_configure(stage, buffer_slice(&text));
	buffer_fini(&text);
	if (description_has(conform->description.prepare))
		stage_command(stage, "prepare", conform->description.prepare, NULL, NULL);
	stage_serve(stage);
}

/* ---- Logs ---- */

static void stage_look_for(
	struct stage *stage, struct slice log, const char *kind, const char *word)
{
	if (word[0] == 0 || memmem(log.data, log.len, word, strlen(word)) == NULL)
		return;
	if (stage->conform->leaks.len == 0)
		buffer_printf(&stage->conform->leaks, "%s in %s", kind, stage->log);
}

static void stage_look_for_leaks(struct stage *stage)
{
	const struct description *description = &stage->conform->description;
	struct buffer log = {0};
	if (file_read_all(stage->log, LOG_BYTES, &log) != CH_OK || log.len == 0)
		goto out; /* nothing was ever said */
	stage_look_for(
		stage, buffer_slice(&log), "the secret key", fake_hub_secret_key(stage->hub));
	for (size_t i = 0; i < description->secrets.count; i++)
		stage_look_for(
			stage, buffer_slice(&log), "a secret", description->secrets.items[i]);
	for (size_t i = 0; i < description->personal.count; i++)
		stage_look_for(stage, buffer_slice(&log), "somebody's data",
			description->personal.items[i]);
out:
	buffer_fini(&log);
}

void stage_close(struct stage *stage)
{
	process_kill(&stage->adapter);
	for (uint32_t i = 0; i < stage->feed_count; i++)
		process_kill(&stage->feeds[i]);
	process_kill(&stage->server);
	if (stage->hub != NULL)
		stage_look_for_leaks(stage);
	fake_hub_stop(stage->hub);
	environment_fini(&stage->environment);
	buffer_fini(&stage->detail);
}

/* ---- The adapter ---- */

void stage_start(struct stage *stage)
{
	const struct process_files files = {.output = stage->log, .folder = stage->work};
	struct buffer command = {0};
	if (stage->broken)
		return;
	buffer_printf(&command, "exec %s", stage->conform->description.run);
	if (process_start(buffer_text(&command), &stage->environment, &files, &stage->adapter) !=
		CH_OK)
		stage_give_up(stage, "it cannot be started: %s", strerror(errno));
	buffer_fini(&command);
}

void stage_is_alive(struct stage *stage)
{
	if (stage->broken)
		return;
	if (process_interrupted())
		stage_give_up(stage, "interrupted");
	else if (process_wait(&stage->adapter, 0))
		stage_fail(stage, "it ended with %s; see %s", process_end(&stage->adapter),
			stage->log);
}

void stage_kill(struct stage *stage)
{
	stage_is_alive(stage);
	process_kill(&stage->adapter);
}

void stage_hang_up(struct stage *stage)
{
	stage_is_alive(stage);
	if (!stage->broken)
		process_signal(&stage->adapter, SIGHUP);
}

void stage_terminate(struct stage *stage)
{
	int64_t limit_ms = stage->conform->description.stop_ms;
	int64_t begun_us = clock_steady_us();
	stage_is_alive(stage);
	if (stage->broken)
		return;
	process_signal(&stage->adapter, SIGTERM);
	fake_hub_hold_receipts(stage->hub, false); /* what it waits for may come now */
	if (!process_wait(&stage->adapter, limit_ms))
		stage_fail(stage, "it still runs %lld s after SIGTERM", (long long)limit_ms / 1000);
	else if (!WIFEXITED(stage->adapter.status) || WEXITSTATUS(stage->adapter.status) > 1)
		stage_fail(stage, "SIGTERM ended it with %s, not with 0 or 1; see %s",
			process_end(&stage->adapter), stage->log);
	else
		stage_note(
			stage, "within %lld ms", (long long)(clock_steady_us() - begun_us) / 1000);
	process_kill(&stage->adapter);
}
