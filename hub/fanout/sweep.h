/* What is looked at once a second: who lags beyond his bound, which readers may rest, and the figures for
 * whoever watches. */
#ifndef FANOUT_SWEEP_H
#define FANOUT_SWEEP_H

#include "fanout/inside.h"

void sweep_all(struct fanout *fanout);

/* The figures alone. */
void sweep_publish(struct fanout *fanout);

#endif
