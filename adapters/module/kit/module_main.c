#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "kit/help.h"
#include "kit/reload.h"
#include "module/kit/book_inside.h"
#include "module/kit/module_generation.h"
#include "module/kit/module_settings.h"

#define EXIT_SOME     1
#define EXIT_UNUSABLE 2
#define EXIT_NOT_YET  3
#define EXIT_USAGE    64

#define DIGEST_BYTES 16u

static atomic_int stop; /* lock-free: a handler may set it */
static atomic_int reload;

static void main_hear_stop(int number)
{
	(void)number;
	stop = 1;
}

static void main_hear_reload(int number)
{
	(void)number;
	reload = 1;
}

struct call {
	const struct module *module;
	const char *config;
	bool once;
	bool json;
	bool tables;
};

static int main_usage(const char *program, FILE *out, int result)
{
	fprintf(out,
		"Usage: %s run --config FILE [--once]\n"
		"       %s check --config FILE\n"
		"       %s reload --config FILE\n"
		"       %s rebuild --config FILE\n"
		"       %s status --config FILE [--json | --tables]\n"
		"       %s config\n\n"
		"run      Folds the hub's events into the module's book, and does what follows from\n"
		"         them; with --once until it has all that there is.  SIGHUP reads FILE anew.\n"
		"check    Reports everything that is wrong with the configuration.\n"
		"reload   Has the module that runs with FILE read it anew, and tells what came of it.\n"
		"rebuild  Removes the book of a module that does not run: the next run makes it anew\n"
		"         from the journal, and says nothing twice.\n"
		"status   How far the book has come, and what is missing or was refused; with --tables\n"
		"         also a digest of each table: two books with the same are the same.\n"
		"config   Prints a commented configuration with every setting.\n\n"
		"Exit status: 0 fine, 1 something was rejected, refused or is missing, 2 unusable,\n"
		"3 there is no book yet, or it has not caught up, or nobody to reload, 64 usage.\n",
		program, program, program, program, program, program);
	return result;
}

static int main_report(const char *program, const struct problems *problems, enum ch_status status)
{
	struct buffer text = {0};
	problems_print(problems, &text);
	fputs(buffer_text(&text), stderr);
	if (problems_none(problems))
		fprintf(stderr, "%s: %s\n", program, ch_status_text(status));
	buffer_fini(&text);
	return EXIT_UNUSABLE;
}

/* ---- The configuration ---- */

static int main_check(const struct call *call)
{
	struct module_settings settings = {0};
	struct problems problems = {0};
	int result = 0;
	enum ch_status status =
		module_settings_load(call->config, call->module, &problems, &settings);
	if (status == CH_OK)
		printf("%s: ok\n", call->config);
	else
		result = main_report(call->module->program, &problems, status);
	module_settings_free(&settings, call->module);
	problems_fini(&problems);
	return result;
}

static int main_config(const struct call *call)
{
	struct buffer text = {0};
	module_settings_describe(call->module, &text);
	fputs(buffer_text(&text), stdout);
	buffer_fini(&text);
	return 0;
}

/* ---- Running ---- */

static void main_signals(void)
{
	struct sigaction stopping = {.sa_handler = main_hear_stop};
	struct sigaction reloading = {.sa_handler = main_hear_reload};
	(void)sigaction(SIGTERM, &stopping, NULL); /* cannot fail for these */
	(void)sigaction(SIGINT, &stopping, NULL);
	(void)sigaction(SIGHUP, &reloading, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static int main_run(const struct call *call)
{
	struct problems problems = {0};
	struct generations *generations = NULL;
	enum ch_status status =
		module_generations_open(call->module, call->config, &problems, &generations);
	if (status == CH_OK) {
		main_signals();
		status = generations_run(generations, call->once, &stop, &reload, &problems);
		log_info("module.stopped", "module=%s status=%s", call->module->program,
			ch_status_name(status));
	}
	if (status == CH_BUSY)
		fprintf(stderr, "%s: another process has the book\n", call->module->program);
	else if (status == CH_FENCED)
		fprintf(stderr, "%s: another process has taken the subscription\n",
			call->module->program);
	else if (status != CH_OK)
		(void)main_report(call->module->program, &problems, status);
	generations_close(generations);
	problems_fini(&problems);
	return status == CH_OK ? 0 : EXIT_UNUSABLE;
}

static int main_reload(const struct call *call)
{
	return reload_command(call->module->program, "module", call->config);
}

static int main_rebuild(const struct call *call)
{
	struct module_settings settings = {0};
	struct problems problems = {0};
	int result = 0;
	enum ch_status status =
		module_settings_load(call->config, call->module, &problems, &settings);
	if (status == CH_OK)
		status = book_discard(settings.book, false);
	if (status == CH_OK) {
		printf("%s: is empty; the next run makes it anew from the journal\n",
			settings.book);
	} else if (status == CH_BUSY) {
		fprintf(stderr, "%s: the module runs; stop it first\n", settings.book);
		result = EXIT_UNUSABLE;
	} else {
		result = main_report(call->module->program, &problems, status);
	}
	module_settings_free(&settings, call->module);
	problems_fini(&problems);
	return result;
}

/* ---- How it stands ---- */

static bool main_print_gap(void *context, const struct feed_gap *gap)
{
	(void)context;
	printf("missing     %" PRIu64 " to %" PRIu64 "\n", gap->first, gap->last);
	return true;
}

static bool main_print_reject(void *context, const struct feed_reject *reject)
{
	int *left = context;
	printf("rejected    %" PRIu64 ".%u %.*s: %.*s\n", reject->sequence, reject->part,
		(int)reject->type.len, (const char *)reject->type.data, (int)reject->reason.len,
		(const char *)reject->reason.data);
	return --*left > 0;
}

static enum ch_status main_print(const struct module_view *view)
{
	char arrival[CLOCK_TEXT_BYTES];
	char begun[CLOCK_TEXT_BYTES];
	int left = 10;
	const struct feed_state *feed = &view->feed;
	printf("module      %s, book version %u\n", view->module->program, view->module->version);
	printf("as of       %s, sequence %" PRIu64 " of journal %016" PRIx64 "\n",
		feed->arrival_us != 0 ? clock_format(feed->arrival_us, arrival) : "nothing yet",
		feed->position, feed->incarnation);
	printf("begun       %s%s\n", clock_format(feed->begun_us, begun),
		feed->caught_up ? "" : ", has not caught up since");
	printf("events      %" PRIu64 ", %" PRIu64 " of them rejected\n", feed->events,
		feed->rejects);
	printf("to be said  %" PRIu64 ", %" PRIu64 " refused\n", feed->waiting, feed->refused);
	printf("book        %" PRIu64 " bytes\n", book_used_bytes(view->book));
	enum ch_status status = feed_each_gap(view->txn, main_print_gap, NULL);
	return status == CH_OK ? feed_each_reject(view->txn, main_print_reject, &left) : status;
}

static void main_print_json(const struct module_view *view)
{
	const struct feed_state *feed = &view->feed;
	char arrival[CLOCK_TEXT_BYTES];
	char begun[CLOCK_TEXT_BYTES];
	printf("{\"module\": \"%s\", \"version\": %u, \"incarnation\": \"%016" PRIx64 "\", "
	       "\"position\": %" PRIu64 ", \"arrival\": ",
		view->module->program, view->module->version, feed->incarnation, feed->position);
	if (feed->arrival_us != 0)
		printf("\"%s\", ", clock_format(feed->arrival_us, arrival));
	else
		printf("null, ");
	printf("\"begun\": \"%s\", \"caughtUp\": %s, \"events\": %" PRIu64 ", \"rejects\": %" PRIu64
	       ", \"gaps\": %" PRIu64 ", \"missing\": %" PRIu64 ", \"waiting\": %" PRIu64
	       ", \"refused\": %" PRIu64 ", \"bookBytes\": %" PRIu64 "}\n",
		clock_format(feed->begun_us, begun), feed->caught_up ? "true" : "false",
		feed->events, feed->rejects, feed->gaps, feed->missing, feed->waiting,
		feed->refused, book_used_bytes(view->book));
}

/* A table in one line: two books are the same when these lines are. */
static enum ch_status main_print_table(struct book_txn *txn, const char *name, uint32_t table)
{
	crypto_generichash_state state;
	uint8_t digest[DIGEST_BYTES];
	char hex[2 * DIGEST_BYTES + 1];
	struct slice none = {NULL, 0};
	struct slice pair[2];
	struct book_walk *walk = NULL;
	(void)crypto_generichash_init(&state, NULL, 0, sizeof(digest)); /* fine with this length */
	enum ch_status status = book_walk_begin(txn, table, none, none, &walk);
	while (status == CH_OK && (status = book_walk_next(walk, &pair[0], &pair[1])) == CH_OK) {
		for (int i = 0; i < 2; i++) {
			uint8_t len[8];
			store_le64(len, pair[i].len);
			(void)crypto_generichash_update(&state, len, sizeof(len));
			(void)crypto_generichash_update(&state, pair[i].data, pair[i].len);
		}
	}
	book_walk_end(walk);
	if (status != CH_END)
		return status;
	(void)crypto_generichash_final(&state, digest, sizeof(digest));
	printf("table       %s %" PRIu64 " %s\n", name, book_count(txn, table),
		sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest)));
	return CH_OK;
}

static enum ch_status main_print_tables(const struct module_view *view)
{
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < view->module->table_count && status == CH_OK; i++)
		status = main_print_table(view->txn, view->module->tables[i], i);
	return status == CH_OK ? main_print_table(view->txn, "said", BOOK_SAID) : status;
}

static int main_status(const struct call *call)
{
	struct module_view view = {0};
	struct problems problems = {0};
	int result = 0;
	enum ch_status status = module_view_open(call->module, call->config, &problems, &view);
	if (status == CH_OK && call->json)
		main_print_json(&view);
	else if (status == CH_OK)
		status = main_print(&view);
	if (status == CH_OK && call->tables)
		status = main_print_tables(&view);
	if (status != CH_OK) {
		result = module_view_refuse(call->module, call->module->program, status, &problems);
	} else if (!view.feed.caught_up) {
		result = EXIT_NOT_YET;
	} else if (view.feed.rejects + view.feed.refused + view.feed.gaps > 0) {
		result = EXIT_SOME;
	}
	module_view_close(&view);
	problems_fini(&problems);
	return result;
}

/* ---- The command line ---- */

static const struct command {
	const char *name;
	int (*run)(const struct call *call);
	bool no_config;
} commands[] = {
	{"run", main_run, false},
	{"check", main_check, false},
	{"reload", main_reload, false},
	{"rebuild", main_rebuild, false},
	{"status", main_status, false},
	{"config", main_config, true},
};

static const struct command *main_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

bool module_main_has(const char *command)
{
	return main_find(command) != NULL;
}

int module_main(int argc, char **argv, const struct module *module)
{
	struct call call = {.module = module};
	const struct command *command = argc > 1 ? main_find(argv[1]) : NULL;
	if (help_asked(argc, argv))
		return main_usage(module->program, stdout, 0);
	if (command == NULL)
		return main_usage(module->program, stderr, EXIT_USAGE);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--once") == 0 && command->run == main_run)
			call.once = true;
		else if (strcmp(argv[i], "--json") == 0 && command->run == main_status)
			call.json = true;
		else if (strcmp(argv[i], "--tables") == 0 && command->run == main_status)
			call.tables = true;
		else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			call.config = argv[++i];
		else
			return main_usage(module->program, stderr, EXIT_USAGE);
	}
	if (call.config == NULL && !command->no_config)
		return main_usage(module->program, stderr, EXIT_USAGE);
	return command->run(&call);
}
