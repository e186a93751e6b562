/* What a shop system's webhook says, as events of ours.  Both systems that are known here say it alike: a
 * topic in a header, and as the body the resource as it stands now. */
#ifndef WEBSITE_SHOP_H
#define WEBSITE_SHOP_H

#include <protobuf-c/protobuf-c.h>

#include "carehub/v1/website.pb-c.h"
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

/* One delivery while it is read: everything is made in the reading's arena, and what goes wrong sticks there. */
struct shop {
	struct reading reading;
	const struct shop_delivery *delivery;
	json_t *body;
	struct shop_events *events;
};

struct shop_topic {
	const char *topic;
	void (*read)(struct shop *shop);
	/* The topic is a header, which nobody signs: whether the body, which is signed, bears it out.  Of topics
	 * that end something; NULL: the body makes no difference. */
	bool (*is_borne_out)(const json_t *body);
};

/* As the readers above, by a table of what each topic says. */
enum ch_status shop_read(const struct shop_delivery *delivery, const struct shop_topic *topics,
	size_t count, struct arena *arena, struct shop_events *out_events,
	struct refusal *out_refusal);

/* Adds an event, unless the reading has failed or there are enough. */
void shop_add(struct shop *shop, const char *type, const void *message, const char *suffix,
	int64_t time_us);

/* The same of a fact that is told again and again: "PREFIX/ID" is its name for ever. */
void shop_add_retold(struct shop *shop, const char *type, const void *message, const char *prefix,
	const char *id, int64_t time_us);

/* ---- Values ---- */

/* The member when it is an object; else NULL. */
const json_t *shop_object(const json_t *object, const char *name);

/* Yes, no, or not told, of a boolean. */
Carehub__V1__Answer shop_answer(const json_t *object, const char *name);

/* The first of these texts that says something. */
char *shop_first(struct shop *shop, const json_t *a, const char *a_name, const json_t *b,
	const char *b_name);

/* Copied, so that what is read next may go; "" stays as it is. */
char *shop_text(struct reading *reading, const char *text);

/* Whole minor units of two: for sums.  NULL counts as nothing. */
Carehub__V1__Money *shop_money_add(
	struct reading *reading, const Carehub__V1__Money *a, const Carehub__V1__Money *b);

/* An array of `count` pointers; NULL for none, or when memory runs out. */
void *shop_array(struct reading *reading, size_t count);

/* The list `name` of an object as an array of messages, one for each element of which `read` makes one; NULL when
 * it has none. */
void *shop_list(struct shop *shop, const json_t *object, const char *name,
	void *(*read)(struct shop *shop, const json_t *element), size_t *out_count);

/* How it is sent: `name` of the first of the body's shipping_lines. */
char *shop_method(struct shop *shop, const char *name);

/* How a payment stands by a word of the shop; UNSPECIFIED: by none of these. */
struct shop_payment {
	const char *word;
	Carehub__V1__PaymentState state;
};
Carehub__V1__PaymentState shop_payment_state(
	const struct shop_payment *rows, size_t count, const char *word);

/* ---- People ---- */

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

/* What a shop calls the parts of an address. */
struct shop_address_names {
	const char *country;
	const char *country_too; /* where the first is not told */
	const char *region;
	const char *postcode;
	const char *lines[2];
};

/* NULL: there is no object. */
Carehub__V1__Address *shop_address(
	struct shop *shop, const json_t *object, const struct shop_address_names *names);

/* Whoever is to be found at the address `object`. */
Carehub__V1__Consignee *shop_consignee(
	struct shop *shop, const json_t *object, const struct shop_address_names *names);

#endif
