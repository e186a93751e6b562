#include "channel/website/shopify_parts.h"

#include "base/limits.h"

const json_t *shopify_object(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_object(value) ? value : NULL;
}

static bool shopify_flag(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

Carehub__V1__Answer shopify_answer(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_boolean(value))
		return CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED;
	return json_is_true(value) ? CAREHUB__V1__ANSWER__ANSWER_YES
				   : CAREHUB__V1__ANSWER__ANSWER_NO;
}

char *shopify_first(struct shopify *shop, const json_t *a, const char *a_name, const json_t *b,
	const char *b_name)
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

Carehub__V1__Consignee *shopify_consignee(struct shopify *shop, const char *field)
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

Carehub__V1__Party *shopify_party(struct shopify *shop, const json_t *customer, const json_t *order)
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

Carehub__V1__Tax **shopify_taxes(struct shopify *shop, const json_t *object, size_t *out_count)
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

Carehub__V1__Discount **shopify_discounts(struct shopify *shop, size_t *out_count)
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

Carehub__V1__OrderLine **shopify_lines(struct shopify *shop, size_t *out_count)
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

Carehub__V1__OrderTotals *shopify_totals(struct shopify *shop)
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

Carehub__V1__PaymentState shopify_payment_state(struct shopify *shop)
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

Carehub__V1__Attribute **shopify_notes(struct shopify *shop, size_t *out_count)
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

char *shopify_method(struct shopify *shop)
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

char *shopify_gateway(struct shopify *shop)
{
	const json_t *names = json_object_get(shop->body, "payment_gateway_names");
	const json_t *name = json_array_get(names, 0);
	if (json_is_string(name) && json_string_length(name) < LIMIT_SUBJECT_BYTES)
		return shop_text(&shop->reading, json_string_value(name));
	return reading_text(&shop->reading, shop->body, "gateway");
}

int64_t shopify_time(struct shopify *shop, const char *name)
{
	int64_t time_us = reading_time(&shop->reading, shop->body, name);
	return time_us != 0 ? time_us : shop->delivery->sent_us;
}

Carehub__V1__Party *shopify_buyer(struct shopify *shop)
{
	return shopify_party(shop, shopify_object(shop->body, "customer"), shop->body);
}
