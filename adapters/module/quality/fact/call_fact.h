/* Calls: each stay in a queue is one offered call, and comes to one end.
 *
 * What was told when the caller joined and when an agent took him (call.queued, call.connected) and what was
 * told at the end fall together; either alone is enough.  The exchange's own book-keeping (call.logged)
 * counts only for a call that named a queue and of which nothing else is known. */
#ifndef QUALITY_CALL_FACT_H
#define QUALITY_CALL_FACT_H

#include "module/quality/fact/facts.h"

extern const struct module_part call_part;

/* Marks of FACT_CALLS. */
enum call_mark {
	CALL_QUEUED = 1,
	CALL_CONNECTED = 2,
	CALL_COMPLETED = 10,
	CALL_ABANDONED = 11,
	CALL_TIMED_OUT = 12,
	CALL_LOGGED = 13,
	CALL_CASE =
		20, /* the case that the agent logged: texts 0 its number; numbers CALL_RESOLVED */
};

enum call_text { CALL_QUEUE, CALL_GROUP, CALL_STAY, CALL_AGENT, CALL_CASE_ID };
enum call_number {
	CALL_WAIT,
	CALL_TALK,
	CALL_HOLD,
	CALL_WRAP,
	CALL_RESOLVED,
	CALL_EXIT,
	CALL_DIRECTION
};

enum call_end { CALL_UNFINISHED, CALL_ANSWERED, CALL_HUNG_UP, CALL_TIMEOUT, CALL_LEFT };

struct call_fact {
	struct slice queue;
	struct slice group; /* else the queue */
	struct slice stay;
	int64_t joined_us;
	int64_t answered_us; /* when the agent took it */
	int64_t wait_us;     /* up to the answer or the end */
	int64_t handle_us;   /* talk + hold + wrap-up; -1: not over, or not told */
	enum call_end end;
	int64_t resolved; /* Answer: what the agent said of it, or of its case */
	struct slice case_id;
	uint64_t customer;
	uint64_t sequence;
	bool over;
	bool inbound;
};

#define CALL_STAYS_MAX 32u

/* The stays of one call.  Returns how many. */
size_t call_facts_make(const struct marks *marks, struct call_fact stays[CALL_STAYS_MAX]);

#endif
