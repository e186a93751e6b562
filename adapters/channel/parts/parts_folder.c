#include "channel/parts/parts_folder.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/currency.h"
#include "base/file.h"
#include "base/log.h"
#include "channel/parts/parts_file.h"
#include "channel/parts/postman.h"
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
	char *partners;
	char *subscription;
	int from;
};

/* The decoder, with what it looks into. */
struct desk {
	struct parts_decoder decoder;
	struct zone *zone;
};

/* What comes in, and what goes out. */
struct parts_source {
	const struct parts_settings *settings;
	void *inbox;
	const struct desk *desk; /* the inbox's */
	struct partners partners;
	struct mailroom *mailroom;
	struct postman *postman; /* NULL: there is nobody to write to, or it has ended */
	struct mailroom_counts counts;
};

static const char *desk_zone_fault(struct slice value)
{
	struct zone *zone = NULL;
	enum ch_status status = zone_open(value, &zone);
	zone_free(zone);
	return status == CH_OK ? NULL : "is no time zone known here";
}

static const char *desk_currency_fault(struct slice value)
{
	return currency_is_code(value) ? NULL : "is no code of ISO 4217";
}

static const struct option_word acknowledge_words[] = {
	{"always", ACKNOWLEDGE_ALWAYS},
	{"asked", ACKNOWLEDGE_ASKED},
	{"never", ACKNOWLEDGE_NEVER},
	{NULL, 0},
};

static const struct option_word from_words[] = {
	{"new", false},
	{"earliest", true},
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
		.fault = desk_zone_fault,
		.help = "Zone of all times, Asia/Shanghai or +08:00; UTC without it."},
	{.name = "parts.currency",
		.type = OPTION_TEXT,
		AT(currency),
		.fault = desk_currency_fault,
		.help = "Currency of amounts that name none, ISO 4217.  Without it such amounts are\n"
			"left out."},
	{.name = "parts.repair_reference",
		.type = OPTION_TEXT,
		AT(repair_reference),
		.max = 3,
		.help = "Qualifier (1153) of the RFF that names the repair which waits for a part.  In\n"
			"X12 it is REF*WO besides."},
	{.name = "parts.partners",
		.type = OPTION_TEXT,
		AT(partners),
		.help = "A folder with a file NAME.conf for every partner that events go out to, as\n"
			"`carehub-parts config --partner` prints it.  Without it nothing goes out but\n"
			"answers."},
	{.name = "parts.subscription",
		.type = OPTION_TEXT,
		AT(subscription),
		.max = 64,
		.initial = "parts",
		.help = "The subscription at the hub by which events are had for the partners."},
	{.name = "parts.from",
		.type = OPTION_CHOICE,
		AT(from),
		.words = from_words,
		.initial = "new",
		.help = "Where it begins the first time: with new events, or with the earliest that is\n"
			"kept (of those that came after parts.state was begun)."},
};

static void desk_free(void *decoder)
{
	struct desk *desk = decoder;
	daybook_close(desk->decoder.daybook);
	zone_free(desk->zone);
	free(desk);
}

static struct slice desk_text(const char *text)
{
	return text != NULL ? slice_text(text) : (struct slice){NULL, 0};
}

static enum ch_status desk_check_folder(
	const char *name, const char *path, struct problems *problems)
{
	const char *fault = path != NULL ? file_dir_fault(path) : NULL;
	if (fault == NULL)
		return CH_OK;
	problems_add(problems, NULL, 0, name, "%s: %s", path, fault);
	return CH_INVALID;
}

static enum ch_status check_partners(
	const struct parts_settings *settings, struct problems *problems)
{
	struct partners partners = {.count = 0};
	if (settings->partners == NULL || settings->out == NULL)
		return CH_OK;
	enum ch_status status =
		partners_read(settings->partners, settings->out, problems, &partners);
	partners_free(&partners);
	return status;
}

/* An answer among what comes in would be read as somebody's interchange. */
static enum ch_status desk_check_apart(
	const char *name, const char *path, const char *inbox, struct problems *problems)
{
	char a[PATH_MAX];
	char b[PATH_MAX];
	if (path == NULL || inbox == NULL || realpath(path, a) == NULL ||
		realpath(inbox, b) == NULL || strcmp(a, b) != 0)
		return CH_OK;
	problems_add(problems, NULL, 0, name, "is folder.path: it must be another folder");
	return CH_INVALID;
}

static enum ch_status parts_source_check(const void *config, struct problems *problems)
{
	const struct parts_settings *settings = config;
	const enum ch_status found[] = {
		inbox_check(&settings->folder, problems),
		desk_check_folder("parts.out", settings->out, problems),
		desk_check_folder("parts.state", settings->state, problems),
		desk_check_apart("parts.out", settings->out, settings->folder.path, problems),
		desk_check_apart("parts.state", settings->state, settings->folder.path, problems),
		check_partners(settings, problems),
	};
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]) && status == CH_OK; i++)
		status = found[i];
	return status;
}

static void desk_fill(struct desk *desk, const struct parts_settings *settings)
{
	desk->decoder.out = settings->out;
	desk->decoder.state = settings->state;
	desk->decoder.acknowledge = (enum acknowledge)settings->acknowledge;
	desk->decoder.patience_us = settings->patience_ms * 1000;
	desk->decoder.options = (struct parts_options){
		.source = desk_text(settings->source),
		.currency = desk_text(settings->currency),
		.repair_reference = desk_text(settings->repair_reference),
		.zone = desk->zone,
		.recipients = (const char *const *)settings->recipients.items,
		.recipient_count = settings->recipients.count,
		.refuse_tests = !settings->tests,
	};
}

static void parts_source_close(void *source)
{
	struct parts_source *parts = source;
	if (parts == NULL)
		return;
	mailroom_close(parts->mailroom);
	partners_free(&parts->partners);
	inbox_close(parts->inbox);
	free(parts);
}

/* The desk is the inbox's from here on. */
static enum ch_status parts_source_fill(struct parts_source *parts, struct desk *desk,
	const struct parts_settings *settings, struct problems *problems)
{
	parts->settings = settings;
	parts->desk = desk;
	enum ch_status status = inbox_open(
		&parts_format, desk, desk_free, &settings->folder, problems, &parts->inbox);
	if (status == CH_OK && settings->partners != NULL)
		status = partners_read(
			settings->partners, settings->out, problems, &parts->partners);
	return status;
}

static enum ch_status parts_source_open(void *config, struct problems *problems, void **out_source)
{
	const struct parts_settings *settings = config;
	struct desk *desk = calloc(1, sizeof(*desk));
	struct parts_source *parts = calloc(1, sizeof(*parts));
	enum ch_status status = CH_NOMEM;
	if (desk == NULL || parts == NULL)
		goto out;
	status = settings->time_zone != NULL
			 ? zone_open(desk_text(settings->time_zone), &desk->zone)
			 : CH_OK;
	if (status != CH_OK)
		goto out;
	desk_fill(desk, settings);
	status = parts_source_fill(parts, desk, settings, problems);
	desk = NULL; /* the inbox's, whatever came of it */
	if (status != CH_OK)
		goto out;
	*out_source = parts;
	parts = NULL; /* the caller's now */
out:
	parts_source_close(parts);
	if (desk != NULL)
		desk_free(desk);
	return status;
}

/* ---- The callbacks ---- */

/* Here and not sooner: one process at a time may have the books. */
static enum ch_status parts_source_start(void *source, struct kit_hub *hub)
{
	struct parts_source *parts = source;
	const struct parts_settings *settings = parts->settings;
	const struct mailroom_options room = {.state = settings->state,
		.partners = &parts->partners,
		.zone = parts->desk->zone,
		.repair_reference = desk_text(settings->repair_reference)};
	enum ch_status status = inbox_start(parts->inbox, hub);
	if (status != CH_OK || parts->partners.count == 0)
		return status;
	status = mailroom_open(&room, clock_wall_us(), &parts->mailroom);
	if (status != CH_OK) {
		log_error("outbook.unusable", "path=%s status=%s", settings->state,
			ch_status_name(status));
		return status;
	}
	const struct postman_options post = {.subscription = settings->subscription,
		.earliest = settings->from != 0,
		.partners = &parts->partners,
		.mailroom = parts->mailroom,
		.connection = kit_connection(hub)};
	return postman_start(&post, &parts->postman);
}

static enum ch_status parts_source_next(void *source, struct kit_item *out_item)
{
	struct parts_source *parts = source;
	bool idle = true;
	enum ch_status status = CH_OK;
	if (parts->postman != NULL)
		status = postman_look(parts->postman, &idle);
	if (status != CH_OK)
		return status;
	status = inbox_next(parts->inbox, out_item);
	return status == CH_END && !idle ? CH_BUSY : status;
}

static void parts_source_settle(void *source, const struct kit_settled *settled)
{
	struct parts_source *parts = source;
	inbox_settle(parts->inbox, settled);
	if (parts->postman != NULL)
		postman_expect(parts->postman);
}

static enum ch_status parts_source_late(
	void *source, struct slice origin, const struct ch_receipt *receipt)
{
	return inbox_late(((struct parts_source *)source)->inbox, origin, receipt);
}

static void parts_source_end(void *source)
{
	struct parts_source *parts = source;
	if (parts->postman == NULL)
		return;
	postman_stop(parts->postman);
	parts->postman = NULL;
	mailroom_count(parts->mailroom, &parts->counts);
}

static void count_up(struct metrics *metrics, const char *outcome, uint64_t total)
{
	struct metric *counter = metric_counter(metrics, "carehub_parts_outgoing",
		"Interchanges for partners, and what became of them.", "outcome", outcome, NULL);
	metric_add(counter, (int64_t)total - metric_value(counter));
}

static void parts_source_count(void *source, struct metrics *metrics)
{
	struct parts_source *parts = source;
	const struct mailroom_counts *counts = &parts->counts;
	if (parts->mailroom == NULL)
		return;
	if (parts->postman != NULL)
		postman_count(parts->postman, &parts->counts);
	count_up(metrics, "written", counts->written);
	count_up(metrics, "refused", counts->refused);
	count_up(metrics, "acknowledged", counts->acknowledged);
	count_up(metrics, "rejected", counts->rejected);
	metric_set(metric_gauge(metrics, "carehub_parts_outgoing_awaited",
			   "Interchanges whose acknowledgement has not come.", NULL),
		(int64_t)counts->awaited);
	metric_set(metric_gauge(metrics, "carehub_parts_outgoing_missing",
			   "Of them, those that are overdue.", NULL),
		(int64_t)counts->missing);
}

int parts_folder_main(int argc, char **argv)
{
	static const struct kit_adapter adapter = {
		.program = "carehub-parts",
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.config_bytes = sizeof(struct parts_settings),
		.check = parts_source_check,
		.open = parts_source_open,
		.start = parts_source_start,
		.next = parts_source_next,
		.settle = parts_source_settle,
		.late = parts_source_late,
		.end = parts_source_end,
		.close = parts_source_close,
		.count = parts_source_count,
	};
	return kit_main(argc, argv, &adapter);
}
