#include "kit/generation.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "kit/reload.h"

struct generation {
	uint64_t number; /* 0: there is none */
	void *state;
};

struct generations {
	const struct generation_kind *kind;
	const void *self;
	const char *program;
	char *path;
	struct generation active;
	struct generation before; /* to go back to */
	struct generation next;   /* its turn comes when the active one has ended */
	struct buffer why;        /* the active one had to start for, as the answer says it */
	uint64_t read;            /* so many were found good */
	atomic_int *reload;
	struct control *control; /* NULL: nobody can ask */
	struct run_life life;
	int64_t meet_us; /* the active one has so long to be at work; 0: it has not had its first round */
	bool begun;
	bool met; /* whoever asked for it has been told */
};

static void generation_close(const struct generations *generations, struct generation *generation)
{
	if (generation->number != 0)
		generations->kind->close(generations->self, generation->state);
	*generation = (struct generation){0};
}

/* ---- What is told ---- */

static void generations_tell_active(const struct generations *generations, const char *how)
{
	log_info("config.active", "%s=%s generation=%" PRIu64 " how=%s", generations->kind->what,
		generations->program, generations->active.number, how);
}

static void generations_tell_kept(
	struct generations *generations, const struct problems *problems, enum ch_status status)
{
	for (size_t i = 0; i < problems->count; i++)
		log_error("config.problem", "file=%s line=%u key=%s reason=\"%s\"",
			problems->items[i].file, problems->items[i].line, problems->items[i].key,
			problems->items[i].reason);
	generations->life.reload_failed = true;
	log_error("config.kept", "%s=%s generation=%" PRIu64 " problems=%zu status=%s",
		generations->kind->what, generations->program, generations->active.number,
		problems->count + problems->dropped, ch_status_name(status));
	reload_answer_kept(generations->control, generations->active.number, problems, status);
}

/* ---- Reloading ---- */

static void generations_accept(struct generations *generations, void **fresh, bool taken_over)
{
	uint64_t number = ++generations->read;
	generations->life.reload_failed = false;
	if (taken_over) {
		generations->active.number = number;
		generations->life.generation = number;
		generations->kind->close(generations->self, *fresh);
		generations_tell_active(generations, "taken_over");
		reload_answer_active(generations->control, number, "taken_over", NULL);
	} else {
		generation_close(generations, &generations->next); /* had no turn */
		generations->next = (struct generation){number, *fresh};
	}
	*fresh = NULL;
}

static void generations_read(struct generations *generations, void *running)
{
	const struct generation_kind *kind = generations->kind;
	struct problems problems = {0};
	struct buffer why = {0};
	void *fresh = NULL;
	enum ch_status status = kind->open(generations->self, generations->path, &problems, &fresh);
	if (status == CH_OK)
		status = kind->take_over(generations->self, running, &generations->active.state,
			&fresh, &problems, &why);
	if (status == CH_RETRY) {
		buffer_fini(&generations->why);
		generations->why = why;
		why = (struct buffer){0};
	}
	if (status == CH_OK || status == CH_RETRY)
		generations_accept(generations, &fresh, status == CH_OK);
	else
		generations_tell_kept(generations, &problems, status);
	if (fresh != NULL)
		kind->close(generations->self, fresh);
	buffer_fini(&why);
	problems_fini(&problems);
}

/* Its first rounds: it is there, so nothing is left that could be wrong with it but what its beginning and the hub
 * say. */
static void generations_meet(struct generations *generations, enum run_stage stage)
{
	int64_t now_us = clock_steady_us();
	if (generations->meet_us == 0)
		generations->meet_us = now_us + generations->kind->patience_us;
	generations->begun |= stage != RUN_WAITS;
	if (generations->met || (stage != RUN_AT_WORK && now_us < generations->meet_us))
		return;
	reload_answer_active(generations->control, generations->active.number,
		stage == RUN_AT_WORK ? "started" : "waits_for_the_hub",
		buffer_text(&generations->why));
	generations->met = true;
}

/* Asked in every round.  True: the running generation is to end. */
static bool generations_reload(void *context, void *running, enum run_stage stage)
{
	struct generations *generations = context;
	generations_meet(generations, stage);
	bool asked = control_is_asked(generations->control);
	if (atomic_exchange(generations->reload, 0) != 0 || asked)
		generations_read(generations, running);
	return generations->next.number != 0;
}

/* ---- Running ---- */

static void generations_advance(struct generations *generations)
{
	generation_close(generations, &generations->before);
	generations->before = generations->active;
	generations->active = generations->next;
	generations->next = (struct generation){0};
	generations_tell_active(generations, "started");
}

/* The active one did not get anywhere.  False: there is none to go back to. */
static bool generations_go_back(
	struct generations *generations, struct problems *problems, enum ch_status why)
{
	if (generations->before.number == 0)
		return false;
	log_error("config.failed", "%s=%s generation=%" PRIu64 " status=%s",
		generations->kind->what, generations->program, generations->active.number,
		ch_status_name(why));
	generation_close(generations, &generations->active);
	generations->active = generations->before;
	generations->before = (struct generation){0};
	generations_tell_kept(generations, problems, why);
	problems_fini(problems);
	*problems = (struct problems){0};
	generations_tell_active(generations, "went_back");
	return true;
}

static enum ch_status generations_run_active(
	struct generations *generations, struct problems *problems)
{
	generations->meet_us = 0;
	generations->begun = false;
	generations->met = false;
	generations->life.generation = generations->active.number;
	return generations->kind->run(
		generations->self, generations->active.state, &generations->life, problems);
}

enum ch_status generations_run(struct generations *generations, bool once, const atomic_int *stop,
	atomic_int *reload, struct problems *problems)
{
	enum ch_status status;
	bool again = true;
	generations->reload = reload;
	generations->life.once = once;
	generations->life.stop = stop;
	generations->life.reload = generations_reload;
	generations->life.context = generations;
	status = control_open(generations->program, generations->path, &generations->control);
	if (status != CH_OK)
		log_warning("control.unusable", "%s=%s status=%s detail=\"%s\"",
			generations->kind->what, generations->program, ch_status_name(status),
			"reload does not reach it; SIGHUP does");
	generations_tell_active(generations, "started");
	while (again) {
		status = generations_run_active(generations, problems);
		again = false;
		if (status == CH_OK && generations->next.number != 0 && *stop == 0) {
			generations_advance(generations);
			again = true;
		} else if (status != CH_OK && !generations->begun && *stop == 0) {
			again = generations_go_back(generations, problems, status);
		}
	}
	return status;
}

/* ---- Opening and closing ---- */

enum ch_status generations_open(const struct generation_kind *kind, const void *self,
	const char *program, const char *path, struct problems *problems,
	struct generations **out_generations)
{
	enum ch_status status = CH_NOMEM;
	struct generations *generations = calloc(1, sizeof(*generations));
	if (generations == NULL)
		goto out;
	generations->kind = kind;
	generations->self = self;
	generations->program = program;
	generations->path = strdup(path);
	if (generations->path == NULL)
		goto out;
	status = kind->open(self, path, problems, &generations->active.state);
	if (status != CH_OK)
		goto out;
	generations->active.number = ++generations->read;
	*out_generations = generations;
	generations = NULL; /* the caller's now */
out:
	generations_close(generations);
	return status;
}

void generations_close(struct generations *generations)
{
	if (generations == NULL)
		return;
	generation_close(generations, &generations->next);
	generation_close(generations, &generations->active);
	generation_close(generations, &generations->before);
	control_close(generations->control);
	buffer_fini(&generations->why);
	free(generations->path);
	free(generations);
}
