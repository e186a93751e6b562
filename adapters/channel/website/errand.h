/* Events on their way for somebody who waits: an errand is all that one request gives, the postbox the queue
 * from which the kit takes one after the other (adapter.h: next, settle).
 *
 * An errand has a copy of everything, so that the request it came from may go.  It is done when each of its
 * events has an answer of the hub.  Nobody waits for ever: one that is abandoned is told nothing any more;
 * of its events those that were not handed on yet never will be, the others end as the hub decides. */
#ifndef WEBSITE_ERRAND_H
#define WEBSITE_ERRAND_H

#include "kit/adapter.h"
#include "wire/envelope.h"

struct postbox;
struct errand;

/* What became of one event. */
struct outcome {
	bool settled;
	bool spooled;
	enum ch_status status; /* as kit_settled has it */
	struct ch_receipt receipt;
};

/* ---- The queue ---- */

enum ch_status postbox_create(size_t events, struct postbox **out_postbox); /* CH_NOMEM */
/* Whatever is still in it is let go of without a word. */
void postbox_free(struct postbox *postbox);

/* As next and settle of an adapter. */
enum ch_status postbox_next(struct postbox *postbox, struct kit_item *out_item);
void postbox_settle(struct postbox *postbox, const struct kit_settled *settled);

/* Events in it, handed on or not. */
size_t postbox_count(const struct postbox *postbox);

/* ---- One errand ---- */

/* For at most so many events.  CH_NOMEM. */
enum ch_status errand_create(size_t events, struct errand **out_errand);

/* Copies.  CH_NOMEM; CH_FULL: more than were announced. */
enum ch_status errand_add(struct errand *errand, const struct envelope *envelope);

/* CH_OK: all of it is in the queue, and *errand, which is NULL now, the postbox's; `done` is called once from
 * within postbox_settle, with outcomes that live as long as the call.  CH_FULL: there is no room now.  An
 * errand of no events is not for the queue. */
enum ch_status errand_start(struct errand **errand, struct postbox *postbox,
	void (*done)(void *context, const struct outcome *outcomes, size_t count), void *context);

/* `done` will not be called.  Only before that; the errand is gone for its caller. */
void errand_abandon(struct errand *errand);

/* One that was not started; NULL is fine. */
void errand_free(struct errand *errand);

#endif
