#include "channel/repair/repair_adapter.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "channel/repair/ask.h"
#include "channel/repair/inquiry.h"
#include "channel/repair/mqtt_source.h"
#include "channel/repair/outbox_source.h"
#include "channel/repair/station_folder.h"
#include "kit/inbox.h"
#include "kit/settings.h"

#define EXIT_UNUSABLE   2
#define EXIT_SILENT     3
#define ASK_PATIENCE_MS 10000

enum repair_input { INPUT_FOLDER, INPUT_OUTBOX, INPUT_MQTT };

struct repair_settings {
	int input;
	char *mapping;
	char *source;
	char *station;
	char *zone;
	struct folder_settings folder;
	struct outbox_settings outbox;
	struct mqtt_settings mqtt;
	struct inquiry_settings inquiry;
};

/* The callbacks of one input, as a kit_adapter has them. */
struct input_calls {
	/* NULL: there is nothing to begin with. */
	enum ch_status (*start)(void *input, struct kit_hub *hub);
	/* NULL: it is only looked at, every adapter.poll. */
	enum ch_status (*tend)(void *input, struct kit_wait *out_wait);
	enum ch_status (*next)(void *input, struct kit_item *out_item);
	void (*settle)(void *input, const struct kit_settled *settled);
	enum ch_status (*late)(void *input, struct slice origin, const struct ch_receipt *receipt);
	/* NULL: nothing of its own is counted. */
	void (*count)(void *input, struct metrics *metrics);
	void (*close)(void *input);
};

static const struct input_calls inputs[] = {
	[INPUT_FOLDER] = {inbox_start, NULL, inbox_next, inbox_settle, inbox_late, NULL,
		inbox_close},
	[INPUT_OUTBOX] = {NULL, outbox_source_tend, outbox_source_next, outbox_source_settle, NULL,
		NULL, outbox_source_close},
	[INPUT_MQTT] = {NULL, mqtt_source_tend, mqtt_source_next, mqtt_source_settle, NULL,
		mqtt_source_count, mqtt_source_close},
};

struct repair {
	const struct input_calls *calls;
	void *input;
	struct stations *stations; /* NULL: the folder has them */
	struct inquiry *inquiry;
};

/* ---- Settings ---- */

static const struct option_word input_words[] = {
	{"folder", INPUT_FOLDER}, {"outbox", INPUT_OUTBOX}, {"mqtt", INPUT_MQTT}, {NULL, 0}};

static const char *repair_zone_fault(struct slice value)
{
	struct zone *zone = NULL;
	enum ch_status status = zone_open(value, &zone);
	zone_free(zone);
	return status == CH_OK ? NULL : "is no time zone known here";
}

#define AT(member) .at = offsetof(struct repair_settings, member)

static const struct option options[] = {
	{.name = "repair.input",
		.type = OPTION_CHOICE,
		AT(input),
		.words = input_words,
		.initial = "folder",
		.help = "Where the events come from: the section of that name has the rest."},
	{.name = "repair.mapping",
		.type = OPTION_TEXT,
		AT(mapping),
		.help = "A mapping file, or the name of a built-in one (`carehub-repair mappings`).\n"
			"Without it the built-in one that fits is chosen for each file; rows of an\n"
			"outbox and messages are CloudEvents."},
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
		.fault = repair_zone_fault,
		.help = "Zone of times without an offset, +08:00 or Asia/Shanghai, over what the\n"
			"mapping says."},
	FOLDER_OPTIONS_IF(struct repair_settings, folder, false),
	OUTBOX_OPTIONS(struct repair_settings, outbox),
	MQTT_OPTIONS(struct repair_settings, mqtt),
	INQUIRY_OPTIONS(struct repair_settings, inquiry),
};

static enum ch_status repair_check(
	const struct repair_settings *settings, struct problems *problems)
{
	switch (settings->input) {
	case INPUT_OUTBOX:
		return outbox_link_check(&settings->outbox, problems);
	case INPUT_MQTT:
		return mqtt_link_check(&settings->mqtt, problems);
	default:
		if (settings->folder.path != NULL || problems_about(problems, "folder.path"))
			return inbox_check(&settings->folder, problems);
		problems_add(
			problems, NULL, 0, "folder.path", "is missing: where are files dropped?");
		return CH_INVALID;
	}
}

/* Messages are JSON, and rows do not say whose events they are. */
static enum ch_status repair_check_mapping(const struct repair_settings *settings,
	const struct mapping *mapping, struct problems *problems)
{
	enum ch_status status = CH_OK;
	if (mapping->format != MAPPING_CLOUDEVENTS && mapping->format != MAPPING_JSONL) {
		problems_add(problems, NULL, 0, "repair.mapping",
			"reads files: for this input its format must be jsonl or cloudevents");
		status = CH_INVALID;
	}
	if (settings->input == INPUT_OUTBOX && mapping->source.len == 0) {
		problems_add(problems, NULL, 0, "repair.source",
			"is missing: whose events are the rows?");
		status = CH_INVALID;
	}
	return status;
}

/* Who asks is told of his own records, so it must be known who he is. */
static enum ch_status repair_check_inquiry(
	const struct repair_settings *settings, struct problems *problems)
{
	const char *folder = settings->inquiry.folder;
	const char *fault = folder != NULL ? file_dir_fault(folder) : NULL;
	bool asks = folder != NULL ||
		    (settings->input == INPUT_MQTT && settings->mqtt.questions != NULL);
	bool nameless = asks && settings->station == NULL;
	if (fault != NULL)
		problems_add(problems, NULL, 0, "inquiry.folder", "%s: %s", folder, fault);
	if (nameless)
		problems_add(problems, NULL, 0, "repair.station",
			"is missing: whose records may questions be about?");
	return fault != NULL || nameless ? CH_INVALID : CH_OK;
}

/* ---- The callbacks ---- */

static void repair_close(void *source)
{
	struct repair *repair = source;
	if (repair->input != NULL)
		repair->calls->close(repair->input);
	stations_free(repair->stations);
	inquiry_free(repair->inquiry);
	free(repair);
}

static struct slice repair_text(const char *text)
{
	return text != NULL ? slice_text(text) : (struct slice){NULL, 0};
}

/* Finds all mistakes before it stops at the first. */
static enum ch_status repair_load(const struct repair_settings *settings, struct problems *problems,
	struct stations **out_stations)
{
	const struct mapping_overrides overrides = {
		.source = repair_text(settings->source),
		.station_id = repair_text(settings->station),
		.zone = repair_text(settings->zone),
	};
	const char *mapping = settings->mapping;
	struct stations *stations = NULL;
	if (mapping == NULL && settings->input != INPUT_FOLDER)
		mapping = "cloudevents";
	enum ch_status status = repair_check(settings, problems);
	enum ch_status asked = repair_check_inquiry(settings, problems);
	enum ch_status loaded = stations_create(mapping, &overrides, problems, &stations);
	if (loaded == CH_OK && settings->input != INPUT_FOLDER)
		loaded = repair_check_mapping(settings, stations_mapping(stations), problems);
	if (status == CH_OK)
		status = asked != CH_OK ? asked : loaded;
	if (status == CH_OK)
		*out_stations = stations;
	else
		stations_free(stations);
	return status;
}

/* The mapping's mistakes, too. */
static enum ch_status repair_check_all(const void *config, struct problems *problems)
{
	struct stations *stations = NULL;
	enum ch_status status = repair_load(config, problems, &stations);
	stations_free(stations);
	return status;
}

static enum ch_status repair_open(void *config, struct problems *problems, void **out_source)
{
	struct repair_settings *settings = config;
	struct repair *repair = calloc(1, sizeof(*repair));
	if (repair == NULL)
		return CH_NOMEM;
	repair->calls = &inputs[settings->input];
	settings->inquiry.station = settings->station;
	enum ch_status status = repair_load(settings, problems, &repair->stations);
	if (status == CH_OK)
		status = inquiry_create(&settings->inquiry, &repair->inquiry);
	if (status != CH_OK)
		goto out;
	if (settings->input == INPUT_FOLDER) {
		struct stations *stations = repair->stations;
		repair->stations = NULL; /* the inbox's now */
		status = inbox_open(&station_format, stations, stations_free, &settings->folder,
			problems, &repair->input);
	} else if (settings->input == INPUT_OUTBOX) {
		status = outbox_source_open(
			&settings->outbox, stations_mapping(repair->stations), &repair->input);
	} else {
		status = mqtt_source_open(&settings->mqtt, stations_mapping(repair->stations),
			repair->inquiry, &repair->input);
	}
	if (status != CH_OK)
		goto out;
	*out_source = repair;
	repair = NULL; /* the kit's now */
out:
	if (repair != NULL)
		repair_close(repair);
	return status;
}

static enum ch_status repair_start(void *source, struct kit_hub *hub)
{
	const struct repair *repair = source;
	inquiry_start(repair->inquiry, hub);
	return repair->calls->start != NULL ? repair->calls->start(repair->input, hub) : CH_OK;
}

static enum ch_status repair_tend(void *source, struct kit_wait *out_wait)
{
	const struct repair *repair = source;
	enum ch_status status = CH_UNSUPPORTED; /* a folder is looked at from time to time */
	if (repair->calls->tend != NULL)
		status = repair->calls->tend(repair->input, out_wait);
	inquiry_tend(repair->inquiry, out_wait);
	return status;
}

static enum ch_status repair_next(void *source, struct kit_item *out_item)
{
	const struct repair *repair = source;
	return repair->calls->next(repair->input, out_item);
}

static void repair_settle(void *source, const struct kit_settled *settled)
{
	const struct repair *repair = source;
	repair->calls->settle(repair->input, settled);
}

static enum ch_status repair_late(
	void *source, struct slice origin, const struct ch_receipt *receipt)
{
	const struct repair *repair = source;
	return repair->calls->late != NULL ? repair->calls->late(repair->input, origin, receipt)
					   : CH_NOT_FOUND;
}

static void repair_count(void *source, struct metrics *metrics)
{
	const struct repair *repair = source;
	if (repair->calls->count != NULL)
		repair->calls->count(repair->input, metrics);
}

static const struct kit_adapter adapter = {
	.program = "carehub-repair",
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.config_bytes = sizeof(struct repair_settings),
	.check = repair_check_all,
	.open = repair_open,
	.start = repair_start,
	.tend = repair_tend,
	.next = repair_next,
	.settle = repair_settle,
	.late = repair_late,
	.count = repair_count,
	.close = repair_close,
};

int repair_adapter_main(int argc, char **argv)
{
	return kit_main(argc, argv, &adapter);
}

/* ---- Asking the station ---- */

static const char *repair_ask_fault(enum ch_status status)
{
	switch (status) {
	case CH_TIMEOUT:
		return "the station does not answer";
	case CH_UNSUPPORTED:
		return "needs repair.input = mqtt, mqtt.version = 5 and mqtt.station_questions";
	case CH_DENIED:
		return "the broker refuses us";
	case CH_CLOSED:
		return "the broker cannot be reached";
	default:
		return ch_status_text(status);
	}
}

int repair_adapter_ask(const char *config, const char *question)
{
	struct problems problems = {0};
	struct kit_settings kit = {0};
	struct buffer answer = {0};
	struct buffer told = {0};
	enum ch_status status = kit_settings_read(config, &adapter, &problems, &kit);
	const struct repair_settings *settings = kit.config;
	problems_print(&problems, &told);
	if (status == CH_OK)
		status = settings->input != INPUT_MQTT
				 ? CH_UNSUPPORTED
				 : ask_station(&settings->mqtt, slice_text(question),
					   ASK_PATIENCE_MS, &answer);
	if (status == CH_OK)
		printf("%s\n", buffer_text(&answer));
	else if (problems_none(&problems))
		fprintf(stderr, "carehub-repair: %s\n", repair_ask_fault(status));
	fputs(buffer_text(&told), stderr);
	kit_settings_free(&kit, &adapter);
	problems_fini(&problems);
	buffer_fini(&answer);
	buffer_fini(&told);
	return status == CH_OK ? 0 : status == CH_TIMEOUT ? EXIT_SILENT : EXIT_UNUSABLE;
}
