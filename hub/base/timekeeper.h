/* The hub's time: the machine's clock, as long as it can be believed.
 *
 * A wrong clock does lasting harm: arrival times never go back, and promises that were called missed
 * stay so.  So a clock that runs forward is believed, a jump forward beyond a bound is not: then the
 * hub's time goes on at its own pace from where it was, and waits.  It ends when the machine's clock
 * comes back, or when an operator says that it is right after all.
 *
 * What counts as a jump is judged by the time that the machine has been up, which nobody can set and
 * which also runs while it sleeps.  Over a restart there is only the newest time that is known to
 * have been right.  A hub that was away for longer than the bound believes a clock that something
 * keeps (NTP), and waits until there is such a thing, or an operator.
 *
 * While time is held, clock_wall_us() of the whole process is held with it (base/clock.h), so that
 * ages, lags and ranges of time fit the journal.  One timekeeper a process. */
#ifndef BASE_TIMEKEEPER_H
#define BASE_TIMEKEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct timekeeper;

/* Two clocks, read at one moment. */
struct timekeeper_reading {
	int64_t machine_us; /* UTC by the machine's clock */
	int64_t up_us;      /* since it was started       */
};

struct timekeeper_options {
	int64_t jump_us; /* the bound */
	/* The newest time that was right, at the end of the last run; 0: there was none. */
	int64_t known_us;
	/* The clocks, and whether something keeps them right.  NULL: the machine's own. */
	struct timekeeper_reading (*read)(void *context);
	bool (*is_kept)(void *context);
	void *context;
};

/* CH_NOMEM. */
enum ch_status timekeeper_create(
	const struct timekeeper_options *options, struct timekeeper **out_timekeeper);
void timekeeper_free(struct timekeeper *timekeeper); /* NULL is fine; nothing is held any more */

/* Looks at the clocks: the hub's time now.  May go back when the machine's clock does; who must not,
 * sees to it himself.  NULL: the machine's clock.  Any thread; cheap, but not free. */
int64_t timekeeper_now_us(struct timekeeper *timekeeper);

struct timekeeper_view {
	bool held;
	int64_t hub_us;
	int64_t machine_us;
};

/* Looks, and tells both.  Any thread. */
struct timekeeper_view timekeeper_view(struct timekeeper *timekeeper);

/* The machine's clock is right, as far as up to `known_us`: what is beyond it by more than the bound
 * has jumped again, and is held again.  Any thread. */
void timekeeper_accept(struct timekeeper *timekeeper, int64_t known_us);

#endif
