#include "crash/client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#include "base/clock.h"
#include "wire/frame.h"
#include "wire/pb.h"
#include "wire/session.h"

#define FRAMES       8192u
#define FRAME_MAX    64u
#define RETRY_US     200000
#define AGAIN_EVENTS 65536u

/* A frame on its way: which events it carried. */
struct posted {
	uint64_t number;
	uint32_t count;
	uint32_t indices[FRAME_MAX];
};

struct client {
	struct client_options options;
	struct ledger *ledger;
	void *context;
	void *socket;
	struct buffer frame;
	struct buffer event;
	struct posted posted[FRAMES];
	uint64_t frames;
	uint32_t outstanding; /* events without an answer, resent ones too */
	uint32_t old;         /* events below it that had no receipt are still to be sent */
	uint32_t old_end;
	uint32_t fresh_left;
	uint64_t draws;
	uint32_t *again; /* told to come later */
	uint32_t again_count;
	int64_t again_us;
};

static int client_number(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static enum ch_status client_send(struct client *client)
{
	if (client->frame.status != CH_OK)
		return client->frame.status;
	if (zmq_send(client->socket, client->frame.data, client->frame.len, ZMQ_DONTWAIT) < 0)
		return CH_IO;
	return CH_OK;
}

static enum ch_status client_connect(struct client *client)
{
	const struct server *server = client->options.server;
	struct hello hello = {.version = FRAME_VERSION, .agent = SLICE_LITERAL("crash")};
	client->context = zmq_ctx_new();
	client->socket = client->context != NULL ? zmq_socket(client->context, ZMQ_DEALER) : NULL;
	if (client->socket == NULL ||
		(client_number(client->socket, ZMQ_SNDHWM, 0) |
			client_number(client->socket, ZMQ_RCVHWM, 0) |
			client_number(client->socket, ZMQ_LINGER, 0)) != 0 ||
		zmq_setsockopt(client->socket, ZMQ_CURVE_SERVERKEY, server->hub_public,
			SERVER_KEY_TEXT) != 0 ||
		zmq_setsockopt(client->socket, ZMQ_CURVE_PUBLICKEY, server->peer_public,
			SERVER_KEY_TEXT) != 0 ||
		zmq_setsockopt(client->socket, ZMQ_CURVE_SECRETKEY, server->peer_secret,
			SERVER_KEY_TEXT) != 0 ||
		zmq_connect(client->socket, server->address) != 0)
		return CH_IO;
	hello_encode(&hello, &client->frame);
	return client_send(client);
}

enum ch_status client_open(const struct client_options *options, struct client **out_client)
{
	struct client *client = calloc(1, sizeof(*client));
	enum ch_status status = CH_NOMEM;
	if (client == NULL)
		goto out;
	client->options = *options;
	client->ledger = options->ledger;
	client->old = options->ledger->low;
	client->old_end = options->ledger->count;
	client->fresh_left = options->fresh;
	client->again = calloc(AGAIN_EVENTS, sizeof(*client->again));
	if (client->again == NULL)
		goto out;
	status = client_connect(client);
	if (status != CH_OK)
		goto out;
	*out_client = client;
	client = NULL; /* the caller's now */
out:
	client_close(client);
	return status;
}

void client_close(struct client *client)
{
	if (client == NULL)
		return;
	if (client->socket != NULL)
		(void)zmq_close(client->socket);
	if (client->context != NULL)
		(void)zmq_ctx_term(client->context);
	buffer_fini(&client->frame);
	buffer_fini(&client->event);
	free(client->again);
	free(client);
}

/* ---- What to send next ---- */

static uint64_t client_draw(struct client *client)
{
	return load_mix(client->options.seed, client->draws++, 7);
}

/* An event that has its receipt, and whose answer cannot have changed since: a bad one that was
 * corrected in the meantime is a conflict now. */
static bool client_pick_old(struct client *client, uint32_t *out_index)
{
	struct ledger *ledger = client->ledger;
	if (client->fresh_left == 0 || ledger->low == 0 ||
		client_draw(client) % 100 >= client->options.resends)
		return false;
	uint32_t index = (uint32_t)(client_draw(client) % ledger->low);
	if (load_plan(ledger->load, index).kind == LOAD_BAD)
		return false;
	*out_index = index;
	return true;
}

static bool client_pick_new(struct client *client, uint32_t *out_index)
{
	struct ledger *ledger = client->ledger;
	if (client->fresh_left == 0 || ledger->count == ledger->capacity)
		return false;
	struct load_plan plan = load_plan(ledger->load, ledger->count);
	bool needs = plan.kind == LOAD_CONFLICT || plan.kind == LOAD_FIXED;
	if (needs && ledger->items[plan.about].outcome == 0)
		return false;
	client->fresh_left--;
	*out_index = ledger->count++;
	return true;
}

static bool client_pick(struct client *client, uint32_t *out_index)
{
	for (; client->old < client->old_end; client->old++) {
		bool mine = client->options.lanes == 0 ||
			    client->old % client->options.lanes == client->options.lane;
		if (!mine || client->ledger->items[client->old].outcome != 0)
			continue;
		*out_index = client->old++;
		return true;
	}
	if (client->again_count > 0 && clock_steady_us() >= client->again_us) {
		*out_index = client->again[--client->again_count];
		return true;
	}
	return client_pick_old(client, out_index) || client_pick_new(client, out_index);
}

static enum ch_status client_post(struct client *client, bool *out_posted)
{
	struct posted *posted = &client->posted[client->frames % FRAMES];
	uint32_t most = 1 + (uint32_t)(client_draw(client) % client->options.frame_events);
	if (posted->count > 0)
		return CH_OK; /* a frame as old as that is still on its way */
	posted->number = client->frames;
	buffer_clear(&client->frame);
	frame_begin(&client->frame, FRAME_PUBLISH);
	pb_put_uint(&client->frame, 1, posted->number + 1);
	while (posted->count < most && client_pick(client, &posted->indices[posted->count])) {
		buffer_clear(&client->event);
		load_event(client->ledger->load, posted->indices[posted->count++], &client->event);
		if (client->event.status != CH_OK)
			return client->event.status;
		pb_put_element(&client->frame, 2, buffer_slice(&client->event));
	}
	if (posted->count == 0)
		return CH_OK;
	client->frames++;
	client->outstanding += posted->count;
	*out_posted = true;
	return client_send(client);
}

/* ---- What comes back ---- */

static enum ch_status client_receipt(struct client *client, const struct receipt *receipt)
{
	struct posted *posted = &client->posted[(receipt->frame - 1) % FRAMES];
	if (receipt->frame == 0 || posted->number + 1 != receipt->frame ||
		receipt->index >= posted->count) {
		ledger_violation(client->ledger, "receipts for frame %" PRIu64 " of %" PRIu64,
			receipt->frame, client->frames);
		return CH_FORMAT;
	}
	uint32_t index = posted->indices[receipt->index];
	client->outstanding--;
	if (ledger_receipt(client->ledger, index, receipt)) {
		if (client->options.answered != NULL)
			client->options.answered(client->options.context, index);
	} else if (client->again_count < AGAIN_EVENTS) {
		client->again[client->again_count++] = index;
		client->again_us = clock_steady_us() + RETRY_US;
	}
	if (receipt->index + 1 == posted->count)
		posted->count = 0;
	return CH_OK;
}

static enum ch_status client_receipts(struct client *client, struct slice body)
{
	static struct receipts receipts; /* large */
	enum ch_status status = receipts_parse(body, &receipts);
	for (uint32_t i = 0; status == CH_OK && i < receipts.count; i++)
		status = client_receipt(client, &receipts.receipts[i]);
	return status;
}

static enum ch_status client_take(struct client *client, struct slice bytes)
{
	enum frame_kind kind;
	struct slice body;
	enum ch_status status = frame_parse(bytes, &kind, &body);
	if (status != CH_OK)
		return status;
	switch (kind) {
	case FRAME_RECEIPTS:
		return client_receipts(client, body);
	case FRAME_REFUSED:
		ledger_violation(client->ledger, "a frame was refused");
		return CH_INVALID;
	default:
		return CH_OK; /* WELCOME, CREDIT, PING, PONG */
	}
}

static enum ch_status client_receive(struct client *client)
{
	for (;;) {
		zmq_msg_t message;
		(void)zmq_msg_init(&message); /* always 0 */
		if (zmq_msg_recv(&message, client->socket, ZMQ_DONTWAIT) < 0) {
			(void)zmq_msg_close(&message);
			return errno == EAGAIN ? CH_OK : CH_IO;
		}
		enum ch_status status = client_take(
			client, slice_of(zmq_msg_data(&message), zmq_msg_size(&message)));
		(void)zmq_msg_close(&message);
		if (status != CH_OK)
			return status;
	}
}

enum ch_status client_turn(struct client *client, int timeout_ms)
{
	bool posted = true;
	enum ch_status status = CH_OK;
	while (status == CH_OK && posted && client->outstanding < client->options.window) {
		posted = false;
		status = client_post(client, &posted);
	}
	if (status != CH_OK)
		return status;
	bool full = client->ledger->count == client->ledger->capacity;
	if (client->outstanding == 0 && client->again_count == 0 &&
		(client->fresh_left == 0 || full))
		return CH_END;
	zmq_pollitem_t item = {.socket = client->socket, .events = ZMQ_POLLIN};
	(void)zmq_poll(&item, 1, timeout_ms); /* a signal is a shorter wait */
	return client_receive(client);
}
