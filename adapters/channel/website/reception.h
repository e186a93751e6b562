/* What requests mean: routes, who may come, how often, and what he is told.
 *
 *     POST /events[/SENDER]       CloudEvents, signed or with a token
 *     POST /webhooks[/SENDER]     Standard Webhooks: {"type": ..., "timestamp": ..., "data": ...}
 *     POST /shopify               Shopify's webhooks
 *     POST /woocommerce           WooCommerce's
 *     POST /warranty[/SENDER]     a warranty is registered, and the answer says so or why not
 *     GET  /status                how a repair or an order stands, for who knows something of it
 *     GET  /unsubscribe           a page that asks whether no more messages are wanted
 *     POST /unsubscribe           and that is stored: from the page, or by a mail program's one click
 *     OPTIONS on the first five   a CloudEvents sender asks whether it may (abuse protection)
 *
 * An event is answered with 2xx when the hub has it on stable storage, and not before. */
#ifndef WEBSITE_RECEPTION_H
#define WEBSITE_RECEPTION_H

#include "channel/website/errand.h"
#include "channel/website/page.h"
#include "channel/website/sender.h"
#include "channel/website/server.h"
#include "kit/link_token.h"

struct website_settings {
	char *listen;
	char *senders;
	char *certificate;
	char *certificate_key;
	int64_t body_bytes;
	int64_t body_ms;
	int64_t answer_ms;
	int64_t connections;
	int64_t queue;
	bool forwarded;
	struct option_list origins;

	char *warranty_source;
	int64_t warranty_months;
	int64_t warranty_within_days;
	char *warranty_terms;

	bool status;
	char *status_source;
	char *scope; /* of our peer at the hub; NULL: it has none */
	int64_t status_rate;
	int64_t status_mistakes;
	int64_t status_least_ms;

	char *unsubscribe_source;
	struct option_list unsubscribe_key_files;
	char *unsubscribe_name;
	char *unsubscribe_contact;
	int unsubscribe_language; /* enum page_language */
};

/* What is read from other files than the configuration. */
struct website_files {
	struct certificate *certificate; /* NULL: no TLS */
	struct senders *senders;
	struct link_keys links; /* of the tokens in links */
};

struct reception;

/* All must outlive it.  CH_NOMEM. */
enum ch_status reception_create(const struct website_settings *settings,
	const struct website_files *files, struct postbox *postbox,
	struct reception **out_reception);

/* Whoever still waits is told nothing any more. */
void reception_free(struct reception *reception);

/* New settings in the place of the old, which may go then; what `files` points to has changed, too.  Who waits
 * goes on waiting. */
void reception_reload(struct reception *reception, const struct website_settings *settings);

/* The way to ask the hub; until it is there, look-ups are answered with 503. */
void reception_attach(struct reception *reception, struct kit_hub *hub);

/* A request is complete: server.h's `arrived`. */
void reception_arrived(void *reception, struct visit *visit);

/* The next thing that was sent and was no event, as KIT_REJECT; valid until the next call.  CH_END. */
enum ch_status reception_next_note(struct reception *reception, struct kit_item *out_item);

/* Ends what has waited too long for the hub, and sends what was held back.  Returns when it is to be called
 * again, in steady time; INT64_MAX: no need. */
int64_t reception_tend(struct reception *reception);

/* Drops all that is under way: visits are about to be gone. */
void reception_end(struct reception *reception);

#endif
