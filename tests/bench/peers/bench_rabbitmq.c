/* RabbitMQ: persistent messages into a durable quorum queue, one channel a connection with publisher
 * confirms.  A quorum queue confirms when a majority (here: the one node) has synced the entry. */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "bench/load/complaint.h"
#include "bench/load/driver.h"

#define QUEUE   "bench"
#define CHANNEL 1
#define NO_SLOT UINT32_MAX

/* Confirms name the delivery tag, which counts a channel's messages from 1, and may come for one
 * message or for all up to it.  So the slots in flight stand in a ring by tag. */
struct connection {
	amqp_connection_state_t state;
	uint32_t *slots;
	uint64_t mask;
	uint64_t oldest; /* tag: everything before it is confirmed */
	uint64_t next;   /* tag of the next message */
};

struct rabbitmq {
	struct driver *driver;
	uint32_t count;
	struct connection *connections;
	struct pollfd *polled;
	struct buffer message;
};

static enum ch_status fail(const char *what, int status)
{
	complaint("rabbitmq", "%s: %s", what, amqp_error_string2(status));
	return CH_IO;
}

static enum ch_status fail_reply(const char *what, amqp_rpc_reply_t reply)
{
	if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
		return fail(what, reply.library_error);
	if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
		reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
		const amqp_channel_close_t *close = reply.reply.decoded;
		complaint("rabbitmq", "%s: %.*s", what, (int)close->reply_text.len,
			(const char *)close->reply_text.bytes);
		return CH_DENIED;
	}
	complaint("rabbitmq", "%s: refused", what);
	return CH_DENIED;
}

static void rabbitmq_close(void *peer)
{
	struct rabbitmq *rabbitmq = peer;
	for (uint32_t i = 0; rabbitmq->connections != NULL && i < rabbitmq->count; i++) {
		struct connection *connection = &rabbitmq->connections[i];
		if (connection->state != NULL) {
			(void)amqp_connection_close(connection->state, AMQP_REPLY_SUCCESS);
			(void)amqp_destroy_connection(connection->state);
		}
		free(connection->slots);
	}
	free(rabbitmq->connections);
	free(rabbitmq->polled);
	buffer_fini(&rabbitmq->message);
	free(rabbitmq);
}

static enum ch_status connection_login(struct connection *connection, const struct options *options)
{
	const struct timeval timeout = {.tv_sec = 5};
	connection->state = amqp_new_connection();
	if (connection->state == NULL)
		return CH_NOMEM;
	amqp_socket_t *tcp = amqp_tcp_socket_new(connection->state);
	if (tcp == NULL)
		return CH_NOMEM;
	int opened = amqp_socket_open_noblock(tcp, options->host, options->port, &timeout);
	if (opened != AMQP_STATUS_OK)
		return fail("connect", opened);
	amqp_rpc_reply_t reply = amqp_login(connection->state, "/", AMQP_DEFAULT_MAX_CHANNELS,
		AMQP_DEFAULT_FRAME_SIZE, AMQP_DEFAULT_HEARTBEAT, AMQP_SASL_METHOD_PLAIN, "guest",
		"guest");
	if (reply.reply_type != AMQP_RESPONSE_NORMAL)
		return fail_reply("log in", reply);
	return CH_OK;
}

static enum ch_status connection_open(struct connection *connection, const struct options *options)
{
	enum ch_status status = connection_login(connection, options);
	if (status != CH_OK)
		return status;
	amqp_channel_open(connection->state, CHANNEL);
	amqp_rpc_reply_t reply = amqp_get_rpc_reply(connection->state);
	if (reply.reply_type != AMQP_RESPONSE_NORMAL)
		return fail_reply("channel", reply);
	amqp_confirm_select(connection->state, CHANNEL);
	reply = amqp_get_rpc_reply(connection->state);
	if (reply.reply_type != AMQP_RESPONSE_NORMAL)
		return fail_reply("confirms", reply);
	/* Confirms that overtake each other spread the tags wider than the window. */
	uint64_t size = 1;
	while (size < 4 * (uint64_t)options->window)
		size *= 2;
	connection->slots = malloc(size * sizeof(*connection->slots));
	if (connection->slots == NULL)
		return CH_NOMEM;
	for (uint64_t i = 0; i < size; i++)
		connection->slots[i] = NO_SLOT;
	connection->mask = size - 1;
	connection->oldest = 1;
	connection->next = 1;
	return CH_OK;
}

/* Make the queue, or when `passive` only look at it. */
static enum ch_status queue_declare(struct rabbitmq *rabbitmq, bool passive, uint64_t *out_messages)
{
	amqp_connection_state_t state = rabbitmq->connections[0].state;
	amqp_table_entry_t entry = {
		.key = amqp_cstring_bytes("x-queue-type"),
		.value = {.kind = AMQP_FIELD_KIND_UTF8,
			.value = {.bytes = amqp_cstring_bytes("quorum")}},
	};
	amqp_table_t arguments = {.num_entries = 1, .entries = &entry};
	const amqp_queue_declare_ok_t *queue = amqp_queue_declare(
		state, CHANNEL, amqp_cstring_bytes(QUEUE), passive, 1, 0, 0, arguments);
	if (queue == NULL)
		return fail_reply("queue", amqp_get_rpc_reply(state));
	*out_messages = queue->message_count;
	amqp_maybe_release_buffers(state);
	return CH_OK;
}

static enum ch_status rabbitmq_open(
	const struct options *options, struct driver *driver, void **out_peer)
{
	uint64_t messages = 0;
	enum ch_status status = CH_NOMEM;
	struct rabbitmq *rabbitmq = calloc(1, sizeof(*rabbitmq));
	if (rabbitmq == NULL)
		goto out;
	rabbitmq->driver = driver;
	rabbitmq->count = options->connections;
	rabbitmq->connections = calloc(rabbitmq->count, sizeof(*rabbitmq->connections));
	rabbitmq->polled = calloc(rabbitmq->count, sizeof(*rabbitmq->polled));
	if (rabbitmq->connections == NULL || rabbitmq->polled == NULL)
		goto out;
	for (uint32_t i = 0; i < rabbitmq->count; i++) {
		status = connection_open(&rabbitmq->connections[i], options);
		if (status != CH_OK)
			goto out;
		rabbitmq->polled[i].fd = amqp_get_sockfd(rabbitmq->connections[i].state);
		rabbitmq->polled[i].events = POLLIN;
	}
	status = queue_declare(rabbitmq, false, &messages);
	if (status != CH_OK)
		goto out;
	*out_peer = rabbitmq;
	rabbitmq = NULL; /* the driver's now */
out:
	if (rabbitmq != NULL)
		rabbitmq_close(rabbitmq);
	return status;
}

static enum ch_status rabbitmq_send(
	void *peer, uint32_t at, uint32_t slot, const struct event *event, uint32_t count)
{
	static const amqp_basic_properties_t persistent = {
		._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
		.delivery_mode = AMQP_DELIVERY_PERSISTENT,
	};
	char id[EVENT_ID_TEXT + 1];
	struct rabbitmq *rabbitmq = peer;
	struct connection *connection = &rabbitmq->connections[at];
	uint32_t *place = &connection->slots[connection->next & connection->mask];
	(void)count; /* one, see batch_max */
	if (*place != NO_SLOT) {
		complaint("rabbitmq", "message %lu is never confirmed",
			(unsigned long)connection->oldest);
		return CH_FULL;
	}
	buffer_clear(&rabbitmq->message);
	buffer_append(&rabbitmq->message, event_id_text(event->id, id), EVENT_ID_TEXT);
	buffer_append_slice(&rabbitmq->message, event->body);
	if (rabbitmq->message.status != CH_OK)
		return rabbitmq->message.status;
	amqp_bytes_t body = {.len = rabbitmq->message.len, .bytes = rabbitmq->message.data};
	int sent = amqp_basic_publish(connection->state, CHANNEL, amqp_empty_bytes,
		amqp_cstring_bytes(QUEUE), 0, 0, &persistent, body);
	if (sent != AMQP_STATUS_OK)
		return fail("publish", sent);
	*place = slot;
	connection->next++;
	return CH_OK;
}

static void confirm(struct rabbitmq *rabbitmq, struct connection *connection, uint64_t tag)
{
	uint32_t *place = &connection->slots[tag & connection->mask];
	if (*place != NO_SLOT)
		driver_acked(rabbitmq->driver, *place);
	*place = NO_SLOT;
}

static enum ch_status ack_take(
	struct rabbitmq *rabbitmq, struct connection *connection, const amqp_basic_ack_t *ack)
{
	if (ack->delivery_tag < connection->oldest || ack->delivery_tag >= connection->next)
		return CH_FORMAT;
	uint64_t from = ack->multiple ? connection->oldest : ack->delivery_tag;
	for (uint64_t tag = from; tag <= ack->delivery_tag; tag++)
		confirm(rabbitmq, connection, tag);
	while (connection->oldest < connection->next &&
		connection->slots[connection->oldest & connection->mask] == NO_SLOT)
		connection->oldest++;
	return CH_OK;
}

static enum ch_status frame_take(
	struct rabbitmq *rabbitmq, struct connection *connection, const amqp_frame_t *frame)
{
	if (frame->frame_type != AMQP_FRAME_METHOD)
		return CH_OK; /* a heartbeat */
	if (frame->payload.method.id == AMQP_BASIC_ACK_METHOD)
		return ack_take(rabbitmq, connection, frame->payload.method.decoded);
	complaint("rabbitmq", "refused: %s", amqp_method_name(frame->payload.method.id));
	return CH_DENIED;
}

static enum ch_status connection_read(struct rabbitmq *rabbitmq, struct connection *connection)
{
	static const struct timeval at_once = {0};
	enum ch_status status = CH_OK;
	while (status == CH_OK) {
		amqp_frame_t frame;
		int got = amqp_simple_wait_frame_noblock(connection->state, &frame, &at_once);
		if (got == AMQP_STATUS_TIMEOUT)
			break;
		if (got != AMQP_STATUS_OK)
			return fail("read", got);
		status = frame_take(rabbitmq, connection, &frame);
	}
	amqp_maybe_release_buffers(connection->state);
	return status;
}

/* The library may hold frames that it read along with others: the kernel's word is not enough. */
static bool frames_waiting(struct rabbitmq *rabbitmq)
{
	for (uint32_t i = 0; i < rabbitmq->count; i++) {
		if (amqp_data_in_buffer(rabbitmq->connections[i].state) ||
			amqp_frames_enqueued(rabbitmq->connections[i].state))
			return true;
	}
	return false;
}

static enum ch_status rabbitmq_wait(void *peer, int64_t timeout_ns)
{
	struct rabbitmq *rabbitmq = peer;
	enum ch_status status = CH_OK;
	bool waiting = frames_waiting(rabbitmq);
	struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	if (waiting)
		timeout = (struct timespec){0};
	int ready = ppoll(rabbitmq->polled, rabbitmq->count, &timeout, NULL);
	for (uint32_t i = 0; i < rabbitmq->count && status == CH_OK; i++) {
		if (waiting || (ready > 0 && rabbitmq->polled[i].revents != 0))
			status = connection_read(rabbitmq, &rabbitmq->connections[i]);
	}
	return status;
}

static enum ch_status rabbitmq_stored(void *peer, uint64_t *out_events)
{
	return queue_declare(peer, true, out_events);
}

int main(int argc, char **argv)
{
	static const struct driver_peer peer = {
		.name = "rabbitmq",
		.batch_max = 1,
		.open = rabbitmq_open,
		.send = rabbitmq_send,
		.wait = rabbitmq_wait,
		.stored = rabbitmq_stored,
		.close = rabbitmq_close,
	};
	return driver_main(argc, argv, &peer);
}
