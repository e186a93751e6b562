/* The service's promises, each as one ratio a row of a report: what the report's top row, its breakdown by
 * model, part, period and group, and what is published have in common. */
#ifndef QUALITY_PROMISE_H
#define QUALITY_PROMISE_H

#include "module/quality/measure/measure.h"

struct quality_settings;

/* One measure of one row of a cut. */
struct taken {
	struct slice name;
	int64_t period_us;
	struct ratio ratio;
};

/* Rows stand in order of name, then period; of one name and period there may be several, which add up.  False: the
 * cut has no such row. */
typedef bool take_function(
	const struct measures *measures, enum cut cut, size_t at, struct taken *out_taken);

enum promise_unit {
	PROMISE_SHARE,  /* part of whole */
	PROMISE_POINTS, /* the same as 0 to 100 points: an index */
	PROMISE_SPAN,   /* microseconds by count */
};

#define PROMISE_NO_KPI (-1)

struct promise {
	const char *key;       /* in a report */
	const char *published; /* in quality.measure.published */
	const char *title;
	const char *brief;       /* above a column */
	const char *counted;     /* "of 12 repairs received" */
	const char *counted_one; /* "of 1 repair received" */
	take_function *take;
	int kpi; /* whose rule of the ranking judges it */
	enum promise_unit unit;
	unsigned digits;
	bool high;  /* is better, where no rule says so */
	bool none;  /* any one case breaks it, where no rule says so */
	bool shown; /* in a report's top row and breakdown */
	size_t ripe_at; /* of quality_settings: so many ms behind a period's end it is judged; 0: no such */
	int64_t ripe_days; /* else so many days */
};

enum promise_id {
	PROMISE_R14,
	PROMISE_R140,
	PROMISE_FOUR_DAY,
	PROMISE_RR90,
	PROMISE_STOCK,
	PROMISE_OVERSEAS,
	PROMISE_ANSWERED,
	PROMISE_ABANDONED,
	PROMISE_SPEED,
	PROMISE_FIRST_CONTACT,
	PROMISE_ACKNOWLEDGE,
	PROMISE_COMPLAINT,
	PROMISE_APPOINTMENT,
	PROMISE_CALLBACK,
	PROMISE_SATISFACTION,
	PROMISE_PRICE,
	PROMISES
};
extern const struct promise promises[PROMISES];

/* When all that a period promised has run out, of which `end_us` is the end: of a return, its 90 days. */
int64_t promise_ripe_us(
	const struct promise *promise, const struct quality_settings *settings, int64_t end_us);

struct takes {
	struct taken *items; /* in order of name, then period; each once */
	size_t count;
};

/* Every row of the cut; names are empty where it is not by names.  CH_NOMEM. */
enum ch_status takes_gather(const struct promise *promise, const struct measures *measures,
	enum cut cut, struct takes *out_takes);
void takes_free(struct takes *takes);

#endif
