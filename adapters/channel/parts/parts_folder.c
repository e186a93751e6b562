#include "channel/parts/parts_folder.h"

#include <stdlib.h>

#include "base/currency.h"
#include "base/file.h"
#include "channel/parts/parts_file.h"
#include "kit/inbox.h"

struct parts_settings {
	struct folder_settings folder;
	char *out;
	char *state;
	int acknowledge;
	int64_t patience_ms;
	char *source;
	char *time_zone;
	char *currency;
	char *repair_reference;
	struct option_list recipients;
	bool tests;
};

/* The decoder, with what it looks into. */
struct partners {
	struct parts_decoder decoder;
	struct zone *zone;
};

static const char *partners_zone_fault(struct slice value)
{
	struct zone *zone = NULL;
	enum ch_status status = zone_open(value, &zone);
	zone_free(zone);
	return status == CH_OK ? NULL : "is no time zone known here";
}

static const char *partners_currency_fault(struct slice value)
{
	return currency_is_code(value) ? NULL : "is no code of ISO 4217";
}

static const struct option_word acknowledge_words[] = {
	{"always", ACKNOWLEDGE_ALWAYS},
	{"asked", ACKNOWLEDGE_ASKED},
	{"never", ACKNOWLEDGE_NEVER},
	{NULL, 0},
};

#define AT(member) .at = offsetof(struct parts_settings, member)

static const struct option options[] = {
	FOLDER_OPTIONS(struct parts_settings, folder),
	{.name = "parts.out",
		.type = OPTION_TEXT,
		.required = true,
		AT(out),
		.help = "The folder that CONTRL, 997 and TA1 are put into, by rename."},
	{.name = "parts.state",
		.type = OPTION_TEXT,
		.required = true,
		AT(state),
		.help = "A folder for what must be remembered: which interchanges have come and how\n"
			"they were answered.  On a disk that lasts; no other adapter may have it."},
	{.name = "parts.acknowledge",
		.type = OPTION_CHOICE,
		AT(acknowledge),
		.words = acknowledge_words,
		.initial = "always",
		.help = "Which interchanges are answered: always, when asked for (UNB 0031, ISA14),\n"
			"never.  An acknowledgement is never acknowledged."},
	{.name = "parts.patience",
		.type = OPTION_MS,
		AT(patience_ms),
		.max = 86400000,
		.initial = "10m",
		.help = "How long a file that is cut off is taken to be still growing.  After that it\n"
			"is refused."},
	{.name = "parts.recipients",
		.type = OPTION_LIST,
		AT(recipients),
		.help = "The numbers that interchanges may be addressed to.  Without it, any."},
	{.name = "parts.tests",
		.type = OPTION_BOOL,
		AT(tests),
		.initial = "no",
		.help = "Take interchanges that are marked as tests; their events say so.  Without it\n"
			"they are refused with the code for that."},
	{.name = "parts.source",
		.type = OPTION_TEXT,
		AT(source),
		.max = 120,
		.initial = "urn:parts:{sender}",
		.help = "Source of the events; {sender} in it stands for the sender's number."},
	{.name = "parts.time_zone",
		.type = OPTION_TEXT,
		AT(time_zone),
		.fault = partners_zone_fault,
		.help = "Zone of all times, Asia/Shanghai or +08:00; UTC without it."},
	{.name = "parts.currency",
		.type = OPTION_TEXT,
		AT(currency),
		.fault = partners_currency_fault,
		.help = "Currency of amounts that name none, ISO 4217.  Without it such amounts are\n"
			"left out."},
	{.name = "parts.repair_reference",
		.type = OPTION_TEXT,
		AT(repair_reference),
		.max = 3,
		.help = "Qualifier (1153) of the RFF that names the repair which waits for a part.  In\n"
			"X12 it is REF*WO besides."},
};

static void partners_free(void *decoder)
{
	struct partners *partners = decoder;
	daybook_close(partners->decoder.daybook);
	zone_free(partners->zone);
	free(partners);
}

static struct slice partners_text(const char *text)
{
	return text != NULL ? slice_text(text) : (struct slice){NULL, 0};
}

static enum ch_status partners_check_folder(
	const char *name, const char *path, struct problems *problems)
{
	const char *fault = path != NULL ? file_dir_fault(path) : NULL;
	if (fault == NULL)
		return CH_OK;
	problems_add(problems, NULL, 0, name, "%s: %s", path, fault);
	return CH_INVALID;
}

static enum ch_status partners_check(const void *config, struct problems *problems)
{
	const struct parts_settings *settings = config;
	const enum ch_status found[] = {
		inbox_check(&settings->folder, problems),
		partners_check_folder("parts.out", settings->out, problems),
		partners_check_folder("parts.state", settings->state, problems),
	};
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]) && status == CH_OK; i++)
		status = found[i];
	return status;
}

static enum ch_status parts_folder_open(void *config, struct problems *problems, void **out_source)
{
	const struct parts_settings *settings = config;
	struct partners *partners = calloc(1, sizeof(*partners));
	if (partners == NULL)
		return CH_NOMEM;
	enum ch_status status =
		settings->time_zone != NULL
			? zone_open(partners_text(settings->time_zone), &partners->zone)
			: CH_OK;
	if (status != CH_OK) {
		partners_free(partners);
		return status;
	}
	partners->decoder.out = settings->out;
	partners->decoder.state = settings->state;
	partners->decoder.acknowledge = (enum acknowledge)settings->acknowledge;
	partners->decoder.patience_us = settings->patience_ms * 1000;
	partners->decoder.options = (struct parts_options){
		.source = partners_text(settings->source),
		.currency = partners_text(settings->currency),
		.repair_reference = partners_text(settings->repair_reference),
		.zone = partners->zone,
		.recipients = (const char *const *)settings->recipients.items,
		.recipient_count = settings->recipients.count,
		.refuse_tests = !settings->tests,
	};
	return inbox_open(
		&parts_format, partners, partners_free, &settings->folder, problems, out_source);
}

int parts_folder_main(int argc, char **argv)
{
	static const struct kit_adapter adapter = {
		.program = "carehub-parts",
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.config_bytes = sizeof(struct parts_settings),
		.check = partners_check,
		.open = parts_folder_open,
		INBOX_CALLBACKS,
	};
	return kit_main(argc, argv, &adapter);
}
