/* A request's events to the hub, and the hub's word back to who sent them. */
#ifndef WEBSITE_POST_H
#define WEBSITE_POST_H

#include "channel/website/reception_inside.h"

/* How the hub's word is told.
 *
 *     POST_SINGLE   {"outcome":"accepted","sequence":"17"}: 200; 409 for an id with other content; 400 for what
 *                   is refused, with reason and field; 503 with Retry-After for what it cannot take now
 *     POST_BATCH    {"events":[{...}, ...]}: each event's own, and as status the worst of them, so that a
 *                   sender who knows only the status sends again what is worth it
 *     POST_SHOP     as a batch, but 200 for all that the hub has kept, a conflict or a quarantined event
 *                   among it: to send it again would be in vain, and shops drop a hook that fails */
enum post_manner { POST_SINGLE, POST_BATCH, POST_SHOP };

/* Takes the errand over; the visit is answered, now or later. */
void post_send(struct reception *reception, struct visit *visit, struct errand *errand,
	enum post_manner manner);

/* One outcome's status of HTTP, and the JSON object that tells it, appended; of a shop's event. */
int post_tell(const struct outcome *outcome, bool shop, struct buffer *out);

/* One event that is made here, not sent by anybody.  Of `envelope` id, source, times and digest are set; type, data
 * and subject follow from the message.  `done` as errand_start's; NULL: nobody waits for it, and *out_errand may be
 * NULL.  CH_OK with the errand, which is the postbox's; CH_FULL, CH_NOMEM, and what draft_seal says. */
enum ch_status post_event(struct reception *reception, const char *type,
	const ProtobufCMessage *message, const struct envelope *envelope,
	void (*done)(void *context, const struct outcome *outcomes, size_t count), void *context,
	struct errand **out_errand);

#endif
