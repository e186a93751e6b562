/* Charts while facts are taken for them: what control.c, which draws, and control_take.c share, and nobody else. */
#ifndef QUALITY_CONTROL_INSIDE_H
#define QUALITY_CONTROL_INSIDE_H

#include "base/table.h"
#include "module/quality/manager/control.h"
#include "module/quality/manager/control_plan.h"
#include "module/quality/measure/sorter.h"

/* One chart's data; points are made when something falls into them. */
struct control_stratum {
	enum control_plan_id plan;
	uint32_t number;
	struct slice name;
	struct slice key; /* in the table: the plan and the name */
	struct control_point *points[CONTROL_PERIODS_MAX];
};

/* Longer ids of events stand in the arena. */
#define CONTROL_ID_BYTES 44u

/* A unit that came, or went back: sorted when all is known. */
struct control_visit {
	uint64_t unit[2];
	int64_t moment_us;
	uint32_t left;   /* the stratum that it went back from, by its number; 0: it came */
	uint32_t source; /* of the event by which it came, by its number */
	uint32_t id_len;
	uint8_t id
		[CONTROL_ID_BYTES]; /* the event's, zeros behind it; of a longer one where it is */
};

/* A source of events, kept once. */
struct control_source {
	struct slice name;
	uint32_t number;
};

/* Things by their numbers, from 1. */
struct control_list {
	void **items;
	size_t count;
	size_t capacity;
};

struct control {
	struct control_request request;
	int64_t offset_us;
	int64_t again_us;
	struct control_window windows[CONTROL_PLANS];
	struct arena arena;
	struct table strata;
	struct control_stratum **order; /* of the strata, sorted when all is taken */
	struct control_list by_number;  /* the strata */
	struct table sources;           /* name: struct control_source */
	struct control_list source_list;
	struct sorter *visits;
	struct marks *other; /* of what is looked up beside */
	struct control_chart *charts;
	size_t chart_count;
	size_t chart_capacity;
};

/* The point of that moment; NULL in *out_point when it is in no period that is drawn.  CH_NOMEM, CH_TOO_LARGE. */
enum ch_status control_point_of(struct control *control, enum control_plan_id plan,
	struct slice name, int64_t moment_us, struct control_point **out_point);

/* The event by which the unit came. */
struct control_event control_visit_event(
	const struct control *control, const struct control_visit *visit);

/* By unit, then by time; what comes in the moment in which another leaves came before. */
int control_visit_compare(const void *a, const void *b);

/* Adds the event of a mark to a point, which keeps a copy if it is among the earliest.  CH_NOMEM. */
enum ch_status control_event_note(
	struct control *control, struct control_point *point, const struct mark *mark);

/* The parts that were asked for in a repair, or in a parts order (NULL).  CH_NOMEM, CH_TOO_LARGE, what the filter's
 * book says. */
enum ch_status control_take_lines(
	struct control *control, const struct repair_fact *repair, const struct marks *marks);

/* Whether a complaint that `filing` filed was answered in time.  The same. */
enum ch_status control_take_answer(
	struct control *control, const struct case_fact *fact, const struct mark *filing);

/* Keeps the earliest, so that it does not matter in which order they are taken. */
void control_event_add(struct control_point *point, const struct control_event *event);

#endif
