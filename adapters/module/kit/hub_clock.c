#include "module/kit/hub_clock.h"

int64_t hub_clock_now(struct hub_clock *clock, const struct hub_clock_sight *sight)
{
	/* Of two welcomes no two offsets are the same to the microsecond; if they are, nothing was set. */
	if (clock->base_us == 0 || clock->offset_us != sight->offset_us) {
		clock->offset_us = sight->offset_us;
		clock->base_us = sight->wall_us + sight->offset_us - sight->steady_us;
	}
	if (sight->arrival_us > clock->base_us + sight->steady_us)
		clock->base_us = sight->arrival_us - sight->steady_us;
	return clock->base_us + sight->steady_us;
}
