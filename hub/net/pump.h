/* A ZeroMQ socket on the loop, without stalls.
 *
 * ZMQ_FD becomes readable when something about the socket may have changed, once; and whatever call is
 * made on the socket next takes the signal away, also a send or a look at ZMQ_EVENTS that was made for
 * another reason.  So nobody here trusts the descriptor alone, and nobody looks at ZMQ_EVENTS.  What
 * counts is the turn: it does whatever there may be to do, in bounded pieces, and is given again until
 * it found nothing; only then does the loop wait.  Bounded turns are what keeps a flooded socket from
 * starving timers, tasks and the other sockets. */
#ifndef NET_PUMP_H
#define NET_PUMP_H

#include <stdbool.h>

#include "base/status.h"
#include "net/loop.h"

struct pump;

/* `turn` does a bounded piece of work and says whether it did any: false means that it received until
 * there was nothing, and sent what waited to be sent.  The socket stays the caller's; it must outlive
 * the pump.  CH_NOMEM, CH_IO. */
enum ch_status pump_create(struct loop *loop, void *socket, bool (*turn)(void *context),
	void *context, struct pump **out_pump);

/* No more turns; the memory goes when the loop turns next.  May be called from within a turn. */
void pump_free(struct pump *pump);

/* A turn before the loop waits again.  Due after every call on the socket outside a turn. */
void pump_wake(struct pump *pump);

#endif
