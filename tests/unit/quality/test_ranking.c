#include "module/quality/measure/measure.h"

#include "orders.h"

/* ---- Ranking ---- */

static void test_ranking(void **state)
{
	struct teller teller;
	char order[16];
	(void)state;
	teller_make(&teller);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(order, sizeof(order), "G%d", i);
		receive(&teller, order, "good", order, day(1), 0);
		give_back(&teller, order, day(2));
		(void)snprintf(order, sizeof(order), "B%d", i);
		receive(&teller, order, "bad", order, day(1), 0);
		give_back(&teller, order, day(i == 0 ? 22 : 3));
	}
	receive(&teller, "N1", "new", "N1", day(1), 0); /* too little to judge by */
	struct measures *m = report(&teller, day(0), day(31), day(200));
	assert_int_equal(m->rank_count, 3);
	assert_slice_text(m->ranking[0].station, "good");
	assert_int_equal(m->ranking[0].rank, 1);
	assert_int_equal(m->ranking[0].points, 100000000);
	assert_slice_text(m->ranking[1].station, "bad");
	/* R14 of 1 in 20 is at its floor: 0 of 20; RR90 is full: 15 of 15. */
	assert_int_equal(m->ranking[1].kpi[KPI_R14].points, 0);
	assert_int_equal(m->ranking[1].kpi[KPI_RR90].points, 100000000);
	assert_int_equal(m->ranking[1].kpi[KPI_SUPPLY].points, -1);
	assert_int_equal(m->ranking[1].points, 42857143); /* 1500 / 35 */
	assert_int_equal(m->ranking[2].rank, 0);
	measures_free(m);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
