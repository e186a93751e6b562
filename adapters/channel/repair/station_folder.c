#include "channel/repair/station_folder.h"

#include <stdlib.h>

#include "channel/repair/repair_source.h"
#include "kit/folder.h"

/* How many built-in mappings there may be. */
#define BUILTIN_MAX 16u

struct station_settings {
	struct folder_settings folder;
	char *mapping;
	char *source;
	char *station;
	char *zone;
};

struct station_folder {
	struct mapping *mapping;              /* the one that was asked for, or NULL: */
	struct mapping *builtin[BUILTIN_MAX]; /* the one that fits is chosen for each file */
	struct folder *folder;
};

/* One file. */
struct station_file {
	struct repair_source *source; /* NULL: no mapping fits */
	bool told;                    /* that */
	struct repair_item item;
	struct buffer reject;
};

/* ---- A file as the kit reads it ---- */

static const struct mapping *station_folder_mapping(
	const struct station_folder *stations, const char *path)
{
	if (stations->mapping != NULL)
		return stations->mapping;
	const char *guess = repair_source_guess(path);
	for (size_t i = 0; guess != NULL && mapping_builtin_name(i) != NULL; i++) {
		if (strcmp(mapping_builtin_name(i), guess) == 0)
			return stations->builtin[i];
	}
	return NULL;
}

static void station_file_close(void *reader)
{
	struct station_file *file = reader;
	repair_source_close(file->source);
	buffer_fini(&file->reject);
	free(file);
}

static enum ch_status station_file_open(void *context, const char *path, void **out_reader)
{
	const struct station_folder *stations = context;
	const struct mapping *mapping = station_folder_mapping(stations, path);
	struct station_file *file = calloc(1, sizeof(*file));
	if (file == NULL)
		return CH_NOMEM;
	enum ch_status status =
		mapping != NULL ? repair_source_open(mapping, path, &file->source) : CH_OK;
	if (status != CH_OK) {
		station_file_close(file);
		return status;
	}
	*out_reader = file;
	return CH_OK;
}

static enum ch_status station_file_misfit(struct station_file *file, struct kit_item *out_item)
{
	if (file->told)
		return CH_END;
	file->told = true;
	*out_item = (struct kit_item){
		.what = KIT_REJECT,
		.reject = SLICE_LITERAL("no built-in mapping fits: name one in repair.mapping"),
		.fatal = true,
	};
	return CH_OK;
}

static enum ch_status station_file_next(void *reader, struct kit_item *out_item)
{
	struct station_file *file = reader;
	struct kit_item item = {.what = KIT_EVENT};
	if (file->source == NULL)
		return station_file_misfit(file, out_item);
	enum ch_status status = repair_source_next(file->source, &file->item);
	if (status != CH_OK)
		return status;
	if (file->item.what == REPAIR_EVENT) {
		item.envelope = &file->item.event.envelope;
	} else {
		item.what = file->item.what == REPAIR_REJECT ? KIT_REJECT : KIT_INCOMPLETE;
		buffer_clear(&file->reject);
		reject_describe(&file->item.reject, &file->reject);
		item.reject = buffer_slice(&file->reject);
		item.raw = file->item.raw;
		item.fatal = file->item.what == REPAIR_REJECT && file->item.reject.fatal;
	}
	*out_item = item;
	return CH_OK;
}

static const struct folder_format station_format = {
	.open = station_file_open,
	.next = station_file_next,
	.close = station_file_close,
};

/* ---- The adapter ---- */

static const char *station_zone_fault(struct slice value)
{
	struct zone *zone = NULL;
	enum ch_status status = zone_open(value, &zone);
	zone_free(zone);
	return status == CH_OK ? NULL : "is no time zone known here";
}

#define AT(member) .at = offsetof(struct station_settings, member)

static const struct option options[] = {
	FOLDER_OPTIONS(struct station_settings, folder),
	{.name = "repair.mapping",
		.type = OPTION_TEXT,
		AT(mapping),
		.help = "A mapping file, or the name of a built-in one (`carehub-repair mappings`).\n"
			"Without it the built-in one that fits is chosen for each file."},
	{.name = "repair.source",
		.type = OPTION_TEXT,
		AT(source),
		.max = 200,
		.help = "The events' source, over what the mapping says."},
	{.name = "repair.station",
		.type = OPTION_TEXT,
		AT(station),
		.max = 200,
		.help = "The station's number, over what the mapping says."},
	{.name = "repair.zone",
		.type = OPTION_TEXT,
		AT(zone),
		.fault = station_zone_fault,
		.help = "Zone of times without an offset, +08:00 or Asia/Shanghai, over what the\n"
			"mapping says."},
};

static void station_folder_close(void *source)
{
	struct station_folder *stations = source;
	folder_close(stations->folder);
	mapping_free(stations->mapping);
	for (size_t i = 0; i < BUILTIN_MAX; i++)
		mapping_free(stations->builtin[i]);
	free(stations);
}

static struct slice station_text(const char *text)
{
	return text != NULL ? slice_text(text) : (struct slice){NULL, 0};
}

/* Mappings are read once: a mistake shows at the start, not with the first file. */
static enum ch_status station_folder_load(struct station_folder *stations,
	const struct station_settings *settings, struct problems *problems)
{
	const struct mapping_overrides overrides = {
		.source = station_text(settings->source),
		.station_id = station_text(settings->station),
		.zone = station_text(settings->zone),
	};
	enum ch_status status = CH_OK;
	if (settings->mapping != NULL) {
		struct slice text = mapping_builtin(settings->mapping);
		if (text.len > 0)
			return mapping_parse(
				text, settings->mapping, &overrides, problems, &stations->mapping);
		status = mapping_load(settings->mapping, &overrides, problems, &stations->mapping);
		if (status == CH_NOT_FOUND || status == CH_IO)
			problems_add(problems, NULL, 0, "repair.mapping", "%s: cannot be read: %s",
				settings->mapping, ch_status_text(status));
		return status;
	}
	for (size_t i = 0; status == CH_OK && mapping_builtin_name(i) != NULL && i < BUILTIN_MAX;
		i++)
		status = mapping_parse(mapping_builtin(mapping_builtin_name(i)),
			mapping_builtin_name(i), &overrides, problems, &stations->builtin[i]);
	return status;
}

static enum ch_status station_folder_open(
	void *config, struct problems *problems, void **out_source)
{
	const struct station_settings *settings = config;
	struct station_folder *stations = calloc(1, sizeof(*stations));
	enum ch_status status = CH_NOMEM;
	if (stations == NULL)
		goto out;
	status = station_folder_load(stations, settings, problems);
	if (status != CH_OK)
		goto out;
	struct folder_options folder = {
		.path = settings->folder.path,
		.settle_ms = settings->folder.settle_ms,
		.receipts = settings->folder.receipts,
		.format = &station_format,
		.context = stations,
	};
	status = folder_open(&folder, &stations->folder);
	if (status != CH_OK) {
		problems_add(problems, NULL, 0, "folder.path", "%s: cannot be used: %s",
			settings->folder.path, ch_status_text(status));
		goto out;
	}
	*out_source = stations;
	stations = NULL;
out:
	if (stations != NULL)
		station_folder_close(stations);
	return status;
}

static enum ch_status station_folder_next(void *source, struct kit_item *out_item)
{
	struct station_folder *stations = source;
	return folder_next(stations->folder, out_item);
}

static void station_folder_settle(void *source, const struct kit_settled *settled)
{
	struct station_folder *stations = source;
	folder_settle(stations->folder, settled);
}

static enum ch_status station_folder_late(
	void *source, struct slice origin, const struct ch_receipt *receipt)
{
	struct station_folder *stations = source;
	return folder_late(stations->folder, origin, receipt);
}

int station_folder_main(int argc, char **argv)
{
	static const struct kit_adapter adapter = {
		.program = "carehub-repair",
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.config_bytes = sizeof(struct station_settings),
		.open = station_folder_open,
		.next = station_folder_next,
		.settle = station_folder_settle,
		.late = station_folder_late,
		.close = station_folder_close,
	};
	return kit_main(argc, argv, &adapter);
}
