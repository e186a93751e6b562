#include "module/quality/manager/pace.h"

#include "module/quality/fact/period.h"

int64_t pace_due_ms(const struct pace *pace, int64_t every_ms, int64_t now_us)
{
	int64_t since_ms = (now_us - pace->begun_us) / 1000;
	if (!pace->begun || pace->begun_us / DAY_US != now_us / DAY_US)
		return 0;
	if (pace->dirty)
		return since_ms >= every_ms ? 0 : every_ms - since_ms;
	return (DAY_US - now_us % DAY_US) / 1000 + 1;
}

void pace_begin(struct pace *pace, int64_t now_us)
{
	*pace = (struct pace){.begun = true, .begun_us = now_us};
}
