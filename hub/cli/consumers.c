/* consumers, seek, deadletter: subscriptions, where they stand, and what they could not take. */
#include "base/text.h"
#include "carehub/v1/control.pb-c.h"
#include "cli/args.h"
#include "cli/ask.h"
#include "cli/grid.h"
#include "cli/words.h"

#define SEQUENCES 1000u

/* What is shown when nothing was done. */
static void consumers_only_planned(const struct cli *cli)
{
	if (!cli->json)
		(void)fprintf(stderr, "Nothing was changed; with --yes it is done.\n");
}

/* ---- consumers ---- */

struct listing {
	struct cli *cli;
	struct grid *grid;
	bool whole;
	size_t count;
};

static void consumers_pattern_line(const char *name, char *const *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct buffer safe = {0};
		term_append(&safe, slice_text(items[i]));
		printf("  %-12s %s\n", i == 0 ? name : "", buffer_text(&safe));
		buffer_fini(&safe);
	}
}

static void consumers_show(const Carehub__V1__ConsumerInfo *info)
{
	char a[WORDS_BYTES];
	char b[WORDS_BYTES];
	printf("%s%s%s  %s  %s\n", term_ink(INK_BOLD), info->name, term_plain(), info->state,
		info->attached ? "attached" : "not attached");
	printf("  %-12s %s\n", "peer", info->peer);
	printf("  %-12s %s of %s, %s behind\n", "position", words_count(info->cursor, a),
		words_count(info->head, b), words_duration(info->lag_us, (char[WORDS_BYTES]){0}));
	printf("  %-12s %u of %u\n", "out", info->in_flight, info->credit);
	printf("  %-12s %s, again %s, acknowledged %s\n", "delivered",
		words_count(info->delivered, a), words_count(info->redelivered, b),
		words_count(info->acked, (char[WORDS_BYTES]){0}));
	printf("  %-12s %s, after %u attempts of %s\n", "dead letters",
		words_count(info->dead_letters, a), info->max_attempts,
		words_duration((int64_t)info->ack_wait_ms * 1000, b));
	printf("  %-12s %s\n", "last ack", words_time(info->last_ack_time_us, a));
	printf("  %-12s %llu\n", "generation", (unsigned long long)info->generation);
	if (info->filter != NULL) {
		consumers_pattern_line("types", info->filter->types, info->filter->n_types);
		consumers_pattern_line("sources", info->filter->sources, info->filter->n_sources);
		for (size_t i = 0; i < info->filter->n_customers; i++)
			printf("  %-12s %s\n", i == 0 ? "customers" : "",
				words_customer(info->filter->customers[i], a));
	}
}

static bool consumers_reply(void *context, const ProtobufCMessage *message)
{
	const Carehub__V1__ConsumersReply *reply = (const Carehub__V1__ConsumersReply *)message;
	struct listing *listing = context;
	char text[WORDS_BYTES];
	for (size_t i = 0; i < reply->n_consumers; i++, listing->count++) {
		const Carehub__V1__ConsumerInfo *info = reply->consumers[i];
		if (listing->cli->json) {
			ask_print(&info->base);
			continue;
		}
		if (listing->whole) {
			consumers_show(info);
			continue;
		}
		grid_cell(listing->grid, "%s", info->name[0] != 0 ? info->name : "(ephemeral)");
		grid_cell(listing->grid, "%s", info->peer);
		grid_cell(listing->grid, "%s", info->state);
		grid_ink(listing->grid, strcmp(info->state, "suspended") == 0 ? INK_BAD
					: strcmp(info->state, "live") == 0    ? INK_GOOD
									      : INK_PLAIN);
		grid_cell(listing->grid, "%llu", (unsigned long long)info->cursor);
		grid_cell(listing->grid, "%s", words_count(info->lag_events, text));
		grid_cell(listing->grid, "%s", words_duration(info->lag_us, text));
		grid_cell(listing->grid, "%u", info->in_flight);
		grid_cell(listing->grid, "%s", words_count(info->dead_letters, text));
	}
	return true;
}

static int consumers_list(struct cli *cli, char *name)
{
	struct listing listing = {.cli = cli, .whole = name[0] != 0};
	Carehub__V1__ConsumersRequest request;
	carehub__v1__consumers_request__init(&request);
	request.name = name;
	listing.grid = grid_create("SUBSCRIPTION|PEER|STATE|>POSITION|>LAG|>BEHIND|>OUT|>DEAD");
	int result = ask(cli, "Consumers", &request.base, &carehub__v1__consumers_reply__descriptor,
		consumers_reply, &listing);
	grid_print(listing.grid, "");
	grid_free(listing.grid);
	return result;
}

static int consumers_delete(struct cli *cli, char *name)
{
	Carehub__V1__DeleteConsumerRequest request;
	ProtobufCMessage *message = NULL;
	carehub__v1__delete_consumer_request__init(&request);
	request.name = name;
	request.dry_run = !cli->yes;
	int result = ask_one(cli, "DeleteConsumer", &request.base,
		&carehub__v1__delete_consumer_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	if (cli->json)
		ask_print(message);
	else
		printf("%s %s its position, its dead letters and its replays\n", name,
			cli->yes ? "is forgotten, with" : "would be forgotten, with");
	if (!cli->yes)
		consumers_only_planned(cli);
	protobuf_c_message_free_unpacked(message, NULL);
	return EXIT_FINE;
}

int consumers_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	static char nobody[1];
	if (!args_take(flags, &argc, argv))
		return EXIT_USAGE;
	if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
		return consumers_list(cli, nobody);
	if (argc == 2 && strcmp(argv[0], "show") == 0)
		return consumers_list(cli, argv[1]);
	if (argc == 2 && strcmp(argv[0], "delete") == 0)
		return consumers_delete(cli, argv[1]);
	return cli_fail(EXIT_USAGE, NULL, "consumers: list, show NAME, or delete NAME");
}

/* ---- seek ---- */

int seek_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	Carehub__V1__SeekRequest request;
	ProtobufCMessage *message = NULL;
	char a[WORDS_BYTES];
	if (!args_take(flags, &argc, argv) || argc != 2)
		return cli_fail(EXIT_USAGE, "carehub seek marketing -1h", "seek: NAME and POINT");
	carehub__v1__seek_request__init(&request);
	request.name = argv[0];
	request.to = argv[1];
	request.dry_run = !cli->yes;
	int result =
		ask_one(cli, "Seek", &request.base, &carehub__v1__seek_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	const Carehub__V1__SeekReply *reply = (const Carehub__V1__SeekReply *)message;
	if (cli->json) {
		ask_print(message);
	} else {
		bool back = reply->change >= 0;
		printf("%s  %llu -> %llu: %s entries %s\n", argv[0],
			(unsigned long long)reply->old_cursor,
			(unsigned long long)reply->new_cursor,
			words_count(
				back ? (uint64_t)reply->change : 0 - (uint64_t)reply->change, a),
			back ? "come again" : "are passed over");
	}
	if (!cli->yes)
		consumers_only_planned(cli);
	protobuf_c_message_free_unpacked(message, NULL);
	return EXIT_FINE;
}

/* ---- deadletter ---- */

static bool letters_reply(void *context, const ProtobufCMessage *message)
{
	const Carehub__V1__DeadLettersReply *reply = (const Carehub__V1__DeadLettersReply *)message;
	struct listing *listing = context;
	char text[WORDS_BYTES];
	for (size_t i = 0; i < reply->n_letters; i++) {
		const Carehub__V1__DeadLetter *letter = reply->letters[i];
		if (listing->cli->json) {
			ask_print(&letter->base);
			continue;
		}
		grid_cell(listing->grid, "%s", letter->name);
		grid_cell(listing->grid, "%llu", (unsigned long long)letter->sequence);
		grid_cell(listing->grid, "%s", words_time(letter->parked_time_us, text));
		grid_cell(listing->grid, "%u", letter->attempts);
		grid_cell(listing->grid, "%s", letter->event_type);
		grid_cell(listing->grid, "%s", words_customer(letter->customer, text));
		grid_cell(listing->grid, "%s", letter->reason);
	}
	listing->count = reply->total;
	return true;
}

static int letters_list(struct cli *cli, char *name)
{
	struct listing listing = {.cli = cli};
	char text[WORDS_BYTES];
	Carehub__V1__DeadLettersRequest request;
	carehub__v1__dead_letters_request__init(&request);
	request.name = name;
	listing.grid = grid_create("SUBSCRIPTION|>ENTRY|SET ASIDE|>ATTEMPTS|EVENT|CUSTOMER|WHY");
	int result = ask(cli, "DeadLetters", &request.base,
		&carehub__v1__dead_letters_reply__descriptor, letters_reply, &listing);
	grid_print(listing.grid, "");
	grid_free(listing.grid);
	if (result == EXIT_FINE && !cli->json && !cli->quiet)
		(void)fprintf(stderr, "%s\n",
			words_many(listing.count, "dead letter", "dead letters", text));
	return result;
}

static int letters_settle(struct cli *cli, int argc, char **argv, bool discard)
{
	Carehub__V1__SettleDeadLettersRequest request;
	ProtobufCMessage *message = NULL;
	uint64_t sequences[SEQUENCES];
	char a[WORDS_BYTES];
	carehub__v1__settle_dead_letters_request__init(&request);
	for (int i = 1; i < argc; i++) {
		if (request.n_sequences == SEQUENCES ||
			text_parse_u64(slice_text(argv[i]), UINT64_MAX,
				&sequences[request.n_sequences++]) != CH_OK)
			return cli_fail(EXIT_USAGE, NULL, "\"%s\" is no sequence, or one too many",
				argv[i]);
	}
	request.name = argv[0];
	request.sequences = sequences;
	request.discard = discard;
	request.dry_run = !cli->yes;
	int result = ask_one(cli, "SettleDeadLetters", &request.base,
		&carehub__v1__settle_dead_letters_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	const Carehub__V1__SettleDeadLettersReply *reply =
		(const Carehub__V1__SettleDeadLettersReply *)message;
	if (cli->json)
		ask_print(message);
	else
		printf("%s of %s %s\n",
			words_many(reply->affected, "dead letter", "dead letters", a), argv[0],
			discard    ? cli->yes ? "are forgotten" : "would be forgotten"
			: cli->yes ? "are delivered again"
				   : "would be delivered again");
	if (!cli->yes)
		consumers_only_planned(cli);
	protobuf_c_message_free_unpacked(message, NULL);
	return EXIT_FINE;
}

int deadletter_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	static char nobody[1];
	if (!args_take(flags, &argc, argv))
		return EXIT_USAGE;
	if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
		return letters_list(cli, nobody);
	if (argc == 2 && strcmp(argv[0], "list") == 0)
		return letters_list(cli, argv[1]);
	if (argc >= 2 && strcmp(argv[0], "retry") == 0)
		return letters_settle(cli, argc - 1, argv + 1, false);
	if (argc >= 2 && strcmp(argv[0], "discard") == 0)
		return letters_settle(cli, argc - 1, argv + 1, true);
	return cli_fail(EXIT_USAGE, NULL,
		"deadletter: list [NAME], retry NAME [SEQUENCE...], discard NAME [SEQUENCE...]");
}
