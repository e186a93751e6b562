/* What the I/O thread puts into a subscription's inbox: a received DELIVER frame, or a mark.  A frame is
 * counted by references: the taker's, and one for each delivery that is kept. */
#ifndef CLIENT_PARCEL_H
#define CLIENT_PARCEL_H

#include <carehub/subscribe.h>
#include <stdatomic.h>
#include <zmq.h>

#include "base/mailbox.h"
#include "wire/deliver.h"
#include "wire/subscribe.h"

/* A mark that counts whatever attachment has followed meanwhile. */
#define PARCEL_ALWAYS UINT32_MAX

struct parcel {
	struct mailbox_node node;
	atomic_uint references;
	uint32_t epoch;       /* the attachment that it came by, or PARCEL_ALWAYS */
	struct ch_mark *mark; /* NULL: deliveries; in the same piece of memory */
	enum ch_status after; /* what follows this mark, for good; CH_OK: more deliveries */
	struct deliver deliver;
	zmq_msg_t message;
};

/* Takes the message over (it becomes empty); `deliver` looks into it.  NULL: no memory. */
struct parcel *parcel_of_frame(zmq_msg_t *message, const struct deliver *deliver, uint32_t epoch);

/* Texts are copied, cut when too long.  NULL: no memory. */
struct parcel *parcel_of_mark(const struct mark *mark, enum ch_status after, uint32_t epoch);

void parcel_ref(struct parcel *parcel);
void parcel_unref(struct parcel *parcel); /* NULL is fine */

#endif
