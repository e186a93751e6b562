/* Which periods a control chart is drawn of: blocks of periods whose limits the periods before them set.  Pure. */
#ifndef QUALITY_CONTROL_PLAN_H
#define QUALITY_CONTROL_PLAN_H

#include "module/quality/manager/control.h"

/* Periods without gaps, oldest first; starts[count] is where the last one ends. */
struct control_window {
	int64_t starts[CONTROL_PERIODS_MAX + 1];
	size_t count;
	size_t current;  /* the first of the last block */
	size_t previous; /* the first of the block before it; `current` when it is not asked for */
};

/* The periods that end by `until_us`, as far back as `blocks` blocks and their trial need. */
void control_window_make(const struct control_plan *plan, int64_t offset_us, int64_t until_us,
	unsigned blocks, struct control_window *out_window);

/* Which period holds the moment; SIZE_MAX: none. */
size_t control_window_find(const struct control_window *window, int64_t moment_us);

#endif
