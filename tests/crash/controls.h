/* Negative controls of the kill test: the checks must fail on a hub that really lost, doubled or
 * changed something, or they are blind. */
#ifndef CRASH_CONTROLS_H
#define CRASH_CONTROLS_H

#include "crash/ledger.h"
#include "crash/server.h"

/* Each in a copy of a stopped hub's data: the newest entry with a receipt is gone; an event stands in
 * the journal twice; a value in the store is another.  Returns how many controls were not noticed, or could not be
 * tried. */
uint32_t controls_run(const struct server *server, const struct ledger *ledger);

#endif
