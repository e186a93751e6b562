#include "client/request.h"

#include <carehub/query.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/wait.h"
#include "wire/request.h"

/* Replies that may wait for a slow callback. */
#define QUEUED_BYTES (64u * 1024u * 1024u)

/* A reply on its way to who asked; or the end, without a message. */
struct answer {
	struct mailbox_node node; /* first */
	zmq_msg_t message;
	struct slice body; /* of the reply, in the message */
	bool more;
	enum ch_status status;
	char detail[ERROR_DETAIL_BYTES];
};

struct ask_command {
	struct command command; /* first */
	struct ask *ask;
};

/* Something asked that waits for replies.  Two hold it: who asks and waits, and the I/O thread, which says with
 * the answer `last` that it lets go.  One that nobody waits for has a callback, and the I/O thread alone. */
struct ask {
	atomic_uint holders;
	ch_answer_callback *callback; /* NULL: somebody waits at the inbox */
	void *context;
	struct ask *next; /* in session.asks; the I/O thread's */
	uint64_t number;
	struct slice operation;
	struct slice body;
	bool question; /* changes nothing: may be asked again */
	bool answered; /* in part */
	struct ask_command put;
	struct ask_command cancel;
	struct mailbox inbox;
	struct answer last;
	_Atomic size_t queued_bytes;
	uint8_t bytes[]; /* of operation and body, when they had to be copied */
};

static void answer_free(struct answer *answer)
{
	(void)zmq_msg_close(&answer->message);
	free(answer);
}

static void ask_release(struct ask *ask)
{
	if (atomic_fetch_sub(&ask->holders, 1) > 1)
		return;
	mailbox_fini(&ask->inbox);
	free(ask);
}

/* ---- The I/O thread ---- */

static struct ask *request_find(const struct ch_connection *connection, uint64_t number)
{
	struct ask *ask = connection->session.asks;
	while (ask != NULL && ask->number != number)
		ask = ask->next;
	return ask;
}

static void request_delist(struct ch_connection *connection, struct ask *ask)
{
	struct ask **at = &connection->session.asks;
	while (*at != NULL && *at != ask)
		at = &(*at)->next;
	if (*at != NULL)
		*at = ask->next;
}

static void request_finish(struct ch_connection *connection, struct ask *ask, enum ch_status status,
	struct slice detail)
{
	request_delist(connection, ask);
	ask->last.status = status;
	ask->last.more = false;
	size_t len = detail.len < sizeof(ask->last.detail) - 1 ? detail.len
							       : sizeof(ask->last.detail) - 1;
	if (len > 0)
		memcpy(ask->last.detail, detail.data, len);
	ask->last.detail[len] = 0;
	if (ask->callback != NULL)
		ask->callback(
			ask->context, status, (struct ch_bytes){NULL, 0}, false, ask->last.detail);
	else
		(void)mailbox_post(&ask->inbox, &ask->last.node); /* open as long as it lives */
	ask_release(ask);
}

static void request_send(struct ch_connection *connection, struct ask *ask)
{
	struct session *session = &connection->session;
	ask->number = ++session->last_request;
	request_encode(&(struct request){ask->number, ask->operation, ask->body}, &session->frame);
	session_send(connection);
}

static void request_put(struct ch_connection *connection, struct command *command)
{
	struct ask *ask = ((struct ask_command *)(void *)command)->ask;
	struct session *session = &connection->session;
	ask->next = session->asks;
	session->asks = ask;
	if (session->state == SESSION_UP)
		request_send(connection, ask);
	else if (!ask->question || session->state == SESSION_OVER)
		request_finish(connection, ask, CH_CLOSED, SLICE_LITERAL("there is no connection"));
}

static bool request_is_listed(const struct ch_connection *connection, const struct ask *ask)
{
	const struct ask *at = connection->session.asks;
	while (at != NULL && at != ask)
		at = at->next;
	return at != NULL;
}

/* Time is up for who asked, but perhaps he did not run while it passed: an answer that has come is his. */
static void request_cancel(struct ch_connection *connection, struct command *command)
{
	struct ask *ask = ((struct ask_command *)(void *)command)->ask;
	session_hear(connection);
	if (!request_is_listed(connection, ask))
		; /* it has its answer */
	else if (connection->session.state == SESSION_UP)
		request_finish(connection, ask, CH_TIMEOUT, (struct slice){NULL, 0});
	else
		request_finish(connection, ask, CH_CLOSED, slice_text(connection->session.lost));
	ask_release(ask);
}

static enum ch_status request_queue(struct ask *ask, const struct reply *reply, zmq_msg_t *message)
{
	size_t len = zmq_msg_size(message);
	if (atomic_fetch_add(&ask->queued_bytes, len) + len > QUEUED_BYTES)
		return CH_FULL;
	struct answer *answer = calloc(1, sizeof(*answer));
	if (answer == NULL)
		return CH_NOMEM;
	const uint8_t *before = zmq_msg_data(message);
	(void)zmq_msg_init(&answer->message);
	(void)zmq_msg_move(&answer->message, message); /* cannot fail on messages of ours */
	const uint8_t *now = zmq_msg_data(&answer->message);
	if (reply->body.len > 0)
		answer->body = slice_of(now + (reply->body.data - before), reply->body.len);
	answer->more = reply->more;
	(void)mailbox_post(&ask->inbox, &answer->node); /* open as long as it lives */
	return CH_OK;
}

/* A good reply to one that nobody waits for. */
static void request_tell(
	struct ch_connection *connection, struct ask *ask, const struct reply *reply)
{
	ch_answer_callback *callback = ask->callback;
	void *context = ask->context;
	if (!reply->more) {
		request_delist(connection, ask);
		ask_release(ask); /* before the call: it may take as long as it likes */
	}
	callback(context, CH_OK, (struct ch_bytes){reply->body.data, reply->body.len}, reply->more,
		"");
}

enum ch_status request_take_reply(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message)
{
	struct reply reply;
	enum ch_status status = reply_parse(body, &reply);
	if (status != CH_OK)
		return status;
	struct ask *ask = request_find(connection, reply.request);
	if (ask == NULL)
		return CH_OK; /* nobody waits for it any more */
	if (reply.status != CH_OK) {
		request_finish(connection, ask, reply.status, reply.detail);
		return CH_OK;
	}
	bool more = reply.more;
	ask->answered = true;
	if (ask->callback != NULL) {
		request_tell(connection, ask, &reply);
		return CH_OK;
	}
	status = request_queue(ask, &reply, message);
	if (status != CH_OK || !more)
		request_finish(connection, ask, status,
			status == CH_FULL ? SLICE_LITERAL("replies come faster than they are taken")
					  : (struct slice){NULL, 0});
	return CH_OK;
}

void request_refused(struct ch_connection *connection, uint64_t number, enum ch_status reason,
	const char *detail)
{
	struct ask *ask = request_find(connection, number);
	if (ask != NULL)
		request_finish(
			connection, ask, reason != CH_OK ? reason : CH_DENIED, slice_text(detail));
}

void request_lost(struct ch_connection *connection)
{
	char detail[ERROR_DETAIL_BYTES];
	struct ask *ask = connection->session.asks;
	while (ask != NULL) {
		struct ask *next = ask->next;
		if (!ask->question || ask->answered) {
			(void)snprintf(detail, sizeof(detail),
				"the connection was lost (%.160s): %s", connection->session.lost,
				ask->question ? "not all replies have come"
					      : "the outcome is not known");
			request_finish(connection, ask, CH_CLOSED, slice_text(detail));
		}
		ask = next;
	}
}

void request_welcome(struct ch_connection *connection)
{
	for (struct ask *ask = connection->session.asks; ask != NULL; ask = ask->next)
		request_send(connection, ask);
}

void request_end(struct ch_connection *connection)
{
	while (connection->session.asks != NULL)
		request_finish(connection, connection->session.asks, CH_CLOSED,
			SLICE_LITERAL("the connection is closed"));
}

/* ---- Who asks ---- */

/* Gives replies on until the last, or until the callback has enough or time is up: *out_done says
 * whether the I/O thread has let go. */
static enum ch_status request_collect(struct ask *ask, int64_t timeout_ms,
	ch_reply_callback *callback, void *context, bool *out_done)
{
	bool wanted = true;
	for (;;) {
		struct mailbox_node *node =
			mailbox_wait(&ask->inbox, timeout_ms < 0 ? -1 : timeout_ms * 1000);
		if (node == NULL)
			return CH_TIMEOUT;
		while (node != NULL) {
			struct answer *answer = (struct answer *)(void *)node;
			node = node->next;
			if (answer == &ask->last) {
				*out_done = true;
				return wanted ? answer->status : CH_OK;
			}
			atomic_fetch_sub(&ask->queued_bytes, zmq_msg_size(&answer->message));
			if (wanted && callback != NULL)
				wanted = callback(context,
					(struct ch_bytes){answer->body.data, answer->body.len},
					answer->more);
			answer_free(answer);
		}
		if (!wanted)
			return CH_OK;
	}
}

/* `extra` bytes of room behind it. */
static struct ask *ask_create(struct slice operation, struct slice body, size_t extra)
{
	struct ask *ask = calloc(1, sizeof(*ask) + extra);
	if (ask == NULL)
		return NULL;
	atomic_init(&ask->holders, 2);
	ask->operation = operation;
	ask->body = body;
	ask->put = (struct ask_command){{.run = request_put}, ask};
	ask->cancel = (struct ask_command){{.run = request_cancel}, ask};
	mailbox_init(&ask->inbox, NULL, NULL);
	return ask;
}

static enum ch_status request_check(struct slice operation, struct ch_bytes body)
{
	if (operation.len == 0 || operation.len > LIMIT_TYPE_BYTES)
		return error_set(CH_INVALID, "an operation has 1 to %u bytes", LIMIT_TYPE_BYTES);
	if (body.len > LIMIT_FRAME_BYTES - 1024)
		return error_set(CH_TOO_LARGE, "the request does not fit into a frame");
	return CH_OK;
}

static enum ch_status request_leave(struct ch_connection *connection, const char *operation,
	struct ch_bytes body, bool question, ch_answer_callback *callback, void *context)
{
	struct slice name = slice_text(operation);
	error_clear();
	enum ch_status status = request_check(name, body);
	if (status != CH_OK)
		return status;
	struct ask *ask = ask_create(name, slice_of(body.data, body.len), name.len + body.len);
	if (ask == NULL)
		return CH_NOMEM;
	memcpy(ask->bytes, name.data, name.len);
	if (body.len > 0)
		memcpy(ask->bytes + name.len, body.data, body.len);
	ask->operation.data = ask->bytes;
	ask->body.data = ask->bytes + name.len;
	ask->question = question;
	ask->callback = callback;
	ask->context = context;
	ask_release(ask); /* the I/O thread's alone */
	if (connection_post(connection, &ask->put.command))
		return CH_OK;
	ask_release(ask);
	return error_set(CH_CLOSED, "the connection is closed");
}

enum ch_status ch_request_async(struct ch_connection *connection, const char *operation,
	struct ch_bytes body, ch_answer_callback *callback, void *context)
{
	return request_leave(connection, operation, body, false, callback, context);
}

enum ch_status ch_query_async(struct ch_connection *connection, const char *operation,
	struct ch_bytes body, ch_answer_callback *callback, void *context)
{
	return request_leave(connection, operation, body, true, callback, context);
}

/* Gives up waiting.  Replies that have come meanwhile are given on; the I/O thread has the last word. */
static enum ch_status request_give_up(struct ch_connection *connection, struct ask *ask,
	enum ch_status status, ch_reply_callback *callback, void *context)
{
	bool done = false;
	(void)atomic_fetch_add(&ask->holders, 1); /* the command's */
	/* False: the session is over and lets go of all that was asked, this too. */
	if (!connection_post(connection, &ask->cancel.command))
		ask_release(ask);
	if (status == CH_TIMEOUT)
		status = request_collect(ask, -1, callback, context, &done);
	while (!done)
		(void)request_collect(ask, -1, NULL, NULL, &done); /* nobody wants more */
	return status;
}

static enum ch_status request_wait(struct ch_connection *connection, const char *operation,
	struct ch_bytes body, bool question, int64_t timeout_ms, ch_reply_callback *callback,
	void *context)
{
	struct slice name = slice_text(operation);
	bool done = false;
	error_clear();
	if (connection_is_inside(connection))
		return error_set(CH_INVALID, "a callback must not wait");
	enum ch_status fit = request_check(name, body);
	if (fit != CH_OK)
		return fit;
	struct ask *ask = ask_create(name, slice_of(body.data, body.len), 0);
	if (ask == NULL)
		return CH_NOMEM;
	ask->question = question;
	if (!connection_post(connection, &ask->put.command)) {
		ask_release(ask);
		ask_release(ask);
		return error_set(CH_CLOSED, "the connection is closed");
	}
	enum ch_status status = request_collect(ask, timeout_ms, callback, context, &done);
	if (!done)
		status = request_give_up(connection, ask, status, callback, context);
	if (status != CH_OK && status != CH_TIMEOUT)
		(void)error_set(status, "%s: %s", operation, ask->last.detail);
	ask_release(ask);
	return status;
}

enum ch_status ch_query(struct ch_connection *connection, const char *operation,
	struct ch_bytes body, int64_t timeout_ms, ch_reply_callback *callback, void *context)
{
	return request_wait(connection, operation, body, true, timeout_ms, callback, context);
}

enum ch_status ch_request(struct ch_connection *connection, const char *operation,
	struct ch_bytes body, int64_t timeout_ms, ch_reply_callback *callback, void *context)
{
	return request_wait(connection, operation, body, false, timeout_ms, callback, context);
}
