/* Plans: what a replay would deliver, counted before it is started.  A plan reads its range in small pieces
 * when nobody else has anything to do. */
#ifndef FANOUT_PLAN_H
#define FANOUT_PLAN_H

#include "fanout/inside.h"

/* One piece of one plan; true when there is more. */
bool plan_take_turn(struct fanout *fanout);

/* What ranges are resolved against. */
struct range_history plan_history(struct fanout *fanout);

/* Answers all with CH_CLOSED. */
void plan_end_all(struct fanout *fanout);

#endif
