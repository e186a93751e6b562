/* A ZeroMQ socket on the loop, without stalls.
 *
 * ZMQ_FD becomes readable when something about the socket may have changed, once: whoever then sends
 * or receives may take that signal away without having seen what it stood for.  So nobody here trusts
 * the descriptor alone.  After every poll a socket that may have work gets one bounded turn, and
 * before the next wait ZMQ_EVENTS is looked at again; while there is something to read, the loop does
 * not wait at all.  Bounded turns are what keeps a flooded socket from starving timers, tasks and
 * the other sockets. */
#ifndef NET_PUMP_H
#define NET_PUMP_H

#include <stdbool.h>

#include "base/status.h"
#include "net/loop.h"

struct pump;

/* `turn` does a bounded piece of work and says whether it left some.  The socket stays the caller's;
 * it must outlive the pump.  CH_NOMEM, CH_IO. */
enum ch_status pump_create(struct loop *loop, void *socket, bool (*turn)(void *context),
	void *context, struct pump **out_pump);

/* No more turns; the memory goes when the loop turns next.  May be called from within a turn. */
void pump_free(struct pump *pump);

/* To be called after sending or receiving outside a turn: look at the socket before waiting. */
void pump_touch(struct pump *pump);

/* A turn at the next opportunity, whatever the socket says. */
void pump_wake(struct pump *pump);

/* Whether reading is wanted: while not, what waits in the socket gives no turns. */
void pump_set_reading(struct pump *pump, bool reading);

#endif
