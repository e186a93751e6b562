/* The power fails between two lives of a recorded hub: its data folder becomes a drawn image of what could
 * be on the disk, and the record tells what that is, so that it can be played on from there. */
#ifndef CRASH_POWER_H
#define CRASH_POWER_H

#include "base/slice.h"

struct power_options {
	const char *record; /* as far as it goes */
	int record_fd;      /* the same, to append to */
	const char *folder; /* is replaced */
	uint64_t seed;
};

/* CH_FORMAT: the record makes no sense; CH_IO, CH_NOMEM. */
enum ch_status power_fail(const struct power_options *options);

#endif
