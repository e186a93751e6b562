#include "module/quality/measure/strata.h"

#include "support/unit.h"

#include <stdio.h>

static struct stratum kept(struct strata *strata, const char *station, const char *model,
	const char *first, const char *second)
{
	const struct slice parts[] = {slice_text(first), slice_text(second)};
	struct measure_subject subject = {.station = slice_text(station),
		.model = slice_text(model),
		.parts = parts,
		.part_count = first == NULL    ? 0
			      : second == NULL ? 1
					       : 2,
		.group = GROUP_NEW};
	assert_int_equal(strata_keep(strata, &subject), CH_OK);
	return subject.stratum;
}

static void test_usage(void **state)
{
	struct strata strata;
	struct measure_subject subject;
	(void)state;
	strata_init(&strata);
	struct stratum stratum = kept(&strata, "S1", "KDL", "P1", "P2");
	strata_subject(&strata, stratum, &subject);
	assert_slice_text(subject.station, "S1");
	assert_slice_text(subject.model, "KDL");
	assert_int_equal(subject.part_count, 2);
	assert_slice_text(subject.parts[1], "P2");
	assert_int_equal(subject.group, GROUP_NEW);
	strata_fini(&strata);
}

/* The same subject is the same number; texts do not run into each other, and there may be none. */
static void test_each_once(void **state)
{
	struct strata strata;
	struct measure_subject subject;
	(void)state;
	strata_init(&strata);
	struct stratum a = kept(&strata, "AB", "C", "P", NULL);
	struct stratum b = kept(&strata, "A", "BC", "P", NULL);
	struct stratum c = kept(&strata, "", "", NULL, NULL);
	struct stratum again = kept(&strata, "AB", "C", "P", NULL);
	assert_int_equal(a.where, again.where);
	assert_int_equal(a.parts, again.parts);
	assert_int_not_equal(a.where, b.where);
	assert_int_equal(a.parts, b.parts);
	strata_subject(&strata, c, &subject);
	assert_int_equal(subject.station.len, 0);
	assert_int_equal(subject.part_count, 0);
	strata_fini(&strata);
}

/* Numbers stay what they are while others come. */
static void test_many(void **state)
{
	struct strata strata;
	struct stratum strata_of[1000];
	char station[16];
	(void)state;
	strata_init(&strata);
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(station, sizeof(station), "S%u", i);
		strata_of[i] = kept(&strata, station, "M", station, NULL);
	}
	for (unsigned i = 0; i < 1000; i++) {
		struct measure_subject subject;
		(void)snprintf(station, sizeof(station), "S%u", i);
		strata_subject(&strata, strata_of[i], &subject);
		assert_slice_text(subject.station, station);
		assert_slice_text(subject.parts[0], station);
	}
	strata_fini(&strata);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
