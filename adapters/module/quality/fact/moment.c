#include "module/quality/fact/moment.h"

#define MOMENT_YEAR_US  (INT64_C(31556952) * 1000000)
#define MOMENT_FIRST_US (20 * MOMENT_YEAR_US)
#define MOMENT_END_US   (8030 * MOMENT_YEAR_US)

int64_t moment_of(int64_t time_us, int64_t sent_us, int64_t arrival_us)
{
	int64_t moment = time_us;
	int64_t skew;
	if (time_us <= 0)
		return arrival_us;
	if (sent_us >= time_us && !__builtin_sub_overflow(arrival_us, sent_us, &skew) &&
		(skew > MOMENT_SKEW_US || skew < -MOMENT_SKEW_US) &&
		__builtin_add_overflow(time_us, skew, &moment))
		return arrival_us;
	return moment <= 0 || moment - arrival_us > MOMENT_YEAR_US ? arrival_us : moment;
}

int64_t moment_told(int64_t time_us)
{
	return time_us > 0 && time_us < MOMENT_END_US ? time_us : 0;
}

int moment_is_doubtful(int64_t moment_us)
{
	return moment_us < MOMENT_FIRST_US;
}
