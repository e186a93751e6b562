/* When to try again what failed: after half a second, then twice as long each time up to half a minute,
 * each shifted by chance by up to a quarter, so that a thousand stations that lost the same server do not
 * come back together. */
#ifndef REPAIR_RETRY_H
#define REPAIR_RETRY_H

#include <stdint.h>

/* A zeroed one is due at once. */
struct retry {
	int64_t delay_ms;
	int64_t due_us; /* of clock_steady_us */
};

void retry_failed(struct retry *retry);
void retry_worked(struct retry *retry);

/* How long until it is due; 0: it is. */
int64_t retry_wait_ms(const struct retry *retry);

#endif
