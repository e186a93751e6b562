#include "module/kit/module_generation.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "kit/reload.h"

/* Whoever asked is told after so long that the hub is not there: he does not wait for ever. */
#define MEET_US INT64_C(10000000)

struct generation {
	uint64_t number;
	struct module_settings settings;
};

struct module_generations {
	const struct module *module;
	char *path;
	struct generation *active;
	struct generation *before; /* NULL: there is none to go back to */
	struct generation *next;   /* NULL: none waits */
	struct buffer why;         /* the active one had to start for, as the answer says it */
	uint64_t read;             /* so many were found good */
	atomic_int *reload;
	struct control *control; /* NULL: nobody can ask */
	struct module_life life;
	int64_t meet_us; /* the active one has so long to attach; 0: it has not had its first round */
	bool met;        /* it has attached, or was told to wait for the hub */
};

/* ---- One generation ---- */

static void generation_free(struct generation *generation, const struct module *module)
{
	if (generation == NULL)
		return;
	module_settings_free(&generation->settings, module);
	free(generation);
}

static enum ch_status generation_read(const struct module_generations *generations,
	struct problems *problems, struct generation **out_generation)
{
	struct generation *generation = calloc(1, sizeof(*generation));
	if (generation == NULL)
		return CH_NOMEM;
	enum ch_status status = module_settings_load(
		generations->path, generations->module, problems, &generation->settings);
	if (status == CH_OK)
		*out_generation = generation;
	else
		free(generation);
	return status;
}

/* ---- What is told ---- */

static void generations_tell_active(const struct module_generations *generations, const char *how)
{
	log_info("config.active", "module=%s generation=%" PRIu64 " how=%s",
		generations->module->program, generations->active->number, how);
}

static void generations_tell_kept(struct module_generations *generations,
	const struct problems *problems, enum ch_status status)
{
	for (size_t i = 0; i < problems->count; i++)
		log_error("config.problem", "file=%s line=%u key=%s reason=\"%s\"",
			problems->items[i].file, problems->items[i].line, problems->items[i].key,
			problems->items[i].reason);
	generations->life.reload_failed = true;
	log_error("config.kept", "module=%s generation=%" PRIu64 " problems=%zu status=%s",
		generations->module->program, generations->active->number,
		problems->count + problems->dropped, ch_status_name(status));
	reload_answer_kept(generations->control, generations->active->number, problems, status);
}

/* ---- Reloading ---- */

/* CH_OK: the settings are the running parts' now.  CH_RETRY: they are for another run. */
static enum ch_status generations_take_over(struct module_generations *generations, struct run *run,
	struct generation *fresh, struct problems *problems)
{
	struct buffer other = {0};
	module_settings_differ(&generations->active->settings, &fresh->settings, &other);
	bool another_run = other.len > 0 || other.status != CH_OK;
	if (another_run) {
		buffer_clear(&generations->why);
		buffer_printf(&generations->why, "began anew for %s\n", buffer_text(&other));
	}
	buffer_fini(&other);
	return another_run ? CH_RETRY : module_run_take_over(run, &fresh->settings, problems);
}

static enum ch_status generations_accept(struct module_generations *generations, struct run *run,
	struct generation **fresh, struct problems *problems)
{
	enum ch_status status = generations_take_over(generations, run, *fresh, problems);
	if (status != CH_OK && status != CH_RETRY)
		return status;
	(*fresh)->number = ++generations->read;
	generations->life.reload_failed = false;
	if (status == CH_OK) {
		generation_free(generations->active, generations->module);
		generations->active = *fresh;
		generations->life.generation = (*fresh)->number;
		generations_tell_active(generations, "taken_over");
		reload_answer_active(
			generations->control, generations->active->number, "taken_over", NULL);
	} else {
		generation_free(generations->next, generations->module); /* had no turn */
		generations->next = *fresh;
	}
	*fresh = NULL;
	return CH_OK;
}

/* Its first rounds: it has opened, so nothing is left that could be wrong with it but what the hub says. */
static void generations_meet(struct module_generations *generations, bool attached)
{
	if (generations->meet_us == 0)
		generations->meet_us = clock_steady_us() + MEET_US;
	if (generations->met || (!attached && clock_steady_us() < generations->meet_us))
		return;
	reload_answer_active(generations->control, generations->active->number,
		attached ? "started" : "waits_for_the_hub", buffer_text(&generations->why));
	generations->met = true;
}

/* Asked in every round.  True: the run is to end. */
static bool generations_reload(void *context, struct run *run, bool attached)
{
	struct module_generations *generations = context;
	struct generation *fresh = NULL;
	struct problems problems = {0};
	generations_meet(generations, attached);
	bool asked = control_is_asked(generations->control);
	if (atomic_exchange(generations->reload, 0) != 0 || asked) {
		enum ch_status status = generation_read(generations, &problems, &fresh);
		if (status == CH_OK)
			status = generations_accept(generations, run, &fresh, &problems);
		if (status != CH_OK)
			generations_tell_kept(generations, &problems, status);
		generation_free(fresh, generations->module);
		problems_fini(&problems);
	}
	return generations->next != NULL;
}

/* ---- Running ---- */

static void generations_advance(struct module_generations *generations)
{
	generation_free(generations->before, generations->module);
	generations->before = generations->active;
	generations->active = generations->next;
	generations->next = NULL;
	generations_tell_active(generations, "started");
}

/* The active one did not open.  False: there is none to go back to. */
static bool generations_go_back(
	struct module_generations *generations, struct problems *problems, enum ch_status why)
{
	if (generations->before == NULL)
		return false;
	log_error("config.failed", "module=%s generation=%" PRIu64 " status=%s",
		generations->module->program, generations->active->number, ch_status_name(why));
	generation_free(generations->active, generations->module);
	generations->active = generations->before;
	generations->before = NULL;
	generations_tell_kept(generations, problems, why);
	problems_fini(problems);
	*problems = (struct problems){0};
	generations_tell_active(generations, "went_back");
	return true;
}

enum ch_status module_generations_run(struct module_generations *generations, bool once,
	const atomic_int *stop, atomic_int *reload, struct problems *problems)
{
	enum ch_status status;
	bool again = true;
	generations->reload = reload;
	generations->life.once = once;
	generations->life.stop = stop;
	generations->life.reload = generations_reload;
	generations->life.context = generations;
	status = control_open(
		generations->module->program, generations->path, &generations->control);
	if (status != CH_OK)
		log_warning("control.unusable", "module=%s status=%s detail=\"%s\"",
			generations->module->program, ch_status_name(status),
			"reload does not reach it; SIGHUP does");
	generations_tell_active(generations, "started");
	while (again) {
		generations->meet_us = 0;
		generations->met = false;
		generations->life.generation = generations->active->number;
		status = module_run(generations->module, &generations->active->settings,
			&generations->life, problems);
		again = false;
		if (status == CH_RETRY && generations->next != NULL) {
			generations_advance(generations);
			again = true;
		} else if (status != CH_OK && generations->meet_us == 0 && *stop == 0) {
			again = generations_go_back(generations, problems, status);
		}
	}
	return status;
}

/* ---- Opening and closing ---- */

enum ch_status module_generations_open(const struct module *module, const char *path,
	struct problems *problems, struct module_generations **out_generations)
{
	enum ch_status status = CH_NOMEM;
	struct module_generations *generations = calloc(1, sizeof(*generations));
	if (generations == NULL)
		goto out;
	generations->module = module;
	generations->path = strdup(path);
	if (generations->path == NULL)
		goto out;
	status = generation_read(generations, problems, &generations->active);
	if (status != CH_OK)
		goto out;
	generations->active->number = ++generations->read;
	*out_generations = generations;
	generations = NULL; /* the caller's now */
out:
	module_generations_close(generations);
	return status;
}

void module_generations_close(struct module_generations *generations)
{
	if (generations == NULL)
		return;
	generation_free(generations->next, generations->module);
	generation_free(generations->active, generations->module);
	generation_free(generations->before, generations->module);
	control_close(generations->control);
	buffer_fini(&generations->why);
	free(generations->path);
	free(generations);
}
