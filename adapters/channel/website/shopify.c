/* Shopify's Admin REST resources, as its webhooks carry them (X-Shopify-Topic).
 *
 *     orders/create            website.order.placed
 *     orders/updated           website.order.amended
 *     orders/cancelled         website.order.cancelled
 *     orders/paid              website.order.paid
 *     fulfillments/create      website.order.dispatched, once its status is "success";
 *     fulfillments/update      website.order.delivered, once shipment_status says so
 *     refunds/create           website.refund.issued
 *     customers/create         website.account.created, and consent when it was given with it
 *     customers/update         website.account.updated
 *     customers/delete, customers/redact    website.account.closed
 *     customers_email_marketing_consent/update, customers_marketing_consent/update    consent
 *
 * A customer's number is Shopify's own knowledge of him: a guest who types in the mailbox of a customer is
 * filed under that customer there already.  Mailbox and telephone of an order are what somebody typed.  */
#include "base/limits.h"

#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/website.pb-c.h"
#include "channel/website/shop.h"

struct shopify {
	struct reading reading;
	const struct shop_delivery *delivery;
	json_t *body;
	struct shop_events *events;
};

/* ---- Parts ---- */

static const json_t *shopify_object(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_object(value) ? value : NULL;
}

static bool shopify_flag(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

static Carehub__V1__Answer shopify_answer(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_boolean(value))
		return CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED;
	return json_is_true(value) ? CAREHUB__V1__ANSWER__ANSWER_YES
				   : CAREHUB__V1__ANSWER__ANSWER_NO;
}

/* The first of these that says something. */
static char *shopify_first(struct shopify *shop, const json_t *a, const char *a_name,
	const json_t *b, const char *b_name)
{
	char *text = reading_text(&shop->reading, a, a_name);
	return text[0] != 0 ? text : reading_text(&shop->reading, b, b_name);
}

static Carehub__V1__Address *shopify_address(struct shopify *shop, const json_t *object)
{
	struct reading *reading = &shop->reading;
	static const char *const names[] = {"address1", "address2"};
	if (object == NULL)
		return NULL;
	Carehub__V1__Address *address = reading_new(reading, &carehub__v1__address__descriptor);
	if (address == NULL)
		return NULL;
	address->country = shopify_first(shop, object, "country_code", object, "country");
	address->region = reading_text(reading, object, "province");
	address->city = reading_text(reading, object, "city");
	address->postcode = reading_text(reading, object, "zip");
	address->lines = shop_array(reading, 2);
	for (size_t i = 0; i < 2 && address->lines != NULL; i++) {
		char *line = reading_text(reading, object, names[i]);
		if (line[0] != 0)
			address->lines[address->n_lines++] = line;
	}
	return address;
}

static Carehub__V1__Consignee *shopify_consignee(struct shopify *shop, const char *field)
{
	struct reading *reading = &shop->reading;
	const json_t *object = shopify_object(shop->body, field);
	if (object == NULL)
		return NULL;
	Carehub__V1__Consignee *consignee =
		reading_new(reading, &carehub__v1__consignee__descriptor);
	const struct shop_person person = {
		.local_id = "",
		.phone = reading_text(reading, object, "phone"),
		.email = "",
		.given = reading_text(reading, object, "first_name"),
		.family = reading_text(reading, object, "last_name"),
		.company = "",
	};
	const Carehub__V1__Party *party = shop_party(reading, &person);
	if (consignee == NULL || party == NULL)
		return NULL;
	consignee->name = party->name;
	consignee->phone = party->n_phones > 0 ? party->phones[0] : NULL;
	consignee->company = reading_text(reading, object, "company");
	consignee->address = shopify_address(shop, object);
	return consignee;
}

/* A customer object is what Shopify knows; `order` holds what was typed in at the checkout. */
static Carehub__V1__Party *shopify_party(
	struct shopify *shop, const json_t *customer, const json_t *order)
{
	struct reading *reading = &shop->reading;
	const json_t *address = shopify_object(customer, "default_address");
	const json_t *billing = shopify_object(order, "billing_address");
	char *phone = shopify_first(shop, order, "phone", customer, "phone");
	char *state = reading_text(reading, customer, "state");
	const struct shop_person person = {
		.local_id = reading_text(reading, customer, "id"),
		.phone = phone[0] != 0 ? phone
				       : shopify_first(shop, billing, "phone", address, "phone"),
		.email = shopify_first(shop, order, "email", customer, "email"),
		.given = shopify_first(shop, customer, "first_name", billing, "first_name"),
		.family = shopify_first(shop, customer, "last_name", billing, "last_name"),
		.company = reading_text(reading, billing != NULL ? billing : address, "company"),
		/* "verified_email" alone is true of imported ones, too: he has signed in once. */
		.email_verified = order == NULL && shopify_flag(customer, "verified_email") &&
				  strcmp(state, "enabled") == 0,
	};
	Carehub__V1__Party *party = shop_party(reading, &person);
	if (party == NULL)
		return NULL;
	party->address = shopify_address(shop, address != NULL ? address : billing);
	party->language = reading_text(reading, order, "customer_locale");
	return party;
}

static Carehub__V1__Tax **shopify_taxes(
	struct shopify *shop, const json_t *object, size_t *out_count)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(object, "tax_lines");
	size_t count = reading_count(object, "tax_lines");
	Carehub__V1__Tax **taxes = shop_array(reading, count);
	*out_count = 0;
	for (size_t i = 0; i < count && taxes != NULL && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *line = reading_enter(reading, list, "tax_lines", i, &mark);
		Carehub__V1__Tax *tax = reading_new(reading, &carehub__v1__tax__descriptor);
		if (tax != NULL) {
			tax->name = reading_text(reading, line, "title");
			tax->amount = reading_money(reading, line, "price");
			tax->percent = reading_decimal(reading, line, "rate");
			/* 0.06 is six per cent. */
			if (tax->percent != NULL && tax->percent->scale >= 2)
				tax->percent->scale -= 2;
			else if (tax->percent != NULL)
				tax->percent = NULL;
			taxes[(*out_count)++] = tax;
		}
		reading_leave(reading, mark);
	}
	return taxes;
}

static Carehub__V1__Discount **shopify_discounts(struct shopify *shop, size_t *out_count)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, "discount_codes");
	size_t count = reading_count(shop->body, "discount_codes");
	Carehub__V1__Discount **discounts = shop_array(reading, count);
	*out_count = 0;
	for (size_t i = 0; i < count && discounts != NULL && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *code = reading_enter(reading, list, "discount_codes", i, &mark);
		Carehub__V1__Discount *discount =
			reading_new(reading, &carehub__v1__discount__descriptor);
		if (discount != NULL) {
			discount->code = reading_text(reading, code, "code");
			discount->amount = reading_money(reading, code, "amount");
			discounts[(*out_count)++] = discount;
		}
		reading_leave(reading, mark);
	}
	return discounts;
}

/* Price times quantity, less the line's discount: Shopify sends the factors. */
static Carehub__V1__Money *shopify_amount(
	struct shopify *shop, const json_t *line, const Carehub__V1__Money *price)
{
	struct reading *reading = &shop->reading;
	const json_t *quantity = json_object_get(line, "quantity");
	const Carehub__V1__Money *discount = reading_money(reading, line, "total_discount");
	Carehub__V1__Money *amount = shop_money_add(reading, price, NULL);
	if (amount == NULL || price == NULL || !json_is_integer(quantity))
		return NULL;
	if (__builtin_mul_overflow(
		    price->minor_units, json_integer_value(quantity), &amount->minor_units) ||
		(discount != NULL && __builtin_sub_overflow(amount->minor_units,
					     discount->minor_units, &amount->minor_units)))
		reading_fail(reading, CH_TOO_LARGE, "price", "is too large");
	return amount;
}

static Carehub__V1__OrderLine *shopify_line(struct shopify *shop, const json_t *object)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__OrderLine *line = reading_new(reading, &carehub__v1__order_line__descriptor);
	if (line == NULL)
		return NULL;
	line->line_id = reading_id(reading, object, "id");
	line->product_id = shopify_first(shop, object, "sku", object, "product_id");
	line->variant = reading_text(reading, object, "variant_title");
	line->description = shopify_first(shop, object, "name", object, "title");
	line->quantity = reading_decimal(reading, object, "quantity");
	line->unit_price = reading_money(reading, object, "price");
	line->amount = shopify_amount(shop, object, line->unit_price);
	line->kind = CAREHUB__V1__ITEM_KIND__ITEM_KIND_PRODUCT;
	line->taxes = shopify_taxes(shop, object, &line->n_taxes);
	return line;
}

static Carehub__V1__OrderLine **shopify_lines(struct shopify *shop, size_t *out_count)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, "line_items");
	size_t count = reading_count(shop->body, "line_items");
	Carehub__V1__OrderLine **lines = shop_array(reading, count);
	*out_count = 0;
	for (size_t i = 0; i < count && lines != NULL && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *object = reading_enter(reading, list, "line_items", i, &mark);
		Carehub__V1__OrderLine *line = shopify_line(shop, object);
		if (line != NULL)
			lines[(*out_count)++] = line;
		reading_leave(reading, mark);
	}
	return lines;
}

static Carehub__V1__Money *shopify_shipping(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, "shipping_lines");
	size_t count = reading_count(shop->body, "shipping_lines");
	Carehub__V1__Money *sum = NULL;
	for (size_t i = 0; i < count && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *line = reading_enter(reading, list, "shipping_lines", i, &mark);
		sum = shop_money_add(reading, reading_money(reading, line, "price"), sum);
		reading_leave(reading, mark);
	}
	return sum;
}

static Carehub__V1__OrderTotals *shopify_totals(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__OrderTotals *totals =
		reading_new(reading, &carehub__v1__order_totals__descriptor);
	if (totals == NULL)
		return NULL;
	totals->lines = reading_money(reading, shop->body, "total_line_items_price");
	totals->discount = reading_money(reading, shop->body, "total_discounts");
	totals->shipping = shopify_shipping(shop);
	totals->tax = reading_money(reading, shop->body, "total_tax");
	totals->grand = reading_money(reading, shop->body, "total_price");
	totals->tax_included = shopify_answer(shop->body, "taxes_included");
	return totals;
}

static Carehub__V1__PaymentState shopify_payment_state(struct shopify *shop)
{
	static const struct {
		const char *name;
		Carehub__V1__PaymentState state;
	} states[] = {
		{"pending", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PENDING},
		{"authorized", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_AUTHORIZED},
		{"paid", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PAID},
		{"partially_paid", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PARTLY_PAID},
		{"partially_refunded", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PARTLY_REFUNDED},
		{"refunded", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_REFUNDED},
		{"voided", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_VOIDED},
		{"expired", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_FAILED},
	};
	const char *text = reading_text(&shop->reading, shop->body, "financial_status");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].name, text) == 0)
			return states[i].state;
	}
	return CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_UNSPECIFIED;
}

static Carehub__V1__Attribute **shopify_notes(struct shopify *shop, size_t *out_count)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, "note_attributes");
	size_t count = reading_count(shop->body, "note_attributes");
	Carehub__V1__Attribute **notes = shop_array(reading, count);
	*out_count = 0;
	for (size_t i = 0; i < count && notes != NULL && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *note = reading_enter(reading, list, "note_attributes", i, &mark);
		Carehub__V1__Attribute *attribute =
			reading_new(reading, &carehub__v1__attribute__descriptor);
		if (attribute != NULL) {
			attribute->name = reading_text(reading, note, "name");
			attribute->value = reading_text(reading, note, "value");
			notes[(*out_count)++] = attribute;
		}
		reading_leave(reading, mark);
	}
	return notes;
}

static char *shopify_method(struct shopify *shop)
{
	size_t mark;
	const json_t *list = json_object_get(shop->body, "shipping_lines");
	if (reading_count(shop->body, "shipping_lines") == 0)
		return reading_text(&shop->reading, NULL, "");
	const json_t *line = reading_enter(&shop->reading, list, "shipping_lines", 0, &mark);
	char *method = reading_text(&shop->reading, line, "code");
	reading_leave(&shop->reading, mark);
	return method;
}

static char *shopify_gateway(struct shopify *shop)
{
	const json_t *names = json_object_get(shop->body, "payment_gateway_names");
	const json_t *name = json_array_get(names, 0);
	if (json_is_string(name) && json_string_length(name) < LIMIT_SUBJECT_BYTES)
		return shop_text(&shop->reading, json_string_value(name));
	return reading_text(&shop->reading, shop->body, "gateway");
}

static int64_t shopify_time(struct shopify *shop, const char *name)
{
	int64_t time_us = reading_time(&shop->reading, shop->body, name);
	return time_us != 0 ? time_us : shop->delivery->sent_us;
}

static Carehub__V1__Party *shopify_buyer(struct shopify *shop)
{
	return shopify_party(shop, shopify_object(shop->body, "customer"), shop->body);
}

/* ---- Orders ---- */

static void shopify_placed(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderPlaced *order =
		reading_new(reading, &carehub__v1__website_order_placed__descriptor);
	if (order == NULL)
		return;
	order->order_id = reading_id(reading, shop->body, "id");
	order->order_name = reading_text(reading, shop->body, "name");
	order->shop_id = shop_text(reading, shop->delivery->shop);
	order->lines = shopify_lines(shop, &order->n_lines);
	order->totals = shopify_totals(shop);
	order->taxes = shopify_taxes(shop, shop->body, &order->n_taxes);
	order->discounts = shopify_discounts(shop, &order->n_discounts);
	order->payment_state = shopify_payment_state(shop);
	order->payment_method = shopify_gateway(shop);
	order->shipping_method = shopify_method(shop);
	order->test = shopify_answer(shop->body, "test");
	order->sales_channel = reading_text(reading, shop->body, "source_name");
	order->campaign = reading_text(reading, shop->body, "landing_site_ref");
	order->customer = shopify_buyer(shop);
	order->ship_to = shopify_consignee(shop, "shipping_address");
	order->bill_to = shopify_consignee(shop, "billing_address");
	order->remarks = reading_text(reading, shop->body, "note");
	order->notes = shopify_notes(shop, &order->n_notes);
	order->ip_address = reading_text(reading, shop->body, "browser_ip");
	shop_add(shop->events, reading, "website.order.placed", order, "",
		shopify_time(shop, "created_at"));
}

static void shopify_amended(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderAmended *order =
		reading_new(reading, &carehub__v1__website_order_amended__descriptor);
	if (order == NULL)
		return;
	order->order_id = reading_id(reading, shop->body, "id");
	order->shop_id = shop_text(reading, shop->delivery->shop);
	order->lines = shopify_lines(shop, &order->n_lines);
	order->totals = shopify_totals(shop);
	order->payment_state = shopify_payment_state(shop);
	order->taxes = shopify_taxes(shop, shop->body, &order->n_taxes);
	order->discounts = shopify_discounts(shop, &order->n_discounts);
	order->shipping_method = shopify_method(shop);
	order->customer = shopify_buyer(shop);
	order->ship_to = shopify_consignee(shop, "shipping_address");
	order->bill_to = shopify_consignee(shop, "billing_address");
	order->remarks = reading_text(reading, shop->body, "note");
	shop_add(shop->events, reading, "website.order.amended", order, "",
		shopify_time(shop, "updated_at"));
}

static void shopify_cancelled(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderCancelled *order =
		reading_new(reading, &carehub__v1__website_order_cancelled__descriptor);
	if (order == NULL)
		return;
	order->order_id = reading_id(reading, shop->body, "id");
	order->shop_id = shop_text(reading, shop->delivery->shop);
	order->reason_code = reading_text(reading, shop->body, "cancel_reason");
	if (order->reason_code[0] != 0)
		order->by_customer = strcmp(order->reason_code, "customer") == 0
					     ? CAREHUB__V1__ANSWER__ANSWER_YES
					     : CAREHUB__V1__ANSWER__ANSWER_NO;
	order->customer = shopify_buyer(shop);
	shop_add(shop->events, reading, "website.order.cancelled", order, "",
		shopify_time(shop, "cancelled_at"));
}

static void shopify_paid(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderPaid *order =
		reading_new(reading, &carehub__v1__website_order_paid__descriptor);
	if (order == NULL)
		return;
	order->order_id = reading_id(reading, shop->body, "id");
	order->shop_id = shop_text(reading, shop->delivery->shop);
	order->amount = reading_money(reading, shop->body, "total_price");
	order->payment_state = shopify_payment_state(shop);
	order->payment_method = shopify_gateway(shop);
	order->customer = shopify_buyer(shop);
	shop_add(shop->events, reading, "website.order.paid", order, "",
		shopify_time(shop, "updated_at"));
}

/* ---- Shipments and refunds ---- */

/* `inner` names the object that has the article, when the line only points to it. */
static Carehub__V1__OrderLinePart **shopify_line_parts(struct shopify *shop, const char *name,
	const char *id_name, const char *inner, size_t *out_count)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, name);
	size_t count = reading_count(shop->body, name);
	Carehub__V1__OrderLinePart **parts = shop_array(reading, count);
	*out_count = 0;
	for (size_t i = 0; i < count && parts != NULL && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *line = reading_enter(reading, list, name, i, &mark);
		const json_t *article = inner != NULL ? shopify_object(line, inner) : line;
		Carehub__V1__OrderLinePart *part =
			reading_new(reading, &carehub__v1__order_line_part__descriptor);
		if (part != NULL) {
			part->line_id = reading_id(reading, line, id_name);
			part->product_id =
				shopify_first(shop, article, "sku", article, "product_id");
			part->quantity = reading_decimal(reading, line, "quantity");
			if (inner != NULL)
				part->amount = reading_money(reading, line, "subtotal");
			parts[(*out_count)++] = part;
		}
		reading_leave(reading, mark);
	}
	return parts;
}

static char **shopify_tracking(struct shopify *shop, size_t *out_count)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, "tracking_numbers");
	size_t count = reading_count(shop->body, "tracking_numbers");
	char **numbers = shop_array(reading, count > 0 ? count : 1);
	*out_count = 0;
	for (size_t i = 0; i < count && numbers != NULL; i++) {
		const json_t *number = json_array_get(list, i);
		if (json_is_string(number) && json_string_length(number) < LIMIT_SUBJECT_BYTES)
			numbers[(*out_count)++] = shop_text(reading, json_string_value(number));
	}
	if (count == 0 && numbers != NULL) {
		numbers[0] = reading_text(reading, shop->body, "tracking_number");
		*out_count = numbers[0][0] != 0;
	}
	return numbers;
}

static void shopify_dispatched(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderDispatched *shipment =
		reading_new(reading, &carehub__v1__website_order_dispatched__descriptor);
	if (shipment == NULL)
		return;
	shipment->order_id = reading_id(reading, shop->body, "order_id");
	shipment->shop_id = shop_text(reading, shop->delivery->shop);
	shipment->shipment_id = reading_id(reading, shop->body, "id");
	shipment->lines = shopify_line_parts(shop, "line_items", "id", NULL, &shipment->n_lines);
	shipment->carrier = reading_text(reading, shop->body, "tracking_company");
	shipment->tracking_numbers = shopify_tracking(shop, &shipment->n_tracking_numbers);
	shipment->expected_time_us = reading_time(reading, shop->body, "estimated_delivery_at");
	shipment->ship_to = shopify_consignee(shop, "destination");
	shop_add(shop->events, reading, "website.order.dispatched", shipment, "",
		shopify_time(shop, "updated_at"));
}

static void shopify_delivered(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderDelivered *delivery =
		reading_new(reading, &carehub__v1__website_order_delivered__descriptor);
	if (delivery == NULL)
		return;
	delivery->order_id = reading_id(reading, shop->body, "order_id");
	delivery->shop_id = shop_text(reading, shop->delivery->shop);
	delivery->shipment_id = reading_id(reading, shop->body, "id");
	shop_add(shop->events, reading, "website.order.delivered", delivery, "delivered",
		shopify_time(shop, "updated_at"));
}

static void shopify_fulfillment(struct shopify *shop)
{
	const char *status = reading_text(&shop->reading, shop->body, "status");
	const char *shipment = reading_text(&shop->reading, shop->body, "shipment_status");
	if (strcmp(status, "success") != 0) {
		shop->events->skipped = "a fulfillment that has not left yet, or failed";
		return;
	}
	if (strcmp(shipment, "delivered") == 0)
		shopify_delivered(shop);
	else
		shopify_dispatched(shop);
}

/* What was really given back; where no payment is told, what the lines are worth. */
static Carehub__V1__Money *shopify_refunded(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	const json_t *list = json_object_get(shop->body, "transactions");
	size_t count = reading_count(shop->body, "transactions");
	Carehub__V1__Money *sum = NULL;
	for (size_t i = 0; i < count && reading->status == CH_OK; i++) {
		size_t mark;
		const json_t *payment = reading_enter(reading, list, "transactions", i, &mark);
		const char *kind = reading_text(reading, payment, "kind");
		const char *status = reading_text(reading, payment, "status");
		reading->currency = reading_text(reading, payment, "currency");
		if (strcmp(kind, "refund") == 0 && strcmp(status, "success") == 0)
			sum = shop_money_add(
				reading, reading_money(reading, payment, "amount"), sum);
		reading_leave(reading, mark);
	}
	return sum;
}

static void shopify_refund(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteRefundIssued *refund =
		reading_new(reading, &carehub__v1__website_refund_issued__descriptor);
	if (refund == NULL)
		return;
	refund->refund_id = reading_id(reading, shop->body, "id");
	refund->order_id = reading_id(reading, shop->body, "order_id");
	refund->shop_id = shop_text(reading, shop->delivery->shop);
	refund->amount = shopify_refunded(shop);
	if (refund->amount == NULL && reading->status == CH_OK) {
		shop->events->skipped = "a refund by which no money went back";
		return;
	}
	refund->lines = shopify_line_parts(
		shop, "refund_line_items", "line_item_id", "line_item", &refund->n_lines);
	refund->restocked = shopify_answer(shop->body, "restock");
	refund->remarks = reading_text(reading, shop->body, "note");
	shop_add(shop->events, reading, "website.refund.issued", refund, "",
		shopify_time(shop, "created_at"));
}

/* ---- Customers ---- */

static void shopify_consent(struct shopify *shop, const json_t *consent, char *customer,
	Carehub__V1__ContactChannel channel, const char *suffix)
{
	struct reading *reading = &shop->reading;
	const char *state = reading_text(reading, consent, "state");
	int64_t time_us = reading_time(reading, consent, "consent_updated_at");
	const struct shop_person person = {customer, "", "", "", "", "", false};
	Carehub__V1__ConsentScope **scopes = shop_array(reading, 1);
	Carehub__V1__ConsentScope *scope =
		reading_new(reading, &carehub__v1__consent_scope__descriptor);
	Carehub__V1__Party *party = shop_party(reading, &person);
	if (scopes == NULL || scope == NULL || party == NULL || customer[0] == 0)
		return;
	scope->purpose = CAREHUB__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_MARKETING;
	scope->channel = channel;
	scopes[0] = scope;
	time_us = time_us != 0 ? time_us : shop->delivery->sent_us;
	if (strcmp(state, "subscribed") == 0) {
		Carehub__V1__ConsentGiven *given =
			reading_new(reading, &carehub__v1__consent_given__descriptor);
		if (given == NULL)
			return;
		given->scopes = scopes;
		given->n_scopes = 1;
		given->customer = party;
		if (strcmp(reading_text(reading, consent, "opt_in_level"), "confirmed_opt_in") == 0)
			given->double_opt_in = CAREHUB__V1__ANSWER__ANSWER_YES;
		shop_add(shop->events, reading, "website.consent.given", given, suffix, time_us);
	} else if (strcmp(state, "unsubscribed") == 0 || strcmp(state, "redacted") == 0) {
		Carehub__V1__ConsentWithdrawn *withdrawn =
			reading_new(reading, &carehub__v1__consent_withdrawn__descriptor);
		if (withdrawn == NULL)
			return;
		withdrawn->scopes = scopes;
		withdrawn->n_scopes = 1;
		withdrawn->customer = party;
		shop_add(shop->events, reading, "website.consent.withdrawn", withdrawn, suffix,
			time_us);
	} else {
		shop->events->skipped = "a consent that was neither given nor withdrawn";
	}
}

static void shopify_email_consent(struct shopify *shop)
{
	shopify_consent(shop, shopify_object(shop->body, "email_marketing_consent"),
		reading_id(&shop->reading, shop->body, "customer_id"),
		CAREHUB__V1__CONTACT_CHANNEL__CONTACT_CHANNEL_EMAIL, "");
}

static void shopify_sms_consent(struct shopify *shop)
{
	shopify_consent(shop, shopify_object(shop->body, "sms_marketing_consent"),
		reading_id(&shop->reading, shop->body, "id"),
		CAREHUB__V1__CONTACT_CHANNEL__CONTACT_CHANNEL_SMS, "");
}

static Carehub__V1__Answer shopify_verified(const Carehub__V1__Party *party)
{
	return party != NULL && party->n_emails > 0 &&
			       party->emails[0]->assurance ==
				       CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED
		       ? CAREHUB__V1__ANSWER__ANSWER_YES
		       : CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED;
}

static void shopify_account_created(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteAccountCreated *account =
		reading_new(reading, &carehub__v1__website_account_created__descriptor);
	if (account == NULL)
		return;
	account->account_id = reading_id(reading, shop->body, "id");
	account->site = shop_text(reading, shop->delivery->shop);
	account->customer = shopify_party(shop, shop->body, NULL);
	account->email_verified = shopify_verified(account->customer);
	shop_add(shop->events, reading, "website.account.created", account, "",
		shopify_time(shop, "created_at"));
	const json_t *consent = shopify_object(shop->body, "email_marketing_consent");
	if (consent != NULL)
		shopify_consent(shop, consent, account->account_id,
			CAREHUB__V1__CONTACT_CHANNEL__CONTACT_CHANNEL_EMAIL, "consent");
	shop->events->skipped = NULL; /* there is the account */
}

static void shopify_account_updated(struct shopify *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteAccountUpdated *account =
		reading_new(reading, &carehub__v1__website_account_updated__descriptor);
	if (account == NULL)
		return;
	account->account_id = reading_id(reading, shop->body, "id");
	account->site = shop_text(reading, shop->delivery->shop);
	account->customer = shopify_party(shop, shop->body, NULL);
	account->email_verified = shopify_verified(account->customer);
	shop_add(shop->events, reading, "website.account.updated", account, "",
		shopify_time(shop, "updated_at"));
}

static void shopify_close(struct shopify *shop, char *account_id, const char *reason)
{
	struct reading *reading = &shop->reading;
	const struct shop_person person = {account_id, "", "", "", "", "", false};
	Carehub__V1__WebsiteAccountClosed *account =
		reading_new(reading, &carehub__v1__website_account_closed__descriptor);
	if (account == NULL)
		return;
	account->account_id = account_id;
	account->site = shop_text(reading, shop->delivery->shop);
	account->reason_code = shop_text(reading, reason);
	account->customer = shop_party(reading, &person);
	shop_add(shop->events, reading, "website.account.closed", account, "",
		shop->delivery->sent_us);
}

static void shopify_account_deleted(struct shopify *shop)
{
	shopify_close(shop, reading_id(&shop->reading, shop->body, "id"), "deleted");
}

/* A person asks to be forgotten: the account is closed, and a steward decides about the record. */
static void shopify_redact(struct shopify *shop)
{
	const json_t *customer = shopify_object(shop->body, "customer");
	shopify_close(shop, reading_id(&shop->reading, customer, "id"), "erasure_requested");
}

/* ---- Topics ---- */

static const struct {
	const char *topic;
	void (*read)(struct shopify *shop);
} topics[] = {
	{"orders/create", shopify_placed},
	{"orders/updated", shopify_amended},
	{"orders/cancelled", shopify_cancelled},
	{"orders/paid", shopify_paid},
	{"fulfillments/create", shopify_fulfillment},
	{"fulfillments/update", shopify_fulfillment},
	{"refunds/create", shopify_refund},
	{"customers/create", shopify_account_created},
	{"customers/update", shopify_account_updated},
	{"customers/delete", shopify_account_deleted},
	{"customers/redact", shopify_redact},
	{"customers_email_marketing_consent/update", shopify_email_consent},
	{"customers_marketing_consent/update", shopify_sms_consent},
};

enum ch_status shopify_read(const struct shop_delivery *delivery, struct arena *arena,
	struct shop_events *out_events, struct refusal *out_refusal)
{
	struct shop_events events = {.count = 0};
	struct shopify shop = {.reading = {.arena = arena,
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
