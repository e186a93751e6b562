/* Appointments: agreed for a window of time, moved, kept, missed or called off.  The last word about what
 * became of one counts; its window is the one agreed last. */
#ifndef QUALITY_APPOINTMENT_FACT_H
#define QUALITY_APPOINTMENT_FACT_H

#include "module/quality/fact/facts.h"

extern const struct module_part appointment_part;

/* Marks of FACT_APPOINTMENTS. */
enum appointment_mark {
	APPOINTMENT_MADE = 1, /* numbers: window, kind */
	APPOINTMENT_MOVED = 2,
	APPOINTMENT_CANCELLED = 3,
	APPOINTMENT_MISSED = 4, /* numbers APPOINTMENT_ABSENT */
	APPOINTMENT_KEPT = 5,   /* numbers APPOINTMENT_ARRIVED */
};

enum appointment_text { APPOINTMENT_STATION, APPOINTMENT_MODEL, APPOINTMENT_REPAIR };
enum appointment_number {
	APPOINTMENT_START,
	APPOINTMENT_END,
	APPOINTMENT_ABSENT,
	APPOINTMENT_ARRIVED,
};

struct appointment_fact {
	struct slice station;
	struct slice model;
	struct slice repair; /* the repair order it is for */
	int64_t start_us;
	int64_t end_us;     /* of the window; the start where no end was told */
	int64_t arrived_us; /* 0: not told */
	int64_t moved;
	int64_t absent;  /* AbsentParty */
	unsigned became; /* the last of cancelled, missed, kept; 0: nobody said */
	uint64_t customer;
	uint64_t sequence;
};

/* False: no window is known. */
bool appointment_fact_make(const struct marks *marks, struct appointment_fact *out_fact);

#endif
