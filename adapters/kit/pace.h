/* So many a second, evenly: up to a tenth of a second's worth may come at once, and no more than that is
 * ever saved up. */
#ifndef KIT_PACE_H
#define KIT_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	int64_t gap_ns;   /* between two; 0: as fast as one likes */
	int64_t burst_ns; /* so far ahead of its time one may come */
	int64_t next_ns;  /* when the next one would come if they came evenly */
};

/* `rate` a second; 0: no bound. */
void pace_init(struct pace *pace, uint64_t rate);

/* One more at this time (of clock_steady_us)?  True: it counts. */
bool pace_take(struct pace *pace, int64_t now_us);

/* From when on pace_take says true. */
int64_t pace_due_us(const struct pace *pace);

#endif
