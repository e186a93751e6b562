/* What a chart and a Pareto order look like outside: one JSON document, or a table for people.  The
 * keys are described in docs/quality.md. */
#ifndef QUALITY_CHART_REPORT_H
#define QUALITY_CHART_REPORT_H

#include "module/quality/chart/chart.h"
#include "module/quality/chart/pareto.h"

/* The two belong together; names of samples are read from `samples`.  A sticky CH_NOMEM in out->status. */
void chart_report_json(const struct samples *samples, const struct charts *charts,
	const struct run_rule_set *rules, struct buffer *out);
void chart_report_text(const struct samples *samples, const struct charts *charts,
	const struct run_rule_set *rules, struct buffer *out);

/* Of a ranked order whose total is above 0. */
void pareto_report_json(const struct pareto *pareto, struct buffer *out);
void pareto_report_text(const struct pareto *pareto, struct buffer *out);

#endif
