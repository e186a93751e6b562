/* How fast a replay goes: so many events a second, or the pace at which they once arrived, times a
 * factor; both at once, the slower; neither, as fast as it is acknowledged.  It never hurries to make up
 * for time in which nothing could be sent.  Pure. */
#ifndef FANOUT_TEMPO_H
#define FANOUT_TEMPO_H

#include <stdbool.h>
#include <stdint.h>

struct tempo {
	double rate;     /* events a second; 0: not bounded */
	double speed;    /* times the original pace; 0: not bounded */
	int64_t slot_ns; /* when the rate allows the next; 0: it begins */
	int64_t zero_us; /* when the entry that arrived at `zero_arrival_us` was due */
	int64_t zero_arrival_us;
};

/* Whether both are numbers that make sense: not negative, not infinite. */
bool tempo_valid(double rate, double speed);

void tempo_init(struct tempo *tempo, double rate, double speed);

/* Begins to count anew: after a pause. */
void tempo_restart(struct tempo *tempo);

/* When an entry that arrived at `arrival_us` may go; not later than now: at once. */
int64_t tempo_due_us(struct tempo *tempo, int64_t arrival_us, int64_t now_us);

/* It went. */
void tempo_went(struct tempo *tempo, int64_t now_us);

#endif
