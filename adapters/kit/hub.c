#include "kit/hub.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/invariant.h"
#include "base/limits.h"

/* One reply on its way from the library's thread. */
struct hub_reply {
	struct mailbox_node node; /* first */
	struct question *question;
	enum ch_status status;
	bool more;
	char detail[256];
	size_t len;
	uint8_t bytes[];
};

struct question {
	struct question *next;
	struct kit_hub *hub;
	kit_answer
		*answer; /* NULL: it has been answered for good, the hub's word is not waited for */
	void *context;
	int64_t due_us;
	bool sent;

	/* The library's thread's. */
	struct hub_reply *spare; /* so that the last word comes even when memory runs out */
	bool lost;               /* a reply could not be kept: the last word says so */

	size_t operation_len; /* with its NUL */
	size_t body_len;
	char bytes[]; /* operation, body */
};

struct kit_hub {
	struct courier *courier;
	struct question
		*first; /* in the order in which they were asked: those sent, then the others */
	struct question **last;
	struct question *unsent; /* the first of those */
	uint32_t count;
	uint32_t under_way;
	int64_t due_us; /* before that no question's time is over */
	bool ended;
	struct mailbox replies;
	struct mailbox_node *taken; /* out of it, not yet given on */
};

/* ---- On the library's thread ---- */

static void hub_replied(
	void *context, enum ch_status status, struct ch_bytes body, bool more, const char *detail)
{
	struct question *question = context;
	struct hub_reply *reply = NULL;
	if (!question->lost)
		reply = malloc(sizeof(*reply) + body.len);
	question->lost = reply == NULL;
	if (question->lost && more)
		return;
	if (question->lost) {
		reply = question->spare;
		question->spare = NULL;
		status = CH_NOMEM;
		body.len = 0;
	}
	reply->question = question;
	reply->status = status;
	reply->more = more;
	reply->len = body.len;
	(void)snprintf(reply->detail, sizeof(reply->detail), "%s", detail); /* as much as fits */
	if (body.len > 0)
		memcpy(reply->bytes, body.data, body.len);
	/* The box is open until the connection is closed, and then there are no calls. */
	invariant(mailbox_post(&question->hub->replies, &reply->node));
}

static void hub_wake(void *context)
{
	bell_ring(context);
}

/* ---- One question ---- */

static void question_free(struct question *question)
{
	free(question->spare);
	free(question);
}

/* With `more` false it is the last word. */
static void question_answer(struct question *question, const struct kit_reply *reply)
{
	kit_answer *answer = question->answer;
	if (!reply->more)
		question->answer = NULL;
	if (answer != NULL)
		answer(question->context, reply);
}

static void hub_delist(struct kit_hub *hub, struct question *question)
{
	struct question **at = &hub->first;
	while (*at != question)
		at = &(*at)->next;
	*at = question->next;
	if (question->next == NULL)
		hub->last = at;
	if (hub->unsent == question)
		hub->unsent = question->next;
	hub->count--;
	hub->under_way -= question->sent;
}

/* Delisted first: whoever is answered may ask again. */
static void hub_dismiss(
	struct kit_hub *hub, struct question *question, enum ch_status status, const char *detail)
{
	hub_delist(hub, question);
	question_answer(question, &(struct kit_reply){.status = status, .detail = detail});
	question_free(question);
}

static enum ch_status hub_send(struct kit_hub *hub, struct question *question)
{
	enum ch_status status = courier_ask(hub->courier, question->bytes,
		(struct ch_bytes){(const uint8_t *)question->bytes + question->operation_len,
			question->body_len},
		hub_replied, question);
	if (status != CH_OK)
		return status;
	question->sent = true;
	hub->unsent = question->next;
	hub->under_way++;
	return CH_OK;
}

static void hub_send_waiting(struct kit_hub *hub)
{
	while (hub->unsent != NULL && hub->under_way < LIMIT_REQUESTS_PER_SESSION) {
		struct question *question = hub->unsent;
		enum ch_status status = hub_send(hub, question);
		if (status != CH_OK)
			hub_dismiss(hub, question, status, "");
	}
}

/* ---- Asking ---- */

static struct question *question_create(
	const char *operation, struct slice body, int64_t timeout_ms)
{
	size_t operation_len = strlen(operation) + 1;
	struct question *question = calloc(1, sizeof(*question) + operation_len + body.len);
	if (question == NULL)
		return NULL;
	question->spare = calloc(1, sizeof(*question->spare));
	if (question->spare == NULL) {
		question_free(question);
		return NULL;
	}
	question->due_us = clock_steady_us() + timeout_ms * 1000;
	question->operation_len = operation_len;
	question->body_len = body.len;
	memcpy(question->bytes, operation, operation_len);
	if (body.len > 0)
		memcpy(question->bytes + operation_len, body.data, body.len);
	return question;
}

enum ch_status kit_ask(struct kit_hub *hub, const char *operation, struct slice body,
	int64_t timeout_ms, kit_answer *answer, void *context)
{
	if (hub->ended)
		return CH_CLOSED;
	if (hub->count >= HUB_QUESTIONS)
		return CH_FULL;
	struct question *question = question_create(operation, body, timeout_ms);
	if (question == NULL)
		return CH_NOMEM;
	question->hub = hub;
	question->answer = answer;
	question->context = context;
	*hub->last = question;
	hub->last = &question->next;
	hub->count++;
	if (hub->unsent == NULL)
		hub->unsent = question;
	if (question->due_us < hub->due_us)
		hub->due_us = question->due_us;
	if (hub->unsent != question || hub->under_way >= LIMIT_REQUESTS_PER_SESSION)
		return CH_OK; /* its turn comes */
	enum ch_status status = hub_send(hub, question);
	if (status != CH_OK) {
		hub_delist(hub, question);
		question_free(question);
	}
	return status;
}

bool kit_hub_is_up(const struct kit_hub *hub)
{
	return !hub->ended && courier_is_up(hub->courier);
}

struct ch_connection *kit_connection(struct kit_hub *hub)
{
	return courier_connection(hub->courier);
}

enum ch_status kit_checkpoint(const struct kit_hub *hub, const char *source, struct buffer *out)
{
	return courier_checkpoint(hub->courier, source, out);
}

/* ---- From time to time ---- */

bool hub_has_answers(struct kit_hub *hub)
{
	if (hub->taken == NULL)
		hub->taken = mailbox_take(&hub->replies);
	return hub->taken != NULL;
}

static void hub_take_replies(struct kit_hub *hub)
{
	while (hub_has_answers(hub)) {
		struct hub_reply *reply = (struct hub_reply *)(void *)hub->taken;
		struct question *question = reply->question;
		hub->taken = hub->taken->next;
		if (!reply->more)
			hub_delist(hub, question);
		question_answer(question,
			&(struct kit_reply){reply->status, slice_of(reply->bytes, reply->len),
				reply->more, reply->detail});
		if (!reply->more)
			question_free(question);
		free(reply);
	}
}

static void hub_find_overdue(struct kit_hub *hub)
{
	int64_t now_us = clock_steady_us();
	const struct kit_reply late = {.status = CH_TIMEOUT, .detail = "the hub did not answer"};
	if (now_us < hub->due_us)
		return;
	/* Whoever is answered may ask again, and that is added at the end. */
	hub->due_us = INT64_MAX;
	for (struct question *question = hub->first, *next; question != NULL; question = next) {
		next = question->next;
		if (question->answer != NULL && question->due_us <= now_us && !question->sent)
			hub_dismiss(hub, question, late.status, late.detail);
		else if (question->answer != NULL && question->due_us <= now_us)
			question_answer(question, &late);
		else if (question->answer != NULL && question->due_us < hub->due_us)
			hub->due_us = question->due_us;
	}
}

void hub_tend(struct kit_hub *hub)
{
	hub_take_replies(hub);
	hub_find_overdue(hub);
	hub_send_waiting(hub);
}

int64_t hub_due_us(const struct kit_hub *hub)
{
	return hub->due_us;
}

/* ---- Beginning and end ---- */

enum ch_status hub_create(struct courier *courier, struct bell *bell, struct kit_hub **out_hub)
{
	struct kit_hub *hub = calloc(1, sizeof(*hub));
	if (hub == NULL)
		return CH_NOMEM;
	hub->courier = courier;
	hub->last = &hub->first;
	hub->due_us = INT64_MAX;
	mailbox_init(&hub->replies, hub_wake, bell);
	*out_hub = hub;
	return CH_OK;
}

void hub_end(struct kit_hub *hub)
{
	hub->ended = true;
	hub_take_replies(hub); /* the library has let go of every question that was sent */
	while (hub->first != NULL)
		hub_dismiss(hub, hub->first, CH_CLOSED, "the adapter ends");
}

void hub_free(struct kit_hub *hub)
{
	if (hub == NULL)
		return;
	mailbox_fini(&hub->replies);
	free(hub);
}
