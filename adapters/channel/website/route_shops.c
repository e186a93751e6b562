/* Shopify's and WooCommerce's webhooks. */
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "channel/website/cloud.h"
#include "channel/website/post.h"
#include "channel/website/shop.h"

struct shop_request {
	struct shop_delivery delivery;
	struct slice id; /* of what the delivery says */
	struct slice traceparent;
	struct slice tracestate;
	const struct sender *sender;
	enum ch_status (*read)(const struct shop_delivery *delivery, struct arena *arena,
		struct shop_events *out_events, struct refusal *out_refusal);
};

static enum ch_status shops_add(const struct shop_request *request, struct slice body,
	const struct shop_event *event, struct errand *errand, struct refusal *out_refusal)
{
	struct draft draft = {.envelope = {.time_us = 0}};
	char id[LIMIT_ID_BYTES + 1];
	uint8_t digest[DRAFT_DIGEST_BYTES];
	enum ch_status status = shop_event_id(event, request->id, request->delivery.topic, id);
	if (status != CH_OK)
		return refusal_set(out_refusal, status, "", "the delivery's id is too long");
	draft_digest(body, digest);
	draft.envelope = (struct envelope){
		.id = slice_text(id),
		.source = slice_text(request->sender->source),
		.time_us = event->time_us,
		.sent_us = request->delivery.sent_us,
		.traceparent = request->traceparent,
		.tracestate = request->tracestate,
		/* The record of a fact that is told again is the fact, not what came with it. */
		.digest =
			event->retold ? (struct slice){NULL, 0} : slice_of(digest, sizeof(digest)),
	};
	const struct event_type *type = types_find(slice_text(event->type));
	if (status == CH_OK && !sender_may_type(request->sender, slice_text(event->type)))
		status = refusal_set(
			out_refusal, CH_DENIED, event->type, "is none that this shop may send");
	if (status == CH_OK)
		status = draft_seal(&draft, type, event->message, out_refusal);
	if (status == CH_OK)
		status = errand_add(errand, &draft.envelope);
	draft_fini(&draft);
	return status;
}

static enum ch_status shops_fill(const struct shop_request *request, struct slice body,
	const struct shop_events *events, struct errand **out_errand, struct refusal *out_refusal)
{
	struct errand *errand = NULL;
	enum ch_status status = errand_create(events->count, &errand);
	for (size_t i = 0; i < events->count && status == CH_OK; i++)
		status = shops_add(request, body, &events->items[i], errand, out_refusal);
	if (status != CH_OK) {
		errand_free(errand);
		return status;
	}
	*out_errand = errand;
	return CH_OK;
}

/* Fine, and nothing of it is for the hub. */
static void shops_skip(struct visit *visit, const char *why)
{
	struct answer *answer = visit_answer(visit);
	answer->status = 200;
	answer->type = "application/json";
	buffer_append_text(&answer->body, "{\"outcome\":\"skipped\",\"detail\":");
	answer_append_text(&answer->body, why);
	buffer_append_text(&answer->body, "}\n");
	visit_send(visit);
}

/* A delivery goes by the digest of its body: the shop signs nothing else, so whoever has overheard one could
 * send it again under any other number.  Tried again by the shop it is the same. */
static void shops_name(struct slice body, char out_id[2 * DRAFT_DIGEST_BYTES + 1])
{
	uint8_t digest[DRAFT_DIGEST_BYTES];
	draft_digest(body, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(out_id + 2 * i, 3, "%02x", digest[i]); /* fits */
}

static void shops_take(
	struct reception *reception, struct visit *visit, struct shop_request *request)
{
	struct slice body = visit_message(visit)->body;
	struct refusal refusal = {.reason = ""};
	char id[2 * DRAFT_DIGEST_BYTES + 1];
	struct shop_events events = {.count = 0};
	struct errand *errand = NULL;
	struct arena arena;
	if (!cloud_is_json(http_message_value(visit_message(visit), "content-type"))) {
		reception_refuse(visit, 415, "content-type", "is not JSON");
		return;
	}
	shops_name(body, id);
	request->id = slice_text(id);
	http_message_trace(visit_message(visit), &request->traceparent, &request->tracestate);
	arena_init(&arena);
	request->delivery.body = cloud_load_json(body, "", &refusal);
	enum ch_status status = request->delivery.body != NULL ? CH_OK : refusal.status;
	if (status == CH_OK)
		status = request->read(&request->delivery, &arena, &events, &refusal);
	if (status == CH_OK && events.count > 0)
		status = shops_fill(request, body, &events, &errand, &refusal);
	if (status == CH_NOMEM || status == CH_INTERNAL)
		reception_away(visit);
	else if (status != CH_OK)
		reception_reject(reception, visit, &refusal);
	else if (events.count == 0)
		shops_skip(visit, events.skipped != NULL ? events.skipped : "");
	else
		post_send(reception, visit, errand, POST_SHOP);
	json_decref(request->delivery.body);
	arena_fini(&arena);
}

void route_shopify(struct reception *reception, struct visit *visit, struct slice name)
{
	struct admission admission;
	const struct http_message *message = visit_message(visit);
	(void)name; /* the shop is told by its header */
	if (!reception_admit_shop(reception, visit, SENDER_SHOPIFY, "x-shopify-shop-domain",
		    "x-shopify-hmac-sha256", &admission))
		return;
	struct shop_request request = {
		.delivery = {.topic = http_message_value(message, "x-shopify-topic"),
			.shop = admission.sender->shop,
			.zone = admission.sender->zone},
		.sender = admission.sender,
		.read = shopify_read,
	};
	(void)clock_parse(http_message_value(message, "x-shopify-triggered-at"),
		&request.delivery.sent_us); /* not told is fine */
	shops_take(reception, visit, &request);
}

/* A new hook is tried with a form that nobody has signed, "webhook_id=142"; it says nothing else. */
static bool woocommerce_is_ping(const struct http_message *message)
{
	struct slice body = message->body;
	struct slice prefix = SLICE_LITERAL("webhook_id=");
	uint64_t number;
	return http_text_equal(
		       http_message_media_type(message), "application/x-www-form-urlencoded") &&
	       slice_starts(body, prefix) &&
	       text_parse_u64(slice_sub(body, prefix.len, body.len), UINT64_MAX, &number) == CH_OK;
}

void route_woocommerce(struct reception *reception, struct visit *visit, struct slice name)
{
	struct admission admission;
	const struct http_message *message = visit_message(visit);
	(void)name; /* the shop is told by its header */
	if (woocommerce_is_ping(message)) {
		shops_skip(visit, "a hook is being tried");
		return;
	}
	if (!reception_admit_shop(reception, visit, SENDER_WOOCOMMERCE, "x-wc-webhook-source",
		    "x-wc-webhook-signature", &admission))
		return;
	struct shop_request request = {
		.delivery = {.topic = http_message_value(message, "x-wc-webhook-topic"),
			.shop = admission.sender->shop,
			.zone = admission.sender->zone},
		.sender = admission.sender,
		.read = woocommerce_read,
	};
	shops_take(reception, visit, &request);
}
