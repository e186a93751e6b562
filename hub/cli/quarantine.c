/* quarantine: events that were kept, but not taken: look, correct, send in again, give up.
 *
 *     carehub quarantine show 4711 --json > event.json      and correct it with any editor
 *     carehub quarantine correct 4711 event.json            shows what would be sent
 *     carehub quarantine correct 4711 event.json --yes */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "carehub/v1/control.pb-c.h"
#include "cli/args.h"
#include "cli/ask.h"
#include "cli/cloudevent.h"
#include "cli/grid.h"
#include "cli/words.h"

static bool quarantine_sequence(const char *word, uint64_t *out_sequence)
{
	if (text_parse_u64(slice_text(word), UINT64_MAX, out_sequence) == CH_OK &&
		*out_sequence > 0)
		return true;
	(void)cli_fail(EXIT_USAGE, NULL, "\"%s\" is no sequence", word);
	return false;
}

/* ---- list and show ---- */

struct listing {
	struct cli *cli;
	struct grid *grid;
	uint64_t total;
};

static bool quarantine_list_reply(void *context, const ProtobufCMessage *message)
{
	const Carehub__V1__QuarantineReply *reply = (const Carehub__V1__QuarantineReply *)message;
	struct listing *listing = context;
	char text[WORDS_BYTES];
	for (size_t i = 0; i < reply->n_items; i++) {
		const Carehub__V1__QuarantineItem *item = reply->items[i];
		if (listing->cli->json) {
			ask_print(&item->base);
			continue;
		}
		grid_cell(listing->grid, "%llu", (unsigned long long)item->sequence);
		grid_cell(listing->grid, "%s", words_time(item->arrival_us, text));
		grid_cell(listing->grid, "%s", item->state);
		grid_cell(listing->grid, "%s", ch_status_name((enum ch_status)item->reason));
		grid_cell(listing->grid, "%s", item->field);
		grid_cell(listing->grid, "%s", item->event_type);
		grid_cell(listing->grid, "%s", item->peer);
		grid_cell(listing->grid, "%s", item->id);
	}
	listing->total = reply->total;
	return true;
}

static int quarantine_list(struct cli *cli, bool all)
{
	struct listing listing = {.cli = cli};
	char text[WORDS_BYTES];
	Carehub__V1__QuarantineRequest request;
	carehub__v1__quarantine_request__init(&request);
	request.all = all;
	listing.grid = grid_create(">ENTRY|ARRIVED|STATE|WHY|FIELD|EVENT|PEER|ID");
	int result = ask(cli, "Quarantine", &request.base,
		&carehub__v1__quarantine_reply__descriptor, quarantine_list_reply, &listing);
	grid_print(listing.grid, "");
	grid_free(listing.grid);
	if (result == EXIT_FINE && !cli->json && !cli->quiet)
		(void)fprintf(stderr, "%s\n", words_many(listing.total, "event", "events", text));
	return result;
}

/* --json gives the event itself, ready to be corrected and sent back. */
static bool quarantine_show_reply(void *context, const ProtobufCMessage *message)
{
	const Carehub__V1__QuarantineReply *reply = (const Carehub__V1__QuarantineReply *)message;
	struct cli *cli = context;
	char text[WORDS_BYTES];
	for (size_t i = 0; i < reply->n_items; i++) {
		const Carehub__V1__QuarantineItem *item = reply->items[i];
		struct buffer event = {0};
		struct buffer safe = {0};
		(void)cloudevent_write_bytes(ch_bytes_of(item->event.data, item->event.len),
			ch_bytes_of(NULL, 0), &event); /* an empty line says so */
		if (cli->json) {
			puts(buffer_text(&event));
		} else {
			term_append(&safe, buffer_slice(&event));
			printf("%llu  %s  %s  %s %s\n", (unsigned long long)item->sequence,
				item->state, item->outcome,
				ch_status_name((enum ch_status)item->reason), item->field);
			printf("  arrived %s from %s\n", words_time(item->arrival_us, text),
				item->peer);
			if (item->corrected_by[0] != 0)
				printf("  corrected by %s\n", item->corrected_by);
			if (item->refers_to != 0)
				printf("  %s entry %llu\n",
					strcmp(item->outcome, "conflict") == 0
						? "its id was taken by"
						: "was to correct",
					(unsigned long long)item->refers_to);
			printf("  %s\n", buffer_text(&safe));
		}
		buffer_fini(&event);
		buffer_fini(&safe);
	}
	return true;
}

static int quarantine_show(struct cli *cli, const char *word)
{
	Carehub__V1__QuarantineRequest request;
	carehub__v1__quarantine_request__init(&request);
	if (!quarantine_sequence(word, &request.sequence))
		return EXIT_USAGE;
	return ask(cli, "Quarantine", &request.base, &carehub__v1__quarantine_reply__descriptor,
		quarantine_show_reply, cli);
}

/* ---- resubmit and correct ---- */

static int quarantine_receipt(
	struct cli *cli, uint64_t sequence, const Carehub__V1__ResubmitReply *reply)
{
	char text[WORDS_BYTES];
	const Carehub__V1__Receipt *receipt = reply->receipt;
	if (cli->json) {
		ask_print(&reply->base);
	} else if (receipt == NULL) {
		printf("entry %llu would be sent in again\n", (unsigned long long)sequence);
	} else if (reply->done) {
		printf("entry %llu is released: entry %llu, customer %s\n",
			(unsigned long long)sequence, (unsigned long long)receipt->sequence,
			words_customer(receipt->customer, text));
	} else {
		const char *why = ch_status_text((enum ch_status)receipt->reason);
		(void)cli_fail(EXIT_WARNING, "it stays in quarantine", "entry %llu: %s%s%s",
			(unsigned long long)sequence, receipt->field,
			receipt->field[0] != 0 ? ": " : "",
			receipt->detail[0] != 0 ? receipt->detail : why);
	}
	return reply->done || receipt == NULL ? EXIT_FINE : EXIT_WARNING;
}

static int quarantine_resubmit(struct cli *cli, const char *word, struct ch_bytes event)
{
	Carehub__V1__ResubmitRequest request;
	ProtobufCMessage *message = NULL;
	carehub__v1__resubmit_request__init(&request);
	if (!quarantine_sequence(word, &request.sequence))
		return EXIT_USAGE;
	request.event =
		(ProtobufCBinaryData){event.len, (uint8_t *)(uintptr_t)event.data}; /* only read */
	request.dry_run = !cli->yes;
	int result = ask_one(
		cli, "Resubmit", &request.base, &carehub__v1__resubmit_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	result = quarantine_receipt(
		cli, request.sequence, (const Carehub__V1__ResubmitReply *)message);
	protobuf_c_message_free_unpacked(message, NULL);
	return result;
}

static int quarantine_correct(struct cli *cli, const char *word, const char *path)
{
	struct buffer text = {0};
	struct ch_event *event = ch_event_create();
	struct ch_bytes bytes;
	char why[CLOUDEVENT_WHY] = "";
	enum ch_status status =
		event != NULL ? file_read_any(path, LIMIT_JSON_BYTES, &text) : CH_NOMEM;
	int result = EXIT_USAGE;
	if (status != CH_OK) {
		(void)cli_fail(EXIT_USAGE, NULL, "%s: %s", path, ch_status_text(status));
		goto out;
	}
	status = cloudevent_read(buffer_slice(&text), event, why);
	if (status == CH_OK)
		status = cloudevent_check(event, why);
	if (status == CH_OK)
		status = ch_event_encode(event, &bytes);
	if (status != CH_OK) {
		(void)cli_fail(EXIT_WARNING, NULL, "%s: %s: %s", path, ch_status_text(status), why);
		result = EXIT_WARNING;
		goto out;
	}
	result = quarantine_resubmit(cli, word, bytes);
out:
	buffer_fini(&text);
	ch_event_free(event);
	return result;
}

/* ---- discard ---- */

static int quarantine_discard(struct cli *cli, const char *word, const char *remark)
{
	Carehub__V1__DiscardRequest request;
	ProtobufCMessage *message = NULL;
	carehub__v1__discard_request__init(&request);
	if (!quarantine_sequence(word, &request.sequence))
		return EXIT_USAGE;
	request.remark = (char *)(uintptr_t)remark; /* only read */
	request.dry_run = !cli->yes;
	int result = ask_one(
		cli, "Discard", &request.base, &carehub__v1__discard_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	if (cli->json)
		ask_print(message);
	else
		printf("entry %s %s\n", word, cli->yes ? "is discarded" : "would be discarded");
	protobuf_c_message_free_unpacked(message, NULL);
	return EXIT_FINE;
}

/* ---- The command ---- */

/* Each in turn; the worst result counts. */
static int quarantine_each(struct cli *cli, int argc, char **argv, const char *remark)
{
	int worst = EXIT_FINE;
	for (int i = 1; i < argc && !cli_stopped(); i++) {
		int result = strcmp(argv[0], "discard") == 0
				     ? quarantine_discard(cli, argv[i], remark)
				     : quarantine_resubmit(cli, argv[i], ch_bytes_of(NULL, 0));
		if (result > worst)
			worst = result;
	}
	return worst;
}

int quarantine_main(struct cli *cli, int argc, char **argv)
{
	bool all = false;
	const char *remark = "";
	const struct flag flags[] = {
		{"--all", FLAG_BOOL, &all}, {"--remark", FLAG_TEXT, &remark}, {0}};
	int result;
	if (!args_take(flags, &argc, argv))
		return EXIT_USAGE;
	if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
		return quarantine_list(cli, all);
	if (argc == 2 && strcmp(argv[0], "show") == 0)
		return quarantine_show(cli, argv[1]);
	if (argc == 3 && strcmp(argv[0], "correct") == 0)
		result = quarantine_correct(cli, argv[1], argv[2]);
	else if (argc >= 2 && (strcmp(argv[0], "resubmit") == 0 || strcmp(argv[0], "discard") == 0))
		result = quarantine_each(cli, argc, argv, remark);
	else
		return cli_fail(EXIT_USAGE, NULL,
			"quarantine: list, show SEQUENCE, correct SEQUENCE FILE, "
			"resubmit SEQUENCE..., discard SEQUENCE...");
	if (result == EXIT_FINE && !cli->yes && !cli->json)
		(void)fprintf(stderr, "Nothing was changed; with --yes it is done.\n");
	return result;
}
