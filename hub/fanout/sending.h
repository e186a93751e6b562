/* A frame on its way to a session, made on the fan-out thread and handed over with its memory. */
#ifndef FANOUT_SENDING_H
#define FANOUT_SENDING_H

#include "fanout/inside.h"
#include "wire/session.h"

/* Frames of deliveries are about so large: large enough to be cheap, small enough to be fair.  The last
 * delivery may go beyond, and most find room for it without another allocation. */
#define SENDING_BYTES (48u * 1024u)
#define SENDING_ROOM  (SENDING_BYTES + 4096u)

/* An empty one with room for so many bytes; NULL: no memory. */
struct sending *sending_create(struct consumer *consumer, size_t room);
void sending_free(struct sending *sending); /* NULL is fine */

/* Hands it over. */
void sending_post(struct sending *sending);

/* Whether the session takes another frame of deliveries now; false: the subscriptions of the consumer are
 * scheduled when it does. */
bool sending_has_room(struct consumer *consumer);

/* Small answers, at once and whatever waits already.  CH_NOMEM: nothing was said. */
enum ch_status sending_mark(struct consumer *consumer, const struct mark *mark);
enum ch_status sending_subscribed(struct consumer *consumer, const struct subscribed *subscribed);
enum ch_status sending_refused(struct consumer *consumer, const struct refused *refused);

/* ---- The loop thread, for consumer.c ---- */

/* Sends what waits, as far as the socket takes it. */
void sending_flush(struct consumer *consumer);

/* Drops what waits. */
void sending_drop(struct consumer *consumer);

#endif
