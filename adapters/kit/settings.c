#include "kit/settings.h"

#include <stdlib.h>

#include "base/config.h"
#include "kit/spool.h"

#define AT(member) .at = offsetof(struct kit_settings, member)

/* Whether it is the hub's key only the hub can say. */
static const char *settings_key_fault(struct slice value)
{
	return value.len == 40 || value.len == 64
		       ? NULL
		       : "is no key: 40 characters (Z85) or 64 hex digits";
}

static const struct option options[] = {
	{.name = "hub.endpoint",
		.type = OPTION_TEXT,
		AT(endpoint),
		.initial = "tcp://127.0.0.1:7710",
		.help = "Where the hub listens."},
	{.name = "hub.server_key",
		.type = OPTION_TEXT,
		AT(server_key),
		.fault = settings_key_fault,
		.help = "The hub's public key, Z85 or hex; or say where it stands:"},
	{.name = "hub.server_key_file",
		.type = OPTION_TEXT,
		AT(server_key_file),
		.help = "A file with the hub's public key."},
	{.name = "hub.key_file",
		.type = OPTION_TEXT,
		AT(key_file),
		.required = true,
		.help = "The file with this adapter's secret key; nobody else may read it."},
	{.name = "hub.window",
		.type = OPTION_NUMBER,
		AT(window),
		.min = 1,
		.max = 65536,
		.initial = "1024",
		.help = "Events that may be on their way without a receipt."},
	{.name = "hub.batch",
		.type = OPTION_NUMBER,
		AT(batch),
		.min = 1,
		.max = 256,
		.initial = "64",
		.help = "Events that may share a frame."},
	{.name = "adapter.poll",
		.type = OPTION_MS,
		AT(poll_ms),
		.min = 10,
		.max = 3600000,
		.initial = "1s",
		.help = "How long to wait before an idle source is looked at again."},
	{.name = "adapter.metrics",
		.type = OPTION_TEXT,
		AT(metrics),
		.help = "A file that is written every ten seconds with what is counted, OpenMetrics,\n"
			"for node_exporter's textfile collector.  Without it none is written."},
	{.name = "spool.directory",
		.type = OPTION_TEXT,
		AT(spool_directory),
		.help = "Where events wait on this machine's disk while the hub does not answer.\n"
			"Without it they wait at their source.  They hold personal data: the folder is\n"
			"made for its owner alone."},
	{.name = "spool.max_bytes",
		.type = OPTION_BYTES,
		AT(spool_max_bytes),
		.min = SPOOL_LEAST_BYTES,
		.max = INT64_C(64) << 30,
		.initial = "256M",
		.help = "What may wait there; beyond it the source waits again."},
	{.name = "spool.drain_rate",
		.type = OPTION_NUMBER,
		AT(spool_drain_rate),
		.max = 1000000,
		.initial = "500",
		.help = "Events a second that leave the spool when the hub is back, so that stations\n"
			"which were cut off together do not flood it; 0: as fast as it takes them."},
	{.name = "spool.patience",
		.type = OPTION_MS,
		AT(spool_patience_ms),
		.max = 3600000,
		.initial = "10s",
		.help = "How long an event may be without an answer before the spool is used."},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

enum ch_status kit_settings_read(const char *path, const struct kit_adapter *adapter,
	struct problems *problems, struct kit_settings *out_settings)
{
	struct kit_settings settings = {0};
	void *config = calloc(1, adapter->config_bytes > 0 ? adapter->config_bytes : 1);
	if (config == NULL)
		return CH_NOMEM;
	struct option_group groups[2] = {
		{options, OPTIONS, &settings},
		{adapter->options, adapter->option_count, config},
	};
	size_t count = adapter->option_count > 0 ? 2 : 1;
	enum ch_status status = config_read(path, groups, count, problems);
	settings.config = config;
	if (status != CH_NOMEM && settings.server_key == NULL && settings.server_key_file == NULL) {
		problems_add(problems, path, 0, "hub.server_key",
			"is missing: without the hub's public key anybody could play the hub");
		status = CH_INVALID;
	}
	if (status == CH_OK)
		*out_settings = settings;
	else
		kit_settings_free(&settings, adapter);
	return status;
}

void kit_settings_free(struct kit_settings *settings, const struct kit_adapter *adapter)
{
	void *config = settings->config;
	struct option_group own = {options, OPTIONS, settings};
	struct option_group theirs = {adapter->options, adapter->option_count, config};
	if (config != NULL && adapter->option_count > 0)
		option_free(&theirs);
	free(config);
	option_free(&own);
	*settings = (struct kit_settings){0};
}

void kit_settings_describe(const struct kit_adapter *adapter, struct buffer *out)
{
	struct kit_settings settings = {0};
	struct option_group own = {options, OPTIONS, &settings};
	struct option_group theirs = {adapter->options, adapter->option_count, NULL};
	option_describe(&own, out);
	if (adapter->option_count > 0)
		option_describe(&theirs, out);
}
