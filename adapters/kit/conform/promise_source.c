#include <jansson.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/text.h"
#include "kit/conform/promise.h"

/* In its time: an adapter may wait for the rest of what looks cut off. */
static void await_rejects(struct stage *stage)
{
	const char *command = stage->conform->description.rejects;
	int64_t end_us = clock_steady_us() + stage->conform->patience_ms * 1000;
	bool told = !description_has(command);
	while (!told && !stage->broken) {
		struct buffer text = {0};
		int status = 0; /* there may be nothing to be read yet */
		stage_command(stage, "rejects", command, &text, &status);
		told = text_trim(buffer_slice(&text)).len > 0;
		buffer_fini(&text);
		if (!told && clock_steady_us() > end_us)
			stage_fail(stage, "it was passed over in silence");
		if (!told)
			process_sleep_ms(20);
		stage_is_alive(stage);
	}
}

void promise_garbage(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	if (!description_has(stage->conform->description.garbage)) {
		stage_pass_over(stage, "garbage");
		return;
	}
	stage_start(stage);
	stage_feed(stage, records / 2);
	stage_garbage(stage);
	stage_feed(stage, records - records / 2);
	stage_garbage(stage);
	stage_settle(stage, records);
	await_rejects(stage);
}

/* Whoever runs it may start it again; it may not need more than that. */
static void await_or_restart(struct stage *stage, uint64_t stored, uint32_t *starts)
{
	for (int tries = 0; tries < 20 && !stage->broken; tries++) {
		if (fake_hub_wait(stage->hub, FAKE_STORED, stored, 250))
			return;
		if (!process_wait(&stage->adapter, 0))
			continue;
		if (WIFSIGNALED(stage->adapter.status))
			break;
		process_kill(&stage->adapter);
		stage_start(stage);
		(*starts)++;
	}
}

void promise_vanish(struct stage *stage)
{
	const struct description *description = &stage->conform->description;
	uint32_t records = stage->conform->records;
	uint32_t starts = 0;
	if (!description_has(description->vanish)) {
		stage_pass_over(stage, "vanish");
		return;
	}
	stage_start(stage);
	stage_feed(stage, records / 2);
	stage_settle(stage, records / 2);
	stage_command(stage, "vanish", description->vanish, NULL, NULL);
	process_sleep_ms(1000);
	stage_command(stage, "return", description->come_back, NULL, NULL);
	stage_feed(stage, records - records / 2);
	await_or_restart(stage, (uint64_t)records * (uint64_t)description->events, &starts);
	stage_settle(stage, records);
	if (starts > 0)
		stage_note(stage, "it ended, and was started again %u times", starts);
}

/* ---- translate ---- */

struct names {
	char **items;
	size_t count;
	size_t capacity;
};

static void names_add(struct stage *stage, struct names *names, const char *source, const char *id)
{
	char *name = NULL;
	if (names->count == names->capacity) {
		size_t capacity = names->capacity == 0 ? 256 : 2 * names->capacity;
		char **items = realloc(names->items, capacity * sizeof(*items));
		if (items == NULL) {
			stage_give_up(stage, "memory ran out");
			return;
		}
		names->items = items;
		names->capacity = capacity;
	}
	if (asprintf(&name, "%s %s", source, id) < 0)
		stage_give_up(stage, "memory ran out");
	else
		names->items[names->count++] = name;
}

static void names_fini(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

static int names_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_sort(struct names *names)
{
	if (names->count > 0)
		qsort(names->items, names->count, sizeof(*names->items), names_order);
}

static void names_of_hub(struct stage *stage, struct names *names)
{
	char source[LIMIT_SOURCE_BYTES + 1];
	char id[LIMIT_ID_BYTES + 1];
	uint64_t stored = fake_hub_count(stage->hub, FAKE_STORED);
	for (uint64_t s = 1; s <= stored && !stage->broken; s++) {
		(void)fake_hub_source_at(stage->hub, s, source, sizeof(source)); /* it is there */
		(void)fake_hub_id_at(stage->hub, s, id, sizeof(id));
		names_add(stage, names, source, id);
	}
}

static void names_of_lines(struct stage *stage, struct slice text, struct names *names)
{
	struct slice line;
	while (!stage->broken && text_split(&text, '\n', &line)) {
		if (text_trim(line).len == 0)
			continue;
		json_t *event = json_loadb((const char *)line.data, line.len, 0, NULL);
		const char *source = json_string_value(json_object_get(event, "source"));
		const char *id = json_string_value(json_object_get(event, "id"));
		if (source == NULL || id == NULL)
			stage_fail(stage, "translate prints a line that is no CloudEvent: %.*s",
				(int)(line.len < 200 ? line.len : 200), (const char *)line.data);
		else
			names_add(stage, names, source, id);
		json_decref(event);
	}
}

static void names_compare(
	struct stage *stage, const struct names *run, const struct names *translated)
{
	for (size_t i = 0; i < run->count && i < translated->count; i++) {
		if (strcmp(run->items[i], translated->items[i]) != 0)
			stage_fail(stage, "run gives \"%s\" where translate gives \"%s\"",
				run->items[i], translated->items[i]);
	}
	if (run->count != translated->count)
		stage_fail(stage, "run gives %zu events, translate %zu", run->count,
			translated->count);
	stage_note(stage, "%zu ids", run->count);
}

void promise_translate(struct stage *stage)
{
	const struct description *description = &stage->conform->description;
	struct names run = {0};
	struct names translated = {0};
	struct buffer text = {0};
	if (!description_has(description->translate)) {
		stage_pass_over(stage, "translate");
		return;
	}
	stage_start(stage);
	stage_feed(stage, stage->conform->records);
	stage_settle(stage, stage->conform->records);
	stage_command(stage, "translate", description->translate, &text, NULL);
	if (stage->broken)
		goto out;
	names_of_hub(stage, &run);
	names_of_lines(stage, buffer_slice(&text), &translated);
	names_sort(&run);
	names_sort(&translated);
	if (!stage->broken)
		names_compare(stage, &run, &translated);
out:
	names_fini(&run);
	names_fini(&translated);
	buffer_fini(&text);
}
