/* publish: CloudEvents from a file or standard input, one line each; a receipt for every one. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/cloudevent.h"
#include "cli/progress.h"
#include "cli/term.h"
#include "cli/words.h"
#include "wire/json.h"

struct publishing {
	struct cli *cli;
	pthread_mutex_t printing;
	atomic_uint_fast64_t accepted;
	atomic_uint_fast64_t duplicates;
	atomic_uint_fast64_t rejected;
	atomic_uint_fast64_t unknown; /* without an answer */
};

/* One event on its way. */
struct sent {
	struct publishing *publishing;
	uint64_t line;
	size_t id_len;
	char id[];
};

static const char *publish_word(enum ch_outcome outcome)
{
	switch (outcome) {
	case CH_OUTCOME_ACCEPTED:
		return "accepted";
	case CH_OUTCOME_DUPLICATE:
		return "duplicate";
	case CH_OUTCOME_CONFLICT:
		return "conflict";
	case CH_OUTCOME_REFUSED:
		return "refused";
	case CH_OUTCOME_RETRY_AFTER:
		return "later";
	default:
		return "unknown";
	}
}

static void publish_print_json(uint64_t line, struct slice id, const char *outcome,
	const struct ch_receipt *receipt, const char *reason, const char *detail)
{
	struct buffer out = {0};
	buffer_printf(&out, "{\"line\":\"%llu\",\"id\":", (unsigned long long)line);
	if (json_append_string(&out, id) != CH_OK)
		buffer_append_text(&out, "null");
	buffer_printf(&out, ",\"outcome\":\"%s\"", outcome);
	if (receipt != NULL && receipt->sequence != 0)
		buffer_printf(
			&out, ",\"sequence\":\"%llu\"", (unsigned long long)receipt->sequence);
	if (receipt != NULL && receipt->customer != 0)
		buffer_printf(
			&out, ",\"customer\":\"%012llu\"", (unsigned long long)receipt->customer);
	if (reason[0] != 0)
		buffer_printf(&out, ",\"reason\":\"%s\"", reason);
	if (receipt != NULL && receipt->field[0] != 0) {
		buffer_append_text(&out, ",\"field\":");
		(void)json_append_string(&out, slice_text(receipt->field));
	}
	if (detail[0] != 0) {
		buffer_append_text(&out, ",\"detail\":");
		(void)json_append_string(&out, slice_text(detail));
	}
	buffer_append_text(&out, "}");
	puts(buffer_text(&out));
	buffer_fini(&out);
}

static void publish_print(struct publishing *publishing, uint64_t line, struct slice id,
	const char *outcome, const struct ch_receipt *receipt, const char *reason,
	const char *detail)
{
	struct buffer safe = {0};
	char number[WORDS_BYTES];
	(void)pthread_mutex_lock(&publishing->printing);
	if (publishing->cli->json) {
		publish_print_json(line, id, outcome, receipt, reason, detail);
	} else {
		term_append(&safe, id);
		if (receipt != NULL && receipt->field[0] != 0) {
			buffer_append_text(&safe, "  ");
			term_append(&safe, slice_text(receipt->field));
		}
		buffer_printf(&safe, "%s%s", reason[0] != 0 ? "  " : "", reason);
		if (detail[0] != 0) {
			buffer_append_text(&safe, "  ");
			term_append(&safe, slice_text(detail));
		}
		bool good = strcmp(outcome, "accepted") == 0 || strcmp(outcome, "duplicate") == 0 ||
			    strcmp(outcome, "valid") == 0;
		printf("%s%-9s%s  %10llu  %s  %s\n", term_ink(good ? INK_GOOD : INK_BAD), outcome,
			term_plain(),
			(unsigned long long)(receipt != NULL ? receipt->sequence : line),
			words_customer(receipt != NULL ? receipt->customer : 0, number),
			buffer_text(&safe));
	}
	(void)pthread_mutex_unlock(&publishing->printing);
	buffer_fini(&safe);
}

/* On the library's thread, in order of receipts. */
static void publish_receipt(void *context, enum ch_status status, const struct ch_receipt *receipt)
{
	struct sent *sent = context;
	struct publishing *publishing = sent->publishing;
	bool answered = receipt != NULL && receipt->outcome != CH_OUTCOME_NONE;
	if (status == CH_OK && answered && receipt->outcome == CH_OUTCOME_DUPLICATE)
		atomic_fetch_add(&publishing->duplicates, 1);
	else if (status == CH_OK)
		atomic_fetch_add(&publishing->accepted, 1);
	else
		atomic_fetch_add(answered ? &publishing->rejected : &publishing->unknown, 1);
	publish_print(publishing, sent->line, slice_of(sent->id, sent->id_len),
		publish_word(answered ? receipt->outcome : CH_OUTCOME_NONE),
		answered ? receipt : NULL, status != CH_OK ? ch_status_name(status) : "",
		answered ? receipt->detail : "");
	free(sent);
}

static enum ch_status publish_send(
	struct publishing *publishing, struct ch_event *event, uint64_t line)
{
	struct ch_bytes id = ch_event_get(event, CH_ID);
	struct sent *sent = malloc(sizeof(*sent) + id.len);
	if (sent == NULL)
		return CH_NOMEM;
	*sent = (struct sent){.publishing = publishing, .line = line, .id_len = id.len};
	memcpy(sent->id, id.data, id.len);
	enum ch_status status = ch_publish_async(publishing->cli->connection, event,
		publishing->cli->timeout_ms, publish_receipt, sent);
	if (status != CH_OK)
		free(sent);
	return status;
}

/* False: going on makes no sense. */
static bool publish_line(
	struct publishing *publishing, struct ch_event *event, struct slice text, uint64_t line)
{
	char why[CLOUDEVENT_WHY];
	enum ch_status status = cloudevent_read(text, event, why);
	if (status == CH_OK && publishing->cli->dry_run)
		status = cloudevent_check(event, why);
	struct ch_bytes id = ch_event_get(event, CH_ID);
	if (status != CH_OK) {
		atomic_fetch_add(&publishing->rejected, 1);
		publish_print(publishing, line, slice_of(id.data, id.len), "invalid", NULL,
			ch_status_name(status), why);
		return true;
	}
	if (publishing->cli->dry_run) {
		atomic_fetch_add(&publishing->accepted, 1);
		publish_print(publishing, line, slice_of(id.data, id.len), "valid", NULL, "", "");
		return true;
	}
	status = publish_send(publishing, event, line);
	if (status == CH_OK)
		return true;
	atomic_fetch_add(&publishing->unknown, 1);
	(void)cli_fail_status(publishing->cli, "publish", status);
	return status != CH_CLOSED && status != CH_NOMEM;
}

static void publish_all(struct publishing *publishing, FILE *in)
{
	struct ch_event *event = ch_event_create();
	struct progress progress;
	char *text = NULL;
	size_t capacity = 0;
	ssize_t len;
	uint64_t line = 0;
	progress_begin(&progress, "publish", publishing->cli->quiet || term_is_screen(), 0);
	while (event != NULL && !cli_stopped() && (len = getline(&text, &capacity, in)) >= 0) {
		struct slice trimmed = text_trim(slice_of(text, (size_t)len));
		line++;
		if (trimmed.len == 0)
			continue;
		if (!publish_line(publishing, event, trimmed, line))
			break;
		progress_show(&progress, line, 0);
	}
	progress_end(&progress);
	free(text);
	ch_event_free(event);
}

int publish_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	struct publishing publishing = {.cli = cli, .printing = PTHREAD_MUTEX_INITIALIZER};
	if (!args_take(flags, &argc, argv) || argc > 1)
		return cli_fail(EXIT_USAGE, NULL, "publish: one FILE, or standard input");
	bool standard = argc == 0 || strcmp(argv[0], "-") == 0;
	FILE *in = standard ? stdin : fopen(argv[0], "re");
	if (in == NULL)
		return cli_fail(EXIT_USAGE, NULL, "%s: %s", argv[0], strerror(errno));
	int result = cli->dry_run ? EXIT_FINE : cli_connect(cli);
	if (result == EXIT_FINE) {
		publish_all(&publishing, in);
		if (!cli->dry_run) {
			enum ch_status status = ch_publish_flush(cli->connection, cli->timeout_ms);
			if (status != CH_OK)
				result = cli_fail_status(cli, "publish", status);
			/* Its callbacks look at what ends with this function. */
			ch_close(cli->connection);
			cli->connection = NULL;
		}
	}
	if (!standard)
		(void)fclose(in); /* only read */
	if (result == EXIT_FINE && publishing.unknown > 0)
		result = EXIT_UNKNOWN;
	if (result == EXIT_FINE && publishing.rejected > 0)
		result = EXIT_WARNING;
	if (!cli->json && !cli->quiet)
		(void)fprintf(stderr, "%llu %s, %llu duplicates, %llu rejected\n",
			(unsigned long long)publishing.accepted,
			cli->dry_run ? "valid" : "accepted",
			(unsigned long long)publishing.duplicates,
			(unsigned long long)publishing.rejected);
	return result;
}
