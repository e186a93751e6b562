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

static void tell_station(
	struct teller *teller, const char *station, const char *name, int64_t time_us)
{
	Carehub__V1__ReferenceStationPublished published =
		CAREHUB__V1__REFERENCE_STATION_PUBLISHED__INIT;
	published.station_id = TEXT(station);
	published.name = TEXT(name);
	if (name[0] == 0)
		published.retired = CAREHUB__V1__ANSWER__ANSWER_YES;
	tell(teller, "reference.station.published", &published.base, time_us, event_id(), 0);
}

/* What the directory says as of the report, also where it came later; a station that was taken out keeps its name. */
static void test_names(void **state)
{
	struct teller teller;
	char name[LIMIT_FACT_TEXT_BYTES + 8] = {0};
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "R1", day(1), 0);
	receive(&teller, "R2", "S2", "R2", day(1), 0);
	receive(&teller, "R3", "S3", "R3", day(1), 0);
	tell_station(&teller, "S1", "New Xuhui", day(20));
	tell_station(&teller, "S1", "Xuhui", day(0));
	tell_station(&teller, "S1", "", day(21));
	tell_station(&teller, "S2", "Pudong", day(30));
	/* Of a name that is too long as many characters as fit. */
	for (size_t i = 0; i + 3 < sizeof(name); i += 3)
		memcpy(name + i, "\xe7\xab\x99", 3);
	tell_station(&teller, "S3", name, day(1));
	struct measures *m = report(&teller, day(0), day(31), day(10));
	assert_slice_text(m->ranking[0].name, "Xuhui");
	assert_slice_text(m->ranking[1].name, "Pudong");
	assert_int_equal(m->ranking[2].name.len, LIMIT_FACT_TEXT_BYTES / 3 * 3);
	measures_free(m);
	m = report(&teller, day(0), day(31), day(25));
	assert_slice_text(m->ranking[0].name, "New Xuhui");
	measures_free(m);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranking),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
