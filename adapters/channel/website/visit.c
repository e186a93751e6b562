#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "channel/website/server_inside.h"

#define VISIT_ARGUMENT_BYTES 1024
#define VISIT_ANSWER_BYTES   2048 /* the head of an answer */
/* Times the largest body: beyond it none is read in order to be dropped. */
#define VISIT_DROPPED_TIMES 8u
/* Before a colon: names with so many are known for what they are. */
#define VISIT_BLANKS  8u
#define VISIT_RETRY_S 2u

/* ---- Life ---- */

static void visit_unlink(struct visit *visit)
{
	if (visit->at == NULL)
		return;
	*visit->at = visit->next;
	if (visit->next != NULL)
		visit->next->at = visit->at;
	visit->at = NULL;
}

struct visit *visit_create(struct server *server, struct lws *wsi)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	if (visit == NULL)
		return NULL;
	visit->server = server;
	visit->wsi = wsi;
	visit->holders = 1; /* the connection */
	visit->next = server->visits;
	visit->at = &server->visits;
	if (visit->next != NULL)
		visit->next->at = &visit->next;
	server->visits = visit;
	return visit;
}

void visit_part(struct visit *visit)
{
	visit->wsi = NULL;
	visit_unlink(visit);
	visit_release(visit);
}

void visit_hold(struct visit *visit)
{
	visit->holders++;
}

void visit_release(struct visit *visit)
{
	if (--visit->holders > 0)
		return;
	visit_unlink(visit);
	answer_fini(&visit->answer);
	buffer_fini(&visit->head);
	buffer_fini(&visit->query);
	buffer_fini(&visit->body);
	free(visit);
}

const struct http_message *visit_message(const struct visit *visit)
{
	return &visit->message;
}

const char *visit_peer(const struct visit *visit)
{
	return visit->peer;
}

struct answer *visit_answer(struct visit *visit)
{
	return &visit->answer;
}

void visit_send(struct visit *visit)
{
	int kind = visit->answer.status / 100;
	visit->sent = true;
	visit->server->counts.answers[0]++;
	if (kind > 0 && kind < 6)
		visit->server->counts.answers[kind]++;
	if (visit->answer.body.status != CH_OK)
		visit->answer.status = HTTP_STATUS_INTERNAL_SERVER_ERROR;
	if (visit->wsi != NULL)
		lws_callback_on_writable(visit->wsi);
}

void visit_refuse(struct visit *visit, int status, const char *field, const char *why)
{
	answer_problem(&visit->answer, status, field, why);
	visit->answer.close = true;
	visit_send(visit);
}

static void visit_refuse_for_now(struct visit *visit, const char *why)
{
	answer_problem(&visit->answer, 503, "", why);
	visit->answer.retry_after_s = VISIT_RETRY_S;
	visit->answer.close = true;
	visit_send(visit);
}

/* ---- The head of a request ---- */

static const struct {
	enum lws_token_indexes token;
	const char *method;
} methods[] = {
	{WSI_TOKEN_POST_URI, "POST"},
	{WSI_TOKEN_GET_URI, "GET"},
	{WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
	{WSI_TOKEN_HEAD_URI, "HEAD"},
	{WSI_TOKEN_PUT_URI, "PUT"},
	{WSI_TOKEN_PATCH_URI, "PATCH"},
	{WSI_TOKEN_DELETE_URI, "DELETE"},
};

static const struct {
	enum lws_token_indexes token;
	const char *name;
} known_headers[] = {
	{WSI_TOKEN_HTTP_CONTENT_TYPE, "content-type"},
	{WSI_TOKEN_HTTP_ACCEPT_LANGUAGE, "accept-language"},
	{WSI_TOKEN_HTTP_AUTHORIZATION, "authorization"},
	{WSI_TOKEN_X_FORWARDED_FOR, "x-forwarded-for"},
};

/* lws gives those that it does not know only by name. */
static const char *const other_headers[] = {
	"ce-specversion:",
	"ce-id:",
	"ce-source:",
	"ce-type:",
	"ce-subject:",
	"ce-time:",
	"ce-senttime:",
	"ce-dataschema:",
	"ce-traceparent:",
	"ce-tracestate:",
	"ce-correlationid:",
	"ce-causationid:",
	"ce-digest:",
	"traceparent:",
	"tracestate:",
	"webhook-id:",
	"webhook-timestamp:",
	"webhook-signature:",
	"webhook-request-origin:",
	"webhook-request-rate:",
	"webhook-request-callback:",
	"x-shopify-topic:",
	"x-shopify-hmac-sha256:",
	"x-shopify-shop-domain:",
	"x-shopify-webhook-id:",
	"x-shopify-event-id:",
	"x-shopify-triggered-at:",
	"x-wc-webhook-topic:",
	"x-wc-webhook-source:",
	"x-wc-webhook-signature:",
	"x-wc-webhook-delivery-id:",
};

#define KNOWN_HEADERS (sizeof(known_headers) / sizeof(known_headers[0]))
#define OTHER_HEADERS (sizeof(other_headers) / sizeof(other_headers[0]))

/* Room for `len` bytes and the NUL that lws writes; NULL when memory runs out. */
static char *visit_room(struct visit *visit, size_t len)
{
	char *room = (char *)buffer_reserve(&visit->head, len + 1);
	return room;
}

static enum ch_status visit_take_known(struct visit *visit, size_t i)
{
	int len = lws_hdr_total_length(visit->wsi, known_headers[i].token);
	if (len <= 0)
		return CH_OK;
	char *room = visit_room(visit, (size_t)len);
	if (room == NULL)
		return CH_NOMEM;
	if (lws_hdr_copy(visit->wsi, room, len + 1, known_headers[i].token) < 0)
		return CH_FORMAT;
	return http_message_add(
		&visit->message, slice_text(known_headers[i].name), slice_of(room, (size_t)len));
}

static enum ch_status visit_take_other(struct visit *visit, size_t i)
{
	const char *name = other_headers[i];
	int name_len = (int)strlen(name);
	int len = lws_hdr_custom_length(visit->wsi, name, name_len);
	if (len <= 0)
		return CH_OK;
	char *room = visit_room(visit, (size_t)len);
	if (room == NULL)
		return CH_NOMEM;
	if (lws_hdr_custom_copy(visit->wsi, room, len + 1, name, name_len) < 0)
		return CH_FORMAT;
	return http_message_add(
		&visit->message, slice_of(name, (size_t)name_len - 1), slice_of(room, (size_t)len));
}

/* lws has cut the query at each '&' and decoded what is between: it is put together again so that decoding
 * it gives the same. */
static void visit_append_argument(struct visit *visit, const char *text)
{
	for (; *text != 0; text++) {
		if (*text == '%' || *text == '&' || *text == '+')
			buffer_printf(&visit->query, "%%%02X", (unsigned)*text);
		else
			buffer_append_byte(&visit->query, (uint8_t)*text);
	}
}

static enum ch_status visit_take_target(struct visit *visit, const char *path)
{
	char argument[VISIT_ARGUMENT_BYTES];
	size_t path_len = strlen(path);
	char *room = visit_room(visit, path_len);
	if (room == NULL)
		return CH_NOMEM;
	memcpy(room, path, path_len + 1);
	visit->message.path = slice_of(room, path_len);
	for (int i = 0; lws_hdr_fragment_length(visit->wsi, WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
		if (lws_hdr_copy_fragment(
			    visit->wsi, argument, sizeof(argument), WSI_TOKEN_HTTP_URI_ARGS, i) < 0)
			return CH_TOO_LARGE;
		if (i > 0)
			buffer_append_byte(&visit->query, '&');
		visit_append_argument(visit, argument);
	}
	visit->message.query = buffer_slice(&visit->query);
	return visit->query.status;
}

static enum ch_status visit_take_head(struct visit *visit, const char *path)
{
	/* At once, so that what the message looks into does not move: a head is no longer than this. */
	if (buffer_reserve(&visit->head, 2 * SERVER_HEAD_BYTES) == NULL)
		return CH_NOMEM;
	visit->head.len = 0;
	enum ch_status status = visit_take_target(visit, path);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (lws_hdr_total_length(visit->wsi, methods[i].token) > 0)
			visit->message.method = slice_text(methods[i].method);
	}
	for (size_t i = 0; i < KNOWN_HEADERS && status == CH_OK; i++)
		status = visit_take_known(visit, i);
	for (size_t i = 0; i < OTHER_HEADERS && status == CH_OK; i++)
		status = visit_take_other(visit, i);
	(void)lws_get_peer_simple(visit->wsi, visit->peer, sizeof(visit->peer)); /* "" at worst */
	char connection[32];
	int len = lws_hdr_copy(visit->wsi, connection, sizeof(connection), WSI_TOKEN_CONNECTION);
	visit->last = len > 0 && strcasestr(connection, "close") != NULL;
	return status;
}

/* How much is to come.  CH_NOT_FOUND: it does not say. */
static enum ch_status visit_take_length(struct visit *visit)
{
	char text[24];
	int len = lws_hdr_copy(visit->wsi, text, sizeof(text), WSI_TOKEN_HTTP_CONTENT_LENGTH);
	if (len <= 0)
		return CH_NOT_FOUND;
	return text_parse_u64(text_trim(slice_text(text)), INT64_MAX, &visit->expected);
}

static void visit_complete(struct visit *visit)
{
	visit->body_due_us = 0;
	visit->message.body = buffer_slice(&visit->body);
	if (visit->too_large)
		visit_refuse(visit, 413, "", "the body is larger than is taken here");
	else if (visit->body.status != CH_OK)
		visit_refuse_for_now(visit, "no memory");
	else
		visit->server->options.arrived(visit->server->options.context, visit);
}

/* A blank before the colon (RFC 9112, 5.1).  To lws it is part of a name that it does not know; to a proxy before us it
 * may have been the header that says where this request ends, and the next begins. */
static bool visit_hides_length(const struct visit *visit)
{
	static const char *const names[] = {"transfer-encoding", "content-length"};
	char name[32];
	for (size_t i = 0; i < 4; i++) {
		size_t len = strlen(names[i % 2]);
		memcpy(name, names[i % 2], len);
		for (size_t blanks = 1; blanks <= VISIT_BLANKS; blanks++) {
			name[len++] = i < 2 ? ' ' : '\t';
			name[len] = ':';
			if (lws_hdr_custom_length(visit->wsi, name, (int)len + 1) >= 0)
				return true;
		}
	}
	return false;
}

/* In pieces, or of a length that is told.  0: it is none of both, or none that is taken here. */
static int visit_check_length(struct visit *visit)
{
	char coding[16] = "";
	bool coded = lws_hdr_total_length(visit->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
	bool post = slice_equal(visit->message.method, SLICE_LITERAL("POST"));
	uint64_t most = (uint64_t)visit->server->options.body_bytes;
	enum ch_status status = visit_take_length(visit);
	visit->too_large = visit->expected > most;
	if (visit_hides_length(visit))
		return 400;
	if (!coded && (status == CH_OK || (!post && status == CH_NOT_FOUND)))
		return visit->expected > most * (post ? VISIT_DROPPED_TIMES : 1) ? 413 : 0;
	if (!coded)
		return status == CH_NOT_FOUND ? 411 : 400;
	(void)lws_hdr_copy(visit->wsi, coding, sizeof(coding),
		WSI_TOKEN_HTTP_TRANSFER_ENCODING); /* too long is none that is known */
	/* Both at once have been used to smuggle a request past a proxy (RFC 9112, 6.3). */
	if (status != CH_NOT_FOUND || !post)
		return 400;
	visit->in_pieces = http_text_equal(slice_text(coding), "chunked");
	/* What comes behind the body is not for this connection: lws does not see its end. */
	visit->last = visit->answer.close = true;
	return visit->in_pieces ? 0 : 501;
}

void visit_begin(struct visit *visit, const char *path)
{
	if (visit_take_head(visit, path) != CH_OK) {
		visit_refuse(visit, 431, "", "the head of the request cannot be taken");
		return;
	}
	int refused = visit_check_length(visit);
	if (refused != 0)
		visit_refuse(visit, refused, "", "no body that is taken here");
	else if (visit->expected == 0 && !visit->in_pieces)
		visit_complete(visit);
	else
		visit->body_due_us = clock_steady_us() + visit->server->options.body_ms * 1000;
}

static void visit_take_pieces(struct visit *visit, struct slice bytes)
{
	enum ch_status status = chunked_take(
		&visit->chunks, bytes, (size_t)visit->server->options.body_bytes, &visit->body);
	if (status == CH_OK)
		return;
	visit->too_large = status == CH_TOO_LARGE;
	if (status != CH_FORMAT) {
		visit_complete(visit);
		return;
	}
	visit->body_due_us = 0;
	visit_refuse(visit, 400, "", "the pieces of the body do not fit");
}

/* The buffer grows by what has come: what a client only promises costs nothing. */
void visit_take_body(struct visit *visit, const void *bytes, size_t len)
{
	if (visit->body_due_us == 0 || visit->sent)
		return;
	if (visit->in_pieces) {
		visit_take_pieces(visit, slice_of(bytes, len));
	} else if (!visit->too_large) {
		if (visit->body.len + len > visit->expected)
			len = (size_t)visit->expected - visit->body.len;
		buffer_append(&visit->body, bytes, len);
	}
}

/* Bytes behind the body, before its answer: lws offers them to this request's body for ever, says each time that
 * the body has ended, and does nothing else.  Who posts without waiting for answers is sent away; what he has sent
 * he may send again. */
bool visit_end_body(struct visit *visit)
{
	if (visit->whole && !visit->in_pieces)
		return false;
	visit->whole = true;
	if (visit->body_due_us != 0 && !visit->in_pieces)
		visit_complete(visit);
	return true;
}

/* ---- The answer ---- */

static bool visit_add_header(
	struct visit *visit, const char *name, const char *value, uint8_t **at, uint8_t *end)
{
	return lws_add_http_header_by_name(visit->wsi, (const uint8_t *)name,
		       (const uint8_t *)value, (int)strlen(value), at, end) == 0;
}

static bool visit_add_headers(struct visit *visit, uint8_t **at, uint8_t *end)
{
	const struct answer *answer = &visit->answer;
	char number[24];
	bool fine =
		lws_add_http_header_status(visit->wsi, (unsigned)answer->status, at, end) == 0 &&
		lws_add_http_header_content_length(visit->wsi, answer->body.len, at, end) == 0;
	if (fine && answer->type != NULL)
		fine = visit_add_header(visit, "content-type:", answer->type, at, end);
	if (fine && answer->allow != NULL)
		fine = visit_add_header(visit, "allow:", answer->allow, at, end);
	if (fine && answer->retry_after_s > 0) {
		(void)snprintf(number, sizeof(number), "%u", answer->retry_after_s); /* fits */
		fine = visit_add_header(visit, "retry-after:", number, at, end);
	}
	if (fine && answer->status == 401)
		fine = visit_add_header(visit, "www-authenticate:", "Bearer", at, end);
	if (fine && answer->allowed_origin[0] != 0) {
		(void)snprintf(number, sizeof(number), "%u", answer->allowed_rate); /* fits */
		fine = visit_add_header(
			       visit, "webhook-allowed-origin:", answer->allowed_origin, at, end) &&
		       visit_add_header(visit,
			       "webhook-allowed-rate:", answer->allowed_rate > 0 ? number : "*", at,
			       end);
	}
	if (fine && answer->policy != NULL)
		fine = visit_add_header(
			       visit, "content-security-policy:", answer->policy, at, end) &&
		       visit_add_header(visit, "referrer-policy:", "no-referrer", at, end) &&
		       visit_add_header(visit, "x-content-type-options:", "nosniff", at, end);
	return fine && visit_add_header(visit, "cache-control:", "no-store", at, end) &&
	       (!answer->close || visit_add_header(visit, "connection:", "close", at, end)) &&
	       lws_finalize_http_header(visit->wsi, at, end) == 0;
}

int visit_write(struct visit *visit)
{
	const struct answer *answer = &visit->answer;
	bool head = slice_equal(visit->message.method, SLICE_LITERAL("HEAD"));
	size_t body_len = head ? 0 : answer->body.len;
	uint8_t *room = malloc(LWS_PRE + VISIT_ANSWER_BYTES + body_len);
	int result = -1;
	if (room == NULL)
		return -1;
	uint8_t *at = room + LWS_PRE;
	if (visit_add_headers(visit, &at, room + LWS_PRE + VISIT_ANSWER_BYTES)) {
		if (body_len > 0)
			memcpy(at, answer->body.data, body_len);
		at += body_len;
		size_t len = (size_t)(at - (room + LWS_PRE));
		result = lws_write(visit->wsi, room + LWS_PRE, len, LWS_WRITE_HTTP_HEADERS) < 0 ? -1
												: 0;
	}
	free(room);
	return result;
}
