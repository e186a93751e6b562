#include "channel/website/reception.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "channel/website/reception_inside.h"

#define RECEPTION_KEYS    65536u  /* clients and senders whose pace is known */
#define RECEPTION_RECORDS 262144u /* ... and records, where strangers' addresses push none out */
#define MISTAKES_BURST    20      /* wrong signatures of one address ... */
#define MISTAKES_EVERY_US 3000000 /* ... and how soon another is told so with 401 */
#define AWAY_RETRY_S      2u

/* ---- Tasks ---- */

void task_begin(struct task *task, struct reception *reception, struct visit *visit,
	int64_t wait_ms, void (*expire)(struct task *task), void (*free)(struct task *task))
{
	task->reception = reception;
	task->visit = visit;
	task->due_us = clock_steady_us() + wait_ms * 1000;
	task->expire = expire;
	task->free = free;
	task->next = reception->first;
	task->at = &reception->first;
	if (task->next != NULL)
		task->next->at = &task->next;
	reception->first = task;
	visit_hold(visit);
}

static void task_end(struct task *task)
{
	*task->at = task->next;
	if (task->next != NULL)
		task->next->at = task->at;
	if (task->errand != NULL)
		errand_abandon(task->errand);
	visit_release(task->visit);
	task->free(task);
}

void task_answer(struct task *task)
{
	visit_send(task->visit);
	task_end(task);
}

void task_give_up(struct task *task)
{
	struct answer *answer = visit_answer(task->visit);
	answer_problem(answer, 503, "",
		"the hub does not answer; what was sent may be stored: send "
		"it again, under the same id");
	answer->retry_after_s = AWAY_RETRY_S;
	task_answer(task);
}

int64_t reception_tend(struct reception *reception)
{
	int64_t now_us = clock_steady_us();
	int64_t next_us = INT64_MAX;
	for (struct task *task = reception->first, *next; task != NULL; task = next) {
		next = task->next;
		if (task->due_us > now_us && task->due_us < next_us)
			next_us = task->due_us;
		if (task->due_us <= now_us)
			task->expire(task);
	}
	return next_us;
}

void reception_end(struct reception *reception)
{
	while (reception->first != NULL)
		task_end(reception->first);
}

/* ---- Answers ---- */

void reception_refuse(struct visit *visit, int status, const char *field, const char *detail)
{
	answer_problem(visit_answer(visit), status, field, detail);
	visit_send(visit);
}

void reception_say(struct visit *visit, const struct refusal *refusal)
{
	answer_refusal(visit_answer(visit), refusal);
	visit_send(visit);
}

void reception_reject(
	struct reception *reception, struct visit *visit, const struct refusal *refusal)
{
	const struct http_message *message = visit_message(visit);
	size_t at = (reception->note_first + reception->note_count) % RECEPTION_NOTES;
	struct note *note = &reception->notes[at];
	char line[sizeof(note->text)];
	if (reception->note_count < RECEPTION_NOTES) {
		(void)snprintf(line, sizeof(line), "POST %.*s: %s%s%s", (int)message->path.len,
			(const char *)message->path.data, refusal->field,
			refusal->field[0] != 0 ? ": " : "", refusal->reason); /* cut is fine */
		refusal_copy(note->text, sizeof(note->text), line);
		reception->note_count++;
	}
	reception_say(visit, refusal);
}

enum ch_status reception_next_note(struct reception *reception, struct kit_item *out_item)
{
	if (reception->note_count == 0)
		return CH_END;
	const struct note *note = &reception->notes[reception->note_first];
	reception->note_first = (reception->note_first + 1) % RECEPTION_NOTES;
	reception->note_count--;
	*out_item = (struct kit_item){.what = KIT_REJECT, .reject = slice_text(note->text)};
	return CH_OK;
}

void reception_busy(struct visit *visit, int64_t retry_us)
{
	struct answer *answer = visit_answer(visit);
	answer_problem(answer, 429, "", "too many requests");
	answer->retry_after_s = (uint32_t)(retry_us / 1000000 + 1);
	visit_send(visit);
}

void reception_away(struct visit *visit)
{
	struct answer *answer = visit_answer(visit);
	answer_problem(answer, 503, "", "the hub is away, or has too much to do");
	answer->retry_after_s = AWAY_RETRY_S;
	visit_send(visit);
}

/* ---- Who comes ---- */

/* Behind a proxy the last address in X-Forwarded-For is the one that it saw itself. */
void reception_client(
	const struct reception *reception, const struct visit *visit, char out[NETWORK_BYTES])
{
	struct slice rest = http_message_value(visit_message(visit), "x-forwarded-for");
	struct slice address = {NULL, 0};
	while (reception->settings->forwarded && text_split(&rest, ',', &address))
		continue;
	address = text_trim(address);
	network_of(address.len > 0 ? address : slice_text(visit_peer(visit)), out);
}

/* A wrong signature costs nobody but who gave it: who is right is let in whatever came from his address. */
static bool reception_stranger(
	struct reception *reception, struct visit *visit, const char *field, const char *detail)
{
	char client[NETWORK_BYTES];
	int64_t retry_us;
	reception_client(reception, visit, client);
	if (limiter_take(reception->limiter, slice_text(client), MISTAKES_BURST, MISTAKES_EVERY_US,
		    clock_steady_us(), &retry_us))
		reception_refuse(visit, 401, field, detail);
	else
		reception_busy(visit, retry_us);
	return false;
}

static bool reception_pace(
	struct reception *reception, struct visit *visit, const struct sender *sender)
{
	char key[LIMITER_KEY_BYTES];
	int64_t retry_us;
	(void)snprintf(key, sizeof(key), "sender %s", sender->name); /* names are short */
	if (limiter_take(reception->limiter, slice_text(key), sender->burst, 1000000 / sender->rate,
		    clock_steady_us(), &retry_us))
		return true;
	reception_busy(visit, retry_us);
	return false;
}

static enum ch_status reception_signature(
	const struct http_message *message, const struct sender *sender, int64_t *out_sent_us)
{
	const struct signed_message signed_message = {
		.id = http_message_value(message, "webhook-id"),
		.timestamp = http_message_value(message, "webhook-timestamp"),
		.signature = http_message_value(message, "webhook-signature"),
		.body = message->body,
	};
	return signature_check_standard(
		&sender->secrets, &signed_message, clock_wall_us(), out_sent_us);
}

static const char *reception_signature_fault(enum ch_status status)
{
	switch (status) {
	case CH_MISSING:
		return "webhook-id, webhook-timestamp and webhook-signature belong together";
	case CH_FORMAT:
		return "webhook-id or webhook-timestamp cannot be read";
	case CH_TIMEOUT:
		return "webhook-timestamp is more than five minutes off";
	default:
		return "the signature is not by a secret that is known for this sender";
	}
}

static bool reception_admit_signed(struct reception *reception, struct visit *visit,
	struct slice name, struct admission *admission)
{
	admission->sender = name.len > 0 ? senders_named(reception->files->senders, name)
					 : senders_only(reception->files->senders, SENDER_SITE);
	if (admission->sender == NULL || admission->sender->kind != SENDER_SITE)
		return reception_stranger(reception, visit, "webhook-signature",
			"which sender? no such name in the path");
	enum ch_status status =
		reception_signature(visit_message(visit), admission->sender, &admission->sent_us);
	if (status != CH_OK)
		return reception_stranger(reception, visit,
			status == CH_TIMEOUT ? "webhook-timestamp" : "webhook-signature",
			reception_signature_fault(status));
	admission->is_signed = true;
	return true;
}

static bool reception_admit_token(struct reception *reception, struct visit *visit,
	struct slice name, struct admission *admission)
{
	struct slice value = http_message_value(visit_message(visit), "authorization");
	if (!http_text_starts(value, "bearer "))
		return reception_stranger(
			reception, visit, "authorization", "neither a signature nor a token");
	admission->sender = senders_with_token(
		reception->files->senders, text_trim(slice_sub(value, 7, value.len)));
	if (admission->sender == NULL ||
		(name.len > 0 && !slice_equal(slice_text(admission->sender->name), name)))
		return reception_stranger(
			reception, visit, "authorization", "the token is not known");
	return true;
}

bool reception_admit_site(struct reception *reception, struct visit *visit, struct slice name,
	struct admission *out_admission)
{
	struct admission admission = {.sender = NULL};
	bool signature = http_message_value(visit_message(visit), "webhook-signature").len > 0;
	if (!(signature ? reception_admit_signed(reception, visit, name, &admission)
			: reception_admit_token(reception, visit, name, &admission)) ||
		!reception_pace(reception, visit, admission.sender))
		return false;
	admission.trust.verifies = admission.sender->verifies;
	admission.trust.signs_in =
		admission.sender->verifies || (admission.sender->signs_in && admission.is_signed);
	*out_admission = admission;
	return true;
}

bool reception_admit_shop(struct reception *reception, struct visit *visit, enum sender_kind kind,
	const char *shop_header, const char *signature_header, struct admission *out_admission)
{
	const struct http_message *message = visit_message(visit);
	struct slice shop = http_message_value(message, shop_header);
	struct slice signature = http_message_value(message, signature_header);
	const struct sender *sender = senders_of_shop(reception->files->senders, kind, shop);
	if (sender == NULL)
		return reception_stranger(
			reception, visit, shop_header, "no shop that is known here");
	if (signature_check_body(&sender->secrets, message->body, signature) != CH_OK)
		return reception_stranger(reception, visit, signature_header,
			"the signature is not by a secret of this shop");
	if (!reception_pace(reception, visit, sender))
		return false;
	*out_admission = (struct admission){
		.sender = sender, .is_signed = true, .trust = {.verifies = true}};
	return true;
}

/* ---- Routes ---- */

static const struct route {
	const char *path;
	const char *method;
	const char *allow;
	void (*handle)(struct reception *reception, struct visit *visit, struct slice name);
} routes[] = {
	{"events", "POST", "POST, OPTIONS", route_events},
	{"webhooks", "POST", "POST, OPTIONS", route_webhooks},
	{"shopify", "POST", "POST, OPTIONS", route_shopify},
	{"woocommerce", "POST", "POST, OPTIONS", route_woocommerce},
	{"warranty", "POST", "POST, OPTIONS", route_warranty},
	{"status", "GET", "GET", route_status},
	{"unsubscribe", "GET", "GET, HEAD, POST", route_unsubscribe},
	{"unsubscribe", "HEAD", "GET, HEAD, POST", route_unsubscribe},
	{"unsubscribe", "POST", "GET, HEAD, POST", route_unsubscribe},
};

static bool reception_knows_origin(const struct reception *reception, struct slice origin)
{
	const struct option_list *origins = &reception->settings->origins;
	for (size_t i = 0; i < origins->count; i++) {
		if (strcmp(origins->items[i], "*") == 0 ||
			http_text_equal(origin, origins->items[i]))
			return true;
	}
	return false;
}

/* Requests a minute: of the sender who is named, else of the slowest; no more than is asked for. */
static uint32_t reception_allowed_rate(
	const struct reception *reception, const struct http_message *message, struct slice name)
{
	const struct senders *senders = reception->files->senders;
	const struct sender *sender = senders_named(senders, name);
	int64_t rate = (sender != NULL ? sender->rate : senders_least_rate(senders)) * 60;
	uint64_t asked = 0;
	struct slice told = http_message_value(message, "webhook-request-rate");
	if (text_parse_u64(told, UINT32_MAX, &asked) == CH_OK && asked > 0 &&
		(rate == 0 || (int64_t)asked < rate))
		rate = (int64_t)asked;
	return rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
}

/* CloudEvents' protection from being used to flood somebody (http-webhook.md, 4): a sender asks for leave,
 * and whoever is not known gets no word of it. */
static void reception_options(struct reception *reception, struct visit *visit,
	const struct route *route, struct slice name)
{
	const struct http_message *message = visit_message(visit);
	struct slice origin = http_message_value(message, "webhook-request-origin");
	struct answer *answer = visit_answer(visit);
	answer->status = 200;
	answer->allow = route->allow;
	if (origin.len > 0 && origin.len < sizeof(answer->allowed_origin) &&
		reception_knows_origin(reception, origin))
		memcpy(answer->allowed_origin, origin.data, origin.len);
	answer->allowed_rate = reception_allowed_rate(reception, message, name);
	visit_send(visit);
}

void reception_arrived(void *context, struct visit *visit)
{
	struct reception *reception = context;
	const struct http_message *message = visit_message(visit);
	struct slice rest = slice_sub(message->path, 1, message->path.len);
	struct slice first = {NULL, 0};
	const struct route *other = NULL;     /* of the path, by another method */
	(void)text_split(&rest, '/', &first); /* "/": it stays empty */
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *route = &routes[i];
		if (!slice_equal(first, slice_text(route->path)))
			continue;
		if (slice_equal(message->method, slice_text(route->method))) {
			route->handle(reception, visit, rest);
			return;
		}
		other = route;
	}
	if (other == NULL) {
		reception_refuse(visit, 404, "", "there is nothing here");
	} else if (slice_equal(message->method, SLICE_LITERAL("OPTIONS"))) {
		reception_options(reception, visit, other, rest);
	} else {
		visit_answer(visit)->allow = other->allow;
		reception_refuse(visit, 405, "", "not by this method");
	}
}

/* ---- Life ---- */

enum ch_status reception_create(const struct website_settings *settings,
	const struct website_files *files, struct postbox *postbox,
	struct reception **out_reception)
{
	struct reception *reception = calloc(1, sizeof(*reception));
	if (reception == NULL)
		return CH_NOMEM;
	reception->settings = settings;
	reception->files = files;
	reception->postbox = postbox;
	arena_init(&reception->arena);
	enum ch_status status = limiter_create(RECEPTION_KEYS, &reception->limiter);
	if (status == CH_OK)
		status = limiter_create(RECEPTION_RECORDS, &reception->records);
	if (status == CH_OK)
		status = json_tape_create(&reception->tape);
	if (status != CH_OK) {
		reception_free(reception);
		return status;
	}
	*out_reception = reception;
	return CH_OK;
}

void reception_free(struct reception *reception)
{
	if (reception == NULL)
		return;
	reception_end(reception);
	limiter_free(reception->limiter);
	limiter_free(reception->records);
	json_tape_free(reception->tape);
	arena_fini(&reception->arena);
	draft_fini(&reception->draft);
	free(reception);
}

void reception_reload(struct reception *reception, const struct website_settings *settings)
{
	reception->settings = settings;
}

void reception_attach(struct reception *reception, struct kit_hub *hub)
{
	reception->hub = hub;
}
