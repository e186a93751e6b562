/* How a thread that sleeps in poll is woken, cheaply under load: ringing costs a system call only
 * while somebody sleeps.
 *
 * The sleeper says so first and looks at its boxes once more after that; whoever fills a box rings
 * afterwards.  So either the sleeper sees the box, or the ringer sees the sleeper. */
#ifndef BASE_BELL_H
#define BASE_BELL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/status.h"

struct bell {
	int fd;
	atomic_bool asleep;
};

enum ch_status bell_init(struct bell *bell); /* CH_IO: no descriptor left */
void bell_fini(struct bell *bell);

/* Any thread, after filling a box. */
void bell_ring(struct bell *bell);

/* The sleeper: before looking at the boxes a last time, then poll on bell->fd, then awake. */
void bell_sleep(struct bell *bell);
void bell_awake(struct bell *bell);

#endif
