#include "kit/adapter_generation.h"

#include <stdlib.h>

#include "kit/runner.h"

struct reading {
	struct kit_settings settings;
	void *source; /* NULL: closed */
};

static const struct kit_adapter *adapter_of(const void *self)
{
	const struct adapter_service *service = self;
	return service->adapter;
}

static void reading_close_source(struct reading *reading, const struct kit_adapter *adapter)
{
	if (reading->source != NULL)
		adapter->close(reading->source);
	reading->source = NULL;
}

static void reading_close(const void *self, void *state)
{
	struct reading *reading = state;
	reading_close_source(reading, adapter_of(self));
	kit_settings_free(&reading->settings, adapter_of(self));
	free(reading);
}

static enum ch_status reading_open(
	const void *self, const char *path, struct problems *problems, void **out_state)
{
	const struct kit_adapter *adapter = adapter_of(self);
	struct reading *reading = calloc(1, sizeof(*reading));
	if (reading == NULL)
		return CH_NOMEM;
	enum ch_status status = kit_settings_load(path, adapter, problems, &reading->settings);
	if (status == CH_OK)
		status = adapter->open(reading->settings.config, problems, &reading->source);
	if (status == CH_OK)
		*out_state = reading;
	else
		reading_close(self, reading);
	return status;
}

/* What runs keeps its reading, and with it the kit's settings: only what stands in it becomes another. */
static enum ch_status reading_take_over(const void *self, void *running, void **active,
	void **fresh, struct problems *problems, struct buffer *out_why)
{
	const struct kit_adapter *adapter = adapter_of(self);
	struct kit_settings *old = &((struct reading *)*active)->settings;
	struct kit_settings *settings = &((struct reading *)*fresh)->settings;
	(void)problems;
	(void)out_why;
	if (!kit_settings_same(old, settings, adapter))
		return CH_RETRY;
	if (adapter->renew != NULL &&
		option_same(
			adapter->options, adapter->option_count, old->config, settings->config) &&
		adapter->renew(running) == CH_OK)
		return CH_OK;
	if (adapter->reload == NULL || adapter->reload(running, settings->config) != CH_OK)
		return CH_RETRY;
	const struct kit_settings taken = *settings;
	*settings = *old;
	*old = taken;
	return CH_OK;
}

/* A source has one life: who goes back to this reading is given another. */
static enum ch_status reading_run(
	const void *self, void *state, const struct run_life *life, struct problems *problems)
{
	const struct adapter_service *service = self;
	struct reading *reading = state;
	enum ch_status status = CH_OK;
	if (reading->source == NULL)
		status = service->adapter->open(
			reading->settings.config, problems, &reading->source);
	if (status == CH_OK)
		status = runner_run(service->adapter, reading->source, &reading->settings, life,
			service->counts);
	reading_close_source(reading, service->adapter);
	return status;
}

static const struct generation_kind adapter_generations = {.what = "adapter",
	.open = reading_open,
	.close = reading_close,
	.take_over = reading_take_over,
	.run = reading_run};

enum ch_status adapter_generations_open(const struct adapter_service *service, const char *path,
	struct problems *problems, struct generations **out_generations)
{
	return generations_open(&adapter_generations, service, service->adapter->program, path,
		problems, out_generations);
}
