#include "channel/pos/till_folder.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/currency.h"
#include "channel/pos/pos_source.h"
#include "kit/inbox.h"

struct till_settings {
	struct folder_settings folder;
	char *source;
	char *time_zone;
	char *currency;
};

/* What all files share. */
struct tills {
	struct pos_options options; /* first: the decoder; looks into the settings */
	struct zone *zone;
};

/* One file. */
struct till_file {
	struct pos_source *source;
	struct pos_item item;
	char place[64];
	struct buffer reject;
};

/* ---- A file as the kit reads it ---- */

static void till_file_close(void *reader)
{
	struct till_file *file = reader;
	pos_source_close(file->source);
	buffer_fini(&file->reject);
	free(file);
}

static enum ch_status till_file_open(void *decoder, int fd, const char *path, void **out_reader)
{
	const struct pos_options *tills = decoder;
	struct till_file *file = calloc(1, sizeof(*file));
	(void)path;
	if (file == NULL)
		return CH_NOMEM;
	enum ch_status status = pos_source_open(tills, fd, &file->source);
	if (status != CH_OK) {
		till_file_close(file);
		return status;
	}
	*out_reader = file;
	return CH_OK;
}

static enum ch_status till_file_next(void *reader, struct kit_item *out_item)
{
	struct till_file *file = reader;
	struct kit_item item = {.what = KIT_SKIPPED};
	enum ch_status status = pos_source_next(file->source, &file->item);
	if (status != CH_OK)
		return status;
	(void)snprintf(file->place, sizeof(file->place), "%llu:%llu",
		(unsigned long long)file->item.line, (unsigned long long)file->item.column);
	item.place = slice_text(file->place);
	switch (file->item.kind) {
	case POS_ITEM_EVENT:
		item.what = KIT_EVENT;
		item.envelope = &file->item.envelope;
		break;
	case POS_ITEM_REJECT:
		item.what = KIT_REJECT;
		buffer_clear(&file->reject);
		pos_item_describe(&file->item, &file->reject);
		item.reject = buffer_slice(&file->reject);
		item.fatal = file->item.fault->file;
		break;
	case POS_ITEM_SKIPPED:
		item.reject = file->item.name;
		break;
	case POS_ITEM_REPEATED:
		item.reject = SLICE_LITERAL("repeated");
		break;
	}
	*out_item = item;
	return CH_OK;
}

const struct kit_format till_format = {
	.open = till_file_open,
	.next = till_file_next,
	.close = till_file_close,
};

/* ---- The adapter ---- */

static const char *till_zone_fault(struct slice value)
{
	struct zone *zone = NULL;
	enum ch_status status = zone_open(value, &zone);
	zone_free(zone);
	return status == CH_OK ? NULL : "is no time zone known here";
}

static const char *till_currency_fault(struct slice value)
{
	return currency_is_code(value) ? NULL : "is no code of ISO 4217";
}

#define AT(member) .at = offsetof(struct till_settings, member)

static const struct option options[] = {
	FOLDER_OPTIONS(struct till_settings, folder),
	{.name = "pos.source",
		.type = OPTION_TEXT,
		AT(source),
		.max = 180,
		.initial = "urn:pos:{store}",
		.help = "Source of the events; {store} in it stands for the store's number."},
	{.name = "pos.time_zone",
		.type = OPTION_TEXT,
		AT(time_zone),
		.fault = till_zone_fault,
		.help = "Zone of times without one, Asia/Shanghai or +08:00.  Without it they are\n"
			"taken as UTC, and the events say that this was assumed."},
	{.name = "pos.currency",
		.type = OPTION_TEXT,
		AT(currency),
		.fault = till_currency_fault,
		.help = "Currency of files that name none, ISO 4217.  Without it they are rejected."},
};

static void tills_free(void *decoder)
{
	struct tills *tills = decoder;
	zone_free(tills->zone);
	free(tills);
}

static struct slice till_text(const char *text)
{
	return text != NULL ? slice_text(text) : (struct slice){NULL, 0};
}

static enum ch_status till_folder_check(const void *config, struct problems *problems)
{
	const struct till_settings *settings = config;
	return inbox_check(&settings->folder, problems);
}

static enum ch_status till_folder_open(void *config, struct problems *problems, void **out_source)
{
	const struct till_settings *settings = config;
	struct tills *tills = calloc(1, sizeof(*tills));
	enum ch_status status = CH_OK;
	if (tills == NULL)
		return CH_NOMEM;
	if (settings->time_zone != NULL)
		status = zone_open(till_text(settings->time_zone), &tills->zone);
	if (status != CH_OK) {
		tills_free(tills);
		return status;
	}
	tills->options = (struct pos_options){
		.source = till_text(settings->source),
		.currency = till_text(settings->currency),
		.zone = tills->zone,
	};
	return inbox_open(&till_format, tills, tills_free, &settings->folder, problems, out_source);
}

int till_folder_main(int argc, char **argv)
{
	static const struct kit_adapter adapter = {
		.program = "carehub-pos",
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.config_bytes = sizeof(struct till_settings),
		.check = till_folder_check,
		.open = till_folder_open,
		INBOX_CALLBACKS,
	};
	return kit_main(argc, argv, &adapter);
}
