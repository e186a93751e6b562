/* listen: a durable subscriber in one page, and the two services of the quick start.
 *
 *     listen ENDPOINT SERVER_KEY KEY_FILE NAME HOW PATTERN...
 *
 * HOW is `head`: what there is, then it ends; `job`: until a replay has ended; `live`: until it is stopped.
 * A line for each delivery on standard output, with tabs: sequence, part, mode, customer, type, source, id.
 * It acknowledges a delivery after it has written the line: kill it, and what it had not acknowledged
 * comes again.
 *
 * Exit: 0, 2 with a reason when it cannot go on, 64 when it was called wrongly. */
#define _POSIX_C_SOURCE 200809L /* sigaction */

#include <carehub/carehub.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define LISTEN_MS 200 /* how late a signal may be noticed */

static volatile sig_atomic_t stop;

static void listen_stop(int number)
{
	(void)number;
	stop = 1;
}

static int listen_failed(const char *what, enum ch_status status)
{
	fprintf(stderr, "listen: %s: %s: %s\n", what, ch_status_text(status), ch_error_detail());
	return 2;
}

static enum ch_status listen_connect(char **argv, struct ch_connection **out_connection)
{
	struct ch_options *options = ch_options_create();
	if (options == NULL)
		return CH_NOMEM;
	enum ch_status status = ch_options_set_endpoint(options, argv[0]);
	if (status == CH_OK)
		status = ch_options_set_server_key(options, argv[1]);
	if (status == CH_OK)
		status = ch_options_set_key_file(options, argv[2]);
	if (status == CH_OK)
		status = ch_connect(options, out_connection);
	ch_options_free(options);
	return status;
}

static enum ch_status listen_print(struct ch_event *event, const struct ch_delivery *delivery)
{
	static const char *const modes[] = {"live", "catch-up", "replay", "snapshot"};
	enum ch_status status = ch_event_read(event, delivery->event, delivery->personal);
	if (status != CH_OK)
		return status;
	printf("%" PRIu64 "\t%" PRIu32 "\t%s\t%" PRIu64 "\t" CH_BYTES_FORMAT "\t" CH_BYTES_FORMAT
	       "\t" CH_BYTES_FORMAT "\n",
		delivery->sequence, delivery->part, modes[delivery->mode], delivery->customer,
		CH_BYTES_ARGS(ch_event_get(event, CH_TYPE)),
		CH_BYTES_ARGS(ch_event_get(event, CH_SOURCE)),
		CH_BYTES_ARGS(ch_event_get(event, CH_ID)));
	return fflush(stdout) == 0 ? CH_OK : CH_IO;
}

/* CH_OK: it is over, as it should be. */
static enum ch_status listen_loop(
	struct ch_subscription *subscription, struct ch_event *event, bool until_job)
{
	while (!stop) {
		const struct ch_delivery *delivery = NULL;
		struct ch_mark mark;
		enum ch_status status =
			ch_subscription_next(subscription, LISTEN_MS, &delivery, &mark);
		if (status == CH_TIMEOUT)
			continue;
		if (status == CH_OK && delivery != NULL)
			status = listen_print(event, delivery);
		if (status == CH_OK && delivery != NULL)
			status = ch_ack(subscription, delivery);
		else if (status == CH_OK && until_job && mark.what == CH_MARK_END)
			return CH_OK;
		if (status == CH_END)
			return CH_OK;
		if (status != CH_OK)
			return status;
	}
	return CH_OK;
}

int main(int argc, char **argv)
{
	struct ch_connection *connection = NULL;
	struct ch_subscription *subscription = NULL;
	struct ch_event *event = ch_event_create();
	struct sigaction action = {.sa_handler = listen_stop};
	int result = 0;
	if (argc < 7 || event == NULL) {
		fputs("Usage: listen ENDPOINT SERVER_KEY KEY_FILE NAME head|job|live PATTERN...\n",
			stderr);
		return 64;
	}
	(void)sigaction(SIGTERM, &action, NULL); /* cannot fail for these */
	(void)sigaction(SIGINT, &action, NULL);
	enum ch_status status = listen_connect(argv + 1, &connection);
	if (status != CH_OK)
		result = listen_failed(argv[1], status);
	struct ch_subscribe_options wish = {
		CH_SUBSCRIBE_SIZE,
		.name = argv[4],
		.types = (const char *const *)argv + 6,
		.type_count = (size_t)argc - 6,
		.from = CH_FROM_EARLIEST,
		.stop_at_head = strcmp(argv[5], "head") == 0,
	};
	if (status == CH_OK) {
		status = ch_subscribe(connection, &wish, 10000, &subscription);
		if (status != CH_OK)
			result = listen_failed(argv[4], status);
	}
	if (status == CH_OK) {
		status = listen_loop(subscription, event, strcmp(argv[5], "job") == 0);
		if (status != CH_OK)
			result = listen_failed(argv[4], status);
	}
	/* The last acks are on their way: close waits for the hub's word. */
	if (subscription != NULL) {
		status = ch_subscription_close(subscription, 10000);
		if (status != CH_OK && result == 0)
			result = listen_failed("close", status);
	}
	ch_close(connection);
	ch_event_free(event);
	return result;
}
