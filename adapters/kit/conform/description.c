#include "kit/conform/description.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"

#define AT(member) .at = offsetof(struct description, member)

static const struct option options[] = {
	{.name = "adapter.run",
		.type = OPTION_TEXT,
		AT(run),
		.required = true,
		.help = "The command that runs the adapter, started with exec: it gets our signals."},
	{.name = "adapter.configuration",
		.type = OPTION_TEXT,
		AT(configuration),
		.required = true,
		.help = "A file beside this one from which $CONFIG is made: ${ENDPOINT}, ${SERVER_KEY},\n"
			"${KEY_FILE}, ${METRICS}, ${WORK}, ${PORT} and ${PORT2} in it are filled in."},
	{.name = "adapter.check",
		.type = OPTION_TEXT,
		AT(check),
		.required = true,
		.help = "The command that reports what is wrong with $CONFIG; or none."},
	{.name = "adapter.broken",
		.type = OPTION_TEXT,
		AT(broken),
		.help = "A file beside this one that is a configuration with several mistakes."},
	{.name = "adapter.mistakes",
		.type = OPTION_LIST,
		AT(mistakes),
		.help = "A word for each of them that `check` must say."},
	{.name = "adapter.sample",
		.type = OPTION_TEXT,
		AT(sample),
		.required = true,
		.help = "The command that prints a commented INI configuration; or none."},
	{.name = "adapter.translate",
		.type = OPTION_TEXT,
		AT(translate),
		.required = true,
		.help = "The command that prints the CloudEvents of $FILE, one a line; or none."},
	{.name = "adapter.metrics",
		.type = OPTION_TEXT,
		AT(metrics),
		.initial = "cat $METRICS",
		.help = "The command that prints its OpenMetrics; or none."},
	{.name = "adapter.secrets",
		.type = OPTION_LIST,
		AT(secrets),
		.help = "Words of its configuration that may stand in no log."},
	{.name = "adapter.reload",
		.type = OPTION_BOOL,
		AT(reload),
		.initial = "no",
		.help = "SIGHUP has it read $CONFIG anew."},
	{.name = "adapter.stop",
		.type = OPTION_MS,
		AT(stop_ms),
		.min = 100,
		.max = 600000,
		.initial = "10s",
		.help = "How long it may take to end after SIGTERM."},
	{.name = "source.needs",
		.type = OPTION_TEXT,
		AT(needs),
		.initial = "none",
		.help = "Run before all; when it fails, the machine lacks what the source is, nothing is\n"
			"tried, and the exit status is 77.  What it prints says what."},
	{.name = "source.prepare",
		.type = OPTION_TEXT,
		AT(prepare),
		.initial = "none",
		.help = "Run once in an empty $WORK, before the adapter is started."},
	{.name = "source.server",
		.type = OPTION_TEXT,
		AT(server),
		.initial = "none",
		.help = "The source itself, when it is a program: runs beside the adapter."},
	{.name = "source.records",
		.type = OPTION_TEXT,
		AT(records),
		.required = true,
		.help = "Prints $COUNT records from number $FIRST on, as the source has them; the same\n"
			"numbers give the same records."},
	{.name = "source.events",
		.type = OPTION_NUMBER,
		AT(events),
		.min = 1,
		.max = 100,
		.initial = "1",
		.help = "How many events become of one record."},
	{.name = "source.resumes",
		.type = OPTION_BOOL,
		AT(resumes),
		.initial = "yes",
		.help = "no: the adapter tells at each start what the source still has, and its\n"
			"documentation says so; how much that is stays a remark."},
	{.name = "source.feed",
		.type = OPTION_TEXT,
		AT(feed),
		.required = true,
		.help = "Puts what `records` printed, which is its standard input and $FILE, into the\n"
			"source.  $NAME is another each time.  It ends when the source has it."},
	{.name = "source.garbage",
		.type = OPTION_TEXT,
		AT(garbage),
		.required = true,
		.help = "Puts something into the source that is no event; or none."},
	{.name = "source.vanish",
		.type = OPTION_TEXT,
		AT(vanish),
		.required = true,
		.help = "Takes the source away while the adapter runs; or none."},
	{.name = "source.return",
		.type = OPTION_TEXT,
		AT(come_back),
		.initial = "none",
		.help = "Brings it back, with all that was in it."},
	{.name = "source.rejects",
		.type = OPTION_TEXT,
		AT(rejects),
		.initial = "none",
		.help = "Prints what the adapter has told of garbage and refusals, besides its log."},
	{.name = "source.personal",
		.type = OPTION_LIST,
		AT(personal),
		.help = "Words of the records that are somebody's data and may stand in no log."},
};

bool description_has(const char *command)
{
	return command != NULL && strcmp(command, "none") != 0;
}

static struct option_group description_group(struct description *description)
{
	return (struct option_group){options, sizeof(options) / sizeof(options[0]), description};
}

static void description_judge(
	const struct description *description, const char *path, struct problems *problems)
{
	if (description_has(description->vanish) && !description_has(description->come_back))
		problems_add(problems, path, 0, "source.return", "is missing");
	if (description_has(description->check) &&
		(description->broken == NULL || description->mistakes.count == 0))
		problems_add(problems, path, 0, "adapter.broken",
			"and adapter.mistakes are missing: what is `check` to find?");
}

static bool description_place(const char *path, char out_folder[PATH_MAX])
{
	if (realpath(path, out_folder) == NULL)
		return false;
	*strrchr(out_folder, '/') = 0;
	return true;
}

enum ch_status description_read(
	const char *path, struct problems *problems, struct description *out_description)
{
	struct description description = {0};
	struct option_group group = description_group(&description);
	size_t before = problems->count;
	enum ch_status status = config_read(path, &group, 1, problems);
	if (status == CH_OK && !description_place(path, description.folder)) {
		problems_add(problems, path, 0, NULL, "where it stands cannot be found out");
		status = CH_INVALID;
	}
	if (status == CH_OK)
		description_judge(&description, path, problems);
	if (status == CH_OK && problems->count > before)
		status = CH_INVALID;
	if (status == CH_OK)
		*out_description = description;
	else
		description_fini(&description);
	return status;
}

void description_fini(struct description *description)
{
	struct option_group group = description_group(description);
	option_free(&group);
}

void description_describe(struct buffer *out)
{
	struct description description = {0};
	struct option_group group = description_group(&description);
	option_describe(&group, out);
}
