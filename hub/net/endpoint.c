#include "net/endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "net/connection.h"
#include "net/pump.h"

#define ENDPOINT_MESSAGES_TURN 512
#define ENDPOINT_RETRIES_TURN  64
#define ENDPOINT_SWEEP_MS      100

/* A wake-up may be used up by another connection's send; this is how long that can go unseen. */
#define ENDPOINT_RETRY_MS 5

/* What a last word to a connection that is thrown out has to leave the hub. */
#define ENDPOINT_CUT_US 200000

/* How long the messages of a connection that is gone are waited for while others flood. */
#define ENDPOINT_GONE_US 1000000

struct endpoint {
	struct loop *loop;
	struct zap *zap;
	struct endpoint_events events;
	void *socket;
	struct pump *pump;
	struct links *links;
	struct loop_timer *sweep; /* also what finds messages that nobody announces */
	struct loop_timer *retry;
	struct connections connections;
	struct connection *last;    /* that a message came from: they come in runs */
	struct connection *skipped; /* whose message of too many parts is being thrown away */
	unsigned skipped_parts;
	bool skipping;
	bool reading;
	bool turning; /* what is sent now is within a turn */
	bool drained; /* the socket was empty at the last look */
	bool touched; /* sent since then: that may have used up a wake-up */
	uint64_t received_since_sweep;
	int64_t taken; /* messages of this turn, and their bytes */
	int64_t taken_bytes;
	int64_t swept_us;
	struct connection *gone; /* a list by next_gone, as the next one */
	struct connection *cut;  /* the oldest first */
	struct connection **cut_end;
	struct connection *blocked; /* whose turn it is; the ring goes on from there */
	size_t blocked_count;
	char address[LISTENER_ADDRESS_BYTES];
	struct metric *received;
	struct metric *received_bytes;
	struct metric *sent;
	struct metric *sent_bytes;
	struct metric *full;
	struct metric *malformed;
	struct metric *unidentified;
};

/* ---- Connections that cannot send now ---- */

static void endpoint_block(struct endpoint *endpoint, struct connection *connection)
{
	if (connection->next_blocked != NULL)
		return;
	metric_add(endpoint->full, 1);
	if (endpoint->blocked == NULL) {
		connection->next_blocked = connection->previous_blocked = connection;
		endpoint->blocked = connection;
		loop_timer_start(endpoint->retry, ENDPOINT_RETRY_MS, ENDPOINT_RETRY_MS);
	} else {
		/* Last in the ring: before the one whose turn it is. */
		struct connection *next = endpoint->blocked;
		connection->next_blocked = next;
		connection->previous_blocked = next->previous_blocked;
		connection->previous_blocked->next_blocked = connection;
		next->previous_blocked = connection;
	}
	endpoint->blocked_count++;
}

static void endpoint_unblock(struct endpoint *endpoint, struct connection *connection)
{
	if (connection->next_blocked == NULL)
		return;
	endpoint->blocked_count--;
	connection->next_blocked->previous_blocked = connection->previous_blocked;
	connection->previous_blocked->next_blocked = connection->next_blocked;
	if (endpoint->blocked == connection)
		endpoint->blocked = endpoint->blocked_count > 0 ? connection->next_blocked : NULL;
	connection->next_blocked = connection->previous_blocked = NULL;
	if (endpoint->blocked == NULL)
		loop_timer_stop(endpoint->retry);
}

/* Offers each that was blocked another try, once; who fails again is back in the ring. */
static void endpoint_retry(struct endpoint *endpoint)
{
	size_t tries = endpoint->blocked_count;
	if (tries > ENDPOINT_RETRIES_TURN)
		tries = ENDPOINT_RETRIES_TURN;
	for (; tries > 0 && endpoint->blocked != NULL; tries--) {
		struct connection *connection = endpoint->blocked;
		endpoint_unblock(endpoint, connection);
		if (connection->condemned == NULL)
			endpoint->events.writable(endpoint->events.context, connection);
	}
}

/* ---- Connections that come and go ---- */

static void endpoint_uncut(struct endpoint *endpoint, const struct connection *connection)
{
	struct connection **at = &endpoint->cut;
	while (*at != NULL && *at != connection)
		at = &(*at)->next_gone;
	if (*at == NULL)
		return;
	*at = connection->next_gone;
	if (*at == NULL)
		endpoint->cut_end = at;
}

static void endpoint_cut(struct endpoint *endpoint, struct connection *connection)
{
	connection->since_us = clock_steady_us();
	connection->next_gone = NULL;
	*endpoint->cut_end = connection;
	endpoint->cut_end = &connection->next_gone;
}

/* Ends the connections of those that were thrown out long enough ago.  Cutting one reads the monitor, and
 * others may go meanwhile. */
static void endpoint_end_cut(struct endpoint *endpoint, int64_t now_us)
{
	struct connection *connection;
	while ((connection = endpoint->cut) != NULL &&
		now_us - connection->since_us > ENDPOINT_CUT_US) {
		endpoint_uncut(endpoint, connection);
		if (links_cut(endpoint->links, connection->link, connection->condemned))
			continue;
		endpoint_cut(endpoint, connection); /* once more from the beginning */
		break;
	}
}

static void endpoint_list_gone(struct endpoint *endpoint, struct connection *connection)
{
	connection->next_gone = endpoint->gone;
	endpoint->gone = connection;
}

static void endpoint_set_gone(struct endpoint *endpoint, struct connection *connection)
{
	connection->link = NULL;
	connection->state = CONNECTION_GONE;
	connection->since_us = clock_steady_us();
	endpoint_list_gone(endpoint, connection);
	endpoint_unblock(endpoint, connection);
	pump_wake(endpoint->pump);
}

/* What the monitor says; its last messages may still be in the socket. */
static void endpoint_link_closed(void *context, void *owner)
{
	struct endpoint *endpoint = context;
	endpoint_uncut(endpoint, owner);
	endpoint_set_gone(endpoint, owner);
}

static void endpoint_forget(struct endpoint *endpoint, struct connection *connection)
{
	endpoint_unblock(endpoint, connection);
	if (endpoint->last == connection)
		endpoint->last = NULL;
	if (endpoint->skipped == connection)
		endpoint->skipped = NULL;
	endpoint->events.closed(endpoint->events.context, connection);
	connections_remove(&endpoint->connections, connection);
}

/* The monitor is behind only with several I/O threads; until it has told, a connection is loose. */
static void endpoint_tie(struct endpoint *endpoint, struct connection *connection)
{
	enum ch_status status = links_claim(endpoint->links, connection->fd, connection->handshake,
		connection, &connection->link);
	if (status == CH_OK) {
		connection->state = CONNECTION_OPEN;
		if (connection->condemned != NULL)
			endpoint_cut(endpoint, connection);
	} else if (status == CH_CLOSED) {
		endpoint_set_gone(endpoint, connection); /* said something and left */
	} else {
		connection->state = CONNECTION_LOOSE;
		endpoint_list_gone(endpoint, connection);
	}
}

/* Whether it is time: its last messages have been read, or others flood. */
static bool endpoint_gone_for_good(
	const struct endpoint *endpoint, const struct connection *connection, int64_t now_us)
{
	return endpoint->drained || now_us - connection->since_us > ENDPOINT_GONE_US;
}

static void endpoint_forget_gone(struct endpoint *endpoint)
{
	struct connection *gone = endpoint->gone;
	int64_t now_us = gone != NULL ? clock_steady_us() : 0;
	endpoint->gone = NULL;
	while (gone != NULL) {
		struct connection *connection = gone;
		gone = connection->next_gone;
		if (connection->state == CONNECTION_LOOSE)
			endpoint_tie(endpoint, connection);
		else if (endpoint_gone_for_good(endpoint, connection, now_us))
			endpoint_forget(endpoint, connection);
		else
			endpoint_list_gone(endpoint, connection);
	}
}

void connection_close(struct endpoint *endpoint, struct connection *connection, const char *reason)
{
	if (connection->condemned != NULL)
		return;
	connection->condemned = reason;
	endpoint_unblock(endpoint, connection);
	if (connection->state == CONNECTION_OPEN)
		endpoint_cut(endpoint, connection); /* what is loose or gone goes by itself */
}

/* The peer of a connection that speaks for the first time; NULL when it may no longer be here. */
static struct peer *endpoint_identify(struct endpoint *endpoint, const struct message *message)
{
	const char *name = message_property(message, "User-Id");
	const char *key_text = message_property(message, ZAP_KEY_PROPERTY);
	const char *own_id = message_property(message, "Identity");
	struct curve_key key;
	if (name == NULL || key_text == NULL || (own_id != NULL && own_id[0] != 0) ||
		curve_parse(slice_text(key_text), &key) != CH_OK)
		return NULL;
	struct peer *peer = roster_by_name(zap_roster(endpoint->zap), slice_text(name));
	return peer != NULL && curve_equal(&peer->public_key, &key) ? peer : NULL;
}

static struct connection *endpoint_welcome(
	struct endpoint *endpoint, struct slice id, const struct message *message)
{
	int fd = message_fd(message);
	uint64_t handshake = message_number(message, ZAP_NUMBER_PROPERTY);
	struct peer *peer = id.len == CONNECTION_ID_BYTES && id.data[0] == 0
				    ? endpoint_identify(endpoint, message)
				    : NULL;
	struct connection *connection =
		peer != NULL ? connections_add(&endpoint->connections, id, peer) : NULL;
	if (connection == NULL) {
		struct link *link = NULL;
		metric_add(endpoint->unidentified, 1);
		/* What is not cut now is, at its next message. */
		if (links_claim(endpoint->links, fd, handshake, NULL, &link) == CH_OK)
			(void)links_cut(endpoint->links, link, "unidentified");
		return NULL;
	}
	connection->fd = fd;
	connection->handshake = handshake;
	endpoint_tie(endpoint, connection);
	return connection;
}

void endpoint_recheck(struct endpoint *endpoint)
{
	size_t at = 0;
	struct connection *connection;
	const struct roster *roster = zap_roster(endpoint->zap);
	while ((connection = table_next(&endpoint->connections.by_number, &at)) != NULL) {
		struct peer *old = connection->peer;
		struct peer *peer = roster_by_name(roster, slice_text(old->name));
		if (peer == NULL || !curve_equal(&peer->public_key, &old->public_key)) {
			connection_close(endpoint, connection, "peer_removed");
			continue;
		}
		connection->peer = peer_ref(peer);
		peer_unref(old);
	}
}

/* ---- Receiving ---- */

static struct connection *endpoint_sender(
	struct endpoint *endpoint, struct slice id, const struct message *message)
{
	struct connection *last = endpoint->last;
	if (last != NULL && slice_equal(slice_of(last->id, CONNECTION_ID_BYTES), id))
		return last;
	struct connection *connection = connections_by_id(&endpoint->connections, id);
	if (connection == NULL)
		connection = endpoint_welcome(endpoint, id, message);
	endpoint->last = connection;
	return connection;
}

/* The rest of a message of several parts, one part a call. */
static void endpoint_skip(struct endpoint *endpoint, struct message *part)
{
	struct connection *connection = endpoint->skipped;
	endpoint->skipping = message_has_more(part);
	message_free(part);
	if (++endpoint->skipped_parts == LIMIT_PARTS_PER_MESSAGE && connection != NULL)
		connection_close(endpoint, connection, "too_many_parts");
	if (endpoint->skipping)
		return;
	endpoint->skipped = NULL;
	if (connection != NULL && connection->condemned == NULL &&
		endpoint->events.malformed != NULL)
		endpoint->events.malformed(endpoint->events.context, connection, CH_FORMAT);
}

static void endpoint_deliver(
	struct endpoint *endpoint, struct connection *connection, struct message *message)
{
	endpoint->taken++;
	endpoint->taken_bytes += (int64_t)message->bytes.len;
	if (connection->link != NULL)
		connection->link->messages++;
	endpoint->events.message(endpoint->events.context, connection, message);
}

/* One part that waits, and its sender's id before it.  False when nothing waits. */
static bool endpoint_receive(struct endpoint *endpoint)
{
	uint8_t id[256]; /* no routing id is longer */
	struct message *message = NULL;
	size_t id_len = 0;
	if (!endpoint->skipping) {
		int len = zmq_recv(endpoint->socket, id, sizeof(id), ZMQ_DONTWAIT);
		if (len < 0)
			return false;
		id_len = (size_t)len < sizeof(id) ? (size_t)len : sizeof(id);
	}
	enum ch_status status = message_receive(endpoint->socket, &message);
	if (status == CH_NOMEM) {
		/* Its sender will send it again; what must not happen is that the parts shift. */
		endpoint->skipping = true;
		return false;
	}
	invariant(status == CH_OK); /* the parts of a message come at once */
	endpoint->received_since_sweep++;
	if (endpoint->skipping) {
		endpoint_skip(endpoint, message);
		return true;
	}
	struct connection *connection = endpoint_sender(endpoint, slice_of(id, id_len), message);
	if (message_has_more(message)) {
		metric_add(endpoint->malformed, 1);
		endpoint->skipping = true;
		endpoint->skipped = connection;
		endpoint->skipped_parts = 1;
		message_free(message);
	} else if (connection == NULL || connection->condemned != NULL) {
		message_free(message);
	} else {
		endpoint_deliver(endpoint, connection, message);
	}
	return true;
}

/* Every connection that had a whole message has been heard since the last sweep: ZeroMQ takes one
 * from each in turn. */
static bool endpoint_sweep_due(const struct endpoint *endpoint, int64_t now_us)
{
	return endpoint->reading &&
	       now_us - endpoint->swept_us >= ENDPOINT_SWEEP_MS * INT64_C(1000) &&
	       (endpoint->drained ||
		       endpoint->received_since_sweep > 2 * links_open(endpoint->links));
}

/* Instead of receiving: takes the signals off the descriptor, or the loop would spin. */
static void endpoint_settle(struct endpoint *endpoint)
{
	int events;
	size_t size = sizeof(events);
	(void)zmq_getsockopt(
		endpoint->socket, ZMQ_EVENTS, &events, &size); /* for its side effect */
}

/* Up to a bound. */
static void endpoint_receive_some(struct endpoint *endpoint)
{
	int count = 0;
	endpoint->drained = false;
	endpoint->touched = false;
	if (!endpoint->reading)
		endpoint_settle(endpoint);
	while (endpoint->reading && !endpoint->drained && count < ENDPOINT_MESSAGES_TURN) {
		if (endpoint_receive(endpoint))
			count++;
		else
			endpoint->drained = true;
	}
	metric_add(endpoint->received, endpoint->taken);
	metric_add(endpoint->received_bytes, endpoint->taken_bytes);
	endpoint->taken = endpoint->taken_bytes = 0;
	if (count > 0 && endpoint->events.turned != NULL)
		endpoint->events.turned(endpoint->events.context);
}

static void endpoint_look_after(struct endpoint *endpoint)
{
	int64_t now_us = clock_steady_us();
	if (endpoint_sweep_due(endpoint, now_us)) {
		endpoint->swept_us = now_us;
		endpoint->received_since_sweep = 0;
		links_sweep(endpoint->links);
	}
	endpoint_end_cut(endpoint, now_us);
}

/* Sending comes last.  Both ways take the other's wake-ups away, but only the receiving that finds
 * nothing does so every time, and what it took away is acted upon here.  So another turn is due when
 * there may be more to receive, or something was sent after that. */
static bool endpoint_turn(void *context)
{
	struct endpoint *endpoint = context;
	endpoint->turning = true;
	endpoint_receive_some(endpoint);
	endpoint_forget_gone(endpoint);
	endpoint_retry(endpoint);
	endpoint_look_after(endpoint);
	endpoint->turning = false;
	return endpoint->touched || (endpoint->reading && !endpoint->drained);
}

static void endpoint_tick(void *context)
{
	struct endpoint *endpoint = context;
	pump_wake(endpoint->pump);
}

void endpoint_set_reading(struct endpoint *endpoint, bool reading)
{
	endpoint->reading = reading;
	pump_wake(endpoint->pump);
}

/* ---- Sending ---- */

/* Whether a message of this length may be sent at all. */
static enum ch_status endpoint_admit(
	struct endpoint *endpoint, struct connection *connection, size_t len)
{
	if (connection->condemned != NULL)
		return CH_CLOSED;
	if (!endpoint->turning)
		pump_wake(endpoint->pump);
	if (backlog_has_room(connection->backlog, len))
		return CH_OK;
	endpoint_block(endpoint, connection);
	return CH_FULL;
}

/* Sends the id.  On CH_OK the body must follow, or the next id would be taken for it. */
static enum ch_status endpoint_begin(struct endpoint *endpoint, struct connection *connection)
{
	if (zmq_send(endpoint->socket, connection->id, CONNECTION_ID_BYTES,
		    ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0)
		return CH_OK;
	if (errno != EAGAIN || connection->state == CONNECTION_GONE)
		return CH_CLOSED; /* the ROUTER often knows before the monitor */
	endpoint_block(endpoint, connection);
	return CH_FULL;
}

/* The body, which is ZeroMQ's afterwards.  Once the id has been taken, it cannot be refused. */
static void endpoint_finish(struct endpoint *endpoint, zmq_msg_t *body)
{
	endpoint->touched = true;
	metric_add(endpoint->sent, 1);
	metric_add(endpoint->sent_bytes, (int64_t)zmq_msg_size(body));
	invariant(zmq_msg_send(body, endpoint->socket, ZMQ_DONTWAIT) >= 0);
}

/* A small one, in libzmq's own memory. */
static enum ch_status endpoint_send_small(
	struct endpoint *endpoint, struct connection *connection, struct slice bytes)
{
	zmq_msg_t body;
	enum ch_status status = endpoint_admit(endpoint, connection, bytes.len);
	if (status != CH_OK)
		return status;
	/* First, since it can fail: between the two parts nothing may. */
	if (zmq_msg_init_size(&body, bytes.len) != 0)
		return CH_NOMEM;
	status = endpoint_begin(endpoint, connection);
	if (status != CH_OK) {
		(void)zmq_msg_close(&body); /* valid, so it succeeds */
		return status;
	}
	if (bytes.len > 0)
		memcpy(zmq_msg_data(&body), bytes.data, bytes.len);
	endpoint_finish(endpoint, &body);
	return CH_OK;
}

enum ch_status endpoint_send(
	struct endpoint *endpoint, struct connection *connection, struct slice bytes)
{
	struct buffer copy = {0};
	if (bytes.len <= BACKLOG_SMALL_BYTES)
		return endpoint_send_small(endpoint, connection, bytes);
	buffer_append_slice(&copy, bytes);
	enum ch_status status = copy.status;
	if (status == CH_OK)
		status = endpoint_send_buffer(endpoint, connection, &copy);
	buffer_fini(&copy);
	return status;
}

enum ch_status endpoint_send_buffer(
	struct endpoint *endpoint, struct connection *connection, struct buffer *bytes)
{
	zmq_msg_t body;
	struct backlog_share *share = NULL;
	enum ch_status status = endpoint_admit(endpoint, connection, bytes->len);
	if (status == CH_OK)
		status = backlog_take(connection->backlog, bytes->len, &share);
	if (status == CH_OK)
		status = endpoint_begin(endpoint, connection);
	if (status != CH_OK) {
		backlog_give_back(share);
		return status;
	}
	if (backlog_wrap(share, bytes->data, bytes->len, &body) != CH_OK) {
		backlog_give_back(share);
		/* The id is on its way and wants a body: an empty one, to a connection that is cut, so
		 * that nobody takes it for an answer. */
		connection_close(endpoint, connection, "no_memory");
		(void)zmq_msg_init(&body); /* never fails */
		endpoint_finish(endpoint, &body);
		return CH_NOMEM;
	}
	endpoint_finish(endpoint, &body);
	*bytes = (struct buffer){0}; /* ZeroMQ's now */
	return CH_OK;
}

/* ---- Life ---- */

static void endpoint_register(struct endpoint *endpoint)
{
	struct metrics *metrics = zap_metrics(endpoint->zap);
	endpoint->received = metric_counter(
		metrics, "carehub_bus_received_messages", "Messages taken from the bus.", NULL);
	endpoint->received_bytes = metric_counter(
		metrics, "carehub_bus_received_bytes", "Their bytes, without transport.", NULL);
	endpoint->sent = metric_counter(
		metrics, "carehub_bus_sent_messages", "Messages given to the bus.", NULL);
	endpoint->sent_bytes = metric_counter(
		metrics, "carehub_bus_sent_bytes", "Their bytes, without transport.", NULL);
	endpoint->full = metric_counter(metrics, "carehub_bus_send_queue_full",
		"How often a connection's queue was full and the sender had to wait.", NULL);
	endpoint->malformed = metric_counter(metrics, "carehub_bus_malformed",
		"Messages of several parts, which were dropped.", NULL);
	endpoint->unidentified = metric_counter(metrics, "carehub_bus_unidentified",
		"Messages from connections with an id of their own or a peer that is gone.", NULL);
}

static enum ch_status endpoint_listen(
	struct endpoint *endpoint, const struct endpoint_options *options)
{
	const struct links_options links = {
		.name = "bus",
		.connections_max = options->connections_max,
		.silent_ms = options->silent_ms,
		.closed = endpoint_link_closed,
		.context = endpoint,
	};
	int on = 1;
	int off = 0;
	enum ch_status status =
		listener_create(endpoint->zap, ZMQ_ROUTER, &options->listener, &endpoint->socket);
	if (status != CH_OK)
		return status;
	/* MANDATORY: a full queue is said, not dropped.  HANDOVER off: nobody takes another's place. */
	if (zmq_setsockopt(endpoint->socket, ZMQ_ROUTER_MANDATORY, &on, sizeof(on)) != 0 ||
		zmq_setsockopt(endpoint->socket, ZMQ_ROUTER_HANDOVER, &off, sizeof(off)) != 0)
		return CH_IO;
	status = links_create(
		endpoint->loop, endpoint->zap, endpoint->socket, &links, &endpoint->links);
	if (status != CH_OK)
		return status;
	status = pump_create(
		endpoint->loop, endpoint->socket, endpoint_turn, endpoint, &endpoint->pump);
	if (status != CH_OK)
		return status;
	return listener_bind(endpoint->socket, options->listener.address, endpoint->address);
}

enum ch_status endpoint_open(struct loop *loop, struct zap *zap,
	const struct endpoint_options *options, const struct endpoint_events *events,
	struct endpoint **out_endpoint)
{
	enum ch_status status = CH_NOMEM;
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
	if (endpoint == NULL)
		goto out;
	endpoint->loop = loop;
	endpoint->zap = zap;
	endpoint->events = *events;
	endpoint->reading = true;
	endpoint->cut_end = &endpoint->cut;
	endpoint_register(endpoint);
	status = loop_timer_create(loop, endpoint_tick, endpoint, &endpoint->sweep);
	if (status != CH_OK)
		goto out;
	status = loop_timer_create(loop, endpoint_tick, endpoint, &endpoint->retry);
	if (status != CH_OK)
		goto out;
	status = endpoint_listen(endpoint, options);
	if (status != CH_OK)
		goto out;
	loop_timer_start(endpoint->sweep, ENDPOINT_SWEEP_MS, ENDPOINT_SWEEP_MS);
	*out_endpoint = endpoint;
	endpoint = NULL; /* the caller's now */
out:
	endpoint_close(endpoint);
	return status;
}

void endpoint_close(struct endpoint *endpoint)
{
	if (endpoint == NULL)
		return;
	size_t at = 0;
	struct connection *connection;
	/* From the start each time: what is forgotten is no longer in the table. */
	while ((connection = table_next(&endpoint->connections.by_number, &at)) != NULL) {
		endpoint_uncut(endpoint, connection);
		connection->state = CONNECTION_GONE;
		endpoint_forget(endpoint, connection);
		at = 0;
	}
	connections_fini(&endpoint->connections);
	loop_timer_free(endpoint->sweep);
	loop_timer_free(endpoint->retry);
	pump_free(endpoint->pump);
	links_free(endpoint->links);
	if (endpoint->socket != NULL)
		(void)zmq_close(endpoint->socket); /* a valid socket */
	free(endpoint);
}

const char *endpoint_address(const struct endpoint *endpoint)
{
	return endpoint->address;
}

struct connection *endpoint_find(struct endpoint *endpoint, uint64_t number)
{
	return connections_by_number(&endpoint->connections, number);
}

size_t endpoint_connections(const struct endpoint *endpoint)
{
	return endpoint->connections.by_number.count;
}
