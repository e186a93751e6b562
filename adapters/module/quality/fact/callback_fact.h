/* Call-backs: those that somebody planned, and those that are due after every service. */
#ifndef QUALITY_CALLBACK_FACT_H
#define QUALITY_CALLBACK_FACT_H

#include "module/quality/fact/facts.h"

extern const struct module_part callback_part;

/* Marks of FACT_CALLBACKS. */
enum callback_mark {
	CALLBACK_SCHEDULED = 1, /* numbers: reason, due */
	CALLBACK_FAILED = 2,    /* numbers CALLBACK_GIVEN_UP */
	CALLBACK_DONE = 3,      /* numbers CALLBACK_REASON */
};

enum callback_text { CALLBACK_REPAIR };
enum callback_number { CALLBACK_REASON, CALLBACK_DUE, CALLBACK_GIVEN_UP };

struct callback_fact {
	struct slice repair; /* that it follows; empty: not told */
	int64_t due_us;      /* 0: nobody planned it */
	int64_t done_us;     /* the first time he was reached; 0: not yet */
	int64_t attempts;    /* that failed */
	bool given_up;
	bool follow_up; /* after a service, as its reason or the repair it names says */
	uint64_t customer;
	uint64_t sequence;
};

void callback_fact_make(const struct marks *marks, struct callback_fact *out_fact);

/* When the `number`-th call-back (from 1) after a service falls due: monthly in the first year, quarterly
 * after; 0: there is none within so many years. */
int64_t callback_due_us(int64_t service_us, int64_t number, int64_t years, int64_t offset_us);

#endif
