#include "kit/courier.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bell.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "carehub/carehub.h"
#include "kit/secret.h"

#define KEY_FILE_BYTES 4096u
#define WINDOW_BYTES   ((size_t)64 << 20)

struct courier {
	const char *program;
	struct bell *bell;
	struct ch_connection *connection;
	struct ch_event *event;
	struct flight *oldest; /* under way */
	struct flight *newest;
	uint64_t under_way;
	int64_t heard_us; /* when the hub last answered, or had nothing to answer to */
	struct mailbox landed;
	struct mailbox_node *taken; /* out of the mailbox, not yet given */

	/* Written by the library's thread. */
	_Atomic bool up;
	_Atomic int verdict;
};

struct flight *flight_create(void)
{
	return calloc(1, sizeof(struct flight));
}

void flight_free(struct flight *flight)
{
	if (flight == NULL)
		return;
	buffer_fini(&flight->event);
	buffer_fini(&flight->origin);
	free(flight);
}

/* ---- On the library's thread ---- */

static void courier_wake(void *context)
{
	bell_ring(context);
}

static void courier_landed(void *context, enum ch_status status, const struct ch_receipt *receipt)
{
	struct flight *flight = context;
	flight->status = status;
	if (receipt != NULL)
		flight->receipt = *receipt;
	invariant(mailbox_post(
		&flight->courier->landed, &flight->node)); /* closed after the connection */
}

static void courier_state(void *context, struct ch_connection *connection, enum ch_state state,
	enum ch_status why, const char *detail)
{
	struct courier *courier = context;
	(void)connection;
	courier->up = state == CH_CONNECTED;
	bell_ring(courier->bell); /* what waited for it may go on */
	if (state == CH_CONNECTED) {
		courier->verdict = CH_OK;
		log_info("hub.connected", "adapter=%s", courier->program);
	} else if (state == CH_LOST) {
		bool final = why == CH_DENIED || why == CH_VERSION || why == CH_INVALID;
		courier->verdict = (int)(final ? why : CH_OK);
		log_warning("hub.lost", "adapter=%s status=%s detail=\"%s\"", courier->program,
			ch_status_name(why), detail != NULL ? detail : "");
	}
}

/* ---- Connecting ---- */

static enum ch_status courier_server_key(
	const struct kit_settings *settings, struct ch_options *options)
{
	struct buffer text = {0};
	struct buffer key = {0};
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
		buffer_append_slice(&key, line);
		status = ch_options_set_server_key(options, buffer_text(&key));
	}
	buffer_fini(&key);
	buffer_fini(&text);
	return status;
}

/* The library says which file it is, if it is about one. */
static enum ch_status courier_judge(
	enum ch_status status, const char *key, struct problems *problems)
{
	const char *detail = ch_error_detail();
	if (status == CH_OK)
		return CH_OK;
	problems_add(
		problems, NULL, 0, key, "%s", detail[0] != 0 ? detail : ch_status_text(status));
	return CH_INVALID;
}

static enum ch_status courier_check_server_key(
	const struct kit_settings *settings, struct ch_options *options, struct problems *problems)
{
	const char *path = settings->server_key_file;
	if (settings->server_key != NULL)
		return courier_judge(
			courier_server_key(settings, options), "hub.server_key", problems);
	enum ch_status status = path != NULL ? courier_server_key(settings, options) : CH_OK;
	if (status == CH_OK)
		return CH_OK;
	problems_add(problems, NULL, 0, "hub.server_key_file", "%s: %s", path,
		status == CH_FORMAT ? "holds no key, neither Z85 nor hex" : file_why(status));
	return CH_INVALID;
}

enum ch_status courier_check(const struct kit_settings *settings, struct problems *problems)
{
	struct ch_options *options = ch_options_create();
	enum ch_status endpoint = CH_OK;
	enum ch_status own = CH_OK;
	if (options == NULL)
		return CH_NOMEM;
	if (settings->endpoint != NULL)
		endpoint = courier_judge(ch_options_set_endpoint(options, settings->endpoint),
			"hub.endpoint", problems);
	enum ch_status server = courier_check_server_key(settings, options, problems);
	if (settings->key_file != NULL)
		own = secret_open(settings->key_file, "hub.key_file", problems, NULL);
	if (settings->key_file != NULL && own == CH_OK)
		own = courier_judge(ch_options_set_key_file(options, settings->key_file),
			"hub.key_file", problems);
	ch_options_free(options);
	return endpoint != CH_OK ? endpoint : server != CH_OK ? server : own;
}

enum ch_status courier_identify(
	const struct kit_settings *settings, const char *program, struct ch_options *options)
{
	char agent[64];
	(void)snprintf(agent, sizeof(agent), "%s %s", program, CAREHUB_VERSION);
	enum ch_status status = ch_options_set_endpoint(options, settings->endpoint);
	if (status == CH_OK)
		status = courier_server_key(settings, options);
	if (status == CH_OK)
		status = ch_options_set_key_file(options, settings->key_file);
	return status == CH_OK ? ch_options_set_agent(options, agent) : status;
}

static enum ch_status courier_ask_checkpoints(
	const struct courier_options *wish, struct ch_options *options)
{
	enum ch_status status = CH_OK;
	if (wish->checkpoint_source == NULL)
		return CH_OK;
	for (size_t i = 0; status == CH_OK; i++) {
		const char *source = wish->checkpoint_source(wish->source, i);
		if (source == NULL)
			break;
		status = ch_options_add_checkpoint_source(options, source);
	}
	return status;
}

static enum ch_status courier_connect(struct courier *courier, const struct courier_options *wish)
{
	const struct kit_settings *settings = wish->settings;
	struct ch_options *options = ch_options_create();
	if (options == NULL)
		return CH_NOMEM;
	enum ch_status status = courier_identify(settings, courier->program, options);
	if (status == CH_OK)
		status = courier_ask_checkpoints(wish, options);
	ch_options_set_window(options, (uint32_t)settings->window, WINDOW_BYTES);
	ch_options_set_batch(options, (uint32_t)settings->batch);
	ch_options_set_lazy(options, true);
	ch_options_set_retry(options, wish->retry);
	ch_options_set_state_callback(options, courier_state, courier);
	if (status == CH_OK)
		status = ch_connect(options, &courier->connection);
	ch_options_free(options);
	return status;
}

enum ch_status courier_open(const struct courier_options *options, struct courier **out_courier)
{
	struct courier *courier = calloc(1, sizeof(*courier));
	if (courier == NULL)
		return CH_NOMEM;
	courier->program = options->program;
	courier->bell = options->bell;
	mailbox_init(&courier->landed, courier_wake, options->bell);
	courier->event = ch_event_create();
	enum ch_status status = courier->event != NULL ? CH_OK : CH_NOMEM;
	if (status == CH_OK)
		status = courier_connect(courier, options);
	if (status != CH_OK) {
		courier_free(courier);
		return status;
	}
	*out_courier = courier;
	return CH_OK;
}

void courier_end(struct courier *courier)
{
	ch_close(courier->connection);
	courier->connection = NULL;
	courier->up = false;
}

void courier_free(struct courier *courier)
{
	if (courier == NULL)
		return;
	courier_end(courier);
	invariant(courier->under_way == 0);
	ch_event_free(courier->event);
	mailbox_fini(&courier->landed);
	free(courier);
}

/* ---- Sending ---- */

static void courier_set(struct ch_event *event, enum ch_attribute attribute, struct slice value)
{
	if (value.len > 0)
		ch_event_set(event, attribute, (struct ch_bytes){value.data, value.len});
}

static void courier_fill(struct ch_event *event, const struct envelope *envelope, int64_t waited_us)
{
	int64_t sent_us = envelope->sent_us;
	if (sent_us != 0 && waited_us > 0 && __builtin_add_overflow(sent_us, waited_us, &sent_us))
		sent_us = envelope->sent_us;
	ch_event_clear(event);
	courier_set(event, CH_ID, envelope->id);
	courier_set(event, CH_SOURCE, envelope->source);
	courier_set(event, CH_TYPE, envelope->type);
	courier_set(event, CH_SUBJECT, envelope->subject);
	courier_set(event, CH_DATASCHEMA, envelope->dataschema);
	courier_set(event, CH_TRACEPARENT, envelope->traceparent);
	courier_set(event, CH_TRACESTATE, envelope->tracestate);
	courier_set(event, CH_CORRELATION_ID, envelope->correlation_id);
	courier_set(event, CH_CAUSATION_ID, envelope->causation_id);
	courier_set(event, CH_CHECKPOINT, envelope->checkpoint);
	courier_set(event, CH_DIGEST, envelope->digest);
	courier_set(event, CH_DATA, envelope->data);
	courier_set(event, CH_PERSONAL, envelope->personal);
	ch_event_set_time(event, envelope->time_us, sent_us);
}

static void courier_enlist(struct courier *courier, struct flight *flight)
{
	flight->sent_us = clock_steady_us();
	if (courier->under_way == 0)
		courier->heard_us = flight->sent_us;
	flight->older = courier->newest;
	flight->newer = NULL;
	if (courier->newest != NULL)
		courier->newest->newer = flight;
	else
		courier->oldest = flight;
	courier->newest = flight;
	courier->under_way++;
}

static void courier_delist(struct courier *courier, struct flight *flight)
{
	if (flight->older != NULL)
		flight->older->newer = flight->newer;
	else
		courier->oldest = flight->newer;
	if (flight->newer != NULL)
		flight->newer->older = flight->older;
	else
		courier->newest = flight->older;
	courier->under_way--;
}

enum ch_status courier_send(struct courier *courier, const struct envelope *envelope,
	int64_t waited_us, struct flight **flight)
{
	(*flight)->courier = courier;
	courier_fill(courier->event, envelope, waited_us);
	enum ch_status status =
		ch_publish_async(courier->connection, courier->event, 0, courier_landed, *flight);
	if (status != CH_OK)
		return status;
	courier_enlist(courier, *flight);
	*flight = NULL; /* the courier's now */
	return CH_OK;
}

struct flight *courier_take(struct courier *courier)
{
	if (!courier_has_landed(courier))
		return NULL;
	struct flight *flight = (struct flight *)(void *)courier->taken;
	courier->taken = courier->taken->next;
	courier_delist(courier, flight);
	return flight;
}

struct ch_connection *courier_connection(const struct courier *courier)
{
	return courier->connection;
}

enum ch_status courier_ask(struct courier *courier, const char *operation, struct ch_bytes body,
	ch_answer_callback *callback, void *context)
{
	if (courier->connection == NULL)
		return CH_CLOSED;
	return ch_query_async(courier->connection, operation, body, callback, context);
}

bool courier_has_landed(struct courier *courier)
{
	if (courier->taken == NULL) {
		courier->taken = mailbox_take(&courier->landed);
		if (courier->taken != NULL)
			courier->heard_us = clock_steady_us();
	}
	return courier->taken != NULL;
}

/* ---- How it is ---- */

struct flight *courier_oldest(const struct courier *courier)
{
	return courier->oldest;
}

uint64_t courier_under_way(const struct courier *courier)
{
	return courier->under_way;
}

int64_t courier_silence_us(const struct courier *courier)
{
	return courier->under_way > 0 ? clock_steady_us() - courier->heard_us : 0;
}

bool courier_is_up(const struct courier *courier)
{
	return courier->up;
}

enum ch_status courier_checkpoint(
	const struct courier *courier, const char *source, struct buffer *out)
{
	uint8_t bytes[LIMIT_CHECKPOINT_BYTES];
	size_t len;
	if (courier->connection == NULL)
		return CH_CLOSED;
	enum ch_status status = ch_connection_checkpoint(
		courier->connection, source, bytes, sizeof(bytes), &len, NULL);
	if (status != CH_OK)
		return status;
	buffer_append(out, bytes, len);
	return out->status;
}

enum ch_status courier_verdict(const struct courier *courier)
{
	return (enum ch_status)courier->verdict;
}
