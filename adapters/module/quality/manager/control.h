/* Control charts over the facts: which stations, models and weeks are not what chance makes of the others.
 *
 *   chart            point                              kind    drawn for
 *   repair.days      days from receipt to repair, of    xbar-r  each station, by week; xbar-s where a
 *                    at most 25 repairs of the week     xbar-s  sample has more than 10 values
 *   repair.late      repairs that took over 4 days, of    p       each station, by month
 *                    those repaired
 *   repair.open      repairs open for over 14 days, of    p       each station, by month of the receipt
 *                    those received
 *   repair.again     units back within 90 days, of      p       each station, by month of the return
 *                    the returns whose days have passed
 *   part.late        parts later than promised, of those  p       each station, by month of the request
 *                    that came or are overdue
 *   appointment.missed  by the station, of those due      p       each station, by month
 *   repair.defects   defects found per unit repaired    u       each model, by week
 *   complaint.late   complaints not answered in time, of  p       all, by month of the filing
 *                    those answered or overdue
 *   complaint.count  complaints filed                   c       all, by week
 *
 * Limits are held, as the trade does: those of a block of periods (13 weeks, 6 months) are set by the
 * periods before the block (26 weeks, 12 months), the same for whoever asks and whenever, and the points of
 * the block are held against them.  So a point is judged once and for all, unless its facts change.  Where fewer
 * periods before it have data than `least`, or they hold fewer than CONTROL_FOUND_MIN of what is counted, the
 * chart is drawn with every point on trial, and judges nothing.
 *
 * A week of a large station has hundreds of repairs; limits for means of hundreds are so tight that any
 * difference is beyond them.  A sample of 25 is drawn by a hash of the repair's number: the same whatever the
 * order of arrival, and nobody's choice.  What took longer than R14's 14 days counts as 14: R14 tells of it, and
 * one lost unit must not widen the limits until nothing else is beyond them.
 *
 *     control_create(&request, &control);
 *     repair_walk(txn, as_of_us, control_take_repair, control);     or record by record
 *     for (i ...; i < CONTROL_WALKS; i++) fact_walk(txn, control_walks[i].table, ... control)
 *     control_finish(control);
 *     for (i ...; i < control_chart_count(control); i++) control_chart_at(control, i) */
#ifndef QUALITY_CONTROL_H
#define QUALITY_CONTROL_H

#include "module/quality/chart/chart.h"
#include "module/quality/chart/constants.h"
#include "module/quality/fact/case_fact.h"
#include "module/quality/fact/repair_fact.h"
#include "module/quality/manager/fact_filter.h"
#include "module/quality/quality_settings.h"

enum control_plan_id {
	CONTROL_DAYS,
	CONTROL_LATE,
	CONTROL_OPEN,
	CONTROL_AGAIN,
	CONTROL_PARTS,
	CONTROL_APPOINTMENTS,
	CONTROL_DEFECTS,
	CONTROL_ANSWERS,
	CONTROL_COMPLAINTS,
	CONTROL_PLANS
};

struct control_plan {
	const char *key;     /* in chart_id, "repair.days" */
	const char *title;   /* for people */
	const char *stratum; /* "station", "model", "": one for all */
	const char *unit;    /* of a point */
	const char *counted; /* what a point is made of: "repairs" */
	enum chart_kind kind;
	enum period_unit period;
	unsigned trial;      /* periods that set the limits */
	unsigned hold;       /* periods that they hold for */
	unsigned least;      /* of the former must have data */
	long double divisor; /* of a chart's number, to what is published: days, shares of 1 */
	double shown;        /* and that number times this in `unit`: a share in percent */
};
extern const struct control_plan control_plans[CONTROL_PLANS];

#define CONTROL_PERIODS_MAX 64u
#define CONTROL_EVENTS_MAX  16u /* told of one point: the earliest */
#define CONTROL_FOUND_MIN   5

struct control_event {
	struct slice source;
	struct slice id;
	int64_t moment_us;
};

/* One period of one stratum. */
struct control_point {
	int64_t values[CONSTANTS_SIZE_MAX]; /* of the sample, microseconds */
	uint64_t draws[CONSTANTS_SIZE_MAX]; /* by which it was drawn: the least of all */
	unsigned value_count;
	int64_t count; /* of what p, u and c count */
	int64_t units; /* that were looked at; all repairs of the period */
	struct control_event events[CONTROL_EVENTS_MAX];
	size_t event_count;
	int64_t event_total;
};

struct control_chart {
	const struct control_plan *plan;
	struct slice name; /* of the stratum */
	bool judged; /* limits hold for the points that are not on trial; else nothing is judged */
	int64_t block_us; /* where its block begins */
	int64_t promised; /* millionths that a share must not be above; -1: nothing was promised */
	int64_t promise_cases;  /* fewer say nothing of it */
	bool current;           /* of the block of the last period, not of the one before */
	struct samples samples; /* in the order of periods; those without data are left out */
	struct charts charts;
	const struct control_point **points; /* one a sample */
	int64_t *starts;                     /* of its period */
};

struct control_request {
	const struct quality_settings *settings;
	int64_t until_us; /* periods that end by then are drawn */
	int64_t as_of_us; /* and nothing later is known */
	unsigned blocks;  /* 1: the block of the last period; 2: the one before it, too */
	struct fact_filter filter;
};

struct control;

/* `request` is copied; its settings and texts outlive the control.  CH_NOMEM. */
enum ch_status control_create(const struct control_request *request, struct control **out_control);
void control_free(struct control *control); /* NULL is fine */

/* Where complaints and appointments look up what else is known of them; again before each piece of a walk that goes
 * on in another transaction. */
void control_look(struct control *control, struct book_txn *txn);

/* A repair_function: what is needed of the fact is copied.  CH_NOMEM; CH_TOO_LARGE (LIMIT_CONTROL_STRATA); CH_FULL, CH_IO
 * (what is put aside on the disk); what the filter's book says. */
enum ch_status control_take_repair(
	void *control, const struct repair_fact *fact, const struct marks *marks);

/* Fact_functions of FACT_ORDERS, FACT_APPOINTMENTS and FACT_CASES; the latter two look (control_look).  The same. */
enum ch_status control_take_order(void *control, struct slice key, const struct marks *marks);
enum ch_status control_take_appointment(void *control, struct slice key, const struct marks *marks);
enum ch_status control_take_case(void *control, struct slice key, const struct marks *marks);

/* All that there is beside the repairs. */
#define CONTROL_WALKS 3
extern const struct control_walk {
	enum fact_table table;
	fact_function *take;
} control_walks[CONTROL_WALKS];

/* All was taken: draws the charts.  CH_NOMEM. */
enum ch_status control_finish(struct control *control);

/* By plan, stratum, block. */
size_t control_chart_count(const struct control *control);
const struct control_chart *control_chart_at(const struct control *control, size_t at);

/* "repair.days/station:S1", "complaint.count/all". */
struct slice control_chart_id(const struct control_chart *chart, struct buffer *out);

/* "xbar", "R", "s", "p", "u", "c": of one of its charts. */
const char *control_kind(const struct control_chart *chart, size_t at);

/* The first period that the block of the chart's judged points, or that of the block before, begins with. */
int64_t control_judged_from(const struct control *control, enum control_plan_id plan);

/* The rule that a share above its promise breaks, with enough cases (quality.ranking_cases); it needs no limits. */
#define CONTROL_RULE_PROMISE 4u /* bit; told as rule 5 */

/* Of the point `at` of `chart->charts.items[item]`: whether it is judged and breaks a rule.  Bit 0 of
 * *out_rules is r1.  *out_behind are the points of all the patterns, `at` first, and where nothing happened in any
 * of them those that set the limits, of which it has become less; as many as there are samples fit. */
bool control_violated(const struct control_chart *chart, size_t item, size_t at,
	unsigned *out_rules, size_t *out_behind, size_t *out_behind_count);

#endif
