#include "module/kit/module_generation.h"

#include <stdlib.h>

#include "module/kit/module_run.h"

/* Whoever asked is told after so long that the hub is not there: he does not wait for ever. */
#define PATIENCE_US INT64_C(10000000)

static void reading_close(const void *self, void *state)
{
	module_settings_free(state, self);
	free(state);
}

static enum ch_status reading_open(
	const void *self, const char *path, struct problems *problems, void **out_state)
{
	struct module_settings *settings = calloc(1, sizeof(*settings));
	if (settings == NULL)
		return CH_NOMEM;
	enum ch_status status = module_settings_load(path, self, problems, settings);
	if (status == CH_OK)
		*out_state = settings;
	else
		free(settings);
	return status;
}

static enum ch_status reading_take_over(const void *self, void *running, void **active,
	void **fresh, struct problems *problems, struct buffer *out_why)
{
	struct buffer other = {0};
	void *taken = *fresh;
	(void)self;
	module_settings_differ(*active, taken, &other);
	bool another_run = other.len > 0 || other.status != CH_OK;
	if (another_run)
		buffer_printf(out_why, "began anew for %s\n", buffer_text(&other));
	buffer_fini(&other);
	if (another_run)
		return CH_RETRY;
	enum ch_status status = module_run_take_over(running, taken, problems);
	if (status != CH_OK)
		return status;
	*fresh = *active;
	*active = taken;
	return CH_OK;
}

static enum ch_status reading_run(
	const void *self, void *state, const struct run_life *life, struct problems *problems)
{
	return module_run(self, state, life, problems);
}

static const struct generation_kind module_generations = {.what = "module",
	.patience_us = PATIENCE_US,
	.open = reading_open,
	.close = reading_close,
	.take_over = reading_take_over,
	.run = reading_run};

enum ch_status module_generations_open(const struct module *module, const char *path,
	struct problems *problems, struct generations **out_generations)
{
	return generations_open(
		&module_generations, module, module->program, path, problems, out_generations);
}
