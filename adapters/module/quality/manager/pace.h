/* When all facts are walked anew: once in a while when they have changed, and when a day has ended, as periods and
 * promises end with days. */
#ifndef QUALITY_PACE_H
#define QUALITY_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	bool dirty; /* facts have changed since the last pass began */
	bool begun; /* there was one */
	int64_t begun_us;
};

/* 0: now; else in so many ms. */
int64_t pace_due_ms(const struct pace *pace, int64_t every_ms, int64_t now_us);

/* A pass begins: what changes from now on is for the next one. */
void pace_begin(struct pace *pace, int64_t now_us);

#endif
