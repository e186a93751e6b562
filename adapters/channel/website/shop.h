/* What a shop system's webhook says, as events of ours.  Both systems that are known here say it alike: a
 * topic in a header, and as the body the resource as it stands now. */
#ifndef WEBSITE_SHOP_H
#define WEBSITE_SHOP_H

#include <protobuf-c/protobuf-c.h>

#include "channel/website/reading.h"

#define SHOP_EVENTS 8u

struct shop_delivery {
	struct slice topic; /* "orders/create", "order.created" */
	const char *shop;   /* domain or address, for shop_id */
	int64_t sent_us;    /* when the shop triggered it; 0: not told */
	const struct zone *zone;
	json_t *body; /* an object */
};

struct shop_event {
	const char *type;
	const ProtobufCMessage *message;
	const char *suffix; /* tells events of one delivery apart; "" for the first */
	/* The shop tells this fact again with every change of its order: its id is the suffix alone, and
	 * nothing is in it that may change meanwhile. */
	bool retold;
	int64_t time_us;
};

/* What one delivery gives: none, when `skipped` says why (constant text, for people). */
struct shop_events {
	struct shop_event items[SHOP_EVENTS];
	size_t count;
	const char *skipped;
};

/* Both: CH_OK; CH_NOMEM; CH_MISSING, CH_FORMAT, CH_INVALID, CH_TOO_LARGE with *out_refusal.  Messages live
 * in the arena and look into nothing else. */
enum ch_status shopify_read(const struct shop_delivery *delivery, struct arena *arena,
	struct shop_events *out_events, struct refusal *out_refusal);
enum ch_status woocommerce_read(const struct shop_delivery *delivery, struct arena *arena,
	struct shop_events *out_events, struct refusal *out_refusal);

/* The name of one of a delivery's events: "ID/TOPIC", with the suffix behind it; of a fact that is told again
 * and again its own.  `out_id` has room for LIMIT_ID_BYTES and a NUL.  CH_TOO_LARGE. */
enum ch_status shop_event_id(
	const struct shop_event *event, struct slice id, struct slice topic, char *out_id);

/* ---- For the two of them ---- */

/* Adds one, unless the reading has failed or there are enough. */
void shop_add(struct shop_events *events, const struct reading *reading, const char *type,
	const void *message, const char *suffix, int64_t time_us);

/* The same of a fact that is told again and again: "PREFIX/ID" is its name for ever. */
void shop_add_retold(struct shop_events *events, struct reading *reading, const char *type,
	const void *message, const char *prefix, const char *id, int64_t time_us);

/* A customer with at most one key of each kind, as shops have them; "" is none.  NULL when memory runs out. */
struct shop_person {
	const char *local_id; /* the shop's own number of a person with an account */
	const char *phone;
	const char *email;
	const char *given;
	const char *family;
	const char *company;
	bool email_verified;
};

Carehub__V1__Party *shop_party(struct reading *reading, const struct shop_person *person);

/* Both copied, so that what is read next may go; "" stays as it is. */
char *shop_text(struct reading *reading, const char *text);

/* An array of `count` pointers to messages; NULL for none, or when memory runs out. */
void *shop_array(struct reading *reading, size_t count);

/* Whole minor units less another: for sums.  NULL counts as nothing. */
Carehub__V1__Money *shop_money_add(
	struct reading *reading, const Carehub__V1__Money *a, const Carehub__V1__Money *b);

#endif
