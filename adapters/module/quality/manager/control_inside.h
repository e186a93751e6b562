/* Charts while facts are taken for them: what control.c, which draws, and control_take.c share, and nobody else. */
#ifndef QUALITY_CONTROL_INSIDE_H
#define QUALITY_CONTROL_INSIDE_H

#include "base/table.h"
#include "module/quality/manager/control.h"
#include "module/quality/manager/control_plan.h"

/* One chart's data; points are made when something falls into them. */
struct control_stratum {
	enum control_plan_id plan;
	struct slice name;
	struct slice key; /* in the table: the plan and the name */
	struct control_point *points[CONTROL_PERIODS_MAX];
};

/* A unit that came to a station, or left it. */
struct control_visit {
	uint64_t serial;
	int64_t moment_us;
	struct control_stratum *left; /* NULL: it came */
	struct control_event event;   /* of what came */
};

struct control {
	struct control_request request;
	int64_t offset_us;
	int64_t again_us;
	struct control_window windows[CONTROL_PLANS];
	struct arena arena;
	struct table strata;
	struct control_stratum **order; /* of the strata, sorted when all is taken */
	struct table sources;           /* texts of few values, kept once */
	struct control_visit *visits;
	size_t visit_count;
	size_t visit_capacity;
	struct control_chart *charts;
	size_t chart_count;
	size_t chart_capacity;
};

/* The point of that moment; NULL in *out_point when it is in no period that is drawn.  CH_NOMEM, CH_TOO_LARGE. */
enum ch_status control_point_of(struct control *control, enum control_plan_id plan,
	struct slice name, int64_t moment_us, struct control_point **out_point);

/* By time, then by which event it is. */
int control_event_compare(const struct control_event *a, const struct control_event *b);

/* Keeps the earliest, so that it does not matter in which order they are taken. */
void control_event_add(struct control_point *point, const struct control_event *event);

#endif
