/* A step that must block - a name looked up, a connection made, keys exchanged - on a thread of its own,
 * so that the adapter's thread goes on telling receipts.
 *
 *     dial_start(connect_now, context, drop, &dial);
 *     poll on dial_fd(dial) ...
 *     if (dial_is_done(dial))
 *             take what is in context; dial_free(dial);
 *
 * Nobody can break off a name server's silence.  So a dial that is freed before it is done goes on by
 * itself, and drops its context when it ends. */
#ifndef REPAIR_DIAL_H
#define REPAIR_DIAL_H

#include <stdbool.h>

#include "base/status.h"

struct dial;

/* `context` is the work's alone until dial_is_done.  CH_NOMEM, CH_IO (no thread, no descriptor). */
enum ch_status dial_start(void (*work)(void *context), void *context, void (*drop)(void *context),
	struct dial **out_dial);

bool dial_is_done(struct dial *dial);

/* Readable once it is done. */
int dial_fd(const struct dial *dial);

/* True: it was done, and the context is the caller's.  False: it was not, and its context is dropped in
 * time. */
bool dial_free(struct dial *dial);

#endif
