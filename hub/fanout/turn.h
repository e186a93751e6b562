/* A subscription's turn: a bounded piece of work, at most one frame of deliveries or so.  Whoever has more
 * to do gets another turn when all others have had theirs. */
#ifndef FANOUT_TURN_H
#define FANOUT_TURN_H

#include "fanout/inside.h"

/* True when there is more to do at once; else it waits for an ack, a grant, room in its socket, a new
 * entry or a time, each of which schedules it. */
bool turn_take(struct subscription *subscription);

#endif
