/* The stage's source, and what must come of what was put into it. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "kit/conform/stage.h"

#define LOOK_MS      20
#define QUIET_MS     200 /* so long without an event: nothing more comes */
#define OUTPUT_BYTES (16u << 20)

/* ---- Commands ---- */

static void stage_set_number(struct stage *stage, const char *name, uint32_t number)
{
	char text[16];
	(void)snprintf(text, sizeof(text), "%u", number);
	if (environment_set(&stage->environment, name, text) != CH_OK)
		stage_give_up(stage, "memory ran out");
}

static void stage_next_name(struct stage *stage)
{
	char name[32];
	(void)snprintf(name, sizeof(name), "conform-%04u", ++stage->names);
	if (environment_set(&stage->environment, "NAME", name) != CH_OK)
		stage_give_up(stage, "memory ran out");
}

static void stage_run_command(struct stage *stage, const char *what, const char *command,
	const char *output, int *out_status)
{
	const struct process_files files = {
		.output = output, .errors = stage->log, .folder = stage->work};
	struct process process;
	if (stage->broken)
		return;
	if (process_start(command, &stage->environment, &files, &process) != CH_OK) {
		stage_give_up(stage, "%s: %s", what, strerror(errno));
		return;
	}
	if (!process_wait(&process, stage->conform->patience_ms))
		stage_give_up(stage, "%s did not end in time", what);
	else if (out_status != NULL)
		*out_status = process.status;
	else if (process.status != 0)
		stage_give_up(
			stage, "%s ended with %s; see %s", what, process_end(&process), stage->log);
	process_kill(&process);
}

void stage_command(struct stage *stage, const char *what, const char *command, struct buffer *out,
	int *out_status)
{
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/.output", stage->work); /* work is half of that */
	(void)unlink(path);                                            /* of the last one */
	stage_run_command(stage, what, command, path, out_status);
	if (stage->broken || out == NULL)
		return;
	enum ch_status status = file_read_all(path, OUTPUT_BYTES, out);
	if (status != CH_OK)
		stage_give_up(stage, "what %s printed: %s", what, file_why(status));
}

/* ---- Feeding ---- */

static void stage_make_records(struct stage *stage, uint32_t first, uint32_t records)
{
	char path[PATH_MAX];
	stage_set_number(stage, "FIRST", first);
	stage_set_number(stage, "COUNT", records);
	(void)snprintf(path, sizeof(path), "%s/.records-%u-%u", stage->work, first, records);
	if (environment_set(&stage->environment, "FILE", path) != CH_OK)
		stage_give_up(stage, "memory ran out");
	(void)unlink(path);
	stage_run_command(stage, "records", stage->conform->description.records, path, NULL);
}

static void stage_put(struct stage *stage, uint32_t first, uint32_t records)
{
	if (stage->broken)
		return;
	stage_next_name(stage);
	stage_make_records(stage, first, records);
	const struct process_files files = {.input = environment_get(&stage->environment, "FILE"),
		.output = stage->log,
		.folder = stage->work};
	if (stage->broken)
		return;
	if (stage->feed_count == STAGE_FEEDS)
		stage_give_up(stage, "too many feeds");
	else if (process_start(stage->conform->description.feed, &stage->environment, &files,
			 &stage->feeds[stage->feed_count]) != CH_OK)
		stage_give_up(stage, "feed: %s", strerror(errno));
	else
		stage->feed_count++;
}

void stage_feed(struct stage *stage, uint32_t records)
{
	stage_put(stage, stage->fed + 1, records);
	stage->fed += records;
}

void stage_feed_again(struct stage *stage, uint32_t first, uint32_t records)
{
	stage_put(stage, first, records);
}

void stage_garbage(struct stage *stage)
{
	if (stage->broken)
		return;
	stage_next_name(stage);
	stage_command(stage, "garbage", stage->conform->description.garbage, NULL, NULL);
}

/* ---- Waiting ---- */

void stage_await(struct stage *stage, enum fake_counter counter, uint64_t at_least)
{
	int64_t end_us = clock_steady_us() + stage->conform->patience_ms * 1000;
	while (!stage->broken && !fake_hub_wait(stage->hub, counter, at_least, LOOK_MS)) {
		if (clock_steady_us() > end_us)
			stage_fail(stage, "%llu of %llu came within %lld s; see %s",
				(unsigned long long)fake_hub_count(stage->hub, counter),
				(unsigned long long)at_least,
				(long long)stage->conform->patience_ms / 1000, stage->log);
		stage_is_alive(stage);
	}
}

void stage_quiet(struct stage *stage)
{
	int64_t end_us = clock_steady_us() + stage->conform->patience_ms * 1000;
	uint64_t seen = fake_hub_count(stage->hub, FAKE_EVENTS);
	while (!stage->broken && clock_steady_us() < end_us) {
		if (!fake_hub_wait(stage->hub, FAKE_EVENTS, seen + 1, QUIET_MS))
			return;
		seen = fake_hub_count(stage->hub, FAKE_EVENTS);
	}
	stage_fail(stage, "events come without end");
}

static void stage_await_feeds(struct stage *stage)
{
	for (uint32_t i = 0; i < stage->feed_count && !stage->broken; i++) {
		struct process *feed = &stage->feeds[i];
		if (feed->pid == 0)
			continue;
		if (!process_wait(feed, stage->conform->patience_ms))
			stage_fail(stage, "the source is never rid of what is fed; see %s",
				stage->log);
		else if (feed->status != 0 && !stage->lenient)
			stage_fail(
				stage, "feed ended with %s; see %s", process_end(feed), stage->log);
		process_kill(feed);
	}
}

void stage_count(struct stage *stage, uint32_t records)
{
	uint64_t wanted = (uint64_t)records * (uint64_t)stage->conform->description.events;
	uint64_t stored = fake_hub_count(stage->hub, FAKE_STORED);
	uint64_t conflicts = fake_hub_count(stage->hub, FAKE_CONFLICTS);
	const char *violation = fake_hub_violation(stage->hub);
	if (stored != wanted)
		stage_fail(stage, "%llu events are at the hub, not %llu",
			(unsigned long long)stored, (unsigned long long)wanted);
	if (conflicts > 0)
		stage_fail(stage, "%llu events came again under their id with other content",
			(unsigned long long)conflicts);
	if (violation[0] != 0)
		stage_fail(stage, "it breaks the protocol: %s", violation);
	stage_note(stage, "%llu events, once each", (unsigned long long)stored);
}

void stage_settle(struct stage *stage, uint32_t records)
{
	stage_await(stage, FAKE_STORED,
		(uint64_t)records * (uint64_t)stage->conform->description.events);
	stage_await_feeds(stage);
	stage_quiet(stage);
	stage_is_alive(stage);
	stage_count(stage, records);
}

/* ---- Words ---- */

static bool stage_says(struct stage *stage, const char *word)
{
	struct buffer text = {0};
	int status = 0; /* nothing was rejected yet: a file may not be there */
	if (file_read_all(stage->log, OUTPUT_BYTES, &text) != CH_OK)
		buffer_clear(&text);
	if (description_has(stage->conform->description.rejects))
		stage_command(
			stage, "rejects", stage->conform->description.rejects, &text, &status);
	bool says = memmem(text.data, text.len, word, strlen(word)) != NULL;
	buffer_fini(&text);
	return says;
}

void stage_told(struct stage *stage, const char *word)
{
	int64_t end_us = clock_steady_us() + stage->conform->patience_ms * 1000;
	while (!stage->broken && !stage_says(stage, word)) {
		if (clock_steady_us() > end_us)
			stage_fail(stage, "neither log nor rejects say \"%s\"", word);
		process_sleep_ms(LOOK_MS);
		stage_is_alive(stage);
	}
}
