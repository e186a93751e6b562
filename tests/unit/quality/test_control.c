#include "module/quality/manager/control.h"

#include "weeks.h"

#include "module/quality/manager/control_plan.h"

static struct control *drawn_of(
	struct teller *teller, unsigned blocks, const struct fact_filter *filter)
{
	struct control *control = NULL;
	const int64_t as_of_us = MONDAY_US + HOUR_US;
	const struct control_request request = {.settings = &teller->settings,
		.until_us = as_of_us,
		.as_of_us = as_of_us,
		.blocks = blocks,
		.filter = *filter};
	assert_int_equal(control_create(&request, &control), CH_OK);
	control_look(control, teller->txn);
	assert_int_equal(repair_walk(teller->txn, as_of_us, control_take_repair, control), CH_OK);
	for (size_t i = 0; i < CONTROL_WALKS; i++)
		assert_int_equal(fact_walk(teller->txn, control_walks[i].table, as_of_us,
					 control_walks[i].take, control),
			CH_OK);
	assert_int_equal(control_finish(control), CH_OK);
	return control;
}

static struct control *drawn(struct teller *teller, unsigned blocks)
{
	const struct fact_filter all = {.as_of_us = 0};
	return drawn_of(teller, blocks, &all);
}

/* The newest chart of this id; NULL: none. */
static const struct control_chart *chart_of(const struct control *control, const char *id)
{
	struct buffer text = {0};
	const struct control_chart *found = NULL;
	for (size_t i = 0; i < control_chart_count(control); i++) {
		const struct control_chart *chart = control_chart_at(control, i);
		if (chart->current && slice_equal(control_chart_id(chart, &text), slice_text(id)))
			found = chart;
	}
	buffer_fini(&text);
	return found;
}

static unsigned rules_at(const struct control_chart *chart, size_t item, size_t at)
{
	size_t behind[CONTROL_PERIODS_MAX];
	size_t count;
	unsigned rules;
	return control_violated(chart, item, at, &rules, behind, &count) ? rules : 0;
}

/* A week in which repairs take two days longer is beyond the limits that the weeks before have set. */
static void test_usage(void **state)
{
	(void)state;
	struct teller teller;
	teller_make(&teller);
	tell_weeks(&teller, 39);
	for (int i = 0; i < 5; i++)
		tell_repair(&teller, "S1", NULL, MONDAY_US - WEEK_US, 4 * DAY_US + i * HOUR_US);
	struct control *control = drawn(&teller, 1);
	const struct control_chart *chart = chart_of(control, "repair.days/station:S1");
	assert_non_null(chart);
	assert_true(chart->judged);
	assert_int_equal(chart->charts.count, 2);
	assert_string_equal(control_kind(chart, 0), "xbar");
	assert_string_equal(control_kind(chart, 1), "R");
	size_t last = chart->samples.count - 1;
	assert_slice_text(chart->samples.items[last].label, "2026-W13");
	assert_int_equal(chart->samples.items[last].value_count, 10);
	assert_int_equal(rules_at(chart, 0, last) & 1, 1);
	for (size_t at = 0; at < last; at++)
		assert_int_equal(rules_at(chart, 0, at) & 1, 0);
	/* The events behind it are the repairs of that week. */
	assert_int_equal(chart->points[last]->event_total, 10);
	assert_int_equal(chart->points[last]->event_count, 10);
	assert_slice_text(chart->points[last]->events[0].source, "/s1");
	control_free(control);
	teller_remove(&teller);
}

/* Limits hold for a block of 13 weeks, counted from 1970, and come from the 26 before it. */
static void test_windows(void **state)
{
	(void)state;
	const struct control_plan *plan = &control_plans[CONTROL_DAYS];
	struct control_window one;
	struct control_window two;
	struct control_window later;
	const int64_t offset_us = 8 * HOUR_US;
	control_window_make(plan, offset_us, MONDAY_US, 1, &one);
	control_window_make(plan, offset_us, MONDAY_US, 2, &two);
	assert_int_equal(one.starts[one.count], MONDAY_US);
	assert_int_equal(one.current, plan->trial);
	assert_true(one.count > plan->trial && one.count <= plan->trial + plan->hold);
	assert_int_equal(two.current - two.previous, plan->hold);
	assert_int_equal(one.starts[one.current], two.starts[two.current]);
	/* In the middle of a week the last one has ended on Monday. */
	control_window_make(plan, offset_us, MONDAY_US + 3 * DAY_US, 1, &later);
	assert_int_equal(later.starts[later.count], MONDAY_US);
	/* A block later everything has moved by a block. */
	control_window_make(plan, offset_us, MONDAY_US + 13 * WEEK_US, 1, &later);
	assert_int_equal(later.starts[later.current], one.starts[one.current] + 13 * WEEK_US);
	assert_int_equal(control_window_find(&one, MONDAY_US - 1), one.count - 1);
	assert_int_equal(control_window_find(&one, one.starts[0]), 0);
	assert_int_equal(control_window_find(&one, one.starts[0] - 1), SIZE_MAX);
	assert_int_equal(control_window_find(&one, MONDAY_US), SIZE_MAX);
}

/* Too little history: drawn, every point on trial, and nothing judged. */
static void test_little_history(void **state)
{
	(void)state;
	struct teller teller;
	teller_make(&teller);
	tell_weeks(&teller, 3);
	tell_repair(&teller, "S2", NULL, MONDAY_US - WEEK_US, DAY_US); /* one point, one value */
	struct control *control = drawn(&teller, 2);
	const struct control_chart *chart = chart_of(control, "repair.days/station:S1");
	assert_non_null(chart);
	assert_false(chart->judged);
	for (size_t at = 0; at < chart->samples.count; at++)
		assert_int_equal(rules_at(chart, 0, at), 0);
	assert_null(chart_of(control, "repair.days/station:S2"));
	assert_null(chart_of(control, "complaint.count/all"));
	control_free(control);
	teller_remove(&teller);
}

/* Of a large week 25 are drawn, the same whatever the order in which they are taken. */
static void test_samples_do_not_depend_on_order(void **state)
{
	(void)state;
	struct control *controls[2];
	struct control_request request;
	struct repair_fact facts[60];
	struct mark marks[60];
	struct quality_settings settings;
	static const struct marks nothing_else;
	assert_int_equal(quality_settings_default(&settings), CH_OK);
	request = (struct control_request){
		.settings = &settings, .until_us = MONDAY_US, .as_of_us = MONDAY_US, .blocks = 1};
	char names[60][16];
	for (int i = 0; i < 60; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "R%02d", i);
		marks[i] = (struct mark){.moment_us = MONDAY_US - DAY_US * (1 + i % 10),
			.source = slice_text("/s1"),
			.id = slice_text(names[i])};
		facts[i] = (struct repair_fact){.order_id = slice_text(names[i]),
			.station = slice_text("S1"),
			.begun = {MONDAY_US - DAY_US * (3 + i % 13), &marks[i]},
			.repaired = {marks[i].moment_us, &marks[i]}};
	}
	for (int k = 0; k < 2; k++) {
		assert_int_equal(control_create(&request, &controls[k]), CH_OK);
		for (int i = 0; i < 60; i++)
			assert_int_equal(control_take_repair(controls[k],
						 &facts[k == 0 ? i : 59 - i], &nothing_else),
				CH_OK);
		assert_int_equal(control_finish(controls[k]), CH_OK);
	}
	const struct control_chart *a = chart_of(controls[0], "repair.days/station:S1");
	const struct control_chart *b = chart_of(controls[1], "repair.days/station:S1");
	assert_int_equal(a->samples.kind, CHART_XBAR_S); /* samples of more than ten */
	assert_int_equal(a->samples.count, b->samples.count);
	assert_int_equal(a->samples.value_count, b->samples.value_count);
	assert_memory_equal(a->samples.values, b->samples.values,
		a->samples.value_count * sizeof(*a->samples.values));
	for (size_t at = 0; at < a->samples.count; at++) {
		assert_int_equal(a->points[at]->event_count, CONTROL_EVENTS_MAX);
		for (size_t i = 0; i < CONTROL_EVENTS_MAX; i++)
			assert_true(slice_equal(
				a->points[at]->events[i].id, b->points[at]->events[i].id));
	}
	control_free(controls[0]);
	control_free(controls[1]);
	quality_settings_free(&settings);
}

/* Units that come back: counted at the month of their return, of the station that returned them. */
static void test_units_that_came_back(void **state)
{
	(void)state;
	struct teller teller;
	teller_make(&teller);
	char serial[16];
	const int64_t begin_us = MONDAY_US - 200 * DAY_US;
	for (int i = 0; i < 20; i++) {
		(void)snprintf(serial, sizeof(serial), "sn-%02d", i);
		tell_repair(&teller, "S1", serial, begin_us + i * HOUR_US, DAY_US);
	}
	/* Two come back in time, written otherwise and elsewhere; one too late. */
	tell_repair(&teller, "S2", "SN 03", begin_us + 30 * DAY_US, DAY_US);
	tell_repair(&teller, "S1", "SN04", begin_us + 60 * DAY_US, DAY_US);
	tell_repair(&teller, "S1", "SN05", begin_us + 95 * DAY_US, DAY_US);
	struct control *control = drawn(&teller, 2);
	const struct control_chart *chart = NULL;
	int64_t count = 0;
	int64_t units = 0;
	for (size_t i = 0; i < control_chart_count(control); i++) {
		chart = control_chart_at(control, i);
		if (chart->plan != &control_plans[CONTROL_AGAIN] ||
			!slice_equal(chart->name, SLICE_LITERAL("S1")) || !chart->current)
			continue;
		for (size_t at = 0; at < chart->samples.count; at++) {
			count += chart->points[at]->count;
			units += chart->points[at]->units;
		}
	}
	assert_int_equal(count, 2);
	assert_true(units >= 21);
	control_free(control);
	teller_remove(&teller);
}

/* More than one in twenty took over four days: a breach, limits or not. */
static void test_promise(void **state)
{
	(void)state;
	struct teller teller;
	teller_make(&teller);
	tell_weeks(&teller, 12);
	for (int i = 0; i < 4; i++) /* in February */
		tell_repair(&teller, "S1", NULL, MONDAY_US - 45 * DAY_US, 5 * DAY_US);
	tell_repair(&teller, "S2", NULL, MONDAY_US - 45 * DAY_US, 5 * DAY_US); /* too few */
	tell_repair(&teller, "S2", NULL, MONDAY_US - 75 * DAY_US, 5 * DAY_US);
	struct control *control = drawn(&teller, 1);
	const struct control_chart *chart = chart_of(control, "repair.late/station:S1");
	assert_non_null(chart);
	assert_false(chart->judged);
	assert_int_equal(chart->promised, 50000);
	for (size_t at = 0; at < chart->samples.count; at++)
		assert_int_equal(rules_at(chart, 0, at),
			slice_equal(chart->samples.items[at].label, SLICE_LITERAL("2026-02"))
				? 1u << CONTROL_RULE_PROMISE
				: 0);
	assert_int_equal(chart->points[chart->samples.count - 1]->event_total, 4);
	chart = chart_of(control, "repair.late/station:S2");
	assert_non_null(chart);
	for (size_t at = 0; at < chart->samples.count; at++)
		assert_int_equal(rules_at(chart, 0, at), 0);
	control_free(control);
	teller_remove(&teller);
}

/* A part asked for in the repair that was told last. */
static void tell_part(struct teller *teller, const char *number, int64_t at_us)
{
	char order[32];
	char id[48];
	Carehub__V1__RepairPart part = CAREHUB__V1__REPAIR_PART__INIT;
	Carehub__V1__RepairPart *list[] = {&part};
	Carehub__V1__RepairPartRequested message = CAREHUB__V1__REPAIR_PART_REQUESTED__INIT;
	(void)snprintf(order, sizeof(order), "R%05" PRIu64, weeks_told);
	(void)snprintf(id, sizeof(id), "%s-part", order);
	part.part_number = TEXT(number);
	message.repair_order_id = order;
	message.parts = list;
	message.n_parts = 1;
	tell(teller, "repair.part.requested", &message.base, at_us, id, 0);
}

static int64_t repairs_in(const struct control *control, const char *id)
{
	const struct control_chart *chart = chart_of(control, id);
	int64_t units = 0;
	for (size_t at = 0; chart != NULL && at < chart->samples.count; at++)
		units += chart->points[at]->units;
	return units;
}

/* Charts of one part, and of one group of customers, are drawn of those repairs and complaints alone. */
static void test_filters(void **state)
{
	(void)state;
	struct teller teller;
	Carehub__V1__ComplaintFiled filed = CAREHUB__V1__COMPLAINT_FILED__INIT;
	Carehub__V1__Regarding about = CAREHUB__V1__REGARDING__INIT;
	struct fact_filter filter = {.part = slice_text("P1"), .as_of_us = INT64_MAX};
	char order[32];
	teller_make(&teller);
	tell_weeks(&teller, 20);
	for (int week = 1; week <= 10; week++) {
		char id[16];
		tell_repair(&teller, "S1", NULL, MONDAY_US - week * WEEK_US,
			week == 7 ? 5 * DAY_US : DAY_US);
		tell_part(&teller, "P1", MONDAY_US - week * WEEK_US);
		(void)snprintf(order, sizeof(order), "R%05" PRIu64, weeks_told);
		(void)snprintf(id, sizeof(id), "K%d", week);
		filed.complaint_id = id;
		filed.regarding = week <= 4 ? &about : NULL;
		about.repair_order_id = order;
		tell(&teller, "website.complaint.filed", &filed.base, MONDAY_US - week * WEEK_US,
			id, 1);
	}
	/* March has not ended: its repairs are in no point. */
	struct control *control = drawn(&teller, 1);
	assert_int_equal(repairs_in(control, "repair.late/station:S1"), 86);
	control_free(control);
	filter.txn = teller.txn;
	control = drawn_of(&teller, 1, &filter);
	assert_int_equal(repairs_in(control, "repair.late/station:S1"), 6);
	const struct control_chart *complaints = chart_of(control, "complaint.count/all");
	int64_t count = 0;
	for (size_t at = 0; at < complaints->samples.count; at++)
		count += complaints->samples.items[at].count;
	assert_int_equal(count, 4);
	control_free(control);
	/* All of them are of one customer, who is new. */
	filter = (struct fact_filter){.group = slice_text("new")};
	assert_int_equal(customers_create(&teller.settings, &filter.customers), CH_OK);
	customers_look(filter.customers, teller.txn);
	assert_int_equal(customers_load(filter.customers), CH_OK);
	control = drawn_of(&teller, 1, &filter);
	assert_int_equal(repairs_in(control, "repair.late/station:S1"), 86);
	control_free(control);
	filter.group = slice_text("long-standing");
	control = drawn_of(&teller, 1, &filter);
	assert_int_equal(repairs_in(control, "repair.late/station:S1"), 0);
	control_free(control);
	customers_free(filter.customers);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_little_history),
		cmocka_unit_test(test_samples_do_not_depend_on_order),
		cmocka_unit_test(test_units_that_came_back),
		cmocka_unit_test(test_promise),
		cmocka_unit_test(test_filters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
