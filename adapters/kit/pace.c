#include "kit/pace.h"

#define SECOND_NS INT64_C(1000000000)
#define BURST_NS  (SECOND_NS / 10)

void pace_init(struct pace *pace, uint64_t rate)
{
	*pace = (struct pace){.burst_ns = BURST_NS};
	if (rate > 0)
		pace->gap_ns = rate < (uint64_t)SECOND_NS ? SECOND_NS / (int64_t)rate : 1;
}

bool pace_take(struct pace *pace, int64_t now_us)
{
	int64_t now_ns = now_us * 1000;
	if (pace->gap_ns == 0)
		return true;
	if (pace->next_ns > now_ns + pace->burst_ns)
		return false;
	/* Time that nobody used is not saved up. */
	pace->next_ns = (pace->next_ns > now_ns ? pace->next_ns : now_ns) + pace->gap_ns;
	return true;
}

int64_t pace_due_us(const struct pace *pace)
{
	return (pace->next_ns - pace->burst_ns + 999) / 1000;
}
