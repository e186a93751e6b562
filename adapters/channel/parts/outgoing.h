/* An event of the parts trade as an interchange for a partner, in the standard and by the terms that were agreed with
 * him:
 *
 *     codes_settle    the document's codes become those of the standard
 *     settle          the script's own, where the message says a thing in another way
 *     cover, write    the segments
 *     check           the reader's turn
 *
 * One event is one message, and one interchange: so that a partner's refusal is about one thing.  What was
 * written is read again by our own reader and held against the event before anything is given back: what a
 * partner gets says what the event says, or there is an obstacle with the name of the field. */
#ifndef PARTS_OUTGOING_H
#define PARTS_OUTGOING_H

#include "channel/parts/reading.h"
#include "channel/parts/script.h"
#include "channel/parts/terms.h"
#include "channel/parts/writing.h"

struct outgoing; /* not for threads to share */

/* `zone` of all times, NULL: UTC; it and `repair_reference` must outlive it.  CH_NOMEM. */
enum ch_status outgoing_create(
	const struct zone *zone, struct slice repair_reference, struct outgoing **out_outgoing);
void outgoing_free(struct outgoing *outgoing); /* NULL is fine */

struct outgoing_event {
	struct slice type;
	const ProtobufCMessage *message;
	int64_t time_us; /* when it happened */
};

/* Appends the interchange of that number, which was prepared at that time.  CH_UNSUPPORTED: events like this
 * one are not written, or not in the
 * standard.  CH_INVALID: *out_obstacle.  CH_NOMEM.  On failure `out` is as long as before. */
enum ch_status outgoing_write(struct outgoing *outgoing, const struct terms *terms,
	const struct outgoing_event *event, uint64_t number, int64_t prepared_us,
	struct buffer *out, struct obstacle *out_obstacle);

#endif
