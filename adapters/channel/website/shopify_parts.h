/* What the resources of Shopify's shops are made of: people, addresses, lines, money.  All is read into the
 * reading's arena; what goes wrong sticks there. */
#ifndef WEBSITE_SHOPIFY_PARTS_H
#define WEBSITE_SHOPIFY_PARTS_H

#include "channel/website/shop.h"

/* A time of the body, else when the webhook was triggered. */
int64_t shopify_time(struct shop *shop, const char *name);

/* A customer object is what Shopify knows; `order` (NULL: none) holds what was typed in at the checkout. */
Carehub__V1__Party *shopify_party(struct shop *shop, const json_t *customer, const json_t *order);

/* Of an order. */
Carehub__V1__Party *shopify_buyer(struct shop *shop);

/* The address called `field`, with whoever is to be found there; NULL when there is none. */
Carehub__V1__Consignee *shopify_consignee(struct shop *shop, const char *field);

/* Lists of an object or of the order; each NULL when it has none. */
Carehub__V1__Tax **shopify_taxes(struct shop *shop, const json_t *object, size_t *out_count);
Carehub__V1__Discount **shopify_discounts(struct shop *shop, size_t *out_count);
Carehub__V1__OrderLine **shopify_lines(struct shop *shop, size_t *out_count);
Carehub__V1__Attribute **shopify_notes(struct shop *shop, size_t *out_count);

/* The money of an order, and how it is paid and sent. */
Carehub__V1__OrderTotals *shopify_totals(struct shop *shop);
Carehub__V1__PaymentState shopify_payment_state(struct shop *shop);
char *shopify_gateway(struct shop *shop);

#endif
