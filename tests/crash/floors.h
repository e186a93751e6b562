/* How far the store must have come: what it says once LMDB's meta page, written on an O_DSYNC descriptor,
 * is there, it must say at every later cut. */
#ifndef CRASH_FLOORS_H
#define CRASH_FLOORS_H

#include "crash/recording.h"

#define FLOORS_MAX 48u

struct floors {
	uint32_t count;
	struct {
		uint32_t at; /* from this cut on */
		uint64_t applied;
	} floors[FLOORS_MAX];
};

/* Of some of the checkpoints in the recording.  `scratch` is a folder that may be made and goes
 * again.  CH_FORMAT, CH_IO, CH_NOMEM, and what a store that cannot be opened gives. */
enum ch_status floors_measure(
	const struct recording *recording, const char *scratch, struct floors *out_floors);

uint64_t floors_at(const struct floors *floors, uint32_t cut);

#endif
