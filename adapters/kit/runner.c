/* The loop: take what is settled, ask for the next item, hand it on.
 *
 * Receipts come on libcarehub's thread and are posted to a mailbox, so that the source sees one thread.
 * The window bounds what is on its way; while it is full the loop waits in ch_publish_async, and what
 * the source has next waits at the source. */
#include "kit/runner.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/invariant.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/text.h"
#include "carehub/carehub.h"

#define KEY_FILE_BYTES 4096u
#define FLUSH_MS       500
#define LOOK_UP_US     100000 /* how late a signal may be noticed */

struct flight {
	struct mailbox_node node; /* first */
	struct runner *runner;
	struct kit_settled settled;
};

struct runner {
	const struct kit_adapter *adapter;
	void *source;
	struct ch_connection *connection;
	struct ch_event *event;
	struct mailbox landed;
	uint64_t in_flight;
	struct runner_counts counts;
};

static void runner_landed(void *context, enum ch_status status, const struct ch_receipt *receipt)
{
	struct flight *flight = context;
	flight->settled.status = status;
	if (receipt != NULL)
		flight->settled.receipt = *receipt;
	invariant(mailbox_post(
		&flight->runner->landed, &flight->node)); /* closed after the connection */
}

static void runner_count(struct runner_counts *counts, const struct ch_receipt *receipt)
{
	switch (receipt->outcome) {
	case CH_OUTCOME_ACCEPTED:
		counts->accepted++;
		break;
	case CH_OUTCOME_DUPLICATE:
		counts->duplicates++;
		break;
	case CH_OUTCOME_CONFLICT:
		counts->conflicts++;
		break;
	case CH_OUTCOME_REFUSED:
		counts->refused++;
		break;
	default:
		break; /* no answer: it comes again */
	}
}

/* Waits up to `timeout_us` for something to land. */
static void runner_settle(struct runner *runner, int64_t timeout_us)
{
	struct mailbox_node *node = timeout_us == 0 ? mailbox_take(&runner->landed)
						    : mailbox_wait(&runner->landed, timeout_us);
	while (node != NULL) {
		struct mailbox_node *next = node->next;
		struct flight *flight = (struct flight *)(void *)node;
		runner->in_flight--;
		runner_count(&runner->counts, &flight->settled.receipt);
		runner->adapter->settle(runner->source, &flight->settled);
		free(flight);
		node = next;
	}
}

static void runner_set(struct ch_event *event, enum ch_attribute attribute, struct slice value)
{
	if (value.len > 0)
		ch_event_set(event, attribute, (struct ch_bytes){value.data, value.len});
}

static void runner_fill(struct ch_event *event, const struct envelope *envelope)
{
	ch_event_clear(event);
	runner_set(event, CH_ID, envelope->id);
	runner_set(event, CH_SOURCE, envelope->source);
	runner_set(event, CH_TYPE, envelope->type);
	runner_set(event, CH_SUBJECT, envelope->subject);
	runner_set(event, CH_DATASCHEMA, envelope->dataschema);
	runner_set(event, CH_TRACEPARENT, envelope->traceparent);
	runner_set(event, CH_TRACESTATE, envelope->tracestate);
	runner_set(event, CH_CORRELATION_ID, envelope->correlation_id);
	runner_set(event, CH_CAUSATION_ID, envelope->causation_id);
	runner_set(event, CH_CHECKPOINT, envelope->checkpoint);
	runner_set(event, CH_DIGEST, envelope->digest);
	runner_set(event, CH_DATA, envelope->data);
	runner_set(event, CH_PERSONAL, envelope->personal);
	ch_event_set_time(event, envelope->time_us, envelope->sent_us);
}

/* An event that libcarehub will not take (too large, malformed) is settled as refused at once. */
static void runner_settle_unsent(struct runner *runner, uint64_t token, enum ch_status status)
{
	struct kit_settled settled = {.token = token, .status = status};
	settled.receipt.outcome = CH_OUTCOME_REFUSED;
	settled.receipt.reason = status;
	(void)snprintf(settled.receipt.detail, sizeof(settled.receipt.detail), "%s",
		ch_status_text(status)); /* a sentence fits */
	runner_count(&runner->counts, &settled.receipt);
	runner->adapter->settle(runner->source, &settled);
}

static enum ch_status runner_publish(
	struct runner *runner, const struct kit_item *item, const volatile int *stop)
{
	struct flight *flight = calloc(1, sizeof(*flight));
	enum ch_status status = CH_FULL;
	if (flight == NULL)
		return CH_NOMEM;
	flight->runner = runner;
	flight->settled.token = item->token;
	runner_fill(runner->event, item->envelope);
	while (status == CH_FULL && !*stop) {
		status = ch_publish_async(
			runner->connection, runner->event, FLUSH_MS, runner_landed, flight);
		if (status == CH_FULL)
			runner_settle(runner, 0);
	}
	if (status == CH_OK) {
		runner->in_flight++;
		return CH_OK;
	}
	free(flight);
	if (status == CH_FULL || status == CH_NOMEM || status == CH_CLOSED)
		return status; /* not handed over: the source gives it again */
	runner_settle_unsent(runner, item->token, status);
	return CH_OK;
}

static enum ch_status runner_item(
	struct runner *runner, const struct kit_item *item, const volatile int *stop)
{
	switch (item->what) {
	case KIT_EVENT:
		return runner_publish(runner, item, stop);
	case KIT_REJECT:
		runner->counts.rejected++;
		return CH_OK;
	default:
		return CH_OK;
	}
}

/* The source has nothing now: waits until something lands, or it is time to ask again. */
static void runner_idle(struct runner *runner, int64_t poll_us, const volatile int *stop)
{
	uint64_t before = runner->in_flight;
	for (int64_t left_us = poll_us; left_us > 0 && !*stop; left_us -= LOOK_UP_US) {
		runner_settle(runner, left_us < LOOK_UP_US ? left_us : LOOK_UP_US);
		if (runner->in_flight < before)
			return; /* perhaps the last one: then it is done, with --once */
	}
}

static enum ch_status runner_loop(struct runner *runner, const struct kit_settings *settings,
	bool once, const volatile int *stop)
{
	struct kit_item item;
	while (!*stop) {
		runner_settle(runner, 0);
		enum ch_status status = runner->adapter->next(runner->source, &item);
		if (status == CH_OK)
			status = runner_item(runner, &item, stop);
		if (status == CH_END && once && runner->in_flight == 0)
			return CH_OK;
		if (status == CH_END)
			runner_idle(runner, settings->poll_ms * 1000, stop);
		else if (status == CH_FULL && *stop)
			return CH_OK;
		else if (status != CH_OK)
			return status;
	}
	return CH_OK;
}

/* ---- Connecting ---- */

static enum ch_status runner_server_key(
	const struct kit_settings *settings, struct ch_options *options)
{
	struct buffer text = {0};
	if (settings->server_key != NULL)
		return ch_options_set_server_key(options, settings->server_key);
	enum ch_status status = file_read_all(settings->server_key_file, KEY_FILE_BYTES, &text);
	struct slice rest = buffer_slice(&text);
	struct slice line = {NULL, 0};
	while (status == CH_OK && text_split(&rest, '\n', &line)) {
		line = text_trim(line);
		if (line.len > 0 && !slice_starts(line, SLICE_LITERAL("# ")))
			break;
	}
	if (status == CH_OK) {
		struct buffer key = {0};
		buffer_append_slice(&key, line);
		status = ch_options_set_server_key(options, buffer_text(&key));
		buffer_fini(&key);
	}
	buffer_fini(&text);
	return status;
}

static void runner_state(void *context, struct ch_connection *connection, enum ch_state state,
	enum ch_status why, const char *detail)
{
	const struct kit_adapter *adapter = context;
	(void)connection;
	if (state == CH_CONNECTED)
		log_info("hub.connected", "adapter=%s", adapter->program);
	else if (state == CH_LOST)
		log_warning("hub.lost", "adapter=%s status=%s detail=\"%s\"", adapter->program,
			ch_status_name(why), detail != NULL ? detail : "");
}

static enum ch_status runner_connect(struct runner *runner, const struct kit_settings *settings)
{
	char agent[64];
	struct ch_options *options = ch_options_create();
	if (options == NULL)
		return CH_NOMEM;
	(void)snprintf(agent, sizeof(agent), "%s %s", runner->adapter->program, CAREHUB_VERSION);
	enum ch_status status = ch_options_set_endpoint(options, settings->endpoint);
	if (status == CH_OK)
		status = runner_server_key(settings, options);
	if (status == CH_OK)
		status = ch_options_set_key_file(options, settings->key_file);
	if (status == CH_OK)
		status = ch_options_set_agent(options, agent);
	ch_options_set_window(options, (uint32_t)settings->window, 64u << 20);
	ch_options_set_batch(options, (uint32_t)settings->batch);
	ch_options_set_lazy(options, true);
	ch_options_set_state_callback(options, runner_state, (void *)(uintptr_t)runner->adapter);
	if (status == CH_OK)
		status = ch_connect(options, &runner->connection);
	ch_options_free(options);
	return status;
}

enum ch_status runner_run(const struct kit_adapter *adapter, void *source,
	const struct kit_settings *settings, bool once, const volatile int *stop,
	struct runner_counts *out_counts)
{
	struct runner runner = {.adapter = adapter, .source = source};
	mailbox_init(&runner.landed, NULL, NULL);
	enum ch_status status = runner_connect(&runner, settings);
	if (status == CH_OK)
		runner.event = ch_event_create();
	if (status == CH_OK && runner.event == NULL)
		status = CH_NOMEM;
	if (status == CH_OK)
		status = runner_loop(&runner, settings, once, stop);
	/* What has no answer yet comes back as CH_CLOSED; the source gives it again next time. */
	ch_close(runner.connection);
	runner_settle(&runner, 0);
	ch_event_free(runner.event);
	mailbox_fini(&runner.landed);
	*out_counts = runner.counts;
	return status;
}
