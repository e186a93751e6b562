/* What the resources of Shopify's shops are made of: people, addresses, lines, money.  All is read into the
 * reading's arena; what goes wrong sticks there. */
#ifndef WEBSITE_SHOPIFY_PARTS_H
#define WEBSITE_SHOPIFY_PARTS_H

#include "carehub/v1/website.pb-c.h"
#include "channel/website/shop.h"

struct shopify {
	struct reading reading;
	const struct shop_delivery *delivery;
	json_t *body;
	struct shop_events *events;
};

/* The member when it is an object; else NULL. */
const json_t *shopify_object(const json_t *object, const char *name);

/* Yes, no, or not told, of a boolean. */
Carehub__V1__Answer shopify_answer(const json_t *object, const char *name);

/* The first of these texts that says something. */
char *shopify_first(struct shopify *shop, const json_t *a, const char *a_name, const json_t *b,
	const char *b_name);

/* A time of the body, else when the webhook was triggered. */
int64_t shopify_time(struct shopify *shop, const char *name);

/* A customer object is what Shopify knows; `order` (NULL: none) holds what was typed in at the checkout. */
Carehub__V1__Party *shopify_party(
	struct shopify *shop, const json_t *customer, const json_t *order);

/* Of an order. */
Carehub__V1__Party *shopify_buyer(struct shopify *shop);

/* The address called `field`, with whoever is to be found there; NULL when there is none. */
Carehub__V1__Consignee *shopify_consignee(struct shopify *shop, const char *field);

/* Lists of an object or of the order; each NULL when it has none. */
Carehub__V1__Tax **shopify_taxes(struct shopify *shop, const json_t *object, size_t *out_count);
Carehub__V1__Discount **shopify_discounts(struct shopify *shop, size_t *out_count);
Carehub__V1__OrderLine **shopify_lines(struct shopify *shop, size_t *out_count);
Carehub__V1__Attribute **shopify_notes(struct shopify *shop, size_t *out_count);

/* The money of an order, and how it is paid and sent. */
Carehub__V1__OrderTotals *shopify_totals(struct shopify *shop);
Carehub__V1__PaymentState shopify_payment_state(struct shopify *shop);
char *shopify_method(struct shopify *shop);
char *shopify_gateway(struct shopify *shop);

#endif
