/* replay: history again, to one subscription as a job of the hub, to a file, or to standard
 * output. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "carehub/v1/control.pb-c.h"
#include "cli/ask.h"
#include "cli/feed.h"
#include "cli/grid.h"
#include "cli/progress.h"
#include "cli/words.h"

#define FOLLOW_MS 500

/* Paces travel in thousandths. */
static double replay_unit(uint64_t milli)
{
	return (double)milli / 1000;
}

static void replay_pace(const Carehub__V1__ReplayInfo *job, char text[WORDS_BYTES])
{
	if (job->rate_milli > 0)
		(void)snprintf(text, WORDS_BYTES, "%g/s", replay_unit(job->rate_milli));
	else if (job->speed_milli > 0)
		(void)snprintf(text, WORDS_BYTES, "%g x", replay_unit(job->speed_milli));
	else
		(void)snprintf(text, WORDS_BYTES, "as acknowledged");
}

/* ---- Jobs ---- */

struct jobs {
	struct cli *cli;
	struct grid *grid;
	const char *wanted; /* one job; NULL: all */
	uint64_t position;
	uint64_t first;
	uint64_t last;
	char state[16];
	bool found;
};

static bool replay_list_reply(void *context, const ProtobufCMessage *message)
{
	const Carehub__V1__ReplaysReply *reply = (const Carehub__V1__ReplaysReply *)message;
	struct jobs *jobs = context;
	char text[WORDS_BYTES];
	for (size_t i = 0; i < reply->n_jobs; i++) {
		const Carehub__V1__ReplayInfo *job = reply->jobs[i];
		if (jobs->cli->json) {
			ask_print(&job->base);
			continue;
		}
		uint64_t all = job->last - job->first + 1;
		uint64_t done = job->position >= job->first ? job->position - job->first + 1 : 0;
		grid_cell(jobs->grid, "%s", job->job);
		grid_cell(jobs->grid, "%s", job->name);
		grid_cell(jobs->grid, "%s", job->state);
		grid_cell(jobs->grid, "%llu:%llu", (unsigned long long)job->first,
			(unsigned long long)job->last);
		grid_cell(jobs->grid, "%d %%",
			all > 0 ? (int)((double)done * 100 / (double)all) : 100);
		grid_cell(jobs->grid, "%s", words_count(job->delivered, text));
		grid_cell(jobs->grid, "%s", words_count(job->acked, text));
		replay_pace(job, text);
		grid_cell(jobs->grid, "%s", text);
		grid_cell(jobs->grid, "%s", job->operator_);
	}
	return true;
}

static int replay_list(struct cli *cli)
{
	struct jobs jobs = {.cli = cli};
	Carehub__V1__ReplaysRequest request;
	carehub__v1__replays_request__init(&request);
	jobs.grid =
		grid_create("JOB|SUBSCRIPTION|STATE|RANGE|>DONE|>DELIVERED|>ACKED|PACE|OPERATOR");
	int result = ask(cli, "Replays", &request.base, &carehub__v1__replays_reply__descriptor,
		replay_list_reply, &jobs);
	grid_print(jobs.grid, "");
	grid_free(jobs.grid);
	return result;
}

static int replay_control(struct cli *cli, char *action, char *job)
{
	Carehub__V1__ReplayControlRequest request;
	ProtobufCMessage *message = NULL;
	carehub__v1__replay_control_request__init(&request);
	request.job = job;
	request.action = action;
	int result = ask_one(cli, "ReplayControl", &request.base,
		&carehub__v1__replay_control_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	const Carehub__V1__ReplayControlReply *reply =
		(const Carehub__V1__ReplayControlReply *)message;
	if (reply->job != NULL && cli->json)
		ask_print(&reply->job->base);
	else if (reply->job != NULL)
		printf("%s is %s\n", reply->job->job, reply->job->state);
	protobuf_c_message_free_unpacked(message, NULL);
	return EXIT_FINE;
}

/* ---- Following one ---- */

static bool replay_look(void *context, const ProtobufCMessage *message)
{
	const Carehub__V1__ReplaysReply *reply = (const Carehub__V1__ReplaysReply *)message;
	struct jobs *jobs = context;
	for (size_t i = 0; i < reply->n_jobs; i++) {
		const Carehub__V1__ReplayInfo *job = reply->jobs[i];
		if (strcmp(job->job, jobs->wanted) != 0)
			continue;
		jobs->found = true;
		jobs->first = job->first;
		jobs->last = job->last;
		jobs->position = job->position;
		(void)snprintf(jobs->state, sizeof(jobs->state), "%s", job->state);
	}
	return true;
}

/* Until it ends.  A signal ends the following, not the job. */
static int replay_follow(struct cli *cli, const char *job)
{
	struct jobs jobs = {.cli = cli, .wanted = job};
	struct progress progress;
	Carehub__V1__ReplaysRequest request;
	int result = EXIT_FINE;
	carehub__v1__replays_request__init(&request);
	progress_begin(&progress, job, cli->quiet, 0);
	while (result == EXIT_FINE && !cli_stopped()) {
		jobs.found = false;
		result = ask(cli, "Replays", &request.base, &carehub__v1__replays_reply__descriptor,
			replay_look, &jobs);
		if (result != EXIT_FINE || !jobs.found || strcmp(jobs.state, "done") == 0 ||
			strcmp(jobs.state, "cancelled") == 0)
			break;
		uint64_t done = jobs.position >= jobs.first ? jobs.position - jobs.first + 1 : 0;
		progress_show(&progress, done, jobs.last - jobs.first + 1);
		(void)poll(NULL, 0, FOLLOW_MS);
	}
	progress_end(&progress);
	if (result == EXIT_FINE && !cli->json)
		printf("%s is %s\n", job, jobs.found ? jobs.state : "no longer listed");
	return result;
}

/* ---- To a subscription ---- */

struct replay_wish {
	struct filter filter;
	const char *to;
	const char *to_file;
	bool to_stdout;
	bool follow;
	double rate;
	double speed;
	uint64_t limit;
};

static void replay_print_plan(const struct cli *cli, const Carehub__V1__ReplayInfo *job)
{
	char a[WORDS_BYTES];
	char b[WORDS_BYTES];
	char pace[WORDS_BYTES];
	replay_pace(job, pace);
	printf("%s  entries %llu to %llu: %s", job->name, (unsigned long long)job->first,
		(unsigned long long)job->last, words_many(job->total, "entry", "entries", a));
	if (!cli->yes)
		printf(", %s of them wanted", words_count(job->matched, b));
	printf("; %s\n", pace);
	if (job->rate_milli > 0 && !cli->yes)
		printf("  it would take %s\n",
			words_duration((int64_t)(job->matched * 1000000000 / job->rate_milli), a));
	if (job->job[0] != 0)
		printf("  job %s is %s\n", job->job, job->state);
}

static int replay_to_subscription(struct cli *cli, char *range_text, struct replay_wish *wish)
{
	Carehub__V1__ReplayRequest request;
	Carehub__V1__Range range;
	Carehub__V1__Filter filter;
	ProtobufCMessage *message = NULL;
	carehub__v1__replay_request__init(&request);
	carehub__v1__range__init(&range);
	filter_message(&wish->filter, &filter);
	range.text = range_text;
	request.name = (char *)(uintptr_t)wish->to; /* only read */
	request.range = &range;
	request.filter = &filter;
	request.rate_milli = (uint64_t)(wish->rate * 1000 + 0.5);
	request.speed_milli = (uint64_t)(wish->speed * 1000 + 0.5);
	request.dry_run = !cli->yes;
	int result = ask_one(
		cli, "Replay", &request.base, &carehub__v1__replay_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	const Carehub__V1__ReplayReply *reply = (const Carehub__V1__ReplayReply *)message;
	if (reply->job != NULL && cli->json)
		ask_print(&reply->job->base);
	else if (reply->job != NULL)
		replay_print_plan(cli, reply->job);
	if (!cli->yes && !cli->json)
		(void)fprintf(stderr, "Nothing was begun; with --yes it is done.\n");
	if (cli->yes && wish->follow && reply->job != NULL)
		result = replay_follow(cli, reply->job->job);
	protobuf_c_message_free_unpacked(message, NULL);
	return result;
}

/* ---- To a file or standard output ---- */

static int replay_to_stream(struct cli *cli, const char *range, struct replay_wish *wish, FILE *out)
{
	uint64_t count = 0;
	char text[WORDS_BYTES];
	const struct feed_options options = {
		.range = range,
		.filter = &wish->filter,
		.limit = wish->limit,
		.rate = wish->rate,
		.speed = wish->speed,
		.out = out,
		.json = true,
		.label = "replay",
		.show_progress = true,
	};
	int result = feed_run(cli, &options, &count);
	if (!cli->quiet && (result == EXIT_FINE || result == EXIT_WARNING))
		(void)fprintf(stderr, "%s\n", words_many(count, "event", "events", text));
	return result;
}

/* The file appears whole or not at all, and never over another. */
static int replay_to_file(struct cli *cli, const char *range, struct replay_wish *wish)
{
	char part[4096];
	if (access(wish->to_file, F_OK) == 0)
		return cli_fail(
			EXIT_CRITICAL, "move it away first", "%s is there already", wish->to_file);
	if ((size_t)snprintf(part, sizeof(part), "%s.part", wish->to_file) >= sizeof(part))
		return cli_fail(EXIT_USAGE, NULL, "the file's name is too long");
	FILE *out = fopen(part, "we");
	if (out == NULL)
		return cli_fail(EXIT_CRITICAL, NULL, "%s: %s", part, strerror(errno));
	int result = replay_to_stream(cli, range, wish, out);
	bool whole = (result == EXIT_FINE || result == EXIT_WARNING) && !cli_stopped();
	if (fclose(out) != 0 || (whole && rename(part, wish->to_file) != 0))
		return cli_fail(EXIT_CRITICAL, NULL, "%s: %s", wish->to_file, strerror(errno));
	if (!whole)
		(void)unlink(part); /* a leftover would only be in the way */
	return whole ? result : EXIT_CRITICAL;
}

int replay_main(struct cli *cli, int argc, char **argv)
{
	struct replay_wish wish = {0};
	const struct flag flags[] = {
		{"--to", FLAG_TEXT, &wish.to},
		{"--to-file", FLAG_TEXT, &wish.to_file},
		{"--to-stdout", FLAG_BOOL, &wish.to_stdout},
		{"--rate", FLAG_REAL, &wish.rate},
		{"--speed", FLAG_REAL, &wish.speed},
		{"--limit", FLAG_NUMBER, &wish.limit},
		{"--follow", FLAG_BOOL, &wish.follow},
		FILTER_FLAGS(wish.filter),
		{0},
	};
	if (!args_take(flags, &argc, argv) || !filter_ready(&wish.filter))
		return EXIT_USAGE;
	if (argc == 1 && strcmp(argv[0], "list") == 0)
		return replay_list(cli);
	if (argc == 2 && (strcmp(argv[0], "pause") == 0 || strcmp(argv[0], "resume") == 0 ||
				 strcmp(argv[0], "cancel") == 0))
		return replay_control(cli, argv[0], argv[1]);
	int targets = (wish.to != NULL) + (wish.to_file != NULL) + wish.to_stdout;
	if (argc != 1 || targets != 1)
		return cli_fail(EXIT_USAGE, "carehub replay -1h:end --to marketing --rate 100",
			"replay: a RANGE, and one of --to, --to-file, --to-stdout");
	if (wish.rate > 0 && wish.speed > 0)
		return cli_fail(EXIT_USAGE, NULL, "--rate and --speed exclude each other");
	if (wish.to != NULL)
		return replay_to_subscription(cli, argv[0], &wish);
	if (wish.to_file != NULL)
		return replay_to_file(cli, argv[0], &wish);
	return replay_to_stream(cli, argv[0], &wish, stdout);
}
