/* The sections of the manager's report, one file each or two: see manager_report.h.  Every one takes a
 * report that is out of memory and does nothing. */
#ifndef QUALITY_MANAGER_H
#define QUALITY_MANAGER_H

#include "module/quality/fact/divide.h"
#include "module/quality/manager/manager_report.h"
#include "module/quality/manager/promise.h"

/* Lists of single repairs, complaints, charges: the page shows so many rows. */
#define MANAGER_SHOWN 15u

static inline struct cell manager_ratio(struct ratio ratio)
{
	return cell_share(ratio.part, ratio.whole);
}

/* The mean, to the microsecond; nothing of nothing. */
static inline struct cell manager_mean(struct span span)
{
	return span.count == 0 ? cell_none() : cell_duration(divide_round(span.sum_us, span.count));
}

/* Points in millionths, as they are everywhere in measure.h; negative: none. */
static inline struct cell manager_points(int64_t points)
{
	return points < 0 ? cell_none() : cell_number((struct decimal){points, 6});
}

/* A name, or what stands for none. */
static inline struct cell manager_name(struct slice name)
{
	return cell_text(name.len == 0 ? slice_text("not told") : name);
}

/* Of a row: its name, or in CUT_PERIOD its period's. */
struct cell manager_key(struct report *report, const struct measures *measures, enum cut cut,
	struct slice name, int64_t period_us);

/* How a ratio stands to the rule of the ranking: the target reached, four fifths of the points (the way from
 * the floor to the target), or less; STATE_UNKNOWN without data, STATE_PLAIN without a rule. */
enum cell_state manager_judge(
	const struct quality_settings *settings, enum kpi kpi, struct ratio measured);

/* A promise's ratio as its unit has it, and how it stands: by the rule of its KPI, else by its own. */
struct cell manager_promise(const struct promise *promise, struct ratio ratio);
enum cell_state manager_promise_state(
	const struct quality_settings *settings, const struct promise *promise, struct ratio ratio);

void manager_promises(struct report *report, const struct measures *measures);
void manager_strata(struct report *report, const struct measures *measures);
void manager_ranking(struct report *report, const struct measures *measures);
void manager_repairs(struct report *report, const struct manager_input *input);
void manager_supply(struct report *report, const struct measures *measures);
void manager_hotline(struct report *report, const struct measures *measures);
void manager_complaints(struct report *report, const struct measures *measures);
void manager_visits(struct report *report, const struct measures *measures);
void manager_satisfaction(struct report *report, const struct measures *measures);
void manager_prices(struct report *report, const struct measures *measures);
void manager_defects(struct report *report, const struct manager_input *input);
void manager_control(struct report *report, const struct manager_input *input);

#endif
