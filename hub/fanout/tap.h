/* The live port's share: every new event, once, for those who want speed without a promise, and without
 * its personal part.  Batches go to the loop thread; when it does not keep up, whole batches are dropped
 * and counted. */
#ifndef FANOUT_TAP_H
#define FANOUT_TAP_H

#include <stdatomic.h>

#include "fanout/group.h"
#include "fanout/task.h"

struct tap_batch;

struct tap {
	struct mailbox *outbox; /* tasks of the loop thread */
	void (*live)(void *context, struct slice type, struct slice frame);
	void *context;
	atomic_bool wanted;
	atomic_uint waiting; /* batches on their way */
	struct tap_batch *filling;
	struct buffer frame; /* room that is used again and again */
	uint64_t lost;       /* events */
};

void tap_init(struct tap *tap, struct mailbox *outbox,
	void (*live)(void *context, struct slice type, struct slice frame), void *context);

/* No batch is on its way. */
void tap_fini(struct tap *tap);

/* Any thread. */
void tap_set_wanted(struct tap *tap, bool wanted);
bool tap_is_wanted(const struct tap *tap);

/* ---- The fan-out thread ---- */

/* A group whose parts are encoded. */
void tap_add(struct tap *tap, struct group *group);

/* Sends off what was added. */
void tap_flush(struct tap *tap);

#endif
