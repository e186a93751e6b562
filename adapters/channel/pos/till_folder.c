#include "channel/pos/till_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/currency.h"
#include "base/file.h"
#include "channel/pos/pos_source.h"
#include "kit/folder.h"

struct till_settings {
	struct folder_settings folder;
	char *source;
	char *time_zone;
	char *currency;
};

struct till_folder {
	struct pos_options options; /* looks into the settings */
	struct zone *zone;
	struct folder *folder;
};

/* One file. */
struct till_file {
	int fd;
	struct pos_source *source;
	struct pos_item item;
	struct buffer reject;
};

/* ---- A file as the kit reads it ---- */

static void till_file_close(void *reader)
{
	struct till_file *file = reader;
	pos_source_close(file->source);
	if (file->fd >= 0)
		(void)close(file->fd); /* only read from */
	buffer_fini(&file->reject);
	free(file);
}

static enum ch_status till_file_open(void *context, const char *path, void **out_reader)
{
	const struct till_folder *tills = context;
	struct till_file *file = calloc(1, sizeof(*file));
	if (file == NULL)
		return CH_NOMEM;
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum ch_status status = file->fd >= 0
					? pos_source_open(&tills->options, file->fd, &file->source)
					: file_status();
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
	case POS_ITEM_REPEATED:
		break;
	}
	*out_item = item;
	return CH_OK;
}

static const struct folder_format till_format = {
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

static void till_folder_close(void *source)
{
	struct till_folder *tills = source;
	folder_close(tills->folder);
	zone_free(tills->zone);
	free(tills);
}

static struct slice till_text(const char *text)
{
	return text != NULL ? slice_text(text) : (struct slice){NULL, 0};
}

static enum ch_status till_folder_open(void *config, struct problems *problems, void **out_source)
{
	const struct till_settings *settings = config;
	struct till_folder *tills = calloc(1, sizeof(*tills));
	enum ch_status status = CH_NOMEM;
	if (tills == NULL)
		goto out;
	status = CH_OK;
	tills->options.source = till_text(settings->source);
	tills->options.currency = till_text(settings->currency);
	if (settings->time_zone != NULL)
		status = zone_open(till_text(settings->time_zone), &tills->zone);
	tills->options.zone = tills->zone;
	if (status != CH_OK)
		goto out;
	struct folder_options folder = {
		.path = settings->folder.path,
		.settle_ms = settings->folder.settle_ms,
		.receipts = settings->folder.receipts,
		.format = &till_format,
		.context = tills,
	};
	status = folder_open(&folder, &tills->folder);
	if (status != CH_OK) {
		problems_add(problems, NULL, 0, "folder.path", "%s: cannot be used: %s",
			settings->folder.path, ch_status_text(status));
		goto out;
	}
	*out_source = tills;
	tills = NULL;
out:
	if (tills != NULL)
		till_folder_close(tills);
	return status;
}

static enum ch_status till_folder_next(void *source, struct kit_item *out_item)
{
	struct till_folder *tills = source;
	return folder_next(tills->folder, out_item);
}

static void till_folder_settle(void *source, const struct kit_settled *settled)
{
	struct till_folder *tills = source;
	folder_settle(tills->folder, settled);
}

static enum ch_status till_folder_late(
	void *source, struct slice origin, const struct ch_receipt *receipt)
{
	struct till_folder *tills = source;
	return folder_late(tills->folder, origin, receipt);
}

int till_folder_main(int argc, char **argv)
{
	static const struct kit_adapter adapter = {
		.program = "carehub-pos",
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.config_bytes = sizeof(struct till_settings),
		.open = till_folder_open,
		.next = till_folder_next,
		.settle = till_folder_settle,
		.late = till_folder_late,
		.close = till_folder_close,
	};
	return kit_main(argc, argv, &adapter);
}
