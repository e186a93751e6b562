/* `carehub-website translate`: files of requests as they were recorded, or of bodies alone, and the events
 * that they give.
 *
 *     NAME.http   a request with its head: what kind it is its headers say
 *     others      a body: a CloudEvent in JSON, a batch of them, or a shop's resource; whose it is and of
 *                 which topic is told by an option, or guessed from what is in it
 *
 * No signature is looked at: nothing that is read here is believed by anybody. */
#ifndef WEBSITE_RECORDING_H
#define WEBSITE_RECORDING_H

#include <stdio.h>

#include "base/zone.h"
#include "kit/format.h"

struct recording_options {
	const char *source; /* of events that name none; NULL: urn:website */
	const char *shop;   /* NULL: "shop" */
	const char *topic; /* "shopify:orders/create", "woocommerce:order.created"; NULL: guessed */
	const struct zone *zone;
};

/* Its decoder is a struct recording_options. */
extern const struct kit_format recording_format;

/* What a CloudEvents sender says, whatever its type: each event of the file as one line of JSON, as it was
 * understood.  Exit status as translate's. */
int recording_parse(const char *path, FILE *out, FILE *errors);

#endif
