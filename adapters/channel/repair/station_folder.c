#include "channel/repair/station_folder.h"

#include <stdio.h>
#include <stdlib.h>

#include "channel/repair/repair_source.h"

/* How many built-in mappings there may be. */
#define BUILTIN_MAX 16u

struct stations {
	struct mapping *mapping;              /* the one that was asked for, or NULL: */
	struct mapping *builtin[BUILTIN_MAX]; /* the one that fits is chosen for each file */
};

/* One file. */
struct station_file {
	struct repair_source *source; /* NULL: no mapping fits */
	bool told;                    /* that */
	struct repair_item item;
	char place[64];
	struct buffer reject;
};

/* ---- Mappings ---- */

/* They are read once: a mistake shows at the start, not with the first file. */
static enum ch_status stations_load(struct stations *stations, const char *mapping,
	const struct mapping_overrides *overrides, struct problems *problems)
{
	enum ch_status status = CH_OK;
	if (mapping != NULL) {
		struct slice text = mapping_builtin(mapping);
		if (text.len > 0)
			return mapping_parse(
				text, mapping, overrides, problems, &stations->mapping);
		status = mapping_load(mapping, overrides, problems, &stations->mapping);
		if (status == CH_NOT_FOUND || status == CH_IO)
			problems_add(problems, NULL, 0, "repair.mapping", "%s: cannot be read: %s",
				mapping, ch_status_text(status));
		return status;
	}
	for (size_t i = 0; status == CH_OK && mapping_builtin_name(i) != NULL && i < BUILTIN_MAX;
		i++)
		status = mapping_parse(mapping_builtin(mapping_builtin_name(i)),
			mapping_builtin_name(i), overrides, problems, &stations->builtin[i]);
	return status;
}

enum ch_status stations_create(const char *mapping, const struct mapping_overrides *overrides,
	struct problems *problems, struct stations **out_stations)
{
	struct stations *stations = calloc(1, sizeof(*stations));
	if (stations == NULL)
		return CH_NOMEM;
	enum ch_status status = stations_load(stations, mapping, overrides, problems);
	if (status == CH_OK)
		*out_stations = stations;
	else
		stations_free(stations);
	return status;
}

void stations_free(void *decoder)
{
	struct stations *stations = decoder;
	if (stations == NULL)
		return;
	mapping_free(stations->mapping);
	for (size_t i = 0; i < BUILTIN_MAX; i++)
		mapping_free(stations->builtin[i]);
	free(stations);
}

const struct mapping *stations_mapping(const struct stations *stations)
{
	return stations->mapping;
}

static const struct mapping *stations_choose(
	const struct stations *stations, int fd, const char *path)
{
	if (stations->mapping != NULL)
		return stations->mapping;
	const char *guess = repair_source_guess(fd, path);
	for (size_t i = 0; guess != NULL && mapping_builtin_name(i) != NULL; i++) {
		if (strcmp(mapping_builtin_name(i), guess) == 0)
			return stations->builtin[i];
	}
	return NULL;
}

/* ---- A file as the kit reads it ---- */

static void station_file_close(void *reader)
{
	struct station_file *file = reader;
	repair_source_close(file->source);
	buffer_fini(&file->reject);
	free(file);
}

static enum ch_status station_file_open(void *decoder, int fd, const char *path, void **out_reader)
{
	const struct mapping *mapping = stations_choose(decoder, fd, path);
	struct station_file *file = calloc(1, sizeof(*file));
	if (file == NULL)
		return CH_NOMEM;
	enum ch_status status =
		mapping != NULL ? repair_source_open(mapping, fd, path, &file->source) : CH_OK;
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
		.reject = SLICE_LITERAL(
			"no built-in mapping fits: name one (repair.mapping, --mapping)"),
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
		(void)snprintf(file->place, sizeof(file->place), "line %llu",
			(unsigned long long)file->item.event.at.line);
		item.place = slice_text(file->place);
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

const struct kit_format station_format = {
	.open = station_file_open,
	.next = station_file_next,
	.close = station_file_close,
};
