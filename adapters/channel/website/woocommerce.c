/* WooCommerce's REST v3 resources, as its webhooks carry them (X-WC-Webhook-Topic).
 *
 *     order.created        website.order.placed, unless it is still a draft
 *     order.updated,       website.order.cancelled when its status says so (also failed, trash),
 *     order.restored       else .amended; with .dispatched when it is completed, and
 *                          website.refund.issued for each refund that it lists
 *     order.deleted        website.order.cancelled
 *     customer.created     website.account.created
 *     customer.updated     website.account.updated
 *     customer.deleted     website.account.closed
 *
 * customer_id 0 is a guest.  Times are read from the fields in GMT; those without are the shop's own. */
#include "base/limits.h"
#include "carehub/v1/website.pb-c.h"
#include "channel/website/shop.h"

struct woocommerce {
	struct reading reading;
	const struct shop_delivery *delivery;
	json_t *body;
	struct shop_events *events;
};

/* ---- Parts ---- */

static const json_t *woo_object(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_object(value) ? value : NULL;
}

static int64_t woo_time(struct woocommerce *shop, const char *gmt, const char *local)
{
	int64_t time_us = reading_time_utc(&shop->reading, shop->body, gmt);
	if (time_us == 0 && shop->delivery->zone != NULL)
		time_us = reading_time(&shop->reading, shop->body, local);
	return time_us != 0 ? time_us : shop->delivery->sent_us;
}

static char *woo_text_or(
	struct woocommerce *shop, const json_t *object, const char *name, const char *otherwise)
{
	char *text = reading_text(&shop->reading, object, name);
	return text[0] != 0 ? text : reading_text(&shop->reading, object, otherwise);
}

static Carehub__V1__Address *woo_address(struct woocommerce *shop, const json_t *object)
{
	struct reading *reading = &shop->reading;
	static const char *const names[] = {"address_1", "address_2"};
	Carehub__V1__Address *address = reading_new(reading, &carehub__v1__address__descriptor);
	if (address == NULL)
		return NULL;
	address->country = reading_text(reading, object, "country");
	address->region = reading_text(reading, object, "state");
	address->city = reading_text(reading, object, "city");
	address->postcode = reading_text(reading, object, "postcode");
	address->lines = shop_array(reading, 2);
	for (size_t i = 0; i < 2 && address->lines != NULL; i++) {
		char *line = reading_text(reading, object, names[i]);
		if (line[0] != 0)
			address->lines[address->n_lines++] = line;
	}
	return address;
}

static Carehub__V1__Party *woo_party(
	struct woocommerce *shop, char *local_id, const json_t *customer)
{
	struct reading *reading = &shop->reading;
	const json_t *billing = woo_object(shop->body, "billing");
	char *email = reading_text(reading, customer, "email");
	const struct shop_person person = {
		.local_id = local_id,
		.phone = reading_text(reading, billing, "phone"),
		.email = email[0] != 0 ? email : reading_text(reading, billing, "email"),
		.given = reading_text(reading, customer != NULL ? customer : billing, "first_name"),
		.family = reading_text(reading, customer != NULL ? customer : billing, "last_name"),
		.company = reading_text(reading, billing, "company"),
	};
	Carehub__V1__Party *party = shop_party(reading, &person);
	if (party != NULL && billing != NULL)
		party->address = woo_address(shop, billing);
	return party;
}

static Carehub__V1__Party *woo_buyer(struct woocommerce *shop)
{
	char *customer = reading_text(&shop->reading, shop->body, "customer_id");
	if (strcmp(customer, "0") == 0)
		customer = reading_text(&shop->reading, NULL, "");
	return woo_party(shop, customer, NULL);
}

static Carehub__V1__Consignee *woo_consignee(struct woocommerce *shop, const char *field)
{
	struct reading *reading = &shop->reading;
	const json_t *object = woo_object(shop->body, field);
	const struct shop_person person = {
		.local_id = "",
		.phone = reading_text(reading, object, "phone"),
		.email = "",
		.given = reading_text(reading, object, "first_name"),
		.family = reading_text(reading, object, "last_name"),
		.company = "",
	};
	/* A shop without shipping sends the object all the same, with nothing in it. */
	if (person.given[0] == 0 && person.family[0] == 0 &&
		reading_text(reading, object, "address_1")[0] == 0)
		return NULL;
	Carehub__V1__Consignee *consignee =
		reading_new(reading, &carehub__v1__consignee__descriptor);
	const Carehub__V1__Party *party = shop_party(reading, &person);
	if (consignee == NULL || party == NULL)
		return NULL;
	consignee->name = party->name;
	consignee->phone = party->n_phones > 0 ? party->phones[0] : NULL;
	consignee->company = reading_text(reading, object, "company");
	consignee->address = woo_address(shop, object);
	return consignee;
}

static Carehub__V1__OrderLine *woo_line(struct woocommerce *shop, const json_t *object)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__OrderLine *line = reading_new(reading, &carehub__v1__order_line__descriptor);
	if (line == NULL)
		return NULL;
	line->line_id = reading_id(reading, object, "id");
	line->product_id = woo_text_or(shop, object, "sku", "product_id");
	line->description = reading_text(reading, object, "name");
	line->quantity = reading_decimal(reading, object, "quantity");
	line->amount = reading_money(reading, object, "total");
	line->kind = CAREHUB__V1__ITEM_KIND__ITEM_KIND_PRODUCT;
	const char *variation = reading_text(reading, object, "variation_id");
	if (variation[0] != 0 && strcmp(variation, "0") != 0)
		line->variant = shop_text(reading, variation);
	return line;
}

static Carehub__V1__OrderLine **woo_lines(struct woocommerce *shop, size_t *out_count)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, "line_items");
	size_t count = reading_count(shop->body, "line_items");
	Carehub__V1__OrderLine **lines = shop_array(reading, count);
	*out_count = 0;
	for (size_t i = 0; i < count && lines != NULL && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *object = reading_enter(reading, list, "line_items", i, &mark);
		Carehub__V1__OrderLine *line = woo_line(shop, object);
		if (line != NULL)
			lines[(*out_count)++] = line;
		reading_leave(reading, mark);
	}
	return lines;
}

static Carehub__V1__Tax **woo_taxes(struct woocommerce *shop, size_t *out_count)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, "tax_lines");
	size_t count = reading_count(shop->body, "tax_lines");
	Carehub__V1__Tax **taxes = shop_array(reading, count);
	*out_count = 0;
	for (size_t i = 0; i < count && taxes != NULL && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *line = reading_enter(reading, list, "tax_lines", i, &mark);
		Carehub__V1__Tax *tax = reading_new(reading, &carehub__v1__tax__descriptor);
		if (tax != NULL) {
			tax->name = reading_text(reading, line, "label");
			tax->code = reading_text(reading, line, "rate_code");
			tax->amount =
				shop_money_add(reading, reading_money(reading, line, "tax_total"),
					reading_money(reading, line, "shipping_tax_total"));
			taxes[(*out_count)++] = tax;
		}
		reading_leave(reading, mark);
	}
	return taxes;
}

static Carehub__V1__Discount **woo_discounts(struct woocommerce *shop, size_t *out_count)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, "coupon_lines");
	size_t count = reading_count(shop->body, "coupon_lines");
	Carehub__V1__Discount **discounts = shop_array(reading, count);
	*out_count = 0;
	for (size_t i = 0; i < count && discounts != NULL && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *coupon = reading_enter(reading, list, "coupon_lines", i, &mark);
		Carehub__V1__Discount *discount =
			reading_new(reading, &carehub__v1__discount__descriptor);
		if (discount != NULL) {
			discount->code = reading_text(reading, coupon, "code");
			discount->amount = reading_money(reading, coupon, "discount");
			discounts[(*out_count)++] = discount;
		}
		reading_leave(reading, mark);
	}
	return discounts;
}

static Carehub__V1__OrderTotals *woo_totals(struct woocommerce *shop)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, "line_items");
	size_t count = reading_count(shop->body, "line_items");
	Carehub__V1__OrderTotals *totals =
		reading_new(reading, &carehub__v1__order_totals__descriptor);
	if (totals == NULL)
		return NULL;
	for (size_t i = 0; i < count && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *line = reading_enter(reading, list, "line_items", i, &mark);
		totals->lines = shop_money_add(
			reading, reading_money(reading, line, "subtotal"), totals->lines);
		reading_leave(reading, mark);
	}
	totals->discount = reading_money(reading, shop->body, "discount_total");
	totals->shipping = reading_money(reading, shop->body, "shipping_total");
	totals->tax = reading_money(reading, shop->body, "total_tax");
	totals->grand = reading_money(reading, shop->body, "total");
	if (json_is_boolean(json_object_get(shop->body, "prices_include_tax")))
		totals->tax_included =
			json_is_true(json_object_get(shop->body, "prices_include_tax"))
				? CAREHUB__V1__ANSWER__ANSWER_YES
				: CAREHUB__V1__ANSWER__ANSWER_NO;
	return totals;
}

static Carehub__V1__PaymentState woo_payment_state(struct woocommerce *shop, const char *status)
{
	static const struct {
		const char *status;
		Carehub__V1__PaymentState state;
	} states[] = {
		{"pending", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PENDING},
		{"on-hold", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PENDING},
		{"failed", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_FAILED},
		{"refunded", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_REFUNDED},
	};
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].status, status) == 0)
			return states[i].state;
	}
	if (reading_text(&shop->reading, shop->body, "date_paid_gmt")[0] != 0)
		return CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PAID;
	return CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_UNSPECIFIED;
}

static char *woo_shipping_method(struct woocommerce *shop)
{
	size_t mark;
	const json_t *list = json_object_get(shop->body, "shipping_lines");
	if (reading_count(shop->body, "shipping_lines") == 0)
		return reading_text(&shop->reading, NULL, "");
	const json_t *line = reading_enter(&shop->reading, list, "shipping_lines", 0, &mark);
	char *method = reading_text(&shop->reading, line, "method_id");
	reading_leave(&shop->reading, mark);
	return method;
}

/* ---- Orders ---- */

static void woo_placed(struct woocommerce *shop)
{
	struct reading *reading = &shop->reading;
	const char *status = reading_text(reading, shop->body, "status");
	Carehub__V1__WebsiteOrderPlaced *order =
		reading_new(reading, &carehub__v1__website_order_placed__descriptor);
	if (order == NULL)
		return;
	if (strcmp(status, "checkout-draft") == 0 || strcmp(status, "auto-draft") == 0) {
		shop->events->skipped = "an order that is still a draft";
		return;
	}
	order->order_id = reading_id(reading, shop->body, "id");
	order->order_name = reading_text(reading, shop->body, "number");
	order->shop_id = shop_text(reading, shop->delivery->shop);
	order->lines = woo_lines(shop, &order->n_lines);
	order->totals = woo_totals(shop);
	order->taxes = woo_taxes(shop, &order->n_taxes);
	order->discounts = woo_discounts(shop, &order->n_discounts);
	order->payment_state = woo_payment_state(shop, status);
	order->payment_method = reading_text(reading, shop->body, "payment_method");
	order->shipping_method = woo_shipping_method(shop);
	order->sales_channel = reading_text(reading, shop->body, "created_via");
	order->customer = woo_buyer(shop);
	order->ship_to = woo_consignee(shop, "shipping");
	order->bill_to = woo_consignee(shop, "billing");
	order->remarks = reading_text(reading, shop->body, "customer_note");
	order->ip_address = reading_text(reading, shop->body, "customer_ip_address");
	shop_add(shop->events, reading, "website.order.placed", order, "",
		woo_time(shop, "date_created_gmt", "date_created"));
}

static void woo_cancel(struct woocommerce *shop, const char *reason)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderCancelled *order =
		reading_new(reading, &carehub__v1__website_order_cancelled__descriptor);
	if (order == NULL)
		return;
	order->order_id = reading_id(reading, shop->body, "id");
	order->shop_id = shop_text(reading, shop->delivery->shop);
	order->reason_code = shop_text(reading, reason);
	if (woo_object(shop->body, "billing") != NULL)
		order->customer = woo_buyer(shop);
	shop_add(shop->events, reading, "website.order.cancelled", order, "",
		woo_time(shop, "date_modified_gmt", "date_modified"));
}

static void woo_deleted(struct woocommerce *shop)
{
	woo_cancel(shop, "deleted");
}

static void woo_completed(struct woocommerce *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderDispatched *shipment =
		reading_new(reading, &carehub__v1__website_order_dispatched__descriptor);
	if (shipment == NULL)
		return;
	shipment->order_id = reading_id(reading, shop->body, "id");
	shipment->shop_id = shop_text(reading, shop->delivery->shop);
	shipment->shipment_id = reading_id(reading, shop->body, "id"); /* one, of everything */
	shop_add_retold(shop->events, reading, "website.order.dispatched", shipment, "completed",
		shipment->order_id, reading_time_utc(reading, shop->body, "date_completed_gmt"));
}

/* A refund is a negative total; the same one is listed again whenever the order changes. */
static void woo_refunds(struct woocommerce *shop)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, "refunds");
	size_t count = reading_count(shop->body, "refunds");
	for (size_t i = 0; i < count && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *object = reading_enter(reading, list, "refunds", i, &mark);
		Carehub__V1__WebsiteRefundIssued *refund =
			reading_new(reading, &carehub__v1__website_refund_issued__descriptor);
		if (refund != NULL) {
			refund->refund_id = reading_id(reading, object, "id");
			refund->order_id = reading_text(reading, shop->body, "id");
			refund->shop_id = shop_text(reading, shop->delivery->shop);
			refund->amount = reading_money(reading, object, "total");
			refund->remarks = reading_text(reading, object, "reason");
			if (refund->amount == NULL)
				reading_fail(reading, CH_MISSING, "total", "is missing");
			else if (refund->amount->minor_units < 0)
				refund->amount->minor_units = -refund->amount->minor_units;
			shop_add_retold(shop->events, reading, "website.refund.issued", refund,
				"refund", refund->refund_id, 0);
		}
		reading_leave(reading, mark);
	}
}

static void woo_amended(struct woocommerce *shop)
{
	struct reading *reading = &shop->reading;
	const char *status = reading_text(reading, shop->body, "status");
	Carehub__V1__WebsiteOrderAmended *order =
		reading_new(reading, &carehub__v1__website_order_amended__descriptor);
	if (order == NULL)
		return;
	if (strcmp(status, "cancelled") == 0 || strcmp(status, "failed") == 0 ||
		strcmp(status, "trash") == 0) {
		woo_cancel(shop, status);
		return;
	}
	order->order_id = reading_id(reading, shop->body, "id");
	order->shop_id = shop_text(reading, shop->delivery->shop);
	order->lines = woo_lines(shop, &order->n_lines);
	order->totals = woo_totals(shop);
	order->payment_state = woo_payment_state(shop, status);
	order->taxes = woo_taxes(shop, &order->n_taxes);
	order->discounts = woo_discounts(shop, &order->n_discounts);
	order->shipping_method = woo_shipping_method(shop);
	order->customer = woo_buyer(shop);
	order->ship_to = woo_consignee(shop, "shipping");
	order->bill_to = woo_consignee(shop, "billing");
	order->remarks = reading_text(reading, shop->body, "customer_note");
	shop_add(shop->events, reading, "website.order.amended", order, "",
		woo_time(shop, "date_modified_gmt", "date_modified"));
	if (strcmp(status, "completed") == 0)
		woo_completed(shop);
	woo_refunds(shop);
}

/* ---- Customers ---- */

static Carehub__V1__Party *woo_holder(struct woocommerce *shop)
{
	return woo_party(shop, reading_id(&shop->reading, shop->body, "id"), shop->body);
}

static void woo_account_created(struct woocommerce *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteAccountCreated *account =
		reading_new(reading, &carehub__v1__website_account_created__descriptor);
	if (account == NULL)
		return;
	account->account_id = reading_id(reading, shop->body, "id");
	account->site = shop_text(reading, shop->delivery->shop);
	account->customer = woo_holder(shop);
	shop_add(shop->events, reading, "website.account.created", account, "",
		woo_time(shop, "date_created_gmt", "date_created"));
}

static void woo_account_updated(struct woocommerce *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteAccountUpdated *account =
		reading_new(reading, &carehub__v1__website_account_updated__descriptor);
	if (account == NULL)
		return;
	account->account_id = reading_id(reading, shop->body, "id");
	account->site = shop_text(reading, shop->delivery->shop);
	account->customer = woo_holder(shop);
	shop_add(shop->events, reading, "website.account.updated", account, "",
		woo_time(shop, "date_modified_gmt", "date_modified"));
}

static void woo_account_deleted(struct woocommerce *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteAccountClosed *account =
		reading_new(reading, &carehub__v1__website_account_closed__descriptor);
	if (account == NULL)
		return;
	account->account_id = reading_id(reading, shop->body, "id");
	account->site = shop_text(reading, shop->delivery->shop);
	account->reason_code = shop_text(reading, "deleted");
	account->customer = woo_holder(shop);
	shop_add(shop->events, reading, "website.account.closed", account, "",
		shop->delivery->sent_us);
}

/* ---- Topics ---- */

static const struct {
	const char *topic;
	void (*read)(struct woocommerce *shop);
} topics[] = {
	{"order.created", woo_placed},
	{"order.updated", woo_amended},
	{"order.restored", woo_amended},
	{"order.deleted", woo_deleted},
	{"customer.created", woo_account_created},
	{"customer.updated", woo_account_updated},
	{"customer.deleted", woo_account_deleted},
};

enum ch_status woocommerce_read(const struct shop_delivery *delivery, struct arena *arena,
	struct shop_events *out_events, struct refusal *out_refusal)
{
	struct shop_events events = {.count = 0};
	struct woocommerce shop = {.reading = {.arena = arena,
					   .refusal = out_refusal,
					   .zone = delivery->zone,
					   .currency = ""},
		.delivery = delivery,
		.body = delivery->body,
		.events = &events};
	if (!json_is_object(delivery->body))
		return refusal_set(out_refusal, CH_INVALID, "", "is no JSON object");
	shop.reading.currency = reading_text(&shop.reading, delivery->body, "currency");
	events.skipped = "a topic of which the hub keeps nothing";
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		if (!slice_equal(delivery->topic, slice_text(topics[i].topic)))
			continue;
		events.skipped = NULL;
		topics[i].read(&shop);
		break;
	}
	if (shop.reading.status == CH_OK)
		*out_events = events;
	return shop.reading.status;
}
