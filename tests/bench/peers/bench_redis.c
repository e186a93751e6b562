/* Redis streams: one XADD an event, pipelined over each connection.  What an acknowledgement is worth
 * is the server's appendfsync: with `always` a reply leaves after the append-only file was synced. */
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/invariant.h"
#include "bench/load/complaint.h"
#include "bench/load/driver.h"

#define STREAM "events"

/* A connection is answered in order, so the slots in flight are a ring. */
struct connection {
	redisContext *context;
	uint32_t *slots;
	uint32_t capacity;
	uint32_t oldest;
	uint32_t in_flight;
};

struct redis {
	struct driver *driver;
	uint32_t count;
	struct connection *connections;
	struct pollfd *polled;
	char body_head[48]; /* what stands between id and body: bodies are all of one size */
	struct buffer command;
};

static enum ch_status fail(const struct connection *connection, const char *what)
{
	const redisContext *context = connection->context;
	complaint("redis", "%s: %s", what,
		context != NULL && context->err != 0 ? context->errstr : strerror(errno));
	return CH_IO;
}

static void redis_close(void *peer)
{
	struct redis *redis = peer;
	for (uint32_t i = 0; redis->connections != NULL && i < redis->count; i++) {
		if (redis->connections[i].context != NULL)
			redisFree(redis->connections[i].context);
		free(redis->connections[i].slots);
	}
	free(redis->connections);
	free(redis->polled);
	buffer_fini(&redis->command);
	free(redis);
}

/* hiredis goes by its own flag, the kernel by the descriptor's. */
static enum ch_status set_blocking(struct connection *connection, bool blocking)
{
	redisContext *context = connection->context;
	int flags = fcntl(context->fd, F_GETFL);
	int wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
	if (flags < 0 || fcntl(context->fd, F_SETFL, wanted) < 0)
		return fail(connection, "fcntl");
	context->flags = blocking ? context->flags | REDIS_BLOCK : context->flags & ~REDIS_BLOCK;
	return CH_OK;
}

static enum ch_status connection_open(
	struct connection *connection, const struct options *options, uint32_t window)
{
	struct timeval timeout = {.tv_sec = 5};
	connection->context = redisConnectWithTimeout(options->host, options->port, timeout);
	if (connection->context == NULL || connection->context->err != 0)
		return fail(connection, "connect");
	connection->capacity = window;
	connection->slots = calloc(window, sizeof(*connection->slots));
	return connection->slots != NULL ? set_blocking(connection, false) : CH_NOMEM;
}

static enum ch_status redis_open(
	const struct options *options, struct driver *driver, void **out_peer)
{
	enum ch_status status = CH_NOMEM;
	struct redis *redis = calloc(1, sizeof(*redis));
	if (redis == NULL)
		goto out;
	redis->driver = driver;
	redis->count = options->connections;
	(void)snprintf(redis->body_head, sizeof(redis->body_head), "\r\n$4\r\nbody\r\n$%u\r\n",
		options->payload_bytes - EVENT_ID_TEXT);
	redis->connections = calloc(redis->count, sizeof(*redis->connections));
	redis->polled = calloc(redis->count, sizeof(*redis->polled));
	if (redis->connections == NULL || redis->polled == NULL)
		goto out;
	for (uint32_t i = 0; i < redis->count; i++) {
		status = connection_open(&redis->connections[i], options, options->window);
		if (status != CH_OK)
			goto out;
		redis->polled[i].fd = redis->connections[i].context->fd;
	}
	*out_peer = redis;
	redis = NULL; /* the driver's now */
out:
	if (redis != NULL)
		redis_close(redis);
	return status;
}

/* XADD events * id <uuid> body <body>, written by hand: hiredis's formatter would cost the client more
 * than the rest of the request. */
static enum ch_status append_xadd(
	struct redis *redis, redisContext *context, const struct event *event)
{
	char id[EVENT_ID_TEXT + 1];
	struct buffer *command = &redis->command;
	buffer_clear(command);
	buffer_append_text(command, "*7\r\n$4\r\nXADD\r\n$6\r\n" STREAM "\r\n$1\r\n*\r\n"
				    "$2\r\nid\r\n$36\r\n");
	buffer_append_text(command, event_id_text(event->id, id));
	buffer_append_text(command, redis->body_head);
	buffer_append_slice(command, event->body);
	buffer_append_text(command, "\r\n");
	if (command->status != CH_OK)
		return command->status;
	if (redisAppendFormattedCommand(context, (const char *)command->data, command->len) !=
		REDIS_OK)
		return CH_NOMEM;
	return CH_OK;
}

static enum ch_status redis_send(
	void *peer, uint32_t at, uint32_t slot, const struct event *event, uint32_t count)
{
	struct redis *redis = peer;
	struct connection *connection = &redis->connections[at];
	(void)count; /* one, see batch_max */
	invariant(connection->in_flight < connection->capacity);
	connection->slots[(connection->oldest + connection->in_flight) % connection->capacity] =
		slot;
	connection->in_flight++;
	return append_xadd(redis, connection->context, event);
}

static enum ch_status connection_flush(struct connection *connection, short *out_events)
{
	int done = 0;
	if (redisBufferWrite(connection->context, &done) != REDIS_OK)
		return fail(connection, "write");
	*out_events = done ? POLLIN : POLLIN | POLLOUT;
	return CH_OK;
}

static enum ch_status reply_take(
	struct redis *redis, struct connection *connection, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS) {
		complaint("redis", "XADD refused: %s",
			reply->type == REDIS_REPLY_ERROR ? reply->str : "not an entry's id");
		return CH_DENIED;
	}
	if (connection->in_flight == 0)
		return CH_FORMAT;
	uint32_t slot = connection->slots[connection->oldest];
	connection->oldest = (connection->oldest + 1) % connection->capacity;
	connection->in_flight--;
	driver_acked(redis->driver, slot);
	return CH_OK;
}

static enum ch_status connection_read(struct redis *redis, struct connection *connection)
{
	enum ch_status status = CH_OK;
	if (redisBufferRead(connection->context) != REDIS_OK)
		return fail(connection, "read");
	while (status == CH_OK) {
		void *reply = NULL;
		if (redisGetReplyFromReader(connection->context, &reply) != REDIS_OK)
			return fail(connection, "reply");
		if (reply == NULL)
			break;
		status = reply_take(redis, connection, reply);
		freeReplyObject(reply);
	}
	return status;
}

static enum ch_status redis_wait(void *peer, int64_t timeout_ns)
{
	struct redis *redis = peer;
	enum ch_status status = CH_OK;
	struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	for (uint32_t i = 0; i < redis->count && status == CH_OK; i++)
		status = connection_flush(&redis->connections[i], &redis->polled[i].events);
	if (status != CH_OK)
		return status;
	int ready = ppoll(redis->polled, redis->count, &timeout, NULL);
	for (uint32_t i = 0; i < redis->count && ready > 0 && status == CH_OK; i++) {
		if (redis->polled[i].revents & ~POLLOUT)
			status = connection_read(redis, &redis->connections[i]);
	}
	return status;
}

static enum ch_status redis_stored(void *peer, uint64_t *out_events)
{
	struct redis *redis = peer;
	struct connection *connection = &redis->connections[0];
	enum ch_status status = set_blocking(connection, true);
	if (status != CH_OK)
		return status;
	redisReply *reply = redisCommand(connection->context, "XLEN " STREAM);
	if (reply == NULL || reply->type != REDIS_REPLY_INTEGER)
		status = fail(connection, "XLEN");
	else
		*out_events = (uint64_t)reply->integer;
	freeReplyObject(reply);
	return status == CH_OK ? set_blocking(connection, false) : status;
}

int main(int argc, char **argv)
{
	static const struct driver_peer peer = {
		.name = "redis",
		.batch_max = 1,
		.open = redis_open,
		.send = redis_send,
		.wait = redis_wait,
		.stored = redis_stored,
		.close = redis_close,
	};
	return driver_main(argc, argv, &peer);
}
