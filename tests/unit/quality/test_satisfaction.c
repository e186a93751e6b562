#include "module/quality/measure/satisfaction.h"

#include "support/unit.h"

#include <stdio.h>

#include "module/quality/fact/divide.h"

/* The index of three questions on 1..10, "70.9833". */
static const char *acsi(const int64_t weights[3], const int64_t means[3], int64_t answers)
{
	static char text[32];
	struct index_term terms[3];
	for (int i = 0; i < 3; i++)
		terms[i] = (struct index_term){
			weights[i], {(means[i] - 1000000) * answers, answers, 9000000}};
	int64_t points = index_points(terms, 3);
	int64_t rounded = (points + 50) / 100;
	(void)snprintf(text, sizeof(text), "%lld.%04lld", (long long)(rounded / 10000),
		(long long)(rounded % 10000));
	return text;
}

static void test_golden_values(void **state)
{
	const int64_t weights[] = {388500, 319000, 292500};
	const int64_t equal[] = {1, 1, 1};
	const int64_t means[] = {8000000, 7000000, 7000000};
	(void)state;
	assert_string_equal(acsi(weights, means, 1), "70.9833");
	assert_string_equal(acsi(weights, means, 1000000), "70.9833");
	assert_string_equal(acsi(equal, means, 1), "70.3704");
	assert_string_equal(acsi(equal, means, 999983), "70.3704");
}

static void test_what_takes_no_part(void **state)
{
	struct index_term terms[] = {
		{5, {9, 1, 9}}, {0, {0, 1, 9}}, {7, {0, 0, 9}}, {7, {0, 5, 0}}, {-1, {0, 1, 9}}};
	(void)state;
	assert_int_equal(index_points(terms, 5), 100000000);
	assert_int_equal(index_points(terms + 1, 4), -1);
	assert_int_equal(index_points(NULL, 0), -1);
}

static void test_division(void **state)
{
	(void)state;
	assert_int_equal(divide_round(5, 2), 3);
	assert_int_equal(divide_round(-5, 2), -3);
	assert_int_equal(divide_round(5, -2), -3);
	assert_int_equal(divide_round(7, 0), 0);
	assert_int_equal(divide_round((__int128_t)INT64_MAX * 4, 2), INT64_MAX);
}

static enum question_kind kind(int64_t unhappy, int64_t middle, int64_t happy)
{
	int64_t penalty;
	int64_t reward;
	const struct contrast contrast = {{unhappy * 30, middle * 30, happy * 30}, {30, 30, 30}};
	return question_classify(&contrast, 30, 5, &penalty, &reward);
}

static void test_kinds(void **state)
{
	int64_t penalty = 0;
	int64_t reward = 0;
	const struct contrast few = {{0, 0, 0}, {30, 29, 30}};
	(void)state;
	assert_int_equal(kind(300000, 700000, 710000), QUESTION_BASIC);
	assert_int_equal(kind(300000, 600000, 900000), QUESTION_PERFORMANCE);
	assert_int_equal(kind(600000, 610000, 900000), QUESTION_ATTRACTIVE);
	assert_int_equal(kind(600000, 610000, 620000), QUESTION_INDIFFERENT);
	assert_int_equal(
		kind(600000, 650000, 699999), QUESTION_BASIC); /* 5 points, and not quite */
	assert_int_equal(kind(900000, 500000, 100000), QUESTION_INDIFFERENT);
	assert_int_equal(question_classify(&few, 30, 5, &penalty, &reward), QUESTION_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_values),
		cmocka_unit_test(test_what_takes_no_part),
		cmocka_unit_test(test_division),
		cmocka_unit_test(test_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
