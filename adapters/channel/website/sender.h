/* Who may post here: one file for each, NAME.conf in the folder of senders, as the hub has its peers.
 *
 *     [sender]
 *     kind = shopify
 *     shop = example.myshopify.com
 *     source = https://example.myshopify.com
 *     secret_files = /etc/carehub/website/secrets/shopify, /etc/carehub/website/secrets/shopify.old
 *
 * Secrets stand in files of their own that nobody but their owner may read, and several are good at once
 * while one is exchanged for the next.  A shop's secret is bound to its name: the headers that say from which
 * shop a webhook comes are not signed, so they only choose whose secret must fit. */
#ifndef WEBSITE_SENDER_H
#define WEBSITE_SENDER_H

#include "base/option.h"
#include "base/zone.h"
#include "channel/website/signature.h"

#define SENDERS_MAX 256u

enum sender_kind {
	SENDER_SITE, /* CloudEvents and Standard Webhooks */
	SENDER_SHOPIFY,
	SENDER_WOOCOMMERCE,
};

struct sender {
	char *name; /* of its file, without .conf */
	int kind;
	char *shop;
	char *source;
	struct option_list sources;
	struct option_list types;
	struct option_list secret_files;
	struct option_list token_files;
	char *time_zone;
	bool verifies;
	bool signs_in;
	int64_t rate;
	int64_t burst;

	struct signature_keys secrets;
	struct signature_keys tokens; /* their digests */
	struct zone *zone;
};

struct senders;

/* Reads all of a folder.  CH_INVALID when it added to `problems`; CH_NOMEM. */
enum ch_status senders_read(
	const char *folder, struct problems *problems, struct senders **out_senders);
void senders_free(struct senders *senders);

/* NULL: there is none. */
const struct sender *senders_named(const struct senders *senders, struct slice name);

/* The one of that kind whose shop this is: a domain, or an address with or without its last slash. */
const struct sender *senders_of_shop(
	const struct senders *senders, enum sender_kind kind, struct slice shop);

/* The only one of that kind; NULL when there are several or none. */
const struct sender *senders_only(const struct senders *senders, enum sender_kind kind);

/* The least that one of them may send a second; 0: there is none. */
int64_t senders_least_rate(const struct senders *senders);

/* The one whose token this is. */
const struct sender *senders_with_token(const struct senders *senders, struct slice token);

/* Whether he may send events of this source, of this type. */
bool sender_may_source(const struct sender *sender, struct slice source);
bool sender_may_type(const struct sender *sender, struct slice type);

/* A commented file with every setting of a sender. */
void sender_describe(struct buffer *out);

#endif
