/* The link of a message that says: no more messages.
 *
 *     GET  /unsubscribe?t=TOKEN    a page that asks; it changes nothing, for scanners of mail follow links
 *     POST /unsubscribe?t=TOKEN    the page's button (confirm=yes), or a mail program's one click
 *                                  (List-Unsubscribe=One-Click, RFC 8058); 200 when the hub has it
 *
 * The token is the right to say it: no cookie, no account, no question who it is.  Whose it is the website does not
 * know either; marketing, who made it, does, and withdraws the consent.
 *
 * The event's id is the token's name and the time, in steps of ten seconds: who presses twice, or is told nothing and
 * asks again, has said it once.  Not the name alone: he may agree again some day, and say no by the same old mail.
 * Who says it once more says nothing new, and it does no harm.
 *
 * Good tokens are limited each by itself, since a mail provider speaks for thousands of customers from a few
 * addresses; what is no good token counts for the address that it comes from. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "carehub/v1/website.pb-c.h"
#include "channel/website/form.h"
#include "channel/website/post.h"

#define TYPE_UNSUBSCRIBED "website.message.unsubscribed"
#define ONCE_US           INT64_C(10000000)
#define SAID_BURST        6 /* posts of one token at once ... */
#define SAID_EVERY_US     INT64_C(10000000)
#define WRONG_BURST       30 /* wrong tokens of one network ... */
#define WRONG_EVERY_US    INT64_C(3000000)
#define AWAY_RETRY_S      60u /* for a mail program: a person is told minutes, too */

struct leaving {
	struct task task; /* first */
	enum page_language language;
};

static void leaving_free(struct task *task)
{
	free(task); /* it is the first of a struct leaving */
}

/* ---- What he is told ---- */

static void leaving_page(const struct reception *reception, struct visit *visit,
	enum page_kind kind, enum page_language language, struct slice token)
{
	const struct website_settings *settings = reception->settings;
	const struct page page = {
		.kind = kind,
		.language = language,
		.name = settings->unsubscribe_name != NULL ? settings->unsubscribe_name : "",
		.contact =
			settings->unsubscribe_contact != NULL ? settings->unsubscribe_contact : "",
		.token = token,
	};
	page_tell(&page, visit_answer(visit));
	if (kind == PAGE_AWAY)
		visit_answer(visit)->retry_after_s = AWAY_RETRY_S;
}

static void leaving_say(const struct reception *reception, struct visit *visit, enum page_kind kind,
	enum page_language language)
{
	leaving_page(reception, visit, kind, language, (struct slice){NULL, 0});
	visit_send(visit);
}

static void leaving_end(struct leaving *it, enum page_kind kind)
{
	leaving_page(
		it->task.reception, it->task.visit, kind, it->language, (struct slice){NULL, 0});
	task_answer(&it->task);
}

static void leaving_give_up(struct task *task)
{
	leaving_end((struct leaving *)(void *)task, PAGE_AWAY);
}

/* ---- The event ---- */

static void leaving_settled(void *context, const struct outcome *outcomes, size_t count)
{
	struct leaving *it = context;
	const struct ch_receipt *receipt = &outcomes[0].receipt;
	(void)count; /* one */
	it->task.errand = NULL;
	bool stored = !outcomes[0].spooled && (receipt->outcome == CH_OUTCOME_ACCEPTED ||
						      receipt->outcome == CH_OUTCOME_DUPLICATE ||
						      receipt->outcome == CH_OUTCOME_CONFLICT);
	if (receipt->outcome == CH_OUTCOME_REFUSED)
		log_error("website.unsubscribe", "refused=%s detail=\"%s\"",
			ch_status_name(receipt->reason),
			"nobody can unsubscribe: has the adapter's peer the right to it?");
	leaving_end(it, stored ? PAGE_DONE : PAGE_AWAY);
}

static void leaving_publish(struct leaving *it, struct slice token, bool one_click)
{
	struct reception *reception = it->task.reception;
	Carehub__V1__WebsiteMessageUnsubscribed said =
		CAREHUB__V1__WEBSITE_MESSAGE_UNSUBSCRIBED__INIT;
	char text[LINK_TOKEN_BYTES];
	char id[sizeof("unsubscribed//") + LINK_TOKEN_NAME_LEN + 20];
	uint8_t digest[DRAFT_DIGEST_BYTES];
	int64_t now_us = clock_wall_us();
	(void)snprintf(text, sizeof(text), "%.*s", (int)token.len, (const char *)token.data);
	(void)snprintf(id, sizeof(id), "unsubscribed/%.*s/%" PRId64, (int)LINK_TOKEN_NAME_LEN, text,
		now_us / ONCE_US); /* fits */
	draft_digest(token, digest);
	said.token = text;
	said.one_click =
		one_click ? CAREHUB__V1__ANSWER__ANSWER_YES : CAREHUB__V1__ANSWER__ANSWER_NO;
	const struct envelope envelope = {.id = slice_text(id),
		.source = slice_text(reception->settings->unsubscribe_source),
		.time_us = now_us,
		.digest = slice_of(digest, sizeof(digest))};
	if (post_event(reception, TYPE_UNSUBSCRIBED, &said.base, &envelope, leaving_settled, it,
		    &it->task.errand) != CH_OK)
		leaving_give_up(&it->task);
}

/* ---- The request ---- */

/* Whether the form says it; false also when there is none. */
static bool leaving_form_is(
	const struct http_message *message, const char *name, struct slice wanted)
{
	struct buffer value = {0};
	bool is = form_value(message, name, &value) == CH_OK &&
		  slice_equal(buffer_slice(&value), wanted);
	buffer_fini(&value);
	return is;
}

static enum page_language leaving_language(
	const struct reception *reception, const struct http_message *message)
{
	struct buffer value = {0};
	enum page_language language = page_language(http_message_value(message, "accept-language"),
		(enum page_language)reception->settings->unsubscribe_language);
	/* The page that he has read said which; a link to the other language, too. */
	if (form_value(message, "lang", &value) == CH_OK ||
		http_query_value(message->query, "lang", &value) == CH_OK)
		language = page_language_named(buffer_slice(&value), language);
	buffer_fini(&value);
	return language;
}

static void leaving_post(struct reception *reception, struct visit *visit,
	enum page_language language, struct slice token)
{
	const struct http_message *message = visit_message(visit);
	bool one_click = leaving_form_is(message, "List-Unsubscribe", SLICE_LITERAL("One-Click"));
	char key[LINK_TOKEN_NAME_LEN + 8];
	int64_t retry_us;
	if (!one_click && !leaving_form_is(message, "confirm", SLICE_LITERAL("yes"))) {
		leaving_page(reception, visit, PAGE_UNSAID, language, token);
		visit_send(visit);
		return;
	}
	(void)snprintf(key, sizeof(key), "link %.*s", (int)LINK_TOKEN_NAME_LEN,
		(const char *)token.data); /* fits */
	if (!limiter_take(reception->limiter, slice_text(key), SAID_BURST, SAID_EVERY_US,
		    clock_steady_us(), &retry_us)) {
		visit_answer(visit)->retry_after_s = (uint32_t)(retry_us / 1000000 + 1);
		leaving_say(reception, visit, PAGE_BUSY, language);
		return;
	}
	struct leaving *it = calloc(1, sizeof(*it));
	if (it == NULL) {
		leaving_say(reception, visit, PAGE_AWAY, language);
		return;
	}
	it->language = language;
	task_begin(&it->task, reception, visit, reception->settings->answer_ms, leaving_give_up,
		leaving_free);
	leaving_publish(it, token, one_click);
}

static void leaving_stranger(struct reception *reception, struct visit *visit,
	enum page_language language, enum page_kind kind)
{
	char client[NETWORK_BYTES];
	char key[NETWORK_BYTES + 8];
	int64_t retry_us;
	reception_client(reception, visit, client);
	(void)snprintf(key, sizeof(key), "link %s", client); /* fits */
	if (!limiter_take(reception->limiter, slice_text(key), WRONG_BURST, WRONG_EVERY_US,
		    clock_steady_us(), &retry_us)) {
		visit_answer(visit)->retry_after_s = (uint32_t)(retry_us / 1000000 + 1);
		kind = PAGE_BUSY;
	}
	leaving_say(reception, visit, kind, language);
}

void route_unsubscribe(struct reception *reception, struct visit *visit, struct slice name)
{
	const struct http_message *message = visit_message(visit);
	struct buffer token = {0};
	(void)name; /* there is none */
	if (reception->settings->unsubscribe_source == NULL) {
		reception_refuse(visit, 404, "", "there is nothing here");
		return;
	}
	enum page_language language = leaving_language(reception, message);
	enum ch_status status = http_query_value(message->query, "t", &token);
	if (status == CH_OK)
		status = link_keys_check(&reception->files->links, buffer_slice(&token));
	if (status == CH_NOMEM) {
		leaving_say(reception, visit, PAGE_AWAY, language);
	} else if (status != CH_OK) {
		leaving_stranger(
			reception, visit, language, status == CH_DENIED ? PAGE_GONE : PAGE_MANGLED);
	} else if (slice_equal(message->method, SLICE_LITERAL("POST"))) {
		leaving_post(reception, visit, language, buffer_slice(&token));
	} else {
		leaving_page(reception, visit, PAGE_ASK, language, buffer_slice(&token));
		visit_send(visit);
	}
	buffer_fini(&token);
}
