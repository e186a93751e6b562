#include "module/quality/manager/defects.h"

#include "support/unit.h"

#include <stdio.h>

static struct mark found[8];

static struct repair_fact repair(const char *station, const char *model, const char *part,
	size_t defect_count, const char *const *codes)
{
	struct repair_fact fact = {.station = slice_text(station),
		.model = slice_text(model),
		.defect_count = defect_count,
		.part_count = part != NULL ? 1 : 0};
	fact.part_numbers[0] = slice_text(part);
	for (size_t i = 0; i < defect_count; i++) {
		found[i] = (struct mark){.moment_us = 50};
		found[i].texts[0] = slice_text(codes[i]);
		fact.defects[i] = &found[i];
	}
	return fact;
}

static void take(struct defects *defects, struct repair_fact fact)
{
	assert_int_equal(defects_take_repair(defects, &fact, NULL), CH_OK);
}

static void begin(struct defects *defects, const char *station)
{
	const struct fact_filter filter = {.station = slice_text(station)};
	defects_init(defects, 0, 100, &filter);
}

/* The battery fails everywhere; the fan only in one model. */
static void tell(struct defects *defects)
{
	static const char *const battery[] = {"battery"};
	static const char *const both[] = {"battery", "fan"};
	static const char *const fan[] = {"fan"};
	take(defects, repair("S1", "A", "P-1", 1, battery));
	take(defects, repair("S1", "A", NULL, 1, battery));
	take(defects, repair("S2", "B", "P-2", 2, both));
	take(defects, repair("S2", "B", "P-2", 1, fan));
	take(defects, repair("S2", "A", NULL, 1, battery));
	take(defects, repair("S2", "A", NULL, 0, NULL));
}

static void test_usage(void **state)
{
	(void)state;
	struct defects defects;
	begin(&defects, NULL);
	tell(&defects);
	assert_int_equal(defects_rank(&defects), CH_OK);
	assert_int_equal(defects.all.total, 6);
	assert_int_equal(defects.repairs, 5);
	assert_slice_text(defects.all.classes[0]->name, "battery");
	assert_int_equal(defects.all.classes[0]->count, 4);
	assert_int_equal(defects.count[DEFECT_BY_MODEL], 2);
	const struct defect_stratum *worst = defects.strata[DEFECT_BY_MODEL][1];
	assert_slice_text(worst->name, "B");
	assert_int_equal(worst->repairs, 2);
	assert_int_equal(worst->defects.total, 3);
	assert_slice_text(worst->defects.classes[0]->name, "fan");
	assert_int_equal(defects.count[DEFECT_BY_PART], 2);
	assert_int_equal(defects.count[DEFECT_BY_STATION], 2);
	assert_slice_text(defects.strata[DEFECT_BY_STATION][0]->name, "S2");
	defects_fini(&defects);
}

static void test_filters(void **state)
{
	(void)state;
	struct defects defects;
	begin(&defects, "S1");
	tell(&defects);
	assert_int_equal(defects.all.total, 2);
	defects_fini(&defects);
	const struct fact_filter filter = {.model = slice_text("B"), .part = slice_text("P-2")};
	defects_init(&defects, 0, 100, &filter);
	tell(&defects);
	assert_int_equal(defects.all.total, 3);
	defects_fini(&defects);
}

/* What was found before or behind the stretch is not of it. */
static void test_stretch(void **state)
{
	(void)state;
	struct defects defects;
	const struct fact_filter all = {.as_of_us = 0};
	defects_init(&defects, 51, 100, &all);
	tell(&defects);
	assert_int_equal(defects.all.total, 0);
	assert_int_equal(defects_rank(&defects), CH_OK);
	assert_int_equal(defects.count[DEFECT_BY_MODEL], 0);
	defects_fini(&defects);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_stretch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
