/* How long we have listened.
 *
 * That somebody is silent, only who listens can tell.  A process that was stopped, starved or put to sleep
 * with its machine has heard nothing either, and what was said to it meanwhile waits to be read: no clock
 * knows anything of the other side.  So silence is measured in time listened, which goes as the clock does,
 * but between two looks by one step at most.  Who looks once in a step loses nothing by it; who comes late
 * has listened for a step, reads what has come, and judges then.
 *
 * Plain arithmetic; not for threads to share. */
#ifndef BASE_VIGIL_H
#define BASE_VIGIL_H

#include <stdint.h>

struct vigil {
	int64_t step_us; /* may be changed at any time */
	int64_t looked_us;
	int64_t listened_us; /* as of the last look */
};

static inline void vigil_begin(struct vigil *vigil, int64_t step_us, int64_t now_us)
{
	*vigil = (struct vigil){.step_us = step_us, .looked_us = now_us};
}

/* How soon to look again: a look that comes as late as that is still within the step. */
static inline int64_t vigil_pace_us(const struct vigil *vigil)
{
	return vigil->step_us / 2;
}

/* Returns how long has been listened by now.  A clock that went back stands still. */
static inline int64_t vigil_look(struct vigil *vigil, int64_t now_us)
{
	int64_t passed_us = now_us - vigil->looked_us;
	if (passed_us > vigil->step_us)
		passed_us = vigil->step_us;
	if (passed_us > 0)
		vigil->listened_us += passed_us;
	vigil->looked_us = now_us;
	return vigil->listened_us;
}

#endif
