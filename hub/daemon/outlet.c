#include "daemon/outlet.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/log.h"
#include "core/apply.h"
#include "core/view.h"
#include "fanout/consumer.h"
#include "net/live.h"

/* How often it is asked whether anybody listens on the live port. */
#define LIVE_TICK_MS 200

struct outlet {
	struct outlet_options options;
	struct desk *desk;
	struct fanout *fanout;
	struct live *live;
	struct loop_timer *tick;
	struct loop_task deliver;
	atomic_bool deliver_posted;
};

/* ---- From the fan-out ---- */

static void outlet_deliver(struct loop_task *task)
{
	struct outlet *outlet =
		(struct outlet *)(void *)((char *)task - offsetof(struct outlet, deliver));
	/* Before looking, so that what comes while we look posts again. */
	atomic_store(&outlet->deliver_posted, false);
	if (outlet->fanout != NULL)
		fanout_deliver(outlet->fanout);
}

static void outlet_ready(void *context)
{
	struct outlet *outlet = context;
	if (!atomic_exchange(&outlet->deliver_posted, true))
		(void)loop_post(outlet->options.loop, &outlet->deliver); /* false: stopping */
}

static void outlet_failed(void *context, enum ch_status status, const char *what)
{
	struct outlet *outlet = context;
	outlet->options.failed(outlet->options.context, status, what);
}

static void outlet_live(void *context, struct slice type, struct slice frame)
{
	struct outlet *outlet = context;
	live_publish(outlet->live, type, frame);
}

/* Customers are several stored values each; everything else is one value that is its message. */
static enum ch_status outlet_next_customer(
	struct snapshot *snapshot, struct snapshot_record *record)
{
	uint8_t key[8];
	uint64_t number = record->key.len == sizeof(key) ? load_be64(record->key.data) : 0;
	enum ch_status status = view_snapshot_customer(snapshot, &number, &record->record);
	if (status != CH_OK)
		return status;
	store_be64(key, number);
	buffer_clear(&record->key);
	buffer_append(&record->key, key, sizeof(key));
	record->customer = number;
	return record->key.status;
}

static enum ch_status outlet_next_record(void *context, struct snapshot *snapshot,
	enum store_table table, struct snapshot_record *record)
{
	struct slice key;
	struct slice value;
	(void)context;
	if (table == TABLE_CUSTOMER)
		return outlet_next_customer(snapshot, record);
	enum ch_status status =
		snapshot_next(snapshot, table, buffer_slice(&record->key), &key, &value);
	if (status != CH_OK)
		return status;
	/* Behind the newest values stand past ones and what finds them: they are asked for. */
	if (table == TABLE_REFERENCE && key.len > 0 && key.data[0] == KEY_REFERENCE_MORE)
		return CH_END;
	/* Reference data: when(8) sequence(8), then the message. */
	buffer_append_slice(&record->record,
		table == TABLE_REFERENCE ? slice_sub(value, 16, value.len) : value);
	record->customer = view_owner(table, value);
	buffer_clear(&record->key);
	buffer_append_slice(&record->key, key);
	return record->key.status != CH_OK ? record->key.status : record->record.status;
}

/* ---- Sessions ---- */

static bool outlet_may_subscribe(void *context, struct slice pattern)
{
	return peer_may_subscribe(session_peer(context), pattern);
}

static bool outlet_send(void *context, struct buffer *frame)
{
	/* A connection that is going takes nothing more: what it had not answered comes again. */
	enum ch_status status = session_send_buffer(context, frame);
	if (status == CH_FULL)
		return false;
	buffer_fini(frame);
	return true;
}

static enum ch_status outlet_consumer(
	struct outlet *outlet, struct session *session, struct consumer **out_consumer)
{
	const struct peer *peer = session_peer(session);
	struct consumer_options options = {
		.peer = slice_text(peer->name),
		.is_operator = peer_may(peer, PEER_OPERATOR),
		.may_subscribe = outlet_may_subscribe,
		.send = outlet_send,
		.context = session,
	};
	*out_consumer = session_user(session);
	if (*out_consumer != NULL)
		return CH_OK;
	if (!peer_may(peer, PEER_CONSUMER))
		return CH_DENIED;
	enum ch_status status = consumer_open(outlet->fanout, &options, out_consumer);
	if (status == CH_OK)
		session_set_user(session, *out_consumer);
	return status;
}

void outlet_consume(struct outlet *outlet, struct session *session, int kind,
	struct message *message, struct slice body)
{
	struct consumer *consumer = NULL;
	const char *field = "";
	enum ch_status status = outlet_consumer(outlet, session, &consumer);
	if (status == CH_DENIED)
		field = "the peer is no consumer";
	if (status == CH_OK)
		status = consumer_message(consumer, (enum frame_kind)kind, body, &field);
	message_free(message);
	if (status != CH_OK)
		session_refuse(session, kind, status, field, 0, status == CH_FULL);
}

void outlet_closed(struct session *session)
{
	consumer_close(session_user(session));
	session_set_user(session, NULL);
}

void outlet_writable(struct session *session)
{
	struct consumer *consumer = session_user(session);
	if (consumer != NULL)
		consumer_writable(consumer);
}

void outlet_recheck(struct outlet *outlet, struct bus *bus)
{
	size_t at = 0;
	struct session *session;
	while ((session = session_next(bus, &at)) != NULL) {
		struct consumer *consumer = session_user(session);
		if (consumer != NULL && consumer_recheck(consumer) != CH_OK)
			session_refuse(session, 0, CH_NOMEM, "rights could not be judged", 0, true);
	}
	if (outlet->live != NULL)
		live_recheck(outlet->live);
}

/* ---- Life ---- */

static void outlet_tick(void *context)
{
	struct outlet *outlet = context;
	fanout_set_live(outlet->fanout, live_wanted(outlet->live));
}

static enum ch_status outlet_open_live(struct outlet *outlet)
{
	const struct daemon_settings *settings = outlet->options.settings;
	struct live_options options = {
		.listener =
			{
				.address = settings->live_listen,
				.receive_messages = 64,
				.send_messages = 10000,
				.message_bytes = 4096, /* subscriptions are short */
				.heartbeat_ms = settings->bus_heartbeat_ms,
				.handshake_ms = 10000,
				.linger_ms = 0,
			},
		.connections_max = settings->bus_connections,
	};
	if (settings->live_listen == NULL || settings->live_listen[0] == 0)
		return CH_OK;
	enum ch_status status =
		live_open(outlet->options.loop, outlet->options.zap, &options, &outlet->live);
	if (status == CH_OK)
		status =
			loop_timer_create(outlet->options.loop, outlet_tick, outlet, &outlet->tick);
	if (status == CH_OK)
		loop_timer_start(outlet->tick, LIVE_TICK_MS, LIVE_TICK_MS);
	return status;
}

enum ch_status outlet_open(const struct outlet_options *options, struct outlet **out_outlet)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));
	if (outlet == NULL)
		return CH_NOMEM;
	outlet->options = *options;
	outlet->deliver.run = outlet_deliver;
	struct fanout_options fanout = {
		.journal = options->engine->journal,
		.state = options->engine->state,
		.next_record = outlet_next_record,
		.ready = outlet_ready,
		.failed = outlet_failed,
		.live = outlet_live,
		.context = outlet,
	};
	enum ch_status status = desk_open(options->settings->paths.desk, &outlet->desk);
	if (status == CH_OK) {
		fanout.desk = outlet->desk;
		status = fanout_start(&fanout, &outlet->fanout);
	}
	if (status == CH_OK)
		status = outlet_open_live(outlet);
	if (status != CH_OK) {
		log_error("hub.start", "what=outlet status=%s path=%s live=%s",
			ch_status_name(status), options->settings->paths.desk,
			options->settings->live_listen != NULL ? options->settings->live_listen
							       : "");
		outlet_stop(outlet);
		outlet_free(outlet);
		return status;
	}
	*out_outlet = outlet;
	return CH_OK;
}

void outlet_stop(struct outlet *outlet)
{
	if (outlet == NULL)
		return;
	if (outlet->tick != NULL)
		loop_timer_free(outlet->tick);
	fanout_stop(outlet->fanout);
	outlet->fanout = NULL;
	if (outlet->live != NULL)
		live_close(outlet->live);
	desk_close(outlet->desk);
}

void outlet_free(struct outlet *outlet)
{
	free(outlet);
}

const char *outlet_live_address(const struct outlet *outlet)
{
	return outlet->live != NULL ? live_address(outlet->live) : "";
}

struct fanout *outlet_fanout(struct outlet *outlet)
{
	return outlet->fanout;
}

void outlet_wake(struct outlet *outlet)
{
	fanout_wake(outlet->fanout);
}

uint64_t outlet_floor(const struct outlet *outlet)
{
	return fanout_floor(outlet->fanout);
}
