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
#include "channel/website/shop.h"

/* ---- Parts ---- */

static int64_t woo_time(struct shop *shop, const char *gmt, const char *local)
{
	int64_t time_us = reading_time_utc(&shop->reading, shop->body, gmt);
	if (time_us == 0 && shop->delivery->zone != NULL)
		time_us = reading_time(&shop->reading, shop->body, local);
	return time_us != 0 ? time_us : shop->delivery->sent_us;
}

static const struct shop_address_names address_names = {
	"country", "country", "state", "postcode", {"address_1", "address_2"}};

static Carehub__V1__Party *woo_party(struct shop *shop, char *local_id, const json_t *customer)
{
	struct reading *reading = &shop->reading;
	const json_t *billing = shop_object(shop->body, "billing");
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
	if (party != NULL)
		party->address = shop_address(shop, billing, &address_names);
	return party;
}

static Carehub__V1__Party *woo_buyer(struct shop *shop)
{
	char *customer = reading_text(&shop->reading, shop->body, "customer_id");
	if (strcmp(customer, "0") == 0)
		customer = reading_text(&shop->reading, NULL, "");
	return woo_party(shop, customer, NULL);
}

/* A shop without shipping sends the object all the same, with nothing in it. */
static Carehub__V1__Consignee *woo_consignee(struct shop *shop, const char *field)
{
	static const char *const told[] = {"first_name", "last_name", "address_1"};
	const json_t *object = shop_object(shop->body, field);
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		if (reading_text(&shop->reading, object, told[i])[0] != 0)
			return shop_consignee(shop, object, &address_names);
	}
	return NULL;
}

static void *woo_line(struct shop *shop, const json_t *object)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__OrderLine *line = reading_new(reading, &carehub__v1__order_line__descriptor);
	if (line == NULL)
		return NULL;
	line->line_id = reading_id(reading, object, "id");
	line->product_id = shop_first(shop, object, "sku", object, "product_id");
	line->description = reading_text(reading, object, "name");
	line->quantity = reading_decimal(reading, object, "quantity");
	line->amount = reading_money(reading, object, "total");
	line->kind = CAREHUB__V1__ITEM_KIND__ITEM_KIND_PRODUCT;
	const char *variation = reading_text(reading, object, "variation_id");
	if (variation[0] != 0 && strcmp(variation, "0") != 0)
		line->variant = shop_text(reading, variation);
	return line;
}

static Carehub__V1__OrderLine **woo_lines(struct shop *shop, size_t *out_count)
{
	return shop_list(shop, shop->body, "line_items", woo_line, out_count);
}

static void *woo_tax(struct shop *shop, const json_t *line)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__Tax *tax = reading_new(reading, &carehub__v1__tax__descriptor);
	if (tax == NULL)
		return NULL;
	tax->name = reading_text(reading, line, "label");
	tax->code = reading_text(reading, line, "rate_code");
	tax->amount = shop_money_add(reading, reading_money(reading, line, "tax_total"),
		reading_money(reading, line, "shipping_tax_total"));
	return tax;
}

static Carehub__V1__Tax **woo_taxes(struct shop *shop, size_t *out_count)
{
	return shop_list(shop, shop->body, "tax_lines", woo_tax, out_count);
}

static void *woo_discount(struct shop *shop, const json_t *coupon)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__Discount *discount = reading_new(reading, &carehub__v1__discount__descriptor);
	if (discount == NULL)
		return NULL;
	discount->code = reading_text(reading, coupon, "code");
	discount->amount = reading_money(reading, coupon, "discount");
	return discount;
}

static Carehub__V1__Discount **woo_discounts(struct shop *shop, size_t *out_count)
{
	return shop_list(shop, shop->body, "coupon_lines", woo_discount, out_count);
}

static Carehub__V1__OrderTotals *woo_totals(struct shop *shop)
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
	totals->tax_included = shop_answer(shop->body, "prices_include_tax");
	return totals;
}

static Carehub__V1__PaymentState woo_payment_state(struct shop *shop, const char *status)
{
	static const struct shop_payment rows[] = {
		{"pending", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PENDING},
		{"on-hold", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PENDING},
		{"failed", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_FAILED},
		{"refunded", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_REFUNDED},
	};
	Carehub__V1__PaymentState state =
		shop_payment_state(rows, sizeof(rows) / sizeof(rows[0]), status);
	if (state == CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_UNSPECIFIED &&
		reading_text(&shop->reading, shop->body, "date_paid_gmt")[0] != 0)
		state = CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PAID;
	return state;
}

/* ---- Orders ---- */

static void woo_placed(struct shop *shop)
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
	order->shipping_method = shop_method(shop, "method_id");
	order->sales_channel = reading_text(reading, shop->body, "created_via");
	order->customer = woo_buyer(shop);
	order->ship_to = woo_consignee(shop, "shipping");
	order->bill_to = woo_consignee(shop, "billing");
	order->remarks = reading_text(reading, shop->body, "customer_note");
	order->ip_address = reading_text(reading, shop->body, "customer_ip_address");
	shop_add(shop, "website.order.placed", order, "",
		woo_time(shop, "date_created_gmt", "date_created"));
}

static void woo_cancel(struct shop *shop, const char *reason)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderCancelled *order =
		reading_new(reading, &carehub__v1__website_order_cancelled__descriptor);
	if (order == NULL)
		return;
	order->order_id = reading_id(reading, shop->body, "id");
	order->shop_id = shop_text(reading, shop->delivery->shop);
	order->reason_code = shop_text(reading, reason);
	if (shop_object(shop->body, "billing") != NULL)
		order->customer = woo_buyer(shop);
	shop_add(shop, "website.order.cancelled", order, "",
		woo_time(shop, "date_modified_gmt", "date_modified"));
}

static void woo_deleted(struct shop *shop)
{
	woo_cancel(shop, "deleted");
}

static void woo_completed(struct shop *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderDispatched *shipment =
		reading_new(reading, &carehub__v1__website_order_dispatched__descriptor);
	if (shipment == NULL)
		return;
	shipment->order_id = reading_id(reading, shop->body, "id");
	shipment->shop_id = shop_text(reading, shop->delivery->shop);
	shipment->shipment_id = reading_id(reading, shop->body, "id"); /* one, of everything */
	shop_add_retold(shop, "website.order.dispatched", shipment, "completed", shipment->order_id,
		reading_time_utc(reading, shop->body, "date_completed_gmt"));
}

/* A refund is a negative total; the same one is listed again whenever the order changes. */
static void woo_refunds(struct shop *shop)
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
			shop_add_retold(shop, "website.refund.issued", refund, "refund",
				refund->refund_id, 0);
		}
		reading_leave(reading, mark);
	}
}

static void woo_amended(struct shop *shop)
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
	order->shipping_method = shop_method(shop, "method_id");
	order->customer = woo_buyer(shop);
	order->ship_to = woo_consignee(shop, "shipping");
	order->bill_to = woo_consignee(shop, "billing");
	order->remarks = reading_text(reading, shop->body, "customer_note");
	shop_add(shop, "website.order.amended", order, "",
		woo_time(shop, "date_modified_gmt", "date_modified"));
	if (strcmp(status, "completed") == 0)
		woo_completed(shop);
	woo_refunds(shop);
}

/* ---- Customers ---- */

static Carehub__V1__Party *woo_holder(struct shop *shop)
{
	return woo_party(shop, reading_id(&shop->reading, shop->body, "id"), shop->body);
}

static void woo_account_created(struct shop *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteAccountCreated *account =
		reading_new(reading, &carehub__v1__website_account_created__descriptor);
	if (account == NULL)
		return;
	account->account_id = reading_id(reading, shop->body, "id");
	account->site = shop_text(reading, shop->delivery->shop);
	account->customer = woo_holder(shop);
	shop_add(shop, "website.account.created", account, "",
		woo_time(shop, "date_created_gmt", "date_created"));
}

static void woo_account_updated(struct shop *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteAccountUpdated *account =
		reading_new(reading, &carehub__v1__website_account_updated__descriptor);
	if (account == NULL)
		return;
	account->account_id = reading_id(reading, shop->body, "id");
	account->site = shop_text(reading, shop->delivery->shop);
	account->customer = woo_holder(shop);
	shop_add(shop, "website.account.updated", account, "",
		woo_time(shop, "date_modified_gmt", "date_modified"));
}

static void woo_account_deleted(struct shop *shop)
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
	shop_add(shop, "website.account.closed", account, "", shop->delivery->sent_us);
}

/* ---- Topics ---- */

/* What is there says when it was made; of what is gone WooCommerce tells the number alone. */
static bool says_gone(const json_t *body)
{
	return json_object_get(body, "date_created") == NULL &&
	       json_object_get(body, "date_created_gmt") == NULL;
}

static const struct shop_topic topics[] = {
	{"order.created", woo_placed, NULL},
	{"order.updated", woo_amended, NULL},
	{"order.restored", woo_amended, NULL},
	{"order.deleted", woo_deleted, says_gone},
	{"customer.created", woo_account_created, NULL},
	{"customer.updated", woo_account_updated, NULL},
	{"customer.deleted", woo_account_deleted, says_gone},
};

enum ch_status woocommerce_read(const struct shop_delivery *delivery, struct arena *arena,
	struct shop_events *out_events, struct refusal *out_refusal)
{
	return shop_read(delivery, topics, sizeof(topics) / sizeof(topics[0]), arena, out_events,
		out_refusal);
}
