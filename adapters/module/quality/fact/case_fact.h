/* Cases and complaints, and the hub's promises about anything.
 *
 * The first person asked owns a case, or where nobody was named the first who does something about it, until it
 * is handed over; a hand-over that the new owner has not taken
 * ("accepted: no") leaves it with the old one.  Its durations run on the time of occurrence; its deadlines
 * are the hub's, which run on arrival: what the hub said of them, and took back, stands beside. */
#ifndef QUALITY_CASE_FACT_H
#define QUALITY_CASE_FACT_H

#include "module/quality/fact/facts.h"

struct quality_settings;

extern const struct module_part case_part;

/* Marks of FACT_CASES. */
enum case_mark {
	CASE_FILED = 1,  /* a complaint; numbers 0: severity */
	CASE_LOGGED = 2, /* numbers 0: kind, 1: resolved in that very contact */
	CASE_HANDED = 3, /* numbers 0: accepted; texts: the new owner */
	CASE_ACKNOWLEDGED = 4,
	CASE_ANSWERED = 5,
	CASE_ESCALATED = 6, /* numbers 0: level */
	CASE_CLOSED = 7,    /* numbers 0: resolved, 1: contacts */
	CASE_REOPENED = 8,
};

enum case_text {
	CASE_OWNER,
	CASE_OWNER_GROUP,
	CASE_STATION,
	CASE_REASON,
	CASE_REPAIR,
	CASE_MODEL,
};

struct case_fact {
	struct slice case_id;
	bool complaint;
	bool open; /* not closed, or opened again */
	bool resolved;
	struct slice first_owner;
	struct slice owner;
	struct slice owner_group;
	struct slice station;
	struct slice reason;
	struct slice repair;     /* the repair order it is about */
	struct slice model;      /* of the unit */
	int64_t filed_us;        /* the first word of it */
	int64_t acknowledged_us; /* or answered or closed, what came first; 0: not yet */
	int64_t answered_us;     /* or closed */
	int64_t closed_us;       /* 0: open */
	int64_t reopened_us;     /* the last time; 0: never */
	int64_t hand_overs;
	int64_t level;
	int64_t reopened;
	uint64_t customer;
	uint64_t sequence;
};

/* False: nothing is known but what came behind its begin. */
bool case_fact_make(struct slice case_id, const struct marks *marks, struct case_fact *out_fact);

/* Marks of FACT_PROMISES. */
enum promise_mark {
	PROMISE_SET = 1,
	PROMISE_MOVED = 2,
	PROMISE_MET = 3,
	PROMISE_MISSED = 4,
	PROMISE_CORRECTED = 5,
	PROMISE_CANCELLED = 6,
	PROMISE_FULFILLED = 7, /* done after it was missed */
};

enum promise_text { PROMISE_NAME, PROMISE_SUBJECT, PROMISE_STATION, PROMISE_ESCALATED_TO };
enum promise_number { PROMISE_DUE, PROMISE_DONE, PROMISE_RUNG, PROMISE_STATE };

struct promise_fact {
	struct slice name; /* "complaint.answer" */
	struct slice subject;
	struct slice station;
	int64_t set_us;
	int64_t due_us;
	int64_t done_us;
	int64_t rung;  /* the highest that was reached */
	int64_t state; /* DeadlineState, as it stands */
	bool said_missed;
	bool corrected;
	bool fulfilled; /* after all, and too late */
};

/* False: nothing was told but how it ended, without when it was due. */
bool promise_fact_make(const struct marks *marks, struct promise_fact *out_fact);

/* The promise about one subject; false in *out_known: there is none. */
enum ch_status promise_get(struct book_txn *txn, const char *name, struct slice subject,
	int64_t as_of_us, struct marks *marks, struct promise_fact *out_fact, bool *out_known);

/* How one promise about a complaint stands. */
struct case_promise {
	int64_t due_us;
	bool judged; /* kept, or too late to be kept */
	bool kept;
	bool said_missed;
	bool corrected;
};

enum case_duty { CASE_TO_ACKNOWLEDGE, CASE_TO_ANSWER };

/* By the hub's word where it gave one; else by the settings, from the time of occurrence.  CH_CORRUPT, CH_IO. */
enum ch_status case_promise_find(struct book_txn *txn, const struct case_fact *fact,
	enum case_duty duty, const struct quality_settings *settings, int64_t as_of_us,
	struct marks *marks, struct case_promise *out_promise);

#endif
