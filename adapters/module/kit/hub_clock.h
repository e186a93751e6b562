/* The hub's time, as well as a module knows it: what the hub said when it welcomed us, and what the steady clock has
 * counted since.  The machine's time of day may be set at any moment; that is no news of the hub, and must end no
 * campaign and put nothing off.  Nor is the hub's time before the arrival of an event that is here: its clock may have
 * been set, too. */
#ifndef MODULE_KIT_HUB_CLOCK_H
#define MODULE_KIT_HUB_CLOCK_H

#include <stdint.h>

/* Zeroed: nothing is known of the hub, and the time of day is taken. */
struct hub_clock {
	int64_t offset_us; /* as the hub last gave it */
	int64_t base_us;   /* the hub's time when the steady clock began; 0: not known */
};

struct hub_clock_sight {
	int64_t wall_us;    /* the time of day */
	int64_t steady_us;  /* the steady clock */
	int64_t offset_us;  /* the hub's time of day minus ours, when it last welcomed us */
	int64_t arrival_us; /* of the newest event; 0: there is none */
};

int64_t hub_clock_now(struct hub_clock *clock, const struct hub_clock_sight *sight);

#endif
