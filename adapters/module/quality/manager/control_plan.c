#include "module/quality/manager/control_plan.h"

#include "base/clock.h"
#include "base/invariant.h"

const struct control_plan control_plans[CONTROL_PLANS] = {
	[CONTROL_DAYS] = {"repair.days", "Days from receipt to repair", "station", "days",
		"repairs", CHART_XBAR_R, PERIOD_WEEK, 26, 13, 8, 86400, 1},
	[CONTROL_LATE] = {"repair.late", "Repaired later than in 4 days", "station", "%", "repairs",
		CHART_P, PERIOD_MONTH, 12, 6, 6, 1, 100},
	[CONTROL_OPEN] = {"repair.open", "Open for longer than 14 days", "station", "%", "repairs",
		CHART_P, PERIOD_MONTH, 12, 6, 6, 1, 100},
	[CONTROL_AGAIN] = {"repair.again", "Repaired again within 90 days", "station", "%",
		"returns", CHART_P, PERIOD_MONTH, 12, 6, 6, 1, 100},
	[CONTROL_PARTS] = {"part.late", "Parts later than promised", "station", "%", "lines",
		CHART_P, PERIOD_MONTH, 12, 6, 6, 1, 100},
	[CONTROL_APPOINTMENTS] = {"appointment.missed", "Appointments missed by us", "station", "%",
		"appointments", CHART_P, PERIOD_MONTH, 12, 6, 6, 1, 100},
	[CONTROL_DEFECTS] = {"repair.defects", "Defects per repaired unit", "model", "defects",
		"units", CHART_U, PERIOD_WEEK, 26, 13, 8, 1, 1},
	[CONTROL_ANSWERS] = {"complaint.late", "Complaints not answered in time", "", "%",
		"complaints", CHART_P, PERIOD_MONTH, 12, 6, 6, 1, 100},
	[CONTROL_COMPLAINTS] = {"complaint.count", "Complaints filed", "", "complaints", "weeks",
		CHART_C, PERIOD_WEEK, 26, 13, 8, 1, 1},
};

const struct control_walk control_walks[CONTROL_WALKS] = {
	{FACT_ORDERS, control_take_order},
	{FACT_APPOINTMENTS, control_take_appointment},
	{FACT_CASES, control_take_case},
};

/* Blocks are counted from 1970, so that everybody finds the same ones. */
static int64_t plan_index(const struct control_plan *plan, int64_t offset_us, int64_t start_us)
{
	int64_t day = period_day(offset_us, start_us);
	int64_t year;
	unsigned month;
	unsigned day_of_month;
	if (plan->period == PERIOD_DAY)
		return day;
	if (plan->period == PERIOD_WEEK)
		return (day + 3) / 7; /* 1970-01-01 was a Thursday */
	clock_date_from_days(day, &year, &month, &day_of_month);
	return (year - 1970) * 12 + month - 1;
}

void control_window_make(const struct control_plan *plan, int64_t offset_us, int64_t until_us,
	unsigned blocks, struct control_window *out_window)
{
	struct control_window window = {.count = 0};
	/* The one that holds the moment has not ended by then; it begins where the last one ends. */
	int64_t end = period_start(plan->period, offset_us, until_us);
	int64_t start = period_start(plan->period, offset_us, end - 1);
	size_t in_block = (size_t)(plan_index(plan, offset_us, start) % (int64_t)plan->hold) + 1;
	window.count = plan->trial + (blocks > 1 ? plan->hold : 0) + in_block;
	invariant(window.count <= CONTROL_PERIODS_MAX);
	window.current = window.count - in_block;
	window.previous = blocks > 1 ? window.current - plan->hold : window.current;
	window.starts[window.count] = end;
	for (size_t i = window.count; i > 0; i--)
		window.starts[i - 1] = period_start(plan->period, offset_us, window.starts[i] - 1);
	*out_window = window;
}

size_t control_window_find(const struct control_window *window, int64_t moment_us)
{
	size_t low = 0;
	size_t high = window->count;
	if (moment_us < window->starts[0] || moment_us >= window->starts[window->count])
		return SIZE_MAX;
	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;
		if (window->starts[middle] <= moment_us)
			low = middle;
		else
			high = middle;
	}
	return low;
}
