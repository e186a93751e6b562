#include "cli/cli.h"

#include <signal.h>
#include <stdarg.h>

#include "cli/context.h"
#include "cli/term.h"

static volatile sig_atomic_t stopped;

static void cli_stop(int number)
{
	(void)number;
	stopped = 1;
}

bool cli_stopped(void)
{
	return stopped != 0;
}

int cli_fail(enum cli_exit status, const char *advice, const char *format, ...)
{
	char text[1024];
	struct buffer line = {0};
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments); /* cut is fine for people */
	va_end(arguments);
	/* Parts of it may come from the hub, or from anybody's event. */
	term_append(&line, slice_text(text));
	(void)fprintf(stderr, "carehub: %s\n", buffer_text(&line));
	if (advice != NULL)
		(void)fprintf(stderr, "         %s\n", advice);
	buffer_fini(&line);
	return (int)status;
}

/* What to do about a status, and how bad it is. */
static const struct {
	enum ch_status status;
	enum cli_exit exit;
	const char *advice;
} answers[] = {
	{CH_NOT_FOUND, EXIT_WARNING, NULL},
	{CH_EXISTS, EXIT_WARNING, NULL},
	{CH_END, EXIT_WARNING, NULL},
	{CH_INVALID, EXIT_USAGE, NULL},
	{CH_MISSING, EXIT_USAGE, NULL},
	{CH_CONFLICT, EXIT_WARNING, NULL},
	{CH_TIMEOUT, EXIT_UNKNOWN, "whether it was done is not known: look, and ask again"},
	{CH_DENIED, EXIT_CRITICAL, "carehub doctor shows what this key may do"},
	{CH_CLOSED, EXIT_CRITICAL, "does the hub run there? carehub doctor looks"},
	{CH_BUSY, EXIT_CRITICAL, "try again in a moment"},
	{CH_RETRY, EXIT_CRITICAL, "try again in a moment"},
	{CH_VERSION, EXIT_CRITICAL, "hub and carehub are of different versions"},
	{CH_UNSUPPORTED, EXIT_CRITICAL, "hub and carehub are of different versions"},
	{CH_CORRUPT, EXIT_CRITICAL, "stop the hub, then: carehubd verify"},
};

int cli_fail_status(const struct cli *cli, const char *what, enum ch_status status)
{
	const char *detail = ch_error_detail();
	/* The library puts the operation's name before the hub's own sentence. */
	const char *colon = strstr(detail, ": ");
	enum cli_exit result = EXIT_CRITICAL;
	const char *advice = NULL;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].status == status) {
			result = answers[i].exit;
			advice = answers[i].advice;
		}
	}
	(void)cli;
	if (colon != NULL && colon[2] != 0)
		return cli_fail(result, advice, "%s: %s", what, colon + 2);
	return cli_fail(result, advice, "%s: %s%s%s", what, ch_status_text(status),
		detail[0] != 0 ? ": " : "", detail);
}

/* ---- Connecting ---- */

static int cli_options(const struct context *context, struct ch_options *options)
{
	char key[65];
	enum ch_status status = context_public_key(context->server_key, key);
	if (status == CH_OK)
		status = ch_options_set_server_key(options, key);
	if (status != CH_OK)
		return cli_fail(EXIT_USAGE, "it is 40 characters of Z85, or a file that holds them",
			"the hub's key \"%s\": %s", context->server_key, ch_status_text(status));
	status = ch_options_set_key_file(options, context->key_file);
	if (status == CH_DENIED)
		return cli_fail(EXIT_USAGE, "chmod 600 it",
			"others than its owner may read %s, so the key is no secret",
			context->key_file);
	if (status != CH_OK)
		return cli_fail(EXIT_USAGE, "carehub keys new NAME makes one",
			"the key file %s: %s", context->key_file, ch_status_text(status));
	status = ch_options_set_endpoint(options, context->endpoint);
	if (status == CH_OK)
		status = ch_options_set_agent(options, "carehub " CAREHUB_VERSION);
	return status == CH_OK ? EXIT_FINE
			       : cli_fail(EXIT_USAGE, NULL, "%s: %s", context->endpoint,
					 ch_status_text(status));
}

/* The library's sentence, without the address that it may begin with. */
static const char *cli_why(const char *endpoint, enum ch_status status)
{
	const char *detail = ch_error_detail();
	size_t len = strlen(endpoint);
	if (strncmp(detail, endpoint, len) == 0 && strncmp(detail + len, ": ", 2) == 0)
		detail += len + 2;
	return detail[0] != 0 ? detail : ch_status_text(status);
}

int cli_connect(struct cli *cli)
{
	struct context context;
	if (cli->connection != NULL)
		return EXIT_FINE;
	struct sigaction action = {.sa_handler = cli_stop};
	(void)sigaction(SIGINT, &action, NULL); /* these cannot fail */
	(void)sigaction(SIGTERM, &action, NULL);
	int result = context_read(cli, &context);
	if (result != EXIT_FINE)
		return result;
	struct ch_options *options = ch_options_create();
	if (options == NULL)
		return cli_fail(EXIT_CRITICAL, NULL, "memory ran out");
	result = cli_options(&context, options);
	if (result == EXIT_FINE) {
		ch_options_set_connect_timeout(options, cli->timeout_ms);
		enum ch_status status = ch_connect(options, &cli->connection);
		if (status == CH_OK)
			status = ch_connection_info(cli->connection, &cli->info);
		if (status != CH_OK)
			result = cli_fail(EXIT_CRITICAL,
				status == CH_DENIED
					? "is our key in its peers.d, and its key the right one?"
					: "is the address right, and does carehubd run there?",
				"%s: %s", context.endpoint, cli_why(context.endpoint, status));
	}
	ch_options_free(options);
	return result;
}
