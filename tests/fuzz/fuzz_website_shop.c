/* A first line with the topic, then the body: as Shopify's and as WooCommerce's. */
#include <stdlib.h>

#include "base/text.h"
#include "channel/website/draft.h"
#include "channel/website/shop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_seal(const struct shop_event *event, struct slice topic)
{
	char id[LIMIT_ID_BYTES + 1];
	uint8_t digest[DRAFT_DIGEST_BYTES];
	struct draft draft = {
		.envelope = {.id = SLICE_LITERAL("1"), .source = SLICE_LITERAL("/s")}};
	struct refusal refusal;
	const struct event_type *type = types_find(slice_text(event->type));
	if (type == NULL)
		abort();
	draft_digest(topic, digest);
	draft.envelope.digest = slice_of(digest, sizeof(digest));
	if (shop_event_id(event, SLICE_LITERAL("d-1"), topic, id) == CH_OK)
		draft.envelope.id = slice_text(id);
	enum ch_status status = draft_seal(&draft, type, event->message, &refusal);
	if (status == CH_INTERNAL)
		abort();
	draft_fini(&draft);
}

static void fuzz_shop(const struct shop_delivery *delivery,
	enum ch_status (*read)(const struct shop_delivery *, struct arena *, struct shop_events *,
		struct refusal *))
{
	struct arena arena;
	struct shop_events events = {.count = 0};
	struct refusal refusal = {.reason = ""};
	arena_init(&arena);
	if (read(delivery, &arena, &events, &refusal) != CH_OK && refusal.reason[0] == 0)
		abort();
	for (size_t i = 0; i < events.count; i++)
		fuzz_seal(&events.items[i], delivery->topic);
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct zone *zone;
	struct slice rest = slice_of(data, len);
	struct refusal refusal;
	struct shop_delivery delivery = {.shop = "shop.example", .sent_us = 1};
	if (zone == NULL)
		(void)zone_open(SLICE_LITERAL("+08:00"), &zone); /* cannot fail: no name */
	if (!text_split(&rest, '\n', &delivery.topic))
		return 0;
	delivery.body = cloud_load_json(rest, "", &refusal);
	if (delivery.body == NULL)
		return 0;
	fuzz_shop(&delivery, shopify_read);
	delivery.zone = zone;
	fuzz_shop(&delivery, woocommerce_read);
	json_decref(delivery.body);
	return 0;
}
