#include "channel/website/shop.h"

#include "carehub/v1/website.pb-c.h"
#include "support/unit.h"

struct world {
	struct arena arena;
	json_t *body;
	struct shop_events events;
	struct refusal refusal;
};

typedef enum ch_status read_call(const struct shop_delivery *delivery, struct arena *arena,
	struct shop_events *out_events, struct refusal *out_refusal);

static enum ch_status take(
	struct world *world, read_call *read, const char *topic, const char *body)
{
	memset(world, 0, sizeof(*world));
	arena_init(&world->arena);
	world->body = json_loads(body, JSON_DECODE_ANY, NULL);
	assert_non_null(world->body);
	struct shop_delivery delivery = {.topic = slice_text(topic),
		.shop = "shop.example",
		.sent_us = 5,
		.body = world->body};
	return read(&delivery, &world->arena, &world->events, &world->refusal);
}

static void done(struct world *world)
{
	json_decref(world->body);
	arena_fini(&world->arena);
}

#define PAYER                                                                                      \
	"\"email\":\"a@example.com\",\"phone\":null,\"customer\":{\"id\":207119551,"               \
	"\"first_name\":\"Li\",\"last_name\":\"Wang\",\"verified_email\":true,\"state\":\"enabled\"}"
#define LINES                                                                                      \
	"\"line_items\":[{\"id\":1,\"sku\":\"TV-46\",\"title\":\"TV\",\"quantity\":2,"             \
	"\"price\":\"199.50\",\"total_discount\":\"9.00\",\"tax_lines\":[{\"title\":\"VAT\","      \
	"\"price\":\"3.98\",\"rate\":0.06}]}]"

static void test_shopify_order(void **state)
{
	struct world world;
	(void)state;
	assert_int_equal(
		take(&world, shopify_read, "orders/create",
			"{\"id\":9007199254740993,\"name\":\"#1\",\"currency\":\"CNY\","
			"\"created_at\":\"2008-01-10T11:00:00-05:00\",\"financial_status\":\"paid\","
			"\"total_price\":\"390.00\",\"test\":false," LINES "," PAYER
			",\"billing_address\":{\"phone\":\"13800138000\",\"address1\":\"A 1\"}}"),
		CH_OK);
	assert_int_equal(world.events.count, 1);
	assert_string_equal(world.events.items[0].type, "website.order.placed");
	assert_int_equal(world.events.items[0].time_us, INT64_C(1199980800000000));
	const Carehub__V1__WebsiteOrderPlaced *order =
		(const Carehub__V1__WebsiteOrderPlaced *)world.events.items[0].message;
	assert_string_equal(order->order_id, "9007199254740993");
	assert_string_equal(order->shop_id, "shop.example");
	assert_int_equal(order->totals->grand->minor_units, 39000);
	assert_int_equal(order->test, CAREHUB__V1__ANSWER__ANSWER_NO);
	assert_int_equal(order->n_lines, 1);
	assert_string_equal(order->lines[0]->product_id, "TV-46");
	assert_int_equal(order->lines[0]->amount->minor_units, 39000);
	assert_int_equal(order->lines[0]->taxes[0]->percent->unscaled, 6);
	assert_int_equal(order->lines[0]->taxes[0]->percent->scale, 0);
	/* What was typed in at the checkout is claimed, whatever the account is. */
	assert_string_equal(order->customer->local_id, "207119551");
	assert_string_equal(order->customer->phones[0]->value, "13800138000");
	assert_int_equal(
		order->customer->emails[0]->assurance, CAREHUB__V1__ASSURANCE__ASSURANCE_CLAIMED);
	assert_string_equal(order->customer->name->family, "Wang");
	done(&world);
}

static void test_shopify_account(void **state)
{
	struct world world;
	(void)state;
	assert_int_equal(
		take(&world, shopify_read, "customers/create",
			"{\"id\":7,\"email\":\"a@example.com\",\"verified_email\":true,"
			"\"state\":\"enabled\",\"email_marketing_consent\":{\"state\":\"subscribed\","
			"\"opt_in_level\":\"confirmed_opt_in\"}}"),
		CH_OK);
	assert_int_equal(world.events.count, 2);
	const Carehub__V1__WebsiteAccountCreated *account =
		(const Carehub__V1__WebsiteAccountCreated *)world.events.items[0].message;
	assert_int_equal(account->customer->emails[0]->assurance,
		CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED);
	assert_string_equal(world.events.items[1].type, "website.consent.given");
	assert_string_equal(world.events.items[1].suffix, "consent");
	done(&world);
}

/* What was overheard as one topic is sent as another: only the body is signed. */
static void test_a_topic_that_the_body_does_not_bear_out(void **state)
{
	static const struct {
		enum ch_status (*read)(const struct shop_delivery *delivery, struct arena *arena,
			struct shop_events *out_events, struct refusal *out_refusal);
		const char *topic;
		const char *body;
	} cases[] = {
		{shopify_read, "orders/cancelled", "{\"id\":1,\"cancelled_at\":null}"},
		{shopify_read, "orders/cancelled", "{\"id\":1}"},
		{shopify_read, "orders/paid", "{\"id\":1,\"financial_status\":\"pending\"}"},
		{shopify_read, "customers/delete",
			"{\"id\":1,\"created_at\":\"2026-01-02T03:04:05Z\"}"},
		{shopify_read, "customers/redact",
			"{\"id\":1,\"created_at\":\"2026-01-02T03:04:05Z\",\"customer\":{\"id\":2}}"},
		{woocommerce_read, "order.deleted",
			"{\"id\":727,\"date_created_gmt\":\"2017-03-22T19:28:02\"}"},
		{woocommerce_read, "customer.deleted",
			"{\"id\":25,\"date_created\":\"2017-03-22T19:28:02\"}"},
	};
	struct world world;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			take(&world, cases[i].read, cases[i].topic, cases[i].body), CH_INVALID);
		assert_string_equal(world.refusal.field, "topic");
		done(&world);
	}
}

static void test_shopify_topics(void **state)
{
	static const struct {
		const char *topic;
		const char *body;
		const char *type; /* NULL: nothing to publish */
	} cases[] = {
		{"orders/updated", "{\"id\":1,\"currency\":\"CNY\"," LINES "}",
			"website.order.amended"},
		{"orders/cancelled",
			"{\"id\":1,\"cancelled_at\":\"2026-01-02T03:04:05Z\",\"cancel_reason\":"
			"\"customer\"}",
			"website.order.cancelled"},
		{"orders/paid",
			"{\"id\":1,\"currency\":\"CNY\",\"total_price\":\"1\","
			"\"financial_status\":\"paid\"}",
			"website.order.paid"},
		{"fulfillments/create", "{\"id\":1,\"order_id\":2,\"status\":\"pending\"}", NULL},
		{"fulfillments/create",
			"{\"id\":1,\"order_id\":2,\"status\":\"success\",\"tracking_numbers\":[\"Z\"],"
			"\"line_items\":[{\"id\":1,\"quantity\":1}]}",
			"website.order.dispatched"},
		{"fulfillments/update",
			"{\"id\":1,\"order_id\":2,\"status\":\"success\",\"shipment_status\":"
			"\"delivered\"}",
			"website.order.delivered"},
		{"refunds/create",
			"{\"id\":1,\"order_id\":2,\"transactions\":[{\"kind\":\"refund\","
			"\"status\":\"success\",\"amount\":\"2.50\",\"currency\":\"CNY\"}]}",
			"website.refund.issued"},
		{"refunds/create", "{\"id\":1,\"order_id\":2,\"transactions\":[]}", NULL},
		{"customers/update", "{\"id\":1}", "website.account.updated"},
		{"customers/delete", "{\"id\":1}", "website.account.closed"},
		{"customers/redact", "{\"customer\":{\"id\":1}}", "website.account.closed"},
		{"customers_email_marketing_consent/update",
			"{\"customer_id\":1,\"email_marketing_consent\":{\"state\":\"unsubscribed\"}}",
			"website.consent.withdrawn"},
		{"customers_marketing_consent/update",
			"{\"id\":1,\"sms_marketing_consent\":{\"state\":\"subscribed\"}}",
			"website.consent.given"},
		{"customers_marketing_consent/update",
			"{\"id\":1,\"sms_marketing_consent\":{\"state\":\"pending\"}}", NULL},
		{"products/create", "{\"id\":1}", NULL},
	};
	struct world world;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(take(&world, shopify_read, cases[i].topic, cases[i].body), CH_OK);
		assert_int_equal(world.events.count, cases[i].type != NULL);
		if (cases[i].type != NULL)
			assert_string_equal(world.events.items[0].type, cases[i].type);
		else
			assert_non_null(world.events.skipped);
		done(&world);
	}
}

static void test_woocommerce_topics(void **state)
{
	static const struct {
		const char *topic;
		const char *body;
		size_t count;
		const char *last;
	} cases[] = {
		{"order.created",
			"{\"id\":727,\"currency\":\"USD\",\"status\":\"processing\",\"customer_id\":0,"
			"\"date_created_gmt\":\"2017-03-22T19:28:02\",\"total\":\"29.35\","
			"\"billing\":{\"first_name\":\"John\",\"phone\":\"(555) 555-5555\"},"
			"\"line_items\":[{\"id\":315,\"name\":\"Woo\",\"quantity\":2,"
			"\"subtotal\":\"6.00\",\"total\":\"6.00\",\"price\":3}]}",
			1, "website.order.placed"},
		{"order.created", "{\"id\":727,\"status\":\"checkout-draft\"}", 0, NULL},
		{"order.updated", "{\"id\":727,\"status\":\"cancelled\"}", 1,
			"website.order.cancelled"},
		{"order.updated",
			"{\"id\":727,\"currency\":\"USD\",\"status\":\"completed\",\"refunds\":[{\"id\":9,"
			"\"total\":\"-1.00\"}]}",
			3, "website.refund.issued"},
		{"order.deleted", "{\"id\":727}", 1, "website.order.cancelled"},
		{"customer.created", "{\"id\":25,\"email\":\"j@example.com\"}", 1,
			"website.account.created"},
		{"customer.updated", "{\"id\":25}", 1, "website.account.updated"},
		{"customer.deleted", "{\"id\":25}", 1, "website.account.closed"},
		{"coupon.created", "{\"id\":25}", 0, NULL},
	};
	struct world world;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			take(&world, woocommerce_read, cases[i].topic, cases[i].body), CH_OK);
		assert_int_equal(world.events.count, cases[i].count);
		if (cases[i].last != NULL)
			assert_string_equal(
				world.events.items[cases[i].count - 1].type, cases[i].last);
		else
			assert_non_null(world.events.skipped);
		done(&world);
	}
}

/* A guest has no number; GMT without a Z is GMT. */
static void test_woocommerce_guest(void **state)
{
	struct world world;
	(void)state;
	assert_int_equal(
		take(&world, woocommerce_read, "order.created",
			"{\"id\":727,\"customer_id\":0,\"date_created\":\"2017-03-22T16:28:02\","
			"\"date_created_gmt\":\"2017-03-22T19:28:02\","
			"\"billing\":{\"email\":\"j@example.com\"}}"),
		CH_OK);
	const Carehub__V1__WebsiteOrderPlaced *order =
		(const Carehub__V1__WebsiteOrderPlaced *)world.events.items[0].message;
	assert_string_equal(order->customer->local_id, "");
	assert_string_equal(order->customer->emails[0]->value, "j@example.com");
	assert_int_equal(world.events.items[0].time_us, INT64_C(1490210882000000));
	done(&world);
}

static void test_refused(void **state)
{
	static const struct {
		const char *body;
		enum ch_status status;
		const char *field;
	} cases[] = {
		{"[]", CH_INVALID, ""},
		{"{}", CH_MISSING, "id"},
		{"{\"id\":1,\"currency\":\"CNY\",\"total_price\":\"1,50\"}", CH_FORMAT,
			"total_price"},
		{"{\"id\":1,\"total_price\":\"1.50\"}", CH_INVALID, "total_price"},
		{"{\"id\":1,\"currency\":\"CNY\",\"total_price\":\"92233720368547758.08\"}",
			CH_TOO_LARGE, "total_price"},
		{"{\"id\":1,\"line_items\":[{\"id\":1},7]}", CH_INVALID, "line_items[1]"},
		{"{\"id\":1,\"line_items\":[{\"quantity\":1}]}", CH_MISSING, "line_items[0].id"},
		{"{\"id\":1,\"created_at\":\"2008-01-10T11:00:00\"}", CH_FORMAT, "created_at"},
	};
	struct world world;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(take(&world, shopify_read, "orders/create", cases[i].body),
			cases[i].status);
		assert_string_equal(world.refusal.field, cases[i].field);
		done(&world);
	}
	assert_int_equal(take(&world, woocommerce_read, "order.created", "7"), CH_INVALID);
	done(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shopify_order),
		cmocka_unit_test(test_shopify_account),
		cmocka_unit_test(test_shopify_topics),
		cmocka_unit_test(test_a_topic_that_the_body_does_not_bear_out),
		cmocka_unit_test(test_woocommerce_topics),
		cmocka_unit_test(test_woocommerce_guest),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
