/* get, find, deadlines, reviews. */
#include "base/clock.h"
#include "base/text.h"
#include "carehub/v1/control.pb-c.h"
#include "cli/ask.h"
#include "cli/entry.h"
#include "cli/filter.h"
#include "cli/grid.h"
#include "cli/progress.h"
#include "cli/record.h"
#include "cli/words.h"

/* protobuf-c's texts are not const, but packing only reads them. */
#define TEXT(text) ((char *)(uintptr_t)(text))

int get_main(struct cli *cli, int argc, char **argv)
{
	struct record_wish wish = {.at = "", .zone = ""};
	const struct flag flags[] = {
		{"--at", FLAG_TEXT, &wish.at},
		{"--zone", FLAG_TEXT, &wish.zone},
		{"--history", FLAG_BOOL, &wish.history},
		{0},
	};
	Carehub__V1__GetRequest request;
	ProtobufCMessage *message = NULL;
	carehub__v1__get_request__init(&request);
	if (!args_take(flags, &argc, argv))
		return EXIT_USAGE;
	if (argc == 1 && record_is_named(argv[0])) {
		wish.name = argv[0];
		return record_show(cli, &wish);
	}
	if (argc == 2) {
		request.source = argv[0];
		request.id = argv[1];
	} else if (argc != 1 ||
		   text_parse_u64(slice_text(argv[0]), UINT64_MAX, &request.sequence) != CH_OK ||
		   request.sequence == 0) {
		return cli_fail(EXIT_USAGE, NULL, "get: a SEQUENCE, SOURCE and ID, or KIND/KEY");
	}
	int result =
		ask_one(cli, "Get", &request.base, &carehub__v1__get_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	Carehub__V1__GetReply *reply = (Carehub__V1__GetReply *)message;
	if (reply->entry != NULL && cli->json)
		entry_print_json(reply->entry);
	else if (reply->entry != NULL)
		entry_print(reply->entry);
	protobuf_c_message_free_unpacked(message, NULL);
	return EXIT_FINE;
}

/* ---- find ---- */

struct finding {
	struct cli *cli;
	bool count_only;
	uint64_t matched;
	uint64_t scanned;
	struct progress progress;
};

static void find_print(const Carehub__V1__EntryInfo *entry)
{
	char time[WORDS_BYTES];
	char number[WORDS_BYTES];
	struct entry_event event;
	struct buffer line = {0};
	struct buffer safe = {0};
	bool input = entry->event.len > 0;
	bool good = strcmp(entry->outcome, "accepted") == 0;
	entry_event_read(&entry->event, &event);
	term_append(&safe, slice_text(input ? event.type : entry->kind));
	term_append_fitted(&line, buffer_slice(&safe), 32, false);
	buffer_clear(&safe);
	term_append(&safe, slice_text(event.subject[0] != 0 ? event.subject : event.id));
	if (!good) {
		buffer_printf(&safe, "  %s ", entry->outcome);
		term_append(&safe, slice_text(entry->field));
	}
	printf("%10llu  %s%s%s  %s  %-12s  %s%s%s\n", (unsigned long long)entry->sequence,
		term_ink(INK_DIM), words_time(entry->arrival_us, time), term_plain(),
		buffer_text(&line), words_customer(entry->customer, number),
		term_ink(good ? INK_PLAIN : INK_WARN), buffer_text(&safe),
		good ? "" : term_plain());
	buffer_fini(&line);
	buffer_fini(&safe);
}

static bool find_reply(void *context, const ProtobufCMessage *message)
{
	struct finding *finding = context;
	const Carehub__V1__FindReply *reply = (const Carehub__V1__FindReply *)message;
	if (reply->n_entries > 0)
		progress_end(&finding->progress);
	for (size_t i = 0; i < reply->n_entries; i++) {
		if (finding->cli->json)
			entry_print_json(reply->entries[i]);
		else
			find_print(reply->entries[i]);
	}
	finding->matched = reply->matched;
	finding->scanned = reply->scanned;
	progress_show(&finding->progress, reply->scanned, 0);
	return true;
}

int find_main(struct cli *cli, int argc, char **argv)
{
	struct finding finding = {.cli = cli};
	struct filter filter = {0};
	bool all = false;
	uint64_t limit = 0;
	const struct flag flags[] = {
		{"--limit", FLAG_NUMBER, &limit},
		{"--count", FLAG_BOOL, &finding.count_only},
		{"--all", FLAG_BOOL, &all},
		FILTER_FLAGS(filter),
		{0},
	};
	Carehub__V1__FindRequest request;
	Carehub__V1__Filter wanted;
	Carehub__V1__Range range;
	char a[WORDS_BYTES];
	char b[WORDS_BYTES];
	if (!args_take(flags, &argc, argv) || !filter_ready(&filter))
		return EXIT_USAGE;
	if (argc > 1)
		return cli_fail(EXIT_USAGE, NULL, "find: one RANGE");
	carehub__v1__find_request__init(&request);
	carehub__v1__range__init(&range);
	filter_message(&filter, &wanted);
	range.text = argc == 1 ? argv[0] : TEXT("");
	request.range = &range;
	request.filter = &wanted;
	request.limit = limit;
	request.all_outcomes = all;
	request.count_only = finding.count_only;
	progress_begin(&finding.progress, "find", cli->quiet, 0);
	int result = ask(cli, "Find", &request.base, &carehub__v1__find_reply__descriptor,
		find_reply, &finding);
	progress_end(&finding.progress);
	if (result != EXIT_FINE)
		return result;
	if (finding.count_only && cli->json)
		printf("{\"matched\":\"%llu\",\"scanned\":\"%llu\"}\n",
			(unsigned long long)finding.matched, (unsigned long long)finding.scanned);
	else if (finding.count_only)
		printf("%llu\n", (unsigned long long)finding.matched);
	else if (!cli->json && !cli->quiet)
		(void)fprintf(stderr, "%s of %s entries\n", words_count(finding.matched, a),
			words_count(finding.scanned, b));
	return EXIT_FINE;
}

/* ---- deadlines ---- */

struct listing {
	struct cli *cli;
	struct grid *grid;
	int64_t now_us;
	bool overdue;
};

static bool deadlines_reply(void *context, const ProtobufCMessage *message)
{
	struct listing *listing = context;
	const Carehub__V1__DeadlinesReply *reply = (const Carehub__V1__DeadlinesReply *)message;
	char text[WORDS_BYTES];
	for (size_t i = 0; i < reply->n_deadlines; i++) {
		const Carehub__V1__DeadlineInfo *info = reply->deadlines[i];
		if (listing->cli->json) {
			ask_print(&info->base);
			continue;
		}
		int64_t left_us = info->due_time_us - listing->now_us;
		grid_cell(listing->grid, "%s", words_time(info->due_time_us, text));
		grid_cell(listing->grid, "%s%s",
			words_duration(left_us < 0 ? -left_us : left_us, text),
			left_us < 0 ? " late" : "");
		grid_ink(listing->grid, left_us < 0 ? INK_BAD : INK_PLAIN);
		grid_cell(listing->grid, "%s", info->promise);
		grid_cell(listing->grid, "%s", words_customer(info->customer_number, text));
		grid_cell(listing->grid, "%s", info->subject_id);
		grid_cell(listing->grid, "%s", info->station_id);
	}
	return true;
}

int deadlines_main(struct cli *cli, int argc, char **argv)
{
	struct listing listing = {.cli = cli};
	uint64_t limit = 100;
	const struct flag flags[] = {
		{"--limit", FLAG_NUMBER, &limit}, {"--overdue", FLAG_BOOL, &listing.overdue}, {0}};
	Carehub__V1__DeadlinesRequest request;
	if (!args_take_most(flags, &argc, argv, 0))
		return EXIT_USAGE;
	int result = cli_connect(cli);
	if (result != EXIT_FINE)
		return result;
	/* Deadlines run on the hub's clock. */
	listing.now_us = clock_wall_us() + cli->info.clock_offset_us;
	carehub__v1__deadlines_request__init(&request);
	request.limit = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
	request.due_before_us = listing.overdue ? listing.now_us : 0;
	listing.grid = grid_create("DUE|>LEFT|PROMISE|CUSTOMER|SUBJECT|STATION");
	result = ask(cli, "Deadlines", &request.base, &carehub__v1__deadlines_reply__descriptor,
		deadlines_reply, &listing);
	grid_print(listing.grid, "");
	grid_free(listing.grid);
	return result;
}

/* ---- reviews ---- */

static bool reviews_reply(void *context, const ProtobufCMessage *message)
{
	struct listing *listing = context;
	const Carehub__V1__ReviewsReply *reply = (const Carehub__V1__ReviewsReply *)message;
	char text[WORDS_BYTES];
	for (size_t i = 0; i < reply->n_reviews; i++) {
		const Carehub__V1__ReviewItem *item = reply->reviews[i];
		if (listing->cli->json) {
			ask_print(&item->base);
			continue;
		}
		grid_cell(listing->grid, "%s", item->review_id);
		grid_cell(listing->grid, "%s", words_time(item->opened_time_us, text));
		grid_cell(listing->grid, "%s", words_customer(item->customer_number, text));
		grid_cell(listing->grid, "%s", words_customer(item->candidate_number, text));
		grid_cell(listing->grid, "%s", item->reason);
	}
	return true;
}

int reviews_main(struct cli *cli, int argc, char **argv)
{
	struct listing listing = {.cli = cli};
	uint64_t limit = 100;
	const struct flag flags[] = {{"--limit", FLAG_NUMBER, &limit}, {0}};
	Carehub__V1__ReviewsRequest request;
	if (!args_take_most(flags, &argc, argv, 0))
		return EXIT_USAGE;
	carehub__v1__reviews_request__init(&request);
	request.limit = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
	listing.grid = grid_create("REVIEW|OPENED|CUSTOMER|MAY BE|WHY");
	int result = ask(cli, "Reviews", &request.base, &carehub__v1__reviews_reply__descriptor,
		reviews_reply, &listing);
	grid_print(listing.grid, "");
	grid_free(listing.grid);
	return result;
}
