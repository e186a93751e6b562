/* status, top, sessions. */
#include <poll.h>
#include <stdarg.h>

#include "base/clock.h"
#include "base/text.h"
#include "carehub/v1/control.pb-c.h"
#include "cli/args.h"
#include "cli/ask.h"
#include "cli/grid.h"
#include "cli/words.h"

static void status_line(const char *name, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void status_line(const char *name, const char *format, ...)
{
	char text[512];
	struct buffer safe = {0};
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	term_append(&safe, slice_text(text));
	printf("  %s%-12s%s %s\n", term_ink(INK_DIM), name, term_plain(), buffer_text(&safe));
	buffer_fini(&safe);
}

static int status_exit(const Carehub__V1__StatusReply *status)
{
	int result = EXIT_FINE;
	for (size_t i = 0; i < status->n_warnings; i++) {
		int one = status->warnings[i]->critical ? EXIT_CRITICAL : EXIT_WARNING;
		if (one > result)
			result = one;
	}
	return result;
}

static void status_show(const Carehub__V1__StatusReply *status)
{
	char a[WORDS_BYTES];
	char b[WORDS_BYTES];
	char c[WORDS_BYTES];
	static const struct {
		const char *word;
		enum term_ink ink;
	} states[] = {{"ok", INK_GOOD}, {"warning", INK_WARN}, {"critical", INK_BAD}};
	int state = status_exit(status);
	printf("%scarehub %s%s  %s%s%s  up %s\n", term_ink(INK_BOLD), status->version, term_plain(),
		term_ink(states[state].ink), states[state].word, term_plain(),
		words_duration(status->now_time_us - status->started_time_us, a));
	status_line("journal", "%s to %s, %s, archive %s", words_count(status->first, a),
		words_count(status->head, b), words_bytes(status->journal_bytes, c),
		words_bytes(status->archive_bytes, (char[WORDS_BYTES]){0}));
	status_line("last event", "%s (%s ago)", words_time(status->head_arrival_us, a),
		words_duration(status->head_arrival_us != 0
				       ? status->now_time_us - status->head_arrival_us
				       : -1,
			b));
	status_line("store", "%s behind, pressure %u %%, %s",
		words_many(status->head - status->applied, "entry", "entries", a), status->pressure,
		words_bytes(status->store_bytes, b));
	status_line("disk", "%s free", words_bytes(status->disk_free_bytes, a));
	status_line("connected", "%s, %s, %s",
		words_many(status->sessions, "session", "sessions", a),
		words_many(status->producers, "producer", "producers", b),
		words_many(status->subscriptions, "subscription", "subscriptions", c));
	status_line("customers", "%s", words_count(status->customers, a));
	status_line("open", "%s quarantined, %s, %s", words_count(status->quarantined, a),
		words_many(status->dead_letters, "dead letter", "dead letters", b),
		words_many(status->open_reviews, "review", "reviews", c));
	status_line("deadlines", "%s open", words_count(status->open_deadlines, a));
	if (status->ingest != NULL)
		status_line("ingest", "%s accepted, %s, %s, last batch %s",
			words_count(status->ingest->accepted, a),
			words_many(status->ingest->duplicates, "duplicate", "duplicates", b),
			words_many(status->ingest->conflicts, "conflict", "conflicts", c),
			words_duration(status->ingest->batch_last_us, (char[WORDS_BYTES]){0}));
	for (size_t i = 0; i < status->n_warnings; i++) {
		const Carehub__V1__Warning *warning = status->warnings[i];
		struct buffer line = {0};
		term_append(&line, slice_text(warning->detail));
		printf("%s%s %s%s  %s\n", term_ink(warning->critical ? INK_BAD : INK_WARN),
			warning->critical ? "CRITICAL" : "WARNING ", warning->code, term_plain(),
			buffer_text(&line));
		buffer_fini(&line);
	}
}

static int status_ask(struct cli *cli, Carehub__V1__StatusReply **out_status)
{
	Carehub__V1__StatusRequest request;
	ProtobufCMessage *reply = NULL;
	carehub__v1__status_request__init(&request);
	int result = ask_one(
		cli, "Status", &request.base, &carehub__v1__status_reply__descriptor, &reply);
	if (result == EXIT_FINE)
		*out_status = (Carehub__V1__StatusReply *)reply;
	return result;
}

int status_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	Carehub__V1__StatusReply *status = NULL;
	if (!args_take_most(flags, &argc, argv, 0))
		return EXIT_USAGE;
	int result = status_ask(cli, &status);
	if (result != EXIT_FINE)
		return result;
	result = status_exit(status);
	if (cli->json)
		ask_print(&status->base);
	else
		status_show(status);
	carehub__v1__status_reply__free_unpacked(status, NULL);
	return result;
}

/* ---- top ---- */

struct top_last {
	uint64_t head;
	uint64_t accepted;
	int64_t at_us;
};

static void top_rates(const Carehub__V1__StatusReply *status, struct top_last *last)
{
	char a[WORDS_BYTES];
	int64_t now_us = clock_steady_us();
	uint64_t accepted = status->ingest != NULL ? status->ingest->accepted : 0;
	int64_t spent_us = now_us - last->at_us;
	if (last->at_us != 0 && spent_us > 0 && accepted >= last->accepted)
		status_line("rate", "%s events/s",
			words_count((accepted - last->accepted) * 1000000 / (uint64_t)spent_us, a));
	*last = (struct top_last){status->head, accepted, now_us};
}

static bool top_consumer(void *context, const ProtobufCMessage *message)
{
	const Carehub__V1__ConsumersReply *reply = (const Carehub__V1__ConsumersReply *)message;
	struct grid *grid = context;
	char text[WORDS_BYTES];
	for (size_t i = 0; i < reply->n_consumers; i++) {
		const Carehub__V1__ConsumerInfo *info = reply->consumers[i];
		grid_cell(grid, "%s", info->name);
		grid_cell(grid, "%s", info->state);
		grid_ink(grid, strcmp(info->state, "suspended") == 0 ? INK_BAD : INK_PLAIN);
		grid_cell(grid, "%s", words_count(info->lag_events, text));
		grid_cell(grid, "%s", words_duration(info->lag_us, text));
		grid_cell(grid, "%u", info->in_flight);
		grid_cell(grid, "%s", words_count(info->dead_letters, text));
	}
	return true;
}

static void top_consumers(struct cli *cli)
{
	Carehub__V1__ConsumersRequest request;
	struct grid *grid = grid_create("SUBSCRIPTION|STATE|>LAG|>BEHIND|>OUT|>DEAD");
	carehub__v1__consumers_request__init(&request);
	/* A key that may not see them sees the rest all the same. */
	if (grid != NULL &&
		ask_quietly(cli, "Consumers", &request.base,
			&carehub__v1__consumers_reply__descriptor, top_consumer, grid) == CH_OK) {
		(void)putchar('\n');
		grid_print(grid, "  ");
	}
	grid_free(grid);
}

int top_main(struct cli *cli, int argc, char **argv)
{
	uint64_t every_s = 2;
	uint64_t count = 0;
	const struct flag flags[] = {
		{"--every", FLAG_NUMBER, &every_s}, {"--count", FLAG_NUMBER, &count}, {0}};
	struct top_last last = {0};
	int result = EXIT_FINE;
	if (!args_take(flags, &argc, argv) || argc != 0 || every_s == 0 || every_s > 3600)
		return EXIT_USAGE;
	for (uint64_t turn = 1; !cli_stopped() && result != EXIT_UNKNOWN; turn++) {
		Carehub__V1__StatusReply *status = NULL;
		result = status_ask(cli, &status);
		if (result != EXIT_FINE)
			break;
		result = status_exit(status);
		if (term_is_screen() && !cli->json)
			(void)fputs("\033[H\033[2J", stdout);
		if (cli->json) {
			ask_print(&status->base);
		} else {
			status_show(status);
			top_rates(status, &last);
			top_consumers(cli);
		}
		(void)fflush(stdout);
		carehub__v1__status_reply__free_unpacked(status, NULL);
		if (turn == count)
			break;
		(void)poll(NULL, 0, (int)every_s * 1000); /* a signal ends the wait */
	}
	return result;
}

/* ---- sessions ---- */

int sessions_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	Carehub__V1__SessionsRequest request;
	ProtobufCMessage *message = NULL;
	char text[WORDS_BYTES];
	if (!args_take_most(flags, &argc, argv, 0))
		return EXIT_USAGE;
	carehub__v1__sessions_request__init(&request);
	int result = ask_one(
		cli, "Sessions", &request.base, &carehub__v1__sessions_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	Carehub__V1__SessionsReply *reply = (Carehub__V1__SessionsReply *)message;
	struct grid *grid =
		grid_create("PEER|PROGRAM|SINCE|>PUBLISHED|>OUT|>CREDIT|>SUBSCRIPTIONS");
	for (size_t i = 0; i < reply->n_sessions; i++) {
		const Carehub__V1__SessionInfo *info = reply->sessions[i];
		if (cli->json) {
			ask_print(&info->base);
			continue;
		}
		grid_cell(grid, "%s", info->peer);
		grid_cell(grid, "%s", info->agent);
		grid_cell(grid, "%s", words_time(info->connected_time_us, text));
		grid_cell(grid, "%s", words_count(info->published, text));
		grid_cell(grid, "%u", info->in_flight);
		grid_cell(grid, "%u", info->credit);
		grid_cell(grid, "%u", info->subscriptions);
	}
	grid_print(grid, "");
	grid_free(grid);
	protobuf_c_message_free_unpacked(message, NULL);
	return EXIT_FINE;
}
