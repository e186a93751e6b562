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
#include "channel/website/shopify_parts.h"

/* ---- Orders ---- */

static void shopify_placed(struct shop *shop)
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
	order->shipping_method = shop_method(shop, "code");
	order->test = shop_answer(shop->body, "test");
	order->sales_channel = reading_text(reading, shop->body, "source_name");
	order->campaign = reading_text(reading, shop->body, "landing_site_ref");
	order->customer = shopify_buyer(shop);
	order->ship_to = shopify_consignee(shop, "shipping_address");
	order->bill_to = shopify_consignee(shop, "billing_address");
	order->remarks = reading_text(reading, shop->body, "note");
	order->notes = shopify_notes(shop, &order->n_notes);
	order->ip_address = reading_text(reading, shop->body, "browser_ip");
	shop_add(shop, "website.order.placed", order, "", shopify_time(shop, "created_at"));
}

static void shopify_amended(struct shop *shop)
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
	order->shipping_method = shop_method(shop, "code");
	order->customer = shopify_buyer(shop);
	order->ship_to = shopify_consignee(shop, "shipping_address");
	order->bill_to = shopify_consignee(shop, "billing_address");
	order->remarks = reading_text(reading, shop->body, "note");
	shop_add(shop, "website.order.amended", order, "", shopify_time(shop, "updated_at"));
}

static void shopify_cancelled(struct shop *shop)
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
	shop_add(shop, "website.order.cancelled", order, "", shopify_time(shop, "cancelled_at"));
}

static void shopify_paid(struct shop *shop)
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
	shop_add(shop, "website.order.paid", order, "", shopify_time(shop, "updated_at"));
}

/* ---- Shipments and refunds ---- */

static void *shopify_part(struct shop *shop, const json_t *line)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__OrderLinePart *part =
		reading_new(reading, &carehub__v1__order_line_part__descriptor);
	if (part == NULL)
		return NULL;
	part->line_id = reading_id(reading, line, "id");
	part->product_id = shop_first(shop, line, "sku", line, "product_id");
	part->quantity = reading_decimal(reading, line, "quantity");
	return part;
}

/* The line only points to the article. */
static void *shopify_part_back(struct shop *shop, const json_t *line)
{
	struct reading *reading = &shop->reading;
	const json_t *article = shop_object(line, "line_item");
	Carehub__V1__OrderLinePart *part =
		reading_new(reading, &carehub__v1__order_line_part__descriptor);
	if (part == NULL)
		return NULL;
	part->line_id = reading_id(reading, line, "line_item_id");
	part->product_id = shop_first(shop, article, "sku", article, "product_id");
	part->quantity = reading_decimal(reading, line, "quantity");
	part->amount = reading_money(reading, line, "subtotal");
	return part;
}

static char **shopify_tracking(struct shop *shop, size_t *out_count)
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

static void shopify_dispatched(struct shop *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderDispatched *shipment =
		reading_new(reading, &carehub__v1__website_order_dispatched__descriptor);
	if (shipment == NULL)
		return;
	shipment->order_id = reading_id(reading, shop->body, "order_id");
	shipment->shop_id = shop_text(reading, shop->delivery->shop);
	shipment->shipment_id = reading_id(reading, shop->body, "id");
	shipment->lines =
		shop_list(shop, shop->body, "line_items", shopify_part, &shipment->n_lines);
	shipment->carrier = reading_text(reading, shop->body, "tracking_company");
	shipment->tracking_numbers = shopify_tracking(shop, &shipment->n_tracking_numbers);
	shipment->expected_time_us = reading_time(reading, shop->body, "estimated_delivery_at");
	shipment->ship_to = shopify_consignee(shop, "destination");
	shop_add(shop, "website.order.dispatched", shipment, "", shopify_time(shop, "updated_at"));
}

static void shopify_delivered(struct shop *shop)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__WebsiteOrderDelivered *delivery =
		reading_new(reading, &carehub__v1__website_order_delivered__descriptor);
	if (delivery == NULL)
		return;
	delivery->order_id = reading_id(reading, shop->body, "order_id");
	delivery->shop_id = shop_text(reading, shop->delivery->shop);
	delivery->shipment_id = reading_id(reading, shop->body, "id");
	shop_add(shop, "website.order.delivered", delivery, "delivered",
		shopify_time(shop, "updated_at"));
}

static void shopify_fulfillment(struct shop *shop)
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
static Carehub__V1__Money *shopify_refunded(struct shop *shop)
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

static void shopify_refund(struct shop *shop)
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
	refund->lines = shop_list(
		shop, shop->body, "refund_line_items", shopify_part_back, &refund->n_lines);
	refund->restocked = shop_answer(shop->body, "restock");
	refund->remarks = reading_text(reading, shop->body, "note");
	shop_add(shop, "website.refund.issued", refund, "", shopify_time(shop, "created_at"));
}

/* ---- Customers ---- */

static void shopify_consent(struct shop *shop, const json_t *consent, char *customer,
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
		shop_add(shop, "website.consent.given", given, suffix, time_us);
	} else if (strcmp(state, "unsubscribed") == 0 || strcmp(state, "redacted") == 0) {
		Carehub__V1__ConsentWithdrawn *withdrawn =
			reading_new(reading, &carehub__v1__consent_withdrawn__descriptor);
		if (withdrawn == NULL)
			return;
		withdrawn->scopes = scopes;
		withdrawn->n_scopes = 1;
		withdrawn->customer = party;
		shop_add(shop, "website.consent.withdrawn", withdrawn, suffix, time_us);
	} else {
		shop->events->skipped = "a consent that was neither given nor withdrawn";
	}
}

static void shopify_email_consent(struct shop *shop)
{
	shopify_consent(shop, shop_object(shop->body, "email_marketing_consent"),
		reading_id(&shop->reading, shop->body, "customer_id"),
		CAREHUB__V1__CONTACT_CHANNEL__CONTACT_CHANNEL_EMAIL, "");
}

static void shopify_sms_consent(struct shop *shop)
{
	shopify_consent(shop, shop_object(shop->body, "sms_marketing_consent"),
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

static void shopify_account_created(struct shop *shop)
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
	shop_add(shop, "website.account.created", account, "", shopify_time(shop, "created_at"));
	const json_t *consent = shop_object(shop->body, "email_marketing_consent");
	if (consent != NULL)
		shopify_consent(shop, consent, account->account_id,
			CAREHUB__V1__CONTACT_CHANNEL__CONTACT_CHANNEL_EMAIL, "consent");
	shop->events->skipped = NULL; /* there is the account */
}

static void shopify_account_updated(struct shop *shop)
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
	shop_add(shop, "website.account.updated", account, "", shopify_time(shop, "updated_at"));
}

static void shopify_close(struct shop *shop, char *account_id, const char *reason)
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
	shop_add(shop, "website.account.closed", account, "", shop->delivery->sent_us);
}

static void shopify_account_deleted(struct shop *shop)
{
	shopify_close(shop, reading_id(&shop->reading, shop->body, "id"), "deleted");
}

/* A person asks to be forgotten: the account is closed, and a steward decides about the record. */
static void shopify_redact(struct shop *shop)
{
	const json_t *customer = shop_object(shop->body, "customer");
	shopify_close(shop, reading_id(&shop->reading, customer, "id"), "erasure_requested");
}

/* ---- Topics ---- */

static bool says_cancelled(const json_t *order)
{
	return json_is_string(json_object_get(order, "cancelled_at"));
}

static bool says_paid(const json_t *order)
{
	const char *state = json_string_value(json_object_get(order, "financial_status"));
	return state != NULL && strcmp(state, "paid") == 0;
}

/* Orders and customers that are there say when they were made; a person who is gone, or is to be forgotten, is
 * a number. */
static bool says_gone(const json_t *body)
{
	return json_object_get(body, "created_at") == NULL;
}

static const struct shop_topic topics[] = {
	{"orders/create", shopify_placed, NULL},
	{"orders/updated", shopify_amended, NULL},
	{"orders/cancelled", shopify_cancelled, says_cancelled},
	{"orders/paid", shopify_paid, says_paid},
	{"fulfillments/create", shopify_fulfillment, NULL},
	{"fulfillments/update", shopify_fulfillment, NULL},
	{"refunds/create", shopify_refund, NULL},
	{"customers/create", shopify_account_created, NULL},
	{"customers/update", shopify_account_updated, NULL},
	{"customers/delete", shopify_account_deleted, says_gone},
	{"customers/redact", shopify_redact, says_gone},
	{"customers_email_marketing_consent/update", shopify_email_consent, NULL},
	{"customers_marketing_consent/update", shopify_sms_consent, NULL},
};

enum ch_status shopify_read(const struct shop_delivery *delivery, struct arena *arena,
	struct shop_events *out_events, struct refusal *out_refusal)
{
	return shop_read(delivery, topics, sizeof(topics) / sizeof(topics[0]), arena, out_events,
		out_refusal);
}
