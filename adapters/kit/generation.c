#include "kit/generation.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kit/reload.h"

struct generation {
	uint64_t number;
	struct kit_settings settings;
	void *source; /* NULL: closed */
};

struct generations {
	const struct kit_adapter *adapter;
	char *path;
	struct generation active;
	struct generation before; /* number 0: there is none to go back to */
	struct generation next;   /* number 0: none waits */
	uint64_t read;            /* so many were found good */
	atomic_int *reload;
	struct control *control; /* NULL: nobody can ask */
	bool met;                /* the active one has had its first round */
	struct runner_life life;
};

/* ---- One generation ---- */

static void generation_close(struct generation *generation, const struct kit_adapter *adapter)
{
	if (generation->source != NULL)
		adapter->close(generation->source);
	kit_settings_free(&generation->settings, adapter);
	*generation = (struct generation){0};
}

static enum ch_status generation_open(struct generation *generation,
	const struct kit_adapter *adapter, const char *path, struct problems *problems)
{
	enum ch_status status = kit_settings_load(path, adapter, problems, &generation->settings);
	if (status != CH_OK)
		return status;
	status = adapter->open(generation->settings.config, problems, &generation->source);
	if (status != CH_OK)
		generation_close(generation, adapter);
	return status;
}

/* ---- Reloading ---- */

static void generations_tell_active(const struct generations *generations, const char *how)
{
	log_info("config.active", "adapter=%s generation=%llu how=%s",
		generations->adapter->program, (unsigned long long)generations->active.number, how);
}

static void generations_tell_kept(
	struct generations *generations, const struct problems *problems, enum ch_status status)
{
	for (size_t i = 0; i < problems->count; i++)
		log_error("config.problem", "file=%s line=%u key=%s reason=\"%s\"",
			problems->items[i].file, problems->items[i].line, problems->items[i].key,
			problems->items[i].reason);
	generations->life.reload_failed = true;
	log_error("config.kept", "adapter=%s generation=%llu problems=%zu status=%s",
		generations->adapter->program, (unsigned long long)generations->active.number,
		problems->count + problems->dropped, ch_status_name(status));
	reload_answer_kept(generations->control, generations->active.number, problems, status);
}

/* True: the settings are the running source's now. */
static bool generations_take_over(struct generations *generations, struct kit_settings *settings)
{
	const struct kit_adapter *adapter = generations->adapter;
	struct generation *active = &generations->active;
	if (adapter->reload == NULL || !kit_settings_same(&active->settings, settings, adapter) ||
		adapter->reload(active->source, settings->config) != CH_OK)
		return false;
	kit_settings_free(&active->settings, adapter);
	active->settings = *settings;
	*settings = (struct kit_settings){0};
	return true;
}

/* True: the running source has taken anew what its settings name. */
static bool generations_renew(
	const struct generations *generations, const struct kit_settings *settings)
{
	const struct kit_adapter *adapter = generations->adapter;
	const struct generation *active = &generations->active;
	return adapter->renew != NULL && kit_settings_same(&active->settings, settings, adapter) &&
	       option_same(adapter->options, adapter->option_count, active->settings.config,
		       settings->config) &&
	       adapter->renew(active->source) == CH_OK;
}

static void generations_accept(struct generations *generations, struct generation *fresh)
{
	const struct kit_adapter *adapter = generations->adapter;
	fresh->number = ++generations->read;
	generations->life.reload_failed = false;
	if (generations_renew(generations, &fresh->settings) ||
		generations_take_over(generations, &fresh->settings)) {
		generations->active.number = fresh->number;
		generations->life.generation = fresh->number;
		generation_close(fresh, adapter);
		generations_tell_active(generations, "taken_over");
		reload_answer_active(
			generations->control, generations->active.number, "taken_over", NULL);
		return;
	}
	generation_close(&generations->next, adapter); /* one that did not get its turn */
	generations->next = *fresh;
}

/* Its first round: so far, so good.  One that has not started by now waits for the hub, with nothing left that
 * could be wrong with it but what its start says. */
static void generations_begin(struct generations *generations, bool started)
{
	if (!generations->met)
		reload_answer_active(generations->control, generations->active.number,
			started ? "started" : "waits_for_the_hub", NULL);
	generations->met = true;
	generations->life.began |= started;
}

/* Asked in every round.  True: the running generation is to end. */
static bool generations_reload(void *context, bool started)
{
	struct generations *generations = context;
	struct generation fresh = {0};
	struct problems problems = {0};
	generations_begin(generations, started);
	bool asked = control_is_asked(generations->control);
	if (atomic_exchange(generations->reload, 0) != 0 || asked) {
		enum ch_status status =
			generation_open(&fresh, generations->adapter, generations->path, &problems);
		if (status == CH_OK)
			generations_accept(generations, &fresh);
		else
			generations_tell_kept(generations, &problems, status);
		problems_fini(&problems);
	}
	return generations->next.number != 0;
}

/* ---- Running ---- */

static void generations_advance(struct generations *generations)
{
	generations->adapter->close(generations->active.source);
	generations->active.source = NULL;
	generation_close(&generations->before, generations->adapter);
	generations->before = generations->active;
	generations->active = generations->next;
	generations->next = (struct generation){0};
}

/* The active one did not get anywhere.  False: there is none to go back to. */
static bool generations_go_back(struct generations *generations, enum ch_status why)
{
	struct problems problems = {0};
	const struct kit_adapter *adapter = generations->adapter;
	if (generations->before.number == 0)
		return false;
	log_error("config.failed", "adapter=%s generation=%llu status=%s", adapter->program,
		(unsigned long long)generations->active.number, ch_status_name(why));
	generation_close(&generations->active, adapter);
	generations->active = generations->before;
	generations->before = (struct generation){0};
	generations->life.reload_failed = true;
	reload_answer_kept(generations->control, generations->active.number, &problems, why);
	enum ch_status status = adapter->open(
		generations->active.settings.config, &problems, &generations->active.source);
	problems_fini(&problems);
	if (status != CH_OK)
		return false;
	generations_tell_active(generations, "went_back");
	return true;
}

enum ch_status generations_run(struct generations *generations, bool once, const atomic_int *stop,
	atomic_int *reload, struct kit_counts *counts)
{
	enum ch_status status;
	bool again = true;
	generations->reload = reload;
	generations->life.once = once;
	generations->life.stop = stop;
	generations->life.reload = generations_reload;
	generations->life.context = generations;
	status = control_open(
		generations->adapter->program, generations->path, &generations->control);
	if (status != CH_OK)
		log_warning("control.unusable", "adapter=%s status=%s detail=\"%s\"",
			generations->adapter->program, ch_status_name(status),
			"reload does not reach it; SIGHUP does");
	generations_tell_active(generations, "started");
	while (again) {
		struct generation *active = &generations->active;
		generations->life.began = false;
		generations->met = false;
		generations->life.generation = active->number;
		status = runner_run(generations->adapter, active->source, &active->settings,
			&generations->life, counts);
		again = false;
		if (status == CH_OK && generations->next.number != 0 && !*stop) {
			generations_advance(generations);
			generations_tell_active(generations, "started");
			again = true;
		} else if (status != CH_OK && !generations->life.began && !*stop) {
			again = generations_go_back(generations, status);
		}
	}
	return status;
}

/* ---- Opening and closing ---- */

enum ch_status generations_open(const struct kit_adapter *adapter, const char *path,
	struct problems *problems, struct generations **out_generations)
{
	enum ch_status status = CH_NOMEM;
	struct generations *generations = calloc(1, sizeof(*generations));
	if (generations == NULL)
		goto out;
	generations->adapter = adapter;
	generations->path = strdup(path);
	if (generations->path == NULL)
		goto out;
	status = generation_open(&generations->active, adapter, path, problems);
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
	generation_close(&generations->next, generations->adapter);
	generation_close(&generations->active, generations->adapter);
	generation_close(&generations->before, generations->adapter);
	control_close(generations->control);
	free(generations->path);
	free(generations);
}
