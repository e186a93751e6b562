#include "kit/settings.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/file.h"
#include "base/limits.h"
#include "kit/courier.h"
#include "kit/spool.h"

#define AT(member) .at = offsetof(struct kit_settings, member)

/* Whether it is the hub's key only the hub can say. */
static const char *settings_key_fault(struct slice value)
{
	return value.len == 40 || value.len == 64
		       ? NULL
		       : "is no key: 40 characters (Z85) or 64 hex digits";
}

/* Which adapters have it. */
enum settings_of {
	OF_ALL,
	OF_PROMPT,
	OF_OTHERS, /* not prompt */
};

static const struct settings_row {
	enum settings_of of;
	struct option option;
} rows[] = {
	{OF_ALL, {.name = "hub.endpoint",
			 .type = OPTION_TEXT,
			 AT(endpoint),
			 .initial = "tcp://127.0.0.1:7710",
			 .help = "Where the hub listens."}},
	{OF_ALL, {.name = "hub.server_key",
			 .type = OPTION_TEXT,
			 AT(server_key),
			 .fault = settings_key_fault,
			 .help = "The hub's public key, Z85 or hex; or say where it stands:"}},
	{OF_ALL, {.name = "hub.server_key_file",
			 .type = OPTION_TEXT,
			 AT(server_key_file),
			 .help = "A file with the hub's public key."}},
	{OF_ALL,
		{.name = "hub.key_file",
			.type = OPTION_TEXT,
			AT(key_file),
			.required = true,
			.help = "The file with this adapter's secret key; nobody else may read it."}},
	{OF_ALL, {.name = "hub.window",
			 .type = OPTION_NUMBER,
			 AT(window),
			 .min = 1,
			 .max = 65536,
			 .initial = "1024",
			 .help = "Events that may be on their way without a receipt."}},
	{OF_ALL, {.name = "hub.batch",
			 .type = OPTION_NUMBER,
			 AT(batch),
			 .min = 1,
			 .max = 256,
			 .initial = "64",
			 .help = "Events that may share a frame."}},
	{OF_OTHERS,
		{.name = "adapter.poll",
			.type = OPTION_MS,
			AT(poll_ms),
			.min = 10,
			.max = 3600000,
			.initial = "1s",
			.help = "How long to wait before an idle source is looked at again, if it cannot tell\n"
				"by itself that it has something."}},
	{OF_PROMPT,
		{.name = "adapter.patience",
			.type = OPTION_MS,
			AT(patience_ms),
			.min = 10,
			.max = 3600000,
			.initial = "5s",
			.help = "How long the hub may take to answer before whoever waits is told to try\n"
				"again later."}},
	{OF_ALL,
		{.name = "adapter.metrics",
			.type = OPTION_TEXT,
			AT(metrics),
			.help = "A file that is written every ten seconds with what is counted, OpenMetrics,\n"
				"for node_exporter's textfile collector.  Without it none is written."}},
	{OF_ALL,
		{.name = "adapter.rejects",
			.type = OPTION_TEXT,
			AT(rejects),
			.help = "A file that everything is added to that was no event, or that the hub refused:\n"
				"one line with time, place and reason, for whoever can mend it.  At 1 MiB it goes\n"
				"on, and FILE.1 to FILE.9 keep what was before.  A drop folder has such a file\n"
				"beside each of its own.  Without it they only count."}},
	{OF_OTHERS,
		{.name = "spool.directory",
			.type = OPTION_TEXT,
			AT(spool_directory),
			.help = "Where events wait on this machine's disk while the hub does not answer.\n"
				"Without it they wait at their source.  They hold personal data: the folder is\n"
				"made for its owner alone."}},
	{OF_OTHERS, {.name = "spool.max_bytes",
			    .type = OPTION_BYTES,
			    AT(spool_max_bytes),
			    .min = SPOOL_LEAST_BYTES,
			    .max = INT64_C(64) << 30,
			    .initial = "256M",
			    .help = "What may wait there; beyond it the source waits again."}},
	{OF_OTHERS,
		{.name = "spool.drain_rate",
			.type = OPTION_NUMBER,
			AT(spool_drain_rate),
			.max = 1000000,
			.initial = "500",
			.help = "Events a second that leave the spool when the hub is back, so that stations\n"
				"which were cut off together do not flood it; 0: as fast as it takes them."}},
	{OF_OTHERS,
		{.name = "spool.patience",
			.type = OPTION_MS,
			AT(spool_patience_ms),
			.max = 3600000,
			.initial = "10s",
			.help = "How long an event may be without an answer before the spool is used."}},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

static bool settings_has(const struct kit_adapter *adapter, enum settings_of of)
{
	switch (of) {
	case OF_ALL:
		return true;
	case OF_PROMPT:
		return adapter->prompt;
	case OF_OTHERS:
		return !adapter->prompt;
	}
	return false;
}

/* The kit's rows of this adapter, and the adapter's own. */
struct settings_form {
	struct option kit[ROWS];
	struct option_group groups[2];
	size_t count;
};

static void settings_form_fill(struct settings_form *form, const struct kit_adapter *adapter,
	struct kit_settings *settings)
{
	size_t count = 0;
	for (size_t i = 0; i < ROWS; i++) {
		if (settings_has(adapter, rows[i].of))
			form->kit[count++] = rows[i].option;
	}
	form->groups[0] = (struct option_group){form->kit, count, settings};
	form->groups[1] =
		(struct option_group){adapter->options, adapter->option_count, settings->config};
	form->count = adapter->option_count > 0 ? 2 : 1;
}

/* Also with a status other than CH_OK: what was right is there. */
static enum ch_status settings_fill(const char *path, const struct kit_adapter *adapter,
	struct problems *problems, struct kit_settings *settings)
{
	struct settings_form form;
	*settings = (struct kit_settings){
		.config = calloc(1, adapter->config_bytes > 0 ? adapter->config_bytes : 1)};
	if (settings->config == NULL)
		return CH_NOMEM;
	settings_form_fill(&form, adapter, settings);
	enum ch_status status = config_read(path, form.groups, form.count, problems);
	/* Of a file that cannot be read nothing is known, and that is told: not that all of it is missing. */
	if (status == CH_INVALID && access(path, R_OK) != 0)
		return status;
	if (status != CH_NOMEM && settings->server_key == NULL &&
		settings->server_key_file == NULL && !problems_about(problems, "hub.server_key")) {
		problems_add(problems, path, 0, "hub.server_key",
			"is missing: without the hub's public key anybody could play the hub");
		status = CH_INVALID;
	}
	if (status != CH_NOMEM && adapter->check != NULL &&
		adapter->check(settings->config, problems) != CH_OK)
		status = CH_INVALID;
	return status;
}

static enum ch_status settings_hand_over(struct kit_settings *settings,
	const struct kit_adapter *adapter, enum ch_status status, struct kit_settings *out_settings)
{
	if (status == CH_OK)
		*out_settings = *settings;
	else
		kit_settings_free(settings, adapter);
	return status;
}

enum ch_status kit_settings_read(const char *path, const struct kit_adapter *adapter,
	struct problems *problems, struct kit_settings *out_settings)
{
	struct kit_settings settings;
	enum ch_status status = settings_fill(path, adapter, problems, &settings);
	return settings_hand_over(&settings, adapter, status, out_settings);
}

/* A metrics file is not worth that an adapter does not start. */
static enum ch_status settings_check_places(
	const struct kit_settings *settings, struct problems *problems)
{
	const char *spool = settings->spool_directory;
	const char *rejects = settings->rejects;
	const char *spool_fault = spool != NULL ? file_dir_fault(spool) : NULL;
	if (spool_fault != NULL)
		problems_add(problems, NULL, 0, "spool.directory", "%s: %s", spool, spool_fault);
	const char *rejects_fault = rejects != NULL ? file_write_fault(rejects) : NULL;
	if (rejects_fault != NULL)
		problems_add(
			problems, NULL, 0, "adapter.rejects", "%s: %s", rejects, rejects_fault);
	return spool_fault != NULL || rejects_fault != NULL ? CH_INVALID : CH_OK;
}

/* What cannot be read was told, or is not there: it is as though it were empty. */
static void settings_hash_file(const char *path, uint8_t out_hash[KIT_KEY_HASH_BYTES])
{
	struct buffer text = {0};
	if (path == NULL || file_read_all(path, LIMIT_CONFIG_BYTES, &text) != CH_OK)
		buffer_clear(&text);
	(void)crypto_generichash(
		out_hash, KIT_KEY_HASH_BYTES, text.data, text.len, NULL, 0); /* sizes fit */
	if (text.data != NULL)
		sodium_memzero(text.data, text.len);
	buffer_fini(&text);
}

void kit_settings_hash_keys(struct kit_settings *settings)
{
	settings_hash_file(settings->server_key_file, settings->server_key_hash);
	settings_hash_file(settings->key_file, settings->key_hash);
}

enum ch_status kit_settings_load(const char *path, const struct kit_adapter *adapter,
	struct problems *problems, struct kit_settings *out_settings)
{
	struct kit_settings settings;
	enum ch_status status = settings_fill(path, adapter, problems, &settings);
	if (status == CH_OK || (status == CH_INVALID && access(path, R_OK) == 0)) {
		enum ch_status keys = courier_check(&settings, problems);
		enum ch_status places = settings_check_places(&settings, problems);
		status = status != CH_OK ? status : keys != CH_OK ? keys : places;
	}
	if (status == CH_OK)
		kit_settings_hash_keys(&settings);
	return settings_hand_over(&settings, adapter, status, out_settings);
}

void kit_settings_free(struct kit_settings *settings, const struct kit_adapter *adapter)
{
	struct settings_form form;
	if (settings->config == NULL)
		return;
	settings_form_fill(&form, adapter, settings);
	for (size_t i = 0; i < form.count; i++)
		option_free(&form.groups[i]);
	free(settings->config);
	*settings = (struct kit_settings){0};
}

void kit_settings_describe(const struct kit_adapter *adapter, struct buffer *out)
{
	struct kit_settings settings = {0};
	struct settings_form form;
	settings_form_fill(&form, adapter, &settings);
	for (size_t i = 0; i < form.count; i++)
		option_describe(&form.groups[i], out);
}

bool kit_settings_same(const struct kit_settings *one, const struct kit_settings *other,
	const struct kit_adapter *adapter)
{
	bool same = memcmp(one->server_key_hash, other->server_key_hash, KIT_KEY_HASH_BYTES) == 0 &&
		    memcmp(one->key_hash, other->key_hash, KIT_KEY_HASH_BYTES) == 0;
	for (size_t i = 0; same && i < ROWS; i++)
		same = !settings_has(adapter, rows[i].of) ||
		       option_same(&rows[i].option, 1, one, other);
	return same;
}
