/* publish: CloudEvents from a file or standard input, one line each; a receipt for every one.
 *
 * The end of a pipe that never ends: nothing grows with the number of lines, no line is longer than its
 * bound, and no event is passed over because the hub is slow.  It waits for room as long as receipts
 * come; after `--timeout` without any it stops, says at which line, and the same input can be published
 * again: the hub knows what it has.  Receipts are written out at once when nothing more is under way, so
 * that whoever writes a line may wait for its receipt before the next. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/cloudevent.h"
#include "cli/lines.h"
#include "cli/progress.h"
#include "cli/term.h"
#include "cli/words.h"
#include "wire/json.h"

/* How often a wait looks whether it has been stopped. */
#define LOOK_UP_MS 200

struct publishing {
	struct cli *cli;
	pthread_mutex_t printing;
	atomic_uint_fast64_t accepted;
	atomic_uint_fast64_t duplicates;
	atomic_uint_fast64_t rejected;
	atomic_uint_fast64_t unknown; /* without an answer */
	atomic_uint_fast64_t under_way;
	_Atomic int64_t heard_us; /* when the last receipt came */
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
		char entry[24] = "-"; /* of what was stored, quarantine included */
		if (receipt != NULL && receipt->sequence != 0)
			(void)snprintf(entry, sizeof(entry), "%llu",
				(unsigned long long)receipt->sequence);
		printf("line %-6llu  %s%-9s%s  %10s  %-12s  %s\n", (unsigned long long)line,
			term_ink(good ? INK_GOOD : INK_BAD), outcome, term_plain(), entry,
			words_customer(receipt != NULL ? receipt->customer : 0, number),
			buffer_text(&safe));
	}
	if (atomic_load(&publishing->under_way) == 0)
		(void)fflush(stdout); /* looked at in the end */
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
	atomic_store(&publishing->heard_us, clock_steady_us());
	atomic_fetch_sub(&publishing->under_way, 1);
	publish_print(publishing, sent->line, slice_of(sent->id, sent->id_len),
		publish_word(answered ? receipt->outcome : CH_OUTCOME_NONE),
		answered ? receipt : NULL, status != CH_OK ? ch_status_name(status) : "",
		answered ? receipt->detail : "");
	free(sent);
}

/* Waits while there is no room, as long as receipts come. */
static enum ch_status publish_hand_over(
	struct publishing *publishing, struct ch_event *event, struct sent *sent)
{
	enum ch_status status;
	atomic_fetch_add(&publishing->under_way, 1);
	if (atomic_load(&publishing->under_way) == 1)
		atomic_store(&publishing->heard_us, clock_steady_us());
	do {
		status = ch_publish_async(
			publishing->cli->connection, event, LOOK_UP_MS, publish_receipt, sent);
	} while (status == CH_FULL && !cli_stopped() &&
		 clock_steady_us() - atomic_load(&publishing->heard_us) <
			 publishing->cli->timeout_ms * 1000);
	if (status != CH_OK)
		atomic_fetch_sub(&publishing->under_way, 1);
	return status == CH_FULL ? CH_TIMEOUT : status;
}

/* The rest, with the same patience. */
static enum ch_status publish_flush(struct publishing *publishing)
{
	enum ch_status status;
	atomic_store(&publishing->heard_us, clock_steady_us());
	do {
		status = ch_publish_flush(publishing->cli->connection, LOOK_UP_MS);
	} while (status == CH_TIMEOUT && !cli_stopped() &&
		 clock_steady_us() - atomic_load(&publishing->heard_us) <
			 publishing->cli->timeout_ms * 1000);
	return status;
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
	enum ch_status status = publish_hand_over(publishing, event, sent);
	if (status != CH_OK)
		free(sent);
	return status;
}

/* False: going on makes no sense. */
static bool publish_line(
	struct publishing *publishing, struct ch_event *event, struct slice text, uint64_t line)
{
	char why[CLOUDEVENT_WHY];
	enum ch_status status = cloudevent_read(text, event, why); /* knows what is too long */
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
	if (status != CH_TIMEOUT && status != CH_CLOSED && status != CH_NOMEM) {
		atomic_fetch_add(&publishing->rejected, 1);
		publish_print(publishing, line, slice_of(id.data, id.len), "invalid", NULL,
			ch_status_name(status), ch_error_detail());
		return true;
	}
	atomic_fetch_add(&publishing->unknown, 1);
	char what[64];
	(void)snprintf(
		what, sizeof(what), "publish: stopped at line %llu", (unsigned long long)line);
	(void)cli_fail_status(publishing->cli, what, status);
	return false;
}

static enum ch_status publish_all(struct publishing *publishing, int fd)
{
	static struct lines lines; /* large, and there is one */
	struct ch_event *event = ch_event_create();
	struct progress progress;
	struct slice line;
	enum ch_status status = event != NULL ? CH_OK : CH_NOMEM;
	lines_init(&lines, fd, LIMIT_JSON_BYTES + 1); /* one more: then it is known for too long */
	progress_begin(&progress, "publish", publishing->cli->quiet || term_is_screen(), 0);
	while (status == CH_OK && (status = lines_next(&lines, cli_stopped, &line)) == CH_OK) {
		line = text_trim(line);
		if (line.len == 0)
			continue;
		if (!publish_line(publishing, event, line, lines.number))
			status = CH_CLOSED;
		progress_show(&progress, lines.number, 0);
	}
	progress_end(&progress);
	lines_fini(&lines);
	ch_event_free(event);
	return status == CH_END || status == CH_CLOSED ? CH_OK : status;
}

int publish_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	struct publishing publishing = {.cli = cli, .printing = PTHREAD_MUTEX_INITIALIZER};
	char text[WORDS_BYTES];
	if (!args_take(flags, &argc, argv) || argc > 1)
		return cli_fail(EXIT_USAGE, NULL, "publish: one FILE, or standard input");
	bool standard = argc == 0 || strcmp(argv[0], "-") == 0;
	int in = standard ? STDIN_FILENO : open(argv[0], O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return cli_fail(EXIT_USAGE, NULL, "%s: %s", argv[0], strerror(errno));
	int result = cli->dry_run ? EXIT_FINE : cli_connect(cli);
	if (result == EXIT_FINE) {
		enum ch_status read = publish_all(&publishing, in);
		if (read != CH_OK)
			result = cli_fail(EXIT_CRITICAL, NULL, "the input cannot be read: %s",
				ch_status_text(read));
		if (!cli->dry_run) {
			enum ch_status status = publish_flush(&publishing);
			if (status != CH_OK)
				result = cli_fail_status(cli, "publish", status);
			/* Its callbacks look at what ends with this function. */
			ch_close(cli->connection);
			cli->connection = NULL;
		}
	}
	if (!standard)
		(void)close(in); /* only read */
	if (fflush(stdout) != 0 || ferror(stdout))
		result = cli_fail(EXIT_CRITICAL, NULL, "standard output cannot be written");
	if (result == EXIT_FINE && publishing.unknown > 0)
		result = EXIT_UNKNOWN;
	if (result == EXIT_FINE && publishing.rejected > 0)
		result = EXIT_WARNING;
	if (!cli->json && !cli->quiet)
		(void)fprintf(stderr, "%llu %s, %s, %llu rejected\n",
			(unsigned long long)publishing.accepted,
			cli->dry_run ? "valid" : "accepted",
			words_many(publishing.duplicates, "duplicate", "duplicates", text),
			(unsigned long long)publishing.rejected);
	return result;
}
