/* Repairs as the events tell them: one order may hold several, for a returned one can be opened again.
 *
 * A repair begins with its receipt (the first; told again it changes nothing about the begin) or when it is
 * opened again, and ends when the unit is returned, cancelled, or, where neither is told, filed away.  Of
 * what is told twice the later word counts: the last return before the next begin, the last verdict, the
 * last repair up to the return.
 *
 * Waiting for the customer is taken out of every duration: a wait that was told so, and the time from a quote
 * to its answer, or to work that goes on without one. */
#ifndef QUALITY_REPAIR_FACT_H
#define QUALITY_REPAIR_FACT_H

#include "carehub/v1/repair.pb-c.h"
#include "module/quality/fact/facts.h"
#include "module/quality/measure/measure.h"

extern const struct module_part repair_part;

/* Marks in a record of FACT_REPAIRS, along the life of a repair; those of lists stand behind. */
enum repair_mark {
	REPAIR_RECEIVED = 1,  /* texts: the unit's, below; numbers 0: coverage */
	REPAIR_STARTED = 2,   /* numbers 0: stage */
	REPAIR_DIAGNOSED = 3, /* numbers 0: verdict; texts model, serial */
	REPAIR_QUOTED = 4,
	REPAIR_APPROVED = 5,
	REPAIR_DECLINED = 6,
	REPAIR_WAIT_STARTED = 7, /* numbers 0: reason */
	REPAIR_WAIT_ENDED = 8,
	REPAIR_PART_REQUESTED = 9, /* 9 to 12: see supply_fact.h */
	REPAIR_PART_BACKORDERED = 10,
	REPAIR_PART_ARRIVED = 11,
	REPAIR_PART_CANCELLED = 12,
	REPAIR_RESTARTED = 13,
	REPAIR_REPAIRED = 14, /* numbers 0: verdict, 1: attempt */
	REPAIR_CHECKED = 15,  /* numbers 0: passed, 1: attempt */
	REPAIR_INFORMED = 16,
	REPAIR_RETURNED = 17, /* numbers 0: verdict; texts model, serial of the unit given back */
	REPAIR_CLOSED = 18,   /* numbers 0: verdict, 1: attempts */
	REPAIR_CANCELLED = 19,
	REPAIR_REOPENED = 20,
	REPAIR_DEFECT = 40,   /* texts 0: code */
	REPAIR_BUILT_IN = 41, /* texts 0: part number */
	REPAIR_MEASURED = 42, /* texts 0: characteristic, 1: unit; numbers 0: unscaled, 1: scale */
	REPAIR_CHARGED = 43,  /* see charge_fact.h */
};

enum repair_text { REPAIR_STATION, REPAIR_MODEL, REPAIR_SERIAL, REPAIR_CATEGORY, REPAIR_BRAND };

#define REPAIR_LIST_MAX  32u /* parts, defects of one repair that a report looks at */
#define REPAIR_PAUSE_MAX 32u

/* A moment and the event that tells it; `mark` NULL: not told. */
struct repair_point {
	int64_t moment_us;
	const struct mark *mark;
};

struct repair_pause {
	int64_t from_us;
	int64_t until_us; /* INT64_MAX: it goes on */
};

struct repair_fact {
	struct slice order_id;
	unsigned number; /* within its order, from 0 */
	bool reopened;   /* it began by being opened again */
	bool faulty;     /* its end lies before its begin, or they are of clocks years apart */
	struct slice station;
	struct slice model;
	struct slice category;
	struct slice serial;          /* of the unit received */
	struct slice returned_serial; /* of the one given back */
	uint64_t customer;            /* as filed, with the sequence: see people.h */
	uint64_t sequence;
	struct repair_point begun;
	struct repair_point repaired;
	struct repair_point returned;
	struct repair_point closed;
	struct repair_point cancelled;
	struct repair_point ended; /* returned, else cancelled, else closed */
	struct repair_point last;  /* whatever was told last about it; lists aside */
	struct repair_point verdict_by;
	enum repair_outcome outcome;
	int64_t attempts;
	size_t part_count;
	size_t defect_count;
	size_t pause_count;
	const struct mark *parts[REPAIR_LIST_MAX]; /* requested or built in, each number once */
	struct slice part_numbers[REPAIR_LIST_MAX];
	const struct mark *defects[REPAIR_LIST_MAX]; /* each code once */
	struct repair_pause pauses[REPAIR_PAUSE_MAX];
};

#define REPAIR_NUMBER_MAX 16u /* repairs under one order number */

/* The repairs of one order, in order; what they point to are the marks.  *out_orphan: something is known of
 * the order but no receipt.  Returns how many. */
size_t repair_facts_make(struct slice order_id, const struct marks *marks,
	struct repair_fact facts[REPAIR_NUMBER_MAX], bool *out_orphan);

/* Time between two moments, waits for the customer taken out; never below 0. */
int64_t repair_span(const struct repair_fact *fact, int64_t from_us, int64_t until_us);

/* How long it was open, or has been at `as_of_us`: receipt to end, waits for the customer taken out. */
int64_t repair_age(const struct repair_fact *fact, int64_t as_of_us);

/* When its four days ended: repaired, at the latest when it went back; NULL mark: not yet, or it went back
 * unrepaired. */
struct repair_point repair_fixed(const struct repair_fact *fact);

/* The repairs of one order that had begun by `moment_us`, but at least the first, in order; 0 in *out_count: nothing is
 * known of it.  They look into `marks`.  CH_CORRUPT, CH_IO. */
enum ch_status repair_get(struct book_txn *txn, struct slice order_id, int64_t as_of_us,
	int64_t moment_us, struct marks *marks, struct repair_fact facts[REPAIR_NUMBER_MAX],
	size_t *out_count);

/* Which unit a serial number means, without blanks and hyphens and in capitals, as desks write them as they like: a digest
 * of this process, so long that two do not share one.  False: it means none. */
bool repair_unit_digest(struct slice serial, uint64_t out_unit[2]);

/* Every repair of the book.  A part of the program that draws charts and a report's lists use this; all
 * of it lives until `each` returns, marks of the whole order included. */
typedef enum ch_status repair_function(
	void *context, const struct repair_fact *fact, const struct marks *marks);
enum ch_status repair_walk(
	struct book_txn *txn, int64_t as_of_us, repair_function *each, void *context);

/* The same in pieces, as fact_walk_some; `most` counts orders. */
enum ch_status repair_walk_some(struct book_txn *txn, struct buffer *from, size_t most,
	int64_t as_of_us, repair_function *each, void *context);

#endif
