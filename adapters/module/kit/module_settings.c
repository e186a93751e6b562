#include "module/kit/module_settings.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/config.h"
#include "base/file.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "kit/courier.h"

#define AT(member) .at = offsetof(struct module_settings, member)

/* Whether it is the hub's key only the hub can say. */
static const char *module_settings_key_fault(struct slice value)
{
	return value.len == 40 || value.len == 64
		       ? NULL
		       : "is no key: 40 characters (Z85) or 64 hex digits";
}

static const struct option rows[] = {
	{.name = "hub.endpoint",
		.type = OPTION_TEXT,
		AT(hub.endpoint),
		.initial = "tcp://127.0.0.1:7710",
		.help = "Where the hub listens."},
	{.name = "hub.server_key",
		.type = OPTION_TEXT,
		AT(hub.server_key),
		.fault = module_settings_key_fault,
		.help = "The hub's public key, Z85 or hex; or say where it stands:"},
	{.name = "hub.server_key_file",
		.type = OPTION_TEXT,
		AT(hub.server_key_file),
		.help = "A file with the hub's public key."},
	{.name = "hub.key_file",
		.type = OPTION_TEXT,
		AT(hub.key_file),
		.required = true,
		.help = "The file with this module's secret key; nobody else may read it."},
	{.name = "module.book",
		.type = OPTION_TEXT,
		AT(book),
		.min = 1,
		.help = "The folder of its book.  It can be deleted, and is then made anew from the\n"
			"journal.  It holds people's data: the folder is made for its owner alone."},
	{.name = "module.subscription",
		.type = OPTION_TEXT,
		AT(subscription),
		.min = 1,
		.max = LIMIT_NAME_BYTES,
		.help = "The name of its subscription at the hub.  Two with the same name take it from each\n"
			"other."},
	{.name = "module.batch",
		.type = OPTION_NUMBER,
		AT(batch),
		.min = 1,
		.max = 16384,
		.initial = "4096",
		.help = "Events that may be folded in one transaction.  What has arrived is folded at once:\n"
			"this is only what a module that is behind takes at a time."},
	{.name = "module.metrics",
		.type = OPTION_TEXT,
		AT(metrics),
		.help = "A file that is written every ten seconds with what is counted, OpenMetrics,\n"
			"for node_exporter's textfile collector.  Without it none is written."},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

/* The kit's rows, with what they begin as for this module, and those of the parts that have some. */
struct form {
	struct option rows[ROWS];
	struct option_group groups[OPTION_GROUPS_MAX];
	size_t count;
};

static void module_settings_rows(
	const struct module *module, struct module_settings *settings, struct form *out)
{
	memcpy(out->rows, rows, sizeof(rows));
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].at == offsetof(struct module_settings, book))
			out->rows[i].initial = module->book;
		else if (rows[i].at == offsetof(struct module_settings, subscription))
			out->rows[i].initial = module->subscription;
	}
	out->groups[0] = (struct option_group){out->rows, ROWS, settings};
	out->count = 1;
	for (size_t i = 0; i < module->part_count; i++) {
		const struct module_part *part = module->parts[i];
		if (part->option_count == 0)
			continue;
		invariant(out->count < OPTION_GROUPS_MAX);
		out->groups[out->count++] = (struct option_group){
			part->options, part->option_count, settings->configs[i]};
	}
}

static enum ch_status module_settings_make(
	const struct module *module, struct module_settings *settings)
{
	settings->configs = calloc(module->part_count + 1, sizeof(void *));
	if (settings->configs == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < module->part_count; i++) {
		size_t bytes = module->parts[i]->config_bytes;
		settings->configs[i] = bytes > 0 ? calloc(1, bytes) : NULL;
		if (bytes > 0 && settings->configs[i] == NULL)
			return CH_NOMEM;
	}
	return CH_OK;
}

static enum ch_status module_settings_check(const char *path, const struct module *module,
	bool parts, struct module_settings *settings, struct problems *problems)
{
	enum ch_status status = CH_OK;
	if (settings->hub.server_key == NULL && settings->hub.server_key_file == NULL &&
		!problems_about(problems, "hub.server_key")) {
		problems_add(problems, path, 0, "hub.server_key",
			"is missing: without the hub's public key anybody could play the hub");
		status = CH_INVALID;
	}
	for (size_t i = 0; parts && i < module->part_count; i++) {
		const struct module_part *part = module->parts[i];
		if (part->check != NULL &&
			part->check(settings->configs[i], settings->configs, problems) != CH_OK)
			status = CH_INVALID;
	}
	return status;
}

/* Also with a status other than CH_OK: what was right is there. */
static enum ch_status module_settings_fill(const char *path, const struct module *module,
	bool parts, struct problems *problems, struct module_settings *settings)
{
	struct form form;
	*settings = (struct module_settings){0};
	enum ch_status status = module_settings_make(module, settings);
	if (status != CH_OK)
		return status;
	module_settings_rows(module, settings, &form);
	status = config_read(path, form.groups, form.count, problems);
	/* Of a file that cannot be read nothing is known, and that is told: not that all of it is missing. */
	if (status == CH_NOMEM || (status == CH_INVALID && access(path, R_OK) != 0))
		return status;
	enum ch_status checked = module_settings_check(path, module, parts, settings, problems);
	return status == CH_OK || checked == CH_NOMEM ? checked : status;
}

static enum ch_status module_settings_hand_over(struct module_settings *settings,
	const struct module *module, enum ch_status status, struct module_settings *out_settings)
{
	if (status == CH_OK)
		*out_settings = *settings;
	else
		module_settings_free(settings, module);
	return status;
}

enum ch_status module_settings_read(const char *path, const struct module *module,
	struct problems *problems, struct module_settings *out_settings)
{
	struct module_settings settings;
	enum ch_status status = module_settings_fill(path, module, true, problems, &settings);
	return module_settings_hand_over(&settings, module, status, out_settings);
}

enum ch_status module_settings_scan(const char *path, const struct module *module,
	struct problems *problems, struct module_settings *out_settings)
{
	struct module_settings settings;
	enum ch_status status = module_settings_fill(path, module, false, problems, &settings);
	return module_settings_hand_over(&settings, module, status, out_settings);
}

enum ch_status module_settings_load(const char *path, const struct module *module,
	struct problems *problems, struct module_settings *out_settings)
{
	struct module_settings settings;
	enum ch_status status = module_settings_fill(path, module, true, problems, &settings);
	if (status == CH_OK || (status == CH_INVALID && access(path, R_OK) == 0)) {
		enum ch_status keys = courier_check(&settings.hub, problems);
		const char *fault = settings.book != NULL ? file_dir_fault(settings.book) : NULL;
		if (fault != NULL)
			problems_add(
				problems, NULL, 0, "module.book", "%s: %s", settings.book, fault);
		if (status == CH_OK)
			status = keys != CH_OK ? keys : fault != NULL ? CH_INVALID : CH_OK;
	}
	if (status == CH_OK)
		kit_settings_hash_keys(&settings.hub);
	return module_settings_hand_over(&settings, module, status, out_settings);
}

/* A file under the same name may hold another key. */
static bool module_settings_same_key(const struct option *row, const struct module_settings *one,
	const struct module_settings *other)
{
	if (row->at == offsetof(struct module_settings, hub.server_key_file))
		return memcmp(one->hub.server_key_hash, other->hub.server_key_hash,
			       KIT_KEY_HASH_BYTES) == 0;
	return row->at != offsetof(struct module_settings, hub.key_file) ||
	       memcmp(one->hub.key_hash, other->hub.key_hash, KIT_KEY_HASH_BYTES) == 0;
}

static bool module_settings_same(const struct option *row, const struct module_settings *one,
	const struct module_settings *other)
{
	const void *a = (const char *)one + row->at;
	const void *b = (const char *)other + row->at;
	if (row->type != OPTION_TEXT)
		return memcmp(a, b, sizeof(int64_t)) == 0; /* the rows have texts and numbers */
	const char *left = *(char *const *)a;
	const char *right = *(char *const *)b;
	return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

void module_settings_differ(const struct module_settings *one, const struct module_settings *other,
	struct buffer *out_names)
{
	size_t start = out_names->len;
	for (size_t i = 0; i < ROWS; i++) {
		if (!module_settings_same(&rows[i], one, other) ||
			!module_settings_same_key(&rows[i], one, other))
			buffer_printf(out_names, "%s%s", out_names->len > start ? ", " : "",
				rows[i].name);
	}
}

void module_settings_free(struct module_settings *settings, const struct module *module)
{
	if (settings->configs == NULL)
		return;
	for (size_t i = 0; i < module->part_count; i++) {
		const struct module_part *part = module->parts[i];
		struct option_group group = {
			part->options, part->option_count, settings->configs[i]};
		if (settings->configs[i] != NULL)
			option_free(&group);
		free(settings->configs[i]);
	}
	free(settings->configs);
	settings->configs = NULL;
	option_free(&(struct option_group){rows, ROWS, settings});
	*settings = (struct module_settings){0};
}

void module_settings_describe(const struct module *module, struct buffer *out)
{
	struct module_settings settings = {0};
	if (module_settings_make(module, &settings) == CH_OK) {
		struct form form;
		module_settings_rows(module, &settings, &form);
		for (size_t i = 0; i < form.count; i++)
			option_describe(&form.groups[i], out);
	}
	module_settings_free(&settings, module);
}

struct book_form module_settings_form(
	const struct module_settings *settings, const struct module *module)
{
	return (struct book_form){.directory = settings->book,
		.tables = module->tables,
		.table_count = module->table_count,
		.version = module->version};
}
