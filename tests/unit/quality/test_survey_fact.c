#include "module/quality/fact/survey_fact.h"

#include "orders.h"

static const int64_t base = INT64_C(1772294400) * 1000000; /* 2026-03-01 00:00 +08:00 */

struct given {
	const char *question;
	const char *dimension;
	int64_t score; /* on 1..10; 0: not told */
	int64_t expectation;
};

#define GIVEN_MAX 4

static void answer(struct teller *teller, const char *response, const char *event,
	const struct given *given, size_t count, uint64_t customer, int64_t at_us)
{
	Carehub__V1__SurveyAnswered message = CAREHUB__V1__SURVEY_ANSWERED__INIT;
	Carehub__V1__SurveyAnswer answers[GIVEN_MAX];
	Carehub__V1__SurveyAnswer *list[GIVEN_MAX];
	Carehub__V1__Decimal scores[GIVEN_MAX];
	Carehub__V1__Decimal expectations[GIVEN_MAX];
	Carehub__V1__Decimal lowest = CAREHUB__V1__DECIMAL__INIT;
	Carehub__V1__Decimal highest = CAREHUB__V1__DECIMAL__INIT;
	lowest.unscaled = 10; /* 1.0 */
	lowest.scale = 1;
	highest.unscaled = 10;
	for (size_t i = 0; i < count; i++) {
		carehub__v1__survey_answer__init(&answers[i]);
		carehub__v1__decimal__init(&scores[i]);
		carehub__v1__decimal__init(&expectations[i]);
		list[i] = &answers[i];
		answers[i].question_id = TEXT(given[i].question);
		answers[i].dimension = TEXT(given[i].dimension);
		answers[i].scale_min = &lowest;
		answers[i].scale_max = &highest;
		scores[i].unscaled = given[i].score;
		expectations[i].unscaled = given[i].expectation;
		if (given[i].score != 0)
			answers[i].score = &scores[i];
		if (given[i].expectation != 0)
			answers[i].expectation = &expectations[i];
	}
	message.survey_id = TEXT("csi");
	message.wave = TEXT("2026-Q1");
	message.response_id = TEXT(response);
	message.answers = list;
	message.n_answers = count;
	tell(teller, "website.survey.answered", &message.base, at_us, event, customer);
}

static struct measures *march(struct teller *teller)
{
	return report(teller, base, base + 31 * DAY_US, base + 31 * DAY_US);
}

/* The ACSI form from events to its fourth digit. */
static void test_usage(void **state)
{
	struct teller teller;
	const struct given first[] = {
		{"overall", "", 9, 0}, {"expected", "", 7, 0}, {"ideal", "", 6, 0}};
	const struct given second[] = {
		{"overall", "", 7, 0}, {"expected", "", 7, 0}, {"ideal", "", 8, 0}};
	char *weights[] = {TEXT("overall 0.3885"), TEXT("expected 0.3190"), TEXT("ideal 0.2925")};
	(void)state;
	teller_make(&teller);
	answer(&teller, "1", "a", first, 3, 11, base);
	answer(&teller, "2", "b", second, 3, 12, base);
	struct measures *m = march(&teller);
	assert_int_equal(m->index[CUT_ALL].rows[0].index_points, 70370370); /* equal weights */
	assert_int_equal(m->index[CUT_ALL].rows[0].expected_points, -1);
	measures_free(m);
	teller.settings.index_weights = (struct option_list){weights, 3};
	m = march(&teller);
	assert_int_equal(m->index[CUT_ALL].count, 1);
	assert_int_equal(m->index[CUT_ALL].rows[0].index_points, 70983333);
	assert_int_equal(m->index[CUT_ALL].rows[0].responses, 2);
	assert_int_equal(m->index[CUT_GROUP].rows[0].index_points, 70983333);
	const struct question_row *row = &m->question[CUT_ALL].rows[2];
	assert_slice_text(row->question, "overall");
	assert_int_equal(row->mean_points, 8000000);
	assert_int_equal(row->weight, 388500);
	assert_int_equal(row->loss, 86333);  /* .3885 x 2 / 9 */
	assert_int_equal(row->satisfied, 1); /* 7 of 10 is two thirds, and not above */
	assert_int_equal(row->so_so, 1);
	assert_int_equal(row->kind, QUESTION_UNKNOWN);
	measures_free(m);
	teller.settings.index_weights = (struct option_list){NULL, 0};
	teller_remove(&teller);
}

static void test_gaps(void **state)
{
	struct teller teller;
	const struct given first[] = {
		{"wait", "speed", 4, 9}, {"staff", "manner", 9, 8}, {"phone", "manner", 6, 7}};
	const struct given second[] = {{"wait", "speed", 6, 8}, {"staff", "manner", 8, 0}};
	(void)state;
	teller_make(&teller);
	answer(&teller, "1", "a", first, 3, 11, base);
	answer(&teller, "2", "b", second, 2, 12, base);
	struct measures *m = march(&teller);
	const struct question_row *wait = &m->question[CUT_ALL].rows[2];
	assert_slice_text(wait->question, "wait");
	assert_int_equal(wait->expected, 2);
	assert_int_equal(wait->perceived_points, 5000000);
	assert_int_equal(wait->expected_points, 8500000);
	assert_int_equal(wait->gap_points, -3500000);
	assert_int_equal(wait->weighted_gap, -1166666); /* a third, as .333333 */
	assert_int_equal(m->dimension_count, 2);
	assert_slice_text(m->dimensions[0].dimension, "manner");
	assert_int_equal(m->dimensions[0].gap_points, 0);
	assert_false(m->dimensions[0].first);
	assert_slice_text(m->dimensions[1].dimension, "speed");
	assert_true(m->dimensions[1].first);
	assert_true(m->index[CUT_ALL].rows[0].expected_points > 0);
	measures_free(m);
	teller_remove(&teller);
}

static void test_answered_twice(void **state)
{
	struct teller teller;
	const struct given bad[] = {{"overall", "", 1, 0}, {"other", "", 1, 0}};
	const struct given good[] = {{"overall", "", 10, 0}};
	(void)state;
	teller_make(&teller);
	/* The form is sent again: it replaces the first, also the question it no longer has. */
	answer(&teller, "1", "b", good, 1, 11, base + HOUR_US);
	answer(&teller, "1", "a", bad, 2, 11, base);
	struct measures *m = march(&teller);
	assert_int_equal(m->question[CUT_ALL].count, 1);
	assert_int_equal(m->index[CUT_ALL].rows[0].index_points, 100000000);
	assert_int_equal(m->index[CUT_ALL].rows[0].repeated, 0);
	measures_free(m);
	/* The same customer with another form: his last word. */
	answer(&teller, "2", "c", bad, 1, 11, base + 2 * HOUR_US);
	/* Nobody known twice: two people. */
	answer(&teller, "3", "d", good, 1, 0, base);
	answer(&teller, "4", "e", good, 1, 0, base);
	m = march(&teller);
	assert_int_equal(m->index[CUT_ALL].rows[0].responses, 3);
	assert_int_equal(m->index[CUT_ALL].rows[0].repeated, 1);
	assert_int_equal(m->notes.responses_repeated, 1);
	assert_int_equal(m->question[CUT_ALL].rows[0].scored, 3);
	assert_int_equal(m->index[CUT_ALL].rows[0].index_points, 66666667);
	measures_free(m);
	teller_remove(&teller);
}

static void test_nothing_in_it(void **state)
{
	struct teller teller;
	const struct given off[] = {{"overall", "", 11, 12}}; /* of ten */
	(void)state;
	teller_make(&teller);
	answer(&teller, "1", "a", NULL, 0, 11, base);
	answer(&teller, "2", "b", off, 1, 12, base);
	struct measures *m = march(&teller);
	assert_int_equal(m->index[CUT_ALL].rows[0].responses, 2);
	assert_int_equal(m->index[CUT_ALL].rows[0].index_points, -1);
	assert_int_equal(m->question[CUT_ALL].rows[0].scored, 0);
	assert_int_equal(m->question[CUT_ALL].rows[0].mean_points, 0);
	assert_int_equal(m->dimension_count, 0);
	measures_free(m);
	teller_remove(&teller);
}

/* Who waits long is unhappy altogether, who waits briefly is not happier than others: basic. */
static void test_kinds(void **state)
{
	struct teller teller;
	static const struct given people[3][2] = {
		{{"wait", "", 1, 0}, {"overall", "", 2, 0}},
		{{"wait", "", 5, 0}, {"overall", "", 8, 0}},
		{{"wait", "", 10, 0}, {"overall", "", 8, 0}},
	};
	char *overall;
	(void)state;
	teller_make(&teller);
	for (unsigned i = 0; i < 90; i++) {
		char id[8];
		(void)snprintf(id, sizeof(id), "%u", i);
		answer(&teller, id, id, people[i % 3], 2, 100 + i, base);
	}
	overall = teller.settings.overall_question;
	teller.settings.overall_question = TEXT("overall");
	struct measures *m = march(&teller);
	const struct question_row *wait = &m->question[CUT_ALL].rows[1];
	assert_slice_text(wait->question, "wait");
	assert_int_equal(wait->kind, QUESTION_BASIC);
	assert_int_equal(wait->penalty, 666667);
	assert_int_equal(wait->reward, 0);
	measures_free(m);
	teller.settings.overall_question = overall;
	teller_remove(&teller);
}

/* A form about a repair is of its station, model and parts. */
static void test_about_a_repair(void **state)
{
	struct teller teller;
	Carehub__V1__SurveyAnswered message = CAREHUB__V1__SURVEY_ANSWERED__INIT;
	Carehub__V1__SurveyAnswer answer = CAREHUB__V1__SURVEY_ANSWER__INIT;
	Carehub__V1__SurveyAnswer *list[] = {&answer};
	Carehub__V1__Regarding about = regarding("R1");
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A-1", base, 1);
	ask_part(&teller, "R1", "P1", base);
	message.survey_id = TEXT("csi");
	message.response_id = TEXT("r1");
	message.regarding = &about;
	message.answers = list;
	message.n_answers = 1;
	answer.question_id = TEXT("overall");
	answer.satisfaction = CAREHUB__V1__SATISFACTION__SATISFACTION_SATISFIED;
	tell(&teller, "repair.survey.answered", &message.base, base + DAY_US, "e1", 1);
	struct measures *m = march(&teller);
	assert_int_equal(m->index[CUT_PART].count, 1);
	assert_slice_text(m->index[CUT_PART].rows[0].key.name, "P1");
	assert_slice_text(m->index[CUT_MODEL].rows[0].key.name, "KDL");
	assert_slice_text(m->index[CUT_STATION].rows[0].key.name, "S1");
	assert_int_equal(m->question[CUT_PART].rows[0].satisfied, 1);
	measures_free(m);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_answered_twice),
		cmocka_unit_test(test_nothing_in_it),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_about_a_repair),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
