/* What the quality module reports: every measure of a stretch of time, reckoned from facts, at one moment.
 *
 *     struct measure_request request = {.settings = &settings, .from_us = from, .until_us = until,
 *             .as_of_us = now, .unit = PERIOD_MONTH};
 *     struct measures *measures;
 *     if (measures_make(txn, &request, &measures) == CH_OK)
 *             ... measures->repair[CUT_STATION].rows[0].four_day ...
 *     measures_free(measures);
 *
 * One walk over the facts fills all cuts.  Nothing here depends on the order in which events arrived: of a
 * fact, what happened after `as_of_us` is not looked at, and what had happened by then counts when it
 * becomes known.  A period's rows are final when all of its events have come and its promises have run out
 * (14, 90 ... days); until then `as_of_us` moves them.
 *
 * Everything is a whole number: counts, microseconds, minor units of money, points in millionths.  A rate is
 * kept as its two counts, and whoever prints it divides, once.  The definitions are in docs/quality.md; the
 * comments here are their short form. */
#ifndef QUALITY_MEASURE_H
#define QUALITY_MEASURE_H

#include "base/slice.h"
#include "module/quality/fact/period.h"

struct book_txn;
struct marks;
struct measuring;
struct quality_settings;
struct repair_fact;

/* By what rows are divided.  In CUT_PART a repair stands once under each of its parts, and in CUT_MODEL and
 * CUT_STATION what names none stands under "". */
enum cut {
	CUT_ALL,    /* one row */
	CUT_PERIOD, /* may begin earlier than the stretch: `history_us` */
	CUT_STATION,
	CUT_MODEL,
	CUT_PART,
	CUT_GROUP,          /* "new", "long-standing", "high-value", "unknown" */
	CUT_STATION_PERIOD, /* every station, period by period */
	CUT_COUNT,
};

/* Rows of a table stand in the order of name, then period. */
struct measure_key {
	struct slice name; /* station, model, part or group; "" in CUT_ALL and CUT_PERIOD */
	int64_t period_us; /* its start, in the cuts by period; else 0 */
	uint32_t hour;     /* of the day, in hotline_hours */
};

struct ratio {
	int64_t part;
	int64_t whole; /* 0: there is nothing to say */
};

/* Durations; the mean is sum_us / count. */
struct span {
	int64_t sum_us;
	int64_t count;
	int64_t longest_us;
};

/* ---- Repairs ---- */

/* Ages of what is open: up to 4 days, 14, 30, 60, 140, and older. */
#define AGE_BANDS 6
extern const int64_t age_band_days[AGE_BANDS - 1];

enum repair_outcome {
	OUTCOME_NONE, /* nothing was said */
	OUTCOME_FIXED,
	OUTCOME_NOT_FIXED,
	OUTCOME_COUNT,
};

struct repair_row {
	struct measure_key key;
	/* Of repairs received in the stretch. */
	int64_t received;
	struct ratio r14;  /* open longer than 14 days, of those received */
	struct ratio r140; /* 140 */
	int64_t outcome[OUTCOME_COUNT];
	int64_t cancelled;
	int64_t reopened;
	int64_t faulty; /* that cannot be reckoned with: an end before the beginning, clocks years apart */
	struct span through; /* received to end (returned, else filed away), of those ended */
	/* Of repairs repaired in the stretch. */
	struct ratio four_day; /* within 4 x 24 h of receipt */
	struct span repairing; /* received to repaired */
	/* Of units returned in the stretch. */
	struct ratio rr90; /* came again within 90 days, of returns whose 90 days have passed */
	int64_t returned;
	int64_t return_unknown; /* returns without a serial number: they are in no RR90 */
	/* Of all repairs open at as_of_us, whenever received; in CUT_PERIOD by when they were received. */
	int64_t open;
	int64_t open_by_age[AGE_BANDS];
	int64_t open_waiting; /* of them, waiting for the customer now */
};

struct repair_table {
	struct repair_row *rows;
	size_t count;
};

/* A repair open longer than 14 days; longest first. */
struct open_repair {
	struct slice repair_order_id;
	struct slice station;
	struct slice model;
	int64_t received_us;
	int64_t age_us;            /* waiting for the customer taken out */
	struct slice event_source; /* the event of its receipt */
	struct slice event_id;
};

/* ---- Parts supply ---- */

/* Cuts by station and part; a requested line that was cancelled counts nowhere else. */
struct supply_row {
	struct measure_key key;
	int64_t requested; /* lines, by when they were requested */
	int64_t cancelled;
	struct ratio
		in_stock; /* there within 3 days, of lines from stock that came or are overdue */
	struct ratio overseas;  /* within 7 days, of those from overseas that came or are overdue */
	int64_t overseas_early; /* of them, in less than 5 days */
	int64_t open;           /* not there yet */
	int64_t overdue;        /* of them, over their promise */
	struct span stock_supply; /* requested to arrived */
	struct span overseas_supply;
};

struct supply_table {
	struct supply_row *rows;
	size_t count;
};

/* ---- Hotline ---- */

/* A stay in a queue is one offered call; its time is when the caller joined. */
struct hotline_row {
	struct measure_key key; /* name: the hotline group, else the queue */
	int64_t offered;
	int64_t answered;
	int64_t abandoned;      /* the caller hung up */
	int64_t timed_out;      /* the queue gave him up: no abandon */
	int64_t left_otherwise; /* by a key, no agents there, taken out */
	int64_t unfinished;     /* no end is known yet */
	struct span wait;       /* of answered calls: average speed of answer */
	struct span wait_abandoned;
	struct span handle;            /* talk + hold + wrap-up, of calls that are over */
	struct ratio first_contact;    /* see docs/quality.md */
	int64_t first_contact_unknown; /* answered calls of which nothing can be said, or not yet */
};

struct hotline_table {
	struct hotline_row *rows;
	size_t count;
};

/* ---- Complaints and cases ---- */

struct case_row {
	struct measure_key
		key;   /* CUT_STATION: the station complained of; CUT_GROUP: customer group */
	int64_t filed; /* complaints, by when they were filed */
	struct ratio acknowledged_in_time; /* of those acknowledged or overdue */
	struct ratio answered_in_time;
	int64_t said_missed;    /* deadlines that the hub reported missed */
	int64_t said_corrected; /* of them, corrected by a late event */
	int64_t handed_over;    /* complaints handed over at least once */
	int64_t hand_overs;
	int64_t escalated;
	int64_t reopened;
	int64_t open; /* not closed */
	struct span to_acknowledge;
	struct span to_answer;
};

struct case_table {
	struct case_row *rows;
	size_t count;
};

/* A complaint that is not answered or not closed; the longest open first. */
struct open_case {
	struct slice case_id;
	struct slice station;
	struct slice first_owner; /* the first person asked */
	struct slice owner;       /* who owns it now */
	struct slice owner_group;
	int64_t filed_us;
	int64_t hand_overs;
	int64_t level;              /* of escalation; 0: with its owner */
	int64_t acknowledge_due_us; /* 0: none known */
	int64_t answer_due_us;
	int64_t acknowledged_us; /* 0: not yet */
	int64_t answered_us;
	bool acknowledge_missed; /* as it stands after all corrections */
	bool answer_missed;
};

/* What the hub's clock said about promises, by the day they fell due. */
struct promise_row {
	struct measure_key key; /* name: the promise, "complaint.answer" */
	int64_t set;
	int64_t met;
	int64_t missed;    /* and still missed */
	int64_t fulfilled; /* of them, done all the same, too late */
	int64_t corrected; /* reported missed, and kept in truth */
	int64_t cancelled;
	int64_t running;
	int64_t rungs; /* the highest rung reached */
};

struct promise_table {
	struct promise_row *rows;
	size_t count;
};

/* ---- Appointments and call-backs ---- */

struct appointment_row {
	struct measure_key key;
	int64_t due; /* agreed for the stretch and not called off */
	int64_t cancelled;
	int64_t moved;
	int64_t kept;
	int64_t late;        /* kept, but begun after the agreed window */
	struct ratio missed; /* by the station or nobody said whom, of those due */
	int64_t missed_by_customer;
	int64_t untold; /* a day over, and nobody said what became of it */
};

struct appointment_table {
	struct appointment_row *rows;
	size_t count;
};

struct callback_row {
	struct measure_key key;
	/* Call-backs after service: monthly in the first year, quarterly after; by when they fell due. */
	int64_t due;
	int64_t done;
	int64_t missed; /* the next fell due without it */
	int64_t open;   /* due and not done, the next not yet due */
	/* Call-backs that were planned, by when they are due. */
	int64_t planned;
	int64_t planned_done; /* by the end of their day */
	int64_t planned_late;
	int64_t planned_given_up;
	int64_t planned_overdue;
};

struct callback_table {
	struct callback_row *rows;
	size_t count;
};

/* A call-back after service that is open; the longest due first. */
struct callback_due {
	uint64_t customer;
	struct slice repair_order_id; /* the service it follows */
	struct slice station;
	int64_t due_us;
	int64_t number; /* 1 to 12 are the monthly ones */
};

/* ---- Prices ---- */

struct price_row {
	struct measure_key key;
	struct ratio off_list; /* charges off the list, of those judged */
	int64_t not_listed;    /* of them, on no list */
	int64_t unjudged;      /* nothing to judge by: free under cover, no code */
	int64_t over_minor;    /* charged above the list, sum in minor units */
	int64_t under_minor;
};

struct price_table {
	struct price_row *rows;
	size_t count;
};

enum charge_verdict {
	CHARGE_UNJUDGED,
	CHARGE_LISTED,
	CHARGE_OVER,
	CHARGE_UNDER,
	CHARGE_NOT_LISTED
};

struct off_list_charge {
	struct slice repair_order_id;
	struct slice station;
	struct slice item_code;
	struct slice currency;
	int64_t charged_minor;
	int64_t listed_minor; /* 0 when not listed */
	enum charge_verdict verdict;
	int64_t moment_us;
	struct slice event_source;
	struct slice event_id;
};

/* ---- Satisfaction ---- */

#define POINT_SCALE INT64_C(1000000) /* a score of 7.5 is 7500000 */

enum question_kind {
	QUESTION_UNKNOWN, /* too few answers to say */
	QUESTION_INDIFFERENT,
	QUESTION_BASIC,       /* hurts when missing, never lifts */
	QUESTION_PERFORMANCE, /* both */
	QUESTION_ATTRACTIVE,  /* lifts when there, its lack does not hurt */
};

/* One question of one survey; means are divided here, once, and rounded half up. */
struct question_row {
	struct measure_key key; /* name: the customer group or station in those cuts, else "" */
	struct slice survey;
	struct slice question;
	struct slice dimension;
	int64_t satisfied; /* the three steps, as ticked or by thirds of the scale */
	int64_t so_so;
	int64_t terrible;
	int64_t scored;           /* answers with points */
	int64_t mean_points;      /* millionths of a point */
	int64_t expected;         /* answers with points and expectation */
	int64_t perceived_points; /* mean of the points of those */
	int64_t expected_points;
	int64_t gap_points;   /* perceived - expected */
	int64_t weight;       /* millionths; all questions of a survey make 1000000 */
	int64_t weighted_gap; /* gap times weight */
	int64_t loss; /* weight x (1 - mean share) in millionths: what it takes off the index */
	enum question_kind kind;
	int64_t penalty; /* index points (millionths of 1) lost by the unhappy, against the middle */
	int64_t reward;  /* and won by the happy */
};

struct question_table {
	struct question_row *rows;
	size_t count;
};

/* Gaps by dimension. */
struct dimension_row {
	struct slice survey;
	struct slice dimension;
	int64_t answers;
	int64_t perceived_points;
	int64_t expected_points;
	int64_t gap_points;
	int64_t weight; /* of its questions together */
	int64_t weighted_gap;
	bool first; /* the largest weighted negative gap: the first thing to mend */
};

struct index_row {
	struct measure_key key;
	struct slice survey;
	int64_t responses;
	int64_t repeated; /* answered again by the same customer about the same service: the last counts */
	int64_t index_points; /* 0 to 100 in millionths: 70983333 is 70.9833; -1: nothing scored */
	int64_t expected_points; /* the same of expectations; -1: not asked */
};

struct index_table {
	struct index_row *rows;
	size_t count;
};

/* ---- Ranking ---- */

enum kpi {
	KPI_R14,
	KPI_FOUR_DAY,
	KPI_RR90,
	KPI_SUPPLY,
	KPI_APPOINTMENT,
	KPI_COMPLAINT,
	KPI_SATISFACTION,
	KPI_PRICE,
	KPI_COUNT
};

/* Best first.  Points: 0 to 100 in millionths. */
struct rank_row {
	struct slice station;
	struct slice name; /* by the station directory; empty: it is not in it */
	int64_t rank;      /* equal points share one; 0: too little data */
	int64_t points;
	struct {
		struct ratio measured; /* satisfaction: the index over 100 */
		int64_t points;        /* -1: no data */
	} kpi[KPI_COUNT];
};

const char *kpi_name(enum kpi kpi);

/* ---- All of it ---- */

struct measure_request {
	const struct quality_settings *settings;
	int64_t from_us;       /* included */
	int64_t until_us;      /* excluded */
	int64_t as_of_us;      /* what happened later is not looked at */
	enum period_unit unit; /* of the cuts by period */
	int64_t history_us;    /* CUT_PERIOD, and it alone, begins so much earlier */
	uint32_t cuts;         /* bits of enum cut: of others there are no rows; 0: all */
	/* May be NULL.  Is shown every repair (a repair_function), whatever the filter: who draws charts need
	 * not walk them once more. */
	enum ch_status (*watch)(
		void *watching, const struct repair_fact *fact, const struct marks *marks);
	void *watching;
	/* Only what is of these; empty: all. */
	struct slice station;
	struct slice model;
	struct slice part;
	struct slice group;
};

/* Of what the request asks for, whether any fact is of it, in the stretch or not: a name that is written wrongly has
 * none. */
struct measure_known {
	bool station;
	bool model;
	bool part;
};

/* How far the figures can be trusted. */
struct measure_notes {
	int64_t repairs_without_receipt; /* of which only later stages are known: counted nowhere */
	int64_t repairs_faulty;
	int64_t doubtful_times; /* events of before 1990 */
	int64_t calls_unfinished;
	int64_t responses_repeated;
	int64_t customers_erased; /* facts of people who were erased: in the group "unknown" */
	int64_t marks_over_bound; /* of facts that were told more often than LIMIT_FACT_MARKS */
};

#define MEASURE_LIST_MAX 1000u /* of each list; `_total` counts all */

struct measures {
	struct measure_request request;
	struct measure_notes notes;
	struct measure_known known;

	struct repair_table repair[CUT_COUNT];
	struct open_repair *open_repairs;
	size_t open_repair_count;
	int64_t open_repair_total;

	struct supply_table supply[CUT_COUNT];

	struct hotline_table
		hotline[CUT_COUNT];         /* CUT_ALL: one row a group, under its name; CUT_PERIOD:
						    every group, period by period; CUT_GROUP: one row a
						    customer group; the others are empty */
	struct hotline_table hotline_hours; /* every group, hour by hour of the day */

	struct case_table complaint[CUT_COUNT];
	struct open_case *open_cases;
	size_t open_case_count;
	int64_t open_case_total;
	struct promise_table promises; /* one row a promise */

	struct appointment_table appointment[CUT_COUNT];
	struct callback_table callback[CUT_COUNT];
	struct callback_due *callbacks_due;
	size_t callback_due_count;
	int64_t callback_due_total;

	struct price_table price[CUT_COUNT];
	struct off_list_charge *off_list;
	size_t off_list_count;
	int64_t off_list_total;

	struct question_table question[CUT_COUNT]; /* CUT_ALL, CUT_STATION, CUT_GROUP */
	struct dimension_row *dimensions;
	size_t dimension_count;
	struct index_table index[CUT_COUNT]; /* all but model and part */

	struct rank_row *ranking;
	size_t rank_count;

	void *owner; /* memory; measures_free's */
};

/* Reads the facts as of the transaction.  CH_NOMEM, CH_CORRUPT (a stored fact), CH_FULL (what is put
 * aside on the disk), what the book says. */
enum ch_status measures_make(struct book_txn *txn, const struct measure_request *request,
	struct measures **out_measures);
void measures_free(struct measures *measures); /* NULL is fine */

/* ---- The same in pieces, for who must not stop the module ---- */

/* `request` is copied; its settings and texts outlive this.  CH_NOMEM. */
enum ch_status measuring_create(
	const struct measure_request *request, struct measuring **out_measuring);
void measuring_free(struct measuring *measuring); /* NULL is fine */

/* Takes about `most` records more; between the pieces the book may change, and what was passed is not looked at
 * again.  CH_OK: there is more; CH_END: all is reckoned; CH_NOMEM, CH_CORRUPT, CH_FULL (what is put aside on
 * the disk), what the book says. */
enum ch_status measuring_go_on(struct measuring *measuring, struct book_txn *txn, size_t most);

/* What was reckoned, behind CH_END: the caller's from now on. */
struct measures *measuring_take(struct measuring *measuring);

#endif
