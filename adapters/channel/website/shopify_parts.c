#include "channel/website/shopify_parts.h"

#include "base/limits.h"

static bool shopify_flag(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

static const struct shop_address_names address_names = {
	"country_code", "country", "province", "zip", {"address1", "address2"}};

Carehub__V1__Consignee *shopify_consignee(struct shop *shop, const char *field)
{
	const json_t *object = shop_object(shop->body, field);
	return object != NULL ? shop_consignee(shop, object, &address_names) : NULL;
}

Carehub__V1__Party *shopify_party(struct shop *shop, const json_t *customer, const json_t *order)
{
	struct reading *reading = &shop->reading;
	const json_t *address = shop_object(customer, "default_address");
	const json_t *billing = shop_object(order, "billing_address");
	char *phone = shop_first(shop, order, "phone", customer, "phone");
	char *state = reading_text(reading, customer, "state");
	const struct shop_person person = {
		.local_id = reading_text(reading, customer, "id"),
		.phone = phone[0] != 0 ? phone
				       : shop_first(shop, billing, "phone", address, "phone"),
		.email = shop_first(shop, order, "email", customer, "email"),
		.given = shop_first(shop, customer, "first_name", billing, "first_name"),
		.family = shop_first(shop, customer, "last_name", billing, "last_name"),
		.company = reading_text(reading, billing != NULL ? billing : address, "company"),
		/* "verified_email" alone is true of imported ones, too: he has signed in once. */
		.email_verified = order == NULL && shopify_flag(customer, "verified_email") &&
				  strcmp(state, "enabled") == 0,
	};
	Carehub__V1__Party *party = shop_party(reading, &person);
	if (party == NULL)
		return NULL;
	party->address = shop_address(shop, address != NULL ? address : billing, &address_names);
	party->language = reading_text(reading, order, "customer_locale");
	return party;
}

static void *shopify_tax(struct shop *shop, const json_t *line)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__Tax *tax = reading_new(reading, &carehub__v1__tax__descriptor);
	if (tax == NULL)
		return NULL;
	tax->name = reading_text(reading, line, "title");
	tax->amount = reading_money(reading, line, "price");
	tax->percent = reading_decimal(reading, line, "rate");
	/* 0.06 is six per cent. */
	if (tax->percent != NULL && tax->percent->scale >= 2)
		tax->percent->scale -= 2;
	else if (tax->percent != NULL)
		tax->percent = NULL;
	return tax;
}

Carehub__V1__Tax **shopify_taxes(struct shop *shop, const json_t *object, size_t *out_count)
{
	return shop_list(shop, object, "tax_lines", shopify_tax, out_count);
}

static void *shopify_discount(struct shop *shop, const json_t *code)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__Discount *discount = reading_new(reading, &carehub__v1__discount__descriptor);
	if (discount == NULL)
		return NULL;
	discount->code = reading_text(reading, code, "code");
	discount->amount = reading_money(reading, code, "amount");
	return discount;
}

Carehub__V1__Discount **shopify_discounts(struct shop *shop, size_t *out_count)
{
	return shop_list(shop, shop->body, "discount_codes", shopify_discount, out_count);
}

/* Price times quantity, less the line's discount: Shopify sends the factors. */
static Carehub__V1__Money *shopify_amount(
	struct shop *shop, const json_t *line, const Carehub__V1__Money *price)
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

static void *shopify_line(struct shop *shop, const json_t *object)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__OrderLine *line = reading_new(reading, &carehub__v1__order_line__descriptor);
	if (line == NULL)
		return NULL;
	line->line_id = reading_id(reading, object, "id");
	line->product_id = shop_first(shop, object, "sku", object, "product_id");
	line->variant = reading_text(reading, object, "variant_title");
	line->description = shop_first(shop, object, "name", object, "title");
	line->quantity = reading_decimal(reading, object, "quantity");
	line->unit_price = reading_money(reading, object, "price");
	line->amount = shopify_amount(shop, object, line->unit_price);
	line->kind = CAREHUB__V1__ITEM_KIND__ITEM_KIND_PRODUCT;
	line->taxes = shopify_taxes(shop, object, &line->n_taxes);
	return line;
}

Carehub__V1__OrderLine **shopify_lines(struct shop *shop, size_t *out_count)
{
	return shop_list(shop, shop->body, "line_items", shopify_line, out_count);
}

static Carehub__V1__Money *shopify_shipping(struct shop *shop)
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

Carehub__V1__OrderTotals *shopify_totals(struct shop *shop)
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
	totals->tax_included = shop_answer(shop->body, "taxes_included");
	return totals;
}

Carehub__V1__PaymentState shopify_payment_state(struct shop *shop)
{
	static const struct shop_payment rows[] = {
		{"pending", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PENDING},
		{"authorized", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_AUTHORIZED},
		{"paid", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PAID},
		{"partially_paid", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PARTLY_PAID},
		{"partially_refunded", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_PARTLY_REFUNDED},
		{"refunded", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_REFUNDED},
		{"voided", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_VOIDED},
		{"expired", CAREHUB__V1__PAYMENT_STATE__PAYMENT_STATE_FAILED},
	};
	return shop_payment_state(rows, sizeof(rows) / sizeof(rows[0]),
		reading_text(&shop->reading, shop->body, "financial_status"));
}

static void *shopify_note(struct shop *shop, const json_t *note)
{
	struct reading *reading = &shop->reading;
	Carehub__V1__Attribute *attribute =
		reading_new(reading, &carehub__v1__attribute__descriptor);
	if (attribute == NULL)
		return NULL;
	attribute->name = reading_text(reading, note, "name");
	attribute->value = reading_text(reading, note, "value");
	return attribute;
}

Carehub__V1__Attribute **shopify_notes(struct shop *shop, size_t *out_count)
{
	return shop_list(shop, shop->body, "note_attributes", shopify_note, out_count);
}

char *shopify_gateway(struct shop *shop)
{
	const json_t *names = json_object_get(shop->body, "payment_gateway_names");
	const json_t *name = json_array_get(names, 0);
	if (json_is_string(name) && json_string_length(name) < LIMIT_SUBJECT_BYTES)
		return shop_text(&shop->reading, json_string_value(name));
	return reading_text(&shop->reading, shop->body, "gateway");
}

int64_t shopify_time(struct shop *shop, const char *name)
{
	int64_t time_us = reading_time(&shop->reading, shop->body, name);
	return time_us != 0 ? time_us : shop->delivery->sent_us;
}

Carehub__V1__Party *shopify_buyer(struct shop *shop)
{
	return shopify_party(shop, shop_object(shop->body, "customer"), shop->body);
}
