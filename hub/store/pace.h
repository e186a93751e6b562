/* Keeps the long sync of a checkpoint out of the way of the journal's short ones; why and how is
 * told in pace.c. */
#ifndef STORE_PACE_H
#define STORE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct pace {
	/* Called between two pieces on the thread that syncs: may wait as long as somebody's
	 * short sync should go first, but not for ever.  NULL: nobody waits. */
	void (*yield)(void *context);
	void *context;
};

/* From here on every fdatasync of the calling thread is paced, also that of a library; `pace` must
 * stay.  NULL: no more. */
void pace_thread(const struct pace *pace);

/* Writes out this range of a file, if the thread is paced, and waits; a sync must still follow.
 * CH_FULL, CH_IO: as for a failed sync. */
enum ch_status pace_range(int fd, uint64_t offset, uint64_t bytes);

/* How many calls of fdatasync were paced so far: when a commit of LMDB does not move it, the
 * program is linked such that LMDB's calls do not come by. */
uint64_t pace_count(void);

#endif
