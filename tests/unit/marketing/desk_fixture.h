/* One rig for each test of a file, with a segment of everybody. */
#ifndef MARKETING_DESK_FIXTURE_H
#define MARKETING_DESK_FIXTURE_H

#include "unit/marketing/desk_rig.h"

#define EVERYBODY "[segment all]\nwhere = everybody\n"

/* Of rig_run. */
#define SECOND 1000
#define MINUTE 60000
#define HOUR   (60 * MINUTE)

static struct rig rig; /* large */

static inline int setup(void **state)
{
	(void)state;
	rig_open(&rig, EVERYBODY);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static inline void assert_reason(const char *campaign, uint64_t customer, const char *reason)
{
	char said[32];
	rig_reason(&rig, campaign, customer, said);
	assert_string_equal(said, reason);
}

#endif
